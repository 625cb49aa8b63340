"""The past of a venue's markets: asked after the facts, kept on disk, and asked again as days and hours end."""

from __future__ import annotations

import asyncio
import random
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from feeds_kit import WALL_MS, Ear, FakeTime, until
from test_rest import venue

from feeds import history
from feeds.clean import ParseError
from feeds.contracts import candles_of, settlements_of
from feeds.helper import Failure, NoFacts
from feeds.history import DAY_MS, HOUR_MS, History, HistoryQuestion, Kept, ask, join, later, watch_history
from feeds.pacing import Hosts
from feeds.simulator import Simulator
from feeds.stream import World
from hedge.market import Candle, Candles, Settlement, Settlements

BTC, LTC, ETH, AVAX = "BTC/USDT:USDT", "LTC/USDT:USDT", "ETH/USD:ETH", "AVAX/USDT"
NATIVES = {BTC: "BTCUSDT", AVAX: "AVAXUSDT"}
START_MS = WALL_MS // DAY_MS * DAY_MS + 12 * HOUR_MS
"""Noon."""


def closes(symbol: str, at_ms: int, *, hours: int = 24, kind: Any = "trade", reason: str = "") -> Candles:
    rows = () if reason else (Candle(at_ms - 2 * hours * HOUR_MS, Decimal(7)),)
    return Candles("binance", symbol, kind, hours, rows, at_ms, reason)


def settled(symbol: str, at_ms: int, since_ms: int, *stamps: int, reason: str = "") -> Settlements:
    return Settlements(
        "binance", symbol, tuple(Settlement(s, Decimal("0.0001")) for s in stamps), since_ms, at_ms, reason
    )


def all_of(at_ms: int) -> History:
    """What a complete answer for `NATIVES` holds."""
    days = [closes(symbol, at_ms) for symbol in NATIVES]
    hours = [closes(BTC, at_ms, hours=1, kind=kind) for kind in ("mark", "index")]
    return History("binance", [*days, *hours], [settled(BTC, at_ms, at_ms - 30 * DAY_MS, at_ms - HOUR_MS)])


# What a venue says, as ours


def test_open_candles_are_left_out_and_the_rest_is_in_order() -> None:
    day = START_MS // DAY_MS * DAY_MS
    rows = [[day, "1", "1", "1", "3"], [day - DAY_MS, "1", "1", "1", "2"], [day - DAY_MS, "1", "1", "1", "2"]]
    assert candles_of(rows, 24, START_MS) == (Candle(day - DAY_MS, Decimal(2)),)
    assert len(candles_of(rows, 24, day + DAY_MS)) == 2


@pytest.mark.parametrize("row", [[0, "1", "1", "1", "2"], [START_MS, "1", "1", "1", "0"], [START_MS, *["1"] * 3, None]])
def test_a_candle_without_sense_is_an_error(row: list[Any]) -> None:
    with pytest.raises(ParseError):
        candles_of([row], 24, START_MS + DAY_MS)


def test_settlements_are_in_order_and_on_the_minute() -> None:
    rows = [
        {"timestamp": START_MS + 3, "fundingRate": "-0.0002", "info": {"markPrice": "64000.5"}},
        {"timestamp": START_MS - HOUR_MS - 900, "fundingRate": "0.0001", "info": {}},
    ]
    assert settlements_of(rows) == (
        Settlement(START_MS - HOUR_MS, Decimal("0.0001")),
        Settlement(START_MS, Decimal("-0.0002"), Decimal("64000.5")),
    )


@pytest.mark.parametrize("change", [{"timestamp": None}, {"fundingRate": None}, {"fundingRate": "1.5"}])
def test_a_settlement_without_sense_is_an_error(change: Mapping[str, Any]) -> None:
    with pytest.raises(ParseError):
        settlements_of([{"timestamp": START_MS, "fundingRate": "0.0001", "info": {}} | change])


# The process


