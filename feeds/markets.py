"""The door of this room: what the book wants goes in, updates come out, for ever."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from feeds import any_venue
from feeds.awake import slept
from feeds.facts import watch_facts
from feeds.history import watch_history
from feeds.jobs import Job, Jobs
from feeds.pacing import Hosts
from feeds.polls import Schedule, watch_poll
from feeds.positions import holders, watch_positions
from feeds.rest import Door
from feeds.sockets import Sockets
from feeds.venue import Feed, Poll, perpetual_parts, stamped
from feeds.venues import FEEDS, POLLS, feed_by_id, feed_of, supported
from feeds.world import Sleep, World
from hedge.market import Clock, FeedState, Instrument, SymbolState, Unread, Update, Want, Woke

LOG = logging.getLogger("hedgetui.feeds")

LOOK_S = 1.0
"""Between two looks at the clock."""
AWAY_MS = 60_000
"""A feed that was gone for this long may come back with other contracts."""


class Tap(Protocol):
    """Hears every frame and body that comes in, before it is parsed."""

    def feed(self, feed: Feed) -> Feed:
        """The same feed, overheard."""
        ...

    def poll(self, poll: Poll) -> Poll:
        """The same poll, overheard."""
        ...


class FeedSetup(Struct, frozen=True):
    """Where to connect and where to remember. The defaults are the venues' own addresses, and no memory."""

    urls: dict[str, str] = field(default_factory=dict)
    """Feed id to websocket address."""
    rest_urls: dict[str, str] = field(default_factory=dict)
    """Venue id to HTTP base; it stands for every host of that venue."""
    cache_dir: str | None = None
    """Folder for contract facts, so that the next start does not wait for them."""
    written_ms: int = 0
    """When the positions were written down, UTC: what contracts meant then is what they are counted by."""
    tap: Tap | None = None
    """Who records."""


async def watch_markets(
    wants: Sequence[Want],
    setup: FeedSetup,
    clock: Clock,
    rng: random.Random,
    emit: Callable[[Update], None],
    sleep: Sleep = asyncio.sleep,
) -> None:
    """Keep every wanted market flowing into `emit` until cancelled."""
    await Markets(setup, clock, rng, emit, sleep).run(wants)


