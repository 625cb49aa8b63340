"""Settings that nobody but their owner may read: a value that does not print itself, and the file it may stand in."""

from __future__ import annotations

import os
import stat
from pathlib import Path

KEYS = ("pages", "escalation", "heartbeat_url")
"""Settings that are secrets: whoever has such an address can page, or read pages."""
SEALED = "•••"


class Secret:
    """A text that shows itself only where `reveal` is called: no message and no traceback has it by accident."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"Secret({SEALED})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def not_private(file: Path, status: os.stat_result) -> str | None:
    """Why a file, open with this `status`, may not hold a secret, and what to type; None where it may."""
    if file.is_symlink():
        return f"{file}: it holds page addresses and is a link; put the file itself here"
    if status.st_uid != os.getuid():
        return f"{file}: it holds page addresses and belongs to somebody else; type: chown {os.getuid()} {file}"
    if status.st_mode & 0o077:
        return f"{file}: it holds page addresses and others may read it; type: chmod 600 {file}"
    place = file.parent.resolve()
    for folder in (place, *place.parents):
        if _open_to_all(folder):
            return f"{folder}: anybody may put a file in the place of your settings; type: chmod o-w {folder}"
    return None


def _open_to_all(folder: Path) -> bool:
    mode = folder.stat().st_mode
    return bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX
