"""Contract facts of a venue: instruments and maintenance tiers, asked of ccxt in a one-shot process, kept on disk.

ccxt is slow to import and heavy to hold, so it lives and dies in `python -m feeds.ccxt_facts`; the answer of the last
run is used at once on the next start, and asked again in the background.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from feeds.clean import FeedError, clean
from feeds.pacing import Backoff
from feeds.stream import World
from hedge.market import FeedState, FeedStatus, Instrument, SymbolState, Tiers

LOG = logging.getLogger("hedgetui.feeds")

SCHEMA: Final = "hedgetui.facts/1"
DAY_S = 86_400.0
PATIENCE_S = 8.0
"""Without an answer for this long, the state says that it is still waiting."""
TIMEOUT_S = 90.0
MAX_ANSWER = 2**24
ROOT = str(Path(__file__).resolve().parent.parent)
"""Where this very program was imported from; the process gets the same one."""
CLASSES = {"binance": ["binanceusdm"], "bybit": ["bybit"]}
"""The ccxt classes that know a venue's contracts."""


class Question(Struct):
    """What the process reads on its standard input."""

    venue: str
    classes: list[str]
    symbols: list[str]
    """Unified symbols of perpetuals."""
    rest_url: str | None = None
    """HTTP base in place of the venue's own."""
    now_ms: int = 0
    """Wall time, since the process has no clock of its own."""


class Failure(Struct):
    """One part of the question that brought no answer."""

    part: str
    reason: str
    symbol: str | None = None
    """Where it concerns one symbol alone: the venue does not list it."""


class Facts(Struct):
    """What the process prints, and what the cache holds."""

    venue: str
    instruments: list[Instrument] = field(default_factory=list)
    tiers: list[Tiers] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    rest_url: str | None = None
    schema: str = SCHEMA


class NoFacts(FeedError):
    """The process brought no answer at all."""


class Cache:
    """One file of facts a venue, for its owner's eyes, replaced as a whole."""

    def __init__(self, folder: str | None, venue: str, rest_url: str | None) -> None:
        self._path = None if folder is None else Path(folder) / f"facts-{venue}.json"
        self._rest_url = rest_url
        self._empty = Facts(venue, rest_url=rest_url)

    def load(self) -> Facts:
        """What was kept; empty where nothing was, or nothing readable, or from another address."""
        if self._path is None or not self._path.exists():
            return self._empty
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=Facts)
        except (OSError, ValueError, RecursionError) as error:
            LOG.warning("facts cache %s not used: %s", self._path, clean(str(error), 120))
            return self._empty
        usable = found.schema == SCHEMA and found.rest_url == self._rest_url and found.venue == self._empty.venue
        return found if usable else self._empty

    def keep(self, fresh: Facts) -> None:
        """Keep new facts over old ones of the same symbols. A full or read-only disk costs the cache, nothing else."""
        if self._path is None:
            return
        old = self.load()
        instruments = {each.symbol: each for each in [*old.instruments, *fresh.instruments]}
        tiers = {each.symbol: each for each in [*old.tiers, *fresh.tiers]}
        kept = replace(self._empty, instruments=list(instruments.values()), tiers=list(tiers.values()))
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = self._path.with_suffix(f".{os.getpid()}.part")
            part.touch(mode=0o600)
            part.write_bytes(msgspec.json.format(msgspec.json.encode(kept)))
            part.replace(self._path)
        except OSError as error:
            LOG.warning("facts cache %s not written: %s", self._path, error)


