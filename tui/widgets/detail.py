"""The selected row: every figure with source and age, and the way its distance to liquidation went."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from hedge.liquidation import ends_on_rise
from hedge.snapshot import PositionRow
from monitor.messages import Points
from tui import format as fmt
from tui.chart import Bound, Scale, curve, digits, sampled
from tui.columns import group_starts
from tui.format import cells
from tui.frame import DETAIL_LEAST, TALL
from tui.line import BLANK, Draft, Line, Span
from tui.painted import Painted
from tui.rows import Row, rows
from tui.view import View, clock, moment
from tui.widgets.facts import Fact, facts, more_facts, title
from tui.widgets.side import side_panel

CHART_FROM = 100
"""Width from which the chart stands beside the facts."""
BLOCK_LEAST = 7
"""A short screen shows one line of figures, unless so many rows are free."""
CHART_ROWS = 5
"""With fewer the chart says nothing."""
SIDE_FROM = 190
SIDE_AT = 141
TALL_BODY = 20
"""From so many rows on there is room for a second chart."""
FACTS = 4
"""Where the list of facts begins."""
DAY_S = 86_400


def selected_row(view: View) -> Row | None:
    """The row under the cursor."""
    table = rows(view.figures, view.opened)
    at = table.place(view.selected)
    return None if at < 0 else table.line(at)


def distance_path(leg: PositionRow) -> str:
    """Where the monitor keeps the history of a leg's distance."""
    return f"positions.{leg.id}.to_liquidation"


def basis_path(leg: PositionRow) -> str:
    """Where the monitor keeps the history of a leg's basis."""
    return f"positions.{leg.id}.basis_pct"


def detail_lines(view: View, width: int, height: int) -> list[Line]:
    """A titled block where there is room, one line of the chief figures where there is not."""
    row = selected_row(view)
    if row is None or height <= 0:
        return []
    if height < DETAIL_LEAST:
        return [BLANK, one_line(row, view, width)][-height:]
    airy = height >= 11
    drafts = [Draft(width) for _ in range(height)]
    top = 1 if height >= BLOCK_LEAST else 0
    _titled(drafts[top], title(row))
    first = top + (2 if airy else 1)
    body = drafts[first : height - 1 if airy else height]
    _body(body, row, view, width)
    return [draft.line() for draft in drafts]


def _body(body: Sequence[Draft], row: Row, view: View, width: int) -> None:
    """Facts on the left, charts in the middle; on a very large screen feeds and stamps on the right."""
    start = group_starts(width)["hedge"]
    charted = width >= CHART_FROM
    end = start if charted else width
    known = facts(row, view)
    _fact_rows(body, known, end, view.blind)
    leg = row.leg
    if leg is not None:
        _fact_rows(body[len(known) + 1 :], more_facts(leg, view), end, view.blind)
    tall, right = len(body) >= TALL_BODY, SIDE_AT - 3 if width >= SIDE_FROM else width
    if leg is not None and charted and len(body) >= CHART_ROWS:
        _distance_chart(body[: 14 if tall else len(body)], view, leg, start, right)
        if tall:
            _basis_chart(body[16:26], view, leg, start, right)
    if tall and width >= SIDE_FROM:
        side_panel(body, view, SIDE_AT, width)


def _titled(draft: Draft, words: str) -> None:
    draft.put(0, "─" * 3, "rule")
    at = draft.put(4, fmt.cut(words, draft.width - 8), "strong") + 1
    draft.put(at, "─" * (draft.width - at), "rule")


def one_line(row: Row, view: View, width: int) -> Line:
    """The chief figures of a row in one line, as many as fit."""
    draft = Draft(width)
    at = draft.put(4, row.leg.asset if row.child and row.leg else row.asset.asset, "strong") + 2
    known = {fact.label: fact for fact in facts(row, view)}
    wanted = ("mark", "liquidation", "margin", "margin ratio", "held", "price", "value", "target", "index", "leverage")
    for label in wanted:
        fact = known.get(label)
        if fact is None:
            continue
        unit = f" {fact.unit}" if fact.unit and label not in ("mark", "liquidation", "index") else ""
        figure = (fact.short or fact.figure) + unit
        if at + cells(label) + 1 + cells(figure) > width - 1:
            break
        at = draft.put(at, label, "muted") + 1
        at = draft.put(at, figure, "stale" if fact.stale or view.old else "text") + 2
    return draft.line()


