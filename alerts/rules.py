"""Figures to readings: which level each rule sees in the newest rows. What is old or missing is said to be not known.

A row is judged whenever one of its inputs changed, and once a second for its age.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from alerts.levels import PRICE_DEADBAND, Levels, PriceLevel
from alerts.market_rules import judge_basis, judge_pace, measured
from alerts.samples import Samples
from alerts.values import BOOK, CAUTION, WARNING, Reading
from hedge.snapshot import NEVER, AccountRow, AssetRow, PositionRow, Totals

INSOLVENT = "insolvent"
"""How the reason begins why a ratio has no value: equity is zero or less."""


class Stops(Struct, frozen=True):
    """Prices of the mark that a person set on a position. They alert, they never act."""

    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None


NO_STOPS = Stops()


def is_old(row: PositionRow) -> bool:
    """Whether its mark, or the position itself where that is read from its venue, is too old to be believed."""
    return "mark" in row.stale or "position" in row.stale


def judge_leg(
    row: PositionRow, levels: Levels, samples: Samples | None = None, stops: Stops = NO_STOPS
) -> tuple[Reading, ...]:
    """Liquidation, presumed liquidation, leverage, and the person's own stops, of one leg."""
    fresh = row.mark is not None and row.ages.mark is not None and not is_old(row)
    readings = [
        _liquidation(row, levels, samples, fresh),
        _lost(row, samples, fresh),
        judge_pace(row, levels, fresh),
        _measured("leverage", row.id, row.effective_leverage, levels, fresh),
        judge_basis(row, levels),
    ]
    if stops.stop_loss is not None:
        readings.append(_stop("stop_loss", row, stops.stop_loss, row.side == "short", fresh))
    if stops.take_profit is not None:
        readings.append(_stop("take_profit", row, stops.take_profit, row.side == "long", fresh))
    return tuple(readings)


def judge_asset(row: AssetRow, levels: Levels) -> tuple[Reading, ...]:
    """Hedge drift of one coin, and the prices a person wants to hear about."""
    crossings = tuple(_crossed(level, row) for level in levels.prices.get(row.asset, ()))
    return (_drift(row, levels), *crossings)


def judge_account(row: AccountRow, levels: Levels, stale: bool = False) -> tuple[Reading, ...]:
    """Joint distance and margin ratio of one account; `stale` where the mark of any of its legs is."""
    never = row.why.get("joint_to_liquidation") == NEVER
    joint = (
        Reading("liquidation_joint", row.id, shrinking=True)
        if never
        else _measured("liquidation_joint", row.id, row.joint_to_liquidation, levels, not stale)
    )
    if _insolvent(row):
        ratio = Reading("margin_ratio", row.id, None, WARNING, WARNING, known=not stale)
    else:
        ratio = _measured("margin_ratio", row.id, row.margin_ratio, levels, not stale)
    return joint, ratio


def judge_totals(totals: Totals, levels: Levels) -> tuple[Reading, ...]:
    """Hedge drift of the whole book, and what its coins are worth against the last rebalance."""
    fresh = not totals.stale
    return (
        _measured("hedge_drift_total", BOOK, totals.drift, levels, fresh),
        _measured("book_value", BOOK, totals.value_change, levels, fresh),
    )


def _measured(rule: str, subject: str, value: Decimal | None, levels: Levels, fresh: bool) -> Reading:
    """A rule that compares one figure with its levels."""
    return measured(rule, rule, subject, value, levels, fresh)


def _liquidation(row: PositionRow, levels: Levels, samples: Samples | None, fresh: bool) -> Reading:
    """The move of the mark that liquidates it. A leg that no price liquidates is well."""
    threshold = levels.thresholds["liquidation"]
    value = row.to_liquidation
    if value is None and fresh and (_insolvent(row) or (row.margin_ratio is not None and row.margin_ratio >= 1)):
        return Reading("liquidation", row.id, None, WARNING, WARNING, True, threshold.limit(WARNING))
    if value is None and row.why.get("liquidation_price") == NEVER:
        return Reading("liquidation", row.id, shrinking=True)
    if value is None or not fresh:
        return Reading("liquidation", row.id, value, shrinking=True, known=False)
    level, hold = threshold.judge(value)
    suspicious = level > 0 and samples is not None and samples.suspicious
    return Reading("liquidation", row.id, value, level, hold, True, threshold.limit(hold), suspicious=suspicious)


def _insolvent(row: PositionRow | AccountRow) -> bool:
    return row.margin_ratio is None and row.why.get("margin_ratio", "").startswith(INSOLVENT)


def _lost(row: PositionRow, samples: Samples | None, fresh: bool) -> Reading:
    """Presumed liquidated: two samples of the mark at or beyond the liquidation price."""
    level = WARNING if samples is not None and samples.beyond >= 2 else 0
    return Reading("leg_lost", row.id, row.mark, level, level, threshold=row.liquidation_price, known=fresh)


def _stop(rule: str, row: PositionRow, price: Decimal, above: bool, fresh: bool) -> Reading:
    """A stop is hit where the venue would hit it: at the price."""
    if row.mark is None or not fresh:
        return Reading(rule, row.id, row.mark, threshold=price, known=False)
    level = CAUTION if (row.mark >= price if above else row.mark <= price) else 0
    back = price * (1 - PRICE_DEADBAND if above else 1 + PRICE_DEADBAND)
    hold = CAUTION if level or (row.mark > back if above else row.mark < back) else 0
    return Reading(rule, row.id, row.mark, level, hold, threshold=price)


def _crossed(level: PriceLevel, row: AssetRow) -> Reading:
    price = row.price
    if price is None or row.stale:
        return Reading("price", level.subject, price, threshold=level.price, known=False)
    broken = price > level.price if level.above else price < level.price
    back = level.price * (1 - PRICE_DEADBAND if level.above else 1 + PRICE_DEADBAND)
    held = broken or (price > back if level.above else price < back)
    return Reading("price", level.subject, price, CAUTION * broken, CAUTION * held, threshold=level.price)


def _drift(row: AssetRow, levels: Levels) -> Reading:
    """How far the hedge is from its target. A short with nothing held has no ratio, and is always a warning.

    Coins over coins need no price: only a proxy's ratio is old when prices are."""
    if row.status == "no_spot" and row.hedge_coin:
        return Reading("hedge_drift", row.asset, None, WARNING, WARNING, known=not row.positions_stale)
    if row.status in ("proxied", "no_spot"):
        return Reading("hedge_drift", row.asset)
    priced = row.beta is not None and row.beta != 1
    return _measured(
        "hedge_drift", row.asset, row.drift, levels, not row.positions_stale and not (priced and row.stale)
    )
