"""What stands on top: a total order of alerts, and which of them share a banner."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from alerts.market_rules import PACE
from alerts.values import CAUTION, WARNING, Alert, Key

Place = tuple[int, bool, bool, Decimal, int, str, str]

_ZERO = Decimal(0)

TWINS = ("liquidation", PACE)
"""Distance and pace of one leg: one danger, told by two figures."""


def place(alert: Alert, distance: Decimal | None = None) -> Place:
    """Sort key, smallest first. `distance` is to liquidation, of the nearest leg that the alert is about; a leg that
    is lost has none left.

    A lost feed under a hot leg, unanswered warnings, lost feeds, answered warnings and latches, unanswered cautions,
    the rest. Among equals: what is still true first, then the nearest to liquidation, then the oldest."""
    if alert.rule == "leg_lost" and distance is None:
        distance = _ZERO
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


def joined(alerts: Iterable[Alert]) -> dict[Key, Alert]:
    """Alerts that stand in the banner of another, by their key: distance and pace of one leg count as one.

    The first in order keeps the banner. Both must be true now, and none that waits for an answer goes under one that
    was answered. `alerts` are in the order of the screen."""
    first: dict[str, Alert] = {}
    found: dict[Key, Alert] = {}
    for alert in alerts:
        if alert.rule not in TWINS or alert.shown not in ("unack", "acked"):
            continue
        head = first.setdefault(alert.subject, alert)
        if head is not alert and not (alert.owed and not head.owed):
            found[alert.key] = head
    return found
