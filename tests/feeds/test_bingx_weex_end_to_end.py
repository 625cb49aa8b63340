"""BingX and WEEX from the simulated exchange to updates: by address alone, with what goes wrong there."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from feeds_kit import Ear, until
from test_markets_end_to_end import RealClock, prices

from feeds.facts import Question, ask
from feeds.markets import FeedSetup, watch_markets
from feeds.simulator import Simulator
from hedge.market import (
    Candles,
    Dropped,
    Funding,
    FundingInterval,
    Index,
    Instrument,
    Mark,
    Settlements,
    SymbolState,
    Tiers,
    Want,
)

BTC, SOL, PEPE, ADA, SPY, NOPE = (f"{base}/USDT:USDT" for base in ("BTC", "SOL", "1000PEPE", "ADA", "SPY", "NOPE"))
BINGX = [Want("bingx", symbol) for symbol in (BTC, PEPE)]
WEEX = [Want("weex", symbol) for symbol in (BTC, ADA, PEPE)]


@asynccontextmanager
async def running(sim: Simulator, wants: Sequence[Want], folder: Path | None = None) -> AsyncIterator[Ear]:
    ear = Ear()
    setup = FeedSetup(sim.urls, sim.rest_urls, None if folder is None else str(folder))
    task = asyncio.create_task(watch_markets(wants, setup, RealClock(), random.Random(1), ear))
    try:
        yield ear
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def newest(ear: Ear, kind: type[Funding] | type[FundingInterval]) -> dict[tuple[str, str], Funding | FundingInterval]:
    return {(each.feed, each.symbol): each for each in ear.updates if isinstance(each, kind)}


def states(ear: Ear) -> dict[str, str]:
    return {each.feed: each.state for each in ear.feed_states}


async def test_everything_wanted_flows(tmp_path: Path) -> None:
    wants = [*BINGX, *WEEX]
    async with Simulator(seed=3, scenario="calm") as sim, running(sim, wants, tmp_path) as ear:
        expected = {(f"{want.venue}-{'swap' if want.venue == 'bingx' else 'contract'}", want.symbol) for want in wants}
        for kind in (Mark, Index, Funding, FundingInterval):
            await until(lambda: {(e.feed, e.symbol) for e in ear.updates if isinstance(e, kind)} == expected)  # noqa: B023
        near = {BTC: Decimal(65000), PEPE: Decimal("0.0092"), ADA: Decimal("0.45")}
        for kind in (Mark, Index):
            for symbol, price in prices(ear, kind).items():
                assert abs(price / near[symbol] - 1) < Decimal("0.02")
        hours = {
            key: each.hours for key, each in newest(ear, FundingInterval).items() if isinstance(each, FundingInterval)
        }
        assert {hours[feed, PEPE] for feed in ("bingx-swap", "weex-contract")} == {Decimal(4)}
        assert {hours[feed, BTC] for feed in ("bingx-swap", "weex-contract")} == {Decimal(8)}
        funding = {key: each for key, each in newest(ear, Funding).items() if isinstance(each, Funding)}
        assert all(each.rate is not None and abs(each.rate) < Decimal("0.02") for each in funding.values())
        without = {key for key, each in funding.items() if each.next_ms is None}
        assert without == {("weex-contract", ADA)}, "a stamp of 1970 is none"
        await until(lambda: states(ear).get("bingx-history") == states(ear).get("weex-history") == "live", 40)
        assert set(states(ear).values()) == {"live"}, states(ear)


async def test_the_past_that_each_venue_has(tmp_path: Path) -> None:
    async with Simulator(seed=3, scenario="calm") as sim, running(sim, [BINGX[0], WEEX[0]], tmp_path) as ear:
        await until(lambda: {e.venue for e in ear.updates if isinstance(e, Settlements)} == {"bingx", "weex"}, 40)
        candles = {(e.venue, e.kind, e.hours): e for e in ear.updates if isinstance(e, Candles)}
        assert {key for key, each in candles.items() if each.candles} == {
            ("bingx", "trade", 24),
            ("bingx", "mark", 1),
            *(("weex", kind, width) for kind, width in (("trade", 24), ("mark", 1), ("index", 1))),
        }
        assert candles["bingx", "index", 1].reason == "ccxt reads no index candles of bingx"
        assert all(each.start_ms % 3_600_000 == 0 for each in candles["bingx", "mark", 1].candles)
        assert len(candles["bingx", "mark", 1].candles) == len(candles["weex", "mark", 1].candles) == 168
        settled = {each.venue: each for each in ear.updates if isinstance(each, Settlements)}
        assert len(settled["bingx"].settlements) == len(settled["weex"].settlements) == 90


async def test_facts_are_right_where_ccxt_is_wrong() -> None:
    async with Simulator(seed=3) as sim:
        bingx = await ask(Question("bingx", [BTC, PEPE, NOPE], sim.rest_urls["bingx"], sim.now.wall_ms))
        weex = await ask(Question("weex", [BTC, PEPE], sim.rest_urls["weex"], sim.now.wall_ms))
    for facts in (bingx, weex):
        assert [(each.symbol, each.contract_size, each.multiplier) for each in facts.instruments] == [
            (BTC, 1, 1),
            (PEPE, 1, 1000),
        ]
        assert [each.step for each in facts.instruments] == [Decimal("0.001"), Decimal(1)]
        assert {each.tiers for each in facts.tiers} == {()}
    assert {each.reason for each in bingx.tiers} == {"bingx gives its maintenance tiers only to a key"}
    assert {each.reason for each in weex.tiers} == {"weex publishes no maintenance tiers"}
    assert [each.symbol for each in bingx.failures] == [NOPE]
    assert f"bingx lists no perpetual {NOPE}" in bingx.failures[0].reason


async def test_a_refused_topic_leaks_a_frame_that_nobody_hears() -> None:
    async with Simulator(seed=3) as sim:
        sim.add("delist", feed="bingx-swap", symbol="SOL-USDT")
        wants = [Want("bingx", SOL), Want("bingx", NOPE), BINGX[0]]
        async with running(sim, wants) as ear:
            await until(lambda: refused(ear, "bingx-swap").keys() == {SOL, NOPE})
            await until(lambda: len(ear.values(Mark)) > 3)
            assert prices(ear, Mark).keys() == {BTC}
            assert set(refused(ear, "bingx-swap").values()) == {"refused by bingx: 80015 dataType not support"}
            assert sim.dials["bingx-swap"] == 1


def refused(ear: Ear, feed: str) -> dict[str, str]:
    """Symbol to reason, of those in quarantine on this socket."""
    states = [each for each in ear.updates if isinstance(each, SymbolState) and each.feed == feed]
    return {each.symbol: each.reason for each in states if each.state == "quarantined"}


async def test_a_delisted_contract_of_weex_is_silent_and_an_unknown_one_holds_nobody_back() -> None:
    async with Simulator(seed=3) as sim:
        sim.add("delist", feed="weex-contract", symbol="SOLUSDT")
        async with running(sim, [Want("weex", SOL), Want("weex", NOPE), *WEEX]) as ear:
            await until(lambda: prices(ear, Mark).keys() == {want.symbol for want in WEEX})
            await until(lambda: refused(ear, "weex-contract").keys() == {SOL, NOPE}, 30)
            reasons = refused(ear, "weex-contract")
            assert reasons[NOPE] == "refused by weex: INVALID_ARGUMENT: invalid symbol : NOPEUSDT"
            assert reasons[SOL].startswith("no data 10 s after subscribing")
            assert sim.dials["weex-contract"] == 1


async def test_pings_are_answered_both_ways_for_minutes() -> None:
    """At eight times the pace: BingX cuts after 30 s without a pong, WEEX with the second ping."""
    async with Simulator(seed=3, scenario="calm", time_scale=8) as sim, running(sim, [BINGX[0], WEEX[0]]) as ear:
        await until(lambda: sim.now.elapsed_s > 130, 40)
        assert sim.dials == {"bingx-swap": 1, "weex-contract": 1}
        assert prices(ear, Mark).keys() == {BTC}
        assert not [each for each in ear.feed_states if each.state in ("stale", "backing_off", "blocked")]


async def test_the_list_that_does_not_answer_is_said_and_marks_go_on() -> None:
    async with Simulator(seed=3) as sim:
        sim.add("rest", feed="bingx", status=503, path="/openApi/swap/v2/quote/premiumIndex")
        async with running(sim, [BINGX[0]]) as ear:
            await until(lambda: states(ear).get("bingx-rest") == "backing_off")
            await until(lambda: prices(ear, Mark).keys() == {BTC})
            assert ear.values(Index) == ear.values(Funding) == []
            (last,) = [each for each in ear.feed_states if each.feed == "bingx-rest"][-1:]
            assert "HTTP 503" in last.reason
            assert states(ear)["bingx-swap"] == "live"
            sim.script.clear()
            await until(lambda: prices(ear, Index).keys() == {BTC}, 30)


async def test_marks_of_weex_are_those_of_its_socket() -> None:
    """Its list repeats one mark for a minute; whatever is emitted moves on."""
    async with Simulator(seed=3) as sim, running(sim, [WEEX[0]]) as ear:
        await until(lambda: len({each.price for each in ear.updates if isinstance(each, Mark)}) > 8)
        await until(lambda: bool(ear.values(Funding)))
        listed = sum(path.endswith("premiumIndex") for path in sim.asked)
        assert listed == 1
        assert len(ear.values(Funding)) == listed


async def test_an_index_that_rests_is_dropped_with_its_reason() -> None:
    async with Simulator(seed=3) as sim, running(sim, [Want("weex", SPY)]) as ear:
        await until(lambda: bool(ear.values(Index)))
        await until(lambda: bool(ear.values(Dropped)), 20)
        (dropped,) = [each for each in ear.updates if isinstance(each, Dropped)]
        assert (dropped.fields, "stands still" in dropped.reason) == (("index",), True)
        place = ear.updates.index(dropped)
        await until(lambda: len([each for each in ear.updates[place:] if isinstance(each, Mark)]) > 5)
        assert not [each for each in ear.updates[place:] if isinstance(each, Index)]


async def test_tiers_are_words_and_instruments_come_once(tmp_path: Path) -> None:
    async with Simulator(seed=3) as sim, running(sim, [BINGX[0], WEEX[0]], tmp_path) as ear:
        await until(lambda: len(ear.values(Tiers)) == 2, 40)
        assert {each.symbol for each in ear.updates if isinstance(each, Instrument)} == {BTC}
