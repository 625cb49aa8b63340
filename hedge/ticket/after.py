"""The book as it would be once a ticket is done: filled at the mark, in the amount that stands on the ticket.

Market data stays as it is, and coins are priced by the same markets as before. Fees are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hedge.book.book import Book
from hedge.book.legs import Leg
from hedge.book.wallets import Wallet
from hedge.exposure import ZERO
from hedge.margin import initial_margin, notional
from hedge.pnl import Fill, average_entry, pnl
from hedge.portfolio.written import Account, Holding, Portfolio, Position
from hedge.snapshot import Ticket

Positions = Mapping[str, Position | None]
"""By leg id, the position in its place; None: gone."""


def with_ticket(book: Book, ticket: Ticket) -> Book:
    """A copy of the book, on the same market data, with the ticket done; the book itself where there is no order.

    A larger isolated leg takes the margin of its present leverage; a smaller one frees its share, unless the ticket
    keeps it. Realised PnL goes to the wallet. What collateral a wallet lacks comes from outside: coins from those
    held elsewhere, as far as they go. A leg that is gone has lost its margin."""
    portfolio = portfolio_after(book, ticket)
    return book if portfolio is book.portfolio else book.with_portfolio(portfolio, same_sources=True)


def portfolio_after(book: Book, ticket: Ticket) -> Portfolio:
    """The file as it would be once the ticket is done; the same one where that changes nothing."""
    leg = book.layout.legs.get(ticket.leg or "")
    if ticket.remedy == "add_collateral":
        return _with_wallet(book.portfolio, ticket.account, ticket.currency or "", ticket.amount or ZERO, outside=True)
    if leg is None:
        return book.portfolio
    if ticket.remedy in ("reopen", "update_file"):
        return _without(book.portfolio, leg, _reopened(leg) if ticket.remedy == "reopen" else None)
    if ticket.kind == "wait":
        return book.portfolio
    if ticket.kind == "add_margin":
        return _with_margin(book, leg, ticket.amount or ZERO)
    asset = book.layout.coin_of[leg.id].name
    return _without_coins(_with_order(book.portfolio, leg, ticket), asset, ticket.sell_coins or ZERO)


def margin_for(leg: Leg, contracts: Decimal) -> Decimal | None:
    """Initial margin of contracts added at the mark, settle currency: at the present leverage of an isolated leg, at
    the stated one of a cross leg. None where that is not known."""
    size = leg.contract_size
    if size is None:
        return None
    if not leg.isolated:
        return initial_margin(
            inverse=leg.inverse,
            contracts=contracts,
            contract_size=size,
            price=leg.price,
            leverage=leg.position.leverage,
        )
    added = notional(inverse=leg.inverse, contracts=contracts, contract_size=size, price=leg.price)
    present = notional(inverse=leg.inverse, contracts=leg.position.contracts, contract_size=size, price=leg.entry)
    if added is None or not present or leg.margin is None:
        return None
    return added * leg.margin / present


def realised(leg: Leg, contracts: Decimal) -> Decimal:
    """PnL of closing contracts at the mark, settle currency; zero while an input is not known."""
    gained = pnl(
        inverse=leg.inverse,
        side=leg.side,
        contracts=contracts,
        contract_size=leg.contract_size or ZERO,
        entry=leg.entry,
        price=leg.price,
    )
    return gained or ZERO


def lacking(wallet: Wallet, amount: Decimal) -> Decimal:
    """What of an amount has to come from outside a wallet, as far as its free collateral is known."""
    free = wallet.shared if wallet.free() is None else wallet.free()
    return ZERO if free is None else max(ZERO, amount - max(free, ZERO))


def held_outside(portfolio: Portfolio, asset: str) -> Decimal:
    """Coins that no futures account counts as margin."""
    return sum((holding.quantity for holding in portfolio.holdings if holding.asset == asset), ZERO)


def _with_margin(book: Book, leg: Leg, amount: Decimal) -> Portfolio:
    """An isolated leg's margin grows out of the wallet, and that by what it lacks; a cross one's wallet grows."""
    if not leg.isolated:
        return _with_wallet(book.portfolio, leg.account.id, leg.settle, amount, outside=True)
    margin = (leg.margin or ZERO) + amount
    position = _changed(leg.position, entry_price=leg.entry, margin=_stated(leg, margin), leverage=None)
    portfolio = _with_positions(book.portfolio, {leg.id: position})
    lack = lacking(book.layout.wallet_of(leg), amount)
    return _with_wallet(portfolio, leg.account.id, leg.settle, lack, outside=True)


def _with_order(portfolio: Portfolio, leg: Leg, ticket: Ticket) -> Portfolio:
    contracts = ticket.contracts or ZERO
    if (ticket.kind == "sell") == (leg.side == "short"):
        return _with_positions(portfolio, {leg.id: _grown(leg, contracts)})
    gained = realised(leg, contracts)
    position = _reduced(leg, contracts, gained, keeps_margin=ticket.keeps_margin)
    return _with_wallet(_with_positions(portfolio, {leg.id: position}), leg.account.id, leg.settle, gained)


def _grown(leg: Leg, contracts: Decimal) -> Position:
    """The position with contracts added at the mark, at its present leverage."""
    before = leg.position
    update: dict[str, object] = {"contracts": before.contracts + contracts}
    if leg.entry is not None and leg.price is not None:
        fills = (Fill(before.contracts, leg.entry), Fill(contracts, leg.price))
        update["entry_price"] = average_entry(inverse=leg.inverse, fills=fills)
    if leg.isolated and leg.margin is not None:
        margin = leg.margin + (margin_for(leg, contracts) or ZERO)
        update["margin"], update["leverage"] = _stated(leg, margin), None
    return _changed(before, **update)


def _reduced(leg: Leg, contracts: Decimal, gained: Decimal, *, keeps_margin: bool) -> Position | None:
    """The position with contracts closed at the mark; None where nothing is left."""
    left = leg.position.contracts - contracts
    if left <= 0:
        return None
    update: dict[str, object] = {"contracts": left, "entry_price": leg.entry}
    if leg.isolated and leg.margin is not None:
        margin = leg.margin + gained if keeps_margin else leg.margin * left / leg.position.contracts
        update["margin"], update["leverage"] = _stated(leg, margin), None
    return _changed(leg.position, **update)


def _reopened(leg: Leg) -> Position:
    """The position opened again at the mark, in its size and at its leverage."""
    update: dict[str, object] = {"entry_price": leg.price}
    margin = margin_for(leg, leg.position.contracts)
    if leg.isolated and margin is not None:
        update["margin"], update["leverage"] = _stated(leg, margin), None
    return _changed(leg.position, **update)


def _without(portfolio: Portfolio, leg: Leg, instead: Position | None) -> Portfolio:
    """The leg gone, or another in its place: an isolated one took its margin along, a cross one its PnL."""
    lost = (leg.margin or ZERO) if leg.isolated else -realised(leg, leg.position.contracts)
    balance = leg.account.collateral.get(leg.settle, ZERO)
    changed = _with_positions(portfolio, {leg.id: instead})
    return _with_wallet(changed, leg.account.id, leg.settle, -min(lost, balance))


def _stated(leg: Leg, margin: Decimal) -> Decimal:
    """The margin as the file would state it: funding settled since the file's time comes on top by itself."""
    return margin - leg.past.credit


