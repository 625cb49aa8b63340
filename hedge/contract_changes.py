"""What became of a contract between two readings of its facts, in words for the person who holds it."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from hedge.market import Instrument, Tier, Tiers

ROUNDED = Decimal("1e-12")
"""Relative; brackets that were valued at another price come out this close."""


def same_brackets(before: Tiers, after: Tiers) -> bool:
    """Whether two readings state the same brackets, be they valued at different prices where they count contracts."""
    if before.tiers == after.tiers:
        return True
    if before.at_price is None or after.at_price is None or len(before.tiers) != len(after.tiers):
        return False
    grown = after.at_price / before.at_price
    pairs = list(zip(before.tiers, after.tiers, strict=True))
    return any(all(_scaled(old, new, times) for old, new in pairs) for times in (grown, 1 / grown))


def _scaled(before: Tier, after: Tier, times: Decimal) -> bool:
    """Whether a bracket is what another one comes to at so many times the value."""
    if (before.cap is None) is not (after.cap is None):
        return False
    bounds = ((before.floor, after.floor), (before.cap or Decimal(0), after.cap or Decimal(0)))
    stretched = replace(before, floor=after.floor, cap=after.cap)
    return stretched == after and all(abs(old * times - new) <= ROUNDED * new for old, new in bounds)


def altered(before: Instrument | None, after: Instrument) -> str:
    """Why positions written down before cannot be counted by the new facts; empty where they still can."""
    if before is None:
        return ""
    if (before.base, before.quote, before.settle, before.inverse) != (
        after.base,
        after.quote,
        after.settle,
        after.inverse,
    ):
        return f"it is {_meaning(after)} now, and was {_meaning(before)}"
    if before.contract_size != after.contract_size:
        return f"its contract size is {after.contract_size:f} now, and was {before.contract_size:f}"
    if before.multiplier != after.multiplier:
        return f"its unit is {after.multiplier:f} {after.base} now, and was {before.multiplier:f}"
    return ""


def _meaning(instrument: Instrument) -> str:
    kind = "an inverse contract" if instrument.inverse else "a contract"
    return f"{kind} on {instrument.base}/{instrument.quote} settled in {instrument.settle}"
