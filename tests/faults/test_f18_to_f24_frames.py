"""Frames that no venue should send: too long, never finished, packed to burst, full of nonsense."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from feeds_kit import Rig, until

from feeds import binance
from feeds.stream import Timing
from feeds.venue import Feed
from hedge.market import Spot

BTC = "BTC/USDT:USDT"
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CONTINUED, LAST = 0x01, 0x00, 0x80
PINGING = Timing(open_s=0.5, ping_s=0.1, pong_s=0.1, close_s=0.05)

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw(script: Script) -> AsyncIterator[str]:
    """A venue that shakes hands and then writes bytes of the test's choice."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            key = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
            accept = base64.b64encode(hashlib.sha1(key.split(b":")[1].strip() + MAGIC).digest())
            writer.write(b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
            writer.write(b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
            await script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
    finally:
        server.close()


def header(first: int, length: int) -> bytes:
    """Of an unmasked frame, as servers send it."""
    if length < 126:
        return struct.pack("!BB", first, length)
    return struct.pack("!BBQ", first, 127, length) if length > 65_535 else struct.pack("!BBH", first, 126, length)


def resident() -> int:
    """Bytes of memory that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def test_f20_sixty_four_mebibytes_are_refused_at_the_header() -> None:
    """Not one byte of it is waited for or kept."""

    async def boast(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(header(TEXT | LAST, 64 * 2**20) + b"x" * 1000)
        await reader.read()

    async with raw(boast) as url, Rig(binance.USDM, url, [BTC]) as rig:
        before = resident()
        await until(lambda: rig.ear.last_feed.state == "backing_off", 5)
        assert "1009 frame over 1 MiB" in rig.ear.last_feed.reason
        assert resident() - before < 8 * 2**20
        await rig.time.advance(3)
        assert rig.stream.dials == 2


async def test_f20_a_message_in_fragments_is_counted_as_a_whole() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(header(TEXT, 60_000) + b"x" * 60_000)
        for _ in range(40):
            writer.write(header(CONTINUED, 60_000) + b"x" * 60_000)
            await writer.drain()
        await reader.read()

    patient = Timing(open_s=5, ping_s=0.5, pong_s=5, close_s=0.05)  # this venue answers no ping
    async with raw(flood) as url, Rig(binance.USDM, url, [BTC]).timed(patient) as rig:
        await until(lambda: rig.ear.last_feed.state == "backing_off", 5)
        assert "1009 frame over 1 MiB" in rig.ear.last_feed.reason


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One text message, begun and continued without end, with pongs in between."""
    writer.write(header(TEXT, 1) + b"{")
    while True:
        writer.write(header(CONTINUED, 1) + b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("feed", [binance.USDM, binance.SPOT])
async def test_f21_a_message_that_never_ends_is_dropped_after_ten_seconds(feed: Feed) -> None:
    symbol = "BTC/USDT" if feed.spot else BTC
    async with raw(drip) as url, Rig(feed, url, [symbol]) as rig:
        await until(lambda: rig.ear.last_feed.state == "subscribing")
        await rig.time.advance(12)
        await until(lambda: rig.ear.last_feed.state == "backing_off")
        await rig.time.advance(3)
        await until(lambda: rig.stream.dials == 2)


async def test_f21_a_message_that_never_ends_is_dropped_although_the_symbol_may_be_silent_for_a_minute() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        touch = b'{"u":1,"s":"BTCUSDT","b":"99","a":"100"}'
        writer.write(header(TEXT | LAST, len(touch)) + touch)
        await drip(reader, writer)

    async with raw(speak) as url, Rig(binance.SPOT, url, ["BTC/USDT"]) as rig:
        await until(lambda: rig.ear.last_feed.state == "live")
        began_ms = rig.time.mono_ms
        await rig.time.advance(9)
        assert rig.ear.last_feed.state == "live"
        await rig.time.advance(2.5)
        await until(lambda: rig.ear.last_feed.state == "backing_off")
        assert "has begun did not end in 10 s" in rig.ear.last_feed.reason
        assert rig.ear.last_feed.at_mono_ms - began_ms <= 12_000


async def test_f21_messages_in_parts_that_do_end_are_read_as_any_other() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(1, 400):
            touch = b'{"u":%d,"s":"BTCUSDT","b":"99","a":"100"}' % number
            writer.write(header(TEXT, 7) + touch[:7] + header(0x09 | LAST, 1) + b"p")
            await asyncio.sleep(0)
            writer.write(header(CONTINUED, 3) + touch[7:10] + header(CONTINUED | LAST, len(touch) - 10) + touch[10:])
        await reader.read()

    async with raw(speak) as url, Rig(binance.SPOT, url, ["BTC/USDT"]) as rig:
        await until(lambda: len(rig.ear.values(Spot)) == 399)
        await rig.time.advance(30)
        assert rig.stream.dials == 1


async def test_f21_a_frame_that_stops_within_itself_hides_its_pongs_and_fails_our_pings() -> None:
    async def stop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(header(TEXT | LAST, 100) + b'{"e":')
        await reader.read()

    async with raw(stop) as url, Rig(binance.SPOT, url, ["BTC/USDT"]).timed(PINGING) as rig:
        await until(lambda: rig.ear.last_feed.state == "backing_off", 5)
        assert "keepalive ping timeout" in rig.ear.last_feed.reason


@pytest.mark.parametrize(
    "frame",
    [
        header(0x03 | LAST, 1) + b"x",  # an opcode that is none
        header(0x71 | LAST, 1) + b"x",  # reserved bits without an extension
        header(CONTINUED | LAST, 1) + b"x",  # nothing to continue
        struct.pack("!BB", TEXT | LAST, 0x81) + b"mask" + b"x",  # masked, which servers never do
        header(0x09 | LAST, 126) + b"p" * 126,  # a ping too long
        header(0x08 | LAST, 1) + b"x",  # a closing of one byte
        b"HTTP/1.1 200 OK\r\n" + b"x" * 100,
        b"\x00" * 64,
        bytes(range(256)) * 8,
    ],
    ids=[
        *("opcode", "reserved bits", "nothing to continue", "masked", "long ping", "short closing"),
        *("http", "zeros", "every byte"),
    ],
)
async def test_f18_bytes_that_are_no_frame_end_the_connection_and_nothing_else(frame: bytes) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame)
        await reader.read()

    async with raw(say) as url, Rig(binance.USDM, url, [BTC]).timed(PINGING) as rig:
        await until(lambda: rig.ear.last_feed.state == "backing_off", 5)
        assert rig.ear.last_feed.reason
        await rig.time.advance(3)
        await until(lambda: rig.stream.dials == 2)
