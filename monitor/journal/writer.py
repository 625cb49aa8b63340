"""The one thread that has the journal open. Nobody waits for it; who must know learns when a write is on the disk."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from monitor.journal.tables import Damaged, JournalError, connect, is_damage, put_aside

_LOG = logging.getLogger("hedgetui.journal")

RETRY_S = 5.0
"""Between two tries after the disk refused."""
TOGETHER = 500
"""Batches in one transaction."""
OWED_AT_MOST = 100_000
"""Statements kept in memory while the disk refuses; the oldest samples go first, events are never dropped before."""

NOTHING, END = "nothing", "end"

T = TypeVar("T")
Statement = tuple[str, tuple[object, ...]]
Refill = Callable[[], Sequence[Statement]]
"""The present state as statements, for a journal that has to begin anew."""


class Trouble(NamedTuple):
    """What the thread reports, to be called from the thread."""

    failing: Callable[[str], None]
    """The disk refuses: the reason, at each failed try."""
    well: Callable[[], None]
    """Everything owed is written."""
    lost: Callable[[str], None]
    """The file was damaged and put aside: a sentence that says where, and from when to when it reached."""


class _Batch(NamedTuple):
    statements: Sequence[Statement]
    events: bool
    durable: Future[bool]


class _Question(NamedTuple):
    ask: Callable[[sqlite3.Connection], Any]
    answer: Future[Any]


class Writer:
    """Owns the connection. `put` from any thread; `close` once."""

    def __init__(
        self, path: Path | None, trouble: Trouble, *, now_ms: Callable[[], int], retry_s: float = RETRY_S
    ) -> None:
        """Opens the file, or a journal in memory where `path` is None. Raises JournalError for a newer program's."""
        self.path = path
        self.refill: Refill = tuple
        self._trouble = trouble
        self._now_ms = now_ms
        self._retry_s = retry_s
        self._queue: queue.SimpleQueue[_Batch | _Question | None] = queue.SimpleQueue()
        self._owed: deque[tuple[Statement, bool]] = deque()
        self._failing = False
        self._anew = False
        """The file is a new one, which does not hold yet how things stand."""
        self._opened_as: tuple[int, int] | None = None
        """Which file is open: device and number."""
        self._ended = False
        self._connection: sqlite3.Connection | None = None
        try:
            self._connection = self._opened()
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
        self._anew = False
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def working(self) -> bool:
        return self._thread.is_alive()

    def put(self, statements: Sequence[Statement], events: bool = True) -> Future[bool]:
        """Write these together, after everything before them. The result is whether they are on the disk; False means
        they are kept in memory and tried again. `events`: they must never be dropped, samples may."""
        batch = _Batch(statements, events, Future())
        batch.durable.set_running_or_notify_cancel()  # who stops waiting for it takes nothing back
        if self._ended:
            batch.durable.set_result(False)
        else:
            self._queue.put(batch)
        return batch.durable

    def ask(self, question: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Read, after everything that was put before. The result, or sqlite3.Error."""
        answer: Future[T] = Future()
        if self._ended:
            answer.set_exception(sqlite3.ProgrammingError("the journal is closed"))
        else:
            self._queue.put(_Question(question, answer))
        return answer

    def close(self, wait_s: float = 10.0) -> bool:
        """Write what is waiting and end; whether everything is on the disk."""
        self._ended = True
        self._queue.put(None)
        self._thread.join(wait_s)
        return not self._thread.is_alive() and not self._owed

    # in the thread

    def _run(self) -> None:
        ended = False
        while not ended:
            batches, after = self._next()
            if batches or self._owed:
                self._write(batches)
            if isinstance(after, _Question):
                self._answer(after)
            ended = after is END
        if self._connection is not None:
            self._connection.close()

    def _next(self) -> tuple[list[_Batch], _Question | str]:
        """The batches that wait, at most so many, and what comes after them. While anything is owed, not for ever."""
        batches: list[_Batch] = []
        try:
            item = self._queue.get(timeout=self._retry_s if self._owed else None)
            while isinstance(item, _Batch):
                batches.append(item)
                if len(batches) >= TOGETHER:
                    return batches, NOTHING
                item = self._queue.get_nowait()
        except queue.Empty:
            return batches, NOTHING
        return batches, END if item is None else item

    def _answer(self, question: _Question) -> None:
        """Whatever goes wrong is told to who asked; a damaged file is put aside."""
        if not question.answer.set_running_or_notify_cancel():
            return
        try:
            if self._connection is None:
                raise sqlite3.OperationalError("the journal cannot be read now")
            found = question.ask(self._connection)
        except Exception as error:  # noqa: BLE001 it is the one who asked that has to know
            if isinstance(error, sqlite3.Error) and is_damage(error):
                self._write((), damage=str(error))
            question.answer.set_exception(error)
        else:
            question.answer.set_result(found)

    def _write(self, batches: Sequence[_Batch], damage: str = "") -> None:
        owed = [statement for statement, _ in self._owed]
        fresh = [statement for batch in batches for statement in batch.statements]
        try:
            if damage:
                self._begin_anew(damage)
            self._commit([*owed, *fresh])
        except (sqlite3.Error, OSError, JournalError) as error:
            self._keep(batches)
            self._fail(error)
            durable = False
        else:
            self._owed.clear()
            durable = True
            if self._failing:
                self._failing = False
                self._trouble.well()
        for batch in batches:
            batch.durable.set_result(durable)

    def _commit(self, statements: Sequence[Statement]) -> None:
        """All of them in one transaction. A file found damaged is put aside, and the rest goes into a new one."""
        try:
            self._transact(statements)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._begin_anew(str(error))
            self._transact(statements)

    def _transact(self, statements: Sequence[Statement]) -> None:
        if self.path is not None and self._opened_as not in (None, identity(self.path)):
            self._lose("the journal's file was taken away; a new one begins")
        connection = self._connection
        if connection is None:
            connection = self._connection = self._opened()
        connection.execute("BEGIN IMMEDIATE")
        try:
            for sql, values in (*(self.refill() if self._anew else ()), *statements):
                connection.execute(sql, values)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._anew = False

    def _keep(self, batches: Sequence[_Batch]) -> None:
        for batch in batches:
            self._owed.extend((statement, batch.events) for statement in batch.statements)
        if len(self._owed) > OWED_AT_MOST:
            events = [each for each in self._owed if each[1]]
            self._owed = deque(events[-OWED_AT_MOST:])

    def _fail(self, error: Exception) -> None:
        self._failing = True
        self._drop_connection()
        _LOG.error("the journal cannot be written: %s", error)
        self._trouble.failing(str(error))

    def _drop_connection(self) -> None:
        """The next try opens the file anew: a disk that came back may hold another one. Memory is never let go."""
        if self.path is None or self._connection is None:
            return
        self._connection.close()
        self._connection = None

    def _opened(self) -> sqlite3.Connection:
        try:
            connection = connect(self.path)
        except Damaged as error:
            self._begin_anew(str(error))
            connection = connect(self.path)
        self._opened_as = None if self.path is None else identity(self.path)
        return connection

    def _begin_anew(self, reason: str) -> None:
        """Put the damaged file aside, and say so."""
        if self.path is None:
            raise Damaged(reason)
        self._drop_connection()
        span = reach(self.path)
        stamp = datetime.fromtimestamp(self._now_ms() / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        kept = put_aside(self.path, stamp)
        self._lose(f"the journal was damaged ({reason}); it reached {span} and is kept as {kept.name}")

    def _lose(self, words: str) -> None:
        """What was written is out of reach; the next write begins with how things stand."""
        self._drop_connection()
        self._anew, self._opened_as = True, None
        _LOG.error("%s", words)
        self._trouble.lost(words)


def identity(path: Path) -> tuple[int, int] | None:
    """Which file lies there; None where none does."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def reach(path: Path) -> str:
    """From when to when a damaged file holds events, as far as it can still be read."""
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            first, last = connection.execute("SELECT min(wall_ms), max(wall_ms) FROM events").fetchone()
        finally:
            connection.close()
    except sqlite3.Error:
        first = last = None
    if first is None or last is None:
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return f"to about {changed:%Y-%m-%d %H:%M} UTC"
    begin, end = (datetime.fromtimestamp(each / 1000, UTC) for each in (first, last))
    return f"from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
