"""Tickets as values: an order or a transfer in words, with its cost and the state after it."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from msgspec.structs import replace

from hedge.after import state_after
from hedge.book import Book
from hedge.exposure import ONE, ZERO
from hedge.leg_words import plain
from hedge.legs import Leg
from hedge.margin import notional_quote
from hedge.market import Instant
from hedge.sizing import OrderSide, order_cost
from hedge.snapshot import Ticket

KEEPS = "it helps only if {venue} keeps the freed margin in the position"


def coins_per_contract(leg: Leg) -> Decimal | None:
    """Coins that one contract is now; None while its size, or an inverse leg's price, is not known."""
    if leg.contract_size is None:
        return None
    if not leg.inverse:
        return leg.contract_size * leg.multiplier
    return None if leg.price is None or leg.price <= 0 else leg.contract_size / leg.price


def order_ticket(
    book: Book, leg: Leg, side: OrderSide, contracts: Decimal, asset: str, now: Instant, *, keeps_margin: bool = False
) -> Ticket:
    """An order of so many contracts (already rounded) of a leg, filled at its mark."""
    shrinks = (side == "sell") == (leg.side == "long")
    size = leg.contract_size or ZERO
    quote = notional_quote(inverse=leg.inverse, contracts=contracts, contract_size=size, price=leg.price)
    notional_usd = None if quote is None else quote if leg.inverse else quote * leg.quote_usd
    per_contract = coins_per_contract(leg)
    ticket = Ticket(
        kind=side,
        venue=leg.account.venue,
        account=leg.account.id,
        symbol=leg.market.symbol,
        leg=leg.id,
        contracts=contracts,
        coins=None if per_contract is None else contracts * per_contract,
        notional_usd=notional_usd,
        reduce_only=shrinks,
        keeps_margin=keeps_margin,
        fee_usd=_fee(leg, notional_usd),
        words=_order_words(leg, side, contracts, shrinks=shrinks, keeps_margin=keeps_margin),
    )
    why = _notes(leg, ticket)
    return replace(ticket, after=state_after(book, ticket, asset, now), why=why)


def margin_ticket(book: Book, leg: Leg, amount: Decimal, asset: str, now: Instant) -> Ticket:
    """Collateral to add to a leg, or to the account of a cross leg; `amount` is already rounded up."""
    where = "margin" if leg.isolated else f"to {leg.account.id}"
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
    )
    return replace(ticket, after=state_after(book, ticket, asset, now), why=_free_note(book, leg, amount))


def waiting(
    words: str, leg: Leg | None = None, coins: Decimal | None = None, why: dict[str, str] | None = None
) -> Ticket:
    """A sentence in place of an order."""
    return Ticket(kind="wait", leg=None if leg is None else leg.id, coins=coins, words=words, why=why or {})


def with_effect(ticket: Ticket, effect: str) -> Ticket:
    """The same ticket, saying what it achieves."""
    return replace(ticket, effect=effect)


def _fee(leg: Leg, notional_usd: Decimal | None) -> Decimal | None:
    """Taker fee in USD, positive: the file's, else the venue's list price; None where neither is known."""
    rate = leg.account.fees.taker
    if rate is None and leg.market.instrument is not None:
        rate = leg.market.instrument.taker_fee
    return None if rate is None or notional_usd is None else order_cost(notional=notional_usd, taker_fee=rate)


def _order_words(leg: Leg, side: OrderSide, contracts: Decimal, *, shrinks: bool, keeps_margin: bool) -> str:
    verb = "Sell" if side == "sell" else "Buy back" if shrinks else "Buy"
    kept = ", keeping its margin" if keeps_margin else ""
    return f"{verb} {contracts_words(leg, contracts)} on {leg.account.venue}{kept}"


def contracts_words(leg: Leg, contracts: Decimal) -> str:
    """`20 SOL` where a contract is one coin, else contracts with what they come to."""
    size = leg.contract_size
    if leg.inverse:
        worth = "" if size is None else f" ({grouped(contracts * size)} USD)"
        return f"{grouped(contracts)} contracts of {leg.market.symbol}{worth}"
    if size == 1 and leg.multiplier == 1:
        return f"{grouped(contracts)} {leg.asset}"
    coins = "" if size is None else f" ({grouped(contracts * size * leg.multiplier)} {leg.asset})"
    return f"{grouped(contracts)} contracts of {leg.market.symbol}{coins}"


def _notes(leg: Leg, ticket: Ticket) -> dict[str, str]:
    why: dict[str, str] = {}
    if ticket.fee_usd is None:
        why["fee_usd"] = f"neither the file nor {leg.account.venue} states a taker fee"
    if ticket.keeps_margin:
        why["margin"] = KEEPS.format(venue=leg.account.venue)
    if leg.market.mark is None:
        why["notional_usd"] = "computed from the index, as no mark has come"
    return why


def _free_note(book: Book, leg: Leg, amount: Decimal) -> dict[str, str]:
    if not leg.isolated:
        return {}
    free = book.layout.wallet_of(leg).free()
    if free is None or free >= amount:
        return {}
    return {
        "amount": f"{grouped(max(free, ZERO))} {leg.settle} is free in {leg.account.id}; the rest comes from elsewhere"
    }


def grouped(number: Decimal) -> str:
    """A number with thousands commas and without trailing zeros."""
    whole, _, fraction = plain(number).partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return sign + f"{int(digits):,}" + (f".{fraction}" if fraction else "")


def coins_words(quantity: Decimal) -> str:
    """A quantity of coins with at most four decimals, never shown as nothing."""
    step = Decimal("0.0001")
    shown = quantity.quantize(step) if quantity >= step else quantity.normalize()
    return grouped(shown)


def percent_words(fraction: Decimal, *, cut: bool = False) -> str:
    """A fraction as percent with one decimal; `cut` towards danger, for distances."""
    return f"{(fraction * 100).quantize(Decimal('0.1'), ROUND_FLOOR if cut else None)} %"


def round_up(amount: Decimal, unit: Decimal) -> Decimal:
    """The amount in whole units, upwards."""
    return (amount / unit).to_integral_value(ROUND_CEILING) * unit


def unit_of(price_usd: Decimal | None, *, money: bool) -> Decimal:
    """In what steps collateral is added: whole units of money, coins in the power of ten worth at most ten dollars."""
    if money or price_usd is None or price_usd <= 0:
        return ONE
    return Decimal(10) ** (Decimal(10) / price_usd).log10().to_integral_value(ROUND_FLOOR)
