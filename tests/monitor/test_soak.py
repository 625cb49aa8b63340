"""A stretch of a simulated day, as fast as it goes: all of it is judged, alerts come and go, memory stays where it is.

The whole day, with its goals, is `bench/soak.py`; `HEDGETUI_SOAK=short` is what CI has time for.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.soak import Day, duration, resident_mb, slope

SHORT = os.environ.get("HEDGETUI_SOAK") == "short"
SECONDS, SYMBOLS = (240, 10) if SHORT else (7_200, 50)
GROWTH_MB = 12.0
"""Over the second half: what charts keep for a day, and a margin for the allocator."""


@pytest.mark.soak
def test_a_simulated_stretch_of_a_day(tmp_path: Path) -> None:
    day = Day(SYMBOLS, tmp_path)
    for number in range(SECONDS // 2):
        day.second(number)
    half_mb = resident_mb()
    for number in range(SECONDS // 2, SECONDS):
        day.second(number)
    day.close()
    assert day.troubles == []
    assert day.updates == 3 * SECONDS * SYMBOLS
    assert day.raised > 0
    assert resident_mb() - half_mb < GROWTH_MB
    snapshot = day.watch.snapshot()
    assert all(row.mark is not None and not row.stale for row in snapshot.positions)
    assert [float(row.mark or 0) for row in snapshot.positions] == [
        pytest.approx(coin.price(SECONDS - 1) * 1.0004, rel=1e-6) for coin in day.coins
    ]


def test_the_straight_line_through_samples() -> None:
    assert slope([(0, 40.0), (1, 42.0), (2, 44.0)]) == pytest.approx(2)
    assert slope([(1, 40.0)]) == 0


def test_lengths_of_time() -> None:
    assert [duration(text) for text in ("24h", "90m", "600s")] == [86_400, 5_400, 600]
