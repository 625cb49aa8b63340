"""The dead man's switch: an address that is called each minute while the book is truly watched, and not otherwise."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from feeds.clean import clean
from hedge.market import Clock
from monitor.redaction import Redactor
from monitor.secret import Secret

_LOG = logging.getLogger("hedgetui.pages")

EVERY_S = 60.0
ANSWER_S = 10.0
MISSED = 2
"""So many calls in a row without an answer are a caution; one is the network's weather."""


class Heartbeat:
    """Calls one address. `run` never ends by itself."""

    def __init__(
        self,
        address: Secret,
        watches: Callable[[], bool],
        clock: Clock,
        redact: Redactor,
        every_s: float = EVERY_S,
    ) -> None:
        """`watches`: whether the monitor does its work at this moment."""
        self._address, self._watches, self._clock, self._redact = address, watches, clock, redact
        self._every_s = every_s
        self._missed = 0
        self._reason = ""

    def trouble(self) -> str:
        """Why nobody hears it; empty while somebody does."""
        if self._missed < MISSED:
            return ""
        return f"The heartbeat is not heard, {self._missed} calls in a row: {self._reason}"

    async def run(self) -> None:
        while True:
            if self._watches():
                self._note(await self._call())
            else:
                _LOG.warning("no heartbeat: the monitor does not watch")
            await asyncio.sleep(self._every_s)

    def _note(self, reason: str) -> None:
        self._missed, self._reason = self._missed + 1 if reason else 0, reason
        if reason:
            _LOG.warning("the heartbeat was not heard: %s", reason)

    async def _call(self) -> str:
        """Why it was not heard; empty where it was."""
        import aiohttp

        limit = aiohttp.ClientTimeout(total=ANSWER_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit, trust_env=True) as session,
                session.get(self._address.reveal()) as answer,
            ):
                return "" if answer.status < 400 else f"it answers {answer.status}"
        except TimeoutError:
            return f"no answer within {ANSWER_S:.0f} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return clean(self._redact(f"{type(error).__name__}: {error}"), 120)
