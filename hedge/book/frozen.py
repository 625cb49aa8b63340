"""A book as it stands at one moment, to be asked in another thread while the live one goes on.

`freeze` copies only what updates change, some microseconds a market, so it can be called between two ticks; the book is
built anew from that by whoever asks.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from hedge.book.book import Book
from hedge.book.ledger import Ledger, Market
from hedge.book.rebalance import Reference
from hedge.portfolio.written import Portfolio


class Frozen(Struct, frozen=True, eq=False):
    """What a book is made of. Nothing in it is changed by the book it was taken from."""

    portfolio: Portfolio
    ledger: Ledger
    assumed: Mapping[str, Decimal]
    assumed_index: Mapping[str, Decimal]
    last_rebalance: Reference | None
    top_up_hours: Decimal

    def book(self) -> Book:
        """The book, with the same figures to the last digit. It shares nothing with the live one."""
        book = Book(self.portfolio, self.ledger)
        if self.assumed:
            book.assumed, book.assumed_index = dict(self.assumed), dict(self.assumed_index)
            book.replace(self.portfolio)
        book.last_rebalance, book.top_up_hours = self.last_rebalance, self.top_up_hours
        return book


def freeze(book: Book) -> Frozen:
    """The book as it stands."""
    ledger = copy.copy(book.ledger)
    ledger.markets = {key: _market(market) for key, market in book.ledger.markets.items()}
    ledger.feeds = dict(book.ledger.feeds)
    ledger.data_at = dict(book.ledger.data_at)
    ledger.pulses = dict(book.ledger.pulses)
    ledger.reads = dict(book.ledger.reads)
    ledger.sick = {feed: dict(symbols) for feed, symbols in book.ledger.sick.items()}
    return Frozen(
        book.portfolio, ledger, dict(book.assumed), dict(book.assumed_index), book.last_rebalance, book.top_up_hours
    )


def _market(market: Market) -> Market:
    """Its values are frozen; what holds them is not."""
    copied = copy.copy(market)
    copied.candles = dict(market.candles)
    copied.confirmed = dict(market.confirmed)
    copied.gone = dict(market.gone)
    copied.states = dict(market.states)
    copied.trail = market.trail.copy()
    return copied
