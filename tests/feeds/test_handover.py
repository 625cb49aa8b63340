"""Make before break: a second connection takes over before the first one ends, and nothing in between grows old."""

from __future__ import annotations

from itertools import pairwise

import msgspec
from feeds_kit import WALL_MS, Peer, Rig, mark_frame, settle, snapshot_frame, ticker_frame, until
from websockets.asyncio.server import ServerConnection

from feeds import binance, bybit
from feeds.connection import leaves_after_s
from feeds.venue import Closing, Feed, Said
from hedge.market import Mark

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
SHORT = msgspec.structs.replace(binance.USDM, lifetime_s=100.0)
NOTICE = {"e": "serverShutdown", "E": WALL_MS}


def marks(rig: Rig) -> list[str]:
    return [str(each.price) for each in rig.ear.values(Mark) if isinstance(each, Mark)]


async def beat(rig: Rig, socket: ServerConnection, *natives: str, price: str = "100.5") -> None:
    """A frame of each of these on one socket."""
    for native in natives:
        frame = mark_frame(native, price, WALL_MS + rig.time.mono_ms)
        await socket.send(msgspec.json.encode(frame).decode())
    await settle()


async def flow(rig: Rig, peer: Peer, seconds: int, *natives: str) -> None:
    """A frame a second of each of these on every socket."""
    for _ in range(seconds):
        await rig.time.advance(1)
        for socket in list(peer.sockets):
            await beat(rig, socket, *natives)


async def test_a_day_is_over_without_a_second_of_silence() -> None:
    async with Peer() as peer, Rig(SHORT, peer.url, [BTC, ETH]) as rig:
        await flow(rig, peer, 60, "BTCUSDT", "ETHUSDT")
        assert peer.dials == 1
        await flow(rig, peer, 15, "BTCUSDT", "ETHUSDT")
        assert peer.dials == 2
        assert len(peer.sockets) == 1
        await flow(rig, peer, 30, "BTCUSDT", "ETHUSDT")
        stamps = [each.at_mono_ms for each in rig.ear.values(Mark) if isinstance(each, Mark) and each.symbol == ETH]
        assert max(late - early for early, late in pairwise(stamps)) <= 2000
        assert [each.state for each in rig.ear.symbol(BTC)] == ["waiting", "live"]
        assert [each.state for each in rig.ear.feed_states] == ["idle", "dialling", "subscribing", "live", "live"]
        assert rig.ear.last_feed.dials == 2


async def test_the_old_connection_serves_until_the_new_one_has_every_live_symbol() -> None:
    async with Peer() as peer, Rig(SHORT, peer.url, [BTC, ETH]) as rig:
        await flow(rig, peer, 3, "BTCUSDT", "ETHUSDT")
        await peer.send(NOTICE)
        await rig.time.advance(0.6)
        await until(lambda: len(peer.sockets) == 2)
        old, new = peer.sockets
        rig.ear.clear()
        await beat(rig, new, "BTCUSDT", price="102")
        await beat(rig, old, "BTCUSDT", "ETHUSDT", price="101")
        assert marks(rig) == ["101", "101"], "the new one waits"
        await beat(rig, new, "ETHUSDT", price="103")
        assert marks(rig) == ["101", "101", "102", "103"], "and brings what it has when it takes over"
        await until(lambda: len(peer.sockets) == 1)
        assert peer.sockets == [new]


async def test_late_frames_of_the_old_connection_are_dropped() -> None:
    async with Peer() as peer, Rig(SHORT, peer.url, [BTC]) as rig:
        await flow(rig, peer, 2, "BTCUSDT")
        old = rig.stream._current
        assert old is not None
        await peer.send(NOTICE)
        await rig.time.advance(0.6)
        await flow(rig, peer, 1, "BTCUSDT")
        assert rig.stream._current is not old
        rig.ear.clear()
        late = mark_frame("BTCUSDT", "1", WALL_MS + rig.time.mono_ms + 9000)
        rig.stream.take(old, msgspec.json.encode(late).decode())
        assert marks(rig) == []
        assert rig.stream.dropped == 1


async def test_a_successor_that_brings_nothing_is_given_up_and_another_one_tried() -> None:
    async with Peer() as peer, Rig(SHORT, peer.url, [BTC]) as rig:
        await flow(rig, peer, 2, "BTCUSDT")
        await peer.send(NOTICE)
        await rig.time.advance(0.6)
        await until(lambda: len(peer.sockets) == 2)
        first = peer.sockets[0]
        for _ in range(15):
            await rig.time.advance(1)
            await beat(rig, first, "BTCUSDT")
        assert peer.dials == 3
        assert [each.state for each in rig.ear.symbol(BTC)] == ["waiting", "live"]
        await flow(rig, peer, 2, "BTCUSDT")
        assert len(peer.sockets) == 1
        assert rig.ear.last_feed.state == "live"


