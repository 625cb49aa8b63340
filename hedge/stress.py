"""Stress: what the book gains or loses when prices, basis or a stablecoin move, and which positions that ends.

A shock is a fraction of today's price and moves spot and perpetual alike, so basis keeps its percentage. PnL is in USD,
positive when gained. Source: section 13 of the domain reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from hedge.cross import CoinCollateral, MarginPosition, account_state
from hedge.exposure import (
    ONE,
    ZERO,
    Holding,
    Leg,
    hedge_ratio,
    known_sum,
    leg_delta,
    price_per_coin,
    product,
    ratio,
    sign,
)
from hedge.liquidation import liquidation_distance
from hedge.proximity import presumed_liquidated


class StressLeg(Leg, frozen=True):
    """A leg with what limits its loss.

    An isolated one has a `liquidation_price` where it ends, and `equity_usd`, which it can lose: margin plus unrealised
    PnL. One of a cross account names the `account`, whose margin is judged as a whole after the shock.
    """

    id: str = ""
    account: str = ""
    liquidation_price: Decimal | None = None
    equity_usd: Decimal | None = None


class StressAccount(Struct, frozen=True):
    """A cross account: what `hedge.cross.account_state` takes. Its coins also stand among the holdings."""

    positions: tuple[MarginPosition, ...]
    wallet_balance: Decimal = ZERO
    coin_collateral: tuple[CoinCollateral, ...] = ()


class LegResult(Struct, frozen=True):
    """One leg after the shock."""

    id: str
    asset: str
    mark: Decimal | None
    pnl_usd: Decimal | None
    liquidated: bool
    capped: bool
    """Its loss stops at its margin."""
    to_liquidation: Decimal | None
    """What is left from the new mark."""


class AssetResult(Struct, frozen=True):
    """One asset after the shock; the ratio counts the legs that survive it."""

    spot_pnl_usd: Decimal | None
    perp_pnl_usd: Decimal | None
    net_pnl_usd: Decimal | None
    hedge_ratio: Decimal | None


class Scenario(Struct, frozen=True):
    """The book after the shock; a sum is None where one of its parts is not known."""

    spot_pnl_usd: Decimal | None
    perp_pnl_usd: Decimal | None
    collateral_pnl_usd: Decimal
    net_pnl_usd: Decimal | None
    net_pct_of_spot: Decimal | None
    hedge_ratio: Decimal | None
    """Beta-weighted, of the surviving legs, at the new prices."""
    liquidated: tuple[str, ...]
    legs: tuple[LegResult, ...]
    assets: dict[str, AssetResult]


class Shock(Struct, frozen=True):
    """What moves: prices by asset, perpetuals beyond that (basis), and the stablecoin of linear contracts."""

    prices: Mapping[str, Decimal]
    basis: Mapping[str, Decimal] = {}
    quote_usd_before: Decimal = ONE
    quote_usd_after: Decimal = ONE

    def price(self, asset: str) -> Decimal:
        """What the USD price of an asset is multiplied by."""
        return ONE + self.prices.get(asset, ZERO)


def shocked_mark(leg: Leg | MarginPosition, shock: Shock) -> Decimal | None:
    """The mark after the shock, in its quote currency: a weaker stablecoin alone lifts a linear one by old/new."""
    if leg.mark is None:
        return None
    moved = leg.mark * shock.price(leg.asset) * (ONE + shock.basis.get(leg.asset, ZERO))
    if leg.inverse or shock.quote_usd_after == 0:
        return moved
    return moved * shock.quote_usd_before / shock.quote_usd_after


def leg_pnl(leg: Leg, shock: Shock) -> Decimal | None:
    """Change of a leg's USD value: linear s q (P' - P) x USD per quote unit, inverse s Q (P' - P) / E.

    The coin PnL of an inverse leg is exposure too, hence its entry; without one its mark stands in. None without mark.
    """
    after = shocked_mark(leg, shock)
    if leg.contracts == 0:
        return ZERO
    if after is None or leg.mark is None:
        return None
    size = sign(leg.side) * leg.contracts * leg.contract_size * (after - leg.mark)
    if not leg.inverse:
        return size * shock.quote_usd_after
    return ratio(size, leg.mark if leg.entry is None else leg.entry)


def stress_leg(leg: StressLeg, shock: Shock) -> LegResult:
    """One leg by itself: its mark after, its PnL (a loss stops at an isolated equity) and whether that ends it."""
    after, gained = shocked_mark(leg, shock), leg_pnl(leg, shock)
    ended = after is not None and presumed_liquidated(
        side=leg.side, mark=after, liquidation_price=leg.liquidation_price
    )
    floor = None if leg.equity_usd is None else -max(ZERO, leg.equity_usd)
    capped = gained is not None and floor is not None and (ended or gained < floor)
    return LegResult(
        id=leg.id,
        asset=leg.asset,
        mark=after,
        pnl_usd=floor if capped else gained,
        liquidated=ended,
        capped=capped,
        to_liquidation=liquidation_distance(side=leg.side, mark=after, liquidation_price=leg.liquidation_price),
    )


def scenario(
    *,
    holdings: Sequence[Holding],
    positions: Sequence[StressLeg],
    shocks: Mapping[str, Decimal],
    quote_wallets: Sequence[Decimal] = (),
    quote_usd_before: Decimal = ONE,
    quote_usd_after: Decimal = ONE,
    basis_shocks: Mapping[str, Decimal] | None = None,
    betas: Mapping[str, Decimal] | None = None,
    accounts: Mapping[str, StressAccount] | None = None,
) -> Scenario:
    """The book after a shock. `holdings` include coin collateral; `quote_wallets` are amounts of the stablecoin.

    Assets without a shock stay where they are; `basis_shocks` move the mark further, as a fraction of it; `betas` (1
    where not given) weigh the total ratio. Percentages are of the spot value before; None where nothing is held.
    """
    shock = Shock(
        prices=shocks, basis=basis_shocks or {}, quote_usd_before=quote_usd_before, quote_usd_after=quote_usd_after
    )
    legs = _end_accounts(positions, [stress_leg(leg, shock) for leg in positions], accounts or {}, shock)
    assets = _assets(holdings, positions, legs, shock)
    spot_pnl = known_sum(asset.spot_pnl_usd for asset in assets.values())
    perp_pnl = known_sum(leg.pnl_usd for leg in legs)
    collateral_pnl = sum(quote_wallets, ZERO) * (quote_usd_after - quote_usd_before)
    net = known_sum((spot_pnl, perp_pnl, collateral_pnl))
    return Scenario(
        spot_pnl_usd=spot_pnl,
        perp_pnl_usd=perp_pnl,
        collateral_pnl_usd=collateral_pnl,
        net_pnl_usd=net,
        net_pct_of_spot=ratio(net, known_sum(product(held.quantity, held.price_usd) for held in holdings)),
        hedge_ratio=_ratio_after(holdings, positions, legs, shock, betas or {}),
        liquidated=tuple(leg.id for leg in legs if leg.liquidated),
        legs=legs,
        assets=assets,
    )


def _end_accounts(
    positions: Sequence[StressLeg],
    legs: Sequence[LegResult],
    accounts: Mapping[str, StressAccount],
    shock: Shock,
) -> tuple[LegResult, ...]:
    """Legs of a cross account whose equity no longer covers its margin end together, and lose no more than it has."""
    ended = list(legs)
    for name, account in accounts.items():
        own = [index for index, leg in enumerate(positions) if leg.account == name]
        missing = _shortfall(account, shock)
        if missing is None:
            continue
        lost = -sum((min(ZERO, ended[index].pnl_usd or ZERO) for index in own), ZERO)
        share = max(ZERO, ONE - missing / lost) if lost else ONE
        for index in own:
            gained = ended[index].pnl_usd
            if gained is not None and gained < 0:
                gained *= share
            ended[index] = replace(ended[index], pnl_usd=gained, liquidated=True, capped=share < 1)
    return tuple(ended)


def _shortfall(account: StressAccount, shock: Shock) -> Decimal | None:
    """USD below zero an account's equity would fall (0: some is left), or None while it covers its margin."""
    marks = [shocked_mark(position, shock) for position in account.positions]
    positions = [
        replace(position, mark=mark)
        for position, mark in zip(account.positions, marks, strict=True)
        if mark is not None and mark > 0
    ]
    coins = [replace(coin, price=coin.price * shock.price(coin.asset)) for coin in account.coin_collateral]
    after = account_state(
        positions=positions,
        wallet_balance=account.wallet_balance,
        coin_collateral=coins,
        quote_usd=shock.quote_usd_after,
    )
    required = after.maintenance_margin_usd
    if required is None or after.equity_usd > required:
        return None
    whole = account_state(
        positions=positions,
        wallet_balance=account.wallet_balance,
        coin_collateral=[replace(coin, haircut=ZERO) for coin in coins],
        quote_usd=shock.quote_usd_after,
    )
    return max(ZERO, -whole.equity_usd)


def _assets(
    holdings: Sequence[Holding], positions: Sequence[StressLeg], legs: Sequence[LegResult], shock: Shock
) -> dict[str, AssetResult]:
    results: dict[str, AssetResult] = {}
    for asset in dict.fromkeys([*(held.asset for held in holdings), *(leg.asset for leg in positions)]):
        own = [held for held in holdings if held.asset == asset]
        spot = known_sum(product(held.quantity, held.price_usd, shock.price(asset) - ONE) for held in own)
        perp = known_sum(leg.pnl_usd for leg in legs if leg.asset == asset)
        results[asset] = AssetResult(
            spot_pnl_usd=spot,
            perp_pnl_usd=perp,
            net_pnl_usd=known_sum((spot, perp)),
            hedge_ratio=hedge_ratio(
                spot_delta=sum((held.quantity for held in own), ZERO),
                hedge_delta=_surviving(asset, positions, legs),
            ),
        )
    return results


def _surviving(asset: str, positions: Sequence[StressLeg], legs: Sequence[LegResult]) -> Decimal | None:
    """Signed coin delta of the legs of an asset that the shock leaves."""
    return known_sum(
        _delta(leg) for leg, after in zip(positions, legs, strict=True) if leg.asset == asset and not after.liquidated
    )


def _delta(leg: Leg) -> Decimal | None:
    return leg_delta(replace(leg, entry=leg.mark) if leg.entry is None else leg)


def _ratio_after(
    holdings: Sequence[Holding],
    positions: Sequence[StressLeg],
    legs: Sequence[LegResult],
    shock: Shock,
    betas: Mapping[str, Decimal],
) -> Decimal | None:
    prices: dict[str, Decimal | None] = {}
    for held in holdings:
        prices.setdefault(held.asset, held.price_usd)
    for leg in positions:
        if prices.get(leg.asset) is None and leg.mark is not None:
            prices[leg.asset] = price_per_coin(quoted_price=leg.mark, multiplier=leg.multiplier)
    after = {asset: product(price, shock.price(asset)) for asset, price in prices.items()}
    spot = known_sum(product(held.quantity, after.get(held.asset), betas.get(held.asset, ONE)) for held in holdings)
    hedged = known_sum(product(_surviving(asset, positions, legs), price) for asset, price in after.items())
    return hedge_ratio(spot_delta=spot, hedge_delta=hedged)
