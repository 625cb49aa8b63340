"""What must hold whatever happens, in whatever order: the invariants I1 to I16 on random lives.

I10 (wall-clock jumps) and I11 (order) are with the words and the order: the machine itself knows neither. Delays,
answers and shelves are timed here a second time, apart from the machine, on a clock that no restart sets back.
HYPOTHESIS_PROFILE=thorough tries ten times as many lives, before work on the machine is called done.
"""

from __future__ import annotations

import os
from decimal import Decimal
from typing import get_args

from alert_cases import HOUR, MINUTE, SECOND
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from alerts.machine import durable, replay, step
from alerts.values import (
    ADVISORY,
    CAUTION,
    WARNING,
    Ack,
    Alert,
    Annunciate,
    Effect,
    Event,
    Judged,
    Key,
    Logged,
    Reading,
    Refused,
    Removed,
    ResetAsked,
    Restarted,
    ShelveAsked,
    State,
    Tick,
    split_id,
)
from hedge.snapshot import AlertState

KEYS: tuple[Key, ...] = (
    ("hedge_drift", "SOL"),
    ("liquidation", "main/SOL/USDT:USDT/short"),
    ("price", "SOL/above/200"),
    ("feed", "bybit-linear"),
)
ACK_MS, SHELF_MS = (8 * HOUR, 30 * MINUTE, 15 * MINUTE), (24 * HOUR, 4 * HOUR, 30 * MINUTE)
STATES: tuple[AlertState, ...] = get_args(AlertState)

LIVES = 3_000 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 300
TRIED = settings(
    max_examples=LIVES,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much),
)

keys = st.sampled_from(KEYS)
steps_ms = st.sampled_from((0, 1, 250, 999, SECOND, 2 * SECOND, 5 * SECOND, 11 * SECOND))
waits_ms = st.sampled_from((1, SECOND, 10 * SECOND, MINUTE, 5 * MINUTE, 16 * MINUTE, 31 * MINUTE, 9 * HOUR))


@st.composite
def judgements(draw: st.DrawFn) -> tuple[Key, Reading]:
    key = draw(keys)
    level = draw(st.integers(0, 3))
    hold = draw(st.integers(level, 3))
    value = Decimal(draw(st.integers(-5, 40))) / 100
    known, suspicious = draw(st.booleans() | st.just(True)), draw(st.integers(0, 5)) == 0
    return key, Reading(*key, value, level, hold, key[0] == "liquidation", None, known, suspicious)


