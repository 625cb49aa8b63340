"""A monitor that may still be starting: the first snapshot is there at once, so the first frame waits for nobody."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

from hedge.snapshot import Snapshot
from monitor.link import Client
from monitor.messages import Answer, MonitorLost, Request

REJOIN_TRIES = 5
REJOIN_PAUSE_S = 0.2


class Joining:
    """Implements `monitor.messages.Monitor` around a link that is being made.

    `starting` makes what is painted until then, each second anew; `join` waits for the monitor and returns the link;
    `rejoin` is tried where a link breaks, because a viewer that was stopped for a minute is dropped by a monitor that
    lives on; `leave` is called once at the end.
    """

    def __init__(
        self,
        starting: Callable[[], Snapshot],
        join: Callable[[], Awaitable[Client]],
        rejoin: Callable[[], Awaitable[Client]],
        leave: Callable[[], None] = lambda: None,
    ) -> None:
        self._starting = starting
        self._join = join
        self._rejoin = rejoin
        self._leave = leave
        self._client: Client | None = None
        self._first: asyncio.Task[Client] | None = None

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        yield self._starting()
        linking = asyncio.ensure_future(self._linked())
        while not (await asyncio.wait({linking}, timeout=1.0))[0]:
            yield self._starting()
        client = await linking
        while True:
            try:
                async for snapshot in client.snapshots():
                    yield snapshot
            except MonitorLost as lost:
                client = await self._again(client, lost)

    async def request(self, request: Request) -> Answer:
        return await (await self._linked()).request(request)

    async def close(self) -> None:
        if self._first is not None and not self._first.done():
            self._first.cancel()
            await asyncio.gather(self._first, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
        self._leave()

    async def _linked(self) -> Client:
        """The link; made once, whoever asks first."""
        if self._client is not None:
            return self._client
        if self._first is None:
            self._first = asyncio.ensure_future(self._join())
        self._client = await asyncio.shield(self._first)
        return self._client

    async def _again(self, old: Client, lost: MonitorLost) -> Client:
        """A new link to a monitor that lives on, or the old one's reason. A goodbye is the monitor's end: no retry."""
        await old.close()
        if not old.dismissed:
            for _ in range(REJOIN_TRIES):
                with contextlib.suppress(MonitorLost):
                    self._client = await self._rejoin()
                    return self._client
                await asyncio.sleep(REJOIN_PAUSE_S)
        raise lost


def iso(wall_ms: int) -> str:
    """ISO-8601 UTC with milliseconds."""
    return datetime.fromtimestamp(wall_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
