"""Holding a leg on: where its margin is gone, how early a venue would close it for another, when funding has paid.

Prices are in the quote currency. Source: sections 8 to 10 of the domain reference; BitMEX for the rank.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from hedge.book.leg_result import taker_fee
from hedge.book.leg_words import why_no_entry, why_no_margin
from hedge.book.legs import Leg
from hedge.funding import funding_breakeven
from hedge.margin import adl_score
from hedge.snapshot import NEVER

SHARED = "a cross position shares the equity of its account"
LINEAR = "the rank is worked out for linear positions"
GONE = "its equity is gone"
AGAINST = "its funding is not in your favour, so it never pays for getting in and out"


class Hold(NamedTuple):
    """The figures; None where one is not known, with its reason in the row's `why`."""

    bankruptcy_price: Decimal | None
    adl_score: Decimal | None
    break_even_hours: Decimal | None


def round_trip_cost(*, taker_fee: Decimal | None) -> Decimal | None:
    """Fees of opening and closing a leg at the market, a fraction of its notional."""
    return None if taker_fee is None else 2 * taker_fee


def hold_of(leg: Leg, rate: Decimal | None, why: dict[str, str]) -> Hold:
    """`rate` is the predicted one of the coming stamp, venue's sign."""
    bankruptcy = leg.liquidation.bankruptcy_price if leg.isolated else None
    if bankruptcy is None:
        why["bankruptcy_price"] = _why_no_bankruptcy(leg)
    return Hold(bankruptcy, _rank(leg, bankruptcy, why), _break_even(leg, rate, why))


def _why_no_bankruptcy(leg: Leg) -> str:
    if not leg.isolated:
        return SHARED
    if leg.facts_why:
        return leg.facts_why
    if leg.entry is None:
        return why_no_entry(leg)
    return why_no_margin(leg) if leg.margin is None else NEVER


def _rank(leg: Leg, bankruptcy: Decimal | None, why: dict[str, str]) -> Decimal | None:
    mark = leg.market.mark
    if leg.inverse or bankruptcy is None or mark is None or leg.entry is None:
        unmarked = "" if mark is not None else "no mark has come yet"
        why["adl_score"] = LINEAR if leg.inverse else why.get("bankruptcy_price") or unmarked
        return None
    score = adl_score(side=leg.side, entry=leg.entry, mark=mark.price, bankruptcy=bankruptcy).score
    if score is None:
        why["adl_score"] = GONE
    return score


def _break_even(leg: Leg, rate: Decimal | None, why: dict[str, str]) -> Decimal | None:
    cost = round_trip_cost(taker_fee=taker_fee(leg)[0])
    if cost is None:
        why["break_even_hours"] = leg.facts_why or f"neither the file nor {leg.account.venue} states a taker fee"
        return None
    found = funding_breakeven(side=leg.side, round_trip_cost=cost, rate=rate, interval_hours=leg.interval_hours).hours
    if found is None:
        why["break_even_hours"] = why.get("funding_rate") or AGAINST
    return found
