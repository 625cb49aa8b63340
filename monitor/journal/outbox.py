"""Pages that are to be sent: written before anybody tries, ended once when they arrived or are not wanted any more."""

from __future__ import annotations

import sqlite3
from concurrent.futures import Future
from typing import Literal

from msgspec import Struct

from monitor.journal.writer import Writer

Ended = Literal["sent", "acknowledged", "over", "superseded"]
"""Why a page needs no more tries."""

ADD = (
    "INSERT OR IGNORE INTO pages (page_id, alert_id, level, contact, text, created_ms, due_ms, cause)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
FAILED = "UPDATE pages SET tries = tries + 1, trouble = ?, due_ms = ? WHERE page_id = ?"
DONE = "UPDATE pages SET done_ms = ?, ended = ? WHERE page_id = ? AND done_ms IS NULL"
CANCEL = "UPDATE pages SET done_ms = ?, ended = ? WHERE alert_id = ? AND done_ms IS NULL"
WAITING = (
    "SELECT page_id, alert_id, level, contact, text, created_ms, due_ms, tries, trouble, cause FROM pages"
    " WHERE done_ms IS NULL ORDER BY due_ms, page_id"
)


class Page(Struct, frozen=True):
    """One sentence for one contact. Times are UTC ms."""

    page_id: str
    """Of the annunciation and the contact: a page that is sent twice carries the same."""
    alert_id: str
    level: int
    contact: str
    """Which address of the settings: `pages-1-ntfy`, `escalation-2-mailtos`."""
    text: str
    created_ms: int
    due_ms: int
    """Not before."""
    tries: int = 0
    trouble: str = ""
    """Why the last try failed."""
    cause: str = ""
    """Of a flood: what it shares with the others that are sent as one page with it."""


class Outbox:
    """The pages of one journal."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def add(self, page: Page) -> Future[bool]:
        """A page to send; one that is known already stays as it is."""
        named = (page.page_id, page.alert_id, page.level, page.contact, page.text)
        return self._writer.put([(ADD, (*named, page.created_ms, page.due_ms, page.cause))])

    def failed(self, page_id: str, trouble: str, due_ms: int) -> None:
        """A try failed, the next one is due then."""
        self._writer.put([(FAILED, (trouble, due_ms, page_id))])

    def end(self, page_id: str, ended: Ended, now_ms: int) -> Future[bool]:
        return self._writer.put([(DONE, (now_ms, ended, page_id))])

    def cancel(self, alert_id: str, ended: Ended, now_ms: int) -> None:
        """Nothing about this alert is to be sent any more."""
        self._writer.put([(CANCEL, (now_ms, ended, alert_id))])

    def waiting(self) -> Future[tuple[Page, ...]]:
        """Pages without an end, the one due first before the others."""
        return self._writer.ask(waiting)


def waiting(connection: sqlite3.Connection) -> tuple[Page, ...]:
    """As `Outbox.waiting`, of an open connection."""
    return tuple(Page(*row) for row in connection.execute(WAITING))
