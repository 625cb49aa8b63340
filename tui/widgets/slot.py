"""The alert slot: a fixed place for what waits for a person, and for how calm it is when nothing does."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import set_cell_size
from textual.geometry import Region, Size
from textual.strip import Strip

from hedge.snapshot import AlertRow
from tui import format as fmt
from tui.commands import SLOT_COMMANDS
from tui.format import cells
from tui.guard import Painting
from tui.ink import Inks
from tui.line import BLANK, Draft, Line, Span, joined
from tui.marks import STALE, WORDS, alert_sign, answered, over
from tui.painted import Painted
from tui.view import View, clock
from tui.widgets.quiet import limit_lines, quiet_lines

TITLE = 13
"""Where the words of an alert begin, after its sign and level."""


def slot_lines(view: View, width: int, height: int) -> list[Line]:
    """All lines of the slot, exactly `height` of them."""
    lines = _blind_lines(view, width)
    room = height - len(lines)
    if view.top is None:
        lines += quiet_lines(view, width, room)
    elif over(view.top):
        lines += [_over_line(view, view.top, width), *_under_over(view, width, room - 1)]
    else:
        lines += _banner(view, view.top, width, room)
    return [*lines, *[BLANK] * height][:height]


def _under_over(view: View, width: int, room: int) -> list[Line]:
    """Below an alert that is over: the other alerts, or how near the nearest limits are."""
    if len(view.open_alerts) > 1:
        return _all_others(view, width, room)
    limits = limit_lines(view.snapshot.limits, width) if view.snapshot.limits else []
    return ([BLANK, *limits] if room > len(limits) else limits)[:room]


def _blind_lines(view: View, width: int) -> list[Line]:
    """Over everything else: nobody is watching, or nobody says so."""
    if view.lost is not None:
        since = f" since {view.lost.since} UTC" if view.lost.since else ""
        draft = Draft(width, "tint")
        draft.put(0, "▌", "fill-bar")
        end = draft.right_all(width - 1, (Span("r", "key", "revive"), Span(" watch again", "text", "revive")))
        draft.put(3, fmt.cut(view.lost.reason, end - 5), "strong")
        return [_filled(f" {_loud(view)} NOT WATCHING{since}", width), draft.line()]
    if view.silent_s is not None:
        stale, gone = STALE[view.ascii_only], fmt.age(view.silent_s)
        words = f"nothing from the monitor for {gone}; every figure is as of {clock(view.snapshot.as_of)}"
        return [_filled(f" {stale} STALE     {words}", width)]
    return []


def _filled(words: str, width: int) -> Line:
    return Line((Span(set_cell_size(fmt.cut(words, width), width), "fill"),), "tint")


def _loud(view: View) -> str:
    return "!" if view.ascii_only else "▲"


def _banner(view: View, alert: AlertRow, width: int, room: int) -> list[Line]:
    """Band, what, do, keys, and the next alerts in the lines that are left."""
    paper = "tint" if alert.level == "warning" else "page"
    body = [
        _sentence(alert.fact, alert.fact_rest, width, paper),
        _sentence(alert.order, alert.order_rest, width, paper),
        _keys(view, width, paper, count=room > 5),
    ]
    lines = [_band(view, alert, width), *(body if room >= 4 else body[: max(0, room - 1)])]
    return lines + _other_lines(view, width, room - len(lines))


def _band(view: View, alert: AlertRow, width: int) -> Line:
    filled = alert.level == "warning" and not answered(alert)
    ink = "fill" if filled else f"{alert.level}-bold"
    plain_ink = "fill" if filled else "text"
    draft = Draft(width, "tint" if alert.level == "warning" else "page")
    sign = alert_sign(alert, view.ascii_only)
    draft.put(1 if cells(sign.glyph) == 1 else 0, sign.glyph, ink)
    if alert.level == "warning" and not filled:
        draft.put(0, "▌", "fill-bar")
    draft.put(3, WORDS[alert.level], ink)
    place = f"{min(view.alert, len(view.open_alerts) - 1) + 1} of {len(view.open_alerts)}"
    who = "fill" if filled else "text" if answered(alert) else alert.level
    end = draft.right_all(width - 1, (Span(waiting(alert, view.silent_s), who), Span(f"   {place}", plain_ink)))
    draft.put(TITLE, fmt.cut(alert.title, end - TITLE - 1), ink)
    line = draft.line()
    return Line(tuple(Span(s.text, "fill", s.act) for s in line.spans), line.paper) if filled else line


def waiting(alert: AlertRow, silent_s: float | None = None) -> str:
    """Who has answered and when it asks again, or for how long nobody has."""
    if not answered(alert):
        gone = alert.unanswered_s
        return f"unanswered {fmt.elapsed(gone if gone is None else gone + (silent_s or 0))}"
    words = f"answered {clock(alert.answered_at, short=True)}" if alert.answered_at else "answered"
    if alert.answered_by:
        words += f" by {fmt.cut(alert.answered_by, 16)}"
    return words if alert.asks_again_s is None else f"{words}, asks again in {fmt.elapsed(alert.asks_again_s)}"


def _sentence(strong: str, rest: str, width: int, paper: str) -> Line:
    """One part of an alert's sentence; what does not fit goes clause by clause, with a mark."""
    draft = Draft(width, paper)
    if paper == "tint":
        draft.put(0, "▌", "fill-bar")
    room = width - 4
    draft.put_all(3, joined((Span(strong, "strong"), Span(clauses(rest, room - cells(strong)))), room))
    return draft.line()


