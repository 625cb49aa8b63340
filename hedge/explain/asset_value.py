"""Explanations of what a coin is in the book: the value a short protects, its weight, and how far that moved."""

from __future__ import annotations

from hedge.book.ledger import seconds
from hedge.book.rebalance import NO_REFERENCE, weight, weight_shift
from hedge.book.result import protected_usd
from hedge.explain.asset_facts import AssetSubject
from hedge.explain.entry import Entry, Figure, same
from hedge.explain.form import Input, stated
from hedge.exposure import ZERO


def _last_weight(subject: AssetSubject) -> Input:
    """Its weight at the last rebalance; a coin that was not there had none."""
    last = subject.book.last_rebalance
    return stated(
        "weight at the last rebalance",
        "w₀",
        None if last is None else last.weights.get(subject.coin.name, ZERO),
        "fraction",
        "the last rebalance",
        age_s=None if last is None else seconds(subject.now.wall_ms, last.at_ms),
        why=NO_REFERENCE,
        remedy="a price of every coin",
    )


def _protected(subject: AssetSubject) -> Entry[AssetSubject]:
    title, symbol, words = (
        "value protected",
        "V_p",
        "the smaller of what is held and of the short against it, at least 0",
    )
    shares = subject.coin.shares
    if shares is not None:
        return Entry(title, symbol, "USD", words, remedy=f"see assets.{shares.name}")
    return Entry(
        title,
        symbol,
        "USD",
        words + ("; in dollars of the proxy" if subject.coin.target.proxy or subject.coin.members else ""),
        "max(0, min({held_usd}, −{hedge_usd}))",
        protected_usd,
        {"held_usd": "beta_spot_usd", "hedge_usd": "hedge_usd"},
    )


ASSET_VALUE: dict[str, Figure[AssetSubject]] = {
    "protected_usd": _protected,
    "weight": Entry(
        "weight",
        "w",
        "fraction",
        "dollars held of it over dollars held of all coins",
        "{spot_usd} ÷ {total_usd}",
        weight,
        {"spot_usd": "spot_usd", "total_usd": lambda s: s.at("totals.spot_usd")},
        remedy="a coin that is held",
    ),
    "weight_shift": Entry(
        "change of its weight",
        "Δw",
        "points",
        "its weight less that at the last rebalance",
        "{weight} − {last_weight}",
        weight_shift,
        {**same("weight"), "last_weight": _last_weight},
        remedy="a coin that is held",
    ),
}
