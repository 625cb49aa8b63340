"""The exchange on real sockets: routing, keepalive, scripted faults, refusals, and a quick end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from feeds.simulator import Fault, Script, Simulator
from feeds.venues import FEEDS
from hedge.market import Instant

MARKS = {"method": "SUBSCRIBE", "params": ["btcusdt@markPrice@1s", "solusdt@markPrice@1s"], "id": 1}
TICKERS = {"op": "subscribe", "req_id": "1", "args": ["tickers.BTCUSDT"]}
QUICK = 10.0
"""How much faster than ours the exchange's time runs in these tests."""


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


class Hand:
    """A clock that moves only when a test says so."""

    def __init__(self) -> None:
        self.mono_ms = 1000

    def now(self) -> Instant:
        return Instant(mono_ms=self.mono_ms, wall_ms=1_795_170_000_000 + self.mono_ms)


def quick(*faults: Fault) -> Simulator:
    return Simulator(seed=1, scenario="calm", script=Script(faults), time_scale=QUICK)


async def frame(socket: aiohttp.ClientWebSocketResponse, patience_s: float = 5.0) -> Any:
    return json.loads(await socket.receive_str(timeout=patience_s))


async def closing(socket: aiohttp.ClientWebSocketResponse, patience_s: float = 5.0) -> int | None:
    """The close code, once everything before it is read."""
    async with asyncio.timeout(patience_s):
        async for _ in socket:
            pass
    return socket.close_code


async def test_streams_and_rest_of_one_run_agree(client: aiohttp.ClientSession) -> None:
    clock = Hand()
    async with Simulator(seed=1, clock=clock) as sim, client.ws_connect(sim.urls["binance-usdm"]) as socket:
        await socket.send_json(MARKS)
        assert await frame(socket) == {"result": None, "id": 1}
        clock.mono_ms += 5_300
        streamed = await frame(socket)
        async with client.get(f"{sim.rest_urls['binance']}/fapi/v1/premiumIndex?symbol=BTCUSDT") as answer:
            row = await answer.json()
        assert (row["markPrice"], row["time"]) == (streamed["p"], streamed["E"])
        assert sim.asked == ["/binance/fapi/v1/premiumIndex"]


async def test_every_feed_has_an_address_that_opens(client: aiohttp.ClientSession) -> None:
    async with quick() as sim:
        assert sim.urls.keys() == FEEDS.keys()
        for feed, url in sim.urls.items():
            async with client.ws_connect(url):
                assert sim.open_sockets(feed) == 1
            assert sim.dials[feed] == 1


async def test_what_is_subscribed_is_known(client: aiohttp.ClientSession) -> None:
    async with quick() as sim, client.ws_connect(sim.urls["bybit-linear"]) as socket:
        await socket.send_json(TICKERS)
        await frame(socket)
        assert sim.topics("bybit-linear") == {"tickers.BTCUSDT"}
        assert sim.topics("bybit-inverse") == frozenset()


@pytest.mark.parametrize("path", ["/binance/nothing", "/bybit/v5/public/option", "/kraken/ws"])
async def test_unknown_sockets_are_refused(client: aiohttp.ClientSession, path: str) -> None:
    async with quick() as sim:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(f"ws://127.0.0.1:{sim.port}{path}")
        assert refused.value.status == 404


async def test_only_reads_are_served(client: aiohttp.ClientSession) -> None:
    async with quick() as sim:
        for method in ("POST", "DELETE", "PUT"):
            async with client.request(method, f"{sim.rest_urls['binance']}/fapi/v1/order") as answer:
                assert answer.status == 405


async def test_the_venue_pings_and_answers_pings(client: aiohttp.ClientSession) -> None:
    async with (
        Simulator(seed=1, time_scale=400) as sim,
        client.ws_connect(sim.urls["binance-usdm"], autoping=False) as socket,
    ):
        await socket.ping(b"anyone")
        kinds = {(await socket.receive(timeout=5)).type for _ in range(2)}
        assert kinds == {aiohttp.WSMsgType.PONG, aiohttp.WSMsgType.PING}


async def test_muted_feeds_pong_and_hanging_ones_do_not(client: aiohttp.ClientSession) -> None:
    async with quick() as sim, client.ws_connect(sim.urls["bybit-linear"], autoping=False) as socket:
        await socket.send_json(TICKERS)
        await frame(socket)
        assert (await frame(socket))["type"] == "snapshot"
        muted = sim.add("mute", feed="bybit-linear")
        await socket.send_json({"op": "ping", "req_id": "p"})
        while (said := await frame(socket)).get("op") != "ping":
            assert said["type"] == "delta"
        with pytest.raises(TimeoutError):
            await socket.receive(timeout=0.3)
        sim.add("hang", feed="bybit-linear")
        sim.script.remove(muted)
        await socket.ping()
        await socket.send_json({"op": "ping"})
        with pytest.raises(TimeoutError):
            await socket.receive(timeout=0.3)
        sim.script.clear()
        assert (await frame(socket))["type"] == "delta"


async def test_a_hanging_line_does_not_answer_a_goodbye(client: aiohttp.ClientSession) -> None:
    async with quick(Fault(kind="hang")) as sim:
        socket = await client.ws_connect(sim.urls["bybit-linear"], timeout=aiohttp.ClientWSTimeout(ws_close=0.3))
        await socket.close()
        assert socket.close_code == 1006


