"""What to do about each open alert: tickets, a few of them worked out anew for each snapshot.

A ticket costs milliseconds, because the state after it is computed on a copy of the book; so the cost of a snapshot is
bounded, and what has no ticket yet comes first.
"""

from __future__ import annotations

from alerts.levels import Levels
from alerts.values import Alert, Key, State
from hedge.book import Book
from hedge.market import Instant
from hedge.snapshot import Ticket
from hedge.ticket import rebalance, rescue

FRESH_MS = 1_000
"""A ticket younger than this is kept."""
AT_ONCE = 3
"""Alerts whose tickets are worked out for one snapshot."""


class Orders:
    """Tickets by alert."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._kept: dict[Key, tuple[int, tuple[Ticket, ...]]] = {}

    def forget(self) -> None:
        """The positions changed: no ticket holds any more."""
        self._kept.clear()

    def tickets(self, state: State, levels: Levels, now: Instant) -> dict[Key, tuple[Ticket, ...]]:
        """What to do about every alert that stands, best first; () where there is nothing to order."""
        standing = {key: alert for key, alert in state.alerts.items() if alert.level and self._answerable(alert)}
        for key in self._kept.keys() - standing.keys():
            del self._kept[key]
        old = [alert for key, alert in standing.items() if now.mono_ms - self._made_ms(key) >= FRESH_MS]
        for alert in sorted(old, key=lambda alert: (self._made_ms(alert.key), -alert.level))[:AT_ONCE]:
            self._kept[alert.key] = (now.mono_ms, self._work_out(alert, levels, now))
        return {key: tickets for key, (_, tickets) in self._kept.items()}

    def _made_ms(self, key: Key) -> int:
        """When the ticket was made; long ago where there is none."""
        return self._kept[key][0] if key in self._kept else -FRESH_MS

    def _answerable(self, alert: Alert) -> bool:
        """Whether an order can answer this alert."""
        if alert.rule == "hedge_drift":
            return alert.subject in self._book.layout.coins
        return alert.rule == "liquidation" and alert.subject in self._book.layout.legs

    def _work_out(self, alert: Alert, levels: Levels, now: Instant) -> tuple[Ticket, ...]:
        """Back to plan; or out of the level's deadband, then out of the next better level's as well."""
        if alert.rule == "hedge_drift":
            return rebalance(self._book, alert.subject, now)
        clears = levels.thresholds["liquidation"].clears
        goals = [clear for clear in clears[max(0, alert.level - 2) : alert.level] if clear is not None]
        return tuple(ticket for goal in sorted(goals) for ticket in rescue(self._book, alert.subject, goal, now))
