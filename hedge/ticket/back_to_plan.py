"""Back to plan: sell more or buy back, in whole lots, until a coin is hedged as its target says."""

from __future__ import annotations

from decimal import Decimal

from hedge.book.book import Book
from hedge.book.coins import Coin
from hedge.book.legs import Leg
from hedge.exposure import ZERO, adjustment, known_sum
from hedge.margin import notional_quote
from hedge.market import Instant, Instrument
from hedge.sizing import OrderSide, order_side, orderable, round_to_step, unwind
from hedge.snapshot import Remedy, Ticket
from hedge.ticket.orders import Task, coins_per_contract, covered, order_ticket, waiting, with_effect
from hedge.ticket.words import coins_words, contracts_words, percent_words

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
        return (waiting(book, now, f"No order for {asset} can be sized yet: {reason}", asset=coin.name),)
    if abs(wanted) < SMALLEST:
        return ()
    tasks = _usable(book, coin, wanted, now)
    if not tasks:
        return (_nothing_to_trade_in(book, coin, wanted, now),)
    return (_order(tasks[0], coin, wanted),)


def in_one_order(book: Book, coin: Coin, now: Instant) -> tuple[Ticket, ...]:
    """The same in the first other leg that holds all of it: for where the first one is closed and a rest stays."""
    wanted = wanted_coins(coin)
    tasks = [] if wanted is None else _usable(book, coin, wanted, now)[1:]
    found = (_order(task, coin, wanted) for task in tasks if wanted is not None)
    return next(((ticket,) for ticket in found if ticket.kind != "wait" and not ticket.risk), ())


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


def _usable(book: Book, coin: Coin, wanted: Decimal, now: Instant) -> list[Task]:
    """The legs to trade in, best first. To buy back: shorts, the largest first. To sell: longs to shrink, in the file's
    order; then shorts whose account has the margin, then the others, each in that order."""
    usable = [leg for leg in coin.legs if coins_per_contract(leg) and leg.price is not None]
    shorts = [leg for leg in usable if leg.side == "short"]
    if wanted < 0:
        return [Task(book, leg, now) for leg in sorted(shorts, key=lambda one: -abs(one.delta or ZERO))]
    longs = [Task(book, leg, now) for leg in usable if leg.side == "long"]
    listed = [leg for leg in shorts if leg.market.instrument is not None and leg.market.instrument.active]
    added = [Task(book, leg, now) for leg in listed]
    if len(added) > 1:
        added.sort(key=lambda task: not covered(task, _contracts(task.leg, coin, wanted)[1]))
    return longs + added


def _nothing_to_trade_in(book: Book, coin: Coin, wanted: Decimal, now: Instant) -> Ticket:
    """Words for a coin without a leg that would do."""
    if any(leg.side == "short" or wanted > 0 for leg in coin.legs):
        listed = all(leg.market.instrument is None or leg.market.instrument.active for leg in coin.legs)
        reason = "its contract facts or mark are not known" if listed else "its contract is not trading"
        words = f"No order for {coin.name} can be sized yet: {reason}"
        return waiting(book, now, words, asset=coin.name)
    hedge, price = coin.hedge_priced_as.name, coin.hedge_priced_as.price.usd
    worth = "" if price is None else f" ({abs(wanted) * price:,.0f} USD)"
    amount = f"{coins_words(abs(wanted))} {hedge}{worth}"
    if wanted < 0:
        words = f"{coin.name} is over plan by {amount}, with no short to buy back"
        return waiting(book, now, words, asset=coin.name, coins=wanted)
    why = {"contracts": f"no position in this book hedges {coin.name}, so a venue and its lots are not known"}
    return waiting(book, now, f"Short {amount} as a perpetual to be on plan", asset=coin.name, coins=wanted, why=why)


def hedge_per_contract(leg: Leg, coin: Coin, *, shrinks: bool) -> Decimal | None:
    """Coins by which one contract of an order brings a coin nearer to plan; None where an input is missing.

    That is its size, except where an inverse position shrinks: its delta falls by c/E, and the coin PnL realised counts
    as held from then on, of which the target wants its share: c ((1 - h*)/E + h*/P)."""
    per_contract = coins_per_contract(leg)
    if not (leg.inverse and shrinks) or per_contract is None or leg.contract_size is None or not leg.entry:
        return per_contract
    share = coin.target.ratio if coin.hedge_priced_as is coin else ZERO
    return leg.contract_size * (1 - share) / leg.entry + share * per_contract


def _contracts(leg: Leg, coin: Coin, wanted: Decimal) -> tuple[OrderSide, Decimal]:
    """Side and contracts, in whole lots; a position that is closed whole may be off its lot."""
    side = order_side(wanted)
    shrinks = (side == "sell") == (leg.side == "long")
    contracts = abs(wanted) / (hedge_per_contract(leg, coin, shrinks=shrinks) or wanted)
    instrument = leg.market.instrument
    if shrinks and contracts >= leg.position.contracts:
        return side, unwind(side=leg.side, contracts=leg.position.contracts).contracts
    return side, ZERO if instrument is None else _whole_lots(leg, instrument, contracts, shrinks=shrinks)


def _order(task: Task, coin: Coin, wanted: Decimal) -> Ticket:
    leg = task.leg
    side, contracts = _contracts(leg, coin, wanted)
    if contracts == 0:
        return _too_small(task, wanted)
    remedy: Remedy = "sell_more" if side == "sell" else "buy_back"
    ordered = contracts * (hedge_per_contract(leg, coin, shrinks=side != "sell" or leg.side == "long") or ZERO)
    residual = wanted - (ordered if side == "sell" else -ordered)
    ticket = order_ticket(task, remedy, side, contracts, residual=residual)
    ratio = ticket.after.hedge_ratio
    rest = _rest(task, residual)
    return with_effect(ticket, "" if ratio is None else f"for a hedge of {percent_words(ratio)}", rest)


def _rest(task: Task, residual: Decimal) -> str:
    """What one leg does not hold of an adjustment: more than a lot."""
    instrument, per_contract = task.leg.market.instrument, coins_per_contract(task.leg)
    if instrument is None or per_contract is None or abs(residual) <= max(instrument.step * per_contract, SMALLEST):
        return ""
    side = "under" if residual > 0 else "over"
    return f"{coins_words(abs(residual))} {task.leg.asset} stay {side} plan, for an order of their own"


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


def _too_small(task: Task, wanted: Decimal) -> Ticket:
    """The residual in words, where it is less than the venue takes."""
    leg, instrument = task.leg, task.leg.market.instrument
    step, least = (ZERO, None) if instrument is None else (instrument.step, instrument.min_contracts)
    smallest = contracts_words(leg, max(least or ZERO, step))
    side, amount = "under" if wanted > 0 else "over", coins_words(abs(wanted))
    words = f"Nothing to order: {amount} {leg.asset} {side} plan is less than {leg.account.venue} takes"
    why = {"contracts": f"the smallest order is {smallest}"}
    return waiting(task.book, task.now, words, leg=leg, coins=wanted, why=why)
