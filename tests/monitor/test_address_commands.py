"""`check` and `status` of books with accounts on OKX and Hyperliquid, by file and by public address."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from household import Home
from shell import Shell

USER = "0x" + "5a" * 20
BY_ADDRESS = {"id": "hl", "venue": "hyperliquid", "address": USER}
ON_OKX = {
    "id": "okx",
    "venue": "okx",
    "as_of": "2026-11-20",
    "collateral": {"USDT": "40000"},
    "positions": [
        {
            "symbol": "DOGE/USDT:USDT",
            "side": "short",
            "contracts": "100",
            "entry_price": "0.158",
            "margin_mode": "isolated",
            "margin": "7900",
        }
    ],
}


def book(*accounts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    holdings = [{"asset": "BTC", "quantity": "0.5"}, {"asset": "ETH", "quantity": "8"}]
    holdings += [{"asset": "DOGE", "quantity": "100000"}]
    document = {"schema": "hedgetui.portfolio/1", "name": "Desk", "holdings": holdings, "accounts": list(accounts)}
    return document | changes


def test_check_says_what_is_read_by_address(shell: Shell) -> None:
    shell.home.write(book(BY_ADDRESS, ON_OKX))
    run = shell("check", str(shell.home.portfolio))
    assert (run.code, run.err) == (0, "")
    assert "What hl holds is read from hyperliquid by its address 0x5a5a…5a5a, without a key." in run.out
    assert "a short of 100 contracts of DOGE/USDT:USDT at okx" in run.out


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ({**BY_ADDRESS, "address": "0x5a"}, 'accounts[0].address: found "0x5a"; write the public address'),
        ({**BY_ADDRESS, "venue": "okx"}, "only hyperliquid can be read by address"),
        ({**BY_ADDRESS, "collateral": {"USDC": "1"}}, "it is read from hyperliquid by the address; take it out"),
        ({**ON_OKX, "venue": "hyperliquid"}, "no feed of this version carries DOGE/USDT:USDT of hyperliquid"),
    ],
)
def test_check_refuses_what_cannot_be_read(shell: Shell, account: dict[str, Any], words: str) -> None:
    shell.home.write(book(account))
    run = shell("check", str(shell.home.portfolio))
    assert run.code == 2
    assert words in run.err


@pytest.mark.xdist_group("ccxt")
def test_status_waits_for_the_positions_of_an_address(connected: Home, capsys: pytest.CaptureFixture[str]) -> None:
    connected.write(book(BY_ADDRESS, ON_OKX))
    run = Shell(connected, capsys)("status", str(connected.portfolio), "--json", "--wait", "40")
    assert (run.code, run.err) == (0, "")
    positions = {row["id"]: row for row in run.json["positions"]}
    assert set(positions) == {"hl/BTC/USDC:USDC/short", "hl/ETH/USDC:USDC/short", "okx/DOGE/USDT:USDT/short"}
    bitcoin, dogecoin = positions["hl/BTC/USDC:USDC/short"], positions["okx/DOGE/USDT:USDT/short"]
    assert bitcoin["sources"]["position"] == "hyperliquid-positions"
    assert bitcoin["ages"]["position"] < 15
    assert Decimal(dogecoin["coins"]) == -100_000, "a hundred contracts of a hundred coins, ten times"
    ratios = {row["asset"]: Decimal(row["hedge_ratio"]) for row in run.json["assets"]}
    assert ratios == {"BTC": 1, "ETH": 1, "DOGE": 1}
    accounts = {row["id"]: row for row in run.json["accounts"]}
    assert abs(Decimal(accounts["hl"]["equity_usd"]) - 40_000) < 2_000
    assert accounts["hl"]["as_of"] > "2026"


def test_without_a_network_the_positions_are_unknown_and_the_reason_is_said(shell: Shell) -> None:
    shell.home.write(book(BY_ADDRESS))
    run = shell("status", str(shell.home.portfolio), "--json", "--wait", "2")
    assert run.code == 3
    assert "hyperliquid-positions" in run.err
    assert all(row["hedge_usd"] is None for row in run.json["assets"])
    assert run.json["accounts"][0]["equity_usd"] is None
    assert "not read from hyperliquid yet" in run.json["accounts"][0]["why"]["equity_usd"]
