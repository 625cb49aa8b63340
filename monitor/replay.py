"""A recording put through the same watch that would have seen it live, on the recorded clock."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from alerts.values import State
from feeds.recording import Moment, Recording, RecordingError
from hedge.book.leg_pace import TOP_UP_HOURS
from hedge.market import Instant, Update
from hedge.portfolio import Portfolio, load_portfolio
from hedge.snapshot import Playback, Snapshot
from monitor.orders import work_out
from monitor.portfolio_file import PortfolioFile
from monitor.watch import Watch

TICK_MS = 250
"""As often as the heartbeat of a monitor, in recorded time."""
ASLEEP_MS = 3_000
"""A longer gap between two lines, in a recording that has one each second: the machine slept, and nobody judged."""


class RecordedClock:
    """Stands at an instant of the recording until the replay moves it."""

    def __init__(self, instant: Instant) -> None:
        self.instant = instant

    def now(self) -> Instant:
        return self.instant


class Replay:
    """One recording and the watch that sees it, moved moment by moment. It never waits: how fast is its caller's
    business, and what is seen does not depend on it."""

    def __init__(self, recording: Recording, portfolio: Portfolio) -> None:
        self.recording = recording
        self.clock = RecordedClock(recording.starts)
        top_up_hours = recording.header.top_up_hours or TOP_UP_HOURS
        self.watch = Watch(portfolio, self.clock, path=str(recording.path), mode="replay", top_up_hours=top_up_hours)
        self.take: Callable[[Update], None] = self._take
        """Where updates go; an engine puts itself here."""
        self.mistake: RecordingError | None = None
        """Why it ended before the end of the file."""
        self._line = recording.starts
        """The time of the newest line that was played."""
        self._tick_ms = recording.starts.mono_ms + TICK_MS
        self._moments: Iterator[Moment] = recording.moments()
        self._coming: Moment | None = None
        self._read()

    def _read(self) -> None:
        try:
            self._coming = next(self._moments, None)
        except RecordingError as error:
            self._coming, self.mistake = None, error

    def _take(self, update: Update) -> None:
        """What an address holds may want other markets, which then get their time to bring something."""
        wanted = self.watch.wants
        self.watch.take(update)
        if self.watch.wants != wanted:
            self.watch.wants_changed()

    @property
    def ended(self) -> bool:
        return self._coming is None

    @property
    def next_ms(self) -> int:
        """When something happens next, on the recorded monotonic clock: a line, or a beat of the watch between two."""
        if self._coming is None:
            return self.clock.instant.mono_ms
        line_ms = self._coming.now.mono_ms
        return line_ms if self._slept(line_ms) else min(self._tick_ms, line_ms)

    def _slept(self, line_ms: int) -> bool:
        return self.recording.header.beat_ms is not None and line_ms - self._line.mono_ms > ASLEEP_MS

    def step(self) -> bool:
        """Play what happens next; whether it was something that had been recorded."""
        coming = self._coming
        if coming is None:
            return False
        slept = self._slept(coming.now.mono_ms)
        if slept or self._tick_ms < coming.now.mono_ms:
            self._beat(coming.now if slept else self._between(self._tick_ms))
            if not slept:
                return False
        self.clock.instant = self._line = coming.now
        for update in coming.said:
            self.take(update)
        self._read()
        return coming.frame

    def _beat(self, now: Instant) -> None:
        self.clock.instant = now
        self._tick_ms = now.mono_ms + TICK_MS
        self.watch.tick()

    def _between(self, mono_ms: int) -> Instant:
        """A moment after the newest line, on both clocks."""
        return Instant(mono_ms, self._line.wall_ms + mono_ms - self._line.mono_ms)

    def to_end(self) -> None:
        """Raises RecordingError at a line that cannot be understood, after everything before it was seen."""
        while not self.ended:
            self.step()
        if self.mistake is not None:
            raise self.mistake

    def order(self) -> None:
        """Work out what to do about each open alert, at this moment."""
        while due := self.watch.orders_due():
            case = self.watch.case()
            self.watch.keep_orders(work_out(case.frozen.book(), due, case.levels, case.now), self.watch.round)

    def playback(self) -> Playback:
        """Where it stands."""
        start_ms, ends_ms = self.recording.starts.mono_ms, self.recording.ends.mono_ms
        return Playback(
            state="ended" if self.ended else "playing",
            at_s=(self.clock.instant.mono_ms - start_ms) / 1000,
            length_s=max(0, ends_ms - start_ms) / 1000,
            mistake="" if self.mistake is None else str(self.mistake),
        )


def waiting(state: State) -> frozenset[tuple[str, int]]:
    """The open alerts that ask for an answer, each with its level: what a person is called for."""
    return frozenset((alert.id, alert.painted) for alert in state.alerts.values() if alert.open and alert.owed)


def open_replay(path: Path, portfolio: Path | None = None) -> Replay:
    """A replay at its beginning, of the portfolio given, else of the one that was recorded.

    Raises RecordingError, UnreadableFile and PortfolioError."""
    logging.getLogger("hedgetui").addHandler(logging.NullHandler())  # its alerts belong to the screen, not to a log
    recording = Recording(path)
    if portfolio is not None:
        return Replay(recording, PortfolioFile(portfolio).read())
    header = recording.header
    return Replay(recording, load_portfolio(bytes(header.portfolio), str(path), header.modified_ms or None))


def at_end(path: Path, portfolio: Path | None = None) -> Snapshot:
    """The state at the end of a recording. Raises as `open_replay`, and RecordingError for a broken line."""
    replay = open_replay(path, portfolio)
    replay.to_end()
    replay.order()
    return replay.watch.snapshot()
