"""Silence as an alert: which feeds, how loud, and from when."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from alert_rows import LINK_LEG, SOL_LEG, doge, feed, leg, link

from alerts.feed_rules import hot_legs, judge_feeds, reads, silent_legs
from alerts.machine import step
from alerts.values import Judged, Reading, State
from hedge.snapshot import Ages, FeedRow

HOUR = 3_600_000


def level(made: tuple[Reading, ...], subject: str) -> int:
    return next(each.level for each in made if each.subject == subject)


def test_a_live_feed_with_fresh_figures_is_well() -> None:
    made = judge_feeds((feed("bybit-linear", "live", age_s=0.2),), (leg(),), waited_ms=HOUR)
    assert [(each.rule, each.subject, each.level, each.known) for each in made] == [("feed", "bybit-linear", 0, True)]


@pytest.mark.parametrize("state", ["live", "stale", "backing_off", "blocked", "dialling", "subscribing"])
def test_a_stale_leg_is_a_caution_whatever_the_feed_says(state: str) -> None:
    made = judge_feeds((feed(state=state, age_s=14.2),), (link(),), waited_ms=HOUR)
    assert (made[0].level, made[0].hold, made[0].value) == (2, 2, Decimal(14))


@pytest.mark.parametrize(
    ("row", "hot", "expected"),
    [
        (link(to_liquidation=Decimal("0.1999")), (), 3),
        (link(to_liquidation=Decimal("0.2")), (), 2),
        (link(to_liquidation=Decimal("0.5")), (LINK_LEG,), 3),
        (link(to_liquidation=None), (), 2),
        (link(2.0, stale=("funding",)), (), 2),
        (link(2.0), (LINK_LEG,), 0),
    ],
)
def test_stale_under_a_hot_leg_is_a_warning(row: Any, hot: tuple[str, ...], expected: int) -> None:
    assert judge_feeds((feed(),), (row,), hot=hot)[0].level == expected


def test_only_the_feed_that_brings_a_figure_is_blamed() -> None:
    rows = (feed("bybit-linear", "live", age_s=0.1), feed("mexc-futures", "live"))
    made = judge_feeds(rows, (leg(), link()))
    assert (level(made, "bybit-linear"), level(made, "mexc-futures")) == (0, 2)


@pytest.mark.parametrize(
    ("state", "waited_ms", "expected"),
    [
        ("dialling", 9_999, 0),
        ("dialling", 10_000, 2),
        ("live", 10_000, 2),
        ("backing_off", 4_999, 0),
        ("backing_off", 5_000, 2),
        ("blocked", 5_000, 2),
    ],
)
def test_what_never_came_is_a_caution_after_a_while(state: str, waited_ms: int, expected: int) -> None:
    made = judge_feeds((feed(state=state, reason="name not resolved"),), (link(None),), waited_ms=waited_ms)
    assert made[0].level == expected
    assert made[0].value is None


def test_a_feed_for_which_nothing_waits_is_judged_by_itself() -> None:
    def alone(state: str, age_s: float | None = None, waited_ms: int = HOUR) -> int:
        return judge_feeds((feed("binance-spot", state, age_s=age_s),), (leg(),), waited_ms=waited_ms)[0].level

    assert alone("blocked", 1.0) == 2
    assert alone("backing_off") == 2
    assert alone("backing_off", waited_ms=4_999) == 0
    assert alone("backing_off", 1.0) == 0, "it redials, and nothing is old yet"
    assert alone("live") == 0


def test_a_stale_price_of_a_coin_without_a_leg() -> None:
    rows = (feed("binance-spot", "backing_off", age_s=8.0),)
    assert judge_feeds(rows, (), (doge(price_source="binance-spot mid", stale=True),))[0].level == 2
    assert judge_feeds(rows, (), (doge(price_source="binance-spot mid"),))[0].level == 0
    assert judge_feeds(rows, (), (doge(price_source="bingx-swap index", stale=True),))[0].level == 0


@pytest.mark.parametrize("name", ["binance-facts", "binance-history", "binance-rest"])
def test_what_is_read_now_and_then_counts_only_when_the_streams_are_well(name: str) -> None:
    facts = feed(name, "backing_off", reason="name not resolved")
    assert judge_feeds((facts,), (), waited_ms=19_999)[0].level == 0
    assert judge_feeds((facts,), (), waited_ms=20_000)[0].level == 2
    for stream, expected in (("binance-usdm", 0), ("bybit-linear", 2)):
        made = judge_feeds((facts, feed(stream, "backing_off")), (), waited_ms=HOUR)
        assert level(made, name) == expected


def test_a_venue_that_no_feed_reads_is_named() -> None:
    rows = (feed("bybit-linear", "live", age_s=0.1),)
    assert level(judge_feeds(rows, (leg(), link(None)), waited_ms=9_999), "mexc") == 0
    assert level(judge_feeds(rows, (leg(), link(None)), waited_ms=10_000), "mexc") == 2


@pytest.mark.parametrize(
    ("name", "inverse", "expected"),
    [
        ("bybit-linear", False, True),
        ("bybit-linear", True, False),
        ("bybit-inverse", True, True),
        ("bybit-inverse", False, False),
        ("bybit-linear", None, True),
        ("bybit-spot", False, False),
        ("bybit-facts", False, False),
        ("bybit-history", False, False),
        ("bybit-rest", False, False),
        ("binance-usdm", False, False),
        ("bybit", False, True),
    ],
)
def test_before_any_data_a_feed_is_found_by_its_name(name: str, inverse: bool | None, expected: bool) -> None:
    row = leg(inverse=inverse, ages=Ages(), sources={"position": "file"})
    assert reads(name, row) is expected
    assert bool(silent_legs(name, (row,))) is expected


def test_hot_legs_are_those_with_a_standing_caution_of_their_own_or_their_account() -> None:
    def state(rule: str, subject: str, level: int) -> State:
        return step(State(), Judged(Reading(rule, subject, Decimal(1), level, level), 0))[0]

    rows = (leg(), link())
    assert hot_legs(State(), rows) == frozenset()
    assert hot_legs(state("liquidation", SOL_LEG, 3), rows) == {SOL_LEG}
    assert hot_legs(state("liquidation_joint", "mexc-main", 3), rows) == {LINK_LEG}
    assert hot_legs(state("feed", "mexc-main", 3), rows) == frozenset(), "silence does not make itself hot"
    assert hot_legs(state("liquidation", SOL_LEG, 1), rows) == frozenset()


def test_it_is_over_after_ten_seconds_of_fresh_data() -> None:
    state = State()
    for row, at in ((link(), 0), *((link(1.0), at * 1_000) for at in range(1, 12))):
        for made in judge_feeds((FeedRow("mexc-futures", "live"),), (row,)):
            state, _ = step(state, Judged(made, at))
    assert state.alerts["feed", "mexc-futures"].shown == "rtn_unack"