async def test_after_a_bound_a_successor_takes_over_without_what_it_has_not() -> None:
    async with Peer() as peer, Rig(SHORT, peer.url, [BTC, ETH]) as rig:
        await flow(rig, peer, 2, "BTCUSDT", "ETHUSDT")
        await peer.send(NOTICE)
        await rig.time.advance(0.6)
        await until(lambda: len(peer.sockets) == 2)
        old, new = peer.sockets
        for _ in range(10):
            await rig.time.advance(1)
            if old in peer.sockets:
                await beat(rig, old, "BTCUSDT", "ETHUSDT")
            await beat(rig, new, "BTCUSDT")
        await until(lambda: peer.sockets == [new])
        for _ in range(6):
            await rig.time.advance(1)
            await beat(rig, new, "BTCUSDT")
        assert rig.ear.symbol(ETH)[-1].state == "stale"
        assert rig.ear.symbol(BTC)[-1].state == "live"


async def test_a_connection_that_ends_early_hands_over_at_once() -> None:
    async with Peer() as peer, Rig(SHORT, peer.url, [BTC, ETH]) as rig:
        await flow(rig, peer, 2, "BTCUSDT", "ETHUSDT")
        await peer.send(NOTICE)
        await rig.time.advance(0.6)
        await until(lambda: len(peer.sockets) == 2)
        old, new = peer.sockets
        await beat(rig, new, "BTCUSDT", price="102")
        rig.ear.clear()
        old.transport.abort()
        await until(lambda: marks(rig) == ["102"])
        assert rig.ear.last_feed.state == "live"
        assert rig.ear.symbol(ETH) == []
        assert peer.dials == 2


async def test_a_deltas_snapshot_that_came_before_the_handover_is_not_lost() -> None:
    short = msgspec.structs.replace(bybit.LINEAR, lifetime_s=100.0)
    async with Peer() as peer, Rig(short, peer.url, [BTC]) as rig:
        await peer.send(snapshot_frame("BTCUSDT"))
        current = rig.stream._current
        assert current is not None
        current.ends_ms = rig.time.mono_ms
        await rig.time.advance(0.6)
        await until(lambda: len(peer.sockets) == 2)
        new = peer.sockets[1]
        await new.send(msgspec.json.encode(snapshot_frame("BTCUSDT", markPrice="107")).decode())
        await until(lambda: marks(rig)[-1] == "107")
        await new.send(msgspec.json.encode(ticker_frame("BTCUSDT", "delta", indexPrice="106")).decode())
        await until(lambda: len(peer.sockets) == 1)
        assert rig.ear.last_feed.state == "live"


async def test_a_notice_that_is_not_followed_by_a_successor_ends_as_any_close() -> None:
    dials = 0

    async def once(peer: Peer, socket: ServerConnection) -> None:
        nonlocal dials
        dials += 1
        if dials > 1:
            await socket.close(1013)

    async with Peer(once) as peer, Rig(binance.SPOT, peer.url, ["BTC/USDT"]) as rig:
        await peer.send({"u": 1, "s": "BTCUSDT", "b": "99", "a": "100"}, NOTICE)
        await rig.time.advance(1)
        assert peer.dials == 2
        assert rig.ear.last_feed.state == "live", "a successor that fails costs nothing"
        await peer.sockets[0].close(1001, "restart")
        await until(lambda: rig.ear.last_feed.state == "backing_off")
        assert "1001 going away: restart" in rig.ear.last_feed.reason


async def test_every_venue_can_announce_its_closing() -> None:
    class Announcing:
        def __init__(self, symbols: object) -> None:
            self._inner = binance.USDM.parser({"BTCUSDT": BTC})

        def parse(self, frame: str | bytes, at_mono_ms: int) -> list[Said]:
            return [Closing("an upgrade")] if frame == "notice" else self._inner.parse(frame, at_mono_ms)

    feed: Feed = msgspec.structs.replace(binance.USDM, parser=Announcing)
    async with Peer() as peer, Rig(feed, peer.url, [BTC]) as rig:
        await flow(rig, peer, 1, "BTCUSDT")
        await peer.send("notice")
        await rig.time.advance(0.6)
        await flow(rig, peer, 2, "BTCUSDT")
        assert peer.dials == 2
        assert [each.state for each in rig.ear.symbol(BTC)] == ["waiting", "live"]


def test_sockets_of_a_day_leave_half_an_hour_early_and_not_all_at_once() -> None:
    assert leaves_after_s(86_400.0, 0.0) == 86_400 - 1800
    assert leaves_after_s(86_400.0, 1.0) == 86_400 - 2160
    assert leaves_after_s(10.0, 0.0) == 7.0
