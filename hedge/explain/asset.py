"""Explanations of a coin: what is held, what is short against it, its plan, and what its legs come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as replaced

from hedge.book.coins import Coin
from hedge.book.worth import off_usd, planned_net_usd, share_usd, usd_per_coin, worth_usd
from hedge.explain.asset_facts import AssetSubject
from hedge.explain.asset_legs import ASSET_LEGS, of_legs
from hedge.explain.asset_past import ASSET_PAST
from hedge.explain.asset_target import ASSET_TARGET
from hedge.explain.asset_value import ASSET_VALUE
from hedge.explain.entry import SUMMED, Entry, Figure, Figures, explain_with, passed_on, same
from hedge.explain.form import Explanation, Input, listed
from hedge.exposure import drift, hedge_ratio, known_sum, ratio
from hedge.sums import exact_sum


def explain_asset(subject: AssetSubject, name: str) -> Explanation:
    """Explain one figure of a coin. Raises KeyError where it has no such figure."""
    return explain_with(subject, name, ASSET_FIGURES)


def _asset(subject: AssetSubject) -> str:
    return subject.coin.name


def _coins_of_hedge(subject: AssetSubject) -> str:
    return subject.coin.hedge_priced_as.name


def _parts(label: str, symbol: str, *figures: str) -> Callable[[AssetSubject], Input]:
    """Figures of this coin, as a list."""

    def made(subject: AssetSubject) -> Input:
        return listed("parts", label, [subject.sibling(figure) for figure in figures], symbol)

    return made


def _of_owners(figure: str, label: str, symbol: str) -> Callable[[AssetSubject], Input]:
    """A figure of each coin that the short is for."""

    def made(subject: AssetSubject) -> Input:
        return listed("parts", label, [subject.of(owner, figure) for owner in subject.owners], symbol)

    return made


def _own_hedge_coin(subject: AssetSubject) -> Entry[AssetSubject]:
    return Entry(
        "hedge in coins",
        "G",
        _coins_of_hedge,
        "the deltas of its legs added up; a short is negative",
        "{parts:+}",
        exact_sum,
        {"parts": of_legs("coins", "deltas of its legs", "q")},
        value=lambda s: s.coin.hedge.value,
        rounding=SUMMED,
    )


def _hedge_coin(subject: AssetSubject) -> Entry[AssetSubject]:
    priced = subject.coin.hedge_priced_as
    if priced is subject.coin:
        return replaced(_own_hedge_coin(subject), value="row")
    return Entry("hedge in coins", "G", _coins_of_hedge, f"it is hedged in {priced.name}", remedy=_in_dollars(subject))


def _in_dollars(subject: AssetSubject) -> str:
    return f"assets.{subject.coin.name}.hedge_usd has it in dollars"


def _hedge_usd(subject: AssetSubject) -> Entry[AssetSubject]:
    priced = subject.coin.hedge_priced_as
    return Entry(
        "hedge in USD",
        "G_usd",
        "USD",
        f"coins of its legs times the price of {priced.name}; a short is negative",
        "{quantity} × {price_usd}",
        worth_usd,
        {"quantity": subject.hedge_coins, "price_usd": lambda s: s.of(priced, "price")},
    )


def _see(coin: Coin) -> str:
    return f"assets.{coin.name}.drift has it for all the coins that share that short; no part of it is one coin's own"


def _of_the_plan(figure: Figure[AssetSubject]) -> Figure[AssetSubject]:
    """A figure that a coin which shares another's short does not have."""

    def made(subject: AssetSubject) -> Entry[AssetSubject]:
        entry = figure if isinstance(figure, Entry) else figure(subject)
        shares = subject.coin.shares
        if shares is None:
            return entry
        return Entry(entry.title, entry.symbol, entry.unit, entry.words, remedy=_see(shares))

    return made


def _net_usd(subject: AssetSubject) -> Entry[AssetSubject]:
    title, symbol, unit = "dollar net", "D_usd", "USD"
    if subject.coin.shares is not None:
        words = f"what is held; its short is part of that of {subject.coin.shares.name}"
        return passed_on(title, symbol, unit, words, subject.path("spot_usd"))
    words = "dollars held plus dollars of the hedge, which are negative for a short"
    takes = {"parts": _parts("held and hedge", "V, G_usd", "spot_usd", "hedge_usd")}
    return Entry(title, symbol, unit, words, "{parts:+}", known_sum, takes)


def _net_coin(subject: AssetSubject) -> Entry[AssetSubject]:
    title, unit = "net in coins", subject.coin.name
    if subject.coin.shares is not None:
        words = f"what is held; its short is part of that of {subject.coin.shares.name}"
        return passed_on(title, "D", unit, words, subject.path("spot_quantity"))
    priced = subject.coin.hedge_priced_as
    if priced is not subject.coin:
        remedy = f"assets.{subject.coin.name}.net_usd has it in dollars"
        return Entry(
            title, "D", unit, f"it is hedged in {priced.name}, and coins of two kinds do not add up", remedy=remedy
        )
    takes = {"parts": _parts("held and hedge", "X, G", "spot_quantity", "hedge_coin")}
    return Entry(title, "D", unit, "coins held plus coins of the hedge", "{parts:+}", known_sum, takes)


