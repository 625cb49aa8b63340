"""The monitor as a process: joined, stopped, killed, started twice, and left alone by its viewer."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest
from desk import edited
from household import ROOT, Home, alive, children_of, wait_for
from shell import Shell

from hedge.snapshot import Snapshot
from monitor.joining import Joining
from monitor.launch import running
from monitor.link import connect
from monitor.messages import Done, MonitorLost, Stop, WatcherCount, Watchers
from monitor.viewer import demo, joined


def test_a_headless_monitor_is_joined_by_status_and_ended_by_stop(
    connected: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    monitor, shell = connected.monitor(), Shell(connected, capsys)
    status = shell("status", str(connected.portfolio), "--json")
    assert status.code == 0, status.err
    snapshot = status.json
    assert snapshot["positions"][0]["mark"] is not None
    assert Decimal(snapshot["assets"][0]["hedge_ratio"]) == Decimal("0.5")
    assert snapshot["mode"] == "live"
    stop = shell("stop", str(connected.portfolio))
    assert stop.code == 0
    assert "has stopped" in stop.out
    assert monitor.wait(10) == 0
    assert connected.sock is None
    assert monitor.stderr is not None
    assert "stopped by" in monitor.stderr.read()


def test_stop_without_a_name_ends_the_only_monitor(home: Home, shell: Shell) -> None:
    monitor = home.monitor()
    assert "has stopped" in shell("stop").out
    assert monitor.wait(10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_signals_end_it_in_order(home: Home, number: signal.Signals) -> None:
    monitor = home.monitor()
    started = time.monotonic()
    monitor.send_signal(number)
    assert monitor.wait(10) == 128 + number
    assert time.monotonic() - started < 5
    assert home.sock is None


def test_a_detached_monitor_survives_a_lost_terminal(home: Home) -> None:
    monitor = home.start("monitor", str(home.portfolio), "--detached")
    wait_for(lambda: running(home.portfolio, home.env))
    monitor.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert monitor.poll() is None
    monitor.terminate()
    assert monitor.wait(10) == 143


def test_two_monitors_on_one_book_are_impossible(home: Home) -> None:
    home.monitor()
    link = home.folder / "link.json"
    link.symlink_to(home.portfolio)
    second = home.run("monitor", str(link))
    assert second.returncode == 2
    assert "already watches" in second.stderr


def test_a_killed_monitors_socket_is_replaced(home: Home) -> None:
    monitor = home.monitor()
    monitor.kill()
    monitor.wait()
    assert home.sock is not None
    wait_for(lambda: not running(home.portfolio, home.env))  # a helper caught between fork and exec holds it a moment
    again = home.start("monitor", str(home.portfolio))
    wait_for(lambda: running(home.portfolio, home.env))
    assert again.poll() is None
    again.terminate()
    assert again.wait(10) == 143


async def until(monitor: Joining, wanted: str) -> list[Snapshot]:
    """Snapshots until one holds for what is wanted: `live` data, or a `notice`."""
    seen: list[Snapshot] = []
    async with asyncio.timeout(30):
        async for snapshot in monitor.snapshots():
            seen.append(snapshot)
            if wanted == "live" and any(row.mark is not None for row in snapshot.positions):
                break
            if wanted == "joined" and snapshot.started:
                break
    return seen


async def test_a_viewer_paints_at_once_while_its_monitor_starts(connected: Home) -> None:
    monitor = joined(connected.portfolio, connected.env)
    seen = await until(monitor, "live")
    assert seen[0].notices == ("Starting the monitor.",)
    assert seen[0].portfolio == "Test"
    assert seen[-1].positions[0].contracts == 100
    assert await monitor.request(Watchers()) == WatcherCount(1)

    second = joined(connected.portfolio, connected.env)
    others = await until(second, "live")
    assert others[0].notices == ("Joining the monitor.",)
    assert await second.request(Watchers()) == WatcherCount(2)
    await monitor.close()
    assert await second.request(Watchers()) == WatcherCount(1), "the monitor goes on"

    assert isinstance(await second.request(Stop(who="ann")), Done)
    with pytest.raises(MonitorLost, match="stopped by ann"):
        async for _ in second.snapshots():
            pass
    await second.close()


async def test_after_the_end_the_viewer_can_start_it_again(home: Home) -> None:
    monitor = joined(home.portfolio, home.env)
    await until(monitor, "joined")
    await monitor.request(Stop())
    with pytest.raises(MonitorLost):
        async for _ in monitor.snapshots():
            pass
    await until(monitor, "joined")
    await monitor.request(Stop())
    await monitor.close()


async def test_a_monitor_that_cannot_start_says_why(home: Home) -> None:
    home.env["HEDGETUI_THEME"] = "drak"
    monitor = joined(home.portfolio, home.env)
    with pytest.raises(MonitorLost, match="HEDGETUI_THEME"):
        async for _ in monitor.snapshots():
            pass
    await monitor.close()


async def test_two_viewers_that_start_at_once_share_one_monitor(home: Home) -> None:
    both = [joined(home.portfolio, home.env) for _ in range(2)]
    await asyncio.gather(*(until(each, "joined") for each in both))
    assert await both[0].request(Watchers()) == WatcherCount(2)
    await both[0].request(Stop())
    for each in both:
        await each.close()


async def test_a_demo_is_marked_private_and_ends_with_its_viewer(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(home.folder))
    monitor = demo(home.env)
    seen = await until(monitor, "live")
    assert {snapshot.mode for snapshot in seen} == {"demo"}
    (folder,) = home.folder.glob("hedgetui-demo-*")
    client = await connect(folder / "sock")
    assert client.hello.ends_with_viewer
    pid = client.hello.pid
    children = children_of(pid)
    assert children
    await client.close()
    assert await monitor.request(Watchers()) == WatcherCount(1, ends_with_viewer=True)
    assert home.sock is None, "a demo is never joined by portfolio"
    await monitor.close()
    assert not folder.exists()
    assert not alive(pid)
    wait_for(lambda: not any(alive(child) for child in children))


KILLED = """
import asyncio, os, sys
from monitor.viewer import demo
async def main():
    monitor = demo(dict(os.environ))
    async for snapshot in monitor.snapshots():
        if snapshot.started:
            print(snapshot.path, flush=True)
            await asyncio.sleep(60)
