"""Proxy hedges: how much of one coin to short for another, and how far that can be trusted.

Statistics (returns, volatility, correlation) are floats; money is Decimal and turns back through `as_decimal`. Sources:
Johnson (1960), Ederington (1979), Hull (cross hedging, EWMA); section 6 of the domain reference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from hedge.exposure import ONE, ZERO, product, ratio
from hedge.sizing import round_to_step

Number = Decimal | float
Method = Literal["beta", "correlation", "notional"]
"""`beta` is minimum variance; `correlation` holds only where both volatilities are equal; `notional` is one for one."""

DAYS_PER_YEAR = 365.0
MINIMUM_RETURNS = 20
MINIMUM_RHO = 0.3
"""Below it a proxy removes less than a tenth of the variance: no ratio is offered."""
DECAY = 0.94
"""RiskMetrics' lambda for daily returns."""


class Effectiveness(Struct, frozen=True):
    """Share of variance a hedge removes, and of volatility it leaves."""

    r2: float
    residual_vol_fraction: float


class Regression(Struct, frozen=True):
    """Ordinary least squares with an intercept, of the asset's returns on the hedge's."""

    beta: float
    rho: float
    r2: float
    residual_vol_fraction: float
    points: int


class BetaEstimate(Struct, frozen=True):
    """A beta fit to be used, or None with the reason; the correlation it rests on stands beside it where it exists."""

    beta: Decimal | None
    rho: float | None
    r2: float | None
    residual_vol_fraction: float | None
    points: int
    why: str = ""


class ProxyHedge(Struct, frozen=True):
    """A short in the proxy: beta, USD, and coins of the proxy."""

    beta: Decimal | None
    short_notional_usd: Decimal | None
    proxy_qty: Decimal | None


class MinimumVariance(Struct, frozen=True):
    """Hedge ratio in units, and the contracts it takes."""

    hedge_ratio: Decimal
    contracts_raw: Decimal
    contracts: Decimal


class ProxyOwner(Struct, frozen=True):
    """One asset a proxy short is for: coins to hedge, its price, target ratio and beta to the proxy."""

    asset: str
    delta_coins: Decimal
    price_usd: Decimal | None
    target: Decimal
    beta: Decimal | None = ONE


class ProxyTarget(Struct, frozen=True):
    """The short a proxy should carry for all its owners, positive, in coins of the proxy and in USD."""

    required_short_coins: Decimal | None
    required_short_usd: Decimal | None


class EwmaVol(Struct, frozen=True):
    """Variance and volatility of one return, after it was counted."""

    variance: float
    vol: float


class EwmaCorr(Struct, frozen=True):
    """Covariance, volatilities and correlation of two returns, after they were counted."""

    cov: float
    vol_x: float
    vol_y: float
    rho: float | None


def as_decimal(statistic: float | None) -> Decimal | None:
    """A statistic on its way to money; None where it is missing or not finite."""
    return Decimal(repr(statistic)) if statistic is not None and math.isfinite(statistic) else None


def log_returns(prices: Sequence[Number]) -> list[float]:
    """ln(p_i / p_(i-1)), one less than there are prices. Raises ValueError for a price that is not positive."""
    values = [float(price) for price in prices]
    if any(value <= 0 for value in values):
        raise ValueError("a price is not positive")
    return [math.log(later / earlier) for earlier, later in pairwise(values)]


