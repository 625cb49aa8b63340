"""The one kind of widget on this screen: lines computed from a value, painted by the Line API, changed lines only."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.format import cells, cut, plain
from tui.ink import Inks
from tui.line import BLANK, Line, Span
from tui.view import EMPTY_VIEW, View


class Chosen(Message):
    """The mouse chose something: the id of a command, or `row:` and the id of a row."""

    def __init__(self, act: str) -> None:
        super().__init__()
        self.act = act


class Broken(Message):
    """A panel could not be painted: which, and why."""

    def __init__(self, panel: str, words: str) -> None:
        super().__init__()
        self.panel = panel
        self.words = words


class Painted(Widget):
    """A panel. `lines` is a pure function of the view and the size; nothing here ever asks for a new layout."""

    can_focus = False
    ALLOW_SELECT = False
    DIMS = True
    """Whether it steps back while a dialog is open."""

    def __init__(self, inks: Inks, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.inks = inks
        self.view = EMPTY_VIEW
        self.lines: tuple[Line, ...] = ()
        self._dimmed = False
        self._strips: dict[int, Strip] = {}

    def draw(self, view: View, size: Size) -> Sequence[Line]:
        """The lines of this panel, from the top; what is missing below stays blank."""
        raise NotImplementedError

    def show(self, view: View) -> None:
        """Take a new view and repaint the lines that it changes."""
        self.view = view
        if self.size:
            self._repaint()

    def _repaint(self, everything: bool = False) -> None:
        lines = tuple(self._drawn())
        dimmed = self.DIMS and bool(self.view.dialog)
        everything = everything or dimmed != self._dimmed
        before, self.lines, self._dimmed = self.lines, lines, dimmed
        if everything:
            self._strips.clear()
            self.refresh()
            return
        width = self.size.width
        changed = [
            y
            for y in range(max(len(before), len(lines)))
            if (before[y] if y < len(before) else BLANK) != (lines[y] if y < len(lines) else BLANK)
        ]
        for y in changed:
            self._strips.pop(y, None)
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def _drawn(self) -> Sequence[Line]:
        """The lines, or, where drawing them fails, what failed: one broken panel must not take the others along."""
        try:
            return self.draw(self.view, self.size)
        except Exception as error:  # noqa: BLE001 - shown in its place
            self.post_message(Broken(type(self).__name__, f"{type(error).__name__}: {error}"))
            words = f"This panel cannot be painted: {type(error).__name__}: {error}"
            return (Line((Span(cut(words, self.size.width), "warning-bold"),)),)

    def on_resize(self, event: events.Resize) -> None:
        event.stop()
        if self.size:
            self._repaint(everything=True)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Strips for the visible part; kept until their line changes."""
        return [self._strip(y).crop(crop.x, crop.right) for y in range(crop.y, crop.bottom)]

    def _strip(self, y: int) -> Strip:
        strip = self._strips.get(y)
        if strip is None:
            line = self.lines[y] if y < len(self.lines) else BLANK
            strip = self._strips[y] = self._inked(line)
        return strip

    def _inked(self, line: Line) -> Strip:
        styles, width = self.inks.table(line.paper, self._dimmed), self.size.width
        ascii_only, length, segments = self.view.ascii_only, 0, []
        for span in line.spans:
            text = plain(span.text) if ascii_only else span.text
            length += cells(text)
            segments.append(Segment(text, styles[span.ink]))
        strip = Strip(segments, length)
        return strip if length == width else strip.adjust_cell_length(width, styles["text"])

    def on_click(self, event: events.Click) -> None:
        """Pass on what the text under the pointer stands for."""
        event.stop()
        line = self.lines[event.y] if event.y < len(self.lines) else BLANK
        act, at = line.act, 0
        for span in line.spans:
            at += cells(span.text)
            if event.x < at:
                act = span.act or act
                break
        if act:
            self.post_message(Chosen(act))
