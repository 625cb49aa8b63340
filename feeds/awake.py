"""Whether the machine slept, or this process stood still: seen by looks at a clock that goes on meanwhile.

The monitor's monotonic clock counts a suspend (`monitor.clock`), while the sleeps between two looks do not. A jump of
the wall clock alone is no sleep: it is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable

NAP_MS = 10_000
"""Looks come twice a second; a longer gap between two of them was a sleep."""


class Awake:
    """Counts the naps of this machine. Look at it often: at each frame, and at least once a second."""

    def __init__(self) -> None:
        self.naps = 0
        self.slept_ms = 0
        """How long the newest nap was."""
        self.on_nap: list[Callable[[int, int], None]] = []
        """Called with the moment of waking and the length of the nap, before anything else is read."""
        self._seen_ms: int | None = None

    def look(self, now_ms: int) -> int:
        """How often the machine has slept until now."""
        seen_ms, self._seen_ms = self._seen_ms, now_ms
        if seen_ms is not None and now_ms - seen_ms > NAP_MS:
            self.naps += 1
            self.slept_ms = now_ms - seen_ms
            for tell in self.on_nap:
                tell(now_ms, self.slept_ms)
        return self.naps


def slept(ms: int) -> str:
    """The reason for whatever follows from a nap."""
    return f"this machine slept for {ms / 1000:.0f} s"
