"""What to do about each open alert: tickets, worked out at most once a second because they cost more than a row."""

from __future__ import annotations

from alerts.levels import Levels
from alerts.values import Key, State
from hedge.book import Book
from hedge.market import Instant
from hedge.snapshot import Ticket

FRESH_MS = 1_000


class Orders:
    """Tickets by alert, kept for a second."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._kept: dict[Key, tuple[int, int, tuple[Ticket, ...]]] = {}

    def tickets(self, state: State, levels: Levels, now: Instant) -> dict[Key, tuple[Ticket, ...]]:
        return {}
