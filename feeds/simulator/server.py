"""The exchange on a port: routes HTTP and sockets to the venues, drives their data, and applies scripted faults."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

from feeds.simulator.binance import Binance
from feeds.simulator.bingx import Bingx
from feeds.simulator.bybit import Bybit
from feeds.simulator.clock import Moment, Pace, SystemClock
from feeds.simulator.hyperliquid import Hyperliquid
from feeds.simulator.market import Market
from feeds.simulator.mexc import Mexc
from feeds.simulator.okx import Okx
from feeds.simulator.scenario import ScenarioName
from feeds.simulator.script import Fault, FaultKind, Script
from feeds.simulator.weex import Weex
from feeds.simulator.wire import GONE, Answer, Ask, Close, Dialogue, Output, Venue, reply
from hedge.market import Clock

HOST = "127.0.0.1"
_TICK_S = 0.1
_SHORTEST_SLEEP_S = 0.01
_CLOSING_S = 0.3
_KEY_HEADERS = ("X-MBX-APIKEY", "X-BAPI-API-KEY", "X-MEXC-APIKEY", "ApiKey", "X-BX-APIKEY", "ACCESS-KEY")


class Line:
    """One open socket: the dialogue, and what the server does to carry it."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, dialogue: Dialogue, opened: Moment) -> None:
        self.socket = socket
        self.dialogue = dialogue
        self._request = request
        self._seen_s = opened.elapsed_s
        self._pinged_s = opened.elapsed_s
        self._sending = asyncio.Lock()

    @property
    def feed(self) -> str:
        return self.dialogue.feed

    @property
    def connected(self) -> bool:
        """Whether the TCP connection stands, whatever was said over it."""
        return self._request.transport is not None and not self._request.transport.is_closing()

    async def send(self, outputs: list[Output]) -> None:
        """Sends in order; a socket that has gone swallows the rest."""
        async with self._sending:
            for output in outputs:
                if self.socket.closed:
                    return
                with suppress(ConnectionError):
                    await self._put(output)

    async def _put(self, output: Output) -> None:
        if isinstance(output, Close) and output.code == GONE:
            if self._request.transport is not None:
                self._request.transport.abort()
        elif isinstance(output, Close):
            await self.socket.close(code=output.code, message=output.reason.encode())
        elif isinstance(output, bytes):
            await self.socket.send_bytes(output)
        else:
            await self.socket.send_str(output)

    async def events(self, script: Script, now: Moment) -> None:
        """What the script does once to every socket of the feed."""
        after, self._seen_s = self._seen_s, now.elapsed_s
        for fault in script.events(self.feed, after, now.elapsed_s):
            await self.strike(fault)

    async def strike(self, fault: Fault) -> None:
        if fault.kind == "abort":
            if self._request.transport is not None:
                self._request.transport.abort()
        else:
            await self.send([fault.payload if fault.kind == "frame" else Close(fault.code)])

    async def ping(self, now: Moment) -> None:
        period = self.dialogue.ping_every_s
        if period and now.elapsed_s - self._pinged_s >= period:
            self._pinged_s = now.elapsed_s
            with suppress(ConnectionError):
                await self.socket.ping(str(now.wall_ms).encode())


