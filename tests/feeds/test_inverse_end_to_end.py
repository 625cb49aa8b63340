"""Binance COIN-M, MEXC and Bybit spot against the simulated exchange: sockets, polls, facts and history."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from pathlib import Path

import pytest
from feeds_kit import Ear, until
from test_markets_end_to_end import RealClock, prices

from feeds.markets import FeedSetup, watch_markets
from feeds.simulator import Simulator
from hedge.market import (
    Candles,
    Funding,
    FundingInterval,
    Index,
    Instrument,
    Mark,
    Settlements,
    Spot,
    SymbolState,
    Tiers,
    Want,
)

COIN, LINEAR = "BTC/USD:BTC", "BTC/USDT:USDT"


async def listen(sim: Simulator, wants: list[Want], folder: Path) -> tuple[Ear, asyncio.Task[None]]:
    ear = Ear()
    setup = FeedSetup(sim.urls, sim.rest_urls, str(folder))
    return ear, asyncio.create_task(watch_markets(wants, setup, RealClock(), random.Random(1), ear))


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def newest(ear: Ear, kind: type[Funding] | type[FundingInterval] | type[Instrument] | type[Tiers]) -> dict[str, object]:
    return {each.symbol: each for each in ear.updates if isinstance(each, kind)}


@pytest.mark.parametrize(
    ("venue", "feed", "source", "symbols"),
    [
        ("binance", "binance-coinm", "binance fundingInfo", [COIN, "ETH/USD:ETH"]),
        ("mexc", "mexc-futures", "mexc funding_rate", [LINEAR, COIN, "PEPE/USDT:USDT"]),
    ],
)
async def test_a_venue_gives_all_it_has(venue: str, feed: str, source: str, symbols: list[str], tmp_path: Path) -> None:
    async with Simulator(seed=3, scenario="calm") as sim:
        ear, task = await listen(sim, [Want(venue, symbol) for symbol in symbols], tmp_path)
        try:
            wanted = set(symbols)
            await until(lambda: prices(ear, Mark).keys() == prices(ear, Index).keys() == wanted, 15)
            await until(lambda: newest(ear, FundingInterval).keys() == newest(ear, Tiers).keys() == wanted, 30)
            await until(lambda: newest(ear, Funding).keys() == wanted, 15)
            for symbol in symbols:
                near = Decimal("0.0000092") if "PEPE" in symbol else 3500 if "ETH" in symbol else 65000
                assert abs(prices(ear, Mark)[symbol] / near - 1) < Decimal("0.02")
                funding, interval = newest(ear, Funding)[symbol], newest(ear, FundingInterval)[symbol]
                assert isinstance(funding, Funding)
                assert isinstance(interval, FundingInterval)
                assert (funding.feed, interval.source) == (feed, source)
                assert funding.rate is not None
                assert funding.next_ms is not None
            assert {each.feed for each in ear.updates if isinstance(each, Mark)} == {feed}
            await until(lambda: {each.symbol for each in ear.updates if isinstance(each, Settlements)} == wanted, 60)
            kinds = {(each.symbol, each.kind) for each in ear.updates if isinstance(each, Candles) and each.candles}
            assert kinds == {(symbol, kind) for symbol in symbols for kind in ("trade", "mark", "index")}
            await until(lambda: set({each.feed: each.state for each in ear.feed_states}.values()) == {"live"}, 30)
        finally:
            await ended(task)


async def test_facts_of_both_families(tmp_path: Path) -> None:
    wants = [Want("binance", COIN), Want("mexc", LINEAR), Want("mexc", "ETH/USD:ETH")]
    async with Simulator(seed=3, scenario="calm") as sim:
        ear, task = await listen(sim, wants, tmp_path)
        try:
            await until(lambda: len([each for each in ear.updates if isinstance(each, Tiers)]) == 3, 40)
        finally:
            await ended(task)
    facts = {(each.venue, each.symbol): each for each in ear.updates if isinstance(each, Instrument)}
    tiers = {(each.venue, each.symbol): each for each in ear.updates if isinstance(each, Tiers)}
    coin, linear, ether = facts["binance", COIN], facts["mexc", LINEAR], facts["mexc", "ETH/USD:ETH"]
    assert (coin.contract_size, coin.inverse, coin.maintenance_rate) == (100, True, Decimal("0.025"))
    assert (linear.contract_size, linear.inverse) == (Decimal("0.0001"), False)
    assert (ether.contract_size, ether.inverse, ether.settle) == (10, True, "ETH")
    assert tiers["binance", COIN].reason == "binance gives its maintenance tiers only to a key"
    levels = tiers["mexc", LINEAR].tiers
    assert [level.maintenance_rate for level in levels[:2]] == [Decimal("0.004"), Decimal("0.008")]
    assert abs((levels[0].cap or 0) / 60_000 - 1) < Decimal("0.02")
    in_coins = tiers["mexc", "ETH/USD:ETH"].tiers[0].cap
    assert abs((in_coins or 0) * 3500 / 60_000 - 1) < Decimal("0.02")


async def test_a_spot_pair_of_bybit_flows_and_an_unknown_one_says_so(tmp_path: Path) -> None:
    wants = [Want("bybit", f"{coin}/USDT", spot=True) for coin in ("BTC", "ETH", "NOPE", "SOL")]
    async with Simulator(seed=3, scenario="calm") as sim:
        ear, task = await listen(sim, wants, tmp_path)
        try:
            await until(lambda: prices(ear, Spot).keys() == {"BTC/USDT", "ETH/USDT", "SOL/USDT"}, 20)
            await until(lambda: any(each.state == "quarantined" for each in ear.symbol("NOPE/USDT")), 20)
        finally:
            await ended(task)
    assert "Invalid symbol" in ear.symbol("NOPE/USDT")[-1].reason
    assert abs(prices(ear, Spot)["BTC/USDT"] / 65000 - 1) < Decimal("0.02")


async def test_an_unknown_contract_of_mexc_is_set_aside_by_its_name_alone(tmp_path: Path) -> None:
    async with Simulator(seed=3, scenario="calm") as sim:
        ear, task = await listen(sim, [Want("mexc", LINEAR), Want("mexc", "NOPE/USDT:USDT")], tmp_path)
        try:
            await until(lambda: LINEAR in prices(ear, Mark), 15)
            gone = [each for each in ear.updates if isinstance(each, SymbolState) and each.state == "quarantined"]
            assert gone[0].symbol == "NOPE/USDT:USDT"
            assert gone[0].reason == "refused by mexc: Contract [NOPE_USDT] not exists"
            assert not any(each.state == "quarantined" for each in ear.symbol(LINEAR))
            assert sim.open_sockets("mexc-futures") == 1
        finally:
            await ended(task)


async def test_an_interval_that_the_venue_changes_is_followed(tmp_path: Path) -> None:
    async with Simulator(seed=3, scenario="calm") as sim:
        sim.add("interval", feed="mexc-futures", symbol="BTC_USDT", hours=1)
        ear, task = await listen(sim, [Want("mexc", LINEAR)], tmp_path)
        try:
            await until(lambda: LINEAR in newest(ear, FundingInterval), 15)
            found = newest(ear, FundingInterval)[LINEAR]
            assert isinstance(found, FundingInterval)
            assert found.hours == 1
        finally:
            await ended(task)
