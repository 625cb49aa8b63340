"""How near liquidation is: in standard deviations, in hours at the present pace, and how much to close to keep away.

Distances come from the mark. Volatilities are annual fractions, over a year of 365 days. Source: sections 10 and 12 of
the domain reference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from hedge.exposure import ONE, ZERO, signed
from hedge.market import HOURS_PER_YEAR, Side, Tier
from hedge.piecewise import Piece, zeros
from hedge.pnl import pnl
from hedge.proxy import as_decimal

PACE_WINDOW_HOURS = Decimal("0.25")
HOURS_CAP = Decimal(999)


class SigmaDistance(Struct, frozen=True):
    """|ln(P_liq / P)|, that in standard deviations over a horizon, and the chance of touching it without drift."""

    log_distance: float
    sigmas: float
    touch_prob_driftless: float


def sigma_distance(
    *,
    mark: Decimal | None,
    liquidation_price: Decimal | None,
    sigma_annual: Decimal | float | None,
    horizon_days: Decimal | float,
) -> SigmaDistance | None:
    """Standard deviations to liquidation over the horizon; None without prices, volatility or time."""
    if mark is None or liquidation_price is None or mark <= 0 or liquidation_price <= 0:
        return None
    if sigma_annual is None or sigma_annual <= 0 or horizon_days <= 0:
        return None
    distance = abs(math.log(liquidation_price / mark))
    sigmas = distance / (float(sigma_annual) * math.sqrt(float(horizon_days) / 365))
    return SigmaDistance(log_distance=distance, sigmas=sigmas, touch_prob_driftless=touch_probability(sigmas=sigmas))


def sigmas_to_liquidation(
    *,
    mark: Decimal | None,
    liquidation_price: Decimal | None,
    sigma_annual: Decimal | None,
    horizon_hours: Decimal,
) -> Decimal | None:
    """The distance to liquidation in standard deviations of what the mark moves within `horizon_hours`.

    The horizon is the time a top-up takes. None without prices, volatility or time.
    """
    found = sigma_distance(
        mark=mark,
        liquidation_price=liquidation_price,
        sigma_annual=sigma_annual,
        horizon_days=float(horizon_hours) / 24,
    )
    return None if found is None else as_decimal(found.sigmas)


def touch_probability(*, sigmas: float) -> float:
    """2 Phi(-d): the chance that a driftless price touches a level d standard deviations away within the horizon."""
    return math.erfc(sigmas / math.sqrt(2))


def pace_per_hour(*, mark: Decimal, mark_before: Decimal, window_hours: Decimal = PACE_WINDOW_HOURS) -> Decimal:
    """ln(mark now / mark before) per hour; prices and window above zero."""
    return (mark / mark_before).ln() / window_hours


def hours_to_liquidation(
    *,
    mark: Decimal | None,
    liquidation_price: Decimal | None,
    mark_before: Decimal | None,
    sigma_annual: Decimal | None,
    window_hours: Decimal = PACE_WINDOW_HOURS,
) -> Decimal | None:
    """Hours until the mark is at liquidation if it keeps the pace of the window (15 minutes), at most 999.

    None unless the pace points at liquidation and the move exceeds one sigma of the window; None without prices or
    volatility.
    """
    if mark is None or liquidation_price is None or mark_before is None or sigma_annual is None:
        return None
    if min(mark, liquidation_price, mark_before, window_hours) <= 0:
        return None
    pace = pace_per_hour(mark=mark, mark_before=mark_before, window_hours=window_hours)
    sigma = sigma_annual * (window_hours / HOURS_PER_YEAR).sqrt()
    if abs(pace * window_hours) <= sigma or pace == 0:
        return None
    hours = (liquidation_price / mark).ln() / pace
    return min(hours, HOURS_CAP) if hours >= 0 else None


def presumed_liquidated(*, side: Side, mark: Decimal, liquidation_price: Decimal | None) -> bool:
    """Whether a mark is at or beyond the liquidation price; presume it after two samples, not one."""
    return liquidation_price is not None and signed(side, mark - liquidation_price) <= 0


def survivable_contracts(
    *,
    inverse: bool,
    side: Side,
    contracts: Decimal,
    contract_size: Decimal,
    entry: Decimal,
    margin: Decimal,
    mark: Decimal,
    target_price: Decimal,
    tiers: Sequence[Tier],
    liq_fee_rate: Decimal = ZERO,
) -> Decimal | None:
    """The largest position whose liquidation price is at `target_price` or beyond, when the rest is closed at the mark.

    The margin stays: closing turns unrealised loss into realised loss of the same margin. Never more than `contracts`,
    0 where nothing survives, None without tiers or on a price that is not positive.
    """
    if not tiers or min(mark, target_price, entry) <= 0:
        return None
    gained = pnl(inverse=inverse, side=side, contracts=contracts, contract_size=contract_size, entry=entry, price=mark)
    lost = pnl(inverse=inverse, side=side, contracts=ONE, contract_size=contract_size, entry=mark, price=target_price)
    if gained is None or lost is None:
        return None
    unit = contract_size / target_price if inverse else contract_size * target_price
    equity = margin + gained
    curve = tuple(
        Piece(
            upto=tiers[index + 1].floor / unit if index + 1 < len(tiers) else None,
            constant=equity + tier.maintenance_amount,
            slope=lost - unit * (tier.maintenance_rate + liq_fee_rate),
        )
        for index, tier in enumerate(tiers)
    )
    if equity <= 0:
        return ZERO
    return min((zero for zero in zeros((curve,)) if zero < contracts), default=contracts)
