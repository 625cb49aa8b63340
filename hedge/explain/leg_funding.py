"""Explanations of what a leg earns or pays in funding."""

from __future__ import annotations

from hedge.book.ledger import seconds
from hedge.book.leg_past import last_settled
from hedge.explain.entry import Entry, Figure, beside, read, same
from hedge.explain.form import Input, stated
from hedge.explain.leg_facts import LegSubject
from hedge.funding import funding_payment_usd
from hedge.funding_income import accrued_usd, funding_day_usd, holder_apr
from hedge.portfolio.fields import plain

NO_MATTER = "the dollars of an inverse contract do not depend on it"


def _minus(subject: LegSubject) -> str:
    """A short receives a positive rate, a long pays it."""
    return "" if subject.leg.side == "short" else "−"


def _per_interval(subject: LegSubject) -> str:
    return f"fraction per {plain(subject.leg.interval_hours)} h"


def _payment(subject: LegSubject, title: str, symbol: str) -> Entry[LegSubject]:
    leg = subject.leg
    size = "{contracts} × {contract_size} × {rate}"
    return Entry(
        title,
        symbol,
        "USD",
        f"notional {'' if leg.inverse else 'at the mark '}times the predicted rate; a short receives a positive rate",
        _minus(subject) + (size if leg.inverse else "{contracts} × {contract_size} × {mark} × {rate} × {quote_usd}"),
        funding_payment_usd,
        {
            **same("inverse", "side", "contracts", "contract_size"),
            "mark": beside("price", NO_MATTER) if leg.inverse else "price",
            "rate": "funding_rate",
            "quote_usd": beside("quote_usd", NO_MATTER) if leg.inverse else "quote_usd",
        },
        value="row" if title == NEXT else lambda s: s.leg.payment_usd,
        conditions=("index", "funding_rate") if title == NEXT else (),
    )


NEXT = "the coming funding stamp"


def _apr(subject: LegSubject) -> Entry[LegSubject]:
    predicted = subject.field("funding_rate") is not None or subject.field("funding_apr") is None
    return Entry(
        "funding a year",
        "APR",
        "fraction a year",
        f"the {'predicted' if predicted else 'last settled'} rate times the intervals of a year, simple; positive is "
        "received, and a short receives a positive rate",
        _minus(subject) + "{rate} × 8760 ÷ {interval_hours}",
        holder_apr,
        {
            "side": "side",
            "rate": "funding_rate" if predicted else _settled_rate,
            "interval_hours": "funding_interval_hours" if predicted else _settled_hours,
        },
    )


def _settled_rate(subject: LegSubject) -> Input:
    leg, known = subject.leg, subject.leg.market.settlements
    found = last_settled(leg.market, leg.interval_hours)
    return stated(
        "last settled rate",
        "r",
        None if found is None else found.rate,
        "fraction of one stamp",
        f"settlements of {leg.account.venue}",
        age_s=None
        if known is None or not known.settlements
        else seconds(subject.now.wall_ms, known.settlements[-1].at_ms),
        why="no settled funding is known yet",
        flags=("APR of the last settled rate",),
    )


def _settled_hours(subject: LegSubject) -> Input:
    found = last_settled(subject.leg.market, subject.leg.interval_hours)
    hours, source = None if found is None else found.interval_hours, "time between its last two stamps"
    return stated("hours of that stamp", "H", hours, "h", source, why="no settled funding is known yet")


LEG_FUNDING: dict[str, Figure[LegSubject]] = {
    "funding_rate": read(
        "funding rate",
        "r",
        _per_interval,
        "streamed funding",
        "the venue's prediction for the coming stamp, with the venue's sign: positive, longs pay shorts",
    ),
    "funding_interval_hours": read("funding interval", "H", "h", "interval"),
    "funding_apr": _apr,
    "next_funding_usd": lambda subject: _payment(subject, NEXT, "F"),
    "stamp_usd": lambda subject: _payment(subject, "a stamp at the present rate", "F"),
    "funding_day_usd": Entry(
        "funding a day",
        "F_d",
        "USD",
        "the coming stamp times the stamps of a day; positive is received",
        "{stamp_usd} × 24 ÷ {interval_hours}",
        funding_day_usd,
        {"stamp_usd": "stamp_usd", "interval_hours": "funding_interval_hours"},
    ),
    "accrued_usd": Entry(
        "funding accrued, est.",
        "F_t",
        "USD",
        "the coming stamp times the share of its interval that is over; an estimate, nothing is owed before the stamp",
        "{stamp_usd} × (1 − {next_funding_in_s} ÷ (3600 × {interval_hours})), the share kept between 0 and 1",
        accrued_usd,
        {
            "stamp_usd": "stamp_usd",
            "interval_hours": "funding_interval_hours",
            "next_funding_in_s": "next_funding_in_s",
        },
        conditions=("index", "funding_rate"),
    ),
}
