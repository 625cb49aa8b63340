"""Frames that the venues really sent, over loopback sockets, through feeds, book and engine, on the recorded clock."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from desk import StandingClock, edited

from feeds.markets import FeedSetup, watch_markets
from feeds.simulator import serve_playback
from hedge.market import Instant, Update, Want
from hedge.portfolio import load_portfolio
from hedge.snapshot import PositionRow, Snapshot
from monitor.engine import Engine
from monitor.watch import Watch

WIRE = Path(os.environ.get("HEDGETUI_WIRE", "/nonexistent"))
BINANCE = WIRE / "binance-usdm" / "mark-price.jsonl"
BYBIT = WIRE / "bybit" / "linear-tickers.jsonl"
INVERSE = WIRE / "bybit" / "inverse-tickers.jsonl"


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def needs(path: Path) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not path.exists(), reason="HEDGETUI_WIRE does not lead to the captured messages")


def book(venue: str, symbol: str, collateral: str = "USDT") -> Any:
    """One short of the symbol, held against the same coin."""
    written = edited(holdings=[{"asset": symbol.split("/")[0], "quantity": "1"}])
    account = written["accounts"][0]
    account["venue"] = venue
    account["collateral"] = {collateral: "1000000"}
    account["positions"][0]["symbol"] = symbol
    return load_portfolio(json.dumps(written), "book.json")


async def seen(
    feed: str,
    frames: Sequence[str | bytes],
    portfolio: Any,
    wall_ms: int,
    wanted: Callable[[PositionRow], bool],
    rest: Mapping[str, Mapping[str, object]] | None = None,
) -> Snapshot:
    """The first snapshot whose leg is as wanted, after the frames were played at the time they were recorded."""
    clock = StandingClock()
    clock.instant = Instant(clock.instant.mono_ms, wall_ms)
    async with serve_playback({feed: frames}, rest, clock=clock) as peer:
        setup = FeedSetup(urls=peer.urls, rest_urls=peer.rest_urls)

        async def feeds(wants: Sequence[Want], emit: Callable[[Update], None]) -> None:
            await watch_markets(wants, setup, clock, random.Random(1), emit)

        engine = Engine(Watch(portfolio, clock), feeds)
        running = asyncio.create_task(engine.run())
        try:
            await peer.play_all(feed)
            async with asyncio.timeout(20):
                async for snapshot in engine.snapshots():
                    if wanted(snapshot.positions[0]):
                        return snapshot
        finally:
            engine.stop("played")
            await running
    raise AssertionError("the engine ended")


def iso(stamp_ms: int) -> str:
    return f"{datetime.fromtimestamp(stamp_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


@needs(BINANCE)
@pytest.mark.parametrize(
    "line", lines(BINANCE), ids=lambda line: str(json.loads(line).get("data", json.loads(line))["E"])
)
async def test_each_captured_binance_mark_stands_in_the_snapshot(line: str) -> None:
    frame = json.loads(line)
    data = frame.get("data", frame)
    snapshot = await seen(
        "binance-usdm",
        [line],
        book("binance", "BTC/USDT:USDT"),
        data["E"],
        lambda row: row.mark is not None and row.funding_interval_hours is not None,
    )
    row = snapshot.positions[0]
    assert row.mark == Decimal(data["p"])
    assert row.index == Decimal(data["i"])
    assert row.funding_rate == Decimal(data["r"])
    assert row.next_funding == iso(data["T"])
    assert row.funding_interval_hours == 8
    assert row.stale == ()
    assert snapshot.assets[0].price is not None


@needs(BYBIT)
async def test_a_captured_bybit_snapshot_and_its_delta_stand_in_the_snapshot() -> None:
    first, second = lines(BYBIT)[:2]
    data, delta = json.loads(first)["data"], json.loads(second)["data"]
    snapshot = await seen(
        "bybit-linear",
        [first, second],
        book("bybit", "BTC/USDT:USDT"),
        json.loads(second)["ts"],
        lambda row: row.index == Decimal(delta["indexPrice"]),
    )
    row = snapshot.positions[0]
    assert row.mark == Decimal(data["markPrice"])
    assert row.index == Decimal(delta["indexPrice"])
    assert row.funding_rate == Decimal(data["fundingRate"])
    assert row.next_funding == iso(int(data["nextFundingTime"]))
    assert row.funding_interval_hours == Decimal(data["fundingIntervalHour"])
    assert row.stale == ()


@needs(INVERSE)
async def test_a_captured_inverse_ticker_stands_in_the_snapshot() -> None:
    (line,) = lines(INVERSE)
    data = json.loads(line)["data"]
    snapshot = await seen(
        "bybit-inverse",
        [line],
        book("bybit", "BTC/USD:BTC", "BTC"),
        json.loads(line)["ts"],
        lambda row: row.mark is not None,
    )
    row = snapshot.positions[0]
    assert row.mark == Decimal(data["markPrice"])
    assert row.index == Decimal(data["indexPrice"])
    assert row.funding_rate == Decimal(data["fundingRate"])
