"""Clocks that are set, viewers that leave or stall, and several that look at once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from desk import Desk, StandingClock
from household import PROGRAM, Home

from hedge.market import Instant
from hedge.snapshot import Snapshot
from monitor.journal import Journal, Trouble
from monitor.link import Client, connect
from monitor.messages import Acknowledge, Done, Refused

HOUR_MS = 3_600_000


def new_journal(path: Path, clock: StandingClock, boot: str = "one") -> Journal:
    said: list[str] = []
    return Journal(path, Trouble(said.append, lambda: None, said.append), now_ms=lambda: clock.now().wall_ms, boot=boot)


def alerts(desk: Desk) -> dict[str, tuple[str, str, str]]:
    return {row.id: (row.level, row.state, row.since) for row in desk.watch.snapshot().alerts}


def set_clock(clock: StandingClock, ms: int) -> None:
    clock.instant = Instant(clock.instant.mono_ms, clock.instant.wall_ms + ms)


# F27: our wall clock is set


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS])
def test_f27_a_clock_that_is_set_raises_and_clears_nothing(tmp_path: Path, jump_ms: int) -> None:
    clock = StandingClock()
    desk = Desk(new_journal(tmp_path / "journal.db", clock), clock, held="244")
    desk.run(10)
    before = alerts(desk)
    assert {each[0] for each in before.values()} == {"caution"}
    as_of = desk.watch.snapshot().as_of
    set_clock(clock, jump_ms)
    desk.run(90)
    assert {id: state[:2] for id, state in alerts(desk).items()} == {id: state[:2] for id, state in before.items()}
    assert desk.watch.snapshot().as_of[:13] != as_of[:13], "labels follow the new clock"
    assert desk.watch.journal is not None
    assert desk.watch.journal.close()


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS, 0])
@pytest.mark.parametrize("boot", ["one", "another"])
def test_f27_a_clock_that_is_set_between_two_runs(tmp_path: Path, jump_ms: int, boot: str) -> None:
    """Within one run of the machine an absence is measured by its own clock; after another, a long one is believed."""
    clock = StandingClock()
    desk = Desk(new_journal(tmp_path / "journal.db", clock), clock, held="244")
    desk.run(10)
    row = next(each for each in desk.watch.snapshot().alerts if each.rule == "hedge_drift")
    assert desk.watch.acknowledge(Acknowledge(row.id, row.level, "ann@desk")) == Done("Acknowledged.")
    desk.run(6)
    assert desk.watch.journal is not None
    assert desk.watch.journal.close()
    clock.go(60)
    set_clock(clock, jump_ms)
    if boot == "another":
        clock.instant = Instant(5_000, clock.instant.wall_ms)
    again = Desk(new_journal(tmp_path / "journal.db", clock, boot), clock, held="244")
    rows = {each.rule: each for each in again.watch.snapshot().alerts}
    believed = boot == "one" or jump_ms == 0
    assert rows["hedge_drift"].state == ("acked" if believed else "unack")
    assert rows["monitor_gap"].level == "caution"
    if believed:
        assert "1 min" in rows["monitor_gap"].message or "6" in rows["monitor_gap"].message
    assert again.watch.journal is not None
    assert again.watch.journal.close()


# F44, F47, F53: several look, and some of them do not read


async def shown(client: Client, rule: str, state: str, seconds: float) -> Snapshot:
    async with asyncio.timeout(seconds):
        async for snapshot in client.snapshots():
            if any(row.rule == rule and row.state == state for row in snapshot.alerts):
                return snapshot
    raise AssertionError("it ended")


async def test_f44_several_viewers_agree_within_a_second_and_only_one_answer_counts(connected: Home) -> None:
    from desk import edited

    connected.write(edited(held="244"))
    await asyncio.to_thread(connected.monitor)
    assert connected.sock is not None
    first, second, third = [await connect(connected.sock) for _ in range(3)]
    for each in (first, second, third):
        snapshot = await shown(each, "hedge_drift", "unack", 30)
    (row,) = (row for row in snapshot.alerts if row.rule == "hedge_drift")
    answered = await first.request(Acknowledge(row.id, row.level, "ann", "on it"))
    assert answered == Done("Acknowledged.")
    began = asyncio.get_running_loop().time()
    for each in (second, third):
        snapshot = await shown(each, "hedge_drift", "acked", 1.5)
        assert [row.answered_by for row in snapshot.alerts if row.rule == "hedge_drift"] == ["ann"]
    assert asyncio.get_running_loop().time() - began < 1.5, "a second, with slack for a busy machine"
    late = await second.request(Acknowledge(row.id, row.level, "bob"))
    assert isinstance(late, Refused)
    assert "ann" in late.reason
    for each in (first, second, third):
        await each.close()


async def test_f47_viewers_that_read_nothing_cost_the_monitor_nothing(connected: Home) -> None:
    """Five ask to watch and never read; one that reads is told at least each second, and an answer comes at once."""
    from monitor.frames import WATCH, frame

    await asyncio.to_thread(connected.monitor)
    assert connected.sock is not None
    stalled = [await asyncio.open_unix_connection(str(connected.sock), limit=1024) for _ in range(5)]
    for _, writer in stalled:
        writer.write(frame(WATCH, b""))
    client = await connect(connected.sock)
    loop = asyncio.get_running_loop()
    began = last = loop.time()
    worst = 0.0
    async for _ in client.snapshots():
        now = loop.time()
        worst, last = max(worst, now - last), now
        if now - began > 5:
            break
    assert worst < 2.5, "each second, with slack for a busy machine"
    assert isinstance(await asyncio.wait_for(client.request(Acknowledge("feed:x#1", "caution")), 2), Refused)
    for _, writer in stalled:
        writer.close()
    await client.close()


def test_f48_without_a_terminal_it_ends_at_once_and_uses_no_processor(home: Home) -> None:
    before, began = os.times(), time.monotonic()
    run = subprocess.run(
        [sys.executable, str(PROGRAM), str(home.portfolio)],
        env=home.env,
        cwd=home.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    after = os.times()
    assert run.returncode == 2
    assert "hedgetui monitor" in run.stderr
    used = after.children_user - before.children_user + after.children_system - before.children_system
    assert used < 5, f"it took {time.monotonic() - began:.1f} s"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_f45_a_signal_leaves_the_journal_whole_and_says_who_ended_it(home: Home, number: signal.Signals) -> None:
    from monitor.journal.reading import restore
    from monitor.journal.tables import connect_to_read

    monitor = home.monitor()
    time.sleep(1)
    monitor.send_signal(number)
    assert monitor.wait(10) == 128 + number
    (file,) = home.folder.glob(".local/state/hedgetui/*/journal.db")
    assert not file.with_name("journal.db-wal").exists(), "nothing is left half written"
    reader = connect_to_read(file)
    stopped = restore(reader).stopped
    reader.close()
    assert stopped is not None
    assert stopped.who == number.name
