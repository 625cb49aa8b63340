"""Away from liquidation: margin to add, contracts to buy back, or a trim, until a leg is where it shall be."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from hedge.book.book import Book
from hedge.book.coins import Coin
from hedge.book.legs import Leg
from hedge.exposure import ONE, ZERO
from hedge.liquidation import ends_on_rise
from hedge.market import Instant
from hedge.sizing import OrderSide, round_to_step
from hedge.snapshot import NEVER, After, PositionRow, Ticket
from hedge.ticket.after import held_outside, realised
from hedge.ticket.aims import Aim, distance_aim, fewest, leverage_aim
from hedge.ticket.orders import Task, margin_ticket, order_ticket, waiting, with_effect
from hedge.ticket.words import coins_words, percent_words, round_up, unit_of

THOUSANDTH = Decimal("0.001")
"""Of a position: the step where the venue takes any size."""
COIN_UNIT = Decimal("1e-8")
"""In what steps coins are sold where the hedge's own lot says nothing."""


def rescue(book: Book, leg_id: str, to_distance: Decimal, now: Instant) -> tuple[Ticket, ...]:
    """What brings a leg's liquidation `to_distance` away (a fraction: 0.12 is 12 %): margin to add, then the buy-back.

    () where it is as far already, or nothing liquidates it. Raises KeyError for an unknown leg."""
    return _first_two(ways_to_distance(book, leg_id, to_distance, now))


def _first_two(tickets: tuple[Ticket, ...]) -> tuple[Ticket, ...]:
    return tuple(ticket for ticket in tickets if ticket.remedy != "trim")


def ways_to_distance(book: Book, leg_id: str, distance: Decimal, now: Instant) -> tuple[Ticket, ...]:
    """`rescue`, and then the trim: the same buy-back with as many coins sold as keep the hedge ratio."""
    row = book.leg(leg_id, now)
    leg = book.layout.legs[leg_id]
    if row.why.get("to_liquidation") == NEVER or (row.to_liquidation is not None and row.to_liquidation >= distance):
        return ()
    task = Task(book, leg, now, distance)
    if not sizable(book, leg):
        return (unsized(task, row.why.get("to_liquidation", "")),)
    return tuple(_with_distance(ticket, leg) for ticket in leg_ways(task, distance_aim(book, leg, distance), row))


def ways_to_leverage(book: Book, leg_id: str, multiple: Decimal, now: Instant) -> tuple[Ticket, ...]:
    """The same three ways to at most so many times its equity; () where it carries no more."""
    row = book.leg(leg_id, now)
    leg = book.layout.legs[leg_id]
    if row.effective_leverage is not None and row.effective_leverage <= multiple:
        return ()
    task = Task(book, leg, now, multiple)
    if not sizable(book, leg):
        return (unsized(task, row.why.get("effective_leverage") or row.why.get("to_liquidation", "")),)
    return tuple(_with_leverage(ticket) for ticket in leg_ways(task, leverage_aim(book, leg, multiple), row))


def sizable(book: Book, leg: Leg) -> bool:
    """Whether everything is known that an order to rescue a leg is sized by."""
    if leg.market.mark is None or leg.contract_size is None or leg.entry is None or not leg.tiers:
        return False
    return (
        leg.margin is not None
        if leg.isolated
        else book.layout.wallet_of(leg).liquidation(leg, book.usd_price) is not None
    )


def leg_ways(task: Task, aim: Aim, row: PositionRow) -> tuple[Ticket, ...]:
    """Margin, buy-back and trim that reach an aim; each left out where it does not bring the leg further away."""
    added = added_margin(task, aim)
    closed = closing(task, aim)
    trim = None if closed is None else trimmed(task, closed)
    found = [ticket for ticket in (added, closed, trim) if ticket is not None]
    now = task.book.account(task.leg.account.id, task.now).joint_to_liquidation
    return tuple(ticket for ticket in found if no_nearer(row, now, ticket.after))


def no_nearer(row: PositionRow, joint: Decimal | None, after: After) -> bool:
    """Whether a leg, or what is left of its account once it is closed, is as far from liquidation as before."""
    closed = after.to_liquidation is None and after.why.get("to_liquidation") != NEVER
    if closed:
        return joint is None or after.joint_to_liquidation is None or after.joint_to_liquidation >= joint
    if row.to_liquidation is None:
        return row.why.get("to_liquidation") != NEVER or after.why.get("to_liquidation") == NEVER
    return after.to_liquidation is None or after.to_liquidation >= row.to_liquidation


