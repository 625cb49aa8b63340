"""The book: entry, margin, maintenance and liquidation, isolated and cross."""

from __future__ import annotations

from hedge.book.book import Book
from hedge.book.take import take_snapshot
from tests.hedge.said import (
    D,
    account,
    at,
    btc_book,
    flat,
    index,
    instrument,
    portfolio,
    position,
    tick,
    tiers,
)

BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USD:ETH", "SOL/USDT:USDT"
LEG = f"main/{BTC}/short"


def test_maintenance_comes_from_tiers_then_the_file_then_the_instrument_list_then_nowhere() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0)
    assert book.leg(LEG, at(0)).sources["maintenance"] == "from file"
    assert int(book.leg(LEG, at(0)).liquidation_price or 0) == 97014
    book.apply(tiers("binance", BTC, ("0", "50000", "0.004", "0"), ("50000", None, "0.01", "300")))
    leg = book.leg(LEG, at(0))
    assert (leg.sources["maintenance"], leg.maintenance_rate) == ("binance risk-limit", D("0.01"))
    assert leg.liquidation_price == (D(32500) + 300 + 65000) / D("1.01")
    book.apply(tiers("binance", BTC, reason="it wants a key"))
    book.replace(btc_book(maintenance_margin_rate="0.9").portfolio)
    bare = book.portfolio.accounts[0].positions[0].model_copy(update={"maintenance_margin_rate": None})
    without = book.portfolio.accounts[0].model_copy(update={"positions": (bare,)})
    book.replace(book.portfolio.model_copy(update={"accounts": (without,)}))
    leg = book.leg(LEG, at(0))
    assert (leg.liquidation_price, leg.to_liquidation, leg.margin_ratio) == (None, None, None)
    assert "no maintenance tiers: it wants a key" in leg.why["liquidation_price"]
    book.apply(instrument("binance", BTC, maintenance_rate="0.025"))
    leg = book.leg(LEG, at(0))
    assert "maintenance rate assumed" in leg.flags
    assert "2.5 %" in leg.sources["maintenance"]
    assert leg.liquidation_price == D(97500) / D("1.025")


def test_liquidation_distance_and_being_past_it() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0)
    leg = book.leg(LEG, at(0))
    assert leg.to_liquidation == D(97500) / D("1.005") / 65000 - 1 or abs(leg.to_liquidation - D("0.4925373134")) < D(
        "1e-9"
    )
    tick(book, "binance", BTC, "98000", 1)
    leg = book.leg(LEG, at(1))
    assert leg.to_liquidation is not None
    assert leg.to_liquidation < 0
    tick(book, "binance", BTC, "99000", 2)
    leg = book.leg(LEG, at(2))
    assert leg.equity == -1500
    assert leg.margin_ratio is None
    assert leg.why["margin_ratio"] == "insolvent: equity is gone"


def test_an_entry_that_is_not_stated_is_the_first_mark_seen() -> None:
    book = Book(
        portfolio(
            holdings=[{"asset": "ETH", "quantity": "1"}],
            accounts=[
                account("coin", "bybit", {"ETH": "5.0"}, position(ETH, "17500", leverage="2", margin_mode="cross"))
            ],
        )
    )
    leg_id = f"coin/{ETH}/short"
    book.apply(instrument("bybit", ETH))
    assert book.leg(leg_id, at(0)).coins is None
    assert "no mark of ETH/USD:ETH has come yet" in book.leg(leg_id, at(0)).why["coins"]
    assert book.asset("ETH", at(0)).status == "unpriced"
    tick(book, "bybit", ETH, "3500", 0)
    tick(book, "bybit", ETH, "7000", 1)
    leg = book.leg(leg_id, at(1))
    assert (leg.entry_price, leg.coins) == (3500, -5)
    assert "entry assumed" in leg.flags
    book.replace(book.portfolio)
    assert book.leg(leg_id, at(1)).entry_price == 3500


def test_a_linear_leg_is_exposure_before_its_entry_is_known() -> None:
    book = Book(portfolio(accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "1", leverage="2"))]))
    book.apply(instrument("binance", BTC))
    assert book.asset("BTC", at(0)).hedge_coin == -1


def test_isolated_margin_is_derived_from_leverage_and_entry() -> None:
    book = Book(
        portfolio(accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "1", "60000", leverage="4"))])
    )
    book.apply(instrument("binance", BTC))
    leg = book.leg(LEG, at(0))
    assert leg.margin == 15000
    assert "margin derived" in leg.flags
    assert book.account("main", at(0)).free == {"USDT": 84000}


