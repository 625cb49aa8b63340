"""The real clock: the only place where the process asks what time it is. Everything else gets a `Clock` by argument."""

from __future__ import annotations

import time

from hedge.market import Instant

_BOOT = getattr(time, "CLOCK_BOOTTIME", None)


class BootClock:
    """CLOCK_BOOTTIME on Linux, because it counts a suspend too; the plain monotonic clock elsewhere."""

    def now(self) -> Instant:
        ns = time.monotonic_ns() if _BOOT is None else time.clock_gettime_ns(_BOOT)
        return Instant(mono_ms=ns // 1_000_000, wall_ms=time.time_ns() // 1_000_000)
