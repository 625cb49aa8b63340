"""Any other venue of ccxt.pro: the lines of its process as frames, and the process itself against the simulator."""

from __future__ import annotations

import asyncio
import random
import sys
from contextlib import suppress
from decimal import Decimal

import msgspec
import pytest
from feeds_kit import Ear, until
from hypothesis import given
from hypothesis import strategies as st

from feeds import any_venue
from feeds.any_venue import Line, LineParser, Setup, address, setup_of
from feeds.ccxt_feed import Over, hours_of, make
from feeds.clean import ParseError
from feeds.markets import FeedSetup, watch_markets
from feeds.pacing import Hosts
from feeds.rest import Door, Refused
from feeds.simulator import Simulator
from feeds.simulator.clock import SystemClock
from feeds.stream import Stream, World
from feeds.trouble import Recycle
from feeds.venue import Ack, Pong, Said
from feeds.venues import feed_of, supported
from hedge.market import Funding, FundingInterval, Index, Instrument, Mark, SymbolState, Want

BTC = "BTC/USDT:USDT"
NEXT_MS = 1_795_305_600_000


def parse(*lines: Line) -> list[Said]:
    parser = LineParser({BTC: BTC}, "ccxt-gate", "gate")
    return [said for line in lines for said in parser.parse(msgspec.json.encode(line).decode(), 5)]


def test_a_line_of_prices() -> None:
    mark, index = parse(Line(symbol=BTC, mark="65037.13", index="65007.51", at_ms=NEXT_MS - 1000))
    assert mark == Mark("ccxt-gate", BTC, Decimal("65037.13"), 5, 60_000, NEXT_MS - 1000)
    assert index == Index("ccxt-gate", BTC, Decimal("65007.51"), 5, 60_000, NEXT_MS - 1000)


def test_funding_and_its_interval_once() -> None:
    line = Line(symbol=BTC, funding=True, rate="-0.0001", next_ms=NEXT_MS, hours="4", at_ms=NEXT_MS - 1000)
    first, interval, second = parse(line, line)
    assert first == second == Funding("ccxt-gate", BTC, Decimal("-0.0001"), NEXT_MS, 5, 180_000, NEXT_MS - 1000)
    assert interval == FundingInterval("ccxt-gate", BTC, Decimal(4), "ccxt gate", 5)


def test_no_rate_is_no_rate_and_no_zero() -> None:
    (said,) = parse(Line(symbol=BTC, funding=True))
    assert isinstance(said, Funding)
    assert said.rate is None


def test_a_stamp_long_past_is_discarded() -> None:
    (said,) = parse(Line(symbol=BTC, funding=True, rate="0.0001", next_ms=NEXT_MS, at_ms=NEXT_MS + 61_000))
    assert isinstance(said, Funding)
    assert said.next_ms is None


@pytest.mark.parametrize("hours", ["0", "-8", "480", ""])
def test_what_is_no_interval_is_left_out(hours: str) -> None:
    assert [type(said) for said in parse(Line(symbol=BTC, funding=True, rate="0", hours=hours))] == [Funding]


def test_signs_of_life_refusals_and_strangers() -> None:
    assert parse(Line()) == [Pong()]
    assert parse(Line(symbol=BTC, refused="gate lists no such")) == [Ack(None, False, "gate lists no such", BTC)]
    assert parse(Line(symbol="X/USDT:USDT", mark="1")) == []


@pytest.mark.parametrize("mark", ["0", "-1", "NaN", "1e999", "1_000", "１"])
def test_what_is_no_price_costs_its_line(mark: str) -> None:
    with pytest.raises(ParseError) as error:
        parse(Line(symbol=BTC, mark=mark))
    assert error.value.symbol == BTC


@given(st.one_of(st.text(), st.binary()))
def test_nothing_but_a_parse_error_escapes(frame: str | bytes) -> None:
    with suppress(ParseError):
        LineParser({BTC: BTC}, "ccxt-gate", "gate").parse(frame, 0)


