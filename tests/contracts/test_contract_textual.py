"""F70: what Textual does that we work around. Where one of these fails, a workaround lost its reason or its hold."""

from __future__ import annotations

import inspect
import io
import os
import queue
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text
from textual._xterm_parser import XTermParser
from textual.app import App, ComposeResult
from textual.drivers import _writer_thread, linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key
from textual.markup import MarkupError
from textual.renderables.sparkline import Sparkline as SparklinePaint
from textual.widgets import DataTable, Static

from tui.terminal import HANG_UP, Terminal

ROOT = Path(__file__).parents[2]


# 1: a stalled terminal stops the loop


def test_the_writer_takes_thirty_frames_and_then_makes_its_caller_wait() -> None:
    assert _writer_thread.MAX_QUEUED_WRITES == 30

    class Stalled:
        """A terminal that nobody reads."""

        def __init__(self) -> None:
            self.go = threading.Event()

        def write(self, text: str) -> None:
            self.go.wait(20)

        def flush(self) -> None:
            self.go.wait(20)

    terminal = Stalled()
    writer = _writer_thread.WriterThread(terminal)  # type: ignore[arg-type]
    writer.start()
    done = queue.Queue[str]()

    def paint() -> None:
        for _ in range(40):
            writer.write("frame")
        done.put("all taken")

    threading.Thread(target=paint, daemon=True).start()
    with pytest.raises(queue.Empty):
        done.get(timeout=0.2)
    terminal.go.set()
    assert done.get(timeout=5) == "all taken"
    writer.stop()


# 2 and 4: bytes that are no text, and the end of input


class Stub:
    """As much of a driver as its input thread looks at."""

    def __init__(self, fileno: int) -> None:
        self.fileno = fileno
        self.exit_event = threading.Event()
        self._debug = False
        self._app = self
        self.keys: list[str] = []
        self.ended: list[int] = []

    def exit(self) -> None: ...

    def call_later(self, callback: object, return_code: int) -> None:
        self.ended.append(return_code)

    def process_message(self, message: object) -> None:
        if isinstance(message, Key):
            self.keys.append(message.key)

    def _read(self) -> bytes:
        return os.read(self.fileno, 4096)


@contextmanager
def reading(thread: Any, data: bytes, seconds: float) -> Iterator[tuple[Stub, list[BaseException]]]:
    """The input thread of a driver on a pipe, for so long."""
    out, into = os.pipe()
    stub, raised = Stub(out), list[BaseException]()

    def run() -> None:
        try:
            thread(stub)
        except UnicodeDecodeError as error:
            raised.append(error)

    worker = threading.Thread(target=run, daemon=True)
    os.write(into, data)
    worker.start()
    worker.join(seconds)
    yield stub, raised
    stub.exit_event.set()
    os.close(into)
    worker.join(5)
    os.close(out)


def test_a_byte_that_is_no_utf8_kills_textuals_input_thread_and_not_ours() -> None:
    with reading(LinuxDriver.run_input_thread, b"\xffq", 1.0) as (_, raised):
        assert len(raised) == 1
    with reading(Terminal.run_input_thread, b"\xffq", 0.3) as (stub, raised):
        assert raised == []
        assert stub.keys[-1] == "q"


def test_the_end_of_input_makes_textuals_thread_spin_and_ours_hang_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The write end of the pipe is closed: every read returns nothing, at once."""
    counts = {}
    for name, thread in (("textual", LinuxDriver.run_input_thread), ("ours", Terminal.run_input_thread)):
        out, into = os.pipe()
        os.close(into)
        stub, reads, real = Stub(out), [0], os.read

        def counting(fileno: int, size: int, reads: list[int] = reads, real: Any = real) -> bytes:
            reads[0] += 1
            return bytes(real(fileno, size))

        with monkeypatch.context() as patch:
            patch.setattr(os, "read", counting)
            worker = threading.Thread(target=thread, args=(stub,), daemon=True)
            worker.start()
            worker.join(0.2)
            stub.exit_event.set()
            worker.join(5)
        os.close(out)
        counts[name] = reads[0]
        if name == "ours":
            assert stub.ended == [HANG_UP]
    assert counts["ours"] <= 1
    assert counts["textual"] > 100, "a loop that never waits"


# 3: signals


async def test_textual_leaves_the_ending_signals_alone() -> None:
    asked = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    before = [signal.getsignal(number) for number in asked]
    async with App[None]().run_test():
        assert [signal.getsignal(number) for number in asked] == before
    assert "SIGTERM" not in inspect.getsource(linux_driver)


# 5: numbers that are none


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_crashes_a_sparkline(bad: float) -> None:
    """In what the widget paints with; an exception there is the end of the app."""
    console = Console(width=20, file=io.StringIO())
    console.print(SparklinePaint([1.0, 3.0, 2.0], width=10))
    with pytest.raises((ValueError, OverflowError)):
        console.print(SparklinePaint([1.0, bad, 2.0], width=10))


def test_no_widget_of_ours_is_a_sparkline() -> None:
    for path in (ROOT / "tui").rglob("*.py"):
        assert "Sparkline" not in path.read_text(), path


# 6: text from outside is code


class Showing(App[None]):
    """One outside text in one place."""

    def __init__(self, place: str, text: str) -> None:
        super().__init__()
        self.place = place
        self.text = text

    def compose(self) -> ComposeResult:
        if self.place == "static":
            yield Static(self.text)
        elif self.place == "table":
            yield DataTable[str]()

    def on_mount(self) -> None:
        if self.place == "table":
            table = self.query_one(DataTable)
            table.add_columns("symbol")
            table.add_row(self.text)
        elif self.place == "notify":
            self.notify(self.text)


def painted(app: App[None]) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


@pytest.mark.parametrize("place", ["static", "table", "notify"])
async def test_a_tag_in_a_text_from_outside_is_eaten(place: str) -> None:
    """`[USDT]` is not a style that exists, and yet it is gone: a leg would lose a part of its name."""
    async with Showing(place, "PERP[usdt] liq 4%").run_test(size=(60, 12), notifications=True) as pilot:
        await pilot.pause(0.2)
        shown = painted(pilot.app)
        assert "PERP" in shown
        assert "[usdt]" not in shown


def test_a_closing_tag_in_a_text_from_outside_cannot_be_painted() -> None:
    with pytest.raises(MarkupError):
        Static("[/foo]").visual  # noqa: B018 - what the widget paints; an exception there is the end of the app
    assert Static("[/foo]", markup=False).visual is not None


async def test_controls_from_outside_are_painted_as_they_are_so_they_are_cleaned_at_the_door() -> None:
    from feeds.clean import clean

    hostile = "A\x1b]52;c;ZXZpbA==\x07B"
    async with Showing("table", "").run_test(size=(60, 12)) as pilot:
        table = pilot.app.query_one(DataTable)
        table.add_row(Text(hostile))
        await pilot.pause(0.1)
        assert "\x1b]52" in painted(pilot.app)
    assert clean(hostile) == "A]52;c;ZXZpbA==B"


# 9: what a terminal answers


def test_an_answer_of_the_terminal_that_came_apart_becomes_key_presses() -> None:
    """So an answer to an alert needs more than one key that could have come from anywhere."""
    parser, keys = XTermParser(), list[str]()
    for data in ("\x1b]11;rgb:zz", "\x07"):
        keys += [each.key for each in parser.feed(data) if isinstance(each, Key)]
    time.sleep(0.15)
    keys += [each.key for each in parser.tick() if isinstance(each, Key)]
    assert {"r", "g", "b", "z"} <= set(keys)
