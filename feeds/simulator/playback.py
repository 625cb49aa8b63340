"""Recorded frames over real sockets: whoever subscribes is sent what a capture holds, when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from feeds.simulator.clock import Moment
from feeds.simulator.server import Line, Simulator
from feeds.simulator.wire import Answer, Ask, Output, Venue, reply
from hedge.market import Clock

_FACTS = (
    *("exchangeInfo", "fundingInfo", "leverageBracket", "instruments-info", "risk-limit", "time", "ping", "margin"),
    *("/contracts", "/symbols"),
    *("public/instruments", "position-tiers", "/info meta"),
)
"""Paths that a playback answers from the simulator's own tables; prices come from the capture alone."""


class Playback(Simulator):
    """A simulator without a market of its own: acknowledgements are played, data frames come from the capture.

    `frames` maps a feed id to its recorded frames; `rest` maps a venue id to `{path: body}`, where a body is JSON text
    or a value to encode. A path that is not in `rest` is answered from the simulator's tables if it holds contract
    facts, and with 404 if it would hold prices.
    """

    def __init__(
        self,
        frames: Mapping[str, Sequence[str | bytes]],
        rest: Mapping[str, Mapping[str, object]] | None = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(scenario="calm", clock=clock)
        self._frames = frames
        self._bodies = rest if rest is not None else {}

    def make_venues(self, wall_ms: int) -> Iterator[Venue]:
        for venue in super().make_venues(wall_ms):
            yield Recorded(venue, self._bodies.get(venue.id, {}))

    def _due(self, line: Line, now: Moment) -> list[Output]:
        return []

    async def subscribed(self, feed: str, timeout_s: float = 10.0) -> None:
        """Waits until a client has subscribed to something on this feed; TimeoutError after `timeout_s`."""
        async with asyncio.timeout(timeout_s):
            while not self.topics(feed):
                self._heard.clear()
                await self._heard.wait()

    async def play(self, feed: str, index: int, timeout_s: float = 10.0) -> None:
        """Sends frame `index` of the feed to everyone who has subscribed there, waiting for the first."""
        await self.subscribed(feed, timeout_s)
        await self.send(feed, self._frames[feed][index])

    async def play_all(self, feed: str, timeout_s: float = 10.0) -> None:
        for index in range(len(self._frames[feed])):
            await self.play(feed, index, timeout_s)

    async def send(self, feed: str, frame: str | bytes) -> None:
        """Sends any frame to every subscriber of the feed."""
        for line in [line for line in self._lines if line.feed == feed and line.dialogue.topics]:
            await line.send([frame])


class Recorded:
    """A venue whose HTTP answers are the given ones, then contract facts, then 404."""

    def __init__(self, venue: Venue, bodies: Mapping[str, object]) -> None:
        self.id = venue.id
        self.dialogue = venue.dialogue
        self.feed_of = venue.feed_of
        self.urls = venue.urls
        self.ccxt_urls = venue.ccxt_urls
        self.posts: frozenset[str] = getattr(venue, "posts", frozenset())
        self._venue = venue
        self._bodies = bodies

    def answer(self, ask: Ask, now: Moment) -> Answer:
        name = f"{ask.path} {type_of(ask.body)}" if ask.body else ask.path
        body = self._bodies.get(name)
        if isinstance(body, str):
            return Answer(body.encode())
        if body is not None:
            return Answer(msgspec.json.encode(body))
        if any(fact in name for fact in _FACTS):
            return self._venue.answer(ask, now)
        return reply({"code": -5000, "msg": f"{name} is not part of this recording"}, 404)


class Posted(msgspec.Struct):
    """What a posted question is about."""

    type: str = ""


def type_of(body: str) -> str:
    """The `type` of a posted question, which stands behind its path in a playback's `rest`; empty where it has none."""
    try:
        return msgspec.json.decode(body, type=Posted).type
    except msgspec.MsgspecError:
        return ""


def serve_playback(
    frames: Mapping[str, Sequence[str | bytes]],
    rest: Mapping[str, Mapping[str, object]] | None = None,
    *,
    clock: Clock | None = None,
) -> Playback:
    """`async with serve_playback({"binance-usdm": lines}) as peer: await peer.play("binance-usdm", 0)`."""
    return Playback(frames, rest, clock=clock)
