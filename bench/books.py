"""Hedged books of any size, told everything but live prices: what the benches of the monitor share.

Every coin is held and sold short once, isolated with its value as margin; every tenth short is cross. Prices walk as
quiet ones do, so that nothing fires and the measured path is the common one.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from decimal import Decimal

from hedge.market import (
    Candle,
    Candles,
    Clock,
    FeedState,
    Funding,
    FundingInterval,
    Index,
    Instant,
    Instrument,
    Mark,
    Tier,
    Tiers,
    Update,
)
from hedge.portfolio import Portfolio, load_portfolio
from monitor.watch import Watch

PRICE = Decimal(100)
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
USUAL_STEP = 0.00005
"""Standard deviation of a second's move: about 28 % a year."""
PULL = 0.999
"""What is left of a departure a second later."""
PER_ACCOUNT = 50


class StandingClock:
    """Time goes when it is told to."""

    def __init__(self) -> None:
        self.instant = Instant(mono_ms=2_000_000, wall_ms=1_795_000_000_000)

    def now(self) -> Instant:
        return self.instant

    def go(self, ms: int) -> None:
        self.instant = Instant(self.instant.mono_ms + ms, self.instant.wall_ms + ms)


def coin(number: int) -> str:
    return f"C{number:04}"


def symbol(number: int) -> str:
    return f"{coin(number)}/USDT:USDT"


def book(legs: int, venue: str = "binance", **more: object) -> Portfolio:
    """One hedged coin a leg; accounts of fifty legs."""
    return load_portfolio(book_text(legs, venue, **more), "bench.json")


def book_text(legs: int, venue: str = "binance", **more: object) -> str:
    """The same as a file."""
    accounts = []
    for start in range(0, legs, PER_ACCOUNT):
        positions = [position(number) for number in range(start, min(start + PER_ACCOUNT, legs))]
        collateral = {"USDT": str(250 * len(positions))}
        accounts.append({"id": f"a{start}", "venue": venue, "collateral": collateral, "positions": positions})
    held = [{"asset": coin(number), "quantity": "1"} for number in range(legs)]
    written = {"schema": "hedgetui.portfolio/1", "name": "bench", "holdings": held, "accounts": accounts, **more}
    return json.dumps(written)


def position(number: int) -> dict[str, str]:
    margin = {"margin_mode": "cross", "leverage": "2"} if number % 10 == 9 else {"margin_mode": "isolated"}
    margin |= {} if number % 10 == 9 else {"margin": "100"}
    return {"symbol": symbol(number), "side": "short", "contracts": "1", "entry_price": str(PRICE), **margin}


def facts(number: int, venue: str, feed: str, now: Instant, limit_ms: int) -> Iterator[Update]:
    """Contract, bracket, candles and the first prices of one market."""
    name, one = symbol(number), Decimal(1)
    yield Instrument(venue, name, name, coin(number), "USDT", "USDT", False, one, one, one, tick=Decimal("0.01"))
    yield Tiers(venue, name, (Tier(Decimal(0), None, Decimal("0.01")),), "bench")
    yield from candles(venue, name, now)
    at_ms = now.mono_ms
    yield FundingInterval(feed, name, Decimal(8), "bench", at_ms)
    yield Mark(feed, name, PRICE, at_ms, limit_ms)
    yield Index(feed, name, PRICE, at_ms, limit_ms)
    yield Funding(feed, name, Decimal("0.0001"), now.wall_ms + 8 * HOUR_MS, at_ms, 120_000)


def candles(venue: str, name: str, now: Instant) -> Iterator[Candles]:
    """Two months of days that move by 2 %, and a week of hours with a basis of a few basis points."""
    days = tuple(Candle(now.wall_ms - (61 - day) * DAY_MS, PRICE * (100 + 2 * (day % 2)) / 100) for day in range(61))
    yield Candles(venue, name, "trade", 24, days, now.wall_ms)
    for kind, wave in (("mark", 5), ("index", 0)):
        hours = tuple(
            Candle(now.wall_ms - (168 - hour) * HOUR_MS, PRICE * (10_000 + wave * (hour % 3 - 1)) / 10_000)
            for hour in range(168)
        )
        yield Candles(venue, name, "mark" if kind == "mark" else "index", 1, hours, now.wall_ms)


def watched(
    legs: int,
    clock: Clock,
    venue: str = "binance",
    feed: str = "binance-usdm",
    limit_ms: int = 5_000,
    **more: object,
) -> Watch:
    """A book of that many legs that knows everything, and has known its marks for a quarter of an hour.

    Prices are believed for `limit_ms`."""
    watch = Watch(book(legs, venue, **more), clock)
    teach(watch, legs, clock, venue, feed, limit_ms)
    return watch


def teach(watch: Watch, legs: int, clock: Clock, venue: str, feed: str, limit_ms: int) -> None:
    """Tell a watch of `book(legs)` everything that venues say of its markets."""
    now = clock.now()
    watch.take(FeedState(feed, "live", "", now.mono_ms))
    for number in range(legs):
        market = watch.book.ledger.market(venue, symbol(number))
        for ago_ms in range(960_000, 0, -15_000):
            market.trail.note(now.mono_ms - ago_ms, PRICE)
        for update in facts(number, venue, feed, now, limit_ms):
            watch.book.apply(update)
    watch.tick()


class Walk:
    """Prices around `PRICE`, a second's step each time one is asked for."""

    def __init__(self, seed: int, step: float = USUAL_STEP) -> None:
        self._rng = random.Random(seed)
        self._step = step
        self._away: dict[int, float] = {}

    def next(self, number: int) -> tuple[str, str]:
        """Mark and index of a market, as venues write them."""
        away = self._away[number] = self._away.get(number, 0.0) * PULL + self._rng.gauss(0, self._step)
        price = float(PRICE) * math.exp(away)
        return f"{price * (1 + self._rng.gauss(0, 0.00003)):.8f}", f"{price:.8f}"
