"""A real pseudo-terminal around a command: when did which text first appear on it?"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType


class Terminal:
    """Runs a command on a pty of its own and stamps what it paints. Seconds are since the process was started."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], rows: int = 36, columns: int = 120) -> None:
        self.painted = b""
        self.started = time.perf_counter()
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], list(command), {**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"})
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.perf_counter() + 5
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            if time.perf_counter() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                break
            self._read(0.05)
        os.close(self.master)

    def _read(self, seconds: float) -> None:
        ready, _, _ = select.select([self.master], [], [], seconds)
        if ready:
            try:
                self.painted += os.read(self.master, 65536)
            except OSError as error:  # the child closed its side
                if error.errno != 5:
                    raise
                time.sleep(seconds)

    def seconds_until(self, text: str, timeout: float = 30.0, newer: Sequence[str] = ()) -> float:
        """Seconds from the start until `text`, or one of `newer`, stood in what was painted. Raises TimeoutError."""
        wanted = [each.encode() for each in (text, *newer)]
        while not any(each in self.painted for each in wanted):
            if time.perf_counter() - self.started > timeout:
                raise TimeoutError(f"{text!r} never appeared; last: {self.painted[-400:]!r}")
            self._read(0.02)
        return time.perf_counter() - self.started

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def rest(self, seconds: float) -> None:
        """Let it paint for so long."""
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            self._read(0.05)
