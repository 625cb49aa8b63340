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
    from monitor.watch import Watch


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


UNWATCHED = "No monitor watches this book: a short look of its own, without the alerts that were open."


def resume_kept(watch: Watch, path: Path, env: Mapping[str, str]) -> None:
    """Entries and the last rebalance that the book's monitor assumed: without them a short that is near its end would
    look like one that was opened now. Nothing is written.
    """
    import sqlite3

    from monitor.journal.reading import restore
    from monitor.journal.tables import connect_to_read
    from monitor.keeping import resume
    from monitor.place import candidates

    file = candidates(path, env)[0].folder / "journal.db"
    if not file.exists():
        return
    try:
        connection = connect_to_read(file)
        try:
            resume(watch.book, restore(connection))
        finally:
            connection.close()
    except sqlite3.Error as error:
        logging.getLogger("hedgetui.journal").warning("%s cannot be read: %s", file, error)


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
    watch = Watch(file.read(), BootClock(), path=str(file.path), top_up_hours=top_up_hours, notices=(UNWATCHED,))
    resume_kept(watch, path, env)
    setup = FeedSetup(urls=settings.urls, rest_urls=settings.rest_urls, cache_dir=str(cache_folder(env)))
    return new_engine(watch, setup, None)
