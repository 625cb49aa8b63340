"""Writes recordings: listens at the parsers of every connection and poll, and to everything the feeds emit.

Nothing here waits for the disk: lines gather in memory, and `save` writes them in a thread.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from feeds.recording import Entry, FactsLine, Header, RecordingError, part_path, told
from feeds.venue import Feed, Parser, Poll, Said
from hedge.market import (
    Candles,
    Clock,
    FeedState,
    Funding,
    FundingInterval,
    Index,
    Instrument,
    Mark,
    Settlements,
    Spot,
    SymbolState,
    Tiers,
    Update,
)

BEAT_MS = 1_000
"""A line at least this often, and how long a line may wait to be written."""
SYNC_EVERY = 10
"""Writes from one fsync to the next: a power cut costs as many seconds."""
BODY_LIMIT = 64 * 2**10
"""A longer HTTP body is recorded as what it said of our markets: some venues send every market there is."""


AT_ONCE_MS = 20
"""Longer than it takes to pass on what one frame says."""


class RecordingFile:
    """The file being written and the parts before it (`FILE.1` the newest of them). The owner's alone: it holds the
    portfolio. Raises RecordingError for what the disk refuses.
    """

    def __init__(self, path: Path, header: Header, *, max_bytes: int, keep: int) -> None:
        """`keep` earlier parts of at most about `max_bytes` each stay. An existing file is never written over."""
        self.path = path
        self.header = header
        self.written = 0
        """Bytes in all parts."""
        self._max_bytes = max_bytes
        self._keep = keep
        self._unsynced = 0
        self._open()

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        try:
            self._descriptor = os.open(self.path, flags, 0o600)
        except FileExistsError:
            raise RecordingError(f"{self.path} is there already; name another file, or remove it first.") from None
        except OSError as error:
            raise RecordingError(f"{self.path}: {words(error)}.") from error
        self._size = 0
        self.write(msgspec.json.encode(self.header) + b"\n")

    def write(self, data: bytes) -> None:
        """Append whole lines; every few calls also through to the disk."""
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            self._unsynced += 1
            if self._unsynced >= SYNC_EVERY:
                self._sync()
        except OSError as error:
            raise RecordingError(f"{self.path}: {words(error)}.") from error
        self._size += len(data)
        self.written += len(data)

    def _sync(self) -> None:
        os.fsync(self._descriptor)
        self._unsynced = 0

    @property
    def full(self) -> bool:
        return self._size >= self._max_bytes

    def turn_over(self, clock: Clock) -> None:
        """Begin the next part; the oldest one goes where there are too many."""
        self.close()
        now = clock.now()
        self.header = replace(self.header, t=now.wall_ms / 1000, m=now.mono_ms, part=self.header.part + 1)
        try:
            part_path(self.path, self._keep + 1).unlink(missing_ok=True)
            for back in range(self._keep, 0, -1):
                older = part_path(self.path, back)
                if older.exists():
                    older.replace(part_path(self.path, back + 1))
            self.path.replace(part_path(self.path, 1))
            part_path(self.path, self._keep + 1).unlink(missing_ok=True)
        except OSError as error:
            raise RecordingError(f"{self.path}: {words(error)}.") from error
        self._open()

    def close(self) -> None:
        try:
            self._sync()
        except OSError as error:
            raise RecordingError(f"{self.path}: {words(error)}.") from error
        finally:
            os.close(self._descriptor)


def words(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


class Counts(Struct):
    """What was recorded."""

    connections: int = 0
    frames: int = 0
    values: int = 0
    """Prices and funding, however they came."""


class Recorder:
    """Listens to one session of `watch_markets`: `feed` and `poll` give it ears, `hear` takes what is emitted."""

    def __init__(self, clock: Clock, counts: Counts | None = None) -> None:
        """`counts` of earlier parts go on."""
        self.counts = Counts() if counts is None else counts
        self._clock = clock
        self._ready: list[bytes] = []
        self._open: Entry | None = None
        """A frame, before which states of the same moment stand; or facts that are still coming."""
        self._beat_ms = clock.now().mono_ms
        self._said: list[Update] = []
        """What the newest frame or body said, which a replay finds in it again."""
        self._known: set[int] = set()
        """Their identities."""
        self._passed: set[int] = set()
        """Identities of what was passed on of that."""

    # ears

    def feed(self, feed: Feed) -> Feed:
        """The same feed, whose frames are recorded."""

        def parser(symbols: Mapping[str, str]) -> Parser:
            self.counts.connections += 1
            number = self.counts.connections
            self._add(self._entry(feed=feed.id, connection=number, symbols=dict(symbols)))
            return Overheard(feed.parser(symbols), partial(self._frame, feed.id, number), self)

        return replace(feed, parser=parser)

    def poll(self, poll: Poll) -> Poll:
        """The same poll, whose bodies are recorded."""

        def parse(body: bytes, symbols: Mapping[str, str], at_mono_ms: int) -> list[Update]:
            if len(body) > BODY_LIMIT:
                return poll.parse(body, symbols, at_mono_ms)
            self._close()
            entry = self._entry(feed=poll.feed, poll=poll.path, symbols=dict(symbols))
            self._open = put(replace(entry, m=at_mono_ms), readable(body))
            said = poll.parse(body, symbols, at_mono_ms)
            self.knows(said)
            return said

        return replace(poll, parse=parse)

    def _frame(self, feed: str, connection: int, frame: str | bytes, at_mono_ms: int) -> None:
        self.counts.frames += 1
        self._close()
        self._open = put(replace(self._entry(feed=feed, connection=connection), m=at_mono_ms), frame)

    def knows(self, said: Sequence[Said]) -> None:
        """What the frame says that was just heard."""
        self._said = told(said)
        self._known = set(map(id, self._said))

    # what is emitted

    def hear(self, update: Update) -> None:
        """Take one update of the feeds. What the frame or body just heard says already is not written again."""
        if isinstance(update, Mark | Index | Spot | Funding):
            self.counts.values += 1
        if id(update) in self._known:
            self._passed.add(id(update))
            return
        match update:
            case FeedState() | SymbolState():
                self._ready.append(encoded(self._before(self._entry(feed=update.feed, state=update))))
            case Candles() | Settlements():
                self._add(self._entry(history=update))
            case Instrument() | Tiers() | FundingInterval():
                self._collect(update)
            case _:
                self._add(self._entry(said=update))

    def _before(self, state: Entry) -> Entry:
        """A state that a frame brought about stands right before that frame, as it was emitted before its values."""
        frame = self._open
        if frame is None or frame.facts is not None or state.m - frame.m > AT_ONCE_MS:
            self._close()
            return state
        return replace(state, t=frame.t, m=frame.m)

    def _collect(self, update: Instrument | Tiers | FundingInterval) -> None:
        """Facts of one venue that come together stand on one line."""
        venue = update.feed.partition("-")[0] if isinstance(update, FundingInterval) else update.venue
        entry, now_ms = self._open, self._clock.now().mono_ms
        if entry is None or entry.facts is None or entry.facts.venue != venue or entry.m != now_ms:
            self._close()
            entry = self._open = self._entry(facts=FactsLine(venue))
        assert entry.facts is not None
        match update:
            case Instrument():
                entry.facts.instruments.append(update)
            case Tiers():
                entry.facts.tiers[update.symbol] = update
            case FundingInterval():
                entry.facts.intervals[update.symbol] = update

    # lines

    def _entry(self, **parts: object) -> Entry:
        now = self._clock.now()
        return Entry(t=now.wall_ms / 1000, m=now.mono_ms, **parts)  # type: ignore[arg-type]

    def _add(self, entry: Entry) -> None:
        self._close()
        self._ready.append(encoded(entry))

    def _close(self) -> None:
        """Write the open line. What a frame said and its feed did not pass on (overtaken, of a connection that only
        stands by) is counted out, so that a replay does not pass it on either."""
        entry = self._open
        if entry is None:
            return
        unsaid = [place for place, each in enumerate(self._said) if id(each) not in self._passed]
        self._ready.append(encoded(replace(entry, unsaid=unsaid) if unsaid else entry))
        self._open, self._said, self._known, self._passed = None, [], set(), set()

    def take_lines(self) -> bytes:
        """Everything since the last call; a bare time where there was nothing, once it is due."""
        self._close()
        now_ms = self._clock.now().mono_ms
        if not self._ready and now_ms - self._beat_ms >= BEAT_MS:
            self._ready.append(encoded(self._entry()))
        if self._ready:
            self._beat_ms = now_ms
        lines, self._ready = self._ready, []
        return b"".join(lines)

    async def save(self, file: RecordingFile, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Write lines each second until the file is full. Raises RecordingError."""
        while not file.full:
            await sleep(BEAT_MS / 1000)
            data = self.take_lines()
            if data:
                await _written(file, data)


