"""What this version reads, and that one feed's trouble stays its own."""

from __future__ import annotations

import asyncio
import random
from typing import cast

import msgspec
import pytest
from feeds_kit import Ear, FakeTime, Peer, mark_frame, settle, until

from feeds import binance, facts
from feeds.facts import Facts, Question
from feeds.jobs import contained
from feeds.markets import FeedSetup, Markets, sort_wants, watch_markets
from feeds.pacing import Hosts
from feeds.stream import World
from feeds.venue import Feed
from feeds.venues import FEEDS, VENUES, supported
from hedge.market import Unread, Update, Want

NOWHERE = dict.fromkeys(FEEDS, "ws://127.0.0.1:1/ws")
NO_REST = dict.fromkeys(VENUES, "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("venue", "symbol", "words"),
    [
        ("binance", "BTC/USDT:USDT", None),
        ("binance", "AVAX/USDT", None),
        ("bybit", "ETH/USD:ETH", None),
        ("bybit", "BTC/USDC:USDC", None),
        ("nowhere", "BTC/USDT:USDT", "nowhere is not a venue"),
        ("binance", "BTC/USD:BTC", None),
        ("binance", "BTC/USD:ETH", "no feed of this version carries BTC/USD:ETH of binance; it reads binance-spot"),
        ("bybit", "BTC/USDT", None),
        ("binance", "BTC/USDT:USDT-261225", "neither a perpetual such as BTC/USDT:USDT nor a spot pair"),
        ("binance", "BTC", "neither a perpetual"),
        ("bybit", "BTC/USDT:USDT-261225-70000-C", "neither a perpetual"),
    ],
)
def test_supported(venue: str, symbol: str, words: str | None) -> None:
    found = supported(venue, symbol)
    assert found == words if words is None else found is not None and words in found


def world(ear: Ear, time: FakeTime | None = None) -> World:
    time = time or FakeTime()
    return World(time, random.Random(1), ear, Hosts(), time.sleep)


def test_wants_go_to_their_feeds_once_and_the_rest_has_a_reason() -> None:
    wants = [
        Want("binance", "BTC/USDT:USDT"),
        Want("binance", "BTC/USDT:USDT"),
        Want("binance", "BTC/USDT", spot=True),
        Want("bybit", "BTC/USDT:USDT"),
        Want("bybit", "BTC/USD:BTC"),
        Want("nowhere", "BTC/USDT:USDT"),
        Want("gate", "BTC/USDT:USDT"),
        Want("gate", "BTC/USDT", spot=True),
    ]
    carried, refused = sort_wants(wants)
    assert carried == {
        "binance-usdm": {"BTCUSDT": "BTC/USDT:USDT"},
        "binance-spot": {"BTCUSDT": "BTC/USDT"},
        "bybit-linear": {"BTCUSDT": "BTC/USDT:USDT"},
        "bybit-inverse": {"BTCUSD": "BTC/USD:BTC"},
        "ccxt-gate": {"BTC/USDT:USDT": "BTC/USDT:USDT"},
    }
    assert [(want.venue, want.symbol) for want in refused] == [("nowhere", "BTC/USDT:USDT"), ("gate", "BTC/USDT")]
    assert all(refused.values())


