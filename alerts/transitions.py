"""The moves an alert can make. Each takes an alert to its next form and says what is to be done about it."""

from __future__ import annotations

from msgspec.structs import replace

from alerts.timing import Timing
from alerts.values import CAUTION, WARNING, Alert, Annunciate, Effect, Logged, Shelf, What, Why

Moved = tuple[Alert, tuple[Effect, ...]]


def log(alert: Alert, what: What, at_ms: int, who: str = "", note: str = "", host: str = "") -> Logged:
    """The journal's line about a transition."""
    return Logged(at_ms, what, alert, who, note, host)


def annunciate(alert: Alert, why: Why, escalate: bool = False) -> Annunciate:
    """Ask for an answer. Cautions and warnings ring the bell; every annunciation has a page id."""
    return Annunciate(
        alert.page_id,
        alert.id,
        alert.rule,
        alert.subject,
        alert.level,
        why,
        bell=alert.level >= CAUTION,
        escalate=escalate,
    )


def rise(alert: Alert, level: int, at_ms: int, timing: Timing) -> Moved:
    """T1 and T3: a new episode, or a higher level of this one. It voids the answer and breaks the shelf."""
    new = alert.level == 0
    before = alert.peak if alert.open else 0
    moved = replace(
        alert,
        episode=alert.episode + 1 if new else alert.episode,
        level=level,
        peak=max(level, before),
        owed=max(level, alert.owed),
        rearm=0 if new else alert.rearm + 1,
        since_ms=at_ms if new else alert.since_ms,
        asked_ms=at_ms,
        rung_ms=at_ms,
        pages=0,
        ack=None,
        shelf=None,
        latched=alert.latched or (timing.latches and level == WARNING),
        over_ms=None,
        over_why="",
        spent=0,
        worst=alert.value if new else alert.worst,
    )
    return moved, (log(moved, "raised" if new else "rose", at_ms), annunciate(moved, "raised" if new else "rose"))


def fall(alert: Alert, level: int, at_ms: int) -> Moved:
    """T7: a lower level, but not over. The answer is kept, the shelf covers only the new level."""
    shelf = alert.shelf
    if shelf is not None:
        shelf = Shelf(shelf.until_ms, shelf.reason, min(shelf.level, level), shelf.who, shelf.at_ms)
    moved = replace(alert, level=level, shelf=shelf)
    return moved, (log(moved, "fell", at_ms),)


def end(alert: Alert, at_ms: int) -> Moved:
    """T8 and T9: the cause is gone. An advisory may go by itself; what is unanswered or latched waits for a person."""
    if alert.latched or alert.owed >= CAUTION:
        moved = replace(alert, level=0, over_ms=at_ms, shelf=None)
        return moved, (log(moved, "returned", at_ms),)
    moved = closed(alert)
    return moved, (log(moved, "cleared", at_ms),)


def closed(alert: Alert, spent: int = 0) -> Alert:
    """Back to normal. Value, peak and times stay as a description of what was."""
    return replace(
        alert,
        level=0,
        owed=0,
        ack=None,
        shelf=None,
        latched=False,
        over_ms=None,
        over_why="",
        spent=spent,
    )


def call_again(alert: Alert, why: Why, what: What, at_ms: int, who: str = "") -> Moved:
    """T4, T6, T10, T12: the same level asks for an answer once more, with a page id of its own."""
    moved = replace(
        alert,
        owed=max(alert.owed, alert.level),
        rearm=alert.rearm + 1,
        asked_ms=at_ms,
        rung_ms=at_ms,
        pages=0,
        ack=None,
        shelf=None,
    )
    return moved, (log(moved, what, at_ms, who), annunciate(moved, why))
