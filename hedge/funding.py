"""Funding: what a perpetual pays its holder, and what that makes a year.

A rate is a fraction per interval, signed as venues do: positive, longs pay shorts. A payment is positive when the
holder receives it, in the settle currency: a short earns on a positive rate. Sources: help centres of Binance, Bybit,
OKX and BitMEX, Deribit funding specifications; section 8 of the domain reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal

from msgspec import Struct

from hedge.exposure import ONE, ZERO, ratio, signed
from hedge.margin import notional
from hedge.market import HOURS_PER_YEAR, Side

SECONDS_PER_HOUR = Decimal(3600)
PREMIUM_PERIOD_HOURS = Decimal(8)
"""Interest and premium of the clamp formula are stated per 8 hours, whatever the interval."""


class Accrual(Struct, frozen=True):
    """How far the running interval is, what its stamp would pay, and the estimate so far (nothing is owed yet)."""

    elapsed_fraction: Decimal | None
    full_payment: Decimal | None
    accrued_estimate: Decimal | None


class Stamp(Struct, frozen=True):
    """One settlement: the rate that applied and the mark at that moment."""

    rate: Decimal
    mark: Decimal


class FundingHistory(Struct, frozen=True):
    """Payments over settled stamps; the mean rate and its APR keep the venue's sign."""

    total: Decimal
    mean_rate: Decimal | None
    realised_apr: Decimal | None


class BreakEven(Struct, frozen=True):
    """Stamps, and hours, until funding has paid a round trip; None where the rate is not in favour."""

    intervals: Decimal | None
    hours: Decimal | None


class CarryYield(Struct, frozen=True):
    """Funding income of a hedge: USD a year, on the spot value, and on all the capital tied up."""

    income_usd_per_year: Decimal
    apr_on_spot: Decimal | None
    apr_on_capital: Decimal | None


def funding_payment(
    *,
    inverse: bool,
    side: Side,
    contracts: Decimal,
    contract_size: Decimal,
    mark: Decimal | None,
    rate: Decimal | None,
) -> Decimal | None:
    """-s x notional at the mark x rate: quote currency of a linear contract, coins of an inverse one.

    Leverage does not matter. None without a mark or a rate.
    """
    size = notional(inverse=inverse, contracts=contracts, contract_size=contract_size, price=mark)
    return None if size is None or rate is None else -signed(side, size * rate)


def funding_payment_usd(
    *,
    inverse: bool,
    side: Side,
    contracts: Decimal,
    contract_size: Decimal,
    mark: Decimal | None,
    rate: Decimal | None,
    quote_usd: Decimal = ONE,
) -> Decimal | None:
    """The payment in USD: linear x USD per quote unit; inverse -s Q r, which does not depend on the mark."""
    if inverse:
        return None if rate is None else -signed(side, contracts * contract_size * rate)
    payment = funding_payment(
        inverse=False, side=side, contracts=contracts, contract_size=contract_size, mark=mark, rate=rate
    )
    return None if payment is None else payment * quote_usd


def funding_apr(*, rate: Decimal | None, interval_hours: Decimal | None) -> Decimal | None:
    """Simple annual rate r x 8760 / H, venue's sign. None without a rate or an interval."""
    if rate is None or interval_hours is None or interval_hours <= 0:
        return None
    return rate * HOURS_PER_YEAR / interval_hours


def funding_apy(*, rate: Decimal | None, interval_hours: Decimal | None) -> Decimal | None:
    """Compounded annual rate (1 + r)^(8760/H) - 1. None where it is not defined (no rate, or one below -100 %)."""
    if rate is None or interval_hours is None or interval_hours <= 0 or rate < -1:
        return None
    return (ONE + rate) ** (HOURS_PER_YEAR / interval_hours) - ONE


def hedger_apr(*, side: Side, apr: Decimal | None) -> Decimal | None:
    """The annual rate as the holder feels it: a short earns a positive rate."""
    return None if apr is None else -signed(side, apr)


def elapsed_fraction(*, interval_hours: Decimal | None, next_funding_in_s: Decimal | None) -> Decimal | None:
    """Share of the running interval that is over, 0 to 1: clock skew or an interval change never leave that range."""
    if interval_hours is None or next_funding_in_s is None or interval_hours <= 0:
        return None
    elapsed = ONE - next_funding_in_s / (interval_hours * SECONDS_PER_HOUR)
    return min(ONE, max(ZERO, elapsed))


def funding_accrual(
    *,
    inverse: bool,
    side: Side,
    contracts: Decimal,
    contract_size: Decimal,
    mark: Decimal | None,
    predicted_rate: Decimal | None,
    interval_hours: Decimal | None,
    next_funding_in_s: Decimal | None,
) -> Accrual:
    """Predicted payment and its share so far, settle currency: an estimate, since nothing is owed before the stamp."""
    fraction = elapsed_fraction(interval_hours=interval_hours, next_funding_in_s=next_funding_in_s)
    payment = funding_payment(
        inverse=inverse,
        side=side,
        contracts=contracts,
        contract_size=contract_size,
        mark=mark,
        rate=predicted_rate,
    )
    accrued = None if fraction is None or payment is None else payment * fraction
    return Accrual(elapsed_fraction=fraction, full_payment=payment, accrued_estimate=accrued)


