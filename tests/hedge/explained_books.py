"""Books with everything in them, for tests that walk every figure."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from hedge.book.book import Book
from hedge.market import Candle, Candles, FeedState, Settlement, Settlements
from hedge.portfolio import Portfolio
from tests.hedge.said import (
    HOUR_MS,
    WALL_MS,
    D,
    account,
    at,
    flat,
    funding,
    instrument,
    interval,
    live,
    mark,
    portfolio,
    position,
    spot,
    tick,
    tiers,
)

BTC, ETH, SOL, PEPE = "BTC/USDT:USDT", "ETH/USD:ETH", "SOL/USDT:USDT", "1000PEPE/USDT:USDT"
ESTIMATED = {
    "AVAX": {"proxy": "BTC"},
    "LINK": {"proxy": "BTC", "account": "for.link", "method": "correlation", "target": "0.75"},
    "PEPE": {"target": "0.6", "floor": "0.2", "cap": "0.9"},
    "SOL": {"target": "0.2", "mode": "add"},
}
"""Plans whose betas come from price history."""
BTC_COIN, DOGE, XRP = "BTC/USD:BTC", "DOGE/USDT:USDT", "XRP/USDT:USDT"

HOLDINGS = [
    {"asset": "BTC", "quantity": "1.25", "place": "cold wallet"},
    {"asset": "BTC", "quantity": "0.1", "place": "phone"},
    {"asset": "SOL", "quantity": "200"},
    {"asset": "PEPE", "quantity": "75000000"},
    {"asset": "AVAX", "quantity": "900"},
    {"asset": "LINK", "quantity": "321.7"},
    {"asset": "XRP", "quantity": "1000"},
]


def long(leg: dict[str, str]) -> dict[str, str]:
    """The same position, long."""
    return {**leg, "side": "long"}


def accounts() -> list[dict[str, Any]]:
    """Linear, inverse, isolated, cross, hedge mode, a multiplier, a proxy's own account, coins as margin."""
    return [
        account(
            "main", "binance", {"USDT": "70000"},
            position(BTC, "1.1", "64321.5", margin="31000.7", maintenance_margin_rate="0.005", maintenance_amount="50"),
            position(SOL, "117", "139.35", leverage="3"),
            long(position(SOL, "17", "120.05", leverage="2")),
            position(XRP, "333", leverage="2"),
            as_of="2026-11-17",
        ),
        account(
            "coin", "bybit", {"ETH": "5.5", "BTC": "0.4"},
            position(ETH, "17500", "3456.7", margin_mode="cross", leverage="1"),
            position(BTC_COIN, "9000", "63000", margin="0.15", mm_basis="entry"),
            long(position(BTC_COIN, "2500", "64000", margin="0.05")),
        ),
        account(
            "shared", "bybit", {"USDT": "9000", "BTC": "0.2", "USDC": "1000"},
            position(BTC, "0.31", "66000", margin_mode="cross", leverage="5"),
            long(position(BTC, "0.07", "60000", margin_mode="cross", leverage="5")),
            position(SOL, "40", "150", margin_mode="cross"),
            position(PEPE, "61000", "0.0123", margin_mode="cross", leverage="4"),
            position(DOGE, "5000", "0.2", margin="600", venue_liquidation_price="0.5"),
            haircuts={"BTC": "0.07", "USDC": "0.01"},
        ),
        account(
            "for.link", "binance", {"USDT": "5000"},
            position(BTC, "0.066", "65000", leverage="2", mm_basis="entry"),
        ),
    ]  # fmt: skip


def everything(plans: dict[str, Any] | None = None, **more: Any) -> Portfolio:
    """The portfolio of all that."""
    policy = {
        "target": "1.0",
        "assets": {
            "SOL": {"target": "0.5"},
            "AVAX": {"proxy": "BTC", "beta": "1.3"},
            "LINK": {"proxy": "BTC", "account": "for.link", "beta": "0.9", "target": "0.75"},
            **(plans or {}),
        },
    }
    return portfolio(**{"holdings": HOLDINGS, "accounts": accounts(), "policy": policy, **more})