async def test_the_process_brings_everything_of_a_venue() -> None:
    async with Simulator(seed=1, scenario="calm") as sim:
        now = sim.now.wall_ms
        since = now - 30 * DAY_MS
        wanted = {BTC: "BTCUSDT", LTC: "LTCUSDT", AVAX: "AVAXUSDT"}
        question = HistoryQuestion(
            "binance", wanted, list(wanted), {BTC: since, LTC: since}, sim.rest_urls["binance"], now
        )
        found = await ask(question)
        assert found.failures == []
        known = {(each.symbol, each.kind, each.hours): each for each in found.candles}
        assert len(known[BTC, "trade", 24].candles) == len(known[AVAX, "trade", 24].candles) == 90
        assert len(known[BTC, "mark", 1].candles) == len(known[BTC, "index", 1].candles) == 168
        assert known[BTC, "trade", 24].candles[-1].start_ms == (now // DAY_MS - 1) * DAY_MS
        assert known[BTC, "mark", 1].candles[-1].start_ms == (now // HOUR_MS - 1) * HOUR_MS
        assert (AVAX, "mark", 1) not in known
        counts = {each.symbol: len(each.settlements) for each in found.settlements}
        assert counts == {BTC: 90, LTC: 720}
        assert all(each.mark is not None for known in found.settlements for each in known.settlements)
        assert not any("exchangeInfo" in path for path in sim.asked)


async def test_settlements_come_by_pages_where_a_venue_gives_two_hundred() -> None:
    async with Simulator(seed=1, scenario="calm") as sim:
        now = sim.now.wall_ms
        question = HistoryQuestion(
            "bybit", {LTC: "LTCUSDT", ETH: "ETHUSD"}, [ETH], {LTC: now - 30 * DAY_MS}, sim.rest_urls["bybit"], now
        )
        found = await ask(question)
        stamps = [each.at_ms for each in found.settlements[0].settlements]
        assert len(stamps) == 720
        assert {later - earlier for earlier, later in pairwise(stamps)} == {HOUR_MS}
        assert [(each.kind, each.symbol) for each in found.candles] == [(k, ETH) for k in ("trade", "mark", "index")]


async def test_what_a_venue_does_not_know_is_a_reason_and_no_failure() -> None:
    async with Simulator(seed=1, scenario="calm") as sim:
        for name in ("binance", "bybit"):
            question = HistoryQuestion(
                name, {"NO/USDT:USDT": "NOUSDT"}, ["NO/USDT:USDT"], {"NO/USDT:USDT": 1}, sim.rest_urls[name], START_MS
            )
            found = await ask(question)
            assert found.failures == []
            assert [each.candles for each in found.candles] == [(), (), ()]
            assert all("no candles of NO/USDT:USDT" in each.reason for each in found.candles)
            assert "no settled funding of NO/USDT:USDT" in found.settlements[0].reason


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (503, b"", "out of order (HTTP 503)"),
        (429, b"", "asks for fewer calls"),
        (200, b"<html>maintenance</html>", "gives no candles of BTC/USDT:USDT"),
    ],
)
async def test_a_venue_in_trouble_is_a_failure_that_ends_the_run(status: int, body: bytes, words: str) -> None:
    async with venue(lambda _: web.Response(status=status, body=body)) as (base, asked):
        wanted = {BTC: "BTCUSDT", LTC: "LTCUSDT"}
        found = await ask(HistoryQuestion("binance", wanted, list(wanted), {}, base, START_MS))
    assert found.candles == []
    assert words in found.failures[0].reason
    assert len(asked) == 1


async def test_rows_without_sense_are_a_reason() -> None:
    async with venue(lambda _: web.json_response([[START_MS - 9 * DAY_MS, "1", "1", "1", "-2", "0"]])) as (base, _):
        found = await ask(HistoryQuestion("binance", {AVAX: "AVAXUSDT"}, [AVAX], {}, base, START_MS))
    assert found.candles[0].reason == "no candles of AVAX/USDT: not a price: -2"


# When


def test_a_day_is_over_two_minutes_after_midnight() -> None:
    midnight = START_MS // DAY_MS * DAY_MS
    assert not later(START_MS, midnight + DAY_MS + 119_000, DAY_MS, 120_000)
    assert later(START_MS, midnight + DAY_MS + 120_000, DAY_MS, 120_000)
    assert later(midnight + 60_000, midnight + 120_000, DAY_MS, 120_000)
    assert not later(midnight + 120_000, midnight + DAY_MS, DAY_MS, 120_000)
    assert later(midnight + 3 * DAY_MS, midnight, DAY_MS, 120_000)


