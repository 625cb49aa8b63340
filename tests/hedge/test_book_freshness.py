"""Old is never shown as new: limits, feeds that are not live, fallbacks and what a total says of them."""

from __future__ import annotations

import pytest

from hedge.book.book import Book
from hedge.book.take import take_snapshot
from hedge.market import Dropped, FeedStatus
from tests.hedge.said import (
    HOUR_MS,
    account,
    at,
    flat,
    funding,
    index,
    instrument,
    live,
    mark,
    portfolio,
    position,
    spot,
    tick,
)

BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USD:ETH", "SOL/USDT:USDT"
LEG = f"main/{BTC}/short"


def two_coins() -> Book:
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "1"}, {"asset": "SOL", "quantity": "100"}],
            accounts=[
                account("main", "binance", {"USDT": "90000"}, position(BTC, "1", "65000", margin="32500")),
                account("other", "bybit", {"USDT": "90000"}, position(SOL, "100", "142", leverage="2")),
            ],
        )
    )
    for venue, symbol in (("binance", BTC), ("bybit", SOL)):
        book.apply(instrument(venue, symbol))
        book.apply(flat(venue, symbol, "0.005"))
    book.apply(live("binance-usdm"))
    book.apply(live("bybit-linear"))
    tick(book, "binance", BTC, "65000", 0)
    book.apply(mark("bybit", SOL, "142", 0, limit_ms=60_000))
    book.apply(index("bybit", SOL, "142", 0, limit_ms=60_000))
    book.apply(funding("bybit", SOL, "0.0001", 0))
    return book


def test_a_value_is_stale_once_nothing_came_for_its_limit() -> None:
    book = two_coins()
    assert book.leg(LEG, at(5000)).stale == ()
    row = book.leg(LEG, at(5001))
    assert row.stale == ("mark", "index")
    assert row.ages.mark == 5.001
    assert row.mark == 65000
    assert book.leg(f"other/{SOL}/short", at(5001)).stale == ()


def test_a_total_inherits_the_worst_of_its_inputs() -> None:
    book = two_coins()
    fresh = book.totals(at(5000))
    assert (fresh.stale, fresh.stale_usd) == (False, 0)
    old = book.totals(at(5001))
    assert (old.stale, old.stale_usd, old.spot_usd) == (True, 65000, 79200)
    asset = book.asset("BTC", at(5001))
    assert asset.stale
    assert not book.asset("SOL", at(5001)).stale
    snapshot = take_snapshot(book, at(9000), "live")
    assert snapshot.totals.age_s == 9.0
    tick(book, "binance", BTC, "66000", 9000)
    again = book.totals(at(9000))
    assert (again.stale, again.stale_usd) == (False, 0)


@pytest.mark.parametrize("state", ["backing_off", "dialling", "subscribing", "stale", "blocked", "idle"])
def test_a_price_is_believed_five_seconds_at_most_while_its_feed_is_not_live(state: FeedStatus) -> None:
    book = two_coins()
    leg_id = f"other/{SOL}/short"
    assert book.leg(leg_id, at(50_000)).stale == ()
    touched = book.apply(live("bybit-linear", 10_000, state, "silent"))
    assert touched == {"feed:bybit-linear", f"leg:{leg_id}", "asset:SOL"}
    assert book.leg(leg_id, at(10_000)).stale == ("mark", "index")
    assert book.totals(at(10_000)).stale_usd == 14200 + 65000
    book.apply(live("bybit-linear", 11_000))
    assert book.leg(leg_id, at(11_000)).stale == ()
    assert book.totals(at(11_000)).stale_usd == 65000


def test_funding_has_its_own_limit() -> None:
    book = two_coins()
    book.apply(live("binance-usdm", 1000, "backing_off", "refused"))
    assert "funding" not in book.leg(LEG, at(120_000)).stale
    row = book.leg(LEG, at(120_001))
    assert "funding" in row.stale
    assert row.funding_rate is not None
    assert row.accrued_usd is None
    assert row.why["accrued_usd"] == "the funding is old"


