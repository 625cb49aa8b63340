"""The dialogs: help, ticket, feeds, and the question on quitting. They lie below the alert slot, which stays lit."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from textual.geometry import Size

from tui import format as fmt
from tui.frame import Frame
from tui.line import Draft, Line, Span
from tui.painted import Painted
from tui.view import View

WIDTHS = {"help": 108, "ticket": 100, "feeds": 100, "shelve": 96, "quit": 84}
HEIGHTS = {"help": 26, "ticket": 20, "feeds": 22, "shelve": 12, "quit": 10}


class Spot(Struct, frozen=True):
    """Where a dialog lies."""

    offset: tuple[int, int]
    size: tuple[int, int]


def place_of(dialog: str, shape: Frame, width: int, height: int) -> Spot | None:
    """Below the alert slot and above the footer; None where there is no room for any."""
    if shape.kind == "line":
        return None
    wide = min(WIDTHS[dialog], width - 4 if shape.kind == "full" else width)
    top = shape.slot_end + 1 if shape.kind == "full" else 2
    high = min(HEIGHTS[dialog], height - top - (2 if height > 24 else 1))
    return Spot(((width - wide) // 2, top), (wide, high))


class Title(Struct, frozen=True):
    """The bar on top of a dialog."""

    name: str
    about: str
    right: str


def _title(view: View, wide: bool) -> Title:
    if view.dialog == "help":
        return Title("Help", "Overview", "esc closes")
    if view.dialog == "ticket":
        from tui.widgets.ticket import ticket_title

        return Title(
            "TICKET",
            ticket_title(view),
            "hedgetui cannot place it: type it in yourself" if wide else "cannot be placed from here",
        )
    if view.dialog == "feeds":
        from tui.widgets.feeds import feeds_title

        return Title("FEEDS", feeds_title(view), "esc closes")
    if view.dialog == "shelve":
        return Title("SHELVE", view.shelving.title if view.shelving is not None else "", "esc closes")
    return Title("Quit", "", "esc goes back")


def quit_body(view: View, width: int) -> list[Line]:
    """Why it asks, and the two ways out."""
    lines = []
    rows: tuple[tuple[Span, ...], ...] = (
        (),
        (Span(view.asks, "strong"),),
        (),
        (
            Span("enter", "key", "leave"),
            Span("  detach: close this screen, the monitor goes on watching", "text", "leave"),
        ),
        (Span("s", "key", "stop"), Span("      stop the monitor: nobody watches this book any more", "text", "stop")),
        (Span("esc", "key", "back"), Span("    stay", "text", "back")),
        (),
        (Span("Alerts stay open until somebody answers them, with or without a screen.", "muted"),),
    )
    for spans in rows:
        draft = Draft(width, "raised")
        draft.put_all(3, spans)
        lines.append(draft.line())
    return lines


def body_lines(view: View, width: int) -> list[Line]:
    """What the open dialog says; help, ticket and feeds are loaded when first asked for."""
    if view.dialog == "help":
        from tui.widgets.help import help_body

        return help_body(view, width)
    if view.dialog == "ticket":
        from tui.widgets.ticket import ticket_body

        return ticket_body(view, width)
    if view.dialog == "feeds":
        from tui.widgets.feeds import feeds_body

        return feeds_body(view, width)
    if view.dialog == "shelve":
        from tui.widgets.shelf import shelf_body

        return shelf_body(view, width)
    return quit_body(view, width)


def dialog_lines(view: View, width: int, height: int) -> list[Line]:
    """The open dialog, scrolled; its last line says what is still below."""
    if not view.dialog:
        return []
    title = _title(view, width >= 90)
    bar = Draft(width, "cursor")
    at = bar.put(2, title.name, "title") + 3
    end = bar.right(width - 2, title.right, "title-text") if width > 60 else width - 2
    bar.put(at, fmt.cut(title.about, end - at - 2), "title")
    body = body_lines(view, width)
    room = height - 1
    top = min(view.scroll, max(0, len(body) - room))
    shown = body[top : top + room]
    if top + room < len(body):
        more = Draft(width, "raised")
        more.put(3, "↓", "key", "down")
        more.put(5, f"{len(body) - top - room + 1} more lines", "muted", "down")
        shown[-1] = more.line()
    filler = Line((Span(" " * width),), "raised")
    return [bar.line(), *shown, *[filler] * (room - len(shown))]


class Dialog(Painted):
    """Whichever dialog is open."""

    DIMS = False

    def draw(self, view: View, size: Size) -> Sequence[Line]:
        return dialog_lines(view, size.width, size.height)

    def scrolled(self, view: View, step: int) -> int:
        """The first line after one step up or down."""
        length = len(body_lines(view, self.size.width)) if view.dialog else 0
        return max(0, min(view.scroll + step, length - (self.size.height - 1)))
