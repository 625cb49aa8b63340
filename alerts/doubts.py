"""What flows and may still be wrong: a mark that stands still while the market moves, a clock that is off, a funding
stamp that does not roll. Judged once a second on the rows of a snapshot; such a feed is in doubt, not silent.

When a value last arrived is the book's business; when it last changed is kept here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from hedge.market import Funding, Instant
from hedge.snapshot import FeedRow, PositionRow

STILL_MS = 30_000
"""How long a mark may repeat itself while others move."""
MOVED = Decimal("0.0025")
"""By how much they must have moved since, as a fraction: 25 basis points."""
SKEW_S, SKEW_OVER_S = 2.0, 1.5
"""How far a venue's clock may be off, and from where on it is in order again."""
ROLL_MS = 120_000
"""How long after a funding stamp the venue may take to name the next one."""

Place = tuple[str, str]
"""Venue and symbol."""


class Standing(Struct, frozen=True):
    """A mark since it last changed, and where the others stood then."""

    mark: Decimal
    since_ms: int
    index: Decimal | None
    marks: Mapping[Place, Decimal]
    """Of the same coin, its own among them."""


class Doubts:
    """Why the values of each feed are in doubt, in words that stay the same while the doubt does."""

    def __init__(self) -> None:
        self._standing: dict[Place, Standing] = {}
        self._skewed: set[str] = set()

    def look(
        self,
        feeds: Iterable[FeedRow],
        legs: Sequence[PositionRow],
        fundings: Mapping[Place, Funding],
        now: Instant,
    ) -> dict[str, str]:
        """By feed id. `fundings`: the newest of each market."""
        found: dict[str, str] = {}
        for feed, words in (*self._clocks(feeds), *self._marks(legs, now.mono_ms), *_stamps(legs, fundings, now)):
            found.setdefault(feed, words)
        return found

    def _clocks(self, feeds: Iterable[FeedRow]) -> Iterable[tuple[str, str]]:
        for feed in feeds:
            limit = SKEW_OVER_S if feed.feed in self._skewed else SKEW_S
            if feed.skew_s is None or abs(feed.skew_s) <= limit:
                self._skewed.discard(feed.feed)
                continue
            self._skewed.add(feed.feed)
            yield feed.feed, f"its clock is over 2 s {'ahead of' if feed.skew_s > 0 else 'behind'} this machine's"

    def _marks(self, legs: Sequence[PositionRow], now_ms: int) -> Iterable[tuple[str, str]]:
        fresh = {(leg.venue, leg.symbol): leg for leg in legs if leg.mark is not None and "mark" not in leg.stale}
        marks: dict[str, dict[Place, Decimal]] = {}
        for place, leg in fresh.items():
            marks.setdefault(leg.asset, {})[place] = leg.mark or Decimal(0)
        standing, self._standing = self._standing, {}
        for place, leg in fresh.items():
            now = Standing(
                marks[leg.asset][place], now_ms, None if "index" in leg.stale else leg.index, marks[leg.asset]
            )
            before = standing.get(place, now)
            self._standing[place] = before if before.mark == now.mark else now
            if before.mark == now.mark and now_ms - before.since_ms >= STILL_MS and "mark" in leg.sources:
                mover = _mover(place, before, now)
                if mover:
                    yield leg.sources["mark"], f"the mark of {leg.symbol} stands still while {mover} moves"


def _mover(place: Place, before: Standing, now: Standing) -> str:
    """What has moved while a mark stood still: its index, or the mark of the same coin elsewhere; empty for nothing."""
    if before.index and now.index and abs(now.index - before.index) > MOVED * before.index:
        return "its index"
    for at, mark in now.marks.items():
        then = before.marks.get(at)
        if at != place and then and abs(mark - then) > MOVED * then:
            return f"the mark of {at[1]} on {at[0]}"
    return ""


def _stamps(legs: Sequence[PositionRow], fundings: Mapping[Place, Funding], now: Instant) -> Iterable[tuple[str, str]]:
    for leg in legs:
        funding = fundings.get((leg.venue, leg.symbol))
        if funding is None or funding.next_ms is None or "funding" in leg.stale:
            continue
        at_ms = now.wall_ms if funding.venue_ms is None else funding.venue_ms
        if at_ms - funding.next_ms > ROLL_MS:
            yield funding.feed, f"{leg.symbol} was due for funding over two minutes ago, and no next stamp is named"
