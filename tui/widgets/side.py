"""What a very wide and high screen shows beside the detail: every feed, and the next funding stamps."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hedge.snapshot import FeedRow
from tui import format as fmt
from tui.line import Draft
from tui.marks import STALE
from tui.view import View, clock, seconds_until
from tui.widgets.header import sick

FEEDS = 10
STAMPS = 4


def side_panel(body: Sequence[Draft], view: View, x: int, width: int) -> None:
    """Feeds from the top, stamps below them."""
    feeds = view.snapshot.feeds[:FEEDS]
    _feeds(body, feeds, view, x, width)
    _stamps(body[len(feeds) + 4 :], view, x)


def _feeds(body: Sequence[Draft], feeds: Sequence[FeedRow], view: View, x: int, width: int) -> None:
    body[0].put(x, "FEEDS", "muted")
    body[1].put(x, "FEED", "muted")
    body[1].right(x + 25, "AGE", "muted")
    body[1].right(x + 34, "TICKS/S", "muted")
    body[1].put(x + 37, "STATE", "muted")
    for draft, feed in zip(body[2:], feeds, strict=False):
        ill = sick(feed) or view.blind
        if ill:
            draft.put(x - 2, STALE[0], "caution-bold")
        draft.put(x, fmt.cut(feed.feed, 18), "caution" if ill else "text")
        draft.right(x + 25, fmt.age(view.aged(feed.age_s)), "caution-bold" if ill else "muted")
        draft.right(x + 34, fmt.UNKNOWN if feed.per_s is None else f"{feed.per_s:.1f}", "muted")
        doing = f"dials in {int(feed.retry_s) + 1} s" if feed.retry_s is not None else feed.state.replace("_", " ")
        draft.put(x + 37, fmt.cut(doing, width - x - 38), "caution" if ill else "muted")


def _stamps(body: Sequence[Draft], view: View, x: int) -> None:
    """Legs that are paid at the same moment, together."""
    stamps: dict[str, list[tuple[str, Decimal | None]]] = {}
    for leg in view.figures.positions:
        if leg.next_funding:
            stamps.setdefault(leg.next_funding, []).append((leg.asset, leg.next_funding_usd))
    if not stamps or len(body) < 3:
        return
    body[0].put(x, "NEXT STAMPS", "muted")
    for draft, (when, legs) in zip(body[1:], sorted(stamps.items())[:STAMPS], strict=False):
        draft.put(x, fmt.until_stamp(seconds_until(when, view.figures.as_of)))
        names = list(dict.fromkeys(asset for asset, _ in legs))
        some = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        draft.put(x + 7, fmt.cut(f"{clock(when, short=True)}  {some}", 32))
        known = [usd for _, usd in legs if usd is not None]
        if len(known) == len(legs):
            total = sum(known, Decimal(0))
            draft.right(x + 46, fmt.flow(total), "against" if total < 0 else "text")
            draft.put(x + 48, "USD est.", "muted")
