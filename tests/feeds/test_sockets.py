"""What is wanted changes while it runs: what stays wanted is not interrupted, and what venues call it is believed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import msgspec
import pytest
from feeds_kit import QUICK, WALL_MS, Ear, FakeTime, Peer, mark_frame, settle, until

from feeds import binance, markets
from feeds.jobs import Job, Jobs
from feeds.markets import FeedSetup, Markets
from feeds.pacing import Hosts
from feeds.sockets import Sockets
from feeds.venue import Feed
from feeds.venues import FEEDS, VENUES
from feeds.world import World
from hedge.market import FeedPulse, FeedState, Instrument, Mark, SymbolState, Unread, Update, Want

BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"
NAMES = {"BTCUSDT": BTC, "ETHUSDT": ETH, "SOLUSDT": SOL}
FEED = msgspec.structs.replace(binance.USDM, per_socket=2)


@asynccontextmanager
async def opened(url: str, feed: Feed = FEED) -> AsyncIterator[tuple[Sockets, Ear, FakeTime]]:
    time, ear = FakeTime(), Ear()
    world = World(time, random.Random(7), ear, Hosts(), time.sleep, QUICK)
    ends = asyncio.Event()

    async def hold() -> None:
        async with asyncio.TaskGroup() as group:
            held.append(Sockets(feed, url, world, Jobs(group, world)))
            await ends.wait()
            held[0].close()

    held: list[Sockets] = []
    task = asyncio.create_task(hold())
    await settle()
    try:
        yield held[0], ear, time
    finally:
        ends.set()
        await task


async def tell(peer: Peer, time: FakeTime, *natives: str) -> None:
    await peer.send(*(mark_frame(native, at_ms=WALL_MS + time.mono_ms) for native in natives))


async def test_a_new_symbol_leaves_the_sockets_of_the_others_alone() -> None:
    async with Peer() as peer, opened(peer.url) as (sockets, ear, time):
        sockets.want({"BTCUSDT": BTC, "ETHUSDT": ETH})
        await until(lambda: len(peer.sockets) == 1)
        await tell(peer, time, "BTCUSDT", "ETHUSDT")
        first = peer.sockets[0]
        sockets.want(NAMES)
        await until(lambda: len(peer.sockets) == 2)
        await tell(peer, time, "BTCUSDT", "ETHUSDT", "SOLUSDT")
        assert [each.state for each in ear.symbol(BTC)] == ["waiting", "live"]
        assert [each.state for each in ear.symbol(SOL)] == ["waiting", "live"]
        assert first in peer.sockets
        assert (ear.last_feed.state, ear.last_feed.dials) == ("live", 2)


async def test_a_symbol_that_nobody_wants_is_let_go_and_said_no_more() -> None:
    async with Peer() as peer, opened(peer.url) as (sockets, ear, time):
        sockets.want({"BTCUSDT": BTC, "ETHUSDT": ETH})
        await until(lambda: len(peer.sockets) == 1)
        await tell(peer, time, "BTCUSDT", "ETHUSDT")
        sockets.want({"BTCUSDT": BTC})
        assert ear.updates[-1] == Unread("binance-usdm", ETH)
        await time.advance(1)
        assert '"UNSUBSCRIBE"' in peer.heard[-1]
        assert "ethusdt" in peer.heard[-1]
        ear.clear()
        await tell(peer, time, "BTCUSDT", "ETHUSDT")
        assert {each.symbol for each in ear.values(Mark) if isinstance(each, Mark)} == {BTC}
        await time.advance(1)
        sockets.want({})
        await until(lambda: not peer.sockets)


async def test_many_symbols_take_more_sockets_and_the_feed_is_as_well_as_the_worst() -> None:
    async with Peer() as peer, opened(peer.url) as (sockets, ear, time):
        sockets.want(NAMES)
        await until(lambda: len(peer.sockets) == 2)
        await tell(peer, time, "BTCUSDT", "ETHUSDT", "SOLUSDT")
        assert ear.last_feed.state == "live"
        peer.sockets[1].transport.abort()
        await until(lambda: ear.feed_states[-1].state == "backing_off")
        await tell(peer, time, "BTCUSDT")
        assert [(each.state, each.dials) for each in ear.feed_states[-1:]] == [("backing_off", 2)]


async def test_after_many_changes_a_feed_is_dialled_anew_on_as_few_sockets_as_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("feeds.sockets.SPREAD", 1)
    async with Peer() as peer, opened(peer.url) as (sockets, _, time):
        wanted: dict[str, str] = {}
        for number, expected in ((1, 1), (2, 2), (3, 3), (4, 2)):
            wanted[f"X{number}USDT"] = f"X{number}/USDT:USDT"
            sockets.want(wanted)
            await until(lambda n=number: len(wanted) == n and peer.dials >= n)  # type: ignore[misc]
            await until(lambda n=expected: len(peer.sockets) == n)  # type: ignore[misc]
            await tell(peer, time, *wanted)
        assert peer.dials == 5


async def test_pulses_of_a_feed_are_told_as_one() -> None:
    async with Peer() as peer, opened(peer.url) as (sockets, ear, time):
        sockets.want(NAMES)
        await until(lambda: len(peer.sockets) == 2)
        for _ in range(20):
            await tell(peer, time, "BTCUSDT", "SOLUSDT")
            await time.advance(1)
        pulses = [each for each in ear.values(FeedPulse) if isinstance(each, FeedPulse)]
        assert 15 <= len(pulses) <= 24
        assert 3.0 <= pulses[-1].per_s <= 4.5, "both frames on both sockets, each second"
        assert pulses[-1].skew_s == 0.0


async def test_a_job_that_is_told_the_same_goes_on_and_one_that_is_not_starts_anew() -> None:
    starts: list[str] = []
    time, ear = FakeTime(), Ear()
    world = World(time, random.Random(1), ear, Hosts(), time.sleep)

    def job(name: str, about: object) -> Job:
        async def work() -> None:
            starts.append(f"{name} {about}")
            await asyncio.Event().wait()

        return Job(name, about, work)

    async def hold() -> None:
        async with asyncio.TaskGroup() as group:
            jobs = Jobs(group, world)
            for wanted in ([job("a", 1), job("b", 1)], [job("a", 1), job("b", 2)], [job("b", 2)]):
                jobs.keep({each.id: each for each in wanted})
                await settle()
                counts.append(len([each for each in asyncio.all_tasks() if each.get_name().startswith("feed ")]))
            jobs.keep({})

    counts: list[int] = []
    await hold()
    assert starts == ["a 1", "b 1", "b 2"]
    assert counts == [2, 2, 1]


class Session:
    """Markets over one loopback peer, on fake time."""

    def __init__(self, peer: Peer, *wants: Want) -> None:
        self.time, self.ear = FakeTime(), Ear()
        urls = dict.fromkeys(FEEDS, "ws://127.0.0.1:1/ws") | {"binance-usdm": peer.url}
        setup = FeedSetup(urls, dict.fromkeys(VENUES, "http://127.0.0.1:1"))
        self.markets = Markets(setup, self.time, random.Random(1), self.hear, self.time.sleep)
        self.wants = wants

    def hear(self, update: Update) -> None:
        self.ear(update)

    async def __aenter__(self) -> Session:
        self._task = asyncio.create_task(self.markets.run(self.wants))
        await settle()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def instrument(symbol: str, native: str) -> Instrument:
    one = Decimal(1)
    return Instrument("binance", symbol, native, symbol.split("/")[0], "USDT", "USDT", False, one, one, one)


async def test_a_file_edit_that_adds_a_market_keeps_every_other_feed_alive() -> None:
    async with Peer() as peer, Session(peer, Want("binance", BTC)) as session:
        await until(lambda: len(peer.sockets) == 1)
        await tell(peer, session.time, "BTCUSDT")
        first, ear = peer.sockets[0], session.ear
        session.markets.want([Want("binance", BTC), Want("binance", ETH)])
        await until(lambda: len(peer.sockets) == 2)
        await tell(peer, session.time, "BTCUSDT", "ETHUSDT")
        assert first in peer.sockets
        assert [each.state for each in ear.symbol(BTC)] == ["waiting", "live"]
        assert ear.symbol(ETH)[-1].state == "live"
        session.markets.want([Want("binance", ETH)])
        await until(lambda: len(peer.sockets) == 1)
        assert first not in peer.sockets
        session.markets.want([])
        assert Unread("binance-usdm") in ear.updates
        await until(lambda: not peer.sockets)


async def test_an_edit_writes_the_positions_down_anew_and_a_venues_news_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []

    async def watched(*given: object, written_ms: int) -> None:
        written.append(written_ms)
        await asyncio.Event().wait()

    monkeypatch.setattr(markets, "watch_facts", watched)
    async with Peer() as peer, Session(peer, Want("binance", BTC)) as session:
        session.markets.world.emit(instrument(BTC, "BTCUSDT_NEW"))
        await settle()
        session.markets.want([Want("binance", ETH)])
        await settle()
    assert written == [0, 0, session.time.now().wall_ms]


async def test_the_venues_own_name_of_a_contract_is_the_one_that_is_read() -> None:
    async with Peer() as peer, Session(peer, Want("binance", BTC), Want("binance", ETH)) as session:
        await until(lambda: len(peer.sockets) == 1)
        await tell(peer, session.time, "BTCUSDT", "ETHUSDT")
        session.markets.world.emit(instrument(BTC, "BTCUSDT"))
        session.markets.world.emit(instrument(ETH, "ETHUSDT_NEW"))
        await until(lambda: len(peer.sockets) == 2)
        await until(lambda: "ethusdt_new@" in peer.heard[-1])
        session.ear.clear()
        await tell(peer, session.time, "BTCUSDT", "ETHUSDT_NEW", "ETHUSDT")
        marks = [each.symbol for each in session.ear.values(Mark) if isinstance(each, Mark)]
        assert marks.count(ETH) == 1
        assert session.ear.symbol(ETH)[-1].state == "live"
        states = [each for each in session.ear.updates if isinstance(each, FeedState) and each.feed == "binance-usdm"]
        assert states[-1].state == "live"


@pytest.mark.parametrize(
    ("told", "doubted"),
    [
        ([SymbolState("binance-usdm", BTC, "quarantined", "refused", 0)], True),
        ([SymbolState("binance-usdm", BTC, "stale", "no frame", 0)], True),
        (
            [FeedState("binance-usdm", "backing_off", "lost", 0), SymbolState("binance-usdm", BTC, "stale", "", 0)],
            False,
        ),
        ([SymbolState("bybit-linear", BTC, "quarantined", "not ours", 0)], False),
        ([FeedState("binance-usdm", "stale", "", 0), FeedState("binance-usdm", "live", "", 59_999)], False),
        ([FeedState("binance-usdm", "stale", "", 0), FeedState("binance-usdm", "live", "", 60_000)], True),
    ],
)
async def test_contracts_are_in_doubt_where_one_falls_silent_alone_or_a_feed_was_long_gone(
    told: list[Update], doubted: bool
) -> None:
    async with Peer() as peer, Session(peer, Want("binance", BTC)) as session:
        await until(lambda: len(peer.sockets) == 1)
        await tell(peer, session.time, "BTCUSDT")
        doubt = session.markets._doubt("binance")
        doubt.clear()
        for update in told:
            session.markets.world.emit(update)
        assert doubt.is_set() is doubted
