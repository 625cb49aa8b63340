"""The door of this room: what the book wants goes in, updates come out, for ever."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from feeds import any_venue
from feeds.facts import watch_facts
from feeds.history import watch_history
from feeds.pacing import Hosts
from feeds.polls import Schedule, watch_poll
from feeds.rest import Door
from feeds.stream import Sleep, Stream, World
from feeds.venue import Feed, Poll, perpetual_parts
from feeds.venues import FEEDS, POLLS, feed_by_id, feed_of, supported
from hedge.market import Clock, FeedState, FeedStatus, SymbolState, Update, Want

LOG = logging.getLogger("hedgetui.feeds")

RESTARTS = 3
RESTART_S = 10.0
"""After a fault of the program in one feed; the network's faults are the feed's own business."""

BEST_LAST: tuple[FeedStatus, ...] = ("blocked", "backing_off", "stale", "idle", "dialling", "subscribing", "live")


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
    """Keep every wanted market flowing into `emit` until cancelled.

    `emit` is called on the loop, once per update, and must not wait. Whatever the network does ends as a FeedState or
    a SymbolState with a reason; a fault of the program stays within its feed, with a state that says so.
    """
    world = World(clock, rng, emit, Hosts(), sleep)
    carried = sort_wants(wants, world)
    door = Door(setup.rest_urls, world.hosts, clock, partial(say_refused, world))
    async with door, asyncio.TaskGroup() as group:
        for name, work in jobs(carried, setup, door, world):
            group.create_task(contained(name, work, world), name=f"feed {name}")
        group.create_task(forever(), name="feeds")


def sort_wants(wants: Sequence[Want], world: World) -> dict[str, dict[str, str]]:
    """Native id to unified symbol, by feed id. A want that no feed carries is reported at once."""
    carried: dict[str, dict[str, str]] = {}
    now_ms = world.clock.now().mono_ms
    for want in dict.fromkeys(wants):
        feed = feed_of(want)
        native = feed.native(want.symbol) if feed is not None else None
        if feed is not None and native is not None:
            carried.setdefault(feed.id, {})[native] = want.symbol
            continue
        reason = supported(want.venue, want.symbol) or f"{want.venue} carries no such market"
        world.emit(SymbolState(want.venue, want.symbol, "quarantined", reason, now_ms))
    return carried


def jobs(
    carried: Mapping[str, Mapping[str, str]], setup: FeedSetup, door: Door, world: World
) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
    """What has to run, by the id it reports under."""
    work: list[tuple[str, Callable[[], Awaitable[None]]]] = []
    for feed_id, symbols in carried.items():
        feed = feed_by_id(feed_id)
        heard = world
        for poll in POLLS:
            if poll.feed == feed_id:
                schedule = Schedule()
                heard = overheard(heard, schedule)
                tapped = poll if setup.tap is None else setup.tap.poll(poll)
                work.append((poll.id, partial(watch_poll, tapped, door, symbols, schedule, heard)))
        if setup.tap is not None:
            feed = setup.tap.feed(feed)
        listed = list(symbols)
        sockets = Sockets(heard)
        for start in range(0, len(listed), feed.per_socket):
            part = {native: symbols[native] for native in listed[start : start + feed.per_socket]}
            work.append((feed_id, Stream(feed, address(feed, setup), part, sockets.socket()).run))
    for venue in dict.fromkeys(feed_by_id(feed_id).venue for feed_id in carried):
        natives = {
            symbol: native
            for feed_id, symbols in carried.items()
            if feed_by_id(feed_id).venue == venue
            for native, symbol in symbols.items()
        }
        work += metadata_jobs(venue, natives, setup, world)
    return work


def address(feed: Feed, setup: FeedSetup) -> str:
    """Where a feed connects: the settings' address, else the venue's own."""
    if feed.id in FEEDS:
        return setup.urls.get(feed.id, feed.url)
    return any_venue.address(feed.venue, setup.urls.get(feed.id), setup.rest_urls.get(feed.venue))


def metadata_jobs(
    venue: str, natives: Mapping[str, str], setup: FeedSetup, world: World
) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
    """What is asked of a venue now and then: contract facts first, then the past of its markets."""
    rest_url, answered = setup.rest_urls.get(venue), asyncio.Event()
    contracts = [symbol for symbol in natives if perpetual_parts(symbol) is not None]
    work: list[tuple[str, Callable[[], Awaitable[None]]]] = []
    if contracts:
        facts = partial(watch_facts, venue, contracts, rest_url, setup.cache_dir, world, answered)
        work.append((f"{venue}-facts", facts))
    if natives:
        first = answered if contracts else None
        history = partial(watch_history, venue, natives, rest_url, setup.cache_dir, world, first)
        work.append((f"{venue}-history", history))
    return work


class Sockets:
    """The sockets of one feed, when its symbols need more than one: the feed is as well as the worst of them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._states: list[FeedState | None] = []

    def socket(self) -> World:
        """The world of one more socket."""
        place = len(self._states)
        self._states.append(None)

        def emit(update: Update) -> None:
            if isinstance(update, FeedState):
                self._states[place] = update
                known = [state for state in self._states if state is not None]
                worst = min(known, key=lambda state: BEST_LAST.index(state.state))
                update = replace(worst, dials=sum(state.dials for state in known))
            self._world.emit(update)

        return replace(self._world, emit=emit)


def overheard(world: World, schedule: Schedule) -> World:
    """The same world, in which the funding schedule hears every update."""

    def emit(update: Update) -> None:
        schedule.note(update)
        world.emit(update)

    return replace(world, emit=emit)


async def contained(name: str, work: Callable[[], Awaitable[None]], world: World) -> None:
    """Run one feed. A fault of the program in it is logged and shown, takes no other feed along, and ends the feed
    only when it comes back after every restart.
    """
    for restarts_left in range(RESTARTS, -1, -1):
        try:
            return await work()
        except Exception as error:
            LOG.exception("%s ended by a fault of the program", name)
            reason, now_ms = f"ended by a fault of the program: {type(error).__name__}", world.clock.now().mono_ms
        if not restarts_left:
            world.emit(FeedState(name, "blocked", reason, now_ms))
            return
        retry_ms = now_ms + round(RESTART_S * 1000)
        world.emit(FeedState(name, "backing_off", reason, now_ms, retry_mono_ms=retry_ms))
        await world.sleep(RESTART_S)


async def forever() -> None:
    """Keeps the session open when nothing is wanted."""
    await asyncio.Event().wait()


def say_refused(world: World, reason: str) -> None:
    world.emit(FeedState("rest", "blocked", reason, world.clock.now().mono_ms))