def _changed(position: Position, **update: object) -> Position:
    """The position with other figures; the venue's own liquidation price was for the old ones."""
    return position.model_copy(update={**update, "venue_liquidation_price": None})


def _with_positions(portfolio: Portfolio, changed: Positions) -> Portfolio:
    """The portfolio with positions exchanged, or gone."""

    def kept(account: Account) -> Account:
        names = [f"{account.id}/{one.symbol}/{one.side}" for one in account.positions]
        if changed.keys().isdisjoint(names):
            return account
        positions = [changed.get(name, one) for name, one in zip(names, account.positions, strict=True)]
        return account.model_copy(update={"positions": tuple(one for one in positions if one is not None)})

    return portfolio.model_copy(update={"accounts": tuple(kept(account) for account in portfolio.accounts)})


def _with_wallet(
    portfolio: Portfolio, account_id: str, currency: str, change: Decimal, *, outside: bool = False
) -> Portfolio:
    """The portfolio with one stated wallet changed; what comes from `outside` are coins held there, while any are."""

    def kept(account: Account) -> Account:
        if account.id != account_id or currency not in account.collateral:
            return account
        collateral = {**account.collateral, currency: account.collateral[currency] + change}
        return account.model_copy(update={"collateral": collateral})

    if change == 0:
        return portfolio
    changed = portfolio.model_copy(update={"accounts": tuple(kept(account) for account in portfolio.accounts)})
    return _without_coins(changed, currency, change) if outside else changed


def _without_coins(portfolio: Portfolio, asset: str, quantity: Decimal) -> Portfolio:
    """The portfolio with fewer coins outside futures accounts, taken in the file's order; never less than none."""
    if quantity <= 0 or held_outside(portfolio, asset) == 0:
        return portfolio
    kept: list[Holding] = []
    for holding in portfolio.holdings:
        taken = min(holding.quantity, quantity) if holding.asset == asset else ZERO
        quantity -= taken
        if taken == 0:
            kept.append(holding)
        elif taken < holding.quantity:
            kept.append(holding.model_copy(update={"quantity": holding.quantity - taken}))
    return portfolio.model_copy(update={"holdings": tuple(kept)})
