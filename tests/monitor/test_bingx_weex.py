"""A book on BingX and WEEX by the real program: said back by `check`, counted by `status`, every unknown explained."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from desk import edited
from household import Home
from shell import Shell

BINGX: dict[str, Any] = {
    "id": "bx",
    "venue": "bingx",
    "collateral": {"USDT": "9000"},
    "positions": [
        {
            "symbol": "BTC/USDT:USDT",
            "side": "short",
            "contracts": "0.25",
            "entry_price": "66000",
            "margin_mode": "cross",
        },
        {
            "symbol": "1000PEPE/USDT:USDT",
            "side": "short",
            "contracts": "45000",
            "margin_mode": "isolated",
            "leverage": "2",
            "maintenance_margin_rate": "0.02",
        },
    ],
}
WEEX: dict[str, Any] = {
    "id": "wx",
    "venue": "weex",
    "collateral": {"USDT": "6000"},
    "positions": [
        {"symbol": "ETH/USDT:USDT", "side": "short", "contracts": "4", "entry_price": "3600", "margin_mode": "cross"},
        {
            "symbol": "ADA/USDT:USDT",
            "side": "short",
            "contracts": "2000",
            "margin_mode": "isolated",
            "leverage": "2",
            "maintenance_margin_rate": "0.01",
        },
    ],
}
HELD = {"BTC": "0.5", "PEPE": "90000000", "ETH": "8", "ADA": "4000"}


@pytest.fixture
def booked(connected: Home) -> Home:
    """A home whose book hedges half of four coins on the two venues."""
    holdings = [{"asset": asset, "quantity": held, "place": "cold wallet"} for asset, held in HELD.items()]
    connected.write(edited(holdings=holdings, accounts=[BINGX, WEEX]))
    return connected


def test_check_says_the_book_back(booked: Home, capsys: pytest.CaptureFixture[str]) -> None:
    found = Shell(booked, capsys)("check", str(booked.portfolio))
    assert found.code == 0, found.err
    assert "4 positions in 2 accounts" in found.out
    assert "hedged by a short of 4 ETH at weex" in found.out
    assert "hedged by a short of 45,000 contracts of 1000PEPE/USDT:USDT at bingx" in found.out


@pytest.mark.parametrize("symbol", ["BTC/USD:BTC", "BTC/USDT:USDT-261225"])
def test_check_refuses_what_neither_carries(connected: Home, capsys: pytest.CaptureFixture[str], symbol: str) -> None:
    position = {"symbol": symbol, "side": "short", "contracts": "10", "entry_price": "65000", "margin_mode": "cross"}
    for venue in ("bingx", "weex"):
        account = {"id": "a", "venue": venue, "collateral": {"BTC": "1"}, "positions": [position]}
        connected.write(edited(accounts=[account]))
        found = Shell(connected, capsys)("check", str(connected.portfolio))
        assert found.code == 2
        assert symbol in found.err


def test_status_counts_it_and_explains_what_it_cannot(booked: Home, capsys: pytest.CaptureFixture[str]) -> None:
    found = Shell(booked, capsys)("status", str(booked.portfolio), "--json")
    assert found.code == 0, found.err
    rows = {row["id"]: row for row in found.json["positions"]}
    btc, pepe = rows["bx/BTC/USDT:USDT/short"], rows["bx/1000PEPE/USDT:USDT/short"]
    eth, ada = rows["wx/ETH/USDT:USDT/short"], rows["wx/ADA/USDT:USDT/short"]
    assert [Decimal(row["coins"]) for row in (btc, pepe, eth, ada)] == [Decimal("-0.25"), -45_000_000, -4, -2000]
    for row in rows.values():
        assert row["stale"] == []
        assert abs(Decimal(row["mark"]) / Decimal(row["index"]) - 1) < Decimal("0.01")
        assert abs(Decimal(row["basis_pct"])) < Decimal("0.01")
        assert row["funding_rate"] is not None
        unexplained = {name for name, value in row.items() if value is None} - row["why"].keys()
        assert unexplained <= {"venue_liquidation_price"}, "which the file may state, and nobody else"
    for asset in found.json["assets"]:
        assert Decimal(asset["hedge_ratio"]) == Decimal("0.5"), asset["asset"]
    assert eth["notional_usd"] is not None
    assert Decimal(eth["notional_usd"]) / (4 * Decimal(eth["mark"])) - 1 < Decimal("0.001"), "coins, not contractVal"
    assert (pepe["funding_interval_hours"], btc["funding_interval_hours"]) == ("4", "8")
    assert Decimal(eth["basis_pct"]) == pytest.approx(Decimal(eth["mark"]) / Decimal(eth["index"]) - 1)
    assert btc["sources"]["basis"] == "the mark that came with the index"
    assert (btc["sources"]["interval"], eth["sources"]["interval"]) == ("bingx premiumIndex", "weex premiumIndex")
    assert "bingx gives its maintenance tiers only to a key" in btc["why"]["maintenance_rate"]
    assert "weex publishes no maintenance tiers" in eth["why"]["maintenance_rate"]
    assert ada["why"]["next_funding"] == "the venue has not said when it pays next"
    assert pepe["liquidation_price"] is not None
    assert ada["liquidation_price"] is not None
    feeds = {row["feed"]: row["state"] for row in found.json["feeds"]}
    assert {feeds[name] for name in ("bingx-swap", "weex-contract", "bingx-rest", "weex-rest")} == {"live"}
