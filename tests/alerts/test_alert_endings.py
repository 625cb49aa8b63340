"""Latches, shelves, silence, restarts, edits, pages and floods: T9 to T15."""

from __future__ import annotations

from decimal import Decimal

import pytest
from alert_cases import HOUR, LEG, LIQUIDATION, MINUTE, SECOND, Life, raised, reading

from alerts.machine import durable, replay, step
from alerts.values import (
    Ack,
    Annunciate,
    Judged,
    Removed,
    Restarted,
    Ring,
    State,
    Tick,
    UnshelveAsked,
)

# T9


@pytest.mark.parametrize("rule", [LIQUIDATION, "liquidation_joint", "leg_lost"])
def test_t9_a_warning_of_liquidation_latches(rule: str) -> None:
    life = Life(rule).judge(3)
    life.now += SECOND
    life.stay(30 * SECOND, 0)
    assert life.shown == "latch_unack"
    assert "answer it first" in life.reset().refused
    assert life.ack().shown == "latch_ack"
    assert life.reset().state.alerts == {}
    assert life.lines[-1].what == "reset"


def test_t9_no_reset_while_it_is_true() -> None:
    life = Life(LIQUIDATION).judge(3)
    life.ack()
    assert "still true" in life.reset().refused
    assert "nothing to reset" in raised(3).reset().refused


def test_t9_a_caution_of_liquidation_does_not_latch() -> None:
    life = raised(2, LIQUIDATION).ack()
    life.now += SECOND
    life.stay(30 * SECOND, 0)
    assert life.state.alerts == {}


def test_t9_a_latch_survives_a_new_episode() -> None:
    life = Life(LIQUIDATION).judge(3).ack()
    life.now += SECOND
    life.stay(30 * SECOND, 0)
    life.now += SECOND
    life.stay(5 * SECOND, 1)
    assert (life.shown, life.alert.level, life.alert.episode) == ("unack", 1, 2)
    life.now += SECOND
    life.stay(30 * SECOND, 0)
    assert (life.shown, life.alert.painted) == ("latch_unack", 3)


# T10


def test_t10_a_shelf_ends_by_itself_and_asks_again() -> None:
    life = raised(2).shelve(HOUR, "after the stamp")
    assert (life.shown, life.effects[0].note) == ("shelved", "after the stamp")
    assert life.tick(HOUR - 1).shown == "shelved"
    assert life.tick(1).shown == "unack"
    assert life.said == ["shelf_ended"]


@pytest.mark.parametrize(("level", "longest"), [(1, 24 * HOUR), (2, 4 * HOUR), (3, 30 * MINUTE)])
def test_t10_shelving_has_a_bound_and_wants_a_reason(level: int, longest: int) -> None:
    assert "at most" in raised(level).shelve(longest + 1).refused
    assert "at most" in raised(level).shelve(0).refused
    assert "needs a reason" in raised(level).shelve(longest, "  ").refused
    assert raised(level).shelve(longest).shown == "shelved"


def test_t10_the_loss_of_a_feed_under_a_hot_leg_cannot_be_shelved() -> None:
    assert "cannot be shelved" in Life("feed").judge(3).shelve(MINUTE).refused
    assert Life("feed").judge(2).shelve(MINUTE).shown == "shelved"


def test_t10_a_shelved_alert_can_neither_be_answered_nor_called_worse() -> None:
    life = raised(2).shelve(HOUR)
    assert "shelved" in life.ack().refused
    life.judge(2, value="0.9")
    assert life.shown == "shelved"


def test_t10_taken_off_the_shelf_early() -> None:
    life = raised(2).shelve(HOUR)
    life.send(UnshelveAsked(life.alert.id, 2, life.now, "ana"))
    assert (life.shown, life.said) == ("unack", ["unshelved"])
    life.send(UnshelveAsked(life.alert.id, 2, life.now, "ana"))
    assert "not shelved" in life.refused


def test_t10_the_shelf_covers_only_the_level_it_fell_to() -> None:
    life = raised(3)
    life.shelve(30 * MINUTE)
    life.now += SECOND
    life.stay(30 * SECOND, 2)
    assert life.alert.shelf is not None
    assert (life.shown, life.alert.shelf.level) == ("shelved", 2)
    life.judge(3)
    assert (life.shown, life.said) == ("unack", ["rose"])


