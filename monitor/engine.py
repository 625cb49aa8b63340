"""The running monitor: feeds into the watch on every update, a heartbeat for what only time changes, snapshots out.

`Engine` implements `monitor.messages.Monitor` in process; `monitor.link` serves the same over a socket.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence, Set
from functools import partial
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct

from alerts.values import Alert
from feeds.clean import clean
from hedge.market import AccountRead, Update, Want
from hedge.snapshot import Snapshot
from monitor.alarm import HANGS_S
from monitor.alert_log import alert_log
from monitor.aside import Aside, Case
from monitor.journal import Journal
from monitor.journal.reading import log
from monitor.mailbox import Mailbox
from monitor.messages import (
    Acknowledge,
    Answer,
    Control,
    Done,
    Fault,
    History,
    Log,
    Logged,
    Rebased,
    Refused,
    Request,
    Reset,
    Shelve,
    Stop,
    WatcherCount,
    Watchers,
)
from monitor.orders import Made, work_out
from monitor.portfolio_file import Edit
from monitor.resources import shortage
from monitor.watch import Watch

HEARTBEAT_S = 0.25
"""Four times a second: time-driven rules are judged, and viewers get a snapshot when there is news."""
BEATS_WITHOUT_NEWS = 4
"""A snapshot goes out at least each second, because ages grow also when nothing comes."""
FILE_POLL_S = PROOF_S = 1.0
KEPT_S = 2.0
"""How long a person's answer waits for the disk; a viewer waits for ours a little longer."""
ORDER_REST = 5
"""Tickets of a large book take long; the thread that works them out rests so many times as long."""

_LOG = logging.getLogger("hedgetui.engine")

Feeds = Callable[[Sequence[Want], Callable[[Update], None]], Awaitable[None]]
"""Runs for ever and emits; given what to read and where to put it."""


Beside = tuple[str, Callable[[], Coroutine[Any, Any, None]]]


@runtime_checkable
class Changeable(Protocol):
    """Feeds that can be told to read other markets while they run, so that the ones that stay are not interrupted."""

    def want(self, wants: Sequence[Want]) -> None: ...


class Followed(Protocol):
    """A file that may change."""

    def poll(self) -> Edit | None: ...


class End(Struct, frozen=True):
    """Why the engine stopped."""

    reason: str
    code: int = 0
    """The exit code that follows."""


