"""The slot when nothing waits for a person: what happened last, what is awaited, and what is nearest to a limit."""

from __future__ import annotations

from hedge.snapshot import NEVER, FeedRow, Limit, PastAlert, Snapshot
from tui import format as fmt
from tui.line import BLANK, Draft, Line, Span, joined
from tui.view import View, clock, seconds_until
from tui.widgets.header import sick

WORDS = 13
NARROW = 110


def quiet_lines(view: View, width: int, room: int) -> list[Line]:
    """At most `room` lines."""
    snapshot = view.snapshot
    lines = [_first_line(view, width)]
    body = limit_lines(snapshot.limits, width) if snapshot.limits else _awaited(snapshot, width)
    notices = [_notice(words, width) for words in snapshot.notices]
    if room > len(lines) + len(body):
        lines += notices[: room - len(lines) - len(body)] or [BLANK]
    elif notices and body:
        body = [*body[:-1], notices[0]]
    return [*lines, *body][:room]


def _first_line(view: View, width: int) -> Line:
    snapshot = view.snapshot
    draft = Draft(width)
    awaited = _missing(snapshot)
    if view.blind:
        head, words = (
            "No watch",
            "the last word of the monitor was: " + ("nothing open." if snapshot.as_of else "nothing."),
        )
    elif not snapshot.as_of:
        head, words = "Waiting", "for the monitor."
    elif awaited:
        seconds = seconds_until(snapshot.as_of, snapshot.started)
        since = f", {fmt.age(max(2.0, seconds))}" if seconds is not None else ""
        head, words = "Waiting", f"for {', '.join(awaited)}{since}."
    elif unknown := _unknown(snapshot):
        head, words = "Not all known", f"{unknown[0]}." + (f" And {len(unknown) - 1} more." if unknown[1:] else "")
    else:
        shelved = f"{snapshot.shelved} shelved" if snapshot.shelved else "nothing shelved"
        last = _last(snapshot)
        full = f"nothing open, {shelved}. {last}"
        head, words = "All quiet", full if len(full) < width - WORDS else last
    draft.put(1, head, "strong")
    at = max(WORDS, len(head) + 4)
    draft.put(at, fmt.cut(words, width - at - 1), "muted")
    return draft.line()


def _unknown(snapshot: Snapshot) -> list[str]:
    """Legs without a distance and sums without a value, with the reason: nobody may call that quiet."""
    found = [
        f"{leg.asset} {leg.side} on {leg.venue}: {leg.why.get('to_liquidation', 'its distance is not known')}"
        for leg in snapshot.positions
        if leg.to_liquidation is None and NEVER not in (leg.why.get("to_liquidation"), leg.why.get("liquidation_price"))
    ]
    if not found and snapshot.totals.off_usd is None:
        found = [snapshot.totals.why.get("off_usd", "the distance from the plan is not known")]
    return found


def _missing(snapshot: Snapshot) -> list[str]:
    """Venues from which a leg has not had its first price yet."""
    venues = dict.fromkeys(leg.venue for leg in snapshot.positions if leg.mark is None)
    unpriced = [asset.asset for asset in snapshot.assets if asset.price is None]
    return list(venues) or [f"a price of {', '.join(unpriced)}"] if unpriced or venues else []


def _last(snapshot: Snapshot) -> str:
    past: PastAlert | None = snapshot.last_alert
    if past is None:
        return f"Nothing has happened since {clock(snapshot.started, short=True)}."
    words = f"Last alert: {past.title}"
    if past.answered:
        words += f", answered {clock(past.answered, short=True)}"
    if past.cleared:
        words += f", cleared {clock(past.cleared, short=True)}"
    return words + "."


def _notice(words: str, width: int) -> Line:
    draft = Draft(width)
    draft.put(WORDS, fmt.cut(words, width - WORDS - 1), "caution")
    return draft.line()


def _awaited(snapshot: Snapshot, width: int) -> list[Line]:
    """Feeds that are not live yet, each with its reason."""
    lines = []
    for feed in [feed for feed in snapshot.feeds if sick(feed)][:3]:
        draft = Draft(width)
        draft.put(1, "◐", "caution-bold")
        draft.put_all(3, joined((Span(f"{feed.feed}  "), Span(feed_words(feed), "muted")), width - 4))
        lines.append(draft.line())
    return lines


def feed_words(feed: FeedRow) -> str:
    """What a feed is doing, and why: `dials again in 3 s: name not resolved`."""
    doing = feed.state.replace("_", " ")
    if feed.retry_s is not None:
        doing = f"dials again in {fmt.countdown(feed.retry_s) if feed.retry_s >= 60 else f'{int(feed.retry_s) + 1} s'}"
    return f"{doing}: {feed.reason}" if feed.reason else doing


def limit_figure(limit: Limit, *, bound: bool) -> str:
    """The value of a limit, or its bound, with the unit in words."""
    value = limit.threshold if bound else limit.value
    if limit.unit == "usd":
        return f"{fmt.usd(value, signed=not bound)} USD"
    decimals = 0 if bound and (value * 100) == (value * 100).to_integral_value() else 1
    if bound or not limit.rule.startswith("liquidation"):
        text = fmt.percent(value, decimals, signed=not bound)
    else:
        text = fmt.distance(value)
    unit = {"percent": " %", "points": " points", "percent_a_year": " % a year"}[limit.unit]
    if text == "in liq.":
        return text
    return text + (" %" if bound and limit.unit == "percent_a_year" else unit)


def limit_lines(limits: tuple[Limit, ...], width: int) -> list[Line]:
    """The three figures nearest to a limit, each with a gauge that ends at the limit line."""
    now, bound, gauge = (33, 51, 72) if width >= NARROW else (30, 46, 58)
    cells = min(30, width - gauge - 3)
    head = Draft(width)
    for x, words in ((4, "CLOSEST TO A LIMIT"), (now, "NOW"), (bound, "LIMIT"), (gauge, "HOW NEAR")):
        head.put(x, words, "muted")
    lines = [head.line()]
    for limit in limits[:3]:
        draft = Draft(width)
        draft.put(4, fmt.cut(limit.label, now - 5))
        draft.put(now, fmt.cut(limit_figure(limit, bound=False), bound - now - 1))
        level = limit.level if width >= NARROW else ""
        draft.put(bound, fmt.cut(f"{level} at {limit_figure(limit, bound=True)}".strip(), gauge - bound - 1), "muted")
        filled = max(0, min(cells, round(limit.nearness * cells)))
        draft.put(gauge, "━" * filled, "muted")
        draft.put(gauge + filled, "─" * (cells - filled), "rule")
        draft.put(gauge + cells, "│", "text")
        lines.append(draft.line())
    return lines