def test_only_what_is_missing_is_asked_for() -> None:
    kept = Kept(None, "binance", None)
    now = START_MS + 10 * 60_000
    assert kept.due(NATIVES, now) == ([BTC, AVAX], {BTC: now - 30 * DAY_MS})
    kept.take(all_of(now), now)
    assert kept.due(NATIVES, now) == ([], {})
    assert kept.due(NATIVES | {LTC: "LTCUSDT"}, now) == ([LTC], {LTC: now - 30 * DAY_MS})
    assert kept.due(NATIVES, now + HOUR_MS) == ([], {BTC: now - HOUR_MS - DAY_MS})
    assert kept.due(NATIVES, now + DAY_MS)[0] == [BTC, AVAX]


def test_settlements_of_two_answers_are_joined_without_doubles() -> None:
    since = START_MS - 30 * DAY_MS
    before = settled(BTC, START_MS, since, START_MS - 16 * HOUR_MS, START_MS - 8 * HOUR_MS)
    fresh = settled(BTC, START_MS + HOUR_MS, START_MS - DAY_MS, START_MS - 8 * HOUR_MS, START_MS)
    joined = join(before, fresh, START_MS + HOUR_MS)
    assert [each.at_ms for each in joined.settlements] == [START_MS - hours * HOUR_MS for hours in (16, 8, 0)]
    assert (joined.since_ms, joined.at_ms) == (since, START_MS + HOUR_MS)


def test_a_gap_starts_anew_and_nothing_takes_nothing_away() -> None:
    before = settled(BTC, START_MS - 50 * DAY_MS, START_MS - 80 * DAY_MS, START_MS - 51 * DAY_MS)
    fresh = settled(BTC, START_MS, START_MS - 30 * DAY_MS, START_MS)
    assert join(before, fresh, START_MS) == fresh
    none = settled(BTC, START_MS, START_MS - DAY_MS, reason="refused")
    assert join(before, none, START_MS).settlements == before.settlements
    assert join(None, none, START_MS) == none


def test_settlements_of_long_ago_are_forgotten() -> None:
    since = START_MS - 150 * DAY_MS
    before = settled(BTC, START_MS, since, START_MS - 149 * DAY_MS, START_MS - 8 * HOUR_MS)
    joined = join(before, settled(BTC, START_MS, START_MS - DAY_MS), START_MS)
    assert [each.at_ms for each in joined.settlements] == [START_MS - 8 * HOUR_MS]
    assert joined.since_ms == START_MS - 100 * DAY_MS


# On disk


def test_the_cache_is_private_and_of_one_address(tmp_path: Path) -> None:
    kept = Kept(str(tmp_path), "binance", None)
    kept.take(all_of(START_MS), START_MS)
    kept.save()
    path = tmp_path / "history-binance.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = Kept(str(tmp_path), "binance", None)
    assert sorted(map(str, again.of(NATIVES))) == sorted(map(str, kept.of(NATIVES)))
    assert again.of({LTC: "LTCUSDT"}) == []
    assert Kept(str(tmp_path), "binance", "http://127.0.0.1:1").of(NATIVES) == []


@pytest.mark.parametrize("content", [b"", b"{", b'{"venue":7}', b"\xff", b'{"venue":"binance","schema":"x/9"}'])
def test_a_broken_cache_is_no_cache(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "history-binance.json").write_bytes(content)
    assert Kept(str(tmp_path), "binance", None).of(NATIVES) == []


def test_an_empty_answer_takes_no_candles_away() -> None:
    kept = Kept(None, "binance", None)
    kept.take(all_of(START_MS), START_MS)
    told = kept.take(History("binance", [closes(BTC, START_MS + DAY_MS, reason="refused")]), START_MS + DAY_MS)
    assert isinstance(told[0], Candles)
    assert (told[0].candles, told[0].reason) == (closes(BTC, START_MS).candles, "")
    assert kept.due({AVAX: "AVAXUSDT"}, START_MS + DAY_MS) == ([AVAX], {})


# The watcher


class Answers:
    """Stands in for the process: one prepared answer a call, then complete ones."""

    def __init__(self, *answers: History | NoFacts) -> None:
        self.answers = list(answers)
        self.asked: list[HistoryQuestion] = []

    async def __call__(self, question: HistoryQuestion) -> History:
        self.asked.append(question)
        found = self.answers.pop(0) if self.answers else all_of(question.now_ms)
        if isinstance(found, NoFacts):
            raise found
        return found


class Noon(FakeTime):
    """Its wall clock begins at noon."""

    def __init__(self) -> None:
        super().__init__()
        self._zero_ms = self.mono_ms

    def now(self) -> Any:
        instant = super().now()
        return msgspec.structs.replace(instant, wall_ms=START_MS + self.mono_ms - self._zero_ms)


