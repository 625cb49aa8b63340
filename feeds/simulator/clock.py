"""The exchange's own time: seconds since it opened, and its wall clock, both running `scale` times as fast as ours."""

from __future__ import annotations

import time

from msgspec import Struct

from hedge.market import Clock, Instant


class Moment(Struct, frozen=True):
    """One instant as the simulated exchange sees it."""

    elapsed_s: float
    """Seconds since the exchange opened; with the seed and the script it decides every price."""
    wall_ms: int
    """The exchange's UTC clock, milliseconds since 1970."""

    def on_grid(self, width_ms: int) -> Moment:
        """The last moment whose wall time is a multiple of `width_ms`, but none before the start."""
        late_ms = self.wall_ms % width_ms
        return Moment(elapsed_s=max(0.0, self.elapsed_s - late_ms / 1000), wall_ms=self.wall_ms - late_ms)


class SystemClock:
    """The clock of the machine. An exchange is a party of its own, so its time is not the monitor's."""

    def now(self) -> Instant:
        mono_ms = int(time.monotonic() * 1000)  # noqa: TID251 - the real clock of this process is made here
        return Instant(mono_ms=mono_ms, wall_ms=int(time.time() * 1000))  # noqa: TID251


class Pace:
    """Turns the given clock into moments of the exchange; `scale` 60 lets an hour pass in a minute."""

    def __init__(self, clock: Clock, scale: float = 1.0) -> None:
        if scale <= 0:
            raise ValueError(f"the time scale must be positive, not {scale}")
        self._clock = clock
        self._opened = clock.now()
        self.scale = scale

    def restart(self) -> None:
        """Second 0 is now."""
        self._opened = self._clock.now()

    def now(self) -> Moment:
        elapsed_ms = (self._clock.now().mono_ms - self._opened.mono_ms) * self.scale
        return Moment(elapsed_s=elapsed_ms / 1000, wall_ms=self._opened.wall_ms + int(elapsed_ms))
