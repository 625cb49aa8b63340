"""Recordings: what was heard from the venues, as lines of JSON that can be read with a pager and played again.

The first line is the header. Every other line has a time on both clocks, `t` (UTC, seconds since 1970) and `m`
(monotonic, milliseconds), and at most one thing that happened then: a connection was opened, a frame or an HTTP body
came, contract facts or history were loaded, a feed said how it is. A line with nothing but its time says that the
recorder was awake, so that a silence of the venues differs from a machine that slept.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct, field
from msgspec.structs import replace

from feeds.any_venue import PREFIX
from feeds.clean import FeedError, ParseError, clean
from feeds.venue import Parser, Poll, Said
from feeds.venues import FEEDS, POLLS, feed_by_id
from hedge.market import (
    Candles,
    FeedPulse,
    FeedState,
    FundingInterval,
    Instant,
    Instrument,
    Settlements,
    SymbolState,
    Tiers,
    Update,
)

SCHEMA: Final = "hedgetui.recording/1"
FAMILY: Final = "hedgetui.recording/"
BEGINS = b'{"schema":"' + FAMILY.encode()

LINE_LIMIT = 64 * 2**20
"""Bytes; nothing that is recorded comes near it."""
TAIL = 2**20
"""Bytes at the end of a file that are searched for its last line."""
WORDS = 400
"""Cells of a reason in a recording; live ones are shorter."""
MAGNITUDE, DIGITS = 36, 40
"""Powers of ten and digits of a number in a recording; what the feeds make of numbers they let through is within."""

POLLED: Mapping[tuple[str, str], Poll] = {(poll.feed, poll.path): poll for poll in POLLS}


class RecordingError(FeedError):
    """A recording that cannot be read; the text is a sentence that names the file, and the line where there is one."""


class Header(Struct, frozen=True, kw_only=True):
    """The first line."""

    schema: str = SCHEMA
    build: str
    """The version of hedgetui that recorded."""
    t: float
    m: int
    portfolio: Raw
    """The portfolio file as it was read, as one JSON value."""
    modified_ms: int = 0
    """When that file was last changed, UTC."""
    top_up_hours: Decimal | None = None
    """The setting of who recorded."""
    started_ms: int = 0
    """When the recording began (UTC): the same in all its parts."""
    part: int = 1
    beat_ms: int | None = None
    """A line at least this often; None where silence says nothing about the recorder."""


class FactsLine(Struct):
    """Contract facts of one venue, as they were loaded."""

    venue: str
    instruments: list[Instrument] = field(default_factory=list)
    tiers: dict[str, Tiers] = field(default_factory=dict)
    """By symbol."""
    intervals: dict[str, FundingInterval] = field(default_factory=dict)
    """By symbol, where no frame and no recorded body says them."""


class Entry(Struct, kw_only=True, omit_defaults=True):
    """One line after the header. At most one of its parts is there."""

    t: float
    m: int
    feed: str = ""
    connection: int | None = None
    """Counts the connections of a recording; each has a parser of its own."""
    poll: str | None = None
    """The path of an HTTP read, whose body stands in `text` or `base64`."""
    symbols: dict[str, str] | None = None
    """Native ids to unified symbols: of the connection that opens, or of the body."""
    text: str | None = None
    base64: str | None = None
    unsaid: list[int] = field(default_factory=list)
    """Places, in what the parser says of this frame or body, of what its feed did not pass on."""
    facts: FactsLine | None = None
    history: Candles | Settlements | None = None
    state: FeedState | SymbolState | None = None
    said: Update | None = None
    """What came neither by a frame nor by a body that was recorded."""

    @property
    def frame(self) -> str | bytes | None:
        """The frame or body of this line. Raises ParseError where its base64 is none."""
        if self.base64 is None:
            return self.text
        try:
            return base64.b64decode(self.base64, validate=True)
        except (binascii.Error, ValueError):
            raise ParseError("its base64 cannot be read") from None

    @property
    def carries(self) -> bool:
        """Whether a venue is heard on this line."""
        told = self.said is not None and not isinstance(self.said, FeedPulse)
        return told or self.text is not None or self.base64 is not None

    @property
    def now(self) -> Instant:
        return Instant(self.m, round(self.t * 1000))


class Moment(Struct, frozen=True):
    """One line, understood: when it was, and what the feeds said then."""

    now: Instant
    said: Sequence[Update] = ()
    frame: bool = False
    """A frame, a body, or a value that came without one; not a state, and not only that the recorder was awake."""


_HEADER = msgspec.json.Decoder(Header)
_ENTRY = msgspec.json.Decoder(Entry)


class Recording:
    """A recording on disk, with the earlier parts that lie beside it. Read line by line, never as a whole."""

    def __init__(self, path: Path) -> None:
        """Raises RecordingError where `path` is none, or of another version."""
        self.path = path
        newest = read_header(path)
        self.parts = (*earlier(path, newest), path)
        self.header = read_header(self.parts[0])
        self.starts = Instant(self.header.m, round(self.header.t * 1000))
        self.ends = last_instant(path) or self.starts

    def moments(self) -> Iterator[Moment]:
        """Every line in turn. Raises RecordingError at one that cannot be understood."""
        ears = Ears()
        before_ms = self.starts.mono_ms
        for part in self.parts:
            for place, entry in entries(part):
                if entry.m < before_ms:
                    raise RecordingError(f"{place}: it lies {before_ms - entry.m} ms before the line above it.")
                before_ms = entry.m
                try:
                    yield Moment(entry.now, ears.said(entry), entry.carries)
                except ParseError as error:
                    raise RecordingError(f"{place}: {error}.") from None


class Ears:
    """Understands recorded lines as the feeds did: one parser for each connection that was open."""

    def __init__(self) -> None:
        self._parsers: dict[int, Parser] = {}

    def said(self, entry: Entry) -> Sequence[Update]:
        """What the feeds said at this line. Raises ParseError for a line that no recorder writes.

        A frame that its parser could not read said nothing then, and says nothing now. How a feed is stands on lines
        of its own, because that does not follow from frames alone."""
        if entry.facts is not None:
            loaded = entry.facts
            facts: list[Update] = [*loaded.instruments, *loaded.tiers.values(), *loaded.intervals.values()]
            return [sound(each) for each in facts]
        for told in (entry.history, entry.state, entry.said):
            if told is not None:
                return [sound(told)]
        if entry.poll is not None:
            return self._body(entry)
        if entry.connection is None:
            return ()
        if entry.symbols is not None:
            self._open(entry, entry.connection, entry.symbols)
            return ()
        return self._frame(entry, entry.connection)

    def _open(self, entry: Entry, connection: int, symbols: dict[str, str]) -> None:
        if entry.feed not in FEEDS and not entry.feed.startswith(PREFIX):
            raise ParseError(f"a feed that this version does not know: {clean(entry.feed)}")
        self._parsers[connection] = feed_by_id(entry.feed).parser(cleaned(symbols))

    def _frame(self, entry: Entry, connection: int) -> list[Update]:
        parser, frame = self._parsers.get(connection), entry.frame
        if parser is None:
            raise ParseError(f"connection {connection} was never opened")
        if frame is None:
            raise ParseError("a frame without text")
        try:
            return passed(told(parser.parse(frame, entry.m)), entry.unsaid)
        except ParseError:
            return []

    def _body(self, entry: Entry) -> list[Update]:
        poll, body = POLLED.get((entry.feed, entry.poll or "")), entry.frame
        if poll is None:
            raise ParseError(f"an HTTP read that this version does not know: {clean(f'{entry.feed} {entry.poll}')}")
        if body is None:
            raise ParseError("an answer without a body")
        try:
            data = body.encode() if isinstance(body, str) else body
            return passed(told(poll.parse(data, cleaned(entry.symbols or {}), entry.m)), entry.unsaid)
        except ParseError:
            return []


def cleaned(symbols: Mapping[str, str]) -> dict[str, str]:
    """Native ids to unified symbols that are safe to show."""
    return {native: clean(symbol) for native, symbol in symbols.items()}


def told(said: Sequence[Said]) -> list[Update]:
    """What goes on to the book."""
    return [each for each in said if isinstance(each, Update) and not isinstance(each, FeedState | SymbolState)]


def passed(said: list[Update], unsaid: list[int]) -> list[Update]:
    """Without what stands in these places."""
    return [each for place, each in enumerate(said) if place not in unsaid] if unsaid else said


T = TypeVar("T", bound=Struct)


def sound(value: T) -> T:
    """An update of a file, with its text made inert. Raises ParseError for a number that no feed lets through."""
    return replace(value, **{name: _sound(getattr(value, name), name) for name in value.__struct_fields__})


def _sound(value: Any, name: str) -> Any:
    match value:
        case Decimal():
            if not value.is_finite() or abs(value.adjusted()) > MAGNITUDE or len(value.as_tuple().digits) > DIGITS:
                raise ParseError(f"not a number: {clean(str(value), 32)}")
            if name == "price" and value <= 0:
                raise ParseError(f"not a price: {value}")
        case str():
            return clean(value, WORDS)
        case Struct():
            return sound(value)
        case tuple():
            return tuple(_sound(each, "") for each in value)
        case dict():
            return {_sound(key, ""): _sound(each, "") for key, each in value.items()}
    return value


# files


def read_header(path: Path) -> Header:
    """Raises RecordingError."""
    for place, line in lines(path):
        if not line.endswith(b"\n") and BEGINS.startswith(line[: len(BEGINS)]):
            break
        try:
            found = _HEADER.decode(line)
        except (ValueError, RecursionError):
            schema = schema_of(line)
            if not schema.startswith(FAMILY):
                raise RecordingError(f"{place}: this is no recording of hedgetui.") from None
            if schema == SCHEMA:
                raise RecordingError(f"{place}: the header cannot be read.") from None
        else:
            schema = found.schema
        if schema != SCHEMA:
            raise RecordingError(f"{place}: it is {clean(schema)}; this version reads {SCHEMA}.")
        return found
    raise RecordingError(f"{path} has no complete line: nothing was recorded in it.")


class _Schema(Struct):
    schema: str = ""


def schema_of(line: bytes) -> str:
    """What a line says that it is; empty where it says nothing."""
    try:
        return msgspec.json.decode(line, type=_Schema).schema
    except (ValueError, RecursionError):
        return ""


def entries(path: Path) -> Iterator[tuple[str, Entry]]:
    """Every line after the header, with its place in words. A last line that was not written to its end is left out.

    Raises RecordingError at a line that cannot be read."""
    following = lines(path)
    next(following, None)
    for place, line in following:
        try:
            yield place, _ENTRY.decode(line)
        except (ValueError, RecursionError) as error:
            if not line.endswith(b"\n"):
                return
            raise RecordingError(f"{place}: it cannot be read: {clean(str(error), 120)}.") from None


def lines(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every line, with its place in words. Raises RecordingError."""
    try:
        with path.open("rb") as file:
            for count in range(1, 2**62):
                line = file.readline(LINE_LIMIT)
                if not line:
                    return
                if len(line) == LINE_LIMIT:
                    raise RecordingError(f"{path}, line {count}: it is longer than {LINE_LIMIT >> 20} MiB.")
                yield f"{path}, line {count}", line
    except OSError as error:
        raise RecordingError(f"{path}: {(error.strerror or 'cannot be read').lower()}.") from error


def earlier(path: Path, newest: Header) -> list[Path]:
    """The parts of the same recording that lie beside `path` and come right before it, oldest first."""
    found: list[Path] = []
    for back in range(1, newest.part):
        part = part_path(path, back)
        try:
            header = read_header(part)
        except RecordingError:
            break
        if (header.started_ms, header.part) != (newest.started_ms, newest.part - back):
            break
        found.insert(0, part)
    return found


def part_path(path: Path, back: int) -> Path:
    """Where the part lies that was written `back` parts ago."""
    return path.with_name(f"{path.name}.{back}")


def last_instant(path: Path) -> Instant | None:
    """The time of the last whole line; None where there is none near the end."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL))
            ends = file.read(TAIL).splitlines()
    except OSError as error:
        raise RecordingError(f"{path}: {(error.strerror or 'cannot be read').lower()}.") from error
    for line in reversed(ends):
        try:
            return _ENTRY.decode(line).now
        except (ValueError, RecursionError):
            continue
    return None
