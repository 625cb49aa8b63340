"""The one supervisor of sockets: dial, subscribe, watchdogs, back-off, and handing over before a socket ends.

A venue file says what to send and how to read; this file decides when. Every way in which a connection can fail ends
as a FeedState with a reason in words, and as another try at a polite moment.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping

from feeds.awake import slept
from feeds.clean import ParseError
from feeds.connection import Connection
from feeds.dialling import dial
from feeds.order import VALUES, Value
from feeds.pacing import Backoff, host_of, shown
from feeds.skew import Pulse
from feeds.trouble import Recycle, Trouble, diagnose
from feeds.turns import Turns
from feeds.venue import Ack, Closing, Feed, Pong, Reply, Said
from feeds.watch import Watch
from feeds.world import Sleep, Timing, World
from hedge.market import FeedState, FeedStatus, Instant

__all__ = ["SUSTAINED_MS", "Sleep", "Stream", "Timing", "World"]

LOG = logging.getLogger("hedgetui.feeds")

SUSTAINED_MS = 60_000
"""Data for this long on one connection, and the back-off starts over."""
EXILE_S = 300.0
"""Between two tries of a market that ended a socket, on a socket of its own."""


class Stream:
    """One socket of one feed, kept alive for ever: dialled, subscribed, watched, dropped and dialled again.

    Before a socket ends by rule, a second one is opened, and takes over when it has what the first one has.
    """

    def __init__(
        self,
        feed: Feed,
        url: str,
        symbols: Mapping[str, str],
        world: World,
        exile: Callable[[str, str], None] | None = None,
        exiled: str = "",
    ) -> None:
        """`symbols` from native ids to unified ones. `exile` is told of a market that ends sockets, and why; `exiled`
        is that reason on the stream that such a market then gets for itself.
        """
        self.feed = feed
        self.url = url
        self.symbols = dict(symbols)
        self.world = world
        self.watch = Watch(feed, list(self.symbols.values()))
        self.turns = Turns(feed.fragile and not exiled)
        self.dials = 0
        self.dropped = 0
        """Frames that came for a connection that was over."""
        self._exile = exile
        self._exiled = exiled
        self._natives = {symbol: native for native, symbol in self.symbols.items()}
        self._host = host_of(url)
        self._pace = world.hosts.of(url)
        self._backoff = Backoff(world.rng)
        self._renewals = Backoff(world.rng)
        self._group: asyncio.TaskGroup | None = None
        self._lost: asyncio.Future[Trouble] | None = None
        self._current: Connection | None = None
        self._spare: Connection | None = None
        """Open beside the current one, until it can take over."""
        self._dialling = 0
        self._renew_ms = 0
        """When a successor may be tried again."""
        self._pulse = Pulse(feed.id, world.clock.now().mono_ms)
        self._said: tuple[FeedStatus, str] | None = None
        self._before = ""
        """Why there is no data, from the last try, until there is."""

    def now_ms(self) -> int:
        return self.world.clock.now().mono_ms

    async def run(self) -> None:
        """Never returns; raises only for a fault of the program."""
        self._say("idle", "")
        if self._exiled:
            for symbol in self._natives:
                self.world.emit(self.watch.quarantine(symbol, self._exiled, self.now_ms()))
            await self.world.sleep(EXILE_S)
        while True:
            await self._turn_to_dial()
            trouble = await self._until_lost()
            if self.watch.sustained_ms >= SUSTAINED_MS or trouble.planned:
                self._backoff.reset()
            exile_s = EXILE_S if self._exiled else 0.0
            wait_s = max(self._backoff.next_s(), trouble.wait_s, exile_s)
            self._pace.heed(trouble.ban, self.now_ms(), wait_s)
            self._before = f"; last time: {trouble.reason}"
            self._say(trouble.state, trouble.reason, self.now_ms() + round(wait_s * 1000))
            self.world.emit(self._pulse.over(self.world.clock.now()))
            await self.world.sleep(wait_s)

    def let_go(self, symbols: Collection[str]) -> None:
        """Nobody wants these any more."""
        natives = [self._natives.pop(symbol) for symbol in symbols if symbol in self._natives]
        for native in natives:
            self.watch.forget(self.symbols.pop(native))
        for connection in (self._current, self._spare):
            if connection is not None and natives:
                connection.unsubscribe(natives)
        if self._current is not None:
            for native in natives:
                self._ask(self._current, self.turns.unproven(native))

    def drop(self, reason: str) -> None:
        """Trust no connection that is open now."""
        for connection in (self._current, self._spare):
            if connection is not None:
                connection.end(reason)

    async def _turn_to_dial(self) -> None:
        while wait_ms := self._pace.take(self.now_ms()):
            reason = self._said[1] if self._said and self._said[1] else f"waiting for a free dial to {self._host}"
            self._say("backing_off", reason, self.now_ms() + wait_ms)
            await self.world.sleep(wait_ms / 1000)

    # connections

    async def _until_lost(self) -> Trouble:
        """Serve a connection, and every one that takes over from it; why the last one ended."""
        self._lost = asyncio.get_running_loop().create_future()
        self._current = self._spare = None
        self._dialling = 0
        self._say("dialling", f"dialling {self._host}{self._before}")
        try:
            async with asyncio.TaskGroup() as self._group:
                self._dial()
                return await self._lost
        finally:
            self._current = self._spare = self._group = None

    def _dial(self) -> None:
        if self._group is not None:
            self.dials += 1
            self._dialling += 1
            self._group.create_task(self._session(), name=f"{self.feed.id} connection {self.dials}")

    async def _session(self) -> None:
        """One connection from dial to end."""
        connection: Connection | None = None
        trouble: Trouble | None = None
        try:
            async with dial(self.url, self.world.timing, self.world.clock.now().wall_ms) as socket:
                connection = Connection(self.feed, self.symbols, self.world, socket, self)
                self._connected(connection)
                try:
                    await connection.run()
                except Exception as error:
                    trouble = self._diagnosed(error)
                    if trouble is None:
                        raise
                self._parted(connection, trouble or Trouble(f"connection to {self._host} ended"))
        except Exception as error:
            trouble = self._diagnosed(error)
            if trouble is None:
                raise
            if connection is None:  # else it went wrong while it was being closed
                self._dialling -= 1
                self._failed(trouble)

    def _diagnosed(self, error: Exception) -> Trouble | None:
        return diagnose(error, self._host, self.world.clock.now().wall_ms)

    def _connected(self, connection: Connection) -> None:
        self._dialling -= 1
        if self._current is not None:
            self._spare = connection
            connection.subscribe([self._natives[symbol] for symbol in self.watch.of(quarantined=False)])
            return
        self._current = connection
        self._pulse = Pulse(self.feed.id, connection.opened_ms)
        for state in self.watch.opened(connection.opened_ms):
            self.world.emit(state)
        self._say("subscribing", f"{self._reached()}, no data yet{self._before}")
        first = [self._natives[symbol] for symbol in self.watch.of(quarantined=False)]
        self._ask(connection, self.turns.opened(first))
        if not self.feed.fragile or self._exiled:
            connection.subscribe([self._natives[symbol] for symbol in self.watch.of(quarantined=True)])

    def _ask(self, connection: Connection, natives: Collection[str]) -> None:
        """Subscribe, now; what has its turn later is not awaited yet."""
        if not natives:
            return
        connection.subscribe(list(natives))
        self.watch.asked([self.symbols[native] for native in natives], self.now_ms())

    def _parted(self, connection: Connection, trouble: Trouble) -> None:
        """A connection is over. Where another one is open it takes over; where one is on its way it is waited for."""
        if connection is self._spare:
            self._spare = None
            self._failed(trouble)
        elif connection is self._current:
            self._current = None
            self._suspect(trouble)
            if self._spare is not None:
                self._take_over(self._spare)
                return
            for state in self.watch.closed(trouble.reason, self.now_ms()):
                self.world.emit(state)
            self._failed(trouble)
            if self._dialling:
                self._before = f"; last time: {trouble.reason}"
                self._say("dialling", f"dialling {self._host}{self._before}")

    def _suspect(self, trouble: Trouble) -> None:
        """A fragile venue ends a socket without a word at a market that it does not know."""
        guilty = self.turns.ended(trouble.abrupt)
        symbol = self.symbols.get(guilty or "")
        if guilty is None or symbol is None:
            return
        reason = f"{self.feed.venue} closes the connection when it is asked for {guilty}"
        self._quarantine(symbol, reason)

    def _quarantine(self, symbol: str, reason: str) -> None:
        self.world.emit(self.watch.quarantine(symbol, reason, self.now_ms()))
        self._send_away(symbol, reason)

    def _send_away(self, symbol: str, reason: str) -> None:
        """What is not known to a fragile venue is asked for again elsewhere, where it can end no other's socket."""
        if self.feed.fragile and not self._exiled and self._exile is not None:
            self._exile(symbol, reason)

    def _failed(self, trouble: Trouble) -> None:
        """A connection ended, or never came about. Without another one, all is lost for now."""
        if self._current is not None:
            wait_s = max(self._renewals.next_s(), trouble.wait_s)
            self._pace.heed(trouble.ban, self.now_ms(), wait_s)
            self._renew_ms = self.now_ms() + round(wait_s * 1000)
            LOG.info("%s: no successor yet: %s", self.feed.id, trouble.reason)
        elif not self._dialling and self._lost is not None and not self._lost.done():
            self._lost.set_result(trouble)

    # handing over

    def _renew(self, current: Connection, now_ms: int) -> None:
        """Open a successor, when there is none yet and it has its turn to dial."""
        if self._spare is not None or self._dialling or now_ms < self._renew_ms:
            return
        wait_ms = self._pace.take(now_ms)
        if wait_ms:
            self._renew_ms = now_ms + wait_ms
        else:
            LOG.info("%s: opens a successor: %s", self.feed.id, current.ends_why)
            self._dial()

    def _take_over(self, successor: Connection) -> None:
        before, self._current, self._spare = self._current, successor, None
        LOG.info("%s: handed over to connection %d", self.feed.id, self.dials)
        for native, reason in successor.refused.items():
            self._refuse(native, reason)
        for state in self.watch.handed_over(successor.opened_ms, successor.heard, self.now_ms()):
            self.world.emit(state)
        for update in successor.held.values():
            self.world.emit(update)
        successor.held.clear()
        self._renewals.reset()
        if before is not None:
            before.end("replaced by a newer connection")
        self._said, doing = None, self.watch.state
        self._say(doing, "" if doing == "live" else f"{self._reached()}, no data yet")

    # frames

    def take(self, connection: Connection, frame: str | bytes) -> None:
        """One frame of a connection. One of an older connection is dropped."""
        if connection is not self._current and connection is not self._spare:
            self.dropped += 1
            return
        now = self.world.clock.now()
        self._rouse(connection, now.mono_ms)
        if connection is self._current:
            self._pulse.frame()
            self.watch.frame(now.mono_ms)
        try:
            said = connection.parser.parse(frame, now.mono_ms)
        except ParseError as error:
            connection.unreadable(error, frame, now.mono_ms)
            if connection is self._current:
                self.watch.unreadable(error.symbol, str(error))
            return
        connection.bad.good(now.mono_ms)
        told = ""
        for each in said:
            if isinstance(each, VALUES):
                told = self._value(connection, each, now, told)
            else:
                self._pass_on(connection, each, now)
        if connection is self._spare and connection.ready(self.watch.live, now.mono_ms):
            self._take_over(connection)

    def _pass_on(self, connection: Connection, said: Said, now: Instant) -> None:
        match said:
            case Pong():
                pass
            case Reply():
                connection.reply(said.text)
            case Closing():
                connection.ends_ms, connection.ends_why = now.mono_ms, said.reason
            case Ack():
                self._answered(connection, said)
            case _:
                self.world.emit(said)

    def _value(self, connection: Connection, said: Value, now: Instant, told: str) -> str:
        """A value of one symbol, where that is wanted and not overtaken; `told` is that of the value before, if any."""
        symbol = said.symbol
        if symbol not in self._natives or connection.order.overtaken(said):
            return told
        if connection is self._spare:
            connection.hold(said, symbol, now.mono_ms)
            return told
        self._pulse.note(said, now)
        if symbol != told:
            self._data(connection, symbol, now.mono_ms)
        self.world.emit(said)
        return symbol

    def _data(self, connection: Connection, symbol: str, now_ms: int) -> None:
        """Data of a symbol came: it is live, and proven."""
        changed = self.watch.data(symbol, now_ms)
        if changed is None:
            return
        self.world.emit(changed)
        self._before = self._exiled = ""
        self._say("live", "")
        self._ask(connection, self.turns.proven(self._natives[symbol]))

    def _answered(self, connection: Connection, ack: Ack) -> None:
        if ack.accepted and ack.native is not None and connection is self._current:
            self._ask(connection, self.turns.proven(ack.native))
        reason = f"refused by {self.feed.venue}: {ack.reason}"
        for native in connection.answered(ack):
            if connection is self._spare:
                connection.refused[native] = reason
            else:
                self._refuse(native, reason)
                self._ask(connection, self.turns.proven(native))

    def _refuse(self, native: str, reason: str) -> None:
        if native in self.symbols:
            self._quarantine(self.symbols[native], reason)

    # time

    def _rouse(self, connection: Connection, now_ms: int) -> None:
        """After a sleep of the machine no connection is trusted, and nothing it still holds is read."""
        awake = self.world.awake
        if awake.look(now_ms) != connection.naps:
            raise Recycle(slept(awake.slept_ms), planned=True)

    def look(self, connection: Connection) -> None:
        """What the clock alone shows: a sleep, silence, and the end of a connection's life."""
        now = self.world.clock.now()
        now_ms = now.mono_ms
        self._rouse(connection, now_ms)
        if connection is self._spare and connection.ready(self.watch.live, now_ms):
            self._take_over(connection)
        if connection is not self._current:
            return
        if pulse := self._pulse.due(now):
            self.world.emit(pulse)
        verdict = self.watch.tick(now_ms)
        for state in verdict.states:
            self.world.emit(state)
        if verdict.states and self.watch.state == "stale":
            self._say("stale", verdict.states[-1].reason)
        if verdict.renew:
            connection.ends_ms, connection.ends_why = now_ms, "one of its symbols stays silent"
        if verdict.recycle is not None:
            raise Recycle(f"{verdict.recycle} ({shown(self.url)})")
        if verdict.resubscribe:
            connection.resubscribe([self._natives[symbol] for symbol in verdict.resubscribe])
        for state in verdict.states:
            if state.state == "quarantined":
                self._ask(connection, self.turns.unproven(self._natives[state.symbol]))
                self._send_away(state.symbol, state.reason)
        if now_ms >= connection.ends_ms:
            self._renew(connection, now_ms)

    def _reached(self) -> str:
        """What a connection without data is; a process of ccxt's runs before it has reached anything."""
        process = self.url.startswith("ccxt:")
        return f"the ccxt process of {self._host} runs" if process else f"connected to {self._host}"

    def _say(self, state: FeedStatus, reason: str, retry_mono_ms: int | None = None) -> None:
        """The feed's state, once per change."""
        if (state, reason) == self._said and retry_mono_ms is None:
            return
        self._said = (state, reason)
        self.world.emit(FeedState(self.feed.id, state, reason, self.now_ms(), self.dials, retry_mono_ms))
