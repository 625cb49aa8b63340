"""The pager: whoever is asked for an answer is told, at least once, over every address of the settings.

A page is in the journal's outbox before anybody tries to send it, stays there over a restart, and goes when a channel
took it, or when the alert was answered or is over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from alerts.slow_rules import HEARTBEAT
from alerts.transitions import annunciate
from alerts.values import ADVISORY, CAUTION, Alert, Annunciate, Logged, NotAnAlert, What, split_id
from hedge.market import Clock
from monitor.alarm import Announced
from monitor.journal import Journal
from monitor.journal.outbox import Ended, Page
from monitor.pages.channels import Channel, group_of
from monitor.pages.courier import Send, in_thread, warm_up
from monitor.pages.heartbeat import Heartbeat
from monitor.pages.line import GATHER_MS, Line
from monitor.pages.quiet import QuietHours
from monitor.pages.saying import Told, bare, message, tell
from monitor.watch import Watch

_LOG = logging.getLogger("hedgetui.pages")

LOOK_S = 1.0
"""How often it is looked whether channels work."""
AGAIN_S = 5.0
"""After an error of our own the pager starts again, from the outbox."""
WARM_UP_S = 60.0
WORDS_S = 10.0
"""Sentences take milliseconds; what takes longer is told without the orders."""
ENDS: dict[What, Ended] = {
    "acked": "acknowledged",
    "shelved": "acknowledged",
    "reset": "over",
    "cleared": "over",
    "removed": "over",
}
"""What ends the pages of an alert. One that is over and not answered is still told."""

Step = tuple[Sequence[Logged], Sequence[Annunciate]]


class Pager:
    """The pages of one book."""

    def __init__(
        self,
        watch: Watch,
        journal: Journal,
        clock: Clock,
        channels: Sequence[Channel],
        send: Send,
        *,
        path: str,
        quiet: QuietHours | None = None,
        heartbeat: Heartbeat | None = None,
    ) -> None:
        """`path` of the portfolio: a reference is unique among the books of a user."""
        self._heartbeat = heartbeat
        self._watch, self._outbox, self._clock, self._quiet = watch, journal.outbox, clock, quiet
        self._lines = [
            Line(channel, send, journal.outbox, clock, lambda page, text: message(path, page, text))
            for channel in channels
        ]
        self._steps: asyncio.Queue[Step] = asyncio.Queue()
        watch.alarm.tell = self.tell
        watch.paging(self._troubles())

    def tell(self, lines: Sequence[Logged], announced: Sequence[Announced]) -> None:
        """What became of alerts, and who is to be told. Returns at once.

        What asked already before the monitor started again is in the outbox, or was taken from there."""
        asked = [each for each in announced if isinstance(each, Annunciate) and each.why != "restarted"]
        self._steps.put_nowait((lines, asked))

    async def run(self) -> None:
        """Until cancelled. A channel that breaks costs that channel; an error of our own costs some seconds."""
        while True:
            try:
                async with asyncio.TaskGroup() as tasks:
                    for name, work in self._tasks():
                        tasks.create_task(work, name=name)
            except* Exception:  # noqa: BLE001 logged, and tried again
                _LOG.exception("the pager broke and starts again")
                self._watch.paging(dict.fromkeys(self._troubles(), "The pager broke and starts again"))
            await asyncio.sleep(AGAIN_S)

    def _tasks(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        yield "pages", self._work()
        yield "pages-channels", self._look()
        if self._lines:
            yield "pages-apprise", _warm_up()
        if self._heartbeat is not None:
            yield "pages-heartbeat", self._heartbeat.run()
        for line in self._lines:
            yield line.channel.name, line.run()

    # what is told

    async def _work(self) -> None:
        await self._resume()
        while True:
            steps = [await self._steps.get()]
            while not self._steps.empty():
                steps.append(self._steps.get_nowait())
            await self._carry_out(steps)

    async def _carry_out(self, steps: Sequence[Step]) -> None:
        """In order: an answer ends what was asked before it, and nothing that comes after."""
        asked = [[(each, self._alert(each, lines)) for each in all_of] for lines, all_of in steps]
        words = {told.asked.page_id: told for told in await self._words([each for step in asked for each in step])}
        for (lines, _), step in zip(steps, asked, strict=True):
            for line in lines:
                if ended := ENDS.get(line.what):
                    self._cancel(line.alert.id, ended)
            await self._put([words[each.page_id] for each, _ in step])

    def _alert(self, asked: Annunciate, lines: Iterable[Logged]) -> Alert:
        """As it stood when it asked."""
        found = next((line.alert for line in lines if line.alert.page_id == asked.page_id), None)
        known = found or self._watch.alarm.state.find((asked.rule, asked.subject))
        return known or Alert(asked.rule, asked.subject, level=asked.level, peak=asked.level)

    async def _words(self, asked: Sequence[tuple[Annunciate, Alert]]) -> tuple[Told, ...]:
        if not asked:
            return ()
        case = self._watch.case()
        try:
            return await in_thread("page-words", lambda: tell(case, asked), WORDS_S)
        except Exception:  # noqa: BLE001 logged, and told with fewer words
            _LOG.exception("no words for a page: it says only which alert it is")
            return tuple(bare(each, alert) for each, alert in asked)

    async def _put(self, told: Sequence[Told]) -> None:
        """Write pages down, and hand them to their channels when that was tried: a bad disk keeps nobody asleep."""
        made = [(line, self._page(each, line)) for each in told for line in self._called(each.asked)]
        written = [self._outbox.add(page) for _, page in made]
        for future in written:
            await asyncio.wrap_future(future)
        for line, page in made:
            line.put(page)

    def _called(self, asked: Annunciate) -> list[Line]:
        """Where it goes. What is wrong with a channel is not told there, but wherever else somebody may hear it."""
        lines = [line for line in self._lines if line.channel.name != asked.subject or asked.rule != "pager"]
        wide = asked.escalate or (asked.level >= CAUTION and self._nobody_hears())
        return [line for line in lines if wide or line.channel.group == "pages"]

    def _nobody_hears(self) -> bool:
        """Whether no address of `pages` works: then those of `escalation` are the next (T14)."""
        return all(line.trouble() for line in self._lines if line.channel.group == "pages")

    def _page(self, told: Told, line: Line) -> Page:
        wall_ms = self._clock.now().wall_ms
        due_ms = wall_ms + GATHER_MS if told.cause else wall_ms
        if told.asked.level == ADVISORY and self._quiet is not None:
            due_ms = self._quiet.until(wall_ms) or due_ms
        asked = told.asked
        name = line.channel.name
        return Page(
            f"{asked.page_id}>{name}", asked.id, asked.level, name, told.text, wall_ms, due_ms, cause=told.cause
        )

    def _cancel(self, alert_id: str, ended: Ended) -> None:
        self._outbox.cancel(alert_id, ended, self._clock.now().wall_ms)
        for line in self._lines:
            line.cancel(alert_id)

    # what is left from before

    async def _resume(self) -> None:
        """Go on with the outbox: what is still asked is told, once more where nobody knows whether it arrived."""
        state = self._watch.alarm.state
        asking = [alert for alert in state.alerts.values() if alert.shown == "unack"]
        asked = [(annunciate(alert, "restarted"), alert) for alert in asking]
        for told in await self._words(asked):
            for line in self._called(told.asked):
                await asyncio.wrap_future(self._outbox.add(self._page(told, line)))
        by_name = {line.channel.name: line for line in self._lines}
        for page in await asyncio.wrap_future(self._outbox.waiting()):
            if not self._still_asked(page):
                self._outbox.end(page.page_id, "over", self._clock.now().wall_ms)
            elif page.contact in by_name:
                by_name[page.contact].put(page)
            else:
                await self._move(page)

    def _still_asked(self, page: Page) -> bool:
        try:
            key, _ = split_id(page.alert_id)
        except NotAnAlert:
            return False
        alert = self._watch.alarm.state.find(key)
        return alert is not None and alert.id == page.alert_id and alert.owed > 0

    async def _move(self, page: Page) -> None:
        """Its address is in the settings no more: the others of its group take it over."""
        asked = page.page_id.rpartition(">")[0]
        await self._hand_on(page, asked, [one for one in self._lines if one.channel.group == group_of(page.contact)])
        self._outbox.end(page.page_id, "superseded", self._clock.now().wall_ms)

    async def _hand_on(self, page: Page, asked: str, lines: Sequence[Line]) -> None:
        for line in lines:
            name = line.channel.name
            wall_ms = self._clock.now().wall_ms
            if line.knows(f"{asked}>{name}"):
                continue
            moved = Page(f"{asked}>{name}", page.alert_id, page.level, name, page.text, page.created_ms, wall_ms)
            await asyncio.wrap_future(self._outbox.add(moved))
            line.put(moved)

    # what is wrong with channels

    def _troubles(self) -> dict[str, str]:
        """By channel, and of the heartbeat: what is wrong with it."""
        found = {line.channel.name: line.trouble() for line in self._lines}
        return found if self._heartbeat is None else {**found, HEARTBEAT: self._heartbeat.trouble()}

    async def _look(self) -> None:
        """Once a second: tell the watch which channels fail, and hand on what nobody took."""
        while True:
            await asyncio.sleep(LOOK_S)
            self._watch.paging(self._troubles())
            if self._nobody_hears():
                await self._hand_on_all()

    async def _hand_on_all(self) -> None:
        next_ones = [line for line in self._lines if line.channel.group == "escalation"]
        for line in self._lines if next_ones else ():
            for page in line.waiting if line.channel.group == "pages" else ():
                if page.level >= CAUTION:
                    await self._hand_on(page, page.page_id.rpartition(">")[0], next_ones)


async def _warm_up() -> None:
    """Load apprise before it is needed; whoever needs it says what is wrong with it."""
    with suppress(TimeoutError, ImportError):
        await in_thread("apprise", warm_up, WARM_UP_S)
