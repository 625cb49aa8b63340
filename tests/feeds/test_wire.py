"""Captured messages of the real venues: what stands in them is what the parsers say."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from test_rest import venue

from feeds.binance import SPOT, USDM, USDM_INTERVALS
from feeds.bybit import INVERSE, LINEAR
from feeds.clean import ParseError
from feeds.facts import Question, ask
from feeds.venue import Ack, Closing, Pong
from hedge.market import Confirmed, Dropped, Funding, FundingInterval, Index, Mark, Spot

WIRE = os.environ.get("HEDGETUI_WIRE")
pytestmark = pytest.mark.skipif(WIRE is None, reason="no captured venue messages: set HEDGETUI_WIRE to their folder")
BTC = "BTC/USDT:USDT"


def lines(name: str) -> list[str]:
    return [line for line in (Path(WIRE or "") / name).read_text().splitlines() if line.strip()]


def by_kind(said: list[Any]) -> dict[str, Any]:
    return {type(each).__name__: each for each in said}


@pytest.mark.parametrize("name", ["mark-price.jsonl", "mark-price-doc.jsonl", "mark-price-array.jsonl"])
def test_binance_marks(name: str) -> None:
    for line in lines(f"binance-usdm/{name}"):
        frame = msgspec.json.decode(line)
        frame = frame.get("data", frame)
        frame = frame[0] if isinstance(frame, list) else frame
        said = by_kind(USDM.parser({"BTCUSDT": BTC}).parse(line, 1))
        assert said["Mark"].price == Decimal(frame["p"])
        assert said["Index"].price == Decimal(frame["i"])
        assert said["Mark"].venue_ms == frame["E"]
        assert said["Funding"].rate == Decimal(frame["r"])
        assert said["Funding"].next_ms == frame["T"]


def test_binance_spot() -> None:
    for line in lines("binance-spot/book-ticker-2021-capture.jsonl") + lines("binance-spot/book-ticker.jsonl"):
        frame = msgspec.json.decode(line)
        frame = frame.get("data", frame)
        said = SPOT.parser({frame["s"]: "X/Y"}).parse(line, 1)
        assert isinstance(said[0], Spot)
        assert said[0].price == (Decimal(frame["b"]) + Decimal(frame["a"])) / 2


def test_binance_control() -> None:
    said = [USDM.parser({}).parse(line, 1) for line in lines("binance-usdm/control.jsonl")]
    kinds = {type(each) for frame in said for each in frame}
    assert kinds == {Ack, Closing}
    assert Ack(1, False, "Invalid request: invalid stream") in [each for frame in said for each in frame]


def test_binance_intervals() -> None:
    body = (Path(WIRE or "") / "binance-usdm/rest-funding-info.json").read_bytes()
    said = USDM_INTERVALS.parse(body, {"BLZUSDT": "BLZ/USDT:USDT", "BTCUSDT": BTC}, 0)
    assert [each.hours for each in said if isinstance(each, FundingInterval)] == [Decimal(8), Decimal(8)]


def test_bybit_snapshot_and_its_delta() -> None:
    snapshot, delta, other, another = lines("bybit/linear-tickers.jsonl")
    parser = LINEAR.parser({"BTCUSDT": BTC})
    data = msgspec.json.decode(snapshot)["data"]
    said = by_kind(parser.parse(snapshot, 1))
    assert said["Mark"].price == Decimal(data["markPrice"])
    assert said["Index"].price == Decimal(data["indexPrice"])
    assert said["Funding"].rate == Decimal(data["fundingRate"])
    assert said["Funding"].next_ms == int(data["nextFundingTime"])
    assert said["FundingInterval"].hours == Decimal(data["fundingIntervalHour"])
    assert "Dropped" not in said
    found = parser.parse(delta, 2)
    price = Decimal(msgspec.json.decode(delta)["data"]["indexPrice"])
    assert [type(each) for each in found] == [Index, Confirmed]
    assert isinstance(found[0], Index)
    assert found[0].price == price
    for line in (other, another):
        assert LINEAR.parser({"BTCUSDT": BTC}).parse(line, 1) == []


@pytest.mark.parametrize(
    ("name", "feed", "native"),
    [("bybit/inverse-tickers.jsonl", INVERSE, "BTCUSD"), ("bybit/linear-tickers-fixture.jsonl", LINEAR, "BTCUSDT")],
)
def test_bybit_snapshots(name: str, feed: Any, native: str) -> None:
    for line in lines(name):
        data = msgspec.json.decode(line)["data"]
        said = feed.parser({native: "X"}).parse(line, 1)
        kinds = by_kind(said)
        assert kinds.keys() == {"Mark", "Index", "Funding", "FundingInterval", "Confirmed"}
        assert kinds["Mark"].price == Decimal(data["markPrice"])
        assert kinds["Funding"].rate == Decimal(data["fundingRate"])


def test_bybit_control() -> None:
    said = [each for line in lines("bybit/control.jsonl") for each in LINEAR.parser({}).parse(line, 1)]
    assert Pong() in said
    assert [each.accepted for each in said if isinstance(each, Ack)] == [True, True, False]


def test_every_captured_frame_of_every_venue_is_read_or_refused() -> None:
    parsers = [(feed, {"BTCUSDT": BTC, "BTCUSD": "BTC/USD:BTC"}) for feed in (USDM, SPOT, LINEAR, INVERSE)]
    for path in Path(WIRE or "").glob("*/*.jsonl"):
        for line in path.read_text().splitlines():
            for feed, symbols in parsers:
                try:
                    said = feed.parser(symbols).parse(line, 1)
                except ParseError:
                    continue
                known = Mark | Index | Spot | Funding | FundingInterval | Confirmed | Dropped | Ack | Pong | Closing
                assert all(isinstance(each, known) for each in said)


def body(name: str) -> bytes:
    return (Path(WIRE or "") / "ccxt-minimal" / name).read_bytes()


async def test_the_facts_process_reads_the_smallest_bodies_that_ccxt_accepts() -> None:
    def answer(request: web.Request) -> web.Response:
        if request.path == "/fapi/v1/exchangeInfo":
            return web.Response(body=body("binance-usdm/fapi_v1_exchangeInfo.json"))
        if request.query.get("status") == "PreLaunch":
            return web.Response(body=body("bybit/v5_market_instruments-info.category-option.json"))
        name = request.path.strip("/").replace("/", "_")
        return web.Response(body=body(f"bybit/{name}.category-{request.query['category']}.json"))

    async with venue(answer) as (base, _):
        binance = await ask(Question("binance", [BTC], base, 1))
        bybit = await ask(Question("bybit", [BTC, "BTC/USD:BTC"], base, 1))
    assert binance.failures == bybit.failures == []
    assert [each.native_id for each in [*binance.instruments, *bybit.instruments]] == ["BTCUSDT", "BTCUSDT", "BTCUSD"]
    assert [each.tiers[0].maintenance_rate for each in bybit.tiers] == [Decimal("0.005")] * 2
