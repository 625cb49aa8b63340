"""What past prices say: volatility, how a coin moves with its proxy, and how far the basis usually is from its mean.

Candles come from the venue, oldest first, and may have gaps: a return counts only where both of its closes are there,
one candle apart, and a pair of series is aligned by the time of its candles. Statistics are floats inside and Decimal
outside. None comes with the reason. Sources: Johnson (1960), Ederington (1979); sections 6, 7 and 12 of the domain
reference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from msgspec import Struct

from hedge.exposure import ONE, ZERO
from hedge.market import Candle, Candles
from hedge.proxy import MINIMUM_RETURNS, MINIMUM_RHO, Method, as_decimal, minimum_variance_beta, regression, volatility

HOUR_MS = 3_600_000
RETURNS = 60
"""Daily returns a statistic takes, the newest; with fewer than `MINIMUM_RETURNS` there is none."""
BASIS_HOURS = 168
"""Hourly closes the basis is compared with: seven days."""
MINIMUM_BASIS_HOURS = 24


class Volatility(Struct, frozen=True):
    """A coin's volatility a year, as a fraction, from so many daily log returns up to a moment (UTC ms)."""

    annual: Decimal | None = None
    returns: int = 0
    until_ms: int | None = None
    why: str = ""


class Pair(Struct, frozen=True):
    """How a coin moved with its proxy on the same days: correlation, and both volatilities a year."""

    correlation: Decimal | None = None
    volatility: Decimal | None = None
    proxy_volatility: Decimal | None = None
    returns: int = 0
    until_ms: int | None = None
    why: str = ""


class UsualBasis(Struct, frozen=True):
    """Mean and sample standard deviation of mark over index minus one: of so many hourly closes, or minutes watched."""

    mean: Decimal | None = None
    std: Decimal | None = None
    hours: int = 0
    until_ms: int | None = None
    why: str = ""
    minutes: int = 0
    """One-minute medians it is of; 0 where it is of hourly closes."""


def aligned_closes(first: Sequence[Candle], second: Sequence[Candle]) -> list[tuple[int, Decimal, Decimal]]:
    """Start and both closes of every candle that both series have, oldest first."""
    others = {candle.start_ms: candle.close for candle in second}
    return sorted(
        (candle.start_ms, candle.close, others[candle.start_ms]) for candle in first if candle.start_ms in others
    )


def aligned_returns(
    first: Sequence[Candle], second: Sequence[Candle], *, step_ms: int, count: int = RETURNS
) -> tuple[list[float], list[float]]:
    """The newest log returns of both series over the same steps. Across a gap in either there is none."""
    closes = aligned_closes(first, second)
    pairs = [
        (math.log(one / one_before), math.log(two / two_before))
        for (before_ms, one_before, two_before), (at_ms, one, two) in pairwise(closes)
        if at_ms - before_ms == step_ms
    ]
    newest = pairs[-count:] if count > 0 else []
    return [one for one, _ in newest], [two for _, two in newest]


def estimate_volatility(candles: Candles | None, *, count: int = RETURNS) -> Volatility:
    """Annual volatility of the newest daily returns. No candles leave the reason to who knows why they are missing."""
    if candles is None or not candles.candles:
        return Volatility(why="" if candles is None else candles.reason)
    step_ms = candles.hours * HOUR_MS
    returns, _ = aligned_returns(candles.candles, candles.candles, step_ms=step_ms, count=count)
    until_ms = candles.candles[-1].start_ms + step_ms
    if len(returns) < MINIMUM_RETURNS:
        return Volatility(returns=len(returns), until_ms=until_ms, why=too_few(len(returns)))
    return Volatility(as_decimal(volatility(returns)), len(returns), until_ms)


