"""Tasks by name, each within bounds: what breaks in one feed stays in it, and what is not wanted any more ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct

from feeds.trouble import leaves
from feeds.world import World
from hedge.market import FeedState, Unread

LOG = logging.getLogger("hedgetui.feeds")

RESTARTS = 3
RESTART_S = 10.0
"""After a fault of the program in one feed; the network's faults are the feed's own business."""

Work = Callable[[], Awaitable[None]]


class Job(Struct, frozen=True):
    """Something that runs for ever, under the id it reports by."""

    id: str
    about: object
    """What it was told to do: where that changes, it starts anew."""
    work: Work


class Jobs:
    """The running jobs of one session."""

    def __init__(self, group: asyncio.TaskGroup, world: World) -> None:
        self._group = group
        self._world = world
        self._running: dict[str, tuple[Job, asyncio.Task[None]]] = {}
        self._let_go: set[asyncio.Task[None]] = set()
        self._closed = False

    def keep(self, wanted: Mapping[str, Job]) -> None:
        """Run exactly these, by key. One that already does the same thing is left alone; what one said of itself that
        nobody wants any more does not count.
        """
        for key, (job, task) in list(self._running.items()):
            if key not in wanted or wanted[key].about != job.about:
                del self._running[key]
                self.end(task)
                if key not in wanted:
                    self._world.emit(Unread(job.id))
        for key, job in wanted.items():
            if key not in self._running:
                self._running[key] = (job, self.start(job.id, job.work))

    def start(self, name: str, work: Work) -> asyncio.Task[None]:
        """Run one more, for whoever asks to look after."""
        task = self._group.create_task(contained(name, work, self._world), name=f"feed {name}")
        task.add_done_callback(self._look_after)
        return task

    def end(self, task: asyncio.Task[None]) -> None:
        """Nobody wants it any more."""
        self._let_go.add(task)
        task.cancel()

    def close(self) -> None:
        """All end now."""
        self._closed = True

    def _look_after(self, task: asyncio.Task[None]) -> None:
        """A feed that was cancelled by nobody's wish would leave its last values on the screen: that ends them all."""
        if task.cancelled() and task not in self._let_go and not self._closed:
            self._group.create_task(broke(f"{task.get_name()} was cancelled"))
        self._let_go.discard(task)


async def broke(words: str) -> None:
    raise RuntimeError(words)


async def contained(name: str, work: Work, world: World) -> None:
    """Run one feed. A fault of the program in it is logged and shown, takes no other feed along, and ends the feed
    only when it comes back after every restart.
    """
    for restarts_left in range(RESTARTS, -1, -1):
        try:
            return await work()
        except Exception as error:
            LOG.exception("%s ended by a fault of the program", name)
            kind = type(next(leaves(error))).__name__
            reason, now_ms = f"ended by a fault of the program: {kind}", world.clock.now().mono_ms
        if not restarts_left:
            world.emit(FeedState(name, "blocked", reason, now_ms))
            return
        retry_ms = now_ms + round(RESTART_S * 1000)
        world.emit(FeedState(name, "backing_off", reason, now_ms, retry_mono_ms=retry_ms))
        await world.sleep(RESTART_S)
