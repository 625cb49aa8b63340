"""A monitor that plays hand-written snapshots and keeps every request."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from decimal import Decimal as D

from msgspec.structs import replace

from hedge.snapshot import Snapshot
from monitor.messages import (
    Acknowledge,
    Answer,
    Done,
    History,
    MonitorLost,
    Points,
    Request,
    Shelve,
    WatcherCount,
    Watchers,
)


def past(seconds: int = 86_400, count: int = 289, last: float = 0.0981) -> Points:
    """A day that goes down to the last value."""
    ages = tuple(seconds * (1 - index / (count - 1)) for index in range(count))
    values = tuple(
        D(f"{0.285 + 0.008 * math.sin(index / 14) - (0.285 - last) * (index / (count - 1)) ** 3:.4f}")
        for index in range(count)
    )
    return Points(ages, values)


class FakeMonitor:
    """Plays snapshots one after the other, then holds the last; keeps every request that came."""

    def __init__(self, *snapshots: Snapshot, count: int = 1, answer: Answer | None = None) -> None:
        self.requests: list[Request] = []
        self.closed = False
        self.count = count
        self.answer = answer
        self.shelf: Answer = Done("Shelved.")
        self._queue: asyncio.Queue[Snapshot | MonitorLost] = asyncio.Queue()
        for snapshot in snapshots:
            self._queue.put_nowait(snapshot)

    def send(self, snapshot: Snapshot | MonitorLost) -> None:
        """One more snapshot, or the end."""
        self._queue.put_nowait(snapshot)

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        while True:
            item = await self._queue.get()
            if isinstance(item, MonitorLost):
                raise item
            yield item

    async def request(self, request: Request) -> Answer:
        self.requests.append(request)
        if isinstance(request, Watchers):
            return WatcherCount(self.count)
        if isinstance(request, History):
            if request.path.endswith("basis_pct"):
                return replace(past(), values=tuple(value / 250 for value in past().values))
            return past(last=0.0981 if "SOL" in request.path else 0.389)
        if isinstance(request, Shelve):
            return self.shelf
        if isinstance(request, Acknowledge) and self.answer is not None:
            return self.answer
        return Done("acknowledged")

    async def close(self) -> None:
        self.closed = True
