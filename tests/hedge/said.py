"""What venues say, in short: instruments, tiers, ticks and feed states for tests of the book."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hedge.book.book import Book
from hedge.market import (
    FeedState,
    FeedStatus,
    Funding,
    FundingInterval,
    Index,
    Instant,
    Instrument,
    Mark,
    Spot,
    Tier,
    Tiers,
)
from hedge.portfolio import Portfolio, load_portfolio
from hedge.symbols import perp

WALL_MS = 1_795_000_000_000
"""UTC when the tests' monotonic clock is 0."""
HOUR_MS = 3_600_000

FEEDS = {("binance", False): "binance-usdm", ("bybit", False): "bybit-linear", ("bybit", True): "bybit-inverse"}


def D(text: str | int) -> Decimal:
    return Decimal(text)


def at(mono_ms: int) -> Instant:
    return Instant(mono_ms, WALL_MS + mono_ms)


def feed_of(venue: str, symbol: str) -> str:
    return FEEDS.get((venue, perp(symbol).inverse), f"{venue}-swap")


def instrument(venue: str, symbol: str, **more: Any) -> Instrument:
    """Contract facts as the venue's metadata states them; one coin, or one dollar, per contract unless said."""
    parts = perp(symbol)
    facts: dict[str, Any] = {
        "contract_size": D(1),
        "multiplier": parts.multiplier,
        "step": D(1) if parts.inverse else D("0.001"),
    }
    facts |= {name: D(value) if isinstance(value, str) and name != "base" else value for name, value in more.items()}
    return Instrument(
        venue=venue,
        symbol=symbol,
        native_id=symbol,
        base=facts.pop("base", parts.coin),
        quote=parts.quote,
        settle=parts.settle,
        inverse=facts.pop("inverse", parts.inverse),
        **facts,
    )


def tiers(venue: str, symbol: str, *rows: tuple[str, str | None, str, str], reason: str = "") -> Tiers:
    """Rows of floor, cap, rate, amount."""
    brackets = tuple(Tier(D(f), None if c is None else D(c), D(r), D(a)) for f, c, r, a in rows)
    return Tiers(venue, symbol, brackets, f"{venue} risk-limit", reason)


def flat(venue: str, symbol: str, rate: str) -> Tiers:
    return tiers(venue, symbol, ("0", None, rate, "0"))


def mark(venue: str, symbol: str, price: str, mono_ms: int, limit_ms: int = 5000) -> Mark:
    return Mark(feed_of(venue, symbol), symbol, D(price), mono_ms, limit_ms, WALL_MS + mono_ms)


def index(venue: str, symbol: str, price: str, mono_ms: int, limit_ms: int = 5000) -> Index:
    return Index(feed_of(venue, symbol), symbol, D(price), mono_ms, limit_ms, WALL_MS + mono_ms)


def spot(symbol: str, price: str, mono_ms: int, limit_ms: int = 60_000) -> Spot:
    return Spot("binance-spot", symbol, D(price), mono_ms, limit_ms, WALL_MS + mono_ms)


def funding(venue: str, symbol: str, rate: str | None, mono_ms: int, next_in_ms: int = 4 * HOUR_MS) -> Funding:
    value = None if rate is None else D(rate)
    next_ms = WALL_MS + mono_ms + next_in_ms
    return Funding(feed_of(venue, symbol), symbol, value, next_ms, mono_ms, 120_000, WALL_MS + mono_ms)


def interval(venue: str, symbol: str, hours: str, source: str = "stream") -> FundingInterval:
    return FundingInterval(feed_of(venue, symbol), symbol, D(hours), source, 0)


def live(feed: str, mono_ms: int = 0, state: FeedStatus = "live", reason: str = "") -> FeedState:
    return FeedState(feed, state, reason, mono_ms)


def portfolio(**parts: Any) -> Portfolio:
    """A portfolio from the parts of its JSON."""
    return load_portfolio(json.dumps({"schema": "hedgetui.portfolio/1", "name": "test", **parts}), "test.json")


def account(id: str, venue: str, collateral: dict[str, str], *positions: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"id": id, "venue": venue, "collateral": collateral, "positions": list(positions), **more}


def position(symbol: str, contracts: str, entry: str | None = None, **more: str) -> dict[str, str]:
    """A short, isolated unless `margin_mode` says otherwise."""
    stated = {} if entry is None else {"entry_price": entry}
    return {"symbol": symbol, "side": "short", "contracts": contracts, "margin_mode": "isolated", **stated, **more}


def tick(
    book: Book, venue: str, symbol: str, price: str, mono_ms: int, *, premium: str = "1", rate: str = "0.0001"
) -> None:
    """Mark, index and funding as one frame carries them; the mark is the index times `premium`."""
    book.apply(mark(venue, symbol, str(D(price) * D(premium)), mono_ms))
    book.apply(index(venue, symbol, price, mono_ms))
    book.apply(funding(venue, symbol, rate, mono_ms))


BTC = "BTC/USDT:USDT"


def btc_book(**leg: str) -> Book:
    """One bitcoin held, one short at Binance with half its value as margin; the facts are there, prices are not."""
    stated = {"margin": "32500", "maintenance_margin_rate": "0.005", **leg}
    side = stated.pop("side", "short")
    entry = stated.pop("entry", "65000") or None
    leg_part = position(BTC, stated.pop("contracts", "1.0"), entry, **stated)
    leg_part["side"] = side
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "1.0"}],
            accounts=[account("main", "binance", {"USDT": "100000"}, leg_part, as_of="2026-11-17")],
        )
    )
    book.apply(instrument("binance", BTC))
    book.apply(live("binance-usdm"))
    return book
