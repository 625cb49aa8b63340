"""The common move that ends an account: coins beside its money move with the marks, money does not, at any rate."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedge.book.book import Book
from tests.hedge.said import D, account, at, flat, instrument, live, portfolio, position, tick

SOL = "SOL/USDT:USDT"
NOISE = D("1e-20")


def joint(rates: dict[str, str], **more: str) -> Decimal:
    part = position(SOL, "100", "150", margin_mode="cross", leverage="2")
    book = Book(portfolio(accounts=[account("main", "bybit", {"USDT": "3000", **more}, part,
                                            haircuts=dict.fromkeys(more, "0.1"))], rates=rates))  # fmt: skip
    book.apply(instrument("bybit", SOL))
    book.apply(flat("bybit", SOL, "0.01"))
    book.apply(live("bybit-linear"))
    tick(book, "bybit", SOL, "150", 0)
    distance = book.account("main", at(0)).joint_to_liquidation
    assert distance is not None
    return distance.quantize(NOISE)


def share(part: int, whole: int) -> Decimal:
    return (D(part) / D(whole)).quantize(NOISE)


def test_money_beside_money_does_not_move() -> None:
    """3,000 and 0.9 x 2,000 against 100 x 150 x (1 + x): the move at which 4,800 = 15,000 x + 150 (1 + x)."""
    assert joint({}, USDC="2000") == share(4650, 15150)
    assert joint({"USDC": "0.5"}, USDC="4000") == share(4650, 15150)


@pytest.mark.parametrize("rate", ["1", "0.8"])
def test_the_rate_of_a_wallets_money_does_not_matter_without_other_collateral(rate: str) -> None:
    assert joint({"USDT": rate}) == share(2850, 15150)


def test_coins_count_in_the_wallets_money() -> None:
    """Ten coins worth 1,500 USDT add 1,350 (1 + x), whatever a USDT is worth."""
    for rate in ("1", "0.8"):
        assert joint({"USDT": rate}, SOL="10") == share(2850 + 1350, 15150 - 1350)
