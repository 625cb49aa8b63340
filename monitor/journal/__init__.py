"""The journal: what must survive the end of the process, in one SQLite file beside the monitor's lock.

Every alert event is here before its effect is carried out: `Journal.alerts` returns at once and tells when the event is
on the disk. A disk that refuses stops nothing but that: it is retried, and said.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from alerts.values import Alert, Logged
from hedge.market import Instant
from monitor.journal.outbox import Outbox
from monitor.journal.reading import LAST, Restored, Stopped, restore
from monitor.journal.tables import Damaged, JournalError
from monitor.journal.writer import RETRY_S, Statement, Trouble, Writer

__all__ = ["Journal", "JournalError", "Restored", "Stopped", "Trouble"]

_LOG = logging.getLogger("hedgetui.journal")

T = TypeVar("T")

EVENT = (
    "INSERT INTO events (wall_ms, what, rule, subject, episode, level, at_ms, who, host, note, text, alert)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
FACT = "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
NO_FACT = "DELETE FROM facts WHERE name = ?"
CHANGE = "INSERT INTO changes (wall_ms, what, portfolio) VALUES (?, ?, ?)"
FEED = "INSERT INTO feeds (wall_ms, feed, state, reason) VALUES (?, ?, ?, ?)"
STAMP = "INSERT OR REPLACE INTO stamps (leg, stamp, rate, usd) VALUES (?, ?, ?, ?)"
PATH = "INSERT OR IGNORE INTO paths (path) VALUES (?)"
MINUTE = (
    "INSERT INTO minutes (path, minute, low, high, last) SELECT id, ?, ?, ?, ? FROM paths WHERE path = ?"
    " ON CONFLICT (path, minute) DO UPDATE SET low = min(low, excluded.low), high = max(high, excluded.high),"
    " last = excluded.last"
)
FORGET = "DELETE FROM minutes WHERE path IN (SELECT id FROM paths) AND minute < ?"
"""Path by path, along the key: by the minute alone it would read the whole table."""
FORGET_FEEDS = "DELETE FROM feeds WHERE wall_ms < ?"
BOOT = "boot"
KEPT_MINUTES = 31 * 24 * 60
"""How long figures are kept. Alerts, changes and stamps are kept for ever."""


def _nothing(_: Alert) -> str:
    return ""


class Minute(Struct, frozen=True):
    """One figure over one minute of wall time (minutes since 1970)."""

    path: str
    minute: int
    low: Decimal
    high: Decimal
    last: Decimal


class Journal:
    """One book's journal. Calls return at once; `close` waits."""

    def __init__(
        self,
        path: Path | None,
        trouble: Trouble,
        *,
        now_ms: Callable[[], int],
        boot: str = "",
        retry_s: float = RETRY_S,
    ) -> None:
        """Opens the file, or begins one in memory where `path` is None. `now_ms` is the wall time, `boot` names the
        run of the machine.

        A file that cannot be opened now is trouble like one that cannot be written: it is tried again.
        Raises JournalError for a file of a newer program."""
        self._writer = Writer(path, trouble, now_ms=now_ms, retry_s=retry_s)
        self._writer.start()
        self._now_ms = now_ms
        self._boot = boot
        self.outbox = Outbox(self._writer)

    @property
    def durable(self) -> bool:
        """Whether it is a file at all."""
        return self._writer.path is not None

    @property
    def working(self) -> bool:
        """Whether its thread lives."""
        return self._writer.working

    def refill(self, lines: Callable[[], Iterable[Logged]]) -> None:
        """What to write first into a new journal, should this one be lost while the monitor runs; called in the
        journal's thread."""
        self._writer.refill = lambda: [event(line, self._now_ms(), "") for line in lines()]

    # what is written

    def alerts(self, lines: Iterable[Logged], now: Instant, say: Callable[[Alert], str] = _nothing) -> Future[bool]:
        """Events of the alert machine, in order, each with the sentence that `say` has for its alert.

        The result, once they are tried: whether they are on the disk."""
        return self._writer.put([event(line, now.wall_ms, say(line.alert)) for line in lines])

    def settled(self) -> Future[bool]:
        """Once everything so far was tried: whether it is on the disk."""
        return self._writer.put(())

    def changed(self, what: str, portfolio: bytes, now: Instant) -> None:
        """The portfolio file was applied: what changed, in words, and the whole file as it is now."""
        self._writer.put([(CHANGE, (now.wall_ms, what, portfolio))])

    def feed(self, feed: str, state: str, reason: str, now: Instant) -> None:
        """A feed came into another state."""
        self._writer.put([(FEED, (now.wall_ms, feed, state, reason))], events=False)

    def paid(self, leg: str, stamp: str, rate: Decimal, usd: Decimal | None) -> None:
        """A funding stamp of a leg (ISO, UTC) that has passed: the rate that was last predicted for it as the venue
        signs it, and the payment in USD as the hedger does; None where that was not known.
        """
        self._writer.put([(STAMP, (leg, stamp, str(rate), None if usd is None else str(usd)))])

    def minutes(self, rows: Sequence[Minute], now: Instant) -> None:
        """Figures of minutes that are over; once a day's worth is too old, it goes."""
        statements: list[Statement] = []
        for row in rows:
            figures = (float(row.low), float(row.high), float(row.last))
            statements += [(PATH, (row.path,)), (MINUTE, (row.minute, *figures, row.path))]
        oldest = now.wall_ms // 60_000 - KEPT_MINUTES
        statements += [(FORGET, (oldest,)), (FORGET_FEEDS, (oldest * 60_000,))]
        self._writer.put(statements, events=False)

    def keep(self, facts: Mapping[str, object]) -> None:
        """Facts by name that the next start needs; None takes one away."""
        self._writer.put([
            (NO_FACT, (name,)) if value is None else (FACT, (name, msgspec.json.encode(value)))
            for name, value in facts.items()
        ])  # fmt: skip

    def alive(self, now: Instant) -> None:
        """The monitor watches as of now. Said every few seconds, it bounds what a crash leaves unknown."""
        self.keep({LAST: now})

    def stop(self, who: str, now: Instant) -> bool:
        """The monitor is stopped on purpose, by whom; whether everything is on the disk."""
        self.keep({LAST: now, "stopped": Stopped(who, now.wall_ms)})
        return self.close()

    def close(self) -> bool:
        """Write what waits, and end; whether everything is on the disk."""
        return self._writer.close()

    # what is read

    def restore(self) -> Restored:
        """What the last run left; waits for the disk. From then on this run is the one that may crash."""
        try:
            found = self._writer.ask(restore).result()
        except Damaged:  # it was put aside just now, and that was said
            found = Restored()
        except sqlite3.Error as error:  # said as trouble already, which goes on
            _LOG.error("what the last run left cannot be read: %s", error)
            found = Restored()
        before = found.facts.pop(BOOT, None)
        self.keep({"stopped": None, BOOT: self._boot})
        same = before is not None and bool(self._boot) and bytes(before) == msgspec.json.encode(self._boot)
        return replace(found, same_boot=same)

    def ask(self, question: Callable[..., T]) -> Future[T]:
        """Read with one of the questions of `monitor.journal.reading`, in the journal's thread."""
        return self._writer.ask(question)


def event(line: Logged, wall_ms: int, text: str) -> Statement:
    """One line of the alert machine as a row."""
    alert = line.alert
    body = msgspec.json.encode(alert)
    named = (alert.rule, alert.subject, alert.episode, alert.painted)
    return EVENT, (wall_ms, line.what, *named, line.at_ms, line.who, line.host, line.note, text, body)
