"""The coins of a stress: what is held and the legs that hedge it, together."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hedge.exposure import ZERO
from hedge.snapshot import AssetRow
from hedge.stress.legs import Known, Scene
from hedge.stress.stressed import AssetStress, LegStress
from hedge.sums import exact_sum

NOT_PRICED = "it has no price"
NOTHING_LEFT = "nothing of it is left"


def asset_stress(scene: Scene, row: AssetRow) -> AssetStress:
    """One coin through the shock; `row` is as it is today."""
    name = row.asset
    legs = [leg for leg in scene.legs.values() if leg.asset == name]
    left = [leg for leg in legs if leg.state != "gone"]
    after = scene.assets.get(name)
    why: dict[str, str] = {}
    spot, money = _spot_pnl(scene, row, why), _money_pnl(scene, left, why)
    hedge = of_legs("hedge_pnl_usd", left, why)
    lost = exact_sum((_coins_lost(scene, row, why), of_legs("lost_usd", legs, why)))
    unknown = next((leg for leg in legs if leg.state == "unknown"), None)
    _reasons(row, after, unknown, why)
    return AssetStress(
        asset=name,
        price_before=row.price,
        price=_price_after(scene, name, why),
        spot_usd_before=row.spot_usd,
        spot_pnl_usd=spot,
        hedge_pnl_usd=hedge,
        collateral_pnl_usd=money,
        lost_usd=lost,
        net_pnl_usd=exact_sum((spot, hedge, money, lost)),
        hedge_ratio_before=row.hedge_ratio,
        hedge_ratio=None if after is None or unknown else after.hedge_ratio,
        to_liquidation_before=row.to_liquidation,
        to_liquidation=None if after is None else after.to_liquidation,
        liquidated=tuple(leg.id for leg in legs if leg.state == "liquidated"),
        stale=row.stale,
        why=why,
    )


def of_legs(name: str, legs: Sequence[LegStress], why: dict[str, str]) -> Known:
    """The sum of one figure of legs; where one is not known, its reason."""
    parts: list[Decimal | None] = [getattr(leg, name) for leg in legs]
    missing = next((leg for leg, part in zip(legs, parts, strict=True) if part is None), None)
    if missing is not None:
        why.setdefault(name, f"{missing.id}: {missing.why.get(name, 'not known')}")
    return exact_sum(parts)


def _price_after(scene: Scene, name: str, why: dict[str, str]) -> Known:
    coin = scene.course.priced.layout.coins.get(name)
    if coin is None:
        why["price"] = NOTHING_LEFT
    return None if coin is None else coin.price.usd


def _spot_pnl(scene: Scene, row: AssetRow, why: dict[str, str]) -> Known:
    """Coins that are left, times the move of their price; what does not move gains nothing, whatever it is worth."""
    part = f"asset:{row.asset}"
    gained = ZERO if part not in scene.left else scene.gained(part)
    if gained is None and not scene.course.shock.move(row.asset):
        return ZERO
    if gained is None:
        why["spot_pnl_usd"] = row.why.get("price", NOT_PRICED)
    return gained


def _money_pnl(scene: Scene, legs: Sequence[LegStress], why: dict[str, str]) -> Known:
    """What the PnL of the legs gains with the rate of its stablecoin."""
    gains = [scene.course.gains[leg.id] for leg in legs]
    missing = next((gain.why for gain in gains if gain.money_usd is None), None)
    if missing is not None:
        why["collateral_pnl_usd"] = missing
    return exact_sum(gain.money_usd for gain in gains)


def _coins_lost(scene: Scene, row: AssetRow, why: dict[str, str]) -> Known:
    left = scene.course.left.layout.coins.get(row.asset)
    if left is not None and left.spot_quantity == row.spot_quantity:
        return ZERO
    lost = scene.lost(f"asset:{row.asset}")
    if lost is None:
        why["lost_usd"] = row.why.get("price", NOT_PRICED)
    return lost


def _reasons(row: AssetRow, after: AssetRow | None, unknown: LegStress | None, why: dict[str, str]) -> None:
    for name in ("hedge_ratio", "to_liquidation"):
        if name in row.why:
            why[f"{name}_before"] = row.why[name]
        reason = NOTHING_LEFT if after is None else after.why.get(name, "")
        if reason:
            why[name] = reason
    for name, today in (("price", "price"), ("price_before", "price"), ("spot_usd_before", "spot_usd")):
        if today in row.why:
            why[name] = row.why[today]
    if unknown is not None:
        why["hedge_ratio"] = f"{unknown.id}: {unknown.why['state']}"
    for name in ("spot_pnl_usd", "hedge_pnl_usd", "collateral_pnl_usd", "lost_usd"):
        if name in why:
            why.setdefault("net_pnl_usd", why[name])
