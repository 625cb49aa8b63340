"""Our own faults: a panel that cannot be painted, a task that ends, handles that run out."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from desk import StandingClock, facts, portfolio, prices
from household import ROOT, Home, wait_for

from feeds.markets import FeedSetup
from hedge.snapshot import AlertRow, Snapshot
from monitor.clock import BootClock
from monitor.engine import Engine
from monitor.frames import PROTOCOL, Hello
from monitor.journal import Journal, Trouble
from monitor.launch import running
from monitor.link import Server, connect
from monitor.messages import Answer, Done, Fault, MonitorLost, Request
from monitor.run import LiveFeeds
from monitor.settings import read_settings
from monitor.watch import Watch
from tui.screens.overview import Overview
from tui.view import View
from tui.watching import Watching
from tui.widgets.headline import Headlines


def new_journal(folder: Path) -> Journal:
    return Journal(folder / "journal.db", Trouble(print, lambda: None, print), now_ms=lambda: BootClock().now().wall_ms)


async def ticking(wants: object, emit: Any) -> None:
    """A venue that goes on."""
    for each in facts():
        emit(each)
    while True:
        for each in prices(BootClock().now(), "142"):
            emit(each)
        await asyncio.sleep(0.1)


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[tuple[Engine, asyncio.Task[Any]]]:
    """A monitor in this process, with its journal and its socket."""
    journal = new_journal(folder)
    watch = Watch(portfolio(), BootClock(), path="/book.json", journal=journal)
    engine = Engine(watch, ticking, Unchanged())
    server = Server(engine, Hello(PROTOCOL, "0", 1, "/book.json"))
    await server.open(folder / "sock")
    running = asyncio.create_task(engine.run(), name="engine")
    await asyncio.sleep(0.3)
    try:
        yield engine, running
    finally:
        engine.stop("the test is over")
        await asyncio.gather(running, return_exceptions=True)
        await server.close()
        journal.close()


class Unchanged:
    def poll(self) -> None:
        return None


# F64: a panel that cannot be painted


class Told:
    """A monitor of one snapshot that keeps what it is asked."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.asked: list[Request] = []

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        while True:
            yield self.snapshot
            await asyncio.sleep(0.1)

    async def request(self, request: Request) -> Answer:
        self.asked.append(request)
        return Done()

    async def close(self) -> None: ...


def a_snapshot() -> Snapshot:
    clock = StandingClock()
    watch = Watch(portfolio(), clock)
    for each in (*facts(), *prices(clock.now(), "142")):
        watch.take(each)
    return watch.snapshot()


async def test_f64_a_panel_that_fails_says_so_and_the_monitor_hears_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from themes import THEMES
    from tui.app import HedgeApp

    def broken(self: Headlines, view: View, size: object) -> list[object]:
        raise RuntimeError("no figure")

    monkeypatch.setattr(Headlines, "draw", broken)
    monitor = Told(a_snapshot())
    app = HedgeApp(Watching(monitor), THEMES["dark"])
    async with app.run_test(size=(120, 36)) as pilot:
        for _ in range(5):
            await pilot.pause(0.15)
        screen = app.screen
        assert isinstance(screen, Overview)
        text = "\n".join(line.text for panel in screen.children if panel.display for line in panel.lines)  # type: ignore[attr-defined]
        assert "This panel cannot be painted: RuntimeError: no figure" in text
        assert "SOL" in text, "the other panels live"
        app.exit(return_code=0)
    faults = [each for each in monitor.asked if isinstance(each, Fault)]
    assert [each.subject for each in faults] == ["screen-Headlines"]


async def test_f64_what_a_viewer_tells_of_itself_is_a_warning_that_a_person_answers(tmp_path: Path) -> None:
    async with watched(tmp_path) as (engine, _):
        client = await connect(tmp_path / "sock")
        said = "a screen's Headlines cannot be painted: RuntimeError: \x1b[2J no figure"
        assert await client.request(Fault("screen-Headlines", said)) == Done()
        (row,) = faults_of(engine)
        assert (row.level, row.subject, row.state) == ("warning", "screen-Headlines", "unack")
        assert "cannot be painted" in row.message
        assert "\x1b" not in row.message
        await client.close()


def faults_of(engine: Engine) -> list[AlertRow]:
    return [row for row in engine.watch.snapshot().alerts if row.rule == "fault"]


DIES = """
import sys
sys.path[:0] = ["tests/faults", "tests/monitor"]
from test_f64_to_f69_ourselves import Told, a_snapshot
from tui import app
from tui.screens.overview import Overview
def broken(self, snapshot):
    raise RuntimeError("boom")
Overview.take = broken
run_async = app.HedgeApp.run_async
app.HedgeApp.run_async = lambda self, mouse: run_async(self, headless=True, mouse=mouse)
monitor = Told(a_snapshot())
code = app.run(monitor, env={})
open(sys.argv[1], "w").write(repr((code, monitor.asked)))
"""


def test_f64_a_viewer_that_dies_ends_with_an_error_and_the_monitor_is_told(tmp_path: Path) -> None:
    said = tmp_path / "said"
    subprocess.run([sys.executable, "-c", DIES, str(said)], cwd=ROOT, capture_output=True, timeout=60)
    assert said.read_text().startswith("(1, [")
    assert "Fault(subject='viewer'" in said.read_text()


# F65: a task of the engine ends


