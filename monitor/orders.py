"""What to do about each open alert: tickets, a few of them worked out anew at a time.

A ticket costs milliseconds, and tens of them in a large book, because the state after it is computed on a copy; so they
are worked out beside the watch, and what has no ticket yet comes first.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from alerts.levels import Levels
from alerts.values import Alert, Key, State
from hedge.book.book import Book
from hedge.market import Instant
from hedge.snapshot import Ticket
from hedge.ticket.remedies import BY_RULE, remedies

FRESH_MS = 1_000
"""A ticket younger than this is kept."""
AT_ONCE = 3
"""Alerts whose tickets are worked out together."""
WITH_GOAL = ("liquidation", "liquidation_joint", "liquidation_pace", "liquidation_sigma", "margin_ratio", "leverage")
"""Rules whose figure is brought back to where their level clears."""

LOG = logging.getLogger("hedgetui.orders")

Made = Mapping[Key, tuple[Ticket, ...]]
"""Tickets by alert, best first; () where there is nothing to order."""


class Orders:
    """The tickets of alerts that stand."""

    def __init__(self) -> None:
        self.round = 0
        """Counts portfolios: tickets for the positions of another one are thrown away."""
        self._kept: dict[Key, tuple[int, tuple[Ticket, ...]]] = {}

    def forget(self) -> None:
        """The positions changed: no ticket holds any more."""
        self.round += 1
        self._kept.clear()

    def due(self, state: State, now_ms: int) -> tuple[Alert, ...]:
        """The alerts to work out now: those without a ticket, then those with the oldest, the gravest first."""
        standing = {key: alert for key, alert in state.alerts.items() if alert.level and alert.rule in BY_RULE}
        for key in self._kept.keys() - standing.keys():
            del self._kept[key]
        old = [alert for key, alert in standing.items() if now_ms - self._made_ms(key) >= FRESH_MS]
        order = sorted(old, key=lambda alert: (self._made_ms(alert.key), -alert.level))
        return tuple(order[:AT_ONCE])

    def _made_ms(self, key: Key) -> int:
        """When the ticket was made; before all others where there is none."""
        return self._kept[key][0] if key in self._kept else -FRESH_MS

    def keep(self, made: Made, of_round: int, now_ms: int) -> None:
        """What was worked out, as of `now_ms`."""
        if of_round == self.round:
            self._kept.update({key: (now_ms, tickets) for key, tickets in made.items()})

    def tickets(self, state: State) -> Made:
        """What to do about every alert that stands, as far as it is worked out."""
        standing = {key for key, alert in state.alerts.items() if alert.level}
        return {key: tickets for key, (_, tickets) in self._kept.items() if key in standing}


def work_out(book: Book, alerts: Iterable[Alert], levels: Levels, now: Instant) -> Made:
    """What to do about these alerts. One whose remedies break has none: the watch goes on without them."""
    made: dict[Key, tuple[Ticket, ...]] = {}
    for alert in alerts:
        try:
            made[alert.key] = tickets_for(book, alert, levels, now)
        except Exception:
            LOG.exception("no ticket for %s", alert.id)
            made[alert.key] = ()
    return made


def tickets_for(book: Book, alert: Alert, levels: Levels, now: Instant) -> tuple[Ticket, ...]:
    """What to do about an alert that stands, best first; () where no order answers it, or its position is gone.

    Of a distance to liquidation also the margin that clears the next better level."""
    rule = alert.scale if alert.scale in BY_RULE else alert.rule
    clears = levels.thresholds[rule].clears if rule in WITH_GOAL else (None, None, None)
    try:
        found = remedies(book, rule, alert.subject, now, clears[alert.level - 1])
        further = clears[alert.level - 2] if rule == "liquidation" and alert.level > 1 else None
        more = () if further is None else remedies(book, rule, alert.subject, now, further)
    except KeyError:
        return ()
    return (*found, *(ticket for ticket in more if ticket.kind == "add_margin"))