class AlertLife(RuleBasedStateMachine):
    """A monitor, its markets, a person who looks and answers, edits of the file, and crashes."""

    @initialize(start=st.integers(0, 10**9))
    def begin(self, start: int) -> None:
        self.now = start
        self.state = State()
        self.journal: list[Logged] = []
        self.pages: set[str] = set()
        self.painted: list[tuple[str, int]] = []
        self.broken: dict[Key, list[int | None]] = {key: [None, None, None] for key in KEYS}
        self.calm: dict[Key, list[int | None]] = {key: [None, None, None] for key in KEYS}
        self.fresh: dict[Key, int] = {}
        self.offset = 0
        self.answered: dict[Key, int] = {}
        self.shelved_until: dict[Key, int] = {}

    @property
    def lived(self) -> int:
        """Milliseconds on a clock that counts through restarts."""
        return self.now + self.offset

    # what happens

    @rule(made=judgements(), later=steps_ms)
    def judge(self, made: tuple[Key, Reading], later: int) -> None:
        self.now += later
        self.judged(*made)

    @rule(made=judgements(), seconds=st.sampled_from((2, 6, 12, 31, 45)))
    def stay(self, made: tuple[Key, Reading], seconds: int) -> None:
        for _ in range(seconds):
            self.now += SECOND
            self.judged(*made)

    @rule(
        key=keys,
        hold=st.sampled_from((0, 0, 1, 2)),
        seconds=st.sampled_from((11, 31, 40)),
        answers=st.booleans(),
        data=st.data(),
    )
    def recover(self, key: Key, hold: int, seconds: int, answers: bool, data: st.DataObject) -> None:
        alert = self.state.alerts.get(key)
        if answers and alert is not None and alert.open:
            self.painted = [(alert.id, alert.painted)]
            self.acknowledge(data)
        self.stay((key, Reading(*key, Decimal("0.4"), 0, hold, key[0] == "liquidation")), seconds)

    @rule(key=keys, later=steps_ms)
    def go_silent(self, key: Key, later: int) -> None:
        self.now += later
        self.judged(key, Reading(*key, known=False))

    @rule(later=waits_ms)
    def tick(self, later: int) -> None:
        self.now += later
        self.send(Tick(self.now))
        for key, alert in self.state.alerts.items():
            if alert.shown == "acked":
                assert self.lived - self.answered[key] < ACK_MS[alert.level - 1], "I12"
            assert alert.shelf is None or self.shelved_until[key] > self.lived, "I14"
            if alert.shown == "unack" and alert.level == WARNING:
                waited = self.now - alert.asked_ms
                due = (waited >= MINUTE) + (waited >= 3 * MINUTE) + max(0, waited - 3 * MINUTE) // (5 * MINUTE)
                assert alert.pages == due, "T15"

    @rule()
    def look(self) -> None:
        self.painted = [(alert.id, alert.painted) for alert in self.state.alerts.values() if alert.open]

    @precondition(lambda self: self.painted)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        id, level = data.draw(st.sampled_from(self.painted))
        before = self.state.alerts.get(split_id(id)[0])
        effects = self.send(Ack(id, level, self.now, "ana"))
        if not isinstance(effects[0], Refused):
            assert before is not None
            assert (before.id, before.painted) == (id, level), "I5"
            self.answered[before.key] = self.lived

    @rule(data=st.data())
    def look_and_answer(self, data: st.DataObject) -> None:
        self.look()
        if self.painted:
            self.acknowledge(data)

    @rule(data=st.data(), for_ms=st.sampled_from((MINUTE, 30 * MINUTE, 4 * HOUR)))
    def look_and_shelve(self, data: st.DataObject, for_ms: int) -> None:
        self.look()
        if self.painted:
            self.shelve(data, for_ms)

    @rule(data=st.data())
    def look_and_reset(self, data: st.DataObject) -> None:
        self.painted = [(alert.id, alert.painted) for alert in self.state.alerts.values() if alert.latched]
        if self.painted:
            self.reset(data)

    @rule(data=st.data(), made=judgements())
    def answer_and_get_worse(self, data: st.DataObject, made: tuple[Key, Reading]) -> None:
        key, reading = made
        self.stay((key, replace(reading, level=max(1, min(2, reading.level)), hold=2, known=True)), 6)
        alert = self.state.alerts[key]
        self.painted = [(alert.id, alert.painted)]
        self.acknowledge(data)
        self.get_worse(made)

    @rule(made=judgements(), seconds=st.sampled_from((1, 3, 6)))
    def fall_silent_in_danger(self, made: tuple[Key, Reading], seconds: int) -> None:
        key, reading = made
        self.judged(key, replace(reading, known=True))
        self.stay((key, Reading(*key, known=False)), seconds)

    @rule(made=judgements())
    def get_worse(self, made: tuple[Key, Reading]) -> None:
        """A level higher than the one an alert stands at."""
        key, reading = made
        alert = self.state.alerts.get(key)
        level = min(3, 1 + (alert.level if alert is not None else 0))
        self.judged(key, replace(reading, level=level, hold=level, known=True))

    @precondition(lambda self: self.painted)
    @rule(data=st.data())
    def reset(self, data: st.DataObject) -> None:
        id, level = data.draw(st.sampled_from(self.painted))
        self.send(ResetAsked(id, level, self.now, "ana"))

    @precondition(lambda self: self.painted)
    @rule(data=st.data(), for_ms=st.sampled_from((MINUTE, 30 * MINUTE, 4 * HOUR, 24 * HOUR, 48 * HOUR)))
    def shelve(self, data: st.DataObject, for_ms: int) -> None:
        id, level = data.draw(st.sampled_from(self.painted))
        effects = self.send(ShelveAsked(id, level, self.now, for_ms, data.draw(st.sampled_from(("known", ""))), "ana"))
        if not isinstance(effects[0], Refused):
            assert for_ms <= SHELF_MS[level - 1], "I14"
            assert (split_id(id)[0][0], level) != ("feed", WARNING), "T10"
            self.shelved_until[split_id(id)[0]] = self.lived + for_ms

    @rule(key=keys)
    def remove(self, key: Key) -> None:
        self.send(Removed(*key, "gone from the file", self.now))
        self.forget(key)

    @rule(downtime=waits_ms, clean=st.booleans(), clock=st.integers(0, 10**9))
    def restart(self, downtime: int, clean: bool, clock: int) -> None:
        last, self.now, self.offset = self.now, clock, self.lived + downtime - clock
        before = self.state = replay(self.journal)
        effects = self.send(Restarted(clock, last, downtime, clean))
        asked = {each.page_id for each in effects if isinstance(each, Annunciate)}
        for key in KEYS:
            self.forget(key)
        for key, was in before.alerts.items():
            alert = self.state.alerts[key]
            assert not alert.known or alert.rule == "monitor_gap", "T12"
            if was.shown == "acked":
                assert alert.shown == ("acked" if downtime <= 15 * MINUTE else "unack"), "T12"
            if was.shown == "unack" and alert.level == was.level:
                assert was.page_id in asked & self.pages, "I8: what was lost between commit and effect is sent again"
        gap = self.state.alerts["monitor_gap", "book"]
        assert gap.owed and gap.level >= (1 if clean else 2), "T12"

    # what must hold in each step

    def judged(self, key: Key, reading: Reading) -> None:
        if reading.known:
            continuous = self.now - self.fresh.get(key, self.now) <= 10 * SECOND
            self.fresh[key] = self.now
            if not continuous:
                self.calm[key] = [None, None, None]
            broken, calm = self.broken[key], self.calm[key]
            for level in (1, 2, 3):
                broken[level - 1] = self.since(broken[level - 1], reading.level >= level)
                calm[level - 1] = self.since(calm[level - 1], reading.hold < level)
        else:
            self.calm[key] = [None, None, None]
        event = Judged(reading, self.now)
        before = self.state.alerts.get(key)
        effects = self.send(event)
        after = self.state.alerts.get(key)
        if before is not None and before.level:
            if not reading.known:
                assert after is not None and after.level >= before.level, "I4"
            elif reading.level <= before.level <= reading.hold and before.rule != "price":
                assert all(each.what == "worse" for each in effects if isinstance(each, Logged)), "I6"
        again, nothing = step(self.state, event)
        assert again is self.state and not nothing, "I16"

    def since(self, started: int | None, goes_on: bool) -> int | None:
        if not goes_on:
            return None
        return self.now if started is None else started

    def send(self, event: Event) -> tuple[Effect, ...]:
        before = self.state.alerts
        self.state, effects = step(self.state, event)
        lines = [effect for effect in effects if isinstance(effect, Logged)]
        self.journal += lines
        self.check_pages(effects, event)
        for key, was in before.items():
            self.check_ends(key, was, event)
        for key, alert in self.state.alerts.items():
            was_level = before[key].level if key in before else 0
            if alert.level > was_level:
                asked = any(isinstance(each, Annunciate) and each.id == alert.id for each in effects)
                assert alert.shown == "unack" and alert.shelf is None and alert.ack is None and asked, "I3"
                self.check_patience(key, alert)
            assert alert.id == f"{alert.rule}:{alert.subject}#{alert.episode}", "an id is of the cause, not of a figure"
        if lines:
            self.check_journal()
        if isinstance(event, Judged):
            self.check_raised((event.reading.rule, event.reading.subject))
        if isinstance(event, Tick):
            for key in KEYS:
                self.check_raised(key)
        return effects

    def check_pages(self, effects: tuple[Effect, ...], event: Event) -> None:
        for effect in effects:
            if isinstance(effect, Annunciate):
                resent = isinstance(event, Restarted) and effect.why == "restarted"
                assert resent or effect.page_id not in self.pages, "I7"
                key, episode = split_id(effect.id)
                assert effect.page_id.startswith(f"{key[0]}:{key[1]}/{episode}/{effect.level}/"), "I7"
                assert effect.bell or effect.level == ADVISORY or (effect.flood and effect.level == CAUTION), "flood"
                self.pages.add(effect.page_id)

    def check_ends(self, key: Key, was: Alert, event: Event) -> None:
        alert = self.state.alerts.get(key)
        if was.owed >= CAUTION and not isinstance(event, Ack):
            assert alert is not None and alert.owed >= CAUTION, "I2"
        if was.latched and (alert is None or not alert.latched):
            assert isinstance(event, ResetAsked) and was.shown == "latch_ack", "I13"
        level = alert.level if alert is not None else 0
        if level < was.level and not isinstance(event, Removed | Ack):
            assert isinstance(event, Judged) and event.reading.known, "I4: only fresh data clears"
            off_ms = self.state.policy.timing(key[0]).off_ms
            for left in range(level, was.level):
                started = self.calm[key][left]
                assert started is not None and self.now - started >= off_ms, "I4"

    def check_patience(self, key: Key, alert: Alert) -> None:
        """T1: nothing is raised before its delay."""
        if key not in self.broken:
            return
        on_ms = self.state.policy.timing(key[0]).on_ms[alert.level - 1]
        if alert.suspicious:
            on_ms = (on_ms, 0, 2 * SECOND)[alert.level - 1]
        started = self.broken[key][alert.level - 1]
        assert started is not None and self.now - started >= on_ms, "T1"

    def check_journal(self) -> None:
        told = replay(self.journal)
        live = {key: bare(alert) for key, alert in self.state.alerts.items() if not durable(alert).forgettable}
        assert {key: bare(alert) for key, alert in told.alerts.items()} == live, "I8"
        for alert in live.values():
            assert told.episodes.get(alert.key, 0) <= alert.episode, "I8"

    def check_raised(self, key: Key) -> None:
        """I1, with timers kept apart from the machine's own."""
        alert = self.state.alerts.get(key)
        on_ms = self.state.policy.timing(key[0]).on_ms
        if alert is not None and alert.suspicious:
            on_ms = (on_ms[0], 0, 2 * SECOND)
        for level in (1, 2, 3):
            started = self.broken[key][level - 1]
            if started is not None and self.now - started >= on_ms[level - 1]:
                assert alert is not None and max(alert.level, alert.spent) >= level, "I1"

    def forget(self, key: Key) -> None:
        """The machine was told to know nothing of the input."""
        self.broken[key], self.calm[key] = [None, None, None], [None, None, None]

    @invariant()
    def one_state_each(self) -> None:
        shown = [alert.shown for alert in self.state.alerts.values()]
        assert all(each in STATES for each in shown), "I9"
        assert sum(shown.count(each) for each in STATES) == len(self.state.alerts), "I9"
        for alert in self.state.alerts.values():
            assert 0 <= alert.owed <= alert.peak and alert.level <= alert.peak, "I9"
            assert alert.shown != "acked" or alert.ack is not None, "T7: an answer is kept, and its age"
            stamps = (alert.since_ms, alert.asked_ms, alert.over_ms, alert.ack.at_ms if alert.ack else None)
            assert all(at is None or at <= self.now for at in stamps), "I10: no stamp lies ahead of the clock"
            if alert.shelf is not None:
                longest = self.state.policy.shelf_ms[alert.shelf.level - 1]
                assert alert.shelf.reason and alert.shelf.until_ms - alert.shelf.at_ms <= longest, "I14"


def bare(alert: Alert) -> Alert:
    """What a journal must bring back: all but figures that change with each tick."""
    return replace(durable(alert), value=None, worst=None, threshold=None, note="", pages=0, shrinking=False)


TestAlertLife = AlertLife.TestCase
TestAlertLife.settings = TRIED
