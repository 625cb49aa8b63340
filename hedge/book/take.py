"""The snapshot of a book at one moment: every row, and the totals that need them all."""

from __future__ import annotations

from hedge.book.book import Book
from hedge.book.leg_words import iso
from hedge.book.remarks import remarks
from hedge.book.totals import not_all_read, with_rows
from hedge.book.totals_result import with_carry, with_results
from hedge.market import Instant
from hedge.snapshot import Mode, Snapshot


def take_snapshot(book: Book, now: Instant, mode: Mode) -> Snapshot:
    """Everything the model knows at `now`; alerts, limits and the monitor's own notices are added by the monitor."""
    positions = tuple(book.leg(leg_id, now) for leg_id in book.layout.legs)
    rows = {row.id: row for row in positions}
    assets = tuple(book.asset(name, now, rows) for name in book.layout.coins)
    accounts = tuple(book.account(account.id, now) for account in book.portfolio.accounts)
    base = with_rows(book.totals(now), assets, positions, accounts)
    wallets = book.layout.wallets.values()
    totals = with_results(base, assets, positions, wallets, book.usd_price, book.last_rebalance)
    for reason in book.layout.unread.values():
        totals = not_all_read(totals, reason)
    money = book.money(now)
    totals = with_carry(totals, money)
    return Snapshot(
        as_of=iso(now.wall_ms),
        mode=mode,
        portfolio=book.portfolio.name,
        totals=totals,
        assets=assets,
        accounts=accounts,
        positions=positions,
        money=money,
        feeds=book.feeds(now),
        notices=remarks(book, now),
    )
