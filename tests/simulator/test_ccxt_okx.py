"""Unmodified ccxt takes the simulated OKX for the venue."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from feeds.simulator import Simulator
from feeds.simulator.past import DAY_MS, HOUR_MS
from tests.simulator.test_ccxt_accepts import client

pytestmark = pytest.mark.xdist_group("ccxt")
LINEAR, INVERSE = "BTC/USDT:USDT", "BTC/USD:BTC"


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(seed=1, scenario="calm") as exchange:
        yield exchange


async def test_markets_count_contracts(sim: Simulator) -> None:
    async with client(sim, "okx") as exchange:
        markets = exchange.markets
        assert (markets[LINEAR]["contractSize"], markets[LINEAR]["linear"]) == (0.01, True)
        assert (markets[INVERSE]["contractSize"], markets[INVERSE]["inverse"]) == (100, True)
        dogecoin = markets["DOGE/USDT:USDT"]
        assert (dogecoin["contractSize"], dogecoin["info"]["ctMult"]) == (100, "10"), "ccxt forgets the multiplier"
        assert markets["PEPE/USDT:USDT"]["contractSize"] == 10_000_000


async def test_rates_marks_and_tiers(sim: Simulator) -> None:
    async with client(sim, "okx") as exchange:
        rates = await exchange.fetch_funding_rates()
        assert rates[LINEAR]["fundingRate"] == pytest.approx(0.0001)
        assert rates[LINEAR]["fundingTimestamp"] > sim.now.wall_ms
        assert {rates[f"{coin}/USDT:USDT"]["interval"] for coin in ("BTC", "AVAX", "LTC")} == {"8h", "4h", "1h"}
        assert (await exchange.fetch_funding_rate(INVERSE))["nextFundingRate"] is None
        assert float((await exchange.fetch_mark_price(LINEAR))["info"]["markPx"]) == pytest.approx(65000, rel=0.01)
        tiers = await exchange.fetch_market_leverage_tiers(LINEAR)
        assert (tiers[0]["maxNotional"], tiers[0]["maintenanceMarginRate"]) == (92, 0.004), "contracts, called notional"
        assert (await exchange.fetch_market_leverage_tiers(INVERSE))[0]["maxLeverage"] == 100


async def test_sockets(sim: Simulator) -> None:
    async with client(sim, "okx") as exchange:
        marks = await exchange.watch_mark_prices([LINEAR, INVERSE])
        assert all(each["markPrice"] == pytest.approx(65000, rel=0.01) for each in marks.values())
        assert (await exchange.watch_funding_rate("LTC/USDT:USDT"))["interval"] == "1h"


@pytest.mark.parametrize(("symbol", "price"), [(LINEAR, 65000.0), ("ETH/USD:ETH", 3500.0)])
async def test_candles_come_a_hundred_at_a_time(sim: Simulator, symbol: str, price: float) -> None:
    now = sim.now.wall_ms
    async with client(sim, "okx") as exchange:
        days = await exchange.fetch_ohlcv(symbol, "1d", (now // DAY_MS - 90) * DAY_MS, 91)
        assert [row[0] for row in days] == [(now // DAY_MS - back) * DAY_MS for back in range(90, -1, -1)]
        assert days[-1][4] == pytest.approx(price, rel=0.01)
        for kind in ("mark", "index"):
            since = (now // HOUR_MS - 168) * HOUR_MS
            hours = await exchange.fetch_ohlcv(symbol, "1h", since, 169, {"price": kind})
            assert len(hours) == 100
            assert hours[0][0] == since, "the oldest of the span, not the newest"


async def test_settled_funding_and_its_pages(sim: Simulator) -> None:
    now = sim.now.wall_ms
    async with client(sim, "okx") as exchange:
        rates = await exchange.fetch_funding_rate_history(LINEAR, now - 30 * DAY_MS, 100)
        assert len(rates) == 90
        assert all(abs(row["fundingRate"]) < 0.02 for row in rates)
        until = now - 10 * DAY_MS
        unheard = await exchange.fetch_funding_rate_history(LINEAR, now - 30 * DAY_MS, 100, {"until": until})
        assert len(unheard) == 90, "a word that the venue does not know"
        older = await exchange.fetch_funding_rate_history(LINEAR, now - 30 * DAY_MS, 100, {"after": until})
        assert 59 <= len(older) <= 61
        assert older[-1]["timestamp"] < until
