"""What a stablecoin is worth in dollars, implied by two index prices of one venue for the same coin.

A bitcoin costs 65,000 USD in one index and 65,100 USDT in the other: a USDT is 65,000 / 65,100 USD. The two arrive
apart, and a fast market would shake their quotient, so it is the median of a few samples a second apart, and a new one
takes over only once it is a basis point away. Where two venues are read, the first that is fresh counts, and the other
is named once it says something else. Source: section 1 of the domain reference.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from statistics import median_low

from hedge.exposure import ratio
from hedge.market import Index

SAMPLES = 7
STEP_MS = 1_000
APART_MS = 2_000
"""How far apart the two prices may have come."""
LIMIT_MS = 60_000
"""How long a rate is believed without a new sample."""
STEP = Decimal("0.00001")
MOVES_AT = Decimal("0.0001")
FARTHEST = Decimal("0.5")
"""A quotient further from one than this is no rate of a stablecoin but a wrong price."""

DISAGREES_AT = Decimal("0.002")
"""How far apart the rates of two venues may be without a word."""

VENUES = ("binance", "bybit")
"""Whose index streams may be read, the first one first."""
IN_DOLLARS = "BTC/USD:BTC"
"""The market whose index is in dollars."""
STABLECOINS = ("USDT", "USDC")
"""Those in which the venues have an index of bitcoin."""


def quoted_in(currency: str) -> str:
    """The market whose index is in a stablecoin."""
    return f"BTC/{currency}:{currency}"


def implied_rate(*, usd_index: Decimal | None, quote_index: Decimal | None) -> Decimal | None:
    """USD for one unit of a stablecoin: an index in USD over the same in that coin; None where one is missing."""
    return ratio(usd_index, quote_index)


class Quotient:
    """One stablecoin's rate, from the index streams of one venue."""

    __slots__ = ("_samples", "at_ms", "usd")

    def __init__(self) -> None:
        self.usd: Decimal | None = None
        """USD for one unit; None until both prices have come."""
        self.at_ms: int | None = None
        """When it was last confirmed by a sample, monotonic ms."""
        self._samples: deque[Decimal] = deque(maxlen=SAMPLES)

    def look(self, usd_index: Index | None, quote_index: Index | None) -> bool:
        """Take a sample where one is due; whether one was taken."""
        if usd_index is None or quote_index is None:
            return False
        at_ms = max(usd_index.at_mono_ms, quote_index.at_mono_ms)
        apart = abs(usd_index.at_mono_ms - quote_index.at_mono_ms)
        if apart > APART_MS or (self.at_ms is not None and at_ms - self.at_ms < STEP_MS):
            return False
        sample = implied_rate(usd_index=usd_index.price, quote_index=quote_index.price)
        if sample is None or abs(sample - 1) > FARTHEST:
            return False
        self.at_ms = at_ms
        self._samples.append(sample)
        rate = median_low(self._samples).quantize(STEP)
        if self.usd is None or abs(rate - self.usd) >= MOVES_AT:
            self.usd = rate
        return True

    def fresh(self, at_ms: int) -> bool:
        return self.at_ms is not None and at_ms <= self.at_ms + LIMIT_MS


class Implied:
    """One stablecoin's rate, from the index streams of the venues that are read for it."""

    __slots__ = ("_quotients", "at_ms", "currency", "usd", "venue")

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.usd: Decimal | None = None
        """USD for one unit; None until both prices of a venue have come."""
        self.at_ms: int | None = None
        """When it was last confirmed by a sample, monotonic ms."""
        self.venue = ""
        """Whose it is."""
        self._quotients = {venue: Quotient() for venue in VENUES}

    @property
    def words(self) -> str:
        """Where it is from, and what the other venue says where that is something else."""
        said = f"{self.venue} BTC index in USD over that in {self.currency}"
        for venue, other in self._quotients.items():
            if self.usd is None or self.at_ms is None or other.usd is None or not other.fresh(self.at_ms):
                continue
            if abs(other.usd - self.usd) >= DISAGREES_AT:
                said += f"; {venue} says {other.usd}"
        return said

    def look(self, venue: str, usd_index: Index | None, quote_index: Index | None) -> bool:
        """Take a sample of a venue where one is due; whether the rate, or where it is from, is another one now."""
        quotient = self._quotients[venue]
        if not quotient.look(usd_index, quote_index) or quotient.at_ms is None:
            return False
        now_ms = max(quotient.at_ms, self.at_ms or quotient.at_ms)
        before = self.usd, self.words
        self.venue, best = next((name, each) for name, each in self._quotients.items() if each.fresh(now_ms))
        self.usd, self.at_ms = best.usd, best.at_ms
        return (self.usd, self.words) != before

    @property
    def until_ms(self) -> int | None:
        """The last moment at which it may be believed, monotonic ms; None before the first."""
        return None if self.at_ms is None else self.at_ms + LIMIT_MS
