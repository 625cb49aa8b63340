"""One channel: the pages that wait for it, tried until it took them, and what is wrong with it meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from alerts import figures
from alerts.page_words import group_sentence
from alerts.values import ADVISORY
from hedge.market import Clock
from monitor.journal.outbox import Ended, Outbox, Page
from monitor.pages.channels import Channel, Message
from monitor.pages.courier import Send, in_thread

_LOG = logging.getLogger("hedgetui.pages")

LIMIT_S = 15.0
"""A try that takes longer has failed; what its thread still does is nobody's business."""
BACK_OFF_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""How long to wait after the first, second, … failure in a row."""
NEWS_MS = 5_000
"""A new page waits no longer than this for a channel that failed."""
TRIES = 3
SLOW_MS = 10_000
"""T14: so many failures, or so long without success since the first try, and the channel counts as failing."""
STUCK = 3
"""Threads that may hang at once; a fourth try waits until one of them ended."""
GATHER_MS = 10_000
"""Pages of a flood wait so long for others of their cause."""
LATE_MS = 60_000
"""A page that goes out later than this says when it was written."""
REMEMBERED = 5_000
"""Pages that are over and known not to be sent again."""

Word = Callable[[Page, str], Message]
"""Makes a message of a page (of the first one of a group) and its words."""


class Waiting(Struct, frozen=True):
    """A page, and when it may be tried on the monotonic clock, which no correction of the time moves."""

    page: Page
    due_ms: int


class Line:
    """The pages of one channel. `run` never ends by itself."""

    def __init__(self, channel: Channel, send: Send, outbox: Outbox, clock: Clock, word: Word) -> None:
        self.channel = channel
        self._send, self._outbox, self._clock, self._word = send, outbox, clock, word
        self._waiting: dict[str, Waiting] = {}
        self._over: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._under_way = 0
        self._fails = 0
        self._failing_ms: tuple[int, int] | None = None
        """Since when nothing got through, monotonic and UTC ms."""
        self._reason = ""
        self._not_before_ms = 0

    @property
    def waiting(self) -> tuple[Page, ...]:
        return tuple(each.page for each in self._waiting.values())

    def knows(self, page_id: str) -> bool:
        """Whether this page came here in this run."""
        return page_id in self._over or page_id in self._waiting

    def put(self, page: Page) -> None:
        """A page that is written down. Older ones of the same alert that did not get out yet have had their time."""
        if self.knows(page.page_id):
            return
        now = self._clock.now()
        for old in [each.page for each in self._waiting.values() if each.page.alert_id == page.alert_id]:
            self._end(old, "superseded")
        self._not_before_ms = min(self._not_before_ms, now.mono_ms + NEWS_MS)
        self._waiting[page.page_id] = Waiting(page, now.mono_ms + max(0, page.due_ms - now.wall_ms))
        self._wake.set()

    def cancel(self, alert_id: str) -> None:
        """Nothing about this alert is wanted any more; the outbox knows already."""
        for page in [each.page for each in self._waiting.values() if each.page.alert_id == alert_id]:
            self._forget(page)

    def trouble(self) -> str:
        """Why this channel counts as failing (T14); empty while it works."""
        if self._failing_ms is None:
            return ""
        began_ms, wall_ms = self._failing_ms
        if self._fails < TRIES and self._clock.now().mono_ms - began_ms < SLOW_MS:
            return ""
        reason = self._reason or "no answer yet"
        return f"Pages by {self.channel.words} are not taken since {figures.clock(wall_ms)} UTC: {reason}"

    async def run(self) -> None:
        while True:
            self._wake.clear()
            wait_s = await self._step()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    async def _step(self) -> float | None:
        """Try what is due; returns how long to rest, None until something comes."""
        now_ms = self._clock.now().mono_ms
        if now_ms < self._not_before_ms:
            return (self._not_before_ms - now_ms) / 1000
        batch = self._next(now_ms)
        if batch or self._fails >= TRIES:
            await self._try(batch)
            return 0
        due = min((each.due_ms for each in self._waiting.values()), default=None)
        return None if due is None else (due - now_ms) / 1000

    def _next(self, now_ms: int) -> list[Page]:
        """The gravest page that is due, the oldest first; of a flood all that share its cause."""
        due = [each.page for each in self._waiting.values() if each.due_ms <= now_ms]
        if not due:
            return []
        first = min(due, key=lambda page: (-page.level, page.created_ms, page.page_id))
        if not first.cause:
            return [first]
        soon_ms = now_ms + GATHER_MS
        group = [each.page for each in self._waiting.values() if each.page.cause == first.cause]
        group.sort(key=lambda page: (page.created_ms, page.page_id))
        end_ms = group[0].created_ms + GATHER_MS
        return [page for page in group if page.created_ms < end_ms and self._waiting[page.page_id].due_ms <= soon_ms]

    async def _try(self, batch: list[Page]) -> None:
        """One try, of pages or, where those went away while the channel failed, of a word that it works again."""
        now = self._clock.now()
        if self._failing_ms is None:
            self._failing_ms = (now.mono_ms, now.wall_ms)
        reason = await self._handed_over(self._message(batch, now.wall_ms))
        if reason:
            self._failed(batch, reason)
            return
        self._fails, self._failing_ms, self._reason = 0, None, ""
        for page in batch:
            _LOG.info("%s took the page about %s", self.channel.name, page.alert_id)
            self._end(page, "sent")

    def _message(self, batch: list[Page], wall_ms: int) -> Message:
        if not batch:
            since = figures.clock((self._failing_ms or (0, wall_ms))[1])
            return Message("hedgetui", f"Pages work again here. From {since} UTC on some did not get through.")
        first = batch[0]
        text = first.text
        if len(batch) > 1:
            text = group_sentence(first.cause, [(page.level, page.text) for page in batch])
        if wall_ms - first.created_ms > LATE_MS and first.level > ADVISORY:
            text = f"{figures.clock(first.created_ms)} UTC: {text}"
        return replace(self._word(first, text), level=max(page.level for page in batch))

    async def _handed_over(self, message: Message) -> str:
        """Why it was not taken; empty where it was."""
        if self._under_way >= STUCK:
            return f"{self._under_way} tries got no answer and still wait for one"
        self._under_way += 1
        loop = asyncio.get_running_loop()

        def work() -> str:
            try:
                return self._send(self.channel, message)
            finally:
                with suppress(RuntimeError):  # the loop ended meanwhile
                    loop.call_soon_threadsafe(self._came_back)

        try:
            return await in_thread(self.channel.name, work, LIMIT_S)
        except TimeoutError:
            return f"no answer within {LIMIT_S:.0f} s"

    def _came_back(self) -> None:
        self._under_way -= 1

    def _failed(self, batch: list[Page], reason: str) -> None:
        now = self._clock.now()
        rest_s = BACK_OFF_S[min(self._fails, len(BACK_OFF_S) - 1)]
        self._fails, self._reason = self._fails + 1, reason
        self._not_before_ms = now.mono_ms + round(rest_s * 1000)
        _LOG.warning("%s did not take a page, try %d: %s", self.channel.name, self._fails, reason)
        for page in batch:
            self._outbox.failed(page.page_id, reason, now.wall_ms + round(rest_s * 1000))

    def _end(self, page: Page, ended: Ended) -> None:
        self._outbox.end(page.page_id, ended, self._clock.now().wall_ms)
        self._forget(page)

    def _forget(self, page: Page) -> None:
        self._waiting.pop(page.page_id, None)
        self._over[page.page_id] = None
        if len(self._over) > REMEMBERED:
            del self._over[next(iter(self._over))]
