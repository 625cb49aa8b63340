"""Targets: how much of each coin shall be short, and in what, resolved from the file's policy.

A target with a floor and a cap follows funding: see `funding_ratio`. It is never below zero, so it never asks for a
long perpetual, and never above one, because floor and cap are shares. Source: sections 5 and 6 of the domain reference.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from hedge.exposure import ONE
from hedge.portfolio.written import Plan, Portfolio
from hedge.proxy import Method

FULL_APR = Decimal("0.10")
"""Funding a year, either way, at which a target that follows it is at its cap or floor."""
ON_PLAN_BAND = Decimal("0.03")
"""Points of drift within which a coin counts as hedged: the advisory level, unless the file sets its own."""


class Target(Struct, frozen=True):
    """The plan of one coin."""

    ratio: Decimal
    """The hedge ratio to reach; 1 is every coin."""
    proxy: str | None = None
    """The coin that is shorted in its place."""
    account: str | None = None
    """The account whose shorts of the proxy belong to this coin alone; None: the short is shared."""
    beta: Decimal | None = ONE
    """Moves of the coin for one of the proxy; None while it is not known."""
    note: str = ""
    """What a reader must know about this target."""
    method: Method = "beta"
    """How a beta is estimated where none is stated."""
    estimated: bool = False
    """Whether beta comes from price history; else it is stated, or 1."""
    plan_note: str = ""
    """What of the note has nothing to do with beta."""
    base: Decimal | None = None
    """Of a target that follows funding: where it stands at no funding. `ratio` is where it stands now."""
    floor: Decimal | None = None
    cap: Decimal | None = None
    funding_apr: Decimal | None = None
    """The mean of seven days that it stands at, as a short feels it."""
    funding_note: str = ""
    """Why that mean is not known; then the base stands."""


def target_of(portfolio: Portfolio, asset: str, *, has_position: bool = False) -> Target:
    """The coin's own plan over the general one; full hedge where the file says nothing.

    A general proxy is for coins without a position of their own."""
    general = portfolio.policy
    own = general.assets.get(asset, Plan())
    base = ONE if general.target is None else general.target
    ratio = base if own.target is None else own.target
    if own.target is not None and (own.mode or general.mode) == "add":
        ratio = base + own.target
    plan = own if own.floor is not None or own.target is not None else general
    target = following(ratio, plan.floor, plan.cap)
    proxy = own.proxy or (None if has_position else general.proxy)
    if proxy is None or proxy == asset:
        return target
    beta = _beta(own, general)
    target = replace(
        target,
        proxy=proxy,
        account=(own if own.proxy else general).account,
        beta=beta,
        method=own.method or general.method or "beta",
        estimated=beta is None,
    )
    return target if beta is not None else with_beta(target, None, "needs price history, which is not read yet")


def following(ratio: Decimal, floor: Decimal | None, cap: Decimal | None) -> Target:
    """A plain target, or one that follows funding between a floor and a cap and stands at its base until that is known.

    An own target of a coin replaces the general plan, floor and cap included."""
    if floor is None or cap is None:
        return Target(ratio)
    base = min(max(ratio, floor), cap)
    return with_funding(Target(base, base=base, floor=floor, cap=cap), None, "no funding history has been read")


def funding_ratio(*, base: Decimal, floor: Decimal, cap: Decimal, funding_apr: Decimal | None) -> Decimal:
    """Where a target stands that follows funding: at its base at none, at its cap from +10 % a year up, at its floor
    from -10 % down, and on straight lines between these three points.

    `funding_apr` is the mean of seven days as a short feels it (positive is received); None leaves the base. So it is
    continuous, never falls as funding rises, and stays within [floor, cap] for floor <= base <= cap.
    """
    if funding_apr is None:
        return base
    share = min(ONE, abs(funding_apr) / FULL_APR)
    return base + share * ((cap if funding_apr > 0 else floor) - base)


def with_funding(target: Target, funding_apr: Decimal | None, why: str) -> Target:
    """A target that follows funding, at this mean; without one, at its base, and why."""
    if target.base is None or target.floor is None or target.cap is None:
        return target
    ratio = funding_ratio(base=target.base, floor=target.floor, cap=target.cap, funding_apr=funding_apr)
    note = "" if funding_apr is not None else f"it follows funding, and {why}; until then its target stands"
    shown = note if target.beta is not None or not target.estimated else target.note
    return replace(target, ratio=ratio, funding_apr=funding_apr, funding_note=why, plan_note=note, note=shown)


def with_beta(target: Target, beta: Decimal | None, why: str) -> Target:
    """The target of a coin whose beta is estimated: the estimate, or why there is none and what would help."""
    note = f"its beta to {target.proxy} {why}; `beta` in the policy states it"
    return replace(target, beta=beta, note=target.plan_note if beta is not None else note)


def _beta(own: Plan, general: Plan) -> Decimal | None:
    if own.beta is not None:
        return own.beta
    if (own.method or general.method) == "notional":
        return ONE
    return general.beta


def on_plan_band(portfolio: Portfolio) -> Decimal:
    """Points of drift within which a coin is on plan, a fraction."""
    override = portfolio.alerts.hedge_drift
    return ON_PLAN_BAND if override is None or override.advisory is None else abs(override.advisory)
