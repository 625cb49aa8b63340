"""The proxy does what the tests of faults rely on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fault_proxy import FaultProxy


@asynccontextmanager
async def echoing() -> AsyncIterator[FaultProxy]:
    """A proxy before a peer that sends everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with FaultProxy(server.sockets[0].getsockname()[1]) as proxy:
        yield proxy
    server.close()


async def dial(proxy: FaultProxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def test_untouched_it_relays_everything_and_the_end() -> None:
    async with echoing() as proxy:
        reader, writer = await dial(proxy)
        writer.write(b"x" * 500_000)
        assert len(await reader.readexactly(500_000)) == 500_000
        writer.close()
        assert await reader.read() == b""
        assert proxy.lines == 1


async def test_a_black_hole_holds_bytes_back_and_repeats_them_later() -> None:
    async with echoing() as proxy:
        reader, writer = await dial(proxy)
        for stop in (proxy.stop, proxy.up.stop, proxy.down.stop):
            stop()
            writer.write(b"lost?")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.05)
            proxy.go()
            assert await reader.readexactly(5) == b"lost?"
        writer.close()


async def test_a_black_hole_hides_the_end_of_a_line_too() -> None:
    async with echoing() as proxy:
        reader, writer = await dial(proxy)
        proxy.stop()
        writer.write_eof()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.05)
        writer.close()


async def test_a_reset_is_a_reset() -> None:
    async with echoing() as proxy:
        reader, writer = await dial(proxy)
        writer.write(b"x")
        await reader.readexactly(1)
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()


async def test_accepting_without_a_word_and_resetting_at_once() -> None:
    async with echoing() as proxy:
        proxy.accept = "nothing"
        reader, writer = await dial(proxy)
        writer.write(b"anyone?")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.05)
        writer.close()
        proxy.accept = "reset"
        reader, writer = await dial(proxy)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        assert proxy.lines == 2


async def test_latency_delays_and_keeps_order() -> None:
    async with echoing() as proxy:
        proxy.up.latency_s, proxy.down.latency_s = 0.05, 0.05
        reader, writer = await dial(proxy)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(20):
            writer.write(bytes([number]))
            await asyncio.sleep(0)
        assert await reader.readexactly(20) == bytes(range(20))
        assert 0.1 <= loop.time() - began < 1.0, "late once, not once a piece"
        writer.close()


async def test_slices_and_bandwidth() -> None:
    async with echoing() as proxy:
        proxy.up.slice = 3
        proxy.down.rate, proxy.down.slice = 1_000.0, 10
        reader, writer = await dial(proxy)
        loop = asyncio.get_running_loop()
        began = loop.time()
        writer.write(b"y" * 110)
        assert await reader.readexactly(110) == b"y" * 110
        assert loop.time() - began >= 0.09
        writer.close()


async def test_a_line_ends_in_the_middle_at_byte_n() -> None:
    async with echoing() as proxy:
        proxy.down.close_at = 7
        reader, writer = await dial(proxy)
        writer.write(b"0123456789")
        assert await reader.read() == b"0123456"
        writer.close()
