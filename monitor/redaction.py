"""What is secret stays out of everything that is written: log lines, tracebacks, whatever a library prints.

A redactor knows the secrets themselves, the parts that libraries take them to, and how those look percent-encoded and
inside base64, as in an `Authorization` header.
"""

from __future__ import annotations

import base64
import logging
import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from typing import Any, TextIO, cast
from urllib.parse import quote, quote_plus, unquote

from monitor.secret import SEALED, Secret
from monitor.settings import Settings

LEAST = 6
"""Shorter parts of an address are no secret, and common words."""
_PUBLIC = re.compile(
    r"(localhost|(\d+\.){3}\d+|\[?([0-9a-fA-F]*:){2,}[0-9a-fA-F]*\]?|([a-z0-9-]+\.)+[a-z]{2,24})(:\d+)?"
)
"""Names of servers, which may be said."""


def secrets(settings: Settings) -> tuple[Secret, ...]:
    """Every secret that the settings hold."""
    heartbeat = () if settings.heartbeat_url is None else (settings.heartbeat_url,)
    return (*settings.pages, *settings.escalation, *heartbeat)


class Redactor:
    """Takes secrets out of texts."""

    def __init__(self, known: Iterable[Secret]) -> None:
        found = {form for secret in known for part in _parts(secret.reveal()) for form in _forms(part)}
        longest_first = sorted(found, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if found else None

    def __call__(self, text: str) -> str:
        return text if self._pattern is None else self._pattern.sub(SEALED, text)


def _parts(address: str) -> Iterator[str]:
    """The address, and what stands between its marks: user, password, each step of the path, each value."""
    yield address
    server, _, query = address.partition("://")[2].partition("?")
    for piece in (*re.split(r"[/#]", server), *(each.partition("=")[2] for each in query.split("&"))):
        for part in (piece, *re.split(r"[:@,;]", piece), *piece.rsplit("@", 1)):
            said = unquote(part)
            if len(said) >= LEAST and not _PUBLIC.fullmatch(said):
                yield said


def _forms(part: str) -> Iterator[str]:
    """As it is, percent-encoded in every usual way, and as it looks inside base64, wherever it begins there."""
    yield part
    yield quote(part)
    yield quote(part, safe="")
    yield quote_plus(part)
    yield repr(part)[1:-1]
    for before in range(3):
        raw = b"\0" * before + part.encode()
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            inner = encode(raw).decode().rstrip("=")
            skipped = (0, 2, 3)[before]
            kept = inner[skipped:] if len(raw) % 3 == 0 else inner[skipped:-1]
            if len(kept) >= LEAST:
                yield kept


class Stream:
    """A stream that hides secrets in whatever is written to it."""

    def __init__(self, stream: TextIO, redact: Redactor) -> None:
        self._stream, self._redact = stream, redact

    def write(self, text: str) -> int:
        self._stream.write(self._redact(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def guard_process(redact: Redactor) -> None:
    """From now on neither a log record of any library nor anything on stdout and stderr has a secret in it.

    And the process leaves no core file, nor can another process of the user read its memory or its environment."""
    make = logging.getLogRecordFactory()

    def redacted(*args: Any, **given: Any) -> logging.LogRecord:
        record = make(*args, **given)
        try:
            record.msg, record.args = redact(record.getMessage()), None
        except (TypeError, ValueError, KeyError):  # words and values do not match: both are said
            record.msg, record.args = redact(f"{record.msg} {record.args}"), None
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = redact("".join(traceback.format_exception(*record.exc_info)).rstrip("\n"))
        return record

    logging.setLogRecordFactory(redacted)
    sys.stdout, sys.stderr = cast(TextIO, Stream(sys.stdout, redact)), cast(TextIO, Stream(sys.stderr, redact))
    _seal()


def _seal() -> None:
    import ctypes
    import resource

    set_dumpable = 4
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(set_dumpable, 0, 0, 0, 0)
