"""What a coin is behind its symbol, and what a bracket may look like."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from feeds.clean import ParseError
from feeds.contracts import (
    HOUR_MS,
    brackets_in_contracts,
    candles_of,
    coin_of,
    family_of,
    instrument_of,
    levels_of,
    tiers_of,
)
from hedge.market import Instrument, Tier


@pytest.mark.parametrize(
    ("base", "coin", "multiplier"),
    [
        ("BTC", "BTC", 1),
        ("1INCH", "1INCH", 1),
        ("100X", "100X", 1),
        ("1000PEPE", "PEPE", 1000),
        ("1000X", "X", 1000),
        ("10000LADYS", "LADYS", 10_000),
        ("1000000MOG", "MOG", 1_000_000),
        ("1000币安人生", "币安人生", 1000),
        ("1MBABYDOGE", "BABYDOGE", 1_000_000),
        ("1MX", "1MX", 1),
        ("SHIB1000", "SHIB", 1000),
        ("1000", "1000", 1),
        ("SPX6900", "SPX6900", 1),
        ("0G", "0G", 1),
    ],
)
def test_coins_and_multipliers(base: str, coin: str, multiplier: int) -> None:
    assert coin_of(base) == (coin, Decimal(multiplier))


def test_families() -> None:
    assert family_of("BTC/USDT:USDT") == "linear"
    assert family_of("BTC/USD:BTC") == "inverse"


def market(**more: Any) -> dict[str, Any]:
    return {
        "id": "1000PEPEUSDT",
        "symbol": "1000PEPE/USDT:USDT",
        "base": "1000PEPE",
        "quote": "USDT",
        "settle": "USDT",
        "inverse": False,
        "contractSize": "1",
        "precision": {"amount": "1", "price": "1e-07"},
        "limits": {"amount": {"min": "1"}, "cost": {"min": "5"}},
        "taker": 0.0005,
        "active": True,
        "info": {"maintMarginPercent": "2.5000"},
    } | more


def test_an_instrument_of_a_multiplied_coin() -> None:
    found = instrument_of("binance", market(), 7)
    assert (found.base, found.multiplier, found.contract_size) == ("PEPE", Decimal(1000), Decimal(1))
    assert (found.step, found.tick, found.taker_fee) == (Decimal(1), Decimal("1E-7"), Decimal("0.0005"))
    assert found.maintenance_rate == Decimal("0.025")
    assert found.at_ms == 7


def test_bybit_counts_inverse_contracts_in_dollars_whatever_its_smallest_order() -> None:
    inverse = market(base="ETH", quote="USD", settle="ETH", inverse=True, contractSize="10", info={})
    found = instrument_of("bybit", inverse, 0)
    assert found.contract_size == 1
    assert found.maintenance_rate is None


@pytest.mark.parametrize(
    "more",
    [
        {"contractSize": None},
        {"contractSize": "0"},
        {"precision": {"amount": None, "price": None}},
        {"precision": {"amount": "NaN", "price": "1"}},
        {"taker": "lots"},
    ],
)
def test_an_instrument_without_its_size_is_none(more: dict[str, Any]) -> None:
    with pytest.raises(ParseError):
        instrument_of("binance", market(**more), 0)


def levels(**more: Any) -> dict[str, Any]:
    """MEXC's own row, with JSON numbers as ccxt hands them on."""
    return {
        "riskBaseVol": 10000,
        "riskIncrVol": 200000,
        "riskIncrMmr": 0.004,
        "riskIncrImr": 0.008,
        "riskLevelLimit": 3,
        "maintenanceMarginRate": 0.004,
        "initialMarginRate": 0.008,
        "riskLimitType": "BY_VOLUME",
    } | more


def on_mexc(**more: Any) -> Instrument:
    return instrument_of("mexc", market(info={}, contractSize="0.0001") | more, 0)


