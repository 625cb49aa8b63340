"""What is left of the screen on a phone: the worst alert, its order, the distances; on less, one honest line."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from textual.geometry import Region, Size
from textual.strip import Strip

from tui import format as fmt
from tui.columns import Column, Place
from tui.frame import COMPACT_HEIGHT, COMPACT_WIDTH
from tui.guard import Painting
from tui.ink import Inks
from tui.line import BLANK, Draft, Line, Span
from tui.marks import WORDS, alert_sign, answered, over
from tui.painted import Painted
from tui.rows import drawn, rows
from tui.view import View, clock
from tui.widgets.footer import footer_line
from tui.widgets.header import badge
from tui.widgets.slot import waiting
from tui.widgets.table import Look, first_row, head_line, hidden_line, row_line


def one_line(view: View, width: int) -> Line:
    """`3 open, worst WARNING`, with the mode before it."""
    draft = Draft(width)
    at = 0
    if view.snapshot.mode != "live":
        at = draft.put(0, view.snapshot.mode.upper(), "mode-fill") + 1
    alerts = view.open_alerts
    if view.lost is not None:
        draft.put(at, fmt.cut(f"NOT WATCHING since {view.lost.since}", width - at), "fill")
    elif view.silent_s is not None:
        draft.put(at, fmt.cut(f"STALE {fmt.age(view.silent_s)}", width - at), "fill")
    elif alerts:
        worst = alerts[0]
        ink = "fill" if worst.level == "warning" and not answered(worst) else f"{worst.level}-bold"
        draft.put(at, fmt.cut(f"{len(alerts)} open, worst {WORDS[worst.level]}", width - at), ink)
    else:
        draft.put(at, fmt.cut("all quiet" if view.snapshot.as_of else "waiting", width - at), "muted")
    return draft.line()


def compact_lines(view: View, width: int, height: int) -> list[Line]:
    """Header, band, order, and rows of state, asset, drift, distance and age."""
    lines = [_header(view, width), *_alert(view, width, max(2, height // 2 - 2))]
    table = _rows(view, width, height - len(lines) - 1)
    space = [BLANK] * (height - len(lines) - len(table) - 1)
    return [*lines, *table, *space, footer_line(view, width, small=True)]


def _header(view: View, width: int) -> Line:
    draft = Draft(width, "raised")
    at = 1
    if view.snapshot.mode != "live":
        at = draft.put(0, f" {badge(view.snapshot)} ", "mode-fill") + 1
    when = draft.right(width - 1, clock(view.snapshot.as_of, short=True), "caution" if view.blind else "text")
    count = f"{len(view.open_alerts)} open" if view.open_alerts else ""
    end = draft.right(when - 2, count, "strong") - 2 if count else when - 2
    draft.put(at, fmt.cut(view.snapshot.portfolio or "hedgetui", end - at), "strong")
    return draft.line()


def _alert(view: View, width: int, room: int) -> list[Line]:
    if view.lost is not None or view.silent_s is not None:
        words = view.lost.reason if view.lost else f"Nothing from the monitor for {fmt.age(view.silent_s)}."
        head = f" NOT WATCHING since {view.lost.since}" if view.lost else " STALE"
        return [Line((Span(fmt.cut(head, width).ljust(width), "fill"),), "tint"), *_wrapped(words, width, room - 1)]
    alert = view.top
    if alert is None:
        return [Line((Span(" All quiet" if view.snapshot.as_of else " Waiting for the monitor", "strong"),))]
    filled = alert.level == "warning" and not answered(alert) and not over(alert)
    ink = "fill" if filled else f"{alert.level}-bold"
    draft = Draft(width, "tint" if alert.level == "warning" else "page")
    sign = alert_sign(alert, view.ascii_only)
    draft.put(0, sign.glyph, ink)
    end = draft.right(width - 1, fmt.elapsed(alert.unanswered_s) if not answered(alert) else waiting(alert)[:14], ink)
    draft.put(3, fmt.cut(alert.title or alert.message, end - 4), ink)
    line = draft.line()
    band = Line(tuple(Span(span.text, "fill") for span in line.spans), line.paper) if filled else line
    said = f"{alert.order}{alert.order_rest}" or f"{alert.fact}{alert.fact_rest}"
    return [band, *_wrapped(said, width, room - 1)]


def _wrapped(words: str, width: int, room: int) -> list[Line]:
    lines = textwrap.wrap(
        words, max(10, width - 3), max_lines=max(1, room), placeholder=fmt.ELLIPSIS, break_on_hyphens=False
    )
    return [Line((Span(f" {line}", "strong"),)) for line in lines]


def _rows(view: View, width: int, room: int) -> list[Line]:
    if room < 2:
        return []
    look = Look(width, _places(width), view.ascii_only)
    table = rows(view.figures, view.opened)
    shown = room - 1 if len(table) <= room - 1 else max(1, room - 2)
    top = first_row(table.place(view.selected), shown, 0, len(table))
    end = min(len(table), top + shown)
    keys = tuple(place.column.key for place in look.places)
    lines = [head_line(width, look.places)]
    for row in map(table.line, range(top, end)):
        lines.append(row_line(drawn(row, view, keys), row.id, look, selected=row.id == view.selected))
    return [*lines, hidden_line(table.ids[:top], table.ids[end:], view, width)] if len(table) > shown else lines


def _places(width: int) -> list[Place]:
    """ASSET, DRIFT, TO LIQ %, AGE; the space between them grows with the width."""
    free = max(0, width - 36) // 3
    drift = 12 + free
    distance = drift + 9 + free
    return [
        Place(Column("asset", "ASSET", "", 7, 0, left=True), 4, 11),
        Place(Column("drift", "DRIFT", "", 6, 0), drift, drift + 6),
        Place(Column("to_liquidation", "TO LIQ %", "", 8, 0), distance, distance + 8),
        Place(Column("age_s", "AGE", "", 5, 0), width - 6, width - 1),
    ]


class Small(Painted):
    """The whole screen where the full one does not fit."""

    DIMS = False

    def __init__(self, inks: Inks, painting: Painting) -> None:
        super().__init__(inks)
        self._painting = painting

    def draw(self, view: View, size: Size) -> Sequence[Line]:
        if _tiny(size):
            return [one_line(view, size.width)]
        return compact_lines(view, size.width, size.height)

    def render_lines(self, crop: Region) -> list[Strip]:
        self._painting.note(() if _tiny(self.size) else self.view.banner)
        return super().render_lines(crop)


def _tiny(size: Size) -> bool:
    return size.width < COMPACT_WIDTH or size.height < COMPACT_HEIGHT
