"""What a simulated venue must offer the server: dialogues for sockets, answers for HTTP. Both without any socket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec
from msgspec import Struct

from feeds.simulator.clock import Moment

GONE = 1006
"""As the code of a Close: the socket is cut without a closing handshake."""


class Close(Struct, frozen=True):
    """The venue ends this socket, with a closing handshake unless the code says otherwise."""

    code: int
    reason: str = ""


Output = str | bytes | Close
"""One thing that a venue does to a socket: a text frame, a binary frame, or its end."""


class Dialogue(Protocol):
    """One client's socket, as the venue lives it; the server carries the frames."""

    feed: str
    ping_every_s: float
    """How often the venue sends a websocket ping; 0 where it never does."""

    @property
    def topics(self) -> frozenset[str]:
        """What the client has subscribed to, in the venue's own words."""
        ...

    def received(self, text: str, now: Moment) -> list[Output]:
        """Answers to one text frame of the client."""
        ...

    def due(self, now: Moment) -> list[Output]:
        """Data frames that are to be sent by now; asked about ten times a second."""
        ...


class Ask(Struct, frozen=True):
    """One HTTP request below the venue's base."""

    path: str
    query: Mapping[str, str] = {}
    key: str = ""
    """The API key header, empty where there is none."""
    body: str = ""
    """What was posted; empty: it is a GET."""


class Answer(Struct, frozen=True):
    """The venue's HTTP answer, a JSON body."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = {}


class Venue(Protocol):
    """One company: its socket families, its HTTP paths, and where ccxt must look for both."""

    id: str

    def dialogue(self, path: str, query: Mapping[str, str], now: Moment) -> Dialogue | None:
        """A new dialogue for a socket opened at this path below the venue's base; None where nothing is served."""
        ...

    def feed_of(self, path: str) -> str:
        """The feed id that a socket path belongs to, empty where none."""
        ...

    def answer(self, ask: Ask, now: Moment) -> Answer: ...

    def urls(self, ws_base: str) -> dict[str, str]:
        """Feed id -> websocket URL; `ws_base` is the venue's base such as `ws://127.0.0.1:7000/binance`."""
        ...

    def ccxt_urls(self, http_base: str, ws_base: str) -> dict[str, dict[str, object]]:
        """ccxt class -> the complete `urls['api']` of an instance."""
        ...


def reply(value: object, status: int = 200, **headers: str) -> Answer:
    """An answer that holds this value as compact JSON."""
    return Answer(msgspec.json.encode(value), status, {name.replace("_", "-"): text for name, text in headers.items()})


def text_of(value: object) -> str:
    """The value as one compact JSON text frame."""
    return msgspec.json.encode(value).decode()
