"""A line of the screen as a value: spans of text with an ink, and the paper behind them. Pure, so tests read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len

from tui.format import cut


class Span(NamedTuple):
    """A piece of text. `ink` names an entry of `tui.ink.INKS`; `act` is what a click on it does."""

    text: str
    ink: str = "text"
    act: str = ""


class Line(NamedTuple):
    """One row of cells from column 0. `paper` is the role behind it: page, raised, cursor or tint."""

    spans: tuple[Span, ...] = ()
    paper: str = "page"

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


BLANK = Line()


class Draft:
    """A line being written: text put at columns in any order; nothing overlaps, nothing is cut without a mark."""

    def __init__(self, width: int, paper: str = "page") -> None:
        self.width = width
        self.paper = paper
        self._pieces: list[tuple[int, Span]] = []

    def put(self, x: int, text: str, ink: str = "text", act: str = "") -> int:
        """Write from column `x`; returns the column after it."""
        if text:
            self._pieces.append((x, Span(text, ink, act)))
        return x + cell_len(text)

    def put_all(self, x: int, spans: Iterable[Span]) -> int:
        """Write spans one after the other; returns the column after them."""
        for span in spans:
            x = self.put(x, *span)
        return x

    def right(self, end: int, text: str, ink: str = "text", act: str = "") -> int:
        """Write so that it ends before column `end`; returns the column where it begins."""
        start = end - cell_len(text)
        self.put(start, text, ink, act)
        return start

    def right_all(self, end: int, spans: Iterable[Span]) -> int:
        """Write spans so that the last ends before column `end`; returns where the first begins."""
        pieces = tuple(spans)
        start = end - sum(cell_len(span.text) for span in pieces)
        self.put_all(start, pieces)
        return start

    def line(self) -> Line:
        """The finished line, exactly as wide as the draft."""
        spans: list[Span] = []
        at = 0
        pieces = sorted(self._pieces, key=lambda piece: piece[0])
        for index, (x, span) in enumerate(pieces):
            room = (pieces[index + 1][0] if index + 1 < len(pieces) else self.width) - x
            room = min(room, self.width - x)
            text = cut(span.text, room) if span.text.strip() else span.text[: max(0, room)]
            if x < at or not text:
                continue
            if x > at:
                spans.append(Span(" " * (x - at)))
            spans.append(Span(text, span.ink, span.act))
            at = x + cell_len(text)
        if at < self.width:
            spans.append(Span(" " * (self.width - at)))
        return Line(tuple(spans), self.paper)


def joined(spans: Iterable[Span], width: int) -> tuple[Span, ...]:
    """Spans one after the other in at most `width` cells, the last one that fits cut with a mark."""
    kept: list[Span] = []
    left = width
    for span in spans:
        size = cell_len(span.text)
        if size > left:
            kept.append(Span(cut(span.text, left), span.ink, span.act))
            break
        kept.append(span)
        left -= size
    return tuple(kept)
