"""Unmodified ccxt takes the simulated Hyperliquid for the venue."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from feeds.simulator import Simulator
from feeds.simulator.past import DAY_MS, HOUR_MS
from tests.simulator.test_ccxt_accepts import client

pytestmark = pytest.mark.xdist_group("ccxt")
BTC = "BTC/USDC:USDC"
USER = {"user": "0x" + "5a" * 20}


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(seed=1, scenario="calm") as exchange:
        yield exchange


async def test_markets_rates_and_contexts(sim: Simulator) -> None:
    async with client(sim, "hyperliquid") as exchange:
        bitcoin = exchange.markets[BTC]
        assert (bitcoin["contractSize"], bitcoin["precision"]["amount"]) == (1, 0.00001)
        assert "KPEPE/USDC:USDC" in exchange.markets, "ccxt writes the venue's kPEPE in capitals"
        rate = (await exchange.fetch_funding_rates())[BTC]
        assert rate["fundingRate"] == pytest.approx(0.0000125)
        assert rate["interval"] == "1h"
        assert rate["fundingTimestamp"] == (sim.now.wall_ms // HOUR_MS + 1) * HOUR_MS
        ticker = await exchange.watch_ticker(BTC)
        assert float(ticker["info"]["oraclePx"]) == pytest.approx(65000, rel=0.01)
        tables = (await exchange.public_post_info({"type": "meta"}))["marginTables"]
        assert [number for number, _ in tables] == [56, 55]


async def test_candles_are_of_trades_alone(sim: Simulator) -> None:
    now = sim.now.wall_ms
    async with client(sim, "hyperliquid") as exchange:
        days = await exchange.fetch_ohlcv(BTC, "1d", (now // DAY_MS - 90) * DAY_MS, 91)
        assert [row[0] for row in days] == [(now // DAY_MS - back) * DAY_MS for back in range(90, -1, -1)]
        assert days[-1][4] == pytest.approx(65000, rel=0.01)


async def test_a_page_of_settlements_holds_the_oldest(sim: Simulator) -> None:
    now = sim.now.wall_ms
    async with client(sim, "hyperliquid") as exchange:
        since = now - 30 * DAY_MS
        rates = await exchange.fetch_funding_rate_history("KPEPE/USDC:USDC", since, 500, {"until": now})
        assert len(rates) == 500
        assert rates[0]["timestamp"] - since <= HOUR_MS + 100
        rest = await exchange.fetch_funding_rate_history("KPEPE/USDC:USDC", rates[-1]["timestamp"] + 1, 500)
        assert len(rest) == 220


async def test_what_an_address_holds(sim: Simulator) -> None:
    async with client(sim, "hyperliquid") as exchange:
        bitcoin, ether = await exchange.fetch_positions(None, USER)
        assert (bitcoin["symbol"], bitcoin["side"], bitcoin["contracts"]) == (BTC, "short", 0.5)
        assert (bitcoin["isolated"], bitcoin["initialMargin"], bitcoin["entryPrice"]) == (True, 16250, 65000)
        assert (ether["isolated"], ether["contracts"], ether["leverage"]) == (False, 8, 5)
        value = (await exchange.fetch_balance({**USER, "type": "swap", "enableUnifiedMargin": False}))["USDC"]["total"]
        gains = bitcoin["unrealizedPnl"] + ether["unrealizedPnl"]
        assert value - gains == pytest.approx(40_000, abs=10), "the mark may have moved in between"
        sim.add("position", symbol="BTC", factor=0.4)
        sim.add("position", symbol="ETH", factor=0.0)
        (left,) = await exchange.fetch_positions(None, USER)
        assert left["contracts"] == 0.2
        assert await exchange.fetch_positions(None, {"user": "0x" + "0" * 40}) == []
