"""Positions, brackets and accounts to try the formulas on, and how near two results must be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from hypothesis import settings
from hypothesis import strategies as st

from hedge import cross, margin, pnl, sizing
from hedge.market import Tier

settings.register_profile("formulas", max_examples=60, deadline=None)
quick = settings.get_profile("formulas")

ZERO, ONE = Decimal(0), Decimal(1)
SIDES: tuple[Literal["long", "short"], ...] = ("long", "short")
ROUNDINGS: tuple[sizing.Rounding, ...] = ("nearest", "down", "up")

sides = st.sampled_from(SIDES)
kinds = st.booleans()


def decimals(low: str, high: str, places: int = 4) -> st.SearchStrategy[Decimal]:
    return st.decimals(low, high, places=places, allow_nan=False, allow_infinity=False)


prices = decimals("0.01", "200000", 2)
counts = decimals("0.001", "5000", 3)
rates = decimals("-0.01", "0.01", 6)
shocks = decimals("-0.9", "3", 4)


@st.composite
def tier_tables(draw: st.DrawFn, unit: Decimal = Decimal(50_000)) -> tuple[Tier, ...]:
    """One to five marginal brackets, rates rising to at most 25 %."""
    steps = draw(st.lists(decimals("0.1", "20", 1), min_size=0, max_size=4))
    rises = draw(st.lists(decimals("0.001", "0.05", 4), min_size=len(steps) + 1, max_size=len(steps) + 1))
    floors = [sum(steps[:index], ZERO) * unit for index in range(len(steps) + 1)]
    table = [
        Tier(floor=floor, cap=None, maintenance_rate=sum(rises[: index + 1], ZERO))
        for index, floor in enumerate(floors)
    ]
    return margin.with_amounts(table)


@st.composite
def contracts_of(draw: st.DrawFn, inverse: bool | None = None) -> dict[str, Any]:
    """A position: kind, side, size and entry."""
    return {
        "inverse": draw(kinds) if inverse is None else inverse,
        "side": draw(sides),
        "contracts": draw(counts),
        "contract_size": draw(st.sampled_from([ONE, Decimal("0.01"), Decimal(10), Decimal(100)])),
        "entry": draw(prices),
    }


@st.composite
def isolated(draw: st.DrawFn) -> dict[str, Any]:
    """A position with brackets on the scale of its notional, and a margin of a hundredth to twice that."""
    position = draw(contracts_of())
    opened = notional_of(position, position["entry"])
    tiers = draw(tier_tables(opened / 10))
    return {**position, "margin": opened * draw(decimals("0.01", "2", 3)), "tiers": tiers}


@st.composite
def accounts(draw: st.DrawFn) -> dict[str, Any]:
    """A cross account: linear and inverse positions of two coins, a quote wallet and coins."""
    coins = {"BTC": draw(decimals("20000", "90000", 1)), "ETH": draw(decimals("1000", "5000", 1))}
    positions = []
    for index, kind in enumerate(draw(st.lists(kinds, min_size=1, max_size=4))):
        asset = draw(st.sampled_from(sorted(coins)))
        mark = coins[asset] * draw(decimals("0.99", "1.01", 4))
        worth = draw(decimals("1000", "100000", 0))
        size = worth if kind else worth / mark
        unit = worth / mark if kind else worth
        positions.append(
            cross.MarginPosition(
                symbol=str(index),
                asset=asset,
                inverse=kind,
                side=draw(sides),
                contracts=size,
                contract_size=ONE,
                entry=mark * draw(decimals("0.8", "1.2", 3)),
                mark=mark,
                tiers=draw(tier_tables(unit / 5)),
            )
        )
    collateral = tuple(
        cross.CoinCollateral(asset=asset, quantity=draw(decimals("0", "1", 3)), price=price, haircut=Decimal("0.05"))
        for asset, price in coins.items()
    )
    return {
        "positions": tuple(positions),
        "wallet_balance": draw(decimals("100", "200000", 0)),
        "coin_collateral": collateral,
        "quote_usd": draw(decimals("0.95", "1.02", 3)),
    }


def notional_of(position: dict[str, Any], price: Decimal) -> Decimal:
    found = margin.notional(
        inverse=position["inverse"],
        contracts=position["contracts"],
        contract_size=position["contract_size"],
        price=price,
    )
    assert found is not None
    return found


def pnl_of(position: dict[str, Any], price: Decimal) -> Decimal:
    fields = {name: position[name] for name in ("inverse", "side", "contracts", "contract_size", "entry")}
    found = pnl.pnl(**fields, price=price)
    assert found is not None
    return found


def close(left: Decimal | None, right: Decimal | None, scale: Decimal = ONE) -> bool:
    """Equal up to the last digits of a division, on the given scale."""
    if left is None or right is None:
        return left is right
    return abs(left - right) <= Decimal("1e-12") * max(abs(left), abs(right), abs(scale))
