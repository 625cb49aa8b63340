"""Tickets as values: an order or a transfer in words, with its limits, cost, margin and the state after it."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from hedge.book.book import Book
from hedge.book.leg_words import age_words
from hedge.book.legs import Leg
from hedge.exposure import ONE, ZERO
from hedge.margin import notional, notional_quote
from hedge.market import Instant
from hedge.sizing import OrderSide, order_cost, round_to_step
from hedge.snapshot import Remedy, Ticket
from hedge.ticket.after import lacking, margin_for, realised
from hedge.ticket.conflicts import beside
from hedge.ticket.state_after import state_after
from hedge.ticket.words import amount_words, grouped, order_words

LIMIT_BAND = Decimal("0.002")
"""How far from the mark an order may be filled, a fraction to either side: beyond it, it is to be worked out anew.
Four times a usual taker fee; the state after a ticket is computed at the mark itself."""
STAMP_NEAR_MS = 15 * 60_000
"""A funding stamp this near is worth a word, since an order takes it or misses it."""
KEEPS = "it helps only if {venue} keeps the freed margin in the position"


class Task(NamedTuple):
    """A leg to do something about, and what it is done for."""

    book: Book
    leg: Leg
    now: Instant
    goal: Decimal | None = None

    @property
    def asset(self) -> str:
        """The coin that the leg hedges."""
        return self.book.layout.coin_of[self.leg.id].name


class _Margin(NamedTuple):
    """What an order takes of the account's free collateral, settle currency."""

    needed: Decimal | None
    free: Decimal | None
    covered: bool | None
    why: dict[str, str]


def coins_per_contract(leg: Leg) -> Decimal | None:
    """Coins that one contract is now; None while its size, or an inverse leg's price, is not known."""
    if leg.contract_size is None:
        return None
    if not leg.inverse:
        return leg.contract_size * leg.multiplier
    return None if leg.price is None or leg.price <= 0 else leg.contract_size / leg.price


def limit_band(price: Decimal, tick: Decimal | None) -> tuple[Decimal, Decimal]:
    """The prices within which an order may be filled: `LIMIT_BAND` to either side of the mark, to the tick outwards.

    Where the venue states no tick, to six digits."""
    step = tick or Decimal(10) ** (price.adjusted() - 5)
    low, high = price * (ONE - LIMIT_BAND), price * (ONE + LIMIT_BAND)
    return round_to_step(quantity=low, step=step, rounding="down"), round_to_step(
        quantity=high, step=step, rounding="up"
    )


def order_ticket(
    task: Task,
    remedy: Remedy,
    side: OrderSide,
    contracts: Decimal,
    *,
    keeps_margin: bool = False,
    sell_coins: Decimal | None = None,
    residual: Decimal | None = None,
) -> Ticket:
    """An order of so many contracts (already rounded) of a leg whose contract and price are known."""
    leg = task.leg
    shrinks = (side == "sell") == (leg.side == "long") and remedy != "reopen"
    rate, list_price = _fee_rate(leg)
    margin = _margin(task, contracts, rate, shrinks=shrinks)
    bare = _bare_order(task, remedy, side, contracts)
    worth = bare.notional_usd
    ticket = replace(
        bare,
        reduce_only=shrinks,
        keeps_margin=keeps_margin,
        fee_usd=None if rate is None or worth is None else order_cost(notional=worth, taker_fee=rate),
        words=order_words(leg, side, contracts, shrinks=shrinks) + (", keeping its margin" if keeps_margin else ""),
        fee_rate=rate,
        margin_needed=margin.needed,
        margin_free=margin.free,
        covered=margin.covered,
        sell_coins=sell_coins,
        residual=residual,
        beside=beside(task.book, leg, remedy, task.now, shrinks=shrinks, rescues=task.goal is not None),
        flags=(*_flags(task, contracts), *list_price),
    )
    after = state_after(task.book, ticket, task.now)
    return replace(ticket, after=after, why={**_notes(leg, ticket), **margin.why})


