"""What goes over the link: snapshots down, requests up, one answer each. The viewer computes no figure.

`Monitor` is the one interface of a running monitor. `monitor.engine.Engine` is it in process (tests, `status`, replay);
`monitor.link.connect` gives the same over a Unix socket.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec
from msgspec import Raw, Struct, field

from hedge.snapshot import Level, Snapshot, Ticket

if TYPE_CHECKING:
    from hedge.explain.form import Explanation
    from hedge.stress.stressed import Ladder, Stress


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


class Shelve(Struct, frozen=True, tag=True):
    """Put one alert away for so many minutes, as it was painted, with a reason; 0 minutes: take it off the shelf."""

    id: str
    level: str
    minutes: int
    reason: str = ""
    who: str = ""


class Log(Struct, frozen=True, tag=True):
    """Ask for what became of alerts since then (UTC ms), newest first."""

    since_ms: int = 0
    at_most: int = 500


class History(Struct, frozen=True, tag=True):
    """Ask for the past of one figure by its path, such as `positions.<leg id>.to_liquidation`."""

    path: str
    seconds: int


class Stop(Struct, frozen=True, tag=True):
    """End the monitor itself; `who` is noted."""

    who: str = ""


class Watchers(Struct, frozen=True, tag=True):
    """Ask how many viewers are joined, oneself included."""


class Explain(Struct, frozen=True, tag=True):
    """Ask where one figure of the snapshot comes from, by its path, such as `assets.BTC.drift`."""

    path: str


class WhatIf(Struct, frozen=True, tag=True):
    """Ask what would be if all of these happened at once, as a person writes them: `BTC=+20%`, `venue:bybit=gone`."""

    shocks: tuple[str, ...]


class Climb(Struct, frozen=True, tag=True):
    """Ask for the book at every usual step of one move: of a coin, of a leg's coin, of `all` or of a `crash`."""

    subject: str


class Tickets(Struct, frozen=True, tag=True):
    """Ask what to do about a coin, a leg, an account or an alert (`SOL`, a leg's id, `hedge_drift:SOL`, `book`).

    Empty: about every open alert that an order can answer."""

    subject: str = ""


class Control(Struct, frozen=True, tag=True):
    """Move a replay: stop or go on, one recorded frame or second further, to the next alert, another speed."""

    act: Literal["pause", "frame", "second", "alert", "faster", "slower"]


class Rebased(Struct, frozen=True, tag=True):
    """Take the book as it stands for its last rebalance, with which value and weights are compared."""

    who: str = ""


class Fault(Struct, frozen=True, tag=True):
    """Something of the viewer's own failed: which part, and how."""

    subject: str
    words: str


Question = Explain | WhatIf | Climb | Tickets
"""What is worked out beside the watch; the answer may take a while."""

Request = Acknowledge | Reset | Shelve | Log | History | Stop | Watchers | Rebased | Control | Fault | Question


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


class Explained(Struct, frozen=True, tag=True):
    """Where a figure comes from. It is carried as the JSON that `hedgetui explain --json` prints."""

    document: Raw

    def explanation(self) -> Explanation:
        from hedge.explain.form import Explanation

        return msgspec.json.decode(self.document, type=Explanation)


class Supposed(Struct, frozen=True, tag=True):
    """What would be: the account of the difference (`hedgetui.stress/1`), and the snapshot in mode `what-if`.

    Both are carried as JSON, because the model behind them is read only where one is looked at."""

    document: Raw
    after: Raw

    def stress(self) -> Stress:
        from hedge.stress.stressed import Stress

        return msgspec.json.decode(self.document, type=Stress)

    def snapshot(self) -> Snapshot:
        return msgspec.json.decode(self.after, type=Snapshot)


class Climbed(Struct, frozen=True, tag=True):
    """The ladder (`hedgetui.ladder/1`), carried as JSON."""

    document: Raw

    def ladder(self) -> Ladder:
        from hedge.stress.stressed import Ladder

        return msgspec.json.decode(self.document, type=Ladder)


class Advice(Struct, frozen=True):
    """What to do about one subject, best first; without tickets there is nothing to order."""

    subject: str
    """A leg's id, a coin, an account or `book`."""
    rule: str = ""
    """That is broken or near; empty where none is."""
    alert: str = ""
    """The id of the open alert; empty where there is none."""
    level: Level | None = None
    message: str = ""
    """The alert in a sentence."""
    tickets: tuple[Ticket, ...] = ()


class TicketList(Struct, frozen=True):
    """Everything to do that was asked for, in the order of the screen."""

    schema: str = "hedgetui.tickets/1"
    as_of: str = ""
    portfolio: str = ""
    """Its name."""
    advice: tuple[Advice, ...] = ()
    pending: int = 0
    """Limits that are crossed, but not yet for long enough to be alerts."""


class Advised(Struct, frozen=True, tag=True):
    """What to do."""

    document: TicketList


class LogRow(Struct, frozen=True):
    """One thing that became of an alert."""

    at: str
    """UTC, ISO-8601."""
    what: str
    """`raised`, `rose`, `acked`, `cleared`, `paged` …"""
    id: str
    rule: str
    subject: str
    level: str
    """As painted then; empty once it was over."""
    value: Decimal | None = None
    who: str = ""
    host: str = ""
    note: str = ""
    text: str = ""
    """The alert in a sentence, as it was then."""


class AlertLog(Struct, frozen=True):
    """What became of alerts, newest first."""

    schema: str = "hedgetui.log/1"
    as_of: str = ""
    rows: tuple[LogRow, ...] = ()


class Logged(Struct, frozen=True, tag=True):
    """The log."""

    document: AlertLog


class Rebase(Struct, frozen=True):
    """The book at its last rebalance."""

    schema: str = "hedgetui.rebased/1"
    as_of: str = ""
    value_usd: Decimal | None = None
    """Of the coins held."""
    weights: dict[str, Decimal] = field(default_factory=dict)
    """By coin, a share of that value."""


class Reckoned(Struct, frozen=True, tag=True):
    """The book was rebased: with what it is compared from now on."""

    document: Rebase


Answer = Done | Refused | Points | WatcherCount | Explained | Supposed | Climbed | Advised | Reckoned | Logged


class MonitorLost(Exception):
    """The monitor is gone, or was never there; the text says what is known."""

    @property
    def on_purpose(self) -> bool:
        """Whether somebody stopped it: then nobody is to start it again unasked."""
        return str(self).startswith("stopped")


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
