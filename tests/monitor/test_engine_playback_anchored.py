"""Messages that BingX and WEEX really sent, over loopback: frames by socket, and the list that anchors them by HTTP."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal

import pytest
from test_engine_playback import WIRE, book, iso, lines, needs, seen

MARKS = WIRE / "bingx" / "swap-mark-price.jsonl"
TICKERS = WIRE / "weex" / "contract-ticker.jsonl"
BINGX_LIST = WIRE / "bingx" / "rest-premium-index.json"
WEEX_LIST = WIRE / "weex" / "rest-premium-index.json"


@needs(MARKS)
@pytest.mark.parametrize("line", lines(MARKS), ids=lambda line: str(json.loads(line)["data"]["E"]))
async def test_each_captured_bingx_mark_stands_in_the_snapshot(line: str) -> None:
    data, row_of = json.loads(line)["data"], json.loads(BINGX_LIST.read_text())
    row_of["data"]["symbol"] = data["s"]
    snapshot = await seen(
        "bingx-swap",
        [gzip.compress(line.encode())],
        book("bingx", f"{data['s'].replace('-', '/')}:USDT"),
        data["E"],
        lambda row: row.mark is not None and row.index is not None,
        {"bingx": {"/openApi/swap/v2/quote/premiumIndex": row_of}},
    )
    row, listed = snapshot.positions[0], row_of["data"]
    assert row.mark == Decimal(data["p"])
    assert row.index == Decimal(listed["indexPrice"])
    assert row.funding_rate == Decimal(listed["lastFundingRate"])
    assert row.next_funding == iso(listed["nextFundingTime"])
    assert row.sources["interval"] == "assumed: 8 h, as the venue has not said"
    assert row.stale == ()


@needs(TICKERS)
@pytest.mark.parametrize("line", lines(TICKERS), ids=lambda line: str(json.loads(line)["E"]))
async def test_each_captured_weex_ticker_stands_in_the_snapshot(line: str) -> None:
    frame, (listed,) = json.loads(line), json.loads(WEEX_LIST.read_text())
    (data,), listed["symbol"] = frame["d"], frame["s"]
    snapshot = await seen(
        "weex-contract",
        [line],
        book("weex", f"{frame['s'].removesuffix('USDT')}/USDT:USDT"),
        frame["E"],
        lambda row: row.mark is not None and row.funding_rate is not None,
        {"weex": {"/capi/v3/market/premiumIndex": [listed]}},
    )
    row = snapshot.positions[0]
    assert row.mark == Decimal(data["m"])
    assert row.index == Decimal(data["i"])
    assert row.funding_rate == Decimal(listed["forecastFundingRate"])
    assert row.next_funding == iso(listed["nextFundingTime"])
    assert row.funding_interval_hours == Decimal(listed["collectCycle"]) / 60
    assert row.sources["interval"] == "weex premiumIndex"
    assert row.stale == ()