def estimate_pair(asset: Candles | None, proxy: Candles | None, *, count: int = RETURNS) -> Pair:
    """Correlation and volatilities over the same days, or the reason: too few of them, or a price that never moved."""
    for candles in (asset, proxy):
        if candles is None or not candles.candles:
            return Pair(why="" if candles is None else candles.reason)
    assert asset is not None
    assert proxy is not None
    step_ms = asset.hours * HOUR_MS
    own, others = aligned_returns(asset.candles, proxy.candles, step_ms=step_ms, count=count)
    closes = aligned_closes(asset.candles, proxy.candles)
    until_ms = closes[-1][0] + step_ms if closes else None
    if len(own) < MINIMUM_RETURNS:
        return Pair(returns=len(own), until_ms=until_ms, why=too_few(len(own)))
    fit = regression(returns_asset=own, returns_hedge=others)
    if fit is None:
        return Pair(returns=len(own), until_ms=until_ms, why="a price did not move")
    sigmas = as_decimal(volatility(own)), as_decimal(volatility(others))
    return Pair(as_decimal(fit.rho), *sigmas, len(own), until_ms)


def too_few(returns: int) -> str:
    """That there are not enough daily returns."""
    return f"needs {MINIMUM_RETURNS} days, has {returns}"


def beta_of(pair: Pair, method: Method = "beta") -> tuple[Decimal | None, str]:
    """What a proxy is sized by, and why there is none: moves of the coin for one of the proxy, or the correlation.

    None below a correlation of 0.3: a proxy that weak removes less than a tenth of the variance, and one that goes the
    other way would have to be bought.
    """
    if pair.correlation is None:
        return None, pair.why
    if pair.correlation < Decimal(repr(MINIMUM_RHO)):
        return None, f"correlation {pair.correlation:.2f} is too weak"
    if method == "correlation":
        return pair.correlation, ""
    beta = minimum_variance_beta(rho=pair.correlation, sigma_asset=pair.volatility, sigma_proxy=pair.proxy_volatility)
    return beta, "" if beta is not None else "the proxy did not move"


def r_squared(*, correlation: Decimal | None) -> Decimal | None:
    """Share of the coin's variance that the proxy removes."""
    return None if correlation is None else correlation * correlation


def residual_share(*, correlation: Decimal | None) -> Decimal | None:
    """Share of the coin's volatility that is left beside the proxy, sqrt(1 - rho^2)."""
    return None if correlation is None else max(ZERO, ONE - correlation * correlation).sqrt()


def beta_error(
    *, correlation: Decimal | None, sigma_asset: Decimal | None, sigma_proxy: Decimal | None, returns: Decimal
) -> Decimal | None:
    """Standard error of a least-squares beta: sigma ratio x sqrt((1 - rho^2) / (n - 2)). None for n up to 2."""
    if correlation is None or sigma_asset is None or not sigma_proxy or returns <= 2:
        return None
    return sigma_asset / sigma_proxy * (max(ZERO, ONE - correlation * correlation) / (returns - 2)).sqrt()


def usual_basis(mark: Candles | None, index: Candles | None, *, count: int = BASIS_HOURS) -> UsualBasis:
    """What the basis usually is, from the newest hourly closes of mark and index within seven days of the last one."""
    for candles in (mark, index):
        if candles is None or not candles.candles:
            return UsualBasis(why="" if candles is None else candles.reason)
    assert mark is not None
    assert index is not None
    closes = aligned_closes(mark.candles, index.candles)
    last_ms = closes[-1][0] if closes else 0
    found = [float(one / two - 1) for at_ms, one, two in closes if last_ms - at_ms < count * HOUR_MS]
    until_ms = last_ms + HOUR_MS if closes else None
    if len(found) < MINIMUM_BASIS_HOURS:
        return UsualBasis(hours=len(found), until_ms=until_ms, why=f"needs {MINIMUM_BASIS_HOURS} h, has {len(found)}")
    mean = math.fsum(found) / len(found)
    std = volatility(found, periods_per_year=1.0)
    return UsualBasis(as_decimal(mean), as_decimal(std), len(found), until_ms)
