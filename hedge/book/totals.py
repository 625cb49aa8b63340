"""The whole book in USD, from running sums; the figures that need every leg are added where all rows are at hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec.structs import replace

from hedge.book.coins import Coin
from hedge.book.layout import Layout
from hedge.book.leg_words import NO_CROSS
from hedge.book.legs import Leg
from hedge.book.rebalance import NO_REFERENCE, Reference, value_change
from hedge.book.worth import off_usd, planned_net_usd
from hedge.exposure import ZERO, drift, hedge_ratio, known_sum, ratio
from hedge.funding_income import apr_on_notional
from hedge.snapshot import NEVER, AccountRow, AssetRow, PositionRow, Totals
from hedge.sums import Sum


class BookSums:
    """What legs and coins add up to, kept current one part at a time."""

    def __init__(self) -> None:
        self.spot_usd = Sum()
        self.hedge_usd = Sum()
        self.beta_spot_usd = Sum()
        self.planned_hedge_usd = Sum()
        self.gross_net_usd = Sum()
        self.gross_spot_usd = Sum()
        """This and the next two: the same without signs, to bound what moves of prices can do to a sum."""
        self.gross_beta_usd = Sum()
        self.gross_off_usd = Sum()
        """Hedge and planned hedge; together where one price values both."""
        self.stale_usd = Sum()
        self.day_usd = Sum()
        self.notional_usd = Sum()

    def take_coin(self, coin: Coin) -> None:
        """Take over a coin's new figures."""
        spot, hedge = coin.spot_usd(), coin.hedge_usd()
        beta_spot, planned = coin.beta_spot_usd(), coin.planned_hedge_usd()
        net = known_sum((spot, hedge))
        self.spot_usd.put(coin.name, spot)
        self.hedge_usd.put(coin.name, hedge)
        self.beta_spot_usd.put(coin.name, beta_spot)
        self.planned_hedge_usd.put(coin.name, planned)
        self.gross_net_usd.put(coin.name, size(net))
        self.gross_spot_usd.put(coin.name, size(spot))
        self.gross_beta_usd.put(coin.name, size(beta_spot))
        alike = coin.hedge_priced_as is coin
        off = size(known_sum((hedge, planned))) if alike else known_sum((size(hedge), size(planned)))
        self.gross_off_usd.put(coin.name, off)
        self.stale_usd.put(coin.name, abs(spot) if coin.price.stale and spot is not None else ZERO)

    def take_leg(self, leg: Leg) -> None:
        """Take over a leg's new funding."""
        self.day_usd.put(leg.id, leg.day_usd)
        self.notional_usd.put(leg.id, leg.notional_usd)


def size(value: Decimal | None) -> Decimal | None:
    """Without its sign."""
    return None if value is None else abs(value)


def totals(sums: BookSums, layout: Layout, last: Reference | None = None) -> Totals:
    """Value, exposure, ratio and funding of the book; None with the reason where one part is not known."""
    spot, hedge, beta_spot = sums.spot_usd.value, sums.hedge_usd.value, sums.beta_spot_usd.value
    planned_hedge = sums.planned_hedge_usd.value
    beta_net = known_sum((beta_spot, hedge))
    planned_net = planned_net_usd(beta_spot_usd=beta_spot, planned_hedge_usd=planned_hedge)
    held, target = hedge_ratio(spot_delta=beta_spot, hedge_delta=hedge), ratio(planned_hedge, beta_spot)
    day, notional = sums.day_usd.value, sums.notional_usd.value
    stale_usd = sums.stale_usd.known
    change = value_change(value_usd=spot, last_value_usd=None if last is None else last.value_usd)
    unpriced = sum(1 for name in sums.spot_usd.missing if layout.coins[name].price.usd is None)
    return Totals(
        spot_usd=spot,
        beta_spot_usd=beta_spot,
        hedge_usd=hedge,
        net_usd=known_sum((spot, hedge)),
        beta_net_usd=beta_net,
        planned_net_usd=planned_net,
        off_usd=off_usd(beta_net_usd=beta_net, planned_net_usd=planned_net),
        gross_net_usd=sums.gross_net_usd.value,
        hedge_ratio=held,
        target_ratio=target,
        drift=drift(hedge_ratio=held, target_ratio=target),
        value_change=change,
        funding_day_usd=day,
        funding_apr=apr_on_notional(day_usd=day, notional_usd=notional),
        funding_notional_usd=notional,
        stale=stale_usd != 0,
        stale_usd=stale_usd,
        unpriced=unpriced,
        why=_reasons(sums, layout, last),
    )


def _reasons(sums: BookSums, layout: Layout, last: Reference | None) -> dict[str, str]:
    why: dict[str, str] = {}
    if last is None:
        why["value_change"] = NO_REFERENCE
    if sums.spot_usd.missing:
        reason = _names(_in_order(sums.spot_usd, layout.coins), "has no price", "have no price")
        for name in ("spot_usd", "net_usd", "gross_net_usd", "value_change"):
            why.setdefault(name, reason)
    if sums.hedge_usd.missing:
        reason = _hedge_reason(sums, layout)
        for name in ("hedge_usd", "net_usd", "gross_net_usd", "beta_net_usd", "off_usd", "hedge_ratio", "drift"):
            why.setdefault(name, reason)
    if sums.beta_spot_usd.missing:
        reason = _beta_reason(sums, layout)
        for name in (
            "beta_spot_usd", "beta_net_usd", "planned_net_usd", "off_usd", "hedge_ratio", "target_ratio", "drift",
        ):  # fmt: skip
            why.setdefault(name, reason)
    elif sums.beta_spot_usd.known == 0:
        for name in ("hedge_ratio", "target_ratio", "drift"):
            why.setdefault(name, "nothing is held")
    if sums.day_usd.missing:
        reason = _names(_in_order(sums.day_usd, layout.legs), "has no funding rate", "have no funding rate")
        why["funding_day_usd"] = why["funding_apr"] = reason
    if sums.notional_usd.missing:
        why["funding_notional_usd"] = _names(_in_order(sums.notional_usd, layout.legs), "has no mark", "have no mark")
        why.setdefault("funding_apr", why["funding_notional_usd"])
    if not layout.legs:
        why["funding_apr"] = "there is no position"
    return why


