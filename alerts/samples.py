"""The last samples of a leg's mark: did it jump suspiciously, and has it stood beyond the liquidation price?"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from hedge.snapshot import PositionRow

JUMP = Decimal("0.05")
"""A change of the mark above this between two samples is suspicious, unless the index moved with it."""
JUMP_SIGMAS = 8
"""Or above this many deviations of one minute, if that is more."""
JUMP_WITHIN_MS = 10_000
"""Samples further apart than this are not compared."""
CONFIRMED_BY = 4
"""The index confirms a jump when it moved by at least one fourth of it."""


class Samples(Struct, frozen=True):
    """What the newest sample of a mark is, and what the ones before it make of it."""

    at_ms: int
    """When it arrived."""
    mark: Decimal
    index: Decimal | None = None
    jump: Decimal | None = None
    """The relative change that is suspicious, while this sample stands alone."""
    index_before: Decimal | None = None
    """The index that was known with the sample before."""
    beyond: int = 0
    """How many samples in a row lie at or beyond the liquidation price."""

    @property
    def suspicious(self) -> bool:
        """The mark jumped, it is the first sample to say so, and the venue's index did not go along."""
        if self.jump is None:
            return False
        moved = _change(self.index_before, self.index)
        return moved is None or moved * CONFIRMED_BY < self.jump


def watch(
    samples: Samples | None, row: PositionRow, now_ms: int, sigma_minute: Decimal | None = None
) -> Samples | None:
    """The samples with what `row` shows at `now_ms` (of the monotonic clock); call it each time the leg is judged.

    A mark that was received again, or confirmed, is a sample of its own; one that only grew older is none.
    `sigma_minute` is the deviation of one-minute returns, as a fraction."""
    if row.mark is None or row.ages.mark is None or "mark" in row.stale:
        return samples
    at_ms = now_ms - round(row.ages.mark * 1000)
    beyond = is_beyond(row)
    if samples is None:
        return Samples(at_ms, row.mark, row.index, beyond=int(beyond))
    if at_ms <= samples.at_ms and row.mark == samples.mark:
        return samples if row.index == samples.index else replace(samples, index=row.index)
    return Samples(
        at_ms,
        row.mark,
        row.index,
        _jump(samples, at_ms, row.mark, sigma_minute),
        samples.index,
        samples.beyond + 1 if beyond else 0,
    )


def is_beyond(row: PositionRow) -> bool:
    """The mark is at or beyond the computed liquidation price; of legs that share margin that may be on either side."""
    return row.mark is not None and row.to_liquidation is not None and row.to_liquidation <= 0


def _jump(samples: Samples, at_ms: int, mark: Decimal, sigma_minute: Decimal | None) -> Decimal | None:
    """The change since the sample before, where that is suspiciously large. The second one in a row is believed."""
    if samples.suspicious or at_ms - samples.at_ms > JUMP_WITHIN_MS:
        return None
    change = _change(samples.mark, mark)
    limit = JUMP if sigma_minute is None else max(JUMP, JUMP_SIGMAS * sigma_minute)
    return change if change is not None and change > limit else None


def _change(before: Decimal | None, after: Decimal | None) -> Decimal | None:
    if before is None or after is None or before == 0:
        return None
    return abs(after / before - 1)