asyncio.run(main())
"""


def test_a_demo_ends_even_with_a_viewer_that_is_killed(home: Home) -> None:
    viewer = subprocess.Popen(
        [sys.executable, "-c", KILLED],
        cwd=ROOT,
        env={**home.env, "TMPDIR": str(home.folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with viewer:
        assert viewer.stdout is not None
        folder = Path(viewer.stdout.readline().strip()).parent
        assert folder.name.startswith("hedgetui-demo-")
        os.kill(viewer.pid, signal.SIGKILL)
        wait_for(lambda: not folder.exists())


def test_a_portfolio_that_was_deleted_is_still_watched_and_can_be_joined(
    connected: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    connected.monitor()
    connected.portfolio.unlink()
    time.sleep(1.5)
    shell, file = Shell(connected, capsys), str(connected.portfolio)
    run = shell("status", file)
    assert run.code == 0, run.err
    assert "File invalid since" in run.out
    assert "no such file" in run.out
    assert "has stopped" in shell("stop", file).out
    assert shell("status", file).code == 2


def test_a_monitor_that_hangs_gives_no_data(home: Home, shell: Shell) -> None:
    monitor = home.monitor()
    monitor.send_signal(signal.SIGSTOP)
    run = shell("status", str(home.portfolio))
    assert run.code == 3
    assert run.err == "No data came: the monitor has said nothing for 5 s.\n"


async def test_an_edit_of_the_file_reaches_the_screen_and_alerts(connected: Home) -> None:
    connected.monitor()
    assert connected.sock is not None
    client = await connect(connected.sock)
    connected.write(edited(held="244"))
    async with asyncio.timeout(30):
        async for snapshot in client.snapshots():
            if any(row.rule == "hedge_drift" and row.level == "caution" for row in snapshot.alerts):
                break
    connected.portfolio.write_text(json.dumps(edited(held="250"))[:100])
    async with asyncio.timeout(30):
        async for snapshot in client.snapshots():
            if any(notice.startswith("File invalid since ") for notice in snapshot.notices):
                break
    assert snapshot.assets[0].spot_quantity == 244
    await client.close()
