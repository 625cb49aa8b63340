"""The one place that says which errors are the network's, what to tell the user, and when to try again."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Literal

import aiohttp
from msgspec import Struct
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
    ProxyError,
    WebSocketException,
)

from feeds.clean import FeedError, clean

BLOCKED_S = 600.0
"""Between two tries where a person has to do something first."""
POLICY_S = 300.0
CERTIFICATE_S = 60.0

CLOSE_WORDS = {
    1000: "closed normally",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1005: "closed without a code",
    1006: "connection lost",
    1007: "invalid text",
    1008: "policy",
    1009: "frame over 1 MiB",
    1011: "internal error",
    1012: "service restart",
    1013: "try again later",
}


class Trouble(Struct, frozen=True):
    """Why a connection ended or did not come about, in words, and how long to stay away at least."""

    reason: str
    state: Literal["backing_off", "blocked"] = "backing_off"
    wait_s: float = 0.0
    ban: bool = False
    """The wait holds for everything that calls this host."""
    planned: bool = False
    """Our own decision on a healthy connection: dial again soon, without growing back-off."""
    abrupt: bool = False
    """It ended without a closing word."""


class Recycle(FeedError):
    """Our own decision to drop a connection and dial again."""

    def __init__(self, reason: str, planned: bool = False) -> None:
        super().__init__(reason)
        self.planned = planned


def diagnose(error: BaseException, host: str, wall_ms: int) -> Trouble | None:
    """What a network error means for the user. None: not the network's doing, a fault of the program; let it raise."""
    for each in leaves(error):
        match each:
            case Recycle():
                return Trouble(str(each), planned=each.planned)
            case ConnectionClosed():
                return closed(each, host)
            case InvalidStatus():
                return refused(each.response.status_code, each.response.headers, host, wall_ms)
            case InvalidProxy():  # its whole text holds the proxy's address, and perhaps a password
                return Trouble(f"{host}: the proxy does not work: {clean(each.msg, 120)}")
            case ProxyError():
                return Trouble(f"{host}: the proxy does not work: {clean(str(each), 120)}")
            case aiohttp.ClientProxyConnectionError():
                return Trouble(f"{host}: the proxy does not work: {clean(each.os_error.strerror or 'no answer', 120)}")
            case InvalidURI():
                return Trouble(f"not a websocket address: {clean(each.msg, 120)}", "blocked", BLOCKED_S)
            case InvalidHandshake() | WebSocketException():
                return Trouble(f"{host} does not speak websocket: {clean(str(each), 120)}")
            case aiohttp.InvalidURL():
                return Trouble(f"not an address: {clean(each.description or '', 120)}", "blocked", BLOCKED_S)
    return system(error, host)


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors inside an exception group, our own decisions first; the error itself where it is none."""
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    found = [leaf for each in error.exceptions for leaf in leaves(each)]
    yield from sorted(found, key=lambda each: not isinstance(each, Recycle))


def system(error: BaseException, host: str) -> Trouble | None:
    """Errors of name resolution, TLS, TCP and time, from either library."""
    for each in leaves(error):
        if isinstance(each, aiohttp.ClientConnectorCertificateError):
            each = each.certificate_error
        elif isinstance(each, aiohttp.ClientConnectorError):
            each = each.os_error
        match each:
            case ssl.SSLCertVerificationError():
                words = clean(each.verify_message or str(each), 120)
                return Trouble(f"the certificate of {host} is not trusted: {words}", "blocked", CERTIFICATE_S)
            case ssl.SSLError():
                return Trouble(f"{host}: TLS failed: {clean(str(each), 120)}")
            case socket.gaierror():
                return Trouble(f"no route to {host}: name not resolved")
            case TimeoutError():
                return Trouble(f"no answer from {host}")
            case ConnectionRefusedError():
                return Trouble(f"{host} refused the connection")
            case OSError() if each.errno in (errno.EMFILE, errno.ENFILE):
                return Trouble(f"no file handle is left to reach {host}", wait_s=CERTIFICATE_S)
            case OSError() if each.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN):
                return Trouble(f"no route to {host}")
            case ConnectionError():
                return Trouble(f"{host} broke the connection")
            case OSError() | aiohttp.ClientError() | EOFError():
                return Trouble(f"{host}: {clean(str(each) or type(each).__name__, 120)}")
    return None


def closed(error: ConnectionClosed, host: str) -> Trouble:
    """A connection that ended: by the venue, by us for a broken rule or a missing pong, or without a word."""
    theirs = error.rcvd is not None and (error.sent is None or bool(error.rcvd_then_sent))
    frame = error.rcvd if theirs else error.sent
    if frame is None:
        return Trouble(f"connection to {host} lost", abrupt=True)
    words = CLOSE_WORDS.get(frame.code, "closed")
    said = f": {clean(frame.reason, 80)}" if frame.reason else ""
    if not theirs:
        return Trouble(f"{host} dropped by us ({frame.code} {words}{said})")
    if frame.code == 1008:
        return Trouble(f"{host} refuses us (1008 {words}{said})", "blocked", POLICY_S)
    return Trouble(f"closed by {host} ({frame.code} {words}{said})")


def refused(status: int, headers: Mapping[str, str], host: str, wall_ms: int) -> Trouble:
    """An HTTP status in place of data or of a handshake."""
    after = retry_after_s(headers.get("Retry-After"), wall_ms)
    if status in (418, 429):
        wait = after if after is not None else (300.0 if status == 418 else 60.0)
        word = "banned us" if status == 418 else "asks for fewer calls"
        return Trouble(f"{host} {word} (HTTP {status}), for {wait:.0f} s", "blocked", wait, ban=True)
    if status in (403, 451):
        return Trouble(f"{host} refuses this place or address (HTTP {status})", "blocked", BLOCKED_S)
    if 300 <= status < 400:
        where = clean(headers.get("Location", "elsewhere"), 80)
        return Trouble(f"{host} moved to {where} (HTTP {status}), not followed", "blocked", BLOCKED_S)
    if status >= 500:
        return Trouble(f"{host} is out of order (HTTP {status})", wait_s=after or 0.0)
    return Trouble(f"{host} refuses the request (HTTP {status})", "blocked", POLICY_S)


def retry_after_s(value: str | None, wall_ms: int) -> float | None:
    """Seconds from a Retry-After header, given as seconds or as a date; None where it says nothing usable."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdecimal() and len(text) < 8:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - wall_ms / 1000)
    except (ValueError, OverflowError):
        return None
