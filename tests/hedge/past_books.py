"""What venues say of the past, in short, for tests of books that remember it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from hedge.book.book import Book
from hedge.market import Candle, Candles, Settlement, Settlements
from tests.hedge.said import HOUR_MS, WALL_MS, D

DAY_MS = 24 * HOUR_MS
MIDNIGHT_MS = WALL_MS // DAY_MS * DAY_MS
"""The last full day before the tests' clock begins."""
STAMP_MS = WALL_MS // (8 * HOUR_MS) * (8 * HOUR_MS)
"""The last stamp of an eight-hour contract before it."""


def wave(days: int, *, height: float = 0.03, lag: float = 0.0, own: float = 0.0) -> list[float]:
    """Daily log returns that look random and never change."""
    return [height * math.sin(1.7 * n + lag) + own * math.sin(2.3 * n * n + 1.1) for n in range(days)]


def closes(returns: Sequence[float], start: float = 100.0) -> list[float]:
    """Prices that have these returns; one more of them."""
    prices = [start]
    for step in returns:
        prices.append(prices[-1] * math.exp(step))
    return prices


def daily(venue: str, symbol: str, prices: Sequence[float], *, gone: Sequence[int] = (), reason: str = "") -> Candles:
    """Daily candles up to yesterday; `gone` are places without one."""
    first_ms = MIDNIGHT_MS - len(prices) * DAY_MS
    rows = [
        Candle(first_ms + place * DAY_MS, D(repr(price))) for place, price in enumerate(prices) if place not in gone
    ]
    return Candles(venue, symbol, "trade", 24, tuple(rows), WALL_MS, reason)


def hourly(venue: str, symbol: str, kind: Literal["mark", "index"], prices: Sequence[str]) -> Candles:
    """Hourly candles up to the last full hour."""
    first_ms = WALL_MS // HOUR_MS * HOUR_MS - len(prices) * HOUR_MS
    rows = tuple(Candle(first_ms + place * HOUR_MS, D(price)) for place, price in enumerate(prices))
    return Candles(venue, symbol, kind, 1, rows, WALL_MS)


def stamps(
    count: int,
    rates: Sequence[str] = ("0.0001",),
    *,
    hours: int = 8,
    mark: str | None = "65000",
    last_ms: int = STAMP_MS,
) -> tuple[Settlement, ...]:
    """The last settlements, oldest first; the rates take turns."""
    then = None if mark is None else D(mark)
    return tuple(
        Settlement(last_ms - back * hours * HOUR_MS, D(rates[(count - 1 - back) % len(rates)]), then)
        for back in range(count - 1, -1, -1)
    )


def settled(
    venue: str,
    symbol: str,
    settlements: Sequence[Settlement],
    *,
    since_ms: int | None = None,
    at_ms: int = WALL_MS,
    reason: str = "",
) -> Settlements:
    """Settlements of a market, complete for 30 days unless said."""
    since = at_ms - 30 * DAY_MS if since_ms is None else since_ms
    return Settlements(venue, symbol, tuple(settlements), since, at_ms, reason)


def remember(book: Book, venue: str, symbol: str, *, hours: int = 8, mark: Decimal | None = None) -> None:
    """A whole past: ninety days, a week of hours, thirty days of stamps."""
    price = float(mark or 100)
    book.apply(daily(venue, symbol, closes(wave(90, lag=len(symbol) / 40, own=0.008 * (len(symbol) % 3)), price)))
    basis = [0.0003 + 0.0001 * math.sin(n) for n in range(168)]
    book.apply(hourly(venue, symbol, "index", [repr(price)] * 168))
    book.apply(hourly(venue, symbol, "mark", [repr(price * (1 + each)) for each in basis]))
    rates = ("0.0001", "0.00013", "-0.00002")
    book.apply(settled(venue, symbol, stamps(30 * 24 // hours, rates, hours=hours, mark=repr(price))))
