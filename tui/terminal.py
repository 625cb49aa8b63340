"""The terminal as it really is: bytes that are no text, lines that hang up, signals that must leave a clean screen."""

from __future__ import annotations

import codecs
import contextlib
import os
import selectors
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

HANG_UP = 128 + signal.SIGHUP
GIVE_UP_S = 1.5
"""A terminal that takes nothing any more may hold up a clean end for so long."""
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)


class Terminal(LinuxDriver):
    """Textual's driver with an input thread that survives any byte and notices the end of input."""

    def run_input_thread(self) -> None:
        """Read until told to stop. A byte that is not UTF-8 becomes a replacement sign; no byte at all is a hang-up."""
        parser = XTermParser(self._debug)
        decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(0.1):
                    read = self._read()
                    if not read:
                        self._app.call_later(self._app.exit, return_code=HANG_UP)
                        return
                    for message in parser.feed(decode(read)):
                        self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)

    def _read(self) -> bytes:
        """What the keyboard sent; nothing when the line is gone."""
        try:
            return os.read(self.fileno, 4096)
        except OSError:
            return b""


@contextlib.contextmanager
def ending_signals(end: Callable[[int], None]) -> Iterator[None]:
    """While inside, a signal that asks to end calls `end(128 + n)`; should that lead nowhere, the process ends anyway.

    A terminal that is stalled blocks the loop, so a clean end cannot be waited for without limit.
    """

    def on_signal(number: int, frame: FrameType | None) -> None:
        code = 128 + number
        timer = threading.Timer(GIVE_UP_S, os._exit, (code,))
        timer.daemon = True
        timer.start()
        end(code)

    before = {number: signal.signal(number, on_signal) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
