"""What goes into the alert machine, what comes out, and what it remembers. Frozen values.

Levels are 0 (nothing), 1 advisory, 2 caution, 3 warning. Times are integer milliseconds of one monotonic clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from alerts.timing import DEFAULT_POLICY, Policy
from hedge.snapshot import AlertState, Level

ADVISORY = 1
CAUTION = 2
WARNING = 3

LEVEL_NAMES: tuple[Level, Level, Level] = ("advisory", "caution", "warning")

BOOK = "book"
"""The subject of alerts about the whole book or the monitor itself."""

JOURNAL_FILE = "journal.db"
"""The subject of an alert about where the journal is kept."""

Key = tuple[str, str]
"""Rule and subject. One book has one machine, so the portfolio is not part of it."""

Timers = tuple[int | None, int | None, int | None]
"""One running timer a level (its start), or None."""

NO_TIMERS: Timers = (None, None, None)


class NotAnAlert(ValueError):
    """A text that is no alert id or no level; the message says so in a sentence."""


def level_name(level: int) -> Level:
    """The word for level 1 to 3."""
    return LEVEL_NAMES[level - 1]


def level_number(name: str) -> int:
    """1 to 3. Raises NotAnAlert for another word."""
    for number, known in enumerate(LEVEL_NAMES, 1):
        if known == name:
            return number
    raise NotAnAlert(f"{name} is not a level; it is advisory, caution or warning")


def alert_id(rule: str, subject: str, episode: int) -> str:
    """`rule:subject#episode`."""
    return f"{rule}:{subject}#{episode}"


def split_id(text: str) -> tuple[Key, int]:
    """Key and episode of an alert's id. Raises NotAnAlert."""
    rule, colon, rest = text.partition(":")
    subject, hash_, episode = rest.rpartition("#")
    if not (rule and colon and subject and hash_ and episode.isascii() and episode.isdigit()):
        raise NotAnAlert(f"{text} is not an alert id; one looks like hedge_drift:SOL#3")
    return (rule, subject), int(episode)


# what comes in


class Reading(Struct, frozen=True, gc=False):
    """What one rule says about one subject, judged on the newest figures."""

    rule: str
    subject: str
    value: Decimal | None = None
    """The figure that was judged, with its sign."""
    level: int = 0
    """The highest level that is broken now."""
    hold: int = 0
    """The highest level that is not beyond its clearing point; at least `level`."""
    shrinking: bool = False
    """A smaller value is worse (a distance); otherwise a larger magnitude is."""
    threshold: Decimal | None = None
    """The limit of `hold`, or of the rule's lowest level."""
    known: bool = True
    """False: an input is stale or missing. Then level and hold say nothing."""
    suspicious: bool = False
    """The newest sample jumped and nothing confirms it yet."""
    note: str = ""
    """What happened, in words, where figures do not say it (facts, fault, file, journal, pager)."""
    measure: str = ""
    """Which of a rule's figures `value` is, by the name of its levels, where it is not the rule's own."""


class Judged(Struct, frozen=True, tag=True):
    """A rule was judged."""

    reading: Reading
    at_ms: int


class Tick(Struct, frozen=True, tag=True):
    """Time passed. At least once a second."""

    at_ms: int


class Ack(Struct, frozen=True, tag=True):
    """A person answers an alert, as it was painted."""

    id: str
    level: int
    at_ms: int
    who: str = ""
    note: str = ""
    host: str = ""


class ResetAsked(Struct, frozen=True, tag=True):
    """A person releases a latched alert that is over and answered."""

    id: str
    level: int
    at_ms: int
    who: str = ""


class ShelveAsked(Struct, frozen=True, tag=True):
    """A person puts an alert away for a time, with a reason."""

    id: str
    level: int
    at_ms: int
    for_ms: int
    reason: str
    who: str = ""


class UnshelveAsked(Struct, frozen=True, tag=True):
    """A person takes an alert off the shelf early."""

    id: str
    level: int
    at_ms: int
    who: str = ""


class Removed(Struct, frozen=True, tag=True):
    """The rule or the position is gone from the book."""

    rule: str
    subject: str
    reason: str
    at_ms: int


class Restarted(Struct, frozen=True, tag=True):
    """The monitor watches again, on a state read from the journal (or after the machine slept)."""

    at_ms: int
    last_ms: int
    """The old monitor's clock when it last watched. Its zero may differ from this one's."""
    downtime_ms: int
    """How long nobody watched, by the wall clock."""
    clean: bool = False
    """It was stopped on purpose."""
    who: str = ""
    """By whom."""


Event = Judged | Tick | Ack | ResetAsked | ShelveAsked | UnshelveAsked | Removed | Restarted


# what is remembered


class Answered(Struct, frozen=True):
    """Who answered, what they saw, and when."""

    level: int
    at_ms: int
    value: Decimal | None = None
    who: str = ""
    note: str = ""
    host: str = ""
    measure: str = ""
    """Which of the rule's figures `value` is; only values of one measure can be compared."""


