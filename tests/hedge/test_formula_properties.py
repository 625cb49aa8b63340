"""What must hold for any numbers: signs, identities, and prices that solve the equation they claim to solve."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

from formula_strategies import (
    ONE,
    ROUNDINGS,
    ZERO,
    close,
    contracts_of,
    counts,
    decimals,
    isolated,
    kinds,
    notional_of,
    pnl_of,
    prices,
    quick,
    rates,
    shocks,
    sides,
)
from hypothesis import assume, given
from hypothesis import strategies as st

from hedge import exposure, funding, liquidation, pnl, sizing, stress


@quick
@given(position=contracts_of(), mark=prices, rate=rates)
def test_what_the_long_pays_the_short_receives(position: dict[str, Any], mark: Decimal, rate: Decimal) -> None:
    del position["entry"], position["side"]
    for formula in (funding.funding_payment, funding.funding_payment_usd):
        long = formula(side="long", mark=mark, rate=rate, **position)
        short = formula(side="short", mark=mark, rate=rate, **position)
        assert long is not None and short is not None
        assert long + short == 0
        assert short == 0 or (short > 0) == (rate > 0)


@quick
@given(
    position=contracts_of(),
    mark=prices,
    rate=rates,
    hours=st.sampled_from([1, 2, 4, 8]),
    left=decimals("-5000", "90000", 0),
)
def test_accrued_funding_lies_between_nothing_and_the_full_payment(
    position: dict[str, Any], mark: Decimal, rate: Decimal, hours: int, left: Decimal
) -> None:
    del position["entry"]
    found = funding.funding_accrual(
        mark=mark, predicted_rate=rate, interval_hours=Decimal(hours), next_funding_in_s=left, **position
    )
    assert found.full_payment is not None and found.accrued_estimate is not None
    assert min(ZERO, found.full_payment) <= found.accrued_estimate <= max(ZERO, found.full_payment)


@quick
@given(rate=rates, hours=st.sampled_from([1, 2, 4, 8]))
def test_the_same_money_a_year_is_the_same_apr_at_every_interval(rate: Decimal, hours: int) -> None:
    eight = funding.funding_apr(rate=rate * 8, interval_hours=Decimal(8))
    assert close(funding.funding_apr(rate=rate * hours, interval_hours=Decimal(hours)), eight)
    apy = funding.funding_apy(rate=rate, interval_hours=Decimal(hours))
    apr = funding.funding_apr(rate=rate, interval_hours=Decimal(hours))
    assert apy is not None and apr is not None and apy >= apr - Decimal("1e-20")


@quick
@given(position=contracts_of(inverse=True), mark=prices)
def test_an_inverse_delta_does_not_move_with_the_price(position: dict[str, Any], mark: Decimal) -> None:
    coins = exposure.position_coins(
        inverse=True, contracts=position["contracts"], contract_size=position["contract_size"], price=mark
    )
    assert coins is not None
    with_pnl = exposure.sign(position["side"]) * coins + pnl_of(position, mark)
    assert close(with_pnl, exposure.position_delta(**position), scale=coins)


@quick
@given(position=contracts_of(inverse=True), move=decimals("-0.05", "0.05", 4))
def test_linear_and_inverse_agree_to_first_order(position: dict[str, Any], move: Decimal) -> None:
    entry = position["entry"]
    price = entry * (ONE + move)
    coins = position["contracts"] * position["contract_size"] / entry
    linear = {**position, "inverse": False, "contracts": coins, "contract_size": ONE}
    in_quote, in_coins = pnl_of(linear, price), pnl_of(position, price)
    assert close(in_coins * price, in_quote, scale=coins * entry)
    assert abs(in_coins * entry - in_quote) <= abs(coins * entry) * move * move * Decimal("1.1")


@quick
@given(position=contracts_of(inverse=True), low=prices, high=prices)
def test_an_inverse_short_is_convex(position: dict[str, Any], low: Decimal, high: Decimal) -> None:
    short = {**position, "side": "short"}
    middle, mean = pnl_of(short, (low + high) / 2), (pnl_of(short, low) + pnl_of(short, high)) / 2
    assert middle <= mean or close(middle, mean)


@quick
@given(fills=st.lists(st.tuples(counts, prices), min_size=1, max_size=5), price=prices, inverse=kinds, side=sides)
def test_average_entry_keeps_the_pnl_of_its_fills(
    fills: list[tuple[Decimal, Decimal]], price: Decimal, inverse: bool, side: Literal["long", "short"]
) -> None:
    entry = pnl.average_entry(inverse=inverse, fills=[pnl.Fill(*fill) for fill in fills])
    assert entry is not None
    whole: dict[str, Any] = {"inverse": inverse, "side": side, "contract_size": ONE}
    parts = sum((pnl_of({**whole, "contracts": n, "entry": at}, price) for n, at in fills), ZERO)
    size = sum((n for n, _ in fills), ZERO)
    scale = notional_of({**whole, "contracts": size}, min(price, *(at for _, at in fills)) if inverse else price)
    scale = max(scale, notional_of({**whole, "contracts": size}, entry))
    assert close(pnl_of({**whole, "contracts": size, "entry": entry}, price), parts, scale=scale)


@quick
@given(position=contracts_of(), price=prices, index=prices, entry_index=prices, rate=decimals("0.9", "1.1", 3))
def test_the_parts_of_a_result_add_up_to_it(
    position: dict[str, Any], price: Decimal, index: Decimal, entry_index: Decimal, rate: Decimal
) -> None:
    parts = pnl.attribute(
        mark=price, index=index, entry_index=entry_index, quote_usd=rate, funding_usd=ONE, fees_usd=-ONE, **position
    )
    whole = pnl.pnl_usd(price=price, quote_usd=rate, **position)
    scale = (price + index + entry_index + position["entry"]) * position["contracts"] * position["contract_size"]
    assert close(parts.total_usd, whole, scale=scale)


@quick
@given(
    coins=counts,
    price=prices,
    entry=prices,
    target=st.sampled_from([ONE, Decimal("0.5"), ZERO]),
    inverse=kinds,
    shock=shocks,
)
def test_a_hedge_leaves_its_share_of_the_move(
    coins: Decimal, price: Decimal, entry: Decimal, target: Decimal, inverse: bool, shock: Decimal
) -> None:
    """A full hedge of either kind is neutral to the price, a half one leaves half of it, at any entry."""
    contracts = coins * target * (entry if inverse else ONE)
    leg = stress.StressLeg("X", inverse, "short", contracts, ONE, entry=entry, mark=price, id="leg")
    found = stress.scenario(holdings=[exposure.Holding("X", coins, price)], positions=[leg], shocks={"X": shock})
    assert close(found.net_pct_of_spot, (ONE - target) * shock)
    assert close(found.hedge_ratio, target)


@quick
@given(position=contracts_of(), mark=prices, coins=counts)
def test_no_shock_changes_nothing(position: dict[str, Any], mark: Decimal, coins: Decimal) -> None:
    leg = stress.StressLeg(asset="X", mark=mark, id="leg", **position)
    found = stress.scenario(
        holdings=[exposure.Holding("X", coins, mark)], positions=[leg], shocks={}, quote_wallets=[coins]
    )
    assert found.net_pnl_usd == found.spot_pnl_usd == found.perp_pnl_usd == found.collateral_pnl_usd == 0
    assert found.liquidated == ()


@quick
@given(position=isolated(), shock=shocks)
def test_an_isolated_position_loses_at_most_what_it_has(position: dict[str, Any], shock: Decimal) -> None:
    mark = position["entry"]
    end = liquidation.isolated_liquidation(mark=mark, **position)
    assume(end.never or (end.distance is not None and end.distance > 0))
    has = position["margin"] * (mark if position["inverse"] else ONE)
    fields = {name: position[name] for name in ("inverse", "side", "contracts", "contract_size", "entry")}
    leg = stress.StressLeg(asset="X", mark=mark, id="leg", liquidation_price=end.price, equity_usd=has, **fields)
    found = stress.scenario(holdings=[], positions=[leg], shocks={"X": shock})
    assert found.perp_pnl_usd is not None and found.perp_pnl_usd >= -has
    beyond = end.distance is not None and -exposure.sign(position["side"]) * shock >= end.distance
    assert (found.liquidated == ("leg",)) == beyond


def amounts(rows: Sequence[tuple[Decimal, Decimal, Decimal, Decimal, Decimal]]) -> list[exposure.AssetDelta]:
    return [exposure.AssetDelta(str(index), *row) for index, row in enumerate(rows)]


@quick
@given(
    rows=st.lists(
        st.tuples(counts, prices, decimals("-5000", "5000", 2), decimals("0", "1", 2), decimals("0.1", "2", 2)),
        min_size=1,
        max_size=5,
    )
)
def test_dollars_off_plan_are_the_drift_times_the_weighted_spot(
    rows: list[tuple[Decimal, Decimal, Decimal, Decimal, Decimal]],
) -> None:
    found = exposure.totals(amounts(rows))
    assert found.drift is not None and found.beta_spot_usd is not None and found.spot_usd is not None
    scale = found.beta_spot_usd * (ONE + abs(found.drift))
    assert close(found.off_usd, -found.drift * found.beta_spot_usd, scale=scale)
    assert found.net_usd is not None and found.gross_net_usd is not None
    assert abs(found.net_usd) <= found.gross_net_usd + Decimal("1e-9")


@quick
@given(spot=counts, hedge=decimals("-5000", "5000", 2), target=decimals("0", "1.5", 2))
def test_the_adjustment_brings_the_ratio_to_its_target(spot: Decimal, hedge: Decimal, target: Decimal) -> None:
    sell = exposure.adjustment(spot_delta=spot, hedge_delta=hedge, target_ratio=target)
    after = exposure.hedge_ratio(spot_delta=spot, hedge_delta=hedge - sell)
    assert close(exposure.drift(hedge_ratio=after, target_ratio=target), ZERO, scale=Decimal(10_000_000))


@quick
@given(
    target=decimals("0", "1000000", 2),
    price=prices,
    per_contract=st.sampled_from([ONE, Decimal("0.001"), Decimal("0.01"), Decimal(1000)]),
    step=st.sampled_from([ZERO, ONE, Decimal("0.001"), Decimal(10)]),
    rounding=st.sampled_from(ROUNDINGS),
)
def test_target_is_achieved_plus_residual(
    target: Decimal, price: Decimal, per_contract: Decimal, step: Decimal, rounding: sizing.Rounding
) -> None:
    linear = sizing.size_linear(
        target_notional=target, price=price, coins_per_contract=per_contract, qty_step=step, rounding=rounding
    )
    inverse = sizing.size_inverse(
        target_notional_usd=target, contract_usd=per_contract, mark=price, qty_step=step, rounding=rounding
    )
    assert linear is not None and inverse is not None
    for achieved, left, unit in (
        (linear.notional, linear.residual_notional, price * per_contract),
        (inverse.notional_usd, inverse.residual_notional_usd, per_contract),
    ):
        assert achieved + left == target
        noise = Decimal("1e-12") * step * unit
        assert rounding != "down" or left >= -noise
        assert rounding != "up" or left <= noise
        assert abs(left) <= step * unit / (2 if rounding == "nearest" else 1) + noise


@quick
@given(spot=decimals("0", "1000000000", 0), ratio=decimals("0", "1", 2), price=prices, thousand=st.booleans())
def test_a_multiplier_counts_coins_not_units(spot: Decimal, ratio: Decimal, price: Decimal, thousand: bool) -> None:
    multiplier = Decimal(1000 if thousand else 1_000_000)
    found = sizing.size_multiplier(
        spot_qty=spot, target_ratio=ratio, quoted_price=price, price_multiplier=multiplier, qty_step=ONE
    )
    assert found is not None
    assert found.coins == found.contracts * multiplier
    assert found.coins + found.residual_coins == spot * ratio
    assert close(found.notional, found.coins * found.price_per_coin)


@quick
@given(
    side=sides,
    contracts=counts,
    fraction=decimals("0", "1", 3),
    step=st.sampled_from([ZERO, ONE, Decimal("0.01")]),
    rounding=st.sampled_from(ROUNDINGS),
)
def test_unwinding_closes_contracts_and_never_more_than_are_open(
    side: Literal["long", "short"], contracts: Decimal, fraction: Decimal, step: Decimal, rounding: sizing.Rounding
) -> None:
    part = sizing.unwind(side=side, contracts=contracts, fraction=fraction, qty_step=step, rounding=rounding)
    assert 0 <= part.contracts <= contracts
    assert part.contracts + part.remaining == contracts
    assert part.reduce_only
    assert part.order_side == ("buy" if side == "short" else "sell")
    whole = sizing.unwind(side=side, contracts=contracts, fraction=ONE, qty_step=step, rounding=rounding)
    assert whole.contracts == contracts
    assert whole.remaining == 0