def facts(book: Book) -> None:
    """Contracts and brackets, as the venues' metadata says."""
    for symbol in (BTC, SOL, XRP):
        book.apply(instrument("binance", symbol, tick="0.1", maintenance_rate="0.025"))
    for symbol in (BTC, SOL, DOGE):
        book.apply(instrument("bybit", symbol, tick="0.01"))
    book.apply(instrument("bybit", PEPE, step="100", tick="0.0000001"))
    book.apply(instrument("bybit", ETH, tick="0.05"))
    book.apply(instrument("bybit", BTC_COIN))
    rows = [("0", "20000", "0.004", "0"), ("20000", "90000", "0.0075", "70"), ("90000", None, "0.0133", "592")]
    book.apply(tiers("bybit", BTC, *rows))
    book.apply(tiers("bybit", BTC_COIN, ("0", "0.1", "0.005", "0"), ("0.1", None, "0.01", "0.0005")))
    for symbol in (SOL, PEPE, ETH, DOGE):
        book.apply(flat("bybit", symbol, "0.011"))
    book.apply(tiers("binance", XRP, reason="it wants a key"))


def prices(book: Book, mono_ms: int = 0) -> None:
    """One frame of every market."""
    for feed in ("binance-usdm", "binance-spot", "bybit-linear", "bybit-inverse"):
        book.apply(live(feed, mono_ms))
    tick(book, "binance", BTC, "65003.7", mono_ms, premium="1.0003", rate="0.00007")
    tick(book, "binance", SOL, "142.17", mono_ms, premium="0.9991", rate="-0.00013")
    tick(book, "binance", XRP, "1.377", mono_ms)
    tick(book, "bybit", BTC, "65001.1", mono_ms, premium="1.0001", rate="0.0001")
    tick(book, "bybit", SOL, "142.2", mono_ms, rate="0.0002")
    tick(book, "bybit", PEPE, "0.0127", mono_ms, premium="1.004", rate="0.0003")
    tick(book, "bybit", ETH, "3512.3", mono_ms, premium="1.0007", rate="0.0001")
    tick(book, "bybit", BTC_COIN, "65010", mono_ms, rate="-0.00005")
    book.apply(spot("AVAX/USDT", "21.37", mono_ms))
    book.apply(spot("LINK/USDT", "14.003", mono_ms))
    book.apply(interval("binance", SOL, "4", "binance fundingInfo"))
    book.apply(interval("bybit", BTC, "8", "bybit stream"))


def _wander(rng: random.Random, close: Decimal, step: float, count: int) -> list[Decimal]:
    """Closes that wander, the last of them the price of now."""
    found = [close]
    for _ in range(count - 1):
        found.append((found[-1] * Decimal(f"{1 + rng.uniform(-step, step):.6f}")).quantize(Decimal("0.000001")))
    return found[::-1]


def _candles(venue: str, symbol: str, kind: Any, hours: int, closes: list[Decimal]) -> Candles:
    length = hours * HOUR_MS
    start = WALL_MS // length * length - len(closes) * length
    return Candles(
        venue,
        symbol,
        kind,
        hours,
        tuple(Candle(start + place * length, close) for place, close in enumerate(closes)),
        WALL_MS - HOUR_MS,
    )


Settled = tuple[str, str, Decimal, str]
"""Venue, symbol, price and usual rate of a market."""


