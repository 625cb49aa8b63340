"""What became of a contract between two readings of its facts, in words for the person who holds it."""

from __future__ import annotations

from hedge.market import Instrument


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
