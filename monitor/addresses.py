"""Accounts that are read by their public address, as the watch sees them: what was lost, and what is gone for good."""

from __future__ import annotations

from collections.abc import Iterator

from alerts.values import WARNING, Reading, State
from hedge.book.book import Book
from hedge.portfolio import Portfolio
from hedge.portfolio.addressed import lost_shorts

LOST = "leg_lost"


def losses(before: Portfolio, after: Portfolio) -> Iterator[Reading]:
    """A warning for each short that shrank or vanished between two reads."""
    for name, words in lost_shorts(before, after):
        yield Reading(LOST, name, None, WARNING, WARNING, note=words)


def gone(state: State, book: Book) -> Iterator[Reading]:
    """That nothing new is wrong with legs that were lost and that their venue does not show any more: their alerts
    outlive them, also over a restart, and can be answered."""
    by_address = {account.id for account in book.portfolio.accounts if account.address is not None}
    for rule, subject in state.alerts:
        if rule == LOST and subject not in book.layout.legs and subject.partition("/")[0] in by_address:
            yield Reading(LOST, subject)
