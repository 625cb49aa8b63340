"""Unmodified ccxt takes the simulator for BingX."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from feeds.simulator import Simulator
from feeds.simulator.past import DAY_MS, HOUR_MS
from tests.simulator.test_ccxt_accepts import client

pytestmark = pytest.mark.xdist_group("ccxt")

BTC, SOL, PEPE = "BTC/USDT:USDT", "SOL/USDT:USDT", "1000PEPE/USDT:USDT"


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(seed=1, scenario="calm") as exchange:
        yield exchange


async def test_markets_rates_and_ticker_without_a_key(sim: Simulator) -> None:
    async with client(sim, "bingx") as exchange:
        btc = exchange.markets[BTC]
        assert (btc["id"], btc["linear"], btc["contractSize"], btc["active"]) == ("BTC-USDT", True, 1, True)
        assert (btc["precision"]["amount"], btc["limits"]["cost"]["min"]) == (0.001, 2)
        assert exchange.markets["BTC/USD:BTC"]["contractSize"] == 100
        assert exchange.markets["BTC/USDT"]["spot"] is True
        rates = await exchange.fetch_funding_rates()
        assert rates[BTC]["fundingRate"] == pytest.approx(0.0001)
        assert rates[BTC]["nextFundingTimestamp"] > sim.now.wall_ms > rates[BTC]["timestamp"]
        assert (rates["AVAX/USDT:USDT"]["interval"], rates["LTC/USDT:USDT"]["interval"]) == ("4h", "1h")
        one = await exchange.fetch_funding_rate(SOL)
        assert one["indexPrice"] == pytest.approx(142, rel=0.01)
        ticker = await exchange.watch_ticker(SOL)
        assert (ticker["symbol"], ticker["markPrice"], ticker["indexPrice"]) == (SOL, None, None)
        assert 0 < ticker["bid"] < ticker["ask"]


async def test_account_and_tiers_want_a_key(sim: Simulator) -> None:
    import ccxt

    async with client(sim, "bingx", key=True) as exchange:
        (position,) = await exchange.fetch_positions()
        assert (position["symbol"], position["side"], position["contracts"]) == (BTC, "short", 0.25)
        balance = await exchange.fetch_balance({"type": "swap"})
        (account,) = balance["info"]["data"]
        assert account["balance"] == "9000.0000"
        assert balance["USDT"]["total"] == pytest.approx(float(account["equity"])), "free and used, with the profit"
        tiers = await exchange.fetch_market_leverage_tiers(BTC)
        assert [(row["minNotional"], row["maintenanceMarginRate"]) for row in tiers[:2]] == [(0, 0.004), (60000, 0.005)]
        assert tiers[0]["maxLeverage"] is None
        exchange.apiKey = ""
        exchange.requiredCredentials["apiKey"] = False
        with pytest.raises(ccxt.AuthenticationError):
            await exchange.fetch_positions()


@pytest.mark.parametrize(("symbol", "price"), [(BTC, 65000.0), (PEPE, 0.0092)])
async def test_candles(sim: Simulator, symbol: str, price: float) -> None:
    now = sim.now.wall_ms
    async with client(sim, "bingx") as exchange:
        days = await exchange.fetch_ohlcv(symbol, "1d", now - 90 * DAY_MS, 91)
        assert [row[0] for row in days] == [(now // DAY_MS - back) * DAY_MS for back in range(89, -1, -1)]
        assert days[-1][4] == pytest.approx(price, rel=0.01)
        hours = await exchange.fetch_ohlcv(symbol, "1h", now - 168 * HOUR_MS, 169, {"price": "mark"})
        assert len(hours) >= 168
        assert {(row[0] + 1) % HOUR_MS for row in hours} == {0}, "ccxt takes the end of a mark candle for its begin"


async def test_settled_funding(sim: Simulator) -> None:
    now = sim.now.wall_ms
    since = now - 30 * DAY_MS
    async with client(sim, "bingx") as exchange:
        for symbol, hours in ((BTC, 8), (PEPE, 4)):
            rates = await exchange.fetch_funding_rate_history(symbol, since, 1000, {"until": now})
            assert len(rates) == 30 * 24 // hours
            assert all(since <= row["timestamp"] <= now and abs(row["fundingRate"]) < 0.02 for row in rates)


async def test_a_contract_that_it_does_not_carry_is_refused(sim: Simulator) -> None:
    import ccxt

    sim.add("delist", feed="bingx-swap", symbol="SOL-USDT")
    async with client(sim, "bingx") as exchange:
        assert SOL not in exchange.markets
        with pytest.raises(ccxt.BadSymbol):
            await exchange.watch_ticker(SOL)
