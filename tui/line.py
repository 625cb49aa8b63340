"""A line of the screen as a value: spans of text with an ink, and the paper behind them. Pure, so tests read it."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

from tui.format import cells, cut


class Span(NamedTuple):
    """A piece of text. `ink` names an entry of `tui.ink.INKS`; `act` is what a click on it does."""

    text: str
    ink: str = "text"
    act: str = ""


class Line(NamedTuple):
    """One row of cells from column 0. `paper` is the role behind it: page, raised, cursor or tint."""

    spans: tuple[Span, ...] = ()
    paper: str = "page"
    act: str = ""
    """What a click does where no span says otherwise."""

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


BLANK = Line()


class Draft:
    """A line being written: text put at columns in any order; nothing overlaps, nothing is cut without a mark."""

    def __init__(self, width: int, paper: str = "page", act: str = "") -> None:
        self.width = width
        self.paper = paper
        self.act = act
        self._pieces: list[tuple[int, Span]] = []

    def put(self, x: int, text: str, ink: str = "text", act: str = "") -> int:
        """Write from column `x`; returns the column after it."""
        if text:
            self._pieces.append((x, Span(text, ink, act)))
        return x + cells(text)

    def put_all(self, x: int, spans: Iterable[Span]) -> int:
        """Write spans one after the other; returns the column after them."""
        for span in spans:
            x = self.put(x, *span)
        return x

    def right(self, end: int, text: str, ink: str = "text", act: str = "") -> int:
        """Write so that it ends before column `end`; returns the column where it begins."""
        start = end - cells(text)
        self.put(start, text, ink, act)
        return start

    def right_all(self, end: int, spans: Iterable[Span]) -> int:
        """Write spans so that the last ends before column `end`; returns where the first begins."""
        pieces = tuple(spans)
        start = end - sum(cells(span.text) for span in pieces)
        self.put_all(start, pieces)
        return start

    def line(self) -> Line:
        """The finished line, exactly as wide as the draft."""
        spans: list[Span] = []
        at = 0
        pieces = sorted(self._pieces, key=itemgetter(0))
        ends = [x for x, _ in pieces[1:]] + [self.width]
        for (x, span), end in zip(pieces, ends, strict=False):
            room = min(end, self.width) - x
            size = cells(span.text)
            if size > room:
                span = Span(
                    cut(span.text, room) if span.text.strip() else span.text[: max(0, room)], span.ink, span.act
                )
                size = cells(span.text)
            if x < at or not size:
                continue
            if x > at:
                spans.append(Span(" " * (x - at)))
            spans.append(span)
            at = x + size
        if at < self.width:
            spans.append(Span(" " * (self.width - at)))
        return Line(tuple(spans), self.paper, self.act)


def joined(spans: Iterable[Span], width: int) -> tuple[Span, ...]:
    """Spans one after the other in at most `width` cells, the last one that fits cut with a mark."""
    kept: list[Span] = []
    left = width
    for span in spans:
        size = cells(span.text)
        if size > left:
            kept.append(Span(cut(span.text, left), span.ink, span.act))
            break
        kept.append(span)
        left -= size
    return tuple(kept)
