"""The whole room against the simulated exchange: sockets, polls and the facts process, by address alone."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from feeds_kit import Ear, until

from feeds.markets import FeedSetup, watch_markets
from feeds.simulator import Simulator
from hedge.market import Candles, Funding, FundingInterval, Index, Instant, Instrument, Mark, Spot, Tiers, Want

WANTS = [
    Want("binance", "BTC/USDT:USDT"),
    Want("binance", "AVAX/USDT", spot=True),
    Want("bybit", "SOL/USDT:USDT"),
    Want("bybit", "ETH/USD:ETH"),
]


class RealClock:
    def now(self) -> Instant:
        return Instant(int(time.monotonic() * 1000), int(time.time() * 1000))


@asynccontextmanager
async def running(sim: Simulator, folder: Path) -> AsyncIterator[Ear]:
    ear = Ear()
    setup = FeedSetup(sim.urls, sim.rest_urls, str(folder))
    task = asyncio.create_task(watch_markets(WANTS, setup, RealClock(), random.Random(1), ear))
    try:
        yield ear
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def prices(ear: Ear, kind: type[Mark] | type[Index] | type[Spot]) -> dict[str, Decimal]:
    """The newest by symbol."""
    return {each.symbol: each.price for each in ear.updates if isinstance(each, kind)}


def histories(ear: Ear) -> list[Candles]:
    return [each for each in ear.updates if isinstance(each, Candles)]


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_everything_wanted_flows(tmp_path: Path) -> None:
    async with Simulator(seed=3) as sim, running(sim, tmp_path) as ear:
        perpetuals = {want.symbol for want in WANTS if not want.spot}
        await until(lambda: prices(ear, Mark).keys() == prices(ear, Index).keys() == perpetuals, 10)
        await until(lambda: {each.symbol for each in ear.values(Tiers) if isinstance(each, Tiers)} == perpetuals, 30)
        near = {"BTC/USDT:USDT": 65000, "SOL/USDT:USDT": 142, "ETH/USD:ETH": 3500}
        for symbol, price in prices(ear, Mark).items():
            assert abs(price / near[symbol] - 1) < Decimal("0.05")
        assert prices(ear, Spot).keys() == {"AVAX/USDT"}
        funding = {each.symbol: each for each in ear.updates if isinstance(each, Funding)}
        assert all(each.rate is not None and each.next_ms is not None for each in funding.values())
        sources = {each.symbol: each.source for each in ear.updates if isinstance(each, FundingInterval)}
        assert sources == {
            "BTC/USDT:USDT": "binance fundingInfo",
            "SOL/USDT:USDT": "bybit stream",
            "ETH/USD:ETH": "bybit stream",
        }
        instruments = {each.symbol: each for each in ear.updates if isinstance(each, Instrument)}
        assert instruments["ETH/USD:ETH"].inverse
        assert instruments["BTC/USDT:USDT"].maintenance_rate is not None
        tiers = {each.symbol: each for each in ear.updates if isinstance(each, Tiers)}
        assert tiers["BTC/USDT:USDT"].reason == "binance gives its maintenance tiers only to a key"
        assert len(tiers["SOL/USDT:USDT"].tiers) > 1
        await until(lambda: {"binance", "bybit"} <= {each.venue for each in histories(ear)}, 30)
        await until(lambda: {each.feed: each.state for each in ear.feed_states}["bybit-history"] == "live", 30)
        states = {each.feed: each.state for each in ear.feed_states}
        assert set(states.values()) == {"live"}, states
        assert sim.asked, "the reads went to the simulated exchange"
        files = {f"{name}-{venue}.json" for name in ("facts", "history") for venue in ("binance", "bybit")}
        await until(lambda: names_in(tmp_path) == files)
        assert {each.symbol for each in histories(ear)} == {want.symbol for want in WANTS}
        assert all(each.candles and not each.reason for each in histories(ear))
        told = [type(each) for each in ear.updates if getattr(each, "venue", "") == "bybit"]
        assert told.index(Instrument) < told.index(Candles)


async def test_one_venue_down_never_holds_another(tmp_path: Path) -> None:
    async with Simulator(seed=3) as sim:
        sim.add("refuse", feed="bybit-linear", status=451)
        sim.add("rest", feed="bybit", status=503)
        async with running(sim, tmp_path) as ear:
            await until(lambda: {each.feed: each.state for each in ear.feed_states}.get("binance-facts") == "live", 30)
            await until(lambda: {each.feed: each.state for each in ear.feed_states}["bybit-facts"] == "backing_off", 30)
            last = {each.feed: each for each in ear.feed_states}
            assert last["bybit-linear"].state == "blocked"
            assert "HTTP 451" in last["bybit-linear"].reason
            assert "HTTP 503" in last["bybit-facts"].reason
            assert last["binance-usdm"].state == last["bybit-inverse"].state == "live"
            assert prices(ear, Mark).keys() == {"BTC/USDT:USDT", "ETH/USD:ETH"}
