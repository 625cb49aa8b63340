"""Contract facts and the past of OKX and Hyperliquid: what ccxt gets wrong about them is put right on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from feeds.clean import ParseError
from feeds.contracts import brackets_by_leverage, brackets_in_contracts, coin_of, instrument_of
from feeds.facts import Facts, Question, ask
from feeds.history import History, HistoryQuestion
from feeds.history import ask as ask_history
from feeds.simulator import Simulator
from feeds.simulator.past import DAY_MS, HOUR_MS
from hedge.market import Instrument, Tier

LINEAR, INVERSE, DOGE = "BTC/USDT:USDT", "BTC/USD:BTC", "DOGE/USDT:USDT"
BTC, PEPE = "BTC/USDC:USDC", "kPEPE/USDC:USDC"


def instrument(size: str, inverse: bool = False) -> Instrument:
    settle = "BTC" if inverse else "USDT"
    one = Decimal(1)
    return Instrument("okx", LINEAR, "X", "BTC", "USDT", settle, inverse, Decimal(size), one, one)


def row(cap: object, rate: object, leverage: object, floor: object = "0") -> dict[str, Any]:
    return {
        "minNotional": floor,
        "maxNotional": cap,
        "maintenanceMarginRate": rate,
        "maxLeverage": leverage,
        "info": {},
    }


def test_brackets_that_count_contracts_are_worth_what_they_are_at_the_mark() -> None:
    rows = [row("100", "0.004", "100"), row("1000", "0.01", "50", "101")]
    assert brackets_in_contracts(rows, instrument("0.01"), Decimal(60000)) == (
        Tier(Decimal(0), Decimal(60000), Decimal("0.004"), Decimal(0), Decimal(100)),
        Tier(Decimal(60000), Decimal(600000), Decimal("0.01"), Decimal(0), Decimal(50)),
    )
    (first, _) = brackets_in_contracts(rows, instrument("100", inverse=True), Decimal(50000))
    assert first.cap == Decimal("0.2"), "a hundred contracts of 100 USD are 0.2 coins"


def test_each_rate_of_such_brackets_is_that_of_the_whole_position() -> None:
    rows = [row("100", "0.004", "100"), row("1000", "0.01", "50", "101"), row("", "0.1", "5", "1001")]
    tiers = brackets_in_contracts(rows, instrument("0.01"), Decimal(60000))
    assert {tier.maintenance_amount for tier in tiers} == {Decimal(0)}
    assert tiers[-1].cap is None


@pytest.mark.parametrize("rows", [[row("0", "0.01", "5")], [row("5", "0.01", "5"), row("5", "0.02", "5", "6")]])
def test_brackets_that_overlap_are_refused(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(ParseError, match="overlap"):
        brackets_in_contracts(rows, instrument("1"), Decimal(1))
    with pytest.raises(ParseError, match="maintenance rate"):
        brackets_in_contracts([row("5", "0.5", "5")], instrument("1"), Decimal(1))


TABLES = [
    [56, {"marginTiers": [{"lowerBound": "0.0", "maxLeverage": 40}, {"lowerBound": "150000000.0", "maxLeverage": 20}]}]
]


def test_the_maintenance_rate_is_half_of_the_initial_one_at_the_greatest_leverage() -> None:
    low, high = brackets_by_leverage(TABLES, 56, 40)
    assert (low.floor, low.cap, low.maintenance_rate) == (Decimal(0), Decimal(150_000_000), Decimal("0.0125"))
    assert (high.cap, high.maintenance_rate) == (None, Decimal("0.025"))
    edge = Decimal(150_000_000)
    assert edge * low.maintenance_rate == edge * high.maintenance_rate - high.maintenance_amount, "no step between"


def test_a_table_that_is_not_listed_has_one_step() -> None:
    for table in (10, None):
        (only,) = brackets_by_leverage(TABLES, table, "10")
        assert (only.floor, only.cap, only.maintenance_rate) == (Decimal(0), None, Decimal("0.05"))


@pytest.mark.parametrize("leverage", ["0", "-5", "", None, "x"])
def test_no_leverage_is_no_rate(leverage: object) -> None:
    with pytest.raises(ParseError):
        brackets_by_leverage([], 5, leverage)


@pytest.mark.parametrize(
    ("base", "coin", "times"),
    [("kPEPE", "PEPE", 1000), ("kBONK", "BONK", 1000), ("KAS", "KAS", 1), ("KPEPE", "KPEPE", 1), ("k", "k", 1)],
)
def test_thousands_of_hyperliquid(base: str, coin: str, times: int) -> None:
    assert coin_of(base) == (coin, Decimal(times))


def market(**info: str) -> dict[str, Any]:
    limits = {"amount": {"min": "1"}, "cost": {"min": None}}
    names = {"symbol": DOGE, "id": "DOGE-USDT-SWAP", "base": "DOGE", "quote": "USDT", "settle": "USDT"}
    figures = {"contractSize": "100", "precision": {"amount": "1", "price": "0.00001"}, "limits": limits, "taker": None}
    return {**names, **figures, "inverse": False, "active": True, "info": info}


def test_a_contract_of_okx_is_its_value_times_its_multiplier() -> None:
    assert instrument_of("okx", market(ctMult="10"), 5).contract_size == 1000
    assert instrument_of("okx", market(ctMult="1"), 5).contract_size == 100
    for missing in ({}, {"ctMult": ""}, {"ctMult": "0"}):
        with pytest.raises(ParseError, match="ctMult"):
            instrument_of("okx", market(**missing), 5)


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(seed=1, scenario="calm") as exchange:
        yield exchange


async def facts_of(sim: Simulator, venue: str, *symbols: str) -> Facts:
    return await ask(Question(venue, list(symbols), sim.rest_urls[venue], sim.now.wall_ms))


@pytest.mark.xdist_group("ccxt")
async def test_the_facts_of_okx(sim: Simulator) -> None:
    facts = await facts_of(sim, "okx", LINEAR, INVERSE, DOGE, "NOPE/USDT:USDT")
    known = {each.symbol: each for each in facts.instruments}
    assert {symbol: each.contract_size for symbol, each in known.items()} == {
        LINEAR: Decimal("0.01"),
        INVERSE: Decimal(100),
        DOGE: Decimal(1000),
    }
    assert known[INVERSE].inverse
    assert known[LINEAR].native_id == "BTC-USDT-SWAP"
    tiers = {each.symbol: each for each in facts.tiers}
    assert tiers[LINEAR].source.startswith("okx position-tiers at 65")
    first = tiers[LINEAR].tiers[0]
    assert first.cap is not None
    assert abs(first.cap / 60_000 - 1) < Decimal("0.01"), "contracts would be 92"
    (failure,) = facts.failures
    assert failure.symbol == "NOPE/USDT:USDT"
    assert "okx lists no perpetual" in failure.reason
    assert sim.asked.count("/okx/api/v5/public/instruments") == 1, "swaps alone, never options"


@pytest.mark.xdist_group("ccxt")
async def test_the_facts_of_hyperliquid(sim: Simulator) -> None:
    facts = await facts_of(sim, "hyperliquid", BTC, PEPE, "KPEPE/USDC:USDC")
    bitcoin, pepe = facts.instruments
    assert (bitcoin.native_id, bitcoin.contract_size, bitcoin.step, bitcoin.tick) == (
        *("BTC", Decimal(1)),
        *(Decimal("0.00001"), Decimal(1)),
    )
    assert (pepe.native_id, pepe.base, pepe.multiplier) == ("kPEPE", "PEPE", Decimal(1000))
    tiers = {each.symbol: each for each in facts.tiers}
    assert [tier.maintenance_rate for tier in tiers[BTC].tiers] == [Decimal("0.0125"), Decimal("0.025")]
    assert [tier.maintenance_rate for tier in tiers[PEPE].tiers] == [Decimal("0.05")]
    assert tiers[PEPE].source == "hyperliquid margin tables"
    (failure,) = facts.failures
    assert "near it: kPEPE/USDC:USDC" in failure.reason
    assert set(sim.asked) == {"/hyperliquid/info"}


async def history_of(sim: Simulator, venue: str, natives: dict[str, str]) -> History:
    now = sim.now.wall_ms
    since = dict.fromkeys(natives, now - 30 * DAY_MS)
    return await ask_history(HistoryQuestion(venue, natives, list(natives), since, sim.rest_urls[venue], now))


@pytest.mark.xdist_group("ccxt")
async def test_the_past_of_okx_is_whole_although_it_comes_in_hundreds(sim: Simulator) -> None:
    history = await history_of(sim, "okx", {LINEAR: "BTC-USDT-SWAP", "LTC/USDT:USDT": "LTC-USDT-SWAP"})
    assert history.failures == []
    counts = {(each.symbol, each.kind, each.hours): len(each.candles) for each in history.candles}
    assert counts[LINEAR, "trade", 24] == 90
    assert counts[LINEAR, "mark", 1] == counts[LINEAR, "index", 1] == 168
    settled = {each.symbol: each.settlements for each in history.settlements}
    assert (len(settled[LINEAR]), len(settled["LTC/USDT:USDT"])) == (90, 720)
    assert sim.now.wall_ms - settled["LTC/USDT:USDT"][-1].at_ms < HOUR_MS


@pytest.mark.xdist_group("ccxt")
async def test_the_past_of_hyperliquid_is_whole_although_its_pages_begin_with_the_oldest(sim: Simulator) -> None:
    history = await history_of(sim, "hyperliquid", {PEPE: "kPEPE"})
    assert history.failures == []
    candles = {(each.kind, each.hours): each for each in history.candles}
    assert len(candles["trade", 24].candles) == 90
    assert candles["mark", 1].reason == "hyperliquid publishes no mark candles"
    (settled,) = history.settlements
    assert len(settled.settlements) == 720
    assert sim.now.wall_ms - settled.settlements[-1].at_ms < HOUR_MS
    assert all(each.at_ms % HOUR_MS == 0 for each in settled.settlements)