def test_addresses_there_and_back() -> None:
    assert setup_of(address("gate", None, None), 7) == Setup("gate", None, None, 7)
    moved = address("gate", "ws://127.0.0.1:1/a b", "http://127.0.0.1:2/x?y=1&z")
    assert setup_of(moved, 7) == Setup("gate", "ws://127.0.0.1:1/a b", "http://127.0.0.1:2/x?y=1&z", 7)


def test_the_venues_of_the_installed_ccxt() -> None:
    import ccxt.pro  # only here: the product itself never imports it in this process

    assert any_venue.venues() == set(ccxt.pro.exchanges)


def test_which_venues_can_be_read() -> None:
    assert supported("gate", BTC) is None
    found = feed_of(Want("gate", BTC))
    assert found is not None
    assert (found.id, found.url) == ("ccxt-gate", "ccxt://gate")
    assert supported("gate", "BTC/USDT") == "no feed of this version carries BTC/USDT of gate; it reads ccxt-gate"
    assert supported("binanceusdm", BTC) == 'binanceusdm is a part of one venue; write "binance"'
    assert "gaet is not a venue" in str(supported("gaet", BTC))


@pytest.mark.parametrize(
    ("funding", "hours"),
    [
        ({"interval": "8h"}, "8"),
        ({"interval": None, "fundingTimestamp": 0, "nextFundingTimestamp": 3_600_000}, "1"),
        ({"interval": None, "fundingTimestamp": 3_600_000, "nextFundingTimestamp": 0}, None),
        ({}, None),
    ],
)
def test_the_interval_that_ccxt_names_or_implies(funding: dict[str, object], hours: str | None) -> None:
    assert hours_of(funding) == hours


async def test_nothing_but_public_gets_of_the_venue_leaves() -> None:
    refused: list[str] = []
    async with Door({}, Hosts(), SystemClock(), refused.append) as door:
        exchange = make(Setup("gate"), door)
        try:
            assert not exchange.apiKey
            for method, url in (("POST", "https://api.gateio.ws/api/v4/x"), ("GET", "https://example.com/")):
                with pytest.raises(Refused):
                    await exchange.fetch(url, method)
        finally:
            await exchange.close()
    assert len(refused) == 2
    with pytest.raises(Over, match="has no exchange nowhere"):
        make(Setup("nowhere"), door)


async def test_a_venue_through_the_process_end_to_end() -> None:
    """Bybit's Indonesian class, which has no file of its own, against the simulator: marks, funding, facts."""
    ear, want = Ear(), [Want("bybitid", BTC), Want("bybitid", "NO/USDT:USDT")]
    async with Simulator() as peer:
        base = peer.urls["bybit-linear"].removesuffix("/v5/public/linear")
        setup = FeedSetup(urls={"ccxt-bybitid": base}, rest_urls={"bybitid": peer.rest_urls["bybit"]})
        task = asyncio.create_task(watch_markets(want, setup, SystemClock(), random.Random(1), ear))
        try:
            await until(lambda: bool(ear.values(Mark) and ear.values(Index) and ear.values(Funding)), 60)
            await until(lambda: bool(ear.values(Instrument)), 60)
            states = [each for each in ear.values(SymbolState) if each.symbol == "NO/USDT:USDT"]
            assert any("lists no perpetual NO/USDT:USDT" in each.reason for each in states)
            assert ear.values(FundingInterval)[-1].hours == Decimal(8)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_a_process_that_dies_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    world = World(SystemClock(), random.Random(1), ear := Ear(), Hosts())
    stream = Stream(any_venue.feed("gate"), "ccxt://gate", {BTC: BTC}, world)
    task = asyncio.create_task(stream.run())
    try:
        await until(lambda: ear.last_feed.state == "backing_off", 10)
        assert "ccxt process" in ear.last_feed.reason
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_reason_of_a_process_reaches_the_supervisor() -> None:
    async with any_venue.Process("ccxt://nowhere", 0) as process:
        with pytest.raises(Recycle, match=r"ccxt.pro has no exchange nowhere"):
            async with asyncio.timeout(60):
                while True:
                    await process.recv()
