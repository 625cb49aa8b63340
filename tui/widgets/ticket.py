"""The ticket: each way out as a column, what it is, what it costs, and the figures after it beside those of now."""

from __future__ import annotations

import textwrap
from decimal import Decimal

from msgspec import Struct

from hedge.snapshot import AlertRow, AssetRow, PositionRow, Ticket
from tui import format as fmt
from tui.line import Draft, Line
from tui.marks import answered
from tui.view import View, clock
from tui.widgets.detail import selected_row

LEFT = 3


class Grid(Struct, frozen=True):
    """Where columns stand: NOW ends before `now`, ways out begin three cells on and take `each`."""

    now: int
    each: int

    def column(self, index: int) -> int:
        return self.now + 3 + index * self.each


NAMED_ALIKE = ("trim", "unwind")
"""Ways out whose name says more than the side of their order."""
WIDE = Grid(39, 26)
NARROW = Grid(33, 19)


class Subject(Struct, frozen=True):
    """What a ticket is about: an alert, or the selected row, with the figures of now."""

    title: str
    tickets: tuple[Ticket, ...]
    asset: AssetRow | None
    leg: PositionRow | None


def subject(view: View) -> Subject:
    """The alert on top, else the selected row."""
    figures = view.figures
    legs = {leg.id: leg for leg in figures.positions}
    assets = {asset.asset: asset for asset in figures.assets}
    alert = view.top
    if alert is not None:
        asset = assets.get(alert.asset or "")
        return Subject(alert.title, alert.tickets, asset, legs.get(alert.subject) or _only_leg(asset, legs))
    row = selected_row(view)
    if row is None:
        return Subject("", (), None, None)
    own = [alert for alert in view.snapshot.alerts if _about(alert, row.asset.asset, row.id)]
    tickets = tuple(ticket for alert in own for ticket in alert.tickets)
    return Subject(row.asset.asset, tickets, row.asset, row.leg)


def _about(alert: AlertRow, asset: str, row_id: str) -> bool:
    return alert.subject == row_id or alert.asset == asset


def _only_leg(asset: AssetRow | None, legs: dict[str, PositionRow]) -> PositionRow | None:
    return legs.get(asset.legs[0]) if asset is not None and len(asset.legs) == 1 else None


def ticket_title(view: View) -> str:
    """For the bar."""
    return subject(view).title


