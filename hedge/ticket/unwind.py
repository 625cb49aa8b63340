"""Unwinding: buy back a share of a leg by contracts, never by dollars; all of it is exactly what is open."""

from __future__ import annotations

from decimal import Decimal

from hedge.book.book import Book
from hedge.book.legs import Leg
from hedge.market import Instant
from hedge.sizing import orderable
from hedge.sizing import unwind as unwound
from hedge.snapshot import Remedy, Ticket
from hedge.ticket.orders import Task, order_ticket, waiting, with_effect
from hedge.ticket.words import contracts_words, percent_words, usd_words

HALF = Decimal("0.5")
QUARTER = Decimal("0.25")
SHARES = {HALF: "half of it", QUARTER: "a quarter of it", Decimal(1): "all of it"}


def unwind(book: Book, leg_id: str, fraction: Decimal, now: Instant) -> tuple[Ticket, ...]:
    """The order that closes a share (0 to 1) of a leg's contracts, in whole lots, downwards; 1 is all, off its lot too.

    () for nothing. Less than the venue takes is a sentence with what stays open. Raises KeyError for an unknown leg."""
    book.catch_up(now)
    task = Task(book, book.layout.legs[leg_id], now)
    return () if fraction <= 0 else (unwinding(task, min(fraction, Decimal(1))),)


def unwinding(task: Task, fraction: Decimal, remedy: Remedy = "unwind") -> Ticket:
    """The same for a leg at hand; `fraction` above 0."""
    leg, instrument = task.leg, task.leg.market.instrument
    if instrument is None or leg.contract_size is None or leg.price is None:
        why = leg.facts_why or f"no mark of {leg.market.symbol} has come yet"
        return waiting(task.book, task.now, f"No order for {leg.asset} can be sized yet: {why}", leg=leg)
    order = unwound(side=leg.side, contracts=leg.position.contracts, fraction=fraction, qty_step=instrument.step)
    contracts = order.contracts
    if fraction < 1:
        contracts = orderable(contracts=contracts, min_qty=instrument.min_contracts)
    if contracts == 0:
        return _too_small(task, fraction)
    return with_funding(order_ticket(task, remedy, order.order_side, contracts))


def with_funding(ticket: Ticket) -> Ticket:
    """The same order, saying the ratio it leaves and what funding then comes to."""
    parts: list[str] = []
    if ticket.after.hedge_ratio is not None:
        parts.append(f"for a hedge of {percent_words(ticket.after.hedge_ratio)}")
    day = ticket.after.funding_day_usd
    if day:
        parts.append(f"funding then {'pays' if day > 0 else 'takes'} {usd_words(day)} a day")
    return with_effect(ticket, "; ".join(parts))


def _too_small(task: Task, fraction: Decimal) -> Ticket:
    """A share that is less than the venue takes, with what stays open."""
    leg: Leg = task.leg
    share = SHARES.get(fraction, f"{percent_words(fraction)} of it")
    words = f"Nothing to order: {share} is less than {leg.account.venue} takes"
    open_words = contracts_words(leg, leg.position.contracts)
    return waiting(task.book, task.now, words, leg=leg, risk=f"{open_words} stay open on {leg.account.venue}")
