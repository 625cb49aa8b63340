"""The viewer's end of the monitor: the newest snapshot, again and again, and questions with their answers in words."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from hedge.snapshot import Snapshot
from monitor.messages import Answer, History, Monitor, MonitorLost, Points, Refused, Request, WatcherCount, Watchers

DAY_S = 86_400
REVIVALS, REVIVALS_WITHIN_S = 3, 600.0
"""A monitor that died is started again so often within so long."""
REVIVE_AFTER_S = 1.0
"""Long enough to read that it was gone."""
PATIENCE_S = 3.0
"""For an answer, before the screen says that there is none."""


def _revived(error: MonitorLost, tries: int) -> MonitorLost:
    return MonitorLost(f"{str(error).rstrip('.')}. It is started again, try {tries}.")


class Watching:
    """Runs `monitor.snapshots()`; hands on the newest only, and says when there are no more.

    A monitor that ended without being asked to is looked for, and started, again: a few times, then a person must ask.
    """

    def __init__(self, monitor: Monitor, *, who: str = "", quit_asks: bool = True) -> None:
        self.monitor = monitor
        self.who = who
        self._quit_asks = quit_asks
        self._newest: Snapshot | None = None
        self._error: Exception | None = None
        self._revived: deque[float] = deque(maxlen=REVIVALS)
        """When it was started again by itself, on the loop's clock."""
        self._wanted = asyncio.Event()

    async def run(self, take: Callable[[Snapshot], None], lose: Callable[[MonitorLost], None]) -> None:
        """Until cancelled. A monitor that is lost for good waits for `again`."""
        while True:
            self._wanted.clear()
            try:
                async for snapshot in self.monitor.snapshots():
                    self._hand_on(snapshot, take)
                error = MonitorLost("The monitor ended.")
            except MonitorLost as lost:
                self._flush(take)
                error = lost
            revives = self._may_revive(error)
            lose(_revived(error, len(self._revived)) if revives else error)
            pause_s = REVIVE_AFTER_S if revives else None
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), pause_s)

    def _may_revive(self, error: MonitorLost) -> bool:
        """Whether to start it again unasked; counted, so that a monitor which cannot live is left alone."""
        now = asyncio.get_running_loop().time()
        often = len(self._revived) == REVIVALS and now - self._revived[0] < REVIVALS_WITHIN_S
        if error.on_purpose or often:
            return False
        self._revived.append(now)
        return True

    def _hand_on(self, snapshot: Snapshot, take: Callable[[Snapshot], None]) -> None:
        """Of several that are there at once only the last is painted. Raises what went wrong with the one before."""
        if self._error is not None:
            raise self._error
        if self._newest is None:
            asyncio.get_running_loop().call_soon(self._flush, take)
        self._newest = snapshot

    def _flush(self, take: Callable[[Snapshot], None]) -> None:
        """Errors are kept for the next: raised here they would end in the loop's log, and the screen stand still."""
        snapshot, self._newest = self._newest, None
        if snapshot is None:
            return
        try:
            take(snapshot)
        except Exception as error:  # noqa: BLE001 raised by the next one
            self._error = error

    def again(self) -> None:
        """Try to watch once more."""
        self._wanted.set()

    async def ask(self, request: Request) -> Answer:
        """The monitor's answer; no answer in time is a refusal with that reason."""
        try:
            return await asyncio.wait_for(self.monitor.request(request), PATIENCE_S)
        except TimeoutError:
            return Refused(f"the monitor has not answered for {PATIENCE_S:.0f} s")
        except MonitorLost as lost:
            return Refused(str(lost) or "the monitor is gone")

    async def answer(self, request: Request) -> tuple[str, bool]:
        """The answer in words, and whether it is a refusal."""
        answer = await self.ask(request)
        if isinstance(answer, Refused):
            return answer.reason, True
        return getattr(answer, "words", "") or "done", False

    async def past(self, paths: list[str]) -> dict[str, Points]:
        """History of the last day by path; a refusal stands as what is missing."""
        found: dict[str, Points] = {}
        for path in paths:
            answer = await self.ask(History(path, DAY_S))
            if isinstance(answer, Points):
                found[path] = answer
            elif isinstance(answer, Refused):
                found[path] = Points((), (), needs=answer.reason)
        return found

    async def reason_to_stay(self, open_alerts: int) -> str:
        """Why quitting should ask, or nothing."""
        if not self._quit_asks:
            return ""
        answer = await self.ask(Watchers())
        if isinstance(answer, WatcherCount) and answer.ends_with_viewer:
            return ""
        if open_alerts:
            return "One alert is open." if open_alerts == 1 else f"{open_alerts} alerts are open."
        alone = not isinstance(answer, WatcherCount) or answer.count <= 1
        return "Nobody else is looking at this monitor." if alone else ""
