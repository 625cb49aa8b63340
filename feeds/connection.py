"""One epoch: a socket, the parser that lives and dies with it, and what is still to be sent on it."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping, Sequence, Set
from typing import NoReturn, Protocol

from feeds.clean import ParseError, clean
from feeds.dialling import Socket, unfinished
from feeds.order import Overtaken
from feeds.trouble import Recycle
from feeds.venue import Ack, Feed
from feeds.world import World
from hedge.market import Update

LOG = logging.getLogger("hedgetui.feeds")

BAD_IN_A_ROW = 10
BAD_SHARE = 0.01
WINDOW_MS = 60_000
"""Over which the share of unreadable frames is taken."""
UNFINISHED_MS = 10_000
"""A message that has begun is whole after this long, or never."""
SAMPLE = 2048
"""Characters of an unreadable frame that go to the log."""
LEAD_SHARE, LEAD_MOST_S = 0.3, 1800.0
"""How long before the venue's rule ends a socket another one takes over: of its life, and at most."""


class Judge(Protocol):
    """Who decides what a frame means, and what time alone means."""

    def take(self, connection: Connection, frame: str | bytes) -> None: ...

    def look(self, connection: Connection) -> None: ...


class BadFrames:
    """Counts unreadable frames, and says when there are too many for one connection.

    Those of a known symbol are that symbol's trouble (it goes stale with the reason), not its connection's.
    """

    def __init__(self) -> None:
        self.total = 0
        self._row = 0
        self._started_ms = 0
        self._good = 0
        self._bad = 0

    def good(self, at_ms: int) -> None:
        self._row = 0
        self._turn(at_ms)
        self._good += 1

    def bad(self, at_ms: int, of_symbol: bool) -> bool:
        """Count one; whether that is too many."""
        self.total += 1
        if of_symbol:
            return False
        self._row += 1
        self._turn(at_ms)
        self._bad += 1
        often = self._bad >= BAD_IN_A_ROW and self._bad > BAD_SHARE * (self._bad + self._good)
        return self._row >= BAD_IN_A_ROW or often

    def _turn(self, at_ms: int) -> None:
        if at_ms - self._started_ms >= WINDOW_MS:
            self._started_ms, self._good, self._bad = at_ms, 0, 0


