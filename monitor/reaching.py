"""A monitor for one command: the one that runs, else an engine of our own for as long as the command takes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.launch import running
from monitor.link import connect
from monitor.messages import Monitor

if TYPE_CHECKING:
    from monitor.engine import Engine


@contextlib.asynccontextmanager
async def reached(path: Path | None, env: Mapping[str, str]) -> AsyncIterator[Monitor]:
    """The monitor of the portfolio at `path`; without one a demo. Whatever was started for this is ended after it.

    Raises SettingsError, UnreadableFile and PortfolioError; MonitorLost where a running monitor cannot be joined."""
    if path is None:
        from monitor.viewer import demo

        monitor: Monitor = demo(env)
        try:
            yield monitor
        finally:
            await monitor.close()
        return
    place = running(path, env)
    if place is not None:
        client = await connect(place.sock)
        try:
            yield client
        finally:
            await client.close()
        return
    engine = own_engine(path, env)
    watching = asyncio.create_task(engine.run(), name="engine")
    try:
        yield engine
    finally:
        engine.stop("asked no more")
        await watching


def own_engine(path: Path, env: Mapping[str, str]) -> Engine:
    """An engine in this process. Raises SettingsError, UnreadableFile and PortfolioError."""
    from feeds.markets import FeedSetup
    from monitor.clock import BootClock
    from monitor.portfolio_file import PortfolioFile
    from monitor.run import cache_folder, new_engine
    from monitor.settings import read_settings
    from monitor.watch import Watch

    logging.getLogger("hedgetui").addHandler(logging.NullHandler())  # what is printed says it all
    settings = read_settings(env)
    file = PortfolioFile(path)
    top_up_hours = Decimal(repr(settings.top_up_hours))
    watch = Watch(file.read(), BootClock(), path=str(file.path), top_up_hours=top_up_hours)
    setup = FeedSetup(urls=settings.urls, rest_urls=settings.rest_urls, cache_dir=str(cache_folder(env)))
    return new_engine(watch, setup, None)
