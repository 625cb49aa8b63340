"""Pace, basis, funding, cost, weights, money and files: at, above and below each level, and without fresh data."""

from __future__ import annotations

from decimal import Decimal

import pytest
from alert_rows import SOL_LEG, account, decimal, leg

from alerts.levels import DEFAULT_LEVELS, levels_from
from alerts.market_rules import judge_basis, judge_flip, judge_large, judge_pace, judge_persistent
from alerts.rules import judge_leg, judge_totals
from alerts.slow_rules import judge_file, judge_money, judge_rebalance, judge_slow
from alerts.values import Reading
from hedge.snapshot import CALM, NEVER, Ages, MoneyRow, PositionRow, Totals

D = Decimal


def levels(made: Reading) -> tuple[int, int]:
    return made.level, made.hold


def paced(hours: str | None, sigmas: str | None = "9", why: str = "it needs fifteen minutes of marks") -> PositionRow:
    reasons = {} if hours is not None else {"hours_to_liquidation": why}
    return leg(hours_to_liquidation=decimal(hours), sigmas_to_liquidation=decimal(sigmas), why=reasons)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [("36", (0, 0)), ("35.9", (0, 2)), ("24", (0, 2)), ("23.9", (2, 2)), ("9", (2, 2)), ("8.9", (2, 3)), ("6", (2, 3)),
     ("5.9", (3, 3))],
)  # fmt: skip
def test_hours_left(hours: str, expected: tuple[int, int]) -> None:
    made = judge_pace(paced(hours), DEFAULT_LEVELS, True)
    assert (made.rule, made.subject, made.measure, made.shrinking) == ("liquidation_pace", SOL_LEG, "", True)
    assert (levels(made), made.value) == (expected, D(hours))


@pytest.mark.parametrize(
    ("sigmas", "expected"),
    [("4.5", (0, 0)), ("4.4", (0, 2)), ("3", (0, 2)), ("2.9", (2, 3)), ("2", (2, 3)), ("1.9", (3, 3))],
)
def test_deviations_within_the_time_of_a_top_up(sigmas: str, expected: tuple[int, int]) -> None:
    made = judge_pace(paced(None, sigmas, CALM), DEFAULT_LEVELS, True)
    assert levels(made) == expected
    assert made.measure == ("liquidation_sigma" if expected != (0, 0) else "")


def test_the_worse_of_both_measures_speaks() -> None:
    both = judge_pace(paced("20", "1.5"), DEFAULT_LEVELS, True)
    assert (both.level, both.measure, both.value) == (3, "liquidation_sigma", D("1.5"))
    assert judge_pace(paced("5", "2.5"), DEFAULT_LEVELS, True).measure == ""


def test_deviations_alone_may_raise_and_never_clear() -> None:
    """Without fifteen minutes of marks the pace is not known."""
    assert judge_pace(paced(None, "2.5"), DEFAULT_LEVELS, True).level == 2
    assert not judge_pace(paced(None, "9"), DEFAULT_LEVELS, True).known


def test_no_pace_towards_liquidation_is_well() -> None:
    assert levels(judge_pace(paced(None, None, CALM), DEFAULT_LEVELS, True)) == (0, 0)
    never = leg(None, liquidation_price=None, why={"liquidation_price": NEVER, "hours_to_liquidation": NEVER})
    assert judge_pace(never, DEFAULT_LEVELS, True).known


def test_an_old_mark_has_no_pace() -> None:
    assert not judge_pace(paced("2"), DEFAULT_LEVELS, False).known


@pytest.mark.parametrize(
    ("pct", "z", "expected", "measure"),
    [
        ("0.005", "0", (0, 1), ""),
        ("0.0051", "0", (1, 1), ""),
        ("-0.0051", "0", (1, 1), ""),
        ("0.0151", "0", (2, 2), ""),
        ("0.0024", "0", (0, 0), ""),
        ("0.0004", "3.1", (1, 2), "basis_z"),
        ("0.0004", "-5.1", (2, 2), "basis_z"),
        ("0.0004", "1.4", (0, 0), ""),
        ("0.016", "3.1", (2, 2), ""),
        ("0.0051", None, (1, 1), ""),
    ],
)
def test_basis(pct: str, z: str | None, expected: tuple[int, int], measure: str) -> None:
    made = judge_basis(leg(basis_pct=D(pct), basis_z=decimal(z)), DEFAULT_LEVELS)
    assert (levels(made), made.measure) == (expected, measure)


def test_a_basis_that_is_not_known_says_nothing() -> None:
    assert not judge_basis(leg(basis_pct=None, basis_z=None), DEFAULT_LEVELS).known


@pytest.mark.parametrize(
    ("apr", "expected", "measure"),
    [
        ("0.50", (0, 1), ""),
        ("0.51", (1, 1), ""),
        ("0.25", (0, 0), ""),
        ("-0.50", (0, 2), "funding_against"),
        ("-0.51", (2, 2), "funding_against"),
        ("-0.25", (0, 0), ""),
    ],
)
def test_one_large_rate(apr: str, expected: tuple[int, int], measure: str) -> None:
    made = judge_large(leg(funding_apr=D(apr)), DEFAULT_LEVELS)
    assert (levels(made), made.measure, made.value) == (expected, measure, D(apr))
    assert not judge_large(leg(funding_apr=D(apr), stale=("funding",)), DEFAULT_LEVELS).known


