"""The running result of a hedge since its start: price, basis, funding and fees, and the value protected.

USD, positive when gained. A leg starts at its entry, funding at the account's `as_of`; what was realised before that
position stood is not in it. The parts of a leg add up to its result, and those of the legs to the book's, to the last
digit. Source: sections 12 and 13 of the domain reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hedge.exposure import ONE, ZERO, ratio, signed
from hedge.margin import notional_usd
from hedge.market import HOURS_PER_YEAR, Side
from hedge.sums import exact_sum

MINIMUM_COST_HOURS = Decimal(168)
"""Before seven days a year's cost would mostly be the fee of one trade."""


def price_result_usd(
    *,
    inverse: bool,
    side: Side,
    contracts: Decimal,
    contract_size: Decimal | None,
    entry_index: Decimal | None,
    index: Decimal | None,
    entry: Decimal | None = None,
    quote_usd: Decimal = ONE,
) -> Decimal | None:
    """What the leg gained because the index moved: linear s q (S - S_E) x USD per quote, inverse s Q (S - S_E) / E.

    `entry_index` is the index when it was opened; where that is not known its entry price stands for it, so that the
    premium it was opened at counts as price. None while an input is missing; only an inverse leg needs its `entry`.
    """
    size = _per_unit(inverse, side, contracts, contract_size, entry)
    if size is None or index is None or entry_index is None:
        return None
    return size * (index - entry_index) * quote_usd


def basis_result_usd(
    *,
    inverse: bool,
    side: Side,
    contracts: Decimal,
    contract_size: Decimal | None,
    entry: Decimal | None,
    mark: Decimal | None,
    entry_index: Decimal | None,
    index: Decimal | None,
    quote_usd: Decimal = ONE,
) -> Decimal | None:
    """What the leg gained because its mark moved against the index: s q [(P - S) - (E - S_E)], inverse over E.

    With `price_result_usd` it is the unrealised PnL. None while an input is missing.
    """
    size = _per_unit(inverse, side, contracts, contract_size, entry)
    if size is None or entry is None or mark is None or index is None or entry_index is None:
        return None
    return size * ((mark - index) - (entry - entry_index)) * quote_usd


def _per_unit(
    inverse: bool, side: Side, contracts: Decimal, contract_size: Decimal | None, entry: Decimal | None
) -> Decimal | None:
    """What a price move of one gains: coins of a linear leg; Q / E of an inverse one, in USD."""
    if contract_size is None or (inverse and (entry is None or entry <= 0)):
        return None
    size = contracts * contract_size
    return signed(side, size / entry if inverse and entry is not None else size)


def fees_result_usd(
    *,
    inverse: bool,
    contracts: Decimal,
    contract_size: Decimal | None,
    entry: Decimal | None,
    taker_fee: Decimal | None,
    quote_usd: Decimal = ONE,
) -> Decimal | None:
    """The fee of opening the position as it stands, negative: -rate x notional at entry.

    A limit order may have cost less; closing it will cost about as much again. None while an input is missing.
    """
    if contract_size is None or taker_fee is None:
        return None
    size = notional_usd(
        inverse=inverse, contracts=contracts, contract_size=contract_size, price=entry, quote_usd=quote_usd
    )
    return None if size is None else -taker_fee * size


def over_legs(*, parts: Iterable[Decimal | None]) -> Decimal | None:
    """A part of every leg, added up exactly; None while one is not known, and without a leg."""
    known = list(parts)
    return exact_sum(known) if known else None


def protected_usd(*, held_usd: Decimal | None, hedge_usd: Decimal | None) -> Decimal | None:
    """The dollars of what is held that a short stands against: the smaller of both, and 0 beside a long."""
    if held_usd is None or hedge_usd is None:
        return None
    return max(ZERO, min(held_usd, -hedge_usd))


def cost_year_usd(*, funding_usd: Decimal | None, fees_usd: Decimal | None, hours: Decimal | None) -> Decimal | None:
    """What a leg costs a year by funding and fees, -(funding + fees) x 8760 / hours since its start.

    None while an input is missing, and before seven days.
    """
    if funding_usd is None or fees_usd is None or hours is None or hours < MINIMUM_COST_HOURS:
        return None
    return -(funding_usd + fees_usd) * HOURS_PER_YEAR / hours


def cost_of_protection(*, costs: Iterable[Decimal | None], protected_usd: Decimal | None) -> Decimal | None:
    """The yearly costs of all legs over the value they protect, a fraction; None where nothing is protected."""
    total = exact_sum(costs)
    return None if protected_usd is None or protected_usd <= 0 else ratio(total, protected_usd)


def margin_used(*, margins: Iterable[Decimal | None], collateral: Iterable[Decimal | None]) -> Decimal | None:
    """Margins over collateral, both in USD, of all wallets: 1 is all of it. None without collateral."""
    return ratio(exact_sum(margins), exact_sum(collateral))
