"""What prices did before the run began: walks that end, at second 0, at the table of start prices.

A coin's day is its beta times Bitcoin's day plus a part of its own; the hours of a day are a bridge between its two
ends. Days are counted backwards from the day of the start, so the seed decides every whole day, whatever the date.
From second 0 on the live market answers, and both meet there: the open candle closes at the price that streams.
"""

from __future__ import annotations

import hashlib
import math
from itertools import accumulate
from statistics import NormalDist

from msgspec import Struct

from feeds.simulator.clock import Moment
from feeds.simulator.contracts import STARTS, Contract
from feeds.simulator.market import Market, funding_rate, noise

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_BITCOIN = 0.027
"""Bitcoin's daily standard deviation: 52 % a year."""
_HABITS: dict[str, tuple[float, float]] = {
    "BTC": (1.0, 0.0),
    "ETH": (1.15, 0.016),
    "SOL": (1.35, 0.027),
    "BNB": (0.85, 0.016),
    "AVAX": (1.45, 0.028),
    "LINK": (1.30, 0.027),
    "XRP": (1.05, 0.033),
    "DOGE": (1.50, 0.034),
    "ADA": (1.30, 0.027),
    "LTC": (1.05, 0.023),
    "PEPE": (1.70, 0.048),
    "USDC": (0.0, 0.0001),
    "SPY": (0.15, 0.008),
}
"""Coin -> beta to Bitcoin, and the daily standard deviation of what is its own."""
_PREMIUM_WANDER = ((8 * 3600.0, 0.00022), (36 * 3600.0, 0.00016))
"""Lattice width in seconds and amplitude of the premium's past."""
_FADE_S = 7200.0
"""Over which the premium of the past joins that of the start."""
_NORMAL = NormalDist()


