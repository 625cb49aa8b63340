"""The first line: mode, name, view, open alerts, feeds, clock."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from hedge.snapshot import FeedRow, Snapshot
from tui import format as fmt
from tui.line import Draft, Line, Span
from tui.marks import STALE
from tui.painted import Painted
from tui.view import View, clock

NAMES_FROM = 140
"""From this width on every venue's feed is named."""
SHORT_CLOCK = 100
METADATA = ("facts", "history", "rest")
"""Feeds that are asked now and then: waiting is their normal state."""
WELL = ("live", "idle")


def header_line(view: View, width: int) -> Line:
    """Left what is watched, right how well."""
    snapshot = view.snapshot
    draft = Draft(width, "raised")
    at = draft.put(1, snapshot.portfolio or "hedgetui", "strong") + 1
    if snapshot.mode != "live":
        draft = Draft(width, "raised")
        at = draft.put(0, f" {badge(snapshot)} ", "mode-fill")
        at = draft.put(at + 1, snapshot.portfolio or "hedgetui", "strong") + 1
    at = draft.put(at + 1, " ", "tab")
    at = draft.put(at, "1", "tab-key")
    at = draft.put(at, " Overview ", "tab") + 2
    count = len(view.open_alerts)
    if count:
        at = draft.put(at, str(count), "strong")
        at = draft.put(at + 1, "open") + 1
    if snapshot.shelved:
        at = draft.put(at, f"z{snapshot.shelved}", "muted") + 1
    if view.paused:
        at = draft.put(at + 1, "PAUSED", "caution-bold") + 1
    time = clock(snapshot.as_of, short=width < SHORT_CLOCK) + (" UTC" if width >= SHORT_CLOCK else "")
    if snapshot.playback is not None and width >= SHORT_CLOCK:
        time = f"{snapshot.as_of[:10]} {time}"
    end = draft.right(width - 1, time, "caution" if view.blind else "text") - 3
    draft.right_all(end, _feeds(view, width, end - at - 1))
    return draft.line()


def badge(snapshot: Snapshot) -> str:
    """The mode, and of a replay how fast it goes and how far it has come: `REPLAY 60x 32 %`."""
    found = snapshot.playback
    if found is None:
        return snapshot.mode.upper()
    doing = f"{found.speed}x" if found.state == "playing" else found.state.upper()
    done = f" {min(1.0, found.at_s / found.length_s):.0%}".replace("%", " %") if found.length_s else ""
    return f"REPLAY {doing}{'' if found.state == 'ended' else done}"


def _feeds(view: View, width: int, room: int) -> list[Span]:
    if view.blind:
        return [Span(f"{STALE[0]} no word from the monitor" if room > 26 else STALE[0], "caution-bold")]
    venues = _venues(view.snapshot.feeds)
    ill = sorted((feed for feed in venues.values() if sick(feed)), key=lambda feed: -(feed.age_s or 0))
    if width >= NAMES_FROM:
        named = _named(venues)
        if sum(len(span.text) for span in named) <= room:
            return named
    if ill:
        more = f" +{len(ill) - 1}" if len(ill) > 1 else ""
        return [Span(f"{STALE[0]} {_ailing(ill[0])}{more}", "caution-bold")]
    live = sum(feed.state == "live" for feed in view.snapshot.feeds if not _metadata(feed))
    return [Span(f"{live} live" if view.snapshot.feeds else "no feed yet", "muted")]


def _named(venues: dict[str, FeedRow]) -> list[Span]:
    spans: list[Span] = []
    for venue, feed in venues.items():
        if spans:
            spans.append(Span("  "))
        if sick(feed):
            spans.append(Span(f"{STALE[0]} {_ailing(feed)}", "caution-bold"))
        else:
            spans.append(Span(f"{venue} live", "muted"))
    return spans


def _venues(feeds: Sequence[FeedRow]) -> dict[str, FeedRow]:
    """The worst feed of each venue, in the order of the monitor."""
    worst: dict[str, FeedRow] = {}
    for feed in feeds:
        venue = venue_of(feed)
        if venue not in worst or (sick(feed), feed.age_s or 0) > (sick(worst[venue]), worst[venue].age_s or 0):
            worst[venue] = feed
    return worst


def venue_of(feed: FeedRow) -> str:
    """`binance` of `binance-usdm`."""
    return feed.feed.partition("-")[0]


def _metadata(feed: FeedRow) -> bool:
    return feed.feed.rpartition("-")[2] in METADATA


def sick(feed: FeedRow) -> bool:
    """It should be live and is not; metadata is asked now and then, so there only trouble counts."""
    if _metadata(feed):
        return feed.state in ("stale", "backing_off", "blocked")
    return feed.state not in WELL


def _ailing(feed: FeedRow) -> str:
    """`mexc 14 s`, or what it is doing when no data ever came."""
    words = fmt.age(feed.age_s) if feed.age_s is not None else feed.state.replace("_", " ")
    return f"{venue_of(feed)} {words}"


class Header(Painted):
    """The header; it stays lit under a dialog."""

    DIMS = False

    def draw(self, view: View, size: Size) -> Sequence[Line]:
        return (header_line(view, size.width),)
