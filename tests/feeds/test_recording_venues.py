"""Every venue recorded: what a replay says is what its feeds said, from captured frames and over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from feeds_kit import until
from test_recording import Making, said

from feeds.clean import ParseError
from feeds.markets import FeedSetup, watch_markets
from feeds.recorder import Recorder, RecordingFile
from feeds.recording import Header, Recording
from feeds.simulator import Simulator
from feeds.venue import Feed
from feeds.venues import FEEDS
from hedge.market import FeedState, Index, Instant, Mark, Spot, SymbolState, Update, Want

WIRE = Path(os.environ.get("HEDGETUI_WIRE", "/nonexistent"))
SYMBOLS = ("BTC/USDT:USDT", "BTC/USD:BTC", "BTC/USDC:USDC", "BTC/USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")


@pytest.mark.skipif(not WIRE.exists(), reason="HEDGETUI_WIRE does not lead to the captured messages")
@pytest.mark.parametrize("feed", FEEDS.values(), ids=lambda feed: feed.id)
def test_captured_frames_say_the_same_from_a_recording(feed: Feed, tmp_path: Path) -> None:
    """Every captured frame of every venue, as text and packed: those of others are refused then as now."""
    making = Making(tmp_path, max_bytes=2**30)
    natives = {native: symbol for symbol in SYMBOLS if (native := feed.native(symbol)) is not None}
    take = making.dialled(feed, **natives)
    heard: list[Update] = []
    for file in sorted(WIRE.glob("*/*.jsonl")):
        for line in file.read_text().splitlines():
            for frame in (line, gzip.compress(line.encode(), mtime=0)):
                making.time.mono_ms += 1
                try:
                    heard += [each for each in take(frame) if isinstance(each, Update)]
                except ParseError:
                    continue
    assert said(making.done()) == [each for each in heard if not isinstance(each, FeedState | SymbolState)]
    assert heard or feed.id == "bingx-swap"  # which believes no market's first frame, and only one was captured


class RealClock:
    def now(self) -> Instant:
        return Instant(int(time.monotonic() * 1000), int(time.time() * 1000))


def silent(names: Sequence[str], updates: list[Update]) -> set[str]:
    """Feeds that have brought no price yet."""
    return set(names) - {each.feed for each in updates if isinstance(each, Mark | Index | Spot)}


def counted(updates: list[Update]) -> Counter[bytes]:
    return Counter(msgspec.json.encode(each) for each in updates)


@pytest.mark.parametrize("names", [tuple(FEEDS)[:6], tuple(FEEDS)[6:]], ids=lambda names: names[0])
async def test_simulated_venues(names: tuple[str, ...], tmp_path: Path) -> None:
    """Each update that the feeds emitted stands in the recording once, and no other. In two parts, because all venues
    are one host here, and no host is dialled more than a few times at once."""
    clock = RealClock()
    live: list[Update] = []
    feeds = [FEEDS[name] for name in names]
    wants = [Want(feed.venue, symbol, feed.spot) for feed in feeds for symbol in SYMBOLS[:5] if feed.native(symbol)]
    now = clock.now()
    header = Header(build="test", t=now.wall_ms / 1000, m=now.mono_ms, portfolio=msgspec.Raw(b"{}"), beat_ms=1000)
    file = RecordingFile(tmp_path / "a.rec", header, max_bytes=2**30, keep=0)
    recorder = Recorder(clock)

    def emit(update: Update) -> None:
        live.append(update)
        recorder.hear(update)

    async with Simulator(seed=3) as sim:
        setup = FeedSetup(sim.urls, sim.rest_urls, tap=recorder)
        task = asyncio.create_task(watch_markets(wants, setup, clock, random.Random(1), emit))
        try:
            await until(lambda: not silent(names, live), 30)
            await asyncio.sleep(1)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    file.write(recorder.take_lines())
    file.close()
    found = said(list(Recording(tmp_path / "a.rec").moments()))
    assert counted(found) == counted(live)
    assert recorder.counts.frames > len(names)
