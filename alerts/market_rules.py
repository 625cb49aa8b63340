"""What the market does to a leg: the pace towards liquidation, the basis, and funding that turned, lasts or is large.

Each takes the newest row. A rule with two measures, such as hours by pace and deviations, is one reading: that of the
measure that is further beyond its levels.
"""

from __future__ import annotations

from decimal import Decimal

from alerts.levels import AGAINST, LARGE, Levels
from alerts.values import ADVISORY, Reading
from hedge.snapshot import CALM, NEVER, PositionRow
from hedge.triggers import ADVERSE_SHARE

PACE, SIGMA = "liquidation_pace", "liquidation_sigma"
BASIS, BASIS_Z = "basis", "basis_z"


def judge_pace(row: PositionRow, levels: Levels, fresh: bool) -> Reading:
    """Hours left at the present pace, or deviations within the time a top-up takes, whichever is worse.

    A leg that no price liquidates is well, and so is one whose mark does not move towards liquidation. While the pace
    is not known, deviations alone may raise, but not clear."""
    if row.why.get("liquidation_price") == NEVER:
        return Reading(PACE, row.id, shrinking=True)
    hours = measured(PACE, PACE, row.id, row.hours_to_liquidation, levels, fresh)
    if row.why.get("hours_to_liquidation") == CALM and fresh:
        hours = Reading(PACE, row.id, shrinking=True)
    sigmas = measured(PACE, SIGMA, row.id, row.sigmas_to_liquidation, levels, fresh)
    return worse(hours, sigmas) if hours.known or sigmas.level else hours


def judge_basis(row: PositionRow, levels: Levels) -> Reading:
    """The mark away from its index, as a fraction or in deviations from its mean of seven days, whichever is worse.

    The row knows no basis while one of both prices is old."""
    absolute = measured(BASIS, BASIS, row.id, row.basis_pct, levels, True)
    return worse(absolute, measured(BASIS, BASIS_Z, row.id, row.basis_z, levels, True))


def judge_large(row: PositionRow, levels: Levels) -> Reading:
    """One predicted rate a year, as the hedger feels it: large for the hedge, or against it; no settled one."""
    fresh = row.funding_rate is not None and "funding" not in row.stale
    for_it = measured(LARGE, LARGE, row.id, row.funding_apr, levels, fresh)
    return worse(for_it, measured(LARGE, AGAINST, row.id, row.funding_apr, levels, fresh))


def judge_persistent(row: PositionRow, levels: Levels) -> Reading:
    """The mean of 72 hours of stamps against the hedger; it counts while nine tenths of those hours were."""
    rule = "funding_persistent"
    made = measured(rule, rule, row.id, row.funding_3d_apr, levels, True)
    share = row.funding_adverse_share
    if not made.known or share is None:
        return Reading(rule, row.id, row.funding_3d_apr, shrinking=True, known=False)
    return made if share >= ADVERSE_SHARE else Reading(rule, row.id, made.value, 0, made.hold, True, made.threshold)


def judge_flip(row: PositionRow) -> Reading:
    """Funding changed its sign for good. Its value is the predicted rate a year, as the hedger feels it."""
    flipped = row.funding_flipped
    level = ADVISORY if flipped else 0
    return Reading("funding_flip", row.id, row.funding_apr, level, level, known=flipped is not None)


def measured(
    rule: str, measure: str, subject: str, value: Decimal | None, levels: Levels, fresh: bool, note: str = ""
) -> Reading:
    """One figure of a rule against the levels of that figure."""
    threshold = levels.thresholds[measure]
    name, shrinking = "" if measure == rule else measure, threshold.shrinking
    if value is None or not fresh:
        return Reading(rule, subject, value, shrinking=shrinking, known=False, measure=name)
    level, hold = threshold.judge(value)
    return Reading(rule, subject, value, level, hold, shrinking, threshold.limit(hold), note=note, measure=name)


def worse(first: Reading, second: Reading) -> Reading:
    """Of two measures of one rule, the one that is further beyond its levels, else the first that is known."""
    if not second.known:
        return first
    if not first.known:
        return second
    return second if (second.level, second.hold) > (first.level, first.hold) else first
