"""The snapshot of a book at one moment: every row, and the totals that need them all."""

from __future__ import annotations

from hedge.book import Book
from hedge.leg_words import iso
from hedge.market import Instant
from hedge.snapshot import Mode, Snapshot
from hedge.totals import with_rows


def take_snapshot(book: Book, now: Instant, mode: Mode) -> Snapshot:
    """Everything the model knows at `now`; alerts, limits and the monitor's own notices are added by the monitor."""
    positions = tuple(book.leg(leg_id, now) for leg_id in book.layout.legs)
    rows = {row.id: row for row in positions}
    assets = tuple(book.asset(name, now, rows) for name in book.layout.coins)
    accounts = tuple(book.account(account.id, now) for account in book.portfolio.accounts)
    return Snapshot(
        as_of=iso(now.wall_ms),
        mode=mode,
        portfolio=book.portfolio.name,
        totals=with_rows(book.totals(now), assets, positions, accounts),
        assets=assets,
        accounts=accounts,
        positions=positions,
        feeds=book.feeds(now),
    )
