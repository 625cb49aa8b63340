"""A venue's frames, made beforehand and sent as fast as a socket takes them, and the programs that read them.

The peer writes whole frames into the socket in large pieces, so that a reader never waits for it. Readers are processes
of their own, each pinned to the core that the peer is not on; what they used is their CPU time from their first frame
to the end of the connection.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import resource
import struct
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.books import HOUR_MS, Walk, symbol, watched

FIRST_MS = 1_795_000_000_000
PIECE = 1 << 18
AHEAD = 1 << 22
"""Bytes that may wait in the peer's buffer."""


# frames


def native(number: int) -> str:
    return symbol(number).replace("/", "").partition(":")[0]


def mark_price(walk: Walk, number: int, second: int) -> dict[str, Any]:
    mark, index = walk.next(number)
    at_ms = FIRST_MS + second * 1_000
    stamp = FIRST_MS + 8 * HOUR_MS
    return {
        "e": "markPriceUpdate", "E": at_ms, "s": native(number), "p": mark, "ap": mark, "P": index, "i": index,
        "r": "0.00010000", "T": stamp, "st": 1,
    }  # fmt: skip


def single(markets: int, rounds: int) -> list[str]:
    """Binance's mark prices, a frame each."""
    walk = Walk(1)
    return [json.dumps(mark_price(walk, number, second)) for second in range(rounds) for number in range(markets)]


def arrays(markets: int, rounds: int) -> list[str]:
    """The same as `!markPrice@arr`: every market in each frame."""
    walk = Walk(1)
    return [json.dumps([mark_price(walk, number, second) for number in range(markets)]) for second in range(rounds)]


def tickers(markets: int, rounds: int) -> list[str]:
    """Bybit's tickers: a snapshot of each market, then deltas."""
    walk, made = Walk(1), []
    for second in range(rounds):
        for number in range(markets):
            mark, index = walk.next(number)
            data = {"symbol": native(number), "markPrice": mark, "indexPrice": index, "lastPrice": mark}
            if not second:
                stamp = str(FIRST_MS + 8 * HOUR_MS)
                data |= {"fundingRate": "0.0001", "nextFundingTime": stamp, "fundingIntervalHour": "8"}
            kind, at_ms = "delta" if second else "snapshot", FIRST_MS + second * 1_000
            topic = f"tickers.{native(number)}"
            made.append(json.dumps({"topic": topic, "type": kind, "data": data, "cs": second, "ts": at_ms}))
    return made


# the peer


def on_the_wire(text: str) -> bytes:
    """An unmasked text frame."""
    body = text.encode()
    if len(body) < 126:
        return bytes((0x81, len(body))) + body
    if len(body) < 1 << 16:
        return b"\x81\x7e" + struct.pack("!H", len(body)) + body
    return b"\x81\x7f" + struct.pack("!Q", len(body)) + body


