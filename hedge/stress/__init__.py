"""Stress: what moves of prices, basis and stablecoins gain or lose, when a margin ends, and what its end costs.

A move is a fraction of today's price and is the same for spot and perpetual, so basis keeps its percentage. PnL is in
USD, positive when gained. `hedge.stress.what_if` applies them to a whole book. Source: section 13 of the domain
reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

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
    signed,
)
from hedge.liquidation import liquidation_distance
from hedge.proximity import presumed_liquidated
from hedge.sums import exact_sum


class StressLeg(Leg, frozen=True):
    """A leg with what limits its loss: the price where it ends, and `equity_usd`, margin plus unrealised PnL."""

    id: str = ""
    liquidation_price: Decimal | None = None
    equity_usd: Decimal | None = None


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


class Moves(Struct, frozen=True):
    """What moves: prices by asset, perpetuals beyond that (basis), and the stablecoin of linear contracts."""

    prices: Mapping[str, Decimal]
    basis: Mapping[str, Decimal] = {}
    quote_usd_before: Decimal = ONE
    quote_usd_after: Decimal = ONE

    def price(self, asset: str) -> Decimal:
        """What the USD price of an asset is multiplied by."""
        return ONE + self.prices.get(asset, ZERO)


def moved_price(
    price: Decimal,
    *,
    move: Decimal = ZERO,
    basis: Decimal = ZERO,
    quote_usd_before: Decimal = ONE,
    quote_usd_after: Decimal = ONE,
) -> Decimal:
    """A quoted price after its coin moved by `move` in USD and the perpetual by `basis` beyond that, both fractions.

    Quoted in a stablecoin it reprices by old over new rate, USD per unit, both above zero. Without any move it is the
    same price, digit for digit.
    """
    for factor in (ONE + move, ONE + basis):
        if factor != ONE:
            price *= factor
    return price if quote_usd_before == quote_usd_after else price * quote_usd_before / quote_usd_after


def moved_mark(leg: Leg, moves: Moves) -> Decimal | None:
    """The mark after the moves, in its quote currency: a weaker stablecoin alone lifts a linear one by old/new."""
    if leg.mark is None:
        return None
    basis = moves.basis.get(leg.asset, ZERO)
    if leg.inverse or moves.quote_usd_after == 0:
        return moved_price(leg.mark, move=moves.prices.get(leg.asset, ZERO), basis=basis)
    return moved_price(
        leg.mark,
        move=moves.prices.get(leg.asset, ZERO),
        basis=basis,
        quote_usd_before=moves.quote_usd_before,
        quote_usd_after=moves.quote_usd_after,
    )


def covers(*, equity: Decimal, maintenance_margin: Decimal) -> bool:
    """Whether a margin still stands: equity above maintenance margin, same currency. At it, it ends."""
    return equity > maintenance_margin


def coins_taken(*, equity: Decimal, coins: Sequence[tuple[str, Decimal, Decimal]]) -> dict[str, Decimal]:
    """Coins that cover what a shared wallet of negative equity lacks: name, coins there and price of each, in order.

    A price is in the currency of `equity`. What the coins do not cover is the venue's loss, not the holder's.
    """
    taken: dict[str, Decimal] = {}
    lacking = -equity
    for name, quantity, price in coins:
        if lacking <= 0:
            break
        if price > 0 and quantity > 0:
            taken[name] = min(quantity, lacking / price)
            lacking -= taken[name] * price
    return taken


def split_loss(total: Decimal, gains: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """The PnL of an account that ended, over its legs: gains stay, losses are scaled until the sum is `total`.

    Without a losing leg it is spread evenly. Parts are rounded to 1e-12 and add up to `total` exactly (rounded alike).
    """
    if not gains:
        return ()
    kept = exact_sum(gain for gain in gains if gain > 0) or ZERO
    lost = exact_sum(gain for gain in gains if gain < 0) or ZERO
    parts = [total / len(gains) if lost == 0 else gain if gain >= 0 else gain * (total - kept) / lost for gain in gains]
    last = max(index for index, gain in enumerate(gains) if lost == 0 or gain < 0)
    parts[last] = ZERO
    rest = exact_sum((total, *(part.copy_negate() for part in parts)))
    parts[last] = ZERO if rest is None else rest
    return tuple(parts)


def leg_pnl(leg: Leg, moves: Moves) -> Decimal | None:
    """Change of a leg's USD value: linear s q (P' - P) x USD per quote unit, inverse s Q (P' - P) / E.

    The coin PnL of an inverse leg is exposure too, hence its entry; without one its mark stands in. None without mark.
    """
    after = moved_mark(leg, moves)
    if leg.contracts == 0:
        return ZERO
    if after is None or leg.mark is None:
        return None
    size = signed(leg.side, leg.contracts * leg.contract_size * (after - leg.mark))
    if not leg.inverse:
        return size * moves.quote_usd_after
    return ratio(size, leg.mark if leg.entry is None else leg.entry)


def stress_leg(leg: StressLeg, moves: Moves) -> LegResult:
    """One leg by itself: its mark after, its PnL (a loss stops at an isolated equity) and whether that ends it."""
    after, gained = moved_mark(leg, moves), leg_pnl(leg, moves)
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
) -> Scenario:
    """The book after a shock. `holdings` include coin collateral; `quote_wallets` are amounts of the stablecoin.

    Assets without a shock stay where they are; `basis_shocks` move the mark further, as a fraction of it; `betas` (1
    where not given) weigh the total ratio. Percentages are of the spot value before; None where nothing is held.
    """
    moves = Moves(
        prices=shocks, basis=basis_shocks or {}, quote_usd_before=quote_usd_before, quote_usd_after=quote_usd_after
    )
    legs = tuple(stress_leg(leg, moves) for leg in positions)
    assets = _assets(holdings, positions, legs, moves)
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
        hedge_ratio=_ratio_after(holdings, positions, legs, moves, betas or {}),
        liquidated=tuple(leg.id for leg in legs if leg.liquidated),
        legs=legs,
        assets=assets,
    )


def _assets(
    holdings: Sequence[Holding], positions: Sequence[StressLeg], legs: Sequence[LegResult], moves: Moves
) -> dict[str, AssetResult]:
    results: dict[str, AssetResult] = {}
    for asset in dict.fromkeys([*(held.asset for held in holdings), *(leg.asset for leg in positions)]):
        own = [held for held in holdings if held.asset == asset]
        spot = known_sum(product(held.quantity, held.price_usd, moves.price(asset) - ONE) for held in own)
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
    moves: Moves,
    betas: Mapping[str, Decimal],
) -> Decimal | None:
    prices: dict[str, Decimal | None] = {}
    for held in holdings:
        prices.setdefault(held.asset, held.price_usd)
    for leg in positions:
        if prices.get(leg.asset) is None and leg.mark is not None:
            prices[leg.asset] = price_per_coin(quoted_price=leg.mark, multiplier=leg.multiplier)
    after = {asset: product(price, moves.price(asset)) for asset, price in prices.items()}
    spot = known_sum(product(held.quantity, after.get(held.asset), betas.get(held.asset, ONE)) for held in holdings)
    hedged = known_sum(product(_surviving(asset, positions, legs), price) for asset, price in after.items())
    return hedge_ratio(spot_delta=spot, hedge_delta=hedged)
