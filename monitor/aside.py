"""Work beside the watch: one question at a time, in a thread, on a copy of the book that the thread has for itself.

A what-if of two hundred positions takes a third of a second. On the loop it would hold up every update and every alert
for as long; in a thread it costs them at most the interpreter's switch interval, some milliseconds.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable

from msgspec import Struct

from alerts.levels import Levels
from alerts.values import State
from hedge.book.frozen import Frozen
from hedge.market import Instant
from hedge.snapshot import Mode
from monitor.messages import Answer, Question, Refused

MOST_WAITING = 8
"""Questions that wait for their turn; further ones are refused."""

LOG = logging.getLogger("hedgetui.questions")


class Case(Struct, frozen=True, eq=False):
    """What an answer is made from. Nothing in it changes any more."""

    frozen: Frozen
    now: Instant
    mode: Mode
    alarm: State
    levels: Levels


class Aside:
    """Answers questions. `case` is asked for the book when a question's turn has come, on the loop."""

    def __init__(self, case: Callable[[], Case]) -> None:
        self._case = case
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def ask(self, question: Question) -> Answer:
        """The answer, or why there is none. Cancelled, it waits until the thread has stopped, which is soon."""
        if self._waiting >= MOST_WAITING:
            return Refused(f"The monitor works on {self._waiting} other questions; ask again in a moment.")
        self._waiting += 1
        try:
            async with self._turn:
                return await self._work(question)
        finally:
            self._waiting -= 1

    async def _work(self, question: Question) -> Answer:
        given_up = threading.Event()
        work = asyncio.ensure_future(asyncio.to_thread(_answered, question, self._case(), given_up.is_set))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            given_up.set()
            await asyncio.wait({work})
            raise


def _answered(question: Question, case: Case, given_up: Callable[[], bool]) -> Answer:
    """An error here is ours; it is logged and told, and the watch goes on."""
    from monitor.questions import answer  # a monitor that nobody asks need not read what explains its figures

    try:
        return answer(question, case, given_up)
    except Exception as error:
        LOG.exception("a question broke: %s", question)
        return Refused(f"It could not be worked out, by a fault of the program ({type(error).__name__}).")
