"""Explanations of what is known of a feed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hedge.explain_entry import Entry, Figures, Moment, Subject, explain_with, read
from hedge.explain_form import Explanation, Input, as_decimal
from hedge.ledger import seconds, seconds_left


class FeedSubject(Subject):
    """One feed."""

    def __init__(self, moment: Moment, feed: str) -> None:
        shown = next(row for row in moment.snapshot.feeds if row.feed == feed)
        super().__init__(moment, f"feeds.{feed}", shown)
        self.feed = feed


def explain_feed(subject: FeedSubject, name: str) -> Explanation:
    """Explain one figure of a feed. Raises KeyError where it has no such figure."""
    return explain_with(subject, name, FEED_FIGURES)


def _moment(
    label: str, symbol: str, why: str, at: Callable[[FeedSubject], int | None]
) -> Callable[[FeedSubject], Input]:
    """A moment on the monitor's clock."""

    def made(subject: FeedSubject) -> Input:
        found = at(subject)
        missing = why if found is None else ""
        return Input(label, label, symbol, value=as_decimal(found), unit="ms", source="mono clock", why=missing)

    return made


def _said(name: str) -> Callable[[FeedSubject], Input]:
    """A number that the feed or the monitor states."""

    def made(subject: FeedSubject) -> Input:
        found: Decimal | None = subject.field(name)
        why = "" if found is not None else "the monitor has not measured it"
        return Input("value", name, value=found, source=subject.feed, why=why)

    return made


FeedSubject.facts = {
    "now": _moment("now", "t", "", lambda s: s.now.mono_ms),
    "last data": _moment("last data", "t₀", "no data has come yet", lambda s: s.book.ledger.data_at.get(s.feed)),
    "next dial": _moment("next dial", "t₁", "it is not waiting", lambda s: s.book.ledger.feeds[s.feed].retry_mono_ms),
    "dials": _said("dials"),
    "per_s": _said("per_s"),
    "skew_s": _said("skew_s"),
}

FEED_FIGURES: Figures[FeedSubject] = {
    "age_s": Entry(
        "age of the feed",
        "a",
        "s",
        "now minus the moment of its last data",
        "({now_ms} − {then_ms}) ÷ 1000",
        seconds,
        {"now_ms": "now", "then_ms": "last data"},
    ),
    "retry_s": Entry(
        "time until it dials again",
        "t",
        "s",
        "the moment of its next dial minus now, never negative",
        "({until_ms} − {now_ms}) ÷ 1000",
        seconds_left,
        {"until_ms": "next dial", "now_ms": "now"},
    ),
    "dials": read("handshakes tried since the start", "n", "dials", "dials"),
    "per_s": read("frames a second", "f", "1/s", "per_s"),
    "skew_s": read("its clock against the monitor's", "Δt", "s", "skew_s"),
}
"""Every figure of a feed."""