async def test_what_no_feed_carries_is_told_at_once_and_forgotten_with_its_want() -> None:
    ear, time = Ear(), FakeTime()
    watched = Markets(FeedSetup(), time, random.Random(1), ear, time.sleep)
    task = asyncio.create_task(watched.run([Want("nowhere", "BTC/USDT:USDT")]))
    await settle()
    told = ear.symbol("BTC/USDT:USDT")[-1]
    assert (told.feed, told.state) == ("nowhere", "quarantined")
    assert "nowhere is not a venue" in told.reason
    watched.want([])
    assert ear.updates[-1] == Unread("nowhere", "BTC/USDT:USDT")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_is_only_looked_up_is_asked_with_the_facts_and_streams_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time, ear, asked = FakeTime(), Ear(), []

    async def ask(question: Question) -> Facts:
        asked.append(question.symbols)
        return Facts(question.venue)

    monkeypatch.setattr(facts, "ask", ask)
    own = [Want("bybit", "AVAX/USDT:USDT", listed=True), Want("nowhere", "AVAX/USDT:USDT", listed=True)]
    watched = Markets(FeedSetup(NOWHERE, NO_REST), time, random.Random(1), ear, time.sleep)
    task = asyncio.create_task(watched.run([Want("bybit", "SOL/USDT:USDT"), *own]))
    await until(lambda: bool(asked), 10)
    assert asked[0] == ["SOL/USDT:USDT", "AVAX/USDT:USDT"]
    assert ear.symbol("AVAX/USDT:USDT") == []
    watched.want([Want("bybit", "SOL/USDT:USDT")])
    await until(lambda: len(asked) > 1, 10)
    assert asked[-1] == ["SOL/USDT:USDT"]
    assert Unread("nowhere", "AVAX/USDT:USDT") not in ear.updates
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_without_a_network_every_feed_has_a_reason_and_nothing_is_raised() -> None:
    time, ear = FakeTime(), Ear()
    wants = [
        Want("binance", "BTC/USDT:USDT"),
        Want("binance", "AVAX/USDT", spot=True),
        Want("bybit", "SOL/USDT:USDT"),
        Want("bybit", "ETH/USD:ETH"),
    ]
    setup = FeedSetup(NOWHERE, NO_REST)
    task = asyncio.create_task(watch_markets(wants, setup, time, random.Random(1), ear, time.sleep))
    names = {"binance-spot", "binance-usdm", "binance-rest", "binance-facts"}
    names |= {"bybit-linear", "bybit-inverse", "bybit-facts"}

    def reasons() -> set[str]:
        return {each.feed for each in ear.feed_states if each.state == "backing_off" and "refused" in each.reason}

    await until(lambda: reasons() == names, 10)
    tasks = {each.get_name() for each in asyncio.all_tasks()}
    assert {f"feed {name}" for name in names} <= tasks
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not [each for each in asyncio.all_tasks() if each.get_name().startswith("feed ")]


async def test_a_feed_that_fails_by_a_bug_is_started_again_three_times(caplog: pytest.LogCaptureFixture) -> None:
    time, ear, starts = FakeTime(), Ear(), 0

    async def fail() -> None:
        nonlocal starts
        starts += 1
        raise KeyError("a bug")

    task = asyncio.create_task(contained("binance-usdm", fail, world(ear, time)))
    await time.advance(9)
    assert (starts, ear.last_feed.state) == (1, "backing_off")
    await time.advance(50)
    assert task.done()
    assert (starts, ear.last_feed.state) == (4, "blocked")
    assert ear.last_feed.reason == "ended by a fault of the program: KeyError"
    assert caplog.text.count("Traceback") == 4


async def test_a_fault_of_the_program_in_one_feed_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def __init__(self, symbols: object) -> None:
            raise KeyError("a bug")

    broken = msgspec.structs.replace(binance.USDM, parser=Broken)
    monkeypatch.setitem(cast(dict[str, Feed], FEEDS), "binance-usdm", broken)
    time, ear = FakeTime(), Ear()
    async with Peer() as peer:
        setup = FeedSetup({"binance-usdm": peer.url, "binance-spot": peer.url}, NO_REST)
        wants = [Want("binance", "BTC/USDT:USDT"), Want("binance", "BTC/USDT", spot=True)]
        task = asyncio.create_task(watch_markets(wants, setup, time, random.Random(1), ear, time.sleep))
        await until(lambda: any("fault of the program: " in each.reason for each in ear.feed_states))
        await until(lambda: len(peer.sockets) == 1)
        await peer.send({"u": 1, "s": "BTCUSDT", "b": "99", "a": "100"}, mark_frame("BTCUSDT"))
        await until(lambda: any(each.feed == "binance-spot" and each.state == "live" for each in ear.feed_states))
        assert "ended by a fault of the program" in caplog.text
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_nothing_wanted_waits_in_peace() -> None:
    heard: list[Update] = []
    task = asyncio.create_task(watch_markets([], FeedSetup(), FakeTime(), random.Random(1), heard.append))
    await asyncio.sleep(0.05)
    assert not task.done()
    assert heard == []
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
