"""What the process may run out of, asked before it has."""

from __future__ import annotations

import os

SPARE = 16
"""Handles that must be left: for the journal, a page, a viewer that joins."""


def shortage() -> str:
    """What is running out, as a sentence; empty while enough is left."""
    taken: list[int] = []
    try:
        while len(taken) < SPARE:
            taken.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return f"fewer than {SPARE} file handles are left ({error.strerror}): nothing new can be connected"
    finally:
        for handle in taken:
            os.close(handle)
    return ""
