"""Captured frames of Binance COIN-M, MEXC and Bybit spot, over sockets on the recorded clock, into the snapshot."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from test_engine_playback import WIRE, book, iso, lines, needs, seen

COINM = WIRE / "binance-coinm" / "mark-price.jsonl"
MEXC = WIRE / "mexc" / "contract-index-fair-funding.jsonl"
TICKER = WIRE / "mexc" / "contract-ticker.jsonl"
ROW = WIRE / "mexc" / "rest-funding-rate-row-2026.json"


@needs(COINM)
@pytest.mark.parametrize("line", lines(COINM), ids=lambda line: str(json.loads(line)["data"]["E"]))
async def test_each_captured_coin_margined_mark_stands_in_the_snapshot(line: str) -> None:
    data = json.loads(line)["data"]
    snapshot = await seen(
        "binance-coinm",
        [line],
        book("binance", "BTC/USD:BTC", "BTC"),
        data["E"],
        lambda row: row.mark is not None and row.funding_interval_hours is not None,
    )
    row = snapshot.positions[0]
    assert (row.mark, row.index) == (Decimal(data["p"]), Decimal(data["i"]))
    assert (row.funding_rate, row.next_funding) == (Decimal(data["r"]), iso(data["T"]))
    assert row.funding_interval_hours == 8
    assert row.stale == ()


@needs(MEXC)
async def test_captured_channels_of_mexc_stand_joined_in_the_snapshot() -> None:
    index, mark, funding, _ = lines(MEXC)
    row_2026 = json.loads(ROW.read_text())
    rest = {"mexc": {"/api/v1/contract/funding_rate": {"success": True, "code": 0, "data": [row_2026]}}}
    snapshot = await seen(
        "mexc-futures",
        [index, mark, funding],
        book("mexc", "BTC/USDT:USDT"),
        json.loads(funding)["ts"],
        lambda row: row.funding_rate == Decimal("0.000081") and row.funding_interval_hours is not None,
        rest,
    )
    row = snapshot.positions[0]
    assert (row.mark, row.index) == (Decimal(75986), Decimal("76027.1"))
    assert row.next_funding == iso(1789516800000)
    assert (row.funding_interval_hours, row.sources["interval"]) == (8, "mexc funding_rate")
    assert row.stale == ()


@needs(TICKER)
async def test_a_captured_ticker_of_mexc_alone_gives_mark_and_index() -> None:
    line = lines(TICKER)[0]
    data = json.loads(line)["data"]
    snapshot = await seen(
        "mexc-futures",
        [line],
        book("mexc", "BTC/USDT:USDT"),
        data["timestamp"],
        lambda row: row.mark is not None and row.index is not None,
    )
    row = snapshot.positions[0]
    assert (row.mark, row.index) == (Decimal("76374.4"), Decimal("76385.8"))
    assert row.funding_rate is None
    assert row.why["funding_rate"]