def test_t10_a_shelved_caution_that_is_over_still_wants_an_answer() -> None:
    life = raised(2).shelve(4 * HOUR)
    life.now += SECOND
    life.stay(30 * SECOND, 0)
    assert life.shown == "rtn_unack"


# T11


def test_t11_raise_timers_run_on_without_data() -> None:
    life = Life().judge(2)
    life.now += SECOND
    life.judge(0, known=False)
    assert life.tick(SECOND).shown == "unack"
    assert not life.alert.known


def test_t11_nothing_falls_without_data_and_the_last_value_stands() -> None:
    life = raised(2, value="0.077")
    life.now += SECOND
    life.stay(5 * MINUTE, 0, known=False, value=None)
    assert (life.shown, life.alert.level, life.alert.value) == ("unack", 2, Decimal("0.077"))
    life.ack()
    assert life.shown == "acked"


# T12


def restarted(life: Life, downtime_ms: int, clean: bool = False, at_ms: int = 5_000) -> Life:
    """The same life read from its journal by a monitor whose clock began anew."""
    again = Life(life.rule, life.subject)
    again.state = replay(life.lines)
    again.now = at_ms
    return again.send(Restarted(at_ms, life.now, downtime_ms, clean, "ana"))


def test_t12_what_was_asked_is_asked_again_with_the_same_page() -> None:
    life = raised(3)
    again = restarted(life, MINUTE)
    assert (again.shown, again.alert.known) == ("unack", False)
    assert life.pages[-1] in again.pages
    assert again.alert.since_ms == life.alert.since_ms + (5_000 - MINUTE - life.now)


@pytest.mark.parametrize(("downtime", "shown"), [(15 * MINUTE, "acked"), (15 * MINUTE + 1, "unack")])
def test_t12_an_answer_survives_a_short_absence(downtime: int, shown: str) -> None:
    again = restarted(raised(1).ack(), downtime)
    assert again.shown == shown
    assert len(set(again.pages)) == len(again.pages)


def test_t12_the_age_of_an_answer_counts_the_absence() -> None:
    life = raised(2).ack()
    life.now += 20 * MINUTE
    again = restarted(life, 10 * MINUTE)
    assert again.tick(0).shown == "unack"


@pytest.mark.parametrize(("clean", "level"), [(True, 1), (False, 2)])
def test_t12_the_gap_is_an_alert(clean: bool, level: int) -> None:
    again = restarted(raised(2), 3 * MINUTE, clean)
    gap = again.state.alerts["monitor_gap", "book"]
    assert (gap.shown, gap.level, gap.value) == ("unack", level, Decimal(180))
    again.send(Ack(gap.id, level, again.now))
    assert ("monitor_gap", "book") not in again.state.alerts


def test_t12_nothing_clears_before_fresh_data() -> None:
    again = restarted(raised(2), MINUTE)
    again.tick(MINUTE)
    assert again.alert.level == 2
    again.stay(29 * SECOND, 0)
    assert again.alert.level == 2
    again.now += SECOND
    again.judge(0)
    assert again.shown == "rtn_unack"


def test_t12_pending_is_forgotten_and_episodes_go_on() -> None:
    life = raised(2).ack()
    life.now += SECOND
    life.stay(30 * SECOND, 0)
    again = restarted(life, MINUTE)
    again.stay(2 * SECOND, 2)
    assert again.alert.id == "hedge_drift:SOL#2"


# T13


@pytest.mark.parametrize(("acked", "shown"), [(True, "normal"), (False, "rtn_unack")])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_t13_removed_with_a_reason(level: int, acked: bool, shown: str) -> None:
    life = raised(level)
    if acked:
        life.ack()
    life.send(Removed(life.rule, life.subject, "SOL is not in the file any more", life.now))
    assert life.shown == shown
    assert (life.lines[-1].what, life.lines[-1].note) == ("removed", "SOL is not in the file any more")
    if not acked:
        assert life.alert.over_why == "SOL is not in the file any more"
        assert life.ack().state.alerts == {}


def test_t13_a_latch_outlives_its_leg() -> None:
    life = Life("leg_lost", LEG).judge(3).ack()
    life.send(Removed(life.rule, life.subject, "gone from the file", life.now))
    assert life.shown == "latch_ack"
    assert life.reset().state.alerts == {}


