"""Contract facts of a venue: instruments and maintenance tiers, asked of ccxt in a one-shot process, kept on disk.

The answer of the last run is used at once on the next start, and asked again in the background.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from feeds.helper import PATIENCE_S, Failure, NoFacts, patiently, put
from feeds.pacing import Backoff
from feeds.shelf import Shelf
from feeds.waiting import wait
from feeds.world import World
from hedge.market import FeedState, FeedStatus, Instrument, SymbolState, Tiers

SCHEMA: Final = "hedgetui.facts/1"
DAY_S = 86_400.0
AGAIN_S = 600.0
"""Between two questions at least, however often the answer comes into doubt."""


class Question(Struct, tag="facts"):
    """What the process reads on its standard input."""

    venue: str
    symbols: list[str]
    """Unified symbols of perpetuals."""
    rest_url: str | None = None
    """HTTP base in place of the venue's own."""
    now_ms: int = 0
    """Wall time, since the process has no clock of its own."""
    bans: dict[str, int] = field(default_factory=dict)
    """Hosts that asked us to stay away, and for how many milliseconds more."""


class Facts(Struct):
    """What the process prints, and what the cache holds."""

    venue: str
    instruments: list[Instrument] = field(default_factory=list)
    tiers: list[Tiers] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    bans: dict[str, int] = field(default_factory=dict)
    """What the hosts asked of us meanwhile."""
    before: list[Instrument] = field(default_factory=list)
    """Contracts as they were before they came to mean something else; `at_ms` is when that was found."""
    rest_url: str | None = None
    schema: str = SCHEMA


class Cache:
    """The facts of a venue on disk."""

    def __init__(self, folder: str | None, venue: str, rest_url: str | None) -> None:
        self._shelf = Shelf(folder, "facts", Facts(venue, rest_url=rest_url))

    def load(self) -> Facts:
        """What was kept; empty where nothing usable was."""
        return self._shelf.load()

    def keep(self, fresh: Facts) -> None:
        """Keep new facts over old ones of the same symbols."""
        old = self.load()
        known = {each.symbol: each for each in old.instruments}
        before = {each.symbol: each for each in old.before}
        for each in fresh.instruments:
            last = known.get(each.symbol, each)
            first = before.pop(each.symbol, last)
            if meaning(first) != meaning(each):
                found_ms = first.at_ms if meaning(last) == meaning(each) else each.at_ms
                before[each.symbol] = replace(first, at_ms=found_ms)
        instruments = known | {each.symbol: each for each in fresh.instruments}
        tiers = {each.symbol: each for each in [*old.tiers, *fresh.tiers]}
        lists = {"instruments": list(instruments.values()), "tiers": list(tiers.values())}
        self._shelf.keep(replace(self._shelf.empty, before=list(before.values()), **lists))


def meaning(instrument: Instrument) -> tuple[object, ...]:
    """What positions are counted by."""
    coin = (instrument.base, instrument.quote, instrument.settle, instrument.inverse)
    return (*coin, instrument.contract_size, instrument.multiplier)


async def watch_facts(
    venue: str,
    symbols: Sequence[str],
    rest_url: str | None,
    cache_dir: str | None,
    world: World,
    answered: asyncio.Event | None = None,
    doubt: asyncio.Event | None = None,
    asides: Sequence[str] = (),
    *,
    written_ms: int = 0,
) -> None:
    """Emit Instrument and Tiers of `symbols`: from the cache at once, from the venue soon, then daily and when they
    are in `doubt`. A contract that changed its meaning after the positions were written down (`written_ms`, UTC) is
    told as it was, and then as it is, also after a restart.

    `answered` is set once the venue itself has given any. Of `asides` the same is emitted, but it is no trouble where
    the venue does not list them."""
    wanted = [*symbols, *(symbol for symbol in asides if symbol not in symbols)]
    doubt = asyncio.Event() if doubt is None else doubt
    cache = Cache(cache_dir, venue, rest_url)
    kept = cache.load()
    for was in kept.before:
        if was.symbol in symbols and was.at_ms > written_ms:
            world.emit(was)
    asked_ms = tell(kept, symbols, world)
    tell(kept, asides, world, aside=True)
    spare = f"; using those of {datetime.fromtimestamp(asked_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC" if asked_ms else ""
    backoff = Backoff(world.rng, base_s=10.0, cap_s=300.0)
    before = ""
    while True:
        now = world.clock.now()
        question = Question(venue, wanted, rest_url, now.wall_ms, world.hosts.bans(now.mono_ms))
        doubt.clear()
        say(venue, "dialling", f"asking {venue} for its contracts{before}", world)
        try:
            facts = await ask_patiently(question, spare, world)
        except NoFacts as error:
            facts = Facts(venue, failures=[Failure("all", str(error))])
        if facts.instruments:
            cache.keep(facts)
        world.hosts.heed(facts.bans, world.clock.now().mono_ms)
        tell(facts, symbols, world)
        tell(facts, asides, world, aside=True)
        if facts.instruments and answered is not None:
            answered.set()
        reasons = dict.fromkeys(failure.reason for failure in facts.failures if failure.symbol is None)
        if reasons:
            wait_s = max(backoff.next_s(), *(failure.wait_s for failure in facts.failures))
            before = f"; last time: {'; '.join(reasons)}{spare}"
            say(venue, "backing_off", "; ".join(reasons) + spare, world, wait_s)
        else:
            wait_s = DAY_S
            spare = before = ""
            backoff.reset()
            say(venue, "live", "", world)
        await wait(wait_s, doubt, world, AGAIN_S)


def tell(facts: Facts, symbols: Sequence[str], world: World, *, aside: bool = False) -> int:
    """Emit what is known of the wanted symbols; when the oldest of it was asked, 0 where there is nothing.

    What the venue does not list is said too, except of those that are asked `aside`."""
    updates: list[Instrument | Tiers] = [*facts.instruments, *facts.tiers]
    updates = [each for each in updates if each.symbol in symbols]
    for each in updates:
        world.emit(each)
    now_ms = world.clock.now().mono_ms
    for failure in facts.failures:
        if failure.symbol is not None and failure.symbol in symbols and not aside:
            state = SymbolState(f"{facts.venue}-facts", failure.symbol, "quarantined", failure.reason, now_ms)
            world.emit(state)
    return min((each.at_ms for each in updates), default=0)


def say(venue: str, state: FeedStatus, reason: str, world: World, wait_s: float | None = None) -> None:
    now_ms = world.clock.now().mono_ms
    retry_ms = None if wait_s is None else now_ms + round(wait_s * 1000)
    world.emit(FeedState(f"{venue}-facts", state, reason, now_ms, retry_mono_ms=retry_ms))


async def ask_patiently(question: Question, spare: str, world: World) -> Facts:
    """The answer of the process; while it takes long, the state says so. Raises NoFacts."""

    def waiting() -> None:
        reason = f"no answer from {question.venue} yet, after {PATIENCE_S:.0f} s{spare}"
        say(question.venue, "dialling", reason, world)

    return await patiently(ask(question), question.venue, waiting, PATIENCE_S)


async def ask(question: Question) -> Facts:
    """Run the process once. Raises NoFacts."""
    return await put(question, Facts)
