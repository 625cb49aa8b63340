"""Order within one connection: a value that is older, by the venue's time, than one before it says nothing new."""

from __future__ import annotations

from hedge.market import Confirmed, Dropped, Funding, FundingInterval, Index, Mark, Spot

Value = Mark | Index | Spot | Funding | FundingInterval | Confirmed | Dropped
"""What a venue says of one symbol."""


class Overtaken:
    """The newest venue time of each value of each symbol."""

    def __init__(self) -> None:
        self._newest: dict[tuple[type, str], int] = {}

    def overtaken(self, update: Value) -> bool:
        """Whether a newer one of its kind has come already. Equal times are in order."""
        if not isinstance(update, Mark | Index | Spot | Funding) or update.venue_ms is None:
            return False
        key = (type(update), update.symbol)
        if update.venue_ms < self._newest.get(key, update.venue_ms):
            return True
        self._newest[key] = update.venue_ms
        return False
