"""Points of a figure packed into twelve bytes each, so that a day of them costs what it must and no more."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from decimal import Decimal


class Packed:
    """The newest `most` points, oldest first. Times are whole milliseconds; values keep seven digits, more than a chart
    can show."""

    __slots__ = ("_most", "_times", "_values")

    def __init__(self, most: int) -> None:
        self._most = most
        self._times = array("q")
        self._values = array("f")

    def append(self, at_ms: int, value: Decimal) -> None:
        """One more; the oldest goes where there are too many."""
        if len(self._times) >= self._most:
            del self._times[0], self._values[0]
        self._times.append(at_ms)
        self._values.append(float(value))

    def lower(self, value: Decimal) -> None:
        """Let the newest point be no higher than this."""
        self._values[-1] = min(self._values[-1], float(value))

    @property
    def first_ms(self) -> int | None:
        """When the oldest point was; None where there is none."""
        return self._times[0] if self._times else None

    @property
    def last_ms(self) -> int | None:
        """When the newest point was."""
        return self._times[-1] if self._times else None

    def __len__(self) -> int:
        return len(self._times)

    def __iter__(self) -> Iterator[tuple[int, Decimal]]:
        for at_ms, value in zip(self._times, self._values, strict=True):
            yield at_ms, Decimal(f"{value:.7g}")
