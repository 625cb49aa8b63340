"""Skew and rate on plain numbers: a venue's clock against ours, whatever the line and our wall clock do."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from feeds.skew import Pulse, Skew
from hedge.market import Confirmed, Index, Instant, Mark

UTC_MS = 1_795_000_000_000


def at(mono_ms: int, wall_off_ms: int = 0) -> Instant:
    return Instant(mono_ms, UTC_MS + mono_ms + wall_off_ms)


def watched(skew: Skew, ahead_ms: int, latencies: list[int], wall_off_ms: int = 0, start_ms: int = 0) -> float | None:
    """Frames of a venue whose clock is `ahead_ms` ahead, one a second, each on its way for so long."""
    found = None
    for second, latency in enumerate(latencies):
        sent_ms = start_ms + 1000 * second
        now = at(sent_ms + latency, wall_off_ms)
        skew.note(UTC_MS + sent_ms + ahead_ms, now)
        found = skew.seconds(now)
    return found


@given(st.integers(-3_600_000, 3_600_000), st.lists(st.integers(0, 5000), min_size=3, max_size=20))
def test_the_least_late_frame_tells_the_skew(ahead_ms: int, latencies: list[int]) -> None:
    assert watched(Skew(), ahead_ms, latencies) == (ahead_ms - min(latencies)) / 1000


def test_two_frames_tell_nothing_yet() -> None:
    assert watched(Skew(), 5000, [10, 10]) is None
    assert watched(Skew(), 5000, [10, 10, 10]) == 4.99


def test_a_jump_of_our_wall_clock_is_no_skew() -> None:
    skew = Skew()
    assert watched(skew, 0, [20] * 5) == -0.02
    assert watched(skew, 0, [20] * 90, wall_off_ms=3_600_000, start_ms=5000) == -0.02
    assert watched(skew, 0, [20] * 90, wall_off_ms=-3_600_000, start_ms=95_000) == -0.02


def test_a_wall_clock_that_is_put_right_ends_its_skew() -> None:
    skew = Skew()
    assert watched(skew, 0, [0] * 5, wall_off_ms=60_000) == -60.0
    assert watched(skew, 0, [0] * 5, start_ms=5000) == 0.0


def test_a_venue_that_corrects_its_clock_is_forgotten_as_it_was_within_a_minute() -> None:
    skew = Skew()
    assert watched(skew, 5000, [0] * 10) == 5.0
    assert watched(skew, 0, [0] * 61, start_ms=10_000) == 0.0


def pulses(per_step: list[int], step_ms: int = 1000) -> list[float]:
    pulse = Pulse("f", 0)
    found = []
    for number, frames in enumerate(per_step, 1):
        for _ in range(frames):
            pulse.frame()
        told = pulse.due(at(number * step_ms))
        if told is not None:
            found.append(told.per_s)
    return found


def test_frames_a_second_over_the_last_ten() -> None:
    assert pulses([5, 5, 5]) == [5.0, 5.0, 5.0]
    assert pulses([10] * 10 + [0] * 12)[-1] == 0.0
    assert pulses([0] * 10 + [20])[-1] == 2.0


def test_a_pulse_is_told_once_a_second_at_most() -> None:
    assert len(pulses([1] * 20, step_ms=500)) == 10


def test_only_values_with_a_time_of_sending_tell_skew() -> None:
    pulse = Pulse("f", 0)
    one = Decimal(1)
    for mono_ms in (1000, 2000, 3000):
        pulse.note(Index("f", "s", one, mono_ms, 5000, UTC_MS), at(mono_ms))
        pulse.note(Mark("f", "s", one, mono_ms, 5000, None), at(mono_ms))
    told = pulse.due(at(4000))
    assert told is not None
    assert told.skew_s is None
    for mono_ms in (4000, 5000, 6000):
        pulse.note(Confirmed("f", "s", mono_ms, UTC_MS + mono_ms - 3000), at(mono_ms))
    told = pulse.due(at(7000))
    assert told is not None
    assert told.skew_s == -3.0
    assert pulse.over(at(8000)).per_s == 0.0
