"""Tells a person's key press from a paste or a stray answer of the terminal, which arrive as a burst of keys."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from hedge.snapshot import AlertRow

BURST_KEYS = 3
BURST_S = 0.015
SETTLE_S = 0.02
"""A careful key acts after this long, when the rest of a burst would have come."""
READABLE_S = 0.5
"""An alert must have been on the screen for so long before an answer counts."""


class KeyGuard:
    """Times of the last keys, on whichever clock the caller keeps to."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=64)

    def note(self, time: float) -> None:
        """A key came."""
        self._times.append(time)

    @property
    def last(self) -> float:
        """When the last key came."""
        return self._times[-1] if self._times else 0.0

    def in_burst(self, time: float) -> bool:
        """Whether the key of that time is one of BURST_KEYS within BURST_S."""
        near = sorted(t for t in self._times if abs(t - time) <= BURST_S)
        return any(b - a <= BURST_S for a, b in zip(near, near[BURST_KEYS - 1 :], strict=False))


Shown = tuple[tuple[str, str], ...]
"""Id and level of each alert of a banner."""


class Painting:
    """Since when a banner's alerts, at their levels, can be read: an answer is for what was on the screen."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._shown: Shown = ()
        self._since = 0.0

    def note(self, banner: Sequence[AlertRow]) -> None:
        """It is being painted now; an empty one is none."""
        shown = _shown(banner)
        if shown != self._shown:
            self._shown, self._since = shown, self._now()

    def readable_for(self, banner: Sequence[AlertRow]) -> float:
        """Seconds; 0 for one that is not painted."""
        return self._now() - self._since if self._shown == _shown(banner) else 0.0


def _shown(banner: Sequence[AlertRow]) -> Shown:
    return tuple((alert.id, alert.level) for alert in banner)
