"""OKX and Hyperliquid on the simulated exchange: by address alone, with what their sockets do to the unwary."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from feeds_kit import Ear, FakeTime, Peer, Rig, settle, until

from feeds.hyperliquid import HYPERLIQUID
from feeds.markets import FeedSetup, watch_markets
from feeds.okx import OKX
from feeds.simulator import Simulator
from hedge.market import (
    FeedState,
    Funding,
    FundingInterval,
    Index,
    Instant,
    Instrument,
    Mark,
    SymbolState,
    Tiers,
    Update,
    Want,
)

LINEAR, INVERSE, LITECOIN = "BTC/USDT:USDT", "BTC/USD:BTC", "LTC/USDT:USDT"
BTC, PEPE = "BTC/USDC:USDC", "kPEPE/USDC:USDC"
WANTS = [
    *(Want("okx", symbol) for symbol in (LINEAR, INVERSE, LITECOIN)),
    *(Want("hyperliquid", symbol) for symbol in (BTC, PEPE)),
]


class RealClock:
    def now(self) -> Instant:
        return Instant(int(time.monotonic() * 1000), int(time.time() * 1000))


@asynccontextmanager
async def running(sim: Simulator, wants: Sequence[Want]) -> AsyncIterator[Ear]:
    ear = Ear()
    setup = FeedSetup(sim.urls, sim.rest_urls)
    task = asyncio.create_task(watch_markets(wants, setup, RealClock(), random.Random(1), ear))
    try:
        yield ear
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def newest(ear: Ear, kind: type[Update]) -> dict[tuple[str, str], Update]:
    """By feed or venue, and symbol."""
    found: dict[tuple[str, str], Update] = {}
    for each in ear.updates:
        if isinstance(each, kind):
            where = str(getattr(each, "feed", None) or getattr(each, "venue", ""))
            found[where, str(getattr(each, "symbol", ""))] = each
    return found


@pytest.mark.xdist_group("ccxt")
async def test_everything_wanted_flows() -> None:
    keys = {(want.venue, want.symbol) for want in WANTS}
    async with Simulator(seed=3, scenario="calm") as sim, running(sim, WANTS) as ear:
        await until(
            lambda: all(newest(ear, kind).keys() == keys for kind in (Mark, Index, Funding, FundingInterval)), 10
        )
        bitcoin = Decimal(65000)
        near = {LINEAR: bitcoin, INVERSE: bitcoin, LITECOIN: Decimal(84), BTC: bitcoin, PEPE: Decimal("0.0092")}
        for kind in (Mark, Index):
            for (_, symbol), each in newest(ear, kind).items():
                assert isinstance(each, Mark | Index)
                assert abs(each.price / near[symbol] - 1) < Decimal("0.02"), symbol
        hours = {
            key: each.hours for key, each in newest(ear, FundingInterval).items() if isinstance(each, FundingInterval)
        }
        assert hours == {
            ("okx", LINEAR): 8,
            ("okx", INVERSE): 8,
            ("okx", LITECOIN): 1,
            ("hyperliquid", BTC): 1,
            ("hyperliquid", PEPE): 1,
        }
        stamps = [each.next_ms for each in newest(ear, Funding).values() if isinstance(each, Funding)]
        assert all(stamp is not None and stamp % 3_600_000 == 0 and stamp > sim.now.wall_ms for stamp in stamps)
        await until(lambda: newest(ear, Tiers).keys() == keys, 40)
        sizes = {
            key: each.contract_size for key, each in newest(ear, Instrument).items() if isinstance(each, Instrument)
        }
        assert sizes["okx", LINEAR] == Decimal("0.01")
        assert sizes["hyperliquid", PEPE] == 1
        assert all(each.tiers for each in newest(ear, Tiers).values() if isinstance(each, Tiers))
        states = {each.feed: each.state for each in ear.feed_states if not each.feed.endswith("-history")}
        assert set(states.values()) == {"live"}, states


async def test_an_unknown_coin_never_takes_the_socket_from_the_others() -> None:
    async with Simulator(seed=3, scenario="calm") as sim:
        wants = [Want("hyperliquid", BTC), Want("hyperliquid", "NOPE/USDC:USDC")]
        async with running(sim, wants) as ear:
            await until(lambda: bool(ear.symbol("NOPE/USDC:USDC")), 20)
            await until(
                lambda: any("when it is asked for NOPE" in each.reason for each in ear.symbol("NOPE/USDC:USDC")), 60
            )
            await until(lambda: ear.symbol(BTC)[-1].state == "live", 10)
            ear.clear()
            await until(lambda: len(ear.values(Mark)) >= 4, 10)
            assert not [each for each in ear.updates if isinstance(each, SymbolState) and each.symbol == BTC]


async def test_an_unknown_swap_is_refused_by_its_name_and_holds_nothing_up() -> None:
    wants = [Want("okx", LINEAR), Want("okx", "NOPE/USDT:USDT")]
    async with Simulator(seed=3, scenario="calm") as sim, running(sim, wants) as ear:
        await until(lambda: bool(ear.values(Mark)) and ear.symbol("NOPE/USDT:USDT")[-1].state == "quarantined", 10)
        reason = ear.symbol("NOPE/USDT:USDT")[-1].reason
        assert "refused by okx" in reason
        assert "doesn't exist" in reason
        assert ear.symbol(LINEAR)[-1].state == "live"
        assert sim.dials["okx"] == 1


async def test_an_upgrade_notice_brings_a_new_connection() -> None:
    notice = '{"event":"notice","code":"64008","msg":"The connection will soon be closed","connId":"a"}'
    async with Simulator(seed=3, scenario="calm") as sim, running(sim, [Want("okx", LINEAR)]) as ear:
        await until(lambda: bool(ear.values(Mark)), 10)
        fault = sim.add("frame", feed="okx", payload=notice)
        await sim.strike(fault)
        sim.script.remove(fault)
        await until(lambda: sim.dials["okx"] == 2, 10)
        ear.clear()
        await until(lambda: bool(ear.values(Mark)), 10)


def frame(channel: str, name: str, time: FakeTime, **keys: str) -> dict[str, object]:
    row = {"instId": name, "ts": str(time.now().wall_ms), **keys}
    return {"arg": {"channel": channel, "instId": name}, "data": [row]}


async def test_okx_is_pinged_in_bare_text_and_a_dead_line_is_seen() -> None:
    async with Peer() as peer, Rig(OKX, peer.url, [LINEAR]) as rig:
        await until(lambda: len(peer.heard) == 1)
        await peer.send(frame("mark-price", "BTC-USDT-SWAP", rig.time, markPx="65000"))
        await until(lambda: bool(rig.ear.values(Mark)))
        await rig.time.advance(15.2)
        await until(lambda: peer.heard[-1] == "ping")
        await peer.send("pong")
        await settle()
        await rig.time.advance(19.0)
        assert peer.dials == 1
        await rig.time.advance(2.0)
        assert "silent for 20 s" in rig.ear.last_feed.reason


async def test_a_channel_that_dies_alone_is_asked_for_again_on_the_same_connection() -> None:
    async with Peer() as peer, Rig(OKX, peer.url, [LINEAR]) as rig:
        await until(lambda: len(peer.heard) == 1)
        await peer.send(frame("index-tickers", "BTC-USDT", rig.time, idxPx="65000"))
        for _ in range(8):
            await peer.send(frame("mark-price", "BTC-USDT-SWAP", rig.time, markPx="65000"))
            await rig.time.advance(10)
        await peer.send(frame("mark-price", "BTC-USDT-SWAP", rig.time, markPx="65000"))
        await until(lambda: "index-tickers" in peer.heard[-1] and len(peer.heard) > 2)
        asked = [text for text in peer.heard[1:] if "index-tickers" in text]
        assert [text.partition('"args"')[0] for text in asked] == ['{"op":"unsubscribe",', '{"op":"subscribe",']
        assert peer.dials == 1
        assert rig.ear.symbol(LINEAR)[-1].state == "live"


async def test_hyperliquid_is_pinged_and_told_twice_is_no_matter() -> None:
    async with Peer() as peer, Rig(HYPERLIQUID, peer.url, [BTC, PEPE]) as rig:
        context = {"markPx": "65000", "oraclePx": "65010", "funding": "0.00001"}
        for number, coin in enumerate(("BTC", "kPEPE"), start=1):
            await until(lambda: len(peer.heard) == number)  # noqa: B023 - waited for here
            assert f'"coin":"{coin}"' in peer.heard[-1]
            await peer.send({"channel": "error", "data": f'Already subscribed: {{"coin":"{coin}"}}'})
            await peer.send({"channel": "activeAssetCtx", "data": {"coin": coin, "ctx": context}})
            await rig.time.advance(0.1)
        await until(lambda: len(rig.ear.values(Mark)) == 2)
        assert [each.state for each in rig.ear.symbol(BTC)] == ["waiting", "live"]
        assert isinstance(rig.ear.last_feed, FeedState)
        await rig.time.advance(20.2)
        await until(lambda: '{"method":"ping"}' in peer.heard)
