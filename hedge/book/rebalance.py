"""What the book was at its last rebalance, and how far value and weights have moved since.

The last rebalance is the last accepted change that altered a position, else the first complete live snapshot, or when
the user says so. Source: sections 3 and 12 of the domain reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec import Struct

from hedge.book.worth import difference
from hedge.exposure import ONE, ratio
from hedge.portfolio.written import Portfolio, leg_id

NO_REFERENCE = "no rebalance is known yet: it counts from the first moment at which everything is known"


class Reference(Struct, frozen=True):
    """The book as it stood: when (UTC ms), its spot value in USD, and the share of each coin in that."""

    at_ms: int
    value_usd: Decimal
    weights: dict[str, Decimal]


def reference(values_usd: Mapping[str, Decimal | None], at_ms: int) -> Reference | None:
    """The book by the dollars held of each coin; None while one of them is not known, or nothing is held."""
    known = {name: value for name, value in values_usd.items() if value is not None}
    total = sum(known.values(), Decimal(0))
    if len(known) < len(values_usd) or total <= 0:
        return None
    return Reference(at_ms, total, {name: value / total for name, value in known.items()})


def value_change(*, value_usd: Decimal | None, last_value_usd: Decimal | None) -> Decimal | None:
    """value / value at the last rebalance - 1; None without either."""
    quotient = ratio(value_usd, last_value_usd)
    return None if quotient is None else quotient - ONE


def weight(*, spot_usd: Decimal | None, total_usd: Decimal | None) -> Decimal | None:
    """A coin's share of the spot value; None while one of both is not known, or nothing is held."""
    return ratio(spot_usd, total_usd)


def weight_shift(*, weight: Decimal | None, last_weight: Decimal | None) -> Decimal | None:
    """A coin's weight less that at the last rebalance; positive is heavier."""
    return difference(weight, last_weight)


def largest_shift(*, shifts: Iterable[Decimal | None]) -> Decimal | None:
    """The largest change of a weight, without its sign; None while one is not known."""
    sizes = [None if shift is None else abs(shift) for shift in shifts]
    known = [size for size in sizes if size is not None]
    return max(known) if known and len(known) == len(sizes) else None


def turnover(*, shifts: Iterable[Decimal | None]) -> Decimal | None:
    """Half the sum of all changes of weights, what would have to be traded; None while one is not known."""
    sizes = [None if shift is None else abs(shift) for shift in shifts]
    known = [size for size in sizes if size is not None]
    return sum(known, Decimal(0)) / 2 if known and len(known) == len(sizes) else None


def position_altered(before: Portfolio, after: Portfolio) -> bool:
    """Whether a change of the file opened, closed, turned or resized a position."""
    return sizes(before) != sizes(after)


def sizes(portfolio: Portfolio) -> dict[str, Decimal]:
    """Contracts of every leg, by its id."""
    return {leg_id(account, each): each.contracts for account in portfolio.accounts for each in account.positions}
