"""Liquidation of an isolated position: the price at which its equity meets the maintenance margin.

Maintenance margin is taken at the liquidation price, in the bracket that holds there, unless `mm_basis` is `entry`.
Margins are in the settle currency (coins for inverse contracts), prices in the quote currency, rates and distances are
fractions. A distance is positive while there is room, and zero or below once in liquidation. Sources: Binance help
centre (USD-M and COIN-M liquidation price), Bybit help centre (isolated mode, bankruptcy price); section 10 of the
domain reference. Accounts that share their margin are in `hedge.cross`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from hedge.exposure import ONE, ZERO, sign, signed
from hedge.margin import maintenance, maintenance_margin, notional
from hedge.market import Side, Tier
from hedge.piecewise import Curve, Piece, line, nearest, plausible, value, zeros
from hedge.pnl import pnl

MmBasis = Literal["mark", "entry"]


class IsolatedLiquidation(Struct, frozen=True):
    """Where an isolated position ends. `never`: no price liquidates it, and then `price` is None."""

    price: Decimal | None = None
    bankruptcy_price: Decimal | None = None
    maintenance_rate: Decimal | None = None
    """Of the bracket that holds at the liquidation price (at entry with `mm_basis` entry)."""
    distance: Decimal | None = None
    never: bool = False


def liquidation_distance(*, side: Side, mark: Decimal | None, liquidation_price: Decimal | None) -> Decimal | None:
    """The adverse move of the mark that liquidates: P_liq/P - 1 for a short, 1 - P_liq/P for a long; <= 0: passed."""
    if mark is None or liquidation_price is None or mark <= 0:
        return None
    return signed(side, mark - liquidation_price) / mark


def ends_on_rise(
    *, side: Side, mark: Decimal | None, liquidation_price: Decimal | None, distance: Decimal | None
) -> bool:
    """Whether it is a rise of the mark that liquidates: for a short it is, and for a long a fall.

    Legs that share their margin end where the whole account does, so the price decides; once in liquidation
    (distance <= 0) it was passed already. While a figure is missing, the side decides."""
    if mark is None or liquidation_price is None or distance is None:
        return side == "short"
    return (liquidation_price > mark) == (distance > 0)


def bankruptcy_price(
    *, inverse: bool, side: Side, contracts: Decimal, contract_size: Decimal, entry: Decimal, margin: Decimal
) -> Decimal | None:
    """Where equity is zero: linear E - s M/q, inverse Q / (Q/E + s M). None where no price gets there."""
    if contracts == 0 or entry <= 0:
        return None
    size = contracts * contract_size
    if not inverse:
        price = entry - signed(side, margin / size)
    else:
        coins = size / entry + signed(side, margin)
        price = size / coins if coins > 0 else ZERO
    return price if plausible(price, entry) else None


def isolated_liquidation(
    *,
    inverse: bool,
    side: Side,
    contracts: Decimal,
    contract_size: Decimal,
    entry: Decimal | None,
    margin: Decimal | None,
    tiers: Sequence[Tier],
    liq_fee_rate: Decimal = ZERO,
    mm_basis: MmBasis = "mark",
    mark: Decimal | None = None,
) -> IsolatedLiquidation:
    """Liquidation and bankruptcy price of an isolated position, the bracket it ends in, and the distance from `mark`.

    Linear (M + A - s q E) / (q (m + f - s)), inverse Q (m + f + s) / (M + A + s Q/E), in the bracket that contains the
    solution. `margin` is the isolated wallet in the settle currency, `liq_fee_rate` the fee a venue sets aside (unused
    with the entry basis, whose formula has none); for one rate without brackets pass `margin.flat_tiers`. Everything is
    None without a size, an entry or a margin, and the price without tiers.
    """
    if contracts == 0 or entry is None or entry <= 0 or margin is None:
        return IsolatedLiquidation()
    bankruptcy = bankruptcy_price(
        inverse=inverse, side=side, contracts=contracts, contract_size=contract_size, entry=entry, margin=margin
    )
    opened = notional(inverse=inverse, contracts=contracts, contract_size=contract_size, price=entry)
    held = maintenance(notional=opened, tiers=tiers)
    if held is None:
        return IsolatedLiquidation(bankruptcy_price=bankruptcy)
    size = contracts * contract_size
    if mm_basis == "entry":
        price, solvent = _at_entry(inverse, side, size, entry, margin - held.margin)
    else:
        price, solvent = _at_mark(inverse, side, size, entry, margin, tiers, liq_fee_rate)
        end = notional(inverse=inverse, contracts=contracts, contract_size=contract_size, price=price)
        held = maintenance(notional=end, tiers=tiers)
    return IsolatedLiquidation(
        price=price,
        bankruptcy_price=bankruptcy,
        maintenance_rate=None if price is None or held is None else held.rate,
        distance=liquidation_distance(side=side, mark=mark, liquidation_price=price),
        never=price is None and solvent,
    )


def required_margin(
    *,
    inverse: bool,
    side: Side,
    contracts: Decimal,
    contract_size: Decimal,
    entry: Decimal | None,
    target_price: Decimal | None,
    tiers: Sequence[Tier],
    liq_fee_rate: Decimal = ZERO,
) -> Decimal | None:
    """Isolated margin with which `target_price` is the liquidation price, settle currency; negative: none is needed.

    Maintenance margin (and fee) at the target minus the PnL there. Of an inverse short it tends to Q/E and no further.
    """
    size = notional(inverse=inverse, contracts=contracts, contract_size=contract_size, price=target_price)
    gained = pnl(
        inverse=inverse, side=side, contracts=contracts, contract_size=contract_size, entry=entry, price=target_price
    )
    margin = maintenance_margin(notional=size, tiers=tiers)
    if size is None or gained is None or margin is None:
        return None
    return margin + size * liq_fee_rate - gained


def top_up(*, required_margin: Decimal | None, margin: Decimal | None) -> Decimal | None:
    """Collateral still to add, settle currency: required minus present margin, never below zero."""
    if required_margin is None or margin is None:
        return None
    return max(ZERO, required_margin - margin)


def margin_curve(
    *,
    inverse: bool,
    side: Side,
    size: Decimal,
    entry: Decimal,
    tiers: Sequence[Tier],
    fee: Decimal = ZERO,
    price: Decimal = ONE,
    coin_price: Decimal = ONE,
) -> Curve:
    """PnL minus maintenance margin, where the mark is `price` times x and the settle coin worth `coin_price` times x.

    `size` is contracts x contract size: coins of a linear position, USD of an inverse one.
    Linear, in quote: s q (p x - E) - (q p x (m + f) - A). Inverse, its coins valued in USD:
    c x [s Q (1/E - 1/(p x)) - (Q (m + f)/(p x) - A)]. Both are linear in x within a bracket; the notional of an inverse
    position falls as x rises, so its brackets come in the opposite order.
    """
    s = sign(side)
    if not inverse:
        return tuple(
            Piece(
                upto=tiers[index + 1].floor / (size * price) if index + 1 < len(tiers) else None,
                constant=tier.maintenance_amount - s * size * entry,
                slope=size * price * (s - tier.maintenance_rate - fee),
            )
            for index, tier in enumerate(tiers)
        )
    return tuple(
        Piece(
            upto=size / (price * tier.floor) if tier.floor > 0 else None,
            constant=-size * coin_price * (s + tier.maintenance_rate + fee) / price,
            slope=coin_price * (s * size / entry + tier.maintenance_amount),
        )
        for tier in reversed(tiers)
    )


def _at_entry(inverse: bool, side: Side, size: Decimal, entry: Decimal, left: Decimal) -> tuple[Decimal | None, bool]:
    """Where the loss has eaten what is `left` above a frozen maintenance margin, and whether there is any."""
    price = bankruptcy_price(inverse=inverse, side=side, contracts=size, contract_size=ONE, entry=entry, margin=left)
    return price, left > 0


def _at_mark(
    inverse: bool, side: Side, size: Decimal, entry: Decimal, margin: Decimal, tiers: Sequence[Tier], fee: Decimal
) -> tuple[Decimal | None, bool]:
    """Where equity meets maintenance margin, and whether there is room at the entry price."""
    wallet = line(slope=margin) if inverse else line(constant=margin)
    curves = (wallet, margin_curve(inverse=inverse, side=side, size=size, entry=entry, tiers=tiers, fee=fee))
    return nearest(zeros(curves), entry), value(curves, entry) > 0