def test_the_first_risk_level_is_as_wide_as_it_says_and_each_holds_for_the_whole_position() -> None:
    tiers = brackets_in_contracts(levels_of(levels()), on_mexc(), Decimal(50_000))
    assert [tier.cap for tier in tiers] == [Decimal(50_000), Decimal(1_050_000), Decimal(2_050_000)]
    assert [tier.floor for tier in tiers[1:]] == [tier.cap for tier in tiers[:-1]]
    assert [tier.maintenance_rate for tier in tiers] == [Decimal("0.004"), Decimal("0.008"), Decimal("0.012")]
    assert [tier.max_leverage for tier in tiers] == [Decimal(125), Decimal("62.5"), Decimal("41.6667")]
    assert {tier.maintenance_amount for tier in tiers} == {Decimal(0)}


def test_risk_levels_of_a_contract_in_dollars_are_worth_coins() -> None:
    inverse = on_mexc(inverse=True, contractSize="100", quote="USD", settle="BTC")
    tiers = brackets_in_contracts(levels_of(levels(riskBaseVol=1000)), inverse, Decimal(50_000))
    assert tiers[0].cap == Decimal(2)


def test_one_level_without_steps_and_levels_of_its_own() -> None:
    assert [row["maxNotional"] for row in levels_of(levels(riskIncrVol=0))] == [Decimal(10000)]
    own = [
        {"level": 2, "maxVol": 900, "mmr": 0.01, "imr": 0.02, "maxLeverage": 50},
        {"level": 1, "maxVol": 100, "mmr": 0.005, "imr": 0.01, "maxLeverage": 100},
    ]
    assert [row["maxNotional"] for row in levels_of(levels(riskLimitCustom=own))] == [Decimal(100), Decimal(900)]


@pytest.mark.parametrize(
    "more",
    [
        {"riskLimitType": "BY_VALUE"},
        {"riskBaseVol": 0},
        {"riskBaseVol": None},
        {"maintenanceMarginRate": None},
        {"initialMarginRate": 0},
        {"riskIncrVol": -1},
        {"riskLevelLimit": 0},
        {"riskIncrVol": "many"},
    ],
)
def test_risk_levels_that_count_something_else_are_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ParseError):
        levels_of(levels(**more))


def row(floor: str, cap: str, rate: str, leverage: str, **info: str) -> dict[str, Any]:
    names = ("minNotional", "maxNotional", "maintenanceMarginRate", "maxLeverage")
    return dict(zip(names, (floor, cap, rate, leverage), strict=True)) | {"info": info}


def test_brackets_with_and_without_their_amount_are_the_same() -> None:
    said = [row("0", "1000", "0.01", "50", mmDeduction=""), row("1000", "5000", "0.02", "25", mmDeduction="10")]
    unsaid = [row("0", "1000", "0.01", "50"), row("1000", "5000", "0.02", "25")]
    assert tiers_of(said) == tiers_of(unsaid)
    assert tiers_of(said)[1] == Tier(Decimal(1000), Decimal(5000), Decimal("0.02"), Decimal(10), Decimal(25))


@pytest.mark.parametrize("rate", ["0.5", "1", "0", "-0.01", "", "x"])
def test_a_maintenance_rate_above_the_initial_one_is_a_wrong_unit(rate: str) -> None:
    with pytest.raises(ParseError):
        tiers_of([row("0", "1000", rate, "50")])


@pytest.mark.parametrize("late_ms", [0, 1, HOUR_MS - 1])
def test_an_hourly_candle_dated_by_its_end_keeps_its_begin(late_ms: int) -> None:
    rows = [[hour * HOUR_MS + late_ms, "1", "1", "1", str(hour), "0"] for hour in (500_000, 500_001, 500_002)]
    found = candles_of(rows, 1, 500_002 * HOUR_MS + 60_000)
    assert [(each.start_ms, each.close) for each in found] == [(hour * HOUR_MS, hour) for hour in (500_000, 500_001)]
