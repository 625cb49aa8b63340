"""What only all rows together show of the whole book: result of the hedge, what it protects and costs, weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec.structs import replace

from hedge.book.leg_result import LIST_FEE, NO_PREMIUM
from hedge.book.leg_words import iso
from hedge.book.rebalance import NO_REFERENCE, Reference, largest_shift, turnover
from hedge.book.result import cost_of_protection, margin_used, over_legs
from hedge.book.wallets import UsdPrice, Wallet
from hedge.book.worth import worth_usd
from hedge.exposure import ZERO
from hedge.funding_income import apr_on_capital
from hedge.snapshot import AssetRow, MoneyRow, PositionRow, Totals
from hedge.sums import exact_sum

NO_POSITION = "there is no position"
PARTS = {
    "price_result_usd": "price_result_usd",
    "basis_result_usd": "basis_result_usd",
    "funding_result_usd": "paid_usd",
    "fees_result_usd": "fees_result_usd",
}
"""Parts of the hedge's result, and the figure of a leg each is the sum of."""


def with_results(
    base: Totals,
    assets: Sequence[AssetRow],
    positions: Sequence[PositionRow],
    wallets: Iterable[Wallet],
    price: UsdPrice,
    last: Reference | None,
) -> Totals:
    """The totals with the hedge's result and the weights; reasons stand in `why`."""
    why = dict(base.why)
    parts = {name: _sum(name, part, positions, why) for name, part in PARTS.items()}
    total = exact_sum(parts.values())
    if total is None:
        why["hedge_result_usd"] = next(why[name] for name, part in parts.items() if part is None)
    _caveats(positions, parts, why)
    protected = _protected(assets, why)
    shifts = weight_shifts(assets, last)
    moved = max(assets, key=lambda row: abs(row.weight_shift or ZERO), default=None)
    shift = largest_shift(shifts=shifts.values())
    if shift is None:
        reasons = (row.why["weight_shift"] for row in assets if "weight_shift" in row.why)
        why["allocation_shift"] = why["turnover"] = next(reasons, NO_REFERENCE)
    return replace(
        base,
        **parts,
        hedge_result_usd=total,
        protected_usd=protected,
        hedge_cost=_cost(positions, protected, why),
        allocation_shift=shift,
        allocation_asset=None if shift is None or moved is None else moved.asset,
        turnover=turnover(shifts=shifts.values()),
        rebased=None if last is None else iso(last.at_ms),
        margin_used=_margin_used(list(wallets), price, why),
        why=why,
    )


def weight_shifts(assets: Iterable[AssetRow], last: Reference | None) -> dict[str, Decimal | None]:
    """How far every weight moved, by coin; a coin that is gone lost all of its own."""
    shifts = {row.asset: row.weight_shift for row in assets}
    for name, share in () if last is None else last.weights.items():
        shifts.setdefault(name, -share)
    return shifts


def _sum(name: str, part: str, positions: Sequence[PositionRow], why: dict[str, str]) -> Decimal | None:
    """A part of every leg, added up; without a leg there is no result."""
    total = over_legs(parts=[getattr(row, part) for row in positions])
    if total is None:
        lacking = next((row for row in positions if getattr(row, part) is None), None)
        why[name] = NO_POSITION if lacking is None else f"{lacking.id}: {lacking.why.get(part, 'not known')}"
    return total


def _caveats(positions: Sequence[PositionRow], parts: dict[str, Decimal | None], why: dict[str, str]) -> None:
    """What is assumed in parts that are known."""
    without = [row.id for row in positions if NO_PREMIUM in row.flags]
    listed = [row.id for row in positions if LIST_FEE in row.flags]
    for name, legs, words in (
        ("price_result_usd", without, "the index at the entry is not known, so the entry price stands for it"),
        ("basis_result_usd", without, "the index at the entry is not known, so the entry price stands for it"),
        ("fees_result_usd", listed, "the file states no fees, so the venue's list is taken"),
    ):
        if legs and parts[name] is not None:
            why[name] = f"{legs[0]}{f' and {len(legs) - 1} more' if len(legs) > 1 else ''}: {words}"


def _protected(assets: Sequence[AssetRow], why: dict[str, str]) -> Decimal | None:
    """Of every coin whose hedge is its own; coins that share a proxy's short are counted there."""
    own = [row for row in assets if row.status != "proxied"]
    total = exact_sum(row.protected_usd for row in own)
    if total is None:
        lacking = next(row for row in own if row.protected_usd is None)
        why["protected_usd"] = f"{lacking.asset}: {lacking.why.get('protected_usd', 'not known')}"
    return total


def _cost(positions: Sequence[PositionRow], protected: Decimal | None, why: dict[str, str]) -> Decimal | None:
    cost = cost_of_protection(costs=[row.cost_year_usd for row in positions], protected_usd=protected)
    if cost is None or not positions:
        lacking = next((row for row in positions if row.cost_year_usd is None), None)
        if not positions:
            why["hedge_cost"] = NO_POSITION
        elif lacking is not None:
            why["hedge_cost"] = f"{lacking.id}: {lacking.why.get('cost_year_usd', 'not known')}"
        else:
            why["hedge_cost"] = why.get("protected_usd", "nothing is protected")
        return None
    return cost


def margins_usd(wallet: Wallet, price: UsdPrice) -> Decimal | None:
    """Margin of a wallet that positions take, isolated and initial, in USD."""
    taken = exact_sum((wallet.isolated_margins.value, wallet.cross_initial_margins.value))
    return worth_usd(quantity=taken, price_usd=price(wallet.currency))


def collateral_usd(wallet: Wallet, price: UsdPrice) -> Decimal | None:
    """What a wallet holds, in USD."""
    return worth_usd(quantity=wallet.balance, price_usd=price(wallet.currency))


def _margin_used(wallets: list[Wallet], price: UsdPrice, why: dict[str, str]) -> Decimal | None:
    margins, held = [margins_usd(each, price) for each in wallets], [collateral_usd(each, price) for each in wallets]
    used = margin_used(margins=margins, collateral=held)
    if used is None:
        why["margin_used"] = _why_not_used(wallets, price)
    return used


def _why_not_used(wallets: list[Wallet], price: UsdPrice) -> str:
    for wallet in wallets:
        if wallet.free() is None:
            return f"{wallet.account.id}: {wallet.why_not_free()}"
        if price(wallet.currency) is None:
            return f"{wallet.currency} has no price"
    return "there is no collateral"


def with_carry(base: Totals, money: Sequence[MoneyRow]) -> Totals:
    """The same totals with what funding comes to on all the capital that is tied up."""
    carry = apr_on_capital(
        day_usd=base.funding_day_usd, spot_usd=base.spot_usd, money_usd=[row.collateral_usd for row in money]
    )
    if carry is not None:
        return replace(base, funding_apr_on_capital=carry)
    unstated = next((row.currency for row in money if row.collateral_usd is None), "")
    why = base.why.get("funding_day_usd") or base.why.get("spot_usd")
    why = why or (f"how much {unstated} the wallets hold is not known" if unstated else "nothing is held")
    return replace(base, why={**base.why, "funding_apr_on_capital": why})
