"""What the account behind any key holds at every simulated venue: the same small hedge, in each venue's own units."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from feeds.simulator.contracts import STARTS, Contract

MONEY_WALLET = 25_000.0
"""USDT."""
COIN_WALLET = 0.5
"""BTC."""
_LINEAR_SHORT = 0.25
"""BTC."""
_INVERSE_SHORT = 13_000
"""USD."""


class HeldPosition(Struct, frozen=True):
    """One open position."""

    contract: Contract
    amount: float
    """In the contract's own unit, negative for a short."""
    entry: float


def held(contracts: Iterable[Contract]) -> list[HeldPosition]:
    """A short in Bitcoin for each family among these contracts, entered at the prices of the start."""
    rows = [row for row in contracts if row.coin == "BTC" and not row.spot and not row.delivery_ms]
    return [HeldPosition(row, -_amount(row), STARTS[row.coin]) for row in rows]


def _amount(contract: Contract) -> float:
    if contract.inverse:
        return _INVERSE_SHORT / contract.contract_usd
    return round(_LINEAR_SHORT / float(contract.contract_coins), 8)
