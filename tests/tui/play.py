"""Run the real screen on this terminal with a monitor that plays one state of the book: `play.py STATE`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import book
from fake import FakeMonitor
from msgspec.structs import replace

from hedge.snapshot import Snapshot
from tui.app import run


class Ticking(FakeMonitor):
    """The same state four times a second, with a clock that goes on."""

    def __init__(self, state: Snapshot) -> None:
        super().__init__()
        self.state = state

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        for tick in range(40_000):
            yield replace(
                self.state, as_of=f"2026-11-20T{tick // 14400 % 24:02d}:{tick // 240 % 60:02d}:{tick // 4 % 60:02d}Z"
            )
            await asyncio.sleep(0.25)


if __name__ == "__main__":
    sys.exit(run(Ticking(getattr(book, sys.argv[1]))))
