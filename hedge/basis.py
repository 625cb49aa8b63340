"""Basis: how far a perpetual trades from its index.

Positive is a rich perpetual (contango). A short entered at a premium earns it as the basis falls. Sources: section 7 of
the domain reference; He, Manela, Ross, von Wachter, Fundamentals of Perpetual Futures.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from hedge.exposure import ONE, signed
from hedge.market import HOURS_PER_YEAR, Side


class Basis(Struct, frozen=True):
    """Basis in USD, as a fraction of the index, and the fraction a year if it persisted."""

    absolute: Decimal | None
    pct: Decimal | None
    annualised: Decimal | None


def basis_absolute(
    *,
    perp: Decimal | None,
    spot: Decimal | None,
    perp_quote_usd: Decimal = ONE,
    spot_quote_usd: Decimal = ONE,
) -> Decimal | None:
    """Perpetual minus index in USD; each side is converted by the USD value of its quote currency first.

    None where a price is missing: it is never computed from a last trade.
    """
    if perp is None or spot is None:
        return None
    return perp * perp_quote_usd - spot * spot_quote_usd


def basis_pct(
    *,
    perp: Decimal | None,
    spot: Decimal | None,
    perp_quote_usd: Decimal = ONE,
    spot_quote_usd: Decimal = ONE,
) -> Decimal | None:
    """Basis as a fraction of the index. None where a price is missing or the index is not positive."""
    absolute = basis_absolute(perp=perp, spot=spot, perp_quote_usd=perp_quote_usd, spot_quote_usd=spot_quote_usd)
    if absolute is None or spot is None or spot * spot_quote_usd <= 0:
        return None
    return absolute / (spot * spot_quote_usd)


def basis_apr(*, pct: Decimal | None, horizon_hours: Decimal | None) -> Decimal | None:
    """Basis a year, simple, if it persisted: pct x 8760 / horizon.

    The horizon of a perpetual is its funding interval, of a dated future the hours to expiry. None where unknown.
    """
    if pct is None or horizon_hours is None or horizon_hours <= 0:
        return None
    return pct * HOURS_PER_YEAR / horizon_hours


def basis(
    *,
    perp: Decimal | None,
    spot: Decimal | None,
    perp_quote_usd: Decimal = ONE,
    spot_quote_usd: Decimal = ONE,
    horizon_hours: Decimal | None = None,
) -> Basis:
    """All three measures at once; each is None where it is not defined."""
    pct = basis_pct(perp=perp, spot=spot, perp_quote_usd=perp_quote_usd, spot_quote_usd=spot_quote_usd)
    return Basis(
        absolute=basis_absolute(perp=perp, spot=spot, perp_quote_usd=perp_quote_usd, spot_quote_usd=spot_quote_usd),
        pct=pct,
        annualised=basis_apr(pct=pct, horizon_hours=horizon_hours),
    )


def basis_pnl(*, side: Side, coins: Decimal, basis_before: Decimal, basis_after: Decimal) -> Decimal:
    """What a change of the absolute basis gave a position of `coins` (unsigned): a short gains as it falls. USD."""
    return signed(side, coins * (basis_after - basis_before))


def fair_premium(*, quote_rate: Decimal, coin_rate: Decimal, anchoring_per_year: Decimal) -> Decimal | None:
    """No-arbitrage premium P/S - 1 = (quote rate - coin rate) / kappa, rates a year as fractions.

    kappa counts how often a year the premium is paid in full: 1095 for every 8 h. None where it is not positive.
    """
    if anchoring_per_year <= 0:
        return None
    return (quote_rate - coin_rate) / anchoring_per_year
