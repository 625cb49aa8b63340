"""Polls, with the funding intervals of Binance: absent is eight hours, five minutes apart, sooner in doubt."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal

import pytest
from aiohttp import web
from feeds_kit import Ear, FakeTime, until
from test_rest import door, venue

from feeds.binance import USDM_INTERVALS
from feeds.clean import ParseError
from feeds.markets import overheard
from feeds.pacing import Hosts
from feeds.polls import Schedule, watch_poll
from feeds.stream import World
from hedge.market import Funding, FundingInterval

SYMBOLS = {"BTCUSDT": "BTC/USDT:USDT", "XUSDT": "X/USDT:USDT"}
HOUR_MS = 3_600_000
START_MS = 1_795_003_200_000


def funding(symbol: str, next_ms: int | None) -> Funding:
    return Funding("binance-usdm", symbol, Decimal(0), next_ms, 0, 0)


def test_absent_means_eight_hours() -> None:
    body = b'[{"symbol":"XUSDT","adjustedFundingRateCap":"0.03","fundingIntervalHours":4,"disclaimer":false}]'
    said = USDM_INTERVALS.parse(body, SYMBOLS, 7)
    found = {each.symbol: (each.hours, each.at_mono_ms) for each in said if isinstance(each, FundingInterval)}
    assert found == {"BTC/USDT:USDT": (Decimal(8), 7), "X/USDT:USDT": (Decimal(4), 7)}


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{}", b"[1]", b"[" * 100_000, b"\xff"),
        b'[{"symbol":"XUSDT","fundingIntervalHours":0}]',
        b'[{"symbol":"XUSDT","fundingIntervalHours":-8}]',
        b'[{"symbol":"XUSDT","fundingIntervalHours":480}]',
    ],
)
def test_what_is_no_interval_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        USDM_INTERVALS.parse(body, SYMBOLS, 0)


def test_a_stamp_off_schedule_raises_doubt() -> None:
    schedule = Schedule()
    schedule.note(FundingInterval("binance-usdm", "X/USDT:USDT", Decimal(8), "assumed", 0))
    for next_ms in (START_MS, START_MS, None, START_MS + 8 * HOUR_MS, START_MS + 24 * HOUR_MS):
        schedule.note(funding("X/USDT:USDT", next_ms))
        assert not schedule.doubt.is_set()
    schedule.note(funding("X/USDT:USDT", START_MS + 25 * HOUR_MS))
    assert schedule.doubt.is_set()


async def test_it_looks_every_five_minutes_sooner_in_doubt_and_survives_an_outage() -> None:
    time, ear, schedule, hours = FakeTime(), Ear(), Schedule(), [8]

    def answer(_: web.Request) -> web.Response:
        if hours[0] == 0:
            return web.Response(status=503)
        return web.json_response([{"symbol": "XUSDT", "fundingIntervalHours": hours[0]}])

    world = World(time, random.Random(1), ear, Hosts(), time.sleep)
    heard = overheard(world, schedule)
    async with venue(answer) as (base, asked), door(base, time, []) as out:
        task = asyncio.create_task(watch_poll(USDM_INTERVALS, out, SYMBOLS, schedule, heard))
        await until(lambda: len(ear.values(FundingInterval)) == 2)
        assert ear.last_feed.state == "live"
        await time.advance(299)
        assert len(asked) == 1
        hours[0] = 4
        await time.advance(2)
        await until(lambda: len(ear.values(FundingInterval)) == 4)
        found = ear.values(FundingInterval)[-1]
        assert isinstance(found, FundingInterval)
        assert (found.hours, found.source) == (Decimal(4), "binance fundingInfo")
        await time.advance(20)
        hours[0] = 1
        schedule.note(funding("X/USDT:USDT", START_MS))
        schedule.note(funding("X/USDT:USDT", START_MS + HOUR_MS))
        await until(lambda: len(ear.values(FundingInterval)) == 6)
        hours[0] = 0
        await time.advance(301)
        await until(lambda: ear.last_feed.state == "backing_off")
        assert "no answer to /fapi/v1/fundingInfo: 127.0.0.1" in ear.last_feed.reason
        assert "HTTP 503" in ear.last_feed.reason
        hours[0] = 8
        await time.advance(15)
        await until(lambda: ear.last_feed.state == "live")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
