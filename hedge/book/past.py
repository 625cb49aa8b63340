"""What a book makes of the past: betas and volatilities of its coins, and the funding its legs were paid.

All of it is worked out when candles, settlements or contract facts come, and stands still on ticks. A copy of a book
takes it over as it is: what would be does not change what was.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from hedge.book.coins import Coin
from hedge.book.layout import Layout
from hedge.book.ledger import Market
from hedge.book.legs import Leg
from hedge.history import beta_of, estimate_pair, estimate_volatility
from hedge.market import Candles
from hedge.portfolio.policy import with_beta, with_funding
from hedge.sums import exact_sum

DAILY = ("trade", 24)
"""Candles that volatility and beta are taken from."""


def daily_of(coin: Coin) -> Candles | None:
    """The daily candles of the first market in the coin's order of prices that has some; else what the first says."""
    found = None
    for market in dict.fromkeys(source.market for source in coin.sources):
        candles = market.candles.get(DAILY)
        if candles is not None and candles.candles:
            return candles
        found = found or candles
    return found


def estimate(coin: Coin, layout: Layout) -> bool:
    """Volatility of a coin and how it moves with its proxy; whether its beta changed."""
    own = daily_of(coin)
    coin.volatility = estimate_volatility(own)
    proxy = layout.coins.get(coin.target.proxy or "")
    if proxy is None:
        return False
    coin.pair = estimate_pair(own, daily_of(proxy))
    if not coin.target.estimated:
        return False
    beta, why = beta_of(coin.pair, coin.target.method)
    before = coin.target.beta
    if beta is None:
        missing = " and ".join(each.name for each in (coin, proxy) if not _has_days(each))
        why = why or f"needs price history, and there are no daily candles of {missing} yet"
    coin.target = with_beta(coin.target, beta, why)
    return beta != before


def _has_days(coin: Coin) -> bool:
    candles = daily_of(coin)
    return candles is not None and bool(candles.candles)


def coins_estimated_by(market: Market, layout: Layout) -> list[Coin]:
    """Coins whose figures rest on the candles of this market: those it may price, and those hedged in them."""
    priced = layout.coins_at.get((market.venue, market.symbol), [])
    names = {coin.name for coin in priced}
    return [coin for coin in layout.coins.values() if coin.name in names or coin.target.proxy in names]


def lacks_marks(market: Market) -> bool:
    """Whether candles must say at which marks its stamps were paid."""
    known = market.settlements
    return known is not None and any(each.mark is None for each in known.settlements)


def take_credit(leg: Leg, layout: Layout) -> Coin | None:
    """Put what a leg was paid into its wallet; the coin that the wallet holds, where it is one of the book."""
    wallet = layout.wallet_of(leg)
    wallet.credit(leg.id, leg.past.credit)
    return _count_coins(layout, wallet.currency)


def _count_coins(layout: Layout, currency: str) -> Coin | None:
    """Coins held, as the file states them and with the funding that was paid in them since."""
    coin = layout.coins.get(currency)
    if coin is None:
        return None
    wallets = [wallet for (_, name), wallet in layout.wallets.items() if name == currency and wallet.stated is not None]
    paid = exact_sum(wallet.credits.known for wallet in wallets)
    coin.spot_quantity = coin.stated_quantity + (paid or 0)
    return coin


def take_over(layout: Layout, before: Layout) -> None:
    """Give the coins and legs of a copy what those of the original were given by the past."""
    for name in layout.coins.keys() & before.coins.keys():
        coin, known = layout.coins[name], before.coins[name]
        coin.volatility = known.volatility
        if coin.target.proxy == known.target.proxy:
            coin.pair = known.pair
        same = (coin.target.proxy, coin.target.method) == (known.target.proxy, known.target.method)
        if coin.target.estimated and known.target.estimated and same:
            coin.target = replace(coin.target, beta=known.target.beta, note=known.target.note)
        coin.target = with_funding(coin.target, known.target.funding_apr, known.target.funding_note)
    for leg_id in layout.legs.keys() & before.legs.keys():
        layout.legs[leg_id].past = before.legs[leg_id].past
    for key in layout.wallets.keys() & before.wallets.keys():
        for leg_id, amount in before.wallets[key].credits.parts().items():
            layout.wallets[key].credit(leg_id, amount)
    for currency in dict.fromkeys(currency for _, currency in layout.wallets):
        _count_coins(layout, currency)


def named(coins: Iterable[Coin]) -> frozenset[str]:
    """Coins as an update names what it touched."""
    return frozenset(f"asset:{coin.name}" for coin in coins)
