"""A coin as a row: exposure, hedge, funding and the nearest liquidation, each with its reason where it is not known."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from hedge.book.coin_past_row import past_of
from hedge.book.coins import Coin, Standing
from hedge.book.ledger import seconds
from hedge.book.leg_words import drop_needless
from hedge.book.rebalance import NO_REFERENCE, Reference, weight, weight_shift
from hedge.book.result import protected_usd
from hedge.book.worth import least
from hedge.exposure import ZERO, known_sum
from hedge.funding_income import apr_on_notional
from hedge.market import Instant
from hedge.snapshot import NEVER, AssetRow, AssetStatus, PositionRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hedge.book.ledger import Ledger


class _FromLegs:
    """What a coin's row takes from the rows of its legs: sums, the soonest, the worst, or the only one's own."""

    def __init__(self, legs: Sequence[PositionRow]) -> None:
        one = legs[0] if len(legs) == 1 else None
        self.basis_pct = None if one is None else one.basis_pct
        self.funding_rate = None if one is None else one.funding_rate
        self.interval_hours = None if one is None else one.funding_interval_hours
        self.day_usd = known_sum(leg.funding_day_usd for leg in legs) if legs else None
        self.accrued_usd = known_sum(leg.accrued_usd for leg in legs) if legs else None
        self.paid_usd = known_sum(leg.paid_usd for leg in legs) if legs else None
        self.paid_30d_usd = known_sum(leg.paid_30d_usd for leg in legs) if legs else None
        notional = known_sum(leg.notional_usd for leg in legs) if legs else None
        self.apr = apr_on_notional(day_usd=self.day_usd, notional_usd=notional)
        self.next_funding = min((leg.next_funding for leg in legs if leg.next_funding is not None), default=None)
        self.distance = least([leg.to_liquidation for leg in legs if leg.to_liquidation is not None])

    def forget(self) -> None:
        """Not all legs are known, so no sum of them is."""
        self.day_usd = self.accrued_usd = self.paid_usd = self.paid_30d_usd = self.apr = None
        self.next_funding = None


def asset_row(
    coin: Coin,
    legs: Sequence[PositionRow],
    ledger: Ledger,
    band: Decimal,
    now: Instant,
    total_usd: Decimal | None = None,
    last: Reference | None = None,
) -> AssetRow:
    """The coin at this moment; `legs` are the rows of its legs, `band` the drift within which it is on plan.

    `total_usd` is the spot value of the book, `last` the book at its last rebalance."""
    stand, taken = coin.standing(), _FromLegs(legs)
    why: dict[str, str] = {}
    _why_legs(legs, why)
    if coin.unread:
        taken.forget()
        why.update(dict.fromkeys((*_OF_LEGS, "to_liquidation"), coin.unread))
    _why_standing(coin, stand, why)
    past = past_of(coin, ledger, why)
    share = weight(spot_usd=stand.spot_usd, total_usd=total_usd)
    shift = weight_shift(weight=share, last_weight=None if last is None else last.weights.get(coin.name, ZERO))
    _why_weight(share, total_usd, last, why)
    row = AssetRow(
        asset=coin.name,
        status=_status(coin, stand, band),
        spot_quantity=coin.spot_quantity,
        spot_usd=stand.spot_usd,
        beta_spot_usd=stand.beta_spot_usd,
        hedge_coin=coin.hedge.value if coin.hedge_priced_as is coin and coin.shares is None else None,
        hedge_usd=stand.hedge_usd,
        net_coin=coin.net_coin(),
        net_usd=stand.net_usd,
        beta_net_usd=stand.beta_net_usd,
        planned_net_usd=stand.planned_net_usd,
        off_usd=stand.off_usd,
        hedge_ratio=stand.hedge_ratio,
        target_ratio=stand.target_ratio,
        drift=stand.drift,
        protected_usd=protected_usd(held_usd=stand.beta_spot_usd, hedge_usd=stand.hedge_usd),
        weight=share,
        weight_shift=shift,
        beta=coin.target.beta,
        beta_source=past.beta_source,
        beta_error=past.beta_error,
        stress_beta=past.stress_beta,
        correlation=past.correlation,
        r2=past.r2,
        residual_volatility=past.residual_volatility,
        volatility=past.volatility,
        price=coin.price.usd,
        price_source=coin.price.words or None,
        basis_pct=taken.basis_pct,
        funding_rate=taken.funding_rate,
        funding_interval_hours=taken.interval_hours,
        funding_apr=taken.apr,
        funding_day_usd=taken.day_usd,
        next_funding=taken.next_funding,
        accrued_usd=taken.accrued_usd,
        paid_usd=taken.paid_usd,
        paid_30d_usd=taken.paid_30d_usd,
        to_liquidation=taken.distance,
        age_s=_age(coin, legs, ledger, now),
        stale=coin.price.stale or any(not _AGEING.isdisjoint(leg.stale) for leg in legs),
        positions_stale=any("position" in leg.stale for leg in legs),
        legs=tuple(leg.id for leg in legs),
        lot=coin.lot(),
        why=why,
    )
    drop_needless(row)
    return row


_AGEING = frozenset({"mark", "index", "position"})
"""Inputs of a leg whose age makes its coin's row old."""


