"""Captured messages of OKX and Hyperliquid: what stands in them is what their parsers say."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from test_rest import venue

from feeds.facts import Question, ask
from feeds.hyperliquid import HYPERLIQUID
from feeds.okx import OKX
from feeds.venue import Ack, Pong
from hedge.market import Funding, FundingInterval, Index, Mark

WIRE = Path(os.environ.get("HEDGETUI_WIRE", "/nonexistent"))
pytestmark = pytest.mark.skipif(not WIRE.exists(), reason="HEDGETUI_WIRE does not lead to the captured messages")
LINEAR, INVERSE, BTC, ETH = "BTC/USDT:USDT", "BTC/USD:BTC", "BTC/USDC:USDC", "ETH/USDC:USDC"


def lines(name: str) -> list[str]:
    return [line for line in (WIRE / name).read_text().splitlines() if line.strip()]


def by_kind(said: list[Any]) -> dict[type, Any]:
    return {type(each): each for each in said}


def test_okx_mark_and_funding() -> None:
    parser = OKX.parser({"BTC-USDT-SWAP": LINEAR})
    mark_line, funding_line = lines("okx/funding-mark.jsonl")
    (row,) = msgspec.json.decode(mark_line)["data"]
    mark = by_kind(parser.parse(mark_line, 1))[Mark]
    assert (mark.symbol, mark.price, mark.venue_ms) == (LINEAR, Decimal(row["markPx"]), int(row["ts"]))
    (row,) = msgspec.json.decode(funding_line)["data"]
    said = by_kind(parser.parse(funding_line, 1))
    assert (said[Funding].rate, said[Funding].next_ms) == (Decimal(row["fundingRate"]), int(row["fundingTime"]))
    assert said[FundingInterval].hours == 8
    assert row["nextFundingRate"] == ""


def test_okx_funding_whose_next_rate_is_stated() -> None:
    frame = lines("okx/fixtures.jsonl")[0]
    (row,) = msgspec.json.decode(frame)["data"]
    said = by_kind(OKX.parser({"BTC-USDT-SWAP": LINEAR}).parse(frame, 1))
    assert said[Funding].rate == Decimal(row["fundingRate"]) != Decimal(row["nextFundingRate"])
    assert said[FundingInterval].hours == 8


def test_okx_answers_of_2022() -> None:
    """Requests stand between them; the channels are others, their shape is the same."""
    parser = OKX.parser({"UNI-USD-SWAP": "UNI/USD:UNI"})
    said = [each for line in lines("okx/subscribe-ack-ticker-2022-capture.jsonl") for each in parser.parse(line, 1)]
    assert said
    assert set(said) == {Ack(None, True, native="UNI-USD-SWAP")}


def test_hyperliquid_context() -> None:
    (line,) = lines("hyperliquid/active-asset-ctx.jsonl")
    context = msgspec.json.decode(line)["data"]["ctx"]
    said = by_kind(HYPERLIQUID.parser({"BTC": BTC}).parse(line, 1))
    assert said[Mark].price == Decimal(context["markPx"])
    assert said[Index].price == Decimal(context["oraclePx"])
    assert said[Funding].rate == Decimal(context["funding"])
    assert said[FundingInterval].hours == 1


def test_hyperliquid_control() -> None:
    request, confirmed, ping, pong, twice = lines("hyperliquid/control.jsonl")
    parser = HYPERLIQUID.parser({"BTC": BTC})
    assert msgspec.json.decode(HYPERLIQUID.subscribe(["BTC"], 1)[0]) == msgspec.json.decode(request)
    assert HYPERLIQUID.ping is not None
    assert msgspec.json.decode(HYPERLIQUID.ping.text(1)) == msgspec.json.decode(ping)
    assert parser.parse(confirmed, 1) == [Ack(None, True, native="BTC")]
    assert parser.parse(pong, 1) == [Pong()]
    assert parser.parse(twice, 1) == []


def test_other_channels_say_nothing() -> None:
    parser = HYPERLIQUID.parser({"BTC": BTC})
    for name in ("all-mids", "bbo"):
        assert [parser.parse(line, 1) for line in lines(f"hyperliquid/{name}.jsonl")] == [[]]


@pytest.mark.xdist_group("ccxt")
async def test_the_facts_process_reads_the_captured_bodies_of_okx() -> None:
    names = {
        "/api/v5/public/instruments": "rest-instruments-swap.json",
        "/api/v5/public/position-tiers": "rest-position-tiers.json",
        "/api/v5/public/mark-price": "rest-mark-price.json",
    }

    def answer(request: web.Request) -> web.Response:
        return web.Response(body=(WIRE / "okx" / names[request.path]).read_bytes())

    async with venue(answer) as (base, _):
        facts = await ask(Question("okx", [LINEAR, INVERSE], base, 1))
    assert facts.failures == []
    sizes = {each.symbol: (each.contract_size, each.step) for each in facts.instruments}
    assert sizes == {LINEAR: (Decimal("0.01"), Decimal("0.01")), INVERSE: (Decimal(100), Decimal(1))}
    (tier,) = next(each for each in facts.tiers if each.symbol == LINEAR).tiers
    assert tier.cap == 50 * Decimal("0.01") * Decimal("84660.1")
    assert (tier.maintenance_rate, tier.max_leverage) == (Decimal("0.03"), Decimal(10))


@pytest.mark.xdist_group("ccxt")
async def test_the_facts_process_reads_the_captured_list_of_hyperliquid() -> None:
    meta = msgspec.json.decode((WIRE / "hyperliquid" / "rest-meta-sample.json").read_bytes())
    contexts = [{"markPx": "84148.0"}, {"markPx": "2300.5"}, {"markPx": "3.9"}]

    bodies: list[object] = [[meta, contexts], meta]
    async with venue(lambda _: web.json_response(bodies.pop(0))) as (base, asked):
        facts = await ask(Question("hyperliquid", [BTC, ETH], base, 1))
    assert asked == ["POST /info"] * 2
    assert facts.failures == []
    assert {each.symbol: each.step for each in facts.instruments} == {BTC: Decimal("0.00001"), ETH: Decimal("0.0001")}
    rates = {each.symbol: [tier.maintenance_rate for tier in each.tiers] for each in facts.tiers}
    assert rates == {BTC: [Decimal("0.0125")], ETH: [Decimal("0.02")]}, "half of the initial margin at 40x and 25x"
