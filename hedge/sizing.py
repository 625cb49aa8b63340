"""Sizing: from the hedge that is wanted to an order a venue accepts.

Contracts are unsigned unless a target is negative; `residual` is what stays unhedged (target minus achieved): positive
under-hedged, negative over-hedged. Sources: contract specifications of the venues; section 11 of the domain reference.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Literal

from msgspec import Struct

from hedge.exposure import ONE, ZERO, price_per_coin
from hedge.market import Side

Rounding = Literal["nearest", "down", "up"]
"""`nearest` has the smallest error, `down` never over-hedges, `up` never under-hedges."""
OrderSide = Literal["buy", "sell"]

_MODES = {"nearest": ROUND_HALF_UP, "down": ROUND_DOWN, "up": ROUND_UP}
_NOISE = Decimal("1e-12")
"""Steps this near to a whole number are that number: a division's last digit must not cost a contract."""


class LinearSize(Struct, frozen=True):
    """A linear order: contracts before and after rounding, its coins and its notional in the quote currency."""

    contracts_raw: Decimal
    contracts: Decimal
    coins: Decimal
    notional: Decimal
    residual_notional: Decimal


class InverseSize(Struct, frozen=True):
    """An inverse order: contracts before and after rounding, its USD and the coins that is at the mark."""

    contracts_raw: Decimal
    contracts: Decimal
    notional_usd: Decimal
    coins: Decimal
    residual_notional_usd: Decimal


class MultiplierSize(Struct, frozen=True):
    """An order in a multiplier symbol such as 1000PEPE, with the price of one coin."""

    price_per_coin: Decimal
    contracts: Decimal
    coins: Decimal
    notional: Decimal
    residual_coins: Decimal


class Unwind(Struct, frozen=True):
    """The order that closes a position or a share of it."""

    order_side: OrderSide
    contracts: Decimal
    remaining: Decimal
    reduce_only: bool


def round_to_step(*, quantity: Decimal, step: Decimal, rounding: Rounding = "nearest") -> Decimal:
    """`quantity` in whole steps; `down` is towards zero, `up` and a tie away from it. Step 0: fractional."""
    if step <= 0:
        return quantity
    steps = quantity / step
    whole = steps.to_integral_value(ROUND_HALF_UP)
    if abs(steps - whole) > _NOISE:
        whole = steps.to_integral_value(_MODES[rounding])
    return whole * step


def orderable(
    *,
    contracts: Decimal,
    notional: Decimal | None = None,
    min_qty: Decimal | None = None,
    min_notional: Decimal | None = None,
) -> Decimal:
    """The contracts, or 0 where they (or their notional in the quote currency) lie below what a venue accepts."""
    if min_qty is not None and abs(contracts) < min_qty:
        return ZERO
    if min_notional is not None and notional is not None and abs(notional) < min_notional:
        return ZERO
    return contracts


def step_in_coins(
    *, inverse: bool, step: Decimal, contract_size: Decimal, multiplier: Decimal, price: Decimal | None
) -> Decimal | None:
    """The smallest change of a position, in coins; of an inverse one at `price`, None without it."""
    size = step * contract_size * multiplier
    if not inverse:
        return size
    return None if price is None or price <= 0 else size / price


def order_side(adjustment: Decimal) -> OrderSide:
    """Positive adjustment: sell more perp. Negative: buy back."""
    return "sell" if adjustment > 0 else "buy"


def size_linear(
    *,
    target_notional: Decimal,
    price: Decimal,
    coins_per_contract: Decimal,
    qty_step: Decimal = ZERO,
    rounding: Rounding = "nearest",
    min_qty: Decimal | None = None,
    min_notional: Decimal | None = None,
) -> LinearSize | None:
    """Contracts for a notional in the quote currency, rounded to the venue's step. None without a price or a size."""
    value = price * coins_per_contract
    if value <= 0:
        return None
    raw = target_notional / value
    contracts = round_to_step(quantity=raw, step=qty_step, rounding=rounding)
    contracts = orderable(contracts=contracts, notional=contracts * value, min_qty=min_qty, min_notional=min_notional)
    notional = target_notional if contracts == raw else contracts * value
    return LinearSize(
        contracts_raw=raw,
        contracts=contracts,
        coins=contracts * coins_per_contract,
        notional=notional,
        residual_notional=target_notional - notional,
    )


def size_inverse(
    *,
    target_notional_usd: Decimal,
    contract_usd: Decimal,
    mark: Decimal,
    qty_step: Decimal = ONE,
    rounding: Rounding = "nearest",
    min_qty: Decimal | None = None,
    min_notional: Decimal | None = None,
) -> InverseSize | None:
    """Contracts for a notional in USD, rounded to the venue's step. None without a mark or a contract size."""
    if contract_usd <= 0 or mark <= 0:
        return None
    raw = target_notional_usd / contract_usd
    contracts = round_to_step(quantity=raw, step=qty_step, rounding=rounding)
    contracts = orderable(
        contracts=contracts, notional=contracts * contract_usd, min_qty=min_qty, min_notional=min_notional
    )
    notional = target_notional_usd if contracts == raw else contracts * contract_usd
    return InverseSize(
        contracts_raw=raw,
        contracts=contracts,
        notional_usd=notional,
        coins=notional / mark,
        residual_notional_usd=target_notional_usd - notional,
    )


def size_multiplier(
    *,
    spot_qty: Decimal,
    target_ratio: Decimal,
    quoted_price: Decimal,
    price_multiplier: Decimal,
    contract_size: Decimal = ONE,
    qty_step: Decimal = ONE,
    rounding: Rounding = "nearest",
    min_qty: Decimal | None = None,
    min_notional: Decimal | None = None,
) -> MultiplierSize | None:
    """Contracts that short `target_ratio` of the coins held, where the venue quotes `price_multiplier` coins as a unit.

    `contract_size` is quoted units per contract. None without a multiplier or a contract size.
    """
    coins_per_contract = contract_size * price_multiplier
    if coins_per_contract <= 0:
        return None
    wanted = spot_qty * target_ratio
    contracts = round_to_step(quantity=wanted / coins_per_contract, step=qty_step, rounding=rounding)
    contracts = orderable(
        contracts=contracts,
        notional=contracts * contract_size * quoted_price,
        min_qty=min_qty,
        min_notional=min_notional,
    )
    coins = contracts * coins_per_contract
    return MultiplierSize(
        price_per_coin=price_per_coin(quoted_price=quoted_price, multiplier=price_multiplier),
        contracts=contracts,
        coins=coins,
        notional=contracts * contract_size * quoted_price,
        residual_coins=wanted - coins,
    )


def unwind(
    *,
    side: Side,
    contracts: Decimal,
    fraction: Decimal = ONE,
    qty_step: Decimal = ZERO,
    rounding: Rounding = "down",
) -> Unwind:
    """The opposite order over `fraction` of the contracts, whatever the price is now; never more than is open.

    All of it (1) is exactly the open quantity, even off the step. Never unwind by dollar notional.
    """
    closed = contracts
    if fraction < 1:
        closed = round_to_step(quantity=contracts * max(ZERO, fraction), step=qty_step, rounding=rounding)
    closed = min(closed, contracts)
    return Unwind(
        order_side="buy" if side == "short" else "sell",
        contracts=closed,
        remaining=contracts - closed,
        reduce_only=True,
    )


def order_cost(*, notional: Decimal, taker_fee: Decimal, half_spread: Decimal = ZERO, legs: int = 1) -> Decimal:
    """Estimated cost of trading a notional, positive: taker fee plus half the spread (fractions) a leg."""
    return abs(notional) * (taker_fee + half_spread) * legs
