"""A clock that moves when told, and a venue that does what a test says. Real sockets, no waiting."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from feeds.pacing import Hosts
from feeds.stream import Stream, Timing, World
from feeds.venue import Feed
from hedge.market import FeedState, Instant, SymbolState, Update

WALL_MS = 1_795_000_000_000
QUICK = Timing(open_s=0.5, ping_s=60.0, pong_s=60.0, close_s=0.1)


class FakeTime:
    """A clock and its `sleep`. Time passes only in `advance`, which lets every socket settle at each step."""

    def __init__(self) -> None:
        self.mono_ms = 1_000_000
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> Instant:
        return Instant(self.mono_ms, WALL_MS + self.mono_ms)

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self.mono_ms + round(seconds * 1000), self._count, future))
        await future

    async def advance(self, seconds: float) -> None:
        target = self.mono_ms + round(seconds * 1000)
        await settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            due, _, future = heapq.heappop(self._sleepers)
            self.mono_ms = max(self.mono_ms, due)
            if not future.done():
                future.set_result(None)
                await settle()
        self.mono_ms = target
        await settle()


async def settle(rounds: int = 40) -> None:
    """Let the loop carry what is on its way over loopback."""
    for _ in range(rounds):
        await asyncio.sleep(0)
    await asyncio.sleep(0.001)


async def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait in real time for something that real sockets bring."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


class Peer:
    """A venue on loopback: counts dials, keeps what it hears, answers with `script`, sends what the test says."""

    def __init__(
        self,
        script: Callable[[Peer, ServerConnection], Awaitable[None]] | None = None,
        refuse: Callable[[ServerConnection, Request], Response | None] | None = None,
    ) -> None:
        self.dials = 0
        self.heard: list[str] = []
        self.sockets: list[ServerConnection] = []
        self._script = script
        self._refuse = refuse
        self._server: Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._serve, "127.0.0.1", 0, process_request=self._request, ping_interval=None, close_timeout=0.1
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        for socket in self.sockets:
            socket.transport.abort()
        self._server.close()
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(next(iter(self._server.sockets)).getsockname()[1])

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    async def send(self, *frames: object) -> None:
        """To every open socket; text as it is, anything else as JSON."""
        for frame in frames:
            data = frame if isinstance(frame, str | bytes) else msgspec.json.encode(frame).decode()
            for socket in self.sockets:
                await socket.send(data)
        await settle()

    def _request(self, socket: ServerConnection, request: Request) -> Response | None:
        self.dials += 1
        return None if self._refuse is None else self._refuse(socket, request)

    async def _serve(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        try:
            if self._script is not None:
                await self._script(self, socket)
            async for text in socket:
                assert isinstance(text, str)
                self.heard.append(text)
        except ConnectionClosed:
            pass
        finally:
            self.sockets.remove(socket)


class Ear:
    """Takes in every update."""

    def __init__(self) -> None:
        self.updates: list[Update] = []

    def __call__(self, update: Update) -> None:
        self.updates.append(update)

    def clear(self) -> None:
        self.updates.clear()

    @property
    def feed_states(self) -> list[FeedState]:
        return [each for each in self.updates if isinstance(each, FeedState)]

    @property
    def last_feed(self) -> FeedState:
        return self.feed_states[-1] if self.feed_states else FeedState("", "idle", "", 0)

    def symbol(self, symbol: str) -> list[SymbolState]:
        return [each for each in self.updates if isinstance(each, SymbolState) and each.symbol == symbol]

    def values(self, kind: type[Update]) -> list[Update]:
        return [each for each in self.updates if isinstance(each, kind)]


class Rig:
    """One stream against one address on fake time."""

    def __init__(
        self, feed: Feed, url: str, symbols: list[str], time: FakeTime | None = None, hosts: Hosts | None = None
    ) -> None:
        self.time = time or FakeTime()
        self.ear = Ear()
        self.world = World(self.time, random.Random(7), self.ear, hosts or Hosts(), self.time.sleep, QUICK)
        natives = {str(feed.native(symbol)): symbol for symbol in symbols}
        self.stream = Stream(feed, url, natives, self.world)
        self._task: asyncio.Task[None] | None = None

    def timed(self, timing: Timing) -> Rig:
        self.world = msgspec.structs.replace(self.world, timing=timing)
        self.stream.world = self.world
        return self

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.stream.run())
        await settle()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        for ended in await asyncio.gather(self._task, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended


def mark_frame(native: str, mark: str = "100.5", at_ms: int = WALL_MS, **more: object) -> dict[str, object]:
    """A mark price frame in Binance's shape."""
    return {
        "e": "markPriceUpdate",
        "E": at_ms,
        "s": native,
        "p": mark,
        "i": "100.25",
        "P": "100.3",
        "r": "0.00012",
        "T": at_ms + 3_600_000,
    } | more


def ticker_frame(native: str, kind: str, at_ms: int = WALL_MS, **keys: object) -> dict[str, object]:
    """A ticker frame in Bybit's shape."""
    return {"topic": f"tickers.{native}", "type": kind, "data": {"symbol": native} | keys, "cs": 1, "ts": at_ms}


def snapshot_frame(native: str, at_ms: int = WALL_MS, **keys: object) -> dict[str, object]:
    """A complete snapshot in Bybit's shape."""
    full: dict[str, object] = {
        "lastPrice": "100.6",
        "markPrice": "100.5",
        "indexPrice": "100.25",
        "fundingRate": "-0.00021",
        "nextFundingTime": str(at_ms + 3_600_000),
        "fundingIntervalHour": "4",
        "fundingCap": "0.005",
        "bid1Price": "100.4",
        "ask1Price": "100.6",
    }
    return ticker_frame(native, "snapshot", at_ms, **(full | keys))
