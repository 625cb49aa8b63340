"""Dials and requests that the other side does not want: waits are kept, and nobody else pays for them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from fault_proxy import FaultProxy
from feeds_kit import WALL_MS, Ear, FakeTime, Peer, Rig, mark_frame, settle, until
from test_rest import venue

from feeds import binance
from feeds.pacing import Hosts
from feeds.polls import Schedule, watch_poll
from feeds.rest import Door
from feeds.stream import Timing, World
from hedge.market import FeedState, FundingInterval

BTC = "BTC/USDT:USDT"
RETRY = {"Retry-After": "90"}


@asynccontextmanager
async def polling(base: str, time: FakeTime, hosts: Hosts, ear: Ear, readers: int) -> AsyncIterator[None]:
    """So many readers of Binance's intervals at one door to `base`."""
    world = World(time, random.Random(1), ear, hosts, time.sleep)
    limits = aiohttp.ClientTimeout(total=5)
    async with Door({"binance": base}, hosts, time, print, limits) as door:
        work = [watch_poll(binance.USDM_INTERVALS, door, {"BTCUSDT": BTC}, Schedule(), world) for _ in range(readers)]
        tasks = [asyncio.create_task(each) for each in work]
        try:
            yield
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize(
    ("status", "headers", "body", "most"),
    [
        (429, RETRY, b'{"code":-1003,"msg":"Too many requests"}', 7),
        (418, RETRY, b'{"code":-1003,"msg":"banned until"}', 7),
        (429, {}, b'{"code":"50011","msg":"Too Many Requests","data":[]}', 9),
        (503, {}, b"<html>", 12),
        (200, {}, b'{"code":"50011","msg":"Too Many Requests","data":[]}', 12),
        (200, {}, b'{"retCode":10006,"retMsg":"Too many visits!"}', 12),
    ],
)
async def test_f13_a_rest_limit_is_kept_without_a_storm(
    status: int, headers: dict[str, str], body: bytes, most: int
) -> None:
    """Ten minutes of refusals, two readers at one door."""
    time, ear = FakeTime(), Ear()
    async with (
        venue(lambda _: web.Response(status=status, headers=headers, body=body)) as (base, asked),
        polling(base, time, Hosts(), ear, 2),
    ):
        for _ in range(120):
            await time.advance(5)
            told = len(ear.feed_states)
            await settle(60)
            assert len(ear.feed_states) == told or ear.last_feed.state in ("blocked", "backing_off")
        assert 4 <= len(asked) <= 2 * most
        assert ear.values(FundingInterval) == []


async def test_f13_streams_go_on_beside_it() -> None:
    time, hosts, ear = FakeTime(), Hosts(), Ear()
    async with (
        venue(lambda _: web.Response(status=429, headers=RETRY)) as (base, asked),
        Peer() as peer,
        Rig(binance.USDM, peer.url, [BTC], time, hosts) as rig,
        polling(base, time, hosts, ear, 1),
    ):
        await until(lambda: ear.last_feed.state == "blocked")
        for _ in range(15):
            await peer.send(mark_frame("BTCUSDT", at_ms=WALL_MS + time.mono_ms))
            await time.advance(4)
        assert len(asked) == 1
        assert [each.state for each in rig.ear.symbol(BTC)] == ["waiting", "live"]


async def test_f13_a_limit_that_one_reader_meets_holds_for_every_reader_of_the_host() -> None:
    time, hosts, ear = FakeTime(), Hosts(), Ear()
    async with (
        venue(lambda _: web.Response(status=429, headers=RETRY)) as (base, asked),
        polling(base, time, hosts, ear, 1),
    ):
        await until(lambda: len(ear.feed_states) == 1)
        async with polling(base, time, hosts, ear, 1):
            await until(lambda: len(ear.feed_states) == 2)
            assert len(asked) == 1
            assert "asked us to stay away for another 90 s" in ear.last_feed.reason


@pytest.mark.parametrize("how", ["accepts and says nothing", "lets the handshake out but not back"])
async def test_f16_a_handshake_without_an_answer_ends_at_the_open_timeout(how: str) -> None:
    async with Peer() as peer, FaultProxy(peer.port) as proxy:
        if how.startswith("accepts"):
            proxy.accept = "nothing"
        else:
            proxy.down.stop()
        rig = Rig(binance.USDM, proxy.url, [BTC]).timed(Timing(open_s=0.2, close_s=0.1))
        async with rig:
            began = asyncio.get_running_loop().time()
            await until(lambda: rig.ear.last_feed.state == "backing_off")
            assert 0.1 <= asyncio.get_running_loop().time() - began <= 5 * 0.3
            assert rig.ear.last_feed.reason == f"no answer from 127.0.0.1:{proxy.port}"
            proxy.accept = "relay"
            proxy.down.go()
            await rig.time.advance(2)
            await until(lambda: bool(peer.heard))
    assert Timing().open_s == 8


async def test_f16_a_handshake_that_trickles_in_ends_at_the_open_timeout_too() -> None:
    async with Peer() as peer, FaultProxy(peer.port) as proxy:
        proxy.down.slice, proxy.down.rate = 1, 100.0
        async with Rig(binance.USDM, proxy.url, [BTC]).timed(Timing(open_s=0.2, close_s=0.1)) as rig:
            await until(lambda: rig.ear.last_feed.state == "backing_off")
            assert rig.ear.last_feed.reason == f"no answer from 127.0.0.1:{proxy.port}"


async def test_f14_a_resolver_that_never_answers_is_told_at_the_open_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*args: object, **kwargs: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", hang)
    async with Rig(binance.USDM, "wss://fstream.example.test/ws", [BTC]).timed(Timing(open_s=0.1)) as rig:
        await until(lambda: rig.ear.last_feed.state == "backing_off")
        assert rig.ear.last_feed.reason == "no answer from fstream.example.test"


async def test_f17_an_ignored_subscription_is_asked_again_at_five_and_its_symbol_named_at_ten_seconds() -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC, "ETH/USDT:USDT"]) as rig:
        await until(lambda: bool(peer.heard))
        for second in range(1, 12):
            await rig.time.advance(1)
            await peer.send(mark_frame("ETHUSDT", at_ms=WALL_MS + rig.time.mono_ms))
            if second == 4:
                assert len(peer.heard) == 1
        await settle()
        assert [('"SUBSCRIBE"' in text, "btcusdt" in text) for text in peer.heard] == [
            (True, True),
            (False, True),
            (True, True),
        ]
        assert all("eth" not in text.replace("method", "") for text in peer.heard[1:])
        named = rig.ear.symbol(BTC)[-1]
        assert (named.state, named.symbol) == ("quarantined", BTC)
        assert named.at_mono_ms - rig.ear.symbol(BTC)[0].at_mono_ms <= 11_000
        assert rig.ear.last_feed == next(each for each in rig.ear.feed_states if each.state == "live")
        assert isinstance(rig.ear.last_feed, FeedState)