async def watch_facts(
    venue: str, symbols: Sequence[str], rest_url: str | None, cache_dir: str | None, world: World
) -> None:
    """Emit Instrument and Tiers of `symbols`: from the cache at once, from the venue soon and then daily."""
    cache = Cache(cache_dir, venue, rest_url)
    kept = cache.load()
    asked_ms = tell(kept, symbols, world)
    spare = f"; using those of {datetime.fromtimestamp(asked_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC" if asked_ms else ""
    backoff = Backoff(world.rng, base_s=10.0, cap_s=300.0)
    before = ""
    while True:
        question = Question(venue, CLASSES[venue], list(symbols), rest_url, world.clock.now().wall_ms)
        say(venue, "dialling", f"asking {venue} for its contracts{before}", world)
        try:
            facts = await ask_patiently(question, spare, world)
        except NoFacts as error:
            facts = Facts(venue, failures=[Failure("all", str(error))])
        if facts.instruments:
            cache.keep(facts)
        tell(facts, symbols, world)
        reasons = dict.fromkeys(failure.reason for failure in facts.failures if failure.symbol is None)
        if reasons:
            wait_s = backoff.next_s()
            before = f"; last time: {'; '.join(reasons)}{spare}"
            say(venue, "backing_off", "; ".join(reasons) + spare, world, wait_s)
        else:
            wait_s = DAY_S
            spare = before = ""
            backoff.reset()
            say(venue, "live", "", world)
        await world.sleep(wait_s)


def tell(facts: Facts, symbols: Sequence[str], world: World) -> int:
    """Emit what is known of the wanted symbols; when the oldest of it was asked, 0 where there is nothing."""
    updates: list[Instrument | Tiers] = [*facts.instruments, *facts.tiers]
    updates = [each for each in updates if each.symbol in symbols]
    for each in updates:
        world.emit(each)
    now_ms = world.clock.now().mono_ms
    for failure in facts.failures:
        if failure.symbol is not None:
            state = SymbolState(f"{facts.venue}-facts", failure.symbol, "quarantined", failure.reason, now_ms)
            world.emit(state)
    return min((each.at_ms for each in updates), default=0)


def say(venue: str, state: FeedStatus, reason: str, world: World, wait_s: float | None = None) -> None:
    now_ms = world.clock.now().mono_ms
    retry_ms = None if wait_s is None else now_ms + round(wait_s * 1000)
    world.emit(FeedState(f"{venue}-facts", state, reason, now_ms, retry_mono_ms=retry_ms))


async def ask_patiently(question: Question, spare: str, world: World) -> Facts:
    """The answer of the process; while it takes long, the state says so. Raises NoFacts."""
    async with asyncio.TaskGroup() as group:
        answer = group.create_task(settled(question), name=f"{question.venue} facts")
        await asyncio.wait({answer}, timeout=PATIENCE_S)
        if not answer.done():
            reason = f"no answer from {question.venue} yet, after {PATIENCE_S:.0f} s{spare}"
            say(question.venue, "dialling", reason, world)
    found = answer.result()
    if isinstance(found, NoFacts):
        raise found
    return found


async def settled(question: Question) -> Facts | NoFacts:
    """The answer, or its failure as a value, so that a task group around it stays whole."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await ask(question)
    except TimeoutError:
        return NoFacts(f"no answer from {question.venue} in {TIMEOUT_S:.0f} s")
    except NoFacts as error:
        return error


async def ask(question: Question) -> Facts:
    """Run the process once. Raises NoFacts. However this ends, the process is gone afterwards."""
    paths = [ROOT, *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "feeds.ccxt_facts"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            limit=MAX_ANSWER,
            start_new_session=True,
        )
    except OSError as error:
        raise NoFacts(f"the facts process did not start: {clean(str(error), 120)}") from None
    try:
        return await converse(process, question)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def converse(process: asyncio.subprocess.Process, question: Question) -> Facts:
    """Write the question, read one line, without waiting for the process to end. Raises NoFacts."""
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise NoFacts("the facts process has no pipes")
    errors = asyncio.create_task(process.stderr.read(), name="facts errors")
    try:
        process.stdin.write(msgspec.json.encode(question) + b"\n")
        await process.stdin.drain()
        return msgspec.json.decode(await process.stdout.readline(), type=Facts)
    except (OSError, ValueError, RecursionError) as error:
        await asyncio.wait({errors}, timeout=1)
        lines = errors.result().decode(errors="replace").strip().splitlines() if errors.done() else []
        words = clean(lines[-1] if lines else str(error), 120)
        raise NoFacts(f"the facts process failed: {words}") from None
    finally:
        errors.cancel()
