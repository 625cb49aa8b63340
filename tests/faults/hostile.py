"""What the fuzzers share: every parser of the registries with real frames of its venue, and what may never come out.

A venue that is entered in `feeds.venues` is fuzzed by itself: its real frames come from its simulated exchange.
"""

from __future__ import annotations

import gzip
import os
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from hypothesis import strategies as st

from feeds import any_venue
from feeds.clean import EARLIEST_MS, LATEST_MS, UNSAFE, ParseError
from feeds.simulator import Simulator
from feeds.simulator.clock import Moment
from feeds.simulator.wire import Ask, Venue
from feeds.venue import Ack, Closing, Feed, Parser, Poll, Pong, Reply
from feeds.venues import FEEDS, POLLS
from hedge.market import Confirmed, Dropped, Funding, FundingInterval, Index, Mark, Spot

WALL_MS = 1_795_170_000_000
WIRE = os.environ.get("HEDGETUI_WIRE")
CORPUS = Path(__file__).parent / "corpus"

BASES = ("BTC", "ETH", "SOL", "PEPE", "1000PEPE", "AVAX", "DOGE")
FORMS = ("{0}/USDT:USDT", "{0}/USDC:USDC", "{0}/USD:{0}", "{0}/USDT", "{0}/USDC")
SYMBOLS = tuple(form.format(base) for form in FORMS for base in BASES)

OTHER = any_venue.feed("kraken")
"""One venue without a file of its own, for the parser of all of them."""
EVERY: Mapping[str, Feed] = {**FEEDS, OTHER.id: OTHER}

KNOWN = (Mark, Index, Spot, Funding, FundingInterval, Confirmed, Dropped, Ack, Pong, Reply, Closing)
Frame = str | bytes


def long_run(short: int, full: int) -> int:
    """Examples of a campaign: CI sets HEDGETUI_SOAK=short."""
    return short if os.environ.get("HEDGETUI_SOAK") == "short" else full


def natives(feed: Feed) -> dict[str, str]:
    """Native ids of everything this feed may carry, to unified symbols."""
    found = {symbol: feed.native(symbol) for symbol in SYMBOLS}
    return {native: symbol for symbol, native in found.items() if native is not None}


@cache
def venues() -> dict[str, Venue]:
    """The simulated venues, by their ids and by the ids of their feeds."""
    sim = Simulator(seed=5, scenario="demo")
    made = list(sim.make_venues(WALL_MS))
    by_feed = {feed: venue for venue in made for feed in venue.urls("ws://127.0.0.1:1")}
    return {**{venue.id: venue for venue in made}, **by_feed}


@cache
def real_frames(feed_id: str) -> tuple[Frame, ...]:
    """What the simulated venue says in a minute to a client that asks for one market after the other."""
    if feed_id == OTHER.id:
        line = any_venue.Line("BTC/USDT:USDT", "100.5", "100.25", True, "0.0001", WALL_MS + 3_600_000, "8", WALL_MS)
        return (msgspec.json.encode(line).decode(), '{"refused":"no such market","symbol":"BTC/USDT:USDT"}', "{}")
    feed, venue = FEEDS[feed_id], venues().get(feed_id)
    if venue is None:
        return ()
    parts = urlsplit(venue.urls("ws://127.0.0.1:1")[feed_id])
    dialogue = venue.dialogue(parts.path, dict(parse_qsl(parts.query)), Moment(0.0, WALL_MS))
    assert dialogue is not None, f"{feed_id}: the simulator opens no socket at its own address"
    frames: list[Frame] = []
    asked = [text for number, native in enumerate(natives(feed), 1) for text in feed.subscribe([native], number)]
    asked += [] if feed.ping is None else [feed.ping.text(1)]
    for step in range(60):
        now = Moment(step * 0.75, WALL_MS + step * 750)
        heard = dialogue.received(asked[step], now) if step < len(asked) else []
        frames += [each for each in [*heard, *dialogue.due(now)] if isinstance(each, Frame)]
    return tuple(frames)


