"""Where the parts of the screen lie, for a terminal size and a number of rows. Pure arithmetic."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

FULL_WIDTH, FULL_HEIGHT = 80, 24
TALL = 30
"""From so many rows on the slot has six lines, the table a rule and the detail a chart."""
COMPACT_WIDTH, COMPACT_HEIGHT = 40, 10
BIG_WIDTH, BIG_HEIGHT = 200, 60
DETAIL_WHOLE = 12
DETAIL_LEAST = 5


class Frame(Struct, frozen=True):
    """Heights of the parts from top to bottom; the gaps above slot and headlines are lines of their own."""

    kind: Literal["full", "compact", "line"]
    slot_gap: int = 0
    slot: int = 0
    headline: int = 0
    table: int = 0
    detail: int = 0
    big: bool = False

    @property
    def slot_end(self) -> int:
        """The first line below the alert slot, where dialogs may begin."""
        return 1 + self.slot_gap + self.slot


def frame(width: int, height: int, rows: int) -> Frame:
    """The frame for a table of `rows` lines. The detail is the first to go when lines are short."""
    if width < COMPACT_WIDTH or height < COMPACT_HEIGHT:
        return Frame("line")
    if width < FULL_WIDTH or height < FULL_HEIGHT:
        return Frame("compact")
    tall = height >= TALL
    big = width >= BIG_WIDTH and height >= BIG_HEIGHT
    slot_gap, slot = (1, 6) if tall else (0, 5)
    headline = 7 if big else 5 if tall else 4  # the blank line above included
    # header, slot, headlines, rule or blank line, head of the table, footer
    left = height - 1 - slot_gap - slot - headline - (2 if big else 1) - 1 - 1
    table_head = 3 if big else 2
    shown = min(max(rows, 1), left)
    detail = left - shown
    if detail < (DETAIL_LEAST if tall else 2):
        shown, detail = left, 0
    return Frame("full", slot_gap, slot, headline, table_head + shown, detail, big)
