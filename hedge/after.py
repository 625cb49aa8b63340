"""The book as it would be once a ticket is done: filled at the mark, in the amount that stands on the ticket."""

from __future__ import annotations

from decimal import Decimal

from hedge.book import Book
from hedge.exposure import ZERO
from hedge.legs import Leg
from hedge.margin import notional
from hedge.market import Instant
from hedge.pnl import Fill, average_entry, pnl
from hedge.snapshot import After, Ticket
from hedge.written import Account, Portfolio, Position


def with_ticket(book: Book, ticket: Ticket) -> Book:
    """A copy of the book, on the same market data, with the ticket filled; the book itself where there is no order.

    A larger isolated leg takes the margin of its present leverage; a smaller one frees its share, unless the ticket
    keeps it. Realised PnL goes to the wallet. Fees are left out."""
    leg = book.layout.legs.get(ticket.leg or "")
    if leg is None or ticket.kind == "wait":
        return book
    if ticket.kind == "add_margin":
        return book.with_portfolio(_with_margin(book.portfolio, leg, ticket.amount or ZERO))
    return book.with_portfolio(_with_order(book.portfolio, leg, ticket))


def state_after(book: Book, ticket: Ticket, asset: str, now: Instant) -> After:
    """The figures a ticket prints: of the coin and of the leg, in the book with the ticket filled."""
    after = with_ticket(book, ticket)
    coin = after.asset(asset, now) if asset in after.layout.coins else None
    leg = after.leg(ticket.leg, now) if ticket.leg in after.layout.legs and ticket.leg is not None else None
    return After(
        hedge_ratio=None if coin is None else coin.hedge_ratio,
        drift=None if coin is None else coin.drift,
        net_usd=None if coin is None else coin.net_usd,
        off_usd=None if coin is None else coin.off_usd,
        to_liquidation=None if leg is None else leg.to_liquidation,
        liquidation_price=None if leg is None else leg.liquidation_price,
    )


def _with_margin(portfolio: Portfolio, leg: Leg, amount: Decimal) -> Portfolio:
    """An isolated leg's margin grows out of the wallet, and that by what it lacks; a cross one's wallet grows."""
    wallet = leg.account.collateral.get(leg.settle)
    if not leg.isolated:
        return _with_account(portfolio, leg, leg.position, leg.settle, amount)
    position = leg.position.model_copy(
        update={"entry_price": leg.entry, "margin": (leg.margin or ZERO) + amount, "leverage": None}
    )
    lacking = ZERO if wallet is None or leg.inverse else max(ZERO, amount - free_of(leg, wallet))
    return _with_account(portfolio, leg, position, leg.settle, lacking)


def free_of(leg: Leg, wallet: Decimal) -> Decimal:
    """What of the wallet is neither isolated margin nor taken by a cross leg, as far as that is known."""
    taken = ZERO
    for position in leg.account.positions:
        if position.perp.settle == leg.settle and position.margin is not None:
            taken += position.margin
    return wallet - taken


def _with_order(portfolio: Portfolio, leg: Leg, ticket: Ticket) -> Portfolio:
    contracts = ticket.contracts or ZERO
    if (ticket.kind == "sell") == (leg.side == "short"):
        return _with_account(portfolio, leg, _grown(leg, contracts), leg.settle, ZERO)
    realised = pnl(
        inverse=leg.inverse,
        side=leg.side,
        contracts=contracts,
        contract_size=leg.contract_size or ZERO,
        entry=leg.entry,
        price=leg.price,
    )
    position = _reduced(leg, contracts, realised or ZERO, keeps_margin=ticket.keeps_margin)
    return _with_account(portfolio, leg, position, leg.settle, realised or ZERO)


def _grown(leg: Leg, contracts: Decimal) -> Position:
    """The position with contracts added at the mark, at its present leverage."""
    before = leg.position
    update: dict[str, object] = {"contracts": before.contracts + contracts}
    if leg.entry is not None and leg.price is not None:
        fills = (Fill(before.contracts, leg.entry), Fill(contracts, leg.price))
        update["entry_price"] = average_entry(inverse=leg.inverse, fills=fills)
    if leg.isolated and leg.margin is not None:
        update["margin"], update["leverage"] = leg.margin + _margin_of(leg, contracts), None
    return before.model_copy(update=update)


def _margin_of(leg: Leg, contracts: Decimal) -> Decimal:
    """Margin that contracts added at the mark take at the leg's present leverage."""
    size = leg.contract_size or ZERO
    added = notional(inverse=leg.inverse, contracts=contracts, contract_size=size, price=leg.price)
    present = notional(inverse=leg.inverse, contracts=leg.position.contracts, contract_size=size, price=leg.entry)
    if added is None or not present or leg.margin is None:
        return ZERO
    return added * leg.margin / present


def _reduced(leg: Leg, contracts: Decimal, realised: Decimal, *, keeps_margin: bool) -> Position | None:
    """The position with contracts closed at the mark; None where nothing is left."""
    left = leg.position.contracts - contracts
    if left <= 0:
        return None
    update: dict[str, object] = {"contracts": left, "entry_price": leg.entry}
    if leg.isolated and leg.margin is not None:
        freed = leg.margin * left / leg.position.contracts
        update["margin"], update["leverage"] = leg.margin + realised if keeps_margin else freed, None
    return leg.position.model_copy(update=update)


def _with_account(
    portfolio: Portfolio, leg: Leg, position: Position | None, currency: str, change: Decimal
) -> Portfolio:
    """The portfolio with one position exchanged (or gone) and one wallet changed."""

    def changed(account: Account) -> Account:
        if account.id != leg.account.id:
            return account
        positions = tuple(position if one is leg.position else one for one in account.positions)
        collateral = dict(account.collateral)
        if currency in collateral:
            collateral[currency] += change
        kept = tuple(one for one in positions if one is not None)
        return account.model_copy(update={"positions": kept, "collateral": collateral})

    accounts = tuple(changed(account) for account in portfolio.accounts)
    return portfolio.model_copy(update={"accounts": accounts})
