"""`hedgetui venues` and `hedgetui feeds`: what can be read, and how the reading goes."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TextIO

import msgspec
from msgspec import Struct

from feeds.listing import VenueRow, other_venues, venue_rows
from hedge.snapshot import FeedRow
from monitor.messages import MonitorLost
from monitor.status import NO_DATA, age, look, table, verdict
from monitor.usage import friendly, named, new_parser, seconds

FEED_HEAD = ("FEED", "STATE", "AGE s", "PER s", "DIALS", "SKEW s")
VENUE_HEAD = ("VENUE", "MARK", "INDEX", "FUNDING", "INTERVAL", "SPOT", "TIERS")


class Venues(Struct, frozen=True):
    """The answer of `hedgetui venues --json`."""

    venues: tuple[VenueRow, ...]
    ccxt: tuple[str, ...]
    """Venues that are read through ccxt.pro, by ccxt's id."""


def venues(words: Sequence[str], out: TextIO) -> int:
    """List what every venue gives. Needs no network."""
    about = "List the venues: where mark, index, funding, its interval, spot prices and maintenance tiers come from."
    parser = new_parser("hedgetui venues", about)
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    given = parser.parse_args(words)
    found = Venues(venue_rows(), other_venues())
    out.write(_json(found) if given.json else venues_text(found))
    return 0


def venues_text(found: Venues) -> str:
    """A table, the limits below it, and the long tail in one paragraph."""
    rows = [
        tuple(cell or "–" for cell in (row.venue, row.mark, row.index, row.funding, row.interval, row.spot, row.tiers))
        for row in found.venues
    ]
    tail = (
        "Perpetuals of these venues are read through ccxt.pro, in a process of its own (`ccxt-<venue>`); what they "
        f"give is what ccxt finds there: {', '.join(found.ccxt)}."
    )
    lines = [*table(VENUE_HEAD, rows, left=len(VENUE_HEAD)), "", "–: the venue does not publish it without a key.", ""]
    lines += [limit for row in found.venues for limit in row.limits]
    lines += ["", *textwrap.wrap(tail, 100)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def feeds(words: Sequence[str], env: Mapping[str, str], out: TextIO, err: TextIO) -> int:
    """Show each feed of a portfolio: of its running monitor, or of a short look of our own. Raises Wrong."""
    parser = new_parser("hedgetui feeds", "Show each socket and source: state, age, rate, dials, skew, reason.")
    parser.add_argument("portfolio", nargs="?", help="the portfolio file")
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    parser.add_argument("--wait", type=seconds, default=20.0, metavar="S", help="how long to wait for data (20)")
    given = parser.parse_args(words)
    path = named(given.portfolio, env)
    try:
        with friendly(path, env):
            snapshot = look(path, env, given.wait)
    except MonitorLost as lost:
        print(f"No data came: {lost}.", file=err)
        return NO_DATA
    out.write(_json(snapshot.feeds) if given.json else feeds_text(snapshot.feeds))
    code, sentence = verdict(snapshot)
    if sentence:
        print(sentence, file=err)
    return code


def feeds_text(rows: Sequence[FeedRow]) -> str:
    """A line for each feed, and one below it for each of its symbols that is not live."""
    cells = [
        (row.feed, row.state.replace("_", " "), age(row.age_s), age(row.per_s), str(row.dials), _signed(row))
        for row in rows
    ]
    head, *lines = table(FEED_HEAD, cells, left=2)
    shown = [f"{head}  REASON"]
    for row, line in zip(rows, lines, strict=True):
        shown.append(f"{line}  {_why(row)}")
        shown += [f"    {symbol}: {reason}" for symbol, reason in row.symbols.items()]
    return "\n".join(line.rstrip() for line in shown) + "\n"


def _why(row: FeedRow) -> str:
    dials = f"; dials again in {row.retry_s:.0f} s" if row.retry_s is not None else ""
    return row.reason + dials


def _signed(row: FeedRow) -> str:
    return "–" if row.skew_s is None else f"{row.skew_s:+.1f}"


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"
