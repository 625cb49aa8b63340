"""Unmodified ccxt reads positions and balances of the simulated venues: sizes in each venue's own unit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from feeds.simulator import Simulator
from tests.simulator.test_ccxt_accepts import client

pytestmark = pytest.mark.xdist_group("ccxt")

LINEAR, INVERSE = "BTC/USDT:USDT", "BTC/USD:BTC"


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(seed=1, scenario="calm") as exchange:
        yield exchange


@pytest.mark.parametrize(
    ("name", "symbol", "contracts", "coins"),
    [
        ("binanceusdm", LINEAR, 0.25, 0.25),
        ("binancecoinm", INVERSE, 130, 0.2),
        ("bybit", LINEAR, 0.25, 0.25),
        ("bybit", INVERSE, 13_000, 0.2),
        ("mexc", LINEAR, 2500, 0.25),
        ("mexc", INVERSE, 130, 0.2),
    ],
)
async def test_a_short_in_the_venues_own_unit(
    sim: Simulator, name: str, symbol: str, contracts: float, coins: float
) -> None:
    async with client(sim, name, key=True) as exchange:
        rows: list[Any] = await exchange.fetch_positions([symbol])
        (row,) = [each for each in rows if each["symbol"] == symbol]
        assert (row["side"], row["contracts"], row["entryPrice"]) == ("short", contracts, 65000)
        size = exchange.markets[symbol]["contractSize"]
        held = contracts * size if symbol == LINEAR else contracts * size / row["entryPrice"]
        assert held == pytest.approx(coins)


@pytest.mark.parametrize(
    ("name", "params", "currency", "total"),
    [
        ("binanceusdm", {}, "USDT", 25_000),
        ("binancecoinm", {}, "BTC", 0.5),
        ("binance", {}, "BTC", 0.5),
        ("bybit", {}, "USDT", 25_000),
        ("mexc", {"type": "swap"}, "USDT", 25_000),
        ("mexc", {}, "USDT", 25_000),
    ],
)
async def test_a_wallet(sim: Simulator, name: str, params: dict[str, str], currency: str, total: float) -> None:
    async with client(sim, name, key=True) as exchange:
        assert (await exchange.fetch_balance(params))[currency]["total"] == total


@pytest.mark.parametrize("name", ["binanceusdm", "binancecoinm", "bybit", "mexc"])
async def test_without_a_key_there_is_no_account(sim: Simulator, name: str) -> None:
    import ccxt

    async with client(sim, name) as exchange:
        exchange.checkRequiredCredentials = lambda *_: True
        exchange.apiKey, exchange.secret = "", "s"
        with pytest.raises(ccxt.BaseError):
            await exchange.fetch_positions([LINEAR if LINEAR in exchange.markets else INVERSE])