async def _written(file: RecordingFile, data: bytes) -> None:
    """Write in a thread; when cancelled, the thread comes to its end first."""
    writing = asyncio.ensure_future(asyncio.to_thread(file.write, data))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait({writing})
        raise


class Overheard:
    """A parser whose every frame is heard before it is parsed, because one that breaks it is wanted most."""

    def __init__(self, parser: Parser, hear: Callable[[str | bytes, int], None], recorder: Recorder) -> None:
        self._parser = parser
        self._hear = hear
        self._recorder = recorder

    def parse(self, frame: str | bytes, at_mono_ms: int) -> list[Said]:
        self._hear(frame, at_mono_ms)
        said = self._parser.parse(frame, at_mono_ms)
        self._recorder.knows(said)
        return said


def put(entry: Entry, frame: str | bytes) -> Entry:
    """The entry with a frame in it. Binary ones stay apart from text, because parsers tell them apart too."""
    if isinstance(frame, str):
        return replace(entry, text=frame)
    return replace(entry, base64=base64.b64encode(frame).decode())


def readable(body: bytes) -> str | bytes:
    """A body as text, where it is text."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body


_ENCODER = msgspec.json.Encoder()


def encoded(entry: Entry) -> bytes:
    return _ENCODER.encode(entry) + b"\n"
