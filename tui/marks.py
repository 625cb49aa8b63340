"""Signs: shape says the level, fill says whether it was answered. ASCII spells the same in one or two letters."""

from __future__ import annotations

from msgspec import Struct

from hedge.snapshot import AlertRow

SHAPES = {
    ("warning", False): ("▲", "W!"),
    ("warning", True): ("△", "W"),
    ("caution", False): ("◆", "C!"),
    ("caution", True): ("◇", "C"),
    ("advisory", False): ("●", "A!"),
    ("advisory", True): ("○", "A"),
}
STALE = ("◐", "~")
UNKNOWN = ("?", "?")
SHELVED = ("z", "z")
RETURNED = ("△", "W")
RANK = {"advisory": 1, "caution": 2, "warning": 3}
WORDS = {"advisory": "advisory", "caution": "CAUTION", "warning": "WARNING"}


class Sign(Struct, frozen=True):
    """A glyph and its ink."""

    glyph: str
    ink: str


NO_SIGN = Sign("", "text")


def answered(alert: AlertRow) -> bool:
    """Somebody has answered it; it may still be true."""
    return alert.state in ("acked", "latch_ack", "shelved")


def over(alert: AlertRow) -> bool:
    """Its cause is gone; it waits for an answer or a reset."""
    return alert.state in ("rtn_unack", "latch_unack", "latch_ack")


def active(alert: AlertRow) -> bool:
    """True now."""
    return alert.state in ("unack", "acked")


def hot(alert: AlertRow) -> bool:
    """True now, at caution or above, and about the leg itself rather than about its feed."""
    return active(alert) and RANK[alert.level] >= RANK["caution"] and alert.rule != "feed"


def alert_sign(alert: AlertRow, ascii_only: bool = False) -> Sign:
    """The sign of one alert, in the slot and in lists."""
    bold = f"{alert.level}-bold"
    if alert.state == "shelved":
        return Sign(SHELVED[ascii_only], "muted")
    if over(alert):
        hollow = SHAPES[alert.level, True][ascii_only]
        return Sign(hollow + ("r" if ascii_only and len(hollow) == 1 else ""), bold)
    if alert.rule == "feed":
        return Sign(STALE[ascii_only], bold)
    return Sign(SHAPES[alert.level, answered(alert)][ascii_only], bold)


def row_sign(alerts: list[AlertRow], *, stale: bool, unknown: bool, ascii_only: bool = False) -> Sign:
    """The worst state of a table row: a hot and stale leg first, then warning, stale, caution and so on down."""
    live = [alert for alert in alerts if alert.state != "shelved"]
    own = [alert for alert in live if alert.rule != "feed"]
    worst = max(own, key=lambda alert: (RANK[alert.level], not answered(alert), not over(alert)), default=None)
    if stale and any(hot(alert) for alert in own):
        return Sign(STALE[ascii_only], "warning-bold")
    if worst is not None and worst.level == "warning":
        return alert_sign(worst, ascii_only)
    if stale:
        return Sign(STALE[ascii_only], "caution-bold")
    if worst is not None and worst.level == "caution":
        return alert_sign(worst, ascii_only)
    if unknown:
        return Sign(UNKNOWN[ascii_only], "muted")
    if worst is not None:
        return alert_sign(worst, ascii_only)
    return Sign(SHELVED[ascii_only], "muted") if alerts and not live else NO_SIGN


def culprit_ink(alert: AlertRow) -> str:
    """The look of the figure an alert is about: filled, underlined or bold, one step quieter once answered."""
    if alert.level == "warning":
        return "warning-bold" if answered(alert) else "fill"
    if alert.level == "caution":
        return "caution-bold" if answered(alert) else "caution-cell"
    return "advisory" if answered(alert) else "advisory-bold"