def test_own_levels_of_a_large_rate_stand_on_their_own_sides() -> None:
    own = levels_from({"funding_large": {"advisory": "0.8", "caution": "-0.2"}})
    assert judge_large(leg(funding_apr=D("0.6")), own).level == 0
    assert judge_large(leg(funding_apr=D("0.9")), own).level == 1
    assert judge_large(leg(funding_apr=D("-0.21")), own).level == 2
    assert levels_from({"funding_large": {"caution": "0.2"}}).thresholds["funding_against"].fire[1] == D("-0.2")


@pytest.mark.parametrize(
    ("mean", "share", "expected"),
    [
        ("-0.05", "1", (0, 1)),
        ("-0.051", "1", (1, 2)),
        ("-0.101", "0.9", (2, 2)),
        ("-0.101", "0.89", (0, 2)),
        ("-0.025", "1", (0, 0)),
        ("0.2", "0", (0, 0)),
    ],
)
def test_funding_that_lasts(mean: str, share: str, expected: tuple[int, int]) -> None:
    row = leg(funding_3d_apr=D(mean), funding_adverse_share=D(share))
    assert levels(judge_persistent(row, DEFAULT_LEVELS)) == expected


def test_funding_without_history_is_not_known() -> None:
    assert not judge_persistent(leg(), DEFAULT_LEVELS).known
    assert not judge_flip(leg()).known


def test_a_flip_is_an_advisory_while_it_is_new() -> None:
    made = judge_flip(leg(funding_flipped=True, funding_apr=D("-0.03")))
    assert (levels(made), made.value) == ((1, 1), D("-0.03"))
    assert levels(judge_flip(leg(funding_flipped=False))) == (0, 0)


def test_the_book_against_its_last_rebalance() -> None:
    _, value = judge_totals(Totals(drift=D(0), value_change=D("-0.21")), DEFAULT_LEVELS)
    assert (value.rule, levels(value)) == ("book_value", (1, 1))
    shift, cost = judge_rebalance(Totals(allocation_shift=D("0.101"), allocation_asset="SOL"), DEFAULT_LEVELS)
    assert (shift.rule, levels(shift), shift.note) == ("allocation", (1, 1), "SOL")
    assert not cost.known
    _, cost = judge_rebalance(Totals(hedge_cost=D("0.06")), DEFAULT_LEVELS)
    assert levels(cost) == (1, 2)
    old = Totals(value_change=D("-0.3"), allocation_shift=D("0.3"), stale=True)
    assert not judge_totals(old, DEFAULT_LEVELS)[1].known
    assert not judge_rebalance(old, DEFAULT_LEVELS)[0].known


@pytest.mark.parametrize(
    ("usd", "expected"), [("0.995", (0, 2)), ("0.9949", (2, 2)), ("0.979", (3, 3)), ("1.006", (2, 2))]
)
def test_a_stablecoin_off_par(usd: str, expected: tuple[int, int]) -> None:
    made = judge_money(MoneyRow("USDT", D(usd), "bybit"), DEFAULT_LEVELS)
    assert (made.subject, levels(made)) == ("USDT", expected)


def test_an_assumed_par_is_not_known_to_hold() -> None:
    assert not judge_money(MoneyRow("USDT", D(1), assumed=True), DEFAULT_LEVELS).known
    assert not judge_money(MoneyRow("USDT", D("0.9"), stale=True), DEFAULT_LEVELS).known


def test_an_old_file_is_an_advisory_and_too_little_collateral_a_caution() -> None:
    week = 7 * 86_400.0
    assert levels(judge_file(account(), None)) == levels(judge_file(account(), week)) == (0, 0)
    made = judge_file(account(), week + 1)
    assert (made.rule, made.subject, levels(made), made.value) == ("file", "bybit-main", (1, 1), D(7))
    assert levels(judge_file(account(short_of="too little"), week)) == (2, 2)


def test_every_rule_of_a_leg_is_judged_on_each_of_its_updates() -> None:
    assert [made.rule for made in judge_leg(leg(), DEFAULT_LEVELS)] == [
        "liquidation",
        "leg_lost",
        "liquidation_pace",
        "leverage",
        "basis",
    ]


def test_an_account_is_as_old_as_its_oldest_position() -> None:
    legs = (leg(ages=Ages(position=60.0)), leg(ages=Ages(position=8 * 86_400.0)), leg())
    made = [each for each in judge_slow(legs, (account(),), (), Totals(), DEFAULT_LEVELS) if each.rule == "file"]
    assert [(each.level, each.value) for each in made] == [(1, 8)]


def test_the_slow_rules_of_a_snapshot() -> None:
    rules = [
        made.rule for made in judge_slow((leg(),), (account(),), (MoneyRow("USDT", D(1)),), Totals(), DEFAULT_LEVELS)
    ]
    assert rules == [
        "funding_flip",
        "funding_persistent",
        "funding_large",
        "stablecoin",
        "file",
        "allocation",
        "hedge_cost",
    ]
