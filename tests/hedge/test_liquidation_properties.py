"""Liquidation for any numbers: a price, or a shock, solves the equation that it claims to solve."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from formula_strategies import (
    ONE,
    ZERO,
    accounts,
    close,
    decimals,
    isolated,
    notional_of,
    pnl_of,
    prices,
    quick,
    rates,
    tier_tables,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from hedge import cross, exposure, funding, liquidation, margin, proximity
from hedge.market import Tier


@quick
@given(position=isolated(), fee=st.sampled_from([ZERO, Decimal("0.0006")]))
def test_the_isolated_liquidation_price_solves_its_equation(position: dict[str, Any], fee: Decimal) -> None:
    found = liquidation.isolated_liquidation(liq_fee_rate=fee, mark=position["entry"], **position)
    opened = notional_of(position, position["entry"])
    held = margin.maintenance_margin(notional=opened, tiers=position["tiers"])
    assert held is not None
    solvent = position["margin"] > held + opened * fee
    if found.price is None:
        assert found.never and solvent
        return
    end = notional_of(position, found.price)
    asked = margin.maintenance_margin(notional=end, tiers=position["tiers"])
    assert asked is not None
    equity = position["margin"] + pnl_of(position, found.price)
    assert close(equity, asked + end * fee, scale=max(end, opened, position["margin"]) * 100)
    assert found.distance is not None
    assert (found.distance > 0) == solvent
    if found.bankruptcy_price is not None:
        beyond = exposure.sign(position["side"]) * (found.price - found.bankruptcy_price)
        assert beyond >= 0


@quick
@given(position=isolated(), more=decimals("0.01", "1", 2))
def test_collateral_never_brings_liquidation_nearer(position: dict[str, Any], more: Decimal) -> None:
    richer = {**position, "margin": position["margin"] * (ONE + more)}
    before = liquidation.isolated_liquidation(mark=position["entry"], **position)
    after = liquidation.isolated_liquidation(mark=position["entry"], **richer)
    if before.distance is None:
        assert before.never and after.never
    else:
        assert after.never or (after.distance is not None and after.distance > before.distance)


@quick
@given(position=isolated(), move=decimals("0.01", "0.9", 2))
def test_the_required_margin_puts_liquidation_at_the_target(position: dict[str, Any], move: Decimal) -> None:
    target = position["entry"] * (ONE - exposure.sign(position["side"]) * move)
    fields = {name: position[name] for name in position if name != "margin"}
    required = liquidation.required_margin(target_price=target, **fields)
    assert required is not None
    found = liquidation.isolated_liquidation(margin=required, **fields)
    assert close(found.price, target, scale=target * 1000)
    assert liquidation.top_up(required_margin=required, margin=required) == 0


@quick
@given(position=isolated(), move=decimals("0.01", "0.9", 2), mark_move=decimals("-0.3", "0.3", 2))
def test_what_survives_is_liquidated_at_the_target(position: dict[str, Any], move: Decimal, mark_move: Decimal) -> None:
    mark = position["entry"] * (ONE + mark_move)
    target = mark * (ONE - exposure.sign(position["side"]) * move)
    left = proximity.survivable_contracts(mark=mark, target_price=target, **position)
    assert left is not None
    assert 0 <= left <= position["contracts"]
    assume(left > position["contracts"] / 1000)
    closed = {**position, "contracts": position["contracts"] - left}
    rest = {**position, "contracts": left, "margin": position["margin"] + pnl_of(closed, mark)}
    found = liquidation.isolated_liquidation(**rest)
    if left < position["contracts"]:
        assert close(found.price, target, scale=target * 1_000_000)
    elif found.price is not None:
        assert exposure.sign(position["side"]) * (target - found.price) >= -target / 1_000_000


@quick
@given(table=tier_tables())
def test_marginal_brackets_are_continuous(table: tuple[Tier, ...]) -> None:
    for lower, upper in pairwise(table):
        at = upper.floor
        below = at * lower.maintenance_rate - lower.maintenance_amount
        assert below == at * upper.maintenance_rate - upper.maintenance_amount
        assert margin.maintenance_margin(notional=at, tiers=table) == below
        found = margin.tier_for(notional=at, tiers=table)
        assert at == 0 or (found is not None and found.maintenance_rate <= lower.maintenance_rate)


@quick
@given(table=tier_tables(), sizes=st.lists(decimals("0", "5000000", 0), min_size=2, max_size=2))
def test_maintenance_margin_grows_with_the_position_and_faster(table: tuple[Tier, ...], sizes: list[Decimal]) -> None:
    small, large = sorted(sizes)
    low, high, both = (margin.maintenance_margin(notional=n, tiers=table) for n in (small, large, small + large))
    assert low is not None and high is not None and both is not None
    assert 0 <= low <= high
    assert low + high <= both


def state_at(account: dict[str, Any], scale: Decimal) -> cross.AccountState:
    """The account with every mark and every coin's price multiplied."""
    moved = {
        **account,
        "positions": [replace(held, mark=held.mark * scale) for held in account["positions"]],
        "coin_collateral": [replace(coin, price=coin.price * scale) for coin in account["coin_collateral"]],
    }
    return cross.account_state(**moved)


