"""How a connection is opened: a websocket that goes where it was sent and nowhere else, or a process of ccxt's."""

from __future__ import annotations

import logging
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect

from feeds.any_venue import SCHEME, Process
from feeds.pacing import is_loopback
from feeds.world import Timing

SOCKET_LOG = logging.getLogger("hedgetui.feeds.socket")
SOCKET_LOG.setLevel(logging.CRITICAL)  # what the library would log as errors reaches the user as states

MAX_FRAME = 2**20


class Socket(Protocol):
    """What a connection needs of whatever it talks through."""

    async def recv(self) -> str | bytes: ...

    async def send(self, message: str, /) -> None: ...


def unfinished(socket: Socket) -> bool:
    """Whether a message in parts has begun on it and is not whole yet."""
    return isinstance(socket, ClientConnection) and socket.protocol.current_size is not None


class Dial(connect):
    """A dial that goes where it was sent: a redirect is an answer for the user, not an instruction for us."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def dial(url: str, timing: Timing, now_ms: int) -> AbstractAsyncContextManager[Socket]:
    """Open a connection; `now_ms` is the wall time, for a process without a clock. Raises what `diagnose` reads."""
    if url.startswith(f"{SCHEME}://"):
        return Process(url, now_ms)
    return Dial(
        url,
        open_timeout=timing.open_s,
        ping_interval=timing.ping_s,
        ping_timeout=timing.pong_s,
        close_timeout=timing.close_s,
        max_size=MAX_FRAME,
        compression=None,
        proxy=None if is_loopback(url) else True,
        logger=SOCKET_LOG,
    )
