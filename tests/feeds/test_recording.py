"""Recordings as files: what stands in them, how they grow and turn over, and what is said of files that are none."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from feeds_kit import FakeTime, mark_frame, snapshot_frame, ticker_frame
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from feeds.binance import USDM, USDM_INTERVALS
from feeds.bybit import LINEAR
from feeds.clean import ParseError
from feeds.recorder import BEAT_MS, BODY_LIMIT, Recorder, RecordingFile
from feeds.recording import SCHEMA, Ears, Entry, Header, Moment, Recording, RecordingError, sound
from hedge.market import (
    AccountRead,
    Candle,
    Candles,
    Confirmed,
    FeedPulse,
    FeedState,
    Funding,
    FundingInterval,
    Index,
    Instrument,
    Mark,
    Settlement,
    Settlements,
    SymbolState,
    Tier,
    Tiers,
    Unread,
    Update,
    Woke,
)

BTC, SOL = "BTC/USDT:USDT", "SOL/USDT:USDT"
ONE = Decimal(1)


def header(time: FakeTime, **changes: Any) -> Header:
    now = time.now()
    first = Header(
        build="test",
        t=now.wall_ms / 1000,
        m=now.mono_ms,
        portfolio=Raw(b'{"name": "Test"}'),
        started_ms=now.wall_ms,
        beat_ms=BEAT_MS,
    )
    return msgspec.structs.replace(first, **changes)


class Making:
    """A recording in the making on a clock that stands."""

    def __init__(self, folder: Path, **limits: int) -> None:
        self.time = FakeTime()
        self.path = folder / "a.rec"
        self.file = RecordingFile(self.path, header(self.time), **({"max_bytes": 2**20, "keep": 2} | limits))
        self.recorder = Recorder(self.time)

    def dialled(self, feed: Any = LINEAR, **symbols: str) -> Callable[[object], list[Any]]:
        """A connection; call it with a frame to take one as the stream does."""
        parser = self.recorder.feed(feed).parser(symbols)

        def take(frame: object) -> list[Any]:
            data = frame if isinstance(frame, str | bytes) else msgspec.json.encode(frame).decode()
            said = parser.parse(data, self.time.mono_ms)
            for each in said:
                if isinstance(each, Update):
                    self.recorder.hear(each)
            return said

        return take

    def write(self) -> None:
        self.file.write(self.recorder.take_lines())

    def done(self) -> list[Moment]:
        self.write()
        self.file.close()
        return list(Recording(self.path).moments())


def lines(path: Path) -> list[Any]:
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]


def instrument(symbol: str = SOL) -> Instrument:
    return Instrument("bybit", symbol, "SOLUSDT", "SOL", "USDT", "USDT", False, ONE, ONE, Decimal("0.1"))


def said(moments: list[Moment]) -> list[Update]:
    return [update for moment in moments for update in moment.said]


# what stands in it


def test_what_the_feeds_said_is_said_again_in_order(tmp_path: Path) -> None:
    making = Making(tmp_path)
    heard: list[Update] = []

    def hear(*updates: Update) -> None:
        for update in updates:
            heard.append(update)
            making.recorder.hear(update)

    at = making.time.mono_ms
    hear(FeedState("bybit-linear", "dialling", "dialling the host", at, 1))
    take = making.dialled(SOLUSDT=SOL)
    hear(SymbolState("bybit-linear", SOL, "waiting", "subscribed", at))
    heard += take(snapshot_frame("SOLUSDT"))
    making.time.mono_ms += 300
    heard += take(ticker_frame("SOLUSDT", "delta", markPrice="101"))
    hear(instrument(), Tiers("bybit", SOL, (Tier(Decimal(0), None, Decimal("0.01")),), "bybit risk-limit"))
    hear(Candles("bybit", SOL, "trade", 24, (Candle(0, Decimal(90)), Candle(86_400_000, Decimal(95))), 7))
    hear(Settlements("bybit", SOL, (Settlement(5, Decimal("0.0001"), Decimal(100)),), 1, 7))
    hear(Mark("ccxt-kraken", BTC, Decimal(7), making.time.mono_ms, 60_000))
    assert said(making.done()) == heard
    assert {Mark, Index, Funding, FundingInterval, Confirmed} <= {type(each) for each in heard}


def test_each_line_has_both_times_and_the_file_is_its_owners(tmp_path: Path) -> None:
    making = Making(tmp_path)
    making.dialled(SOLUSDT=SOL)(snapshot_frame("SOLUSDT"))
    making.done()
    first, opened, frame = lines(making.path)
    assert (first["schema"], first["build"], first["portfolio"]) == (SCHEMA, "test", {"name": "Test"})
    wall_ms = making.time.now().wall_ms
    assert opened == {
        "t": wall_ms / 1000,
        "m": making.time.mono_ms,
        "feed": "bybit-linear",
        "connection": 1,
        "symbols": {"SOLUSDT": SOL},
    }
    assert frame.keys() == {"t", "m", "feed", "connection", "text"}
    assert msgspec.json.decode(frame["text"]) == snapshot_frame("SOLUSDT")
    assert stat.S_IMODE(making.path.stat().st_mode) == 0o600


def test_facts_of_a_venue_that_come_together_stand_on_one_line(tmp_path: Path) -> None:
    making = Making(tmp_path)
    for update in (instrument(SOL), instrument(BTC), Tiers("bybit", SOL, (), "bybit risk-limit", "asked nobody")):
        making.recorder.hear(update)
    making.recorder.hear(FundingInterval("bybit-linear", SOL, Decimal(8), "assumed", making.time.mono_ms))
    making.done()
    (line,) = lines(making.path)[1:]
    assert line["facts"]["venue"] == "bybit"
    assert [each["symbol"] for each in line["facts"]["instruments"]] == [SOL, BTC]
    assert list(line["facts"]["tiers"]) == list(line["facts"]["intervals"]) == [SOL]


def test_a_state_that_a_frame_brought_about_stands_before_its_values(tmp_path: Path) -> None:
    """As the stream emits them: the symbol is live, then its mark."""
    making = Making(tmp_path)
    parser = making.recorder.feed(LINEAR).parser({"SOLUSDT": SOL})
    values = parser.parse(msgspec.json.encode(snapshot_frame("SOLUSDT")).decode(), making.time.mono_ms)
    live = SymbolState("bybit-linear", SOL, "live", "", making.time.mono_ms)
    making.time.mono_ms += 1
    for update in (live, *values):
        making.recorder.hear(update)  # type: ignore[arg-type]
    assert said(making.done()) == [live, *values]


def test_binary_frames_and_unreadable_ones_are_kept_as_they_came(tmp_path: Path) -> None:
    making = Making(tmp_path)
    take = making.dialled(SOLUSDT=SOL)
    frames = [b"\x1f\x8b\x00\xff", b'{"topic": "x"}', "{not json", "\u202e \x00"]
    for frame in frames:
        with pytest.raises(ParseError):
            take(frame)
    take(snapshot_frame("SOLUSDT"))
    moments = making.done()
    kept = [msgspec.convert(line, Entry).frame for line in lines(making.path)[2:-1]]
    assert kept == frames
    assert {type(each) for each in said(moments)} == {Mark, Index, Funding, FundingInterval, Confirmed}


def test_bodies_of_polls_are_kept_or_what_a_long_one_said(tmp_path: Path) -> None:
    making = Making(tmp_path)
    poll = making.recorder.poll(USDM_INTERVALS)
    short = b'[{"symbol": "SOLUSDT", "fundingIntervalHours": 4}]'
    long = b'[{"symbol": "SOLUSDT", "fundingIntervalHours": 4, "x": "%s"}]' % (b"y" * BODY_LIMIT)
    for body in (short, long):
        for update in poll.parse(body, {"SOLUSDT": SOL}, making.time.mono_ms):
            making.recorder.hear(update)
        making.time.mono_ms += 1000
    found = said(making.done())
    assert [(type(each), each.hours) for each in found if isinstance(each, FundingInterval)] == [
        (FundingInterval, Decimal(4))
    ] * 2
    body_line, facts_line = lines(making.path)[1:]
    assert (body_line["feed"], body_line["poll"], body_line["text"]) == (USDM.id, USDM_INTERVALS.path, short.decode())
    assert facts_line["facts"]["intervals"][SOL]["hours"] == "4"


def test_every_second_has_a_line(tmp_path: Path) -> None:
    making = Making(tmp_path)
    for _ in range(20):
        making.time.mono_ms += 250
        making.write()
    moments = making.done()
    assert [moment.now.mono_ms - 1_000_000 for moment in moments] == [1000, 2000, 3000, 4000, 5000]
    assert not any(moment.frame for moment in moments)


def test_a_state_long_after_an_answer_without_data_is_in_order(tmp_path: Path) -> None:
    making = Making(tmp_path)
    making.dialled(SOLUSDT=SOL)('{"op": "pong"}')
    making.time.mono_ms += 600
    making.recorder.hear(FeedState("bybit-linear", "stale", "silent", making.time.mono_ms))
    moments = making.done()
    assert [moment.now.mono_ms - 1_000_000 for moment in moments] == [0, 0, 600]


@given(st.lists(st.one_of(st.binary(max_size=40), st.text(max_size=40)), max_size=8))
def test_any_frame_comes_back_as_it_was(frames: list[str | bytes]) -> None:
    recorder = Recorder(FakeTime())
    parser = recorder.feed(LINEAR).parser({})
    sent = [frame for frame in frames if not isinstance(frame, str) or frame.isprintable()]
    for frame in sent:
        try:
            parser.parse(frame, 1_000_000)
        except ParseError:
            continue
    found = [msgspec.json.decode(line, type=Entry) for line in recorder.take_lines().splitlines()]
    assert [entry.frame for entry in found[1:]] == sent


# files


def test_a_full_part_turns_over_and_the_oldest_goes(tmp_path: Path) -> None:
    making = Making(tmp_path, max_bytes=600, keep=2)
    for turn in range(5):
        making.recorder.hear(FeedState("bybit-linear", "live", f"turn {turn} " + "x" * 300, making.time.mono_ms))
        making.time.mono_ms += 1000
        making.write()
        assert making.file.full
        making.file.turn_over(making.time)
    making.done()
    assert [lines(tmp_path / name)[0]["part"] for name in ("a.rec.2", "a.rec.1", "a.rec")] == [4, 5, 6]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.rec", "a.rec.1", "a.rec.2"]
    assert len(list(Recording(making.path).moments())) == 2


def test_without_earlier_parts_only_the_newest_stays(tmp_path: Path) -> None:
    making = Making(tmp_path, max_bytes=1, keep=0)
    making.file.turn_over(making.time)
    making.done()
    assert [each.name for each in tmp_path.iterdir()] == ["a.rec"]


def test_a_part_of_another_recording_is_not_joined(tmp_path: Path) -> None:
    making = Making(tmp_path)
    making.file.turn_over(making.time)
    making.done()
    other = header(making.time, started_ms=5)
    (tmp_path / "a.rec.1").write_bytes(msgspec.json.encode(other) + b"\n")
    assert Recording(making.path).parts == (making.path,)


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.rec").write_text("mine")
    with pytest.raises(RecordingError, match=r"a\.rec is there already; name another file, or remove it first"):
        Making(tmp_path)
    assert (tmp_path / "a.rec").read_text() == "mine"


def test_a_disk_that_refuses_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"nowhere/a\.rec: no such file or directory"):
        Making(tmp_path / "nowhere")
    full = RecordingFile.__new__(RecordingFile)
    with Path("/dev/full").open("wb", buffering=0) as device:
        full.path, full._descriptor, full._unsynced, full._size, full.written = tmp_path / "a", device.fileno(), 0, 0, 0
        with pytest.raises(RecordingError, match="no space left on device"):
            full.write(b"line\n")


async def test_saving_ends_when_a_part_is_full(tmp_path: Path) -> None:
    making = Making(tmp_path, max_bytes=2000)

    async def second(_: float) -> None:
        making.time.mono_ms += 1000

    making.recorder.hear(FeedState("bybit-linear", "live", "x" * 900, making.time.mono_ms))
    await making.recorder.save(making.file, second)
    times = [line["m"] for line in lines(making.path)]
    assert making.path.stat().st_size >= 2000
    assert all(after - before <= 2 * BEAT_MS for before, after in pairwise(times))


async def test_what_is_being_written_when_the_recording_ends_is_written(tmp_path: Path) -> None:
    making = Making(tmp_path)
    making.recorder.hear(FeedState("bybit-linear", "live", "x" * 900, making.time.mono_ms))
    saving = asyncio.create_task(making.recorder.save(making.file, lambda _: asyncio.sleep(0)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    saving.cancel()
    await asyncio.gather(saving, return_exceptions=True)
    assert lines(making.path)[1]["state"]["reason"] == "x" * 900


# files that are none, or broken


def written(tmp_path: Path, *after: bytes) -> Path:
    path = tmp_path / "b.rec"
    path.write_bytes(msgspec.json.encode(header(FakeTime())) + b"\n" + b"".join(after))
    return path


LINE = b'{"t":1795000001.0,"m":1000500,"feed":"bybit-linear","state":{"type":"FeedState","feed":"bybit-linear","state":"live","reason":"","at_mono_ms":1}}\n'  # noqa: E501


def test_a_last_line_that_was_torn_off_is_left_out(tmp_path: Path) -> None:
    for cut in (1, 2, 30, len(LINE) - 1):
        recording = Recording(written(tmp_path, LINE, LINE[:-cut] if cut < len(LINE) - 1 else b"{"))
        assert len(list(recording.moments())) == (2 if cut == 1 else 1)
        assert recording.ends.mono_ms == 1_000_500


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "has no complete line: nothing was recorded in it"),
        (b'{"schema":"hedgetui.recording/1"', "has no complete line"),
        (b'{"schema":"hedgetui.recording/2","x":1}\n', r"line 1: it is hedgetui\.recording/2; this version reads"),
        (b'{"schema":"hedgetui.portfolio/1"}\n', "line 1: this is no recording of hedgetui"),
        (b'{"schema":"hedgetui.recording/1","m":"x"}\n', "line 1: the header cannot be read"),
        (b"[" * 100_000 + b"\n", "line 1: this is no recording"),
        (b"\x00\xff\x1f\x8b\n", "line 1: this is no recording"),
    ],
)
def test_a_file_that_is_no_recording_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "b.rec"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=says):
        Recording(path)


def test_a_file_that_is_not_there_or_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"none\.rec: no such file or directory"):
        Recording(tmp_path / "none.rec")
    with pytest.raises(RecordingError, match="is a directory"):
        Recording(tmp_path)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"{\n", "line 3: it cannot be read"),
        (b"\n", "line 3: it cannot be read"),
        (b'{"t":1,"feed":"x"}\n', "line 3: .*missing required field `m`"),
        (b'{"t":1,"m":5}\n', "line 3: it lies 1000495 ms before the line above it"),
        (b'{"t":1,"m":2000000,"feed":"kraken","connection":1,"symbols":{}}\n', "feed that this version does not know"),
        (b'{"t":1,"m":2000000,"feed":"bybit-linear","connection":9,"text":"{}"}\n', "connection 9 was never opened"),
        (b'{"t":1,"m":2000000,"feed":"bybit-linear","poll":"/x","text":"{}"}\n', "an HTTP read that this version does"),
        (
            b'{"t":1,"m":2000000,"said":{"type":"Mark","feed":"x","symbol":"y","price":"NaN","at_mono_ms":1,"limit_ms":1}}\n',
            "not a number: NaN",
        ),
        (
            b'{"t":1,"m":2000000,"said":{"type":"Mark","feed":"x","symbol":"y","price":"-1","at_mono_ms":1,"limit_ms":1}}\n',
            "not a price",
        ),
        (
            b'{"t":1,"m":2000000,"said":{"type":"Mark","feed":"x","symbol":"y","price":"1e99999","at_mono_ms":1,"limit_ms":1}}\n',
            "not a number",
        ),
    ],
)
def test_a_broken_line_is_named_with_its_number(tmp_path: Path, line: bytes, says: str) -> None:
    recording = Recording(written(tmp_path, LINE, line, LINE))
    with pytest.raises(RecordingError, match=says) as caught:
        list(recording.moments())
    assert str(caught.value).startswith(f"{recording.path}, line 3: ")


def test_base64_that_is_none_is_named(tmp_path: Path) -> None:
    opened = b'{"t":1795000002,"m":1000600,"feed":"bybit-linear","connection":1,"symbols":{}}\n'
    frame = b'{"t":1795000002,"m":1000600,"feed":"bybit-linear","connection":1,"base64":"%%%"}\n'
    with pytest.raises(RecordingError, match="line 3: its base64 cannot be read"):
        list(Recording(written(tmp_path, opened, frame)).moments())


def test_text_of_a_file_is_made_inert() -> None:
    state = sound(FeedState("bybit-linear", "stale", "\x1b[31mred\u202eno" + "x" * 9000, 1))
    assert state.reason.startswith("[31mredno")
    assert len(state.reason) <= 400


@given(st.binary(max_size=200))
def test_whatever_a_line_holds_is_read_or_refused(data: bytes) -> None:
    try:
        entry = msgspec.json.decode(data, type=Entry)
    except (ValueError, RecursionError):
        return
    try:
        Ears().said(entry)
    except ParseError:
        return


def test_a_replayed_frame_of_a_feed_is_parsed_as_it_was(tmp_path: Path) -> None:
    """Two connections of one feed never share what they have merged."""
    making = Making(tmp_path)
    first, second = making.dialled(SOLUSDT=SOL), making.dialled(SOLUSDT=SOL)
    usdm = making.dialled(USDM, BTCUSDT=BTC)
    heard = first(snapshot_frame("SOLUSDT", fundingRate="0.0005"))
    heard += second(ticker_frame("SOLUSDT", "delta", fundingRate="0.0009"))
    heard += usdm(mark_frame("BTCUSDT")) + usdm(mark_frame("BTCUSDT"))
    heard += first(ticker_frame("SOLUSDT", "delta", nextFundingTime="1795003600000"))
    assert said(making.done()) == heard
    assert [each.rate for each in heard if isinstance(each, Funding)][-1] == Decimal("0.0005")


def test_what_a_feed_did_not_pass_on_is_not_passed_on_again(tmp_path: Path) -> None:
    """Overtaken values, and those of a connection that stands by: they come later, by themselves, or never."""
    making = Making(tmp_path)
    parser = making.recorder.feed(LINEAR).parser({"SOLUSDT": SOL})
    frame = msgspec.json.encode(snapshot_frame("SOLUSDT")).decode()
    values = [each for each in parser.parse(frame, making.time.mono_ms) if isinstance(each, Update)]
    making.recorder.hear(values[2])
    held = parser.parse(msgspec.json.encode(ticker_frame("SOLUSDT", "delta", markPrice="101")).decode(), 1_000_000)
    making.recorder.hear(FeedPulse("bybit-linear", 5.0, 0.1, making.time.mono_ms))
    making.recorder.hear(held[0])  # type: ignore[arg-type]
    moments = making.done()
    pulse = FeedPulse("bybit-linear", 5.0, 0.1, making.time.mono_ms)
    assert said(moments) == [values[2], pulse, held[0]]
    assert [moment.frame for moment in moments] == [False, True, True, False, True]
    assert lines(making.path)[2]["unsaid"] == [0, 1, 3, 4]


def test_what_is_not_a_value_of_a_market_is_kept_too(tmp_path: Path) -> None:
    making = Making(tmp_path)
    read = AccountRead("hyperliquid", "0xabc", (), {"USDC": Decimal("12.5")}, 1, 2)
    updates: list[Update] = [Woke(60_000, 5), Unread("bybit-linear", SOL), read]
    for update in updates:
        making.recorder.hear(update)
    assert said(making.done()) == updates
