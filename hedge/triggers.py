"""Measures that ask for a rebalance: value, allocation, funding, basis, cost.

A threshold is breached strictly: a figure on its threshold is not. Rates keep the venue's sign unless a docstring says
otherwise. Hysteresis and delays belong to the alerts. Source: section 12 of the domain reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from hedge.basis import basis_pct
from hedge.exposure import ONE, ZERO, ratio, signed
from hedge.market import HOURS_PER_YEAR, Side

ADVERSE_SHARE = Decimal("0.9")
"""Share of the hours that must go against the hedger before funding counts as persistent."""
MINIMUM_STAMPS = 3
MINUTES_HELD = Decimal(30)
"""How long a prediction must keep its sign to count like two settled stamps."""
JUMP_FLOOR = Decimal("0.05")
JUMP_SIGMAS = Decimal(8)
JUMP_INDEX_SHARE = Decimal("0.25")


class ValueTrigger(Struct, frozen=True):
    """Change of a value since the last rebalance, a fraction."""

    change: Decimal | None
    triggered: bool


class AllocationTrigger(Struct, frozen=True):
    """Largest change of a weight, and turnover: half the sum of all changes."""

    turnover: Decimal
    max_shift: Decimal
    triggered: bool


class RateStamp(Struct, frozen=True):
    """One settled rate and the hours it was for."""

    rate: Decimal
    interval_hours: Decimal


class FundingTrigger(Struct, frozen=True):
    """Funding over a window: mean APR as the holder feels it, and how much of the time it was against him."""

    mean_apr: Decimal | None
    adverse_share: Decimal | None
    """Of the hours, not of the stamps."""
    all_adverse: bool
    triggered: bool


class BasisTrigger(Struct, frozen=True):
    """Basis as a fraction of the index, and how many standard deviations from its mean."""

    pct: Decimal | None
    z: Decimal | None
    triggered: bool


def trigger_value(*, last_value: Decimal, value: Decimal, threshold: Decimal) -> ValueTrigger:
    """value / last_value - 1 against a threshold in either direction; None where the last value is zero."""
    quotient = ratio(value, last_value)
    change = None if quotient is None else quotient - ONE
    return ValueTrigger(change=change, triggered=change is not None and abs(change) > threshold)


def trigger_allocation(
    *, weights_old: Mapping[str, Decimal], weights_new: Mapping[str, Decimal], threshold: Decimal
) -> AllocationTrigger:
    """max |w - w0| against the threshold. An asset that is new or gone counts with weight 0."""
    assets = {**weights_old, **weights_new}
    shifts = [abs(weights_new.get(asset, ZERO) - weights_old.get(asset, ZERO)) for asset in assets]
    largest = max(shifts, default=ZERO)
    return AllocationTrigger(turnover=sum(shifts, ZERO) / 2, max_shift=largest, triggered=largest > threshold)


def last_hours(stamps: Sequence[RateStamp], hours: Decimal) -> tuple[RateStamp, ...]:
    """The newest stamps (they come oldest first) whose intervals fit into a window such as 72 hours."""
    taken: list[RateStamp] = []
    covered = ZERO
    for stamp in reversed(stamps):
        covered += stamp.interval_hours
        if covered > hours:
            break
        taken.append(stamp)
    return tuple(reversed(taken))


def persistent_funding(
    stamps: Sequence[RateStamp],
    *,
    apr_threshold: Decimal,
    side: Side = "short",
    minimum_stamps: int = MINIMUM_STAMPS,
) -> FundingTrigger:
    """Funding that stays against the holder: 90 % of the hours, and the hour-weighted mean APR below the threshold.

    `apr_threshold` and the mean have the holder's sign: negative is a cost. Intervals may differ from stamp to stamp.
    Fewer than `minimum_stamps` measure, but do not trigger.
    """
    hours = sum((stamp.interval_hours for stamp in stamps), ZERO)
    adverse = [stamp for stamp in stamps if signed(side, stamp.rate) > 0]
    mean_apr = ratio(-signed(side, sum((stamp.rate for stamp in stamps), ZERO)) * HOURS_PER_YEAR, hours)
    share = ratio(sum((stamp.interval_hours for stamp in adverse), ZERO), hours)
    return FundingTrigger(
        mean_apr=mean_apr,
        adverse_share=share,
        all_adverse=bool(stamps) and len(adverse) == len(stamps),
        triggered=len(stamps) >= minimum_stamps
        and mean_apr is not None
        and share is not None
        and share >= ADVERSE_SHARE
        and mean_apr < apr_threshold,
    )


def trigger_funding(
    *,
    rates: Sequence[Decimal],
    interval_hours: Decimal,
    window: int,
    apr_threshold: Decimal,
    side: Side = "short",
) -> FundingTrigger:
    """`persistent_funding` over the last `window` stamps of one interval, oldest first."""
    newest = rates[-window:] if window > 0 else ()
    return persistent_funding(
        [RateStamp(rate=rate, interval_hours=interval_hours) for rate in newest],
        apr_threshold=apr_threshold,
        side=side,
        minimum_stamps=min(window, MINIMUM_STAMPS) if window > 0 else MINIMUM_STAMPS,
    )


def funding_flipped(
    rates: Sequence[Decimal], *, predicted: Decimal | None = None, predicted_held_minutes: Decimal = ZERO
) -> bool:
    """Whether the sign has changed for good: in two successive stamps, or in a prediction held for 30 minutes.

    `rates` are settled, oldest first; a zero has no sign and is passed over. A first stamp that the prediction upholds
    counts as well, so that one change stays one from the prediction to its second stamp.
    """
    signs = [rate > 0 for rate in rates if rate != 0]
    if predicted is not None and predicted != 0 and signs and predicted_held_minutes >= MINUTES_HELD:
        if (predicted > 0) != signs[-1]:
            return True
        if len(signs) >= 2 and signs[-1] != signs[-2]:
            return True
    return len(signs) >= 3 and signs[-1] == signs[-2] != signs[-3]


def hedge_cost(
    *, funding_usd: Decimal, fees_usd: Decimal, hours: Decimal, protected_usd: Decimal | None
) -> Decimal | None:
    """-(funding + fees) a year over the value protected: positive is what the insurance costs, a fraction.

    Both amounts are the holder's (fees negative), over `hours`. None without time or value.
    """
    if protected_usd is None or protected_usd <= 0 or hours <= 0:
        return None
    return -(funding_usd + fees_usd) * HOURS_PER_YEAR / hours / protected_usd


def z_score(*, value: Decimal | None, mean: Decimal | None, std: Decimal | None) -> Decimal | None:
    """(value - mean) / std; None where one is missing or nothing ever moved."""
    if value is None or mean is None or std is None or std <= 0:
        return None
    return (value - mean) / std


def trigger_basis(
    *,
    perp: Decimal | None,
    spot: Decimal | None,
    mean_pct: Decimal | None = None,
    std_pct: Decimal | None = None,
    z_threshold: Decimal | None = None,
    pct_threshold: Decimal | None = None,
) -> BasisTrigger:
    """Basis widening either way: |z| above its threshold, or |pct| above an absolute one; prices in one currency."""
    pct = basis_pct(perp=perp, spot=spot)
    z = z_score(value=pct, mean=mean_pct, std=std_pct)
    wide = z is not None and z_threshold is not None and abs(z) > z_threshold
    far = pct is not None and pct_threshold is not None and abs(pct) > pct_threshold
    return BasisTrigger(pct=pct, z=z, triggered=wide or far)


def suspicious_jump(
    *,
    mark_before: Decimal,
    mark_now: Decimal,
    index_before: Decimal,
    index_now: Decimal,
    sigma_minute: Decimal = ZERO,
) -> bool:
    """A mark that moved more than max(5 %, 8 sigma of a minute) while its index moved less than a quarter of that.

    The two samples are at most ten seconds apart and above zero; `sigma_minute` is a fraction.
    """
    mark_move = abs(mark_now / mark_before - ONE)
    index_move = abs(index_now / index_before - ONE)
    return mark_move > max(JUMP_FLOOR, JUMP_SIGMAS * sigma_minute) and index_move < JUMP_INDEX_SHARE * mark_move
