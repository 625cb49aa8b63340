"""Unmodified ccxt reads candles and settled funding of the simulated venues."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from feeds.simulator import Simulator
from feeds.simulator.past import DAY_MS, HOUR_MS
from tests.simulator.test_ccxt_accepts import client

pytestmark = pytest.mark.xdist_group("ccxt")

CONTRACTS = [
    ("binanceusdm", "BTC/USDT:USDT", 65000.0),
    ("binanceusdm", "1000PEPE/USDT:USDT", 0.0092),
    ("binancecoinm", "ETH/USD:ETH", 3500.0),
    ("bybit", "SOL/USDT:USDT", 142.0),
    ("bybit", "ETH/USD:ETH", 3500.0),
]


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(seed=1, scenario="calm") as exchange:
        yield exchange


@pytest.mark.parametrize(("name", "symbol", "price"), CONTRACTS)
async def test_candles_of_every_kind(sim: Simulator, name: str, symbol: str, price: float) -> None:
    now = sim.now.wall_ms
    async with client(sim, name) as exchange:
        days = await exchange.fetch_ohlcv(symbol, "1d", now - 90 * DAY_MS, 91)
        assert [row[0] for row in days] == [(now // DAY_MS - back) * DAY_MS for back in range(89, -1, -1)]
        assert all(row[3] <= min(row[1], row[4]) <= max(row[1], row[4]) <= row[2] for row in days)
        assert days[-1][4] == pytest.approx(price, rel=0.01)
        for kind in ("mark", "index"):
            hours = await exchange.fetch_ohlcv(symbol, "1h", now - 168 * HOUR_MS, 169, {"price": kind})
            assert len(hours) == 168
            assert hours[-1][4] == pytest.approx(price, rel=0.01)


@pytest.mark.parametrize(("name", "symbol", "price"), CONTRACTS)
async def test_settled_funding(sim: Simulator, name: str, symbol: str, price: float) -> None:
    now = sim.now.wall_ms
    since = now - 30 * DAY_MS
    async with client(sim, name) as exchange:
        rates = await exchange.fetch_funding_rate_history(symbol, since, 200, {"until": now})
        hours = 4 if "PEPE" in symbol else 8
        assert len(rates) == 30 * 24 // hours
        assert {row["symbol"] for row in rates} == {symbol}
        assert all(since <= row["timestamp"] <= now and abs(row["fundingRate"]) < 0.02 for row in rates)
        if name != "bybit":
            assert float(rates[-1]["info"]["markPrice"]) == pytest.approx(price, rel=0.2)


async def test_candles_of_a_spot_pair(sim: Simulator) -> None:
    async with client(sim, "binance") as exchange:
        days = await exchange.fetch_ohlcv("AVAX/USDT", "1d", sim.now.wall_ms - 30 * DAY_MS, 31)
        assert len(days) == 30
        assert days[-1][4] == pytest.approx(28.0, rel=0.01)