def _in_order(total: Sum, names: Iterable[str]) -> list[str]:
    """The parts that are missing, in the file's order."""
    return [name for name in names if name in total.missing]


def _names(listed: list[str], one: str, many: str) -> str:
    shown = ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")
    return f"{shown} {one if len(listed) == 1 else many}"


def _hedge_reason(sums: BookSums, layout: Layout) -> str:
    for name in _in_order(sums.hedge_usd, layout.coins):
        coin = layout.coins[name]
        if coin.unread:
            return coin.unread
        for leg in coin.legs:
            if leg.facts_why:
                return leg.facts_why
            if leg.delta is None:
                return f"the entry of {leg.id} is not known yet"
    return _names(_in_order(sums.hedge_usd, layout.coins), "has no price", "have no price")


def _beta_reason(sums: BookSums, layout: Layout) -> str:
    for name in _in_order(sums.beta_spot_usd, layout.coins):
        coin = layout.coins[name]
        if coin.target.beta is None:
            return f"{name}: {coin.target.note}"
    return _names(_in_order(sums.beta_spot_usd, layout.coins), "has no price", "have no price")


def with_rows(
    base: Totals, assets: Sequence[AssetRow], positions: Sequence[PositionRow], accounts: Sequence[AccountRow]
) -> Totals:
    """The same totals with what only all rows together show: nearest leg, joint distance, accrued funding, age."""
    why = dict(base.why)
    near = [row for row in positions if row.to_liquidation is not None]
    nearest = min(near, key=lambda row: row.to_liquidation or ZERO, default=None)
    unknown = [row for row in positions if row.to_liquidation is None and row.why.get("to_liquidation") != NEVER]
    if unknown:
        why["to_liquidation"] = f"{unknown[0].id}: {unknown[0].why.get('to_liquidation', 'not known')}"
    elif nearest is None:
        why["to_liquidation"] = NEVER if positions else "there is no position"
    joined = [row for row in accounts if row.joint_to_liquidation is not None]
    joint = min(joined, key=lambda row: row.joint_to_liquidation or ZERO, default=None)
    if joint is None:
        why["joint_to_liquidation"] = _why_no_joint(accounts)
    accrued = known_sum(row.accrued_usd for row in positions)
    if accrued is None:
        row = next(row for row in positions if row.accrued_usd is None)
        why["accrued_usd"] = f"{row.id}: {row.why.get('accrued_usd', 'not known')}"
    paid = {name: _paid(name, positions, why) for name in ("paid_usd", "paid_30d_usd")}
    ages = [row.age_s for row in assets if row.age_s is not None]
    return replace(
        base,
        to_liquidation=None if nearest is None else nearest.to_liquidation,
        nearest_leg=None if nearest is None else nearest.id,
        joint_to_liquidation=None if joint is None else joint.joint_to_liquidation,
        joint_account=None if joint is None else joint.id,
        accrued_usd=accrued,
        **paid,
        age_s=max(ages, default=None),
        stale=base.stale or any(row.stale for row in assets),
        why=why,
    )


_OF_ALL_POSITIONS = (
    *("funding_day_usd", "funding_apr", "funding_notional_usd", "accrued_usd", "paid_usd", "paid_30d_usd"),
    *("hedge_result_usd", "price_result_usd", "basis_result_usd", "funding_result_usd", "fees_result_usd"),
    *("hedge_cost", "margin_used", "to_liquidation", "nearest_leg", "joint_to_liquidation", "joint_account"),
)


def not_all_read(totals: Totals, reason: str) -> Totals:
    """The same totals while there are positions that nobody knows: what needs all of them is not known."""
    blank: dict[str, None] = dict.fromkeys(_OF_ALL_POSITIONS)
    return replace(totals, **blank, why={**totals.why, **dict.fromkeys(_OF_ALL_POSITIONS, reason)})


def _why_no_joint(accounts: Sequence[AccountRow]) -> str:
    """Why no account has a joint distance: an unknown first, then that nothing ends one, then that none is cross."""
    reasons = {row.why.get("joint_to_liquidation", "") for row in accounts} - {NO_CROSS}
    if not reasons:
        return "no account has a cross position"
    return min(reasons - {NEVER}, default=NEVER)


def _paid(name: str, positions: Sequence[PositionRow], why: dict[str, str]) -> Decimal | None:
    """Settled funding of every leg, added up."""
    total = known_sum(getattr(row, name) for row in positions)
    if total is None:
        row = next(row for row in positions if getattr(row, name) is None)
        why[name] = f"{row.id}: {row.why.get(name, 'not known')}"
    return total