def engine_tasks() -> dict[str, asyncio.Task[Any]]:
    names = ("feeds", "heartbeat", "orders", "proof", "portfolio-file")
    return {task.get_name(): task for task in asyncio.all_tasks() if task.get_name() in names}


@pytest.mark.parametrize("name", ["feeds", "heartbeat", "orders", "proof", "portfolio-file"])
@pytest.mark.parametrize("how", ["cancelled", "raises"])
async def test_f65_no_task_of_the_engine_ends_unnoticed(
    tmp_path: Path, name: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every viewer is told at once with the reason, which is what makes it start another monitor."""
    async with watched(tmp_path) as (engine, running):
        client = await connect(tmp_path / "sock")
        seen: list[Snapshot] = []

        async def view() -> None:
            async for snapshot in client.snapshots():
                seen.append(snapshot)

        viewing = asyncio.create_task(view())
        await asyncio.sleep(0.5)
        tasks = engine_tasks()
        assert set(tasks) == {"feeds", "heartbeat", "orders", "proof", "portfolio-file"}
        if how == "cancelled":
            tasks[name].cancel()
        else:
            monkeypatch.setattr("monitor.engine.shortage", broken)
            monkeypatch.setattr(engine.watch, "orders_due", broken)
            if name == "heartbeat":
                monkeypatch.setattr(engine.watch, "tick", broken)
            elif name == "portfolio-file":
                monkeypatch.setattr(engine._file, "poll", broken)
            elif name == "feeds":
                assert engine._reading is not None
                engine._reading.cancel()
        with pytest.raises(MonitorLost, match="the monitor broke") as lost:
            await asyncio.wait_for(viewing, 3)
        assert not lost.value.on_purpose
        with pytest.raises(ExceptionGroup):
            await running
        assert seen
        await client.close()


def broken(*_: object) -> str:
    raise RuntimeError("boom")


async def test_f65_a_feed_that_is_cancelled_ends_the_watch_and_leaves_nothing_that_looks_fresh(connected: Home) -> None:
    settings = read_settings(connected.env)
    setup = FeedSetup(settings.urls, settings.rest_urls, str(connected.folder / "cache"))
    watch = Watch(portfolio(), BootClock())
    engine = Engine(watch, LiveFeeds(setup))
    running = asyncio.create_task(engine.run())
    async with asyncio.timeout(30):
        while watch.snapshot().positions[0].mark is None:  # noqa: ASYNC110 it has no event
            await asyncio.sleep(0.1)
    (task,) = (each for each in asyncio.all_tasks() if each.get_name() == "feed bybit-linear")
    task.cancel()
    with pytest.raises(ExceptionGroup, match="unhandled") as broken:
        await asyncio.wait_for(running, 3)
    assert "feed bybit-linear was cancelled" in repr(broken.value.exceptions)


def test_f65_after_a_broken_run_the_next_one_says_that_nobody_watched(home: Home) -> None:
    monitor = home.monitor()
    time.sleep(2)
    monitor.kill()
    monitor.wait()
    wait_for(lambda: not running(home.portfolio, home.env))
    home.start("monitor", str(home.portfolio))
    wait_for(lambda: running(home.portfolio, home.env))
    found = home.run("alerts", str(home.portfolio), "--json")
    assert '"monitor_gap"' in found.stdout, found.stderr


async def test_f65_a_journal_whose_thread_died_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.engine.HANGS_S", 0.3)
    async with watched(tmp_path) as (engine, running):
        journal = engine.watch.journal
        assert journal is not None
        journal._writer._queue.put(None)
        async with asyncio.timeout(10):
            while not [row for row in engine.watch.snapshot().alerts if row.rule == "journal"]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert not running.done(), "memory goes on"


# F69: no handles left


HANDLES = 24
"""Enough to start with; a monitor of one venue holds about twenty."""
FEW = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[1])))
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


def short_of_handles(home: Home, count: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", FEW, str(count), str(ROOT / "hedgetui.py"), "monitor", str(home.portfolio)]
    process = subprocess.Popen(words, env=home.env, cwd=home.folder, stderr=subprocess.PIPE, text=True)
    home.processes.append(process)
    wait_for(lambda: home.sock is not None or process.poll() is not None)
    assert process.poll() is None, process.communicate()[1]
    return process


async def test_f69_when_handles_run_out_it_is_said_and_what_runs_goes_on(connected: Home) -> None:
    process = short_of_handles(connected, HANDLES)
    assert connected.sock is not None
    client = await connect(connected.sock)
    row: AlertRow | None = None
    async with asyncio.timeout(30):
        async for snapshot in client.snapshots():
            row = next((each for each in snapshot.alerts if each.id.startswith("fault:resources")), None)
            if row is not None:
                break
    assert row is not None
    assert row.level == "warning"
    assert "file handles" in row.message
    journal = next(connected.folder.glob(".local/state/hedgetui/*/journal.db"))
    assert str(journal) in open_files(process.pid), "it has its handle already"
    assert process.poll() is None
    await client.close()


def open_files(pid: int) -> set[str]:
    return {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()}


def test_f69_the_market_that_cannot_be_reached_says_why() -> None:
    import errno

    from feeds.trouble import diagnose

    found = diagnose(OSError(errno.EMFILE, "Too many open files"), "stream.test", 0)
    assert found is not None
    assert found.reason == "no file handle is left to reach stream.test"
    assert found.wait_s >= 60, "no storm of dials"
