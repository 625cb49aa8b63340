"""Every watch and funding call of ccxt's Binance classes that the venue's notes name, against the simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from feeds.simulator import Simulator
from tests.simulator.test_ccxt_accepts import client

pytestmark = pytest.mark.xdist_group("ccxt")


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(seed=1, scenario="calm") as exchange:
        yield exchange


@pytest.mark.parametrize(
    ("name", "symbol", "price"), [("binanceusdm", "ETH/USDT:USDT", 3500), ("binancecoinm", "ETH/USD:ETH", 3500)]
)
async def test_every_watch_of_a_futures_class(sim: Simulator, name: str, symbol: str, price: float) -> None:
    async with client(sim, name) as exchange:
        mark = await exchange.watch_mark_price(symbol)
        assert (mark["symbol"], mark["markPrice"]) == (symbol, pytest.approx(price, rel=0.02))
        assert float(mark["info"]["r"]) == pytest.approx(0.0001, abs=0.001)
        assert mark["info"]["st"] == (2 if name == "binancecoinm" else 1)
        marks = await exchange.watch_mark_prices([symbol])
        assert marks[symbol]["indexPrice"] == pytest.approx(price, rel=0.02)
        touch = (await exchange.watch_bids_asks([symbol]))[symbol]
        assert 0 < touch["bid"] < touch["ask"]
        assert (await exchange.watch_ticker(symbol))["last"] == pytest.approx(price, rel=0.02)


async def test_all_marks_of_a_family_come_merged_from_their_parts(sim: Simulator) -> None:
    async with client(sim, "binancecoinm") as exchange:
        found = await exchange.watch_mark_prices()
        assert {"BTC/USD:BTC", "ETH/USD:ETH"} & found.keys()


async def test_funding_of_the_coin_margined_class(sim: Simulator) -> None:
    async with client(sim, "binancecoinm") as exchange:
        sim.add("interval", feed="binance-coinm", symbol="ETHUSD_PERP", hours=4)
        assert (await exchange.fetch_funding_intervals())["ETH/USD:ETH"]["interval"] == "4h"
        rate = await exchange.fetch_funding_rate("ETH/USD:ETH")
        assert rate["fundingTimestamp"] > sim.now.wall_ms
        assert rate["indexPrice"] == pytest.approx(3500, rel=0.02)
