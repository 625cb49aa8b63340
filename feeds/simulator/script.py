"""What goes wrong, and when: the list of scripted faults that prices, dialogues and the server ask.

A fault names a feed, a native symbol or coin, and the seconds since the start between which it holds, so a run with
faults is as repeatable as one without. An empty feed or symbol means every one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

FaultKind = Literal[
    "jump",  # the coin's index, and every mark with it, is multiplied by `factor` (symbol: the coin; USDT: a depeg)
    "mark_jump",  # only the mark of this contract is multiplied by `factor`: a fat finger
    "position",  # what addresses hold of this coin (symbol) is multiplied by `factor`; 0: it is gone
    "freeze",  # this contract repeats the prices of `start_s` while frames go on
    "silent",  # this symbol sends no data, the others do
    "mute",  # no data on the whole feed; acknowledgements and pongs go on
    "hang",  # no data, no acknowledgement, no pong: a half-open line
    "unanswered",  # subscriptions get no acknowledgement and no data
    "interval",  # the contract is funded every `hours`
    "blank",  # these `keys` of the symbol's data hold an empty string
    "delist",  # the symbol leaves the metadata and stops sending
    "refuse",  # the handshake is answered with HTTP `status` and, if set, Retry-After
    "rest",  # HTTP `status` for REST paths that start with `path`
    "close",  # every socket of the feed is closed with `code` at `start_s`
    "abort",  # every socket of the feed is cut at `start_s` without a closing handshake
    "frame",  # every socket of the feed is sent `payload` at `start_s`
]

MOMENTARY: frozenset[str] = frozenset({"close", "abort", "frame"})
"""Faults that happen once to each socket that was open then, instead of holding for a while."""


class Fault(Struct, frozen=True, kw_only=True):
    """One entry of a script; which of the values below matter depends on the kind."""

    kind: FaultKind
    feed: str = ""
    symbol: str = ""
    start_s: float = 0.0
    end_s: float = math.inf
    factor: float = 1.0
    hours: int = 8
    keys: tuple[str, ...] = ()
    status: int = 503
    retry_after_s: int | None = None
    location: str = ""
    """Where a refusal with 301 or 302 points."""
    path: str = ""
    """REST path below the venue's base, such as `/fapi/v1/fundingInfo`; for `rest` faults `feed` is the venue id."""
    code: int = 1001
    payload: str | bytes = ""

    def touches(self, feed: str, symbol: str, at_s: float) -> bool:
        in_time = self.start_s <= at_s < self.end_s
        return in_time and self.feed in ("", feed) and self.symbol in ("", symbol)


class Script:
    """The faults of a run. Tests may add to it and take from it while the exchange serves."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults: list[Fault] = list(faults)

    def add(self, fault: Fault) -> Fault:
        self._faults.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Ends a fault now; raises ValueError where the script does not hold it."""
        self._faults.remove(fault)

    def clear(self) -> None:
        self._faults.clear()

    def holding(self, kind: FaultKind, feed: str, symbol: str, at_s: float) -> Iterator[Fault]:
        """The faults of this kind that touch this feed and symbol at this second, in the order they were written."""
        for fault in self._faults:
            if fault.kind == kind and fault.touches(feed, symbol, at_s):
                yield fault

    def find(self, kind: FaultKind, feed: str, symbol: str, at_s: float) -> Fault | None:
        return next(self.holding(kind, feed, symbol, at_s), None)

    def factor(self, kind: Literal["jump", "mark_jump", "position"], feed: str, symbol: str, at_s: float) -> float:
        """The product of all jumps that hold: 1.0 without any."""
        return math.prod(fault.factor for fault in self.holding(kind, feed, symbol, at_s))

    def silenced(self, feed: str, symbol: str, at_s: float) -> bool:
        kinds: tuple[FaultKind, ...] = ("silent", "mute", "hang", "delist")
        return any(self.find(kind, feed, symbol, at_s) is not None for kind in kinds)

    def listed(self, feed: str, symbol: str, at_s: float) -> bool:
        return self.find("delist", feed, symbol, at_s) is None

    def hours(self, feed: str, symbol: str, at_s: float, usual: int) -> int:
        """Funding interval in hours: the contract's usual one unless the script changed it (the last word counts)."""
        changed = list(self.holding("interval", feed, symbol, at_s))
        return changed[-1].hours if changed else usual

    def blanks(self, feed: str, symbol: str, at_s: float) -> frozenset[str]:
        return frozenset(key for fault in self.holding("blank", feed, symbol, at_s) for key in fault.keys)

    def events(self, feed: str, after_s: float, until_s: float) -> list[Fault]:
        """Momentary faults of this feed in the span (after_s, until_s], earliest first."""
        due = [
            fault
            for fault in self._faults
            if fault.kind in MOMENTARY and fault.feed in ("", feed) and after_s < fault.start_s <= until_s
        ]
        return sorted(due, key=lambda fault: fault.start_s)
