"""Join the monitor of a portfolio, or start one as a child in a session of its own, so that it outlives the viewer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from monitor.link import Client, connect
from monitor.messages import MonitorLost
from monitor.place import Place, candidates, is_locked, private, settle

PROGRAM = Path(__file__).resolve().parents[1] / "hedgetui.py"
"""The front door, which is started by its path: with `-m` a folder named like one of ours in the user's working
folder would be imported in its place."""

START_LIMIT_S = 30.0
"""A monitor that does not listen by then is given up; a cold start on a slow disk takes seconds."""
LOOK_EVERY_S = 0.02
LOG_LIMIT = 1024 * 1024


def running(portfolio: Path, env: Mapping[str, str]) -> Place | None:
    """Where a monitor of this portfolio listens now, or None. Takes microseconds."""
    return next((place for place in candidates(portfolio, env) if listens(place)), None)


ENDING_S = 0.3
"""A monitor that was told to stop has closed its socket by then."""


def stays(portfolio: Path, env: Mapping[str, str]) -> bool:
    """Whether a monitor of this portfolio goes on now that a viewer has left."""
    if running(portfolio, env) is None:
        return False
    time.sleep(ENDING_S)
    return running(portfolio, env) is not None


def listens(place: Place) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(place.sock))
        except OSError:
            return False
    return True


class Joined:
    """A monitor that runs already."""

    def __init__(self, place: Place) -> None:
        self.place = place

    async def join(self) -> Client:
        return await connect(self.place.sock)

    async def rejoin(self) -> Client:
        return await connect(self.place.sock)

    def leave(self) -> None:
        """It goes on without us."""


class Started(Joined):
    """A monitor that was started as a child, and may not listen yet."""

    def __init__(self, place: Place, child: subprocess.Popen[bytes]) -> None:
        super().__init__(place)
        self.child = child

    async def join(self) -> Client:
        """Wait until it listens, and join. Raises MonitorLost with its last words if it ends before."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_LIMIT_S
        while loop.time() < deadline:
            with contextlib.suppress(MonitorLost):
                return await connect(self.place.sock)
            if self.child.poll() is not None and not is_locked(self.place):
                raise MonitorLost(f"the monitor ended while it started: {last_line(self.place.log)}")
            await asyncio.sleep(LOOK_EVERY_S)
        raise MonitorLost(f"the monitor did not answer within {START_LIMIT_S:.0f} s; its log is {self.place.log}")

    def leave(self) -> None:
        """It goes on in its own session, on purpose: Python need not warn of a child that outlives us."""
        if self.child.poll() is None:
            self.child.returncode = 0


def start_monitor(portfolio: Path, env: Mapping[str, str]) -> Started:
    """Start the monitor of a portfolio, headless and detached. Raises PlaceError or AlreadyWatched."""
    place = settle(portfolio, env)
    return Started(place, spawn(place, ["monitor", str(portfolio.absolute()), "--detached"], subprocess.DEVNULL, env))


class Demo(Started):
    """A demo monitor: it ends when the pipe on its stdin closes, that is with the viewer however that ends."""

    def leave(self) -> None:
        """End it, and take its folder away in case it could not."""
        if self.child.stdin is not None:
            self.child.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.child.wait(timeout=3)
        shutil.rmtree(self.place.folder, ignore_errors=True)


def start_demo(env: Mapping[str, str]) -> Demo:
    """Start a demo in a private folder."""
    place = private()
    return Demo(place, spawn(place, ["monitor", "--demo", str(place.folder)], subprocess.PIPE, env))


def spawn(place: Place, arguments: list[str], stdin: int, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A process in a session of its own, so neither Ctrl+C nor a closed terminal reaches it; it writes into its log."""
    turn_over(place.log)
    descriptor = os.open(place.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            [sys.executable, str(PROGRAM), *arguments],
            stdin=stdin,
            stdout=descriptor,
            stderr=descriptor,
            cwd="/",
            env=env,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)


def turn_over(log: Path) -> None:
    """Keep one older log, so that restarts cannot fill the disk."""
    with contextlib.suppress(OSError):
        if log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))


def last_line(log: Path) -> str:
    """The last words of a monitor that ended."""
    try:
        lines = log.read_text(errors="replace").split("\n")
    except OSError as error:
        return f"its log {log} cannot be read ({error.strerror})"
    return next((line.strip() for line in reversed(lines) if line.strip()), f"its log {log} is empty")
