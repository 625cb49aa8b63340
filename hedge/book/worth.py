"""From coins to dollars, and from dollars to the plan: the small formulas of a row and of the totals.

Signed, long positive; USD. None where an input is not known. Source: sections 1, 3 and 5 of the domain reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hedge.exposure import ONE, price_per_coin, product


def usd_per_coin(*, quoted_price: Decimal, multiplier: Decimal = ONE, quote_usd: Decimal = ONE) -> Decimal:
    """USD for one coin: the quoted price over the coins it is for, times USD per unit of its quote currency."""
    return price_per_coin(quoted_price=quoted_price, multiplier=multiplier) * quote_usd


def worth_usd(*, quantity: Decimal | None, price_usd: Decimal | None) -> Decimal | None:
    """Coins (or money) times USD for one; zero of anything is zero."""
    return product(quantity, price_usd)


def share_usd(*, share: Decimal | None, usd: Decimal | None) -> Decimal | None:
    """A share of dollars: beta x spot is dollars of the proxy, target x that is what shall be short."""
    return product(share, usd)


def planned_net_usd(*, beta_spot_usd: Decimal | None, planned_hedge_usd: Decimal | None) -> Decimal | None:
    """What the plan leaves open: spot (beta-weighted) minus what shall be short."""
    return difference(beta_spot_usd, planned_hedge_usd)


def off_usd(*, beta_net_usd: Decimal | None, planned_net_usd: Decimal | None) -> Decimal | None:
    """Dollars away from plan: net minus planned net; positive is too long."""
    return difference(beta_net_usd, planned_net_usd)


def difference(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    """Left minus right, or None where one is not known."""
    return None if left is None or right is None else left - right


def least(parts: Sequence[Decimal | None]) -> Decimal | None:
    """The smallest of those that are known; None without any."""
    return min((part for part in parts if part is not None), default=None)


def greatest(parts: Sequence[Decimal | None]) -> Decimal | None:
    """The largest of those that are known; None without any."""
    return max((part for part in parts if part is not None), default=None)


def count_unknown(parts: Sequence[Decimal | None]) -> int:
    """How many are not known."""
    return sum(part is None for part in parts)
