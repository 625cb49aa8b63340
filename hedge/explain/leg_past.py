"""Explanations of a leg's past: what it was paid, what funding was on average, and how unusual its basis is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from hedge.book.ledger import seconds
from hedge.book.leg_past import NO_AS_OF, TOO_OLD_MS, WINDOWS, day_words
from hedge.book.leg_past_row import window_of
from hedge.explain.entry import SUMMED, Entry, Figure, same
from hedge.explain.form import Input, listed, stated, words
from hedge.explain.leg_facts import LegSubject
from hedge.exposure import ratio
from hedge.history import MINIMUM_BASIS_HOURS
from hedge.settled import Payment, adverse_hours, hour_weighted_apr, realised_apr
from hedge.sums import exact_sum
from hedge.triggers import z_score

REMEDY = "the funding that its venue settled, which is read every hour"
PREDICTED = "last stamp as predicted"


def _settlements(subject: LegSubject) -> Input:
    """How far settlements are known: without them, or with old ones, no figure of the past is."""
    leg, label = subject.leg, "settled funding"
    known = leg.market.settlements
    if known is None or not known.settlements:
        why = subject.reason("paid_usd") or subject.book.ledger.why_no_past(leg.market, label)
        return words("settlements", label, "", why=why, remedy=REMEDY)
    return words(
        "settlements",
        label,
        f"to {day_words(known.settlements[-1].at_ms)}",
        source=f"settlements of {leg.market.venue}",
        age_s=seconds(subject.now.wall_ms, known.at_ms),
        stale=leg.past.overdue_ms(subject.now.wall_ms) > TOO_OLD_MS,
    )


def _of_window(subject: LegSubject, hours: int, label: str, symbol: str, unit: str, value: Decimal | None) -> Input:
    """What the stamps of a window add up to."""
    found, known = window_of(subject.leg, hours), subject.leg.market.settlements
    age = None if known is None else seconds(subject.now.wall_ms, known.at_ms)
    why = found.why or subject.reason("funding_3d_apr") or "no settlements"
    source = f"{found.stamps} settlements of {subject.leg.market.venue}"
    return stated(label, symbol, value, unit, source, age_s=age, why=why, remedy=REMEDY)


def _rates(hours: int) -> Callable[[LegSubject], Input]:
    return lambda s: _of_window(s, hours, "rates added up", "Σ r", "fraction", window_of(s.leg, hours).rates)


def _hours(hours: int) -> Callable[[LegSubject], Input]:
    return lambda s: _of_window(s, hours, "hours they were for", "Σ H", "h", window_of(s.leg, hours).hours)


def _against(subject: LegSubject) -> Input:
    """Hours of the shortest window that went against the hedger."""
    found = window_of(subject.leg, WINDOWS[0])
    side = subject.leg.side
    value = adverse_hours(side=side, positive_hours=found.positive_hours, negative_hours=found.negative_hours)
    return _of_window(subject, WINDOWS[0], "hours against the hedger", "Σ H_−", "h", value)


def _mean(hours: int) -> Figure[LegSubject]:
    """The mean rate of a window, a year."""

    def made(subject: LegSubject) -> Entry[LegSubject]:
        minus = "" if subject.leg.side == "short" else "−"
        return Entry(
            f"mean funding of {hours // 24} days, a year",
            "APR",
            "fraction a year",
            "settled rates added up over the hours they were for, times the hours of a year; positive is received, and "
            "a short receives a positive rate",
            minus + "{rates} × 8760 ÷ {hours}",
            hour_weighted_apr,
            {"side": "side", "rates": _rates(hours), "hours": _hours(hours)},
            conditions=("settlements",),
            remedy=REMEDY,
        )

    return made


def _payments(figure: str, label: str, symbol: str, which: str, unit: str) -> Callable[[LegSubject], Input]:
    """What each stamp paid, in USD or in the settle currency."""

    def made(subject: LegSubject) -> Input:
        past = subject.leg.past
        paid: Sequence[Payment] = getattr(past, which)
        why = past.why.get(figure, "") or (subject.reason(figure) if getattr(past, figure, None) is None else "")
        if why and figure in ("paid_usd", "paid_30d_usd"):
            remedy = "`as_of` of its account in the file" if why == NO_AS_OF else REMEDY
            return Input("parts", label, symbol, "list", why=why, remedy=remedy)
        items = [_payment(subject, each, unit) for each in paid]
        return listed("parts", label, items, symbol)

    return made


def _payment(subject: LegSubject, paid: Payment, unit: str) -> Input:
    return Input(
        "",
        day_words(paid.at_ms),
        "F",
        value=paid.usd if unit == "USD" else paid.amount,
        unit=unit or subject.leg.settle,
        source=f"settlements of {subject.leg.market.venue}",
        age_s=seconds(subject.now.wall_ms, paid.at_ms),
        flags=() if paid.confirmed else (PREDICTED,),
    )


def _dollar_hours(subject: LegSubject) -> Input:
    past = subject.leg.past
    value = past.dollar_hours if past.since else None
    why = past.why.get("paid_usd", "") or subject.reason("paid_usd") or "no stamp since the position was read"
    source = f"{len(past.since)} settlements of {subject.leg.market.venue}"
    return stated("notional times hours", "Σ N H", value, "USD × h", source, why=why, remedy=REMEDY)


def _usual(part: str, label: str, symbol: str) -> Callable[[LegSubject], Input]:
    """Mean or deviation of the basis of the last seven days."""

    def made(subject: LegSubject) -> Input:
        usual, ledger, market = subject.leg.market.usual, subject.book.ledger, subject.leg.market
        until = usual.until_ms
        return stated(
            label,
            symbol,
            getattr(usual, part),
            "fraction",
            f"{usual.minutes} minutes watched" if usual.minutes else f"{usual.hours} hourly candles of {market.venue}",
            age_s=None if until is None else seconds(subject.now.wall_ms, until),
            why=usual.why or ledger.why_no_past(market, "hourly candles"),
            remedy=f"{MINIMUM_BASIS_HOURS} hourly candles of mark and index",
        )

    return made


LegSubject.facts = {**LegSubject.facts, "settlements": _settlements}

LEG_PAST: dict[str, Figure[LegSubject]] = {
    "basis_z": Entry(
        "basis against its usual",
        "z",
        "deviations",
        "the basis less its mean of seven days, over its standard deviation",
        "({value} − {mean}) ÷ {std}",
        z_score,
        {
            "value": "basis_pct",
            "mean": _usual("mean", "mean basis of seven days", "b̄"),
            "std": _usual("std", "its standard deviation", "σ_b"),
        },
    ),
    "funding_3d_apr": _mean(WINDOWS[0]),
    "funding_7d_apr": _mean(WINDOWS[1]),
    "funding_30d_apr": _mean(WINDOWS[2]),
    "funding_adverse_share": Entry(
        "share of three days that funding was against the hedger",
        "a",
        "fraction",
        "hours of stamps that he paid over the hours of all stamps",
        "{numerator} ÷ {denominator}",
        ratio,
        {"numerator": _against, "denominator": _hours(WINDOWS[0])},
        conditions=("settlements",),
        remedy=REMEDY,
    ),
    "paid_usd": Entry(
        "funding paid since the position was read",
        "F_p",
        "USD",
        "what every stamp since then paid, at its own rate and mark; positive is received; an estimate, since the "
        "position is taken as it is",
        "{parts:+}",
        exact_sum,
        {"parts": _payments("paid_usd", "stamps since then", "F", "since", "USD")},
        rounding=SUMMED,
        conditions=("settlements",),
        remedy=REMEDY,
    ),
    "paid_30d_usd": Entry(
        "funding paid in 30 days",
        "F_30",
        "USD",
        "what every stamp of 30 days paid a position as it is now, at its own rate and mark; positive is received",
        "{parts:+}",
        exact_sum,
        {"parts": _payments("paid_30d_usd", "stamps of 30 days", "F", "month", "USD")},
        rounding=SUMMED,
        conditions=("settlements",),
        remedy=REMEDY,
    ),
    "realised_apr": Entry(
        "funding paid, a year",
        "APR_p",
        "fraction a year",
        "what was paid times the hours of a year, over the notional and the hours it was paid on",
        "{paid_usd} × 8760 ÷ {dollar_hours}",
        realised_apr,
        {**same("paid_usd"), "dollar_hours": _dollar_hours},
        conditions=("settlements",),
        remedy=REMEDY,
    ),
    "credit": Entry(
        "funding paid since the file was written",
        "F_c",
        lambda s: s.leg.settle,
        "what every stamp since then paid, in the currency of the margin; it counts into margin or wallet, because the "
        "file cannot know of it",
        "{parts:+}",
        exact_sum,
        {"parts": _payments("credit", "stamps since then", "F", "since", "")},
        value=lambda s: s.leg.past.credit,
        rounding=SUMMED,
    ),
}
