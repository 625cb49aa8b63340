"""The book: exposure, funding, margin and freshness, fed as the feeds do it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedge.book.book import Book
from hedge.book.take import take_snapshot
from hedge.market import Confirmed, Dropped, Mark, SymbolState, Want
from hedge.portfolio.written import Portfolio
from tests.hedge.said import (
    HOUR_MS,
    D,
    account,
    at,
    btc_book,
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
)

BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USD:ETH", "SOL/USDT:USDT"
LEG = f"main/{BTC}/short"


def test_before_anything_came_all_is_unknown_and_says_why() -> None:
    book = Book(portfolio(holdings=[{"asset": "BTC", "quantity": "1"}, {"asset": "AVAX", "quantity": "9"}]))
    spots = (Want("binance", "BTC/USDT", True), Want("binance", "AVAX/USDT", True))
    assert book.wants == (*spots, Want("binance", "BTC/USD:BTC"), Want("binance", "BTC/USDT:USDT"))
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


def test_the_age_of_a_position_from_a_file() -> None:
    book = btc_book()
    leg = book.leg(LEG, at(0))
    assert leg.ages.position is not None
    assert leg.sources["position"].startswith("file, ")
    assert leg.sources["position"].endswith("h old") or leg.sources["position"].endswith("d old")


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


def test_confirmed_keeps_every_value_of_its_symbol_alive() -> None:
    book = btc_book()
    book.apply(mark("binance", BTC, "65000", 0))
    book.apply(index("binance", BTC, "65000", 0))
    book.apply(Confirmed("binance-usdm", BTC, 4000))
    assert book.leg(LEG, at(8000)).stale == ()
    assert book.leg(LEG, at(9001)).stale == ("mark", "index")
    book.apply(Confirmed("bybit-linear", BTC, 9001))
    assert book.leg(LEG, at(9001)).stale == ("mark", "index")


def test_a_contract_that_no_longer_trades_is_flagged() -> None:
    book = btc_book()
    book.apply(instrument("binance", BTC, active=False))
    assert "not trading at the venue" in book.leg(LEG, at(0)).flags


@pytest.mark.parametrize(("contracts", "entry"), [("2", "60000"), ("3", "62000"), ("1", "60000")])
def test_what_is_added_to_a_leg_without_an_entry_is_taken_at_the_mark_of_now(contracts: str, entry: str) -> None:
    def short(size: str) -> Portfolio:
        held = account("main", "binance", {"USDT": "999999"}, position(BTC, size, leverage="2"))
        return portfolio(holdings=[{"asset": "BTC", "quantity": "3"}], accounts=[held])

    book = Book(short("2"))
    tick(book, "binance", BTC, "60000", 0)
    tick(book, "binance", BTC, "66000", 1000)
    book.replace(short(contracts))
    row = book.leg(LEG, at(1000))
    assert row.entry_price == D(entry)
    assert book.assumed == {LEG: D(entry)}
