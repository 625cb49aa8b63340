"""The past in a coin's row: how much it moves, how it moves with its proxy, and how far that can be trusted."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct

from hedge.book.coins import Coin
from hedge.book.ledger import Ledger
from hedge.history import beta_error, r_squared, residual_share
from hedge.proxy import stress_beta

NO_PROXY = "it is not hedged by a proxy"
OF_PAIR = ("correlation", "r2", "residual_volatility", "stress_beta", "beta_error")


class CoinPast(Struct):
    """A coin's figures of the past; the reasons of those that are None stand in the row's `why`."""

    volatility: Decimal | None = None
    correlation: Decimal | None = None
    r2: Decimal | None = None
    residual_volatility: Decimal | None = None
    stress_beta: Decimal | None = None
    beta_error: Decimal | None = None
    beta_source: str = ""


def past_of(coin: Coin, ledger: Ledger, why: dict[str, str]) -> CoinPast:
    """Volatility of the coin, and of a coin with a proxy everything that says how good a hedge that is."""
    found = CoinPast(volatility=coin.volatility.annual, beta_source=_source(coin))
    if found.volatility is None:
        why["volatility"] = coin.volatility.why or ledger.why_no_past(coin.sources[0].market, "daily candles")
    pair = coin.pair
    if pair is None:
        why.update(dict.fromkeys(OF_PAIR, NO_PROXY))
        return found
    if pair.correlation is None:
        reason = pair.why or ledger.why_no_past(coin.sources[0].market, "daily candles of it and its proxy")
        why.update(dict.fromkeys(OF_PAIR, reason))
        return found
    found.correlation = pair.correlation
    found.r2 = r_squared(correlation=pair.correlation)
    found.residual_volatility = residual_share(correlation=pair.correlation)
    found.stress_beta = stress_beta(sigma_asset=pair.volatility, sigma_proxy=pair.proxy_volatility)
    found.beta_error = beta_error(
        correlation=pair.correlation,
        sigma_asset=pair.volatility,
        sigma_proxy=pair.proxy_volatility,
        returns=Decimal(pair.returns),
    )
    return found


def _source(coin: Coin) -> str:
    """Where its beta is from, in words; empty without a proxy, and while it is not known."""
    target, pair = coin.target, coin.pair
    if target.proxy is None or target.beta is None:
        return ""
    if not target.estimated:
        return "one dollar for one" if target.method == "notional" else "stated in the policy"
    if pair is None or pair.until_ms is None:
        return ""
    day = datetime.fromtimestamp(pair.until_ms / 1000 - 1, UTC).strftime("%Y-%m-%d")
    what = "correlation" if target.method == "correlation" else "beta"
    return f"{what} of {pair.returns} daily returns to {day}"
