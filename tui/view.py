"""Everything that is painted, as one frozen value: the snapshot and what the person at the keyboard chose to see."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from msgspec import Struct, field

from hedge.snapshot import EMPTY, AlertRow, Playback, Snapshot
from monitor.messages import Points

SILENT_AFTER_S = 3.0
"""A monitor that says nothing for so long makes the whole screen STALE; it promises a snapshot every second."""


class Lost(Struct, frozen=True):
    """The monitor is gone."""

    since: str
    """Clock time of the last snapshot, hh:mm:ss, or empty when none ever came."""
    reason: str


class View(Struct, frozen=True, eq=False):
    """What the panels get. `snapshot` is always the newest; `figures` is the one held while the picture is paused."""

    snapshot: Snapshot = EMPTY
    figures: Snapshot = EMPTY
    selected: str = ""
    """Row under the cursor: an asset, or a leg id."""
    opened: frozenset[str] = frozenset()
    """Assets whose legs stand on lines of their own."""
    alert: int = 0
    """Which alert of the snapshot stands in the slot."""
    silent_s: float | None = None
    """Seconds without a snapshot, once they are more than SILENT_AFTER_S."""
    lost: Lost | None = None
    paused: bool = False
    dialog: str = ""
    """The open dialog: help, ticket, feeds, shelve, quit."""
    scroll: int = 0
    """First line shown of the open dialog."""
    past: dict[str, Points] = field(default_factory=dict)
    """History of figures by their path, for the charts of the selected row."""
    said: str = ""
    """The monitor's answer to the last key, until the next."""
    said_no: bool = False
    """It was a refusal."""
    asks: str = ""
    """Why quitting asks."""
    shelving: AlertRow | None = None
    """The alert that is about to be put away, as it was painted."""
    shelf_minutes: int = 0
    """For how long."""
    ascii_only: bool = False
    """The terminal's locale is not UTF-8, or the person wants it so."""

    @property
    def playback(self) -> Playback | None:
        """Where a replay stands; None on a market that is live or simulated."""
        return self.snapshot.playback

    @property
    def blind(self) -> bool:
        """No figure on the screen may be taken for current."""
        return self.lost is not None or self.silent_s is not None

    def aged(self, seconds: float | None) -> float | None:
        """An age of the figures as it is now: nothing is live while the monitor is silent or the picture held."""
        held_s = -(seconds_until(self.figures.as_of, self.snapshot.as_of) or 0.0) if self.paused else 0.0
        if seconds is None or not (self.blind or held_s >= 1):
            return seconds
        return max(2.0, seconds + held_s + (self.silent_s or 0.0))

    @property
    def old(self) -> bool:
        """The figures of table and headlines are not the newest."""
        return self.blind or self.paused

    @property
    def open_alerts(self) -> tuple[AlertRow, ...]:
        """Alerts that have a banner: all but the shelved, and those in the banner of another."""
        return tuple(
            alert
            for alert in self.snapshot.alerts
            if alert.state not in ("shelved", "normal", "pending") and not alert.joins
        )

    @property
    def top(self) -> AlertRow | None:
        """The alert in the slot, which the keys a, t and R mean."""
        alerts = self.open_alerts
        return alerts[min(self.alert, len(alerts) - 1)] if alerts else None

    @property
    def banner(self) -> tuple[AlertRow, ...]:
        """The alert in the slot, then what shares its banner and is answered with it."""
        top = self.top
        return () if top is None else (top, *(alert for alert in self.snapshot.alerts if alert.joins == top.id))


EMPTY_VIEW = View()
"""Before the first snapshot."""


@lru_cache(maxsize=512)
def moment(text: str | None) -> datetime | None:
    """An ISO-8601 time of a snapshot; None where there is none or it cannot be read."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None


def seconds_until(text: str | None, now: str) -> float | None:
    """Seconds from one time of a snapshot to another."""
    then, at = moment(text), moment(now)
    return None if then is None or at is None else (then - at).total_seconds()


def clock(text: str | None, *, short: bool = False) -> str:
    """hh:mm:ss of a snapshot's time, or dashes."""
    at = moment(text)
    if at is None:
        return "--:--" if short else "--:--:--"
    return f"{at:%H:%M}" if short else f"{at:%H:%M:%S}"
