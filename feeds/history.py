"""What a venue's markets did before: daily and hourly candles and settled funding, asked of ccxt, kept on disk.

Contract facts come first; history is asked once the venue has given those, and never holds anything up. Candles are
asked anew each day, settlements a little after each full hour, which is when venues settle.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from feeds.helper import PATIENCE_S, Failure, NoFacts, patiently, put
from feeds.metadata import PAIR_KINDS, CandleKind, metadata_of
from feeds.pacing import Backoff
from feeds.shelf import Shelf
from feeds.stream import World
from feeds.venue import perpetual_parts
from hedge.market import Candles, FeedState, FeedStatus, Settlement, Settlements

SCHEMA: Final = "hedgetui.history/1"
DAYS = 90
HOURS = 168
SETTLED_DAYS = 30
KEPT_DAYS = 100
"""How far back settlements are remembered once they are known."""
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
CANDLES_SETTLE_MS = 120_000
"""How long after its end a candle is taken to be final."""
STAMP_SETTLES_MS = 90_000
"""How long after a stamp its settlement is taken to be published."""
SYMBOLS_AT_ONCE = 10
"""In one run of the process, so that what is known soon is told soon."""
LOOK_S = 300.0
"""At least this often it is looked whether something is due: a machine that slept is late no longer."""


class HistoryQuestion(Struct, tag="history"):
    """What the process reads on its standard input."""

    venue: str
    natives: dict[str, str]
    """The venue's own ids by unified symbol, perpetuals and spot pairs."""
    candles: list[str]
    """Symbols whose candles are wanted."""
    settlements: dict[str, int]
    """Perpetuals whose settlements are wanted, and from when on (UTC ms)."""
    rest_url: str | None = None
    now_ms: int = 0
    bans: dict[str, int] = field(default_factory=dict)
    """Hosts that asked us to stay away, and for how many milliseconds more."""


class History(Struct):
    """What the process prints, and what the cache holds."""

    venue: str
    candles: list[Candles] = field(default_factory=list)
    settlements: list[Settlements] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    bans: dict[str, int] = field(default_factory=dict)
    """What the hosts asked of us meanwhile."""
    rest_url: str | None = None
    schema: str = SCHEMA


class Kept:
    """The history of a venue: in memory, and on disk over the end of the program."""

    def __init__(self, folder: str | None, venue: str, rest_url: str | None) -> None:
        self._venue = venue
        self._shelf = Shelf(folder, "history", History(venue, rest_url=rest_url))
        found = self._shelf.load()
        self.candles = {(each.symbol, each.kind, each.hours): each for each in found.candles}
        self.settlements = {each.symbol: each for each in found.settlements}

    def take(self, fresh: History, now_ms: int) -> list[Candles | Settlements]:
        """Keep an answer, and return what is known of its markets now. An empty answer takes nothing away."""
        told: list[Candles | Settlements] = []
        for each in fresh.candles:
            key = each.symbol, each.kind, each.hours
            before = self.candles.get(key)
            if each.reason and before is not None and before.candles:
                each = replace(before, at_ms=each.at_ms)
            self.candles[key] = each
            told.append(each)
        for known in fresh.settlements:
            joined = self.settlements[known.symbol] = join(self.settlements.get(known.symbol), known, now_ms)
            told.append(joined)
        return told

    def save(self) -> None:
        value = replace(
            self._shelf.empty, candles=list(self.candles.values()), settlements=list(self.settlements.values())
        )
        self._shelf.keep(value)

    def of(self, symbols: Mapping[str, str]) -> list[Candles | Settlements]:
        """What is known of these markets."""
        everything: list[Candles | Settlements] = [*self.candles.values(), *self.settlements.values()]
        return [each for each in everything if each.symbol in symbols]

    def due(self, natives: Mapping[str, str], now_ms: int) -> tuple[list[str], dict[str, int]]:
        """Symbols whose candles are of an earlier day, and perpetuals with a full hour since they were asked."""
        days = [symbol for symbol in natives if self._candles_due(symbol, now_ms)]
        stamps = {
            symbol: self._since(symbol, now_ms)
            for symbol in natives
            if perpetual_parts(symbol) is not None and self._settlements_due(symbol, now_ms)
        }
        return days, stamps

    def _candles_due(self, symbol: str, now_ms: int) -> bool:
        asked = [self.candles.get((symbol, *kind)) for kind in kinds_of(self._venue, symbol)]
        return any(each is None or later(each.at_ms, now_ms, DAY_MS, CANDLES_SETTLE_MS) for each in asked)

    def _settlements_due(self, symbol: str, now_ms: int) -> bool:
        asked = self.settlements.get(symbol)
        return asked is None or later(asked.at_ms, now_ms, HOUR_MS, STAMP_SETTLES_MS)

    def _since(self, symbol: str, now_ms: int) -> int:
        """From when on settlements are missing; a day more than that, should some have come late."""
        earliest, known = now_ms - SETTLED_DAYS * DAY_MS, self.settlements.get(symbol)
        if known is None or known.since_ms > earliest or not known.settlements:
            return earliest
        return max(earliest, known.settlements[-1].at_ms - DAY_MS)


def kinds_of(venue: str, symbol: str) -> tuple[CandleKind, ...]:
    """Which candles are asked of a market."""
    return PAIR_KINDS if perpetual_parts(symbol) is None else metadata_of(venue).candles


