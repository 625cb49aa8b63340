"""On a real terminal: any byte, any signal, no colour, no UTF-8, a line that hangs up or takes nothing any more."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ON, OFF = b"\x1b[?1049h", b"\x1b[?1049l"
SLACK_S = 20.0
JUNK = (b"\xff", b"\x00\x01\x02", b"\x1b]11;rgb:zz/aa/aa\x07", b"\xe9a\xff\xfea\xc3(", b"\x1b[999;999R", b"\x9b31m")


class Session:
    """A child on a terminal of its own."""

    def __init__(self, pid: int, master: int) -> None:
        self.pid = pid
        self.master = master
        self.seen = b""

    def read(self, seconds: float) -> bytes:
        """What it writes within the time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.master], [], [], left)[0]:
                try:
                    self.seen += os.read(self.master, 65_536)
                except OSError:
                    break
        return self.seen

    def until(self, words: bytes) -> bytes:
        """Read until it has written this, at most SLACK_S."""
        end = time.monotonic() + SLACK_S
        while words not in self.seen and time.monotonic() < end:
            self.read(0.05)
        assert words in self.seen, self.seen[-2000:]
        return self.seen

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def code(self, *, reading: bool = True) -> int:
        """Its exit code; it has SLACK_S for it."""
        end = time.monotonic() + SLACK_S
        while time.monotonic() < end:
            if reading:
                self.read(0.05)
            else:
                time.sleep(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
        raise AssertionError("it does not end")


@contextlib.contextmanager
def session(state: str = "WARNING", **env: str) -> Iterator[Session]:
    """The screen on a terminal of 120x36."""
    base = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "LC_ALL", "COLUMNS", "LINES")}
    base |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", **env}
    pid, master = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, str(HERE / "play.py"), state], base)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    here = Session(pid, master)
    try:
        yield here
    finally:
        if here.pid:
            os.kill(here.pid, signal.SIGKILL)
            os.waitpid(here.pid, 0)
        with contextlib.suppress(OSError):
            os.close(master)


def alive(here: Session) -> bool:
    return os.waitpid(here.pid, os.WNOHANG)[0] == 0


def test_any_byte_is_survived_and_answers_nothing() -> None:
    with session() as here:
        here.until(b"acknowledge")
        for junk in (
            b"\xff",
            b"\x00\x01\x02",
            b"\x1b]11;rgb:zz/aa/aa\x07",
            b"\xe9a\xff\xfea\xc3(",
            b"\x1b[999;999R",
            b"\x9b31m",
        ):
            here.type(junk)
            here.read(0.4)
            assert alive(here)
        assert b"acknowledged" not in here.seen
        here.type(b"?")
        here.until(b"ANSWER AN ALERT")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT])
def test_a_signal_restores_the_screen(number: signal.Signals) -> None:
    with session() as here:
        here.until(b"acknowledge")
        os.kill(here.pid, number)
        assert here.code() == 128 + number
        assert here.seen.rfind(OFF) > here.seen.rfind(ON) >= 0
        assert b"\x1b[?25h" in here.seen[here.seen.rfind(OFF) :]


def test_a_terminal_that_goes_away_ends_the_screen() -> None:
    with session() as here:
        here.until(b"acknowledge")
        os.close(here.master)
        assert here.code(reading=False) == 128 + signal.SIGHUP


def test_a_terminal_that_takes_nothing_cannot_hold_up_the_end() -> None:
    with session() as here:
        here.until(b"acknowledge")
        time.sleep(1.0)  # nobody reads
        os.kill(here.pid, signal.SIGTERM)
        assert here.code(reading=False) == 128 + signal.SIGTERM


def test_no_colour_still_says_warning() -> None:
    with session(NO_COLOR="1") as here:
        text = here.until(b"acknowledge")
        assert b"WARNING" in text and b"38;2;" not in text and b"48;2;" not in text
        assert b"\x1b[1;7m" in text or b"7m" in text


def test_a_locale_without_utf8_gets_ascii() -> None:
    with session(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii") as here:
        text = here.until(b"acknowledge")
        assert b"W!" in text and b"WARNING" in text and b"C!" in text
        assert all(byte < 128 for byte in text)


def test_quit_and_detach_leave_a_clean_terminal() -> None:
    with session() as here:
        here.until(b"acknowledge")
        here.type(b"q")
        here.until(b"3 alerts are open.")
        here.type(b"\r")
        assert here.code() == 0
        assert here.seen.rfind(OFF) > here.seen.rfind(ON)


def test_a_storm_of_sizes() -> None:
    with session() as here:
        here.until(b"acknowledge")
        for rows, columns in ((1, 1), (0, 0), (200, 500), (5, 30), (24, 80), (10, 40), (36, 120)) * 3:
            fcntl.ioctl(here.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.kill(here.pid, signal.SIGWINCH)
            here.read(0.05)
        here.seen = b""
        fcntl.ioctl(here.master, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 100, 0, 0))
        os.kill(here.pid, signal.SIGWINCH)
        here.until(b"WARNING")
        assert alive(here)