def premium_index(*, impact_bid: Decimal, impact_ask: Decimal, index: Decimal) -> Decimal | None:
    """[max(0, impact bid - index) - max(0, index - impact ask)] / index. None where the index is not positive."""
    if index <= 0:
        return None
    return (max(ZERO, impact_bid - index) - max(ZERO, index - impact_ask)) / index


def premium_clamp_rate(
    *,
    premium: Decimal,
    interest_8h: Decimal,
    clamp: Decimal,
    interval_hours: Decimal = PREMIUM_PERIOD_HOURS,
    cap: Decimal | None = None,
    floor: Decimal | None = None,
) -> Decimal:
    """Premium plus clamped interest, per interval: (P + clamp(I - P, -c, +c)) x H/8, then cap and floor.

    Used by BitMEX, Binance, Bybit, Gate, Bitget and OKX. Inside the clamp the rate is the interest.
    """
    eight_hours = premium + _clamped(interest_8h - premium, floor=-clamp, cap=clamp)
    return _clamped(eight_hours * interval_hours / PREMIUM_PERIOD_HOURS, floor=floor, cap=cap)


def deadband_rate(
    *, premium: Decimal, deadband: Decimal, cap: Decimal | None = None, floor: Decimal | None = None
) -> Decimal:
    """Premium beyond a dead band, zero inside it: max(b, P) + min(-b, P). Deribit (per 8 h, accrued continuously)."""
    return _clamped(max(deadband, premium) + min(-deadband, premium), floor=floor, cap=cap)


def ma_clamp_rate(
    *, premium: Decimal, interest: Decimal = ZERO, cap: Decimal | None = None, floor: Decimal | None = None
) -> Decimal:
    """Averaged premium minus interest, clamped: OKX's original formula. `premium` is the moving average."""
    return _clamped(premium - interest, floor=floor, cap=cap)


def premium_over_24_rate(*, premium: Decimal, cap: Decimal | None = None, floor: Decimal | None = None) -> Decimal:
    """One hour's share of a daily premium, P/24, capped: Kraken, ACDX."""
    return _clamped(premium / 24, floor=floor, cap=cap)


def funding_history(
    *,
    inverse: bool,
    side: Side,
    contracts: Decimal,
    contract_size: Decimal,
    interval_hours: Decimal,
    stamps: Sequence[Stamp],
) -> FundingHistory:
    """What settled stamps paid a constant position, in the settle currency, each at the mark of its own stamp."""
    payments = [
        funding_payment(
            inverse=inverse,
            side=side,
            contracts=contracts,
            contract_size=contract_size,
            mark=stamp.mark,
            rate=stamp.rate,
        )
        for stamp in stamps
    ]
    mean_rate = ratio(sum((stamp.rate for stamp in stamps), ZERO), Decimal(len(stamps)))
    return FundingHistory(
        total=sum((payment for payment in payments if payment is not None), ZERO),
        mean_rate=mean_rate,
        realised_apr=funding_apr(rate=mean_rate, interval_hours=interval_hours),
    )


def funding_breakeven(
    *, side: Side, round_trip_cost: Decimal, rate: Decimal | None, interval_hours: Decimal
) -> BreakEven:
    """Stamps to wait until funding has paid for getting in and out: ceil(cost / rate in favour).

    The cost is a fraction of the notional. None where the rate is not in the holder's favour: it never breaks even.
    """
    favour = None if rate is None else -signed(side, rate)
    if favour is None or favour <= 0:
        return BreakEven(intervals=None, hours=None)
    intervals = max(ZERO, (round_trip_cost / favour).to_integral_value(ROUND_CEILING))
    return BreakEven(intervals=intervals, hours=intervals * interval_hours)


def breakeven_rate(*, round_trip_cost: Decimal, horizon_hours: Decimal, interval_hours: Decimal) -> Decimal | None:
    """The rate per interval that pays the cost within the horizon: cost / whole stamps in it; None for no stamp."""
    if interval_hours <= 0:
        return None
    return ratio(round_trip_cost, horizon_hours // interval_hours)


def carry_yield(
    *, funding_apr: Decimal, spot_value_usd: Decimal, hedge_ratio: Decimal, margin_usd: Decimal
) -> CarryYield:
    """Income of a short hedge: APR x hedged value, USD a year; over the spot value, and over spot plus margin."""
    income = funding_apr * spot_value_usd * hedge_ratio
    return CarryYield(
        income_usd_per_year=income,
        apr_on_spot=ratio(income, spot_value_usd),
        apr_on_capital=ratio(income, spot_value_usd + margin_usd),
    )


def _clamped(value: Decimal, *, floor: Decimal | None, cap: Decimal | None) -> Decimal:
    if cap is not None:
        value = min(value, cap)
    return value if floor is None else max(value, floor)
