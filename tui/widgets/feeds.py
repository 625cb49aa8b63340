"""The feeds: each socket and source, how old, how busy and how late it is, and why where something is wrong."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from hedge.snapshot import FeedRow
from tui import format as fmt
from tui.line import Draft, Line
from tui.marks import STALE
from tui.view import View
from tui.widgets.header import sick

NAME, STATE = 3, 23
AGE, RATE, DIALS, SKEW = 49, 59, 66, 74
"""Where these columns end."""


def feeds_title(view: View) -> str:
    """For the bar: how many are well."""
    rows = view.snapshot.feeds
    ill = sum(sick(row) or view.blind for row in rows)
    return f"{len(rows) - ill} of {len(rows)} live"


def feeds_body(view: View, width: int) -> list[Line]:
    """A line for each feed, the sick ones first; below it why, and which of its symbols are not live."""
    head = Draft(width, "raised")
    head.put(NAME, "FEED", "muted")
    head.put(STATE, "STATE", "muted")
    for end, name in ((AGE, "AGE"), (RATE, "A SECOND"), (DIALS, "DIALS"), (SKEW, "SKEW s")):
        head.right(end, name, "muted")
    lines = [Draft(width, "raised"), head]
    for row in sorted(view.snapshot.feeds, key=lambda row: not (sick(row) or view.blind)):
        lines += _feed(row, view, width)
    lines += [Draft(width, "raised"), *_foot(width)]
    return [line.line() for line in lines]


def _feed(row: FeedRow, view: View, width: int) -> list[Draft]:
    ill = sick(row) or view.blind
    draft = Draft(width, "raised")
    if ill:
        draft.put(NAME - 2, STALE[0], "caution-bold")
    draft.put(NAME, fmt.cut(row.feed, STATE - NAME - 1), "caution" if ill else "text")
    draft.put(STATE, fmt.cut(state_words(row), AGE - STATE - 6), "caution" if ill else "text")
    draft.right(AGE, age_words(view.aged(row.age_s)), "caution-bold" if ill else "text")
    draft.right(RATE, fmt.UNKNOWN if row.per_s is None else f"{row.per_s:.1f}", "muted")
    draft.right(DIALS, str(row.dials) if row.dials else fmt.UNKNOWN, "muted")
    draft.right(SKEW, fmt.UNKNOWN if row.skew_s is None else f"{row.skew_s:+.1f}".replace("-", "−"), "muted")
    words = [row.reason] if row.reason else []
    words += [f"{symbol}: {reason}" for symbol, reason in row.symbols.items()]
    return [draft, *_below(words, width)]


def _below(words: Sequence[str], width: int) -> list[Draft]:
    """Reasons, whole, however many lines they take."""
    drafts = []
    for reason in words:
        for line in textwrap.wrap(reason, width - NAME - 4) or []:
            draft = Draft(width, "raised")
            draft.put(NAME + 2, line, "muted")
            drafts.append(draft)
    return drafts


def age_words(seconds: float | None) -> str:
    """To a tenth of a second while it is young: here `live` is a state."""
    return f"{seconds:.1f} s" if seconds is not None and seconds < 10 else fmt.age(seconds)


def state_words(row: FeedRow) -> str:
    """What the feed does, as a person would say it."""
    if row.retry_s is not None:
        return f"dials again in {int(row.retry_s) + 1} s"
    if row.state == "stale":
        return "silent" if row.age_s is None else f"silent {fmt.age(row.age_s)}"
    return {"blocked": "stopped", "backing_off": "waits to dial"}.get(row.state, row.state)


def _foot(width: int) -> list[Draft]:
    note = Draft(width, "raised")
    note.put(NAME, fmt.cut("AGE: since its last data. SKEW: the venue's clock against ours.", width - 4), "muted")
    keys = Draft(width, "raised")
    at = keys.put(NAME, "esc", "key", "back")
    keys.put(at + 1, "close", "text", "back")
    return [note, keys]