class Engine:
    """One book, watched. Snapshots are built only while somebody watches; rules are judged always."""

    def __init__(
        self,
        watch: Watch,
        feeds: Feeds,
        file: Followed | None = None,
        *,
        timed: bool = True,
        beside: Sequence[Beside] = (),
    ) -> None:
        """`timed` False where the feeds move the clock themselves, and judge what time alone changes (a replay).

        `beside`: what runs for as long as the engine does, by name."""
        self.watch = watch
        self._beside = tuple(beside)
        self._timed = timed
        self._aside = Aside(watch.case)
        self._feeds = feeds
        self._file = file
        self._boxes: list[Mailbox[Snapshot]] = []
        self._end: asyncio.Future[End] | None = None
        self._asked_to_end: End | None = None
        self._reading: asyncio.Task[None] | None = None
        self._lost = ""
        self.visited = False
        """Whether anybody ever watched."""

    # running

    async def run(self) -> End:
        """Watch until `stop`. A task that dies ends the whole: the error is raised after every viewer was told."""
        self._end = asyncio.get_running_loop().create_future()
        if self._asked_to_end is not None:
            self._end.set_result(self._asked_to_end)
        reason = "the monitor was interrupted"
        try:
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(self._read_markets(), name="feeds"),
                    tasks.create_task(self._beat(), name="heartbeat"),
                    tasks.create_task(self._order(), name="orders"),
                    tasks.create_task(self._prove(), name="proof"),
                ]
                if self._file is not None:
                    running.append(tasks.create_task(self._follow(self._file), name="portfolio-file"))
                running += [tasks.create_task(work(), name=name) for name, work in self._beside]
                for task in running:
                    task.add_done_callback(self._ended)
                end = await self._end
                reason = end.reason
                for task in running:
                    task.cancel()
            return end
        except ExceptionGroup as group:
            error = group.exceptions[0]
            reason = f"the monitor broke: {type(error).__name__}: {error}"
            raise
        finally:
            self._lost = reason
            for box in self._boxes:
                box.close(reason)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """None of the tasks ends while the engine runs; a group of tasks would not mind one that was cancelled."""
        if self._end is not None and not self._end.done() and task.cancelled():
            self._end.set_exception(RuntimeError(f"the task {task.get_name()} was cancelled"))

    def stop(self, reason: str, code: int = 0) -> None:
        """End the watch; the first reason counts."""
        self._asked_to_end = self._asked_to_end or End(reason, code)
        if self._end is not None and not self._end.done():
            self._end.set_result(self._asked_to_end)

    def take(self, update: Update) -> None:
        """Apply and judge one update at once. An error here is ours, not the venue's: it ends the watch, loudly."""
        try:
            if isinstance(update, AccountRead):
                self._take_account(update)
            else:
                self.watch.take(update)
        except Exception as error:
            if self._end is not None and not self._end.done():
                self._end.set_exception(error)
            raise

    def _take_account(self, update: AccountRead) -> None:
        """What an address holds may want other markets than before."""
        wanted = set(self.watch.wants)
        self.watch.take(update)
        self._want(wanted)

    async def _read_markets(self) -> None:
        """The feeds; those that cannot be told are started anew when an edit of the file wants other markets."""
        while True:
            wants = self.watch.wants
            self._reading = asyncio.ensure_future(self._feeds(wants, self.take))
            try:
                await asyncio.wait({self._reading})
            finally:
                self._reading.cancel()
                await asyncio.gather(self._reading, return_exceptions=True)
            if not self._reading.cancelled():
                self._reading.result()
                raise RuntimeError("the feeds stopped by themselves")
            if set(self.watch.wants) <= set(wants):
                raise RuntimeError("the feeds were cancelled")
            self.watch.feeds_restarted()

    async def _beat(self) -> None:
        beats = 0
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if self._timed:
                self.watch.tick()
            beats += 1
            if self._boxes and (self.watch.news or beats >= BEATS_WITHOUT_NEWS):
                beats = 0
                self._publish()

    async def _order(self) -> None:
        """Tickets for alerts, worked out in a thread: while somebody looks, a few each time, for ever."""
        loop, pause_s = asyncio.get_running_loop(), HEARTBEAT_S
        while True:
            await asyncio.sleep(pause_s)
            started = loop.time()
            due = self.watch.orders_due() if self._boxes else ()
            if due:
                case, of_round = self.watch.case(), self.watch.round
                self.watch.keep_orders(await asyncio.to_thread(_worked_out, case, due), of_round)
            pause_s = max(HEARTBEAT_S, ORDER_REST * (loop.time() - started))

    async def _prove(self) -> None:
        """Each second: that the journal's thread still comes round, and that the machine has what we need."""
        short = ""
        while True:
            await asyncio.sleep(PROOF_S)
            before, short = short, shortage()
            if short and not before:
                self.watch.broke("resources", short)
            if self.watch.journal is not None:
                await self._prove_journal(self.watch.journal)

    async def _prove_journal(self, journal: Journal) -> None:
        """A disk that hangs says nothing by itself."""
        written = asyncio.wrap_future(journal.settled())
        if not (await asyncio.wait({written}, timeout=HANGS_S))[0]:
            self.watch.journal_failing(f"its disk has not answered for {HANGS_S:.0f} s")
            if await written:
                self.watch.journal_failing("")

    def _publish(self) -> None:
        snapshot = self.watch.snapshot()
        for box in self._boxes:
            box.put(snapshot)

    async def _follow(self, file: Followed) -> None:
        while True:
            await asyncio.sleep(FILE_POLL_S)
            edit = await asyncio.to_thread(file.poll)
            if edit is None:
                continue
            if edit.portfolio is None:
                self.watch.keep(edit.mistake)
                continue
            wanted = set(self.watch.wants)
            self.watch.replace(edit.portfolio)
            self._want(wanted)

    def _want(self, before: Set[Want]) -> None:
        """Tell the feeds what is wanted now; those that cannot be told start anew, where something is missing."""
        wants = self.watch.wants
        if set(wants) == before:
            return
        if isinstance(self._feeds, Changeable):
            self.watch.wants_changed()
            self._feeds.want(wants)
        elif not set(wants) <= before and self._reading is not None:
            self._reading.cancel()

    # viewers

    def open_mailbox(self) -> Mailbox[Snapshot]:
        """A new viewer; its first snapshot is there at once."""
        box: Mailbox[Snapshot] = Mailbox()
        if self._lost:
            box.close(self._lost)
            return box
        self.visited = True
        self._boxes.append(box)
        box.put(self.watch.snapshot())
        return box

    def close_mailbox(self, box: Mailbox[Snapshot]) -> None:
        if box in self._boxes:
            self._boxes.remove(box)

    @property
    def watching(self) -> int:
        return len(self._boxes)

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        box = self.open_mailbox()
        try:
            async for snapshot in box:
                yield snapshot
        finally:
            self.close_mailbox(box)

    async def request(self, request: Request) -> Answer:
        match request:
            case Acknowledge():
                return await self._kept(self.watch.acknowledge(request))
            case Reset():
                return await self._kept(self.watch.reset(request))
            case Shelve():
                return await self._kept(self.watch.shelve(request))
            case Fault():
                self.watch.broke(clean(request.subject, 40), clean(request.words, 200))
                return Done()
            case Log():
                return await self._log(request)
            case History():
                return self.watch.history(request)
            case Rebased():
                return self.watch.rebased(request)
            case Watchers():
                return WatcherCount(self.watching)
            case Stop():
                who = f" by {request.who}" if request.who else ""
                self.stop(f"stopped{who}")
                return Done("The monitor stops.")
            case Control():
                return Refused("Only a replay can be moved.")
            case _:
                return await self._aside.ask(request)

    async def _kept(self, answer: Answer) -> Answer:
        """A person's answer holds at once, and is theirs to rely on once it is on the disk: until then they wait, and
        where the disk refuses or hangs, the words say so."""
        journal = self.watch.journal
        if journal is None or not isinstance(answer, Done):
            return answer
        written = asyncio.wrap_future(journal.settled())
        await asyncio.wait({written}, timeout=KEPT_S)
        if written.done() and written.result():
            return answer
        return Done(f"{answer.words} In memory only: the journal cannot be written.")

    async def _log(self, request: Log) -> Answer:
        """What became of alerts; without a journal there is nothing to tell."""
        journal = self.watch.journal
        if journal is None:
            return Refused("This monitor keeps no log.")
        now = self.watch.now()
        try:
            read = journal.ask(partial(log, since_ms=request.since_ms, at_most=request.at_most))
            return Logged(alert_log(await asyncio.wrap_future(read), now.wall_ms))
        except sqlite3.Error as error:
            return Refused(f"The log cannot be read now: {error}.")

    async def close(self) -> None:
        """Nothing to leave: the engine is in this process, and whoever runs it stops it."""


def _worked_out(case: Case, due: tuple[Alert, ...]) -> Made:
    return work_out(case.frozen.book(), due, case.levels, case.now)
