"""Figures to readings: at, above and below each level, inside its deadband, and without fresh data."""

from __future__ import annotations

from decimal import Decimal

import pytest
from alert_rows import SOL_LEG, account, decimal, doge, leg
from msgspec.structs import replace

from alerts.levels import DEFAULT_LEVELS, DEFAULTS, PriceLevel, UnknownRule, levels_from
from alerts.rules import Stops, judge_account, judge_asset, judge_leg, judge_totals
from alerts.samples import Samples, watch
from alerts.values import Reading
from hedge.liquidation import liquidation_distance
from hedge.portfolio.overrides import AlertOverrides
from hedge.snapshot import NEVER, Ages, PositionRow, Totals

D = Decimal


def by_rule(readings: tuple[Reading, ...]) -> dict[str, Reading]:
    return {each.rule: each for each in readings}


def levels(made: Reading) -> tuple[int, int]:
    return made.level, made.hold


# the default levels, as the design's table has them


@pytest.mark.parametrize(
    ("rule", "fires", "clears"),
    [
        ("liquidation", ("0.33", "0.20", "0.10"), ("0.396", "0.24", "0.12")),
        ("liquidation_joint", ("0.33", "0.20", "0.10"), ("0.396", "0.24", "0.12")),
        ("liquidation_pace", (None, "24", "6"), (None, "36", "9")),
        ("margin_ratio", ("0.10", "0.20", "0.40"), ("0.09", "0.18", "0.36")),
        ("hedge_drift", ("0.03", "0.05", "0.15"), ("0.015", "0.025", "0.075")),
        ("hedge_drift_total", ("0.03", "0.05", "0.15"), ("0.015", "0.025", "0.075")),
        ("leverage", ("3", "10", None), ("2.7", "9", None)),
        ("hedge_cost", ("0.05", "0.10", None), ("0.025", "0.05", None)),
        ("funding_persistent", ("-0.05", "-0.10", None), ("-0.025", "-0.05", None)),
        ("stablecoin", (None, "0.005", "0.02"), (None, "0.0025", "0.01")),
    ],
)
def test_default_levels(rule: str, fires: tuple[str | None, ...], clears: tuple[str | None, ...]) -> None:
    threshold = DEFAULTS[rule]
    assert threshold.fire == tuple(decimal(fire) for fire in fires)
    assert threshold.clears == tuple(decimal(clear) for clear in clears)


@pytest.mark.parametrize("rule", sorted(DEFAULTS))
def test_each_level_fires_strictly_beyond_and_clears_at_its_point(rule: str) -> None:
    threshold = DEFAULTS[rule]
    tiny = D("1e-9") * (1 if threshold.shrinking else -1)
    for level in (1, 2, 3):
        fire, clear = threshold.fire[level - 1], threshold.clears[level - 1]
        if fire is None or clear is None:
            continue
        assert threshold.judge(fire)[0] < level, "at the level is not beyond it"
        broken, held = threshold.judge(fire - tiny)
        assert broken >= level
        assert held >= level
        broken, held = threshold.judge(fire + tiny)
        assert broken < level, "on the good side"
        assert held >= level, "inside the deadband"
        assert threshold.judge(clear)[1] < level, "at the clearing point it is left"
        assert threshold.judge(clear - tiny)[1] >= level


@pytest.mark.parametrize(
    ("far", "expected"),
    [
        ("0.40", (0, 0)),
        ("0.39", (0, 1)),
        ("0.33", (0, 1)),
        ("0.3299", (1, 1)),
        ("0.23", (1, 2)),
        ("0.20", (1, 2)),
        ("0.1999", (2, 2)),
        ("0.11", (2, 3)),
        ("0.10", (2, 3)),
        ("0.0999", (3, 3)),
        ("0", (3, 3)),
        ("-0.02", (3, 3)),
    ],
)
def test_liquidation(far: str, expected: tuple[int, int]) -> None:
    made = by_rule(judge_leg(leg(far), DEFAULT_LEVELS))["liquidation"]
    assert levels(made) == expected
    assert (made.subject, made.value, made.shrinking, made.known) == (SOL_LEG, D(far), True, True)


