"""Targets: how much of each coin shall be short, and in what, resolved from the file's policy."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from hedge.exposure import ONE
from hedge.proxy import Method
from hedge.written import Plan, Portfolio

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


def target_of(portfolio: Portfolio, asset: str, *, has_position: bool = False) -> Target:
    """The coin's own plan over the general one; full hedge where the file says nothing.

    A general proxy is for coins without a position of their own."""
    general = portfolio.policy
    own = general.assets.get(asset, Plan())
    base = ONE if general.target is None else general.target
    ratio = base if own.target is None else own.target
    if own.target is not None and (own.mode or general.mode) == "add":
        ratio = base + own.target
    floor, cap = (own.floor, own.cap) if own.floor is not None else (general.floor, general.cap)
    note = ""
    if floor is not None and cap is not None:
        ratio = min(max(ratio, floor), cap)
        note = "follows funding between its floor and cap once funding history is read; until then the target stands"
    proxy = own.proxy or (None if has_position else general.proxy)
    if proxy is None or proxy == asset:
        return Target(ratio, note=note)
    source = own if own.proxy else general
    beta = _beta(own, general)
    method = own.method or general.method or "beta"
    target = Target(ratio, proxy, source.account, beta, note, method, beta is None, note)
    return target if beta is not None else with_beta(target, None, "needs price history, which is not read yet")


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
