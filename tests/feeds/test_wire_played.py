"""Captured frames over sockets, on the recorded clock: the prices that come out are those that stand in them."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from feeds_kit import Ear, until

from feeds.markets import FeedSetup, watch_markets
from feeds.simulator import serve_playback
from hedge.market import Funding, Index, Instant, Mark, Spot, Want

WIRE = Path(os.environ.get("HEDGETUI_WIRE", "/nonexistent"))
pytestmark = pytest.mark.skipif(not WIRE.exists(), reason="HEDGETUI_WIRE does not lead to the captured messages")
COIN, LINEAR = "BTC/USD:BTC", "BTC/USDT:USDT"
FIRST, SECOND, BOTH = slice(0, 1), slice(1, 2), slice(None)


class RecordedClock:
    """Stands at the time of the recording."""

    def __init__(self, wall_ms: int) -> None:
        self._instant = Instant(1_000_000, wall_ms)

    def now(self) -> Instant:
        return self._instant


def data_of(line: str) -> Any:
    frame = msgspec.json.decode(line)
    return frame.get("data", frame)


def mid(bid: str, ask: str) -> Decimal:
    return (Decimal(bid) + Decimal(ask)) / 2


Prices = Callable[[Any], dict[str, Decimal]]
CASES: list[tuple[str, str, slice, Want, int, Prices]] = [
    (
        "binance-coinm",
        "binance-coinm/mark-price.jsonl",
        BOTH,
        Want("binance", COIN),
        1785239516000,
        lambda data: {"Mark": Decimal(data["p"]), "Index": Decimal(data["i"]), "Funding": Decimal(data["r"])},
    ),
    (
        "binance-spot",
        "binance-spot/book-ticker.jsonl",
        FIRST,
        Want("binance", "BNB/USDT", spot=True),
        1790000000000,
        lambda data: {"Spot": mid(data["b"], data["a"])},
    ),
    (
        "bybit-spot",
        "bybit/spot-orderbook1.jsonl",
        FIRST,
        Want("bybit", "BTC/USDT", spot=True),
        1786659828109,
        lambda data: {"Spot": mid(data["b"][0][0], data["a"][0][0])},
    ),
    (
        "bybit-inverse",
        "bybit/inverse-tickers.jsonl",
        FIRST,
        Want("bybit", COIN),
        1790373926264,
        lambda data: {
            "Mark": Decimal(data["markPrice"]),
            "Index": Decimal(data["indexPrice"]),
            "Funding": Decimal(data["fundingRate"]),
        },
    ),
    (
        "mexc-futures",
        "mexc/contract-ticker.jsonl",
        FIRST,
        Want("mexc", LINEAR),
        1731137509138,
        lambda data: {"Mark": Decimal(str(data["fairPrice"])), "Index": Decimal(str(data["indexPrice"]))},
    ),
    (
        "mexc-futures",
        "mexc/contract-index-fair-funding.jsonl",
        SECOND,
        Want("mexc", LINEAR),
        1789498540821,
        lambda data: {"Mark": Decimal(str(data["price"]))},
    ),
]


@pytest.mark.parametrize(("feed", "name", "part", "want", "wall_ms", "prices"), CASES, ids=[case[1] for case in CASES])
async def test_what_was_sent_comes_out(
    feed: str, name: str, part: slice, want: Want, wall_ms: int, prices: Prices
) -> None:
    lines = [line for line in (WIRE / name).read_text().splitlines() if line.strip()][part]
    clock = RecordedClock(wall_ms)
    async with serve_playback({feed: lines}, clock=clock) as peer:
        ear = Ear()
        setup = FeedSetup(peer.urls, peer.rest_urls)
        task = asyncio.create_task(watch_markets([want], setup, clock, random.Random(1), ear))
        try:
            for number, line in enumerate(lines):
                await peer.play(feed, number)
                expected = prices(data_of(line))
                await until(lambda expected=expected: expected.items() <= heard(ear, feed).items(), 15)  # type: ignore[misc]
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert {each.symbol for each in ear.updates if isinstance(each, Mark | Index | Spot)} == {want.symbol}


def heard(ear: Ear, feed: str) -> dict[str, Decimal | None]:
    """The newest value of each kind that came from this feed."""
    found: dict[str, Decimal | None] = {}
    for each in ear.updates:
        if isinstance(each, Mark | Index | Spot) and each.feed == feed:
            found[type(each).__name__] = each.price
        elif isinstance(each, Funding) and each.feed == feed:
            found["Funding"] = each.rate
    return found
