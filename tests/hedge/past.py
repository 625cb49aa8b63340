"""What venues say of the past, for tests: settled funding and daily candles that end now."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hedge.market import Candle, Candles, Settlement, Settlements
from tests.hedge.said import HOUR_MS, WALL_MS

DAY_MS = 24 * HOUR_MS


def settled(
    venue: str, symbol: str, rates: Sequence[str], *, hours: int = 8, mark: str = "65000", known_since_d: int = 60
) -> Settlements:
    """Stamps of these rates, oldest first, the last of them at the tests' zero."""
    stamps = tuple(
        Settlement(WALL_MS - (len(rates) - 1 - place) * hours * HOUR_MS, Decimal(rate), Decimal(mark))
        for place, rate in enumerate(rates)
    )
    return Settlements(venue, symbol, stamps, WALL_MS - known_since_d * DAY_MS, WALL_MS)


def daily(venue: str, symbol: str, closes: Sequence[Decimal | str]) -> Candles:
    """Daily closes, oldest first, the last day the one that is over."""
    start = WALL_MS // DAY_MS * DAY_MS - len(closes) * DAY_MS
    candles = tuple(Candle(start + place * DAY_MS, Decimal(close)) for place, close in enumerate(closes))
    return Candles(venue, symbol, "trade", 24, candles, WALL_MS)


def hourly(venue: str, symbol: str, kind: str, closes: Sequence[Decimal | str]) -> Candles:
    """Hourly closes of the mark or the index, the last hour the one that is over."""
    start = WALL_MS // HOUR_MS * HOUR_MS - len(closes) * HOUR_MS
    candles = tuple(Candle(start + place * HOUR_MS, Decimal(close)) for place, close in enumerate(closes))
    return Candles(venue, symbol, "mark" if kind == "mark" else "index", 1, candles, WALL_MS)


def zigzag(last: str, move: str, days: int = 61) -> list[Decimal]:
    """Closes that go up and down by a share, day by day, and end at `last`."""
    high = Decimal(last) * (1 + Decimal(move))
    return [Decimal(last) if (days - 1 - day) % 2 == 0 else high for day in range(days)]
