"""I15: what becomes of one alert has nothing to do with the others; and what of it a restart forgets."""

from __future__ import annotations

from alert_cases import MINUTE
from hypothesis import given, settings
from hypothesis import strategies as st
from test_alert_invariants import KEYS, TRIED, judgements, steps_ms

from alerts.machine import durable, step
from alerts.values import NO_TIMERS, Ack, Alert, Judged, Key, Reading, Removed, ShelveAsked, State, Tick

DEEDS = ("nothing", "tick", "tick", "ack", "shelve", "remove")


@settings(TRIED)
@given(st.lists(st.tuples(judgements(), steps_ms, st.sampled_from(DEEDS)), min_size=1, max_size=60))
def test_i15_keys_do_not_touch_each_other(story: list[tuple[tuple[Key, Reading], int, str]]) -> None:
    """What becomes of a key is the same whether or not others live beside it."""

    def told(only: Key | None) -> State:
        state, now = State(), 0
        for (key, reading), later, deed in story:
            now += later
            if only in (None, key):
                state, _ = step(state, Judged(reading, now))
                alert = state.alerts.get(key)
                if alert is not None and deed == "ack":
                    state, _ = step(state, Ack(alert.id, alert.painted, now))
                elif alert is not None and deed == "shelve":
                    state, _ = step(state, ShelveAsked(alert.id, alert.painted, now, MINUTE, "known"))
                elif deed == "remove":
                    state, _ = step(state, Removed(*key, "gone", now))
            if deed == "tick":
                state, _ = step(state, Tick(now))
        return state

    together = told(None)
    for key in KEYS:
        assert together.alerts.get(key) == told(key).alerts.get(key)
        assert together.episodes.get(key) == told(key).episodes.get(key)


def test_running_timers_are_all_that_a_restart_forgets() -> None:
    alert = Alert("hedge_drift", "SOL", 1, 2, 2, 2, rising=(1, 1, None), falling=(None, None, 1), known=False)
    kept = durable(alert)
    assert (kept.rising, kept.falling, kept.known) == (NO_TIMERS, NO_TIMERS, True)
    assert (kept.episode, kept.level, kept.owed) == (1, 2, 2)
