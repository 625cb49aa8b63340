"""F70: what `websockets` does that our supervisor works around, and what it does that we rely on."""

from __future__ import annotations

import asyncio
import inspect
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Request, Response
from websockets.protocol import Protocol, State

from feeds.pacing import BURST, Host


@asynccontextmanager
async def serving(script: object, status: int | None = None) -> AsyncIterator[tuple[str, list[int]]]:
    """A server with this handler, or one that refuses with `status`; and a count of its handshakes."""
    dials: list[int] = []

    def answer(socket: ServerConnection, request: Request) -> Response | None:
        dials.append(1)
        return None if status is None else socket.respond(HTTPStatus(status), "no")

    async with serve(script, "127.0.0.1", 0, process_request=answer, ping_interval=None) as server:  # type: ignore[arg-type]
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", dials


async def leave(socket: ServerConnection) -> None:
    await socket.close(1000)


async def silent(socket: ServerConnection) -> None:
    await socket.wait_closed()


async def test_its_own_reconnecting_loop_storms_a_server_that_accepts_and_closes() -> None:
    """Hundreds of dials in half a second; our bucket lets six through."""
    async with serving(leave) as (url, dials):

        async def follow() -> None:
            async for socket in connect(url):
                with pytest.raises(ConnectionClosed):
                    await socket.recv()

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(follow(), 0.5)
        assert len(dials) > 4 * BURST
    host = Host()
    assert sum(host.take(ms) == 0 for ms in range(500)) == BURST


@pytest.mark.parametrize("status", [418, 429, 403, 451])
async def test_its_own_reconnecting_loop_ends_for_good_on_a_refusal(status: int) -> None:
    async with serving(silent, status) as (url, dials):
        with pytest.raises(InvalidStatus):
            async for _ in connect(url):
                raise AssertionError("no connection came about")
        assert len(dials) == 1


async def test_a_frozen_stream_with_live_pongs_is_never_noticed() -> None:
    async with serving(silent) as (url, _), connect(url, ping_interval=0.02, ping_timeout=10) as socket:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.4)
        assert socket.state is State.OPEN
        assert 0 < socket.latency < 5


def test_its_defaults_leave_a_half_open_line_blind_for_forty_seconds() -> None:
    defaults = inspect.signature(ClientConnection.__init__).parameters
    assert defaults["ping_interval"].default + defaults["ping_timeout"].default >= 40


def test_it_follows_redirects_unless_told_otherwise() -> None:
    from feeds.dialling import Dial

    assert connect.process_redirect is not Dial.process_redirect


@asynccontextmanager
async def breaking(payload: bytes) -> AsyncIterator[str]:
    """A server that shakes hands, sends these bytes, and then neither reads nor ends."""
    over = asyncio.Event()

    async def say(socket: ServerConnection) -> None:
        await socket.recv()
        socket.transport.write(payload)
        socket.transport.pause_reading()
        await over.wait()
        socket.transport.abort()

    async with serving(say) as (url, _):
        yield url
        over.set()


async def test_a_broken_rule_is_told_only_when_something_is_sent_so_our_pings_are_needed() -> None:
    """A reader that waits is not woken by our own closing (1009) of a connection whose other end says nothing more."""
    too_big = struct.pack("!BBQ", 0x81, 127, 2**21) + b"x" * 100
    async with breaking(too_big) as url:
        socket = await connect(url, ping_interval=None, close_timeout=0.05, max_size=2**20)
        await socket.send("hello")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.5)
        assert socket.protocol.close_sent is not None
        assert socket.protocol.close_sent.code == 1009
        socket.transport.abort()
        pinging = await connect(url, ping_interval=0.05, close_timeout=0.05, max_size=2**20)
        await pinging.send("hello")
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(pinging.recv(), 5)


async def test_a_message_that_is_under_way_shows_in_its_protocol() -> None:
    begun = struct.pack("!BB", 0x01, 1) + b"{"
    async with breaking(begun) as url:
        socket = await connect(url, ping_interval=None, close_timeout=0.05)
        assert socket.protocol.current_size is None
        await socket.send("hello")
        async with asyncio.timeout(5):
            while socket.protocol.current_size is None:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.01)
        assert socket.protocol.current_size == 1
        assert isinstance(socket.protocol, Protocol)
        socket.transport.abort()
