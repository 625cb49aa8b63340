"""Where two alerts of one coin ask for opposite orders: how a ticket goes together with what else its coin needs."""

from __future__ import annotations

from decimal import Decimal

from hedge.book.book import Book
from hedge.book.coins import Coin
from hedge.book.legs import Leg
from hedge.market import Instant
from hedge.snapshot import Remedy
from hedge.ticket.words import percent_words

NEAR = Decimal("0.20")
"""To liquidation, of a leg or an account: nearer than this it is brought away before its coin is brought to plan."""
SHRINKS = ("buy_back", "trim", "unwind")


def beside(book: Book, leg: Leg, remedy: Remedy, now: Instant, *, shrinks: bool, rescues: bool) -> str:
    """What else the coin of a leg asks for, and which goes first; empty where nothing speaks against the order.

    `rescues`: the order is meant to bring a leg or an account away from its end."""
    coin = book.layout.coin_of[leg.id]
    if leg.side == "long":
        return ""
    if remedy == "sell_more" and not shrinks:
        return _endangered(book, coin, leg, now)
    return _off_plan(book, coin, remedy, rescues=rescues) if remedy in SHRINKS else ""


def _endangered(book: Book, coin: Coin, leg: Leg, now: Instant) -> str:
    """Selling more, where a short of the coin, or the account the order goes to, is near its end."""
    for short in (one for one in coin.legs if one.side == "short"):
        distance = book.leg(short.id, now).to_liquidation
        if distance is not None and distance < NEAR:
            return (
                f"The {short.asset} short in {short.account.id} {_away(distance)}: first add margin there; "
                "buying it back would undo this order"
            )
    joint = None if leg.isolated else book.account(leg.account.id, now).joint_to_liquidation
    if joint is not None and joint < NEAR:
        return f"{leg.account.id} {_away(joint)}, all marks together: first add collateral there"
    return ""


def _away(distance: Decimal) -> str:
    return "is in liquidation" if distance <= 0 else f"is {percent_words(distance, cut=True)} from liquidation"


def _off_plan(book: Book, coin: Coin, remedy: Remedy, *, rescues: bool) -> str:
    """Buying back, where the coin is off its plan by more than its band."""
    off = coin.standing().drift
    if off is None or abs(off) <= book.band:
        return ""
    side = "under" if off < 0 else "over"
    plan = f"{coin.name} is {percent_words(abs(off)).removesuffix(' %')} points {side} plan"
    if off > 0:
        return f"{plan}: buying back serves both" if rescues and remedy == "buy_back" else ""
    if remedy == "trim":
        return f"{plan}, and a trim leaves it so: adding margin keeps the hedge"
    return f"{plan} already, and this takes it further" + (": adding margin keeps the hedge" if rescues else "")
