"""Shelving by key: a reason and a time, for the alert as it was painted, and never in a burst."""

from __future__ import annotations

import book
import pytest
from fake import FakeMonitor
from msgspec.structs import replace
from stage import overview, playing, shown

from monitor.messages import Done, Refused, Shelve
from tui.shelving import REASONS, moved, times, words

WARNING = book.WARNING.alerts[0]
CAUTION = replace(WARNING, level="caution")


def shelved(monitor: FakeMonitor) -> list[Shelve]:
    return [each for each in monitor.requests if isinstance(each, Shelve)]


def test_times_by_level() -> None:
    assert times(WARNING) == (5, 15, 30)
    assert times(CAUTION) == (5, 15, 30, 60, 120, 240)
    assert moved(WARNING, 0, 0) == 30
    assert (moved(WARNING, 30, 1), moved(WARNING, 30, -1), moved(WARNING, 5, -1)) == (30, 15, 5)
    assert (words(30), words(240)) == ("30 min", "4 h")


async def test_a_key_for_the_time_and_one_for_the_reason() -> None:
    monitor = FakeMonitor(book.WARNING)
    async with playing(monitor) as pilot:
        await pilot.press("s")
        assert all(reason in shown(pilot.app) for reason in REASONS)  # type: ignore[arg-type]
        assert "[30 min]" in shown(pilot.app)  # type: ignore[arg-type]
        await pilot.press("left")
        assert "[15 min]" in shown(pilot.app)  # type: ignore[arg-type]
        await pilot.press("3")
        await pilot.pause(0.1)
        assert shelved(monitor) == [Shelve(WARNING.id, "warning", 15, REASONS[2], "ana")]
        assert overview(pilot.app).view.dialog == ""  # type: ignore[arg-type]


async def test_escape_leaves_it() -> None:
    monitor = FakeMonitor(book.WARNING)
    async with playing(monitor) as pilot:
        await pilot.press("s", "escape", "2")
        await pilot.pause(0.1)
        assert shelved(monitor) == []


async def test_what_was_painted_is_meant_though_another_came_to_the_top() -> None:
    monitor = FakeMonitor(book.WARNING)
    async with playing(monitor) as pilot:
        await pilot.press("s")
        monitor.send(replace(book.WARNING, alerts=tuple(reversed(book.WARNING.alerts))))
        await pilot.pause(0.1)
        await pilot.press("1")
        await pilot.pause(0.1)
        assert [each.id for each in shelved(monitor)] == [WARNING.id]


@pytest.mark.parametrize("answer", [Done("Shelved for 30 min."), Refused("It changed to CAUTION, press again.")])
async def test_the_answer_is_said(answer: Done | Refused) -> None:
    monitor = FakeMonitor(book.WARNING)
    monitor.shelf = answer
    async with playing(monitor) as pilot:
        await pilot.press("s")
        await pilot.press("1")
        await pilot.pause(0.1)
        said = answer.words if isinstance(answer, Done) else answer.reason
        assert overview(pilot.app).view.said == said  # type: ignore[arg-type]
        assert overview(pilot.app).view.said_no is isinstance(answer, Refused)  # type: ignore[arg-type]
