"""How a portfolio is laid out over markets: its legs, coins and wallets, and which of them each market moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from hedge.book.coins import Coin, Source
from hedge.book.ledger import Ledger, positions_feed
from hedge.book.legs import Leg
from hedge.book.wallets import Wallet
from hedge.exposure import ZERO
from hedge.market import AccountRead, Want
from hedge.portfolio.addressed import read_of
from hedge.portfolio.consistency import held_assets, is_money, short_assets
from hedge.portfolio.policy import target_of
from hedge.portfolio.written import Account, Portfolio
from hedge.rates import IN_DOLLARS, STABLECOINS, VENUES, quoted_in
from hedge.symbols import perp

SPOT_VENUES = ("binance", "bybit")
"""Where coins without a position are priced: at the first, and at another as well where the book has an account."""
SPOT_QUOTE = "USDT"
PAR = Decimal(1)

MarketKey = tuple[str, str]
"""Venue and symbol."""


class Layout:
    """The structure of one portfolio; rebuilt when the portfolio changes."""

    def __init__(self, portfolio: Portfolio, ledger: Ledger, assumed: dict[str, Decimal]) -> None:
        self.portfolio = portfolio
        self._ledger = ledger
        self.rates: dict[str, Decimal] = {"USD": PAR, **portfolio.rates}
        """USD for one unit of money: what index streams imply, else the file; what is in neither is at par."""
        for currency, implied in ledger.implied.items():
            if implied.usd is not None:
                self.rates[currency] = implied.usd
        self.legs: dict[str, Leg] = {}
        self.wallets: dict[tuple[str, str], Wallet] = {}
        """By account id and currency."""
        self.accounts = {account.id: account for account in portfolio.accounts}
        self.wallets_of: dict[str, list[Wallet]] = {account.id: [] for account in portfolio.accounts}
        """By account id."""
        self.coins: dict[str, Coin] = {}
        """In the order of the file: held first, then collateral, then what is only short."""
        self.coin_of: dict[str, Coin] = {}
        """By leg id, the coin that the leg hedges."""
        self.legs_at: dict[MarketKey, list[Leg]] = {}
        self.coins_at: dict[MarketKey, list[Coin]] = {}
        """Coins that a market may price."""
        quantities = _quantities(portfolio)
        held, short = held_assets(portfolio), frozenset(short_assets(portfolio))
        names = (*held, *short_assets(portfolio), *_proxies(portfolio, held, short))
        for asset in dict.fromkeys(names):
            target = target_of(portfolio, asset, has_position=asset in short)
            self.coins[asset] = Coin(asset, target, quantities.get(asset, ZERO))
        for account in portfolio.accounts:
            self._add_account(account, ledger, assumed)
        self._tie_proxies()
        self.unread = {each.id: unread_words(each, ledger) for each in portfolio.accounts if unread(each, ledger)}
        """Accounts that are read by address and were not read yet, and why: not every position is known."""
        for coin in self.coins.values() if self.unread else ():
            coin.unread = next(iter(self.unread.values()))
            coin.hedge.put("unread", None)
        own: dict[str, list[Leg]] = {}
        for leg in self.legs.values():
            own.setdefault(leg.asset, []).append(leg)
        for coin in self.coins.values():
            self._find_sources(coin, own.get(coin.name, []), ledger)
        self.wants = self._wants()

    def rate_of(self, currency: str) -> Decimal:
        """USD for one unit of money: implied by index streams, else from the file, else par."""
        return self.rates.get(currency, PAR)

    def rate_note(self, currency: str) -> str:
        """Where that rate is from; empty for USD itself."""
        if currency == "USD":
            return ""
        implied = self._ledger.implied.get(currency)
        if implied is not None and implied.usd is not None:
            return implied.words
        return "rate from file" if currency in self.portfolio.rates else f"{currency} at par, assumed"

    def read_of(self, account: Account) -> AccountRead | None:
        """What its venue said of an account that is read by address; None for any other, and before the first read."""
        return read_of(account, self._ledger.reads)

    def wallet_of(self, leg: Leg) -> Wallet:
        """The wallet a leg is margined in."""
        return self.wallets[leg.account.id, leg.settle]

    def _add_account(self, account: Account, ledger: Ledger, assumed: dict[str, Decimal]) -> None:
        as_of = self.portfolio.written_ms if account.as_of is None else int(account.as_of.timestamp() * 1000)
        for currency in account.collateral:
            self._wallet(account, currency)
        for position in account.positions:
            market = ledger.market(account.venue, position.symbol)
            leg = Leg(account, position, market, assumed.get(f"{account.id}/{position.symbol}/{position.side}"))
            leg.as_of_ms = as_of
            leg.quote_usd, leg.quote_note = self.rate_of(leg.quote), self.rate_note(leg.quote)
            self.legs[leg.id] = leg
            self.legs_at.setdefault((account.venue, position.symbol), []).append(leg)
            self._wallet(account, leg.settle).add(leg)

    def _wallet(self, account: Account, currency: str) -> Wallet:
        key = (account.id, currency)
        if key not in self.wallets:
            self.wallets[key] = Wallet(account, currency, is_money=is_money(self.portfolio, currency))
            self.wallets_of[account.id].append(self.wallets[key])
        return self.wallets[key]

    def _tie_proxies(self) -> None:
        """Give each leg to the coin it hedges: its own, or one that named its account for a proxy."""
        owners = {
            (coin.target.account, coin.target.proxy): coin
            for coin in self.coins.values()
            if coin.target.account is not None and coin.target.proxy is not None
        }
        for leg in self.legs.values():
            coin = owners.get((leg.account.id, leg.asset), self.coins[leg.asset])
            coin.legs.append(leg)
            self.coin_of[leg.id] = coin
        for coin in self.coins.values():
            proxy = self.coins.get(coin.target.proxy or "")
            if proxy is None:
                continue
            if coin.target.account is not None:
                coin.hedge_priced_as = proxy
                proxy.dependants.append(coin)
            else:
                coin.shares = proxy
                proxy.members.append(coin)
                coin.dependants.append(proxy)

    def _find_sources(self, coin: Coin, own: list[Leg], ledger: Ledger) -> None:
        """Index of its first position, then of the others, then spot, then for want of all a mark."""
        coin.sources = [
            *(Source("index", leg.market, leg) for leg in own),
            *(Source("spot", ledger.market(venue, f"{coin.name}/{SPOT_QUOTE}")) for venue in self._spot_venues()),
            *(Source("mark", leg.market, leg) for leg in own),
        ]
        for market in dict.fromkeys(source.market for source in coin.sources):
            self.coins_at.setdefault((market.venue, market.symbol), []).append(coin)

    def _wants(self) -> tuple[Want, ...]:
        positions = (Want(venue, symbol) for venue, symbol in self.legs_at)
        priced = {perp(symbol).coin for _, symbol in self.legs_at}
        addresses = (
            Want(account.venue, "", address=account.address) for account in self.accounts.values() if account.address
        )
        spots = [
            Want(venue, f"{name}/{SPOT_QUOTE}", spot=True)
            for venue in self._spot_venues()
            for name in self.coins
            if name not in priced
        ]
        rates, own = self._rate_wants(bool(spots)), self._own_wants()
        return tuple(dict.fromkeys((*positions, *addresses, *spots, *rates, *own)))

    def _own_wants(self) -> Iterator[Want]:
        """The perpetual that a coin hedged by proxy may have of its own, at each venue of the book: only its facts."""
        venues = dict.fromkeys(account.venue for account in self.portfolio.accounts)
        for coin in self.coins.values():
            if coin.target.proxy is not None and not coin.legs:
                symbol = f"{coin.name}/{SPOT_QUOTE}:{SPOT_QUOTE}"
                yield from (Want(venue, symbol, listed=True) for venue in venues)

    def _spot_venues(self) -> list[str]:
        """The first, and any other at which the book has an account."""
        own = {account.venue for account in self.portfolio.accounts}
        return [venue for venue in SPOT_VENUES if venue == SPOT_VENUES[0] or venue in own]

    def _rate_wants(self, spot: bool) -> Iterator[Want]:
        """Index streams of bitcoin in dollars and in each stablecoin of the book.

        Of the venues that are read anyway: those of its accounts, and the one that prices coins without a position."""
        used = {leg.quote for leg in self.legs.values()} | {SPOT_QUOTE for _ in range(spot)}
        used |= {currency for _, currency in self.wallets}
        stable = [currency for currency in STABLECOINS if currency in used]
        read = {account.venue for account in self.portfolio.accounts} | {SPOT_VENUES[0] for _ in range(spot)}
        for venue in [venue for venue in VENUES if venue in read] or VENUES[:1]:
            yield from (Want(venue, symbol) for symbol in (IN_DOLLARS, *map(quoted_in, stable)) if stable)


def unread(account: Account, ledger: Ledger) -> bool:
    """Whether an account is read by its address, and nothing came yet."""
    return account.address is not None and (account.venue, account.address) not in ledger.reads


def unread_words(account: Account, ledger: Ledger) -> str:
    """That its positions are not known, and why where its venue's reads said so."""
    state = ledger.feeds.get(positions_feed(account.venue))
    reason = f": {state.reason}" if state is not None and state.reason else ""
    return f"the positions of {account.id} are not read from {account.venue} yet{reason}"


def _proxies(portfolio: Portfolio, held: Iterable[str], short: frozenset[str]) -> Iterator[str]:
    """Coins that others are hedged by; they stand in the book even before there is a position in them."""
    for asset in held:
        proxy = target_of(portfolio, asset, has_position=asset in short).proxy
        if proxy is not None:
            yield proxy


def _quantities(portfolio: Portfolio) -> dict[str, Decimal]:
    """Coins in wallets and coin collateral, by coin."""
    found: dict[str, Decimal] = {}
    for holding in portfolio.holdings:
        found[holding.asset] = found.get(holding.asset, ZERO) + holding.quantity
    for account in portfolio.accounts:
        for currency, quantity in account.collateral.items():
            found[currency] = found.get(currency, ZERO) + quantity
    return found
