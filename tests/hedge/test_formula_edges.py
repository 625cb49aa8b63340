"""Edges of the formulas: each missing input by itself, zero and one, caps and floors, sizes that are not one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hedge import exposure, funding, funding_income, liquidation, margin
from hedge.market import Tier
from tests.hedge.said import D

ZERO, ONE = D(0), D(1)
SHORT: dict[str, Any] = {"inverse": False, "side": "short", "contracts": ONE, "contract_size": ONE}
COIN_SHORT: dict[str, Any] = {**SHORT, "inverse": True, "contracts": D(30_000)}
HALF_PERCENT = margin.flat_tiers(maintenance_rate=D("0.005"))


# exposure


def test_a_contract_of_a_tenth_is_a_tenth_of_a_coin() -> None:
    tenth = {"inverse": False, "contracts": D(7), "contract_size": D("0.1")}
    assert exposure.position_coins(**tenth) == D("0.7")
    assert exposure.position_coins(**tenth, multiplier=D(1000)) == 700


def test_holdings_and_wallets_of_one_asset_are_added() -> None:
    twice = [exposure.Holding("BTC", ONE, D(10)), exposure.Holding("BTC", D(2), D(10))]
    found = exposure.spot_value(twice)
    assert (found.values, found.total_usd) == ({"BTC": D(30)}, 30)
    assert exposure.net_exposure(holdings=twice[:1], coin_wallets=twice, positions=()).net_coin == {"BTC": D(4)}


def test_no_holdings_are_worth_a_zero_of_money() -> None:
    assert isinstance(exposure.spot_value([]).total_usd, Decimal)


# funding


@pytest.mark.parametrize(("rate", "hours"), [(None, "8"), ("0.0001", None), ("0.0001", "0"), ("0.0001", "-8")])
def test_a_year_needs_a_rate_and_an_interval(rate: str | None, hours: str | None) -> None:
    given = {"rate": rate and D(rate), "interval_hours": hours and D(hours)}
    assert funding.funding_apr(**given) is None
    assert funding.funding_apy(**given) is None
    assert funding_income.holder_apr(side="short", **given) is None
    assert funding_income.holder_apr(side="long", **given) is None


def test_nothing_compounds_below_a_loss_of_everything() -> None:
    assert funding.funding_apy(rate=-ONE, interval_hours=D(8)) == -1
    assert funding.funding_apy(rate=D("-1.5"), interval_hours=D(8)) is None


@pytest.mark.parametrize(("hours", "left"), [(None, "60"), ("8", None), ("0", "60")])
def test_a_share_of_an_interval_needs_both_its_ends(hours: str | None, left: str | None) -> None:
    given = {"interval_hours": hours and D(hours), "next_funding_in_s": left and D(left)}
    assert funding.elapsed_fraction(**given) is None
    assert funding_income.accrued_usd(stamp_usd=ONE, **given) is None


def test_an_inverse_payment_in_usd_needs_its_rate() -> None:
    assert funding.funding_payment_usd(**COIN_SHORT, mark=ONE, rate=None) is None
    assert funding.hedger_apr(side="short", apr=None) is None


def test_a_long_pays_what_is_predicted_and_what_was_settled() -> None:
    long_ = {**SHORT, "side": "long", "contracts": D(2)}
    rate = D("0.0001")
    accrued = funding.funding_accrual(
        **long_, mark=D(100), predicted_rate=rate, interval_hours=D(8), next_funding_in_s=D(4 * 3600)
    )
    assert accrued == funding.Accrual(D("0.5"), D("-0.02"), D("-0.01"))
    stamps = [funding.Stamp(rate, D(100)), funding.Stamp(D("0.0003"), D(200))]
    past = funding.funding_history(**long_, interval_hours=D(4), stamps=stamps)
    assert (past.total, past.mean_rate, past.realised_apr) == (D("-0.14"), D("0.0002"), D("0.438"))


def test_without_a_stamp_nothing_was_paid_and_no_rate_was() -> None:
    past = funding.funding_history(**SHORT, interval_hours=D(8), stamps=())
    assert (past.total, past.mean_rate, past.realised_apr) == (0, None, None)
    assert isinstance(past.total, Decimal)


def test_a_premium_index_is_relative_to_a_positive_index() -> None:
    assert funding.premium_index(impact_bid=D(2), impact_ask=D(3), index=ZERO) is None
    assert funding.premium_index(impact_bid=D("1.5"), impact_ask=D(2), index=ONE) == D("0.5")


@pytest.mark.parametrize(("premium", "rate"), [("0.02", "0.005"), ("-0.02", "-0.003")])
def test_every_model_is_cut_at_its_cap_and_its_floor(premium: str, rate: str) -> None:
    ends = {"premium": D(premium), "cap": D("0.005"), "floor": D("-0.003")}
    assert funding.premium_clamp_rate(**ends, interest_8h=D("0.0001"), clamp=D("0.0005")) == D(rate)
    assert funding.deadband_rate(**ends, deadband=D("0.0005")) == D(rate)
    assert funding.ma_clamp_rate(**ends) == D(rate)
    daily = {**ends, "premium": 24 * ends["premium"]}
    assert funding.premium_over_24_rate(**daily) == D(rate)


def test_interest_comes_off_an_averaged_premium() -> None:
    assert funding.ma_clamp_rate(premium=D("0.0004"), interest=D("0.0001")) == D("0.0003")


def test_break_even_waits_for_the_whole_stamp() -> None:
    just = {"side": "short", "rate": D("0.0001"), "interval_hours": D(8)}
    assert funding.funding_breakeven(**just, round_trip_cost=D("0.00102")) == funding.BreakEven(D(11), D(88))
    assert funding.funding_breakeven(**just, round_trip_cost=D("0.001")).intervals == 10
    assert funding.funding_breakeven(**{**just, "rate": None}, round_trip_cost=ONE) == funding.BreakEven(None, None)


def test_a_break_even_rate_needs_a_stamp_in_its_horizon() -> None:
    cost = {"round_trip_cost": D("0.0024"), "horizon_hours": D(24)}
    assert funding.breakeven_rate(**cost, interval_hours=ONE) == D("0.0001")
    assert funding.breakeven_rate(**cost, interval_hours=ZERO) is None


# what funding comes to


def test_a_day_and_a_year_of_stamps() -> None:
    assert funding_income.funding_day_usd(stamp_usd=D(-2), interval_hours=D(8)) == -6
    assert funding_income.funding_day_usd(stamp_usd=None, interval_hours=D(8)) is None
    assert funding_income.apr_on_notional(day_usd=D(-6), notional_usd=D(21_900)) == D("-0.1")
    assert funding_income.apr_on_notional(day_usd=None, notional_usd=ONE) is None
    assert funding_income.apr_on_notional(day_usd=ONE, notional_usd=None) is None
    assert funding_income.apr_on_notional(day_usd=ONE, notional_usd=ZERO) is None


def test_the_holders_year_has_his_sign() -> None:
    assert funding_income.holder_apr(side="short", rate=D("0.0001"), interval_hours=D(4)) == D("0.219")
    assert funding_income.holder_apr(side="long", rate=D("0.0001"), interval_hours=D(4)) == D("-0.219")


def test_the_coming_stamp_grows_with_the_time_that_is_over() -> None:
    quarter = {"interval_hours": D(8), "next_funding_in_s": D(6 * 3600)}
    assert funding_income.accrued_usd(stamp_usd=D(8), **quarter) == 2
    assert funding_income.accrued_usd(stamp_usd=None, **quarter) is None


# liquidation


def test_a_mark_of_nothing_has_no_distance() -> None:
    assert liquidation.liquidation_distance(side="short", mark=ZERO, liquidation_price=ONE) is None


@pytest.mark.parametrize("missing", [{"contracts": ZERO}, {"entry": None}, {"entry": ZERO}, {"margin": None}])
def test_each_missing_input_leaves_liquidation_unknown(missing: dict[str, Any]) -> None:
    whole = {**SHORT, "entry": D(100), "margin": D(20), "tiers": HALF_PERCENT} | missing
    assert liquidation.isolated_liquidation(**whole) == liquidation.IsolatedLiquidation()


@pytest.mark.parametrize("missing", [{"contracts": ZERO}, {"entry": ZERO}])
def test_nothing_opened_has_no_bankruptcy(missing: dict[str, Any]) -> None:
    assert liquidation.bankruptcy_price(**SHORT | {"entry": ONE, "margin": ONE} | missing) is None


def test_a_coin_of_less_than_a_dollar_has_a_bankruptcy() -> None:
    assert liquidation.bankruptcy_price(**SHORT, entry=D("0.4"), margin=D("0.1")) == D("0.5")


def test_bankruptcy_needs_no_brackets() -> None:
    found = liquidation.isolated_liquidation(**SHORT, entry=D(100), margin=D(20), tiers=())
    assert found == liquidation.IsolatedLiquidation(bankruptcy_price=D(120))


def test_the_bracket_of_an_inverse_leg_is_the_one_its_coins_are_in_at_the_end() -> None:
    """30,000 USD of coins: 0.5 at the entry of 60,000, and fewer, in the lower bracket, at its end above that."""
    brackets = (Tier(ZERO, D("0.45"), D("0.01")), Tier(D("0.45"), None, D("0.05"), D("0.018")))
    found = liquidation.isolated_liquidation(**COIN_SHORT, entry=D(60_000), margin=D("0.2"), tiers=brackets)
    assert found.price is not None
    assert found.price > D(30_000) / D("0.45")
    assert found.maintenance_rate == D("0.01")


def test_what_no_price_ends_has_no_bracket_with_a_frozen_margin_either() -> None:
    """0.6 coins behind an inverse short of half a coin: even what is left of them covers any rally."""
    found = liquidation.isolated_liquidation(
        **COIN_SHORT, entry=D(60_000), margin=D("0.6"), tiers=HALF_PERCENT, mm_basis="entry"
    )
    assert found == liquidation.IsolatedLiquidation(never=True)


@pytest.mark.parametrize(
    ("side", "mark", "price", "distance", "rise"),
    [
        ("short", "100", "120", "0.2", True),
        ("long", "100", "80", "0.2", False),
        ("long", "100", "120", "0.2", True),
        ("short", "100", "80", "0.2", False),
        ("short", "130", "120", "-0.08", True),
        ("long", "70", "80", "-0.14", False),
        ("short", "120", "120", "0", True),
        ("short", None, "80", "0.2", True),
        ("short", "100", None, "0.2", True),
        ("long", "100", "120", None, False),
    ],
)
def test_where_a_leg_ends_is_said_by_its_price_and_while_it_is_not_known_by_its_side(
    side: Any, mark: str | None, price: str | None, distance: str | None, rise: bool
) -> None:
    """The third and fourth share their margin; the fifth and sixth are in liquidation already."""
    known = {"mark": mark and D(mark), "liquidation_price": price and D(price), "distance": distance and D(distance)}
    assert liquidation.ends_on_rise(side=side, **known) is rise


def test_a_quotient_of_nothing_is_a_plain_zero() -> None:
    assert str(exposure.ratio(D("0.000"), D("193976.4903"))) == "0"
