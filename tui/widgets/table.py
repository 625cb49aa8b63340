"""The table of hedges: lines for the rows in sight only, under a head that never moves."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from textual import events
from textual.geometry import Size

from tui import format as fmt
from tui.columns import Place, layout
from tui.format import cells
from tui.frame import BIG_HEIGHT, BIG_WIDTH, TALL
from tui.line import BLANK, Draft, Line
from tui.marks import RANK, alert_sign
from tui.painted import Chosen, Painted
from tui.rows import CHILD, NO_CELL, Cell, Drawn, drawn, rows
from tui.view import View

POINTS = {"spot": 6, "short": 7}
"""Cells before the decimal point, where points stand under each other."""


def head_line(width: int, places: Sequence[Place]) -> Line:
    """Names of the columns, over their figures."""
    draft = Draft(width)
    for place in places:
        if place.column.left:
            draft.put(place.start, place.column.head, "muted")
        else:
            draft.right(place.end, place.column.head, "muted")
    return draft.line()


class Look(Struct, frozen=True):
    """How lines are drawn on this terminal and width."""

    width: int
    places: Sequence[Place]
    ascii_only: bool = False
    pointer: bool = False
    """A ▸ beside the cursor bar, where there is no tint."""


def row_line(row: Drawn, row_id: str, look: Look, *, selected: bool) -> Line:
    """One line. Selection is a bar and a tint and changes no other colour."""
    draft = Draft(look.width, "cursor" if selected else "page", f"row:{row_id}")
    if selected:
        draft.put(0, "▌", "bar")
        if look.pointer and not look.ascii_only:
            draft.put(1, "▸", "bar")
    draft.put(1 if look.ascii_only else 2, row.sign.glyph, row.sign.ink)
    for place in look.places:
        if place.column.key == "asset":
            start = place.start + (2 if row.name.text == CHILD else 0)
            draft.put(start, fmt.cut(row.name.text, place.end - start), row.name.ink)
        else:
            _put(draft, row.cells.get(place.column.key, NO_CELL), place, look.ascii_only)
    return draft.line()


def _put(draft: Draft, cell: Cell, place: Place, ascii_only: bool) -> None:
    column, start, end = place.column, place.start, place.end
    text = fmt.cut(cell.text, end - start)
    if not text:
        return
    x = start if column.left else end - cells(text)
    if column.key in POINTS:
        padded = fmt.on_point(text, POINTS[column.key], end - start)
        x, text = start + len(padded) - len(padded.lstrip()), padded.strip()
    if cell.ink == "fill":
        draft.put(x - 1, f"[{text}]" if ascii_only else f" {text} ", cell.ink)
    else:
        draft.put(x, text + ("!" if ascii_only and cell.ink == "caution-cell" else ""), cell.ink)


def first_row(selected: int, shown: int, top: int, total: int) -> int:
    """The row at the top: as before, moved only as far as the selected one needs."""
    top = min(top, max(0, total - shown))
    if selected < 0:
        return top
    return min(max(top, selected - shown + 1), selected)


class HedgeTable(Painted):
    """The table under its rule. It keeps the scroll position; everything else is in the view."""

    top = 0

    def draw(self, view: View, size: Size) -> Sequence[Line]:
        width = size.width
        in_alert = {alert.cell for alert in view.snapshot.alerts if alert.cell}
        look = Look(width, layout(width, in_alert), view.ascii_only, self.inks.palette.plain)
        lines = [*self._above(width), head_line(width, look.places)]
        table = rows(view.figures, view.opened)
        room = max(1, size.height - len(lines))
        shown = room if len(table) <= room else max(1, room - 1)
        self.top = first_row(table.place(view.selected), shown, self.top, len(table))
        keys = tuple(place.column.key for place in look.places)
        end = min(len(table), self.top + shown)
        for row in map(table.line, range(self.top, end)):
            line = drawn(row, view, keys)
            lines.append(row_line(line, row.id, look, selected=row.id == view.selected))
        if len(table) > shown:
            lines.append(hidden_line(table.ids[: self.top], table.ids[end:], view, width))
        return lines

    def _above(self, width: int) -> list[Line]:
        height = self.screen.size.height
        if height < TALL:
            return [BLANK]
        draft = Draft(width)
        draft.put(4, "─" * (width - 6), "rule")
        return [BLANK, draft.line()] if height >= BIG_HEIGHT and width >= BIG_WIDTH else [draft.line()]

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.post_message(Chosen("down"))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.post_message(Chosen("up"))


def hidden_line(above: Sequence[str], below: Sequence[str], view: View, width: int) -> Line:
    """The table's last line when it scrolls: what is out of sight, alerts first."""
    draft = Draft(width)
    at = 4
    for side, hidden in (("below", set(below)), ("above", set(above))):
        alerts = [alert for alert in view.open_alerts if alert.asset in hidden]
        if alerts:
            sign = alert_sign(max(alerts, key=lambda alert: RANK[alert.level]), view.ascii_only)
            at = draft.put(at - 2, f"{sign.glyph} {len(alerts)} {side}", sign.ink) + 3
        if hidden:
            at = draft.put(at, f"{len(hidden)} rows {side}", "muted") + 3
    return draft.line()
