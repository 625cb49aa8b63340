"""What changes slowly, and is judged once a second: funding, weights, cost of the hedge, money, old files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from alerts.levels import Levels
from alerts.market_rules import judge_flip, judge_large, judge_persistent, measured
from alerts.values import ADVISORY, BOOK, CAUTION, JOURNAL_FILE, WARNING, Reading
from hedge.snapshot import AccountRow, MoneyRow, PositionRow, Totals

FILE_OLD_S = 7 * 86_400
"""An account that was read from a file longer ago than this is an advisory."""


HEARTBEAT = "heartbeat"
"""The subject of `pager` for the address that is called while the monitor watches."""


def judge_slow(
    legs: Sequence[PositionRow],
    accounts: Sequence[AccountRow],
    money: Sequence[MoneyRow],
    totals: Totals,
    levels: Levels,
) -> tuple[Reading, ...]:
    """The slow rules of a whole snapshot."""
    readings = [reading for row in legs for reading in judge_funding(row, levels)]
    readings += [judge_money(row, levels) for row in money]
    ages = _file_ages(legs)
    readings += [judge_file(row, ages.get(row.id)) for row in accounts]
    return (*readings, *judge_rebalance(totals, levels))


def judge_funding(row: PositionRow, levels: Levels) -> tuple[Reading, ...]:
    """Funding of one leg: it turned, it lasts, it is large."""
    return judge_flip(row), judge_persistent(row, levels), judge_large(row, levels)


def judge_rebalance(totals: Totals, levels: Levels) -> tuple[Reading, ...]:
    """Weights against the last rebalance, and what the hedge costs a year of the value it protects."""
    moved = "" if totals.allocation_asset is None else totals.allocation_asset
    shift = measured("allocation", "allocation", BOOK, totals.allocation_shift, levels, not totals.stale, note=moved)
    return shift, measured("hedge_cost", "hedge_cost", BOOK, totals.hedge_cost, levels, True)


def judge_money(row: MoneyRow, levels: Levels) -> Reading:
    """A stablecoin off par. One that is only assumed to be at par is not known."""
    off = None if row.assumed else row.usd - 1
    return measured("stablecoin", "stablecoin", row.currency, off, levels, not row.stale)


def judge_edit(mistake: str) -> Reading:
    """The portfolio file as it is on disk: `mistake` says why an edit of it cannot be used; empty: it is in use."""
    level = CAUTION if mistake else 0
    return Reading("file", BOOK, None, level, level, note=mistake)


def judge_journal(trouble: str) -> Reading:
    """What cannot be written down would not survive a crash; `trouble` says why, empty: all is on the disk."""
    level = WARNING if trouble else 0
    return Reading("journal", BOOK, None, level, level, note=trouble)


def judge_memory(why: str) -> Reading:
    """A journal that is in memory only, because of `why`; empty: it is where it should be."""
    level = CAUTION if why else 0
    return Reading("file", JOURNAL_FILE, None, level, level, note=why)


def _file_ages(legs: Iterable[PositionRow]) -> dict[str, float]:
    """Seconds since the positions of each account were read, where the file says."""
    ages: dict[str, float] = {}
    for leg in legs:
        if leg.ages.position is not None:
            ages[leg.account] = max(leg.ages.position, ages.get(leg.account, 0.0))
    return ages


def judge_file(row: AccountRow, age_s: float | None) -> Reading:
    """How long ago an account was read, and isolated margins that follow from leverage and exceed its wallet.

    Its value is the age in whole days."""
    days = None if age_s is None else Decimal(int(age_s // 86_400))
    if row.short_of:
        return Reading("file", row.id, days, CAUTION, CAUTION, note=row.short_of)
    level = ADVISORY if age_s is not None and age_s > FILE_OLD_S else 0
    return Reading("file", row.id, days, level, level)


def judge_pager(channel: str, trouble: str) -> Reading:
    """A channel that brings no pages, or the heartbeat that reaches nobody; `trouble` says why, empty: it works."""
    level = 0 if not trouble else CAUTION if channel == HEARTBEAT else WARNING
    return Reading("pager", channel, None, level, level, note=trouble)