def volatility(returns: Sequence[Number], *, periods_per_year: float = DAYS_PER_YEAR) -> float | None:
    """Annual volatility from the sample standard deviation (n - 1) of returns; None for fewer than two."""
    if len(returns) < 2:
        return None
    values = [float(value) for value in returns]
    mean = math.fsum(values) / len(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return math.sqrt(variance * periods_per_year)


def effectiveness(rho: Number | None) -> Effectiveness | None:
    """R^2 = rho^2 and sqrt(1 - rho^2): a correlation of 0.6 removes 36 % of variance and leaves 80 % of volatility.

    None without a correlation, or for one outside [-1, 1].
    """
    if rho is None or abs(float(rho)) > 1:
        return None
    r2 = float(rho) ** 2
    return Effectiveness(r2=r2, residual_vol_fraction=math.sqrt(1 - r2))


def regression(*, returns_asset: Sequence[Number], returns_hedge: Sequence[Number]) -> Regression | None:
    """Slope (beta), correlation and what the hedge leaves. None for fewer than two points or a constant series.

    The series are aligned, newest last. Raises ValueError where their lengths differ.
    """
    pairs = [(float(x), float(y)) for x, y in zip(returns_hedge, returns_asset, strict=True)]
    if len(pairs) < 2:
        return None
    mean_x = math.fsum(x for x, _ in pairs) / len(pairs)
    mean_y = math.fsum(y for _, y in pairs) / len(pairs)
    var_x = math.fsum((x - mean_x) ** 2 for x, _ in pairs)
    var_y = math.fsum((y - mean_y) ** 2 for _, y in pairs)
    if var_x <= 0 or var_y <= 0:
        return None
    cov = math.fsum((x - mean_x) * (y - mean_y) for x, y in pairs)
    rho = max(-1.0, min(1.0, cov / math.sqrt(var_x) / math.sqrt(var_y)))
    left = effectiveness(rho)
    assert left is not None
    return Regression(
        beta=cov / var_x,
        rho=rho,
        r2=left.r2,
        residual_vol_fraction=left.residual_vol_fraction,
        points=len(pairs),
    )


def estimate_beta(
    *,
    returns_asset: Sequence[Number],
    returns_proxy: Sequence[Number],
    minimum: int = MINIMUM_RETURNS,
    minimum_rho: float = MINIMUM_RHO,
) -> BetaEstimate:
    """Beta of daily log returns, or None with the reason: too few points, a constant series, a weak correlation."""
    points = len(returns_asset)
    fit = regression(returns_asset=returns_asset, returns_hedge=returns_proxy) if points >= minimum else None
    if points < minimum:
        why = f"{points} daily returns, {minimum} are needed"
    elif fit is None:
        why = "a price did not move"
    elif abs(fit.rho) < minimum_rho:
        why = f"correlation {fit.rho:.2f} is too weak"
    else:
        why = ""
    return BetaEstimate(
        beta=None if fit is None or why else as_decimal(fit.beta),
        rho=None if fit is None else fit.rho,
        r2=None if fit is None else fit.r2,
        residual_vol_fraction=None if fit is None else fit.residual_vol_fraction,
        points=points,
        why=why,
    )


def minimum_variance_beta(
    *, rho: Decimal | None, sigma_asset: Decimal | None, sigma_proxy: Decimal | None
) -> Decimal | None:
    """rho x sigma_asset / sigma_proxy: dollars of proxy to short for a dollar of the asset. None without variance."""
    return product(rho, ratio(sigma_asset, sigma_proxy))


def stress_beta(*, sigma_asset: Decimal | None, sigma_proxy: Decimal | None) -> Decimal | None:
    """Beta at correlation 1, the ratio of volatilities: what a crash makes of the pair."""
    return ratio(sigma_asset, sigma_proxy)


def tail_beta(
    *, returns_asset: Sequence[Number], returns_proxy: Sequence[Number], tail: float = 0.2, minimum: int = 5
) -> float | None:
    """Beta over the days on which the proxy fell most (the worst `tail` of all). None for fewer than `minimum` days."""
    pairs = sorted(zip(returns_proxy, returns_asset, strict=True), key=lambda pair: float(pair[0]))
    worst = pairs[: int(len(pairs) * tail)]
    if len(worst) < minimum:
        return None
    fit = regression(returns_asset=[y for _, y in worst], returns_hedge=[x for x, _ in worst])
    return None if fit is None else fit.beta


def proxy_beta(
    *,
    method: Method = "beta",
    beta: Decimal | None = None,
    rho: Decimal | None = None,
    sigma_asset: Decimal | None = None,
    sigma_proxy: Decimal | None = None,
) -> Decimal | None:
    """The factor a method sizes by: a stated or minimum-variance beta, the correlation alone, or 1."""
    if method == "notional":
        return ONE
    if method == "correlation":
        return rho
    if beta is not None:
        return beta
    return minimum_variance_beta(rho=rho, sigma_asset=sigma_asset, sigma_proxy=sigma_proxy)


def proxy_hedge(
    *,
    portfolio_value_usd: Decimal,
    proxy_price: Decimal,
    target_ratio: Decimal = ONE,
    method: Method = "beta",
    beta: Decimal | None = None,
    rho: Decimal | None = None,
    sigma_asset: Decimal | None = None,
    sigma_proxy: Decimal | None = None,
) -> ProxyHedge:
    """The short that hedges `target_ratio` of a value: beta x value x target USD, and that in coins of the proxy.

    It covers the exposure, not an expected loss. None where the method lacks an input.
    """
    factor = proxy_beta(method=method, beta=beta, rho=rho, sigma_asset=sigma_asset, sigma_proxy=sigma_proxy)
    short = None if factor is None else portfolio_value_usd * factor * target_ratio
    return ProxyHedge(beta=factor, short_notional_usd=short, proxy_qty=ratio(short, proxy_price))


def minimum_variance_contracts(
    *,
    rho: Decimal,
    sigma_spot: Decimal,
    sigma_fut: Decimal,
    exposure_units: Decimal,
    contract_units: Decimal,
    tail: Decimal = ONE,
) -> MinimumVariance | None:
    """Contracts = rho sigma_S / sigma_F x exposure / units per contract, to the nearest whole one.

    `tail` is spot value over futures value where the future settles daily. None without variance or contract units.
    """
    hedge = minimum_variance_beta(rho=rho, sigma_asset=sigma_spot, sigma_proxy=sigma_fut)
    raw = product(hedge, ratio(exposure_units, contract_units), tail)
    if hedge is None or raw is None:
        return None
    return MinimumVariance(hedge_ratio=hedge, contracts_raw=raw, contracts=round_to_step(quantity=raw, step=ONE))


def proxy_target(*, proxy: ProxyOwner, members: Sequence[ProxyOwner]) -> ProxyTarget:
    """The short required in a proxy: h*_p X_p for its own coins, plus h*_a beta_a X_a S_a / S_p of each member.

    None where a price or a beta is missing.
    """
    own = proxy.target * proxy.delta_coins
    coins: Decimal | None = own
    for member in members:
        usd = product(member.target, member.beta, member.delta_coins, member.price_usd)
        share = ZERO if usd == 0 else ratio(usd, proxy.price_usd)
        coins = None if coins is None or share is None else coins + share
    return ProxyTarget(required_short_coins=coins, required_short_usd=product(coins, proxy.price_usd))


def ewma_vol(*, vol_prev: Number, ret: Number, decay: Number = DECAY) -> EwmaVol:
    """v' = decay v + (1 - decay) r^2, per period."""
    variance = float(decay) * float(vol_prev) ** 2 + (1 - float(decay)) * float(ret) ** 2
    return EwmaVol(variance=variance, vol=math.sqrt(variance))


def ewma_corr(
    *, vol_x: Number, vol_y: Number, rho: Number, ret_x: Number, ret_y: Number, decay: Number = DECAY
) -> EwmaCorr:
    """Covariance by the same recursion and decay as the variances; the correlation is None without variance."""
    keep = float(decay)
    x, y = ewma_vol(vol_prev=vol_x, ret=ret_x, decay=decay), ewma_vol(vol_prev=vol_y, ret=ret_y, decay=decay)
    cov = keep * float(rho) * float(vol_x) * float(vol_y) + (1 - keep) * float(ret_x) * float(ret_y)
    product_of_vols = x.vol * y.vol
    return EwmaCorr(
        cov=cov,
        vol_x=x.vol,
        vol_y=y.vol,
        rho=max(-1.0, min(1.0, cov / product_of_vols)) if product_of_vols > 0 else None,
    )
