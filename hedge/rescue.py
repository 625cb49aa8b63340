"""Away from liquidation: margin to add, or contracts to buy back, until a leg has a given distance."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hedge.book import Book
from hedge.exposure import ZERO
from hedge.legs import Leg
from hedge.liquidation import isolated_liquidation, liquidation_distance, required_margin, top_up
from hedge.market import Instant
from hedge.orders import margin_ticket, order_ticket, percent_words, round_up, unit_of, waiting, with_effect
from hedge.pnl import pnl
from hedge.sizing import OrderSide
from hedge.snapshot import Ticket
from hedge.wallets import Wallet


def rescue(book: Book, leg_id: str, to_distance: Decimal, now: Instant) -> tuple[Ticket, ...]:
    """What brings a leg's liquidation `to_distance` away (a fraction: 0.12 is 12 %): margin to add, then the buy-back.

    () where it is as far already, or nothing liquidates it. Raises KeyError for an unknown leg."""
    row = book.leg(leg_id, now)
    leg = book.layout.legs[leg_id]
    if row.to_liquidation is None:
        why = row.why.get("to_liquidation", "")
        if why == "never":
            return ()
        return (waiting(f"No order for {leg.asset} can be sized yet: {why}", leg),)
    if row.to_liquidation >= to_distance:
        return ()
    asset = book.layout.coin_of[leg_id].name
    tickets = [_added(book, leg, to_distance, asset, now), _bought_back(book, leg, to_distance, asset, now)]
    return tuple(_with_distance(ticket, leg) for ticket in tickets if ticket is not None)


def _with_distance(ticket: Ticket, leg: Leg) -> Ticket:
    distance = ticket.after.to_liquidation
    if distance is None:
        return with_effect(ticket, "for no liquidation at any price" if ticket.kind == "add_margin" else "to close it")
    sign = "+" if leg.side == "short" else "−"
    return with_effect(ticket, f"for {sign}{percent_words(distance, cut=True)} to liquidation")


def _target_price(leg: Leg, distance: Decimal) -> Decimal:
    """The mark at which it shall liquidate: above a short's, below a long's."""
    return (leg.price or ZERO) * (1 - leg.sign * distance)


def _added(book: Book, leg: Leg, distance: Decimal, asset: str, now: Instant) -> Ticket | None:
    """The collateral still missing, rounded up; None where no amount does."""
    wallet = book.layout.wallet_of(leg)
    target = _target_price(leg, distance)
    if target <= 0:
        return None
    own = [leg] if leg.isolated else wallet.sharing(leg)
    required = ZERO
    for other in own:
        part = required_margin(
            inverse=other.inverse,
            side=other.side,
            contracts=other.position.contracts,
            contract_size=other.contract_size or ZERO,
            entry=other.entry,
            target_price=target,
            tiers=other.tiers,
        )
        if part is None:
            return None
        required += part
    present = leg.margin if leg.isolated else _shared_at(book, wallet, leg, target)
    missing = top_up(required_margin=required, margin=present)
    if missing is None or missing == 0:
        return None
    unit = unit_of(book.usd_price(leg.settle), money=wallet.is_money)
    return margin_ticket(book, leg, round_up(missing, unit), asset, now)


def _shared_at(book: Book, wallet: Wallet, leg: Leg, target: Decimal) -> Decimal | None:
    """What a cross leg's wallet has for it at the target price, other marks frozen."""
    rest = wallet.others(leg)
    coins = wallet.coins(book.usd_price, leg.quote_usd)
    if rest is None or coins is None or not leg.price:
        return None
    for coin in coins:
        worth = coin.quantity * coin.price * (1 - coin.haircut)
        rest += worth * target / leg.price if coin.asset == leg.asset else worth
    return rest


def _bought_back(book: Book, leg: Leg, distance: Decimal, asset: str, now: Instant) -> Ticket | None:
    """The fewest contracts whose closing reaches the distance, margin kept; None where closing does not help."""
    instrument = leg.market.instrument
    if instrument is None or leg.contract_size is None:
        return None
    step = instrument.step or leg.position.contracts / 1000
    reaches = _isolated_test(leg, distance) if leg.isolated else _cross_test(book, leg, distance)
    contracts = fewest(reaches, step, leg.position.contracts)
    if contracts is None:
        return None
    contracts = min(max(contracts, instrument.min_contracts or ZERO), leg.position.contracts)
    side: OrderSide = "buy" if leg.side == "short" else "sell"
    return order_ticket(book, leg, side, contracts, asset, now, keeps_margin=leg.isolated)


def fewest(reaches: Callable[[Decimal], bool], step: Decimal, whole: Decimal) -> Decimal | None:
    """The smallest number of steps that reaches, by bisection; all of it where only that does."""
    low, high = 0, int(whole / step)
    if high == 0 or not reaches(high * step):
        return whole
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle * step) else (middle, high)
    return high * step


def _realised(leg: Leg, contracts: Decimal) -> Decimal:
    gained = pnl(
        inverse=leg.inverse,
        side=leg.side,
        contracts=contracts,
        contract_size=leg.contract_size or ZERO,
        entry=leg.entry,
        price=leg.price,
    )
    return gained or ZERO


def _isolated_test(leg: Leg, distance: Decimal) -> Callable[[Decimal], bool]:
    def reaches(contracts: Decimal) -> bool:
        left = leg.position.contracts - contracts
        if left <= 0 or leg.margin is None:
            return True
        found = isolated_liquidation(
            inverse=leg.inverse,
            side=leg.side,
            contracts=left,
            contract_size=leg.contract_size or ZERO,
            entry=leg.entry,
            margin=leg.margin + _realised(leg, contracts),
            tiers=leg.tiers,
            mm_basis=leg.position.mm_basis,
        )
        room = liquidation_distance(side=leg.side, mark=leg.price, liquidation_price=found.price)
        return found.never or (room is not None and room >= distance)

    return reaches


def _cross_test(book: Book, leg: Leg, distance: Decimal) -> Callable[[Decimal], bool]:
    wallet = book.layout.wallet_of(leg)

    def reaches(contracts: Decimal) -> bool:
        left = leg.position.contracts - contracts
        found = wallet.liquidation(leg, book.usd_price, contracts=left, realised=_realised(leg, contracts))
        return left <= 0 or (found is not None and (found.never or (found.distance or ZERO) >= distance))

    return reaches