@quick
@given(account=accounts())
def test_the_joint_shock_solves_equity_equal_to_maintenance_margin(account: dict[str, Any]) -> None:
    found = cross.joint_liquidation(**account)
    now = state_at(account, ONE)
    assert now.maintenance_margin_usd is not None
    solvent = now.equity_usd > now.maintenance_margin_usd
    if found.shock_pct is None:
        assert found.never == solvent
        return
    end = state_at(account, ONE + found.shock_pct)
    assert end.maintenance_margin_usd is not None
    scale = sum((coin.quantity * coin.price for coin in account["coin_collateral"]), account["wallet_balance"])
    scale = (scale + 400_000) * (ONE + abs(found.shock_pct))
    assert close(end.equity_usd, end.maintenance_margin_usd, scale=scale * 1000)
    assert found.distance is not None
    assert (found.distance > 0) == solvent
    if solvent:
        near = state_at(account, ONE + found.shock_pct * Decimal("0.999"))
        assert near.maintenance_margin_usd is not None and near.equity_usd > near.maintenance_margin_usd


@quick
@given(account=accounts(), more=decimals("1", "100000", 0))
def test_collateral_never_brings_the_joint_shock_nearer(account: dict[str, Any], more: Decimal) -> None:
    before = cross.joint_liquidation(**account)
    after = cross.joint_liquidation(**{**account, "wallet_balance": account["wallet_balance"] + more})
    if before.distance is not None and before.distance > 0:
        assert after.never or (after.distance is not None and after.distance >= before.distance)
    if before.never:
        assert after.never


@quick
@given(position=isolated(), wallet=decimals("0.01", "2", 3))
def test_a_cross_account_of_one_position_is_like_an_isolated_one(position: dict[str, Any], wallet: Decimal) -> None:
    held = margin_position(position)
    found = cross.cross_liquidation(wallet_balance=position["margin"], positions=[held], solve_for="one")
    alone = liquidation.isolated_liquidation(mark=position["entry"], **position)
    assert close(found.price, alone.price, scale=position["entry"])
    assert found.never == alone.never
    joint = cross.joint_liquidation(
        positions=[held],
        wallet_balance=ZERO if position["inverse"] else position["margin"],
        coin_collateral=[cross.CoinCollateral("X", position["margin"], position["entry"])] if held.inverse else [],
    )
    assert close(joint.distance, found.distance)


def margin_position(position: dict[str, Any]) -> cross.MarginPosition:
    fields = {name: position[name] for name in position if name != "margin"}
    return cross.MarginPosition(symbol="one", asset="X", mark=position["entry"], **fields)


@quick
@given(position=isolated(), share=decimals("0.1", "0.9", 1), mark=prices, rate=rates)
def test_splitting_a_position_changes_nothing(
    position: dict[str, Any], share: Decimal, mark: Decimal, rate: Decimal
) -> None:
    tiers = margin.flat_tiers(maintenance_rate=position["tiers"][0].maintenance_rate)
    whole = {**position, "tiers": tiers}
    first, second = ({**whole, "contracts": whole["contracts"] * part} for part in (share, ONE - share))
    assert close(pnl_of(first, mark) + pnl_of(second, mark), pnl_of(whole, mark), scale=notional_of(whole, mark))
    solve: dict[str, Any] = {"wallet_balance": position["margin"], "solve_for": "one"}
    one = cross.cross_liquidation(positions=[margin_position(whole)], **solve)
    two = cross.cross_liquidation(positions=[margin_position(first), margin_position(second)], **solve)
    assert close(one.price, two.price, scale=position["entry"])
    assert close(one.maintenance_margin, two.maintenance_margin)
    parts = [paid(fields, mark, rate) for fields in (first, second)]
    assert close(sum(parts, ZERO), paid(whole, mark, rate), scale=notional_of(whole, mark))


def paid(position: dict[str, Any], mark: Decimal, rate: Decimal) -> Decimal:
    fields = {name: position[name] for name in ("inverse", "side", "contracts", "contract_size")}
    found = funding.funding_payment(mark=mark, rate=rate, **fields)
    assert found is not None
    return found


@quick
@given(position=isolated())
def test_without_brackets_nothing_is_claimed(position: dict[str, Any]) -> None:
    found = liquidation.isolated_liquidation(**{**position, "tiers": ()}, mark=position["entry"])
    assert found.price is found.distance is found.maintenance_rate is None
    assert not found.never


def test_a_jump_of_a_whole_position_rate_liquidates_at_its_boundary() -> None:
    """A venue without amounts: at 70,000 the rate doubles, and equity is between both margins."""
    table = (
        Tier(floor=ZERO, cap=Decimal(70_000), maintenance_rate=Decimal("0.01")),
        Tier(floor=Decimal(70_000), cap=None, maintenance_rate=Decimal("0.02")),
    )
    found = liquidation.isolated_liquidation(
        inverse=False,
        side="short",
        contracts=ONE,
        contract_size=ONE,
        entry=Decimal(60_000),
        margin=Decimal(11_000),
        tiers=table,
    )
    assert found.price == 70_000


def test_full_coin_collateral_is_never_liquidated_whatever_the_digits() -> None:
    """Q/E does not end; the margin is its rounded value, and the last digit must not become a price."""
    size, entry = Decimal(58_000), Decimal("61234.7")
    found = liquidation.isolated_liquidation(
        inverse=True,
        side="short",
        contracts=size,
        contract_size=ONE,
        entry=entry,
        margin=size / entry - Decimal("1e-27"),
        tiers=margin.flat_tiers(maintenance_rate=Decimal("0.005")),
        mark=entry,
    )
    assert found.price is None
    assert found.bankruptcy_price is None
    assert found.never


def test_mixed_settle_currencies_share_no_cross_price() -> None:
    position = cross.MarginPosition("a", False, "short", ONE, ONE, ONE, ONE, ())
    with pytest.raises(ValueError, match="linear or inverse"):
        cross.cross_liquidation(
            wallet_balance=ONE, positions=[position, replace(position, symbol="b", inverse=True)], solve_for="a"
        )
