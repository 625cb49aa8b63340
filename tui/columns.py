"""The columns of the overview table: which of them a width shows, and where each stands. Fixed for a given width."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from functools import lru_cache

from msgspec import Struct

from tui.frame import FULL_WIDTH

LEFT = 4
"""Cursor bar, two cells of state, a blank."""
WIDE = 200


class Column(Struct, frozen=True):
    """One column. Gaps are the blank cells before it: at least, usually, at most."""

    key: str
    head: str
    group: str
    cells: int
    since: int
    """Shown from this terminal width on."""
    least: int = 1
    usual: int = 1
    most: int = 1
    left: bool = False
    pad: int = 0
    """Cells kept free behind it for the fill of a figure in alert."""


COLUMNS = (
    Column("asset", "ASSET", "exposure", 5, 0, 0, 0, 0, left=True),
    Column("spot", "SPOT", "exposure", 11, 100, 0, 0, 2),
    Column("short", "SHORT", "exposure", 12, 113, 1, 1, 1),
    Column("venue", "VENUE", "exposure", 9, 0, 1, 2, 2, left=True),
    Column("net_usd", "NET USD", "exposure", 9, 169, 1, 1, 2),
    Column("off_usd", "OFF USD", "exposure", 7, 0, 0, 1, 2),
    Column("hedge_ratio", "RATIO %", "hedge", 7, 0, 1, 2, 3),
    Column("target_ratio", "TGT", "hedge", 4, 159, 1, 1, 1),
    Column("drift", "DRIFT", "hedge", 6, 0, 1, 1, 2),
    Column("mark", "MARK", "funding", 10, 154, 1, 3, 3),
    Column("basis_pct", "BASIS %", "funding", 7, 88, 1, 3, 3),
    Column("funding_rate", "RATE %  /", "funding", 11, 132, 1, 1, 1),
    Column("funding_apr", "APR %", "funding", 6, 0, 2, 2, 2),
    Column("funding_day_usd", "USD/DAY", "funding", 8, 0, 0, 1, 1),
    Column("paid_30d_usd", "PAID 30D", "funding", 9, 179, 1, 1, 1),
    Column("accrued_usd", "ACCRUED", "funding", 8, 188, 1, 1, 1),
    Column("next_funding", "NEXT", "funding", 5, 0, 0, 1, 1),
    Column("liquidation_price", "LIQ PRICE", "liquidation", 10, 143, 1, 3, 3),
    Column("to_liquidation", "TO LIQ %", "liquidation", 8, 0, 2, 3, 3, pad=1),
    Column("margin_ratio", "MR %", "liquidation", 5, 194, 1, 1, 1),
    Column("age_s", "AGE", "liquidation", 5, 0, 1, 1, 2),
)

GIVES_WAY = ("next_funding", "funding_apr", "funding_day_usd", "venue")
"""Where a figure in alert needs a column that the width would drop, these make room, the first first."""


class Place(Struct, frozen=True):
    """A column at its place: cells `start` to `end`, the end not included."""

    column: Column
    start: int
    end: int


@lru_cache(maxsize=64)
def _laid(width: int, wanted: frozenset[str]) -> tuple[Place, ...]:
    shown = [c for c in COLUMNS if c.since <= width or c.key in wanted]
    cells = {c.key: c.cells for c in shown}
    if width >= WIDE:
        cells["asset"] = 8
    for key in GIVES_WAY:
        if _least(shown, cells) <= width:
            break
        shown = [c for c in shown if c.key != key or key in wanted]
    gaps = _gaps(shown, width - _least(shown, cells))
    places, at = [], LEFT
    for column in shown:
        start = at + gaps[column.key]
        at = start + cells[column.key]
        places.append(Place(column, start, at))
        at += column.pad
    return tuple(places)


def _least(shown: list[Column], cells: dict[str, int]) -> int:
    return LEFT + sum(cells[c.key] + c.least + c.pad for c in shown) + 1


def _gaps(shown: list[Column], spare: int) -> dict[str, int]:
    """Spare cells first bring every gap to its usual size, then to its largest, then widen the gaps between groups."""
    gaps = {c.key: c.least for c in shown}
    for wish in ("usual", "most"):
        for column in shown:
            grown = min(spare, getattr(column, wish) - gaps[column.key])
            gaps[column.key] += grown
            spare -= grown
    firsts = [c.key for before, c in itertools.pairwise(shown) if before.group != c.group]
    while spare > 0 and firsts:
        for key in firsts[: min(spare, len(firsts))]:
            gaps[key] += 1
        spare -= min(spare, len(firsts))
    return gaps


def layout(width: int, in_alert: Collection[str] = ()) -> tuple[Place, ...]:
    """The columns of a terminal `width` cells wide; a column whose figure is in alert never drops."""
    known = {c.key for c in COLUMNS if c.since > width}
    return _laid(max(width, FULL_WIDTH), frozenset(known.intersection(in_alert)))


def group_starts(width: int) -> dict[str, int]:
    """Where the head of each group's first column begins: the place of the headline that sums the group up."""
    starts: dict[str, int] = {}
    for place in layout(width):
        column, start, end = place.column, place.start, place.end
        if column.group not in starts:
            starts[column.group] = start + min(3, 0 if column.left else end - start - len(column.head))
    return starts
