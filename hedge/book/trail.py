"""The last quarter of an hour of a mark, in samples 15 seconds apart: what a pace is measured from, at bounded cost."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import NamedTuple

STEP_MS = 15_000
"""At least this far apart."""
WINDOW_MS = 900_000
"""A pace is that of fifteen minutes (section 12 of the domain reference)."""
GAP_MS = 60_000
"""A mark of fifteen minutes ago is one that came at most this much earlier; after a gap it is not known."""

NO_TRAIL = "it needs fifteen minutes of marks"


class Sample(NamedTuple):
    """A mark, and when it was heard or confirmed, on the monotonic clock."""

    at_ms: int
    price: Decimal


class Trail:
    """Samples of one market's mark, oldest first: never more than one older than the window."""

    __slots__ = ("_samples",)

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque()

    def note(self, at_ms: int, price: Decimal) -> None:
        """Take a sample, unless one was taken less than `STEP_MS` ago."""
        samples = self._samples
        if samples and at_ms - samples[-1].at_ms < STEP_MS:
            return
        samples.append(Sample(at_ms, price))
        while len(samples) > 1 and samples[1].at_ms <= at_ms - WINDOW_MS:
            samples.popleft()

    def earlier(self, at_ms: int) -> Sample | None:
        """The newest sample that is at least the window older than `at_ms`; None where none is known of that time."""
        found: Sample | None = None
        for sample in self._samples:
            if sample.at_ms > at_ms - WINDOW_MS:
                break
            found = sample
        return None if found is None or found.at_ms < at_ms - WINDOW_MS - GAP_MS else found

    def soon_earlier(self, at_ms: int, ahead_ms: int) -> list[Decimal]:
        """The prices that `earlier` may give from `at_ms` until so much later."""
        found: list[Decimal] = []
        for sample in self._samples:
            if sample.at_ms > at_ms + ahead_ms - WINDOW_MS:
                break
            if sample.at_ms <= at_ms - WINDOW_MS:
                found.clear()
            found.append(sample.price)
        return found

    def copy(self) -> Trail:
        """The same samples; notes go to one of both only."""
        other = Trail()
        other._samples = self._samples.copy()
        return other

    def scaled(self, factor: Decimal) -> Trail:
        """The same course at another height: what a shock leaves of it, since a jump is no pace."""
        other = Trail()
        other._samples = deque(Sample(sample.at_ms, sample.price * factor) for sample in self._samples)
        return other

    def __len__(self) -> int:
        return len(self._samples)