@cache
def real_body(poll_id: str) -> bytes:
    """What the simulated venue answers to this poll; empty where it is not played."""
    poll = next(each for each in POLLS if each.id == poll_id)
    venue = venues().get(poll.venue)
    if venue is None:
        return b""
    answer = venue.answer(Ask(poll.path, dict(poll.params)), Moment(30.0, WALL_MS + 30_000))
    return answer.body if answer.status == 200 else b""


@cache
def captured() -> tuple[str, ...]:
    """Captured messages of real venues, all of them; none without HEDGETUI_WIRE."""
    if WIRE is None:
        return ()
    paths = sorted(path for path in Path(WIRE).glob("*/*") if path.suffix in (".json", ".jsonl"))
    texts = (path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()] for path in paths)
    return tuple(line for lines in texts for line in lines if line.strip() and len(line) < 50_000)


# what may never come out


def check(said: Sequence[Any], symbols: Mapping[str, str], at_ms: int) -> None:
    """Raises AssertionError where something is said that no risk figure may be made of."""
    for each in said:
        assert isinstance(each, KNOWN), each
        match each:
            case Mark() | Index() | Spot():
                assert each.price > 0
            case Funding():
                assert each.rate is None or abs(each.rate) < 1
                assert each.next_ms is None or EARLIEST_MS <= each.next_ms < LATEST_MS
            case FundingInterval():
                assert 1 <= each.hours <= 24
            case Reply():
                assert len(each.text) < 1024
        for name in each.__struct_fields__:
            value = getattr(each, name)
            match value:
                case Decimal():
                    assert value.is_finite(), each
                    assert abs(value) < Decimal("1e120"), each
                case float():
                    raise AssertionError(f"a float where money is meant: {each}")
                case str() if name in ("reason", "source"):
                    inert(value)
        if (symbol := getattr(each, "symbol", None)) is not None:
            assert symbol in symbols.values()
            assert getattr(each, "at_mono_ms", None) == at_ms, "the arrival is stamped by us"
        venue_ms = getattr(each, "venue_ms", None)
        assert venue_ms is None or EARLIEST_MS <= venue_ms < LATEST_MS


def inert(text: str) -> None:
    assert len(text) <= 400
    assert not any(unicodedata.category(char) in UNSAFE for char in text), text


def survives(feed: Feed, frames: list[Frame]) -> None:
    """One connection hears all of these: values that can be believed come out, or ParseError, and nothing else."""
    symbols = natives(feed)
    parser: Parser = feed.parser(symbols)
    for at_ms, frame in enumerate(frames, 1):
        try:
            check(parser.parse(frame, at_ms), symbols, at_ms)
        except ParseError as error:
            inert(str(error))
            assert error.symbol is None or error.symbol in symbols.values()


def survives_body(poll: Poll, body: bytes) -> None:
    symbols = natives(FEEDS[poll.feed])
    try:
        check(poll.parse(body, symbols, 7), symbols, 7)
    except ParseError as error:
        inert(str(error))


# how a real frame becomes a hostile one

VALUES = (
    *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e-999", "9" * 5000, "-" + "9" * 5000, "0." + "1" * 5000),
    *("null", "true", "false", "0", "-0", "-1", "-0.0", "1", "0.5", "18446744073709551616", "1e400", "[]", "{}", '""'),
    *('"NaN"', '"nan"', '"Infinity"', '"1e999"', '"-1"', '"0"', '"0.0"', '"+1"', '"1_000"', '"1,5"', '" 1"', '"0x1F"'),
    *('"１２３"', '"٣"', '"²"', '"½"', '"true"', '"null"', f'"{"9" * 5000}"', f'"0.{"1" * 400}"', '"1e-30"', '"-"'),
    *('"\\u001b[2J"', '"\\u202eTDSU"', '"[/foo]"', '"[@click=app.quit]x[/]"', '"\\ud800"', '"\\u0000"', '"a\\nb"'),
    *("[" * 2000 + "]" * 2000, '{"a":' * 2000 + "1" + "}" * 2000, f'"{"x" * 100_000}"'),
    *("4102444800000", "1e12", "-62135596800000", '"4102444799999"', "1791273600", '"1791273600.5"', "1791273600000.5"),
)
"""JSON texts that no field of a venue ever holds, or only by accident."""