class Connection:
    """A socket at work. It knows what it asked for; what its frames mean is for its judge."""

    def __init__(self, feed: Feed, symbols: Mapping[str, str], world: World, socket: Socket, judge: Judge) -> None:
        """`symbols` from native ids to unified ones."""
        self.feed = feed
        self.world = world
        self.parser = feed.parser(symbols)
        now_ms = world.clock.now().mono_ms
        self.opened_ms = now_ms
        self.naps = world.awake.look(now_ms)
        """How often the machine had slept when this connection was opened."""
        self.ends_ms = now_ms + 1000 * leaves_after_s(feed.lifetime_s or math.inf, world.rng.random())
        """When to hand over to another one, by our own decision or the venue's announcement."""
        self.ends_why = f"{feed.venue} closes its sockets by rule"
        self.bad = BadFrames()
        self.order = Overtaken()
        self.heard: dict[str, int] = {}
        """By symbol, when its newest data came, while this connection waits to take over."""
        self.held: dict[tuple[object, ...], Update] = {}
        """The newest of each value that came meanwhile, in the order in which they came."""
        self.refused: dict[str, str] = {}
        """By native id, what was refused meanwhile, and why."""
        self._socket = socket
        self._judge = judge
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._replies: asyncio.Queue[str] = asyncio.Queue()
        self._asked: dict[int, tuple[str, ...]] = {}
        self._request = 0
        self._begun_ms: int | None = None
        """When a message was first seen to have begun that is not whole yet."""
        self._ended = asyncio.Event()
        self._ending = ""

    async def run(self) -> None:
        """Until something ends it; always by an exception."""
        name = self.feed.id
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(), name=f"{name} read")
            group.create_task(self._write(), name=f"{name} write")
            group.create_task(self._answer(), name=f"{name} answer")
            group.create_task(self._guard(), name=f"{name} guard")
            group.create_task(self._leave(), name=f"{name} leave")
            if self.feed.ping is not None:
                group.create_task(self._ping(), name=f"{name} ping")

    def subscribe(self, natives: Sequence[str]) -> None:
        feed = self.feed
        for start in range(0, len(natives), feed.per_frame):
            chunk = tuple(natives[start : start + feed.per_frame])
            self._request += 1
            self._asked[self._request] = chunk
            for frame in feed.subscribe(chunk, self._request):
                self._outbox.put_nowait(frame)

    def unsubscribe(self, natives: Sequence[str]) -> None:
        self._request += 1
        for frame in self.feed.unsubscribe(natives, self._request):
            self._outbox.put_nowait(frame)

    def resubscribe(self, natives: Sequence[str]) -> None:
        """Leave and join again, which makes a venue with deltas send a new snapshot."""
        self.unsubscribe(natives)
        self.subscribe(natives)

    def answered(self, ack: Ack) -> Sequence[str]:
        """The one native id that this answer refuses, or none. A refusal of many is asked again in halves."""
        if ack.native is not None:
            return () if ack.accepted else (ack.native,)
        request = ack.request if ack.request is not None else min(self._asked, default=0)
        natives = self._asked.pop(request, ())
        if ack.accepted or not natives:
            return ()
        if len(natives) == 1:
            return natives
        middle = len(natives) // 2
        self.subscribe(natives[:middle])
        self.subscribe(natives[middle:])
        return ()

    def reply(self, text: str) -> None:
        """An answer that the venue waits for: it goes out at once, ahead of all that is paced."""
        self._replies.put_nowait(text)

    def hold(self, update: Update, symbol: str, at_ms: int) -> None:
        """Keep a value until this connection takes over; newest value wins."""
        self.heard[symbol] = at_ms
        key = (type(update), symbol, getattr(update, "fields", None))
        self.held.pop(key, None)
        self.held[key] = update

    def ready(self, live: Set[str], now_ms: int) -> bool:
        """Whether it can take over from one on which these are live: it has them all, or has had the time for it.

        Raises Recycle where it has had the time, and has nothing."""
        waited_ms = now_ms - self.opened_ms
        if not self.heard and waited_ms >= self.feed.first_frame_ms:
            raise Recycle("no data came on the connection that was to take over")
        patience_ms = max(self.feed.first_frame_ms, self.feed.silence_ms)
        return bool(self.heard) and (live <= self.heard.keys() or waited_ms >= patience_ms)

    def unreadable(self, error: ParseError, frame: str | bytes, now_ms: int) -> None:
        """One bad frame costs one frame; too many of them raise Recycle."""
        too_many = self.bad.bad(now_ms, error.symbol is not None)
        if self.bad.total.bit_count() == 1:  # the 1st, 2nd, 4th, 8th: a sample, not a flood
            text = frame if isinstance(frame, str) else frame[:SAMPLE].decode("latin-1")
            LOG.warning("%s: unreadable frame %d: %s: %s", self.feed.id, self.bad.total, error, clean(text, SAMPLE))
        if too_many:
            raise Recycle(f"too many unreadable frames, the last: {error}")

    def end(self, reason: str) -> None:
        """End soon, by our own decision."""
        self._ending = self._ending or reason
        self._ended.set()

    async def _read(self) -> None:
        while True:
            frame = await self._socket.recv()
            self._begun_ms = None
            self._judge.take(self, frame)

    async def _write(self) -> None:
        while True:
            await self._socket.send(await self._outbox.get())
            await self.world.sleep(self.feed.send_gap_s)

    async def _answer(self) -> None:
        while True:
            await self._socket.send(await self._replies.get())

    async def _guard(self) -> None:
        while True:
            await self.world.sleep(self.world.timing.look_s)
            self._wholeness()
            self._judge.look(self)

    def _wholeness(self) -> None:
        """Pings are answered between the parts of a message: one that never ends would look like silence."""
        now_ms = self.world.clock.now().mono_ms
        if not unfinished(self._socket):
            self._begun_ms = None
        elif self._begun_ms is None:
            self._begun_ms = now_ms
        elif now_ms - self._begun_ms >= UNFINISHED_MS:
            raise Recycle(f"a message that has begun did not end in {UNFINISHED_MS // 1000} s")

    async def _leave(self) -> NoReturn:
        await self._ended.wait()
        raise Recycle(self._ending, planned=True)

    async def _ping(self) -> None:
        ping = self.feed.ping
        number = 0
        while ping is not None:
            await self.world.sleep(ping.every_s)
            number += 1
            self._outbox.put_nowait(ping.text(number))


def leaves_after_s(lifetime_s: float, chance: float) -> float:
    """When a socket of this life looks for a successor: early enough for several tries, and not all at one moment."""
    lead_s = min(LEAD_SHARE * lifetime_s, LEAD_MOST_S)
    return lifetime_s - lead_s * (1 + 0.2 * chance)
