"""Positions of which something is missing or odd: section 14 of the domain reference, the rows about a position."""

from __future__ import annotations

import pytest

from hedge.book.book import Book
from hedge.market import Tiers
from hedge.portfolio import PortfolioError
from tests.hedge.odd import BTC, ETH, LEG, parts, shown
from tests.hedge.past import settled
from tests.hedge.said import (
    HOUR_MS,
    WALL_MS,
    D,
    account,
    btc_book,
    flat,
    instrument,
    portfolio,
    position,
    tick,
)

# entry


def without_entry(symbol: str = BTC, venue: str = "binance") -> Book:
    coin = symbol.partition("/")[0]
    wallet = {"USDT": "99000"} if symbol == BTC else {coin: "50"}
    book = Book(portfolio(accounts=[account("main", venue, wallet, position(symbol, "1", leverage="2"))]))
    book.apply(instrument(venue, symbol))
    book.apply(flat(venue, symbol, "0.005"))
    return book


def test_an_entry_may_be_missing_only_beside_a_leverage() -> None:
    with pytest.raises(PortfolioError, match="entry_price"):
        portfolio(accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "1", margin="500"))])


def test_until_the_first_mark_there_is_no_pnl_and_no_liquidation() -> None:
    row, _, _ = parts(without_entry())
    reason = f"the file states no entry, and no mark of {BTC} has come yet to assume one"
    for name in ("entry_price", "unrealised_pnl_usd", "liquidation_price", "margin", "price_result_usd"):
        assert (getattr(row, name), row.why[name]) == (None, reason)
    assert row.coins == -1, "a linear leg's delta needs no entry"
    inverse, _, _ = parts(without_entry(ETH, "bybit"))
    assert (inverse.coins, inverse.why["coins"]) == (
        None,
        f"the file states no entry, and no mark of {ETH} has come yet to assume one",
    )


def test_the_first_mark_is_frozen_as_the_entry_and_flagged() -> None:
    book = without_entry()
    tick(book, "binance", BTC, "65000", 0)
    tick(book, "binance", BTC, "60000", 1_000)
    row, _, _ = parts(book, 1_000)
    assert (row.entry_price, row.unrealised_pnl_usd) == (65000, 5000)
    assert "entry assumed" in row.flags
    assert row.sources["entry_price"] == "assumed: 1st mark"
    assert row.sources["margin"] == "from leverage 2"


# tiers


def test_maintenance_comes_from_the_venue_then_the_file_then_the_list_then_nowhere() -> None:
    book = without_entry()
    book.apply(Tiers("binance", BTC, (), "binance", reason="it wants a key"))
    tick(book, "binance", BTC, "65000", 0)
    row, _, _ = parts(book)
    reason = "binance has given no maintenance tiers: it wants a key; `maintenance_margin_rate` in the file states one"
    for name in ("maintenance_rate", "maintenance_margin", "margin_ratio", "liquidation_price"):
        assert (getattr(row, name), row.why[name]) == (None, reason), "never 0, never a constant"
    book.apply(instrument("binance", BTC, maintenance_rate="0.025"))
    row, _, _ = parts(book)
    assert (row.maintenance_rate, "maintenance rate assumed" in row.flags) == (D("0.025"), True)
    stated = book.portfolio.accounts[0].positions[0].model_copy(update={"maintenance_margin_rate": D("0.004")})
    owner = book.portfolio.accounts[0].model_copy(update={"positions": (stated,)})
    book.replace(book.portfolio.model_copy(update={"accounts": (owner,)}))
    row, _, _ = parts(book)
    assert (row.maintenance_rate, row.sources["maintenance"]) == (D("0.004"), "from file")
    book.apply(flat("binance", BTC, "0.0065"))
    row, _, _ = parts(book)
    assert (row.maintenance_rate, row.sources["maintenance"]) == (D("0.0065"), "binance risk-limit")


# a position from a file


def test_a_position_says_how_old_its_file_is() -> None:
    book = btc_book()
    row, _, _ = parts(book)
    assert row.sources["position"] == "file, 36 h old"
    assert row.ages.position == pytest.approx((WALL_MS - 1_794_873_600_000) / 1000)


def test_funding_since_the_file_moves_margin_wallet_and_liquidation() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0)
    before, _, _ = parts(book)
    assert (before.paid_usd, before.margin) == (None, 32500)
    book.apply(settled("binance", BTC, ["-0.001"] * 90))
    row = shown(book).positions[0]
    stamps = [stamp for stamp in range(90) if stamp * 8 * HOUR_MS < WALL_MS - 1_794_873_600_000]
    assert row.paid_usd == -65 * len(stamps)
    assert row.margin == 32500 - 65 * len(stamps)
    assert "funding since the file counted, est." in row.flags
    assert row.liquidation_price is not None
    assert before.liquidation_price is not None
    assert row.liquidation_price < before.liquidation_price, "a short that pays comes nearer"
    assert shown(book).accounts[0].equity_usd == 100_000 - 65 * len(stamps)


def test_settlements_that_do_not_reach_back_are_said() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0)
    book.apply(settled("binance", BTC, ["0.0001"] * 2, known_since_d=1))
    row, _, totals = parts(book)
    assert row.paid_usd is None
    assert row.why["paid_usd"].startswith("settlements are known since ")
    assert row.margin == 32500
    assert totals.funding_result_usd is None
    assert LEG in totals.why["funding_result_usd"]


# isolated margin


def test_a_margin_follows_from_leverage_and_entry() -> None:
    book = Book(
        portfolio(accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "1", "65000", leverage="4"))])
    )
    book.apply(instrument("binance", BTC))
    row, _, _ = parts(book)
    assert row.margin == 16250
    assert "margin derived" in row.flags
    assert row.sources["margin"] == "from leverage 4"


# hedge mode


def test_long_and_short_of_one_symbol_are_two_positions() -> None:
    long = position(BTC, "0.4", "60000", margin="12000")
    long["side"] = "long"
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "1"}],
            accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "1", "65000", margin="32500"), long)],
        )
    )
    book.apply(instrument("binance", BTC))
    book.apply(flat("binance", BTC, "0.005"))
    tick(book, "binance", BTC, "65000", 0)
    snapshot = shown(book)
    assert [(row.side, row.coins, row.margin) for row in snapshot.positions] == [
        ("short", -1, 32500),
        ("long", D("0.4"), 12000),
    ]
    asset = snapshot.assets[0]
    assert (asset.hedge_coin, asset.hedge_ratio) == (D("-0.6"), D("0.6")), "net for exposure"
    short, long_row = snapshot.positions
    assert short.liquidation_price == D(97500) / D("1.005"), "each on its own margin"
    assert long_row.liquidation_price == (D(24000) - D(12000)) / (D("0.4") * D("0.995"))
