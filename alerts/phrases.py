"""What sentences of alerts are made of: a title, a fact with its limit, an order with what it achieves."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct

from alerts import figures
from alerts.scene import Scene
from alerts.values import Alert
from hedge.snapshot import PositionRow, Ticket

AT_THIS_PACE = "At this pace"


class Said(Struct, frozen=True):
    """An alert in words. `fact` and `order` are the bold beginnings of their lines."""

    title: str
    fact: str
    fact_rest: str = "."
    order: str = ""
    order_rest: str = ""
    about: str = ""
    """Who the fact's `it` is, for a line without the title: `SOL short on bybit`."""
    asset: str | None = None
    cell: str | None = None


def sentences(text: str) -> list[str]:
    """The sentences of a text; a point inside a figure ends none."""
    return re.split(r"(?<=\.) ", text)


def fit(bold: str, rest: str, cells: int) -> str:
    """As much of `rest` as stands beside `bold` in one line: whole sentences, the first one always, cut if it must."""
    kept, *more = sentences(rest)
    for sentence in more:
        if len(bold) + len(kept) + 1 + len(sentence) > cells:
            break
        kept = f"{kept} {sentence}"
    if len(bold) + len(kept) <= cells:
        return kept
    return kept[: max(0, cells - len(bold) - 1)].rstrip() + "…"


def order_of(tickets: tuple[Ticket, ...], said: str = "") -> tuple[str, str]:
    """The best thing to do, in bold, then what it achieves, how much more achieves more, and the second-best way.

    `said` is a venue that the title names already."""
    if not tickets:
        return "", ""
    first = tickets[0]
    words, where = _words(first, said), ""
    tail = f" on {first.venue}"
    if first.notional_usd is not None and words.endswith(tail) and "(" not in words:
        words, where = words.removesuffix(tail), f" ({figures.usd(first.notional_usd)}){tail}"
    risk = f": {first.risk[:1].lower()}{first.risk[1:]}" if first.kind == "wait" and first.risk else ""
    rest = where + _effect(first, said) + risk
    other = next((one for one in tickets if one.kind not in (first.kind, "wait") and one.words), None)
    for more in tickets[1:]:
        if more.kind == first.kind == "add_margin" and more.amount is not None and more.currency:
            rest += f", {figures.trimmed(more.amount)} {more.currency}{_effect(more, said)}"
    if other is not None:
        words_too = _words(other, said)
        comma = "," if "," in words_too else ""
        rest += f". Or {words_too[:1].lower()}{words_too[1:]}{comma}{_effect(other, said)}"
    return words, f"{rest}. {first.beside}." if first.beside else f"{rest}."


def _words(ticket: Ticket, said: str) -> str:
    words = ticket.words.rstrip(".,")
    return words.replace(f" on {said}", "") if said else words


def _effect(ticket: Ticket, said: str) -> str:
    """What it achieves; an alert about liquidation need not say to what the distance is."""
    effect = ticket.effect.strip().rstrip(".").replace(".0 %", " %")
    if said:
        effect = effect.removesuffix(" to liquidation")
    return f" {effect}" if effect else ""


def leg_title(what: str, leg: PositionRow | None, alert: Alert) -> str:
    """`Liquidation · SOL short · bybit`."""
    return f"{what} · {alert.subject}" if leg is None else f"{what} · {leg.asset} {leg.side} · {leg.venue}"


def about(leg: PositionRow | None, alert: Alert) -> str:
    """Who the fact's `it` is."""
    return alert.subject if leg is None else f"{leg.asset} {leg.side} on {leg.venue}"


def limit_words(
    alert: Alert, scene: Scene, show: Callable[[Decimal], str], again: Callable[[Decimal], str] | None = None
) -> str:
    """`, limit 10 %`; inside the deadband, where it clears; for an answered one, when it asks at once.

    `again` shows the value at which it would, where that is not a round figure like a level."""
    threshold = scene.levels.thresholds[alert.scale]
    fire, clear = threshold.limit(alert.level), threshold.clears[alert.level - 1]
    value = alert.value
    if fire is None or clear is None:
        return "."
    text = f", limit {show(fire)}"
    inside = value is not None and (value >= fire if threshold.shrinking else abs(value) <= abs(fire))
    if inside:
        text += f", clears {'beyond' if threshold.shrinking else 'below'} {show(clear)}"
    text += "."
    ack = alert.ack
    if alert.shown == "acked" and ack is not None and ack.value is not None and ack.measure == alert.measure:
        worse = ack.value - abs(ack.value) / 5 if threshold.shrinking else abs(ack.value) * 5 / 4
        shown = show(_rough(worse)) if again is None else again(worse)
        text += f" Comes back at once at {shown} or {'less' if threshold.shrinking else 'more'}."
    return text


def _rough(value: Decimal) -> Decimal:
    """To three digits that count, for a figure that is no level a person wrote."""
    return value if value == 0 else round(value, 2 - value.adjusted())


def last_known(alert: Alert, leg: PositionRow | None) -> str:
    """The age of a figure whose input is silent."""
    if alert.known:
        return ""
    if leg is None or leg.ages.mark is None:
        return " Last known."
    return f" Last known, {figures.seconds(leg.ages.mark)} old."
