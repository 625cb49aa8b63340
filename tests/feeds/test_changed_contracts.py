"""A contract that came to mean something else after the positions were written down: remembered over restarts."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from feeds_kit import Ear, FakeTime, until

from feeds import facts
from feeds.facts import Cache, Facts, Question, watch_facts
from feeds.helper import NoFacts
from feeds.pacing import Hosts
from feeds.world import World
from hedge.market import Instrument

SOL = "SOL/USDT:USDT"


def sized(size: int, at_ms: int) -> Facts:
    one = Decimal(1)
    contract = Instrument("bybit", SOL, "SOLUSDT", "SOL", "USDT", "USDT", False, one, one, one, at_ms=at_ms)
    return Facts("bybit", [msgspec.structs.replace(contract, contract_size=Decimal(size))])


def test_the_cache_remembers_what_a_contract_meant_before(tmp_path: Path) -> None:
    cache = Cache(str(tmp_path), "bybit", None)

    def before() -> list[tuple[str, int]]:
        return [(f"{each.contract_size}", each.at_ms) for each in cache.load().before]

    cache.keep(sized(1, 100))
    assert before() == []
    cache.keep(sized(10, 200))
    assert before() == [("1", 200)]
    cache.keep(sized(10, 300))
    assert before() == [("1", 200)], "it was found then, and not each time it is read"
    cache.keep(sized(20, 400))
    assert before() == [("1", 400)]
    cache.keep(Facts("bybit"))
    assert before() == [("1", 400)]
    cache.keep(sized(1, 500))
    assert before() == [], "as it was"


@pytest.mark.parametrize(("written_ms", "sizes"), [(0, ["1", "10"]), (199, ["1", "10"]), (200, ["10"]), (201, ["10"])])
async def test_after_a_restart_it_is_told_as_it_was_until_the_file_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written_ms: int, sizes: list[str]
) -> None:
    async def no_route(question: Question) -> Facts:
        raise NoFacts("no route")

    cache = Cache(str(tmp_path), "bybit", None)
    cache.keep(sized(1, 100))
    cache.keep(sized(10, 200))
    time, ear = FakeTime(), Ear()
    monkeypatch.setattr(facts, "ask", no_route)
    world = World(time, random.Random(1), ear, Hosts(), time.sleep)
    watching = watch_facts("bybit", [SOL], None, str(tmp_path), world, written_ms=written_ms)
    task = asyncio.create_task(watching)
    await until(lambda: ear.last_feed.state == "backing_off")
    assert [f"{each.contract_size}" for each in ear.values(Instrument) if isinstance(each, Instrument)] == sizes
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