@pytest.mark.parametrize(
    "row",
    [
        leg("0.05", stale=("mark",)),
        leg("0.05", ages=Ages()),
        leg("0.05", mark=None),
        leg(None, why={"liquidation_price": "its liquidation price needs the venue's tiers"}),
    ],
)
def test_liquidation_without_fresh_data_is_not_known(row: PositionRow) -> None:
    assert not by_rule(judge_leg(row, DEFAULT_LEVELS))["liquidation"].known


def test_a_stale_index_does_not_hide_the_distance() -> None:
    assert levels(by_rule(judge_leg(leg("0.05", stale=("index",)), DEFAULT_LEVELS))["liquidation"]) == (3, 3)


def test_what_is_never_liquidated_is_well_and_known() -> None:
    made = by_rule(judge_leg(leg(None, liquidation_price=None, why={"liquidation_price": NEVER}), DEFAULT_LEVELS))
    assert (levels(made["liquidation"]), made["liquidation"].known) == ((0, 0), True)


@pytest.mark.parametrize(
    "row",
    [
        leg(None, liquidation_price=None, margin_ratio=D("1.2")),
        leg(None, liquidation_price=None, why={"margin_ratio": "insolvent: equity is gone"}),
    ],
)
def test_below_maintenance_at_every_price_is_a_warning(row: PositionRow) -> None:
    made = by_rule(judge_leg(row, DEFAULT_LEVELS))["liquidation"]
    assert (levels(made), made.known) == ((3, 3), True)


@pytest.mark.parametrize(
    ("times", "expected"), [("2.7", (0, 0)), ("3", (0, 1)), ("3.01", (1, 1)), ("9.5", (1, 2)), ("10.1", (2, 2))]
)
def test_leverage(times: str, expected: tuple[int, int]) -> None:
    assert levels(by_rule(judge_leg(leg(effective_leverage=D(times)), DEFAULT_LEVELS))["leverage"]) == expected


@pytest.mark.parametrize(
    ("drift", "expected"),
    [
        ("0", (0, 0)),
        ("0.0151", (0, 1)),
        ("-0.03", (0, 2)),
        ("-0.0301", (1, 2)),
        ("0.05", (1, 2)),
        ("0.0501", (2, 2)),
        ("-0.0751", (2, 3)),
        ("-0.1501", (3, 3)),
        ("-2", (3, 3)),
    ],
)
def test_drift_has_two_sides(drift: str, expected: tuple[int, int]) -> None:
    made = by_rule(judge_asset(doge(drift), DEFAULT_LEVELS))["hedge_drift"]
    assert (levels(made), made.value, made.subject) == (expected, D(drift), "DOGE")
    total = judge_totals(Totals(drift=D(drift)), DEFAULT_LEVELS)[0]
    assert (levels(total), total.subject) == (expected, "book")


def test_drift_in_coins_needs_no_price_but_a_proxys_does() -> None:
    assert judge_asset(doge(stale=True), DEFAULT_LEVELS)[0].known
    assert not judge_asset(doge(stale=True, beta=D("1.2")), DEFAULT_LEVELS)[0].known
    assert not judge_asset(doge(None), DEFAULT_LEVELS)[0].known
    assert not judge_totals(Totals(drift=D("0.2"), stale=True), DEFAULT_LEVELS)[0].known


def test_a_short_with_nothing_held_is_a_warning() -> None:
    made = judge_asset(doge(None, status="no_spot", spot_quantity=D(0)), DEFAULT_LEVELS)[0]
    assert (levels(made), made.known, made.value) == ((3, 3), True, None)


def test_what_shares_a_proxys_short_has_no_drift_of_its_own() -> None:
    made = judge_asset(doge(None, status="proxied"), DEFAULT_LEVELS)[0]
    assert (levels(made), made.known) == ((0, 0), True)


def test_account() -> None:
    joint, ratio = judge_account(account("0.15", "0.25"), DEFAULT_LEVELS)
    assert (joint.rule, levels(joint), joint.subject) == ("liquidation_joint", (2, 2), "bybit-main")
    assert (ratio.rule, levels(ratio)) == ("margin_ratio", (2, 2))
    assert not any(each.known for each in judge_account(account("0.15", "0.25"), DEFAULT_LEVELS, stale=True))
    joint, ratio = judge_account(account(None, None), DEFAULT_LEVELS)
    assert not joint.known
    assert not ratio.known
    why = {"joint_to_liquidation": NEVER, "margin_ratio": "insolvent: equity is gone"}
    joint, ratio = judge_account(account(None, None, why=why), DEFAULT_LEVELS)
    assert (levels(joint), joint.known) == ((0, 0), True)
    assert (levels(ratio), ratio.known) == ((3, 3), True)