def test_t13_what_was_only_pending_or_never_there_goes_quietly() -> None:
    life = Life().judge(2)
    life.send(Removed(life.rule, life.subject, "gone", life.now))
    assert (life.state.alerts, life.effects) == ({}, ())
    before = life.state
    assert life.send(Removed("hedge_drift", "BTC", "gone", life.now)).state is before


# T14, T15


def test_t14_a_failing_pager_rings_every_ten_seconds_until_answered() -> None:
    life = Life("pager", "book").judge(3)
    rings = []
    for _ in range(35):
        life.tick(SECOND)
        rings += [life.now for effect in life.effects if isinstance(effect, Ring)]
    assert rings == [10_000, 20_000, 30_000]
    life.ack()
    assert life.tick(10 * SECOND).effects == ()


def test_t15_an_unanswered_warning_pages_again_and_then_the_escalation_contact() -> None:
    life = Life().judge(3)
    again = []
    for _ in range(900):
        life.tick(SECOND)
        again += [(life.now // SECOND, each.escalate) for each in life.effects if isinstance(each, Annunciate)]
    assert again == [(60, False), (180, True), (480, True), (780, True)]
    assert len(set(life.pages)) == len(life.pages) == 5
    assert life.alert.asked_ms == 0, "it counts from the first time it asked"


def test_t15_missed_pages_are_not_made_up_for() -> None:
    life = Life().judge(3)
    life.tick(HOUR)
    assert life.said == ["again"]
    assert life.tick(SECOND).said == []


@pytest.mark.parametrize("level", [1, 2])
def test_t15_only_warnings_page_again(level: int) -> None:
    life = raised(level)
    for _ in range(20):
        assert life.tick(MINUTE).said == []


# flood


def test_a_flood_rings_once_and_then_only_for_warnings() -> None:
    state, asked = State(), []
    for number in range(14):
        level = 3 if number == 13 else 2
        for at in (0, 2_000):
            state, effects = step(state, Judged(reading(level, rule="feed", subject=f"feed-{number}"), at))
            asked += [effect for effect in effects if isinstance(effect, Annunciate)]
    assert [each.flood for each in asked] == [False] * 10 + [True] * 4
    assert [each.bell for each in asked] == [True] * 11 + [False] * 2 + [True]
    assert len(state.alerts) == 14


def test_a_flood_ends() -> None:
    state, asked = State(), []
    for number in range(12):
        at = number * MINUTE
        state, effects = step(state, Judged(reading(2, rule="feed", subject=f"feed-{number}"), at))
        asked += [effect for effect in effects if isinstance(effect, Annunciate)]
    assert [each.flood for each in asked] == [False] * 12, "one a minute is none"


def test_pages_that_are_repeated_are_no_flood() -> None:
    state, rung = State(), 0
    for number in range(8):
        state, _ = step(state, Judged(reading(3, rule="leverage", subject=f"leg-{number}"), 0))
    for at in range(SECOND, 9 * MINUTE, SECOND):
        state, effects = step(state, Tick(at))
        rung += sum(isinstance(effect, Annunciate) for effect in effects)
    state, effects = step(state, Judged(reading(2, rule="feed", subject="bybit-linear"), 9 * MINUTE))
    assert rung == 3 * 8
    assert [effect.flood for effect in effects if isinstance(effect, Annunciate)] == [False]


# the state itself


def test_a_reading_that_says_nothing_new_leaves_the_very_same_state() -> None:
    life = raised(2)
    for made in (reading(0, rule="leverage"), reading(2, known=False, rule="leverage"), reading(2)):
        state, effects = step(life.state, Judged(made, life.now))
        assert state is life.state
        assert effects == ()
    state, effects = step(life.state, Tick(life.now))
    assert state is life.state


def test_the_journal_leads_to_the_same_state() -> None:
    life = raised(2).ack()
    life.judge(3)
    assert replay(life.lines).alerts == {key: durable(alert) for key, alert in life.state.alerts.items()}


def test_the_journal_knows_of_a_reset() -> None:
    life = Life(LIQUIDATION).judge(3).ack()
    life.now += SECOND
    life.stay(30 * SECOND, 0)
    life.reset()
    told = replay(life.lines)
    assert (told.alerts, told.episodes) == ({}, {(life.rule, life.subject): 1})
