"""Asking one by one, where a venue ends the whole socket at one market that it does not know.

What has had data is asked for at once; the others one at a time, each when the one before it has answered. The one
that is being asked for when the socket ends twice is the one that ends it.
"""

from __future__ import annotations

from collections.abc import Sequence

STRIKES = 2
"""A socket may also end by itself."""


class Turns:
    """Whose turn it is on one stream; native ids throughout."""

    def __init__(self, one_by_one: bool) -> None:
        self._one_by_one = one_by_one
        self._known: set[str] = set()
        """Those that answered on any connection."""
        self._strikes: dict[str, int] = {}
        self._queue: list[str] = []
        self._asking: str | None = None

    def opened(self, natives: Sequence[str]) -> Sequence[str]:
        """What to ask for on a new connection: everything, or the known ones and the first of the others."""
        self._asking = None
        if not self._one_by_one:
            self._queue = []
            return natives
        unknown = [native for native in natives if native not in self._known]
        self._queue = sorted(unknown, key=lambda native: self._strikes.get(native, 0))
        return [*(native for native in natives if native in self._known), *self._next()]

    def proven(self, native: str) -> Sequence[str]:
        """This one answered; what to ask for next."""
        self._known.add(native)
        self._strikes.pop(native, None)
        return self._next() if native == self._asking else ()

    def unproven(self, native: str) -> Sequence[str]:
        """This one waited in vain, or is not wanted any more; what to ask for next."""
        self._queue = [each for each in self._queue if each != native]
        return self._next() if native == self._asking else ()

    def ended(self, abruptly: bool) -> str | None:
        """The connection is over; the one that ended it, once that is plain."""
        guilty, self._asking = self._asking, None
        if guilty is None or not abruptly:
            return None
        self._strikes[guilty] = self._strikes.get(guilty, 0) + 1
        return guilty if self._strikes[guilty] >= STRIKES else None

    def _next(self) -> Sequence[str]:
        self._asking = self._queue.pop(0) if self._queue else None
        return () if self._asking is None else (self._asking,)
