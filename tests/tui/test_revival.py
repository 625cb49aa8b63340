"""A monitor that died is started again by the viewer, three times in ten minutes; not one that was stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from calm import CALM

from hedge.snapshot import Snapshot
from monitor.messages import Answer, Done, MonitorLost, Request
from tui import watching
from tui.watching import REVIVALS, Watching

KILLED = MonitorLost("The monitor ended: killed by signal 9.")


class Mortal:
    """A monitor that shows one snapshot and dies, each time for the next reason; then it lives."""

    def __init__(self, *ends: MonitorLost) -> None:
        self.ends = list(ends)
        self.starts = 0

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        self.starts += 1
        yield CALM
        await asyncio.sleep(0)
        if self.ends:
            raise self.ends.pop(0)
        await asyncio.Event().wait()

    async def request(self, request: Request) -> Answer:
        return Done()

    async def close(self) -> None:
        pass


async def run(monitor: Mortal, moments: int = 60) -> list[str]:
    """What the screen was told, for a while."""
    told: list[str] = []
    task = asyncio.create_task(
        Watching(monitor).run(lambda _: told.append("alive"), lambda lost: told.append(str(lost)))
    )
    for _ in range(moments):
        await asyncio.sleep(0.005)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return told


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "REVIVE_AFTER_S", 0.01)


async def test_a_killed_monitor_is_started_again() -> None:
    monitor = Mortal(KILLED)
    told = await run(monitor)
    assert monitor.starts == 2
    assert told == ["alive", f"{KILLED} It is started again, try 1.", "alive"]


async def test_one_that_cannot_live_is_left_alone_after_three_times() -> None:
    monitor = Mortal(*[KILLED] * 10)
    told = await run(monitor, 120)
    assert monitor.starts == 1 + REVIVALS == 4
    assert told[-1] == str(KILLED)


async def test_after_ten_minutes_it_may_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "REVIVALS_WITHIN_S", 0.0)
    monitor = Mortal(*[KILLED] * 6)
    await run(monitor, 120)
    assert monitor.starts == 7


async def test_one_that_was_stopped_is_not_started() -> None:
    monitor = Mortal(MonitorLost("stopped by ann@desk"))
    told = await run(monitor)
    assert monitor.starts == 1
    assert told == ["alive", "stopped by ann@desk"]
