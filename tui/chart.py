"""A line of braille dots over level lines, and its plain form in digits. Pure; only finite numbers come in."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from msgspec import Struct

from tui.line import Span

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Braille bits by dot row and dot column of one cell."""


class Bound(Struct, frozen=True):
    """A horizontal line at a value, and the ink of the curve at or below it."""

    value: float
    label: str
    ink: str


class Scale(Struct, frozen=True):
    """The values at the lower and upper edge."""

    low: float
    high: float

    def dot(self, value: float, rows: int) -> int:
        """Dot row from the top for a value, in `rows` text rows."""
        dots = rows * 4 - 1
        if self.high <= self.low:
            return dots // 2
        share = (self.high - value) / (self.high - self.low)
        return max(0, min(dots, round(share * dots)))


def sampled(ages_s: Sequence[float], values: Sequence[float], count: int, span_s: float) -> list[float | None]:
    """The last value in each of `count` equal slices of the past `span_s`, oldest first.

    A slice without a value repeats the one before, unless the silence lasts over three slices and twice the usual
    distance of two values: then it is a gap, for a line must not claim what nobody saw.
    """
    slices: list[float | None] = [None] * count
    for age, value in zip(ages_s, values, strict=True):
        if 0 <= age <= span_s:
            slices[min(count - 1, int((span_s - age) / span_s * count)) if span_s > 0 else count - 1] = value
    known = [index for index, value in enumerate(slices) if value is not None]
    gaps = sorted(b - a for a, b in itertools.pairwise(known))
    usual = gaps[len(gaps) // 2] if gaps else count
    for a, b in itertools.pairwise(known):
        if b - a <= max(3, 2 * usual):
            slices[a + 1 : b] = [slices[a]] * (b - a - 1)
    return slices


def curve(
    values: Sequence[float | None], width: int, rows: int, scale: Scale, bounds: Sequence[Bound]
) -> list[list[Span]]:
    """Text rows of `width` cells: the curve in dots (two a cell across, four down) over thin lines at the bounds."""
    bits = [[0] * width for _ in range(rows)]
    inks = [["text"] * width for _ in range(rows)]
    before: int | None = None
    for x, value in enumerate(values[: width * 2]):
        if value is None:
            before = None
            continue
        dot = scale.dot(value, rows)
        step = 0 if before is None or abs(before - dot) < 2 else (1 if before < dot else -1)
        path = range(before + step, dot, step) if step and before is not None else ()
        for y in (*path, dot):
            bits[y // 4][x // 2] |= _DOTS[y % 4][x % 2]
            inks[y // 4][x // 2] = _ink(value, bounds)
        before = dot
    ruled = {scale.dot(bound.value, rows) // 4 for bound in bounds}
    return [_row(bits[y], inks[y], y in ruled) for y in range(rows)]


def _ink(value: float, bounds: Sequence[Bound]) -> str:
    below = [bound for bound in bounds if value <= bound.value and bound.ink]
    return min(below, key=lambda bound: bound.value).ink if below else "text"


def _row(bits: Sequence[int], inks: Sequence[str], ruled: bool) -> list[Span]:
    """Cells of one row joined into spans; a ruled row keeps a blank beside the curve."""
    spans: list[Span] = []
    for x, dots in enumerate(bits):
        near = any(bits[max(0, x - 1) : x + 2])
        text, ink = (chr(0x2800 + dots), inks[x]) if dots else ("─" if ruled and not near else " ", "rule")
        if spans and spans[-1].ink == ink:
            spans[-1] = Span(spans[-1].text + text, ink)
        else:
            spans.append(Span(text, ink))
    return spans


def digits(values: Sequence[float | None], width: int, scale: Scale) -> str:
    """The same curve as one row of digits, 0 lowest and 9 highest, for terminals with ASCII only."""
    row = []
    for x in range(width):
        pair = [value for value in values[x * 2 : x * 2 + 2] if value is not None]
        if not pair:
            row.append(" ")
            continue
        share = (pair[-1] - scale.low) / (scale.high - scale.low) if scale.high > scale.low else 0.5
        row.append(str(max(0, min(9, int(share * 10)))))
    return "".join(row)
