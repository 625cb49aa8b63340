"""The one supervisor of sockets: dial, subscribe, keepalive, watchdogs, back-off, epochs.

A venue file says what to send and how to read; this file decides when. Every way in which a connection can fail ends
as a FeedState with a reason in words, and as another try at a polite moment.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec import Struct
from websockets.asyncio.client import connect

from feeds import any_venue
from feeds.clean import ParseError, clean
from feeds.pacing import Backoff, Hosts, host_of, is_loopback, shown
from feeds.trouble import Recycle, Trouble, diagnose
from feeds.venue import Ack, Closing, Feed, Pong, Reply, Said
from feeds.watch import Watch
from hedge.market import Clock, FeedState, FeedStatus, SymbolState, Update

LOG = logging.getLogger("hedgetui.feeds")
SOCKET_LOG = logging.getLogger("hedgetui.feeds.socket")
SOCKET_LOG.setLevel(logging.CRITICAL)  # what the library would log as errors reaches the user as states

MAX_FRAME = 2**20
SUSTAINED_MS = 60_000
"""Data for this long on one connection, and the back-off starts over."""
BAD_IN_A_ROW = 10
BAD_SHARE = 0.01
WINDOW_MS = 60_000
"""Over which the share of unreadable frames is taken."""
SAMPLE = 2048
"""Characters of an unreadable frame that go to the log."""

Sleep = Callable[[float], Awaitable[None]]


class Timing(Struct, frozen=True):
    """Seconds of real time within one connection; tests shorten them."""

    open_s: float = 8.0
    ping_s: float = 5.0
    pong_s: float = 5.0
    close_s: float = 1.0
    look_s: float = 0.5
    """Between two looks of the watchdog, on the injected clock."""


class World(Struct, frozen=True):
    """What a feed is given: time, chance, the hosts it shares with others, and where its updates go."""

    clock: Clock
    rng: random.Random
    emit: Callable[[Update], None]
    hosts: Hosts
    sleep: Sleep = asyncio.sleep
    timing: Timing = Timing()


class Dial(connect):
    """A dial that goes where it was sent: a redirect is an answer for the user, not an instruction for us."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class Socket(Protocol):
    """What a connection needs of whatever carries its frames."""

    async def send(self, message: str, /) -> None: ...

    async def recv(self) -> str | bytes: ...


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
    """One epoch: a socket, the parser that lives and dies with it, and what is still to be sent."""

    def __init__(self, stream: Stream, socket: Socket) -> None:
        self.stream = stream
        self.socket = socket
        self.parser = stream.feed.parser(stream.symbols)
        self.outbox: asyncio.Queue[str] = asyncio.Queue()
        self._replies: asyncio.Queue[str] = asyncio.Queue()
        self.opened_ms = stream.now_ms()
        life_s = (stream.feed.lifetime_s or math.inf) * (0.97 + 0.01 * stream.world.rng.random())
        self.ends_ms = self.opened_ms + life_s * 1000
        """When to leave by our own decision, before the venue's rule closes the socket."""
        self._asked: dict[int, tuple[str, ...]] = {}
        self._request = 0
        self.bad = BadFrames()

    async def run(self) -> None:
        """Until something ends it; always by an exception."""
        name = self.stream.feed.id
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(), name=f"{name} read")
            group.create_task(self._write(), name=f"{name} write")
            group.create_task(self._answer(), name=f"{name} answer")
            group.create_task(self._guard(), name=f"{name} guard")
            if self.stream.feed.ping is not None:
                group.create_task(self._ping(), name=f"{name} ping")

    def subscribe(self, natives: Sequence[str]) -> None:
        feed = self.stream.feed
        for start in range(0, len(natives), feed.per_frame):
            chunk = tuple(natives[start : start + feed.per_frame])
            self._request += 1
            self._asked[self._request] = chunk
            for frame in feed.subscribe(chunk, self._request):
                self.outbox.put_nowait(frame)

    def resubscribe(self, natives: Sequence[str]) -> None:
        """Leave and join again, which makes a venue with deltas send a new snapshot."""
        self._request += 1
        for frame in self.stream.feed.unsubscribe(natives, self._request):
            self.outbox.put_nowait(frame)
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

    async def _read(self) -> None:
        while True:
            self.stream.take(self, await self.socket.recv())

    async def _write(self) -> None:
        while True:
            await self.socket.send(await self.outbox.get())
            await self.stream.world.sleep(self.stream.feed.send_gap_s)

    async def _answer(self) -> None:
        while True:
            await self.socket.send(await self._replies.get())

    async def _guard(self) -> None:
        while True:
            await self.stream.world.sleep(self.stream.world.timing.look_s)
            self.stream.look(self)

    async def _ping(self) -> None:
        ping = self.stream.feed.ping
        number = 0
        while ping is not None:
            await self.stream.world.sleep(ping.every_s)
            number += 1
            self.outbox.put_nowait(ping.text(number))


