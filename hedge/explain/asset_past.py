"""Explanations of a coin's past: how much it moves, how it moves with its proxy, and the beta that follows."""

from __future__ import annotations

from hedge.book.coins import Coin
from hedge.book.leg_past import day_words
from hedge.book.past import daily_of
from hedge.explain.asset_facts import AssetSubject
from hedge.explain.entry import Entry, Figure, passed_on, same
from hedge.explain.form import Input, as_decimal, listed, record, words
from hedge.history import (
    beta_error,
    estimate_pair,
    estimate_volatility,
    r_squared,
    residual_share,
)
from hedge.proxy import MINIMUM_RETURNS, minimum_variance_beta, stress_beta

REMEDY = f"{MINIMUM_RETURNS} daily candles, which are read at the start and once a day"
STATISTIC = "statistics are worked out in floating point, which keeps 15 digits"


def candles_of(subject: AssetSubject, coin: Coin, name: str) -> Input:
    """The daily candles of a coin, each close with its day."""
    label, found = f"daily candles of {coin.name}", daily_of(coin)
    if found is None or not found.candles:
        why = ("" if found is None else found.reason) or subject.book.ledger.why_no_past(coin.sources[0].market, label)
        return Input(name, label, kind="record", why=why, remedy=REMEDY)
    closes = [
        record(
            "",
            day_words(candle.start_ms)[:10],
            [
                Input("start_ms", "start", value=as_decimal(candle.start_ms), unit="ms"),
                Input("close", "close", "C", value=candle.close, unit="quote"),
            ],
        )
        for candle in found.candles
    ]
    source = f"candles of {found.venue} {found.symbol}"
    return record(
        name,
        label,
        [
            words("venue", "venue", found.venue),
            words("symbol", "symbol", found.symbol),
            words("kind", "kind of price", found.kind),
            Input("hours", "hours of one", value=as_decimal(found.hours), unit="h"),
            listed("candles", "closes", closes),
            Input("at_ms", "asked at", value=as_decimal(found.at_ms), unit="ms"),
        ],
        source=source,
    )


def _proxy(subject: AssetSubject) -> Coin | None:
    return subject.book.layout.coins.get(subject.coin.target.proxy or "")


def _volatility(subject: AssetSubject) -> Entry[AssetSubject]:
    return Entry(
        "volatility a year",
        "σ",
        "fraction a year",
        "standard deviation of the newest 60 daily log returns, times the root of 365",
        "deviation of ln(C ÷ C before) × √365",
        estimate_volatility,
        {"candles": lambda s: candles_of(s, s.coin, "candles")},
        "annual",
        rounding=STATISTIC,
        remedy=REMEDY,
    )


def _of_pair(part: str, title: str, symbol: str, unit: str, words: str) -> Figure[AssetSubject]:
    """A statistic of the days that the coin and its proxy have in common."""
    shown = part == "correlation"

    def made(subject: AssetSubject) -> Entry[AssetSubject]:
        proxy = _proxy(subject)
        if proxy is None:
            return Entry(title, symbol, unit, words, value="row" if shown else "formula", remedy=NO_PROXY)
        return Entry(
            title,
            symbol,
            unit,
            words,
            words,
            estimate_pair,
            {
                "asset": lambda s: candles_of(s, s.coin, "asset"),
                "proxy": lambda s: candles_of(s, proxy, "proxy"),
            },
            part,
            value="row" if shown else "formula",
            rounding=STATISTIC,
            remedy=REMEDY,
        )

    return made


_DAYS = "daily log returns, ln(C ÷ C before), of the newest 60 days that both have"
NO_PROXY = "a `proxy` for it in the policy"
_SIGMAS = {"sigma_asset": "pair_volatility", "sigma_proxy": "proxy_volatility"}


def _with_proxy(entry: Entry[AssetSubject]) -> Figure[AssetSubject]:
    """A figure that only a coin with a proxy has."""

    def made(subject: AssetSubject) -> Entry[AssetSubject]:
        if _proxy(subject) is not None:
            return entry
        return Entry(entry.title, entry.symbol, entry.unit, entry.words, remedy=NO_PROXY)

    return made


def _beta(subject: AssetSubject) -> Entry[AssetSubject]:
    target, title, words = subject.coin.target, "beta", "moves of the coin for one of its proxy"
    if not target.estimated:
        return Entry(title, "β", "times", words, "{value}", takes={"value": "stated beta"})
    if target.method == "correlation":
        by = "the correlation, as the policy asks; right only where both are as volatile"
        return passed_on(title, "β", "times", by, subject.path("correlation"))
    return Entry(
        title,
        "β",
        "times",
        words + ": correlation times volatility over the proxy's; none below a correlation of 0.3",
        "{rho} × {sigma_asset} ÷ {sigma_proxy}",
        minimum_variance_beta,
        {"rho": "correlation", **_SIGMAS},
        conditions=("a correlation that is strong enough",),
        remedy="`beta` in the policy",
    )


def _strong_enough(subject: AssetSubject) -> Input:
    """A proxy that moves too little with the coin is no hedge."""
    label, target = "a correlation that is strong enough", subject.coin.target
    pair = subject.coin.pair
    if target.beta is None:
        return words(label, label, "", why=target.note or "not known", remedy="`beta` in the policy")
    return words(label, label, "yes", source="" if pair is None else f"{pair.returns} daily returns")


AssetSubject.facts = {**AssetSubject.facts, "a correlation that is strong enough": _strong_enough}

ASSET_PAST: dict[str, Figure[AssetSubject]] = {
    "beta": _beta,
    "volatility": _volatility,
    "correlation": _of_pair("correlation", "correlation to its proxy", "ρ", "", f"correlation of the {_DAYS}"),
    "pair_volatility": _of_pair(
        "volatility", "volatility on the days of both", "σ", "fraction a year", f"√365 × deviation of {_DAYS}"
    ),
    "proxy_volatility": _of_pair(
        "proxy_volatility",
        "volatility of its proxy",
        "σ_p",
        "fraction a year",
        f"√365 × deviation of the proxy's {_DAYS}",
    ),
    "pair_returns": _of_pair("returns", "daily returns that both have", "n", "days", f"how many {_DAYS}"),
    "r2": _with_proxy(
        Entry(
            "share of the variance that the proxy removes",
            "R²",
            "fraction",
            "the correlation times itself",
            "{correlation} × {correlation}",
            r_squared,
            same("correlation"),
        )
    ),
    "residual_volatility": _with_proxy(
        Entry(
            "share of the volatility that the proxy leaves",
            "σ_r",
            "fraction",
            "the root of what is left of the variance",
            "√(1 − {correlation} × {correlation})",
            residual_share,
            same("correlation"),
        )
    ),
    "stress_beta": _with_proxy(
        Entry(
            "beta in a crash",
            "β_1",
            "times",
            "beta at a correlation of 1: volatility over that of the proxy",
            "{sigma_asset} ÷ {sigma_proxy}",
            stress_beta,
            _SIGMAS,
        )
    ),
    "beta_error": _with_proxy(
        Entry(
            "standard error of the beta",
            "Δβ",
            "times",
            "what an estimate from so few days may be off by",
            "{sigma_asset} ÷ {sigma_proxy} × √((1 − {correlation} × {correlation}) ÷ ({returns} − 2))",
            beta_error,
            {**same("correlation"), **_SIGMAS, "returns": "pair_returns"},
        )
    ),
}
