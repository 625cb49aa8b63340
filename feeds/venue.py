"""What a venue must say about itself, so that one supervisor can drive them all.

A venue file is pure: which frames to send, and `parse(frame) -> updates`. It opens no socket and reads no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

from hedge.market import AccountRead, Funding, Instant, Update

FUNDING_LIMIT_MS = 120_000
"""How long a funding rate from a stream is believed."""

DUE_MS = 60_000
"""A funding stamp older than this on arrival is a wrong value, not a payment that is due."""


class Ack(Struct, frozen=True):
    """The venue's answer to a subscription. It proves nothing about data; a refusal does."""

    request: int | None
    """The id of the frame it answers; None where the venue left it out."""
    accepted: bool
    reason: str = ""
    native: str | None = None
    """The one market it is about, where the venue names it instead of the frame."""


class Pong(Struct, frozen=True):
    """The venue's answer to our own ping."""


class Reply(Struct, frozen=True):
    """What the venue asked for and wants to hear at once, such as the answer to its own ping."""

    text: str


class Closing(Struct, frozen=True):
    """The venue announces that it will close this socket."""

    reason: str


Carried = Literal["mark", "index", "funding", "interval", "spot"]
"""What a feed or a poll brings."""

Said = Update | Ack | Pong | Reply | Closing
"""Everything a frame may hold."""


class Parser(Protocol):
    """Turns the frames of one connection into updates. It dies with its connection, and what it merged with it."""

    def parse(self, frame: str | bytes, at_mono_ms: int) -> list[Said]:
        """What `frame`, arrived at `at_mono_ms`, says. Raises ParseError and nothing else."""
        ...


class Ping(Struct, frozen=True):
    """A keepalive that the client must send as an application message."""

    text: Callable[[int], str]
    """The message, from a running number."""
    every_s: float


Request = Callable[[Sequence[str], int], Sequence[str]]
"""Frames that ask for, or let go of, these native ids; the number is the request id that an answer repeats."""


class Feed(Struct, frozen=True, kw_only=True):
    """One socket family of one venue, as a table."""

    id: str
    venue: str
    url: str
    """The venue's own address; settings override it as `urls.<id>`."""
    native: Callable[[str], str | None]
    """The venue's id of a unified symbol; None where this feed does not carry it."""
    subscribe: Request
    unsubscribe: Request
    carries: tuple[Carried, ...] = ()
    """What its frames hold; the rest of a market's data comes from a poll, or not at all."""
    parser: Callable[[Mapping[str, str]], Parser]
    """A parser for one connection, from native ids to unified symbols."""
    spot: bool = False
    """Whether it carries spot pairs; else perpetuals."""
    cadence_ms: int | None = None
    """Fixed gap between two frames of a symbol; None where frames come on change."""
    socket_silence_ms: int | None = None
    """With an application ping: longest gap between any two frames of a healthy socket."""
    ping: Ping | None = None
    deltas: bool = False
    """Whether frames build on each other, so that a lost one needs a new snapshot."""
    per_frame: int = 100
    """Symbols asked for in one frame."""
    per_socket: int = 190
    send_gap_s: float = 0.25
    """Between two of our messages; Binance spot allows five a second, pings included."""
    lifetime_s: float | None = None
    """The venue closes every socket after this long."""
    first_frame_ms: int = 10_000
    """How long after subscribing to it a symbol's first data may take."""
    paid_every_h: int | None = None
    """Where frames name no funding stamp: it is each full multiple of so many hours, UTC."""
    listed_ids: bool = True
    """Whether the venue's metadata (ccxt's market ids) calls a market as this socket does; else only `native` knows."""
    fragile: bool = False
    """Asked for a market that it does not know, the venue ends the whole socket without a word."""

    @property
    def silence_ms(self) -> int:
        """How long a symbol may be silent before its values are no longer believed."""
        return silence_ms(self.cadence_ms)


class Poll(Struct, frozen=True, kw_only=True):
    """What the streams of a venue leave out (index, funding, its interval), read over HTTP now and then."""

    id: str
    """What it reports under: `binance-rest`."""
    venue: str
    feed: str
    """The feed whose markets it serves, and in whose name its values come."""
    path: str
    """A read of `feeds.reads`."""
    params: Mapping[str, str] = {}
    every_s: float
    carries: tuple[Carried, ...] = ()
    parse: Callable[[bytes, Mapping[str, str], int], list[Update]]
    """What a body, arrived at that monotonic millisecond, says of these markets (native id to unified symbol).
    Raises ParseError and nothing else."""

    @property
    def limit_ms(self) -> int:
        """How long its values are believed: three polls, two minutes at least."""
        return max(FUNDING_LIMIT_MS, round(3000 * self.every_s))


class Addresses(Struct, frozen=True, kw_only=True):
    """How a venue tells anybody what a public address holds."""

    path: str
    """A read of `feeds.reads`."""
    question: Callable[[str], Mapping[str, object]]
    """What is posted there for an address."""
    parse: Callable[[bytes, str, Instant], AccountRead]
    """What a body, arrived at that moment, says of the address. Raises ParseError and nothing else."""
    kind: Callable[[str], Mapping[str, object]]
    """What is posted there to learn how the account of an address is margined."""
    whole: Callable[[bytes], bool]
    """Whether an account of the kind in this body shows all that it is margined with. Raises ParseError."""


def silence_ms(cadence_ms: int | None) -> int:
    """Five missed frames of a fixed cadence, five seconds at least; a minute where frames come on change."""
    return 60_000 if cadence_ms is None else max(5_000, 5 * cadence_ms)


def stamped(update: Update, every_h: int | None, wall_ms: int) -> Update:
    """The update, with the coming full hour as its funding stamp where the venue pays by the clock and does not say."""
    if every_h is None or not isinstance(update, Funding) or update.next_ms is not None:
        return update
    width_ms = every_h * 3_600_000
    return replace(update, next_ms=(wall_ms // width_ms + 1) * width_ms)


def coming(next_ms: int | None, venue_ms: int | None, known: int | None) -> int | None:
    """The funding stamp to believe. One that lies in the past on its first arrival is discarded; one that was once
    in the future stays, and is due.
    """
    if next_ms is None or next_ms == known or venue_ms is None or next_ms >= venue_ms - DUE_MS:
        return next_ms
    return known


def perpetual_parts(symbol: str) -> tuple[str, str, str] | None:
    """Base, quote and settle of `BTC/USDT:USDT`; None for spot pairs, dated contracts and options."""
    pair, _, settle = symbol.partition(":")
    base, _, quote = pair.partition("/")
    if not (base and quote and settle) or "-" in settle:
        return None
    return base, quote, settle


def spot_parts(symbol: str) -> tuple[str, str] | None:
    """Base and quote of `BTC/USDT`; None for anything else."""
    base, _, quote = symbol.partition("/")
    if not (base and quote) or ":" in symbol:
        return None
    return base, quote