class Past:
    """The prices of a market at any wall time, before its start and after."""

    def __init__(self, market: Market, start_ms: int) -> None:
        """`start_ms` is the wall time of the market's second 0."""
        self._market = market
        self._start_ms = start_ms
        self._days: dict[tuple[str, int], list[float]] = {}
        self._levels: dict[str, list[float]] = {}

    def index(self, contract: Contract, at_ms: int) -> float:
        """Index of the contract (or mid of the pair) in its quote currency, per quoted unit."""
        at_s = self._elapsed(at_ms)
        if at_s >= 0:
            return self._market.quote(contract, Moment(at_s, at_ms)).index
        price = STARTS[contract.coin] * math.exp(self._log(contract.coin, at_ms)) * contract.multiplier
        if contract.quote == "USDC":
            price /= STARTS["USDC"] * math.exp(self._log("USDC", at_ms))
        return price * self._market.usdt(at_s) if contract.quote == "USD" else price

    def mark(self, contract: Contract, at_ms: int) -> float:
        """Mark of the contract."""
        at_s = self._elapsed(at_ms)
        if at_s >= 0:
            return self._market.quote(contract, Moment(at_s, at_ms)).mark
        return self.index(contract, at_ms) * (1.0 + self.premium(contract, at_ms))

    def last(self, contract: Contract, at_ms: int) -> float:
        """Last trade of the contract or pair."""
        at_s = self._elapsed(at_ms)
        if at_s >= 0:
            return self._market.quote(contract, Moment(at_s, at_ms)).last
        return self.index(contract, at_ms) if contract.spot else self.mark(contract, at_ms)

    def premium(self, contract: Contract, at_ms: int) -> float:
        """Mark over index minus one; that of the market from its start on."""
        at_s = self._elapsed(at_ms)
        if at_s >= 0:
            return self._market.premium(contract, at_s)
        return (
            self._market.premium(contract, 0.0)
            + self._wander(contract, at_s)
            - self._wander(contract, 0.0) * math.exp(at_s / _FADE_S)
        )

    def hours(self, contract: Contract, at_ms: int) -> int:
        """The funding interval that held just before this time."""
        at_s = self._elapsed(at_ms - 1)
        return self._market.script.hours(contract.feed, contract.native, at_s, contract.hours)

    def rate(self, contract: Contract, stamp_ms: int) -> float:
        """The rate that settled at this stamp, a fraction for the interval before it."""
        at_s = self._elapsed(stamp_ms - 1)
        if at_s >= 0:
            return self._market.quote(contract, Moment(at_s, stamp_ms - 1)).rate
        hours = self.hours(contract, stamp_ms)
        points = [self.premium(contract, stamp_ms - hour * HOUR_MS) for hour in range(1, hours + 1)]
        return funding_rate(math.fsum(points) / hours, hours, contract.cap)

    def stamps(self, contract: Contract, from_ms: int, to_ms: int) -> list[int]:
        """The funding stamps of a span, both ends included, oldest first."""
        first = -(-from_ms // HOUR_MS)
        return [
            hour * HOUR_MS
            for hour in range(first, to_ms // HOUR_MS + 1)
            if hour % self.hours(contract, hour * HOUR_MS) == 0
        ]

    def _elapsed(self, at_ms: int) -> float:
        return (at_ms - self._start_ms) / 1000

    def _wander(self, contract: Contract, at_s: float) -> float:
        name = f"{contract.feed}/{contract.native}/past"
        return sum(amplitude * noise(self._market.seed, name, width, at_s) for width, amplitude in _PREMIUM_WANDER)

    def _log(self, coin: str, at_ms: int) -> float:
        """Logarithm of the coin's price over its start price."""
        beta, own = _HABITS[coin]
        return beta * _BITCOIN * self._walked("BTC", at_ms) + (own * self._walked(coin, at_ms) if own else 0.0)

    def _walked(self, name: str, at_ms: int) -> float:
        """A walk of one unit a day, relative to the start."""
        return self._level(name, at_ms) - self._level(name, self._start_ms)

    def _level(self, name: str, at_ms: int) -> float:
        """The walk relative to the beginning of the start's day."""
        ago = self._start_ms // DAY_MS - at_ms // DAY_MS
        begins = self._levels.setdefault(name, [0.0])
        while len(begins) <= ago:
            begins.append(begins[-1] - self._day(name, len(begins))[-1])
        hour, part = divmod(at_ms % DAY_MS, HOUR_MS)
        day = self._day(name, ago)
        return begins[ago] + day[hour] + (day[hour + 1] - day[hour]) * part / HOUR_MS

    def _day(self, name: str, ago: int) -> list[float]:
        """How far the walk has gone at each full hour of a day, from 0 at its begin: 25 figures."""
        key = name, ago
        if key not in self._days:
            seed = f"{self._market.seed}/{name}/{ago}"
            steps = [_gauss(f"{seed}/{hour}") / math.sqrt(24) for hour in range(24)]
            lean = (_gauss(seed) - math.fsum(steps)) / 24
            self._days[key] = [0.0, *accumulate(step + lean for step in steps)]
        return self._days[key]


def _gauss(name: str) -> float:
    """A standard normal number that its name decides."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return _NORMAL.inv_cdf((int.from_bytes(digest, "big") + 1) / (2**64 + 2))


class Span(Struct, frozen=True):
    """Which candles or stamps a query means: at most `limit`, those from `start_ms` on, or the last before `end_ms`."""

    start_ms: int | None
    end_ms: int | None
    limit: int

    def starts(self, width_ms: int, now_ms: int) -> list[int]:
        """Begins of the candles of this width, oldest first; the one that is still open is the last there is."""
        newest = min(now_ms, now_ms if self.end_ms is None else self.end_ms) // width_ms
        oldest = newest - self.limit + 1 if self.start_ms is None else -(-self.start_ms // width_ms)
        if self.start_ms is not None:
            newest = min(newest, oldest + self.limit - 1)
        return [number * width_ms for number in range(oldest, newest + 1)]


class Bar(Struct, frozen=True):
    """One candle."""

    start_ms: int
    open: float
    high: float
    low: float
    close: float


def bar(past: Past, contract: Contract, kind: str, start_ms: int, width_ms: int, now_ms: int) -> Bar:
    """The candle of `mark`, `index` or `trade` prices that begins there; an open one closes now."""
    price = {"mark": past.mark, "index": past.index, "trade": past.last}[kind]
    end_ms = min(start_ms + width_ms, now_ms)
    points = [price(contract, start_ms + (end_ms - start_ms) * step // 8) for step in range(9)]
    return Bar(start_ms, points[0], max(points), min(points), points[-1])
