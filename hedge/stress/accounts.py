"""The accounts of a stress: equity, margin left, and what would have to be added beforehand."""

from __future__ import annotations

from decimal import Decimal

from hedge.book.worth import worth_usd
from hedge.exposure import ZERO
from hedge.liquidation import top_up
from hedge.snapshot import AccountRow
from hedge.stress.endings import shared_room
from hedge.stress.legs import GONE, Known, Scene
from hedge.stress.stressed import AccountStress, LegStress
from hedge.sums import exact_sum

TopUp = dict[str, Decimal | None]
"""By currency."""


def account_stress(scene: Scene, row: AccountRow) -> AccountStress:
    """One account through the shock; `row` is as it is today."""
    after, gone = scene.accounts.get(row.id), row.id not in scene.accounts
    why: dict[str, str] = {}
    lost, gained = _money_lost(scene, row, why), _money_gained(scene, row, why)
    left, needed, cost = (None, {}, None) if gone else _margins(scene, row.id, why)
    for name in ("margin_ratio", "joint_to_liquidation", "equity_usd"):
        if name in row.why and name == "equity_usd":
            why["equity_usd_before"] = row.why[name]
        reason = GONE if after is None else after.why.get(name, "")
        if reason:
            why[name] = reason
    if gone:
        why["margin_left_usd"] = why["top_up_usd"] = GONE
    legs = [leg for leg in scene.legs.values() if leg.account == row.id]
    unknown = next((leg for leg in legs if leg.state == "unknown"), None)
    if unknown is not None:
        reason = f"{unknown.id}: {unknown.why['state']}"
        why |= dict.fromkeys(("equity_usd", "margin_ratio", "joint_to_liquidation"), reason)
        after = None
    return AccountStress(
        id=row.id,
        venue=row.venue,
        gone=gone,
        equity_usd_before=row.equity_usd,
        equity_usd=None if after is None else after.equity_usd,
        collateral_pnl_usd=gained,
        lost_usd=lost,
        margin_left_usd=left,
        margin_ratio=None if after is None else after.margin_ratio,
        joint_to_liquidation=None if after is None else after.joint_to_liquidation,
        top_up=needed,
        top_up_usd=cost,
        liquidated=tuple(leg.id for leg in legs if leg.state == "liquidated"),
        why=why,
    )


def _money(scene: Scene, account_id: str) -> list[str]:
    """Currencies of the account's wallets of money."""
    wallets = scene.course.live.layout.wallets.items()
    return [currency for (owner, currency), wallet in wallets if owner == account_id and wallet.is_money]


def _money_lost(scene: Scene, row: AccountRow, why: dict[str, str]) -> Known:
    if row.id in scene.accounts:
        return ZERO
    lost = exact_sum(scene.lost(f"wallet:{row.id}/{currency}") for currency in _money(scene, row.id))
    if lost is None:
        why["lost_usd"] = row.why.get("equity_usd", "its collateral is not known")
    return lost


def _money_gained(scene: Scene, row: AccountRow, why: dict[str, str]) -> Known:
    """What its balances gain with the rates of their stablecoins."""
    if row.id not in scene.accounts:
        return ZERO
    moved = [currency for currency in _money(scene, row.id) if scene.course.shock.money.get(currency)]
    gained = exact_sum(scene.gained(f"wallet:{row.id}/{currency}") for currency in moved)
    if gained is None:
        why["collateral_pnl_usd"] = row.why.get("equity_usd", "its collateral is not known")
    return gained


def _margins(scene: Scene, account_id: str, why: dict[str, str]) -> tuple[Known, TopUp, Known]:
    """Margin left in USD, top-up by currency, and what that costs at today's prices."""
    legs = [leg for leg in scene.legs.values() if leg.account == account_id and leg.state not in ("gone", "closed")]
    left: list[Known] = []
    needed: dict[str, list[Known]] = {leg.settle: [] for leg in legs}
    isolated = [leg for leg in legs if scene.course.moved.layout.legs[leg.id].isolated]
    for leg in isolated:
        price = scene.course.priced.usd_price(leg.settle)
        left.append(worth_usd(quantity=leg.margin_left, price_usd=price))
        needed[leg.settle].append(leg.top_up)
        for name, value in (("margin_left_usd", leg.margin_left), ("top_up_usd", leg.top_up)):
            if value is None:
                why.setdefault(name, f"{leg.id}: {leg.why.get(name.removesuffix('_usd'), 'not known')}")
    for currency in needed:
        shared = _shared(scene, account_id, currency, legs, why)
        if shared is not None:
            left.append(shared[0])
            needed[currency].append(shared[1])
    top_ups = {currency: exact_sum(parts) for currency, parts in needed.items()}
    today = scene.course.live.usd_price
    cost = exact_sum(worth_usd(quantity=amount, price_usd=today(name)) for name, amount in top_ups.items())
    for name, amount in top_ups.items():
        if amount is None:
            why[f"top_up.{name}"] = why["top_up_usd"]
    total = exact_sum(left)
    for name, value in (("margin_left_usd", total), ("top_up_usd", cost)):
        if value is None:
            why.setdefault(name, "a currency has no price")
    return total, top_ups, cost


def _shared(
    scene: Scene, account_id: str, currency: str, legs: list[LegStress], why: dict[str, str]
) -> tuple[Known, Known] | None:
    """Margin left (USD) and top-up of the wallet that cross legs share; None without one."""
    course, key = scene.course, (account_id, currency)
    moved = course.moved.layout.wallets.get(key)
    if moved is None or not moved.cross_legs:
        return None
    verdict = course.ended.wallets[key]
    before = shared_room(course.moved, moved)
    needed = ZERO if verdict.standing == "open" else top_up(required_margin=ZERO, margin=before)
    if verdict.standing == "liquidated":
        return ZERO, needed
    left = shared_room(course.after, course.after.layout.wallets[key])
    if verdict.standing == "unknown":
        left = needed = None
        why["margin_left_usd"] = why["top_up_usd"] = verdict.why
    elif left is None:
        why["margin_left_usd"] = moved.why_not_liquidation()
    return worth_usd(quantity=left, price_usd=course.priced.usd_price(currency)), needed
