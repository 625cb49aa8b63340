"""A portfolio on Binance COIN-M and on MEXC, linear and inverse, as `check` and `status` show it from the exchange."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from household import Home

D = Decimal
COIN, LINEAR = "BTC/USD:BTC", "BTC/USDT:USDT"


def short(symbol: str, contracts: str, entry: str) -> dict[str, str]:
    known = {"symbol": symbol, "side": "short", "contracts": contracts, "entry_price": entry}
    return known | {"margin_mode": "cross", "leverage": "3"}


BOOK: dict[str, Any] = {
    "schema": "hedgetui.portfolio/1",
    "name": "Coins",
    "holdings": [{"asset": "BTC", "quantity": "1", "place": "cold wallet"}],
    "accounts": [
        {"id": "coinm", "venue": "binance", "collateral": {"BTC": "0.5"}, "positions": [short(COIN, "325", "65000")]},
        {
            "id": "mexc",
            "venue": "mexc",
            "collateral": {"USDT": "30000", "BTC": "0.2"},
            "positions": [short(LINEAR, "5000", "65000"), short(COIN, "65", "65000")],
        },
    ],
    "policy": {"target": "1"},
}


@pytest.fixture(scope="module")
def found(addresses: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The snapshot of one `status`, and what `check` said."""
    home = Home()
    home.addresses(addresses["urls"], addresses["rest_urls"])
    home.write(BOOK)
    checked = home.run("check", str(home.portfolio))
    assert checked.returncode == 0, checked.stderr
    run = home.run("status", str(home.portfolio), "--json", "--wait", "25")
    assert run.returncode == 0, run.stderr
    yield json.loads(run.stdout) | {"checked": checked.stdout}
    home.close()


def position(found: dict[str, Any], leg: str) -> dict[str, Any]:
    (row,) = [row for row in found["positions"] if row["id"] == f"{leg}/short"]
    return dict(row)


def near(text: str, value: float, within: float = 0.01) -> bool:
    return abs(float(text) / value - 1) < within


def test_check_says_the_contracts_back(found: dict[str, Any]) -> None:
    for words in ("325 contracts of BTC/USD:BTC at binance", "5,000 contracts of BTC/USDT:USDT at mexc"):
        assert words in found["checked"]


@pytest.mark.parametrize(
    ("leg", "feed", "notional", "coins"),
    [
        (f"coinm/{COIN}", "binance-coinm", 32_500, -0.5),
        (f"mexc/{LINEAR}", "mexc-futures", 32_500, -0.5),
        (f"mexc/{COIN}", "mexc-futures", 6_500, -0.1),
    ],
)
def test_each_position_by_its_own_contract_size(
    found: dict[str, Any], leg: str, feed: str, notional: float, coins: float
) -> None:
    row = position(found, leg)
    assert (row["sources"]["mark"], row["sources"]["index"], row["sources"]["funding"]) == (feed, feed, feed)
    assert near(row["mark"], 65_000)
    assert near(row["index"], 65_000)
    assert near(row["notional_usd"], notional)
    assert near(row["coins"], coins)
    assert D(row["funding_rate"]) > 0
    assert near(row["next_funding_usd"], notional * float(row["funding_rate"]), 0.02)
    assert (row["funding_interval_hours"], row["stale"]) == ("8", [])


def test_where_maintenance_and_interval_are_from(found: dict[str, Any]) -> None:
    coin, linear, inverse = (position(found, leg) for leg in (f"coinm/{COIN}", f"mexc/{LINEAR}", f"mexc/{COIN}"))
    assert (coin["maintenance_rate"], coin["sources"]["interval"]) == ("0.0250", "binance fundingInfo")
    assert "assumed" in coin["sources"]["maintenance"]
    for row in (linear, inverse):
        assert row["maintenance_rate"] == "0.004"
        assert row["sources"]["maintenance"].startswith("mexc risk levels at 65")
        assert row["sources"]["interval"] == "mexc funding_rate"
    # A coin-margined short of the value of its own collateral: 0.2 BTC - 6500/65000 + 6500 (1 - m)/P has no end.
    assert (inverse["liquidation_price"], inverse["why"]["liquidation_price"]) == (None, "never")
    # 0.5 BTC - 0.5 BTC + 32500 (1 - 0.025)/P stays above zero.
    assert (coin["liquidation_price"], coin["why"]["liquidation_price"]) == (None, "never")
    assert near(linear["liquidation_price"], (65_000 * 0.5 + 30_000) / (0.5 * 1.004), 0.01)


def test_the_book_is_whole_and_everything_unknown_has_a_reason(found: dict[str, Any]) -> None:
    (bitcoin,) = found["assets"]
    assert near(bitcoin["spot_quantity"], 1.7)
    assert near(bitcoin["hedge_ratio"], 1.1 / 1.7)
    (usdt,) = found["money"]
    assert (usdt["currency"], usdt["assumed"]) == ("USDT", False)
    assert usdt["source"] == "binance BTC index in USD over that in USDT"
    assert near(usdt["usd"], 1.0, 0.001)
    for row in (found["totals"], bitcoin, *found["accounts"], *found["positions"]):
        for name, value in row.items():
            if value is None and name not in ("venue_liquidation_price", "joint_on_rise"):
                assert row["why"].get(name), f"{row.get('id', row.get('asset', 'totals'))}: no reason for {name}"


def test_every_feed_of_it_is_live(found: dict[str, Any]) -> None:
    states = {row["feed"]: row["state"] for row in found["feeds"]}
    expected = {"binance-coinm", "binance-usdm", "mexc-futures", "binance-coinm-rest", "mexc-rest", "mexc-facts"}
    assert {feed: states[feed] for feed in expected} == dict.fromkeys(expected, "live")
