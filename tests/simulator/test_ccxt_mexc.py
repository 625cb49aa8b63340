"""Unmodified ccxt takes the simulated MEXC for the real one, and what of its answers must be put right."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from feeds.simulator import Simulator
from feeds.simulator.past import DAY_MS, HOUR_MS
from tests.simulator.test_ccxt_accepts import client

pytestmark = pytest.mark.xdist_group("ccxt")

LINEAR, INVERSE, PEPE = "BTC/USDT:USDT", "BTC/USD:BTC", "PEPE/USDT:USDT"


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(seed=1, scenario="calm") as exchange:
        yield exchange


async def test_the_table_of_addresses_is_complete(sim: Simulator) -> None:
    import ccxt.pro

    def shape(value: object) -> object:
        return {key: shape(item) for key, item in value.items()} if isinstance(value, dict) else "url"

    exchange = ccxt.pro.mexc()
    try:
        assert shape(sim.ccxt_urls["mexc"]) == shape(exchange.urls["api"])
    finally:
        await exchange.close()


async def test_contracts_and_their_sizes(sim: Simulator) -> None:
    async with client(sim, "mexc") as exchange:
        sizes = {name: exchange.markets[name]["contractSize"] for name in (LINEAR, INVERSE, PEPE, "ETH/USD:ETH")}
        assert sizes == {LINEAR: 0.0001, INVERSE: 100, PEPE: 10_000_000, "ETH/USD:ETH": 10}
        assert exchange.markets[INVERSE]["inverse"] is True
        assert exchange.markets[LINEAR]["precision"]["amount"] == 1


async def test_funding(sim: Simulator) -> None:
    async with client(sim, "mexc") as exchange:
        rate = await exchange.fetch_funding_rate("AVAX/USDT:USDT")
        assert rate["interval"] == "4h"
        assert rate["fundingRate"] < 0
        assert rate["fundingTimestamp"] > sim.now.wall_ms
        assert (await exchange.fetch_funding_interval(INVERSE))["interval"] == "8h"


async def test_tickers_by_socket_and_by_http(sim: Simulator) -> None:
    async with client(sim, "mexc") as exchange:
        for symbol in (LINEAR, INVERSE):
            ticker = await exchange.watch_ticker(symbol)
            assert ticker["symbol"] == symbol
            assert 0 < ticker["bid"] < ticker["ask"]
            assert float(ticker["info"]["fairPrice"]) == pytest.approx(65000, rel=0.01)
            assert float((await exchange.fetch_ticker(symbol))["info"]["indexPrice"]) == pytest.approx(65000, rel=0.01)


async def test_an_unknown_contract_is_refused_behind_http_200(sim: Simulator) -> None:
    import ccxt

    async with client(sim, "mexc") as exchange:
        sim.add("delist", feed="mexc-futures", symbol="BTC_USDT")
        with pytest.raises(ccxt.ExchangeError, match="1001"):
            await exchange.fetch_funding_rate(LINEAR)


async def test_tiers_count_contracts_whatever_ccxt_calls_them(sim: Simulator) -> None:
    async with client(sim, "mexc") as exchange:
        tiers = (await exchange.fetch_leverage_tiers([LINEAR]))[LINEAR]
        assert tiers[0]["maintenanceMarginRate"] == 0.004
        assert tiers[0]["maxNotional"] == tiers[0]["info"]["riskIncrVol"] == 9231, "contracts: 60,000 USDT of Bitcoin"


@pytest.mark.parametrize(("symbol", "price"), [(LINEAR, 65000.0), (INVERSE, 65000.0), (PEPE, 0.0000092)])
async def test_candles_of_every_kind(sim: Simulator, symbol: str, price: float) -> None:
    now = sim.now.wall_ms
    async with client(sim, "mexc") as exchange:
        days = await exchange.fetch_ohlcv(symbol, "1d", now - 90 * DAY_MS, 91)
        assert [row[0] for row in days] == [(now // DAY_MS - back) * DAY_MS for back in range(89, -1, -1)]
        assert days[-1][4] == pytest.approx(price, rel=0.01)
        for kind in ("mark", "index"):
            hours = await exchange.fetch_ohlcv(symbol, "1h", now - 168 * HOUR_MS, 169, {"price": kind})
            assert len(hours) == 168
            assert hours[-1][4] == pytest.approx(price, rel=0.01)


async def test_settled_funding_comes_in_numbered_pages(sim: Simulator) -> None:
    now = sim.now.wall_ms
    since = now - 30 * DAY_MS
    async with client(sim, "mexc") as exchange:
        pages = [
            await exchange.fetch_funding_rate_history("LTC/USDT:USDT", since, 100, {"page_num": number})
            for number in range(1, 9)
        ]
        assert [len(page) for page in pages] == [100] * 7 + [20]
        stamps = [row["timestamp"] for page in pages for row in page]
        assert len(set(stamps)) == 720
        assert min(stamps) >= since
