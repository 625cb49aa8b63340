"""The sockets of one feed, told of as one: the feed is as well as the worst of them.

Its symbols may change while it runs. New ones get a socket of their own, so that those that flow are not touched; and
so does a market that ends the sockets of a fragile venue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from msgspec.structs import replace

from feeds.jobs import Jobs
from feeds.stream import Stream
from feeds.venue import Feed
from feeds.world import World
from hedge.market import Dropped, FeedPulse, FeedState, FeedStatus, Unread, Update

BEST_LAST: tuple[FeedStatus, ...] = ("blocked", "backing_off", "stale", "idle", "dialling", "subscribing", "live")
SPREAD = 4
"""So many sockets more than its symbols need, and a feed is dialled anew as a whole."""
TOGETHER_MS = 500
"""Pulses of several sockets within this time are told as one."""


class Part:
    """One socket, and what it said of itself last."""

    def __init__(self) -> None:
        self.stream: Stream | None = None
        self.task: asyncio.Task[None] | None = None
        self.state: FeedState | None = None
        self.pulse: FeedPulse | None = None
        self.exiled = False
        """Whether it was opened for a market that ends sockets."""

    @property
    def natives(self) -> Mapping[str, str]:
        return {} if self.stream is None else self.stream.symbols


class Sockets:
    """Everything that reads one feed."""

    def __init__(self, feed: Feed, url: str, world: World, jobs: Jobs) -> None:
        self._feed = feed
        self._url = url
        self._world = world
        self._jobs = jobs
        self._parts: list[Part] = []
        self._pulsed_ms: int | None = None

    def want(self, symbols: Mapping[str, str]) -> None:
        """Read these, native id to unified symbol, and no others."""
        for part in list(self._parts):
            self._let_go(part, {symbol for native, symbol in part.natives.items() if native not in symbols})
        kept = {native for part in self._parts for native in part.natives}
        fresh = [native for native in symbols if native not in kept]
        ordinary = [part for part in self._parts if not part.exiled]
        if len(ordinary) + self._needs(len(fresh)) > self._needs(len(symbols)) + SPREAD:
            exiled = {native for part in self._parts if part.exiled for native in part.natives}
            fresh = [native for native in symbols if native not in exiled]
            for part in ordinary:
                self._end(part)
        for start in range(0, len(fresh), self._feed.per_socket):
            self._open({native: symbols[native] for native in fresh[start : start + self._feed.per_socket]})

    def _needs(self, symbols: int) -> int:
        """How many sockets so many symbols take."""
        return -(-symbols // self._feed.per_socket)

    def close(self) -> None:
        """Nobody wants anything of this feed any more."""
        for part in list(self._parts):
            self._end(part)
        self._world.emit(Unread(self._feed.id))

    def woke(self, now_ms: int, reason: str) -> None:
        """The machine slept: nothing counts any more, and no connection is trusted."""
        for part in self._parts:
            for symbol in part.natives.values():
                self._world.emit(Dropped(self._feed.id, symbol, ("mark", "index", "spot", "funding"), now_ms))
            if part.stream is not None:
                part.stream.drop(reason)

    def _open(self, symbols: Mapping[str, str], exiled: str = "") -> None:
        part = Part()
        part.exiled = bool(exiled)
        world = replace(self._world, emit=lambda update: self._hear(part, update))
        part.stream = Stream(self._feed, self._url, symbols, world, self._exile, exiled)
        self._parts.append(part)
        part.task = self._jobs.start(self._feed.id, part.stream.run)

    def _let_go(self, part: Part, symbols: set[str]) -> None:
        if part.stream is None or not symbols:
            return
        part.stream.let_go(symbols)
        for symbol in symbols:
            self._world.emit(Unread(self._feed.id, symbol))
        if not part.natives:
            self._end(part)

    def _end(self, part: Part) -> None:
        self._parts.remove(part)
        if part.task is not None:
            self._jobs.end(part.task)

    def _exile(self, symbol: str, reason: str) -> None:
        """From now on this market is asked for seldom, on a socket of its own."""
        for part in list(self._parts):
            for native, each in list(part.natives.items()):
                if each == symbol and part.stream is not None:
                    part.stream.let_go({symbol})
                    if not part.natives:
                        self._end(part)
                    self._open({native: symbol}, reason)

    def _hear(self, part: Part, update: Update) -> None:
        if part not in self._parts:
            return  # it has ended, and says its last words
        match update:
            case FeedState():
                part.state = update
                self._world.emit(self._state())
            case FeedPulse():
                part.pulse = update
                if self._pulsed_ms is None or update.at_mono_ms - self._pulsed_ms >= TOGETHER_MS:
                    self._pulsed_ms = update.at_mono_ms
                    self._world.emit(self._pulse(update.at_mono_ms))
            case _:
                self._world.emit(update)

    def _state(self) -> FeedState:
        """The worst of the sockets; one that was opened for a doubtful market counts where there is no other."""
        told = [part for part in self._parts if part.state is not None]
        states = [part.state for part in told if not part.exiled] or [part.state for part in told]
        known = [state for state in states if state is not None]
        worst = min(known, key=lambda state: BEST_LAST.index(state.state))
        return replace(worst, dials=sum(part.state.dials for part in told if part.state is not None))

    def _pulse(self, now_ms: int) -> FeedPulse:
        """All frames of the feed, and the widest skew."""
        pulses = [part.pulse for part in self._parts if part.pulse is not None]
        skews = [pulse.skew_s for pulse in pulses if pulse.skew_s is not None]
        per_s = round(sum(pulse.per_s for pulse in pulses), 2)
        return FeedPulse(self._feed.id, per_s, max(skews, key=abs, default=None), now_ms)