MARK = "\u2603here\u2603"
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(
    lambda text: msgspec.json.encode(text).decode()
)
VALUE = st.sampled_from(VALUES) | st.integers().map(str) | st.floats().map(lambda x: f'"{x}"') | WORDS


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of everything within a decoded frame, itself included."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*path, key))


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with what stands at `path` replaced."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


def take(value: Any, path: tuple[Any, ...]) -> Any:
    """The value without what stands at `path`."""
    if not path:
        return None
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = take(value[path[0]], path[1:])
    return copy


@st.composite
def mutated(draw: Callable[..., Any], text: str) -> str:
    """A real text with one to three of its values replaced, left out or repeated."""
    for _ in range(draw(st.integers(1, 3))):
        try:
            value = msgspec.json.decode(text)
        except (ValueError, RecursionError):
            return text
        path = draw(st.sampled_from(list(places(value))))
        how = draw(st.sampled_from(("replace", "replace", "replace", "leave out", "repeat")))
        if how == "leave out":
            text = msgspec.json.encode(take(value, path)).decode()
            continue
        marked = msgspec.json.encode(put(value, path, MARK)).decode()
        new = draw(VALUE) if how == "replace" else text[: 1 + draw(st.integers(0, 40))] * 3
        text = marked.replace(f'"{MARK}"', new)
    return text


@st.composite
def torn(draw: Callable[..., Any], data: bytes) -> bytes:
    """Real bytes, cut, turned around or written over."""
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 20)))
    new: bytes = draw(st.binary(max_size=12))
    return data[:start] + new + data[end:]


def text_of(frame: Frame) -> str | None:
    """The JSON of a frame, whether packed or not; None where it is none."""
    try:
        text = frame if isinstance(frame, str) else gzip.decompress(frame).decode()
        msgspec.json.decode(text)
    except (OSError, EOFError, zlib.error, ValueError):
        return None
    return text


def shapes(frames: tuple[Frame, ...]) -> list[tuple[int, str]]:
    """One frame of each shape among these, as JSON, and where it stands."""
    found: dict[Any, tuple[int, str]] = {}
    for number, frame in enumerate(frames):
        if (text := text_of(frame)) is not None:
            found.setdefault(tuple(places(msgspec.json.decode(text))), (number, text))
    return list(found.values())


def spoiled(text: str) -> Iterator[str]:
    """The JSON with each of its places holding each of the hostile values, and with each left out."""
    value = msgspec.json.decode(text)
    for path in places(value):
        yield msgspec.json.encode(take(value, path)).decode()
        marked = msgspec.json.encode(put(value, path, MARK)).decode()
        yield from (marked.replace(f'"{MARK}"', new) for new in VALUES)


def hostile(frames: tuple[Frame, ...]) -> st.SearchStrategy[Frame]:
    """One frame that began as one of these, and in the packing that it came in."""

    def spoil(frame: Frame) -> st.SearchStrategy[Frame]:
        if isinstance(frame, str):
            raw = torn(frame.encode()).map(lambda data: data.decode(errors="replace"))
            return mutated(frame) | mutated(frame) | raw
        text = text_of(frame)
        if text is None:
            return torn(frame)
        return mutated(text).map(lambda spoiled: gzip.compress(spoiled.encode(errors="replace"), 1)) | torn(frame)

    return st.sampled_from(frames).flatmap(spoil)
