"""The one-shot process that holds ccxt: a question goes in as a line of JSON, its answer comes out as one, the end.

ccxt is slow to import and heavy to hold, so it lives and dies in `python -m feeds.ccxt_facts`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from feeds.clean import FeedError, clean

PATIENCE_S = 8.0
"""Without an answer for this long, the state says that it is still waiting."""
TIMEOUT_S = 90.0
MAX_ANSWER = 2**24
ROOT = str(Path(__file__).resolve().parent.parent)
"""Where this very program was imported from; the process gets the same one."""

T = TypeVar("T", bound=Struct)


class NoFacts(FeedError):
    """The process brought no answer at all."""


class Failure(Struct):
    """One part of the question that brought no answer."""

    part: str
    reason: str
    symbol: str | None = None
    """Where it concerns one symbol alone: the venue does not list it."""
    wait_s: float = 0.0
    """How long to stay away at least."""


async def patiently(answer: Awaitable[T], venue: str, on_wait: Callable[[], None], patience_s: float) -> T:
    """The answer of the process; `on_wait` is called where it takes long. Raises NoFacts."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_settled(answer, venue), name=f"{venue} helper")
        await asyncio.wait({task}, timeout=patience_s)
        if not task.done():
            on_wait()
    found = task.result()
    if isinstance(found, NoFacts):
        raise found
    return found


async def _settled(answer: Awaitable[T], venue: str) -> T | NoFacts:
    """The answer, or its failure as a value, so that a task group around it stays whole."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await answer
    except TimeoutError:
        return NoFacts(f"no answer from {venue} in {TIMEOUT_S:.0f} s")
    except NoFacts as error:
        return error


def environment() -> dict[str, str]:
    """In which a child process finds this very program."""
    paths = [ROOT, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


async def begun(starting: Coroutine[None, None, asyncio.subprocess.Process]) -> asyncio.subprocess.Process:
    """A process, once it runs. Who is cancelled meanwhile leaves none behind: half begun, asyncio would lose it.

    Raises OSError."""
    task = asyncio.create_task(starting, name="start of a process")
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            process = await task
            process.kill()
            await process.wait()
        raise


async def put(question: Struct, kind: type[T]) -> T:
    """Run the process once. Raises NoFacts. However this ends, the process is gone afterwards."""
    try:
        process = await begun(
            asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "feeds.ccxt_facts"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environment(),
                limit=MAX_ANSWER,
                start_new_session=True,
            )
        )
    except OSError as error:
        raise NoFacts(f"the facts process did not start: {clean(str(error), 120)}") from None
    try:
        return await _converse(process, question, kind)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _converse(process: asyncio.subprocess.Process, question: Struct, kind: type[T]) -> T:
    """Write the question, read one line, without waiting for the process to end. Raises NoFacts."""
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise NoFacts("the facts process has no pipes")
    errors = asyncio.create_task(process.stderr.read(), name="facts errors")
    try:
        process.stdin.write(msgspec.json.encode(question) + b"\n")
        await process.stdin.drain()
        return msgspec.json.decode(await process.stdout.readline(), type=kind)
    except (OSError, ValueError, RecursionError) as error:
        await asyncio.wait({errors}, timeout=1)
        lines = errors.result().decode(errors="replace").strip().splitlines() if errors.done() else []
        words = clean(lines[-1] if lines else str(error), 120)
        raise NoFacts(f"the facts process failed: {words}") from None
    finally:
        errors.cancel()
