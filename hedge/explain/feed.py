"""Explanations of what is known of a feed."""

from __future__ import annotations

from collections.abc import Callable

from hedge.book.ledger import seconds, seconds_left
from hedge.explain.entry import Entry, Figures, Moment, Subject, explain_with, read
from hedge.explain.form import Explanation, Input, as_decimal, stated

MONITORS_CLOCK = "the monitor's clock"


class FeedSubject(Subject):
    """One feed."""

    def __init__(self, moment: Moment, feed: str) -> None:
        super().__init__(moment, f"feeds.{feed}", moment.rows["feeds"][feed])
        self.feed = feed


def explain_feed(subject: FeedSubject, name: str) -> Explanation:
    """Explain one figure of a feed. Raises KeyError where it has no such figure."""
    return explain_with(subject, name, FEED_FIGURES)


def _moment(
    label: str, symbol: str, at: Callable[[FeedSubject], int | None], why: str = "", remedy: str = ""
) -> Callable[[FeedSubject], Input]:
    """A moment on the monitor's clock."""

    def made(subject: FeedSubject) -> Input:
        return stated(label, symbol, as_decimal(at(subject)), "ms", MONITORS_CLOCK, why=why, remedy=remedy)

    return made


def _said(name: str) -> Callable[[FeedSubject], Input]:
    """A number that the feed or the monitor states."""

    def made(subject: FeedSubject) -> Input:
        why, remedy = "it is not measured", "a monitor that runs"
        return stated(name, "", subject.field(name), "", subject.feed, why=why, remedy=remedy)

    return made


FeedSubject.facts = {
    "now": _moment("now", "t", lambda s: s.now.mono_ms),
    "last data": _moment(
        "last data", "t₀", lambda s: s.book.ledger.data_at.get(s.feed), "none has come yet", "the first frame"
    ),
    "next dial": _moment(
        "next dial", "t₁", lambda s: s.book.ledger.feeds[s.feed].retry_mono_ms, "it is not waiting to dial"
    ),
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
