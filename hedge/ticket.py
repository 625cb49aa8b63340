"""What to do now, in an order a person can type in, and the state after it. hedgetui cannot place it.

A ticket that is a mere sentence has kind `wait`: below the smallest order, nothing to trade in, or an input missing.
"""

from __future__ import annotations

from decimal import Decimal

from hedge.book import Book
from hedge.coins import Coin
from hedge.exposure import ZERO, adjustment, known_sum
from hedge.legs import Leg
from hedge.margin import notional_quote
from hedge.market import Instant, Instrument
from hedge.orders import (
    coins_per_contract,
    coins_words,
    contracts_words,
    order_ticket,
    percent_words,
    waiting,
    with_effect,
)
from hedge.rescue import rescue
from hedge.sizing import order_side, orderable, round_to_step, unwind
from hedge.snapshot import Ticket

__all__ = ["rebalance", "rescue"]

SMALLEST = Decimal("1e-9")
"""Coins; an adjustment below this is nothing."""


def rebalance(book: Book, asset: str, now: Instant) -> tuple[Ticket, ...]:
    """The order that brings a coin back to plan, rounded to the nearest lot; () where it is on plan.

    It adds to or takes from a leg the coin has, never opens a long, and never buys back more than is short. Raises
    KeyError for an unknown coin."""
    book.catch_up(now)
    coin = book.layout.coins[asset]
    coin = coin.shares or coin
    wanted = wanted_coins(coin)
    if wanted is None:
        reason = next((leg.facts_why for leg in coin.legs if leg.facts_why), f"a figure of {asset} is not known yet")
        return (waiting(f"No order for {asset} can be sized yet: {reason}"),)
    if abs(wanted) < SMALLEST:
        return ()
    leg = _leg_for(coin, wanted)
    if leg is None or leg.market.instrument is None:
        return (_nothing_to_trade_in(coin, wanted),)
    return (_order(book, coin, leg, leg.market.instrument, wanted, now),)


def wanted_coins(coin: Coin) -> Decimal | None:
    """Coins of the hedge to sell more of (positive) or to buy back; None while a figure is missing."""
    hedge = coin.hedge.value
    if hedge is None:
        return None
    if coin.plain:
        return adjustment(spot_delta=coin.spot_quantity, hedge_delta=hedge, target_ratio=coin.target.ratio)
    price = coin.hedge_priced_as.price.usd
    planned = known_sum(owner.planned_hedge_usd() for owner in (coin, *coin.members))
    if price is None or planned is None or price <= 0:
        return None
    return planned / price + hedge


def _leg_for(coin: Coin, wanted: Decimal) -> Leg | None:
    """The leg to trade in: the largest short to buy back; to sell, a long to shrink, else a short to add to."""
    usable = [leg for leg in coin.legs if coins_per_contract(leg) and leg.price is not None]
    if wanted < 0:
        shorts = [leg for leg in usable if leg.side == "short"]
        return max(shorts, key=lambda leg: abs(leg.delta or ZERO), default=None)
    longs = [leg for leg in usable if leg.side == "long"]
    return next(iter(longs or usable), None)


def _nothing_to_trade_in(coin: Coin, wanted: Decimal) -> Ticket:
    """Words for a coin without a leg that would do."""
    if any(leg.side == "short" or wanted > 0 for leg in coin.legs):
        return waiting(f"No order for {coin.name} can be sized yet: its contract facts or mark are not known")
    hedge, price = coin.hedge_priced_as.name, coin.hedge_priced_as.price.usd
    worth = "" if price is None else f" ({abs(wanted) * price:,.0f} USD)"
    amount = f"{coins_words(abs(wanted))} {hedge}{worth}"
    if wanted < 0:
        return waiting(f"{coin.name} is over plan by {amount}, with no short to buy back", coins=wanted)
    why = {"contracts": f"no position in this book hedges {coin.name}, so a venue and its lots are not known"}
    return waiting(f"Short {amount} as a perpetual to be on plan", coins=wanted, why=why)


def _order(book: Book, coin: Coin, leg: Leg, instrument: Instrument, wanted: Decimal, now: Instant) -> Ticket:
    side = order_side(wanted)
    shrinks = (side == "sell") == (leg.side == "long")
    contracts = abs(wanted) / (coins_per_contract(leg) or wanted)
    if shrinks and contracts >= leg.position.contracts:
        contracts = unwind(side=leg.side, contracts=leg.position.contracts).contracts
    else:
        contracts = _whole_lots(leg, instrument, contracts, shrinks=shrinks)
    if contracts == 0:
        return _too_small(coin, leg, instrument, wanted)
    ticket = order_ticket(book, leg, side, contracts, coin.name, now)
    ratio = ticket.after.hedge_ratio
    return ticket if ratio is None else with_effect(ticket, f"for a hedge of {percent_words(ratio)}")


def _whole_lots(leg: Leg, instrument: Instrument, contracts: Decimal, *, shrinks: bool) -> Decimal:
    """To the nearest lot; 0 below what the venue takes. A reduce-only order has no smallest value."""
    contracts = round_to_step(quantity=contracts, step=instrument.step)
    worth = notional_quote(
        inverse=leg.inverse, contracts=contracts, contract_size=instrument.contract_size, price=leg.price
    )
    contracts = min(contracts, leg.position.contracts) if shrinks else contracts
    return orderable(
        contracts=contracts,
        notional=worth,
        min_qty=instrument.min_contracts,
        min_notional=None if shrinks else instrument.min_notional,
    )


def _too_small(coin: Coin, leg: Leg, instrument: Instrument, wanted: Decimal) -> Ticket:
    """The residual in words, where it is less than the venue takes."""
    least = contracts_words(leg, max(instrument.min_contracts or ZERO, instrument.step))
    side, amount = "under" if wanted > 0 else "over", coins_words(abs(wanted))
    words = f"Nothing to order: {amount} {coin.name} {side} plan is less than {leg.account.venue} takes"
    return waiting(words, leg, wanted, {"contracts": f"the smallest order is {least}"})
