"""Nothing comes any more, while the line looks open: half-open lines and streams frozen behind live pongs."""

from __future__ import annotations

import asyncio
import random
import time

import pytest
from fault_proxy import FaultProxy
from feeds_kit import WALL_MS, Ear, Peer, Rig, mark_frame, until
from websockets.asyncio.server import ServerConnection

from feeds import binance
from feeds.pacing import Hosts
from feeds.stream import Stream, Timing, World
from hedge.market import Instant, Mark

BTC = "BTC/USDT:USDT"
SCALE = 10
"""How much faster than a user's the pings of these tests are."""
PINGS = Timing(open_s=8 / SCALE, ping_s=5 / SCALE, pong_s=5 / SCALE, close_s=1 / SCALE)


class RealTime:
    """The clocks of this machine, in milliseconds."""

    def now(self) -> Instant:
        return Instant(int(time.monotonic() * 1000), int(time.time() * 1000))


def test_f1_our_pings_alone_find_a_half_open_line_within_12_s() -> None:
    timing = Timing()
    assert timing.ping_s + timing.pong_s + timing.close_s <= 12


@pytest.mark.parametrize("way", ["both", "up", "down"])
async def test_f1_half_open_is_seen_by_pings_and_dialled_again(way: str) -> None:
    async with Peer() as peer, FaultProxy(peer.port) as proxy:
        rig = Rig(binance.USDM, proxy.url, [BTC]).timed(PINGS)
        async with rig:
            await until(lambda: bool(peer.heard))
            await peer.send(mark_frame("BTCUSDT"))
            await until(lambda: rig.ear.last_feed.state == "live")
            for each in (proxy.up, proxy.down):
                if way in ("both", "up" if each is proxy.up else "down"):
                    each.stop()
            began = time.monotonic()
            await until(lambda: rig.ear.last_feed.state == "backing_off", 5 * 12 / SCALE)
            assert time.monotonic() - began <= 5 * 12 / SCALE
            assert "keepalive ping timeout" in rig.ear.last_feed.reason
            assert rig.ear.symbol(BTC)[-1].state == "stale"
            proxy.go()
            await rig.time.advance(2)
            await until(lambda: peer.dials >= 2)


async def test_f1_half_open_is_stale_by_age_within_6_s_before_any_ping_fails() -> None:
    async with Peer() as peer, FaultProxy(peer.port) as proxy, Rig(binance.USDM, proxy.url, [BTC]) as rig:
        await until(lambda: bool(peer.heard))
        await peer.send(mark_frame("BTCUSDT"))
        await until(lambda: rig.ear.last_feed.state == "live")
        proxy.stop()
        lost_ms = rig.time.mono_ms
        await rig.time.advance(6)
        stale = rig.ear.symbol(BTC)[-1]
        assert stale.state == "stale"
        assert stale.at_mono_ms - lost_ms <= 6000


@pytest.mark.soak
async def test_f1_half_open_on_real_clocks_is_stale_in_6_s_and_dialled_within_12_s() -> None:
    ear = Ear()
    async with Peer() as peer, FaultProxy(peer.port) as proxy:
        world = World(RealTime(), random.Random(1), ear, Hosts())
        stream = Stream(binance.USDM, proxy.url, {"BTCUSDT": BTC}, world)
        task = asyncio.create_task(stream.run())
        await until(lambda: bool(peer.heard))
        await peer.send(mark_frame("BTCUSDT"))
        await until(lambda: ear.last_feed.state == "live")
        lost_ms = RealTime().now().mono_ms
        proxy.stop()
        await until(lambda: ear.symbol(BTC)[-1].state == "stale", 30)
        assert ear.symbol(BTC)[-1].at_mono_ms - lost_ms <= 6_500
        await until(lambda: proxy.lines == 2, 60)
        assert RealTime().now().mono_ms - lost_ms <= 14_500, "twelve seconds, and at most two of polite waiting"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_f1_late_sliced_and_slow_lines_are_no_fault() -> None:
    async with Peer() as peer, FaultProxy(peer.port) as proxy:
        for way in (proxy.up, proxy.down):
            way.latency_s, way.slice = 0.005, 11
        async with Rig(binance.USDM, proxy.url, [BTC]) as rig:
            await until(lambda: len(peer.heard) == 1)
            for second in range(5):
                await peer.send(mark_frame("BTCUSDT", at_ms=WALL_MS + second * 1000))
                await until(lambda wanted=second: len(rig.ear.values(Mark)) == wanted + 1)  # type: ignore[misc]
            assert peer.dials == 1
            assert rig.ear.last_feed.state == "live"


async def test_f2_frozen_behind_live_pongs_is_seen_while_the_proxy_still_carries_pongs() -> None:
    """The line itself is well: pings are answered in real time, and only data stays away."""
    frames = 0

    async def pong_only(peer: Peer, socket: ServerConnection) -> None:
        nonlocal frames
        await socket.recv()
        await socket.send(b'{"result":null,"id":1}', text=True)
        frames += 1

    quick_pings = Timing(open_s=5, ping_s=0.05, pong_s=10, close_s=0.1)
    async with Peer(pong_only) as peer, FaultProxy(peer.port) as proxy:
        rig = Rig(binance.USDM, proxy.url, [BTC]).timed(quick_pings)
        async with rig:
            await until(lambda: frames == 1)
            await asyncio.sleep(0.3)
            assert rig.ear.feed_states[-1].state == "subscribing", "pongs are not data"
            await rig.time.advance(10.6)
            assert rig.ear.last_feed.state == "backing_off"
            assert "no data came" in rig.ear.last_feed.reason
