"""One question to a monitor, once there is enough data to answer it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from hedge.snapshot import Snapshot
from monitor.messages import (
    Advised,
    Answer,
    Climb,
    Explain,
    Explained,
    Monitor,
    MonitorLost,
    Question,
    Rebased,
    Tickets,
    WhatIf,
)
from monitor.reaching import reached
from monitor.status import until_complete

ANSWER_S = 120.0
"""Longer than a ladder of the largest book takes."""
ASK_AGAIN_S = 0.5
PENDING_S = 6.0
"""How long a crossed limit may take to be an alert: the longest delay of a rule, and a little."""
BUSY = ("idle", "dialling")
"""States of a source of facts or of history that has not answered yet."""
CRASH = "crash"

T = TypeVar("T")


class Reply(NamedTuple):
    """An answer, and what was known when it was given."""

    answer: Answer
    snapshot: Snapshot


def ask(path: Path | None, env: Mapping[str, str], wait_s: float, question: Question | Rebased) -> Reply:
    """The answer of the monitor of `path` (None: of a demo), with all data or after `wait_s` seconds without.

    Raises MonitorLost, and as `reached` does."""

    async def asked() -> Reply:
        async with reached(path, env) as monitor:
            return await answered(monitor, question, wait_s)

    return asyncio.run(asked())


async def answered(monitor: Monitor, question: Question | Rebased, wait_s: float) -> Reply:
    """Ask once every held symbol has data; again while the answer may still gain by what is to come.

    Raises MonitorLost, also for a monitor that hangs."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    snapshots = monitor.snapshots()
    snapshot = await until_complete(snapshots, wait_s)
    answer = await in_time(monitor.request(question))
    if isinstance(question, Tickets):
        deadline = min(deadline, loop.time() + PENDING_S)
    while gains(question, answer, snapshot) and loop.time() < deadline:
        await asyncio.sleep(ASK_AGAIN_S)
        snapshot = await in_time(anext(snapshots))
        answer = await in_time(monitor.request(question))
    return Reply(answer, snapshot)


async def in_time(coming: Awaitable[T]) -> T:
    """What a monitor that lives brings. Raises MonitorLost where it brings nothing."""
    try:
        return await asyncio.wait_for(coming, ANSWER_S)
    except TimeoutError:
        raise MonitorLost(f"the monitor has not answered for {ANSWER_S:.0f} s") from None


def gains(question: Question | Rebased, answer: Answer, snapshot: Snapshot) -> bool:
    """Whether alerts are about to be raised that were asked for; or contract facts or history are still to come, and
    what was asked for may rest on them."""
    if isinstance(answer, Advised):
        return answer.document.pending > 0
    if not any(row.state in BUSY for row in snapshot.feeds if row.feed.endswith(("-facts", "-history"))):
        return False
    match question:
        case Explain():
            return isinstance(answer, Explained) and answer.explanation().value is None
        case WhatIf(shocks):
            return any(shock.strip().lower().startswith(CRASH) for shock in shocks)
        case Climb(subject):
            return subject == CRASH
    return False
