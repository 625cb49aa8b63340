"""Captured messages of BingX and WEEX: what stands in them is what their parsers say."""

from __future__ import annotations

import gzip
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from test_rest import venue

from feeds import bingx, weex
from feeds.clean import ParseError
from feeds.facts import Question, ask
from feeds.venue import Ack, Pong, Reply
from hedge.market import Dropped, Funding, FundingInterval, Index, Mark

WIRE = Path(os.environ.get("HEDGETUI_WIRE", "/nonexistent"))
pytestmark = pytest.mark.skipif(not WIRE.exists(), reason="HEDGETUI_WIRE does not lead to the captured messages")
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


def lines(name: str) -> list[str]:
    return [line for line in (WIRE / name).read_text().splitlines() if line.strip()]


def body(name: str) -> bytes:
    return (WIRE / name).read_bytes()


def test_bingx_marks() -> None:
    parser = bingx.SWAP.parser({"BTC-USDT": BTC, "ETH-USDT": ETH})
    for native in ("BTC-USDT", "ETH-USDT"):
        ack = {"id": bingx.topic_id(native), "code": 0, "msg": "", "dataType": "", "data": None}
        parser.parse(gzip.compress(msgspec.json.encode(ack)), 1)
    for line in lines("bingx/swap-mark-price.jsonl"):
        data = msgspec.json.decode(line)["data"]
        (said,) = parser.parse(gzip.compress(line.encode()), 1)
        assert isinstance(said, Mark)
        assert (said.symbol.partition("/")[0], said.price, said.venue_ms) == (
            data["s"].partition("-")[0],
            Decimal(data["p"]),
            data["E"],
        )


def test_bingx_control() -> None:
    accepted, refused, nameless, ping = (lines("bingx/control.jsonl")[place] for place in (1, 2, 3, 4))
    parser = bingx.SWAP.parser({"BTC-USDT": BTC})
    for line in (accepted, refused):
        answer = msgspec.json.decode(line)
        said = parser.parse(msgspec.json.encode(answer | {"id": bingx.topic_id("BTC-USDT")}).decode(), 1)
        assert isinstance(said[0], Ack)
        assert said[0].accepted is (answer["code"] == 0)
        assert parser.parse(line, 1) == [], "an id that is not ours"
    assert parser.parse(nameless, 1) == []
    (reply,) = parser.parse(ping, 1)
    assert isinstance(reply, Reply)
    assert msgspec.json.decode(reply.text) == msgspec.json.decode(lines("bingx/control.jsonl")[5])


@pytest.mark.parametrize(
    "name", ["bingx/rest-premium-index.json", "ccxt-minimal/bingx/openApi_swap_v2_quote_premiumIndex.json"]
)
def test_bingx_list(name: str) -> None:
    data = msgspec.json.decode(body(name))["data"]
    row = data[0] if isinstance(data, list) else data
    index, funding, *interval = bingx.anchors(body(name), {"BTC-USDT": BTC}, 1)
    assert isinstance(index, Index)
    assert isinstance(funding, Funding)
    assert index.price == Decimal(row["indexPrice"])
    assert (funding.rate, funding.next_ms) == (Decimal(row["lastFundingRate"]), row["nextFundingTime"])
    assert [each.hours for each in interval if isinstance(each, FundingInterval)] == (
        [Decimal(row["fundingIntervalHours"])] if "fundingIntervalHours" in row else []
    )


def test_weex_tickers() -> None:
    for line in lines("weex/contract-ticker.jsonl"):
        frame = msgspec.json.decode(line)
        mark, index = weex.CONTRACT.parser({"BTCUSDT": BTC, "ETHUSDT": ETH}).parse(line, 1)
        assert isinstance(mark, Mark)
        assert isinstance(index, Index)
        assert (mark.price, index.price) == (Decimal(frame["d"][0]["m"]), Decimal(frame["d"][0]["i"]))
        assert mark.venue_ms == index.venue_ms == frame["E"]


def test_weex_control() -> None:
    parser = weex.CONTRACT.parser({"BTCUSDT": BTC})
    said: list[Any] = [each for line in lines("weex/control.jsonl") for each in parser.parse(line, 1)]
    assert [each.accepted for each in said if isinstance(each, Ack)] == [True, True, False, False, False]
    assert [each.request for each in said if isinstance(each, Ack)] == [1, 109, 101, 102, 103]
    assert sum(isinstance(each, Reply) for each in said) == 1
    assert not any(isinstance(each, Pong) for each in said), "their sample's ping has an id of a subscription's"


@pytest.mark.parametrize("name", ["weex/rest-premium-index.json", "ccxt-minimal/weex/capi_v3_market_premiumIndex.json"])
def test_weex_list(name: str) -> None:
    (row,) = msgspec.json.decode(body(name))
    funding, interval = weex.anchors(body(name), {"BTCUSDT": BTC}, 1)
    assert isinstance(funding, Funding)
    assert isinstance(interval, FundingInterval)
    assert (funding.rate, funding.next_ms) == (Decimal(row["forecastFundingRate"]), row["nextFundingTime"])
    assert interval.hours == Decimal(row["collectCycle"]) / 60


async def test_the_facts_process_reads_the_smallest_bodies_that_ccxt_accepts() -> None:
    def answer(request: web.Request) -> web.Response:
        if request.path == "/api/v3/exchangeInfo":
            return web.Response(body=body("weex/rest-spot-exchange-info.json"))
        room = "weex" if request.path.startswith("/capi") else "bingx"
        return web.Response(body=body(f"ccxt-minimal/{room}/{request.path.strip('/').replace('/', '_')}.json"))

    async with venue(answer) as (base, _):
        found = [await ask(Question(name, [BTC], base, 1)) for name in ("bingx", "weex")]
    for facts in found:
        assert facts.failures == []
        assert [(each.native_id.replace("-", ""), each.contract_size) for each in facts.instruments] == [("BTCUSDT", 1)]
        assert facts.instruments[0].step == Decimal("0.0001")


def test_every_captured_frame_of_every_venue_is_read_or_refused() -> None:
    known = Mark | Index | Dropped | Ack | Pong | Reply
    for path in sorted(WIRE.glob("*/*.jsonl")):
        for line in path.read_text().splitlines():
            for frame in (line, line.encode(), gzip.compress(line.encode())):
                for feed, native in ((bingx.SWAP, "BTC-USDT"), (weex.CONTRACT, "BTCUSDT")):
                    try:
                        said = feed.parser({native: BTC}).parse(frame, 1)
                    except ParseError:
                        continue
                    assert all(isinstance(each, known) for each in said), path.name
