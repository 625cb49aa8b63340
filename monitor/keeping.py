"""What the watch writes into the journal as it goes, and takes over from it at a start: everything but the alerts."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TypeVar

import msgspec
from msgspec import Struct

from hedge.book.book import Book
from hedge.book.leg_words import iso
from hedge.book.rebalance import Reference, sizes
from hedge.market import FeedState, Instant
from hedge.portfolio import Portfolio
from hedge.snapshot import PositionRow, Snapshot
from monitor.history import FIGURES
from monitor.journal import Journal, Minute, Restored

_LOG = logging.getLogger("hedgetui.journal")

ALIVE_MS = 5_000
"""Between two signs of life: as much as a crash leaves in doubt."""
MINUTE_MS = 60_000
ENTRIES, REBALANCE, SIZES = "entries", "rebalance", "sizes"

TOTALS = ("off_usd", "beta_net_usd", "hedge_ratio", "drift", "funding_day_usd", "funding_apr", "to_liquidation",
          "joint_to_liquidation", "hedge_result_usd")  # fmt: skip
ASSETS = ("price", "drift", "hedge_ratio", "off_usd", "to_liquidation")
POSITIONS = ("mark", "margin_ratio", *FIGURES)
"""Figures on the screen of which each minute is kept."""

T = TypeVar("T")


class Entry(Struct, frozen=True):
    """A price that was assumed for a leg without one, for as long as its size is this."""

    price: Decimal
    index: Decimal | None
    contracts: Decimal


class Coming(Struct, frozen=True):
    """A funding stamp that is expected, with what was last said of it."""

    stamp: str
    rate: Decimal | None
    usd: Decimal | None


class Keeper:
    """One book's running record."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._alive_ms: int | None = None
        self._kept: dict[str, object] = {}
        self._feeds: dict[str, tuple[str, str]] = {}
        self._coming: dict[str, Coming] = {}
        self._minute = 0
        self._figures: dict[str, list[Decimal]] = {}
        """Lowest, highest and last of each figure in the minute that runs."""

    # as it goes

    def look(self, book: Book, base: Snapshot, now: Instant) -> None:
        """Once a second: signs of life, what the next start needs, and the minute's figures."""
        self._keep_facts(book)
        self._keep_stamps(base.positions, iso(now.wall_ms))
        self._keep_minute(base, now)
        if self._alive_ms is None or now.mono_ms - self._alive_ms >= ALIVE_MS:
            self._alive_ms = now.mono_ms
            self._journal.alive(now)

    def feed(self, update: FeedState, now: Instant) -> None:
        """A feed said how it is; what it says again is not news."""
        said = (update.state, update.reason)
        if self._feeds.get(update.feed) != said:
            self._feeds[update.feed] = said
            self._journal.feed(update.feed, *said, now)

    def changed(self, what: str, portfolio: Portfolio, now: Instant) -> None:
        """An edit of the file holds from now on."""
        self._journal.changed(what, portfolio.model_dump_json(exclude_none=True).encode(), now)

    def _keep_facts(self, book: Book) -> None:
        held = sizes(book.portfolio)
        entries = {
            leg: Entry(price, book.assumed_index.get(leg), held[leg])
            for leg, price in book.assumed.items()
            if leg in held
        }
        facts: dict[str, object] = {ENTRIES: entries, REBALANCE: book.last_rebalance, SIZES: held}
        news = {name: value for name, value in facts.items() if self._kept.get(name) != value}
        if news:
            self._kept.update(news)
            self._journal.keep(news)

    def _keep_stamps(self, rows: Iterable[PositionRow], now: str) -> None:
        """A stamp that was expected and has passed, with the rate and the payment that were last predicted for it."""
        for row in rows:
            if row.next_funding is None:
                continue
            before = self._coming.get(row.id)
            passed = before is not None and before.stamp < row.next_funding and before.stamp <= now
            if before is not None and passed and before.rate is not None:
                self._journal.paid(row.id, before.stamp, before.rate, before.usd)
            self._coming[row.id] = Coming(row.next_funding, row.funding_rate, row.next_funding_usd)

    def _keep_minute(self, base: Snapshot, now: Instant) -> None:
        minute = now.wall_ms // MINUTE_MS
        if minute != self._minute and self._figures:
            rows = [Minute(path, self._minute, *figures) for path, figures in self._figures.items()]
            self._journal.minutes(rows, now)
            self._figures = {}
        self._minute = minute
        for path, value in figures_of(base):
            kept = self._figures.get(path)
            if kept is None:
                self._figures[path] = [value, value, value]
            else:
                self._figures[path] = [min(kept[0], value), max(kept[1], value), value]

    def begin_anew(self) -> None:
        """The journal is a new one: what it held of facts is to be kept again."""
        self._kept, self._feeds, self._alive_ms = {}, {}, None


def resume(book: Book, restored: Restored) -> None:
    """Take over entries of legs whose size is the same, and the last rebalance where no size changed."""
    held = sizes(book.portfolio)
    found = read(restored.facts, ENTRIES, dict[str, Entry]) or {}
    entries = {leg: entry for leg, entry in found.items() if held.get(leg) == entry.contracts}
    same = read(restored.facts, SIZES, dict[str, Decimal]) == held
    book.resume(
        {leg: entry.price for leg, entry in entries.items()},
        {leg: entry.index for leg, entry in entries.items() if entry.index is not None},
        read(restored.facts, REBALANCE, Reference) if same else None,
    )


def read(facts: Mapping[str, msgspec.Raw], name: str, kind: type[T]) -> T | None:
    """A fact of the last run; None where it is missing, or was written by a version that meant something else."""
    raw = facts.get(name)
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError:
        _LOG.warning("what the last run kept as %s cannot be read, and is left out", name)
        return None


def figures_of(base: Snapshot) -> Iterator[tuple[str, Decimal]]:
    """The figures on the screen that are known and fresh, by path; a stale one leaves a gap."""
    if not base.totals.stale:
        for name in TOTALS:
            value: Decimal | None = getattr(base.totals, name)
            if value is not None:
                yield f"totals.{name}", value
    for asset in base.assets:
        for name in ASSETS:
            value = getattr(asset, name)
            if value is not None and not asset.stale:
                yield f"assets.{asset.asset}.{name}", value
    for leg in base.positions:
        for name in POSITIONS:
            value = getattr(leg, name)
            inputs = FIGURES.get(name, ("mark",))
            if value is not None and not any(each in leg.stale for each in inputs):
                yield f"positions.{leg.id}.{name}", value
