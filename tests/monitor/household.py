"""A user's home for one test, an exchange on loopback, and the real program run in both."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from desk import edited

from monitor.settings import FEED_IDS, VENUE_IDS

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "hedgetui.py"


class Home:
    """A home folder with a portfolio, settings and an environment of its own. Its path is short: sockets need that."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ht-"))
        self.portfolio = self.folder / "book.json"
        self.write(edited())
        self.env = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "HEDGETUI_"))},
            "HOME": str(self.folder),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LC_ALL": "C.UTF-8",
            "XDG_RUNTIME_DIR": str(self.folder),
        }
        self.processes: list[subprocess.Popen[str]] = []

    def write(self, book: dict[str, Any]) -> None:
        new = self.folder / "book.new"
        new.write_text(json.dumps(book))
        new.replace(self.portfolio)

    def addresses(self, urls: dict[str, str], rest_urls: dict[str, str]) -> None:
        """Settings that lead every feed and venue to these addresses."""
        lines = ["[urls]", *(f'{feed} = "{urls[feed]}"' for feed in FEED_IDS if feed in urls)]
        lines += ["[rest_urls]", *(f'{venue} = "{rest_urls[venue]}"' for venue in VENUE_IDS if venue in rest_urls)]
        file = self.folder / ".config" / "hedgetui" / "settings.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines) + "\n")

    def no_network(self) -> None:
        """Every address leads to a port of loopback on which nobody listens."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.addresses(
            dict.fromkeys(FEED_IDS, f"ws://127.0.0.1:{port}/ws"),
            dict.fromkeys(VENUE_IDS, f"http://127.0.0.1:{port}"),
        )

    def run(self, *words: str, timeout: float = 60, **options: Any) -> subprocess.CompletedProcess[str]:
        """The program with these words, to its end."""
        return subprocess.run(
            [sys.executable, str(PROGRAM), *words],
            env=self.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            **options,
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        """The program with these words, running; ended with the home."""
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *words],
            env=self.env,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    @property
    def sock(self) -> Path | None:
        return next(iter(self.folder.glob(".local/state/hedgetui/*/sock")), None)

    def monitor(self) -> subprocess.Popen[str]:
        """A headless monitor that listens."""
        process = self.start("monitor", str(self.portfolio))
        wait_for(lambda: self.sock is not None or process.poll() is not None)
        assert process.poll() is None, process.communicate()[1]
        return process

    def close(self) -> None:
        try:
            for process in self.processes:
                if process.poll() is None:
                    process.send_signal(signal.SIGCONT)
                    process.kill()
                process.communicate()
            for lock in self.folder.glob(".local/state/hedgetui/*/lock"):
                end_holder(lock)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def end_holder(lock: Path) -> None:
    """End a detached monitor that a failed test left behind, found by the lock that it holds."""
    import fcntl

    def free() -> bool:
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                with suppress(ValueError, ProcessLookupError):  # it may be starting, or just ending
                    os.kill(int(file.read()), signal.SIGKILL)
                return False
        return True

    wait_for(free)


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Until it holds; a failure after `seconds`, which is far more than it takes."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def children_of(pid: int) -> list[int]:
    """Processes that a process started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def exchange(scenario: str = "calm") -> Iterator[dict[str, Any]]:
    """The simulator as a process; yields what it prints first."""
    process = subprocess.Popen(
        [sys.executable, "-m", "feeds.simulator", "--port", "0", "--scenario", scenario, "--until-stdin-closes"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.communicate()
