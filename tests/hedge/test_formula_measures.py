"""Worked numbers of proximity, sizing, triggers, proxies and stress that no oracle file covers."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from hedge import cross, exposure, margin, proximity, proxy, sizing, stress, triggers

ZERO, ONE = Decimal(0), Decimal(1)
HALF_PERCENT = margin.flat_tiers(maintenance_rate=Decimal("0.005"))
SHORT: dict[str, Any] = {"inverse": False, "side": "short", "contracts": ONE, "contract_size": ONE}
COIN_SHORT: dict[str, Any] = {**SHORT, "inverse": True, "contracts": Decimal(60_000)}


def short_of(symbol: str, *, asset: str = "BTC", inverse: bool = False, size: str = "1") -> cross.MarginPosition:
    """A short opened and marked at 60,000 with half a percent of maintenance margin."""
    at = Decimal(60_000)
    return cross.MarginPosition(symbol, inverse, "short", Decimal(size), ONE, at, at, HALF_PERCENT, asset=asset)


# proximity


def near(**changes: Any) -> Decimal | None:
    """A short at 100 with liquidation at 120, that rose from 98 in a quarter of an hour."""
    given: dict[str, Any] = {
        "mark": Decimal(100),
        "liquidation_price": Decimal(120),
        "mark_before": Decimal(98),
        "sigma_annual": Decimal("0.6"),
    }
    return proximity.hours_to_liquidation(**{**given, **changes})


def test_hours_at_the_present_pace() -> None:
    hours = near()
    assert hours is not None
    assert math.isclose(hours, math.log(1.2) / math.log(100 / 98) / 4)
    assert near(mark_before=Decimal("99.0001"), liquidation_price=Decimal(10) ** 30) is not None
    assert near(mark_before=Decimal("99.5"), sigma_annual=Decimal("0.01"), liquidation_price=Decimal(10) ** 30) == 999


@pytest.mark.parametrize(
    "changes",
    [
        {"mark_before": Decimal(102)},
        {"mark_before": Decimal(100), "sigma_annual": ZERO},
        {"sigma_annual": Decimal(5)},
        {"sigma_annual": None},
        {"liquidation_price": None},
        {"mark": None},
    ],
    ids=["away", "still", "within one sigma", "no volatility", "never", "no mark"],
)
def test_no_hours_without_a_pace_towards_liquidation(changes: dict[str, Any]) -> None:
    assert near(**changes) is None


def test_a_sigma_distance_needs_a_price_and_a_volatility() -> None:
    given: dict[str, Any] = {"mark": ONE, "sigma_annual": 0.6, "horizon_days": 1}
    assert proximity.sigma_distance(**given, liquidation_price=None) is None
    assert proximity.sigma_distance(**{**given, "sigma_annual": 0.0}, liquidation_price=ONE) is None
    at = proximity.sigma_distance(**given, liquidation_price=ONE)
    assert at is not None and at.sigmas == 0 and at.touch_prob_driftless == 1


def test_a_mark_on_the_price_is_presumed_liquidated() -> None:
    assert proximity.presumed_liquidated(side="short", mark=ONE, liquidation_price=ONE)
    assert proximity.presumed_liquidated(side="long", mark=ONE, liquidation_price=Decimal(2))
    assert not proximity.presumed_liquidated(side="long", mark=Decimal(3), liquidation_price=Decimal(2))
    assert not proximity.presumed_liquidated(side="short", mark=ONE, liquidation_price=None)


def test_buying_back_keeps_the_margin() -> None:
    """100 SOL short from 142.10 with 6,464.70 USDT, marked 186.42: 83.1 of them survive a 12 % rally."""
    left = proximity.survivable_contracts(
        **{**SHORT, "contracts": Decimal(100)},
        entry=Decimal("142.10"),
        margin=Decimal("6464.70"),
        mark=Decimal("186.42"),
        target_price=Decimal("186.42") * Decimal("1.12"),
        tiers=margin.flat_tiers(maintenance_rate=Decimal("0.01")),
    )
    assert left is not None and round(left, 1) == Decimal("83.1")


# sizing


def test_a_divisions_last_digit_costs_no_contract() -> None:
    step = Decimal("0.001")
    almost = Decimal("0.4109999999999999999999999999")
    assert sizing.round_to_step(quantity=almost, step=step, rounding="down") == Decimal("0.411")
    assert sizing.round_to_step(
        quantity=Decimal("0.4110000000000000000000000001"), step=step, rounding="up"
    ) == Decimal("0.411")
    assert sizing.round_to_step(quantity=Decimal("-1.5"), step=ONE, rounding="down") == -1


def test_an_order_too_small_for_the_venue_is_no_order() -> None:
    order = sizing.size_linear(
        target_notional=Decimal(4), price=Decimal(2), coins_per_contract=ONE, qty_step=ONE, min_notional=Decimal(5)
    )
    assert order is not None
    assert order.contracts == 0 and order.residual_notional == 4
    assert sizing.size_linear(target_notional=ONE, price=ZERO, coins_per_contract=ONE) is None
    assert sizing.size_inverse(target_notional_usd=ONE, contract_usd=ZERO, mark=ONE) is None


def test_a_ticket_costs_fee_and_half_the_spread_a_leg() -> None:
    cost = sizing.order_cost(
        notional=Decimal(-10_000), taker_fee=Decimal("0.0005"), half_spread=Decimal("0.0001"), legs=2
    )
    assert cost == 12
    assert sizing.order_side(ONE) == "sell"
    assert sizing.order_side(-ONE) == "buy"


# triggers


def test_a_window_of_hours_takes_the_newest_stamps_that_fit() -> None:
    stamps = [triggers.RateStamp(Decimal(index), Decimal(8)) for index in range(12)]
    assert len(triggers.last_hours(stamps, Decimal(72))) == 9
    assert triggers.last_hours(stamps, Decimal(72))[-1].rate == 11
    assert triggers.last_hours(stamps, Decimal(7)) == ()


def test_persistent_means_hours_not_stamps() -> None:
    """Ten hourly stamps against, one of eight hours for: ten of eleven stamps, but only 10 of 18 hours."""
    hourly = [triggers.RateStamp(Decimal("-0.001"), ONE)] * 10
    found = triggers.persistent_funding(
        [*hourly, triggers.RateStamp(Decimal("0.0001"), Decimal(8))], apr_threshold=Decimal("-0.1")
    )
    assert found.adverse_share == Decimal(10) / 18
    assert not found.triggered
    assert triggers.persistent_funding(hourly, apr_threshold=Decimal("-0.1")).triggered
    assert not triggers.persistent_funding(hourly[:2], apr_threshold=Decimal("-0.1")).triggered
    assert triggers.persistent_funding([], apr_threshold=ZERO).mean_apr is None


def test_a_long_suffers_from_positive_funding() -> None:
    stamps = [triggers.RateStamp(Decimal("0.0003"), Decimal(8))] * 3
    found = triggers.persistent_funding(stamps, apr_threshold=Decimal("-0.1"), side="long")
    assert found.triggered and found.all_adverse and found.mean_apr == Decimal("-0.3285")


def test_a_flip_is_two_stamps_or_a_prediction_that_stays() -> None:
    for_, against = Decimal("0.0001"), Decimal("-0.0001")
    assert triggers.funding_flipped([for_, for_, against, against])
    assert not triggers.funding_flipped([for_, for_, against])
    assert not triggers.funding_flipped([against, against, against])
    assert triggers.funding_flipped([for_, ZERO], predicted=against, predicted_held_minutes=Decimal(30))
    assert not triggers.funding_flipped([for_], predicted=against, predicted_held_minutes=Decimal(29))


def test_an_insurance_that_pays_has_a_negative_cost() -> None:
    year = {"hours": Decimal(8760), "protected_usd": Decimal(1000)}
    assert triggers.hedge_cost(funding_usd=Decimal(-40), fees_usd=Decimal(-10), **year) == Decimal("0.05")
    assert triggers.hedge_cost(funding_usd=Decimal(60), fees_usd=Decimal(-10), **year) == Decimal("-0.05")
    assert triggers.hedge_cost(funding_usd=ONE, fees_usd=ONE, hours=ZERO, protected_usd=ONE) is None


def test_a_basis_that_never_moved_has_no_z() -> None:
    found = triggers.trigger_basis(
        perp=Decimal(103), spot=Decimal(100), mean_pct=ZERO, std_pct=ZERO, z_threshold=Decimal(3)
    )
    assert found.z is None and not found.triggered
    assert triggers.trigger_basis(perp=Decimal(103), spot=Decimal(100), pct_threshold=Decimal("0.015")).triggered


def test_a_mark_that_leaves_its_index_is_suspicious() -> None:
    given = {"mark_before": Decimal(100), "index_before": Decimal(100)}
    assert triggers.suspicious_jump(**given, mark_now=Decimal(110), index_now=Decimal(101))
    assert not triggers.suspicious_jump(**given, mark_now=Decimal(110), index_now=Decimal(108))
    assert not triggers.suspicious_jump(**given, mark_now=Decimal(104), index_now=Decimal(100))
    calm = triggers.suspicious_jump(
        **given, mark_now=Decimal(110), index_now=Decimal(100), sigma_minute=Decimal("0.02")
    )
    assert not calm


# proxies


def test_a_beta_is_offered_only_where_it_can_be_trusted() -> None:
    moves = [0.01 * (-1) ** day * (1 + day % 5) for day in range(20)]
    fit = proxy.estimate_beta(returns_asset=[1.5 * move for move in moves], returns_proxy=moves)
    assert fit.beta is not None and math.isclose(fit.beta, 1.5) and not fit.why
    few = proxy.estimate_beta(returns_asset=moves[:19], returns_proxy=moves[:19])
    assert few.beta is None and few.why == "19 daily returns, 20 are needed"
    still = proxy.estimate_beta(returns_asset=moves, returns_proxy=[0.0] * 20)
    assert still.beta is None and still.why == "a price did not move"
    apart = proxy.estimate_beta(returns_asset=moves, returns_proxy=[0.01 * (day % 7) for day in range(20)])
    assert apart.beta is None and "too weak" in apart.why and apart.rho is not None


def test_returns_need_positive_prices() -> None:
    assert proxy.log_returns([1.0, math.e]) == [1.0]
    with pytest.raises(ValueError, match="not positive"):
        proxy.log_returns([1.0, 0.0])


def test_volatility_is_annual() -> None:
    daily = proxy.volatility([0.01, -0.01, 0.01, -0.01])
    assert daily is not None and math.isclose(daily, 0.01 * math.sqrt(4 / 3 * 365))
    assert proxy.volatility([0.01]) is None


def test_a_tail_beta_looks_at_the_worst_days() -> None:
    calm = [0.01, -0.01] * 10
    crash = [-0.1, -0.2, -0.15, -0.12, -0.18]
    found = proxy.tail_beta(returns_asset=calm + [2 * move for move in crash], returns_proxy=calm + crash)
    assert found is not None and math.isclose(found, 2)
    assert proxy.tail_beta(returns_asset=calm, returns_proxy=calm) is None
    assert proxy.stress_beta(sigma_asset=Decimal("0.9"), sigma_proxy=Decimal("0.6")) == Decimal("1.5")


def test_a_statistic_that_is_no_number_becomes_no_money() -> None:
    assert proxy.as_decimal(0.1) == Decimal("0.1")
    assert proxy.as_decimal(math.nan) is proxy.as_decimal(None) is None
    assert proxy.effectiveness(1.5) is None


def test_methods_of_a_proxy_hedge() -> None:
    given: dict[str, Any] = {"portfolio_value_usd": Decimal(100), "proxy_price": Decimal(10)}
    assert proxy.proxy_hedge(**given, method="notional").proxy_qty == 10
    assert proxy.proxy_hedge(**given, method="beta").short_notional_usd is None
    assert proxy.proxy_hedge(**given, beta=Decimal(2), target_ratio=Decimal("0.5")).short_notional_usd == 100


# stress


def test_a_liquidated_short_hedges_no_more() -> None:
    """Two coins hedged; BTC's short ends at +20 % and loses its margin, ETH's stands."""
    price = Decimal(100)
    legs = [
        stress.StressLeg(
            "BTC", **SHORT, entry=price, mark=price, id="b", liquidation_price=Decimal(115), equity_usd=Decimal(16)
        ),
        stress.StressLeg("ETH", **SHORT, entry=price, mark=price, id="e", liquidation_price=Decimal(150)),
    ]
    found = stress.scenario(
        holdings=[exposure.Holding("BTC", ONE, price), exposure.Holding("ETH", ONE, price)],
        positions=legs,
        shocks={"BTC": Decimal("0.2"), "ETH": Decimal("0.2")},
    )
    assert found.liquidated == ("b",)
    assert found.perp_pnl_usd == -36
    assert found.net_pnl_usd == 4
    assert found.hedge_ratio == Decimal("0.5")
    assert found.assets["BTC"].hedge_ratio == 0 and found.assets["ETH"].hedge_ratio == 1
    assert [leg.capped for leg in found.legs] == [True, False]
    assert found.legs[1].to_liquidation == Decimal("0.25")


def test_a_basis_shock_moves_the_perpetual_alone() -> None:
    leg = stress.StressLeg("BTC", **SHORT, entry=Decimal(100), mark=Decimal(100))
    found = stress.scenario(
        holdings=[exposure.Holding("BTC", ONE, Decimal(100))],
        positions=[leg],
        shocks={},
        basis_shocks={"BTC": Decimal("0.01")},
    )
    assert found.net_pnl_usd == -1 and found.spot_pnl_usd == 0


def test_a_leg_without_a_mark_leaves_the_result_unknown() -> None:
    found = stress.scenario(holdings=[], positions=[stress.StressLeg("BTC", **SHORT)], shocks={})
    assert found.perp_pnl_usd is found.net_pnl_usd is found.hedge_ratio is None
