"""An alert is raised, gets worse, is answered and clears: T1 to T8."""

from __future__ import annotations

from decimal import Decimal

import pytest
from alert_cases import DRIFT, HOUR, LIQUIDATION, MINUTE, SECOND, Life, raised, reading

from alerts.machine import pulse, step
from alerts.values import (
    Ack,
    Annunciate,
    Judged,
    Logged,
    Reading,
    State,
)

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


def test_t7_the_answer_that_is_kept_still_runs_out() -> None:
    life = raised(3).ack()
    life.now += SECOND
    life.stay(30 * SECOND, 2)
    assert (life.alert.level, life.alert.ack and life.alert.ack.who) == (2, "ana")
    assert life.tick(15 * MINUTE).shown == "acked", "it is a caution now"
    assert life.tick(15 * MINUTE).said == ["still_true"]


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


def test_t4_values_of_two_measures_are_not_compared() -> None:
    """Five hours left, then two and a half deviations: another figure, not a worse one."""
    life = raised(2, "liquidation_pace", "5")
    life.ack()
    other = Reading("liquidation_pace", "SOL", Decimal("2.5"), 2, 2, True, measure="liquidation_sigma")
    life.send(Judged(other, life.now))
    assert (life.shown, life.alert.scale, life.alert.worst) == ("acked", "liquidation_sigma", Decimal("2.5"))
    life.judge(2, value="4", shrinking=True)
    assert life.shown == "unack", "hours against the hours that were answered"


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