def test_an_old_index_leaves_no_basis_and_no_prediction() -> None:
    book = two_coins()
    book.apply(mark("binance", BTC, "65100", 6000))
    row = book.leg(LEG, at(6000))
    assert row.stale == ("index",)
    assert (row.basis, row.basis_pct, row.next_funding_usd, row.accrued_usd) == (None, None, None, None)
    assert row.why["basis"] == "the index is old"
    assert row.to_liquidation is not None


def test_an_old_mark_leaves_no_basis_either_but_keeps_the_last_known_distance() -> None:
    book = two_coins()
    book.apply(index("binance", BTC, "65100", 6000))
    row = book.leg(LEG, at(6000))
    assert row.stale == ("mark",)
    assert row.why["basis"] == "the mark is old"
    assert row.to_liquidation is not None


def test_when_the_index_is_old_the_next_source_values_the_coin_and_is_named() -> None:
    book = two_coins()
    book.apply(spot("BTC/USDT", "65500", 0))
    assert book.asset("BTC", at(1000)).price_source == "binance-usdm index"
    row = book.asset("BTC", at(6000))
    assert (row.price, row.price_source) == (65500, "binance-spot mid, in place of the first source")
    assert book.totals(at(6000)).stale_usd == 0
    tick(book, "binance", BTC, "65100", 7000)
    assert book.asset("BTC", at(7000)).price == 65100


def test_the_order_of_sources_is_that_of_the_file() -> None:
    legs = [
        account(venue, venue, {"USDT": "9"}, position(BTC, "0.1", "65000", leverage="2"))
        for venue in ("binance", "bybit")
    ]
    book = Book(portfolio(holdings=[{"asset": "BTC", "quantity": "1"}], accounts=legs))
    book.apply(index("bybit", BTC, "2", 0))
    assert book.asset("BTC", at(0)).price == 2
    book.apply(index("binance", BTC, "1", 0))
    assert book.asset("BTC", at(0)).price == 1
    book.apply(index("bybit", BTC, "2", 3000))
    assert book.asset("BTC", at(3000)).price == 1
    assert book.asset("BTC", at(5001)).price == 2
    assert book.asset("BTC", at(9000)).price == 2
    assert book.asset("BTC", at(9000)).stale


def test_for_want_of_an_index_the_mark_values_the_coin_and_says_so() -> None:
    book = two_coins()
    book.apply(Dropped("binance-usdm", BTC, ("index",), 100))
    row = book.asset("BTC", at(100))
    assert row.price == 65000
    assert row.price_source == "binance-usdm mark, for want of an index"


def test_dropped_values_are_gone_not_old() -> None:
    book = two_coins()
    book.apply(Dropped("binance-usdm", BTC, ("mark", "index", "funding"), 100))
    row = book.leg(LEG, at(100))
    assert (row.mark, row.index, row.funding_rate, row.notional_usd) == (None, None, None, None)
    assert book.asset("BTC", at(100)).status == "unpriced"
    assert book.totals(at(100)).spot_usd is None
    tick(book, "binance", BTC, "65000", 200)
    assert book.totals(at(200)).spot_usd == 79200


def test_another_feeds_drop_changes_nothing() -> None:
    book = two_coins()
    book.apply(Dropped("binance-spot", BTC, ("mark", "index"), 100))
    assert book.leg(LEG, at(100)).mark == 65000


def test_freshness_is_judged_on_the_monotonic_clock_alone() -> None:
    book = two_coins()
    later_on_the_wall = at(1000)
    jumped = type(later_on_the_wall)(1000, later_on_the_wall.wall_ms + 5 * HOUR_MS)
    assert book.leg(LEG, jumped).stale == ()
    assert book.totals(jumped).stale_usd == 0


def test_clocks_that_step_back_give_no_negative_age() -> None:
    book = two_coins()
    tick(book, "binance", BTC, "65000", 9000)
    assert book.leg(LEG, at(8000)).ages.mark == 0


def test_a_feed_that_flaps_for_hours_leaves_no_queue_behind() -> None:
    book = two_coins()
    for turn in range(1, 3000):
        book.apply(live("binance-usdm", turn * 4000, "live" if turn % 2 else "backing_off", "refused"))
        tick(book, "binance", BTC, "65000", turn * 4000)
        book.totals(at(turn * 4000))
    assert len(book._intake.due) < 20
