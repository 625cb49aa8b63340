"""MEXC on a socket: our pings, silence, contracts set aside by name. Fake time, real sockets."""

from __future__ import annotations

import asyncio
import random

import msgspec
from aiohttp import web
from feeds_kit import WALL_MS, Ear, FakeTime, Peer, Rig, until
from test_rest import venue

from feeds import bybit, mexc
from feeds.pacing import Hosts
from feeds.polls import Schedule, watch_poll
from feeds.rest import Door
from feeds.stream import World
from hedge.market import FundingInterval, Mark, Spot

BTC, NOPE = "BTC/USDT:USDT", "NOPE/USDT:USDT"


def mark(ts: int = WALL_MS, price: float = 75986.5) -> dict[str, object]:
    row = {"symbol": "BTC_USDT", "price": price}
    return {"symbol": "BTC_USDT", "data": row, "channel": "push.fair.price", "ts": ts}


def methods(peer: Peer) -> list[str]:
    return [str(msgspec.json.decode(text)["method"]) for text in peer.heard]


async def test_it_asks_for_four_channels_and_pings_every_fifteen_seconds() -> None:
    async with Peer() as peer, Rig(mexc.FUTURES, peer.url, [BTC]) as rig:
        await until(lambda: bool(peer.sockets))
        await rig.time.advance(1.0)
        await until(lambda: len(peer.heard) == 4)
        assert methods(peer) == ["sub.fair.price", "sub.index.price", "sub.ticker", "sub.funding.rate"]
        for second in range(1, 32):
            await rig.time.advance(1.0)
            await peer.send(mark(WALL_MS + second * 1000))
        assert methods(peer)[4:] == ["ping", "ping"]
        assert rig.ear.last_feed.state == "live"


async def test_pongs_without_prices_are_no_life() -> None:
    async with Peer() as peer, Rig(mexc.FUTURES, peer.url, [BTC]) as rig:
        await until(lambda: bool(peer.sockets))
        await peer.send(mark())
        pong = {"channel": "pong", "data": 1, "ts": 1}
        for _ in range(14):
            await rig.time.advance(1.0)
            await peer.send(pong)
        assert rig.ear.symbol(BTC)[-1].state == "live"
        await rig.time.advance(1.6)
        assert rig.ear.symbol(BTC)[-1].state == "stale"
        assert rig.ear.symbol(BTC)[-1].reason == "no frame for 15 s"
        await rig.time.advance(8.0)
        await until(lambda: peer.dials == 2)


async def test_a_refusal_sets_its_contract_aside_and_no_other() -> None:
    async with Peer() as peer, Rig(mexc.FUTURES, peer.url, [BTC, NOPE]) as rig:
        await until(lambda: bool(peer.sockets))
        await peer.send(mark(), {"channel": "rs.error", "data": "Contract [NOPE_USDT] not exists", "ts": 1})
        await until(lambda: any(each.state == "quarantined" for each in rig.ear.symbol(NOPE)))
        assert rig.ear.symbol(NOPE)[-1].reason == "refused by mexc: Contract [NOPE_USDT] not exists"
        assert rig.ear.symbol(BTC)[-1].state == "live"
        await peer.send({"channel": "rs.error", "data": "no contract named", "ts": 1}, mark(WALL_MS + 1, 76000))
        await until(lambda: len(rig.ear.values(Mark)) == 2)
        assert rig.ear.symbol(BTC)[-1].state == "live"


async def test_a_spot_book_that_does_not_move_stays_fresh_by_its_repeats_and_stale_without() -> None:
    def book(ts: int) -> dict[str, object]:
        data = {"s": "BTCUSDT", "b": [["99.5", "1"]], "a": [["99.7", "1"]], "u": 9, "seq": 1}
        return {"topic": "orderbook.1.BTCUSDT", "ts": ts, "type": "snapshot", "data": data}

    async with Peer() as peer, Rig(bybit.SPOT, peer.url, ["BTC/USDT"]) as rig:
        await until(lambda: bool(peer.sockets))
        await peer.send(book(WALL_MS))
        for repeat in range(1, 8):
            await rig.time.advance(3.0)
            await peer.send(book(WALL_MS + 3000 * repeat))
        assert rig.ear.symbol("BTC/USDT")[-1].state == "live"
        spots = [each for each in rig.ear.values(Spot) if isinstance(each, Spot)]
        assert len({each.at_mono_ms for each in spots}) == 8
        await rig.time.advance(15.5)
        assert rig.ear.symbol("BTC/USDT")[-1].state == "stale"


async def test_a_refusal_behind_http_200_is_an_outage_of_the_anchor_until_it_ends() -> None:
    time, ear, refused = FakeTime(), Ear(), [True]
    row = {"symbol": "BTC_USDT", "fundingRate": 0.0001, "collectCycle": 8, "nextSettleTime": WALL_MS, "timestamp": 1}

    def answer(_: web.Request) -> web.Response:
        if refused[0]:
            return web.json_response({"success": False, "code": 500, "message": "System internal error!"})
        return web.json_response({"success": True, "code": 0, "data": [row]})

    world = World(time, random.Random(1), ear, Hosts(), time.sleep)
    async with venue(answer) as (base, asked), Door({"mexc": base}, Hosts(), time, print) as out:
        task = asyncio.create_task(watch_poll(mexc.INTERVALS, out, {"BTC_USDT": BTC}, Schedule(), world))
        await until(lambda: ear.last_feed.state == "backing_off")
        assert (ear.last_feed.feed, len(asked)) == ("mexc-rest", 1)
        assert "mexc refuses with code 500: System internal error!" in ear.last_feed.reason
        assert not ear.values(FundingInterval)
        refused[0] = False
        await time.advance(20)
        await until(lambda: ear.last_feed.state == "live")
        assert [each.hours for each in ear.values(FundingInterval) if isinstance(each, FundingInterval)] == [8]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
