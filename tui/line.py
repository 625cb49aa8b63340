"""A line of the screen as a value: spans of text with an ink, and the paper behind them. Pure, so tests read it."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter

from msgspec import Struct

from tui.format import cells, cut


class Span(Struct, frozen=True):
    """A piece of text. `ink` names an entry of `tui.ink.INKS`; `act` is what a click on it does."""

    text: str
    ink: str = "text"
    act: str = ""


class Line(Struct, frozen=True):
    """One row of cells from column 0. `paper` is the role behind it: page, raised, cursor or tint."""

    spans: tuple[Span, ...] = ()
    paper: str = "page"
    act: str = ""
    """What a click does where no span says otherwise."""

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


BLANK = Line()
SOLID = frozenset({
    "tab", "tab-key", "title", "title-text", "choice", "choice-bar", "choice-key", "choice-name", "choice-about",
    "caution-cell", "fill", "mode-fill",
})  # fmt: skip
"""Inks that show on a blank cell: filled or underlined."""


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
            x = self.put(x, span.text, span.ink, span.act)
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
            _add(spans, span, x - at)
            at = x + size
        if at < self.width:
            spans.append(Span(" " * (self.width - at)))
        return Line(tuple(spans), self.paper, self.act)


def _add(spans: list[Span], span: Span, gap: int) -> None:
    """Append a span after a gap, in as few spans as look the same: fewer go to the terminal."""
    text = span.text
    if gap and (span.ink in SOLID or span.act):
        spans.append(Span(" " * gap))
    elif gap:
        text = " " * gap + text
    before = spans[-1] if spans else None
    if before is not None and before.ink == span.ink and before.act == span.act:
        spans[-1] = Span(before.text + text, span.ink, span.act)
    else:
        spans.append(span if text is span.text else Span(text, span.ink, span.act))


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