class Stream:
    """One socket of one feed, kept alive for ever: dialled, subscribed, watched, dropped and dialled again."""

    def __init__(self, feed: Feed, url: str, symbols: Mapping[str, str], world: World) -> None:
        """`symbols` from native ids to unified ones."""
        self.feed = feed
        self.url = url
        self.symbols = dict(symbols)
        self.world = world
        self.watch = Watch(feed, list(self.symbols.values()))
        self.dials = 0
        self.dropped = 0
        """Frames that came for a connection that was over."""
        self._natives = {symbol: native for native, symbol in self.symbols.items()}
        self._host = host_of(url)
        self._backoff = Backoff(world.rng)
        self._current: Connection | None = None
        self._said: tuple[FeedStatus, str] | None = None
        self._before = ""
        """Why there is no data, from the last try, until there is."""

    def now_ms(self) -> int:
        return self.world.clock.now().mono_ms

    async def run(self) -> None:
        """Never returns; raises only for a fault of the program."""
        self._say("idle", "")
        while True:
            await self._turn_to_dial()
            trouble = await self._session()
            if self.watch.sustained_ms >= SUSTAINED_MS or trouble.planned:
                self._backoff.reset()
            for state in self.watch.closed(trouble.reason, self.now_ms()):
                self.world.emit(state)
            wait_s = max(self._backoff.next_s(), trouble.wait_s)
            if trouble.ban:
                self.world.hosts.of(self.url).ban(self.now_ms(), round(wait_s * 1000))
            self._before = f"; last time: {trouble.reason}"
            self._say(trouble.state, trouble.reason, self.now_ms() + round(wait_s * 1000))
            await self.world.sleep(wait_s)

    async def _turn_to_dial(self) -> None:
        host = self.world.hosts.of(self.url)
        while wait_ms := host.take(self.now_ms()):
            reason = self._said[1] if self._said and self._said[1] else f"waiting for a free dial to {self._host}"
            self._say("backing_off", reason, self.now_ms() + wait_ms)
            await self.world.sleep(wait_ms / 1000)

    async def _session(self) -> Trouble:
        """One connection from dial to end, and why it ended."""
        self.dials += 1
        self._say("dialling", f"dialling {self._host}{self._before}")
        try:
            async with self._open() as socket:
                await self._serve(Connection(self, socket))
        except Exception as error:
            trouble = diagnose(error, self._host, self.world.clock.now().wall_ms)
            if trouble is None:
                raise
            return trouble
        finally:
            self._current = None
        return Trouble(f"connection to {self._host} ended")

    def _open(self) -> AbstractAsyncContextManager[Socket]:
        """A websocket; for a venue without a file of its own, a process that stands in its place."""
        if self.url.startswith(any_venue.SCHEME):
            return any_venue.Process(self.url, self.world.clock.now().wall_ms)
        timing = self.world.timing
        return Dial(
            self.url,
            open_timeout=timing.open_s,
            ping_interval=timing.ping_s,
            ping_timeout=timing.pong_s,
            close_timeout=timing.close_s,
            max_size=MAX_FRAME,
            compression=None,
            proxy=None if is_loopback(self.url) else True,
            logger=SOCKET_LOG,
        )

    async def _serve(self, connection: Connection) -> None:
        self._current = connection
        for state in self.watch.opened(connection.opened_ms):
            self.world.emit(state)
        connection.subscribe([self._natives[symbol] for symbol in self.watch.of(quarantined=False)])
        connection.subscribe([self._natives[symbol] for symbol in self.watch.of(quarantined=True)])
        self._say("subscribing", f"connected to {self._host}, no data yet{self._before}")
        await connection.run()

    def take(self, connection: Connection, frame: str | bytes) -> None:
        """One frame of a connection. One of an older connection is dropped."""
        if connection is not self._current:
            self.dropped += 1
            return
        now_ms = self.now_ms()
        self.watch.frame(now_ms)
        try:
            said = connection.parser.parse(frame, now_ms)
        except ParseError as error:
            self._unreadable(connection, error, frame, now_ms)
            return
        connection.bad.good(now_ms)
        for each in said:
            self._pass_on(connection, each, now_ms)

    def _pass_on(self, connection: Connection, said: Said, now_ms: int) -> None:
        match said:
            case Pong():
                pass
            case Reply():
                connection.reply(said.text)
            case Closing():
                raise Recycle(said.reason, planned=True)
            case Ack():
                for native in connection.answered(said):
                    if native not in self.symbols:
                        continue
                    reason = f"refused by {self.feed.venue}: {said.reason}"
                    self.world.emit(self.watch.quarantine(self.symbols[native], reason, now_ms))
            case FeedState() | SymbolState():
                self.world.emit(said)
            case _:
                changed = self.watch.data(said.symbol, now_ms)
                if changed is not None:
                    self.world.emit(changed)
                    self._before = ""
                    self._say("live", "")
                self.world.emit(said)

    def _unreadable(self, connection: Connection, error: ParseError, frame: str | bytes, now_ms: int) -> None:
        """One bad frame costs one frame; what deltas build on is asked for again; too many end the connection."""
        bad = connection.bad
        too_many = bad.bad(now_ms, error.symbol is not None)
        if bad.total.bit_count() == 1:  # the 1st, 2nd, 4th, 8th: a sample, not a flood
            text = frame if isinstance(frame, str) else frame[:SAMPLE].decode("latin-1")
            LOG.warning("%s: unreadable frame %d: %s: %s", self.feed.id, bad.total, error, clean(text, SAMPLE))
        if too_many:
            raise Recycle(f"too many unreadable frames, the last: {error}")
        self.watch.unreadable(error.symbol, str(error))

    def look(self, connection: Connection) -> None:
        """What the clock alone shows: silence, and the end of a connection's life."""
        now_ms = self.now_ms()
        verdict = self.watch.tick(now_ms)
        for state in verdict.states:
            self.world.emit(state)
        if verdict.states and self.watch.state == "stale":
            self._say("stale", verdict.states[-1].reason)
        if verdict.recycle is not None:
            raise Recycle(f"{verdict.recycle} ({shown(self.url)})")
        if verdict.resubscribe:
            connection.resubscribe([self._natives[symbol] for symbol in verdict.resubscribe])
        if now_ms >= connection.ends_ms:
            raise Recycle(f"reconnecting before {self.feed.venue} closes the socket by its rule", planned=True)

    def _say(self, state: FeedStatus, reason: str, retry_mono_ms: int | None = None) -> None:
        """The feed's state, once per change."""
        if (state, reason) == self._said and retry_mono_ms is None:
            return
        self._said = (state, reason)
        self.world.emit(FeedState(self.feed.id, state, reason, self.now_ms(), self.dials, retry_mono_ms))