# a person's own levels


def test_own_levels_replace_the_defaults_one_by_one() -> None:
    own = levels_from({"hedge_drift": {"caution": "0.04", "warning": None, "clear": None}, "leverage": None})
    assert own.thresholds["hedge_drift"].fire == (D("0.03"), D("0.04"), D("0.15"))
    assert own.thresholds["hedge_drift"].clears[1] == D("0.02")
    assert own.thresholds["liquidation"] == DEFAULTS["liquidation"]
    wide = levels_from({"hedge_drift": {"clear": "0.2"}})
    assert wide.thresholds["hedge_drift"].clears[1] == D("0.01")


def test_own_levels_come_straight_from_the_portfolio_file() -> None:
    written = AlertOverrides.model_validate(
        {"hedge_drift": {"caution": "0.07"}, "price": [{"asset": "BTC", "above": "80000", "below": "50000"}]}
    )
    own = levels_from(written.model_dump())
    assert own.thresholds["hedge_drift"].fire[1] == D("0.07")
    assert own.prices == {"BTC": (PriceLevel("BTC", D(80000), True), PriceLevel("BTC", D(50000), False))}


def test_every_rule_that_the_file_may_override_is_known() -> None:
    rules = set(AlertOverrides.model_fields) - {"price"}
    assert levels_from({rule: {"caution": "1"} for rule in rules}).thresholds.keys() >= rules


def test_a_rule_without_levels_is_named() -> None:
    with pytest.raises(UnknownRule, match="feed has no levels"):
        levels_from({"feed": {"caution": "1"}})


# prices


@pytest.mark.parametrize(
    ("above", "price", "expected"),
    [
        (True, "80000", (0, 2)),
        (True, "80000.1", (2, 2)),
        (True, "79601", (0, 2)),
        (True, "79600", (0, 0)),
        (False, "80000", (0, 2)),
        (False, "79999.9", (2, 2)),
        (False, "80399", (0, 2)),
        (False, "80400", (0, 0)),
    ],
)
def test_price_levels(above: bool, price: str, expected: tuple[int, int]) -> None:
    own = levels_from({"price": [{"asset": "DOGE", "above" if above else "below": "80000"}]})
    made = judge_asset(doge("0", price=D(price)), own)[1]
    assert (made.rule, levels(made)) == ("price", expected)
    assert made.subject == f"DOGE/{'above' if above else 'below'}/80000"
    assert not judge_asset(doge("0", price=D(price), stale=True), own)[1].known
    assert not judge_asset(doge("0", price=None), own)[1].known


@pytest.mark.parametrize(
    ("side", "rule", "mark", "expected"),
    [
        ("short", "stop_loss", "199.99", (0, 2)),
        ("short", "stop_loss", "200", (2, 2)),
        ("short", "stop_loss", "199", (0, 0)),
        ("short", "take_profit", "200", (2, 2)),
        ("short", "take_profit", "201", (0, 0)),
        ("long", "stop_loss", "200", (2, 2)),
        ("long", "stop_loss", "201", (0, 0)),
        ("long", "take_profit", "200", (2, 2)),
        ("long", "take_profit", "199", (0, 0)),
    ],
)
def test_stops_are_hit_at_their_price(side: str, rule: str, mark: str, expected: tuple[int, int]) -> None:
    row = leg(side=side, mark=D(mark))
    made = by_rule(judge_leg(row, DEFAULT_LEVELS, stops=Stops(**{rule: D(200)})))
    assert levels(made[rule]) == expected
    assert {"stop_loss", "take_profit"} - {rule} not in set(made)
    assert not by_rule(judge_leg(leg(stale=("mark",)), DEFAULT_LEVELS, stops=Stops(D(200), D(100))))[rule].known


# samples


def sampled(*story: tuple[int, str, str | None]) -> Samples:
    """Marks and indexes as they arrive: (ms, mark, index)."""
    samples = None
    for at_ms, mark, index in story:
        row = leg(mark=D(mark), index=decimal(index), ages=Ages(mark=0.25, index=0.25))
        samples = watch(samples, row, at_ms + 250)
    assert samples is not None
    return samples


