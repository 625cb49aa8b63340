"""What one leg has brought since it was opened, part by part, with the reason for each part that is not known."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from hedge.book.ledger import as_seconds
from hedge.book.leg_words import why_no_entry
from hedge.book.legs import Leg
from hedge.book.result import MINIMUM_COST_HOURS, basis_result_usd, cost_year_usd, fees_result_usd, price_result_usd
from hedge.exposure import ONE
from hedge.market import Instant
from hedge.sums import exact_sum

SECONDS_PER_HOUR = 3600
NO_PREMIUM = "index at entry not known: the entry price stands for it"
"""Flag of a leg whose premium at entry counts as price."""
LIST_FEE = "fee of the venue's list"
"""Flag of a leg whose account states no fees."""


class LegResult(Struct, frozen=True):
    """USD, positive when gained. Funding is what was paid since the account's `as_of`."""

    price: Decimal | None = None
    basis: Decimal | None = None
    fees: Decimal | None = None
    total: Decimal | None = None
    cost_year: Decimal | None = None


def leg_result(leg: Leg, paid_usd: Decimal | None, now: Instant, why: dict[str, str], flags: list[str]) -> LegResult:
    """The parts of a leg's result; reasons and assumptions go into `why` and `flags`."""
    price, basis = _prices(leg, why, flags)
    fees = _fees(leg, why, flags)
    total = exact_sum((price, basis, paid_usd, fees))
    if total is None:
        parts = ("price_result_usd", "basis_result_usd", "fees_result_usd", "paid_usd")
        why["hedge_result_usd"] = next((why[part] for part in parts if part in why), "a part of it is not known")
    hours = hours_since(leg, now)
    cost = cost_year_usd(funding_usd=paid_usd, fees_usd=fees, hours=hours)
    if cost is None:
        why["cost_year_usd"] = _why_no_cost(hours, why)
    return LegResult(price, basis, fees, total, cost)


def hours_since(leg: Leg, now: Instant) -> Decimal | None:
    """Hours since the leg's account was read; None where the file states no time."""
    return None if leg.as_of_ms is None else as_seconds(now.wall_ms - leg.as_of_ms) / SECONDS_PER_HOUR


def entry_index(leg: Leg) -> Decimal | None:
    """The index when the leg was opened; where that is not known, its entry price."""
    return leg.entry if leg.entry_index is None else leg.entry_index


def taker_fee(leg: Leg) -> tuple[Decimal | None, str]:
    """The rate of a market order, a fraction, and where it is from: the account in the file, else the venue's list."""
    own, instrument = leg.account.fees.taker, leg.market.instrument
    if own is not None:
        return own, "portfolio file"
    listed = None if instrument is None else instrument.taker_fee
    return listed, f"{leg.account.venue} instruments"


def _prices(leg: Leg, why: dict[str, str], flags: list[str]) -> tuple[Decimal | None, Decimal | None]:
    market = leg.market
    mark, index = market.mark, market.index
    size, entry, at_entry = leg.contract_size, leg.entry, entry_index(leg)
    quote_usd = ONE if leg.inverse else leg.quote_usd
    spot = None if index is None else index.price
    price = price_result_usd(
        inverse=leg.inverse,
        side=leg.side,
        contracts=leg.position.contracts,
        contract_size=size,
        entry_index=at_entry,
        index=spot,
        entry=entry,
        quote_usd=quote_usd,
    )
    basis = basis_result_usd(
        inverse=leg.inverse,
        side=leg.side,
        contracts=leg.position.contracts,
        contract_size=size,
        entry=entry,
        mark=None if mark is None else mark.price,
        entry_index=at_entry,
        index=spot,
        quote_usd=quote_usd,
    )
    for name, result, needed in (("price_result_usd", price, ()), ("basis_result_usd", basis, ("mark",))):
        if result is None:
            lacking = next((what for what in ("index", *needed) if getattr(market, what) is None), "price")
            gone = market.gone.get(lacking)
            missing = f"no {lacking}: {gone}" if gone else f"no {lacking} has come yet"
            why[name] = leg.facts_why or (why_no_entry(leg) if entry is None else missing)
    if price is not None and leg.entry_index is None:
        flags.append(NO_PREMIUM)
    return price, basis


def _fees(leg: Leg, why: dict[str, str], flags: list[str]) -> Decimal | None:
    rate, _ = taker_fee(leg)
    fees = fees_result_usd(
        inverse=leg.inverse,
        contracts=leg.position.contracts,
        contract_size=leg.contract_size,
        entry=leg.entry,
        taker_fee=rate,
        quote_usd=leg.quote_usd,
    )
    if rate is None:
        unread = leg.facts_why or f"neither the file nor {leg.account.venue} states a taker fee"
        why["fees_result_usd"] = unread
    elif fees is None:
        why["fees_result_usd"] = leg.facts_why or why_no_entry(leg)
    elif leg.account.fees.taker is None:
        flags.append(LIST_FEE)
    return fees


def _why_no_cost(hours: Decimal | None, why: dict[str, str]) -> str:
    if hours is None:
        return "the file does not say when the position was read; `as_of` of its account does"
    for part in ("paid_usd", "fees_result_usd"):
        if part in why:
            return why[part]
    return f"needs {MINIMUM_COST_HOURS / 24:f} d since `as_of`, has {max(hours, Decimal(0)) // 24} d"
