"""Statistics of past prices: aligned by time, honest about too few, and the same as the formulas they stand on."""

from __future__ import annotations

import math
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge.history import (
    RETURNS,
    Pair,
    aligned_returns,
    beta_error,
    beta_of,
    estimate_pair,
    estimate_volatility,
    r_squared,
    residual_share,
    usual_basis,
)
from hedge.market import Candle, Candles
from hedge.proxy import effectiveness, estimate_beta, log_returns, regression, volatility
from hedge.triggers import z_score
from tests.hedge.past_books import DAY_MS, MIDNIGHT_MS, closes, daily, hourly, wave
from tests.hedge.said import D

SOL = "SOL/USDT:USDT"
BTC = "BTC/USDT:USDT"


def near(value: Decimal | None, wanted: float) -> bool:
    return value is not None and math.isclose(float(value), wanted, rel_tol=1e-12)


def test_volatility_is_that_of_the_newest_sixty_returns() -> None:
    prices = closes(wave(90))
    found = estimate_volatility(daily("binance", BTC, prices))
    assert near(found.annual, volatility(log_returns(prices)[-60:]) or 0)
    assert (found.returns, found.until_ms, found.why) == (RETURNS, MIDNIGHT_MS, "")


@pytest.mark.parametrize(("days", "known"), [(0, False), (6, False), (19, False), (20, True), (21, True)])
def test_twenty_returns_are_the_least(days: int, known: bool) -> None:
    candles = daily("binance", BTC, closes(wave(days)))
    found = estimate_volatility(candles)
    pair = estimate_pair(candles, daily("bybit", SOL, closes(wave(days, lag=0.4))))
    assert (found.annual is not None) is (pair.correlation is not None) is known
    assert found.why == pair.why == ("" if known else f"needs 20 days, has {days}")


def test_no_candles_give_the_venues_reason_or_leave_it_to_others() -> None:
    assert estimate_volatility(None).why == ""
    assert estimate_volatility(daily("binance", BTC, [], reason="no candles of BTC")).why == "no candles of BTC"
    known = daily("binance", BTC, closes(wave(30)))
    assert estimate_pair(known, None) == Pair()
    assert estimate_pair(daily("binance", SOL, [], reason="refused"), known).why == "refused"
    assert usual_basis(hourly("binance", BTC, "mark", ["1"] * 30), None).mean is None


def test_a_pair_is_what_the_regression_says() -> None:
    own, proxy = closes(wave(90, lag=0.3, own=0.01)), closes(wave(90))
    found = estimate_pair(daily("binance", SOL, own), daily("bybit", BTC, proxy))
    fit = regression(returns_asset=log_returns(own)[-60:], returns_hedge=log_returns(proxy)[-60:])
    assert fit is not None
    assert near(found.correlation, fit.rho)
    assert near(r_squared(correlation=found.correlation), fit.r2)
    assert near(residual_share(correlation=found.correlation), fit.residual_vol_fraction)
    beta, why = beta_of(found)
    assert near(beta, fit.beta)
    assert why == ""
    stated = estimate_beta(returns_asset=log_returns(own)[-60:], returns_proxy=log_returns(proxy)[-60:])
    assert near(beta, float(stated.beta or 0))
    assert beta_of(found, "correlation")[0] == found.correlation


def test_the_error_of_a_beta_is_that_of_least_squares() -> None:
    own, proxy = log_returns(closes(wave(60, own=0.01))), log_returns(closes(wave(60)))
    fit = regression(returns_asset=own, returns_hedge=proxy)
    assert fit is not None
    mean = math.fsum(proxy) / 60
    left = [y - fit.beta * x for x, y in zip(proxy, own, strict=True)]
    centre = math.fsum(left) / 60
    spread = math.fsum((x - mean) ** 2 for x in proxy)
    wanted = math.sqrt(math.fsum((each - centre) ** 2 for each in left) / 58 / spread)
    pair = estimate_pair(daily("binance", SOL, closes(wave(60, own=0.01))), daily("binance", BTC, closes(wave(60))))
    found = beta_error(
        correlation=pair.correlation,
        sigma_asset=pair.volatility,
        sigma_proxy=pair.proxy_volatility,
        returns=D(pair.returns),
    )
    assert found is not None
    assert float(found) == pytest.approx(wanted, rel=1e-9)
    assert beta_error(correlation=D("0.5"), sigma_asset=D(1), sigma_proxy=D(1), returns=D(2)) is None
    assert beta_error(correlation=None, sigma_asset=D(1), sigma_proxy=D(1), returns=D(9)) is None


