"""What changes about a contract, told once: its size and meaning, its brackets, its funding interval, its listing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct

from alerts.values import ADVISORY, CAUTION
from hedge.book.ledger import venue_of
from hedge.contract_changes import altered, same_brackets
from hedge.market import FundingInterval, Instrument, SymbolState, Tiers, Update

DAY_MS = 86_400_000
"""A delisting this near is a caution."""

Place = tuple[str, str]
"""Venue and symbol."""


class News(Struct, frozen=True):
    """One change of one contract."""

    place: Place
    level: int
    words: str


class FactNews:
    """The facts as they were heard last. The first reading of each is no news."""

    def __init__(self) -> None:
        self._instruments: dict[Place, Instrument] = {}
        self._tiers: dict[Place, Tiers] = {}
        self._hours: dict[Place, Decimal] = {}
        self._unlisted: set[Place] = set()
        self._ending: set[Place] = set()
        """Contracts whose end within a day was told."""

    def heard(self, update: Update, wall_ms: int) -> Iterable[News]:
        """What an update changes."""
        match update:
            case Instrument():
                yield from self._instrument(update, wall_ms)
            case Tiers() if update.tiers:
                place = (update.venue, update.symbol)
                before = self._tiers.get(place)
                self._tiers[place] = update
                if before is not None and not same_brackets(before, update):
                    words = f"The maintenance brackets of {update.symbol} on {update.venue} are other ones now"
                    yield News(place, CAUTION, words)
            case FundingInterval() if not update.assumed:
                yield from self._interval((venue_of(update.feed), update.symbol), update.hours)
            case SymbolState() if update.feed.endswith("-facts") and update.state == "quarantined":
                place = (venue_of(update.feed.removesuffix("-facts")), update.symbol)
                if place in self._instruments and place not in self._unlisted:
                    self._unlisted.add(place)
                    yield News(place, CAUTION, update.reason[:1].upper() + update.reason[1:])

    def ending(self, wall_ms: int) -> Iterable[News]:
        """Contracts that end within a day."""
        for place, each in self._instruments.items():
            if each.ends_ms is not None and place not in self._ending and each.ends_ms - wall_ms <= DAY_MS:
                self._ending.add(place)
                yield News(place, CAUTION, _end(each, each.ends_ms))

    def _instrument(self, update: Instrument, wall_ms: int) -> Iterable[News]:
        place = (update.venue, update.symbol)
        before = self._instruments.get(place)
        self._instruments[place] = update
        self._unlisted.discard(place)
        if before is not None:
            changed = altered(before, update)
            if changed:
                words = f"{update.symbol} is another contract on {update.venue}: {changed}"
                yield News(place, CAUTION, f"{words}; its risk is not known until the file is saved again")
            if before.active and not update.active:
                yield News(place, CAUTION, f"{update.symbol} is not traded on {update.venue} any more")
        known_ms = None if before is None else before.ends_ms
        if update.ends_ms != known_ms:
            self._ending.discard(place)
            if update.ends_ms is not None and update.ends_ms - wall_ms > DAY_MS:
                yield News(place, ADVISORY, _end(update, update.ends_ms))

    def _interval(self, place: Place, hours: Decimal) -> Iterable[News]:
        before = self._hours.get(place)
        self._hours[place] = hours
        if before is not None and before != hours:
            venue, symbol = place
            words = f"{symbol} on {venue} is funded every {hours.normalize():f} h now, before every"
            yield News(place, ADVISORY, f"{words} {before.normalize():f} h")


def _end(instrument: Instrument, ends_ms: int) -> str:
    """When a venue ends a contract."""
    when = datetime.fromtimestamp(ends_ms / 1000, UTC)
    return f"{instrument.venue} ends {instrument.symbol} on {when:%Y-%m-%d %H:%M} UTC"
