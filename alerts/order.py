"""What stands on top: a total order of alerts, and the nearest limits when nothing is wrong."""

from __future__ import annotations

from decimal import Decimal

from alerts.values import CAUTION, WARNING, Alert

Place = tuple[int, bool, bool, Decimal, int, str, str]

_ZERO = Decimal(0)


def place(alert: Alert, distance: Decimal | None = None) -> Place:
    """Sort key, smallest first. `distance` is to liquidation, of the nearest leg that the alert is about.

    A lost feed under a hot leg, unanswered warnings, lost feeds, answered warnings and latches, unanswered cautions,
    the rest. Among equals: what is still true first, then the nearest to liquidation, then the oldest."""
    return (
        _tier(alert),
        alert.level == 0,
        distance is None,
        _ZERO if distance is None else distance,
        alert.since_ms,
        alert.rule,
        alert.subject,
    )


def _tier(alert: Alert) -> int:
    shown, level = alert.shown, alert.painted
    if shown == "shelved":
        return 6
    lost = alert.rule == "feed" and alert.level >= CAUTION
    if lost and level == WARNING:
        return 0
    if level == WARNING and shown in ("unack", "rtn_unack"):
        return 1
    if lost:
        return 2
    if level == WARNING or alert.latched:
        return 3
    if level == CAUTION and alert.owed:
        return 4
    return 5
