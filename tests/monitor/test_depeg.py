"""USDT loses its peg at the simulated exchange: the rate, everything counted in it, and the alert about it."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from feeds.markets import FeedSetup, watch_markets
from feeds.simulator import Simulator
from hedge.market import Update, Want
from hedge.portfolio import Portfolio, load_portfolio
from hedge.snapshot import MoneyRow, Snapshot
from monitor.clock import BootClock
from monitor.engine import Engine
from monitor.watch import Watch

D = Decimal


def book(venue: str) -> Portfolio:
    """An ETH short in USDT against the same ETH; no bitcoin."""
    contracts = "1000" if venue == "mexc" else "10"  # which counts hundredths
    short = {"symbol": "ETH/USDT:USDT", "side": "short", "contracts": contracts, "leverage": "2"}
    written = {
        "schema": "hedgetui.portfolio/1",
        "name": "Depeg",
        "holdings": [{"asset": "ETH", "quantity": "10", "place": "cold wallet"}],
        "accounts": [
            {
                "id": "main",
                "venue": venue,
                "collateral": {"USDT": "20000"},
                "positions": [short | {"margin_mode": "cross"}],
            }
        ],
    }
    return load_portfolio(json.dumps(written), "book.json")


@asynccontextmanager
async def watched(sim: Simulator, portfolio: Portfolio) -> AsyncIterator[Engine]:
    clock = BootClock()
    setup = FeedSetup(urls=sim.urls, rest_urls=sim.rest_urls)

    async def feeds(wants: Sequence[Want], emit: Callable[[Update], None]) -> None:
        await watch_markets(wants, setup, clock, random.Random(1), emit)

    engine = Engine(Watch(portfolio, clock), feeds)
    running = asyncio.create_task(engine.run())
    try:
        yield engine
    finally:
        engine.stop("seen")
        await running


async def seen(engine: Engine, wanted: Callable[[Snapshot], bool]) -> Snapshot:
    """The first snapshot that is as wanted."""
    async with asyncio.timeout(30):
        async for snapshot in engine.snapshots():
            if wanted(snapshot):
                return snapshot
    raise AssertionError("the engine ended")


def usdt(snapshot: Snapshot) -> MoneyRow:
    (row,) = [each for each in snapshot.money if each.currency == "USDT"]
    return row


def known(snapshot: Snapshot) -> tuple[Decimal, ...]:
    """Coins, hedge and the account's equity in USD, once all of them are known."""
    found = (snapshot.totals.spot_usd, snapshot.totals.hedge_usd, snapshot.accounts[0].equity_usd)
    return tuple(each for each in found if each is not None) if None not in found else ()


def alarmed(level: str) -> Callable[[Snapshot], bool]:
    def wanted(snapshot: Snapshot) -> bool:
        return any(row.rule == "stablecoin" and row.level == level for row in snapshot.alerts)

    return wanted


@pytest.mark.parametrize(("venue", "source"), [("binance", "binance"), ("bybit", "bybit"), ("mexc", "binance")])
async def test_a_lost_peg_moves_the_rate_the_totals_and_the_alarm(venue: str, source: str) -> None:
    async with Simulator(seed=1, scenario="calm") as sim, watched(sim, book(venue)) as engine:
        before = await seen(engine, lambda found: not usdt(found).assumed and known(found))
        assert usdt(before).usd == pytest.approx(D(1), abs=D("0.0005"))
        assert usdt(before).source == f"{source} BTC index in USD over that in USDT"
        assert not any(row.rule == "stablecoin" for row in before.alerts)

        sim.add("jump", symbol="USDT", factor=0.99)
        await seen(engine, alarmed("caution"))
        sim.add("jump", symbol="USDT", factor=0.97 / 0.99)
        after = await seen(engine, lambda found: alarmed("warning")(found) and usdt(found).usd < D("0.9705"))

        rate = usdt(after).usd
        assert rate == pytest.approx(D("0.97"), abs=D("0.0005"))
        assert not usdt(after).stale
        assert usdt(after).collateral_usd == 20_000 * rate
        position = after.positions[0]
        assert position.mark is not None
        assert position.notional_usd == pytest.approx(10 * position.mark * rate, abs=D("0.5"))
        ratio = rate / usdt(before).usd
        for then, now in zip(known(before), known(after), strict=True):
            assert now / then == pytest.approx(ratio, abs=D("0.003"))
        (alert,) = [row for row in after.alerts if row.rule == "stablecoin"]
        assert (alert.subject, alert.unknown) == ("USDT", False)
        assert alert.value == pytest.approx(D("-0.03"), abs=D("0.0005"))


async def test_the_rate_of_a_second_stablecoin_is_its_own() -> None:
    short = {"symbol": "BTC/USDC:USDC", "side": "short", "contracts": "0.5", "leverage": "2", "margin_mode": "cross"}
    accounts = [{"id": "main", "venue": "bybit", "collateral": {"USDC": "20000"}, "positions": [short]}]
    holdings = [{"asset": "BTC", "quantity": "0.5", "place": "cold wallet"}]
    written = {"schema": "hedgetui.portfolio/1", "name": "USDC", "holdings": holdings, "accounts": accounts}
    portfolio = load_portfolio(json.dumps(written), "book.json")
    async with Simulator(seed=1, scenario="calm") as sim, watched(sim, portfolio) as engine:
        before = await seen(engine, lambda found: not found.money[0].assumed)
        assert [row.currency for row in before.money] == ["USDC"]
        assert before.money[0].usd == pytest.approx(D(1), abs=D("0.0015"))
        sim.add("jump", symbol="USDC", factor=0.97)
        after = await seen(engine, lambda found: found.money[0].usd < D("0.972"))
        assert after.money[0].usd / before.money[0].usd == pytest.approx(D("0.97"), abs=D("0.001"))
