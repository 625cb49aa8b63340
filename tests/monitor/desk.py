"""A clock that stands, a small book and a market for it: what the monitor's tests share."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any

from hedge.market import FeedState, Funding, FundingInterval, Index, Instant, Instrument, Mark, Update
from hedge.portfolio import Portfolio, load_portfolio
from monitor.journal import Journal
from monitor.orders import work_out
from monitor.watch import Watch

FEED = "bybit-linear"
SOL = "SOL/USDT:USDT"
LEG = f"main/{SOL}/short"

BOOK: dict[str, Any] = {
    "schema": "hedgetui.portfolio/1",
    "name": "Test",
    "holdings": [{"asset": "SOL", "quantity": "200", "place": "cold wallet"}],
    "accounts": [
        {
            "id": "main",
            "venue": "bybit",
            "collateral": {"USDT": "20000"},
            "positions": [
                {
                    "symbol": SOL,
                    "side": "short",
                    "contracts": "100",
                    "entry_price": "142",
                    "margin_mode": "isolated",
                    "margin": "7100",
                    "maintenance_margin_rate": "0.01",
                }
            ],
        }
    ],
    "policy": {"target": "0.5"},
}


def edited(**changes: Any) -> dict[str, Any]:
    """The book with the SOL held (`held`), the short (`contracts`) or a top-level key changed."""
    book = copy.deepcopy(BOOK)
    for key, value in changes.items():
        if key == "held":
            book["holdings"][0]["quantity"] = value
        elif key == "contracts":
            book["accounts"][0]["positions"][0]["contracts"] = value
        else:
            book[key] = value
    return book


def portfolio(**changes: Any) -> Portfolio:
    return load_portfolio(json.dumps(edited(**changes)), "book.json")


class StandingClock:
    """Time moves when the test says so."""

    def __init__(self) -> None:
        self.instant = Instant(mono_ms=1_000_000, wall_ms=1_795_000_000_000)

    def now(self) -> Instant:
        return self.instant

    def go(self, seconds: float) -> None:
        ms = round(seconds * 1000)
        self.instant = Instant(self.instant.mono_ms + ms, self.instant.wall_ms + ms)


def facts() -> list[Update]:
    """What is told once: the contract, and a feed that is live."""
    return [
        Instrument(
            "bybit",
            SOL,
            "SOLUSDT",
            "SOL",
            "USDT",
            "USDT",
            inverse=False,
            contract_size=Decimal(1),
            multiplier=Decimal(1),
            step=Decimal("0.1"),
            min_contracts=Decimal("0.1"),
            tick=Decimal("0.01"),
        ),
        FeedState(FEED, "live", "", 1_000_000, dials=1),
    ]


def prices(now: Instant, mark: str, index: str | None = None, rate: str = "0.0001") -> list[Update]:
    """One tick of the market."""
    at = now.mono_ms
    return [
        Mark(FEED, SOL, Decimal(mark), at, 60_000),
        Index(FEED, SOL, Decimal(index or mark), at, 60_000),
        FundingInterval(FEED, SOL, Decimal(8), "bybit stream", at),
        Funding(FEED, SOL, Decimal(rate), now.wall_ms + 3_600_000, at, 120_000),
    ]


class Desk:
    """A watch on the small book, with time and prices in the test's hand."""

    def __init__(self, journal: Journal | None = None, clock: StandingClock | None = None, **changes: Any) -> None:
        self.clock = clock or StandingClock()
        self.watch = Watch(portfolio(**changes), self.clock, path="/book.json", journal=journal)
        self.tell(*facts())

    def tell(self, *updates: Update) -> None:
        for update in updates:
            self.watch.take(update)

    def run(self, seconds: float, mark: str = "142", index: str | None = None) -> None:
        """Time goes by with a price each second and a heartbeat each quarter."""
        for quarter in range(round(seconds * 4)):
            if quarter % 4 == 0:
                self.tell(*prices(self.clock.now(), mark, index))
            self.clock.go(0.25)
            self.watch.tick()

    def order(self) -> None:
        """What the engine has worked out beside the watch: tickets for the alerts that stand."""
        watch = self.watch
        watch.keep_orders(work_out(watch.book, watch.orders_due(), watch.levels, self.clock.now()), watch.round)

    def silence(self, seconds: float) -> None:
        """Time goes by and nothing comes."""
        for _ in range(round(seconds * 4)):
            self.clock.go(0.25)
            self.watch.tick()
