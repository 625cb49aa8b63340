"""Captured messages of Binance COIN-M, MEXC and Bybit spot: what stands in them is what the parsers say."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from test_rest import venue

from feeds import binance, bybit, mexc
from feeds.clean import ParseError
from feeds.facts import Question, ask
from feeds.venue import Ack, Pong
from hedge.market import Funding, FundingInterval, Index, Mark, Spot

WIRE = Path(os.environ.get("HEDGETUI_WIRE", "/nonexistent"))
pytestmark = pytest.mark.skipif(not WIRE.exists(), reason="HEDGETUI_WIRE does not lead to the captured messages")
BTC, COIN = "BTC/USDT:USDT", "BTC/USD:BTC"


def lines(name: str) -> list[str]:
    return [line for line in (WIRE / name).read_text().splitlines() if line.strip()]


def body(name: str) -> bytes:
    return (WIRE / name).read_bytes()


def test_coin_margined_marks() -> None:
    parser = binance.COINM.parser({"BTCUSD_PERP": COIN})
    for line in lines("binance-coinm/mark-price.jsonl"):
        data = msgspec.json.decode(line)["data"]
        mark, index, funding = parser.parse(line, 1)
        assert mark == Mark("binance-coinm", COIN, Decimal(data["p"]), 1, 5_000, data["E"])
        assert index == Index("binance-coinm", COIN, Decimal(data["i"]), 1, 5_000, data["E"])
        assert isinstance(funding, Funding)
        assert (funding.rate, funding.next_ms) == (Decimal(data["r"]), data["T"])


def test_a_dated_contract_has_no_funding() -> None:
    (line,) = lines("binance-coinm/mark-price-dated.jsonl")
    *_, funding = binance.COINM.parser({"BTCUSD_201225": "dated"}).parse(line, 1)
    assert isinstance(funding, Funding)
    assert (funding.rate, funding.next_ms) == (None, None)


@pytest.mark.parametrize("name", ["index-price", "book-ticker"])
def test_other_streams_of_the_family_say_nothing(name: str) -> None:
    for line in lines(f"binance-coinm/{name}.jsonl"):
        assert binance.COINM.parser({"BTCUSD_PERP": COIN, "BTCUSD": COIN}).parse(line, 1) == []


def test_each_family_leaves_the_frames_of_the_other() -> None:
    line = lines("binance-coinm/mark-price.jsonl")[0]
    assert binance.USDM.parser({"BTCUSD_PERP": COIN}).parse(line, 1) == []


def test_coin_margined_intervals() -> None:
    said = binance.COINM_INTERVALS.parse(body("binance-coinm/rest-funding-info.json"), {"BTCUSD_PERP": COIN}, 1)
    assert said == [FundingInterval("binance-coinm", COIN, Decimal(8), "binance fundingInfo", 1)]


def test_mexc_ticker() -> None:
    first, doubtful = lines("mexc/contract-ticker.jsonl")
    data = msgspec.json.decode(first)["data"]
    mark, index = mexc.FUTURES.parser({"BTC_USDT": BTC}).parse(first, 1)
    assert mark == Mark("mexc-futures", BTC, Decimal("76374.4"), 1, 15_000, data["timestamp"])
    assert index == Index("mexc-futures", BTC, Decimal("76385.8"), 1, 15_000, data["timestamp"])
    with pytest.raises(ParseError, match="holds ETH_USDT"):
        mexc.FUTURES.parser({"BTC_USDT": BTC}).parse(doubtful, 1)


def test_mexc_index_mark_and_funding() -> None:
    index_line, mark_line, funding_line, earlier = lines("mexc/contract-index-fair-funding.jsonl")
    parser = mexc.FUTURES.parser({"BTC_USDT": BTC})
    (index,), (mark,) = parser.parse(index_line, 1), parser.parse(mark_line, 1)
    assert index == Index("mexc-futures", BTC, Decimal("76027.1"), 1, 15_000, 1789498540911)
    assert mark == Mark("mexc-futures", BTC, Decimal(75986), 1, 15_000, 1789498540821)
    (funding,) = parser.parse(funding_line, 1)
    assert funding == Funding("mexc-futures", BTC, Decimal("0.000081"), 1789516800000, 1, 120_000, 1789498561049)
    assert parser.parse(earlier, 1) == [], "of an earlier day"
    (exponent,) = mexc.FUTURES.parser({"BTC_USDT": BTC}).parse(earlier, 1)
    assert isinstance(exponent, Funding)
    assert exponent.rate == Decimal("-0.000021")


def test_mexc_control() -> None:
    said = [each for line in lines("mexc/control.jsonl") if "channel" in line for each in say(line)]
    assert said == [Ack(None, False, "Contract [NOPE_USDT] not exists", "NOPE_USDT"), Pong()]
    assert mexc.FUTURES.ping is not None
    assert mexc.FUTURES.ping.text(1) in lines("mexc/control.jsonl")
    assert lines("mexc/control.jsonl")[0] in mexc.FUTURES.subscribe(["BTC_USDT"], 1)


def say(line: str) -> list[Any]:
    return mexc.FUTURES.parser({"BTC_USDT": BTC}).parse(line, 1)


@pytest.mark.parametrize("name", ["contract-tickers", "contract-depth-full", "private-asset", "private-position"])
def test_other_channels_of_mexc_say_nothing(name: str) -> None:
    assert [each for line in lines(f"mexc/{name}.jsonl") for each in say(line)] == []


def test_mexc_anchor() -> None:
    row = msgspec.json.decode(body("mexc/rest-funding-rate-row-2026.json"))
    bulk = msgspec.json.encode({"success": True, "code": 0, "data": [row]})
    interval, funding = mexc.INTERVALS.parse(bulk, {"BTC_USDT": BTC}, 1)
    assert interval == FundingInterval("mexc-futures", BTC, Decimal(8), "mexc funding_rate", 1)
    assert isinstance(funding, Funding)
    assert (funding.rate, funding.next_ms) == (Decimal("0.000067"), row["nextSettleTime"])


def test_bybit_spot() -> None:
    (line,) = lines("bybit/spot-orderbook1.jsonl")
    data = msgspec.json.decode(line)["data"]
    (said,) = bybit.SPOT.parser({"BTCUSDT": "BTC/USDT"}).parse(line, 1)
    assert isinstance(said, Spot)
    assert said.price == (Decimal(data["b"][0][0]) + Decimal(data["a"][0][0])) / 2
    (ticker,) = lines("bybit/spot-tickers.jsonl")
    assert bybit.SPOT.parser({"BTCUSDT": "BTC/USDT"}).parse(ticker, 1) == []


async def test_the_facts_process_reads_the_smallest_bodies_that_ccxt_accepts() -> None:
    def answer(request: web.Request) -> web.Response:
        if request.path == "/api/v3/exchangeInfo":
            return web.Response(body=body("mexc/rest-spot-exchange-info.json"))
        if request.path == "/api/v1/contract/ticker":
            row = {"symbol": request.query["symbol"], "fairPrice": 50000, "lastPrice": 50001, "timestamp": 1}
            return web.json_response({"success": True, "code": 0, "data": row})
        room = "mexc" if "contract" in request.path else "binance-coinm"
        return web.Response(body=body(f"ccxt-minimal/{room}/{request.path.strip('/').replace('/', '_')}.json"))

    async with venue(answer) as (base, _):
        found = await ask(Question("mexc", [BTC, COIN], base, 1))
        coin = await ask(Question("binance", [COIN], base, 1))
    assert found.failures == coin.failures == []
    assert [(each.native_id, each.contract_size) for each in [*found.instruments, *coin.instruments]] == [
        ("BTC_USDT", Decimal("0.0001")),
        ("BTC_USD", Decimal(100)),
        ("BTCUSD_PERP", Decimal(100)),
    ]
    linear, inverse = found.tiers
    assert [tier.cap for tier in linear.tiers[:2]] == [Decimal(50_000), Decimal(1_050_000)]
    assert [tier.cap for tier in inverse.tiers] == [Decimal(2)]
    assert linear.source == "mexc risk levels at 50000"
    assert coin.tiers[0].reason == "binance gives its maintenance tiers only to a key"