def clauses(text: str, room: int) -> str:
    """As many whole clauses of a sentence as fit, so that no figure is cut in the middle; then a mark."""
    if text and (text[0].isalnum() or text[0] == "("):
        text = f" {text}"
    if cells(text) <= room:
        return text
    for mark in (". ", "; ", ", ", " "):
        at = text.rfind(mark, 1, max(1, room - 1))
        if at > 0:
            return text[: at + (1 if mark == ". " else 0)] + ("" if mark == ". " else fmt.ELLIPSIS)
    return fmt.ELLIPSIS if text.strip() and room > 0 else ""


def _keys(view: View, width: int, paper: str, *, count: bool) -> Line:
    """What can be done about it, and how many alerts have no line in the slot."""
    draft = Draft(width, paper)
    if paper == "tint":
        draft.put(0, "▌", "fill-bar")
    at = 3
    for command in SLOT_COMMANDS:
        if command.offered(view):
            at = draft.put(at, command.shown, "key", command.id)
            at = draft.put(at + 1, command.label, "text", command.id) + 3
    more = len(view.open_alerts) - 3
    if count and more > 0:
        draft.right(width - 1, f"and {more} more", "muted")
    return draft.line()


def _over_line(view: View, alert: AlertRow, width: int) -> Line:
    """Its cause is gone; one line until it is answered or reset."""
    draft = Draft(width, "raised")
    sign = alert_sign(alert, view.ascii_only)
    draft.put(1 if cells(sign.glyph) == 1 else 0, sign.glyph, sign.ink)
    latched = alert.state.startswith("latch")
    draft.put(3, "RESET?" if latched else "OVER", sign.ink)
    key, act, words = ("R", "reset", "reset") if alert.state == "latch_ack" else ("a", "acknowledge", "acknowledge")
    end = draft.right_all(width - 1, (Span(key, "key", act), Span(f" {words}", "text", act)))
    said = f"{alert.fact}{clauses(alert.fact_rest, 999)}" or alert.message
    draft.put(TITLE, _over_words(alert.title, said, end - TITLE - 2))
    return draft.line()


def _over_words(title: str, said: str, room: int) -> str:
    """Title and what is known, the venue left out first, then the last clause."""
    short = title.rpartition(" · ")[0] or title
    for words in (f"{title}. {said}", f"{short}. {said}"):
        if cells(words) <= room:
            return words
    at = said.rfind(", ")
    return fmt.cut(f"{short}. {said[:at]}{fmt.ELLIPSIS}" if at > 0 else f"{short}. {said}", room)


