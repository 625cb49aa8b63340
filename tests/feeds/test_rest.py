"""The HTTP door: what is on the list goes out, nothing else does, and every bad answer has a reason."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from feeds_kit import FakeTime, Peer, Rig, until

from feeds.binance import USDM
from feeds.pacing import Hosts
from feeds.reads import READS, address, refusal
from feeds.rest import Door, Refused, Unavailable

PATH = "/fapi/v1/fundingInfo"


@asynccontextmanager
async def venue(
    answer: Callable[[web.Request], web.StreamResponse], *middlewares: Middleware
) -> AsyncIterator[tuple[str, list[str]]]:
    """A base address, and what was asked there."""
    asked: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(f"{request.method} {request.path_qs}")
        return answer(request)

    app = web.Application(middlewares=middlewares)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


def door(base: str, time: FakeTime, refused: list[str], timeout: float = 5.0) -> Door:
    limits = aiohttp.ClientTimeout(total=timeout)
    return Door({"binance": base}, Hosts(), time, refused.append, limits)


async def test_a_listed_read_brings_its_body() -> None:
    async with venue(lambda _: web.Response(body=b"[1]")) as (base, asked), door(base, FakeTime(), []) as out:
        assert await out.get("binance", PATH, {"symbol": "BTCUSDT"}) == b"[1]"
        assert asked == [f"GET {PATH}?symbol=BTCUSDT"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD", "get"])
async def test_any_other_method_is_refused_before_it_leaves(method: str) -> None:
    refused: list[str] = []
    async with venue(lambda _: web.Response()) as (base, asked), door(base, FakeTime(), refused) as out:
        with pytest.raises(Refused):
            await out.ask(method, base + PATH)
        assert asked == []
        assert len(refused) == 1


@pytest.mark.parametrize(
    "tail",
    [
        "/fapi/v1/order",
        "/fapi/v1/leverageBracket",
        "/fapi/v1/fundingInfo/",
        "/fapi/v1/fundingInfo/../order",
        "/fapi/v1/%66undingInfo",
        "//fapi/v1/fundingInfo",
        "/fapi/v1/fundingInfo#x",
        "/fapi/v1/fundingInfo;x",
        "",
    ],
)
async def test_any_other_path_is_refused(tail: str) -> None:
    refused: list[str] = []
    async with venue(lambda _: web.Response()) as (base, asked), door(base, FakeTime(), refused) as out:
        with pytest.raises(Refused):
            await out.ask("GET", base + tail)
        with pytest.raises(Refused):
            await out.get("binance", tail)
        assert asked == []
        assert len(refused) == 2


def test_every_read_is_public_and_every_other_host_is_refused() -> None:
    for read in READS:
        bare = address(read, {})
        url = bare + "/BTC_USDT" if read.of_market else bare
        assert url.startswith("https://")
        if read.questions:
            continue
        assert refusal("GET", url, {}) is None
        assert refusal("GET", url + "?symbol=X", {}) is None
        assert refusal("POST", url, {}) is not None
        for other in ("http://" + url[8:], url.replace("https://", "https://evil.example/"), bare[:-1]):
            assert refusal("GET", other, {}) is not None
        assert refusal("GET", url.replace("https://", "https://name:pass@"), {}) is not None
        for word in ("order", "position", "account", "transfer", "withdraw", "listenKey", "margin", "private"):
            assert word.lower() not in read.path.lower().replace("position-tiers", "")


@pytest.mark.parametrize(
    "tail", ["", "/", "/X", "/btc_usdt", "/BTC_USDT/", "/a/BTC_USDT", "/../BTC_USDT", "/BTC_USDT%2F"]
)
def test_after_the_path_comes_the_name_of_one_market_and_nothing_else(tail: str) -> None:
    candles = "https://api.mexc.com/api/v1/contract/kline"
    assert refusal("GET", f"{candles}/BTC_USDT?interval=Day1", {}) is None
    assert refusal("GET", candles + tail, {}) is not None
    assert refusal("GET", f"https://api.mexc.com/api/v1/contract/detail{tail or '/BTC_USDT'}", {}) is not None


INFO = "https://api.hyperliquid.xyz/info"
USER = "0x" + "5a" * 20
QUESTIONS: list[dict[str, object]] = [
    {"type": "meta"},
    {"type": "metaAndAssetCtxs"},
    {"type": "spotMeta"},
    {"type": "clearinghouseState", "user": USER},
    {"type": "userAbstraction", "user": USER},
    {"type": "fundingHistory", "coin": "BTC", "startTime": 1, "endTime": 2},
    {"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "1d", "startTime": 1, "endTime": 2}},
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_that_is_on_the_list_may_be_posted(question: dict[str, object]) -> None:
    assert refusal("POST", INFO, {}, body=json.dumps(question)) is None


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("POST", INFO, None),
        ("POST", INFO, ""),
        ("POST", INFO, "meta"),
        ("POST", INFO, "[]"),
        ("POST", INFO, '{"type": "meta"'),
        ("POST", INFO, "{}"),
        ("POST", INFO, '{"type": ["meta"]}'),
        ("POST", INFO, '{"type": "order"}'),
        ("POST", INFO, '{"type": "META"}'),
        ("POST", INFO, '{"type": "openOrders", "user": "0x1"}'),
        ("POST", INFO, '{"type": "meta", "user": "0x1"}'),
        ("POST", INFO, '{"type": "clearinghouseState", "user": "0x1", "action": {"type": "order"}}'),
        ("POST", INFO, '{"type": "meta", "type": "withdraw3"}'),
        ("POST", INFO, '{"type": "meta", "x": ' + "9" * 2000 + "}"),
        ("POST", INFO, '{"type": "meta"' + " " * 2000 + "}"),
        ("POST", INFO + "?type=meta", '{"type": "meta"}'),
        ("POST", INFO + "/", '{"type": "meta"}'),
        ("POST", "https://api.hyperliquid.xyz/exchange", '{"type": "meta"}'),
        ("POST", "https://api.hyperliquid.xyz/exchange", '{"action": {"type": "order"}}'),
        ("POST", "http://api.hyperliquid.xyz/info", '{"type": "meta"}'),
        ("POST", "https://api.bybit.com/v5/market/tickers", '{"type": "meta"}'),
        ("PUT", INFO, '{"type": "meta"}'),
        ("GET", INFO, None),
        ("GET", INFO, '{"type": "meta"}'),
        ("GET", "https://api.bybit.com/v5/market/tickers", '{"type": "meta"}'),
    ],
)
def test_any_other_question_is_refused(method: str, url: str, body: str | None) -> None:
    assert refusal(method, url, {}, body=body) is not None


def test_a_venue_without_a_list_is_never_posted_to() -> None:
    public = frozenset({"https://api.gate.example"})
    assert refusal("GET", "https://api.gate.example/x", {}, public) is None
    assert refusal("GET", "https://api.gate.example/x", {}, public, "{}") is not None
    assert refusal("POST", "https://api.gate.example/x", {}, public, '{"type": "meta"}') is not None


async def test_what_is_posted_is_written_anew() -> None:
    heard: list[str] = []

    @web.middleware
    async def listen(request: web.Request, handler: Handler) -> web.StreamResponse:
        heard.append(await request.text())
        return await handler(request)

    refused: list[str] = []
    async with (
        venue(lambda _: web.Response(body=b"{}"), listen) as (base, asked),
        Door({"hyperliquid": base}, Hosts(), FakeTime(), refused.append) as out,
    ):
        assert await out.post("hyperliquid", "/info", {"type": "meta"}) == b"{}"
        assert await out.ask("POST", base + "/info", ' {"type":"order","type" : "meta"} ') == b"{}"
        for path, question in (("/info", {"type": "userFills", "user": USER}), ("/exchange", {"type": "meta"})):
            with pytest.raises(Refused):
                await out.post("hyperliquid", path, question)
    assert asked == ["POST /info", "POST /info"]
    assert [json.loads(each) for each in heard] == [{"type": "meta"}] * 2
    assert [each.count('"type"') for each in heard] == [1, 1]
    assert len(refused) == 2


def test_an_override_moves_its_venue_and_closes_the_old_address() -> None:
    moved = {"bybit": "https://api.bybit.example/"}
    assert refusal("GET", "https://api.bybit.example/v5/market/tickers?category=linear", moved) is None
    assert refusal("GET", "https://api.bybit.com/v5/market/tickers", moved) is not None
    assert refusal("GET", "https://fapi.binance.com/fapi/v1/fundingInfo", moved) is None


async def test_a_ban_is_kept_for_as_long_as_it_was_asked() -> None:
    time = FakeTime()
    answers = [web.Response(status=429, headers={"Retry-After": "30"}), web.Response(body=b"[]")]
    async with venue(lambda _: answers.pop(0)) as (base, asked), door(base, time, []) as out:
        for _ in range(5):
            with pytest.raises(Unavailable) as caught:
                await out.get("binance", PATH)
            await time.advance(5)
        assert len(asked) == 1
        assert caught.value.trouble.state == "blocked"
        assert "another 10 s" in str(caught.value)
        await time.advance(5)
        assert await out.get("binance", PATH) == b"[]"


@pytest.mark.parametrize(
    ("status", "body", "wait_s"),
    [
        (200, '{"retCode":10006,"retMsg":"Too many visits!","result":{}}', 10),
        (403, '{"retCode":10018,"retMsg":"Exceeded the IP Rate Limit"}', 600),
        (429, '{"code":-1003,"msg":"Too many requests"}', 60),
        (418, '{"code":-1003,"msg":"Way too many requests; IP banned until 1795001100000."}', 100),
        (429, '{"code":"50011","msg":"Too Many Requests"}', 10),
        (200, '{"code":50011,"msg":"Too Many Requests","data":[]}', 10),
        (200, '{"success":false,"code":510,"message":"Requests are too frequent"}', 10),
        (418, '{"code":100410,"msg":"over 500 error code returns"}', 300),
    ],
)
async def test_a_body_that_asks_for_fewer_calls_is_heeded_by_everybody(status: int, body: str, wait_s: int) -> None:
    time = FakeTime()
    async with (
        venue(lambda _: web.Response(status=status, text=body)) as (base, asked),
        door(base, time, []) as out,
    ):
        for _ in range(3):
            with pytest.raises(Unavailable) as caught:
                await out.get("binance", PATH)
            trouble = caught.value.trouble
            assert trouble.state == "blocked"
            assert trouble.wait_s == pytest.approx(wait_s, abs=1)
        assert len(asked) == 1
        await time.advance(wait_s + 1)
        with pytest.raises(Unavailable):
            await out.get("binance", PATH)
        assert len(asked) == 2


async def test_a_header_that_names_the_time_counts_more_than_a_code() -> None:
    def answer(_: web.Request) -> web.Response:
        return web.Response(status=429, text='{"code":-1003,"msg":"slow"}', headers={"Retry-After": "7"})

    async with venue(answer) as (base, _), door(base, FakeTime(), []) as out:
        with pytest.raises(Unavailable) as caught:
            await out.get("binance", PATH)
        assert caught.value.trouble.wait_s == 7.0


async def test_a_venue_that_is_out_of_order_says_so_whatever_else_it_says() -> None:
    body = '{"code":-1003,"msg":"busy"}'
    async with venue(lambda _: web.Response(status=503, text=body)) as (base, _), door(base, FakeTime(), []) as out:
        with pytest.raises(Unavailable, match=r"out of order \(HTTP 503\): busy"):
            await out.get("binance", PATH)


async def test_an_answer_with_a_code_of_success_is_an_answer() -> None:
    body = '{"code":"0","data":[{"instId":"BTC-USDT-SWAP"}]}'
    async with venue(lambda _: web.Response(text=body)) as (base, _), door(base, FakeTime(), []) as out:
        assert await out.get("binance", PATH) == body.encode()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (500, "out of order (HTTP 500)"),
        (451, "refuses this place or address (HTTP 451)"),
        (404, "refuses the request (HTTP 404): no such path"),
        (302, "moved to http://elsewhere.example/x (HTTP 302), not followed"),
    ],
)
async def test_a_bad_status_has_a_reason(status: int, words: str) -> None:
    body = b'{"code":-1,"msg":"no such path\\u001b[2J"}' if status == 404 else b"<html>"
    headers = {"Location": "http://elsewhere.example/x"} if status == 302 else {}

    def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers=headers)

    async with venue(answer) as (base, _), door(base, FakeTime(), []) as out:
        with pytest.raises(Unavailable) as caught:
            await out.get("binance", PATH)
        assert words in str(caught.value)
        assert "\x1b" not in str(caught.value)


async def test_a_closed_port_a_silent_one_and_a_huge_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with door("http://127.0.0.1:1", FakeTime(), []) as out:
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1 refused the connection"):
            await out.get("binance", PATH)
    monkeypatch.setattr("feeds.rest.MAX_BODY", 1000)
    async with venue(lambda _: web.Response(body=b"x" * 2000)) as (base, _), door(base, FakeTime(), []) as out:
        with pytest.raises(Unavailable, match="an answer over"):
            await out.get("binance", PATH)


@asynccontextmanager
async def proxy() -> AsyncIterator[tuple[str, list[str]]]:
    """A proxy that refuses everything, and the first line of each request to it."""
    heard: list[str] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append((await reader.readline()).decode().strip())
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard
    finally:
        server.close()


async def test_a_proxy_of_the_environment_is_used_but_not_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    async with proxy() as (address, heard), venue(lambda _: web.Response(body=b"[]")) as (base, _):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, address)
        async with door("http://fapi.example.test", FakeTime(), []) as out:
            with pytest.raises(Unavailable, match="HTTP 502"):
                await out.get("binance", PATH)
        async with door(base, FakeTime(), []) as out:
            assert await out.get("binance", PATH) == b"[]"
        assert heard == [f"GET http://fapi.example.test{PATH} HTTP/1.1"]
        async with Rig(USDM, "wss://fstream.example.test/ws", ["BTC/USDT:USDT"]) as rig:
            await until(lambda: rig.ear.last_feed.state == "backing_off")
            assert "the proxy does not work" in rig.ear.last_feed.reason
        assert heard[1] == "CONNECT fstream.example.test:443 HTTP/1.1"
        async with Peer() as peer, Rig(USDM, peer.url, ["BTC/USDT:USDT"]):
            await until(lambda: peer.dials == 1)
        assert len(heard) == 2
