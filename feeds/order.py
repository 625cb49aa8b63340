"""Order within one connection: a value that is older, by the venue's time, than one before it says nothing new."""

from __future__ import annotations

from hedge.market import Confirmed, Dropped, Funding, FundingInterval, Index, Mark, Spot

Value = Mark | Index | Spot | Funding | FundingInterval | Confirmed | Dropped
"""What a venue says of one symbol."""
VALUES = (Mark, Index, Spot, Funding, FundingInterval, Confirmed, Dropped)
"""The same for `isinstance`, which is asked for every value that comes."""
_DATED = (Mark, Index, Spot, Funding)


class Overtaken:
    """The newest venue time of each value of each symbol."""

    def __init__(self) -> None:
        self._newest: dict[tuple[type, str], int] = {}

    def overtaken(self, update: Value) -> bool:
        """Whether a newer one of its kind has come already. Equal times are in order."""
        if not isinstance(update, _DATED) or update.venue_ms is None:
            return False
        key, venue_ms = (type(update), update.symbol), update.venue_ms
        if venue_ms < self._newest.get(key, venue_ms):
            return True
        self._newest[key] = venue_ms
        return False
