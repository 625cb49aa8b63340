"""A box for the newest value only: putting never waits, an old value that nobody took is replaced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

from monitor.messages import MonitorLost

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Newest wins. One reader; the writer is synchronous and never blocks."""

    def __init__(self) -> None:
        self._value: T | None = None
        self._closed: str | None = None
        self._news = asyncio.Event()

    def put(self, value: T) -> None:
        """Replace whatever was pending."""
        self._value = value
        self._news.set()

    def close(self, reason: str) -> None:
        """No more values; the reader gets MonitorLost with this reason after the pending one."""
        if self._closed is None:
            self._closed = reason
        self._news.set()

    async def take(self) -> T:
        """The pending value, or the next one. Raises MonitorLost once closed and empty."""
        while True:
            await self._news.wait()
            value, self._value = self._value, None
            if self._closed is None:
                self._news.clear()
            if value is not None:
                return value
            if self._closed is not None:
                raise MonitorLost(self._closed)

    async def __aiter__(self) -> AsyncIterator[T]:
        while True:
            yield await self.take()
