"""Value, delta and hedge ratio: how long the book really is.

Coins are signed, long positive: a short hedge has negative delta. Ratios are fractions (0.5 is half hedged). Prices are
per coin in USD unless a docstring says otherwise. `None` means the figure is not defined or an input is missing; a zero
always is a zero. Sources: section 1 to 5 of the domain reference (exchange contract specifications, Hull).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from hedge.market import Side

ZERO = Decimal(0)
ONE = Decimal(1)
CONTRIBUTION_STEP = Decimal("1e-12")
"""What one leg adds to a sum is rounded to this, so that sums do not depend on their order."""


class Holding(Struct, frozen=True):
    """Coins of one asset, and its price; None where no source prices it."""

    asset: str
    quantity: Decimal
    price_usd: Decimal | None = None


class Valuation(Struct, frozen=True):
    """What the coins are worth. With an unpriced asset the total is partial and no weight is defined."""

    total_usd: Decimal
    values: dict[str, Decimal | None]
    weights: dict[str, Decimal | None]
    unpriced: tuple[str, ...]


class Leg(Struct, frozen=True):
    """One perpetual position as the exposure formulas need it.

    `contract_size` is quoted units per contract for a linear leg, USD per contract for an inverse one; `multiplier` is
    coins per quoted unit (1000 for 1000PEPE). `entry` and `mark` are in the quoted unit.
    """

    asset: str
    inverse: bool
    side: Side
    contracts: Decimal
    contract_size: Decimal
    entry: Decimal | None = None
    mark: Decimal | None = None
    multiplier: Decimal = ONE


class NetExposure(Struct, frozen=True):
    """Coin and dollar delta per asset and in total; None where an entry or a price is missing."""

    net_coin: dict[str, Decimal | None]
    net_usd: dict[str, Decimal | None]
    total_net_usd: Decimal | None
    gross_net_usd: Decimal | None


class HedgeState(Struct, frozen=True):
    """How an asset stands against its plan. `adjust_notional_usd` positive: sell more perp; negative: buy back."""

    ratio: Decimal | None
    drift: Decimal | None
    net_usd: Decimal
    adjust_notional_usd: Decimal
    triggered: bool


class AssetDelta(Struct, frozen=True):
    """One asset's row for the totals: coins held and coins hedged (signed), its target ratio and its beta.

    `beta` is 1 unless the asset is hedged by proxy.
    """

    asset: str
    spot_coins: Decimal | None
    price_usd: Decimal | None
    hedge_coins: Decimal | None
    target: Decimal
    beta: Decimal | None = ONE


class BookTotals(Struct, frozen=True):
    """The whole book in USD; a figure is None where one of its inputs is, and the ratios where nothing is held."""

    spot_usd: Decimal | None
    hedge_usd: Decimal | None
    net_usd: Decimal | None
    gross_net_usd: Decimal | None
    beta_spot_usd: Decimal | None
    beta_net_usd: Decimal | None
    planned_net_usd: Decimal | None
    off_usd: Decimal | None
    hedge_ratio: Decimal | None
    target_ratio: Decimal | None
    drift: Decimal | None


def sign(side: Side) -> Decimal:
    """+1 for a long, -1 for a short."""
    return ONE if side == "long" else -ONE


def signed(side: Side, value: Decimal) -> Decimal:
    """`value` as a long has it, its negative for a short; a zero stays without a sign."""
    return +value if side == "long" else -value


def settled_in(*, inverse: bool) -> Literal["quote", "base"]:
    """The currency of margin, PnL and funding: the quote currency of a linear contract, the coin of an inverse one."""
    return "base" if inverse else "quote"


def known_sum(parts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum, or None as soon as one part is not known."""
    total = ZERO
    for part in parts:
        if part is None:
            return None
        total += part
    return total


def product(*factors: Decimal | None) -> Decimal | None:
    """The product; None where a factor is not known, unless another one is zero: nothing of an unknown is nothing."""
    if any(factor is not None and factor == 0 for factor in factors):
        return ZERO
    result = ONE
    for factor in factors:
        if factor is None:
            return None
        result *= factor
    return result