def test_series_are_aligned_by_time_and_not_by_place() -> None:
    own, proxy = closes(wave(60, own=0.01)), closes(wave(60))
    whole = daily("binance", BTC, proxy)
    short = daily("binance", SOL, own[11:])
    found = estimate_pair(short, whole)
    fit = regression(returns_asset=log_returns(own)[-49:], returns_hedge=log_returns(proxy)[-49:])
    assert fit is not None
    assert found.returns == 49
    assert near(found.correlation, fit.rho)
    shifted = Candles(
        "binance", SOL, "trade", 24, tuple(Candle(c.start_ms + DAY_MS // 2, c.close) for c in short.candles), 0
    )
    assert estimate_pair(shifted, whole).why == "needs 20 days, has 0"


def test_a_gap_in_either_series_costs_the_returns_that_cross_it() -> None:
    own, proxy = closes(wave(40, own=0.01)), closes(wave(40))
    first, second = aligned_returns(
        daily("binance", SOL, own, gone=(10,)).candles, daily("binance", BTC, proxy, gone=(25,)).candles, step_ms=DAY_MS
    )
    kept = [place for place in range(40) if place not in (9, 10, 24, 25)]
    assert first == pytest.approx([log_returns(own)[place] for place in kept])
    assert second == pytest.approx([log_returns(proxy)[place] for place in kept])


@given(gone=st.sets(st.integers(0, 50), max_size=45))
def test_any_gaps_leave_only_returns_of_one_day(gone: set[int]) -> None:
    candles = daily("binance", SOL, closes(wave(50)), gone=tuple(gone))
    there = [place for place in range(51) if place not in gone]
    wanted = sum(later - earlier == 1 for earlier, later in pairwise(there))
    first, second = aligned_returns(candles.candles, candles.candles, step_ms=DAY_MS)
    assert len(first) == len(second) == wanted
    found = estimate_volatility(candles)
    assert found.returns == (wanted if candles.candles else 0)


@pytest.mark.parametrize(("rho", "usable"), [("0.29", False), ("0.3", True), ("-0.9", False), ("1", True)])
def test_a_proxy_must_go_the_same_way_and_far_enough(rho: str, usable: bool) -> None:
    beta, why = beta_of(Pair(D(rho), D("0.9"), D("0.6"), 60, 0))
    assert (beta == D(rho) * D("1.5")) is usable
    assert why == ("" if usable else f"correlation {D(rho):.2f} is too weak")


def test_a_price_that_never_moved_has_no_pair() -> None:
    flat, moving = daily("binance", SOL, [7.0] * 61), daily("binance", BTC, closes(wave(60)))
    assert estimate_pair(flat, moving).why == "a price did not move"
    assert estimate_pair(moving, flat).why == "a price did not move"
    assert estimate_volatility(flat).annual == 0


def test_measures_of_a_correlation() -> None:
    left = effectiveness(D("0.6"))
    assert left is not None
    assert (r_squared(correlation=D("0.6")), residual_share(correlation=D("0.6"))) == (D("0.36"), D("0.8"))
    assert (left.r2, left.residual_vol_fraction) == pytest.approx((0.36, 0.8))
    assert residual_share(correlation=D(1)) == 0
    assert r_squared(correlation=None) is residual_share(correlation=None) is None


def test_the_usual_basis_is_that_of_seven_days_of_closes() -> None:
    marks = [str(D(100) + D(n % 7) / 100) for n in range(400)]
    found = usual_basis(hourly("binance", BTC, "mark", marks), hourly("binance", BTC, "index", ["100"] * 400))
    basis = [float(D(mark) / 100 - 1) for mark in marks[-168:]]
    mean = math.fsum(basis) / 168
    std = math.sqrt(math.fsum((each - mean) ** 2 for each in basis) / 167)
    assert found.hours == 168
    assert near(found.mean, mean)
    assert near(found.std, std)
    z = z_score(value=D("0.001"), mean=found.mean, std=found.std)
    assert near(z, (0.001 - mean) / std)


def test_the_usual_basis_needs_a_day_and_only_hours_of_both() -> None:
    index = hourly("binance", BTC, "index", ["100"] * 23)
    assert usual_basis(hourly("binance", BTC, "mark", ["101"] * 100), index).why == "needs 24 h, has 23"
    still = usual_basis(hourly("binance", BTC, "mark", ["101"] * 30), hourly("binance", BTC, "index", ["100"] * 30))
    assert (still.mean, still.std) == (D("0.01"), 0)
    assert z_score(value=D("0.02"), mean=still.mean, std=still.std) is None
