"""The rules of a stress by themselves: moved prices, margins that end, debts, and who bears a loss."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge import stress
from hedge.sums import exact_sum
from tests.hedge.formula_strategies import close, decimals, prices, quick
from tests.hedge.said import D

amounts = decimals("-100000", "100000", 6)


@quick
@given(price=prices, move=decimals("-0.9", "3"), basis=decimals("-0.1", "0.1"), after=decimals("0.5", "1.5"))
def test_a_price_in_a_stablecoin_is_the_dollar_price_over_its_rate(
    price: Decimal, move: Decimal, basis: Decimal, after: Decimal
) -> None:
    found = stress.moved_price(price, move=move, basis=basis, quote_usd_before=D("0.998"), quote_usd_after=after)
    assert close(found * after, price * D("0.998") * (1 + move) * (1 + basis), scale=price)


def test_what_does_not_move_keeps_every_digit() -> None:
    price = D("65013.0000")
    zero, par = D("0.00"), D("1.000")
    found = stress.moved_price(price, move=zero, basis=zero, quote_usd_before=par, quote_usd_after=D(1))
    assert str(found) == "65013.0000"


def test_a_margin_at_its_maintenance_margin_ends() -> None:
    assert stress.covers(equity=D("100.01"), maintenance_margin=D(100))
    assert not stress.covers(equity=D(100), maintenance_margin=D(100))


@quick
@given(total=amounts, gains=st.lists(amounts, min_size=1, max_size=6))
def test_the_parts_of_a_loss_are_the_loss(total: Decimal, gains: list[Decimal]) -> None:
    parts = stress.split_loss(total, gains)
    assert exact_sum(parts) == exact_sum((total,))
    if any(gain < 0 for gain in gains):
        assert all(part == gain for part, gain in zip(parts, gains, strict=True) if gain >= 0)


def test_losers_bear_a_loss_by_their_share_and_without_any_all_do() -> None:
    assert stress.split_loss(D(-20), [D(-30), D(10), D(-60)]) == (-10, 10, -20)
    assert stress.split_loss(D(-9), [D(3), D(0), D(5)]) == (-3, -3, -3)
    assert stress.split_loss(D(-9), []) == ()


@pytest.mark.parametrize(
    ("equity", "taken"),
    [
        ("5", {}),
        ("0", {}),
        ("-600", {"ETH": D("0.2")}),
        ("-3600", {"ETH": D(1), "BTC": D("0.01")}),
        ("-99000", {"ETH": D(1), "BTC": D("0.5")}),
    ],
)
def test_coins_cover_a_debt_in_order_and_no_more(equity: str, taken: dict[str, Decimal]) -> None:
    coins = [("ETH", D(1), D(3_000)), ("SOL", D(0), D(150)), ("BTC", D("0.5"), D(60_000))]
    assert stress.coins_taken(equity=D(equity), coins=coins) == taken