def added_margin(task: Task, aim: Aim) -> Ticket | None:
    """The collateral still missing, rounded up; None where no amount does, or none is missing."""
    if not aim.missing:
        return None
    leg, wallet = task.leg, task.book.layout.wallet_of(task.leg)
    unit = unit_of(task.book.usd_price(leg.settle), money=wallet.is_money)
    return margin_ticket(task, round_up(aim.missing, unit))


def closing(task: Task, aim: Aim) -> Ticket | None:
    """The fewest contracts whose closing reaches the aim, margin kept; None where closing does not help."""
    leg = task.leg
    contracts = fewest_contracts(leg, aim)
    if contracts is None:
        return None
    side: OrderSide = "buy" if leg.side == "short" else "sell"
    return order_ticket(task, "buy_back", side, contracts, keeps_margin=leg.isolated)


def fewest_contracts(leg: Leg, aim: Aim) -> Decimal | None:
    """In whole steps, no fewer than the venue takes, no more than are open; the whole leg may be off its step."""
    instrument = leg.market.instrument
    if instrument is None or leg.contract_size is None or leg.price is None:
        return None
    whole = leg.position.contracts
    step = instrument.step or whole * THOUSANDTH
    contracts = fewest(lambda n: aim.reaches(leg, n), step, whole)
    return None if contracts is None else min(max(contracts, instrument.min_contracts or ZERO), whole)


def trimmed(task: Task, closed: Ticket) -> Ticket | None:
    """A buy-back together with the sale of the coins it uncovers; None where there are none to sell."""
    coin, contracts = task.book.layout.coin_of[task.leg.id], closed.contracts
    if contracts is None or task.leg.side == "long":
        return None
    sold = coins_uncovered(task, coin, contracts, closed.after.hedge_ratio)
    if sold is None:
        return None
    ticket = order_ticket(
        task, "trim", "buy", contracts, keeps_margin=closed.keeps_margin, sell_coins=sold, residual=closed.residual
    )
    words = f"{ticket.words.replace(', keeping its margin', '')} and sell {coins_words(sold)} {coin.name} of those held"
    return replace(ticket, words=words)


def coins_uncovered(task: Task, coin: Coin, contracts: Decimal, ratio_after: Decimal | None) -> Decimal | None:
    """Coins to sell so that the ratio is what it was, or the target where it was above; to the nearest lot.

    None where the hedge is a proxy's, none is left, or fewer are held outside futures accounts."""
    before = coin.standing().hedge_ratio
    if not coin.plain or before is None or not ratio_after or ratio_after < 0 or before <= 0:
        return None
    keep = min(before, coin.target.ratio)
    if keep <= ratio_after:
        return None
    held = coin.spot_quantity + (realised(task.leg, contracts) if task.leg.settle == coin.name else ZERO)
    sold = round_to_step(quantity=held * (ONE - ratio_after / keep), step=coin.lot() or COIN_UNIT)
    return sold if 0 < sold <= held_outside(task.book.portfolio, coin.name) else None


def _with_distance(ticket: Ticket, leg: Leg) -> Ticket:
    distance = ticket.after.to_liquidation
    if distance is None:
        never = ticket.after.why.get("to_liquidation") == NEVER
        return with_effect(ticket, "for no liquidation at any price" if never else "to close it")
    rise = ends_on_rise(
        side=leg.side, mark=leg.price, liquidation_price=ticket.after.liquidation_price, distance=distance
    )
    return with_effect(ticket, f"for {'+' if rise else '−'}{percent_words(distance, cut=True)} to liquidation")


def _with_leverage(ticket: Ticket) -> Ticket:
    multiple = ticket.after.effective_leverage
    return with_effect(ticket, "to close it" if multiple is None else f"for {multiple:.1f} times its equity")


def unsized(task: Task, why: str) -> Ticket:
    """The sentence for a leg of which an input is missing."""
    words = f"No order for {task.leg.asset} can be sized yet: {why}"
    return waiting(task.book, task.now, words, leg=task.leg)
