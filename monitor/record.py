"""`hedgetui record`: what the venues say about a book, into a file. It needs no lock and judges nothing."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec
from msgspec import Raw

from feeds.markets import FeedSetup, Markets
from feeds.recorder import BEAT_MS, Counts, Recorder, RecordingFile
from feeds.recording import Header
from hedge.book.book import Book
from hedge.market import AccountRead, Clock, FeedState, Update, Want
from hedge.portfolio.addressed import with_reads
from hedge.portfolio.jsontext import decode
from monitor.clock import BootClock
from monitor.portfolio_file import PortfolioFile
from monitor.run import cache_folder
from monitor.settings import read_settings
from monitor.status import NO_DATA
from monitor.version import VERSION

MIB = 2**20
SAID = ("live", "stale", "backing_off", "blocked")
"""States of a feed that are told while it records."""
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Say = Callable[[str], None]


def record(path: Path, file: Path, env: Mapping[str, str], *, max_mb: int, keep: int, say: Say) -> int:
    """Record the markets of the portfolio at `path` into `file` until a signal; returns the exit code.

    Raises SettingsError, UnreadableFile and PortfolioError, and RecordingError for a file that cannot be written."""
    logging.getLogger("hedgetui").addHandler(logging.NullHandler())  # the states that are told say it all
    settings = read_settings(env)
    portfolio = PortfolioFile(path)
    book = Book(portfolio.read())
    clock = BootClock()
    header = new_header(portfolio, clock, Decimal(repr(settings.top_up_hours)))
    written = RecordingFile(file, header, max_bytes=max_mb * MIB, keep=keep)
    setup = FeedSetup(settings.urls, settings.rest_urls, str(cache_folder(env)))
    say(f"Recording {book.portfolio.name} ({counted_markets(book.wants)}) into {file}. Ctrl+C ends it.")
    counts = asyncio.run(Session(book, setup, written, clock, say).run())
    say(f"Recorded {counted(counts, written, clock)}. `hedgetui replay {file}` shows it.")
    return 0 if counts.values else NO_DATA


def new_header(portfolio: PortfolioFile, clock: Clock, top_up_hours: Decimal) -> Header:
    """The first line: the portfolio as it was just read."""
    now = clock.now()
    return Header(
        build=f"hedgetui {VERSION}",
        t=now.wall_ms / 1000,
        m=now.mono_ms,
        portfolio=Raw(msgspec.json.format(decode(portfolio.data).encode(), indent=-1)),
        modified_ms=portfolio.written_ms,
        top_up_hours=top_up_hours,
        started_ms=now.wall_ms,
        beat_ms=BEAT_MS,
    )


class Session:
    """One run of the command: feeds, a recorder that hears them, and a file that grows."""

    def __init__(self, book: Book, setup: FeedSetup, file: RecordingFile, clock: Clock, say: Say) -> None:
        self._book = book
        self._written = book.portfolio
        self._setup = setup
        self._file = file
        self._clock = clock
        self._say = say
        self._told: dict[str, str] = {}
        self._counts = Counts()
        self._stopped = asyncio.Event()

    async def run(self) -> Counts:
        """Record until a signal or `stop`; what was recorded. Raises RecordingError when the disk refuses."""
        loop = asyncio.get_running_loop()
        for number in ENDING:
            loop.add_signal_handler(number, self.stop)
        try:
            while not await self._part():
                self._file.turn_over(self._clock)
        finally:
            self._file.close()
            for number in ENDING:
                loop.remove_signal_handler(number)
        return self._counts

    def stop(self) -> None:
        self._stopped.set()

    async def _part(self) -> bool:
        """Fill one part; whether the recording was stopped.

        Every part begins with connections of its own, so that it can be replayed without the one before it: venues
        that send changes only send everything once to a new connection."""
        recorder = Recorder(self._clock, self._counts)
        setup = msgspec.structs.replace(self._setup, tap=recorder)
        markets = Markets(setup, self._clock, random.Random(), lambda update: self._hear(update, recorder, markets))
        feeds = asyncio.ensure_future(markets.run(self._book.wants))
        saving = asyncio.ensure_future(recorder.save(self._file, asyncio.sleep))
        stopped = asyncio.ensure_future(self._stopped.wait())
        running = {feeds, saving, stopped}
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in running:
            task.cancel()
        ends = await asyncio.gather(feeds, saving, stopped, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end
        self._file.write(recorder.take_lines())
        return self._stopped.is_set()

    def _hear(self, update: Update, recorder: Recorder, markets: Markets) -> None:
        recorder.hear(update)
        if isinstance(update, AccountRead):
            self._follow(update, markets)
        if isinstance(update, FeedState) and update.state in SAID:
            words = f"{update.feed} {update.state.replace('_', ' ')}"
            words += f": {update.reason}" if update.reason else ""
            if self._told.get(update.feed) != words:
                self._told[update.feed] = words
                self._say(words)

    def _follow(self, update: AccountRead, markets: Markets) -> None:
        """What an address holds may want other markets than before."""
        book, before = self._book, self._book.portfolio
        book.apply(update)
        after = with_reads(self._written, book.ledger.reads, before)
        if after is not before:
            book.replace(after)
            markets.want(book.wants)


def counted_markets(wants: tuple[Want, ...]) -> str:
    streams = sum(not want.listed for want in wants)
    return "one market" if streams == 1 else f"{streams} markets"


def counted(counts: Counts, file: RecordingFile, clock: Clock) -> str:
    """How long, how much."""
    minutes, seconds = divmod((clock.now().wall_ms - file.header.started_ms) // 1000, 60)
    took = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    parts = "" if file.header.part == 1 else f" in {file.header.part} parts"
    return f"{took}: {counts.frames:,} frames of {counts.connections} connections, {size(file.written)}{parts}"


def size(count: int) -> str:
    return f"{count / MIB:.1f} MiB" if count >= MIB // 10 else f"{count / 1024:.1f} KiB"
