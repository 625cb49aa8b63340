"""The tables of the journal, by version, and how a database file is opened or put aside."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Final

BUSY_MS = 5_000
"""How long a write waits for a reader that holds the file."""

MIGRATIONS: Final = (
    """
    CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        wall_ms INTEGER NOT NULL,
        what TEXT NOT NULL,
        rule TEXT NOT NULL,
        subject TEXT NOT NULL,
        episode INTEGER NOT NULL,
        level INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        who TEXT NOT NULL,
        host TEXT NOT NULL,
        note TEXT NOT NULL,
        text TEXT NOT NULL,
        alert BLOB NOT NULL
    ) STRICT;
    CREATE INDEX events_by_key ON events (rule, subject, id);
    CREATE INDEX events_by_time ON events (wall_ms);
    CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE changes (
        id INTEGER PRIMARY KEY, wall_ms INTEGER NOT NULL, what TEXT NOT NULL, portfolio BLOB NOT NULL
    ) STRICT;
    CREATE TABLE feeds (
        id INTEGER PRIMARY KEY, wall_ms INTEGER NOT NULL, feed TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL
    ) STRICT;
    CREATE INDEX feeds_by_time ON feeds (wall_ms);
    CREATE TABLE stamps (
        leg TEXT NOT NULL, stamp TEXT NOT NULL, rate TEXT NOT NULL, usd TEXT, PRIMARY KEY (leg, stamp)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE paths (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE minutes (
        path INTEGER NOT NULL REFERENCES paths, minute INTEGER NOT NULL,
        low REAL NOT NULL, high REAL NOT NULL, last REAL NOT NULL,
        PRIMARY KEY (path, minute)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE pages (
        page_id TEXT PRIMARY KEY,
        alert_id TEXT NOT NULL,
        level INTEGER NOT NULL,
        contact TEXT NOT NULL,
        text TEXT NOT NULL,
        created_ms INTEGER NOT NULL,
        due_ms INTEGER NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0,
        trouble TEXT NOT NULL DEFAULT '',
        done_ms INTEGER,
        ended TEXT NOT NULL DEFAULT ''
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX pages_due ON pages (due_ms) WHERE done_ms IS NULL;
    """,
    """
    ALTER TABLE pages ADD COLUMN cause TEXT NOT NULL DEFAULT '';
    """,
)
"""One script a version; a file is brought from its own version to the last. A released script never changes."""


class JournalError(Exception):
    """The journal cannot be used; the text is a sentence for the user."""


class Damaged(sqlite3.DatabaseError):
    """The file is no database, or not a whole one any more."""


def connect(path: Path | None) -> sqlite3.Connection:
    """Open the file, or a journal in memory without one, at the newest version; for one thread at a time.

    Raises Damaged, JournalError for a file of a newer program, and sqlite3.Error for what the disk refuses."""
    where = ":memory:" if path is None else str(path)
    connection = sqlite3.connect(where, isolation_level=None, timeout=BUSY_MS / 1000, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise Damaged("its check found it damaged")
        _migrate(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        plain = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_ERROR
        if is_damage(error) or plain:  # our own statements fail like that on a file that is not as we wrote it
            raise Damaged(str(error)) from error
        raise
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection of another process, which changes nothing. Raises sqlite3.Error."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", isolation_level=None, uri=True, timeout=BUSY_MS / 1000
    )


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is broken, and not the disk full or the folder closed."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return isinstance(error, Damaged) or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def put_aside(path: Path, stamp: str) -> Path:
    """Move a damaged journal out of the way, never over another; returns where it is now."""
    target = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    path.rename(target)
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(target.with_name(target.name + suffix))
    return target


def _migrate(connection: sqlite3.Connection, path: Path | None) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise JournalError(
            f"{path} was written by a newer hedgetui (journal version {version}, this one knows {len(MIGRATIONS)}):"
            " install the newer one again, or move the file away."
        )
    for number in range(version, len(MIGRATIONS)):
        connection.executescript(f"BEGIN; {MIGRATIONS[number]} PRAGMA user_version = {number + 1}; COMMIT;")
