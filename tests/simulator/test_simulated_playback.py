"""Recorded frames over sockets: sent as they are, when asked, to those who subscribed."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from feeds.simulator import serve_playback

FRAMES = {
    "binance-usdm": ['{"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","p":"1.5"}}', "{broken"],
    "bybit-linear": ['{"topic":"tickers.BTCUSDT","type":"snapshot","data":{"markPrice":"7"}}', b"\x1f\x8b"],
}
SUBSCRIBE = {
    "binance-usdm": {"method": "SUBSCRIBE", "params": ["btcusdt@markPrice@1s"], "id": 1},
    "bybit-linear": {"op": "subscribe", "args": ["tickers.BTCUSDT"]},
}


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.parametrize("feed", FRAMES)
async def test_frames_arrive_as_recorded_and_nothing_else_does(client: aiohttp.ClientSession, feed: str) -> None:
    async with serve_playback(FRAMES) as peer, client.ws_connect(peer.urls[feed]) as socket:
        playing = asyncio.create_task(peer.play_all(feed))
        with pytest.raises(TimeoutError):
            await socket.receive(timeout=0.1)  # not before the subscription
        await socket.send_json(SUBSCRIBE[feed])
        await socket.receive_str(timeout=5)
        await playing
        assert [(await socket.receive(timeout=5)).data for _ in FRAMES[feed]] == FRAMES[feed]
        await peer.play(feed, 0)
        await peer.send(feed, "extra")
        assert (await socket.receive_str(timeout=5), await socket.receive_str(timeout=5)) == (FRAMES[feed][0], "extra")
        with pytest.raises(TimeoutError):
            await socket.receive(timeout=0.3)


async def test_waiting_for_a_subscriber_ends() -> None:
    async with serve_playback(FRAMES) as peer:
        with pytest.raises(TimeoutError):
            await peer.play("binance-usdm", 0, timeout_s=0.1)


async def test_rest_is_given_or_facts_or_missing(client: aiohttp.ClientSession) -> None:
    rest = {"binance": {"/fapi/v1/fundingInfo": '[{"symbol": "BTCUSDT"}]', "/api/v3/time": {"serverTime": 5}}}
    async with serve_playback(FRAMES, rest) as peer:
        expected = {
            "/fapi/v1/fundingInfo": (200, [{"symbol": "BTCUSDT"}]),
            "/api/v3/time": (200, {"serverTime": 5}),
        }
        for path, (status, body) in expected.items():
            async with client.get(peer.rest_urls["binance"] + path) as answer:
                assert (answer.status, await answer.json()) == (status, body)
        for path, status in (("/fapi/v1/exchangeInfo", 200), ("/fapi/v1/premiumIndex", 404)):
            async with client.get(peer.rest_urls["binance"] + path) as answer:
                assert answer.status == status


@pytest.mark.parametrize(
    ("feed", "file"),
    [
        ("binance-usdm", "binance-usdm/mark-price.jsonl"),
        ("bybit-linear", "bybit/linear-tickers.jsonl"),
        ("bybit-inverse", "bybit/inverse-tickers.jsonl"),
    ],
)
async def test_captured_venue_messages_can_be_played(client: aiohttp.ClientSession, feed: str, file: str) -> None:
    folder = os.environ.get("HEDGETUI_WIRE")
    if not folder:
        pytest.skip("HEDGETUI_WIRE names no folder of captured venue messages")
    lines = (Path(folder) / file).read_text().splitlines()
    topic = "tickers.BTCUSD" if feed == "bybit-inverse" else "tickers.BTCUSDT"
    hello = SUBSCRIBE["binance-usdm"] if feed == "binance-usdm" else {"op": "subscribe", "args": [topic]}
    async with serve_playback({feed: lines}) as peer, client.ws_connect(peer.urls[feed]) as socket:
        await socket.send_json(hello)
        await socket.receive_str(timeout=5)
        await peer.play_all(feed)
        assert [json.loads(await socket.receive_str(timeout=5)) for _ in lines] == [json.loads(line) for line in lines]