class Simulator:
    """The exchange. `clock` and `seed` decide the run; `time_scale` 60 makes an hour of it pass in a minute."""

    def __init__(
        self,
        *,
        seed: int = 1,
        port: int = 0,
        scenario: ScenarioName = "demo",
        script: Script | None = None,
        clock: Clock | None = None,
        time_scale: float = 1.0,
    ) -> None:
        self.script = script if script is not None else Script()
        self.market = Market(seed, scenario, self.script)
        self._pace = Pace(clock if clock is not None else SystemClock(), time_scale)
        self._wanted_port = port
        self._venues: dict[str, Venue] = {}
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._lines: set[Line] = set()
        self._heard = asyncio.Event()
        self.dials: dict[str, int] = {}
        """Handshakes asked for, refused ones included, by feed id."""
        self.first_data_s: dict[str, float] = {}
        """By feed id, the second at which data was first sent; clear it to watch for the next."""
        self.asked: list[str] = []
        """Paths of all HTTP requests, oldest first, with the venue before them: `/binance/fapi/v1/fundingInfo`."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Opens the port (OSError where it is taken); second 0 of the run is now."""
        self._pace.restart()
        wall_ms = self._pace.now().wall_ms
        self._venues = {venue.id: venue for venue in self.make_venues(wall_ms)}
        app = web.Application()
        app.router.add_route("*", "/{venue}/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=_CLOSING_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._wanted_port)
        await site.start()
        self._port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Closes every socket with 1001 and the port, within a second."""
        closings = [asyncio.wait_for(line.send([Close(1001, "shutdown")]), 2 * _CLOSING_S) for line in self._lines]
        await asyncio.gather(*closings, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def make_venues(self, wall_ms: int) -> Iterator[Venue]:
        """The venues that this exchange plays."""
        yield Binance(self.market, wall_ms)
        yield Bybit(self.market, wall_ms)
        yield Mexc(self.market, wall_ms)
        yield Bingx(self.market, wall_ms)
        yield Weex(self.market, wall_ms)
        yield Okx(self.market, wall_ms)
        yield Hyperliquid(self.market, wall_ms)

    @property
    def port(self) -> int:
        return self._port

    @property
    def now(self) -> Moment:
        return self._pace.now()

    @property
    def urls(self) -> dict[str, str]:
        """Feed id -> websocket URL."""
        return {
            feed: url
            for venue in self._venues.values()
            for feed, url in venue.urls(f"ws://{HOST}:{self._port}/{venue.id}").items()
        }

    @property
    def rest_urls(self) -> dict[str, str]:
        """Venue id -> HTTP base; the venue's own paths follow it."""
        return {venue: f"http://{HOST}:{self._port}/{venue}" for venue in self._venues}

    @property
    def ccxt_urls(self) -> dict[str, dict[str, object]]:
        """ccxt class -> `urls['api']`."""
        return {
            name: table
            for venue in self._venues.values()
            for name, table in venue.ccxt_urls(
                f"http://{HOST}:{self._port}/{venue.id}", f"ws://{HOST}:{self._port}/{venue.id}"
            ).items()
        }

    def open_sockets(self, feed: str) -> int:
        return sum(line.feed == feed for line in self._lines)

    def topics(self, feed: str) -> frozenset[str]:
        """What all clients of this feed have subscribed to, in the venue's words."""
        return frozenset(topic for line in self._lines if line.feed == feed for topic in line.dialogue.topics)

    def add(self, kind: FaultKind, **facts: Any) -> Fault:
        """Adds a fault that starts now to the script, and returns it for `script.remove`."""
        return self.script.add(Fault(kind=kind, start_s=self.now.elapsed_s, **facts))

    async def strike(self, fault: Fault) -> None:
        """Does a momentary fault (close, abort, frame) now to every open socket of its feed."""
        for line in list(self._lines):
            if fault.feed in ("", line.feed):
                await line.strike(fault)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        venue = self._venues.get(request.match_info["venue"])
        if venue is None:
            return _http(reply({"msg": "no such venue"}, 404))
        path = "/" + request.match_info["path"]
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._converse(venue, path, request)
        self.asked.append(request.path)
        return _http(self._answer(venue, path, request, await request.text()))

    def _answer(self, venue: Venue, path: str, request: web.Request, body: str) -> Answer:
        now = self.now
        for fault in self.script.holding("rest", venue.id, "", now.elapsed_s):
            if path.startswith(fault.path):
                return _refusal(fault)
        posted = request.method == "POST" and path in getattr(venue, "posts", ())
        if request.method != "GET" and not posted:
            return reply({"msg": "only reads are served"}, 405)
        key = next((request.headers[name] for name in _KEY_HEADERS if name in request.headers), "")
        return venue.answer(Ask(path, dict(request.query), key, body if posted else ""), now)

    async def _converse(self, venue: Venue, path: str, request: web.Request) -> web.StreamResponse:
        feed = venue.feed_of(path)
        self.dials[feed] = self.dials.get(feed, 0) + 1
        refused = self.script.find("refuse", feed, "", self.now.elapsed_s)
        if refused is not None:
            return _http(_refusal(refused))
        dialogue = venue.dialogue(path, dict(request.query), self.now)
        if dialogue is None:
            return _http(reply({"msg": "no socket here"}, 404))
        socket = web.WebSocketResponse(autoping=False, autoclose=False, timeout=_CLOSING_S, compress=False)
        await socket.prepare(request)
        line = Line(socket, request, dialogue, self.now)
        self._lines.add(line)
        self._heard.set()
        try:
            async with asyncio.TaskGroup() as tasks:
                driver = tasks.create_task(self._drive(line), name=f"simulator {feed}")
                await self._listen(line)
                await self._part(line)
                driver.cancel()
        finally:
            self._lines.discard(line)
        return socket

    async def _listen(self, line: Line) -> None:
        async for message in line.socket:
            now = self.now
            if self.script.find("hang", line.feed, "", now.elapsed_s) is not None:
                continue
            if message.type is WSMsgType.PING:
                with suppress(ConnectionError):
                    await line.socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                outputs = line.dialogue.received(message.data, now)
                self._heard.set()
                if self.script.find("unanswered", line.feed, "", now.elapsed_s) is None:
                    await line.send(outputs)

    async def _part(self, line: Line) -> None:
        """Answers the client's goodbye; a line that hangs does not."""
        while line.connected and self.script.find("hang", line.feed, "", self.now.elapsed_s) is not None:  # noqa: ASYNC110
            await asyncio.sleep(_SHORTEST_SLEEP_S)  # a fault ends by the clock, which sets no event
        await line.socket.close()

    async def _drive(self, line: Line) -> None:
        """Sends what is due until the socket closes."""
        pause_s = max(_SHORTEST_SLEEP_S, _TICK_S / self._pace.scale)
        while not line.socket.closed:
            now = self.now
            await line.events(self.script, now)
            if self.script.find("hang", line.feed, "", now.elapsed_s) is None:
                await line.ping(now)
                due = self._due(line, now)
                if due:
                    self.first_data_s.setdefault(line.feed, self.now.elapsed_s)
                await line.send(due)
            await asyncio.sleep(pause_s)

    def _due(self, line: Line, now: Moment) -> list[Output]:
        withheld = self.script.find("unanswered", line.feed, "", now.elapsed_s)
        return line.dialogue.due(now) if withheld is None else []


def _http(answer: Answer) -> web.Response:
    return web.Response(
        body=answer.body, status=answer.status, headers=dict(answer.headers), content_type="application/json"
    )


def _refusal(fault: Fault) -> Answer:
    headers = {} if fault.retry_after_s is None else {"Retry_After": str(fault.retry_after_s)}
    if fault.location:
        headers["Location"] = fault.location
    code = -1003 if fault.status in (418, 429) else -1000  # a code that asks for fewer calls is heeded as such
    return reply({"code": code, "msg": "refused by the script"}, fault.status, **headers)
