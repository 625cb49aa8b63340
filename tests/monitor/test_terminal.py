"""The real program on a real pty: a viewer that is stopped, or whose terminal nobody reads, stops nothing else."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from desk import edited
from household import PROGRAM, Home, alive, wait_for

from hedge.snapshot import Snapshot
from monitor.link import Client, connect
from monitor.messages import Stop

OWN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes stdin the terminal of the new session, as a login does, and becomes the program."""


class Terminal:
    """A pty of 120x36 with a program on it; read all the time, unless the test stalls it."""

    def __init__(self, home: Home, *words: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWN_TERMINAL, sys.executable, str(PROGRAM), *words],
            env=home.env,
            cwd=home.folder,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.painted = b""
        self.read = threading.Event()
        self.read.set()
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()

    def _drain(self) -> None:
        while True:
            self.read.wait()
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            if not data:
                return
            self.painted += data

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def hang_up(self) -> None:
        """The terminal is gone."""
        self.read.set()
        master, self.master = self.master, -1
        os.close(master)

    def close(self) -> None:
        self.read.set()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()
        if self.master >= 0:
            self.hang_up()
        self._reader.join(5)


@contextmanager
def terminal(home: Home, *words: str) -> Iterator[Terminal]:
    screen = Terminal(home, *words)
    try:
        there = (lambda: b"DEMO" in screen.painted) if "--demo" in words else (lambda: home.sock is not None)
        wait_for(lambda: (b"SOL" in screen.painted and there()) or screen.process.poll() is not None, 30)
        assert screen.process.poll() is None, screen.painted.decode(errors="replace")
        yield screen
    finally:
        screen.close()


@asynccontextmanager
async def second_viewer(home: Home) -> AsyncIterator[Client]:
    assert home.sock is not None
    client = await connect(home.sock)
    try:
        yield client
    finally:
        await client.request(Stop())
        await client.close()


def drifts(snapshot: Snapshot) -> bool:
    return any(row.rule == "hedge_drift" and row.level == "caution" for row in snapshot.alerts)


async def follow(
    client: Client, seconds: float, until: Callable[[Snapshot], bool] = lambda _: True
) -> tuple[list[Snapshot], float]:
    """What a second viewer sees for `seconds` and until it sees what it looks for; and its longest wait."""
    loop = asyncio.get_running_loop()
    seen: list[Snapshot] = []
    started = last = loop.time()
    worst = 0.0
    async for snapshot in client.snapshots():
        now = loop.time()
        worst, last = max(worst, now - last), now
        seen.append(snapshot)
        if now - started >= seconds + 20 or (now - started >= seconds and until(snapshot)):
            break
    return seen, worst


@pytest.mark.parametrize("stall", ["stopped", "unread"])
@pytest.mark.parametrize("seconds", [4.0, pytest.param(30.0, marks=pytest.mark.soak)])
async def test_a_stalled_viewer_leaves_feeds_and_alerts_running(connected: Home, stall: str, seconds: float) -> None:
    with terminal(connected, str(connected.portfolio)) as screen:
        async with second_viewer(connected) as client:
            await follow(client, 2)
            if stall == "stopped":
                screen.process.send_signal(signal.SIGSTOP)
            else:
                screen.read.clear()
            connected.write(edited(held="244"))
            seen, worst = await follow(client, seconds, drifts)
            assert worst < 2.5, "a snapshot comes at least each second, with slack for a busy machine"
            marks = {snapshot.positions[0].mark for snapshot in seen}
            assert len(marks) >= seconds / 2, "the feeds went on"
            ages = [snapshot.positions[0].ages.mark for snapshot in seen]
            assert all(age is not None and age < 5 for age in ages)
            assert drifts(seen[-1])
            if stall == "stopped":
                screen.process.send_signal(signal.SIGCONT)
            before = len(screen.painted)
            screen.read.set()
            wait_for(lambda: len(screen.painted) > before, 15)
            assert screen.process.poll() is None


async def test_a_lost_terminal_is_a_detach(home: Home) -> None:
    with terminal(home, str(home.portfolio)) as screen:
        async with second_viewer(home) as client:
            screen.hang_up()
            wait_for(lambda: screen.process.poll() is not None, 15)
            seen, _ = await follow(client, 1.5)
            assert seen[-1].portfolio == "Test"


async def test_detach_leaves_the_monitor_and_the_terminal_as_it_was(home: Home) -> None:
    with terminal(home, str(home.portfolio)) as screen:
        async with second_viewer(home):
            screen.type("d")
            assert await asyncio.to_thread(screen.process.wait, 15) == 0
            assert b"\x1b[?1049l" in screen.painted
            assert home.sock is not None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_demo_on_a_terminal_ends_with_it(home: Home, number: signal.Signals) -> None:
    home.env["TMPDIR"] = str(home.folder)
    with terminal(home, "--demo") as screen:
        (folder,) = home.folder.glob("hedgetui-demo-*")
        assert b"DEMO" in screen.painted
        started = time.monotonic()
        screen.process.send_signal(number)
        assert screen.process.wait(15) == 128 + number
        assert time.monotonic() - started < 10
        wait_for(lambda: not folder.exists())
        assert not alive(screen.process.pid)