def _bare_order(task: Task, remedy: Remedy, side: OrderSide, contracts: Decimal) -> Ticket:
    """Where it is to be typed in, its size and its limits."""
    leg = task.leg
    size, price, instrument = leg.contract_size or ZERO, leg.price or ZERO, leg.market.instrument
    quote = notional_quote(inverse=leg.inverse, contracts=contracts, contract_size=size, price=price)
    per_contract = coins_per_contract(leg)
    low, high = limit_band(price, None if instrument is None else instrument.tick)
    return Ticket(
        kind=side,
        venue=leg.account.venue,
        account=leg.account.id,
        symbol=leg.market.symbol,
        leg=leg.id,
        contracts=contracts,
        coins=None if per_contract is None else contracts * per_contract,
        notional_usd=None if quote is None else quote if leg.inverse else quote * leg.quote_usd,
        currency=leg.settle,
        remedy=remedy,
        asset=task.asset,
        goal=task.goal,
        limit_low=low,
        limit_high=high,
    )


def margin_ticket(task: Task, amount: Decimal) -> Ticket:
    """Collateral to add to a leg, or to the account of a cross leg; `amount` is already rounded up."""
    leg = task.leg
    where = "margin" if leg.isolated else f"to {leg.account.id}"
    free = task.book.layout.wallet_of(leg).free() if leg.isolated else None
    ticket = Ticket(
        kind="add_margin",
        venue=leg.account.venue,
        account=leg.account.id,
        symbol=leg.market.symbol,
        leg=leg.id,
        amount=amount,
        currency=leg.settle,
        fee_usd=ZERO,
        words=f"Add {grouped(amount)} {leg.settle} {where}",
        remedy="add_margin",
        asset=task.asset,
        goal=task.goal,
        margin_needed=amount,
        margin_free=free,
        covered=None if free is None else free >= amount,
        flags=_flags(task, None),
    )
    why = _from_elsewhere(task, amount) if leg.isolated else {"margin_free": "it comes from outside the account"}
    return replace(ticket, after=state_after(task.book, ticket, task.now), why=why)


def collateral_ticket(task: Task, amount: Decimal) -> Ticket:
    """Collateral to add to a leg's account, for an order that it does not cover; `amount` is already rounded up."""
    leg = task.leg
    ticket = Ticket(
        kind="add_margin",
        venue=leg.account.venue,
        account=leg.account.id,
        symbol=leg.market.symbol,
        leg=leg.id,
        amount=amount,
        currency=leg.settle,
        fee_usd=ZERO,
        words=f"Add {grouped(amount)} {leg.settle} to {leg.account.id}",
        remedy="add_collateral",
        asset=task.asset,
        goal=task.goal,
        margin_needed=amount,
        why={"margin_free": "it comes from outside the account"},
    )
    return replace(ticket, after=state_after(task.book, ticket, task.now))


def waiting(
    book: Book,
    now: Instant,
    words: str,
    *,
    leg: Leg | None = None,
    asset: str = "",
    account: str = "",
    coins: Decimal | None = None,
    why: dict[str, str] | None = None,
    risk: str = "",
    remedy: Remedy = "wait",
) -> Ticket:
    """A sentence in place of an order, with the state as it then is. `coins` are those that stay off plan."""
    about = asset or ("" if leg is None else book.layout.coin_of[leg.id].name)
    ticket = Ticket(
        kind="wait",
        venue="" if leg is None else leg.account.venue,
        account=account if leg is None else leg.account.id,
        symbol="" if leg is None else leg.market.symbol,
        leg=None if leg is None else leg.id,
        coins=coins,
        currency=None if leg is None else leg.settle,
        words=words,
        why=why or {},
        remedy=remedy,
        asset=about,
        residual=coins,
        risk=risk,
    )
    return replace(ticket, after=state_after(book, ticket, now))


def with_effect(ticket: Ticket, effect: str, risk: str = "") -> Ticket:
    """The same ticket, saying what it achieves, and what remains."""
    return replace(ticket, effect=effect, risk=risk or ticket.risk)


def _fee_rate(leg: Leg) -> tuple[Decimal | None, tuple[str, ...]]:
    """Taker fee: the account's from the file, else the venue's list price, flagged; None where neither is known."""
    rate = leg.account.fees.taker
    if rate is not None or leg.market.instrument is None or leg.market.instrument.taker_fee is None:
        return rate, ()
    return leg.market.instrument.taker_fee, (f"fee: list price of {leg.account.venue}",)


