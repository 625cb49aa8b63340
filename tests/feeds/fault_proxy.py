"""A bad network between two programs of one machine: late, in slices, slow, silent, or broken off.

    async with FaultProxy(peer.port) as proxy:
        ...                                # dial `proxy.url` in place of the peer's
        proxy.down.stop()                  # the peer's bytes no longer arrive; a half-open line from here on
        proxy.down.go()                    # they do again, none missing: what TCP repeats after an outage
        proxy.reset()                      # RST on every open line

`up` is the way from the client to the peer, `down` the way back. What is set there holds from the next byte on, for
open lines and new ones alike. `accept` says what happens to new lines: relayed, left without a word, or reset.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Literal, Self

PIECE = 65_536
"""Bytes that travel at once where no slice is asked for."""
WAITING = 16
"""Pieces under way in one direction before the sender is made to wait, as a full TCP window does."""

Sleep = Callable[[float], Awaitable[None]]


class Way:
    """One direction. Times in seconds, sizes in bytes."""

    def __init__(self) -> None:
        self.latency_s = 0.0
        """Each piece arrives this much later; pieces travel side by side and keep their order."""
        self.slice: int | None = None
        """So many bytes at a time, each with a packet of its own."""
        self.rate: float | None = None
        """Bytes a second."""
        self.close_at: int | None = None
        """After so many bytes the line ends (FIN), in the middle of whatever they belong to. Counted per line."""
        self.passed = 0
        """Bytes that arrived so far, on the newest line."""
        self._open = asyncio.Event()
        self._open.set()

    def stop(self) -> None:
        """A black hole: nothing arrives, not even the end of a line, and nobody is told."""
        self._open.clear()

    def go(self) -> None:
        """Everything that was held back arrives."""
        self._open.set()

    async def passable(self) -> None:
        await self._open.wait()


class Line:
    """One client's connection, and the one that was made to the peer for it."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.client = client
        self.peer: asyncio.StreamWriter | None = None

    def end(self, reset: bool) -> None:
        """Both ends at once; RST in place of FIN where `reset`."""
        for writer in (self.client, self.peer):
            if writer is None or writer.transport.is_closing():
                continue
            if reset:
                lingering = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
                writer.transport.abort()
            else:
                writer.close()


class FaultProxy:
    """Listens on `port` of 127.0.0.1 and relays to `peer_port` there."""

    def __init__(self, peer_port: int, sleep: Sleep = asyncio.sleep) -> None:
        self.up = Way()
        self.down = Way()
        self.accept: Literal["relay", "nothing", "reset"] = "relay"
        self.lines = 0
        """Accepted since the start."""
        self._peer_port = peer_port
        self._sleep = sleep
        self._open: set[Line] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.reset()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """A websocket address that leads through it."""
        return f"ws://127.0.0.1:{self.port}/ws"

    def stop(self) -> None:
        """Both ways are black holes."""
        self.up.stop()
        self.down.stop()

    def go(self) -> None:
        self.up.go()
        self.down.go()

    def reset(self) -> None:
        """RST on every open line, to both sides."""
        for line in list(self._open):
            line.end(reset=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines += 1
        line = Line(writer)
        self._open.add(line)
        try:
            if self.accept == "reset":
                line.end(reset=True)
            elif self.accept == "nothing":
                while await reader.read(PIECE):
                    pass
            else:
                await self._relay(line, reader)
        except OSError:
            line.end(reset=True)  # one side broke off: so does the other
        finally:
            line.end(reset=False)
            self._open.discard(line)

    async def _relay(self, line: Line, reader: asyncio.StreamReader) -> None:
        back, line.peer = await asyncio.open_connection("127.0.0.1", self._peer_port)
        ways = (self._pass(self.up, reader, line.peer), self._pass(self.down, back, line.client))
        tasks = [asyncio.ensure_future(way) for way in ways]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pass(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the sender's end has arrived, or `close_at` is reached."""
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(WAITING)
        taking = asyncio.ensure_future(self._take_in(way, reader, pieces))
        try:
            await self._hand_out(way, pieces, writer)
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)

    async def _take_in(
        self, way: Way, reader: asyncio.StreamReader, pieces: asyncio.Queue[tuple[float, bytes]]
    ) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            try:
                data = await reader.read(way.slice or PIECE)
            except ConnectionError:
                data = b""
            await pieces.put((clock() + way.latency_s, data))
            if not data:
                return

    async def _hand_out(
        self, way: Way, pieces: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        clock = asyncio.get_running_loop().time
        way.passed = passed = 0
        while True:
            due, data = await pieces.get()
            if (wait_s := due - clock()) > 0:
                await self._sleep(wait_s)
            await way.passable()
            if not data:
                return
            if way.close_at is not None:
                data = data[: max(0, way.close_at - passed)]
            way.passed = passed = passed + len(data)
            writer.write(data)
            await writer.drain()
            if way.close_at is not None and passed >= way.close_at:
                return
            if way.rate is not None:
                await self._sleep(len(data) / way.rate)
