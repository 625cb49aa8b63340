"""The one sentence that wakes somebody: what, how bad, how long, what to do, and how old the data is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from alerts import figures
from alerts.phrases import Said, sentences
from alerts.scene import Scene
from alerts.sentences import say
from alerts.values import LEVEL_NAMES, Alert, Why, level_name
from alerts.words import alert_row
from hedge.snapshot import PositionRow, Ticket

LONGEST = 299
"""Characters of a page: what a phone shows without being opened is less, so the order of words counts."""
VENUES = {"bingx": "BingX", "mexc": "MEXC", "okx": "OKX", "weex": "WEEX"}
"""Names that are not just written with a capital."""
BEFORE: dict[Why, str] = {
    "worse": "Worse: ",
    "still_true": "Still so: ",
    "shelf_ended": "Off the shelf: ",
    "again": "Not answered: ",
}
"""Why somebody is told again."""


def page_sentence(alert: Alert, scene: Scene, why: Why = "raised") -> str:
    """An alert that asks for an answer, in plain text of at most `LONGEST` characters.

    What may be missing goes first where it is too long: the second way out, then all of them, then the end."""
    before = BEFORE.get(why, "")
    if not alert.level:
        return cut(before + alert_row(alert, scene).message)
    leg = scene.legs.get(alert.subject)
    said = say(alert, scene)
    first, second = _orders(alert, scene, said, leg)
    fact, age = before + _fact(alert, said, leg), _age(alert, scene)
    for order in (f"{first}{second}", first, ""):
        text = " ".join(part for part in (fact, f"{order}." if order else "", age) if part)
        if len(text) <= LONGEST:
            return text
    return cut(fact)


def group_sentence(cause: str, texts: Sequence[tuple[int, str]]) -> str:
    """Many pages of one cause in one: how many of which level, then as many of them as there is room for."""
    counts = [(sum(level == each for level, _ in texts), each) for each in (3, 2, 1)]
    kinds = ", ".join(f"{count} {_plural(level, count)}" for count, level in counts if count)
    text = f"{len(texts)} alerts at once, {venue_name(cause)}: {kinds}."
    shown = 0
    for _, words in sorted(texts, key=lambda each: -each[0]):
        more = f" {sentences(words)[0]}"
        if len(text) + len(more) > LONGEST - 20:
            break
        text, shown = text + more, shown + 1
    left = len(texts) - shown
    return text if not left else f"{text} And {left} more."


def cause_of(alert: Alert, scene: Scene) -> str:
    """What alerts of a flood have in common: the venue, else the book."""
    if alert.subject in scene.legs:
        return scene.legs[alert.subject].venue
    if alert.subject in scene.accounts:
        return scene.accounts[alert.subject].venue
    return alert.subject.partition("-")[0] if alert.rule == "feed" else "whole book"


def venue_name(venue: str) -> str:
    """As the venue writes itself."""
    return VENUES.get(venue, venue[:1].upper() + venue[1:])


def cut(text: str) -> str:
    """At most `LONGEST` characters."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


def _fact(alert: Alert, said: Said, leg: PositionRow | None) -> str:
    """`ETH short on Bybit: 9.8 % to liquidation, about 4 h at this pace.`"""
    who = said.about if leg is None else f"{leg.asset} {leg.side} on {venue_name(leg.venue)}"
    if alert.rule == "liquidation" and leg is not None and alert.value is not None and alert.value > 0:
        pace = leg.hours_to_liquidation if alert.known else None
        soon = "" if pace is None else f", {figures.hours(pace)} at this pace"
        return f"{who}: {figures.distance(alert.value)} to liquidation{soon}."
    fact = f"{said.fact}{sentences(said.fact_rest)[0]}"
    if alert.rule == "journal":
        return f"The journal is not safe on the disk: {fact[:1].lower()}{fact[1:]}"
    if not said.about:
        return fact
    return f"{who}: {fact[:1].lower()}{fact[1:]}"


def _orders(alert: Alert, scene: Scene, said: Said, leg: PositionRow | None) -> tuple[str, str]:
    """The best thing to do and the second-best, `Add 412 USDT` and ` or buy back 31 contracts`."""
    tickets = scene.tickets.get(alert.key, ())
    first = next((each for each in tickets if each.kind != "wait" and each.words), None)
    if first is None and tickets and not alert.known:
        return "", ""
    if first is None:
        words = said.order + (sentences(said.order_rest)[0] if said.order else "").rstrip(".")
        return words if leg is None else words.replace(f" on {leg.venue}", f" on {venue_name(leg.venue)}"), ""
    other = _second(first, tickets)
    words = _order(first, leg)
    second = "" if other is None else f" or {_order(other, leg)}"
    return words[:1].upper() + words[1:], second


def _second(first: Ticket, tickets: Iterable[Ticket]) -> Ticket | None:
    """Another way, not more of the same."""
    return next((each for each in tickets if each.kind not in (first.kind, "wait") and each.words), None)


def _order(ticket: Ticket, leg: PositionRow | None) -> str:
    """`add 412 USDT`, `buy back 31 contracts`; of another leg than the one that was named, its own words."""
    named = leg is not None and ticket.venue == leg.venue
    if named and ticket.kind == "add_margin" and ticket.amount is not None and ticket.currency:
        return f"add {figures.trimmed(ticket.amount)} {ticket.currency}"
    if named and ticket.reduce_only and ticket.contracts is not None:
        verb = "buy back" if ticket.kind == "buy" else "sell"
        return f"{verb} {_contracts(ticket.contracts)}{', keeping its margin' if ticket.keeps_margin else ''}"
    words = ticket.words.rstrip(".")
    words = words.replace(f" on {ticket.venue}", "" if named else f" on {venue_name(ticket.venue)}")
    return words[:1].lower() + words[1:]


def _contracts(count: Decimal) -> str:
    return f"{figures.trimmed(count)} {'contract' if count == 1 else 'contracts'}"


def _age(alert: Alert, scene: Scene) -> str:
    """How old the figure is; nothing for what is no figure of the market."""
    age = alert_row(alert, scene).age_s
    if alert.rule == "feed" or age is None:
        return "" if alert.known else "Last known."
    old = f"{figures.seconds(max(1.0, age))} old."
    return f"Data {old}" if alert.known else f"Last known, data {old}"


def _plural(level: int, count: int) -> str:
    name = level_name(level)
    if count == 1:
        return name
    return f"{name[:-1]}ies" if name == LEVEL_NAMES[0] else f"{name}s"