def ratio(numerator: Decimal | None, denominator: Decimal | None) -> Decimal | None:
    """A quotient that is None where an input is missing or the denominator is zero."""
    if numerator is None or denominator is None or denominator == 0:
        return None
    return numerator / denominator if numerator else ZERO


def price_per_coin(*, quoted_price: Decimal, multiplier: Decimal = ONE) -> Decimal:
    """USD per coin of a multiplier symbol: 1000PEPE at 0.0123 is 0.0000123 per coin. `multiplier` is above zero."""
    return quoted_price / multiplier


def spot_value(holdings: Sequence[Holding]) -> Valuation:
    """Value per asset, weight per asset (of the total) and the total, in USD.

    Several holdings of one asset count together. Weights are None where the total is zero or an asset has no price.
    """
    values: dict[str, Decimal | None] = {}
    for holding in holdings:
        value = product(holding.quantity, holding.price_usd)
        values[holding.asset] = known_sum((values.get(holding.asset, ZERO), value))
    unpriced = tuple(asset for asset, value in values.items() if value is None)
    total = sum((value for value in values.values() if value is not None), ZERO)
    weights = {asset: None if unpriced else ratio(value, total) for asset, value in values.items()}
    return Valuation(total_usd=total, values=values, weights=weights, unpriced=unpriced)


def position_coins(
    *,
    inverse: bool,
    contracts: Decimal,
    contract_size: Decimal,
    price: Decimal | None = None,
    multiplier: Decimal = ONE,
) -> Decimal | None:
    """Size in coins, unsigned: linear contracts x size x multiplier, inverse USD / `price` (moves with the price).

    None for an inverse contract without a positive price.
    """
    if not inverse:
        return contracts * contract_size * multiplier
    if contracts == 0:
        return ZERO
    if price is None or price <= 0:
        return None
    return contracts * contract_size / price


def position_delta(
    *,
    inverse: bool,
    side: Side,
    contracts: Decimal,
    contract_size: Decimal,
    entry: Decimal | None = None,
    multiplier: Decimal = ONE,
) -> Decimal | None:
    """Signed coin delta of a position, its unrealised coin PnL counted: linear s q, inverse s Q / E.

    The coin size of an inverse position, s Q/P, and its coin PnL, s Q (1/E - 1/P), add up to s Q/E at every price: the
    delta does not move with the mark. None for an inverse position without a positive entry; a linear one needs none.
    """
    coins = position_coins(
        inverse=inverse, contracts=contracts, contract_size=contract_size, price=entry, multiplier=multiplier
    )
    return None if coins is None else signed(side, coins)


def leg_delta(leg: Leg) -> Decimal | None:
    """`position_delta` of a leg, in coins."""
    return position_delta(
        inverse=leg.inverse,
        side=leg.side,
        contracts=leg.contracts,
        contract_size=leg.contract_size,
        entry=leg.entry,
        multiplier=leg.multiplier,
    )


def net_exposure(
    *, holdings: Sequence[Holding], positions: Sequence[Leg], coin_wallets: Sequence[Holding] = ()
) -> NetExposure:
    """Coins long or short per asset, over spot, coin collateral and perpetuals of every venue, and in USD.

    The price of an asset is the first stated by a holding, then by a wallet, then a leg's mark per coin.
    `total_net_usd` is dollar neutrality, `gross_net_usd` (of absolute values) neutrality of every asset by itself.
    """
    coins: dict[str, Decimal | None] = {}
    prices: dict[str, Decimal] = {}
    for holding in (*holdings, *coin_wallets):
        coins[holding.asset] = known_sum((coins.get(holding.asset, ZERO), holding.quantity))
        if holding.price_usd is not None:
            prices.setdefault(holding.asset, holding.price_usd)
    for leg in positions:
        coins[leg.asset] = known_sum((coins.get(leg.asset, ZERO), leg_delta(leg)))
        if leg.mark is not None:
            prices.setdefault(leg.asset, price_per_coin(quoted_price=leg.mark, multiplier=leg.multiplier))
    usd = {asset: product(quantity, prices.get(asset)) for asset, quantity in coins.items()}
    return NetExposure(
        net_coin=coins,
        net_usd=usd,
        total_net_usd=known_sum(usd.values()),
        gross_net_usd=gross_net(usd.values()),
    )


