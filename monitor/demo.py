"""The demo: a simulated exchange, a private copy of the sample, and a user who buys and rebalances on a script.

Everything else is the real thing: the same feeds over loopback, the same rules, the same file edits that a person
would make. It ends when the pipe on its stdin closes, which is when its viewer ends, however that happens.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from monitor.launch import PROGRAM
from monitor.place import Place

if TYPE_CHECKING:
    from monitor.engine import Engine

SAMPLE = PROGRAM.parent / "sample_portfolio.json"
COIN = "SOL"
SIMULATOR_START_S = 20.0
NOBODY_CAME_S = 30.0

_LOG = logging.getLogger("hedgetui.demo")


class Change(Struct, frozen=True):
    """What the demo's user does at `at_s` of each round: the holding or the short becomes `factor` of the sample's."""

    at_s: float
    what: str
    """`holding` or `short`."""
    factor: Decimal


ROUND_S = 420.0
ROUND: tuple[Change, ...] = (
    Change(20, "holding", Decimal("1.22")),
    Change(110, "short", Decimal("1.22")),
    Change(270, "holding", Decimal("1")),
    Change(340, "short", Decimal("1")),
)
"""A buy that leaves the hedge under its target, the sale that mends it, and the same on the way back."""


def changed(sample: dict[str, Any], holding: Decimal, short: Decimal) -> dict[str, Any]:
    """The sample with the coin's holding, and its short with its margin, multiplied."""
    portfolio: dict[str, Any] = json.loads(json.dumps(sample))
    for held in portfolio["holdings"]:
        if held["asset"] == COIN:
            held["quantity"] = times(held["quantity"], holding)
    for account in portfolio["accounts"]:
        for position in account["positions"]:
            if position["symbol"].startswith(f"{COIN}/"):
                position["contracts"] = times(position["contracts"], short)
                if "margin" in position:
                    position["margin"] = times(position["margin"], short)
    return portfolio


def read_yesterday(sample: dict[str, Any], wall_ms: int) -> dict[str, Any]:
    """The sample with accounts that were read the day before `wall_ms` (UTC), however long ago the sample was made."""
    yesterday = datetime.fromtimestamp(wall_ms / 1000, UTC) - timedelta(days=1)
    accounts = [{**account, "as_of": f"{yesterday:%Y-%m-%d}"} for account in sample["accounts"]]
    return {**sample, "accounts": accounts}


def times(number: str, factor: Decimal) -> str:
    return format((Decimal(number) * factor).normalize(), "f")


def write(path: Path, portfolio: dict[str, Any]) -> None:
    """Atomically, as editors do."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(portfolio, indent=2) + "\n", encoding="utf-8")
    new.replace(path)


async def act(path: Path, sample: dict[str, Any], changes: Iterable[Change] = ROUND, round_s: float = ROUND_S) -> None:
    """The demo's user, for ever: each change is one edit of the file."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    factors = {"holding": Decimal(1), "short": Decimal(1)}
    while True:
        for change in changes:
            await asyncio.sleep(start + change.at_s - loop.time())
            factors[change.what] = change.factor
            await asyncio.to_thread(write, path, changed(sample, factors["holding"], factors["short"]))
            _LOG.info("the demo's user changed the %s of %s", change.what, COIN)
        start += round_s


class Addresses(Struct):
    """What the simulator prints first."""

    urls: dict[str, str]
    rest_urls: dict[str, str]


@contextlib.asynccontextmanager
async def simulator() -> AsyncIterator[tuple[asyncio.subprocess.Process, Addresses]]:
    """The simulated exchange as a process of its own; it ends with this one, because its stdin is our pipe."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "feeds.simulator",
        "--port",
        "0",
        "--until-stdin-closes",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=PROGRAM.parent,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(SIMULATOR_START_S):
            line = await process.stdout.readline()
        yield process, msgspec.json.decode(line, type=Addresses)
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(2):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def run_demo(folder: Path) -> int:
    """Run a demo in `folder`, which is removed at the end; returns the exit code."""
    os.umask(0o077)
    try:
        return asyncio.run(_demo(Place(folder)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _demo(place: Place) -> int:
    async with simulator() as (exchange, addresses):
        # imported while the simulator starts, because the viewer's first live frame waits for both
        from feeds.markets import FeedSetup
        from monitor.clock import BootClock
        from monitor.frames import PROTOCOL, Hello
        from monitor.journal import Journal
        from monitor.portfolio_file import PortfolioFile
        from monitor.run import JournalWord, log_to, new_engine, serve
        from monitor.version import VERSION
        from monitor.watch import Watch

        log_to(None)
        clock = BootClock()
        sample = read_yesterday(json.loads(SAMPLE.read_text(encoding="utf-8")), clock.now().wall_ms)
        file = PortfolioFile(place.folder / SAMPLE.name)
        write(file.path, sample)
        word = JournalWord()
        journal = Journal(None, word.trouble, now_ms=lambda: clock.now().wall_ms)
        watch = Watch(file.read(), clock, path=str(file.path), mode="demo", journal=journal)
        setup = FeedSetup(addresses.urls, addresses.rest_urls, cache_dir=str(place.folder / "cache"))
        engine = new_engine(watch, setup, file)
        hello = Hello(PROTOCOL, VERSION, os.getpid(), str(file.path), ends_with_viewer=True)
        beside = [
            act(file.path, sample),
            until_viewer_left(engine),
            until_nobody_came(engine),
            until_exchange_ended(engine, exchange),
        ]
        tasks = [asyncio.create_task(part) for part in beside]
        for task in tasks:
            task.add_done_callback(partial(ended, engine))
        try:
            return await serve(engine, place, hello, True, word)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def ended(engine: Engine, task: asyncio.Task[None]) -> None:
    """A part of the demo that breaks ends the demo, with its reason."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _LOG.error("the demo broke", exc_info=error)
        engine.stop(f"the demo broke: {type(error).__name__}: {error}", 1)


async def until_viewer_left(engine: Engine) -> None:
    """Our stdin is a pipe that the viewer holds open."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        while await reader.read(4096):
            pass
    finally:
        transport.close()
    engine.stop("the demo ended with its viewer")


async def until_nobody_came(engine: Engine) -> None:
    """A demo that nobody looks at for its first half minute was started by a viewer that could not."""
    await asyncio.sleep(NOBODY_CAME_S)
    if not engine.visited:
        engine.stop("nobody came to see the demo")


async def until_exchange_ended(engine: Engine, exchange: asyncio.subprocess.Process) -> None:
    code = await exchange.wait()
    engine.stop(f"the simulated exchange ended with code {code}", 1)
