"""Random books that need something done: every kind of leg, plan, lot and gap, for properties of tickets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import strategies as st

from hedge.book.book import Book
from hedge.market import Candle, Candles, Settlement, Settlements
from hedge.symbols import perp
from tests.hedge.formula_strategies import decimals
from tests.hedge.said import (
    HOUR_MS,
    WALL_MS,
    D,
    account,
    at,
    feed_of,
    funding,
    index,
    instrument,
    live,
    mark,
    portfolio,
    position,
    spot,
    tiers,
)

LATER_MS = 900_000
NOW = at(LATER_MS + 500)
"""A quarter of an hour after the first mark, so that there is a pace."""
DAY_MS = 86_400_000
PRICES = {"BTC": D(60_000), "ETH": D(3_000), "SOL": D(150), "PEPE": D("0.00001234"), "AVAX": D(20), "LINK": D(12)}
LINEAR = {"BTC": "BTC/USDT:USDT", "ETH": "ETH/USDC:USDC", "SOL": "SOL/USDT:USDT", "PEPE": "1000PEPE/USDT:USDT"}
INVERSE = {"BTC": "BTC/USD:BTC", "ETH": "ETH/USD:ETH"}
STEPS = {"BTC": "0.001", "ETH": "0.01", "SOL": "0.1", "PEPE": "100"}
RULES_OF_A_LEG = (
    "liquidation", "liquidation_pace", "liquidation_sigma", "leverage", "funding_flip", "funding_persistent",
    "funding_large", "basis", "leg_lost", "stop_loss", "take_profit",
)  # fmt: skip
RULES_OF_A_COIN = ("hedge_drift", "price", "funding_persistent")
RULES_OF_AN_ACCOUNT = ("liquidation_joint", "margin_ratio")
RULES_OF_THE_BOOK = ("hedge_drift_total", "book_value", "allocation", "hedge_cost")
RESCUES = ("liquidation", "liquidation_pace", "liquidation_sigma", "leverage", "liquidation_joint", "margin_ratio")


class Case(NamedTuple):
    """A book and one breach of it."""

    book: Book
    rule: str
    subject: str
    goal: Decimal | None


@st.composite
def legs(draw: st.DrawFn, asset: str, inverse: bool) -> dict[str, str]:
    """A short (one in five a long) worth 200 to 60,000 USD, entered up to 40 % away from today's price."""
    symbol = INVERSE[asset] if inverse else LINEAR[asset]
    unit = PRICES[asset] * perp(symbol).multiplier
    entry = (unit * draw(decimals("0.6", "1.4", 3))).quantize(unit.scaleb(-5).normalize())
    worth = draw(decimals("200", "60000", 0))
    step = D(1) if inverse else D(STEPS[asset])
    contracts = max(step, ((worth if inverse else worth / entry) / step).to_integral_value() * step)
    if draw(st.integers(0, 4)) == 0:
        contracts += step / 4
    more: dict[str, str] = {}
    if draw(st.booleans()):
        more["margin_mode"] = "cross"
        if draw(st.integers(0, 3)):
            more["leverage"] = draw(st.sampled_from(("1", "3", "10")))
    elif draw(st.booleans()):
        more["leverage"] = draw(st.sampled_from(("1", "2", "5", "20")))
    else:
        opened = contracts / entry if inverse else contracts * entry
        more["margin"] = str(max(opened * draw(decimals("0.03", "1.2", 3)), D("1e-6")).quantize(D("1e-8")))
    if draw(st.integers(0, 5)) == 0:
        more["mm_basis"] = "entry"
    side = {"side": "long"} if draw(st.integers(0, 4)) == 0 else {}
    return position(symbol, str(contracts), str(entry), **more) | side


