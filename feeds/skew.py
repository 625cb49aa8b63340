"""How far a venue's clock is from ours, from the times in its frames; and how many frames come a second.

A frame cannot arrive before it was sent, so of many frames the least late one tells the most: the skew is the smallest
of (arrival - venue's time) over the last half minute to minute. Freshness never comes from these times.
"""

from __future__ import annotations

from collections import deque

from feeds.order import Value
from hedge.market import Confirmed, FeedPulse, Instant, Mark, Spot

WINDOW_MS = 30_000
"""The smallest of this window and of the one before it counts."""
ENOUGH = 3
"""Frames with a time, before their skew is believed."""
STEP_MS = 1_000
"""A wall clock that moves further than this between two looks, against the monotonic one, was set."""
RATE_MS = 10_000
"""Over which frames are counted."""
PULSE_MS = 1_000


class Skew:
    """Of one connection. Setting our wall clock does not change it, unless the new time agrees better with the venue's:
    a clock that is put right ends its skew, one that is put wrong raises nothing.
    """

    def __init__(self) -> None:
        self._started_ms: int | None = None
        self._least: int | None = None
        self._before: int | None = None
        self._count = 0
        self._utc_ms: int | None = None
        """What the monotonic clock lacks to UTC, as we believe."""

    def note(self, venue_ms: int, now: Instant) -> None:
        """A frame with this time of the venue's arrived."""
        late = now.mono_ms - venue_ms
        if self._started_ms is None or now.mono_ms - self._started_ms >= WINDOW_MS:
            self._started_ms, self._before, self._least = now.mono_ms, self._least, late
        elif self._least is None or late < self._least:
            self._least = late
        self._count += 1

    def seconds(self, now: Instant) -> float | None:
        """The venue's clock minus ours; None until enough frames told. A slow line makes it a little smaller."""
        known = [each for each in (self._least, self._before) if each is not None]
        offset = now.wall_ms - now.mono_ms
        if not known or self._count < ENOUGH:
            self._utc_ms = offset
            return None
        ours, theirs = self._utc_ms, -min(known)
        if ours is None or abs(offset - ours) <= STEP_MS or abs(theirs - offset) < abs(theirs - ours):
            self._utc_ms = ours = offset
        return (theirs - ours) / 1000


_TIMED = (Mark, Spot, Confirmed)
"""Of the values in one frame, those whose time is taken."""


class Pulse:
    """Frames a second and skew of one stream, told once a second."""

    def __init__(self, feed: str, now_ms: int) -> None:
        self._feed = feed
        self.skew = Skew()
        self._since_ms = now_ms
        self._told_ms = now_ms
        self._frames = 0
        self._counts: deque[tuple[int, int]] = deque()
        """Of each second that was told, when it began and its frames."""

    def frame(self) -> None:
        self._frames += 1

    def note(self, value: Value, now: Instant) -> None:
        """A value arrived; of those with the time at which they were sent the skew is taken."""
        if isinstance(value, _TIMED) and value.venue_ms is not None:
            self.skew.note(value.venue_ms, now)

    def due(self, now: Instant) -> FeedPulse | None:
        """The pulse, where the last one is a second old."""
        if now.mono_ms - self._told_ms < PULSE_MS:
            return None
        self._counts.append((self._told_ms, self._frames))
        self._frames, self._told_ms = 0, now.mono_ms
        while self._counts and self._counts[0][0] < now.mono_ms - RATE_MS:
            self._counts.popleft()
        began_ms = self._counts[0][0] if self._counts else self._since_ms
        frames = sum(count for _, count in self._counts)
        per_s = 1000 * frames / max(PULSE_MS, now.mono_ms - began_ms)
        return FeedPulse(self._feed, round(per_s, 2), self.skew.seconds(now), now.mono_ms)

    def over(self, now: Instant) -> FeedPulse:
        """The last one of a connection: nothing comes any more."""
        return FeedPulse(self._feed, 0.0, None, now.mono_ms)
