"""What each venue gives and within which limits, as data for a person: from the tables that the feeds run by."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from feeds import any_venue
from feeds.metadata import metadata_of
from feeds.venue import Carried, Feed
from feeds.venues import FEEDS, POLLS, VENUES, readable

NONE = ""


class VenueRow(Struct, frozen=True):
    """One venue. Where a figure comes from, in words; empty where the venue does not give it."""

    venue: str
    feeds: tuple[str, ...]
    mark: str
    index: str
    funding: str
    interval: str
    spot: str
    tiers: str
    """Maintenance tiers without a key."""
    limits: tuple[str, ...]
    """Of its sockets, in words, one a feed."""


def venue_rows() -> tuple[VenueRow, ...]:
    """The venues with a file of their own."""
    return tuple(_row(venue) for venue in VENUES)


def other_venues() -> tuple[str, ...]:
    """ccxt's ids of the venues that are read through ccxt.pro."""
    return tuple(sorted(venue for venue in any_venue.venues() if venue not in VENUES and readable(venue)))


def _row(venue: str) -> VenueRow:
    feeds = [feed for feed in FEEDS.values() if feed.venue == venue]
    known = metadata_of(venue)
    return VenueRow(
        venue=venue,
        feeds=tuple(feed.id for feed in feeds),
        mark=_source(venue, "mark", feeds),
        index=_source(venue, "index", feeds),
        funding=_source(venue, "funding", feeds),
        interval=_source(venue, "interval", feeds),
        spot=_source(venue, "spot", feeds),
        tiers=NONE if known.no_tiers else known.tiers,
        limits=tuple(_limits(feed) for feed in feeds),
    )


def _source(venue: str, what: Carried, feeds: Iterable[Feed]) -> str:
    """`stream`, `REST every 10 s`, both where they differ by feed, or nothing."""
    found = ["stream"] if any(what in feed.carries for feed in feeds) else []
    found += [f"REST every {poll.every_s:g} s" for poll in POLLS if poll.venue == venue and what in poll.carries]
    return ", ".join(dict.fromkeys(found))


def _limits(feed: Feed) -> str:
    """Symbols a socket, how long a socket lives, and after which silence a price is no longer believed."""
    words = [f"{feed.id}: {feed.per_socket} markets a socket", f"stale after {feed.silence_ms / 1000:g} s"]
    if feed.lifetime_s is not None:
        words.append(f"a socket lives {feed.lifetime_s / 3600:g} h")
    return ", ".join(words)
