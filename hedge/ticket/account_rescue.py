"""Away from the end of an account whose legs share their margin: collateral to add, or a leg to buy back or trim."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from hedge.book.book import Book
from hedge.book.legs import Leg
from hedge.book.wallets import Wallet
from hedge.margin import notional_usd
from hedge.market import Instant
from hedge.sizing import OrderSide
from hedge.snapshot import NEVER, Ticket
from hedge.ticket.aims import Aim, joint_aim, ratio_aim
from hedge.ticket.orders import Task, order_ticket, waiting, with_effect
from hedge.ticket.rescue import added_margin, fewest_contracts, trimmed
from hedge.ticket.words import percent_words

AimOf = Callable[[Wallet], Aim]
Said = Callable[[Ticket], str]
"""What a ticket achieves."""


class Shared(NamedTuple):
    """A wallet that cross legs share, and how it stands by the measure in question; None: not known."""

    wallet: Wallet
    value: Decimal | None


def ways_to_joint(book: Book, account_id: str, distance: Decimal, now: Instant) -> tuple[Ticket, ...]:
    """What brings the common move of all marks that ends an account `distance` away (0.12 is 12 %).

    Collateral, then a leg to buy back, then its trim; () where it is as far already. Raises KeyError for an unknown
    account."""
    row = book.account(account_id, now)
    if row.joint_to_liquidation is None:
        return _unknown(book, account_id, row.why.get("joint_to_liquidation", ""), now)
    wallets = [Shared(wallet, _joint(book, wallet)) for wallet in shared_wallets(book, account_id)]
    worst = min((each for each in wallets if each.value is not None), key=lambda each: each.value or Decimal(0))
    if row.joint_to_liquidation >= distance:
        return ()
    return _ways(book, worst.wallet, joint_aim(book, worst.wallet, distance), now, distance, _said_joint)


def ways_to_ratio(book: Book, account_id: str, ratio: Decimal, now: Instant) -> tuple[Ticket, ...]:
    """The same until its maintenance margin is at most so much of its equity."""
    row = book.account(account_id, now)
    insolvent = row.why.get("margin_ratio", "").startswith("insolvent")
    if row.margin_ratio is None and not insolvent:
        return _unknown(book, account_id, row.why.get("margin_ratio", ""), now)
    if row.margin_ratio is not None and row.margin_ratio <= ratio and not insolvent:
        return ()
    wallets = [Shared(wallet, ratio_aim(book, wallet, ratio).missing) for wallet in shared_wallets(book, account_id)]
    worst = max((each for each in wallets if each.value is not None), key=lambda each: each.value or Decimal(0))
    return _ways(book, worst.wallet, ratio_aim(book, worst.wallet, ratio), now, ratio, _said_ratio)


def shared_wallets(book: Book, account_id: str) -> list[Wallet]:
    """The wallets of an account that cross legs share."""
    return [wallet for wallet in book.layout.wallets_of[account_id] if wallet.cross_legs]


def _joint(book: Book, wallet: Wallet) -> Decimal | None:
    found = wallet.joint(book.usd_price, wallet.cross_legs[0].quote_usd)
    return None if found is None else found.distance


def _unknown(book: Book, account_id: str, why: str, now: Instant) -> tuple[Ticket, ...]:
    if why in ("", NEVER) or not shared_wallets(book, account_id):
        return ()
    words = f"No order for {account_id} can be sized yet: {why}"
    return (waiting(book, now, words, account=account_id),)


def _ways(book: Book, wallet: Wallet, aim: Aim, now: Instant, goal: Decimal, said: Said) -> tuple[Ticket, ...]:
    """Each way that does not bring the account nearer to its end."""
    leg, contracts = cheapest(wallet, aim)
    task = Task(book, leg, now, goal)
    closed = None
    if contracts is not None:
        side: OrderSide = "buy" if leg.side == "short" else "sell"
        closed = order_ticket(task, "buy_back", side, contracts)
    found = (added_margin(task, aim), closed, None if closed is None else trimmed(task, closed))
    before = book.account(leg.account.id, now).joint_to_liquidation
    return tuple(
        with_effect(ticket, said(ticket))
        for ticket in found
        if ticket is not None and _no_nearer(before, ticket.after.joint_to_liquidation)
    )


def _no_nearer(before: Decimal | None, after: Decimal | None) -> bool:
    return before is None or after is None or after >= before


def cheapest(wallet: Wallet, aim: Aim) -> tuple[Leg, Decimal | None]:
    """The leg of which the fewest dollars need closing, and how many contracts; the first in the file of several.

    Where closing one leg does not do, the one that takes the most maintenance margin, whole."""
    found = [(leg, fewest_contracts(leg, aim)) for leg in wallet.cross_legs]
    doing = [(leg, contracts) for leg, contracts in found if contracts is not None]
    if doing:
        return min(doing, key=lambda each: _dollars(*each))
    leg = max(wallet.cross_legs, key=lambda leg: Decimal(0) if leg.maintenance is None else leg.maintenance.margin)
    return leg, leg.position.contracts if leg.contract_size is not None and leg.price is not None else None


def _dollars(leg: Leg, contracts: Decimal) -> Decimal:
    size = notional_usd(
        inverse=leg.inverse,
        contracts=contracts,
        contract_size=leg.contract_size or Decimal(0),
        price=leg.price,
        quote_usd=leg.quote_usd,
    )
    return size or Decimal(0)


def _said_joint(ticket: Ticket) -> str:
    distance = ticket.after.joint_to_liquidation
    if distance is None:
        return "for no liquidation at any price"
    return f"for {percent_words(distance, cut=True)} to liquidation"


def _said_ratio(ticket: Ticket) -> str:
    ratio = ticket.after.margin_ratio
    return "to close it" if ratio is None else f"for a margin ratio of {percent_words(ratio)}"