def _others(view: View) -> list[AlertRow]:
    """All alerts but the one in the slot, what matters most first."""
    at = min(view.alert, len(view.open_alerts) - 1)
    return [*view.open_alerts[:at], *view.open_alerts[at + 1 :]]


def _all_others(view: View, width: int, room: int) -> list[Line]:
    """A line for each other alert, and the count of those that find none."""
    others = _others(view)
    if len(others) <= room:
        return [_alone(view, alert, width) for alert in others]
    if room < 2:
        return _other_lines(view, width, room)
    more = Draft(width)
    more.put(3, f"and {len(others) - room + 1} more", "muted")
    return [*(_alone(view, alert, width) for alert in others[: room - 1]), more.line()]


def _other_lines(view: View, width: int, room: int) -> list[Line]:
    """The next two alerts: a line each, or all in one line where there is only one."""
    others = _others(view)
    if room <= 0 or not others:
        return []
    return [_together(view, others, width)] if room == 1 else [_alone(view, a, width) for a in others[: min(room, 2)]]


def _alone(view: View, alert: AlertRow, width: int) -> Line:
    draft = Draft(width)
    sign = alert_sign(alert, view.ascii_only)
    draft.put(1 if cells(sign.glyph) == 1 else 0, sign.glyph, sign.ink)
    draft.put(3, WORDS[alert.level], sign.ink)
    ink = "muted" if answered(alert) else alert.level
    when = waiting(alert, view.silent_s) if not answered(alert) else f"answered {clock(alert.answered_at, short=True)}"
    end = draft.right(width - 1, when, ink)
    draft.put_all(TITLE, _told(alert, end - TITLE - 2))
    return draft.line()


def _told(alert: AlertRow, room: int) -> tuple[Span, ...]:
    """The whole sentence with the order in bold, in whole clauses."""
    words = clauses(alert.message or f"{alert.fact}{alert.fact_rest} {alert.order}{alert.order_rest}", room + 1).strip()
    before, order, after = words.partition(alert.order) if alert.order else (words, "", "")
    return joined((Span(before), Span(order, "strong"), Span(after)), room)


def _together(view: View, others: Sequence[AlertRow], width: int) -> Line:
    """Signs and facts of all other alerts in one line, each cut to its share."""
    draft = Draft(width)
    shown = others[:2]
    more = f"  and {len(others) - 2} more" if len(others) > 2 else ""
    share = (width - 2 - cells(more)) // len(shown) - 5
    at = 1
    for alert in shown:
        sign = alert_sign(alert, view.ascii_only)
        at = draft.put(at, sign.glyph, sign.ink) + 1
        ink = "muted" if answered(alert) else alert.level
        at = draft.put(at, _in_short(alert, share), ink) + 3
    draft.put(at - 1, more.strip(), "muted")
    return draft.line()


def _in_short(alert: AlertRow, room: int) -> str:
    """Its sentence as far as it fits, cut between words."""
    words = alert.message or alert.title
    if cells(words) <= room:
        return words
    whole = words.rfind(". ", 0, room)
    if whole > room // 2:
        return words[: whole + 1]
    at = words.rfind(" ", 0, room)
    return f"{words[:at]}{fmt.ELLIPSIS}" if at > 0 else fmt.cut(words, room)


class AlertSlot(Painted):
    """The slot. It is never dimmed, and notes when its top alert is painted."""

    DIMS = False

    def __init__(self, inks: Inks, painting: Painting) -> None:
        super().__init__(inks)
        self._painting = painting

    def draw(self, view: View, size: Size) -> Sequence[Line]:
        return slot_lines(view, size.width, size.height)

    def render_lines(self, crop: Region) -> list[Strip]:
        self._painting.note(self.view.banner)
        return super().render_lines(crop)