@asynccontextmanager
async def watching(
    time: FakeTime, ear: Ear, folder: Path | None = None, facts: asyncio.Event | None = None
) -> AsyncIterator[None]:
    world = World(time, random.Random(1), ear, Hosts(), time.sleep)
    cache = None if folder is None else str(folder)
    task = asyncio.create_task(watch_history("binance", NATIVES, None, cache, world, facts))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def told(ear: Ear) -> int:
    return sum(isinstance(each, Candles | Settlements) for each in ear.updates)


async def test_history_comes_from_the_cache_at_once_and_after_the_facts_from_the_venue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(str(tmp_path), "binance", None)
    kept.take(all_of(START_MS - 3 * DAY_MS), START_MS - 3 * DAY_MS)
    kept.save()
    time, ear, facts, answers = Noon(), Ear(), asyncio.Event(), Answers()
    monkeypatch.setattr(history, "ask", answers)
    async with watching(time, ear, tmp_path, facts):
        await until(lambda: told(ear) == 5)
        assert (ear.last_feed.feed, ear.last_feed.state) == ("binance-history", "idle")
        assert ear.last_feed.reason == "waits for the contracts of binance"
        assert answers.asked == []
        facts.set()
        await until(lambda: ear.last_feed.state == "live")
        assert told(ear) == 10
        assert answers.asked[0].candles == list(NATIVES)
        assert answers.asked[0].settlements == {BTC: START_MS - 3 * DAY_MS - HOUR_MS - DAY_MS}
    assert Kept(str(tmp_path), "binance", None).due(NATIVES, START_MS) == ([], {})


async def test_settlements_are_asked_hourly_and_candles_daily(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(work: Any) -> None:
        work()

    time, ear, answers = Noon(), Ear(), Answers()
    monkeypatch.setattr(history, "ask", answers)
    monkeypatch.setattr(history.asyncio, "to_thread", at_once)  # the fake clock does not wait for threads
    async with watching(time, ear):
        await until(lambda: ear.last_feed.state == "live")
        for _ in range(24):
            before = len(answers.asked)
            await time.advance(3600)
            await until(lambda wanted=before + 1: len(answers.asked) >= wanted)
            await until(lambda: ear.last_feed.state == "live")
        assert 24 <= len(answers.asked) <= 27
        assert [question.candles for question in answers.asked if question.candles] == [list(NATIVES)] * 2
        minutes = {question.now_ms % HOUR_MS for question in answers.asked[1:] if question.settlements}
        assert min(minutes) >= 90_000
        assert max(minutes) < 190_000


async def test_a_venue_in_trouble_is_asked_again_and_its_reason_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = History("binance", failures=[Failure("candles", "api.binance.com is out of order (HTTP 503)")])
    time, ear, answers = Noon(), Ear(), Answers(NoFacts("no answer"), failed)
    monkeypatch.setattr(history, "ask", answers)
    async with watching(time, ear):
        await until(lambda: ear.last_feed.state == "backing_off")
        assert ear.last_feed.reason == "no answer"
        await time.advance(11)
        await until(lambda: "HTTP 503" in ear.last_feed.reason and ear.last_feed.state == "backing_off")
        await time.advance(25)
        await until(lambda: ear.last_feed.state == "live")
        assert told(ear) == 5


async def test_a_reason_says_from_when_the_history_is_that_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(str(tmp_path), "binance", None)
    kept.take(all_of(1_790_000_000_000), 1_790_000_000_000)
    kept.save()
    time, ear = Noon(), Ear()
    monkeypatch.setattr(history, "ask", Answers(NoFacts("no route to api.binance.com")))
    async with watching(time, ear, tmp_path):
        await until(lambda: ear.last_feed.state == "backing_off")
        assert ear.last_feed.reason == "no route to api.binance.com; using that of 2026-09-21 14:13 UTC"


async def test_many_symbols_are_told_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    natives = {f"X{number}/USDT": f"X{number}USDT" for number in range(25)}
    time, ear, answers = Noon(), Ear(), Answers(*[History("binance") for _ in range(3)])
    monkeypatch.setattr(history, "ask", answers)
    world = World(time, random.Random(1), ear, Hosts(), time.sleep)
    task = asyncio.create_task(watch_history("binance", natives, None, None, world))
    await until(lambda: ear.last_feed.state == "live")
    assert [len(question.natives) for question in answers.asked] == [10, 10, 5]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
