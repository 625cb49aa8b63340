"""The book: coins hedged by the short of another coin."""

from __future__ import annotations

from hedge.book.book import Book
from hedge.market import Want
from tests.hedge.said import (
    D,
    account,
    at,
    instrument,
    portfolio,
    position,
    spot,
    tick,
)

BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USD:ETH", "SOL/USDT:USDT"
LEG = f"main/{BTC}/short"


def test_proxies_one_owner_a_named_account() -> None:
    book = Book(
        portfolio(
            holdings=[{"asset": "AVAX", "quantity": "1000"}, {"asset": "BTC", "quantity": "1"}],
            accounts=[
                account("main", "binance", {"USDT": "99000"}, position(BTC, "1", "65000", leverage="2")),
                account("alts", "binance", {"USDT": "99000"}, position(BTC, "0.4", "65000", leverage="2")),
            ],
            policy={"assets": {"AVAX": {"proxy": "BTC", "account": "alts", "beta": "1.3"}}},
        )
    )
    book.apply(instrument("binance", BTC))
    tick(book, "binance", BTC, "65000", 0)
    book.apply(spot("AVAX/USDT", "20", 0))
    row = book.asset("AVAX", at(0))
    assert (row.beta_spot_usd, row.hedge_usd, row.hedge_ratio) == (26000, -26000, 1)
    assert (row.status, row.off_usd, row.hedge_coin) == ("hedged", 0, None)
    assert book.asset("BTC", at(0)).drift == 0
    totals = book.totals(at(0))
    assert (totals.off_usd, totals.net_usd, totals.beta_net_usd) == (0, -6000, 0)


def test_proxies_a_shared_short() -> None:
    """The drift stands on the proxy's row, against the sum of what both coins need."""
    book = Book(
        portfolio(
            holdings=[{"asset": "AVAX", "quantity": "1000"}, {"asset": "BTC", "quantity": "1"}],
            accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "1.3", "65000", leverage="2"))],
            policy={"assets": {"AVAX": {"proxy": "BTC", "beta": "1.3"}}},
        )
    )
    book.apply(instrument("binance", BTC))
    tick(book, "binance", BTC, "65000", 0)
    book.apply(spot("AVAX/USDT", "20", 0))
    row = book.asset("AVAX", at(0))
    assert (row.status, row.hedge_ratio, row.drift, row.beta) == ("proxied", None, None, D("1.3"))
    assert "the short of BTC" in row.why["drift"]
    proxy = book.asset("BTC", at(0))
    assert (proxy.beta_spot_usd, proxy.hedge_usd, proxy.off_usd) == (91000, -84500, 6500)
    assert proxy.drift is not None
    assert abs(proxy.drift - D(-6500) / D(91000)) < D("1e-25")
    assert book.totals(at(0)).off_usd == 6500


def test_a_proxy_without_a_beta_leaves_the_plan_unknown_and_says_so() -> None:
    book = Book(
        portfolio(
            holdings=[{"asset": "AVAX", "quantity": "1000"}, {"asset": "BTC", "quantity": "1"}],
            accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "1", "65000", leverage="2"))],
            policy={"assets": {"AVAX": {"proxy": "BTC"}}},
        )
    )
    book.apply(instrument("binance", BTC))
    tick(book, "binance", BTC, "65000", 0)
    book.apply(spot("AVAX/USDT", "20", 0))
    totals = book.totals(at(0))
    assert (totals.off_usd, totals.drift, totals.spot_usd) == (None, None, 85000)
    assert "AVAX: its beta to BTC needs price history" in totals.why["drift"]


def test_a_proxy_stands_in_the_book_before_there_is_a_position_in_it() -> None:
    book = Book(
        portfolio(
            holdings=[{"asset": "AVAX", "quantity": "1000"}],
            policy={"assets": {"AVAX": {"proxy": "BTC", "beta": "1.3"}}},
        )
    )
    assert Want("binance", "BTC/USDT", True) in book.wants
    book.apply(spot("AVAX/USDT", "20", 0))
    book.apply(spot("BTC/USDT", "65000", 0))
    assert book.asset("AVAX", at(0)).status == "proxied"
    row = book.asset("BTC", at(0))
    assert (row.hedge_ratio, row.drift, row.off_usd) == (0, -1, 26000)
    assert book.totals(at(0)).off_usd == 26000


def test_a_general_proxy_is_for_coins_without_a_position() -> None:
    book = Book(
        portfolio(
            holdings=[{"asset": "AVAX", "quantity": "1000"}, {"asset": "SOL", "quantity": "10"}],
            accounts=[account("main", "bybit", {"USDT": "9000"}, position(SOL, "10", "142", leverage="2"))],
            policy={"proxy": "BTC", "beta": "1.3"},
        )
    )
    assert book.layout.coins["SOL"].target.proxy is None
    assert book.layout.coins["AVAX"].target.proxy == "BTC"
