"""Waiting that may be cut short."""

from __future__ import annotations

import asyncio

from feeds.world import World


async def wait(seconds: float, doubt: asyncio.Event, world: World, soon_s: float) -> None:
    """Until the time has passed, or `doubt` is set; but `soon_s` at least, so that many doubts are one."""
    soon_s = min(soon_s, seconds)
    await world.sleep(soon_s)
    async with asyncio.TaskGroup() as group:
        nap = group.create_task(_nap(seconds - soon_s, world))
        waiting = group.create_task(doubt.wait())
        await asyncio.wait({nap, waiting}, return_when=asyncio.FIRST_COMPLETED)
        nap.cancel()
        waiting.cancel()


async def _nap(seconds: float, world: World) -> None:
    await world.sleep(seconds)
