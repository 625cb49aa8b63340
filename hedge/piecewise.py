"""Zeros of sums of piecewise linear functions.

Maintenance brackets make equity minus maintenance margin such a sum, in the price of one symbol as in the common move
of all of them. It is solved exactly, bracket by bracket, so each solution lies in the bracket that was used to find it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from msgspec import Struct

NOISE_RATIO = Decimal("1e12")
"""Full coin collateral leaves a slope of 1e-28 instead of 0, and a zero that far away: there is none."""


class Piece(Struct, frozen=True):
    """constant + slope x, from the end of the piece before (0 for the first) up to `upto`; None: no end."""

    upto: Decimal | None
    constant: Decimal
    slope: Decimal


Curve = tuple[Piece, ...]


def line(*, constant: Decimal = Decimal(0), slope: Decimal = Decimal(0)) -> Curve:
    """A curve of one piece."""
    return (Piece(upto=None, constant=constant, slope=slope),)


def scaled(curve: Curve, factor: Decimal) -> Curve:
    """The curve times `factor`, its boundaries where they were."""
    if factor == 1:
        return curve
    return tuple(
        Piece(upto=piece.upto, constant=piece.constant * factor, slope=piece.slope * factor) for piece in curve
    )


def value(curves: Sequence[Curve], x: Decimal) -> Decimal:
    """The sum of all curves at `x`; on a boundary the lower piece counts."""
    total = Decimal(0)
    for curve in curves:
        piece = next(piece for piece in curve if piece.upto is None or x <= piece.upto)
        total += piece.constant + piece.slope * x
    return total


def zeros(curves: Sequence[Curve]) -> tuple[Decimal, ...]:
    """Every x > 0 where the sum is zero, ascending; where it jumps over zero between two pieces, the boundary.

    A stretch that is zero throughout has no zero of its own.
    """
    constant = sum((curve[0].constant for curve in curves), Decimal(0))
    slope = sum((curve[0].slope for curve in curves), Decimal(0))
    found: list[Decimal] = []
    before = low = Decimal(0)
    for high, more_constant, more_slope in (*_bends(curves), (None, low, low)):
        if high == low:
            constant, slope = constant + more_constant, slope + more_slope
            continue
        if before * (constant + slope * low) < 0:
            found.append(low)
        if slope != 0:
            zero = -constant / slope
            if zero > low and (high is None or zero <= high):
                found.append(zero)
        if high is not None:
            before, low = constant + slope * high, high
            constant, slope = constant + more_constant, slope + more_slope
    return tuple(found)


def _bends(curves: Sequence[Curve]) -> list[tuple[Decimal, Decimal, Decimal]]:
    """Each boundary of any curve, ascending, with what its constant and its slope change by there."""
    bends = [
        (piece.upto, after.constant - piece.constant, after.slope - piece.slope)
        for curve in curves
        for piece, after in pairwise(curve)
        if piece.upto is not None
    ]
    return sorted(bends, key=lambda bend: bend[0])


def plausible(zero: Decimal, x: Decimal) -> bool:
    """False for a zero that is not positive, or so far from `x` that it is the last digit of a division."""
    return x / NOISE_RATIO < zero < x * NOISE_RATIO


def nearest(found: Sequence[Decimal], x: Decimal) -> Decimal | None:
    """The plausible zero nearest to `x` (above zero), judged as a ratio; None where there is none."""
    near = (zero for zero in found if plausible(zero, x))
    return min(near, key=lambda zero: max(zero / x, x / zero), default=None)