def ticket_body(view: View, width: int) -> list[Line]:
    """The columns; the order stands first, the state after it below."""
    about = subject(view)
    if not about.tickets:
        return _nothing(about, width)
    grid = WIDE if width >= WIDE.column(2) else NARROW
    count = max(1, min(len(about.tickets), (width - grid.column(0)) // grid.each))
    shown = about.tickets[:count]
    rows = _rows(about, shown)
    orders = [_order(ticket, grid.each) for ticket in shown]
    first = 2 + max(len(lines) for lines in orders)
    drafts = [Draft(width, "raised") for _ in range(first + len(rows))]
    drafts[1].right(grid.now, "NOW", "muted")
    drafts[2].put(LEFT, "order", "muted")
    for index, ticket in enumerate(shown):
        drafts[1].put(grid.column(index), f"{index + 1} {_name(ticket)}", "strong")
        for draft, line in zip(drafts[2:], orders[index], strict=False):
            draft.put(grid.column(index), line, "strong")
    for draft, (label, now, after) in zip(drafts[first:], rows, strict=True):
        draft.put(LEFT, label, "muted")
        draft.right(grid.now, now)
        for index, figure in enumerate(after):
            x = grid.column(index)
            draft.put(x if " " in figure or figure.isalpha() else x + max(0, 9 - len(figure)), figure)
    foot = (*_beside(shown, width), *_foot(view, about, len(about.tickets) - count, width))
    return [draft.line() for draft in (*drafts, *foot)]


def _beside(shown: tuple[Ticket, ...], width: int) -> list[Draft]:
    """What else the coin asks for, under the way out that it is about."""
    found: list[Draft] = []
    for number, ticket in enumerate(shown, 1):
        for line in textwrap.wrap(f"{number}  {ticket.beside}.", width - LEFT - 2) if ticket.beside else ():
            found.append(Draft(width, "raised"))
            found[-1].put(LEFT, line, "caution")
    return [Draft(width, "raised"), *found] if found else []


def _foot(view: View, about: Subject, more: int, width: int) -> list[Draft]:
    foot = [Draft(width, "raised") for _ in range(4)]
    if more > 0:
        foot[0].put(LEFT, f"and {more} more way{'s' if more > 1 else ''}", "muted")
    at = clock(view.figures.as_of)
    foot[1].put(LEFT, fmt.cut(f"Computed {at} UTC{_from(about)}. Nothing is ever sent.", width - 5), "muted")
    x = LEFT
    for key, words, act in (("a", "acknowledge", "acknowledge"), ("esc", "close", "back")):
        if act == "back" or (view.top is not None and not answered(view.top)):
            x = foot[3].put(x, key, "key", act)
            x = foot[3].put(x + 1, words, "text", act) + 3
    return foot


def _order(ticket: Ticket, width: int) -> list[str]:
    """The whole order, however many lines it takes: nothing of it may be cut. Waiting says what it risks."""
    words = ticket.words + (", reduce-only" if ticket.reduce_only and "reduce" not in ticket.words else "")
    if ticket.kind == "wait" and ticket.risk:
        words = f"{words}. {ticket.risk}"
    return textwrap.wrap(words, width - 1, break_on_hyphens=False) or [fmt.UNKNOWN]


def _name(ticket: Ticket) -> str:
    if ticket.remedy in NAMED_ALIKE:
        return ticket.remedy.upper()
    return {"sell": "SELL", "buy": "BUY BACK", "add_margin": "ADD MARGIN", "wait": "WAIT"}[ticket.kind]


def _rows(about: Subject, shown: tuple[Ticket, ...]) -> list[tuple[str, str, list[str]]]:
    """Label, figure of now, figures after; rows that no ticket speaks of are left out."""
    asset, leg = about.asset, about.leg
    rows = [
        ("cost", "", [_cost(ticket) for ticket in shown]),
        ("to liquidation %", fmt.distance(leg.to_liquidation, "") if leg else "",
         [_known(t.after.to_liquidation, fmt.distance) for t in shown]),
        ("liquidation price", fmt.price(leg.liquidation_price, leg.tick) if leg else "",
         [_known(t.after.liquidation_price, lambda p: fmt.price(p, leg.tick if leg else None)) for t in shown]),
        ("margin ratio %", fmt.percent(leg.margin_ratio) if leg else "",
         [_known(t.after.margin_ratio, fmt.percent) for t in shown]),
        (_ratio_label(asset), fmt.percent(asset.hedge_ratio) if asset else "",
         [_known(t.after.hedge_ratio, fmt.percent) for t in shown]),
        ("drift, points", fmt.percent(asset.drift, signed=True) if asset else "",
         [_known(t.after.drift, lambda d: fmt.percent(d, signed=True)) for t in shown]),
        ("dollar net", fmt.usd(asset.net_usd) if asset else "", [_known(t.after.net_usd, fmt.usd) for t in shown]),
        ("off plan USD", fmt.usd(asset.off_usd) if asset else "", [_known(t.after.off_usd, fmt.usd) for t in shown]),
        ("funding a day USD", fmt.usd(asset.funding_day_usd) if asset else "",
         [_known(t.after.funding_day_usd, fmt.usd) for t in shown]),
    ]  # fmt: skip
    return [row for row in rows if any(row[2])]


def _known(value: Decimal | None, write: object) -> str:
    return "" if value is None or not callable(write) else str(write(value))


def _ratio_label(asset: AssetRow | None) -> str:
    if asset is None or asset.target_ratio is None:
        return "hedge %"
    return f"hedge %, target {fmt.percent(asset.target_ratio, 0)}"


def _cost(ticket: Ticket) -> str:
    if ticket.fee_usd is None:
        return "nothing" if ticket.kind in ("add_margin", "wait") else fmt.UNKNOWN
    return f"{fmt.number(ticket.fee_usd, 2)} USD fee" if ticket.fee_usd else "nothing"


def _from(about: Subject) -> str:
    if about.leg is None or about.leg.mark is None:
        return ""
    age = fmt.age(about.leg.ages.mark)
    return f" from mark {fmt.price(about.leg.mark, about.leg.tick)}, {age if age == 'live' else age + ' old'}"


def _nothing(about: Subject, width: int) -> list[Line]:
    draft = Draft(width, "raised")
    draft.put(3, f"Nothing to do for {about.title}: no alert of it asks for an order." if about.title else "No row.")
    close = Draft(width, "raised")
    close.put(close.put(3, "esc", "key", "back") + 1, "close", "text", "back")
    blank = Draft(width, "raised")
    return [blank.line(), draft.line(), blank.line(), close.line()]
