"""How long things take in an alert's life: delays, time-outs, caps, and what is special about a rule. Data only.

All times are milliseconds. Tuples hold one entry a level, lowest first: advisory, caution, warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

PerLevel = tuple[int, int, int]


class Timing(Struct, frozen=True):
    """The life of one rule's alerts."""

    on_ms: PerLevel = (5 * SECOND, 2 * SECOND, 0)
    """How long a level must stay broken before it is raised."""
    off_ms: int = 30 * SECOND
    """Fresh data beyond the clearing point for this long before a level is left."""
    event: bool = False
    """It happened, it does not last: the acknowledgement ends it."""
    latches: bool = False
    """A warning of it stays on screen after it is over, until a person resets it."""
    worsens: bool = True
    """Whether its value is a measure that can be worse than when it was answered."""
    shelves_warning: bool = True
    """Whether a warning of it may be shelved."""
    bell_ms: int = 0
    """An unanswered warning of it rings the bell this often; 0: once."""


_EVENT = Timing(on_ms=(0, 0, 0), event=True, worsens=False)
_LATCHED = Timing(latches=True)

TIMINGS: Mapping[str, Timing] = MappingProxyType(
    {
        "liquidation": _LATCHED,
        "liquidation_joint": _LATCHED,
        "leg_lost": Timing(on_ms=(0, 0, 0), latches=True, worsens=False),
        "feed": Timing(on_ms=(0, 0, 0), off_ms=10 * SECOND, worsens=False, shelves_warning=False),
        "file": Timing(on_ms=(0, 0, 0), worsens=False),
        "funding_flip": Timing(worsens=False),
        "journal": Timing(on_ms=(0, 0, 0), off_ms=MINUTE, worsens=False),
        "pager": Timing(on_ms=(0, 0, 0), off_ms=MINUTE, worsens=False, bell_ms=10 * SECOND),
        "price": _EVENT,
        "stop_loss": _EVENT,
        "take_profit": _EVENT,
        "facts": _EVENT,
        "fault": _EVENT,
        "monitor_gap": _EVENT,
    }
)
"""Rules that differ from `Timing()`. Feed, journal and pager measure silence themselves, so they raise at once."""

DEFAULT_TIMING = Timing()


class Policy(Struct, frozen=True):
    """Everything about time that is not a rule's level. `ack_ms` and `page_ms` are settings."""

    timings: Mapping[str, Timing] = TIMINGS
    ack_ms: PerLevel = (8 * HOUR, 30 * MINUTE, 15 * MINUTE)
    """How long an acknowledgement silences an alert that is still true."""
    shelf_ms: PerLevel = (24 * HOUR, 4 * HOUR, 30 * MINUTE)
    """The longest time an alert may be shelved."""
    page_ms: tuple[int, ...] = (60 * SECOND, 180 * SECOND)
    """When an unanswered warning is paged again, since it asked."""
    page_every_ms: int = 5 * MINUTE
    """After the last of `page_ms`: this often."""
    escalate_from: int = 2
    """Which repeated page is the first to go to the escalation contact as well."""
    restart_ack_ms: int = 15 * MINUTE
    """The longest time not watching that an acknowledgement survives."""
    suspicion_ms: int = 2 * SECOND
    """The longest time a warning is held back because its value jumped suspiciously."""
    gap_ms: int = 10 * SECOND
    """Two fresh readings further apart than this are not continuous: the off-delay starts again."""
    flood_count: int = 10
    """More new annunciations than this within `flood_ms` are a flood."""
    flood_ms: int = 10 * MINUTE

    def timing(self, rule: str) -> Timing:
        return self.timings.get(rule, DEFAULT_TIMING)


DEFAULT_POLICY = Policy()
