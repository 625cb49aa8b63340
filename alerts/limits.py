"""The figures nearest to a limit, for a screen on which nothing is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal

from alerts.levels import Levels
from alerts.values import BOOK, level_name
from hedge.snapshot import AccountRow, AssetRow, Limit, PositionRow, Totals

Unit = Literal["percent", "points", "usd", "percent_a_year"]

NEAREST = 3


def nearest_limits(
    legs: Sequence[PositionRow],
    accounts: Sequence[AccountRow],
    assets: Sequence[AssetRow],
    totals: Totals,
    levels: Levels,
    count: int = NEAREST,
) -> tuple[Limit, ...]:
    """The `count` figures that are the nearest to the next level they would break, nearest first.

    Ties keep the order liquidation, joint, margin ratio, drift, and in each the file's."""
    found: list[Limit | None] = [*_legs(legs, levels), *_accounts(accounts, levels)]
    for row in assets:
        found.append(_limit(f"{row.asset} hedge drift", "hedge_drift", row.asset, row.drift, "points", levels))
    if len(assets) > 1:
        found.append(_limit("hedge drift, whole book", "hedge_drift_total", BOOK, totals.drift, "points", levels))
    return tuple(sorted((limit for limit in found if limit is not None), key=lambda limit: -limit.nearness)[:count])


def _legs(legs: Sequence[PositionRow], levels: Levels) -> Iterable[Limit | None]:
    of_asset = Counter(leg.asset for leg in legs)
    of_venue = Counter((leg.asset, leg.venue) for leg in legs)
    for leg in legs:
        where = ""
        if of_asset[leg.asset] > 1:
            where = f" {leg.venue}" if of_venue[leg.asset, leg.venue] == 1 else f" {leg.account}"
        yield _limit(f"{leg.asset} liquidation{where}", "liquidation", leg.id, leg.to_liquidation, "percent", levels)


def _accounts(accounts: Sequence[AccountRow], levels: Levels) -> Iterable[Limit | None]:
    of_venue = Counter(row.venue for row in accounts)
    for row in accounts:
        name = row.venue if of_venue[row.venue] == 1 else row.id
        joint = row.joint_to_liquidation
        yield _limit(f"{name}, all marks together", "liquidation_joint", row.id, joint, "percent", levels)
        yield _limit(f"{name} margin ratio", "margin_ratio", row.id, row.margin_ratio, "percent", levels)


def _limit(label: str, rule: str, subject: str, value: Decimal | None, unit: Unit, levels: Levels) -> Limit | None:
    """The next level that `value` would break; the warning where it broke them all. None where nothing is known."""
    threshold = levels.thresholds[rule]
    if value is None:
        return None
    broken, _ = threshold.judge(value)
    ahead = [number for number in (1, 2, 3) if number > broken and threshold.limit(number) is not None]
    level = ahead[0] if ahead else broken
    fire = threshold.limit(level)
    if fire is None or fire == 0:
        return None
    if threshold.shrinking:
        near = float(fire / value) if value > 0 else 1.0
    else:
        near = float((abs(value) if threshold.magnitude else value) / fire)
    return Limit(label, rule, subject, value, level_name(level), fire, unit, min(1.0, max(0.0, near)))