class Peer:
    """Sends prepared frames, by the first word of the path, to whoever asks for anything."""

    def __init__(self, frames: dict[str, list[str]], core: int | None = None) -> None:
        self._wire = {name: b"".join(map(on_the_wire, texts)) for name, texts in frames.items()}
        self._core = core

    async def _send(self, socket: ServerConnection) -> None:
        path = socket.request.path if socket.request is not None else ""
        wire = self._wire[path.strip("/").partition("/")[0]]
        await socket.recv()
        transport = socket.transport
        for start in range(0, len(wire), PIECE):
            transport.write(wire[start : start + PIECE])
            while transport.get_write_buffer_size() > AHEAD:  # noqa: ASYNC110 (a transport sets no event)
                await asyncio.sleep(0.001)

    async def serve(self) -> None:
        """For ever; the port is printed as one line."""
        if self._core is not None:
            os.sched_setaffinity(0, {self._core})
        async with serve(self._send, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
            print(next(iter(server.sockets)).getsockname()[1], flush=True)
            await asyncio.get_running_loop().create_future()


# readers


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Meter:
    """CPU from the first update that counts to the last; what happens once, before and after, is left out."""

    def __init__(self, skip: int = 0, last: int = 0) -> None:
        """`last`: how many are expected; 0 where that is not known, and the end of the connection counts."""
        self._skip = skip
        self._last = last
        self._began = self._ended = 0.0
        self.heard = 0

    def note(self) -> None:
        """One more update, or frame, or wake-up of a loop."""
        if self.heard == self._skip:
            self._began = cpu_s()
        self.heard += 1
        if self.heard == self._last:
            self._ended = cpu_s()

    def stop(self) -> float:
        return (self._ended or cpu_s()) - self._began


async def read_only(url: str, meter: Meter) -> None:
    """The floor: every frame is received and nothing is made of it."""
    async with connect(url, compression=None, ping_interval=None, max_size=None) as socket:
        await socket.send("go")
        try:
            while True:
                await socket.recv()
                meter.note()
        except ConnectionClosed:
            return


def ours(url: str, feed_id: str, held: int, heard: Callable[[Any], None]) -> tuple[Any, Any]:
    """The product's own watch and supervisor, which is to be run; `heard` is called for every update that is a mark."""
    from feeds.pacing import Hosts
    from feeds.stream import Stream
    from feeds.venues import FEEDS
    from feeds.world import World
    from hedge.market import FeedState, Mark, Update
    from monitor.clock import BootClock

    clock, feed = BootClock(), FEEDS[feed_id]
    watch = watched(held, clock, feed.venue, feed.id, feed.silence_ms)

    def emit(update: Update) -> None:
        watch.take(update)
        if isinstance(update, Mark | FeedState):
            heard(update)

    world = World(clock, random.Random(1), emit, Hosts())
    return watch, Stream(feed, url, {native(number): symbol(number) for number in range(held)}, world)


async def read_ours(url: str, meter: Meter, feed_id: str, held: int) -> None:
    """The product's own supervisor, parser, book and rules, until the connection ends."""
    from hedge.market import FeedState, Mark

    over = asyncio.get_running_loop().create_future()

    def heard(update: Mark | FeedState) -> None:
        if isinstance(update, Mark):
            meter.note()
        elif update.state in ("backing_off", "blocked") and not over.done():
            over.set_result(update.reason)

    _, stream = ours(url, feed_id, held, heard)
    running = asyncio.ensure_future(stream.run())
    await asyncio.wait({running, over}, return_when=asyncio.FIRST_COMPLETED)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def open_ccxt(url: str, exchange_id: str, markets: int, every: bool) -> tuple[Any, Callable[[], Awaitable[Any]]]:
    """An exchange of ccxt.pro on the peer, and what its manual waits for again and again."""
    import ccxt.pro

    exchange = getattr(ccxt.pro, exchange_id)({"newUpdates": True})
    exchange.set_markets([_market(exchange, number) for number in range(markets)])
    names = [symbol(number) for number in range(markets)]
    if exchange_id == "bybit":
        exchange.urls["api"]["ws"]["public"]["linear"] = url
        return exchange, lambda: exchange.watch_tickers(names)
    exchange.urls["api"]["ws"]["linear"] = url
    return exchange, lambda: exchange.watch_mark_prices(None if every else names)


async def read_ccxt(url: str, meter: Meter, exchange_id: str, markets: int, every: bool) -> None:
    """The loop of ccxt.pro's manual, until the connection ends."""
    import ccxt

    exchange, wait = open_ccxt(url, exchange_id, markets, every)
    try:
        while True:
            await wait()
            meter.note()
    except ccxt.NetworkError:
        pass
    finally:
        await exchange.close()


def _market(exchange: Any, number: int) -> dict[str, Any]:
    base = symbol(number).partition("/")[0]
    return exchange.safe_market_structure(
        {
            "id": native(number), "lowercaseId": native(number).lower(), "symbol": symbol(number), "base": base,
            "quote": "USDT", "settle": "USDT", "baseId": base, "quoteId": "USDT", "settleId": "USDT", "type": "swap",
            "spot": False, "swap": True, "future": False, "option": False, "contract": True, "linear": True,
            "inverse": False, "contractSize": 1, "active": True,
            "precision": {"amount": 0.001, "price": 0.01}, "limits": {}, "info": {},
        }
    )  # fmt: skip


def run_reader(read: Callable[[Meter], Awaitable[None]], meter: Meter, core: int | None) -> dict[str, float]:
    """One reader to its end; what it used."""
    logging.disable(logging.CRITICAL)
    if core is not None:
        os.sched_setaffinity(0, {core})
    asyncio.run(_to_the_end(read, meter))
    return {"cpu_s": meter.stop(), "heard": meter.heard}


async def _to_the_end(read: Callable[[Meter], Awaitable[None]], meter: Meter) -> None:
    await read(meter)


def two_cores() -> tuple[int | None, int | None]:
    """One for the peer and one for the reader; None where there are not two."""
    cores: Sequence[int] = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else (None, None)
