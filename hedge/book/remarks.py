"""What a person must know about a book as a whole, in sentences: where it is not the hedge that it may look like.

Pure; what needs no price is said from the file alone. Source: sections 4 to 6 of the domain reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from hedge.book.book import Book
from hedge.book.coins import Coin, Standing
from hedge.exposure import ZERO, known_sum
from hedge.history import residual_share
from hedge.market import Instant
from hedge.portfolio.fields import plain
from hedge.symbols import perp

FLAT = Decimal("0.03")
"""A book within this share of its spot value is flat in dollars."""
OPEN = Decimal("0.10")
"""And not flat coin by coin where this share of it is open."""
MONTH_DAYS = Decimal(30)


def remarks(book: Book, now: Instant) -> tuple[str, ...]:
    """Sentences about the book as it is at `now`, the weightiest first; none where there is nothing to say."""
    book.catch_up(now)
    coins = book.layout.coins.values()
    standings = {coin.name: coin.standing() for coin in coins}
    said: list[str] = []
    for coin in coins:
        said += _doubled(coin, standings[coin.name])
    said += _flat_in_dollars(book, standings)
    for coin in coins:
        said += _net_short(coin)
    for coin in coins:
        said += _by_proxy(book, coin)
    for coin in coins:
        said += _follows(coin)
    return tuple(said)


def _doubled(coin: Coin, stand: Standing) -> Iterator[str]:
    """A long beside coins held adds to them."""
    ratio = stand.hedge_ratio
    if ratio is not None and ratio < 0:
        yield f"{coin.name} is {percent(1 - ratio)} long: a long beside coins held adds to them, it does not hedge."


def _flat_in_dollars(book: Book, standings: dict[str, Standing]) -> Iterator[str]:
    """Longs of one coin and shorts of another that cancel in dollars; a proxy stands with what it hedges."""
    nets = {coin.name: standings[coin.name].beta_net_usd for coin in book.layout.coins.values() if coin.shares is None}
    spot, net = book.sums.spot_usd.value, known_sum(nets.values())
    known = {name: value for name, value in nets.items() if value is not None}
    gross = sum((abs(value) for value in known.values()), ZERO)
    if spot is None or net is None or spot <= 0 or abs(net) > FLAT * spot or gross <= OPEN * spot:
        return
    longest, shortest = max(known, key=lambda name: known[name]), min(known, key=lambda name: known[name])
    yield (
        f"Flat in dollars, not coin by coin: {usd(known[longest])} of {longest} are open against "
        f"{usd(known[shortest])} of {shortest}."
    )


def _net_short(coin: Coin) -> Iterator[str]:
    """A plan for more than is held."""
    if coin.target.ratio > 1:
        yield f"{coin.name} is net short by plan: its target is {percent(coin.target.ratio)} of what is held."


def _by_proxy(book: Book, coin: Coin) -> Iterator[str]:
    """A proxy moves otherwise than its coin, either way; and the coin may have a perpetual of its own."""
    target, proxy = coin.target, coin.target.proxy
    if proxy is None:
        return
    beta = f"its beta of {target.beta:.2f}" if target.beta is not None else "a beta not known yet"
    error = error_usd(coin)
    band = "how far it may miss is not known yet, either way"
    if error is not None and coin.pair is not None:
        left = residual_share(correlation=coin.pair.correlation)
        share = "" if left is None else f", {percent(left)} of its own movement stays"
        band = f"a usual month leaves ±{usd(error)}{share}"
    yield f"{coin.name} is hedged by {proxy} at {beta}: {band}."
    if target.method != "beta" and target.estimated:
        yield f"{coin.name} is sized by its correlation with {proxy}, which is right only where both are as volatile."
    elif target.method == "notional":
        yield f"{coin.name} is sized one dollar for one of {proxy}, which is right only where both move alike."
    own = own_perpetual(book, coin)
    if own:
        yield f"{coin.name} has a perpetual of its own: {own}."


def error_usd(coin: Coin) -> Decimal | None:
    """Dollars that a proxy hedge usually leaves within a month, either way: V h* sigma sqrt(1 - rho^2) sqrt(30 / 365).

    One standard deviation of what the proxy does not explain. None without price history or a price."""
    pair, held = coin.pair, coin.spot_usd()
    if pair is None or pair.volatility is None or held is None:
        return None
    left = residual_share(correlation=pair.correlation)
    return None if left is None else held * coin.target.ratio * pair.volatility * left * (MONTH_DAYS / 365).sqrt()


def own_perpetual(book: Book, coin: Coin) -> str:
    """A perpetual of the coin itself among the instruments that are known, as `SOL/USDT:USDT on bybit`; else empty."""
    for (venue, symbol), market in book.ledger.markets.items():
        found = market.instrument
        if found is not None and found.active and ":" in symbol and perp(symbol).coin == coin.name:
            return f"{symbol} on {venue}"
    return ""


def _follows(coin: Coin) -> Iterator[str]:
    """A target that moves with funding says where it stands."""
    target = coin.target
    if target.floor is None or target.cap is None or not coin.spot_quantity:
        return
    stands = f"The target of {coin.name} is {percent(target.ratio)}"
    between = f"between {percent(target.floor)} and {percent(target.cap)}"
    if target.funding_apr is None:
        yield f"{stands}: it follows funding {between}, and {target.funding_note}."
    else:
        year = f"{target.funding_apr * 100:+.1f} %".replace("-", "−")
        yield f"{stands}: it follows funding {between}, which was {year} a year over 7 days."


def percent(fraction: Decimal) -> str:
    """`50 %`, `66.7 %`."""
    return f"{plain(round(fraction * 100, 1))} %"


def usd(value: Decimal) -> str:
    """`1,328 USD`, without its sign."""
    return f"{abs(value):,.0f} USD"
