"""Random books for what-if tests: isolated and cross legs, linear and inverse, coins that count beside money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from hedge.book.book import Book
from hedge.market import Settlement, Settlements
from hedge.portfolio import Portfolio
from hedge.stress.shock import FundingMove, Shock
from tests.hedge.formula_strategies import decimals
from tests.hedge.said import (
    HOUR_MS,
    WALL_MS,
    D,
    account,
    at,
    feed_of,
    flat,
    funding,
    index,
    instrument,
    live,
    mark,
    portfolio,
    position,
    spot,
)

NOW = at(500)
PRICES = {"BTC": D(60_000), "ETH": D(3_000), "SOL": D(150)}
SPOT_ONLY = {"AVAX": D(30)}
"""A coin that no venue of these books has a perpetual of."""
LINEAR = {"BTC": "BTC/USDT:USDT", "ETH": "ETH/USDC:USDC", "SOL": "SOL/USDT:USDT"}
INVERSE = {"BTC": "BTC/USD:BTC", "ETH": "ETH/USD:ETH"}
VENUES = ("binance", "bybit")
ZERO = Decimal(0)
PREMIUM = D("1.0003")


def told(
    book: Book,
    prices: dict[str, Decimal] | None = None,
    premium: Decimal = PREMIUM,
    rate: str = "0.005",
    tiered: bool = True,
    settled: bool = False,
) -> Book:
    """The book after every venue said its contract facts, brackets and prices; perpetuals stand above their index."""
    paid = tuple(Settlement(WALL_MS - hours * HOUR_MS, D("0.0003")) for hours in (20, 12, 4)) if settled else ()
    for want in book.wants:
        venue, symbol = want.venue, want.symbol
        coin = symbol.partition("/")[0]
        price = (prices or PRICES | SPOT_ONLY)[coin]
        if want.spot:
            book.apply(live("binance-spot"))
            book.apply(spot(symbol, str(price), 0))
            continue
        book.apply(instrument(venue, symbol))
        if tiered:
            book.apply(flat(venue, symbol, rate))
        book.apply(live(feed_of(venue, symbol)))
        book.apply(index(venue, symbol, str(price), 0))
        book.apply(mark(venue, symbol, str(price * premium), 0))
        book.apply(funding(venue, symbol, "0.0001", 0, 4 * HOUR_MS))
        book.apply(Settlements(venue, symbol, paid, WALL_MS - 72 * HOUR_MS, WALL_MS))
    return book


@st.composite
def legs(draw: st.DrawFn, asset: str, inverse: bool) -> dict[str, str]:
    """A short (seldom a long) worth 1,000 to 50,000 USD, entered within a fifth of today's price."""
    entry = (PRICES[asset] * draw(decimals("0.8", "1.2", 3))).quantize(D("0.01"))
    worth = draw(decimals("1000", "50000", 0))
    size = worth if inverse else (worth / entry).quantize(D("0.001"))
    symbol = INVERSE[asset] if inverse else LINEAR[asset]
    cross = draw(st.booleans())
    more: dict[str, str] = {"margin_mode": "cross", "leverage": "3"} if cross else {}
    if not cross:
        opened = worth / entry if inverse else worth
        more["margin"] = str((opened * draw(decimals("0.15", "1.3", 2))).quantize(D("0.0001")))
    if draw(st.integers(0, 9)) == 0:
        more["side"] = "long"
    return position(symbol, str(max(size, D("0.001"))), str(entry), **more)


