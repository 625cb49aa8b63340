"""What goes over the link: snapshots down, requests up, one answer each. The viewer computes no figure.

`Monitor` is the one interface of a running monitor. `monitor.engine.Engine` is it in process (tests, `status`, replay);
`monitor.link.connect` gives the same over a Unix socket.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from hedge.snapshot import Snapshot


class Acknowledge(Struct, frozen=True, tag=True):
    """Answer one alert, exactly as it was painted: `id` is `rule:subject#episode`."""

    id: str
    level: str
    who: str = ""
    note: str = ""


class Reset(Struct, frozen=True, tag=True):
    """Release a latched alert that is over and acknowledged."""

    id: str
    level: str
    who: str = ""


class History(Struct, frozen=True, tag=True):
    """Ask for the past of one figure by its path, such as `positions.<leg id>.to_liquidation`."""

    path: str
    seconds: int


class Stop(Struct, frozen=True, tag=True):
    """End the monitor itself; `who` is noted."""

    who: str = ""


class Watchers(Struct, frozen=True, tag=True):
    """Ask how many viewers are joined, oneself included."""


Request = Acknowledge | Reset | History | Stop | Watchers


class Done(Struct, frozen=True, tag=True):
    """The request was carried out; `words` say what happened."""

    words: str = ""


class Refused(Struct, frozen=True, tag=True):
    """The request was not carried out; `reason` is a sentence for the user."""

    reason: str


class Points(Struct, frozen=True, tag=True):
    """History, oldest first: seconds before now and the value then. `needs` says what is missing for a full answer."""

    ages_s: tuple[float, ...]
    values: tuple[Decimal, ...]
    needs: str = ""


class WatcherCount(Struct, frozen=True, tag=True):
    """How many viewers are joined, and whether this monitor ends with its viewer (the demo)."""

    count: int
    ends_with_viewer: bool = False


Answer = Done | Refused | Points | WatcherCount


class MonitorLost(Exception):
    """The monitor is gone, or was never there; the text says what is known."""


class Monitor(Protocol):
    """A running monitor, in process or over the link."""

    def snapshots(self) -> AsyncIterator[Snapshot]:
        """The newest snapshot, again and again, at most four a second and at least one.

        Raises MonitorLost when the monitor ends."""
        ...

    async def request(self, request: Request) -> Answer:
        """Ask, and wait for the answer. Raises MonitorLost when there is nobody to answer."""
        ...

    async def close(self) -> None:
        """Leave. The monitor goes on (unless it is one that ends with its viewer)."""
        ...
