"""Explanations of how near liquidation a leg is in time: at the present pace, and in deviations."""

from __future__ import annotations

from hedge.book.ledger import seconds
from hedge.book.leg_pace import NO_DAYS, earlier_mark, window_hours
from hedge.book.trail import NO_TRAIL
from hedge.explain.entry import Entry, Figure, read, same
from hedge.explain.form import Input, stated
from hedge.explain.leg_facts import LegSubject, stream
from hedge.proximity import hours_to_liquidation, sigmas_to_liquidation


def _volatility(subject: LegSubject) -> Input:
    found = subject.book.layout.coins[subject.leg.asset].volatility
    why = f"volatility: {found.why}" if found.why else NO_DAYS
    until = found.until_ms
    age = None if until is None else seconds(subject.now.wall_ms, until)
    source = f"{found.returns} daily returns"
    remedy = "twenty daily candles of the coin"
    return stated("volatility a year", "σ", found.annual, "fraction", source, age_s=age, why=why, remedy=remedy)


def _before(subject: LegSubject) -> Input:
    """The mark of fifteen minutes ago."""
    label, mark, found = "mark fifteen minutes ago", subject.leg.market.mark, earlier_mark(subject.leg)
    if found is None or mark is None:
        return Input(label, label, "P₀", unit=subject.quoted, why=NO_TRAIL, remedy="fifteen minutes of marks")
    age = seconds(subject.now.mono_ms, found.at_ms)
    return Input(
        label, label, "P₀", value=found.price, unit=subject.quoted, source=stream(mark.feed), age_s=age, live=False
    )


def _window(subject: LegSubject) -> Input:
    label, found = "time since then", earlier_mark(subject.leg)
    value = None if found is None else window_hours(subject.leg, found)
    source = "the monitor's clock"
    return stated(label, "w", value, "h", source, why=NO_TRAIL, remedy="fifteen minutes of marks")


def _horizon(subject: LegSubject) -> Input:
    return Input(
        "time of a top-up", "time of a top-up", "T", value=subject.shown.top_up_hours, unit="h", source="settings"
    )


LEG_PACE: dict[str, Figure[LegSubject]] = {
    "hours_to_liquidation": Entry(
        "hours to liquidation at the present pace",
        "h",
        "h",
        "the way to the liquidation price over the pace of the mark; only where that leads there and is more than one "
        "deviation of its time, and never more than 999",
        "ln({liquidation_price} ÷ {mark}) ÷ (ln({mark} ÷ {mark_before}) ÷ {window_hours}), "
        "where |ln({mark} ÷ {mark_before})| > {sigma_annual} × √({window_hours} ÷ 8760)",
        hours_to_liquidation,
        {
            **same("mark", "liquidation_price"),
            "mark_before": _before,
            "sigma_annual": _volatility,
            "window_hours": _window,
        },
        remedy="a mark that moves towards it",
    ),
    "sigmas_to_liquidation": Entry(
        "deviations to liquidation",
        "k",
        "deviations",
        "the way to the liquidation price over what the mark usually moves within the time of a top-up",
        "|ln({liquidation_price} ÷ {mark})| ÷ ({sigma_annual} × √({horizon_hours} ÷ 8760))",
        sigmas_to_liquidation,
        {**same("mark", "liquidation_price"), "sigma_annual": _volatility, "horizon_hours": _horizon},
    ),
    "top_up_hours": read("time of a top-up", "T", "h", "top-up", "how long it takes to bring margin there; a setting"),
}

LegSubject.facts = {**LegSubject.facts, "top-up": _horizon}