def _hedge_ratio(subject: AssetSubject) -> Entry[AssetSubject]:
    coins = subject.coin.plain
    deltas: dict[str, str | Callable[[AssetSubject], Input]] = (
        {"spot_delta": "spot_quantity", "hedge_delta": "hedge_coin"}
        if coins
        else {"spot_delta": "beta_spot_usd", "hedge_delta": "hedge_usd"}
    )
    words = "minus the hedge over what is held, coins over coins, so that neither price nor basis moves it"
    if not coins:
        words = "minus the hedge over what it is for, in dollars of the proxy"
    return Entry("hedge ratio", "h", "fraction", words, "−{hedge_delta} ÷ {spot_delta}", hedge_ratio, deltas)


def _target_ratio(subject: AssetSubject) -> Entry[AssetSubject]:
    title, symbol, unit = "target ratio", "h*", "fraction"
    if not subject.coin.members:
        return Entry(title, symbol, unit, "the plan; it is read", "{value}", takes={"value": "stated target"})
    return Entry(
        title,
        symbol,
        unit,
        "dollars that shall be short for all the coins that share the short, over their dollars",
        "{numerator} ÷ {denominator}",
        ratio,
        {"numerator": "planned_hedge_usd", "denominator": "beta_spot_usd"},
    )


_EXPOSURE: dict[str, Figure[AssetSubject]] = {
    "spot_quantity": Entry(
        "coins held",
        "X",
        _asset,
        "coins in wallets and coins that stand as collateral, added up",
        "{parts:+}",
        known_sum,
        {"parts": "coins held"},
    ),
    "price": Entry(
        "price in USD",
        "S_usd",
        "USD",
        "the quoted price for one coin, times USD for one unit of its quote currency; index, then spot, then mark",
        "{quoted_price} ÷ {multiplier} × {quote_usd}",
        usd_per_coin,
        {"quoted_price": "quoted price", "multiplier": "coins per quoted unit", "quote_usd": "money of the price"},
    ),
    "spot_usd": Entry(
        "held in USD",
        "V",
        "USD",
        "coins held times the price",
        "{quantity} × {price_usd}",
        worth_usd,
        {"quantity": "spot_quantity", "price_usd": "price"},
    ),
    "hedge_coin": _of_the_plan(_hedge_coin),
    "own_hedge_coin": _own_hedge_coin,
    "hedge_usd": _of_the_plan(_hedge_usd),
    "net_coin": _net_coin,
    "net_usd": _net_usd,
}

_PLAN: dict[str, Figure[AssetSubject]] = {
    "own_beta_spot_usd": Entry(
        "held in dollars of the proxy",
        "βV",
        "USD",
        "dollars held times beta",
        "{share} × {usd}",
        share_usd,
        {"share": "beta", "usd": "spot_usd"},
        value=lambda s: s.coin.beta_spot_usd(),
    ),
    "beta_spot_usd": Entry(
        "dollars that its short is for",
        "B",
        "USD",
        "dollars held times beta, of the coin and of those that share its short",
        "{parts:+}",
        known_sum,
        {"parts": _of_owners("own_beta_spot_usd", "dollars of the proxy", "βV")},
    ),
    "own_planned_hedge_usd": Entry(
        "dollars that shall be short for it",
        "h*βV",
        "USD",
        "its target ratio times its dollars of the proxy",
        "{share} × {usd}",
        share_usd,
        {"share": "stated target", "usd": "own_beta_spot_usd"},
        value=lambda s: s.coin.planned_hedge_usd(),
    ),
    "planned_hedge_usd": Entry(
        "dollars that shall be short",
        "H*",
        "USD",
        "of the coin and of those that share its short",
        "{parts:+}",
        known_sum,
        {"parts": _of_owners("own_planned_hedge_usd", "dollars that shall be short", "h*βV")},
        value="formula",
    ),
    "beta_net_usd": _of_the_plan(
        Entry(
            "net",
            "D_β",
            "USD",
            "dollars that the short is for, plus dollars of the hedge",
            "{parts:+}",
            known_sum,
            {"parts": _parts("held and hedge", "B, G_usd", "beta_spot_usd", "hedge_usd")},
        )
    ),
    "planned_net_usd": _of_the_plan(
        Entry(
            "planned net",
            "D*",
            "USD",
            "dollars that the short is for, less what shall be short",
            "{beta_spot_usd} − {planned_hedge_usd}",
            planned_net_usd,
            same("beta_spot_usd", "planned_hedge_usd"),
        )
    ),
    "off_usd": _of_the_plan(
        Entry(
            "dollars away from plan",
            "off",
            "USD",
            "net minus planned net; positive is too long, negative too short",
            "{beta_net_usd} − {planned_net_usd}",
            off_usd,
            same("beta_net_usd", "planned_net_usd"),
        )
    ),
    "hedge_ratio": _of_the_plan(_hedge_ratio),
    "target_ratio": _of_the_plan(_target_ratio),
    "drift": _of_the_plan(
        Entry(
            "drift",
            "Δh",
            "points",
            "hedge ratio minus target ratio; positive is over-hedged, negative under-hedged",
            "{hedge_ratio} − {target_ratio}",
            drift,
            same("hedge_ratio", "target_ratio"),
        )
    ),
}

ASSET_FIGURES: Figures[AssetSubject] = {**_EXPOSURE, **_PLAN, **ASSET_TARGET, **ASSET_VALUE, **ASSET_PAST, **ASSET_LEGS}
"""Every figure of a coin: add one by adding its entry to the table of its subject."""