@st.composite
def accounts(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Up to four legs, both sides of a symbol at times, with collateral that is seldom too little or not stated."""
    kinds = st.tuples(st.sampled_from(sorted(LINEAR)), st.booleans())
    chosen = draw(st.lists(kinds, min_size=1, max_size=4))
    found: dict[tuple[str, str], dict[str, str]] = {}
    for asset, inverse in chosen:
        leg = draw(legs(asset, inverse and asset in INVERSE))
        found.setdefault((leg["symbol"], leg["side"]), leg)
    collateral: dict[str, Decimal] = {}
    for leg in found.values():
        settle = leg["symbol"].rpartition(":")[2]
        each = D(leg.get("margin", "0")) + draw(decimals("0", "40000", 0)) / PRICES.get(settle, D(1))
        collateral[settle] = (collateral.get(settle, D(0)) + each).quantize(D("1e-8"))
    haircuts: dict[str, str] = {}
    if draw(st.integers(0, 3)) == 0:
        coin = draw(st.sampled_from(("BTC", "ETH", "AVAX")))
        collateral[coin] = collateral.get(coin, D(0)) + (D(5_000) / PRICES[coin]).quantize(D("0.001"))
        haircuts = {coin: "0.05"}
    stated = {currency: str(amount) for currency, amount in collateral.items()}
    fees = {"taker": "0.00055"} if draw(st.booleans()) else {}
    venue = draw(st.sampled_from(("binance", "bybit")))
    since = draw(st.sampled_from(({}, {"as_of": "2026-11-14"})))
    return account(name, venue, stated, *found.values(), haircuts=haircuts, fees=fees, **since)


@st.composite
def plans(draw: st.DrawFn, held: list[str], names: list[str]) -> dict[str, Any]:
    """A general target, own ones, and at times a proxy that is shared or has an account of its own."""
    assets: dict[str, Any] = {}
    for coin in held:
        if coin in ("AVAX", "LINK") and draw(st.booleans()):
            assets[coin] = {"proxy": "BTC", "beta": "1.3", "target": str(draw(decimals("0", "1", 2)))}
        elif draw(st.booleans()):
            assets[coin] = {"target": str(draw(decimals("0", "1", 2)))}
    owner = next((coin for coin, plan in assets.items() if "proxy" in plan), None)
    if owner is not None and draw(st.booleans()):
        assets[owner]["account"] = draw(st.sampled_from(names))
    return {"target": str(draw(decimals("0", "1", 1))), "assets": assets}


@st.composite
def written(draw: st.DrawFn) -> dict[str, Any]:
    """A portfolio file."""
    names = [f"a{number}" for number in range(draw(st.integers(1, 3)))]
    held = draw(st.lists(st.sampled_from(sorted(PRICES)), min_size=1, max_size=5, unique=True))
    worth = decimals("500", "90000", 0)
    return {
        "holdings": [
            {"asset": asset, "quantity": str((draw(worth) / PRICES[asset]).quantize(D("0.0001")) + D("0.001"))}
            for asset in held
        ],
        "accounts": [draw(accounts(name)) for name in names],
        "policy": draw(plans(held, names)),
        "rates": draw(st.sampled_from([{}, {"USDT": "0.998"}])),
    }


@st.composite
def books(draw: st.DrawFn) -> Book:
    """A book of which venues have said everything, or nearly."""
    book = Book(portfolio(**draw(written())))
    gap = draw(st.sampled_from(("", "", "", "", "mark", "facts", "tiers", "funding")))
    for number, want in enumerate(want for want in book.wants if not want.listed):
        coin = perp(want.symbol).coin if not want.spot else want.symbol.partition("/")[0]
        price = PRICES[coin] * draw(decimals("0.7", "1.5", 3))
        if want.spot:
            book.apply(live("binance-spot"))
            book.apply(spot(want.symbol, str(price), LATER_MS))
            continue
        _tell(draw, book, want.venue, want.symbol, price * perp(want.symbol).multiplier, gap if number == 0 else "")
    return book


def _tell(draw: st.DrawFn, book: Book, venue: str, symbol: str, price: Decimal, gap: str) -> None:
    parts = perp(symbol)
    if gap != "facts":
        step = "1" if parts.inverse else STEPS[parts.coin]
        least = draw(st.sampled_from(("1", "5", "50")))
        more = {"taker_fee": "0.0006"} if draw(st.booleans()) else {}
        book.apply(
            instrument(
                venue, symbol, step=step, min_contracts=str(D(step) * D(least)), tick="0.01",
                min_notional=draw(st.sampled_from(("5", "100", "3000"))), maintenance_rate="0.02", **more,
            )
        )  # fmt: skip
    if gap != "tiers" and draw(st.booleans()):
        floor = "0.4" if parts.inverse else "20000"
        amount = "0.002" if parts.inverse else "100"
        book.apply(tiers(venue, symbol, ("0", floor, "0.005", "0"), (floor, None, "0.01", amount)))
    if draw(st.booleans()):
        book.apply(settled(venue, symbol, str(draw(decimals("-0.001", "0.001", 5)))))
    if draw(st.booleans()):
        book.apply(days(venue, symbol, price))
    book.apply(live(feed_of(venue, symbol)))
    if gap != "mark":
        book.apply(mark(venue, symbol, str(price * draw(decimals("0.9", "1.1", 3))), 0))
        book.apply(mark(venue, symbol, str(price * draw(decimals("0.99", "1.01", 4))), LATER_MS))
    book.apply(index(venue, symbol, str(price), LATER_MS))
    if gap != "funding":
        rate, soon = str(draw(decimals("-0.001", "0.001", 5))), draw(st.sampled_from((60_000, 9_000_000)))
        book.apply(funding(venue, symbol, rate, LATER_MS, soon))


def settled(venue: str, symbol: str, rate: str) -> Settlements:
    """Ten days of stamps every eight hours, all the same, at no known mark but today's."""
    stamps = (WALL_MS // (8 * HOUR_MS) * 8 * HOUR_MS - each * 8 * HOUR_MS for each in range(30, -1, -1))
    price = PRICES[perp(symbol).coin] * perp(symbol).multiplier
    found = tuple(Settlement(stamp, D(rate), price) for stamp in stamps)
    return Settlements(venue, symbol, found, found[0].at_ms, WALL_MS)


def days(venue: str, symbol: str, price: Decimal) -> Candles:
    """Forty days of closes that go up and down by two percent."""
    start = WALL_MS // DAY_MS * DAY_MS - 40 * DAY_MS
    closes = (Candle(start + day * DAY_MS, price * (D("0.98") if day % 2 else D(1))) for day in range(40))
    return Candles(venue, symbol, "trade", 24, tuple(closes), WALL_MS)


@st.composite
def cases(draw: st.DrawFn, rules: tuple[str, ...] = ()) -> Case:
    """A book, and any rule of it for any subject, brought back to its own level or to a far one."""
    book = draw(books())
    subjects: list[tuple[str, str]] = [(rule, "book") for rule in RULES_OF_THE_BOOK]
    subjects += [(rule, leg) for rule in RULES_OF_A_LEG for leg in book.layout.legs]
    subjects += [(rule, coin) for rule in RULES_OF_A_COIN for coin in book.layout.coins]
    subjects += [(rule, name) for rule in RULES_OF_AN_ACCOUNT for name in book.layout.accounts]
    subjects += [("stablecoin", leg.quote) for leg in book.layout.legs.values() if not leg.inverse]
    chosen = [pair for pair in subjects if not rules or pair[0] in rules]
    rule = draw(st.sampled_from(sorted({rule for rule, _ in chosen})))
    subject = draw(st.sampled_from([subject for name, subject in chosen if name == rule]))
    far = {"leverage": D("1.5"), "margin_ratio": D("0.05"), "liquidation_pace": D(48), "liquidation_sigma": D(6)}
    goal = None if draw(st.booleans()) or rule not in RESCUES else far.get(rule, D("0.8"))
    return Case(book, rule, subject, goal)
