"""How near liquidation a leg is in time: hours left at the present pace, and deviations within the time of a top-up."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from hedge.book.ledger import as_seconds
from hedge.book.legs import Leg
from hedge.book.trail import NO_TRAIL, Sample
from hedge.history import Volatility
from hedge.proximity import hours_to_liquidation, sigmas_to_liquidation
from hedge.snapshot import CALM, NEVER

TOP_UP_HOURS = Decimal(4)
"""How long it takes to bring margin to a venue, unless the settings say otherwise."""
NO_DAYS = "it needs the volatility, and there are no daily candles yet"


class Pace(Struct, frozen=True):
    """Of one leg at one moment."""

    hours: Decimal | None = None
    sigmas: Decimal | None = None


def pace_of(
    leg: Leg,
    liquidation_price: Decimal | None,
    distance: Decimal | None,
    volatility: Volatility,
    top_up_hours: Decimal,
    stale: bool,
    why: dict[str, str],
) -> Pace:
    """Both measures; `why` says what is missing, or that the mark is not on its way there."""
    mark = leg.market.mark
    reason = _why_not(liquidation_price, distance, volatility, stale, why)
    if reason or mark is None:
        why["hours_to_liquidation"] = why["sigmas_to_liquidation"] = reason
        return Pace()
    sigmas = sigmas_to_liquidation(
        mark=mark.price,
        liquidation_price=liquidation_price,
        sigma_annual=volatility.annual,
        horizon_hours=top_up_hours,
    )
    before = earlier_mark(leg)
    if before is None:
        why["hours_to_liquidation"] = NO_TRAIL
        return Pace(None, sigmas)
    hours = hours_to_liquidation(
        mark=mark.price,
        liquidation_price=liquidation_price,
        mark_before=before.price,
        sigma_annual=volatility.annual,
        window_hours=window_hours(leg, before),
    )
    if hours is None:
        why["hours_to_liquidation"] = CALM
    return Pace(hours, sigmas)


def earlier_mark(leg: Leg) -> Sample | None:
    """The mark fifteen minutes before the present one; None where that is not known."""
    market = leg.market
    return None if market.mark is None else market.trail.earlier(market.arrival(market.mark))


def window_hours(leg: Leg, before: Sample) -> Decimal:
    """How long ago that exactly was."""
    assert leg.market.mark is not None
    return as_seconds(leg.market.arrival(leg.market.mark) - before.at_ms) / 3600


def _why_not(
    price: Decimal | None, distance: Decimal | None, volatility: Volatility, stale: bool, why: dict[str, str]
) -> str:
    """Why neither is known; empty where at least deviations are."""
    if price is None or distance is None:
        return why.get("to_liquidation") or why.get("liquidation_price") or NEVER
    if distance <= 0:
        return "it is in liquidation"
    if stale:
        return "the mark is old"
    if volatility.annual is None:
        return f"volatility: {volatility.why}" if volatility.why else NO_DAYS
    return "" if volatility.annual > 0 else "the price did not move"