def past(book: Book, more: tuple[Settled, ...] = ()) -> None:
    """What the venues say of the last weeks: daily and hourly candles, and settled funding."""
    rng = random.Random(11)
    bitcoin = _wander(rng, D(65000), 0.05, 75)
    book.apply(_candles("binance", BTC, "trade", 24, bitcoin))
    for symbol, share in (("AVAX/USDT", D("0.000329")), ("LINK/USDT", D("0.000215"))):
        near = [
            (each * share * Decimal(f"{1 + rng.uniform(-0.01, 0.01):.6f}")).quantize(D("0.0001")) for each in bitcoin
        ]
        book.apply(_candles("binance", symbol, "trade", 24, near))
    for venue, symbol, price in (
        ("binance", SOL, D(142)),
        ("bybit", PEPE, D("0.0127")),
        ("bybit", ETH, D(3512)),
    ):
        book.apply(_candles(venue, symbol, "trade", 24, _wander(rng, price, 0.05, 75)))
    for venue, symbol, price, rate in (
        ("binance", BTC, D(65000), "0.0001"),
        ("binance", SOL, D(142), "-0.00005"),
        ("bybit", BTC, D(65000), "0.00012"),
        ("bybit", ETH, D(3512), "0.0001"),
        ("bybit", PEPE, D("0.0127"), "0.0003"),
        ("bybit", BTC_COIN, D(65010), "-0.00005"),
        *more,
    ):
        index = _wander(rng, price, 0.004, 168)
        marks = [(each * Decimal(f"{1 + rng.uniform(-3e-4, 5e-4):.6f}")).quantize(D("0.000001")) for each in index]
        book.apply(_candles(venue, symbol, "index", 1, index))
        book.apply(_candles(venue, symbol, "mark", 1, marks))
        last = WALL_MS // (8 * HOUR_MS) * 8 * HOUR_MS
        stamps = tuple(
            Settlement(last - ago * 8 * HOUR_MS, D(rate) * rng.choice((1, 1, 1, -1, 2)), price)
            for ago in range(95, -1, -1)
        )
        book.apply(Settlements(venue, symbol, stamps, stamps[0].at_ms, WALL_MS - 1_000))


def rich(**more: Any) -> Book:
    """Everything known, but a leg without a mark (DOGE) and one without an entry until its first mark (XRP)."""
    book = Book(everything(**more))
    facts(book)
    prices(book)
    past(book)
    book.rebased(at(0))
    return book


def patchy() -> Book:
    """Facts, brackets, an index, a rate and a stamp are missing, each somewhere."""
    book = Book(everything())
    for symbol in (BTC, SOL, XRP):
        book.apply(instrument("binance", symbol))
    book.apply(instrument("bybit", BTC))
    book.apply(instrument("bybit", ETH))
    book.apply(mark("binance", BTC, "65000", 0))
    book.apply(funding("binance", BTC, None, 0))
    book.apply(mark("bybit", ETH, "3500", 0))
    book.apply(funding("bybit", ETH, "0.0001", 0))
    tick(book, "bybit", BTC, "65000", 0)
    book.apply(FeedState("bybit-linear", "backing_off", "refused by the venue", 0, 3, 9_000))
    return book


def complete() -> Book:
    """Nothing is missing: fees, dates, leverage and every market; the mark of one short climbs for 16 minutes."""
    stated = [{**each, "as_of": "2026-11-09", "fees": {"taker": "0.0005"}} for each in accounts()]
    for each in stated:
        for leg in each["positions"]:
            leg.setdefault("entry_price", "1.3")
            if "margin" not in leg:
                leg.setdefault("leverage", "3")
    book = Book(everything(ESTIMATED, accounts=stated))
    facts(book)
    book.apply(flat("binance", XRP, "0.02"))
    past(
        book,
        (("binance", XRP, D("1.377"), "0.0001"), ("bybit", SOL, D(142), "0.0001"), ("bybit", DOGE, D("0.2"), "0.0002")),
    )
    book.apply(_candles("bybit", DOGE, "trade", 24, [D("0.2") + D(day % 7) / 1000 for day in range(75)]))
    book.apply(_candles("binance", XRP, "trade", 24, [D("1.3") + D(day % 5) / 100 for day in range(75)]))
    for minute in range(17):
        prices(book, minute * 60_000)
        tick(book, "bybit", DOGE, str(D("0.2") + D(minute) / 500), minute * 60_000)
    book.rebased(at(0))
    return book
