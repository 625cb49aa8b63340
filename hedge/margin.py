"""Margin: notional, initial and maintenance margin, the ratio to equity, and leverage.

Margins are in the settle currency: quote currency of a linear contract, coins of an inverse one. Sources: help centres
of Binance (leverage and margin tiers) and Bybit, BitMEX (auto-deleveraging); section 9 of the domain reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from hedge.exposure import ZERO, ratio, signed
from hedge.market import Side, Tier


class Maintenance(Struct, frozen=True):
    """The bracket a notional falls into, and the maintenance margin it asks for."""

    rate: Decimal
    amount: Decimal
    margin: Decimal


class AdlScore(Struct, frozen=True):
    """How early a venue would take this position's profit to cover another's bankruptcy: the higher, the earlier."""

    pnl_pct: Decimal | None
    effective_leverage: Decimal | None
    score: Decimal | None


def notional(*, inverse: bool, contracts: Decimal, contract_size: Decimal, price: Decimal | None) -> Decimal | None:
    """Notional in the settle currency: linear q P in quote, inverse Q / P in coins. None without a positive price."""
    if contracts == 0:
        return ZERO
    if price is None or price <= 0:
        return None
    return contracts * contract_size / price if inverse else contracts * contract_size * price


def notional_quote(
    *, inverse: bool, contracts: Decimal, contract_size: Decimal, price: Decimal | None
) -> Decimal | None:
    """Notional in the quote currency: linear q P, inverse Q (constant, in USD). None where it lacks a price."""
    if inverse:
        return contracts * contract_size
    return notional(inverse=False, contracts=contracts, contract_size=contract_size, price=price)


def notional_usd(
    *, inverse: bool, contracts: Decimal, contract_size: Decimal, price: Decimal | None, quote_usd: Decimal
) -> Decimal | None:
    """Notional in USD: linear q P x USD per quote unit, inverse Q. None where a linear one lacks a price."""
    size = notional_quote(inverse=inverse, contracts=contracts, contract_size=contract_size, price=price)
    return size if inverse or size is None else size * quote_usd


def initial_margin(
    *, inverse: bool, contracts: Decimal, contract_size: Decimal, price: Decimal | None, leverage: Decimal | None
) -> Decimal | None:
    """Notional / leverage in the settle currency: at 1x all of it. None without a price or a leverage above zero."""
    size = notional(inverse=inverse, contracts=contracts, contract_size=contract_size, price=price)
    if size is None or leverage is None or leverage <= 0:
        return None
    return size / leverage


def flat_tiers(*, maintenance_rate: Decimal, maintenance_amount: Decimal = ZERO) -> tuple[Tier, ...]:
    """One bracket for every size, where only a rate (and an amount) is known."""
    return (Tier(floor=ZERO, cap=None, maintenance_rate=maintenance_rate, maintenance_amount=maintenance_amount),)


def maintenance_amounts(tiers: Sequence[Tier]) -> tuple[Decimal, ...]:
    """The amounts that make marginal brackets continuous: A_1 = 0, A_k = A_(k-1) + floor_k (m_k - m_(k-1)).

    Binance calls it `cum`, Bybit `deduction`. Tiers come lowest first.
    """
    amounts: list[Decimal] = []
    for index, tier in enumerate(tiers):
        step = ZERO
        if index:
            step = amounts[-1] + tier.floor * (tier.maintenance_rate - tiers[index - 1].maintenance_rate)
        amounts.append(step)
    return tuple(amounts)


def with_amounts(tiers: Sequence[Tier]) -> tuple[Tier, ...]:
    """The same brackets with `maintenance_amounts` filled in: for venues that publish marginal rates alone."""
    return tuple(
        replace(tier, maintenance_amount=amount) for tier, amount in zip(tiers, maintenance_amounts(tiers), strict=True)
    )


def tier_for(*, notional: Decimal, tiers: Sequence[Tier]) -> Tier | None:
    """The bracket of a notional (settle currency): on a boundary the lower, beyond the last cap the last."""
    for index in range(len(tiers) - 1):
        if notional <= tiers[index + 1].floor:
            return tiers[index]
    return tiers[-1] if tiers else None


def maintenance(*, notional: Decimal | None, tiers: Sequence[Tier]) -> Maintenance | None:
    """Rate, amount and margin N m - A of the bracket a notional falls into. None without tiers or a notional."""
    tier = None if notional is None else tier_for(notional=notional, tiers=tiers)
    if notional is None or tier is None:
        return None
    return Maintenance(
        rate=tier.maintenance_rate,
        amount=tier.maintenance_amount,
        margin=notional * tier.maintenance_rate - tier.maintenance_amount,
    )


def maintenance_margin(*, notional: Decimal | None, tiers: Sequence[Tier]) -> Decimal | None:
    """N m - A, in the settle currency, with the bracket of that notional. None without tiers or a notional."""
    held = maintenance(notional=notional, tiers=tiers)
    return None if held is None else held.margin


def margin_ratio(*, maintenance_margin: Decimal | None, equity: Decimal | None) -> Decimal | None:
    """Maintenance margin / equity: 0 is safe, 1 is liquidation. None where equity is not positive: insolvent."""
    if maintenance_margin is None or equity is None or equity <= 0:
        return None
    return maintenance_margin / equity


def effective_leverage(*, notional: Decimal | None, equity: Decimal | None) -> Decimal | None:
    """Notional / equity. None where equity is not positive."""
    if notional is None or equity is None or equity <= 0:
        return None
    return notional / equity


def free_collateral(
    *,
    collateral: Decimal,
    isolated_margins: Sequence[Decimal | None] = (),
    cross_initial_margins: Sequence[Decimal | None] = (),
) -> Decimal | None:
    """Wallet balance minus isolated margins minus initial margins of cross positions, one settle currency.

    `collateral` includes the isolated margins and excludes unrealised PnL. None where one of the margins is not known.
    """
    free = collateral
    for margin in (*isolated_margins, *cross_initial_margins):
        if margin is None:
            return None
        free -= margin
    return free


def adl_score(*, side: Side, entry: Decimal, mark: Decimal, bankruptcy: Decimal | None) -> AdlScore:
    """Auto-deleveraging rank of a linear position: PnL fraction x effective leverage, or / leverage where it loses.

    Leverage is mark / |mark - bankruptcy price|. None where bankruptcy cannot happen or has been passed. BitMEX.
    """
    pnl_pct = ratio(signed(side, mark - entry), entry)
    room = None if bankruptcy is None else signed(side, mark - bankruptcy)
    leverage = None if room is None or room <= 0 else mark / room
    score = None
    if pnl_pct is not None and leverage is not None:
        score = pnl_pct * leverage if pnl_pct > 0 else ratio(pnl_pct, leverage)
    return AdlScore(pnl_pct=pnl_pct, effective_leverage=leverage, score=score)
