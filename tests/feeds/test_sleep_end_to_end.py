"""A process that is stopped and goes on, against the exchange on a port: the real clock notices, and nothing that was
on its way meanwhile is believed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import msgspec

from feeds.simulator import Simulator

PROGRAM = """
import asyncio, random, sys
import msgspec
from feeds import awake
from feeds.markets import FeedSetup, watch_markets
from hedge.market import FeedState, Want
from monitor.clock import BootClock

awake.NAP_MS = 1500

def emit(update):
    kind = type(update).__name__
    words = f"{update.state} {update.reason}" if kind in ("FeedState", "SymbolState") else ""
    print(kind, getattr(update, "feed", ""), words, flush=True)

urls, rest_urls = msgspec.json.decode(sys.argv[1])
wants = [Want("binance", "BTC/USDT", spot=True), Want("bybit", "BTC/USDT", spot=True)]
asyncio.run(watch_markets(wants, FeedSetup(urls, rest_urls), BootClock(), random.Random(1), emit))
"""
ROOT = Path(__file__).resolve().parents[2]


async def line_with(stream: asyncio.StreamReader, words: str) -> list[str]:
    """The lines up to the first that holds these words."""
    lines: list[str] = []
    async with asyncio.timeout(30):
        while not lines or words not in lines[-1]:
            lines.append((await stream.readline()).decode())
    return lines


async def test_a_process_that_was_stopped_believes_nothing_that_came_meanwhile() -> None:
    async with Simulator() as exchange:
        where = msgspec.json.encode((exchange.urls, exchange.rest_urls)).decode()
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM, where),
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        try:
            assert child.stdout is not None
            await line_with(child.stdout, "Spot binance-spot")
            await line_with(child.stdout, "Spot bybit-spot")
            child.send_signal(signal.SIGSTOP)
            await asyncio.sleep(3)
            child.send_signal(signal.SIGCONT)
            await line_with(child.stdout, "Woke")
            after = await line_with(child.stdout, "Spot ")
            assert {line.split()[1] for line in after if line.startswith("Dropped")} == {"binance-spot", "bybit-spot"}
            assert any("backing_off this machine slept for" in line for line in after)
            assert any("FeedState" in line and " live" in line for line in after), "the first price is of a new socket"
            both = "".join(after)
            while not all(f"Spot {feed}" in both for feed in ("binance-spot", "bybit-spot")):
                both += "".join(await line_with(child.stdout, "Spot "))
        finally:
            child.kill()
            await child.wait()
        assert exchange.dials["binance-spot"] == exchange.dials["bybit-spot"] == 2