def _fact_rows(body: Sequence[Draft], known: Sequence[Fact], end: int, blind: bool) -> None:
    """Label, figure on its decimal point, unit, source."""
    x = FACTS
    for draft, fact in zip(body, known, strict=False):
        draft.put(x, fact.label, "muted")
        figure = fmt.on_point(fact.figure, 9, 13)
        draft.put(
            x + 11 + len(figure) - len(figure.lstrip()), figure.strip(), "stale" if fact.stale or blind else "text"
        )
        there = fact.figure != fmt.UNKNOWN
        source_x = x + (31 if there else 25)
        draft.put(x + 25, fact.unit if there else "", "muted")
        draft.put(source_x, fmt.cut(fact.source, end - 1 - source_x), "caution" if fact.stale else "muted")


def _bounds(view: View) -> list[Bound]:
    """The levels in force, and the end."""
    levels = view.snapshot.levels.get("liquidation", {})
    inks = {"advisory": "", "caution": "caution", "warning": "warning"}
    lines = [Bound(float(value), f"{fmt.percent(value, 0)} {name}", inks[name]) for name, value in levels.items()]
    return [*lines, Bound(0.0, "0 liquidated", "")]


def _distance_chart(body: Sequence[Draft], view: View, leg: PositionRow, x: int, end: int) -> None:
    rise = ends_on_rise(
        side=leg.side, mark=leg.mark, liquidation_price=leg.liquidation_price, distance=leg.to_liquidation
    )
    move = "RALLY" if rise else "FALL"
    now = fmt.distance(leg.to_liquidation, leg.why.get("liquidation_price", ""))
    points = view.past.get(distance_path(leg))
    if now == "never":
        body[0].put(x, f"{move} TO LIQUIDATION", "muted")
        body[2].put(x, "never: no price liquidates it")
        return
    _chart(body, _Plot(f"{move} TO LIQUIDATION %", now, points, tuple(_bounds(view)), view), x, end)


def _basis_chart(body: Sequence[Draft], view: View, leg: PositionRow, x: int, end: int) -> None:
    now = fmt.percent(leg.basis_pct, 2, signed=True)
    _chart(body, _Plot("BASIS %", now, view.past.get(basis_path(leg)), (), view), x, end)


class _Plot:
    """A chart's title, its newest figure, its past and its bounds."""

    def __init__(self, name: str, now: str, points: Points | None, bounds: tuple[Bound, ...], view: View) -> None:
        self.name = name
        self.now = now
        self.points = points
        self.bounds = bounds
        self.view = view


def _chart(body: Sequence[Draft], plot: _Plot, x: int, end: int) -> None:
    """Title, curve and level lines, time axis. Without enough history the words of the monitor stand in its place."""
    width = end - x - 14
    points = plot.points
    if points is None or len(points.values) < 2 or width < 12:
        body[0].put(x, plot.name, "muted")
        waiting = "its history has not come yet" if points is None else points.needs or "no history yet"
        body[2].put(x, fmt.cut(waiting, end - x - 1), "muted")
        return
    span = min(DAY_S, max(points.ages_s))
    values = [float(value) for value in points.values]
    floor = min([*values, *(bound.value for bound in plot.bounds)])
    scale = Scale(floor, max([*values, *(bound.value for bound in plot.bounds)]))
    line = sampled(points.ages_s, values, width * 2, span)
    body[0].put(x, f"{plot.name}, {_span(span)}", "muted")
    field = body[1:-1]
    if plot.view.ascii_only:
        field[0].put(x, digits(line, width, scale))
        field[1].put(x, f"0 is {scale.low * 100:.2f} %, 9 is {scale.high * 100:.2f} %", "muted")
    else:
        for draft, spans in zip(field, curve(line, width, len(field), scale, plot.bounds), strict=True):
            draft.put_all(x, spans)
        for bound in plot.bounds:
            field[scale.dot(bound.value, len(field)) // 4].put(x + width + 1, bound.label, "muted")
    body[-1].put(x, _start(plot.view, span), "muted")
    body[-1].right_all(x + width, (Span("now ", "muted"), Span(plot.now)))


def _span(seconds: float) -> str:
    if seconds >= 0.95 * DAY_S:
        return "24 h"
    return f"{seconds / 3600:.0f} h" if seconds >= 5400 else f"{max(1, seconds / 60):.0f} min"


def _start(view: View, span: float) -> str:
    at = moment(view.snapshot.as_of)
    if at is None:
        return ""
    begin = at.fromtimestamp(at.timestamp() - span, at.tzinfo)
    day = " yesterday" if begin.date() != at.date() else ""
    return clock(begin.isoformat(), short=True) + day


class Detail(Painted):
    """The detail of the selected row."""

    def draw(self, view: View, size: Size) -> Sequence[Line]:
        one_line_only = self.screen.size.height < TALL and size.height < BLOCK_LEAST
        return detail_lines(view, size.width, min(size.height, 3) if one_line_only else size.height)
