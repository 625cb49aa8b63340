"""The real clock: the only place where the process asks what time it is. Everything else gets a `Clock` by argument."""

from __future__ import annotations

import time
from pathlib import Path

from hedge.market import Instant

_BOOT = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


def boot_id() -> str:
    """Names this run of the machine, within which boot times of several processes compare; empty where none says."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


class BootClock:
    """A monotonic clock that counts a suspend too: CLOCK_BOOTTIME on Linux; CLOCK_MONOTONIC, which on a Mac does so
    (Python's own `time.monotonic` does not); elsewhere the plain monotonic clock.
    """

    def now(self) -> Instant:
        ns = time.monotonic_ns() if _BOOT is None else time.clock_gettime_ns(_BOOT)
        return Instant(mono_ms=ns // 1_000_000, wall_ms=time.time_ns() // 1_000_000)
