"""Profit and loss of perpetuals, and the price they were opened at.

Positive is money gained by the holder. Linear contracts gain in the quote currency, inverse ones in coins. Sources:
Bybit help centre (P&L, USDT and inverse contracts), BitMEX PnL guide; section 2 of the domain reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from hedge.exposure import ONE, ZERO, ratio, signed
from hedge.market import Side


class Fill(Struct, frozen=True):
    """One trade: contracts (or any measure of size that is proportional to them) at a price."""

    contracts: Decimal
    price: Decimal


class Attribution(Struct, frozen=True):
    """Where a leg's gain came from, in USD; the parts add up to `total_usd`, the change of its equity."""

    price_usd: Decimal
    """The index moved."""
    basis_usd: Decimal
    """The mark moved against its index."""
    fx_usd: Decimal
    """The quote currency (a stablecoin) moved against the dollar."""
    funding_usd: Decimal
    fees_usd: Decimal
    total_usd: Decimal


def pnl(
    *,
    inverse: bool,
    side: Side,
    contracts: Decimal,
    contract_size: Decimal,
    entry: Decimal | None,
    price: Decimal | None,
) -> Decimal | None:
    """PnL in the settle currency: linear s q (P - E) in quote, inverse s Q (1/E - 1/P) in coins.

    `price` is the mark for unrealised PnL, the exit price for realised PnL. None without a positive entry and price.
    """
    if contracts == 0:
        return ZERO
    if entry is None or price is None or entry <= 0 or price <= 0:
        return None
    size = contracts * contract_size
    return signed(side, size / entry - size / price if inverse else size * (price - entry))


def pnl_usd(
    *,
    inverse: bool,
    side: Side,
    contracts: Decimal,
    contract_size: Decimal,
    entry: Decimal | None,
    price: Decimal | None,
    quote_usd: Decimal = ONE,
) -> Decimal | None:
    """PnL in USD at `price`: linear s q (P - E) x USD per quote unit, inverse s Q (P/E - 1), its coins valued at P."""
    if inverse and contracts != 0:
        if entry is None or price is None or entry <= 0 or price <= 0:
            return None
        return signed(side, contracts * contract_size * (price - entry) / entry)
    gained = pnl(inverse=inverse, side=side, contracts=contracts, contract_size=contract_size, entry=entry, price=price)
    return None if gained is None else gained * quote_usd


def average_entry(*, inverse: bool, fills: Sequence[Fill]) -> Decimal | None:
    """Average entry price: weighted by coins for linear contracts, harmonic (by USD) for inverse ones.

    None without fills, or where they cancel out. Fill prices are above zero.
    """
    size = sum((fill.contracts for fill in fills), ZERO)
    if inverse:
        return ratio(size, sum((fill.contracts / fill.price for fill in fills), ZERO))
    return ratio(sum((fill.contracts * fill.price for fill in fills), ZERO), size)


def attribute(
    *,
    inverse: bool,
    side: Side,
    contracts: Decimal,
    contract_size: Decimal,
    entry: Decimal,
    mark: Decimal,
    entry_index: Decimal,
    index: Decimal,
    entry_quote_usd: Decimal = ONE,
    quote_usd: Decimal = ONE,
    funding_usd: Decimal = ZERO,
    fees_usd: Decimal = ZERO,
) -> Attribution:
    """A leg's PnL since `entry` split into price, basis and stablecoin, with funding and fees (negative) beside them.

    `entry_index` and `entry_quote_usd` held when it was opened (or at the start of the period, with the mark of that
    moment as the entry of a linear leg). Prices are above zero.
    """
    per_unit = signed(side, contracts * contract_size / (entry if inverse else ONE))
    before, after = (ONE, ONE) if inverse else (entry_quote_usd, quote_usd)
    price = per_unit * (index - entry_index) * before
    basis = per_unit * ((mark - index) - (entry - entry_index)) * before
    fx = per_unit * (mark - entry) * (after - before)
    return Attribution(
        price_usd=price,
        basis_usd=basis,
        fx_usd=fx,
        funding_usd=funding_usd,
        fees_usd=fees_usd,
        total_usd=price + basis + fx + funding_usd + fees_usd,
    )
