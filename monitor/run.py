"""The monitor's process: one portfolio, one lock, one engine with its socket and its signals."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path

from msgspec.structs import replace

from alerts.timing import DEFAULT_POLICY, MINUTE, Policy
from alerts.values import LEVEL_NAMES
from feeds.markets import FeedSetup, Markets
from hedge.market import Update, Want
from monitor.clock import BootClock, boot_id
from monitor.engine import Engine
from monitor.frames import PROTOCOL, Hello
from monitor.journal import Journal, Trouble
from monitor.launch import LOG_LIMIT
from monitor.link import Server
from monitor.pages.opening import open_pager
from monitor.pages.pager import Pager
from monitor.place import Place, settle, take_lock
from monitor.portfolio_file import PortfolioFile
from monitor.redaction import Redactor, guard_process, secrets
from monitor.settings import Settings, read_settings
from monitor.version import VERSION
from monitor.watch import Watch

_LOG = logging.getLogger("hedgetui.monitor")

BROKEN = 1
"""Exit code after an error of our own."""
WATCHES_MS = 5_000
"""Everything is judged once a second; a monitor that did not for so long does not watch."""


def run_monitor(path: Path, env: Mapping[str, str], detached: bool) -> int:
    """Watch the portfolio at `path` until a signal or a request ends it; returns the exit code.

    `detached`: a viewer started it, so a terminal that hangs up is none of its business.
    Raises SettingsError, UnreadableFile, PortfolioError, PlaceError, AlreadyWatched and JournalError before anything
    runs."""
    os.umask(0o077)
    settings = read_settings(env)
    redact = Redactor(secrets(settings))
    if secrets(settings):
        guard_process(redact)
    file = PortfolioFile(path)
    portfolio = file.read()
    place = settle(path, env)
    lock = take_lock(place)
    log_to(place.log if detached else None)
    word = JournalWord()
    clock = BootClock()
    try:
        journal = Journal(place.journal, word.trouble, now_ms=lambda: clock.now().wall_ms, boot=boot_id())
        try:
            watch = Watch(
                portfolio,
                clock,
                path=str(file.path),
                notices=place.notices,
                top_up_hours=Decimal(repr(settings.top_up_hours)),
                journal=journal,
                policy=policy_of(settings),
                memory_only=place.notice,
            )
            pager = open_pager(
                settings, watch, journal, clock, str(file.path), redact, partial(watches, watch, journal)
            )
            cache = str(cache_folder(env))
            setup = FeedSetup(settings.urls, settings.rest_urls, cache, written_ms=file.written_ms)
            hello = Hello(PROTOCOL, VERSION, os.getpid(), str(file.path))
            return asyncio.run(serve(new_engine(watch, setup, file, pager), place, hello, detached, word))
        finally:
            journal.close()
    finally:
        lock.release()


class JournalWord:
    """What the journal's thread reports, on its way to the watch; kept until there is one to hear it."""

    def __init__(self) -> None:
        self.trouble = Trouble(self._failing, lambda: self._failing(""), self._lost)
        self._said: list[Callable[[Watch], None]] = []
        self._hear: Callable[[Callable[[Watch], None]], object] = self._said.append

    def listen(self, watch: Watch) -> None:
        """From now on `watch` hears it, in the loop that runs; first what was said before."""
        loop = asyncio.get_running_loop()

        def hear(say: Callable[[Watch], None]) -> None:
            with suppress(RuntimeError):  # the loop ended; the log has it
                loop.call_soon_threadsafe(say, watch)

        self._hear = hear
        for say in self._said:
            say(watch)

    def _failing(self, why: str) -> None:
        self._hear(lambda watch: watch.journal_failing(why))

    def _lost(self, words: str) -> None:
        self._hear(lambda watch: watch.journal_lost(words))


def new_engine(watch: Watch, setup: FeedSetup, file: PortfolioFile | None, pager: Pager | None = None) -> Engine:
    """An engine on the real network, or on whatever the addresses in `setup` lead to."""
    return Engine(watch, LiveFeeds(setup), file, beside=() if pager is None else (("pager", pager.run),))


def policy_of(settings: Settings) -> Policy:
    """How long answers hold, by the settings."""
    held = (settings.ack_minutes.get(level, 0) * MINUTE for level in LEVEL_NAMES)
    advisory, caution, warning = (own or usual for own, usual in zip(held, DEFAULT_POLICY.ack_ms, strict=True))
    return replace(DEFAULT_POLICY, ack_ms=(advisory, caution, warning))


def watches(watch: Watch, journal: Journal) -> bool:
    """Whether the book is truly watched: judged lately, with a journal that writes."""
    ago_ms = watch.looked_ago_ms
    return ago_ms is not None and ago_ms < WATCHES_MS and journal.working


class LiveFeeds:
    """The venues, as the engine drives them."""

    def __init__(self, setup: FeedSetup) -> None:
        self._setup = setup
        self._markets: Markets | None = None

    async def __call__(self, wants: Sequence[Want], emit: Callable[[Update], None]) -> None:
        """Read these until cancelled."""
        self._markets = Markets(self._setup, BootClock(), random.Random(), emit)
        await self._markets.run(wants)

    def want(self, wants: Sequence[Want]) -> None:
        """From now on read these."""
        if self._markets is not None:
            self._markets.want(wants)


async def serve(engine: Engine, place: Place, hello: Hello, detached: bool, word: JournalWord) -> int:
    """Run the engine with its socket open; returns the exit code. An end on purpose is written down as one."""
    catch_signals(engine, detached)
    word.listen(engine.watch)
    server = Server(engine, hello)
    await server.open(place.sock)
    _LOG.info("watching %s, process %d, hedgetui %s", hello.path, hello.pid, hello.version)
    try:
        end = await engine.run()
    except ExceptionGroup:
        _LOG.exception("the monitor broke")
        return BROKEN
    finally:
        await server.close()
    _LOG.info("%s", end.reason)
    engine.watch.stopped(end.reason.removeprefix("stopped by "))
    return end.code


def catch_signals(engine: Engine, detached: bool) -> None:
    """SIGTERM, SIGINT, SIGQUIT and SIGHUP end the watch in order, with 128 + n; a detached monitor ignores SIGHUP."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        loop.add_signal_handler(number, engine.stop, f"stopped by {number.name}", 128 + number)
    if detached:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    else:
        loop.add_signal_handler(signal.SIGHUP, engine.stop, "its terminal hung up", 128 + signal.SIGHUP)


def cache_folder(env: Mapping[str, str]) -> Path:
    """Where venue metadata is kept between starts. It can be thrown away at any time."""
    cache = env.get("XDG_CACHE_HOME", "")
    base = Path(cache) if cache.startswith("/") else Path(env.get("HOME") or Path.home()) / ".cache"
    return base / "hedgetui"


def log_to(file: Path | None) -> None:
    """One line an event, UTC: on stderr, or in a file that is turned over before it grows large."""
    handler = logging.StreamHandler(sys.stderr) if file is None else RotatingFileHandler(file, "a", LOG_LIMIT, 1)
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logger = logging.getLogger("hedgetui")
    logger.setLevel("INFO")
    logger.addHandler(handler)
