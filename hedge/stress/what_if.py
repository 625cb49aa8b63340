"""What would be: a shock applied to a copy of a book, and the account of the difference. The live book never changes.

Source: section 13 of the domain reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hedge.book.book import Book
from hedge.book.take import take_snapshot
from hedge.market import Instant
from hedge.snapshot import Snapshot
from hedge.stress.course import run
from hedge.stress.rows import stress_of
from hedge.stress.shock import ALL, Shock
from hedge.stress.stressed import Stress


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The book, its snapshot and the account of the difference; snapshot and stress are ready for JSON."""

    book: Book
    snapshot: Snapshot
    """Mode `what-if`; of a shock that moves nothing it is the live one, mode aside."""
    stress: Stress


def what_if(book: Book, shock: Shock, now: Instant, live: Snapshot | None = None) -> WhatIf:
    """The book under a shock at `now`; `live` saves taking today's snapshot again.

    Raises ValueError where the shock names a coin, currency, leg or venue that the book does not have."""
    strange = next(_strange(book, shock), None)
    if strange is not None:
        raise ValueError(f"{strange} is not in this book")
    book.catch_up(now)
    today = take_snapshot(book, now, "live") if live is None else live
    course = run(book, shock)
    after = take_snapshot(course.after, now, "what-if")
    return WhatIf(course.after, after, stress_of(course, today, after))


def _strange(book: Book, shock: Shock) -> Iterator[str]:
    """Names of the shock that the book does not have."""
    coins = {*book.layout.coins, ALL}
    for moves in (shock.prices, shock.basis, shock.funding):
        yield from (name for name in moves if name not in coins)
    money = {leg.quote for leg in book.layout.legs.values()} | {currency for _, currency in book.layout.wallets}
    yield from (name for name in shock.money if name not in money or name in coins or name == "USD")
    yield from (name for name in shock.adl if name not in book.layout.legs)
    venues = {account.venue for account in book.portfolio.accounts}
    yield from (name for name in shock.gone if name not in venues)
