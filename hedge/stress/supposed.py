"""Copies of a book under a shock: without venues that are gone, at shocked prices, with positions closed by a venue.

The live book is read and never changed: markets are copied before they move, and portfolios are new values.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal

from msgspec.structs import replace

from hedge.book.book import Book
from hedge.book.ledger import Market
from hedge.book.legs import Leg
from hedge.exposure import ONE, ZERO
from hedge.pnl import pnl
from hedge.portfolio.written import Account, Portfolio, Position, leg_id
from hedge.rates import Implied
from hedge.stress import moved_price
from hedge.stress.shock import Shock
from hedge.symbols import coin_name, perp

Wallets = Mapping[tuple[str, str], Decimal]
"""By account id and currency."""

RateNow = Callable[[str], Decimal]
"""USD for one unit of money."""


def without_venues(book: Book, venues: Collection[str]) -> Book:
    """The book without the accounts at those venues, every coin priced as before; the book itself without any."""
    if not venues:
        return book
    kept = tuple(account for account in book.portfolio.accounts if account.venue not in venues)
    return book.with_portfolio(book.portfolio.model_copy(update={"accounts": kept}), same_sources=True)


def at_shocked_prices(book: Book, shock: Shock) -> Book:
    """The same positions on a copy of the market data, moved; unknown and old values stay unknown and old."""
    rate = book.layout.rate_of
    ledger = copy.copy(book.ledger)
    ledger.markets = {key: moved_market(market, shock, rate) for key, market in book.ledger.markets.items()}
    ledger.implied = dict(book.ledger.implied)
    for currency, move in shock.money.items():
        if move:
            before = book.ledger.implied.get(currency)
            ledger.implied[currency] = SupposedRate(currency, shock.rate_after(currency, rate(currency)), before)
    return book.with_portfolio(book.portfolio, ledger)


class SupposedRate(Implied):
    """A stablecoin's rate under a shock, as old as the one it comes from; one from the file does not age."""

    __slots__ = ()

    def __init__(self, currency: str, usd: Decimal, before: Implied | None) -> None:
        super().__init__(currency)
        self.usd = usd
        self.at_ms = None if before is None or before.usd is None else before.at_ms

    @property
    def words(self) -> str:
        """Where it is from."""
        return f"{self.currency} rate supposed"


def moved_market(market: Market, shock: Shock, rate: RateNow) -> Market:
    """The market after the shock: index, spot and mark by the coin's move, the mark also by its basis move.

    What the mark did before is lifted with it: a jump that is supposed is no pace."""
    names = _names(market.symbol)
    if names is None:
        return market
    coin, quote = names
    before = rate(quote)
    after = shock.rate_after(quote, before)
    move = shock.move(coin)

    def priced(price: Decimal, basis: Decimal = ZERO) -> Decimal:
        return moved_price(price, move=move, basis=basis, quote_usd_before=before, quote_usd_after=after)

    moved = copy.copy(market)
    if market.mark is not None:
        after_mark = priced(market.mark.price, shock.basis_move(coin))
        if after_mark != market.mark.price:
            moved.trail = market.trail.scaled(after_mark / market.mark.price)
    if market.index is not None:
        beside = None if market.index.mark is None else priced(market.index.mark, shock.basis_move(coin))
        moved.index = replace(market.index, price=priced(market.index.price), mark=beside)
    if market.spot is not None:
        moved.spot = replace(market.spot, price=priced(market.spot.price))
    if market.mark is not None:
        moved.mark = replace(market.mark, price=priced(market.mark.price, shock.basis_move(coin)))
        if moved.mark.price != market.mark.price and market.mark.price > 0:
            moved.trail = market.trail.scaled(moved.mark.price / market.mark.price)
    if market.funding is not None and market.funding.rate is not None:
        moved.funding = replace(market.funding, rate=shock.funding_after(coin, market.funding.rate))
    return moved


def _names(symbol: str) -> tuple[str, str] | None:
    """Coin and quote currency of a perpetual or a spot pair; None for what is neither."""
    if ":" not in symbol:
        base, slash, quote = symbol.partition("/")
        return (coin_name(base), quote) if slash else None
    try:
        parts = perp(symbol)
    except ValueError:
        return None
    return parts.coin, parts.quote


def with_parts_taken(book: Book, shares: Mapping[str, Decimal]) -> Book:
    """The book after a venue closed shares of legs at their marks: PnL is realised, freed margin stays in the wallet.

    A leg whose PnL is not known is left as it is; so is one the book does not have."""
    legs = [(book.layout.legs[name], share) for name, share in shares.items() if share and name in book.layout.legs]
    realised: dict[tuple[str, str], Decimal] = {}
    changed: dict[str, Position | None] = {}
    for leg, share in legs:
        gained = taken_pnl(leg, share)
        if gained is None:
            continue
        key = (leg.account.id, leg.settle)
        realised[key] = realised.get(key, ZERO) + gained
        changed[leg.id] = _less(leg.position, share)
    return with_changes(book, changed, realised)


def taken_pnl(leg: Leg, share: Decimal) -> Decimal | None:
    """What closing a share of a leg at its mark realises, settle currency; None while an input is not known."""
    if leg.contract_size is None:
        return None
    return pnl(
        inverse=leg.inverse,
        side=leg.side,
        contracts=leg.position.contracts * share,
        contract_size=leg.contract_size,
        entry=leg.entry,
        price=leg.price,
    )


def _less(position: Position, share: Decimal) -> Position | None:
    """The position without a share of its contracts and of a stated margin; None where nothing is left."""
    left = ONE - share
    if left == 0:
        return None
    update = {"contracts": position.contracts * left}
    if position.margin is not None:
        update["margin"] = position.margin * left
    return position.model_copy(update=update)


def with_changes(book: Book, positions: Mapping[str, Position | None], wallets: Wallets) -> Book:
    """The book with positions exchanged (None: gone) and stated wallets changed by so much; itself without any change.

    Its coins are priced by the same markets as before, whichever legs are left."""
    if not positions and not wallets:
        return book

    def changed(account: Account) -> Account:
        kept = [positions.get(leg_id(account, one), one) for one in account.positions]
        collateral = {
            currency: balance + wallets.get((account.id, currency), ZERO)
            for currency, balance in account.collateral.items()
        }
        return account.model_copy(
            update={"positions": tuple(one for one in kept if one is not None), "collateral": collateral}
        )

    return book.with_portfolio(_with_accounts(book.portfolio, changed), same_sources=True)


def _with_accounts(portfolio: Portfolio, changed: Callable[[Account], Account]) -> Portfolio:
    return portfolio.model_copy(update={"accounts": tuple(changed(account) for account in portfolio.accounts)})
