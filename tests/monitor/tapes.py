"""Recordings made by hand: the recorder itself writes them, on a clock that the test moves."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
from desk import FEED, SOL, StandingClock, edited, facts
from msgspec import Raw

from feeds.recorder import BEAT_MS, Recorder, RecordingFile
from feeds.recording import Header
from feeds.venues import FEEDS
from hedge.market import Clock, FeedState, Update

SYMBOLS = {"SOLUSDT": SOL}


def header(clock: Clock, book: Any = None, **changes: Any) -> Header:
    """Of this book, or of the small one."""
    now = clock.now()
    portfolio = Raw(json.dumps(book or edited(**changes), separators=(",", ":")).encode())
    return Header(
        build="test", t=now.wall_ms / 1000, m=now.mono_ms, portfolio=portfolio, started_ms=now.wall_ms, beat_ms=BEAT_MS
    )


class Tape:
    """A recording in the making: one Bybit connection for SOL, and a line each second."""

    def __init__(self, path: Path, *, max_bytes: int = 2**30, keep: int = 3, **changes: Any) -> None:
        self.path = path
        self.clock = StandingClock()
        self.file = RecordingFile(path, header(self.clock, **changes), max_bytes=max_bytes, keep=keep)
        self.recorder = Recorder(self.clock)
        self.dial()

    def dial(self) -> None:
        """A new connection: a new parser, which waits for a snapshot."""
        self.parser = self.recorder.feed(FEEDS[FEED]).parser(SYMBOLS)

    def facts(self) -> Tape:
        self.hear(*facts())
        return self

    def hear(self, *updates: Update) -> None:
        for update in updates:
            self.recorder.hear(update)

    def say(self, state: str, reason: str = "") -> None:
        self.hear(FeedState(FEED, state, reason, self.clock.now().mono_ms, 1))  # type: ignore[arg-type]

    def frame(self, kind: str = "snapshot", **values: str) -> list[Update]:
        """One ticker frame, as the stream would take it; what it said."""
        now = self.clock.now()
        text = json.dumps({"topic": "tickers.SOLUSDT", "type": kind, "data": values, "cs": 1, "ts": now.wall_ms})
        return self.raw(text)

    def raw(self, frame: str | bytes) -> list[Update]:
        said = [each for each in self.parser.parse(frame, self.clock.now().mono_ms) if isinstance(each, Update)]
        self.hear(*said)
        return said

    def price(self, mark: str, index: str | None = None, rate: str = "0.0001") -> Tape:
        """A whole snapshot."""
        next_ms = self.clock.now().wall_ms + 3_600_000
        self.frame(
            markPrice=mark,
            indexPrice=index or mark,
            fundingRate=rate,
            nextFundingTime=str(next_ms),
            fundingIntervalHour="8",
        )
        return self

    def go(self, seconds: float) -> Tape:
        """Time passes, and the recorder writes each second."""
        for _ in range(round(seconds * 4)):
            self.clock.go(0.25)
            if self.clock.now().mono_ms % BEAT_MS == 0:
                self.file.write(self.recorder.take_lines())
        return self

    def sleep(self, seconds: float) -> Tape:
        """Time passes while the machine is suspended."""
        self.file.write(self.recorder.take_lines())
        self.clock.go(seconds)
        return self

    def done(self) -> Path:
        self.file.write(self.recorder.take_lines())
        self.file.close()
        return self.path


def rally(path: Path, **changes: Any) -> Path:
    """Two minutes in which SOL rises until the short is in danger, falls silent, and comes back on a new connection."""
    tape = Tape(path, **changes).facts().price("142").go(5)
    for step in range(30):
        price = f"{142 + 2 * step}"
        tape.frame("delta", symbol="SOLUSDT", markPrice=price, indexPrice=price)
        tape.go(1)
    tape.go(70)
    tape.say("backing_off", "nothing came")
    tape.go(5)
    tape.dial()
    tape.say("live")
    return tape.price("150").go(10).done()


class VirtualTime:
    """Real time for a player: it passes when somebody sleeps, up to where the test lets it."""

    def __init__(self, until_s: float = 1e9) -> None:
        self.seconds = 0.0
        self._until_s = until_s
        self._more, self._used = asyncio.Event(), asyncio.Event()

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        while self._until_s - self.seconds < 1e-9:
            self._used.set()
            self._more.clear()
            await self._more.wait()
        self.seconds += min(max(seconds, 0.001), self._until_s - self.seconds)
        await asyncio.sleep(0)

    async def go(self, seconds: float) -> None:
        """Let so much time pass."""
        self._used.clear()
        self._until_s += seconds
        self._more.set()
        await self._used.wait()

    def free(self) -> None:
        """Nobody waits any more."""
        self._until_s = 1e9
        self._more.set()


def document(path: Path) -> list[Any]:
    """Every line of a recording, decoded."""
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
