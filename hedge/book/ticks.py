"""The short way of a price into the book: kept at once, worked into figures and sums when somebody asks.

Most updates are only the next price of a feed that is believed already. Such a tick changes figures and nothing else:
not which source prices a coin, not what is stale, not an entry. It is stored, its market is remembered, and whoever
reads a figure has the remembered markets worked in first. Sums are exact in any order (`hedge.sums`), so nothing is
lost by waiting. Everything else takes the long way, in `Book`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hedge.book.layout import Layout
from hedge.book.ledger import UNWATCHED_LIMIT_MS, Ledger, Market, Price, impossible, overtaken, venue_of
from hedge.book.legs import Leg
from hedge.book.past import named
from hedge.book.stablecoins import is_rate_market
from hedge.exposure import ZERO
from hedge.market import Confirmed, Funding, Index, Mark, Spot, Update

PRICES = (Mark, Index, Spot)


class Place:
    """A market as one feed tells of it, and what is named when it moves."""

    __slots__ = ("at_ms", "feed", "implies_rates", "market", "named", "unopened")

    def __init__(self, feed: str, market: Market, named: frozenset[str], unopened: list[Leg]) -> None:
        self.feed = feed
        self.at_ms = 0
        """When it last moved, monotonic ms."""
        self.market = market
        self.named = named
        """Its legs, their coins and accounts, and the coins it may price."""
        self.unopened = unopened
        """Legs whose entry is the first mark, and whose index of that moment is not known."""
        self.implies_rates = is_rate_market(market)


class Ticks:
    """The markets of one layout that moved since figures were last worked out."""

    def __init__(self, ledger: Ledger, layout: Layout, touches: dict[str, frozenset[str]]) -> None:
        self._ledger = ledger
        self._layout = layout
        self._touches = touches
        """What each leg's own update names, by leg id."""
        self._ways: dict[type, Callable[[Any], Place | None]] = {
            Mark: self._mark,
            Index: self._index,
            Spot: self._spot,
            Funding: self._funding,
            Confirmed: self._confirm,
        }
        self._places: dict[tuple[str, str], Place] = {}
        self.moved: dict[Market, None] = {}
        """In the order they moved."""

    def place(self, feed: str, symbol: str) -> Place:
        """The market, with what is named when it moves."""
        return self._places.get((feed, symbol)) or self._find(feed, symbol)

    def _find(self, feed: str, symbol: str) -> Place:
        market = self._ledger.market(venue_of(feed), symbol)
        where = (market.venue, market.symbol)
        legs = self._layout.legs_at.get(where, [])
        of_legs = frozenset[str]().union(*(self._touches[leg.id] for leg in legs))
        coins = self._layout.coins_at.get(where, [])
        priced = named(each for coin in coins for each in (coin, *coin.dependants))
        unopened = [leg for leg in legs if leg.entry_assumed]
        place = self._places[feed, symbol] = Place(feed, market, of_legs | priced, unopened)
        return place

    def keep(self, update: Update) -> Place | None:
        """Keep an update that is only the next of its kind; None, and nothing is kept, where it is more than that."""
        way = self._ways.get(type(update))
        return None if way is None else way(update)

    def _mark(self, update: Mark) -> Place | None:
        place = self._places.get((update.feed, update.symbol)) or self._find(update.feed, update.symbol)
        market = place.market
        if not self._follows(place, market.mark, update):
            return None
        market.mark = update
        market.trail.note(update.at_mono_ms, update.price)
        return place

    def _index(self, update: Index) -> Place | None:
        place = self._places.get((update.feed, update.symbol)) or self._find(update.feed, update.symbol)
        market = place.market
        if not self._follows(place, market.index, update):
            return None
        market.index = update
        market.watch_basis(update)
        return place

    def _spot(self, update: Spot) -> Place | None:
        place = self._places.get((update.feed, update.symbol)) or self._find(update.feed, update.symbol)
        if not self._follows(place, place.market.spot, update):
            return None
        place.market.spot = update
        return place

    def _follows(self, place: Place, before: Price | None, update: Price) -> bool:
        """Whether a price comes after one of its feed that was believed until now, by both clocks."""
        if before is None or before.feed != update.feed or before.limit_ms != update.limit_ms or update.price <= ZERO:
            return False
        old_ms, new_ms, at_ms = before.venue_ms, update.venue_ms, update.at_mono_ms
        if old_ms is not None and new_ms is not None and new_ms < old_ms:
            return False
        gap_ms = at_ms - before.at_mono_ms
        if gap_ms < 0 or (place.unopened and _opens(place, update)):
            return False
        if (gap_ms > UNWATCHED_LIMIT_MS or gap_ms > before.limit_ms) and not self._fresh(place, before, at_ms):
            return False
        place.at_ms = at_ms
        self.moved[place.market] = None
        return True

    def _fresh(self, place: Place, value: Price, at_ms: int) -> bool:
        return self._ledger.fresh(place.market, value, at_ms)

    def _funding(self, update: Funding) -> Place | None:
        """A prediction for the same stamp as before; another stamp is looked into at once."""
        place = self._places.get((update.feed, update.symbol)) or self._find(update.feed, update.symbol)
        market = place.market
        before = market.funding
        if before is None or before.feed != update.feed or before.next_ms != update.next_ms:
            return None
        if overtaken(before, update):
            return None
        if before.rate != update.rate:
            if impossible(update):
                return None
            market.lean_to(update)
            self.moved[market] = None
        market.funding = update
        place.at_ms = update.at_mono_ms
        return place

    def _confirm(self, update: Confirmed) -> Place | None:
        """What this feed said still holds; None where some of it was no longer believed."""
        place = self._places.get((update.feed, update.symbol)) or self._find(update.feed, update.symbol)
        market, at_ms = place.market, update.at_mono_ms
        since_ms = at_ms - UNWATCHED_LIMIT_MS
        for value in (market.mark, market.index, market.spot):
            if value is None or value.feed != update.feed:
                continue
            recent = value.at_mono_ms >= since_ms and at_ms - value.at_mono_ms <= value.limit_ms
            if not recent and not self._fresh(place, value, at_ms):
                return None
        market.confirm(update)
        place.at_ms = at_ms
        self.moved[market] = None
        return place

    def take(self) -> Iterator[Market]:
        """The markets that moved, which are then worked in."""
        moved, self.moved = self.moved, {}
        return iter(moved)


def _opens(place: Place, update: Price) -> bool:
    """Whether it may give a leg its entry, or the index of the moment of its entry."""
    mark = place.market.mark
    for leg in place.unopened:
        if leg.entry is None:
            return True
        of_entry = mark is not None and mark.price == leg.entry and mark.at_mono_ms == update.at_mono_ms
        if isinstance(update, Index) and leg.entry_index is None and of_entry:
            return True
    return False
