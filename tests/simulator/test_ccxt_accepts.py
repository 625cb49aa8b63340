"""Unmodified ccxt takes the simulator for the venues: what keeps its wire formats honest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from feeds.simulator import Simulator

pytestmark = pytest.mark.xdist_group("ccxt")  # importing ccxt is slow: one worker pays for it

PATIENCE_S = 10.0


@asynccontextmanager
async def client(sim: Simulator, name: str, key: bool = False) -> AsyncIterator[Any]:
    """A ccxt.pro instance that looks for its venue where the simulator says."""
    import ccxt.pro

    exchange = getattr(ccxt.pro, name)({"apiKey": "k", "secret": "s"} if key else {})
    exchange.urls["api"] = sim.ccxt_urls[name]
    exchange.has["fetchCurrencies"] = False  # with a key, load_markets would ask for signed currency lists
    try:
        async with asyncio.timeout(PATIENCE_S):
            await exchange.load_markets()
            yield exchange
    finally:
        await exchange.close()


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(seed=1, scenario="calm") as exchange:
        yield exchange


@pytest.mark.parametrize("name", ["binance", "binanceusdm", "binancecoinm", "bybit", "okx", "hyperliquid"])
async def test_the_table_of_addresses_is_complete(sim: Simulator, name: str) -> None:
    import ccxt.pro

    def shape(value: object) -> object:
        return {key: shape(item) for key, item in value.items()} if isinstance(value, dict) else "url"

    def texts(value: object) -> list[str]:
        return [text for item in value.values() for text in texts(item)] if isinstance(value, dict) else [str(value)]

    exchange = getattr(ccxt.pro, name)()
    try:
        assert shape(sim.ccxt_urls[name]) == shape(exchange.urls["api"])
        assert all(f"//127.0.0.1:{sim.port}/" in text for text in texts(sim.ccxt_urls[name]))
    finally:
        await exchange.close()


async def test_binanceusdm_without_a_key(sim: Simulator) -> None:
    async with client(sim, "binanceusdm") as exchange:
        markets = exchange.markets
        assert markets["BTC/USDT:USDT"]["linear"] is True
        assert markets["BTC/USDT:USDT"]["precision"]["amount"] == 0.001
        assert "1000PEPE/USDT:USDT" in markets
        rates = await exchange.fetch_funding_rates()
        assert rates["BTC/USDT:USDT"]["fundingRate"] == pytest.approx(0.0001)
        assert rates["BTC/USDT:USDT"]["indexPrice"] == pytest.approx(65000, rel=0.01)
        assert (await exchange.fetch_funding_rate("SOL/USDT:USDT"))["fundingTimestamp"] > sim.now.wall_ms
        intervals = await exchange.fetch_funding_intervals()
        assert intervals["AVAX/USDT:USDT"]["interval"] == "4h"
        assert "BTC/USDT:USDT" not in intervals
        marks = await exchange.watch_mark_prices(["BTC/USDT:USDT", "SOL/USDT:USDT"])
        for ticker in marks.values():
            assert ticker["markPrice"] > 0
            assert ticker["indexPrice"] > 0
            assert ticker["info"]["T"] > sim.now.wall_ms
        assert (await exchange.watch_ticker("ETH/USDT:USDT"))["last"] > 0
        assert (await exchange.watch_bids_asks(["ETH/USDT:USDT"]))["ETH/USDT:USDT"]["bid"] > 0


async def test_binanceusdm_tiers_need_a_key(sim: Simulator) -> None:
    async with client(sim, "binanceusdm", key=True) as exchange:
        tiers = (await exchange.fetch_leverage_tiers())["BTC/USDT:USDT"]
        assert (tiers[0]["maintenanceMarginRate"], tiers[0]["info"]["cum"]) == (0.004, 0)
    import ccxt

    async with client(sim, "binanceusdm") as exchange:
        with pytest.raises(ccxt.AuthenticationError):
            await exchange.fetch_leverage_tiers()


async def test_binancecoinm(sim: Simulator) -> None:
    async with client(sim, "binancecoinm", key=True) as exchange:
        assert exchange.markets["BTC/USD:BTC"]["contractSize"] == 100
        assert exchange.markets["ETH/USD:ETH"]["inverse"] is True
        assert (await exchange.fetch_funding_rates())["ETH/USD:ETH"]["markPrice"] > 0
        assert (await exchange.fetch_leverage_tiers())["BTC/USD:BTC"][0]["maintenanceMarginRate"] > 0
        marks = await exchange.watch_mark_prices(["BTC/USD:BTC"])
        assert marks["BTC/USD:BTC"]["indexPrice"] == pytest.approx(65000, rel=0.01)


async def test_binance_spot_touch(sim: Simulator) -> None:
    async with client(sim, "binance") as exchange:
        assert {"BTC/USDT", "BTC/USDT:USDT", "BTC/USD:BTC", "USDC/USDT"} <= exchange.markets.keys()
        touch = (await exchange.watch_bids_asks(["AVAX/USDT"]))["AVAX/USDT"]
        assert 0 < touch["bid"] < touch["ask"]


async def test_bybit(sim: Simulator) -> None:
    async with client(sim, "bybit") as exchange:
        linear, inverse = (exchange.markets[name] for name in ("BTC/USDT:USDT", "BTC/USD:BTC"))
        assert (linear["linear"], inverse["inverse"]) == (True, True)
        assert (linear["contractSize"], inverse["contractSize"]) == (1, 1)
        rates = await exchange.fetch_funding_rates()
        assert rates["AVAX/USDT:USDT"]["interval"] == "4h"
        assert rates["BTC/USDT:USDT"]["fundingRate"] == pytest.approx(0.0001)
        for symbol in ("BTC/USDT:USDT", "BTC/USD:BTC"):
            ticker = await exchange.watch_ticker(symbol)
            assert ticker["symbol"] == symbol
            assert ticker["markPrice"] == pytest.approx(65000, rel=0.01)
            assert ticker["info"]["nextFundingTime"]
        assert (await exchange.watch_ticker("BTC/USDT"))["last"] > 0
        assert (await exchange.watch_order_book("BTC/USDT", 1))["bids"][0][0] > 0


async def test_bybit_tiers_are_public_and_paged(sim: Simulator) -> None:
    async with client(sim, "bybit") as exchange:
        linear = await exchange.fetch_leverage_tiers()
        assert len(linear) == 12
        assert linear["SOL/USDT:USDT"][1]["minNotional"] == linear["SOL/USDT:USDT"][0]["maxNotional"]
        inverse = await exchange.fetch_leverage_tiers(None, {"subType": "inverse"})
        assert inverse["BTC/USD:BTC"][0]["currency"] == "BTC"
        assert (await exchange.fetch_market_leverage_tiers("ETH/USD:ETH"))[0]["maintenanceMarginRate"] > 0
