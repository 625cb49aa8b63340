"""Holding a hedge on: bankruptcy, rank in deleveraging, when funding has paid, and what it earns on all the capital."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedge.book.book import Book
from hedge.book.leg_hold import AGAINST, GONE, LINEAR, SHARED
from hedge.book.take import take_snapshot
from hedge.snapshot import NEVER, Totals
from tests.hedge.said import D, account, at, funding, instrument, portfolio, position, tick
from tests.hedge.ticket_books import BTC, ETH_LEG, SOL, SOL_LEG, eth_book, shared_book, sol_book


def test_bankruptcy_lies_beyond_liquidation_and_the_rank_is_gain_times_leverage() -> None:
    row = sol_book("200", "100", price="120").leg(SOL_LEG, at(0))
    assert row.bankruptcy_price == 142 + 50
    assert row.liquidation_price is not None
    assert row.liquidation_price < 192
    gain, leverage = D(22) / 142, D(120) / (192 - 120)
    assert row.adl_score == gain * leverage
    losing = sol_book("200", "100", price="150").leg(SOL_LEG, at(0))
    assert losing.adl_score == (D(-8) / 142) / (D(150) / 42)
    gone = sol_book("200", "100", price="200").leg(SOL_LEG, at(0))
    assert (gone.adl_score, gone.why["adl_score"]) == (None, GONE)


def test_what_shares_its_margin_and_what_is_in_coins_has_no_rank() -> None:
    cross = shared_book().leg(f"main/{BTC}/short", at(0))
    assert (cross.bankruptcy_price, cross.adl_score) == (None, None)
    assert cross.why["bankruptcy_price"] == cross.why["adl_score"] == SHARED
    coin = eth_book("5", "17500").leg(ETH_LEG, at(0))
    assert (coin.adl_score, coin.why["adl_score"]) == (None, LINEAR)


def test_what_is_not_known_says_why() -> None:
    part = position(SOL, "100", margin="", leverage="2")
    del part["margin"]
    book = Book(portfolio(accounts=[account("main", "bybit", {"USDT": "9000"}, part)]))
    row = book.leg(SOL_LEG, at(0))
    assert row.why["bankruptcy_price"] == row.why["adl_score"] == row.why["break_even_hours"] != ""
    book.apply(instrument("bybit", SOL))
    row = book.leg(SOL_LEG, at(0))
    assert row.why["break_even_hours"] == "neither the file nor bybit states a taker fee"
    assert "entry" in row.why["bankruptcy_price"]
    long_ = sol_book("100", "100", side="long", margin="14200").leg(f"main/{SOL}/long", at(0))
    assert (long_.bankruptcy_price, long_.why["bankruptcy_price"]) == (None, NEVER)


@pytest.mark.parametrize(("rate", "hours"), [("0.0001", 80), ("0.00007", 120), ("0.01", 8)])
def test_funding_pays_both_fees_after_whole_stamps(rate: str, hours: int) -> None:
    """0.05 % to get in and 0.05 % to get out, at stamps of 8 hours."""
    book = sol_book("200", "100")
    book.apply(funding("bybit", SOL, rate, 1))
    assert book.leg(SOL_LEG, at(1)).break_even_hours == hours


@pytest.mark.parametrize(("rate", "why"), [("-0.0001", AGAINST), ("0", AGAINST), (None, "the venue states no rate")])
def test_funding_against_the_hedge_never_pays(rate: str | None, why: str) -> None:
    book = sol_book("200", "100")
    book.apply(funding("bybit", SOL, rate, 1))
    row = book.leg(SOL_LEG, at(1))
    assert (row.break_even_hours, row.why["break_even_hours"]) == (None, why)


def totals(book: Book) -> Totals:
    return take_snapshot(book, at(0), "live").totals


def test_funding_on_all_capital_counts_the_coins_and_the_money() -> None:
    """As oracle cy-01: a full hedge at 1x halves the headline number."""
    part = position(BTC, "1", "60000", margin="60000")
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "1"}], accounts=[account("main", "bybit", {"USDT": "60000"}, part)]
        )
    )
    book.apply(instrument("bybit", BTC))
    tick(book, "bybit", BTC, "60000", 0)
    found = totals(book)
    assert found.funding_apr == D("0.1095")
    assert found.funding_apr_on_capital == D("0.1095") / 2


def test_on_all_capital_needs_every_part_of_it() -> None:
    assert "SOL" in totals(Book(sol_book("200", "100").portfolio)).why["funding_apr_on_capital"]
    book = sol_book("200", "100")
    assert totals(book).funding_apr_on_capital == D("4.5") * 365 / (200 * 150 + 20000)
    nothing = Book(portfolio(holdings=[{"asset": "BTC", "quantity": "1"}]))
    assert totals(nothing).why["funding_apr_on_capital"] == "BTC has no price"
    assert isinstance(totals(book).funding_apr_on_capital, Decimal)
