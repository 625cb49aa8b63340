"""Explanation of a target that follows funding: where it stands between its floor and its cap, and by what mean."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hedge.book.funding_target import SMOOTHED_HOURS
from hedge.explain.asset_facts import AssetSubject, policy_input
from hedge.explain.entry import Entry, Figure
from hedge.explain.form import Input, stated
from hedge.portfolio.policy import funding_ratio


def _of_plan(label: str, symbol: str, name: str) -> Callable[[AssetSubject], Input]:
    def made(subject: AssetSubject) -> Input:
        return policy_input(subject, label, symbol, getattr(subject.coin.target, name))

    return made


def _mean(subject: AssetSubject) -> Input:
    """What its shorts were paid; while that is not known the target stands at its base."""
    target, label = subject.coin.target, f"funding of {SMOOTHED_HOURS // 24} days, a year"
    if target.funding_apr is None:
        note = f"{target.funding_note}; so the target stands at its base"
        return Input(label, label, "a", unit="fraction", source=note, note=note)
    return stated(label, "a", target.funding_apr, "fraction", "settlements of its shorts", why="")


def _ratio(subject: AssetSubject) -> Decimal:
    return subject.coin.target.ratio


ASSET_TARGET: dict[str, Figure[AssetSubject]] = {
    "own_target": Entry(
        "target that follows funding",
        "h*",
        "fraction",
        "its base at no funding, its cap from +10 % a year up, its floor from −10 % down, and on straight lines in "
        "between; at its base while the mean is not known",
        "{base} + min(1, |{funding_apr}| ÷ 0.1) × (({cap} or {floor}) − {base})",
        funding_ratio,
        {
            "base": _of_plan("base target", "h₀", "base"),
            "floor": _of_plan("floor", "h_min", "floor"),
            "cap": _of_plan("cap", "h_max", "cap"),
            "funding_apr": _mean,
        },
        value=_ratio,
    )
}