class Shelf(Struct, frozen=True):
    """Put away: until when, why, by whom, and the highest level it covers."""

    until_ms: int
    reason: str
    level: int
    who: str = ""
    at_ms: int = 0


class Alert(Struct, frozen=True):
    """One key's memory. What `durable` keeps survives a restart; the rest is learnt again from fresh data."""

    rule: str
    subject: str
    episode: int = 0
    """Counts raises of this key."""
    level: int = 0
    """What it stands at; 0 while it is only pending, or over."""
    peak: int = 0
    """The highest level since it was last normal."""
    owed: int = 0
    """The highest level that asked and was not answered; 0: answered."""
    rearm: int = 0
    """Counts renewed annunciations of this episode."""
    since_ms: int = 0
    """When this episode was raised."""
    asked_ms: int = 0
    """When it last began to ask for an answer."""
    pages: int = 0
    """Repeated pages since then."""
    ack: Answered | None = None
    shelf: Shelf | None = None
    latched: bool = False
    over_ms: int | None = None
    """When it came to an end that still waits for an answer or a reset."""
    over_why: str = ""
    """The reason, where it did not end by itself."""
    spent: int = 0
    """Of an event: the level that was answered while the cause still stood; it must go before this may ask again."""

    value: Decimal | None = None
    """The last known one."""
    worst: Decimal | None = None
    threshold: Decimal | None = None
    measure: str = ""
    """Which of the rule's figures `value` and `worst` are; see `Reading.measure`."""
    note: str = ""
    shrinking: bool = False
    known: bool = True
    """False: the input is stale, nothing clears."""
    suspicious: bool = False
    seen_ms: int = 0
    """When fresh data was last taken note of."""
    rung_ms: int = 0
    rising: Timers = NO_TIMERS
    """Since when each level is broken."""
    falling: Timers = NO_TIMERS
    """Since when fresh data is beyond each level's clearing point."""

    @property
    def key(self) -> Key:
        return self.rule, self.subject

    @property
    def scale(self) -> str:
        """The name of the levels that `value` was compared with."""
        return self.measure or self.rule

    @property
    def id(self) -> str:
        return alert_id(self.rule, self.subject, self.episode)

    @property
    def page_id(self) -> str:
        """Unique for each annunciation; a page that is sent twice carries the same."""
        return f"{self.rule}:{self.subject}/{self.episode}/{self.level or self.peak}/{self.rearm}"

    @property
    def painted(self) -> int:
        """The level a screen shows and an answer must carry: an alert that is over shows its peak."""
        return self.level or self.peak

    @property
    def shown(self) -> AlertState:
        """The one displayed state."""
        if self.level:
            if self.shelf is not None:
                return "shelved"
            return "unack" if self.owed else "acked"
        if self.over_ms is not None:
            if self.latched:
                return "latch_unack" if self.owed else "latch_ack"
            return "rtn_unack"
        return "normal" if self.spent or self.rising == NO_TIMERS else "pending"

    @property
    def open(self) -> bool:
        """Whether it belongs in the list of open alerts."""
        return self.level > 0 or self.over_ms is not None

    @property
    def forgettable(self) -> bool:
        """Nothing is to be remembered but how often it was raised."""
        return self.shown == "normal" and not self.spent


class State(Struct, frozen=True, eq=True):
    """Everything the machine remembers. A key that was never near a limit takes no place."""

    policy: Policy = DEFAULT_POLICY
    alerts: Mapping[Key, Alert] = {}
    episodes: Mapping[Key, int] = {}
    """How often a key was raised that is in `alerts` no longer."""
    rung: tuple[int, ...] = ()
    """When the newest new annunciations were, oldest first; enough of them to know a flood."""

    def find(self, key: Key) -> Alert | None:
        return self.alerts.get(key)


# what comes out

Why = Literal["raised", "rose", "worse", "still_true", "shelf_ended", "unshelved", "again", "restarted"]
What = Literal[
    "raised",
    "rose",
    "fell",
    "worse",
    "still_true",
    "acked",
    "returned",
    "cleared",
    "removed",
    "reset",
    "shelved",
    "shelf_ended",
    "unshelved",
    "paged",
    "rearmed",
    "restarted",
]


class Annunciate(Struct, frozen=True, tag=True):
    """Ask for an answer: paint, ring, page."""

    page_id: str
    id: str
    rule: str
    subject: str
    level: int
    why: Why
    bell: bool = False
    """Ring the terminal's bell."""
    escalate: bool = False
    """Page the escalation contact as well."""
    flood: bool = False
    """One of too many: page it with the others of its cause (a warning always singly)."""


class Ring(Struct, frozen=True, tag=True):
    """Ring the bell again, with nothing new to say."""

    id: str


class Logged(Struct, frozen=True, tag=True):
    """A line for the journal, to be committed before the other effects of its step are run."""

    at_ms: int
    what: What
    alert: Alert
    """As it stands afterwards."""
    who: str = ""
    note: str = ""
    host: str = ""


class Refused(Struct, frozen=True, tag=True):
    """A person's wish was not carried out."""

    reason: str


Effect = Annunciate | Ring | Logged | Refused