class Markets:
    """Every wanted market, flowing into `emit`. What is wanted may change: what stays wanted is not interrupted.

    `emit` is called on the loop, once per update, and must not wait. Whatever the network does ends as a FeedState or
    a SymbolState with a reason; a fault of the program stays within its feed, with a state that says so.
    """

    def __init__(
        self,
        setup: FeedSetup,
        clock: Clock,
        rng: random.Random,
        emit: Callable[[Update], None],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._setup = setup
        self._emit = emit
        self.world = World(clock, rng, self._hear, Hosts(), sleep)
        self.world.awake.on_nap.append(self._woke)
        self._door = Door(setup.rest_urls, self.world.hosts, clock, partial(say_refused, self.world))
        self._wants: tuple[Want, ...] = ()
        self._jobs: Jobs | None = None
        self._sockets: dict[str, Sockets] = {}
        self._schedules = {poll.id: Schedule() for poll in POLLS}
        self._doubts: dict[str, asyncio.Event] = {}
        """By venue, set where its contract facts may have changed."""
        self._away_ms: dict[str, int] = {}
        """By feed, since when it is not live."""
        self._listed: dict[tuple[str, str], str] = {}
        """Native ids by venue and symbol, as the venue's metadata has them."""

    async def run(self, wants: Sequence[Want]) -> None:
        """Until cancelled."""
        async with self._door, asyncio.TaskGroup() as group:
            self._jobs = Jobs(group, self.world)
            self._read(wants, self._jobs)
            try:
                while True:
                    self.world.awake.look(self.world.clock.now().mono_ms)
                    await self.world.sleep(LOOK_S)
            finally:
                self._jobs.close()

    def want(self, wants: Sequence[Want]) -> None:
        """From now on read these, and no others: the positions were written down anew."""
        if self._jobs is not None:
            self._setup = replace(self._setup, written_ms=self.world.clock.now().wall_ms)
            self._read(wants, self._jobs)

    def _read(self, wants: Sequence[Want], running: Jobs) -> None:
        before, self._wants = self._wants, tuple(dict.fromkeys(wants))
        carried, refused = sort_wants([want for want in self._wants if _is_market(want)], self._listed)
        for want in refused.keys() - set(before):
            now_ms = self.world.clock.now().mono_ms
            self.world.emit(SymbolState(want.venue, want.symbol, "quarantined", refused[want], now_ms))
        for want in set(before) - set(self._wants):
            if _is_market(want) and want in sort_wants((want,))[1]:
                self.world.emit(Unread(want.venue, want.symbol))
        for gone in self._sockets.keys() - carried.keys():
            self._sockets.pop(gone).close()
        for feed_id, symbols in carried.items():
            if feed_id not in self._sockets:
                self._sockets[feed_id] = self._socket(feed_by_id(feed_id), running)
            self._sockets[feed_id].want(symbols)
        jobs = [*self._polls(carried), *self._questions(carried), *self._holders()]
        running.keep({job.id: job for job in jobs})

    def _socket(self, feed: Feed, jobs: Jobs) -> Sockets:
        heard = self.world
        for poll in POLLS:
            if poll.feed == feed.id:
                heard = overheard(heard, self._schedules[poll.id])
        if feed.paid_every_h is not None:
            heard = by_the_clock(heard, feed.paid_every_h)
        tapped = feed if self._setup.tap is None else self._setup.tap.feed(feed)
        return Sockets(tapped, address(feed, self._setup), heard, jobs)

    def _polls(self, carried: Mapping[str, Mapping[str, str]]) -> list[Job]:
        """What the streams leave out."""
        jobs = []
        for poll in POLLS:
            symbols = dict(carried.get(poll.feed, {}))
            if symbols:
                schedule = self._schedules[poll.id]
                tapped = poll if self._setup.tap is None else self._setup.tap.poll(poll)
                heard = overheard(self.world, schedule)
                work = partial(watch_poll, tapped, self._door, symbols, schedule, heard)
                jobs.append(Job(poll.id, symbols, work))
        return jobs

    def _questions(self, carried: Mapping[str, Mapping[str, str]]) -> list[Job]:
        """What is asked of each venue now and then."""
        natives: dict[str, dict[str, str]] = {}
        for feed_id, symbols in carried.items():
            of_venue = natives.setdefault(feed_by_id(feed_id).venue, {})
            of_venue |= {symbol: native for native, symbol in symbols.items()}
        asides: dict[str, list[str]] = {}
        for want in self._wants:
            if want.listed and feed_of(want) is not None:
                asides.setdefault(want.venue, []).append(want.symbol)
        jobs = []
        for venue, known in natives.items():
            jobs += questions(venue, known, self._setup, self.world, self._doubt(venue), asides.get(venue, ()))
        return jobs

    def _holders(self) -> list[Job]:
        """What is asked of venues about public addresses."""
        found = holders(self._wants).items()
        return [
            Job(f"{venue}-positions", addresses, partial(watch_positions, venue, addresses, self._door, self.world))
            for venue, addresses in found
        ]

    def _doubt(self, venue: str) -> asyncio.Event:
        return self._doubts.setdefault(venue, asyncio.Event())

    def _hear(self, update: Update) -> None:
        self._emit(update)
        match update:
            case Instrument():
                self._list(update)
            case FeedState() if update.feed in self._sockets:
                self._note_state(update)
            case SymbolState() if update.feed in self._sockets:
                alone = update.state == "stale" and update.feed not in self._away_ms
                if alone or update.state == "quarantined":  # it may be listed no more
                    self._doubt(feed_by_id(update.feed).venue).set()

    def _note_state(self, update: FeedState) -> None:
        """A feed that comes back after a while may come back with other contracts."""
        if update.state != "live":
            self._away_ms.setdefault(update.feed, update.at_mono_ms)
        elif update.at_mono_ms - self._away_ms.pop(update.feed, update.at_mono_ms) >= AWAY_MS:
            self._doubt(feed_by_id(update.feed).venue).set()

    def _list(self, instrument: Instrument) -> None:
        """A contract whose venue calls it otherwise than its symbol suggests is read under that name."""
        venue, symbol, native = instrument.venue, instrument.symbol, instrument.native_id
        feed = feed_of(Want(venue, symbol))
        if feed is None or not feed.listed_ids or self._listed.get((venue, symbol)) == native:
            return
        self._listed[venue, symbol] = native
        if native != feed.native(symbol) and Want(venue, symbol) in self._wants:
            LOG.warning("%s is called %s by %s", symbol, native, venue)
            asyncio.get_running_loop().call_soon(self._read_again)

    def _read_again(self) -> None:
        if self._jobs is not None:
            self._read(self._wants, self._jobs)

    def _woke(self, now_ms: int, slept_ms: int) -> None:
        """The machine slept: everything is unknown at once, and asked for anew."""
        LOG.warning("%s", slept(slept_ms))
        self.world.emit(Woke(slept_ms, now_ms))
        for sockets in self._sockets.values():
            sockets.woke(now_ms, slept(slept_ms))
        for doubt in (*(schedule.doubt for schedule in self._schedules.values()), *self._doubts.values()):
            doubt.set()


def _is_market(want: Want) -> bool:
    """Whether something of it streams."""
    return not want.address and not want.listed


def sort_wants(
    wants: Sequence[Want], listed: Mapping[tuple[str, str], str] | None = None
) -> tuple[dict[str, dict[str, str]], dict[Want, str]]:
    """Native id to unified symbol, by feed id; and why no feed carries the others. `listed`: ids that the venues'
    metadata gives, by venue and symbol.
    """
    carried: dict[str, dict[str, str]] = {}
    refused: dict[Want, str] = {}
    for want in wants:
        feed = feed_of(want)
        native = None if feed is None else feed.native(want.symbol)
        if feed is not None and native is not None:
            known = {} if listed is None or want.spot else listed
            carried.setdefault(feed.id, {})[known.get((want.venue, want.symbol), native)] = want.symbol
        else:
            refused[want] = supported(want.venue, want.symbol) or f"{want.venue} carries no such market"
    return carried, refused


def questions(
    venue: str,
    natives: Mapping[str, str],
    setup: FeedSetup,
    world: World,
    doubt: asyncio.Event,
    asides: Sequence[str] = (),
) -> list[Job]:
    """Contract facts first, then the past of these markets (unified symbol to native id).

    `asides` are contracts of which only the facts are wanted, and that need not exist."""
    rest_url, answered = setup.rest_urls.get(venue), asyncio.Event()
    contracts = [symbol for symbol in natives if perpetual_parts(symbol) is not None]
    jobs = []
    if contracts:
        known = (venue, contracts, rest_url, setup.cache_dir, world, answered, doubt, asides)
        facts = partial(watch_facts, *known, written_ms=setup.written_ms)
        jobs.append(Job(f"{venue}-facts", {**natives, **dict.fromkeys(asides, "")}, facts))
    if natives:
        first = answered if contracts else None
        history = partial(watch_history, venue, natives, rest_url, setup.cache_dir, world, first)
        jobs.append(Job(f"{venue}-history", dict(natives), history))
    return jobs


def address(feed: Feed, setup: FeedSetup) -> str:
    """Where a feed connects: the settings' address, else the venue's own."""
    if feed.id in FEEDS:
        return setup.urls.get(feed.id, feed.url)
    return any_venue.address(feed.venue, setup.urls.get(feed.id), setup.rest_urls.get(feed.venue))


def overheard(world: World, schedule: Schedule) -> World:
    """The same world, in which the funding schedule hears every update."""

    def emit(update: Update) -> None:
        schedule.note(update)
        world.emit(update)

    return replace(world, emit=emit)


def by_the_clock(world: World, every_h: int) -> World:
    """The same world, in which funding without a stamp is paid at the next full hour of its kind."""

    def emit(update: Update) -> None:
        world.emit(stamped(update, every_h, world.clock.now().wall_ms))

    return replace(world, emit=emit)


def say_refused(world: World, reason: str) -> None:
    world.emit(FeedState("rest", "blocked", reason, world.clock.now().mono_ms))
