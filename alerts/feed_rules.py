"""Silence as an alert: which feeds are stale under which figures, and which of those figures are hot.

Judged once a second and on every change of a feed's state, never per price.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from msgspec.structs import replace

from alerts.levels import HOT_DISTANCE
from alerts.values import CAUTION, WARNING, Reading, State
from hedge.book.ledger import venue_of
from hedge.snapshot import AssetRow, FeedRow, PositionRow

TROUBLED = ("backing_off", "blocked")
"""States of a feed that say: I know that nothing comes, and why."""
TROUBLE_MS = 5_000
"""How long a feed in trouble may have brought nothing since the start before that is an alert."""
PATIENCE_MS = 10_000
"""The same for a feed that still tries, or says nothing of itself."""
METADATA_MS = 20_000
"""And for one that brings no prices: what it brings changes rarely."""
_INPUTS = ("mark", "index", "funding")
_NO_PRICES = ("rest", "facts", "history", "positions")
_INVERSE = ("inverse", "coinm")


def judge_feeds(
    feeds: Sequence[FeedRow],
    legs: Sequence[PositionRow],
    assets: Sequence[AssetRow] = (),
    hot: Collection[str] = (),
    waited_ms: int = PATIENCE_MS,
    doubts: Mapping[str, str] = MappingProxyType({}),
    standing: Collection[str] = (),
) -> tuple[Reading, ...]:
    """One reading a feed, and one for each venue of a leg that no feed reads.

    `hot`: ids of legs that have a caution (`hot_legs`); `waited_ms`: for how long these markets are being read;
    `doubts`: why what flows may be wrong, by feed; `standing`: feeds that have an alert already."""
    readings = [_judge(feed, feeds, legs, assets, hot, waited_ms, doubts) for feed in feeds]
    readings = _grouped(readings, feeds, standing)
    waiting = (leg for leg in legs if leg.ages.mark is None or leg.stale)
    for venue in dict.fromkeys(leg.venue for leg in waiting if not any(reads(feed.feed, leg) for feed in feeds)):
        level = CAUTION if waited_ms >= PATIENCE_MS else 0
        readings.append(Reading("feed", venue, None, level, level))
    return tuple(readings)


def _grouped(readings: list[Reading], feeds: Sequence[FeedRow], standing: Collection[str]) -> list[Reading]:
    """Feeds of one venue that fail for one cause are one alert, as grave as the gravest: that of the feed which has
    one already, else of the first.
    """
    groups: dict[tuple[str, str], list[int]] = {}
    for place, (feed, reading) in enumerate(zip(feeds, readings, strict=True)):
        if reading.level and feed.state in TROUBLED and brings_prices(feed.feed):
            groups.setdefault((venue_of(feed.feed), cause(feed)), []).append(place)
    for places in groups.values():
        speaks = next((place for place in places if readings[place].subject in standing), places[0])
        level = max(readings[place].level for place in places)
        for place in places:
            if place == speaks:
                readings[place] = replace(readings[place], level=level, hold=level)
            elif readings[place].subject not in standing:
                readings[place] = replace(readings[place], level=0, hold=0)
    return readings


def cause(feed: FeedRow) -> str:
    """Why a feed brings nothing, without the addresses in it."""
    return " ".join(word for word in feed.reason.split() if "." not in word.strip(".,;:") and ":" not in word[:-1])


def same_cause(name: str, feeds: Iterable[FeedRow]) -> tuple[str, ...]:
    """The other streams of its venue that are in trouble for the same reason."""
    rows = {row.feed: row for row in feeds if row.state in TROUBLED and brings_prices(row.feed)}
    if name not in rows:
        return ()
    ours = (venue_of(name), cause(rows[name]))
    return tuple(feed for feed, row in rows.items() if feed != name and (venue_of(feed), cause(row)) == ours)


def hot_legs(state: State, legs: Iterable[PositionRow]) -> frozenset[str]:
    """Legs with a caution or warning of their own, or of their account, that still stands."""
    subjects = {alert.subject for alert in state.alerts.values() if alert.rule != "feed" and alert.level >= CAUTION}
    return frozenset(leg.id for leg in legs if leg.id in subjects or leg.account in subjects)


def reads(feed: str, leg: PositionRow) -> bool:
    """Whether this feed brings a leg's figures, or the leg itself; by name where none has come yet."""
    if leg.sources.get("position") == feed:
        return True
    sources = [leg.sources[name] for name in _INPUTS if name in leg.sources]
    if sources:
        return feed in sources
    venue, _, kind = feed.partition("-")
    if venue != leg.venue or kind == "spot" or kind in _NO_PRICES:
        return False
    return leg.inverse is None or (kind in _INVERSE) is leg.inverse or not kind


