"""Kill -9 at every point of writing: nothing that anybody was told is lost, and what was lost nobody was told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crash_run import START, Day, lives
from hostile import long_run
from msgspec.structs import replace

from alerts.machine import durable
from alerts.values import Alert, Annunciate, Key, Logged, State
from hedge.market import Instant
from monitor.alarm import Alarm
from monitor.journal import Journal, Trouble
from monitor.journal.reading import log

ROOT = Path(__file__).parents[2]
HARNESS = Path(__file__).with_name("crash_run.py")
MEMORY = Path("/dev/shm")
"""A kill needs no real disk, and this is a hundred times faster."""


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="crash-", dir=MEMORY if MEMORY.is_dir() else None))
    yield made
    shutil.rmtree(made)


def bare(alert: Alert) -> Alert:
    """What a journal must bring back: all but figures that change with each tick."""
    return replace(durable(alert), value=None, worst=None, threshold=None, note="", pages=0, shrinking=False)


def standing(state: State) -> dict[Key, Alert]:
    return {key: bare(alert) for key, alert in state.alerts.items() if not durable(alert).forgettable}


def promised(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "promised").read_text().splitlines()]


def opened(folder: Path) -> Journal:
    said: list[str] = []
    journal = Journal(folder / "journal.db", Trouble(said.append, lambda: None, said.append), now_ms=lambda: 0)
    assert said == [], "a kill damages nothing"
    return journal


def check(folder: Path, live: dict[int, State]) -> int:
    """What a monitor that starts after this kill has; returns how many events were on the disk."""
    journal = opened(folder)
    events = journal.ask(lambda connection: log(connection, 0, 10_000)).result(10)
    restored = journal.restore()
    assert len(events) in live, "a step is on the disk whole, or not at all"
    state = live[len(events)]
    alarm, pages = Alarm(), list[str]()
    alarm.tell = lambda _, announced: pages.extend(each.page_id for each in announced if isinstance(each, Annunciate))
    promises = promised(folder)
    assert sum(each.get("told", 0) for each in promises) <= len(events), "told before it was on the disk"
    written = {f"{event.what} {event.alert.id}" for event in events if event.who == "ann"}
    assert {each["answered"] for each in promises if "answered" in each} <= written, "an answer is lost"
    last = restored.last or START
    alarm.resume(restored, Instant(last.mono_ms + 60_000, last.wall_ms + 60_000))
    if restored.last is not None:
        shift = {key: alert for key, alert in alarm.state.alerts.items() if key[0] != "monitor_gap"}
        assert {key: asked(alert) for key, alert in shift.items()} == {
            key: asked(alert) for key, alert in standing(state).items()
        }
        unanswered = {alert.page_id for alert in standing(state).values() if alert.shown == "unack"}
        assert unanswered <= set(pages), "what waits for an answer is asked again, as the same page"
    assert journal.close()
    return len(events)


def asked(alert: Alert) -> tuple[object, ...]:
    ack, shelf = alert.ack, alert.shelf
    return (alert.id, alert.level, alert.peak, alert.owed, alert.latched, alert.rearm, alert.shown, alert.spent,
            None if ack is None else (ack.level, ack.who, ack.host, ack.note),
            None if shelf is None else (shelf.level, shelf.reason, shelf.who))  # fmt: skip


def campaign(folder: Path, seed: int, steps: int) -> None:
    words = [sys.executable, str(HARNESS), str(folder), str(seed), str(steps), "20000"]
    run = subprocess.run(words, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    live = dict(lives(seed, steps))
    found = [check(each, live) for each in sorted(folder.iterdir())]
    assert found[-1] == max(live), "the run that was not killed wrote everything"
    assert len(set(live) - set(found)) <= len(live) // 20, "nearly every step was the last one of some run"


def test_f43_nothing_that_was_told_is_lost_by_a_kill_at_any_point(folder: Path) -> None:
    campaign(folder, seed=1, steps=20)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 2 + long_run(1, 6)))
def test_f43_other_days(folder: Path, seed: int) -> None:
    campaign(folder, seed, steps=long_run(20, 60))


def test_f43_the_days_are_rich_enough_to_prove_something() -> None:
    whats: set[str] = set()

    def tell(lines: Any, _: object) -> None:
        whats.update(line.what for line in lines if isinstance(line, Logged))

    for seed in range(1, 8):
        alarm = Alarm()
        alarm.tell = tell
        for _ in Day(alarm, seed).steps(60):
            pass
    assert {"raised", "acked", "shelved", "rose", "returned", "cleared", "removed", "paged", "reset"} <= whats
