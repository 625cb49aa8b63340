"""Handing one message to one address, through apprise, in a thread that nobody has to wait for.

apprise is imported in such a thread, when it is first needed: it takes a second, and most commands page nobody.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from feeds.clean import clean
from monitor.pages.channels import Channel, Message
from monitor.redaction import Redactor

T = TypeVar("T")

NAMES = {3: "failure", 2: "warning", 1: "info", 0: "info"}
"""What apprise calls our levels."""
UNKNOWN = "apprise knows no such address; `hedgetui test-page` tries every one"


class Send(Protocol):
    """Hands a message over, and returns when the channel took it or not: the reason, empty where it did. Blocks."""

    def __call__(self, channel: Channel, message: Message) -> str: ...


class Apprise:
    """Sends through apprise. What it says of a failure is heard from its log, and secrets are taken out of it."""

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact
        self._overheard = Overheard()

    def __call__(self, channel: Channel, message: Message) -> str:
        try:
            return self._sent(channel, message)
        except Exception as error:  # noqa: BLE001 a plugin that breaks is a page that did not go out
            return self._words(f"{type(error).__name__}: {error}")

    def _sent(self, channel: Channel, message: Message) -> str:
        apprise = load()
        with self._overheard.listening() as said:
            post = apprise.Apprise(asset=_asset(apprise))
            if not post.add(channel.address.reveal()):
                return UNKNOWN
            taken = post.notify(
                body=message.body, title=message.title, notify_type=NAMES[message.level], body_format="text"
            )
        return "" if taken else self._words(said[-1] if said else "it was not taken")

    def _words(self, reason: str) -> str:
        return clean(self._redact(reason).replace("\n", " "), 120).rstrip(". ")


def load() -> Any:
    """apprise itself; a second where it was not loaded before."""
    import apprise

    return apprise


def warm_up() -> None:
    """Load apprise and what it needs of its plugins, before the first page does."""
    load().Apprise.instantiate("json://localhost")


def _asset(apprise: Any) -> Any:
    """Nothing on disk, nothing interpreted, all in the thread that asks: the process waits for no other at its end."""
    return apprise.AppriseAsset(
        app_id="hedgetui",
        app_desc="hedgetui",
        app_url="",
        async_mode=False,
        interpret_escapes=False,
        secure_logging=True,
        service_timeout=0,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        plugin_paths=[],
    )


class Overheard(logging.Handler):
    """Warnings of apprise's, for the thread in which they are said."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said = threading.local()

    def listening(self) -> Overheard:
        logger = logging.getLogger("apprise")
        if self not in logger.handlers:
            logger.addHandler(self)
        return self

    def __enter__(self) -> list[str]:
        self._said.lines = []
        lines: list[str] = self._said.lines
        return lines

    def __exit__(self, *_: object) -> None:
        self._said.lines = None

    def emit(self, record: logging.LogRecord) -> None:
        lines = getattr(self._said, "lines", None)
        if lines is not None:
            lines.append(record.getMessage())


async def in_thread(name: str, work: Callable[[], T], limit_s: float) -> T:
    """What `work` returns. Raises TimeoutError after `limit_s`; the thread then ends when it can, or with the process.

    Not the loop's own threads: the loop waits for those when it ends."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.cancelled() or done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, failed = None, None
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 it is raised where somebody waits for it
            failed = error
        with suppress(RuntimeError):  # the loop ended meanwhile
            loop.call_soon_threadsafe(settle, result, failed)

    threading.Thread(target=run, name=name, daemon=True).start()
    async with asyncio.timeout(limit_s):  # `wait_for` of Python 3.11 loses a cancellation that comes with the result
        return await done