def later(asked_ms: int, now_ms: int, width_ms: int, settles_ms: int) -> bool:
    """Whether a day or an hour has ended, and settled, since the venue was asked. A clock set back asks again."""
    return (now_ms - settles_ms) // width_ms > (asked_ms - settles_ms) // width_ms or asked_ms > now_ms + width_ms


def join(before: Settlements | None, fresh: Settlements, now_ms: int) -> Settlements:
    """Settlements of an earlier answer and of a new one; complete since the first where nothing lies between them."""
    if before is None or not before.settlements:
        return fresh
    if fresh.reason:
        return replace(before, at_ms=fresh.at_ms)
    gapless = fresh.since_ms <= before.at_ms
    earliest = now_ms - KEPT_DAYS * DAY_MS
    known: dict[int, Settlement] = {}
    for each in (*(before.settlements if gapless else ()), *fresh.settlements):
        if each.at_ms >= earliest:
            known[each.at_ms] = each
    since_ms = max(earliest, min(before.since_ms, fresh.since_ms)) if gapless else fresh.since_ms
    return replace(fresh, settlements=tuple(known[at] for at in sorted(known)), since_ms=since_ms)


async def watch_history(
    venue: str,
    natives: Mapping[str, str],
    rest_url: str | None,
    cache_dir: str | None,
    world: World,
    facts: asyncio.Event | None = None,
) -> None:
    """Emit Candles and Settlements of `natives` (unified to native): from the cache at once, from the venue after it
    has given its contracts (`facts`), then as days and hours end.
    """
    kept = Kept(cache_dir, venue, rest_url)
    for each in kept.of(natives):
        world.emit(each)
    if facts is not None:
        say(venue, "idle", f"waits for the contracts of {venue}", world)
        await facts.wait()
    backoff = Backoff(world.rng, base_s=10.0, cap_s=LOOK_S)
    delay_ms = round(world.rng.random() * STAMP_SETTLES_MS)  # so that not everybody asks in one second
    while True:
        failures = await refresh(venue, natives, rest_url, kept, world, delay_ms)
        wait_s = max(backoff.next_s(), *(failure.wait_s for failure in failures)) if failures else LOOK_S
        if failures:
            reasons = dict.fromkeys(failure.reason for failure in failures)
            say(venue, "backing_off", "; ".join(reasons) + spare(kept, natives), world, wait_s)
        else:
            backoff.reset()
            say(venue, "live", "", world)
            wait_s = min(wait_s, until_next_s(world.clock.now().wall_ms, delay_ms))
        await world.sleep(wait_s)


async def refresh(
    venue: str, natives: Mapping[str, str], rest_url: str | None, kept: Kept, world: World, delay_ms: int
) -> list[Failure]:
    """Ask for everything that is due; what could not be had."""
    now_ms = world.clock.now().wall_ms
    days, stamps = kept.due(natives, now_ms - delay_ms)
    wanted = [symbol for symbol in natives if symbol in days or symbol in stamps]
    for start in range(0, len(wanted), SYMBOLS_AT_ONCE):
        part = wanted[start : start + SYMBOLS_AT_ONCE]
        question = HistoryQuestion(
            venue,
            {symbol: natives[symbol] for symbol in part},
            [symbol for symbol in part if symbol in days],
            {symbol: since for symbol, since in stamps.items() if symbol in part},
            rest_url,
            now_ms,
            world.hosts.bans(world.clock.now().mono_ms),
        )
        if start == 0:
            say(venue, "dialling", f"asking {venue} for its history", world)
        try:
            found = await ask_patiently(question, world)
        except NoFacts as error:
            return [Failure("all", str(error))]
        world.hosts.heed(found.bans, world.clock.now().mono_ms)
        for each in kept.take(found, now_ms):
            world.emit(each)
        await asyncio.to_thread(kept.save)
        if found.failures:
            return found.failures
    return []


def until_next_s(now_ms: int, delay_ms: int) -> float:
    """Seconds until settlements of the next full hour are due."""
    settles_ms = STAMP_SETTLES_MS + delay_ms
    return (HOUR_MS - (now_ms - settles_ms) % HOUR_MS) / 1000


def spare(kept: Kept, natives: Mapping[str, str]) -> str:
    """From when what is shown meanwhile is."""
    asked_ms = min((each.at_ms for each in kept.of(natives)), default=0)
    return f"; using that of {datetime.fromtimestamp(asked_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC" if asked_ms else ""


def say(venue: str, state: FeedStatus, reason: str, world: World, wait_s: float | None = None) -> None:
    now_ms = world.clock.now().mono_ms
    retry_ms = None if wait_s is None else now_ms + round(wait_s * 1000)
    world.emit(FeedState(f"{venue}-history", state, reason, now_ms, retry_mono_ms=retry_ms))


async def ask_patiently(question: HistoryQuestion, world: World) -> History:
    """The answer of the process; while it takes long, the state says so. Raises NoFacts."""

    def waiting() -> None:
        reason = f"no history from {question.venue} yet, after {PATIENCE_S:.0f} s"
        say(question.venue, "dialling", reason, world)

    return await patiently(ask(question), question.venue, waiting, PATIENCE_S)


async def ask(question: HistoryQuestion) -> History:
    """Run the process once. Raises NoFacts."""
    return await put(question, History)
