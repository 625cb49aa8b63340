"""`python -m feeds.simulator` as a process: one line of addresses, then service, then a quick end."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from feeds.venues import FEEDS

ROOT = Path(__file__).resolve().parents[2]


async def launched(*words: str) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        "-m",
        "feeds.simulator",
        *words,
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 20)
    return process, json.loads(line)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, None])
async def test_it_says_where_it_is_serves_and_ends(ending: signal.Signals | None) -> None:
    process, addresses = await launched("--port", "0", "--seed", "3", "--until-stdin-closes")
    assert addresses.keys() == {"port", "ccxt", "urls", "rest_urls"}
    assert addresses["urls"].keys() == FEEDS.keys()
    assert addresses["ccxt"].keys() >= {"binance", "binanceusdm", "binancecoinm", "bybit", "bingx", "weex", "mexc"}
    assert all(f":{addresses['port']}/" in url for url in addresses["urls"].values())
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(addresses["urls"]["bybit-linear"]) as socket,
        session.get(f"{addresses['rest_urls']['binance']}/fapi/v1/exchangeInfo") as answer,
    ):
        assert answer.status == 200
        await socket.send_json({"op": "subscribe", "args": ["tickers.SOLUSDT"]})
        assert json.loads(await socket.receive_str(timeout=5))["success"] is True
        if ending is None:
            assert process.stdin is not None
            process.stdin.close()
        else:
            process.send_signal(ending)
        rest, errors = await asyncio.wait_for(process.communicate(), 5)
    assert (process.returncode, rest, errors) == (0, b"", b"")


async def test_a_closed_stdin_does_not_end_it_unless_asked() -> None:
    process, _ = await launched("--scenario", "calm")
    assert process.stdin is not None
    process.stdin.close()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(process.wait(), 0.5)
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 5) == 0


async def test_a_taken_port_is_said_in_a_sentence() -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "feeds.simulator", "--port", str(port)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), 20)
    server.close()
    await server.wait_closed()
    assert (process.returncode, output) == (2, b"")
    assert errors.decode().startswith(f"the simulator cannot listen on port {port}: ")
    assert errors.count(b"\n") == 1


async def test_it_needs_neither_ccxt_nor_the_screen() -> None:
    code = "import sys, feeds.simulator.__main__; print(sorted({'ccxt', 'textual', 'pydantic'} & sys.modules.keys()))"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), 20)
    assert output.strip() == b"[]"
