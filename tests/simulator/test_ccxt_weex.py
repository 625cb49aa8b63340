"""Unmodified ccxt takes the simulator for WEEX, with what it gets wrong there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from feeds.simulator import Simulator
from feeds.simulator.past import DAY_MS, HOUR_MS
from tests.simulator.test_ccxt_accepts import client

pytestmark = pytest.mark.xdist_group("ccxt")

BTC, ETH, SPY = "BTC/USDT:USDT", "ETH/USDT:USDT", "SPY/USDT:USDT"


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(seed=1, scenario="calm") as exchange:
        yield exchange


async def test_markets_rates_and_ticker_without_a_key(sim: Simulator) -> None:
    async with client(sim, "weex") as exchange:
        btc = exchange.markets[BTC]
        assert (btc["id"], btc["linear"], btc["active"]) == ("BTCUSDT", True, True)
        assert btc["contractSize"] == 0.0001, "what ccxt says, though sizes are coins"
        assert exchange.markets["BTC/USDT"]["spot"] is True
        assert SPY in exchange.markets
        rates = await exchange.fetch_funding_rates()
        assert rates[BTC]["nextFundingRate"] == pytest.approx(0.0001)
        assert rates[BTC]["nextFundingTimestamp"] > sim.now.wall_ms
        assert rates["ADA/USDT:USDT"]["nextFundingTimestamp"] == 28_800_000
        assert (rates["AVAX/USDT:USDT"]["interval"], rates["LTC/USDT:USDT"]["interval"]) == ("4h", "1h")
        settled = await exchange.fetch_funding_rate_history(ETH, sim.now.wall_ms - DAY_MS, 10, {})
        assert rates[ETH]["fundingRate"] == settled[-1]["fundingRate"], "what ccxt calls the rate is settled"
        ticker = await exchange.watch_ticker(ETH)
        assert ticker["markPrice"] == pytest.approx(3500, rel=0.01)
        assert ticker["indexPrice"] == pytest.approx(3500, rel=0.01)


async def test_account_wants_a_key_and_there_are_no_tiers(sim: Simulator) -> None:
    import ccxt

    async with client(sim, "weex", key=True) as exchange:
        exchange.password = "p"
        (position,) = await exchange.fetch_positions()
        assert (position["symbol"], position["side"], position["contracts"]) == (ETH, "short", 4.0)
        assert position["markPrice"] is None
        assert (await exchange.fetch_balance({"type": "swap"}))["USDT"]["total"] == 6000
        with pytest.raises(ccxt.NotSupported):
            await exchange.fetch_market_leverage_tiers(ETH)
        exchange.apiKey = ""
        exchange.requiredCredentials["apiKey"] = False
        with pytest.raises(ccxt.AuthenticationError):
            await exchange.fetch_positions()


@pytest.mark.parametrize(("symbol", "price"), [(BTC, 65000.0), (SPY, 560.0)])
async def test_candles_of_every_kind(sim: Simulator, symbol: str, price: float) -> None:
    now = sim.now.wall_ms
    async with client(sim, "weex") as exchange:
        days = await exchange.fetch_ohlcv(symbol, "1d", now - 90 * DAY_MS, 91)
        assert [row[0] for row in days] == [(now // DAY_MS - back) * DAY_MS for back in range(89, -1, -1)]
        assert days[-1][4] == pytest.approx(price, rel=0.01)
        for kind in ("mark", "index"):
            hours = await exchange.fetch_ohlcv(symbol, "1h", now - 168 * HOUR_MS, 169, {"price": kind})
            assert len(hours) == 168
            assert {row[0] % HOUR_MS for row in hours} == {0}


async def test_settled_funding(sim: Simulator) -> None:
    now = sim.now.wall_ms
    since = now - 30 * DAY_MS
    async with client(sim, "weex") as exchange:
        rates = await exchange.fetch_funding_rate_history(BTC, since, 1000, {"until": now})
        assert len(rates) == 90
        assert all(since <= row["timestamp"] <= now and abs(row["fundingRate"]) < 0.02 for row in rates)
        assert float(rates[-1]["info"]["markPrice"]) == pytest.approx(65000, rel=0.2)