def _age(coin: Coin, legs: Sequence[PositionRow], ledger: Ledger, now: Instant) -> float | None:
    """Of the oldest price in the row: the coin's own, and its legs' marks and indexes."""
    ages = [age for leg in legs for age in (leg.ages.mark, leg.ages.index) if age is not None]
    source = coin.price.source
    value = None if source is None else source.value()
    if source is not None and value is not None:
        age = seconds(now.mono_ms, source.market.arrival(value))
        ages += [] if age is None else [age]
    return max(ages, default=None)


def _status(coin: Coin, stand: Standing, band: Decimal) -> AssetStatus:
    if coin.price.usd is None:
        return "unpriced"
    if coin.shares is not None:
        return "proxied"
    if coin.unread:
        return "unknown"
    if not coin.legs and not coin.members:
        return "unhedged"
    if coin.hedge.value is None:
        return "unknown"
    if stand.hedge_ratio is None or stand.drift is None:
        return "no_spot" if coin.spot_quantity == 0 else "unknown"
    if stand.hedge_ratio < 0:
        return "doubled"
    if stand.hedge_ratio > 1 + band:
        return "net_short"
    if abs(stand.drift) <= band:
        return "hedged"
    return "over" if stand.drift > 0 else "under"


def _why_weight(share: Decimal | None, total_usd: Decimal | None, last: Reference | None, why: dict[str, str]) -> None:
    """Reasons of the weight and of its change, and of the value protected."""
    lacking = why.get("hedge_usd") or why.get("beta_spot_usd")
    if lacking:
        why["protected_usd"] = lacking
    if share is None:
        unknown = why.get("spot_usd") or ("a coin of the book has no price" if total_usd is None else "nothing is held")
        why["weight"] = why["weight_shift"] = unknown
    elif last is None:
        why["weight_shift"] = NO_REFERENCE


_OF_LEGS = ("funding_day_usd", "funding_apr", "accrued_usd", "paid_usd", "paid_30d_usd", "next_funding")
_OF_ONE_LEG = ("basis_pct", "funding_rate", "funding_interval_hours")


def _why_legs(legs: Sequence[PositionRow], why: dict[str, str]) -> None:
    """Reasons of the figures that are taken from the legs."""
    if not legs:
        for name in (*_OF_LEGS, *_OF_ONE_LEG, "to_liquidation"):
            why[name] = "no position hedges it"
        return
    for name in _OF_LEGS:
        sources = ("funding_day_usd", "notional_usd") if name == "funding_apr" else (name,)
        reason = next((leg.why[source] for source in sources for leg in legs if source in leg.why), None)
        if reason is not None:
            why[name] = reason
    reasons = [leg.why["to_liquidation"] for leg in legs if "to_liquidation" in leg.why]
    unknown = [reason for reason in reasons if reason != NEVER]
    if unknown:
        why["to_liquidation"] = unknown[0]
    elif len(reasons) == len(legs):
        why["to_liquidation"] = NEVER
    for name in _OF_ONE_LEG:
        if len(legs) > 1:
            why[name] = f"{len(legs)} legs, each with its own"
        elif name in legs[0].why:
            why[name] = legs[0].why[name]


def _why_standing(coin: Coin, stand: Standing, why: dict[str, str]) -> None:
    """Reasons of the exposure figures that are not known, the nearest cause first."""
    missing = next((leg for leg in coin.legs if leg.delta is None), None)
    hedge = coin.unread or ("" if missing is None else missing.facts_why or "its entry is not known yet")
    if coin.price.usd is None:
        why["price"] = _why_unpriced(coin)
    if coin.shares is not None:
        hedge = f"hedged by the short of {coin.shares.name}; the drift stands there"
    if coin.hedge_priced_as is not coin:
        why["hedge_coin"] = why["net_coin"] = f"hedged in {coin.hedge_priced_as.name}"
    if hedge:
        why.setdefault("hedge_coin", hedge)
    if missing is not None or coin.unread:
        why.setdefault("net_coin", hedge)
    if coin.plain and coin.spot_quantity == 0 and not hedge:
        why["hedge_ratio"] = why["drift"] = "nothing is held"
    causes = (why.get("price", ""), hedge, *(_why_not_counted(other) for other in _counted(coin)))
    reason = next((cause for cause in causes if cause), "nothing is held")
    for name in stand.__struct_fields__:
        if getattr(stand, name) is None:
            why.setdefault(name, hedge if name in _OF_THE_HEDGE and hedge else reason)
    if coin.target.note:
        why.setdefault("beta" if coin.target.beta is None else "target_ratio", coin.target.note)


_OF_THE_HEDGE = frozenset({"hedge_usd", "hedge_ratio", "drift"})


def _counted(coin: Coin) -> list[Coin]:
    """The coins whose figures stand in this one's plan."""
    return [coin, coin.hedge_priced_as, *coin.members]


def _why_not_counted(coin: Coin) -> str:
    if coin.price.usd is None:
        return _why_unpriced(coin)
    return f"{coin.name}: {coin.target.note}" if coin.target.beta is None else ""


def _why_unpriced(coin: Coin) -> str:
    for source in coin.sources:
        trouble = source.market.trouble()
        if trouble:
            return f"no price: {trouble}"
    venues = dict.fromkeys(source.market.venue for source in coin.sources)
    return f"no price of {coin.name} has come from {', '.join(venues)} yet"