async def test_closing_aborting_and_garbage_on_time(client: aiohttp.ClientSession) -> None:
    faults = (
        Fault(kind="frame", feed="bybit-linear", start_s=2, payload="{not json"),
        Fault(kind="frame", feed="bybit-linear", start_s=3, payload=b"\xff\x00"),
        Fault(kind="close", feed="bybit-linear", start_s=5, code=1012),
        Fault(kind="abort", feed="bybit-inverse", start_s=5),
    )
    clock = Hand()
    async with (
        Simulator(seed=1, clock=clock, script=Script(faults)) as sim,
        client.ws_connect(sim.urls["bybit-linear"]) as linear,
        client.ws_connect(sim.urls["bybit-inverse"]) as inverse,
    ):
        clock.mono_ms += 4_000
        assert await linear.receive_str(timeout=5) == "{not json"
        assert await linear.receive_bytes(timeout=5) == b"\xff\x00"
        clock.mono_ms += 4_000
        assert await closing(linear) == 1012
        assert await closing(inverse) == 1006
        async with client.ws_connect(sim.urls["bybit-linear"]) as again:  # what is past does not strike again
            await again.send_json(TICKERS)
            assert (await frame(again))["success"] is True


async def test_striking_at_once(client: aiohttp.ClientSession) -> None:
    async with quick() as sim, client.ws_connect(sim.urls["binance-usdm"]) as socket:
        await sim.strike(Fault(kind="frame", feed="binance-usdm", payload="[]"))
        await sim.strike(Fault(kind="close", feed="bybit-linear"))
        await sim.strike(Fault(kind="close", feed="binance-usdm", code=1008))
        assert await frame(socket) == []
        assert await closing(socket) == 1008


async def test_subscriptions_that_nobody_answers(client: aiohttp.ClientSession) -> None:
    async with quick() as sim, client.ws_connect(sim.urls["bybit-linear"]) as socket:
        ignored = sim.add("unanswered", feed="bybit-linear")
        await socket.send_json(TICKERS)
        with pytest.raises(TimeoutError):
            await socket.receive(timeout=0.3)
        sim.script.remove(ignored)
        assert (await frame(socket))["type"] == "snapshot"


@pytest.mark.parametrize(
    ("fault", "header"),
    [
        (Fault(kind="refuse", feed="binance-usdm", status=418, retry_after_s=7), ("Retry-After", "7")),
        (Fault(kind="refuse", feed="binance-usdm", status=451), ("Server", "Python")),
        (
            Fault(kind="refuse", feed="binance-usdm", status=302, location="/elsewhere"),
            ("Location", "/elsewhere"),
        ),
    ],
)
async def test_refused_handshakes_carry_status_and_headers(
    client: aiohttp.ClientSession, fault: Fault, header: tuple[str, str]
) -> None:
    async with quick(fault) as sim:
        url = sim.urls["binance-usdm"].replace("ws:", "http:")
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        async with client.get(url, headers=upgrade, allow_redirects=False) as answer:
            assert answer.status == fault.status
            assert answer.headers[header[0]].startswith(header[1])
        async with client.ws_connect(sim.urls["bybit-linear"]):
            assert sim.dials == {"binance-usdm": 1, "bybit-linear": 1}
        sim.script.remove(fault)
        async with client.ws_connect(sim.urls["binance-usdm"]):
            assert sim.dials["binance-usdm"] == 2


async def test_scripted_rest_failures_touch_only_their_paths(client: aiohttp.ClientSession) -> None:
    fault = Fault(kind="rest", feed="binance", path="/fapi/v1/fundingInfo", status=429, retry_after_s=3)
    async with quick(fault) as sim:
        base = sim.rest_urls["binance"]
        async with client.get(f"{base}/fapi/v1/fundingInfo") as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "3")
        for url in (f"{base}/fapi/v1/premiumIndex", f"{sim.rest_urls['bybit']}/v5/market/tickers?category=linear"):
            async with client.get(url) as answer:
                assert answer.status == 200


async def test_it_ends_within_a_second_with_open_hanging_and_stalled_clients(client: aiohttp.ClientSession) -> None:
    loop = asyncio.get_running_loop()
    sim = Simulator(seed=1, time_scale=QUICK, script=Script([Fault(kind="hang", feed="bybit-inverse")]))
    await sim.start()
    sockets = [await client.ws_connect(sim.urls[feed]) for feed in ("bybit-linear", "bybit-inverse", "binance-usdm")]
    await sockets[0].send_json(TICKERS)
    _, writer = await asyncio.open_connection("127.0.0.1", sim.port)  # speaks no HTTP at all
    listening = asyncio.create_task(closing(sockets[0]))  # the other two read nothing
    began = loop.time()
    await sim.stop()
    assert loop.time() - began < 1.5
    assert await listening == 1001
    writer.close()
    await writer.wait_closed()
    for socket in sockets:
        await socket.close()


async def test_one_seed_and_one_clock_give_one_answer(client: aiohttp.ClientSession) -> None:
    bodies = []
    for _ in range(2):
        async with (
            Simulator(seed=3, clock=Hand()) as sim,
            client.get(f"{sim.rest_urls['bybit']}/v5/market/tickers?category=linear") as answer,
        ):
            bodies.append(await answer.read())
    assert bodies[0] == bodies[1]
