"""Tickets as plain text: one line to type or copy, and a block with cost, margin and the state after it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hedge.portfolio.fields import plain
from hedge.snapshot import NEVER, After, Ticket
from hedge.symbols import perp
from hedge.ticket.words import amount_words, grouped, percent_words, usd_words

CANNOT = "hedgetui cannot place an order: type it in at the venue"
LABEL = 9
NAMES = {
    "sell_more": "SELL MORE",
    "buy_back": "BUY BACK",
    "add_margin": "ADD MARGIN",
    "add_collateral": "ADD COLLATERAL",
    "trim": "TRIM",
    "unwind": "UNWIND",
    "reopen": "OPEN AGAIN",
    "update_file": "UPDATE THE FILE",
    "wait": "WAIT",
}


def ticket_name(ticket: Ticket) -> str:
    """The way out in capitals: `BUY BACK`; of a long leg that shrinks `SELL`."""
    if ticket.remedy == "buy_back" and ticket.kind == "sell":
        return "SELL"
    return NAMES.get(ticket.remedy or "", ticket.kind.upper().replace("_", " "))


def order_text(ticket: Ticket) -> str:
    """The order on one line, to type or copy: numbers without commas, sizes in the venue's contracts.

    `sell 20 contracts SOL/USDT:USDT, limit 149.70, on bybit (main)`. Of a ticket that is no order its sentence."""
    if ticket.kind == "wait":
        return ticket.words
    if ticket.kind == "add_margin":
        amount = ticket.amount or Decimal(0)
        words = ticket.words.replace(grouped(amount), plain(amount))
        about = f"{ticket.symbol}, " if words.endswith(" margin") else ""
        return f"{words[:1].lower()}{words[1:]}: {about}{ticket.venue} ({ticket.account})"
    limit = ticket.limit_low if ticket.kind == "sell" else ticket.limit_high
    parts = [f"{ticket.kind} {plain(ticket.contracts)} contracts {ticket.symbol}"]
    parts += [] if limit is None else [f"limit {plain(limit)}"]
    parts += ["reduce-only"] if ticket.reduce_only else []
    text = f"{', '.join(parts)}, on {ticket.venue} ({ticket.account})"
    if ticket.sell_coins is not None:
        text += f"; and sell {plain(ticket.sell_coins)} {perp(ticket.symbol).coin} of those held"
    return text


def tickets_text(tickets: Iterable[Ticket]) -> str:
    """Every way out, best first; it ends with a line break. Empty without any."""
    blocks = [f"{number} {ticket_text(ticket)}" for number, ticket in enumerate(tickets, 1)]
    return "\n".join([*blocks, CANNOT, ""]) if blocks else ""


def ticket_text(ticket: Ticket) -> str:
    """One ticket: what it is, the order, its cost and margin, the state after it, and what to know about it."""
    comma = "," if ticket.keeps_margin and "," in ticket.words else ""
    effect = f"{comma} {ticket.effect}" if ticket.effect else ""
    lines = [f"{ticket_name(ticket)}  {ticket.words}{effect}" if ticket.kind != "wait" else _waiting(ticket)]
    if ticket.kind != "wait":
        lines.append(_line("order", order_text(ticket)))
        lines.append(_line("cost", _cost(ticket)))
        lines += [_line("margin", words) for words in _margin(ticket)]
    lines += [_line("now" if ticket.remedy == "wait" else "after", words) for words in _after(ticket.after)]
    lines += [_line("risk", f"{ticket.risk}.")] if ticket.risk else []
    lines += [_line("beside", f"{ticket.beside}.")] if ticket.beside else []
    lines += [_line("note", note) for note in (*ticket.flags, *_notes(ticket))]
    return "\n".join(lines) + "\n"


def _waiting(ticket: Ticket) -> str:
    name = ticket_name(ticket)
    return name if ticket.words.upper() == name else f"{name}  {ticket.words}"


def _line(label: str, words: str) -> str:
    return f"  {label:<{LABEL}}{words}"


def _cost(ticket: Ticket) -> str:
    if ticket.fee_usd is None:
        return f"not known: {ticket.why.get('fee_usd', 'no taker fee is known')}"
    if ticket.kind == "add_margin":
        return "nothing"
    rate = "" if ticket.fee_rate is None else f", {plain((ticket.fee_rate * 100).normalize())} % taker"
    return f"{usd_words(ticket.fee_usd)}{rate}"


def _margin(ticket: Ticket) -> list[str]:
    """What it takes before it can be placed; nothing to say of what only reduces."""
    if ticket.reduce_only or ticket.kind == "add_margin":
        return []
    if ticket.margin_needed is None:
        return [f"not known: {ticket.why.get('margin_needed', '')}"]
    currency = ticket.currency or ""
    needs = f"needs {amount_words(ticket.margin_needed, currency)} first"
    if ticket.margin_free is None:
        return [f"{needs}; what is free is not known: {ticket.why.get('margin_free', '')}"]
    covered = "enough" if ticket.covered else "not enough"
    return [f"{needs}; {amount_words(ticket.margin_free, currency)} free in {ticket.account}: {covered}"]


def _after(after: After) -> list[str]:
    """The state after it on up to three lines: the coin, the leg, the account and the book."""
    coin = [
        _part("hedge ", after.hedge_ratio, percent_words),
        _part("drift ", after.drift, _points),
        _part("dollar net ", after.net_usd, _signed_usd),
        _part("off plan ", after.off_usd, _signed_usd),
        _part("funding ", after.funding_day_usd, lambda usd: f"{_signed_usd(usd, 2)} a day"),
    ]
    never = after.why.get("to_liquidation") == NEVER
    leg = [
        "no liquidation at any price" if never else _part("liquidation ", after.to_liquidation, _distance),
        _part("at ", after.liquidation_price, _price),
        _part("margin ratio ", after.margin_ratio, percent_words),
        _part("leverage ", after.effective_leverage, lambda multiple: f"{multiple:.1f}x"),
        _part("", after.hours_to_liquidation, lambda hours: f"{hours:.1f} h at this pace"),
    ]
    rest = [
        _part("all marks together ", after.joint_to_liquidation, _distance),
        _part("book drift ", after.book_drift, _points),
        _part("book off plan ", after.book_off_usd, _signed_usd),
    ]
    return [", ".join(known) for known in ([part for part in parts if part] for parts in (coin, leg, rest)) if known]


def _part(label: str, value: Decimal | None, write: object) -> str:
    return "" if value is None or not callable(write) else f"{label}{write(value)}"


def _points(fraction: Decimal) -> str:
    return f"{_signed(fraction * 100, 1)} points"


def _distance(fraction: Decimal) -> str:
    return f"{percent_words(fraction, cut=True)} away".replace("-", "−")


def _price(price: Decimal) -> str:
    return f"{price:,.{max(0, 5 - max(0, price.adjusted()))}f}" if price.adjusted() < 5 else f"{price:,.0f}"


def _signed_usd(amount: Decimal, places: int = 0) -> str:
    return f"{_signed(amount, places)} USD"


def _signed(number: Decimal, places: int) -> str:
    """With its sign; none of what is shown as zero."""
    text = f"{number:+,.{places}f}"
    return text.replace("-", "−") if text.strip("+-0.,") else text[1:]


def _notes(ticket: Ticket) -> list[str]:
    """Reasons that stand on no other line."""
    said = ("fee_usd", "margin_needed", "margin_free")
    return [reason for name, reason in ticket.why.items() if name not in said]
