"""What to do about each kind of breach: one to three tickets, best first, in an order that is the same every time.

| rule | 1 | 2 | 3 |
|---|---|---|---|
| hedge_drift | sell more, or buy back | where one leg is not enough: in another; else collateral it lacks | wait |
| hedge_drift_total, book_value, allocation | the coin most dollars off plan | the next | wait |
| liquidation, liquidation_pace, liquidation_sigma, leverage | add margin | buy back | trim, else wait |
| liquidation_joint, margin_ratio | add collateral | buy back the cheapest leg | trim it, else wait |
| funding_*, hedge_cost, against the hedger | unwind half | unwind all | wait |
| the same, in his favour | wait (and of hedge_cost: unwind half, all) | | |
| basis | wait | trim a quarter, else unwind it | |
| stablecoin | wait | unwind half of the largest leg in it | |
| leg_lost | open it again | take it out of the file | |
| stop_loss, take_profit | unwind all | unwind half | wait |
| price | unwind half | unwind all | wait |

What is left out does not help, is not known or is too small. Waiting says what it risks. The goal of a rule is in its
own unit; without one it is the next level's clearing point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from hedge.book.book import Book
from hedge.book.coins import Coin
from hedge.book.legs import Leg
from hedge.exposure import ONE, ZERO
from hedge.market import Instant
from hedge.sizing import OrderSide
from hedge.snapshot import PositionRow, Ticket
from hedge.ticket.account_rescue import shared_wallets, ways_to_joint, ways_to_ratio
from hedge.ticket.back_to_plan import in_one_order, rebalance
from hedge.ticket.orders import Task, collateral_ticket, missing_collateral, order_ticket, waiting, with_effect
from hedge.ticket.rescue import trimmed, ways_to_distance, ways_to_leverage
from hedge.ticket.risks import (
    account_risk,
    basis_risk,
    book_risk,
    drift_risk,
    funding_risk,
    liquidation_risk,
    stablecoin_risk,
)
from hedge.ticket.unwind import HALF, QUARTER, unwinding, with_funding
from hedge.ticket.words import round_up, unit_of

MOST = 3
"""Ways out of one breach."""
DISTANCES = (Decimal("0.12"), Decimal("0.24"), Decimal("0.40"))
"""Clear a warning, a caution, all: 1.2 times the levels, the last a little more."""
HOURS = (Decimal(9), Decimal(36))
SIGMAS = (Decimal(3), Decimal("4.5"))
RATIOS = (Decimal("0.36"), Decimal("0.18"), Decimal("0.09"))
LEVERAGES = (Decimal(9), Decimal("2.7"))


class Breach(NamedTuple):
    """Which rule is broken for what, and how far it shall be brought back."""

    book: Book
    rule: str
    subject: str
    now: Instant
    goal: Decimal | None


def remedies(book: Book, rule: str, subject: str, now: Instant, goal: Decimal | None = None) -> tuple[Ticket, ...]:
    """Tickets for the breach of a rule, best first, at most three; () where nothing is to be done, or no order helps.

    `subject` is a leg id, coin, account id, currency, price level (`BTC/above/80000`) or `book`, as alerts name it.
    `goal` is where to bring it back to, in the rule's unit: a distance (0.12), hours, a ratio, a multiple; others have
    none. Raises KeyError for a subject that the book does not have."""
    book.catch_up(now)
    find = BY_RULE.get(rule)
    return () if find is None else tuple(find(Breach(book, rule, subject, now, goal)))


Found = Sequence[Ticket]


def legs_of(book: Book, subject: str) -> list[Leg]:
    """The legs that a subject is about, in the file's order: itself, a coin's, an account's, a currency's, or all.

    Raises KeyError for a name that the book does not have."""
    layout = book.layout
    if subject in layout.legs:
        return [layout.legs[subject]]
    if subject == "book":
        return list(layout.legs.values())
    if subject in layout.accounts:
        return [leg for leg in layout.legs.values() if leg.account.id == subject]
    coin = layout.coins.get(subject.partition("/")[0])
    if coin is not None:
        return (coin.shares or coin).legs
    found = [leg for leg in layout.legs.values() if leg.quote == subject and not leg.inverse]
    if not found and not any(currency == subject for _, currency in layout.wallets):
        raise KeyError(subject)
    return found


def _is_order(ticket: Ticket) -> bool:
    return ticket.kind != "wait"


def _wait(breach: Breach, risk: str, leg: Leg | None = None) -> Ticket:
    return waiting(breach.book, breach.now, "Wait", leg=leg, risk=risk)


# Exposure


def _drift(breach: Breach) -> Found:
    book = breach.book
    coin = book.layout.coins[breach.subject]
    coin = coin.shares or coin
    found = rebalance(book, coin.name, breach.now)
    if not found:
        return ()
    first, risk = found[0], drift_risk(coin)
    if not _is_order(first):
        return (with_effect(first, "", first.risk or risk),)
    leg = book.layout.legs[first.leg or ""]
    whole = in_one_order(book, coin, breach.now) if first.risk else ()
    return (first, *whole, *_collateral(breach, leg, first), _wait(breach, risk, leg))


def _collateral(breach: Breach, leg: Leg, order: Ticket) -> Found:
    """What the account lacks for an order, and only then."""
    missing = missing_collateral(order, leg)
    if missing <= 0:
        return ()
    wallet = breach.book.layout.wallet_of(leg)
    amount = round_up(missing, unit_of(breach.book.usd_price(leg.settle), money=wallet.is_money))
    return (with_effect(collateral_ticket(Task(breach.book, leg, breach.now), amount), "for that order"),)


def _whole_book(breach: Breach) -> Found:
    book = breach.book
    off = [(abs(coin.standing().off_usd or ZERO), coin) for coin in book.layout.coins.values() if not coin.shares]
    found: list[Ticket] = []
    for dollars, coin in sorted(off, key=lambda each: -each[0]):
        if dollars and sum(map(_is_order, found)) < MOST - 1:
            tickets = rebalance(book, coin.name, breach.now)
            found += (in_one_order(book, coin, breach.now) if tickets and tickets[0].risk else ()) or tickets
    orders = [ticket for ticket in found if _is_order(ticket)]
    if not orders:
        return found[:1]
    risk = book_risk(book.totals(breach.now).off_usd)
    return (*orders, _wait(breach, risk, book.layout.legs[orders[0].leg or ""]))


# Liquidation


def _beyond(ladder: Sequence[Decimal], present: Decimal | None) -> Decimal:
    """The first step above what is; the first of all where that is not known."""
    return next((step for step in ladder if present is None or step > present), ladder[-1])


def _below(ladder: Sequence[Decimal], present: Decimal | None) -> Decimal:
    return next((step for step in ladder if present is None or step < present), ladder[-1])


def _liquidation(breach: Breach) -> Found:
    row = breach.book.leg(breach.subject, breach.now)
    goal = breach.goal or _beyond(DISTANCES, row.to_liquidation)
    near = row.to_liquidation is not None and row.to_liquidation < goal
    return _or_wait(breach, row, ways_to_distance(breach.book, row.id, goal, breach.now), near=near)


def _pace(breach: Breach) -> Found:
    """Hours, or deviations, are proportional to the logarithm of the distance: that is what to bring it to."""
    row = breach.book.leg(breach.subject, breach.now)
    in_hours = breach.rule == "liquidation_pace"
    present = row.hours_to_liquidation if in_hours else row.sigmas_to_liquidation
    if not present or present < 0 or not row.liquidation_price or row.mark is None:
        return _liquidation(breach._replace(goal=None))
    goal = breach.goal or _beyond(HOURS if in_hours else SIGMAS, present)
    if present >= goal:
        return ()
    move = (row.liquidation_price / row.mark).ln() * goal / present
    found = ways_to_distance(breach.book, row.id, abs(move.exp() - ONE), breach.now)
    return _or_wait(breach, row, tuple(_with_goal(ticket, goal) for ticket in found), near=True)


def _with_goal(ticket: Ticket, goal: Decimal) -> Ticket:
    """The same, sized for hours or deviations; the hours it then has stand in its effect."""
    if ticket.goal is None:
        return ticket
    hours = ticket.after.hours_to_liquidation
    pace = "" if hours is None else f", {hours:.0f} h at this pace"
    return replace(ticket, goal=goal, effect=f"{ticket.effect}{pace}")


def _leverage(breach: Breach) -> Found:
    row = breach.book.leg(breach.subject, breach.now)
    goal = breach.goal or _below(LEVERAGES, row.effective_leverage)
    near = row.effective_leverage is not None and row.effective_leverage > goal
    return _or_wait(breach, row, ways_to_leverage(breach.book, row.id, goal, breach.now), near=near)


def _or_wait(breach: Breach, row: PositionRow, found: Found, *, near: bool) -> Found:
    """With fewer than three ways, waiting is one, also where none helps; a sentence in their place says the risk."""
    leg = breach.book.layout.legs[row.id]
    risk = liquidation_risk(leg, row)
    orders = [ticket for ticket in found if _is_order(ticket)]
    if not orders and (found or not near):
        return [with_effect(ticket, "", risk) for ticket in found]
    return orders if len(orders) >= MOST else (*orders, _wait(breach, risk, leg))


def _joint(breach: Breach) -> Found:
    row = breach.book.account(breach.subject, breach.now)
    goal = breach.goal or _beyond(DISTANCES, row.joint_to_liquidation)
    return _account(breach, ways_to_joint(breach.book, row.id, goal, breach.now))


def _ratio(breach: Breach) -> Found:
    row = breach.book.account(breach.subject, breach.now)
    goal = breach.goal or _below(RATIOS, row.margin_ratio)
    return _account(breach, ways_to_ratio(breach.book, row.id, goal, breach.now))


def _account(breach: Breach, found: Found) -> Found:
    orders = [ticket for ticket in found if _is_order(ticket)]
    if not orders or len(orders) >= MOST:
        return found
    leg = breach.book.layout.legs[orders[0].leg or ""]
    joint = breach.book.account(breach.subject, breach.now).joint_to_liquidation
    wallet = next(one for one in shared_wallets(breach.book, breach.subject) if leg in one.cross_legs)
    return (*orders, _wait(breach, account_risk(wallet, joint), leg))


# Cost and market


def _dearest(legs: Sequence[Leg]) -> Leg:
    """The leg whose funding takes the most a day; the first in the file of several."""
    return min(legs, key=lambda leg: ZERO if leg.day_usd is None else leg.day_usd)


def _funding(breach: Breach) -> Found:
    legs = legs_of(breach.book, breach.subject)
    if not legs:
        return ()
    leg = _dearest(legs)
    wait = _wait(breach, funding_risk(leg.day_usd, leg.notional_usd), leg)
    against = leg.day_usd is not None and leg.day_usd < 0
    if not against and breach.rule != "hedge_cost":
        return (wait,)
    unwinds = _unwinds(breach, leg, HALF, ONE)
    return (*unwinds, wait) if against else (wait, *unwinds)


def _unwinds(breach: Breach, leg: Leg, *shares: Decimal) -> Found:
    """Orders over these shares of a leg, without those that are too small."""
    task = Task(breach.book, leg, breach.now)
    return [ticket for ticket in (unwinding(task, share) for share in shares) if _is_order(ticket)]


def _basis(breach: Breach) -> Found:
    found: list[Ticket] = []
    for leg in legs_of(breach.book, breach.subject)[:1]:
        found.append(_wait(breach, basis_risk(leg), leg))
        found += _quarter(breach, leg)
    return found


def _quarter(breach: Breach, leg: Leg) -> Found:
    """A quarter of a leg with the coins it covers; without coins to sell the quarter alone."""
    task = Task(breach.book, leg, breach.now)
    unwound = unwinding(task, QUARTER)
    trim = trimmed(task, unwound) if _is_order(unwound) else None
    return [with_funding(trim)] if trim is not None else [unwound] if _is_order(unwound) else []


def _stablecoin(breach: Breach) -> Found:
    legs = legs_of(breach.book, breach.subject)
    wait = _wait(breach, stablecoin_risk(breach.book, breach.subject))
    if not legs:
        return (wait,)
    return (wait, *_unwinds(breach, max(legs, key=lambda leg: leg.notional_usd or ZERO), HALF))


def _stop(breach: Breach) -> Found:
    return _exit(breach, ONE, HALF)


def _price(breach: Breach) -> Found:
    return _exit(breach, HALF, ONE)


def _exit(breach: Breach, *shares: Decimal) -> Found:
    legs = legs_of(breach.book, breach.subject)
    if not legs:
        return ()
    leg = max(legs, key=lambda leg: leg.notional_usd or ZERO)
    row = breach.book.leg(leg.id, breach.now)
    risk = liquidation_risk(leg, row) or funding_risk(leg.day_usd, leg.notional_usd)
    return (*_unwinds(breach, leg, *shares), _wait(breach, risk, leg))


def _lost(breach: Breach) -> Found:
    leg = breach.book.layout.legs[breach.subject]
    if leg.account.address is not None:
        return ()  # its venue says what is left of it, and the drift what to sell for that
    gone = waiting(
        breach.book,
        breach.now,
        f"Take {leg.id} out of the file if {leg.account.venue} no longer shows it",
        leg=leg,
        remedy="update_file",
    )
    coin: Coin = breach.book.layout.coin_of[leg.id]
    off = gone.after.off_usd
    gone = with_effect(gone, "", _open_words(coin, off))
    if leg.contract_size is None or leg.price is None:
        return (gone,)
    side: OrderSide = "sell" if leg.side == "short" else "buy"
    again = order_ticket(Task(breach.book, leg, breach.now), "reopen", side, leg.position.contracts)
    words = f"{again.words} again, if it is gone there"
    risk = f"Where {leg.account.venue} still shows it, this doubles it: look there first"
    return (replace(again, words=words, risk=risk), gone)


def _open_words(coin: Coin, off_usd: Decimal | None) -> str:
    return book_risk(off_usd).replace("all coins", coin.hedge_priced_as.name)


BY_RULE: Mapping[str, Callable[[Breach], Found]] = {
    "hedge_drift": _drift,
    "hedge_drift_total": _whole_book,
    "book_value": _whole_book,
    "allocation": _whole_book,
    "liquidation": _liquidation,
    "liquidation_pace": _pace,
    "liquidation_sigma": _pace,
    "liquidation_joint": _joint,
    "margin_ratio": _ratio,
    "leverage": _leverage,
    "funding_flip": _funding,
    "funding_persistent": _funding,
    "funding_large": _funding,
    "hedge_cost": _funding,
    "basis": _basis,
    "stablecoin": _stablecoin,
    "leg_lost": _lost,
    "price": _price,
    "stop_loss": _stop,
    "take_profit": _stop,
}
"""Every rule that an order can answer; for the others (feeds, file, monitor) there is none."""
