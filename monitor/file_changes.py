"""What an edit of the portfolio file changed, in one line."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hedge.portfolio import Portfolio, leg_id

SHOWN = 3
"""Changes that are named; of the rest only the number."""


def what_changed(old: Portfolio, new: Portfolio) -> str:
    """`SOL held 200 → 244; bybit-linear/SOL/USDT:USDT/short 100 → 122`; the order is the file's."""
    changes = [
        *_sizes(_held(old), _held(new), "{} held"),
        *_sizes(_contracts(old), _contracts(new), "{}"),
        *(name for name in ("policy", "alerts", "rates", "name") if getattr(old, name) != getattr(new, name)),
    ]
    if not changes and old.accounts != new.accounts:
        changes = ["accounts"]
    if not changes:
        return "nothing that counts"
    more = len(changes) - SHOWN
    return "; ".join(changes[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _sizes(old: Mapping[str, Decimal], new: Mapping[str, Decimal], words: str) -> list[str]:
    found = []
    for name in dict.fromkeys((*new, *old)):
        before, after = old.get(name), new.get(name)
        if before != after:
            found.append(f"{words.format(name)} {_amount(before)} → {_amount(after)}")
    return found


def _amount(value: Decimal | None) -> str:
    return "nothing" if value is None else f"{value.normalize():f}"


def _held(portfolio: Portfolio) -> dict[str, Decimal]:
    held: dict[str, Decimal] = {}
    for holding in portfolio.holdings:
        held[holding.asset] = held.get(holding.asset, Decimal(0)) + holding.quantity
    return held


def _contracts(portfolio: Portfolio) -> dict[str, Decimal]:
    return {
        leg_id(account, position): position.contracts
        for account in portfolio.accounts
        for position in account.positions
    }
