"""Every transition of an alert's life, one by one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from alert_cases import HOUR, MINUTE, SECOND, Life, reading

from alerts.machine import durable, pulse, replay, step
from alerts.values import (
    Ack,
    Annunciate,
    Judged,
    Logged,
    Removed,
    Restarted,
    Ring,
    State,
    Tick,
    UnshelveAsked,
)

DRIFT, LIQUIDATION = "hedge_drift", "liquidation"
LEG = "bybit-main/SOL/USDT:USDT/short"


def raised(level: int, rule: str = DRIFT, value: str = "0.1") -> Life:
    """An alert that has just been raised."""
    life = Life(rule)
    life.stay({1: 5, 2: 2, 3: 0}[level] * SECOND, level, value=value, shrinking=rule == LIQUIDATION)
    assert life.shown == "unack", life.alert
    return life


# T1


@pytest.mark.parametrize(("level", "delay_s"), [(1, 5), (2, 2), (3, 0)])
def test_t1_a_level_is_raised_once_it_held_for_its_delay(level: int, delay_s: int) -> None:
    life = Life()
    for second in range(delay_s):
        life.now = second * SECOND
        life.judge(level)
        assert (life.shown, life.effects) == ("pending", ())
    life.now = delay_s * SECOND
    life.judge(level)
    assert life.shown == "unack"
    assert [type(effect) for effect in life.effects] == [Logged, Annunciate]
    assert (life.alert.level, life.alert.id) == (level, "hedge_drift:SOL#1")
    assert life.pages == [f"hedge_drift:SOL/1/{level}/0"]


def test_t1_a_breach_that_ends_before_its_delay_leaves_nothing() -> None:
    life = Life().stay(SECOND, 2)
    life.now += 500
    life.judge(0)
    assert life.state.alerts == {}
    life.stay(10 * SECOND, 0)
    assert life.lines == []


def test_t1_time_alone_raises_too() -> None:
    life = Life().judge(2)
    assert life.tick(1_999).shown == "pending"
    assert life.tick(1).shown == "unack"


def test_t1_each_level_has_a_timer_of_its_own() -> None:
    life = Life().judge(2)
    life.now = 1_000
    life.judge(1)
    life.now = 2_500
    life.judge(2)
    assert life.shown == "pending", "the caution was interrupted"
    life.now = 4_500
    life.judge(2)
    assert life.alert.level == 2


def test_t1_a_suspicious_warning_is_a_caution_at_once_and_a_warning_on_the_second_sample() -> None:
    life = Life(LIQUIDATION)
    life.judge(3, suspicious=True)
    assert (life.shown, life.alert.level) == ("unack", 2)
    life.now = 300
    life.judge(3)
    assert (life.shown, life.alert.level, life.said) == ("unack", 3, ["rose"])


def test_t1_a_suspicious_warning_is_held_two_seconds_at_most() -> None:
    life = Life(LIQUIDATION)
    life.judge(3, suspicious=True)
    assert life.tick(1_999).alert.level == 2
    assert life.tick(1).alert.level == 3


def test_t1_a_suspicious_sample_is_never_dropped() -> None:
    life = Life(LIQUIDATION)
    life.judge(3, suspicious=True)
    life.now = 200
    life.stay(MINUTE, 0)
    assert (life.shown, life.alert.painted) == ("rtn_unack", 2)


# T2, T7, T8


def test_t2_clearing_takes_thirty_seconds_of_fresh_data() -> None:
    life = raised(2)
    life.stay(29 * SECOND, 0)
    assert (life.shown, life.alert.level) == ("unack", 2)
    life.now += SECOND
    life.judge(0)
    assert life.shown == "rtn_unack"


def test_t2_the_deadband_clears_nothing() -> None:
    life = raised(2)
    life.stay(10 * MINUTE, 0, hold=2)
    assert life.alert.level == 2
    assert len(life.lines) == 1


def test_t2_a_stale_gap_restarts_the_off_delay() -> None:
    life = raised(2)
    life.stay(29 * SECOND, 0)
    life.now += 500
    life.judge(0, known=False)
    life.stay(29 * SECOND, 0)
    assert life.alert.level == 2
    life.now += SECOND
    life.judge(0)
    assert life.shown == "rtn_unack"


def test_t2_time_alone_clears_nothing() -> None:
    life = raised(2)
    life.judge(0)
    life.tick(HOUR)
    assert life.alert.level == 2
    life.judge(0)
    assert life.alert.level == 2, "readings an hour apart are not continuous"


@pytest.mark.parametrize(("rule", "off_s"), [("feed", 10), ("journal", 60), ("pager", 60), (DRIFT, 30)])
def test_t2_off_delays_by_rule(rule: str, off_s: int) -> None:
    life = Life(rule)
    life.stay(2 * SECOND, 2)
    life.stay((off_s - 1) * SECOND, 0)
    assert life.alert.level == 2
    life.now += SECOND
    life.judge(0)
    assert life.shown == "rtn_unack"


def test_t7_a_lower_level_keeps_the_answer_and_shows_the_peak() -> None:
    life = raised(3).ack()
    life.now += SECOND
    life.stay(30 * SECOND, 1, hold=2)
    assert (life.shown, life.alert.level, life.alert.peak) == ("acked", 2, 3)
    assert life.said == []


def test_t7_falls_one_level_after_the_other_as_each_is_left_behind() -> None:
    life = raised(3)
    life.now += SECOND
    life.stay(10 * SECOND, 0, hold=2)
    life.now += SECOND
    life.stay(19 * SECOND, 0, hold=0)
    assert life.alert.level == 2
    life.stay(11 * SECOND, 0, hold=0)
    assert life.shown == "rtn_unack"


def test_t8_an_answered_alert_that_is_over_is_gone() -> None:
    life = raised(2).ack()
    life.now += SECOND
    life.stay(30 * SECOND, 0)
    assert life.state.alerts == {}
    assert life.lines[-1].what == "cleared"


def test_t8_an_advisory_clears_itself_a_caution_waits() -> None:
    for level, shown in ((1, "normal"), (2, "rtn_unack"), (3, "rtn_unack")):
        life = raised(level)
        life.now += SECOND
        life.stay(30 * SECOND, 0)
        assert life.shown == shown


def test_t8_an_unanswered_caution_that_fell_to_advisory_still_waits() -> None:
    life = raised(2)
    life.now += SECOND
    life.stay(30 * SECOND, 1)
    assert life.alert.level == 1
    life.now += SECOND
    life.stay(30 * SECOND, 0)
    assert (life.shown, life.alert.painted) == ("rtn_unack", 2)


def test_t8_raised_again_while_it_waits_keeps_what_is_owed() -> None:
    """Else a short advisory would wash an unanswered caution away."""
    life = raised(2)
    life.now += SECOND
    life.stay(30 * SECOND, 0)
    life.now += SECOND
    life.stay(5 * SECOND, 1)
    assert (life.shown, life.alert.level, life.alert.episode) == ("unack", 1, 2)
    life.now += SECOND
    life.stay(30 * SECOND, 0)
    assert (life.shown, life.alert.painted) == ("rtn_unack", 2)


# events


@pytest.mark.parametrize("rule", ["price", "stop_loss", "take_profit", "facts", "fault", "monitor_gap"])
def test_t8_an_event_is_ended_by_its_acknowledgement_alone(rule: str) -> None:
    life = Life(rule)
    life.judge(2)
    assert life.shown == "unack"
    life.now += SECOND
    life.stay(5 * MINUTE, 0)
    assert life.shown == "unack"
    life.ack()
    assert life.state.alerts == {}


def test_t8_an_answered_event_asks_again_only_after_its_cause_went() -> None:
    life = Life("price").judge(2)
    life.now += SECOND
    life.ack()
    assert (life.shown, life.effects[0].what) == ("normal", "acked")
    life.now += SECOND
    life.stay(MINUTE, 2)
    assert life.pages == ["price:SOL/1/2/0"]
    life.judge(2, known=False)
    assert life.alert.spent == 2
    life.judge(0)
    assert life.state.alerts == {}
    life.judge(2)
    assert (life.shown, life.alert.episode) == ("unack", 2)


def test_t8_an_answered_event_asks_at_once_at_a_higher_level() -> None:
    life = Life("facts").judge(1)
    life.ack()
    life.judge(2)
    assert (life.shown, life.alert.level, life.alert.episode) == ("unack", 2, 2)


def test_a_pulse_asks_each_time() -> None:
    state = State()
    for number in (1, 2):
        for event in pulse(reading(2, rule="fault", subject="book"), number * MINUTE):
            state, _ = step(state, event)
        assert state.alerts["fault", "book"].episode == number
        state, effects = step(state, Ack(f"fault:book#{number}", 2, number * MINUTE + 5))
        assert isinstance(effects[0], Logged)
        assert state.alerts == {}


# T3, T4


@pytest.mark.parametrize("state", ["unack", "acked", "shelved"])
def test_t3_a_higher_level_asks_in_the_same_step(state: str) -> None:
    life = raised(2)
    if state == "acked":
        life.ack()
    if state == "shelved":
        life.shelve(HOUR)
    assert life.shown == state
    life.judge(3)
    assert (life.shown, life.said, life.alert.shelf, life.alert.ack) == ("unack", ["rose"], None, None)
    assert life.alert.id == "hedge_drift:SOL#1"
    assert life.pages[-1] == "hedge_drift:SOL/1/3/1"


@pytest.mark.parametrize(
    ("at_ack", "calm", "worse"),
    [("0.19", "0.1521", "0.152"), ("-0.01", "-0.0119", "-0.012"), ("0", "0", "-0.0001")],
)
def test_t4_a_distance_at_eighty_percent_is_worse(at_ack: str, calm: str, worse: str) -> None:
    life = raised(2, LIQUIDATION, at_ack)
    life.ack()
    life.judge(2, value=calm, shrinking=True)
    assert life.shown == "acked"
    life.judge(2, value=worse, shrinking=True)
    assert (life.shown, life.said) == ("unack", ["worse"])
    life.ack()
    life.judge(2, value=worse, shrinking=True)
    assert life.shown == "acked", "worse than now, not than before"


@pytest.mark.parametrize(("at_ack", "calm", "worse"), [("0.08", "0.0999", "0.1"), ("-0.08", "-0.0999", "-0.1")])
def test_t4_a_quarter_more_is_worse(at_ack: str, calm: str, worse: str) -> None:
    life = raised(2, value=at_ack)
    life.ack()
    life.judge(2, value=calm)
    assert life.shown == "acked"
    life.judge(2, value=worse)
    assert (life.shown, life.said) == ("unack", ["worse"])


def test_t4_silence_grows_without_asking_again() -> None:
    life = Life("feed").judge(2, value="6")
    life.ack()
    life.judge(2, value="60")
    assert life.shown == "acked"


# T5


def test_t5_the_answer_is_logged_with_who_and_what_they_saw() -> None:
    life = raised(2).ack()
    line = life.effects[0]
    assert isinstance(line, Logged)
    assert (line.what, line.who, line.note) == ("acked", "ana", "seen")
    assert line.alert.ack is not None
    assert (line.alert.ack.level, line.alert.ack.value) == (2, Decimal("0.1"))


@pytest.mark.parametrize(
    ("id", "level", "words"),
    [
        ("hedge_drift:SOL#1", 2, "changed to WARNING, press again"),
        ("hedge_drift:SOL#2", 3, "raised again as number 1"),
        ("hedge_drift:BTC#1", 3, "over already"),
        ("hedge_drift", 3, "is not an alert id"),
        ("hedge_drift:SOL#x", 3, "is not an alert id"),
    ],
)
def test_t5_an_answer_to_something_else_is_refused(id: str, level: int, words: str) -> None:
    life = raised(2)
    life.judge(3)
    before = life.state
    life.ack(level, id=id)
    assert words in life.refused
    assert life.state is before


def test_t5_a_second_answer_is_refused_with_who_was_first() -> None:
    assert raised(2).ack(who="ana").ack(who="ben").refused == "answered already by ana"


def test_t5_a_returned_alert_ends_with_its_answer() -> None:
    life = raised(2)
    life.now += SECOND
    life.stay(30 * SECOND, 0)
    assert life.ack().state.alerts == {}


# T6


@pytest.mark.parametrize(("level", "after_ms"), [(1, 8 * HOUR), (2, 30 * MINUTE), (3, 15 * MINUTE)])
def test_t6_an_answer_runs_out_while_it_is_still_true(level: int, after_ms: int) -> None:
    life = raised(level).ack()
    assert life.tick(after_ms - 1).shown == "acked"
    assert life.tick(1).shown == "unack"
    assert life.said == ["still_true"]


def test_t6_also_while_the_input_is_silent() -> None:
    life = raised(2).ack()
    life.judge(0, known=False)
    assert life.tick(30 * MINUTE).shown == "unack"


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
