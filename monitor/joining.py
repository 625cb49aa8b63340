"""A monitor that may still be starting: the first snapshot is there at once, so the first frame waits for nobody."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from hedge.snapshot import Snapshot
from monitor.link import Client
from monitor.messages import Answer, MonitorLost, Request

REJOIN_TRIES = 5
REJOIN_PAUSE_S = 0.2
SAY_AGAIN_S = 1.0


class Way(Protocol):
    """A way to one monitor that runs or is being started."""

    async def join(self) -> Client:
        """Wait until it listens, and join. Raises MonitorLost with a reason."""
        ...

    async def rejoin(self) -> Client:
        """Join again without waiting. Raises MonitorLost."""
        ...

    def leave(self) -> None:
        """Nobody here looks any more."""
        ...


class Joining:
    """Implements `monitor.messages.Monitor` around a link that is being made.

    `starting` makes what is painted until then, each second anew. A link that breaks is made again, because a viewer
    that was stopped for a minute is dropped by a monitor that lives on; a monitor that is gone is lost, and only a new
    call of `snapshots` looks for another.
    """

    def __init__(self, starting: Callable[[], Snapshot], way: Way, another: Callable[[], Way]) -> None:
        self._starting = starting
        self._way = way
        self._another = another
        self._linking: asyncio.Task[Client] | None = None
        self._gone = False

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        if self._gone:
            self._way.leave()
            self._way = self._another()
            self._gone = False
        yield self._starting()
        try:
            linking = self._link()
            while not (await asyncio.wait({linking}, timeout=SAY_AGAIN_S))[0]:
                yield self._starting()
            client = await linking
            while True:
                try:
                    async for snapshot in client.snapshots():
                        yield snapshot
                except MonitorLost as lost:
                    client = await self._again(client, lost)
        except MonitorLost:
            self._gone = True
            self._linking = None
            raise

    async def request(self, request: Request) -> Answer:
        if self._gone:
            raise MonitorLost("no monitor is running")
        client = await asyncio.shield(self._link())
        return await client.request(request)

    async def close(self) -> None:
        linking, self._linking = self._linking, None
        self._gone = True
        if linking is not None:
            linking.cancel()
            await asyncio.gather(linking, return_exceptions=True)
            if not linking.cancelled() and linking.exception() is None:
                await linking.result().close()
        self._way.leave()

    def _link(self) -> asyncio.Task[Client]:
        """The link, made once, whoever asks first."""
        if self._linking is None:
            self._linking = asyncio.create_task(self._way.join(), name="joining")
        return self._linking

    async def _again(self, old: Client, lost: MonitorLost) -> Client:
        """A new link to a monitor that lives on, or the old one's reason. A goodbye is the monitor's end: no retry."""
        await old.close()
        if not old.dismissed:
            for _ in range(REJOIN_TRIES):
                with contextlib.suppress(MonitorLost):
                    client = await self._way.rejoin()
                    self._linking = asyncio.create_task(_made(client), name="rejoined")
                    return client
                await asyncio.sleep(REJOIN_PAUSE_S)
        raise lost


async def _made(client: Client) -> Client:
    return client
