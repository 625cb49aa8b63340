"""Worked numbers beyond the oracle files: missing inputs, edges, and the measures no oracle covers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from hedge import basis, cross, exposure, funding, liquidation, margin, pnl
from hedge.market import Tier

ZERO, ONE = Decimal(0), Decimal(1)
HALF_PERCENT = margin.flat_tiers(maintenance_rate=Decimal("0.005"))
SHORT: dict[str, Any] = {"inverse": False, "side": "short", "contracts": ONE, "contract_size": ONE}
COIN_SHORT: dict[str, Any] = {**SHORT, "inverse": True, "contracts": Decimal(60_000)}


def short_of(symbol: str, *, asset: str = "BTC", inverse: bool = False, size: str = "1") -> cross.MarginPosition:
    """A short opened and marked at 60,000 with half a percent of maintenance margin."""
    at = Decimal(60_000)
    return cross.MarginPosition(symbol, inverse, "short", Decimal(size), ONE, at, at, HALF_PERCENT, asset=asset)


# missing inputs give None, never a guess and never a zero


def test_a_linear_delta_needs_no_entry_and_an_inverse_one_does() -> None:
    assert exposure.position_delta(**SHORT) == -1
    assert exposure.position_delta(**COIN_SHORT) is None
    assert exposure.position_delta(**COIN_SHORT, entry=ZERO) is None
    assert exposure.position_delta(**COIN_SHORT, entry=Decimal(60_000)) == -1


def test_a_position_of_nothing_has_no_delta_whatever_its_entry() -> None:
    assert exposure.position_delta(**{**COIN_SHORT, "contracts": ZERO}, entry=ZERO) == 0
    assert pnl.pnl(**{**COIN_SHORT, "contracts": ZERO}, entry=ZERO, price=ONE) == 0
    assert (
        liquidation.isolated_liquidation(**{**SHORT, "contracts": ZERO}, entry=ZERO, margin=ZERO, tiers=HALF_PERCENT)
        == liquidation.IsolatedLiquidation()
    )


@pytest.mark.parametrize("position", [SHORT, COIN_SHORT], ids=["linear", "inverse"])
def test_without_a_price_there_is_no_figure(position: dict[str, Any]) -> None:
    rate = Decimal("0.0001")
    assert pnl.pnl(**position, entry=ONE, price=None) is None
    assert pnl.pnl_usd(**position, entry=None, price=ONE) is None
    size = {name: value for name, value in position.items() if name != "side"}
    assert margin.notional(**size, price=None) is None
    assert margin.initial_margin(**size, price=None, leverage=ONE) is None
    assert margin.initial_margin(**size, price=ONE, leverage=None) is None
    assert funding.funding_payment(**position, mark=None, rate=rate) is None
    assert funding.funding_payment(**position, mark=ONE, rate=None) is None
    accrued = funding.funding_accrual(
        **position, mark=ONE, predicted_rate=None, interval_hours=Decimal(8), next_funding_in_s=ZERO
    )
    assert accrued == funding.Accrual(elapsed_fraction=ONE, full_payment=None, accrued_estimate=None)
    assert (
        liquidation.required_margin(**position, entry=None, target_price=ONE, tiers=HALF_PERCENT)
        is liquidation.top_up(required_margin=None, margin=ONE)
        is None
    )


@pytest.mark.parametrize("side", ["long", "short"])
def test_a_zero_has_no_sign(side: Any) -> None:
    """`-0.00` on a screen reads like a loss."""
    for kind in (SHORT, COIN_SHORT):
        position = {**kind, "side": side}
        zeros = [
            pnl.pnl(**position, entry=ONE, price=ONE),
            pnl.pnl_usd(**position, entry=ONE, price=ONE),
            funding.funding_payment(**position, mark=ONE, rate=ZERO),
            funding.funding_payment_usd(**position, mark=ONE, rate=ZERO),
            exposure.position_delta(**{**position, "contracts": ZERO}),
            funding.hedger_apr(side=side, apr=ZERO),
            liquidation.liquidation_distance(side=side, mark=ONE, liquidation_price=ONE),
            exposure.hedge_ratio(spot_delta=ONE, hedge_delta=ZERO),
        ]
        assert [zero for zero in zeros if zero is None or zero != 0 or zero.is_signed()] == []


def test_an_inverse_payment_in_usd_needs_no_mark() -> None:
    assert funding.funding_payment_usd(**COIN_SHORT, mark=None, rate=Decimal("0.0001")) == 6
    assert funding.funding_payment_usd(**SHORT, mark=None, rate=Decimal("0.0001")) is None
    assert margin.notional_quote(inverse=True, contracts=Decimal(600), contract_size=Decimal(100), price=None) == 60_000


def test_a_stablecoin_rate_applies_to_linear_money_only() -> None:
    rate = Decimal("0.98")
    assert pnl.pnl_usd(**SHORT, entry=Decimal(110), price=Decimal(10), quote_usd=rate) == 98
    assert funding.funding_payment_usd(**SHORT, mark=Decimal(100), rate=Decimal("0.01"), quote_usd=rate) == rate
    assert pnl.pnl_usd(**COIN_SHORT, entry=Decimal(60_000), price=Decimal(54_000), quote_usd=rate) == 6_000


def test_an_unpriced_asset_leaves_a_partial_total_and_no_weights() -> None:
    found = exposure.spot_value(
        [exposure.Holding("BTC", ONE, Decimal(60_000)), exposure.Holding("XYZ", ONE), exposure.Holding("OLD", ZERO)]
    )
    assert found.total_usd == 60_000
    assert found.unpriced == ("XYZ",)
    assert found.values == {"BTC": Decimal(60_000), "XYZ": None, "OLD": ZERO}
    assert set(found.weights.values()) == {None}


def test_holdings_of_one_asset_count_together() -> None:
    twice = [exposure.Holding("BTC", ONE, Decimal(10)), exposure.Holding("BTC", ONE, Decimal(10))]
    assert exposure.spot_value(twice).weights == {"BTC": ONE}


def test_an_unknown_leg_leaves_its_asset_and_the_totals_unknown() -> None:
    found = exposure.net_exposure(
        holdings=[exposure.Holding("BTC", ONE, Decimal(60_000)), exposure.Holding("ETH", ONE, Decimal(3_000))],
        positions=[exposure.Leg("BTC", **COIN_SHORT)],
    )
    assert found.net_coin == {"BTC": None, "ETH": ONE}
    assert found.net_usd == {"BTC": None, "ETH": Decimal(3_000)}
    assert found.total_net_usd is found.gross_net_usd is None


def test_a_multiplier_leg_is_priced_and_counted_in_coins() -> None:
    leg = exposure.Leg("PEPE", **{**SHORT, "contracts": Decimal(250)}, mark=Decimal("0.0125"), multiplier=Decimal(1000))
    found = exposure.net_exposure(holdings=[exposure.Holding("PEPE", Decimal(250_000))], positions=[leg])
    assert found.net_coin == {"PEPE": ZERO}
    found = exposure.net_exposure(holdings=[], positions=[leg])
    assert found.net_usd == {"PEPE": Decimal("-3.125")}


def test_totals_know_what_they_lack() -> None:
    known = exposure.AssetDelta("BTC", ONE, Decimal(60_000), -ONE, ONE)
    unpriced = exposure.AssetDelta("XYZ", ONE, None, ZERO, ONE)
    found = exposure.totals([known, unpriced])
    assert found.hedge_usd == -60_000
    assert found.spot_usd is found.net_usd is found.hedge_ratio is found.off_usd is None
    without_beta = exposure.AssetDelta("AVAX", ONE, Decimal(30), ZERO, ONE, beta=None)
    found = exposure.totals([known, without_beta])
    assert found.spot_usd == 60_030
    assert found.beta_spot_usd is found.drift is None
    empty = exposure.totals([])
    assert empty.spot_usd == 0
    assert empty.hedge_ratio is empty.target_ratio is None


def test_nothing_held_and_nothing_hedged_is_no_breach() -> None:
    found = exposure.hedge_state(spot_delta_usd=ZERO, hedge_delta_usd=ZERO, target_ratio=ONE, band=Decimal("0.05"))
    assert found.ratio is None and not found.triggered


def test_a_drift_on_its_band_is_no_breach() -> None:
    found = exposure.hedge_state(
        spot_delta_usd=Decimal(100), hedge_delta_usd=Decimal(-95), target_ratio=ONE, band=Decimal("0.05")
    )
    assert found.drift == Decimal("-0.05") and not found.triggered


# basis, funding


def test_basis_without_an_index_is_unknown() -> None:
    assert basis.basis(perp=ONE, spot=None, horizon_hours=Decimal(8)) == basis.Basis(None, None, None)
    found = basis.basis(perp=Decimal(101), spot=Decimal(100))
    assert found.pct == Decimal("0.01") and found.annualised is None
    assert basis.basis(perp=ONE, spot=ZERO).pct is None


def test_a_short_gains_as_the_basis_falls() -> None:
    assert basis.basis_pnl(side="short", coins=Decimal(2), basis_before=Decimal(60), basis_after=Decimal(10)) == 100


def test_a_fair_premium_is_about_a_basis_point() -> None:
    fair = basis.fair_premium(quote_rate=Decimal("0.1"), coin_rate=ZERO, anchoring_per_year=Decimal(1095))
    assert fair is not None and Decimal("0.00009") < fair < Decimal("0.0001")


def test_a_premium_index_needs_the_book_to_stand_off_the_index() -> None:
    index = Decimal(100)
    assert funding.premium_index(impact_bid=Decimal(101), impact_ask=Decimal(102), index=index) == Decimal("0.01")
    assert funding.premium_index(impact_bid=Decimal(98), impact_ask=Decimal(99), index=index) == Decimal("-0.01")
    assert funding.premium_index(impact_bid=Decimal(99), impact_ask=Decimal(101), index=index) == 0


def test_an_hour_of_a_daily_premium_is_capped() -> None:
    assert funding.premium_over_24_rate(premium=Decimal("0.024")) == Decimal("0.001")
    assert funding.premium_over_24_rate(premium=Decimal("-0.24"), floor=Decimal("-0.0025")) == Decimal("-0.0025")


def test_break_even_of_a_long_is_on_negative_funding() -> None:
    wait = {"round_trip_cost": Decimal("0.002"), "interval_hours": Decimal(8)}
    assert funding.funding_breakeven(side="long", rate=Decimal("-0.0003"), **wait).intervals == 7
    assert funding.funding_breakeven(side="long", rate=ZERO, **wait).hours is None
    assert funding.breakeven_rate(horizon_hours=Decimal(80), **wait) == Decimal("0.0002")
    assert funding.breakeven_rate(horizon_hours=Decimal(7), **wait) is None


def test_a_short_earns_the_venues_positive_rate() -> None:
    assert funding.hedger_apr(side="short", apr=Decimal("0.1")) == Decimal("0.1")
    assert funding.hedger_apr(side="long", apr=Decimal("0.1")) == Decimal("-0.1")


# margin and liquidation


def test_equity_below_zero_has_no_ratio() -> None:
    assert margin.margin_ratio(maintenance_margin=ONE, equity=ZERO) is None
    assert margin.effective_leverage(notional=ONE, equity=-ONE) is None
    assert margin.effective_leverage(notional=Decimal(6), equity=Decimal(2)) == 3


def test_free_collateral_is_unknown_where_a_margin_is() -> None:
    margins = [Decimal(10), Decimal(20)]
    assert margin.free_collateral(collateral=Decimal(100), isolated_margins=margins) == 70
    assert margin.free_collateral(collateral=Decimal(100), cross_initial_margins=[None]) is None


def test_a_losing_position_ranks_last_in_deleveraging() -> None:
    found = margin.adl_score(side="short", entry=Decimal(60_000), mark=Decimal(66_000), bankruptcy=Decimal(72_000))
    assert found.pnl_pct == Decimal("-0.1") and found.effective_leverage == 11
    assert found.score is not None and found.score < 0
    assert margin.adl_score(side="short", entry=ONE, mark=ONE, bankruptcy=None).score is None


def test_a_liquidation_fee_asks_for_more_margin() -> None:
    fields: dict[str, Any] = {**SHORT, "entry": Decimal(60_000), "target_price": Decimal(80_000), "tiers": HALF_PERCENT}
    assert liquidation.required_margin(**fields) == 20_400
    assert liquidation.required_margin(**fields, liq_fee_rate=Decimal("0.0005")) == 20_440


def test_what_is_lost_at_every_price_is_not_called_safe() -> None:
    """An inverse long whose debt is its whole size: no price solves the equation, and it is not `never`."""
    found = liquidation.isolated_liquidation(
        **{**COIN_SHORT, "side": "long"}, entry=Decimal(60_000), margin=-ONE, tiers=HALF_PERCENT
    )
    assert found.price is None and not found.never


def test_a_frozen_maintenance_margin_is_the_brackets_at_entry() -> None:
    table = margin.with_amounts(
        [Tier(ZERO, Decimal(50_000), Decimal("0.004")), Tier(Decimal(50_000), None, Decimal("0.01"))]
    )
    found = liquidation.isolated_liquidation(
        **SHORT, entry=Decimal(60_000), margin=Decimal(10_300), tiers=table, mm_basis="entry"
    )
    assert found.maintenance_rate == Decimal("0.01")
    assert found.price == 70_000  # 60,000 x 1 % - 300 stays aside


def test_coin_collateral_moves_with_its_own_short() -> None:
    """0.95 of a coin beside a short of one: equity 60,000 - 0.05 P, maintenance margin 0.005 P."""
    coin = cross.CoinCollateral("BTC", ONE, Decimal(60_000), haircut=Decimal("0.05"))
    own = cross.cross_liquidation(wallet_balance=ZERO, positions=[short_of("a")], solve_for="a", coin_collateral=[coin])
    assert own.equity == 57_000
    assert own.price is not None and round(own.price, 2) == Decimal("1090909.09")
    other = cross.cross_liquidation(
        wallet_balance=ZERO, positions=[short_of("a", asset="ETH")], solve_for="a", coin_collateral=[coin]
    )
    assert other.price is not None and round(other.price, 2) == Decimal("116417.91")


def test_freezing_the_others_flatters_correlated_shorts() -> None:
    both = [short_of("a"), short_of("b")]
    alone = cross.cross_liquidation(wallet_balance=Decimal(30_000), positions=both, solve_for="a")
    joint = cross.joint_liquidation(wallet_balance=Decimal(30_000), positions=both)
    assert alone.distance is not None and joint.distance is not None
    assert joint.distance < alone.distance


def test_a_book_that_ends_both_ways_shows_the_nearer_end() -> None:
    """A long of ETH beside coins: a fall ends it; with a larger BTC short, a rise does."""
    coin = cross.CoinCollateral("BTC", ONE, Decimal(60_000))
    short = cross.joint_liquidation(positions=[short_of("a", size="1.5")], coin_collateral=[coin])
    assert short.rise == short.shock_pct and short.fall is None
    long = replace(short_of("b", asset="ETH"), side="long")
    fallen = cross.joint_liquidation(positions=[long], coin_collateral=[coin])
    assert fallen.shock_pct is not None and fallen.shock_pct == -(fallen.fall or ZERO) and fallen.rise is None


def test_an_account_without_brackets_claims_no_distance() -> None:
    bare = replace(short_of("a"), tiers=())
    assert cross.joint_liquidation(positions=[bare]) == cross.JointLiquidation(None, None, None, None, False)
    found = cross.cross_liquidation(wallet_balance=ONE, positions=[bare], solve_for="a")
    assert found.equity == 1 and found.maintenance_margin is found.price is None and not found.never
    assert cross.account_state(positions=[bare]).maintenance_margin_usd is None


def test_a_coin_debt_has_no_haircut() -> None:
    debt = cross.CoinCollateral("BTC", -ONE, Decimal(60_000), haircut=Decimal("0.5"))
    assert cross.account_state(positions=[], coin_collateral=[debt]).equity_usd == -60_000