def gross_net(net_usd: Iterable[Decimal | None]) -> Decimal | None:
    """Sum of |USD delta| over assets: zero only where every asset is hedged by itself."""
    return known_sum(None if value is None else abs(value) for value in net_usd)


def hedge_ratio(*, spot_delta: Decimal | None, hedge_delta: Decimal | None) -> Decimal | None:
    """h = -hedge delta / spot delta, both signed and in one unit: a short against long spot counts for the hedge.

    A long perpetual beside long spot gives a negative ratio. None where nothing is held.
    """
    quotient = ratio(hedge_delta, spot_delta)
    return None if quotient is None else -quotient


def drift(*, hedge_ratio: Decimal | None, target_ratio: Decimal | None) -> Decimal | None:
    """h - h*: positive over-hedged, negative under-hedged."""
    if hedge_ratio is None or target_ratio is None:
        return None
    return hedge_ratio - target_ratio


def adjustment(*, spot_delta: Decimal, hedge_delta: Decimal, target_ratio: Decimal) -> Decimal:
    """h* x spot delta + hedge delta, in the unit of the deltas: positive sell more perp, negative buy back."""
    return target_ratio * spot_delta + hedge_delta


def drift_triggered(*, drift: Decimal | None, hedge_delta: Decimal, band: Decimal) -> bool:
    """|drift| above the band (strictly); a hedge without anything to hedge always is a breach."""
    if drift is None:
        return hedge_delta != 0
    return abs(drift) > band


def hedge_state(
    *, spot_delta_usd: Decimal, hedge_delta_usd: Decimal, target_ratio: Decimal, band: Decimal
) -> HedgeState:
    """Ratio, drift, net and the adjustment of one asset (or of the total), USD in and out; `band` is a fraction."""
    held = hedge_ratio(spot_delta=spot_delta_usd, hedge_delta=hedge_delta_usd)
    off = drift(hedge_ratio=held, target_ratio=target_ratio)
    return HedgeState(
        ratio=held,
        drift=off,
        net_usd=spot_delta_usd + hedge_delta_usd,
        adjust_notional_usd=adjustment(
            spot_delta=spot_delta_usd, hedge_delta=hedge_delta_usd, target_ratio=target_ratio
        ),
        triggered=drift_triggered(drift=off, hedge_delta=hedge_delta_usd, band=band),
    )


def totals(assets: Sequence[AssetDelta]) -> BookTotals:
    """The book's dollars: spot X S, hedge G S, and the same with each asset weighted by its beta to its proxy.

    B = sum beta X S; ratio = -hedge / B; target = sum h* beta X S / B; planned net = sum beta X S (1 - h*);
    off = beta net - planned net = -drift x B, positive when the book is longer than planned.
    """
    spot = [product(asset.spot_coins, asset.price_usd) for asset in assets]
    hedge = [product(asset.hedge_coins, asset.price_usd) for asset in assets]
    weighted = [product(asset.beta, value) for asset, value in zip(assets, spot, strict=True)]
    spot_usd, hedge_usd, beta_spot_usd = known_sum(spot), known_sum(hedge), known_sum(weighted)
    planned_hedge = known_sum(product(asset.target, value) for asset, value in zip(assets, weighted, strict=True))
    beta_net_usd = known_sum((beta_spot_usd, hedge_usd))
    planned_net_usd = _minus(beta_spot_usd, planned_hedge)
    held = hedge_ratio(spot_delta=beta_spot_usd, hedge_delta=hedge_usd)
    target = ratio(planned_hedge, beta_spot_usd)
    return BookTotals(
        spot_usd=spot_usd,
        hedge_usd=hedge_usd,
        net_usd=known_sum((spot_usd, hedge_usd)),
        gross_net_usd=gross_net(known_sum(pair) for pair in zip(spot, hedge, strict=True)),
        beta_spot_usd=beta_spot_usd,
        beta_net_usd=beta_net_usd,
        planned_net_usd=planned_net_usd,
        off_usd=_minus(beta_net_usd, planned_net_usd),
        hedge_ratio=held,
        target_ratio=target,
        drift=drift(hedge_ratio=held, target_ratio=target),
    )


def _minus(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    return None if left is None or right is None else left - right