@pytest.mark.parametrize(
    ("story", "suspicious"),
    [
        ([(0, "100", "100"), (1_000, "105", "100")], False),
        ([(0, "100", "100"), (1_000, "105.01", "100")], True),
        ([(0, "100", "100"), (1_000, "94.9", "100")], True),
        ([(0, "100", "100"), (1_000, "110", "102.4")], True),
        ([(0, "100", "100"), (1_000, "110", "102.5")], False),
        ([(0, "100", "100"), (10_000, "110", "100")], True),
        ([(0, "100", "100"), (10_001, "110", "100")], False),
        ([(0, "100", None), (1_000, "110", None)], True),
        ([(0, "100", "100"), (1_000, "110", "100"), (1_100, "110.2", "100")], False),
        ([(0, "100", "100"), (1_000, "110", "100"), (1_100, "120", "100")], False),
        ([(0, "100", "100"), (1_000, "110", "100"), (1_100, "110", "100")], False),
        ([(0, "100", "100"), (1_000, "110", "100"), (1_000, "110", "110")], False),
        ([(0, "100", "100")], False),
    ],
)
def test_a_jump_is_suspicious_until_a_second_sample_or_the_index_confirms_it(
    story: list[tuple[int, str, str | None]], suspicious: bool
) -> None:
    samples = sampled(*story)
    assert samples.suspicious is suspicious
    made = by_rule(judge_leg(leg("0.05"), DEFAULT_LEVELS, samples))["liquidation"]
    assert (made.level, made.suspicious) == (3, suspicious)


def test_in_a_wild_market_the_jump_is_measured_in_sigmas() -> None:
    before = watch(None, leg(mark=D(100), index=D(100)), 0)
    after = leg(mark=D(107), index=D(100), ages=Ages(mark=0.0))
    calm, wild = watch(before, after, 1_000, D("0.001")), watch(before, after, 1_000, D("0.01"))
    assert calm is not None
    assert wild is not None
    assert (calm.suspicious, wild.suspicious) == (True, False)


def test_a_mark_that_only_grows_older_is_no_sample() -> None:
    first = watch(None, leg(mark=D(210), ages=Ages(mark=0.0)), 1_000)
    assert watch(first, leg(mark=D(210), ages=Ages(mark=2.0)), 3_000) is first
    assert watch(first, leg(mark=D(210), ages=Ages(mark=2.0), stale=("mark",)), 3_000) is first
    assert watch(None, leg(mark=None, ages=Ages()), 3_000) is None


@pytest.mark.parametrize(
    ("marks", "side", "lost"),
    [
        (["204.70"], "short", False),
        (["204.70", "204.70"], "short", True),
        (["204.69", "204.70"], "short", False),
        (["204.70", "204.69", "204.71"], "short", False),
        (["204.71", "204.80", "204.69"], "short", False),
        (["204.70", "204.70"], "long", True),
        (["204.71", "204.71"], "long", False),
    ],
)
def test_presumed_liquidated_on_two_samples_in_a_row(marks: list[str], side: str, lost: bool) -> None:
    samples, row = None, leg(side=side)
    for at, mark in enumerate(marks):
        far = liquidation_distance(side=side, mark=D(mark), liquidation_price=D("204.70"))  # type: ignore[arg-type]
        row = leg(str(far), side=side, mark=D(mark), ages=Ages(mark=0.0))
        samples = watch(samples, row, at * 1_000)
    made = by_rule(judge_leg(row, DEFAULT_LEVELS, samples))["leg_lost"]
    assert (made.level == 3) is lost
    assert (made.value, made.threshold) == (D(marks[-1]), D("204.70"))


def test_a_long_that_shares_its_margin_with_a_larger_short_ends_above_the_mark_and_is_not_lost() -> None:
    """Hedge mode: both sides of a symbol share one price, and it is a rally that reaches it."""
    row = leg("0.0981", side="long", margin_mode="cross", ages=Ages(mark=0.0))
    samples = watch(watch(None, row, 0), replace(row, mark=D("186.43")), 1_000)
    assert by_rule(judge_leg(row, DEFAULT_LEVELS, samples))["leg_lost"].level == 0
