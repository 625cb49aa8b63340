"""Shelving an alert: which reasons and times are offered, and the request that follows. Pure."""

from __future__ import annotations

from hedge.snapshot import AlertRow, Level
from monitor.messages import Shelve

REASONS = (
    "margin or coins are on their way",
    "known, and planned for later",
    "trouble at the venue",
    "a false alarm",
)
"""By key 1 to 4; any other reason is given by `hedgetui shelve`."""
MINUTES = (5, 15, 30, 60, 120, 240, 480, 1440)
LONGEST: dict[Level, int] = {"advisory": 1440, "caution": 240, "warning": 30}
"""Minutes a level may be put away at most."""
USUAL = 30


def times(alert: AlertRow) -> tuple[int, ...]:
    """The times that its level allows, shortest first."""
    return tuple(minutes for minutes in MINUTES if minutes <= LONGEST[alert.level])


def moved(alert: AlertRow, minutes: int, step: int) -> int:
    """The next longer or shorter time; at an end it stays."""
    offered = times(alert)
    place = offered.index(minutes) if minutes in offered else offered.index(USUAL)
    return offered[max(0, min(len(offered) - 1, place + step))]


def shelve(alert: AlertRow, minutes: int, reason: int, who: str) -> Shelve:
    """The request for the alert as it was painted; `reason` counts from 1."""
    return Shelve(alert.id, alert.level, minutes, REASONS[reason - 1], who)


def words(minutes: int) -> str:
    """`45 min`, `4 h`."""
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"
