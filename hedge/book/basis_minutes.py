"""The basis as it was watched: a median a minute, a week of them, in place of the hourly candles after a day.

Sums are whole numbers of 1e-12, so that a minute costs the same however many there are and nothing drifts.
Source: section 12 of the domain reference.
"""

from __future__ import annotations

from array import array
from decimal import Decimal
from statistics import median_low

from hedge.history import UsualBasis

MINUTE_MS = 60_000
WEEK_MINUTES = 7 * 24 * 60
ENOUGH_MINUTES = 24 * 60
"""Minutes that must have been watched before they say more than hourly candles."""
SECOND_MS = 1_000
"""A sample is taken at most this often."""
TOGETHER_MS = 1_500
"""A mark and an index that are further apart in time are no basis."""
PLACES = 12
UNIT = Decimal("1e-12")
MOST = 10**18
"""Of a sample: a basis of a million times the price is no basis."""


class BasisMinutes:
    """Medians of the minutes of one market, on the monotonic clock; those without a sample are left out."""

    __slots__ = ("_last_ms", "_medians", "_minute", "_minutes", "_samples", "_squares", "_sum")

    def __init__(self) -> None:
        self._minute = 0
        self._last_ms = -SECOND_MS
        self._samples: list[int] = []
        self._minutes, self._medians = array("q"), array("q")
        """Of the minutes kept, oldest first: sixteen bytes each, because a large book keeps many."""
        self._sum = 0
        self._squares = 0

    def __len__(self) -> int:
        return len(self._minutes)

    def due(self, at_ms: int) -> bool:
        """Whether the last sample is a second old."""
        return at_ms - self._last_ms >= SECOND_MS

    def note(self, at_ms: int, basis: Decimal) -> bool:
        """Take a sample; whether one more minute is over."""
        self._last_ms = at_ms
        minute, before = at_ms // MINUTE_MS, self._minute
        ended = bool(self._samples) and minute > before
        if ended:
            self._keep(before, median_low(self._samples))
            self._samples.clear()
        self._minute = max(minute, before)
        self._samples.append(max(-MOST, min(MOST, int(basis.scaleb(PLACES)))))
        return ended

    def _keep(self, minute: int, value: int) -> None:
        self._minutes.append(minute)
        self._medians.append(value)
        self._sum += value
        self._squares += value * value
        while self._minutes[0] <= minute - WEEK_MINUTES:
            old = self._medians[0]
            del self._minutes[0], self._medians[0]
            self._sum -= old
            self._squares -= old * old

    def usual(self) -> UsualBasis | None:
        """Mean and sample deviation of the last week; None before a day of minutes is there."""
        count = len(self._minutes)
        if count < ENOUGH_MINUTES:
            return None
        variance = Decimal(count * self._squares - self._sum * self._sum) / (count * (count - 1))
        return UsualBasis(Decimal(self._sum) / count * UNIT, variance.sqrt() * UNIT, count // 60, minutes=count)
