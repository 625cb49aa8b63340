"""The book: exposure, funding, margin and freshness, fed as the feeds do it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedge.book import Book
from hedge.market import Confirmed, Dropped, Mark, SymbolState, Want
from hedge.take import take_snapshot
from tests.hedge.said import (
    HOUR_MS,
    D,
    account,
    at,
    flat,
    funding,
    index,
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

BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USD:ETH", "SOL/USDT:USDT"
LEG = f"main/{BTC}/short"


def btc_book(**leg: str) -> Book:
    """One bitcoin held, one short at Binance with half its value as margin; the facts are there, prices are not."""
    stated = {"margin": "32500", "maintenance_margin_rate": "0.005", **leg}
    side = stated.pop("side", "short")
    entry = stated.pop("entry", "65000") or None
    leg_part = position(BTC, stated.pop("contracts", "1.0"), entry, **stated)
    leg_part["side"] = side
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "1.0"}],
            accounts=[account("main", "binance", {"USDT": "100000"}, leg_part, as_of="2026-11-17")],
        )
    )
    book.apply(instrument("binance", BTC))
    book.apply(live("binance-usdm"))
    return book


def test_before_anything_came_all_is_unknown_and_says_why() -> None:
    book = Book(portfolio(holdings=[{"asset": "BTC", "quantity": "1"}, {"asset": "AVAX", "quantity": "9"}]))
    assert book.wants == (Want("binance", "BTC/USDT", True), Want("binance", "AVAX/USDT", True))
    snapshot = take_snapshot(book, at(0), "live")
    assert snapshot.totals.spot_usd is None
    assert snapshot.totals.unpriced == 2
    assert snapshot.totals.why["spot_usd"] == "BTC, AVAX have no price"
    assert snapshot.assets[0].status == "unpriced"
    assert "no price of BTC has come from binance yet" in snapshot.assets[0].why["spot_usd"]


def test_one_unpriced_coin_makes_the_totals_unknown_and_is_named() -> None:
    book = Book(portfolio(holdings=[{"asset": "BTC", "quantity": "1"}, {"asset": "AVAX", "quantity": "9"}]))
    book.apply(spot("BTC/USDT", "65000", 0))
    totals = book.totals(at(0))
    assert (totals.spot_usd, totals.hedge_ratio, totals.unpriced) == (None, None, 1)
    assert totals.why["drift"] == "AVAX has no price"
    book.apply(spot("AVAX/USDT", "20", 0))
    assert book.totals(at(0)).spot_usd == 65180


def test_a_fully_hedged_coin() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0, premium="1.0002")
    row = book.asset("BTC", at(0))
    assert (row.status, row.hedge_ratio, row.drift, row.net_coin, row.off_usd) == ("hedged", 1, 0, 0, 0)
    assert (row.spot_usd, row.hedge_usd) == (65000, -65000)
    assert row.price_source == "binance-usdm index"
    assert row.lot == D("0.001")
    leg = book.leg(LEG, at(0))
    assert leg.coins == -1
    assert leg.notional_usd == 65013
    assert leg.unrealised_pnl_usd == -13
    assert leg.basis == 13
    assert leg.basis_pct == D("0.0002")


def test_the_ratio_does_not_move_with_the_price_of_a_coin_sized_hedge() -> None:
    book = btc_book()
    for price in ("65000", "30000", "130000"):
        tick(book, "binance", BTC, price, 0, premium="1.001")
        assert book.asset("BTC", at(0)).drift == 0


@pytest.mark.parametrize(
    ("contracts", "side", "status", "ratio"),
    [
        ("1.0", "short", "hedged", "1"),
        ("0.98", "short", "hedged", "0.98"),
        ("0.9", "short", "under", "0.9"),
        ("1.1", "short", "net_short", "1.1"),
        ("1.0", "long", "doubled", "-1"),
    ],
)
def test_status(contracts: str, side: str, status: str, ratio: str) -> None:
    book = btc_book(contracts=contracts, side=side)
    tick(book, "binance", BTC, "65000", 0)
    row = book.asset("BTC", at(0))
    assert (row.status, row.hedge_ratio) == (status, D(ratio))
    assert row.drift == D(ratio) - 1


def test_over_the_target_of_a_partial_hedge() -> None:
    book = btc_book(contracts="0.6")
    half = book.portfolio.policy.model_copy(update={"target": D("0.5")})
    book.replace(book.portfolio.model_copy(update={"policy": half}))
    tick(book, "binance", BTC, "65000", 0)
    row = book.asset("BTC", at(0))
    assert (row.status, row.drift, row.off_usd) == ("over", D("0.1"), -6500)
    assert row.planned_net_usd == 32500


def test_a_short_of_a_coin_that_is_not_held() -> None:
    book = Book(
        portfolio(accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "1", "65000", leverage="2"))])
    )
    book.apply(instrument("binance", BTC))
    tick(book, "binance", BTC, "65000", 0)
    row = book.asset("BTC", at(0))
    assert (row.status, row.hedge_ratio, row.drift, row.off_usd) == ("no_spot", None, None, -65000)
    assert row.why["hedge_ratio"] == "nothing is held"
    assert book.totals(at(0)).why["hedge_ratio"] == "nothing is held"


def test_coins_held_without_a_position() -> None:
    book = Book(portfolio(holdings=[{"asset": "AVAX", "quantity": "900"}]))
    book.apply(spot("AVAX/USDT", "20", 0))
    row = book.asset("AVAX", at(0))
    assert (row.status, row.hedge_ratio, row.drift, row.off_usd) == ("unhedged", 0, -1, 18000)
    assert row.price_source == "binance-spot mid"
    assert row.why["to_liquidation"] == "no position hedges it"


def test_an_inverse_short_on_its_own_collateral_is_a_synthetic_dollar() -> None:
    book = Book(
        portfolio(
            accounts=[account("coin", "bybit", {"ETH": "5.0"}, position(ETH, "17500", "3500", margin_mode="cross"))]
        )
    )
    book.apply(instrument("bybit", ETH))
    book.apply(flat("bybit", ETH, "0.005"))
    for price in ("3500", "1750", "7000"):
        tick(book, "bybit", ETH, price, 0)
        row = book.asset("ETH", at(0))
        assert (row.spot_quantity, row.hedge_coin, row.net_coin, row.drift) == (5, -5, 0, 0)
        assert book.account("coin", at(0)).equity_usd == 17500
        leg = book.leg(f"coin/{ETH}/short", at(0))
        assert leg.liquidation_price is None
        assert leg.why["liquidation_price"] == "never"
        assert leg.notional_usd == 17500
    assert book.account("coin", at(0)).free == {"ETH": None}
    assert "states no leverage" in book.account("coin", at(0)).why["free.ETH"]


def test_funding_from_the_hedgers_side() -> None:
    book = btc_book()
    book.apply(interval("binance", BTC, "4", "binance fundingInfo"))
    tick(book, "binance", BTC, "60000", 0)
    book.apply(funding("binance", BTC, "0.0001", 0, next_in_ms=HOUR_MS))
    leg = book.leg(LEG, at(0))
    assert leg.funding_rate == D("0.0001")
    assert leg.funding_apr == D("0.0001") * 8760 / 4
    assert leg.next_funding_usd == 6
    assert leg.funding_day_usd == 36
    assert leg.accrued_usd == D("4.5")
    assert leg.sources["interval"] == "binance fundingInfo"
    assert "interval assumed" not in leg.flags
    assert book.leg(LEG, at(30 * 60_000)).accrued_usd is None
    book.apply(funding("binance", BTC, "-0.0001", 1))
    assert book.leg(LEG, at(1)).next_funding_usd == -6
    assert book.totals(at(1)).funding_day_usd == -36


def test_an_interval_that_nobody_stated_is_assumed_and_flagged() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "60000", 0)
    leg = book.leg(LEG, at(0))
    assert leg.funding_interval_hours == 8
    assert "interval assumed" in leg.flags
    book.apply(interval("binance", BTC, "0"))
    assert book.leg(LEG, at(0)).funding_interval_hours == 8


def test_accrual_never_leaves_its_interval_when_clocks_disagree() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "60000", 0)
    book.apply(funding("binance", BTC, "0.0001", 0, next_in_ms=-HOUR_MS))
    assert book.leg(LEG, at(0)).accrued_usd == 6
    book.apply(funding("binance", BTC, "0.0001", 0, next_in_ms=20 * HOUR_MS))
    assert book.leg(LEG, at(0)).accrued_usd == 0


def test_a_venue_that_states_no_rate() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "60000", 0)
    book.apply(funding("binance", BTC, None, 1))
    leg = book.leg(LEG, at(1))
    assert (leg.funding_rate, leg.funding_apr, leg.funding_day_usd, leg.accrued_usd) == (None, None, None, None)
    assert leg.why["funding_apr"] == "the venue states no rate"
    assert f"{LEG} has no funding rate" in book.totals(at(1)).why["funding_day_usd"]


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


def test_stablecoins_are_at_par_unless_the_file_says_otherwise() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0)
    assert "USDT assumed at par" in book.leg(LEG, at(0)).flags
    book.replace(book.portfolio.model_copy(update={"rates": {"USDT": D("0.95")}}))
    assert book.asset("BTC", at(0)).price == D("61750")
    leg = book.leg(LEG, at(0))
    assert leg.notional_usd == D("61750")
    assert leg.sources["quote_usd"] == "rate from file"


def test_multiplier_symbols_are_counted_in_coins() -> None:
    symbol = "1000PEPE/USDT:USDT"
    book = Book(
        portfolio(
            holdings=[{"asset": "PEPE", "quantity": "5000000"}],
            accounts=[account("main", "binance", {"USDT": "500"}, position(symbol, "5000", "0.01", leverage="1"))],
        )
    )
    book.apply(instrument("binance", symbol, step="1"))
    tick(book, "binance", symbol, "0.0123", 0)
    row = book.asset("PEPE", at(0))
    assert (row.price, row.hedge_coin, row.drift, row.lot) == (D("0.0000123"), -5_000_000, 0, 1000)
    assert book.leg(f"main/{symbol}/short", at(0)).notional_usd == D("61.5")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"contract_size": "0"}, "no usable contract size"),
        ({"inverse": True}, "lists it as inverse"),
        ({"base": "BTCDOM"}, "a contract on BTCDOM, not BTC"),
    ],
)
def test_contract_facts_that_contradict_the_symbol_are_not_used(facts: dict[str, str | bool], reason: str) -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0)
    book.apply(instrument("binance", BTC, **facts))
    row = book.asset("BTC", at(0))
    assert row.hedge_coin is None
    assert reason in row.why["hedge_coin"]
    assert row.status == "unknown"
    totals = book.totals(at(0))
    assert totals.hedge_usd is None
    assert reason in totals.why["hedge_usd"]
    assert totals.spot_usd == 65000


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


def test_the_age_of_a_position_from_a_file() -> None:
    book = btc_book()
    leg = book.leg(LEG, at(0))
    assert leg.ages.position is not None
    assert leg.sources["position"].startswith("file, ")
    assert leg.sources["position"].endswith("h old") or leg.sources["position"].endswith("d old")


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


def test_an_update_names_what_it_touched() -> None:
    book = btc_book()
    touched = book.apply(mark("binance", BTC, "65000", 0))
    assert touched == {f"leg:{LEG}", "asset:BTC"}
    cross = Book(portfolio(accounts=[account("main", "binance", {}, position(BTC, "1", "9", margin_mode="cross"))]))
    assert cross.apply(mark("binance", BTC, "65000", 0)) == {f"leg:{LEG}", "asset:BTC", "account:main"}
    assert book.apply(live("bybit-linear")) == {"feed:bybit-linear"}
    assert book.apply(mark("binance", "DOGE/USDT:USDT", "1", 0)) == frozenset()
    quarantined = SymbolState("binance-usdm", BTC, "quarantined", "no such symbol", 0)
    assert book.apply(quarantined) == {f"leg:{LEG}", "asset:BTC", "feed:binance-usdm"}
    assert book.feeds(at(0))[0].symbols == {BTC: "no such symbol"}
    assert "no such symbol" in btc_book_quarantined()


def btc_book_quarantined() -> str:
    book = btc_book()
    book.apply(SymbolState("binance-usdm", BTC, "quarantined", "no such symbol", 0))
    return book.asset("BTC", at(0)).why["price"]


def test_feeds_have_an_age_and_a_reason() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 1000)
    book.apply(live("binance-usdm", 2000, "backing_off", "connection refused"))
    (row,) = book.feeds(at(4000))
    assert (row.feed, row.state, row.reason, row.age_s) == ("binance-usdm", "backing_off", "connection refused", 3.0)


def test_replacing_the_portfolio_keeps_the_market() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0)
    more = book.portfolio.holdings[0].model_copy(update={"quantity": D(2)})
    book.replace(book.portfolio.model_copy(update={"holdings": (more,)}))
    row = book.asset("BTC", at(0))
    assert (row.price, row.spot_quantity, row.status) == (65000, 2, "under")


def test_huge_sizes_do_not_break_the_sums() -> None:
    book = Book(
        portfolio(
            holdings=[{"asset": "SHIB", "quantity": "9" * 18}, {"asset": "BTC", "quantity": "0.000000000000000001"}]
        )
    )
    book.apply(spot("SHIB/USDT", "9" * 18, 0))
    book.apply(spot("BTC/USDT", "65000", 0))
    total = book.totals(at(0)).spot_usd
    assert total is not None
    assert total > Decimal("9e35")


def test_a_mark_of_an_older_connection_does_not_replace_a_newer_one() -> None:
    book = btc_book()
    book.apply(mark("binance", BTC, "65000", 1000))
    older = Mark("binance-usdm", BTC, D(60000), 1001, 5000, at(500).wall_ms)
    assert book.apply(older) == frozenset()
    assert book.leg(LEG, at(1001)).mark == 65000
    book.apply(Dropped("binance-usdm", BTC, ("mark",), 1002))
    assert book.leg(LEG, at(1002)).mark is None
    book.apply(older)
    assert book.leg(LEG, at(1002)).mark == 60000


def test_a_missing_mark_falls_back_to_the_index_without_a_distance() -> None:
    book = btc_book()
    book.apply(index("binance", BTC, "65000", 0))
    leg = book.leg(LEG, at(0))
    assert (leg.notional_usd, leg.to_liquidation, leg.mark) == (65000, None, None)
    assert "index in place of the mark" in leg.flags
    assert leg.why["to_liquidation"] == "no mark has come yet"


def test_confirmed_keeps_every_value_of_its_symbol_alive() -> None:
    book = btc_book()
    book.apply(mark("binance", BTC, "65000", 0))
    book.apply(index("binance", BTC, "65000", 0))
    book.apply(Confirmed("binance-usdm", BTC, 4000))
    assert book.leg(LEG, at(8000)).stale == ()
    assert book.leg(LEG, at(9001)).stale == ("mark", "index")
    book.apply(Confirmed("bybit-linear", BTC, 9001))
    assert book.leg(LEG, at(9001)).stale == ("mark", "index")


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


def test_a_contract_that_no_longer_trades_is_flagged() -> None:
    book = btc_book()
    book.apply(instrument("binance", BTC, active=False))
    assert "not trading at the venue" in book.leg(LEG, at(0)).flags
