"""Every feed over the end of its socket's day, on the real clock: no value waits longer for it than it does anyway."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise

import msgspec

from feeds.pacing import Hosts
from feeds.simulator import Simulator
from feeds.stream import Stream
from feeds.venue import Feed
from feeds.venues import FEEDS
from feeds.world import World
from hedge.market import Confirmed, Mark, Spot, SymbolState, Update
from monitor.clock import BootClock

LIFE_S = 6.0
USUAL_MS = 2_500
"""No gap of the simulated exchange is longer for these markets."""


def symbols_of(feed: Feed) -> dict[str, str]:
    """Markets that the simulated exchange has on this feed, by native id."""
    wanted = ["BTC/USDT"] if feed.spot else ["BTC/USDT:USDT", "BTC/USD:BTC"]
    if feed.id == "hyperliquid":
        wanted = ["BTC/USDC:USDC"]
    return {native: symbol for symbol in wanted if (native := feed.native(symbol)) is not None}


async def test_the_end_of_a_day_costs_no_feed_a_value() -> None:
    heard: dict[str, list[int]] = {}
    states: list[SymbolState] = []

    def emit(update: Update) -> None:
        if isinstance(update, Mark | Spot | Confirmed):
            heard.setdefault(update.feed, []).append(update.at_mono_ms)
        elif isinstance(update, SymbolState):
            states.append(update)

    async with Simulator() as exchange:
        streams = []
        for feed in FEEDS.values():
            world = World(BootClock(), random.Random(1), emit, Hosts())
            short = msgspec.structs.replace(feed, lifetime_s=LIFE_S)
            streams.append(Stream(short, exchange.urls[feed.id], symbols_of(feed), world))
        tasks = [asyncio.create_task(stream.run()) for stream in streams]
        await asyncio.sleep(2 * LIFE_S)
        dials = {stream.feed.id: stream.dials for stream in streams}
        await asyncio.sleep(1.5)
        sockets = {stream.feed.id: exchange.open_sockets(stream.feed.id) for stream in streams}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert heard.keys() == FEEDS.keys()
    assert {feed: count for feed, count in dials.items() if count < 3} == {}, "each handed over twice"
    assert {feed: count for feed, count in sockets.items() if count > 2} == {}, "and lets the old socket go"
    gaps = {feed: max(late - early for early, late in pairwise(stamps)) for feed, stamps in heard.items()}
    assert {feed: gap for feed, gap in gaps.items() if gap > USUAL_MS + 1_000} == {}
    assert [state for state in states if state.state not in ("waiting", "live")] == []
