"""Questions to the journal, each a function of an open connection: the state to go on from, the log, a chart."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import TypeVar, cast

import msgspec
from msgspec import Struct

from alerts.values import Alert, Logged, What
from hedge.market import Instant
from monitor.journal.tables import Damaged

LAST = "last"
"""The fact that says when the monitor last watched."""

NEWEST = (
    "SELECT what, at_ms, who, note, host, alert FROM events"
    " WHERE id IN (SELECT max(id) FROM events GROUP BY rule, subject) ORDER BY id"
)
LOG = (
    "SELECT wall_ms, what, level, who, host, note, text, alert FROM events"
    " WHERE wall_ms >= ? AND (level OR what <> 'restarted') ORDER BY id DESC LIMIT ?"
)
"""Without what a journal that began anew was told of alerts that were over."""
CHART = (
    "SELECT minute, low, high, last FROM minutes WHERE path = (SELECT id FROM paths WHERE path = ?)"
    " AND minute >= ? ORDER BY minute"
)


T = TypeVar("T")


class Stopped(Struct, frozen=True):
    """The last monitor was stopped on purpose."""

    who: str
    wall_ms: int


class Restored(Struct, frozen=True):
    """What the last run left."""

    lines: tuple[Logged, ...] = ()
    """The newest event of each alert, oldest first: enough for `alerts.machine.replay`."""
    last: Instant | None = None
    """When it last watched, on its own clocks; None on a first start."""
    same_boot: bool = False
    """Whether the machine has run on since, so that `last.mono_ms` is of the clock of this run."""
    stopped: Stopped | None = None
    """Who ended it; None where it ended by itself."""
    facts: dict[str, msgspec.Raw] = {}
    """What was kept by name."""


class Line(Struct, frozen=True):
    """One event of the log, newest first."""

    wall_ms: int
    what: str
    alert: Alert
    level: int
    """As painted then, 0 to 3."""
    who: str
    host: str
    note: str
    text: str
    """The alert as a sentence, as it was then."""


class Point(Struct, frozen=True):
    """One minute of a chart, wall time in minutes since 1970."""

    minute: int
    low: float
    high: float
    last: float


def restore(connection: sqlite3.Connection) -> Restored:
    """The state to go on from. Raises Damaged where a row is no longer what was written."""
    lines = tuple(
        Logged(at_ms, cast(What, what), decoded(alert, Alert), who, note, host)
        for what, at_ms, who, note, host, alert in connection.execute(NEWEST)
    )
    facts = {name: msgspec.Raw(value) for name, value in connection.execute("SELECT name, value FROM facts")}
    last, stopped = facts.pop(LAST, None), facts.pop("stopped", None)
    return Restored(
        lines=lines,
        last=None if last is None else decoded(last, Instant),
        stopped=None if stopped is None else decoded(stopped, Stopped),
        facts=facts,
    )


def decoded(value: bytes, kind: type[T]) -> T:
    """What was written as JSON. Raises Damaged: SQLite's own check does not look inside a value."""
    try:
        return msgspec.json.decode(value, type=kind)
    except msgspec.DecodeError as error:
        raise Damaged(f"a row cannot be read: {error}") from error


def log(connection: sqlite3.Connection, since_ms: int, at_most: int) -> tuple[Line, ...]:
    """Events since then (UTC ms), newest first."""
    return tuple(
        Line(wall_ms, what, decoded(alert, Alert), level, who, host, note, text)
        for wall_ms, what, level, who, host, note, text, alert in connection.execute(LOG, (since_ms, at_most))
    )


def chart(connection: sqlite3.Connection, path: str, since_minute: int) -> tuple[Point, ...]:
    """The minutes of one figure, oldest first."""
    return tuple(Point(*row) for row in connection.execute(CHART, (path, since_minute)))


def charts(connection: sqlite3.Connection, since_minute: int) -> tuple[tuple[str, tuple[Point, ...]], ...]:
    """The minutes of every figure, by path, oldest first."""
    paths = connection.execute("SELECT path FROM paths").fetchall()
    return tuple((path, chart(connection, path, since_minute)) for (path,) in paths)


def paid_since(connection: sqlite3.Connection, leg: str, since: str) -> tuple[tuple[str, Decimal | None], ...]:
    """Stamps of a leg since then (ISO, UTC) and what each was predicted to pay in USD, oldest first."""
    rows = connection.execute("SELECT stamp, usd FROM stamps WHERE leg = ? AND stamp >= ? ORDER BY stamp", (leg, since))
    return tuple((stamp, None if usd is None else Decimal(usd)) for stamp, usd in rows)
