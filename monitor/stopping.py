"""`hedgetui stop`: end a running monitor, also one of another version."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from monitor.launch import listens, running
from monitor.link import WrongVersion, connect
from monitor.messages import MonitorLost, Stop
from monitor.place import Place, all_places, is_locked

STOP_LIMIT_S = 10.0


class StopFailed(Exception):
    """Which monitor is meant is not clear, or it did not end; the text is a sentence for the user."""


def stop_monitor(portfolio: Path | None, env: Mapping[str, str]) -> str:
    """End the monitor of `portfolio`, or the only one that runs; returns what to tell the user. Raises StopFailed."""
    if portfolio is not None:
        place = running(portfolio, env)
        if place is None:
            return f"No monitor watches {portfolio}."
    else:
        places = [place for place in all_places(env) if listens(place)]
        if not places:
            return "No monitor is running."
        if len(places) > 1:
            watched = "\n".join(f"  {asyncio.run(_watched(place))}" for place in places)
            raise StopFailed(f"{len(places)} monitors are running; name the portfolio of one:\n{watched}")
        place = places[0]
    return asyncio.run(_stop(place))


async def _watched(place: Place) -> str:
    """The portfolio that the monitor at `place` watches."""
    try:
        client = await connect(place.sock)
    except WrongVersion as other:
        return other.hello.path
    except MonitorLost as lost:
        return f"{place.folder}: {lost}"
    await client.close()
    return client.hello.path


async def _stop(place: Place) -> str:
    """Ask it to stop, and wait until its lock is free."""
    try:
        client = await connect(place.sock)
    except WrongVersion as other:
        path = other.hello.path
        os.kill(other.hello.pid, signal.SIGTERM)
    except MonitorLost as lost:
        raise StopFailed(str(lost)) from lost
    else:
        path = client.hello.path
        with contextlib.suppress(MonitorLost, TimeoutError):
            async with asyncio.timeout(STOP_LIMIT_S):
                await client.request(Stop())
        await client.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STOP_LIMIT_S):
            while is_locked(place):  # noqa: ASYNC110 a lock that another process drops has no event
                await asyncio.sleep(0.02)
            return f"The monitor of {path} has stopped. Nothing is watched now."
    raise StopFailed(f"The monitor of {path} was asked to stop and is still there; its log is {place.log}")
