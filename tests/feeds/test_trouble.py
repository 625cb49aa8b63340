"""Every error has words, or is the program's own fault."""

from __future__ import annotations

import errno
import socket
import ssl

import aiohttp
import pytest
from websockets.exceptions import ConnectionClosedError, InvalidHandshake, InvalidMessage, InvalidProxy, ProxyError
from websockets.frames import Close

from feeds.trouble import Recycle, diagnose, retry_after_s

WALL_MS = 1_795_000_000_000


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "no route to h: name not resolved"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "no route to h"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "no route to h"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "h refused the connection"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "h broke the connection"),
        (TimeoutError(), "no answer from h"),
        (OSError("Multiple exceptions: [Errno 111]\x1b, [Errno 101]"), "h: Multiple exceptions: [Errno 111], ["),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "h: TLS failed"),
        (InvalidMessage("did not receive a valid HTTP response"), "h does not speak websocket"),
        (InvalidHandshake("odd"), "h does not speak websocket"),
        (InvalidProxy("ftp://x", "scheme not supported"), "h: the proxy does not work"),
        (InvalidProxy("http://me:secret@x", "no port"), "h: the proxy does not work: no port"),
        (ProxyError("no"), "h: the proxy does not work"),
        (ConnectionClosedError(Close(1012, "soon back"), None), "closed by h (1012 service restart: soon back)"),
        (ConnectionClosedError(None, None), "connection to h lost"),
        (ConnectionClosedError(Close(4004, ""), None), "closed by h (4004 closed)"),
        (aiohttp.ClientPayloadError("cut off"), "h: cut off"),
        (aiohttp.ServerTimeoutError("slow"), "no answer from h"),
        (ExceptionGroup("", [ConnectionClosedError(None, None), Recycle("silent")]), "silent"),
    ],
)
def test_words(error: BaseException, words: str) -> None:
    trouble = diagnose(error, "h", WALL_MS)
    assert trouble is not None
    assert trouble.reason.startswith(words)


@pytest.mark.parametrize("error", [KeyError("x"), TypeError("y"), ExceptionGroup("", [AttributeError("z")])])
def test_a_fault_of_the_program_is_not_explained_away(error: BaseException) -> None:
    assert diagnose(error, "h", WALL_MS) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("30", 30.0),
        (" 5 ", 5.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣٠", None),
        ("Wed, 18 Nov 2026 11:07:40 GMT", 60.0),
        ("Wed, 18 Nov 2026 11:05:40 GMT", 0.0),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value, 1_795_000_000_000) == seconds
