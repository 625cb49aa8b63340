"""Brackets that count contracts are worth something else at every price: that alone is no change of theirs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hedge.contract_changes import same_brackets
from hedge.market import Tier, Tiers

PRICES = st.decimals("0.00001", "200000", places=5)


def tiers(at: Decimal | None, worth: Decimal = Decimal(1)) -> Tiers:
    low = Tier(Decimal(0), 92 * worth, Decimal("0.004"), Decimal(0), Decimal(100))
    high = Tier(92 * worth, None, Decimal("0.01"), Decimal(0), Decimal(50))
    return Tiers("okx", "BTC/USDT:USDT", (low, high), "okx position-tiers", "", 0, at)


@given(PRICES, PRICES, st.booleans())
def test_the_same_contracts_at_another_price_are_the_same(first: Decimal, second: Decimal, inverse: bool) -> None:
    size = Decimal(100) if inverse else Decimal("0.01")
    before, after = (tiers(at, size / at if inverse else size * at) for at in (first, second))
    assert same_brackets(before, after)


def test_other_brackets_are_not() -> None:
    before = tiers(Decimal(60000), Decimal(600))
    other = tiers(Decimal(66000), Decimal(660))
    assert same_brackets(before, other)
    low, high = other.tiers
    for changed in (
        (replace(low, cap=low.cap and low.cap * 2), high),
        (replace(low, maintenance_rate=Decimal("0.005")), high),
        (low, replace(high, max_leverage=Decimal(20))),
        (low, replace(high, cap=Decimal(10) ** 9)),
        (low,),
    ):
        assert not same_brackets(before, replace(other, tiers=changed))


@pytest.mark.parametrize("at", [None, Decimal(60000)])
def test_brackets_in_money_do_not_move_with_the_price(at: Decimal | None) -> None:
    assert not same_brackets(tiers(None, Decimal(600)), tiers(at, Decimal(660)))
    assert same_brackets(tiers(None), tiers(at))
