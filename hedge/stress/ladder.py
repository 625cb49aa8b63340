"""A ladder: the whole book at every step of one move, each row made by the same way as a single what-if."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from hedge.book.book import Book
from hedge.book.take import take_snapshot
from hedge.market import Instant
from hedge.stress.shock import ALL, Shock
from hedge.stress.stressed import Ladder, Rung, Stress
from hedge.stress.what_if import what_if

CRASH = "crash"
"""In place of a coin: all coins, each by its stress beta."""
STEPS = tuple(Decimal(percent).scaleb(-2) for percent in (*range(-50, 0, 5), *range(5, 101, 5)))
"""-50 % to -5 %, +5 % to +100 %."""


def ladder(
    book: Book,
    subject: str,
    steps: Sequence[Decimal],
    now: Instant,
    betas: Mapping[str, Decimal] | None = None,
) -> Ladder:
    """The book at every step, a fraction (`STEPS` are the usual ones), of a coin, of `all` or of a `crash`.

    The coin of a leg may be named by the leg's id. Raises ValueError for what the book does not have, and for a step of
    -100 % or below."""
    live = take_snapshot(book, now, "live")
    return Ladder(as_of=live.as_of, subject=subject, rungs=tuple(rungs(book, subject, steps, now, betas)))


def rungs(
    book: Book,
    subject: str,
    steps: Sequence[Decimal],
    now: Instant,
    betas: Mapping[str, Decimal] | None = None,
) -> Iterator[Rung]:
    """The rows of a ladder, lowest first, one at a time: for those who have other work in between."""
    live = take_snapshot(book, now, "live")
    leg = book.layout.legs.get(subject)
    coin = subject if leg is None else leg.asset
    for move in sorted(steps):
        stress = what_if(book, shock_of(coin, move, betas), now, live).stress
        yield rung_of(stress, move, coin)


def shock_of(subject: str, move: Decimal, betas: Mapping[str, Decimal] | None = None) -> Shock:
    """The shock of one step: of a coin, of `all`, or of a `crash`."""
    if subject == CRASH:
        return Shock(crash=move, betas=betas or {})
    return Shock(prices={subject: move})


def rung_of(stress: Stress, move: Decimal, subject: str = ALL) -> Rung:
    """One row: figures of a stress as they are."""
    return Rung(
        move=move,
        spot_pnl_usd=stress.spot_pnl_usd,
        hedge_pnl_usd=stress.hedge_pnl_usd,
        collateral_pnl_usd=stress.collateral_pnl_usd,
        net_pnl_usd=stress.net_pnl_usd,
        net_pct_of_spot=stress.net_pct_of_spot,
        hedge_ratio=stress.hedge_ratio,
        liquidated=stress.liquidated,
        unknown=stress.unknown,
        margin_left_usd={account.id: account.margin_left_usd for account in stress.accounts},
        top_up={account.id: account.top_up for account in stress.accounts},
        top_up_usd=stress.top_up_usd,
        asset=next((row for row in stress.assets if row.asset == subject), None),
        why=stress.why,
    )