def silent_legs(feed: str, legs: Iterable[PositionRow]) -> tuple[PositionRow, ...]:
    """The feed's legs with an input that is stale or never came."""
    return tuple(leg for leg in legs if reads(feed, leg) and _silent(feed, leg))


def silent_assets(feed: str, assets: Iterable[AssetRow]) -> tuple[AssetRow, ...]:
    """Coins whose price stands on this feed and is old; that their positions are is another feed's."""
    return tuple(
        row
        for row in assets
        if row.stale and not row.positions_stale and (row.price_source or "").split(" ")[0] == feed
    )


def brings_prices(feed: str) -> bool:
    """A stream, not a list of facts that is read now and then."""
    return feed.rpartition("-")[2] not in _NO_PRICES


def _silent(feed: str, leg: PositionRow) -> bool:
    if leg.sources.get("position") == feed:
        return "position" in leg.stale
    if leg.ages.mark is None:
        return True
    return any(leg.sources.get(name) == feed for name in leg.stale)


def _judge(
    feed: FeedRow,
    feeds: Sequence[FeedRow],
    legs: Sequence[PositionRow],
    assets: Sequence[AssetRow],
    hot: Collection[str],
    waited_ms: int,
    doubts: Mapping[str, str],
) -> Reading:
    silent = silent_legs(feed.feed, legs)
    stale = [leg for leg in silent if leg.ages.mark is not None]
    age = _oldest(feed.feed, stale, feed)
    if stale:
        level = WARNING if any(_is_hot(leg, hot) for leg in stale) else CAUTION
    elif silent:
        level = CAUTION if waited_ms >= (TROUBLE_MS if feed.state in TROUBLED else PATIENCE_MS) else 0
    elif silent_assets(feed.feed, assets):
        level = CAUTION
    elif brings_prices(feed.feed):
        idle = feed.age_s is None and not any(reads(feed.feed, leg) for leg in legs)
        never = idle and feed.state in TROUBLED and waited_ms >= TROUBLE_MS
        level = CAUTION if feed.state == "blocked" or never else 0
    else:
        covered = any(other.state in TROUBLED and _same_venue(other.feed, feed.feed) for other in feeds)
        level = CAUTION if feed.state in TROUBLED and not covered and waited_ms >= METADATA_MS else 0
    doubt = "" if level else doubts.get(feed.feed, "")
    if doubt:
        level = CAUTION
    return Reading("feed", feed.feed, None if doubt else age, level, level, note=doubt)


def _is_hot(leg: PositionRow, hot: Collection[str]) -> bool:
    return leg.id in hot or (leg.to_liquidation is not None and leg.to_liquidation < HOT_DISTANCE)


def _oldest(feed: str, legs: Sequence[PositionRow], row: FeedRow) -> Decimal | None:
    """Whole seconds since the feed's oldest figure came; of its newest data where no figure is old."""
    ages = [
        getattr(leg.ages, name)
        for leg in legs
        for name in leg.stale
        if leg.sources.get(name) == feed and getattr(leg.ages, name) is not None
    ]
    age = max(ages, default=row.age_s)
    return None if age is None else Decimal(int(age))


def _same_venue(stream: str, facts: str) -> bool:
    """A venue's stream that is down already says what its facts would say again."""
    return brings_prices(stream) and stream.partition("-")[0] == facts.partition("-")[0]
