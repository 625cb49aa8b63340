"""Explanations of what it means to hold a leg on: bankruptcy, its rank in deleveraging, when funding has paid."""

from __future__ import annotations

from hedge.book.leg_hold import GONE, LINEAR, SHARED, round_trip_cost
from hedge.explain.entry import Entry, Figure, same
from hedge.explain.leg_facts import LegSubject
from hedge.explain.leg_result import taker_fee_input
from hedge.funding import funding_breakeven
from hedge.liquidation import bankruptcy_price
from hedge.margin import adl_score


def _bankruptcy(subject: LegSubject) -> Entry[LegSubject]:
    title, symbol = "bankruptcy price", "P_b"
    if not subject.leg.isolated:
        remedy = f"accounts.{subject.leg.account.id}.joint_to_liquidation says how far its account is"
        return Entry(title, symbol, lambda s: s.quoted, SHARED, remedy=remedy)
    sign = "+" if subject.leg.side == "short" else "−"
    size = "{contracts} × {contract_size}"
    template = f"{{entry}} {sign} {{margin}} ÷ ({size})"
    if subject.leg.inverse:
        template = f"{size} ÷ ({size} ÷ {{entry}} {'−' if sign == '+' else '+'} {{margin}})"
    return Entry(
        title,
        symbol,
        lambda s: s.quoted,
        "the price at which its margin plus PnL is zero",
        template,
        bankruptcy_price,
        {**same("inverse", "side", "contracts", "contract_size", "margin"), "entry": "entry_price"},
    )


def _rank(subject: LegSubject) -> Entry[LegSubject]:
    title, symbol, unit = "rank in auto-deleveraging", "ADL", "score"
    if subject.leg.inverse:
        return Entry(title, symbol, unit, LINEAR, remedy="a linear position")
    short = subject.leg.side == "short"
    gain = "(1 − {mark} ÷ {entry})" if short else "({mark} ÷ {entry} − 1)"
    room = "({bankruptcy} − {mark})" if short else "({mark} − {bankruptcy})"
    return Entry(
        title,
        symbol,
        unit,
        "its gain, a fraction of the entry, times its leverage, which is the mark over the room to bankruptcy (divided "
        "by it where it loses): the higher, the earlier a venue closes it to cover another's bankruptcy",
        f"{gain} × or ÷ ({{mark}} ÷ {room})",
        adl_score,
        {"side": "side", "entry": "entry_price", "mark": "mark", "bankruptcy": "bankruptcy_price"},
        "score",
        remedy=f"an isolated margin; {GONE}",
    )


LEG_HOLD: dict[str, Figure[LegSubject]] = {
    "bankruptcy_price": _bankruptcy,
    "adl_score": _rank,
    "round_trip_cost": Entry(
        "cost of getting in and out",
        "c",
        "fraction of the notional",
        "the taker fee of opening and of closing it",
        "2 × {taker_fee}",
        round_trip_cost,
        {"taker_fee": taker_fee_input},
        value="formula",
    ),
    "break_even_hours": Entry(
        "hours until funding has paid for getting in and out",
        "t_b",
        "h",
        "whole stamps at the predicted rate until they have paid both taker fees, times the hours of one; none where "
        "the rate is not in its favour",
        "⌈{round_trip_cost} ÷ |{rate}|⌉ × {interval_hours}",
        funding_breakeven,
        {
            "side": "side",
            "round_trip_cost": "round_trip_cost",
            "rate": "funding_rate",
            "interval_hours": "funding_interval_hours",
        },
        "hours",
        remedy="a rate in its favour",
    ),
}