def _margin(task: Task, contracts: Decimal, fee_rate: Decimal | None, *, shrinks: bool) -> _Margin:
    """Initial margin before an order is placed, against what is free, its fee included."""
    leg, wallet = task.leg, task.book.layout.wallet_of(task.leg)
    free = wallet.free()
    why = {} if free is not None else {"margin_free": wallet.why_not_free()}
    if shrinks:
        return _Margin(ZERO, free, True, why)
    needed = margin_for(leg, contracts)
    if needed is None:
        stated = "is cross and states no leverage" if not leg.isolated else "has no margin that is known"
        why["margin_needed"] = f"{leg.id} {stated}"
    size = notional(inverse=leg.inverse, contracts=contracts, contract_size=leg.contract_size or ZERO, price=leg.price)
    if needed is None or free is None or size is None:
        return _Margin(needed, free, None, why)
    return _Margin(needed, free, free >= needed + size * (fee_rate or ZERO), why)


def covered(task: Task, contracts: Decimal) -> bool:
    """Whether a leg's account has the margin, and the fee, for so many contracts more."""
    return bool(_margin(task, contracts, _fee_rate(task.leg)[0], shrinks=False).covered)


def missing_collateral(ticket: Ticket, leg: Leg) -> Decimal:
    """What an order's account lacks, settle currency: margin and fee less what is free; zero where it is covered."""
    if ticket.covered is not False or ticket.margin_needed is None or ticket.margin_free is None:
        return ZERO
    size = notional(
        inverse=leg.inverse,
        contracts=ticket.contracts or ZERO,
        contract_size=leg.contract_size or ZERO,
        price=leg.price,
    )
    return ticket.margin_needed + (size or ZERO) * (ticket.fee_rate or ZERO) - ticket.margin_free


def _notes(leg: Leg, ticket: Ticket) -> dict[str, str]:
    why: dict[str, str] = {}
    if ticket.fee_usd is None:
        why["fee_usd"] = f"neither the file nor {leg.account.venue} states a taker fee"
    if ticket.keeps_margin and leg.margin is not None and ticket.contracts is not None:
        share = leg.margin * ticket.contracts / leg.position.contracts
        freed = share + realised(leg, ticket.contracts)
        back = f"; where it does not, add {amount_words(freed, leg.settle)} back" if freed > 0 else ""
        why["margin"] = KEEPS.format(venue=leg.account.venue) + back
    if leg.market.mark is None:
        why["notional_usd"] = "computed from the index, as no mark has come"
    return why


def _flags(task: Task, contracts: Decimal | None) -> tuple[str, ...]:
    """What is old or about to happen: a mark past its time, a coin's old price, a funding stamp."""
    book, leg, now = task.book, task.leg, task.now
    market, flags = leg.market, []
    if market.mark is not None and not book.ledger.fresh(market, market.mark, now.mono_ms):
        age_s = (now.mono_ms - market.arrival(market.mark)) / 1000
        flags.append(f"the mark is {age_words(age_s)} old")
    if book.layout.coins[task.asset].price.stale:
        flags.append(f"the price of {task.asset} is old")
    next_ms = None if market.funding is None else market.funding.next_ms
    if contracts is not None and next_ms is not None and leg.payment_usd is not None:
        left_ms = next_ms - now.wall_ms
        if 0 <= left_ms <= STAMP_NEAR_MS:
            paid = leg.payment_usd * contracts / leg.position.contracts
            verb = "pays" if paid >= 0 else "takes"
            stamp = f"the funding stamp in {-(-left_ms // 60_000)} min {verb}"
            flags.append(f"{stamp} {amount_words(abs(paid), 'USD')} on these contracts")
    return tuple(flags)


def _from_elsewhere(task: Task, amount: Decimal) -> dict[str, str]:
    """What of an amount the account does not have."""
    leg, wallet = task.leg, task.book.layout.wallet_of(task.leg)
    free = wallet.free()
    if free is None:
        return {"margin_free": wallet.why_not_free()}
    if lacking(wallet, amount) == 0:
        return {}
    rest = f"{grouped(max(free, ZERO))} {leg.settle} is free in {leg.account.id}; the rest comes from elsewhere"
    return {"amount": rest}
