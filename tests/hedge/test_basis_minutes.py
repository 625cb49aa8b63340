"""The basis as it was watched: medians of minutes, a week of them, exact sums at a flat cost."""

from __future__ import annotations

from decimal import Decimal
from statistics import mean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedge.book.basis_minutes import ENOUGH_MINUTES, MINUTE_MS, WEEK_MINUTES, BasisMinutes
from hedge.book.ledger import Market
from tests.hedge.past_books import hourly
from tests.hedge.said import D, index, mark

BTC = "BTC/USDT:USDT"


def watched(basis: list[Decimal], start: int = 0) -> BasisMinutes:
    """One sample a minute, and one more that ends the last."""
    minutes = BasisMinutes()
    for number, each in enumerate([*basis, Decimal(0)]):
        minutes.note((start + number) * MINUTE_MS, each)
    return minutes


def test_a_minute_is_its_median() -> None:
    minutes = BasisMinutes()
    ended = [minutes.note(second * 1000, D(basis)) for second, basis in enumerate(["0.001", "0.9", "0.002"])]
    assert ended == [False, False, False]
    assert minutes.note(MINUTE_MS, D("0.5")) is True
    assert (list(minutes._minutes), list(minutes._medians)) == ([0], [2 * 10**9])


def test_a_basis_out_of_all_reason_is_bounded() -> None:
    """Prices may be as far apart as eighteen digits allow."""
    minutes = BasisMinutes()
    minutes.note(0, D("1e30"))
    minutes.note(MINUTE_MS, D("-1e30"))
    minutes.note(2 * MINUTE_MS, D(0))
    assert list(minutes._medians) == [10**18, -(10**18)]


def test_a_day_of_minutes_is_needed() -> None:
    assert watched([D("0.001")] * (ENOUGH_MINUTES - 1)).usual() is None
    found = watched([D("0.001")] * ENOUGH_MINUTES).usual()
    assert found is not None
    assert (found.mean, found.std, found.hours, found.minutes) == (D("0.001"), 0, 24, 1440)


@settings(max_examples=15, deadline=None)
@given(basis=st.lists(st.decimals("-0.05", "0.05", places=8), min_size=5, max_size=40), start=st.integers(0, 10**9))
def test_mean_and_deviation_are_those_of_the_medians(basis: list[Decimal], start: int) -> None:
    many = (basis * (ENOUGH_MINUTES // len(basis) + 1))[: ENOUGH_MINUTES + 7]
    found = watched(many, start).usual()
    assert found is not None
    assert found.mean is not None
    assert found.std is not None
    assert float(found.mean) == pytest.approx(mean(map(float, many)), abs=1e-12)
    assert float(found.std) == pytest.approx(stdev(map(float, many)), abs=1e-12)


def test_a_week_is_kept_and_no_more() -> None:
    minutes = watched([D("0.5")] * 100 + [D("0.001")] * WEEK_MINUTES)
    assert len(minutes) == WEEK_MINUTES
    found = minutes.usual()
    assert found is not None
    assert (found.mean, found.std) == (D("0.001"), 0)


def test_minutes_without_a_sample_are_left_out_and_old_ones_go_by_time() -> None:
    minutes = watched([D("0.001")] * 2000)
    minutes.note((WEEK_MINUTES + 1000) * MINUTE_MS, D("0.002"))
    minutes.note((WEEK_MINUTES + 1001) * MINUTE_MS, D("0.002"))
    assert len(minutes) == 1001


def test_a_market_goes_by_its_minutes_once_it_was_watched_for_a_day() -> None:
    market = Market("binance", BTC)
    market.remember(hourly("binance", BTC, "index", ["100"] * 168))
    market.remember(hourly("binance", BTC, "mark", ["101"] * 168))
    for minute in range(ENOUGH_MINUTES + 1):
        at_ms = minute * MINUTE_MS
        market.accept("mark", mark("binance", BTC, "100.1", at_ms))
        market.accept("index", index("binance", BTC, "100", at_ms))
        market.accept("index", index("binance", BTC, "50", at_ms + 100))
        assert market.usual.mean == (D("0.01") if minute < ENOUGH_MINUTES else D("0.001"))
    market.remember(hourly("binance", BTC, "mark", ["101"] * 168))
    assert market.usual.minutes == ENOUGH_MINUTES


def test_a_mark_of_another_time_is_no_basis() -> None:
    market = Market("binance", BTC)
    for minute in range(ENOUGH_MINUTES + 5):
        market.accept("mark", mark("binance", BTC, "100.1", minute * MINUTE_MS))
        market.accept("index", index("binance", BTC, "100", minute * MINUTE_MS + 2_000))
    assert len(market.minutes) == 0
