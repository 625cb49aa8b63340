"""Explanations of what a leg has brought since it was opened: price, basis, fees, and all together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from hedge.book.leg_result import LIST_FEE, NO_PREMIUM, hours_since, taker_fee
from hedge.book.result import basis_result_usd, cost_year_usd, fees_result_usd, price_result_usd
from hedge.explain.entry import SUMMED, Entry, Figure, same
from hedge.explain.form import Input, listed, stated
from hedge.explain.leg_facts import LegSubject, of_instrument
from hedge.sums import exact_sum

Takes = Mapping[str, str | Callable[[LegSubject], Input]]

_PART = same("inverse", "side", "contracts", "contract_size", "index")


def _entry_index(subject: LegSubject) -> Input:
    """The index when it was opened; where that is not known, its entry price."""
    label, leg = "index at entry", subject.leg
    if leg.entry_index is not None:
        source = "the index of the first mark seen"
        return Input(label, label, "S_E", value=leg.entry_index, unit=subject.quoted, source=source)
    found = subject.sibling("entry_price")
    return replace(found, label=label, symbol="S_E", flags=(*found.flags, NO_PREMIUM))


def taker_fee_input(subject: LegSubject) -> Input:
    """The rate of a market order: the account's in the file, else the venue's list price, flagged."""
    rate, source = taker_fee(subject.leg)
    if subject.leg.account.fees.taker is None:
        found = of_instrument(subject, "taker fee", "f", rate, "fraction of the notional")
        remedy = "`fees.taker` of its account in the file"
        return replace(found, flags=(LIST_FEE,)) if rate is not None else replace(found, remedy=remedy)
    return Input("taker fee", "taker fee", "f", value=rate, unit="fraction of the notional", source=source)


def _hours(subject: LegSubject) -> Input:
    why, remedy = "the file does not say when the position was read", "`as_of` of its account in the file"
    found = hours_since(subject.leg, subject.now)
    return stated("hours since `as_of`", "t", found, "h", "portfolio file", why=why, remedy=remedy)


def _price(subject: LegSubject) -> Entry[LegSubject]:
    inverse = subject.leg.inverse
    money: Takes = {"entry": "entry_price"} if inverse else same("quote_usd")
    return Entry(
        "result from price",
        "R_P",
        "USD",
        "size times what the index moved since the leg was opened; a short gains as it falls",
        "{side} × {contracts} × {contract_size} × ({index} − {entry_index})"
        + (" ÷ {entry}" if inverse else " × {quote_usd}"),
        price_result_usd,
        {**_PART, "entry_index": _entry_index, **money},
    )


def _basis(subject: LegSubject) -> Entry[LegSubject]:
    inverse = subject.leg.inverse
    money: Takes = {} if inverse else same("quote_usd")
    return Entry(
        "result from basis",
        "R_B",
        "USD",
        "size times what the mark moved against its index since the leg was opened; a short gains as a premium falls",
        "{side} × {contracts} × {contract_size} × (({mark} − {index}) − ({entry} − {entry_index}))"
        + (" ÷ {entry}" if inverse else " × {quote_usd}"),
        basis_result_usd,
        {**_PART, "mark": "mark", "entry": "entry_price", "entry_index": _entry_index, **money},
    )


def _fees(subject: LegSubject) -> Entry[LegSubject]:
    inverse = subject.leg.inverse
    money: Takes = {} if inverse else {"entry": "entry_price", **same("quote_usd")}
    entry: Takes = {"entry": lambda s: replace(s.sibling("entry_price"), note=_NO_MATTER)} if inverse else {}
    return Entry(
        "fee of opening it",
        "R_f",
        "USD",
        "minus the taker fee on the notional at entry; a limit order may have cost less",
        "−{taker_fee} × {contracts} × {contract_size}" + ("" if inverse else " × {entry} × {quote_usd}"),
        fees_result_usd,
        {**same("inverse", "contracts", "contract_size"), "taker_fee": taker_fee_input, **entry, **money},
    )


_NO_MATTER = "an inverse contract is for so many dollars at any price"


def _parts(subject: LegSubject) -> Input:
    names = ("price_result_usd", "basis_result_usd", "paid_usd", "fees_result_usd")
    return listed("parts", "parts", [subject.sibling(name) for name in names], "R_i")


LEG_RESULT: dict[str, Figure[LegSubject]] = {
    "price_result_usd": _price,
    "basis_result_usd": _basis,
    "fees_result_usd": _fees,
    "hedge_result_usd": Entry(
        "result since it was opened",
        "R",
        "USD",
        "price and basis since its entry, funding since its account was read, and the fee of opening it",
        "{parts:+}",
        exact_sum,
        {"parts": _parts},
        rounding=SUMMED,
    ),
    "cost_year_usd": Entry(
        "cost of funding and fees a year",
        "C",
        "USD a year",
        "minus funding and fees since its account was read, times the hours of a year over those since then; "
        "known from seven days on",
        "−({funding_usd} + {fees_usd}) × 8760 ÷ {hours}",
        cost_year_usd,
        {"funding_usd": "paid_usd", "fees_usd": "fees_result_usd", "hours": _hours},
        remedy="seven days since `as_of`",
    ),
}
