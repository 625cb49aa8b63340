"""The past of a figure: fine, coarse, bounded, and honest about what is missing."""

from __future__ import annotations

from decimal import Decimal

from monitor.history import FINE_STEP_MS, Past, Series, span
from monitor.messages import Points, Refused

PATH = "positions.a/BTC/USDT:USDT/short.to_liquidation"


def test_a_day_is_kept_in_bounded_memory_with_the_worst_of_each_minute() -> None:
    series = Series()
    steps = 26 * 3600 * 1000 // FINE_STEP_MS
    for step in range(steps):
        at = step * FINE_STEP_MS
        series.add(at, Decimal(-1) if at == 3 * 3_600_000 + 15_000 else Decimal(step))
    last = (steps - 1) * FINE_STEP_MS
    points = series.since(last - 24 * 3_600_000)
    assert 1400 < len(points) < 1700
    assert [at for at, _ in points] == sorted({at for at, _ in points})
    assert min(value for _, value in points) == -1
    assert points[-1] == (last, Decimal(steps - 1))


def test_an_answer_says_what_is_missing() -> None:
    past = Past()
    past.sample(0, [(PATH, Decimal("0.4"))])
    past.sample(5_000, [(PATH, None)])
    past.sample(10_000, [(PATH, Decimal("0.3"))])
    answer = past.answer(PATH, 86_400, 12_000)
    assert answer == Points((12.0, 2.0), (Decimal("0.4"), Decimal("0.3")), "needs 24 h, has 12 s")
    full = past.answer(PATH, 13, 12_000)
    assert isinstance(full, Points)
    assert full.needs == ""


def test_what_is_not_kept_is_refused_and_a_removed_leg_is_forgotten() -> None:
    past = Past()
    past.sample(0, [(PATH, Decimal(1))])
    assert isinstance(past.answer("totals.net_usd", 60, 0), Refused)
    past.sample(5_000, [])
    assert past.answer(PATH, 60, 5_000) == Points((), (), "needs 60 s, has 0 s")


def test_sampling_is_due_each_five_seconds() -> None:
    past = Past()
    assert past.due(0)
    past.sample(0, [])
    assert not past.due(4_999)
    assert past.due(5_000)


def test_spans_are_cut_not_rounded() -> None:
    assert [span(seconds) for seconds in (40, 119, 7_199, 7_200, 86_399)] == ["40 s", "1 m", "119 m", "2 h", "23 h"]
