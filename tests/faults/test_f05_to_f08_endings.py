"""The venue ends the connection: at once and again and again, by reset, in the middle of a frame."""

from __future__ import annotations

import pytest
from fault_proxy import FaultProxy
from feeds_kit import WALL_MS, FakeTime, Peer, Rig, mark_frame, snapshot_frame, ticker_frame, until
from websockets.asyncio.server import ServerConnection

from feeds import binance, bybit
from feeds.pacing import Hosts
from hedge.market import Confirmed, Mark

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


@pytest.mark.parametrize("code", [1000, 1001])
async def test_f5_dials_in_a_minute_against_a_venue_that_accepts_and_closes(code: int) -> None:
    """Sent data before each closing does not buy more dials either."""

    async def leave(peer: Peer, socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(b'{"e":"markPriceUpdate","E":1795000000000,"s":"BTCUSDT","p":"1"}', text=True)
        await socket.close(code)

    time, hosts = FakeTime(), Hosts()
    async with Peer(leave) as peer:
        rigs = [Rig(binance.USDM, peer.url, [BTC], time, hosts) for _ in range(3)]
        async with rigs[0], rigs[1], rigs[2]:
            await time.advance(60)
            assert len(rigs) <= peer.dials <= 6 + 60 / 10, "a burst of six, and one in ten seconds"
            assert peer.dials == sum(rig.stream.dials for rig in rigs)
            before = peer.dials
            await time.advance(600)
            assert peer.dials - before <= 600 / 10, "and it never speeds up"


async def test_f5_the_bucket_holds_against_a_port_that_resets_every_line() -> None:
    async with Peer() as peer, FaultProxy(peer.port) as proxy:
        proxy.accept = "reset"
        async with Rig(binance.USDM, proxy.url, [BTC]) as rig:
            for _ in range(60):
                await rig.time.advance(1)
                await until(lambda: rig.ear.last_feed.state == "backing_off")
            assert 4 <= proxy.lines <= 6 + 60 / 10
            assert "broke the connection" in rig.ear.last_feed.reason or "websocket" in rig.ear.last_feed.reason


async def test_f6_after_a_reset_nothing_is_fresh_before_its_own_snapshot() -> None:
    """A delta on the new connection builds on nothing: only a snapshot makes the symbol live again."""
    async with Peer() as peer, FaultProxy(peer.port) as proxy, Rig(bybit.LINEAR, proxy.url, [BTC]) as rig:
        await until(lambda: bool(peer.heard))
        await peer.send(snapshot_frame("BTCUSDT"))
        await until(lambda: rig.ear.last_feed.state == "live")
        proxy.reset()
        await until(lambda: rig.ear.last_feed.state == "backing_off")
        assert rig.ear.symbol(BTC)[-1].state == "stale"
        retry = rig.ear.last_feed.retry_mono_ms
        assert retry is not None
        assert 1_000 <= retry - rig.time.mono_ms <= 2_000
        await until(lambda: not peer.sockets)
        await rig.time.advance(2)
        await until(lambda: len(peer.heard) >= 2)
        rig.ear.clear()
        await peer.send(ticker_frame("BTCUSDT", "delta", WALL_MS + 1, markPrice="101"))
        assert rig.ear.values(Mark) == rig.ear.values(Confirmed) == []
        assert not [each for each in rig.ear.symbol(BTC) if each.state == "live"]
        await peer.send(snapshot_frame("BTCUSDT", WALL_MS + 2))
        await until(lambda: rig.ear.symbol(BTC)[-1:] != [] and rig.ear.symbol(BTC)[-1].state == "live")


@pytest.mark.parametrize("extra", [1, 2, 40])
async def test_f6_a_line_that_ends_within_a_frame_costs_that_frame(extra: int) -> None:
    async with Peer() as peer, FaultProxy(peer.port) as proxy, Rig(binance.USDM, proxy.url, [BTC]) as rig:
        await until(lambda: bool(peer.heard))
        await peer.send(mark_frame("BTCUSDT"))
        await until(lambda: rig.ear.last_feed.state == "live")
        proxy.down.close_at = proxy.down.passed + extra
        await peer.send(mark_frame("BTCUSDT", "7", WALL_MS + 1000))
        await until(lambda: rig.ear.last_feed.state == "backing_off")
        assert "lost" in rig.ear.last_feed.reason
        assert "7" not in [str(each.price) for each in rig.ear.values(Mark) if isinstance(each, Mark)]


async def test_f7_a_policy_closing_stops_that_socket_alone_for_five_minutes() -> None:
    async def refuse_eth(peer: Peer, socket: ServerConnection) -> None:
        asked = str(await socket.recv())
        peer.heard.append(asked)
        if "ethusdt" in asked:
            await socket.close(1008, "no [/such] right\x1b")

    time, hosts = FakeTime(), Hosts()
    async with Peer(refuse_eth) as peer:
        other = Rig(binance.USDM, peer.url, [BTC], time, hosts)
        async with Rig(binance.USDM, peer.url, [ETH], time, hosts) as refused, other:
            await until(lambda: refused.ear.last_feed.state == "blocked")
            assert refused.ear.last_feed.reason.endswith("refuses us (1008 policy: no [/such] right)")
            for _ in range(72):
                await time.advance(4)
                await peer.send(mark_frame("BTCUSDT", at_ms=WALL_MS + time.mono_ms))
            assert refused.stream.dials == other.stream.dials == 1
            assert other.ear.last_feed.state == "live"
            await time.advance(60)
            assert refused.stream.dials == 2
