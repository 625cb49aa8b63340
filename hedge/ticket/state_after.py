"""The figures a ticket prints: of its coin, its leg, its account and the whole book, once it is done.

They are those of `with_ticket`, to the last digit, but worked out on the part of the book that the ticket touches: its
account, and the coins that its leg hedges, is priced by or is settled in. The rest enters the totals as it is.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from hedge.book.book import Book
from hedge.book.worth import off_usd, planned_net_usd
from hedge.exposure import ZERO, drift, hedge_ratio, known_sum, ratio
from hedge.market import Instant
from hedge.portfolio.written import Account, Portfolio, leg_id
from hedge.snapshot import AccountRow, After, AssetRow, PositionRow, Ticket
from hedge.sums import Sum, exact_sum
from hedge.symbols import perp
from hedge.ticket.after import portfolio_after

CLOSED = "nothing is left of it"
NOTHING = "nothing is held and nothing is short"
OF_COIN = ("hedge_ratio", "drift", "net_usd", "off_usd", "funding_day_usd")
OF_TIME = ("hours_to_liquidation", "sigmas_to_liquidation")
OF_LEG = ("to_liquidation", "liquidation_price", "margin_ratio", "effective_leverage", *OF_TIME)


class BookAfter(Struct, frozen=True):
    """The whole book against its plan."""

    drift: Decimal | None
    off_usd: Decimal | None
    why: str = ""


def state_after(book: Book, ticket: Ticket, now: Instant) -> After:
    """The state once the ticket is done; of one that is no order the state as it is."""
    book.catch_up(now)
    portfolio = portfolio_after(book, ticket)
    if portfolio is book.portfolio:
        coins, part = frozenset[str](), book
    else:
        coins = related_coins(book, ticket)
        part = book.with_portfolio(part_of(book, portfolio, ticket.account, coins), same_sources=True)
    coin = part.asset(ticket.asset, now) if ticket.asset in part.layout.coins else None
    leg = part.leg(ticket.leg, now) if ticket.leg is not None and ticket.leg in part.layout.legs else None
    account = part.account(ticket.account, now) if ticket.account in part.layout.accounts else None
    return _after(part, ticket, coin, leg, account, book_after(book, part, coins, now))


def _after(
    part: Book,
    ticket: Ticket,
    coin: AssetRow | None,
    leg: PositionRow | None,
    account: AccountRow | None,
    whole: BookAfter,
) -> After:
    if coin is None and ticket.asset:
        coin = AssetRow(ticket.asset, net_usd=ZERO, off_usd=ZERO, why=dict.fromkeys(("hedge_ratio", "drift"), NOTHING))
    after = After(
        hedge_ratio=None if coin is None else coin.hedge_ratio,
        drift=None if coin is None else coin.drift,
        net_usd=None if coin is None else coin.net_usd,
        off_usd=None if coin is None else coin.off_usd,
        to_liquidation=None if leg is None else leg.to_liquidation,
        liquidation_price=None if leg is None else leg.liquidation_price,
        margin_ratio=None if leg is None else leg.margin_ratio,
        effective_leverage=None if leg is None else leg.effective_leverage,
        hours_to_liquidation=None if leg is None else leg.hours_to_liquidation,
        sigmas_to_liquidation=None if leg is None else leg.sigmas_to_liquidation,
        funding_day_usd=None if coin is None else _funding(part, coin),
        joint_to_liquidation=None if account is None else account.joint_to_liquidation,
        free=None if account is None else account.free.get(ticket.currency or ""),
        book_drift=whole.drift,
        book_off_usd=whole.off_usd,
    )
    after.why.update(_reasons(after, ticket, coin, leg, account))
    if whole.why:
        after.why.update({name: whole.why for name in ("book_drift", "book_off_usd") if getattr(after, name) is None})
    return after


def _funding(part: Book, coin: AssetRow) -> Decimal | None:
    """A coin without a leg, and without a share in one, pays and gets nothing."""
    owner = part.layout.coins.get(coin.asset)
    return ZERO if not coin.legs and (owner is None or owner.shares is None) else coin.funding_day_usd


def _reasons(
    after: After, ticket: Ticket, coin: AssetRow | None, leg: PositionRow | None, account: AccountRow | None
) -> dict[str, str]:
    """Why figures are not known, from the rows they are of."""
    why: dict[str, str] = {}
    for name in OF_COIN:
        if coin is not None and getattr(after, name) is None and name in coin.why:
            why[name] = coin.why[name]
    for name in OF_LEG:
        if getattr(after, name) is None and (leg is not None or ticket.leg is not None):
            why[name] = CLOSED if leg is None else leg.why.get(name, "")
    if account is not None and after.joint_to_liquidation is None:
        why["joint_to_liquidation"] = account.why.get("joint_to_liquidation", "")
    if account is not None and after.free is None and ticket.currency:
        why["free"] = account.why.get(f"free.{ticket.currency}", "")
    return {name: reason for name, reason in why.items() if reason}


# The part of the book that a ticket touches


def related_coins(book: Book, ticket: Ticket) -> frozenset[str]:
    """The coins whose rows a ticket can change, and those that share a hedge or its price with them."""
    coins = book.layout.coins
    leg = book.layout.legs.get(ticket.leg or "")
    names = {ticket.asset, ticket.currency or ""}
    if leg is not None:
        names |= {book.layout.coin_of[leg.id].name, leg.asset, leg.settle}
    found: set[str] = set()
    while waiting := (names & coins.keys()) - found:
        for name in waiting:
            coin = coins[name]
            shared = () if coin.shares is None else (coin.shares,)
            names.update(one.name for one in (coin.hedge_priced_as, *coin.members, *coin.dependants, *shared))
        found |= waiting
    return frozenset(found)


def part_of(book: Book, portfolio: Portfolio, account_id: str, coins: frozenset[str]) -> Portfolio:
    """One whole account, and everything that counts for `coins` elsewhere."""

    def kept(account: Account) -> Account:
        if account.id == account_id:
            return account
        collateral = {name: amount for name, amount in account.collateral.items() if name in coins}
        positions = tuple(
            one
            for one in account.positions
            if perp(one.symbol).coin in coins or book.layout.coin_of[leg_id(account, one)].name in coins
        )
        return account.model_copy(update={"collateral": collateral, "haircuts": {}, "positions": positions})

    return portfolio.model_copy(
        update={
            "holdings": tuple(holding for holding in portfolio.holdings if holding.asset in coins),
            "accounts": tuple(kept(account) for account in portfolio.accounts),
        }
    )


def book_after(book: Book, part: Book, coins: frozenset[str], now: Instant) -> BookAfter:
    """The whole book's drift and dollars off plan, with the parts of `coins` exchanged."""

    def total(old: Sum, new: Sum) -> Decimal | None:
        rest = old.without(coins)
        return exact_sum((rest, *(new.part(name) for name in coins if name in part.layout.coins)))

    hedge = total(book.sums.hedge_usd, part.sums.hedge_usd)
    held = total(book.sums.beta_spot_usd, part.sums.beta_spot_usd)
    planned = total(book.sums.planned_hedge_usd, part.sums.planned_hedge_usd)
    net = known_sum((held, hedge))
    planned_net = planned_net_usd(beta_spot_usd=held, planned_hedge_usd=planned)
    held_ratio, target = hedge_ratio(spot_delta=held, hedge_delta=hedge), ratio(planned, held)
    off = off_usd(beta_net_usd=net, planned_net_usd=planned_net)
    found = BookAfter(drift=drift(hedge_ratio=held_ratio, target_ratio=target), off_usd=off)
    return found if found.drift is not None else replace(found, why=book.totals(now).why.get("drift", NOTHING))
