"""Books with everything in them, for tests that walk every figure."""

from __future__ import annotations

from typing import Any

from hedge.book import Book
from hedge.portfolio import Portfolio
from tests.hedge.said import (
    account,
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


def everything(**more: Any) -> Portfolio:
    """The portfolio of all that."""
    policy = {
        "target": "1.0",
        "assets": {
            "SOL": {"target": "0.5"},
            "AVAX": {"proxy": "BTC", "beta": "1.3"},
            "LINK": {"proxy": "BTC", "account": "for.link", "beta": "0.9", "target": "0.75"},
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


def rich(**more: Any) -> Book:
    """Everything known, but a leg without a mark (DOGE) and one without an entry until its first mark (XRP)."""
    book = Book(everything(**more))
    facts(book)
    prices(book)
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
    book.apply(live("bybit-linear", 0, "backing_off", "refused by the venue"))
    return book
