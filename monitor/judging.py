"""Judging what an update touched, and leaving out what cannot have changed.

A part is what is judged together: a leg, a coin, an account, the totals. Once a part was judged, `alerts.calm` may say
that none of its rules can fire while prices stay near. From then on an update near its market's last judged prices
costs a few comparisons. Whatever is open or pending, near a level or not proved is judged on every update.

Two rules keep proofs true: a price that goes further than `STEP` has all its parts judged and proved anew, and what
rests on that price without being judged on its updates is judged at its own next one; and anything that is more than a
tick (`Book.revision`) ends every proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from alerts.calm import AHEAD_MS, STEP, quiet_account, quiet_asset, quiet_leg, quiet_totals
from alerts.levels import Levels
from alerts.rules import NO_STOPS, Stops, is_old, judge_account, judge_asset, judge_leg, judge_totals
from alerts.samples import Samples, watch
from alerts.values import Alert, Key, Reading
from hedge.book.book import Book
from hedge.book.ledger import UNWATCHED_LIMIT_MS, Market, Price, venue_of
from hedge.book.ticks import PRICES
from hedge.exposure import ONE
from hedge.market import Index, Instant, Mark
from hedge.snapshot import AccountRow, PositionRow

TOTALS = "totals"
ROOT_OF_MINUTES = Decimal(365 * 24 * 60).sqrt()
"""Of those in a year: deviations grow with the root of time."""
ANYWHERE = (Decimal(0), Decimal("Infinity"))
FOR_EVER = 2**62


class Part:
    """What is judged together, by the name that updates touch it by."""

    __slots__ = ("highest", "kind", "lowest", "name", "quiet", "subject", "until_ms")

    def __init__(self, name: str) -> None:
        self.name = name
        self.kind, _, self.subject = name.partition(":")
        self.quiet = False
        """Whether nothing in it can fire while every price stays within a step of where it was judged."""
        self.until_ms = FOR_EVER
        """Until when, monotonic ms."""
        self.lowest: Decimal | None = None
        """And while mark over index stays above this, and below `highest`."""
        self.highest: Decimal | None = None


Judged = tuple[Part, Sequence[Reading]]


class Guard:
    """The prices of one market between which nothing has to be judged again."""

    __slots__ = (
        "highest", "index", "indexes", "lowest", "mark", "mark_until_ms", "market", "marks", "parts", "resting",
        "seen_ms", "spots", "until_ms", "usual",
    )  # fmt: skip

    def __init__(self, market: Market) -> None:
        self.market = market
        self.parts: list[Part] = []
        """What an update of this market is judged for: legs first, because coins and accounts are made of them."""
        self.resting: list[Part] = []
        """What rests on these prices too, but is judged on updates of its own."""
        self.mark_until_ms = 0
        """Until when the mark counts as fresh, at least."""
        self.seen_ms: int | None = None
        """When the mark arrived that its legs were not judged for; None: they were judged for the newest."""

    def centre(self) -> None:
        """Everything is to be judged and proved from here on."""
        market = self.market
        self.marks, self.indexes, self.spots = (_around(each) for each in (market.mark, market.index, market.spot))
        self.usual = market.usual
        self.mark_until_ms = FOR_EVER if market.mark is None else _fresh_until(market.mark)
        for part in (*self.parts, *self.resting):
            part.quiet = False
        self.judged()

    def judged(self) -> None:
        """Its parts were judged and proved: take over how far that reaches."""
        market = self.market
        self.mark: Decimal | None = None if market.mark is None else market.mark.price
        self.index: Decimal | None = None if market.index is None else market.index.price
        quiet = [part for part in self.parts if part.quiet]
        self.until_ms = min((part.until_ms for part in quiet), default=FOR_EVER)
        self.lowest = max((part.lowest for part in quiet if part.lowest is not None), default=None)
        self.highest = min((part.highest for part in quiet if part.highest is not None), default=None)

    def holds(self, update: Price) -> bool:
        """Whether the market is still where its parts were judged."""
        market, at_ms = self.market, update.at_mono_ms
        if at_ms > self.until_ms or market.usual is not self.usual:
            return False
        if isinstance(update, Mark):
            low, high = self.marks
            self.mark_until_ms = _fresh_until(update)
        elif isinstance(update, Index):
            low, high = self.indexes
            if at_ms > self.mark_until_ms:
                return False
        else:
            low, high = self.spots
        if not low <= update.price <= high:
            return False
        if self.lowest is None or self.highest is None:
            return True
        mark, index = market.mark, market.index
        if mark is None or index is None:
            return True
        return self.lowest * index.price <= mark.price <= self.highest * index.price

    def skip(self, update: Price) -> None:
        """Its legs are not judged for this update; it stays a sample of theirs."""
        if isinstance(update, Mark):
            self.mark, self.seen_ms = update.price, update.at_mono_ms
        elif isinstance(update, Index) and self.market.mark is not None:
            self.index, self.seen_ms = update.price, self.market.arrival(self.market.mark)


def _fresh_until(mark: Mark) -> int:
    return mark.at_mono_ms + min(mark.limit_ms, UNWATCHED_LIMIT_MS)


def _around(value: Price | None) -> tuple[Decimal, Decimal]:
    return ANYWHERE if value is None else (value.price * (ONE - STEP), value.price * (ONE + STEP))


class Judging:
    """The rules at work on one book."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self.skips = True
        """False: everything is judged on every update."""
        self._levels = Levels({})
        self._stops: Mapping[str, Stops] = {}
        self._legs_of: dict[str, list[str]] = {}
        """By account."""
        self._samples: dict[str, Samples | None] = {}
        self._old_marks: set[str] = set()
        """Legs whose mark, or whose position, was old when they were last judged."""
        self._parts: dict[str, Part] = {}
        self._guards: dict[Market, Guard] = {}
        self._guard_of: dict[tuple[str, str], Guard] = {}
        """By feed and symbol."""
        self._revision = -1

    def settle(self, levels: Levels, stops: Mapping[str, Stops]) -> None:
        """Judge by these from now on, on the portfolio that the book has now."""
        self._forget()
        self._levels, self._stops = levels, stops
        legs = self._book.layout.legs
        self._legs_of = {name: [] for name in self._book.layout.accounts}
        for leg in legs.values():
            self._legs_of[leg.account.id].append(leg.id)
        self._samples = {leg: kept for leg, kept in self._samples.items() if leg in legs}
        self._old_marks.intersection_update(legs)

    # which parts an update is judged for

    def quiet(self, update: Price) -> bool:
        """Whether nothing can have changed by this update, which the book has taken."""
        guard = self._guard_of.get((update.feed, update.symbol))
        if guard is None or self._revision != self._book.revision or not guard.holds(update):
            return False
        for part in guard.parts:
            if not part.quiet:
                return False
        guard.skip(update)
        return True

    def due(self, update: object, touched: Iterable[str]) -> Sequence[Part]:
        """The parts that this update, which the book has taken, must be judged for; none where nothing changed."""
        if self._revision != self._book.revision:
            self._forget()
        if not isinstance(update, PRICES):
            return self._all(touched)
        guard = self._guard_of.get((update.feed, update.symbol))
        if guard is None:
            guard = self._guard_for(update)
        elif guard.holds(update):
            return self._within(update, guard)
        self._take_samples(guard)
        guard.centre()
        return self._all(frozenset(touched).union(self._book.named(update.feed, update.symbol)))

    def _within(self, update: Price, guard: Guard) -> Sequence[Part]:
        """What cannot do without being judged although prices are near; all legs if one of them cannot."""
        loud = [part for part in guard.parts if not part.quiet]
        if any(part.kind == "leg" for part in loud):
            self._take_samples(guard)
            return [part for part in guard.parts if part.kind == "leg" or not part.quiet]
        guard.skip(update)
        return loud

    def _all(self, touched: Iterable[str]) -> list[Part]:
        """Every part that was touched, and the totals."""
        names = sorted(name for name in touched if not name.startswith("feed:"))
        names.sort(key=lambda name: not name.startswith("leg:"))
        return [self._part(name) for name in (*names, TOTALS)]

    def _part(self, name: str) -> Part:
        return self._parts.get(name) or self._parts.setdefault(name, Part(name))

    def _guard_for(self, update: Price) -> Guard:
        """The market's one guard, which several feeds may share."""
        market = self._book.ledger.market(venue_of(update.feed), update.symbol)
        guard = self._guards.get(market)
        if guard is None:
            guard = self._guards[market] = Guard(market)
            guard.parts = self._all(self._book.named(update.feed, update.symbol))
            names = {part.name for part in guard.parts}
            guard.resting = [self._part(name) for name in self._resting_on(market) if name not in names]
        if self.skips:
            self._guard_of[update.feed, update.symbol] = guard
        return guard

    def _resting_on(self, market: Market) -> Iterator[str]:
        """Legs that share a wallet with its legs, and what counts a coin of its price as collateral."""
        layout = self._book.layout
        where = (market.venue, market.symbol)
        wallets = [layout.wallet_of(leg) for leg in layout.legs_at.get(where, ()) if not leg.isolated]
        for coin in layout.coins_at.get(where, ()):
            wallets += [
                wallet
                for wallet in layout.wallets.values()
                if coin.name in wallet.account.haircuts and wallet.cross_legs
            ]
        for wallet in dict.fromkeys(wallets):
            yield f"account:{wallet.account.id}"
            yield from (f"leg:{leg.id}" for leg in wallet.cross_legs)

    def _forget(self) -> None:
        """No proof holds any longer."""
        for guard in self._guards.values():
            self._take_samples(guard)
        self._parts, self._guards, self._guard_of = {}, {}, {}
        self._revision = self._book.revision

    def prove(
        self, judged: Iterable[tuple[Part, Sequence[Reading]]], alerts: Mapping[Key, Alert], now: Instant
    ) -> None:
        """After these readings were taken note of: which of their parts need not be judged while prices stay near."""
        if not self.skips:
            return
        guards: set[Guard] = set()
        for part, readings in judged:
            part.quiet = not any(
                (reading.level and reading.known) or (reading.rule, reading.subject) in alerts for reading in readings
            ) and self._proved(part, now)
            if part.kind == "leg":
                guard = self._guards.get(self._book.layout.legs[part.subject].market)
                guards.update(() if guard is None else (guard,))
        for guard in guards:
            guard.judged()

    def _proved(self, part: Part, now: Instant) -> bool:
        book, levels = self._book, self._levels
        layout = book.layout
        if part.kind == "asset":
            return quiet_asset(layout.coins[part.subject], levels)
        if part.kind == "account":
            return quiet_account(layout.wallets_of[part.subject], book.usd_price, levels)
        if part.kind != "leg":
            return quiet_totals(book.sums, book.last_rebalance, levels)
        leg = layout.legs[part.subject]
        found = quiet_leg(
            leg,
            layout.wallet_of(leg),
            book.usd_price,
            layout.coins[leg.asset].volatility,
            book.top_up_hours,
            levels,
            self._stops.get(leg.id, NO_STOPS),
        )
        if found is None or leg.market.mark is None:
            return False
        part.lowest, part.highest = found.lowest, found.highest
        part.until_ms = min(leg.market.arrival(leg.market.mark), now.mono_ms) + AHEAD_MS
        return True

    # judging

    def readings(self, parts: Iterable[Part], now: Instant) -> Iterator[Judged]:
        """Each part as its rules see it."""
        rows: dict[str, PositionRow] = {}
        for part in parts:
            if part.kind == "leg":
                yield part, self.leg(self._row(part.subject, now, rows), now)
            elif part.kind == "asset":
                needed = {leg.id: self._row(leg.id, now, rows) for leg in self._book.layout.coins[part.subject].legs}
                yield part, judge_asset(self._book.asset(part.subject, now, needed), self._levels)
            elif part.kind == "account":
                yield part, self.account(self._book.account(part.subject, now))
            else:
                yield part, judge_totals(self._book.totals(now), self._levels)

    def _row(self, leg: str, now: Instant, rows: dict[str, PositionRow]) -> PositionRow:
        row = rows.get(leg)
        if row is None:
            row = rows[leg] = self._book.leg(leg, now)
        return row

    def leg(self, row: PositionRow, now: Instant) -> tuple[Reading, ...]:
        """One leg, by the newest row and the samples before it."""
        if is_old(row):
            self._old_marks.add(row.id)
        else:
            self._old_marks.discard(row.id)
        sigma = self._book.layout.coins[row.asset].volatility.annual
        minute = None if sigma is None else sigma / ROOT_OF_MINUTES
        samples = self._samples[row.id] = watch(self._samples.get(row.id), row, now.mono_ms, minute)
        return judge_leg(row, self._levels, samples, self._stops.get(row.id, NO_STOPS))

    def account(self, row: AccountRow) -> tuple[Reading, ...]:
        """An account is as old as the oldest of its legs, also of those that this update did not touch."""
        return judge_account(row, self._levels, not self._old_marks.isdisjoint(self._legs_of[row.id]))

    def catch_up(self) -> None:
        """Take over every sample that was skipped: everything is about to be judged."""
        for guard in self._guards.values():
            self._take_samples(guard)

    def _take_samples(self, guard: Guard) -> None:
        """The newest mark that was skipped is the last sample. It was no jump: it is two steps from any before it."""
        if guard.seen_ms is None or guard.mark is None:
            return
        for part in guard.parts:
            if part.kind == "leg":
                self._samples[part.subject] = Samples(guard.seen_ms, guard.mark, guard.index)
        guard.seen_ms = None