@st.composite
def accounts(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """An account with up to four legs, collateral that holds their margins and some more, at times coins that count."""
    chosen = draw(
        st.lists(
            st.tuples(st.sampled_from(sorted(PRICES)), st.booleans()),
            min_size=1,
            max_size=4,
            unique_by=lambda pair: (pair[0], pair[1] and pair[0] in INVERSE),
        )
    )
    positions = [draw(legs(asset, inverse and asset in INVERSE)) for asset, inverse in chosen]
    collateral: dict[str, Decimal] = {}
    for one in positions:
        settle = one["symbol"].rpartition(":")[2]
        spare = draw(decimals("0", "1", 2)) * (D(30_000) / PRICES.get(settle, D(1)))
        held = collateral.get(settle, ZERO) + D(one.get("margin", "0"))
        collateral[settle] = held + spare.quantize(D("0.0001"))
    haircuts: dict[str, str] = {}
    if draw(st.booleans()):
        coin = draw(st.sampled_from(sorted(PRICES)))
        collateral[coin] = collateral.get(coin, ZERO) + (D(5_000) / PRICES[coin]).quantize(D("0.001"))
        haircuts = {coin: "0.05"}
    stated = {currency: str(amount) for currency, amount in collateral.items()}
    venue = draw(st.sampled_from(VENUES))
    return account(name, venue, stated, *positions, haircuts=haircuts, as_of="2026-11-17")


@st.composite
def portfolios(draw: st.DrawFn) -> Portfolio:
    """One to three accounts, coins elsewhere, a rate in the file at times."""
    count = draw(st.integers(1, 3))
    held = draw(st.lists(st.sampled_from([*PRICES, *SPOT_ONLY]), max_size=3, unique=True))
    return portfolio(
        holdings=[{"asset": asset, "quantity": str(draw(decimals("0.1", "20", 2)))} for asset in held],
        accounts=[draw(accounts(f"a{number}")) for number in range(count)],
        rates=draw(st.sampled_from([{}, {"USDT": "0.998"}])),
        policy=draw(plans(held)),
    )


@st.composite
def plans(draw: st.DrawFn, held: list[str]) -> dict[str, Any]:
    """All of it, half of it, as funding says, or one coin by a proxy, whose short is shared or its own."""
    general: dict[str, Any] = draw(
        st.sampled_from([{}, {"target": "0.5"}, {"target": "0.8", "floor": "0.5", "cap": "1"}])
    )
    if "AVAX" not in held or draw(st.booleans()):
        return general
    own = {"proxy": draw(st.sampled_from(sorted(PRICES))), "beta": "1.4"}
    return {**general, "assets": {"AVAX": own | draw(st.sampled_from([{}, {"account": "a0"}]))}}


@st.composite
def shocks(draw: st.DrawFn, book: Book) -> Shock:
    """Anything that may happen to this book, several things at once."""
    coins, venues = list(book.layout.coins), [account.venue for account in book.portfolio.accounts]
    moves = decimals("-0.6", "1.2", 3)
    crash = draw(st.none() | decimals("-0.6", "0.5", 2))
    prices = draw(st.dictionaries(st.sampled_from(coins if crash is not None else [*coins, "all"]), moves, max_size=3))
    money = {leg.quote for leg in book.layout.legs.values()} - {"USD"}
    return Shock(
        prices=prices,
        crash=crash,
        betas={coin: D("1.3") for coin in coins[1:2]},
        basis=draw(st.dictionaries(st.sampled_from([*coins, "all"]), decimals("-0.03", "0.03", 3), max_size=2)),
        funding={"all": FundingMove(by=D("-0.0003"))} if draw(st.booleans()) else {},
        money={name: draw(decimals("-0.1", "0.02", 3)) for name in sorted(money) if draw(st.booleans())},
        adl={leg: draw(decimals("0", "1", 2)) for leg in book.layout.legs if draw(st.integers(0, 3)) == 0},
        gone=(venues[0],) if draw(st.integers(0, 4)) == 0 else (),
    )


@st.composite
def stressed(draw: st.DrawFn) -> tuple[Book, Shock]:
    """A book and what may happen to it."""
    book = told(Book(draw(portfolios())), settled=draw(st.booleans()))
    return book, draw(shocks(book))


books = st.builds(lambda written, settled: told(Book(written), settled=settled), portfolios(), st.booleans())