def test_a_cross_account_one_leg_and_all_together() -> None:
    """Oracle cases cross-02 and joint-01, through the book."""
    eth = "ETH/USDT:USDT"
    legs = (
        position(BTC, "1", "65000", margin_mode="cross", leverage="5"),
        position(eth, "5", "3500", margin_mode="cross", leverage="5"),
    )
    book = Book(portfolio(accounts=[account("main", "binance", {"USDT": "30000"}, *legs)]))
    for symbol, amount in ((BTC, "50"), (eth, "0")):
        book.apply(instrument("binance", symbol))
        book.apply(tiers("binance", symbol, ("0", None, "0.005", amount)))
    tick(book, "binance", BTC, "66000", 0)
    tick(book, "binance", eth, "3600", 0)
    leg = book.leg(LEG, at(0))
    assert abs((leg.liquidation_price or D(0)) - D("93990.0497512437811")) < D("1e-9")
    assert leg.margin_ratio is not None
    assert abs(leg.margin_ratio - D("0.0129824561403508772")) < D("1e-15")
    assert leg.equity == 28500
    account_row = book.account("main", at(0))
    assert account_row.equity_usd == 28500
    assert account_row.free == {"USDT": 30000 - 13000 - 3500}
    tick(book, "binance", BTC, "65000", 1)
    tick(book, "binance", eth, "3500", 1)
    joint = book.account("main", at(1)).joint_to_liquidation
    assert joint is not None
    assert abs(joint - D("0.357455148499924619")) < D("1e-15")
    snapshot = take_snapshot(book, at(1), "live")
    assert snapshot.totals.joint_to_liquidation == joint
    assert snapshot.totals.joint_account == "main"


def test_coin_collateral_helps_a_linear_cross_short() -> None:
    leg = position(BTC, "1", "65000", margin_mode="cross")
    holdings = {"USDT": "10000", "BTC": "1"}
    plain = Book(portfolio(accounts=[account("main", "bybit", holdings, leg)]))
    helped = Book(portfolio(accounts=[account("main", "bybit", holdings, leg, haircuts={"BTC": "0.05"})]))
    for book in (plain, helped):
        book.apply(instrument("bybit", BTC))
        book.apply(flat("bybit", BTC, "0.005"))
        tick(book, "bybit", BTC, "65000", 0)
    alone, together = plain.leg(LEG, at(0)), helped.leg(LEG, at(0))
    assert alone.liquidation_price == D(75000) / D("1.005")
    assert together.liquidation_price is not None
    assert together.liquidation_price > 1_000_000
    assert together.equity == 10000 + D("61750")


def test_legs_without_facts_about_their_account_say_what_is_missing() -> None:
    leg = position(BTC, "1", "65000", margin_mode="cross")
    book = Book(portfolio(holdings=[{"asset": "BTC", "quantity": "1"}], accounts=[account("main", "binance", {}, leg)]))
    book.apply(instrument("binance", BTC))
    book.apply(flat("binance", BTC, "0.005"))
    tick(book, "binance", BTC, "65000", 0)
    assert book.leg(LEG, at(0)).why["to_liquidation"] == "the file states no USDT collateral for main"
    assert book.account("main", at(0)).why["equity_usd"] == "the file states no USDT collateral"


def test_the_venues_own_liquidation_price_stands_beside_ours() -> None:
    book = btc_book(venue_liquidation_price="95000")
    tick(book, "binance", BTC, "65000", 0)
    leg = book.leg(LEG, at(0))
    assert leg.venue_liquidation_price == 95000
    assert "venue states another liquidation price" in leg.flags
    near = btc_book(venue_liquidation_price="97000")
    tick(near, "binance", BTC, "65000", 0)
    assert "venue states another liquidation price" not in near.leg(LEG, at(0)).flags


def test_a_missing_mark_falls_back_to_the_index_without_a_distance() -> None:
    book = btc_book()
    book.apply(index("binance", BTC, "65000", 0))
    leg = book.leg(LEG, at(0))
    assert (leg.notional_usd, leg.to_liquidation, leg.mark) == (65000, None, None)
    assert "index in place of the mark" in leg.flags
    assert leg.why["to_liquidation"] == "no mark has come yet"


def test_hedge_mode_nets_for_exposure_and_keeps_both_legs() -> None:
    long = position(BTC, "0.4", "65000", margin_mode="cross") | {"side": "long"}
    short = position(BTC, "1.4", "65000", margin_mode="cross")
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "1"}],
            accounts=[account("main", "binance", {"USDT": "50000"}, long, short)],
        )
    )
    book.apply(instrument("binance", BTC))
    book.apply(flat("binance", BTC, "0.005"))
    tick(book, "binance", BTC, "65000", 0)
    assert book.asset("BTC", at(0)).drift == 0
    legs = [book.leg(f"main/{BTC}/{side}", at(0)) for side in ("long", "short")]
    assert legs[0].liquidation_price == legs[1].liquidation_price
    assert legs[0].liquidation_price is not None
