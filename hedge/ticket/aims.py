"""What a leg or an account shall be brought back to, as two questions: how much collateral does it, how many contracts.

Amounts are in the settle currency. An aim of distance is reached at or beyond it, one of a ratio at or below it. Marks
stand still; closing is at the mark, so equity stays and the maintenance margin falls.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from hedge.book.balances import coins_worth
from hedge.book.book import Book
from hedge.book.legs import Leg
from hedge.book.wallets import Wallet
from hedge.book.worth import difference
from hedge.exposure import ONE, ZERO, known_sum
from hedge.liquidation import ends_on_rise, isolated_liquidation, liquidation_distance, required_margin, top_up
from hedge.margin import maintenance_margin, notional
from hedge.pnl import pnl
from hedge.symbols import MONEY
from hedge.ticket.after import realised

Reaches = Callable[[Leg, Decimal], bool]
"""Whether closing so many contracts of a leg does it."""


class Aim(NamedTuple):
    """The two answers."""

    missing: Decimal | None
    """Collateral to add, exact; zero: it is there already; None: no amount does it, or an input is missing."""
    reaches: Reaches


def fewest(reaches: Callable[[Decimal], bool], step: Decimal, whole: Decimal) -> Decimal | None:
    """The smallest number of steps that reaches, by bisection; all of it where only that does, None where nothing."""
    low, high = 0, int((whole / step).to_integral_value(ROUND_FLOOR))
    if high == 0 or not reaches(high * step):
        return whole if reaches(whole) else None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle * step) else (middle, high)
    return high * step


# One leg


def distance_aim(book: Book, leg: Leg, distance: Decimal) -> Aim:
    """Its liquidation is so far from the mark (0.12 is 12 %), the other marks frozen."""
    reaches = _isolated_test(leg, distance) if leg.isolated else _cross_test(book, leg, distance)
    return Aim(_margin_for_distance(book, leg, distance), lambda _, contracts: reaches(contracts))


def leverage_aim(book: Book, leg: Leg, multiple: Decimal) -> Aim:
    """It carries at most so many times its equity; of a cross leg the equity of its account."""
    equity = leg_equity(book, leg)
    size = leg.notional

    def reaches(_: Leg, contracts: Decimal) -> bool:
        left = _notional_left(leg, contracts)
        return left == 0 or (left is not None and equity is not None and left <= multiple * equity)

    if size is None or equity is None or multiple <= 0:
        return Aim(None, reaches)
    return Aim(max(ZERO, size / multiple - equity), reaches)


def leg_equity(book: Book, leg: Leg) -> Decimal | None:
    """Equity that a leg stands on: its own margin and PnL, or what its account shares."""
    if leg.isolated:
        return known_sum((leg.margin, leg.pnl))
    return book.layout.wallet_of(leg).cross_equity(book.usd_price, leg.quote_usd)


def _notional_left(leg: Leg, contracts: Decimal) -> Decimal | None:
    left = leg.position.contracts - contracts
    size = leg.contract_size
    if size is None:
        return None
    return notional(inverse=leg.inverse, contracts=left, contract_size=size, price=leg.price)


def _margin_for_distance(book: Book, leg: Leg, distance: Decimal) -> Decimal | None:
    """The collateral still missing; None where no amount does."""
    wallet = book.layout.wallet_of(leg)
    target = (leg.price or ZERO) * (ONE + distance if _ends_on_rise(book, leg) else ONE - distance)
    if target <= 0:
        return None
    if leg.isolated:
        return top_up(required_margin=_required(leg, target), margin=leg.margin)
    required = known_sum(_required(other, target) for other in wallet.sharing(leg))
    return top_up(required_margin=required, margin=_shared_at(book, wallet, leg, target))


def _ends_on_rise(book: Book, leg: Leg) -> bool:
    """On which side its end lies: of a cross leg where its account ends, whichever side the leg itself is on."""
    found = None if leg.isolated else book.layout.wallet_of(leg).liquidation(leg, book.usd_price)
    price, distance = (None, None) if found is None else (found.price, found.distance)
    return ends_on_rise(side=leg.side, mark=leg.price, liquidation_price=price, distance=distance)


def _required(leg: Leg, target: Decimal) -> Decimal | None:
    """What must stand behind a leg for it to end at the target price and not before."""
    size = leg.contract_size
    if size is None:
        return None
    if leg.isolated and leg.position.mm_basis == "entry":
        gained = pnl(
            inverse=leg.inverse,
            side=leg.side,
            contracts=leg.position.contracts,
            contract_size=size,
            entry=leg.entry,
            price=target,
        )
        return difference(_maintenance(leg, ZERO, leg.entry), gained)
    return required_margin(
        inverse=leg.inverse,
        side=leg.side,
        contracts=leg.position.contracts,
        contract_size=size,
        entry=leg.entry,
        target_price=target,
        tiers=leg.tiers,
    )


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
            margin=leg.margin + realised(leg, contracts),
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
        found = wallet.liquidation(leg, book.usd_price, contracts=left, realised=realised(leg, contracts))
        return left <= 0 or (found is not None and (found.never or (found.distance or ZERO) >= distance))

    return reaches


# One wallet that cross legs share


def ratio_aim(book: Book, wallet: Wallet, ratio: Decimal) -> Aim:
    """Its maintenance margin is at most so much of its equity."""
    equity = wallet.cross_equity(book.usd_price, wallet.cross_legs[0].quote_usd)
    required = wallet.cross_maintenance.value

    def reaches(leg: Leg, contracts: Decimal) -> bool:
        price = leg.entry if leg.position.mm_basis == "entry" else leg.price
        less = difference(_maintenance(leg, ZERO, price), _maintenance(leg, contracts, price))
        left = difference(required, less)
        return left is not None and equity is not None and left <= ratio * equity

    if equity is None or required is None or ratio <= 0:
        return Aim(None, reaches)
    return Aim(max(ZERO, required / ratio - equity), reaches)


def joint_aim(book: Book, wallet: Wallet, distance: Decimal) -> Aim:
    """No common move of all marks up to `distance`, up or down, ends it: equity above maintenance margin at both ends.

    In between it then is as well, because equity less maintenance margin is concave in the move."""
    scales = [ONE + distance] + ([ONE - distance] if distance < 1 else [])
    rooms = [_room_at(book, wallet, scale) for scale in scales]

    def reaches(leg: Leg, contracts: Decimal) -> bool:
        gains = [_less_closed(leg, contracts, scale) for scale in scales]
        left = [known_sum(pair) for pair in zip(rooms, gains, strict=True)]
        return all(room is not None and room >= 0 for room in left)

    known = [room for room in rooms if room is not None]
    missing = None if len(known) < len(rooms) else max(ZERO, *(-room for room in known))
    return Aim(missing, reaches)


def _room_at(book: Book, wallet: Wallet, scale: Decimal) -> Decimal | None:
    """Equity less maintenance margin, with every mark and coin at `scale` times its price."""
    coins = wallet.coins(book.usd_price, wallet.cross_legs[0].quote_usd)
    if coins is None:
        return None
    moving, still = (coins_worth([coin for coin in coins if (coin.asset in MONEY) == money]) for money in (False, True))
    legs = [_stands_on(leg, ZERO, scale) for leg in wallet.cross_legs]
    return known_sum((wallet.shared, moving * scale, still, *legs))


def _less_closed(leg: Leg, contracts: Decimal, scale: Decimal) -> Decimal | None:
    """What closing contracts now adds to that room."""
    grown = difference(_stands_on(leg, contracts, scale), _stands_on(leg, ZERO, scale))
    return known_sum((grown, realised(leg, contracts)))


def _stands_on(leg: Leg, closed: Decimal, scale: Decimal) -> Decimal | None:
    """PnL less maintenance margin of what is left of a leg, its mark at `scale` times its price."""
    if leg.contract_size is None or leg.price is None:
        return None
    price = leg.price * scale
    gained = pnl(
        inverse=leg.inverse,
        side=leg.side,
        contracts=leg.position.contracts - closed,
        contract_size=leg.contract_size,
        entry=leg.entry,
        price=price,
    )
    return difference(gained, _maintenance(leg, closed, price))


def _maintenance(leg: Leg, closed: Decimal, price: Decimal | None) -> Decimal | None:
    """Maintenance margin of what is left, at a price."""
    if leg.contract_size is None:
        return None
    left = leg.position.contracts - closed
    size = notional(inverse=leg.inverse, contracts=left, contract_size=leg.contract_size, price=price)
    return maintenance_margin(notional=size, tiers=leg.tiers)
