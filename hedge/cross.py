"""Liquidation of an account whose positions share its margin.

Two questions: at which price of one symbol it ends with the others frozen (what a venue displays), and at which common
move of all of them (what happens to correlated shorts). Amounts are in the settle currency unless named `_usd`.
Sources: Binance help centre (cross margin, two-leg example); section 10 of the domain reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from hedge.exposure import ONE, ZERO
from hedge.liquidation import margin_curve
from hedge.margin import maintenance_margin, margin_ratio, notional
from hedge.market import Side, Tier
from hedge.piecewise import Curve, line, nearest, plausible, scaled, value, zeros
from hedge.pnl import pnl
from hedge.symbols import MONEY


class MarginPosition(Struct, frozen=True):
    """One position of an account that shares its margin. Size, prices and brackets as for an isolated one."""

    symbol: str
    inverse: bool
    side: Side
    contracts: Decimal
    contract_size: Decimal
    entry: Decimal
    mark: Decimal
    tiers: tuple[Tier, ...]
    liq_fee_rate: Decimal = ZERO
    asset: str = ""
    """The coin; needed only where collateral is held in it."""


class CoinCollateral(Struct, frozen=True):
    """Coins that count as margin, at `price` (index, USD) less a haircut; a debt (negative) has no haircut."""

    asset: str
    quantity: Decimal
    price: Decimal
    haircut: Decimal = ZERO


class CrossLiquidation(Struct, frozen=True):
    """One symbol of a cross account with all other marks frozen, and the account as it stands (settle currency)."""

    price: Decimal | None
    equity: Decimal
    maintenance_margin: Decimal | None
    margin_ratio: Decimal | None
    distance: Decimal | None
    """The move of the mark to `price`, in whichever direction that is."""
    never: bool


class JointLiquidation(Struct, frozen=True):
    """The common move of all marks at which an account ends: `shock_pct` signed, `distance` its size."""

    shock_pct: Decimal | None
    distance: Decimal | None
    rise: Decimal | None
    """The smallest rise at which equity meets maintenance margin; None: no rise does."""
    fall: Decimal | None
    """The smallest fall, positive; None: no fall does."""
    never: bool


class AccountState(Struct, frozen=True):
    """Equity and maintenance margin of an account, both in USD."""

    equity_usd: Decimal
    maintenance_margin_usd: Decimal | None
    margin_ratio: Decimal | None


def cross_liquidation(
    *,
    wallet_balance: Decimal,
    positions: Sequence[MarginPosition],
    solve_for: str,
    coin_collateral: Sequence[CoinCollateral] = (),
) -> CrossLiquidation:
    """Liquidation price of one symbol of a cross account of one settle currency, the other marks frozen.

    Both sides of the symbol (hedge mode) share the price. `wallet_balance` excludes unrealised PnL. Coin collateral
    counts in a linear account, and moves with the symbol where it is the same asset. Freezing the others flatters a
    book of correlated shorts: show `joint_liquidation` beside it. Raises ValueError where linear and inverse positions
    are mixed: they share no settle currency.
    """
    inverse = _one_kind(positions)
    own = [position for position in positions if position.symbol == solve_for and position.contracts != 0]
    others = [position for position in positions if position.symbol != solve_for]
    coins = {own[0].asset} - {""} if own else set()
    frozen = wallet_balance + sum((_worth(coin) for coin in coin_collateral if coin.asset not in coins), ZERO)
    moving = sum((_worth(coin) for coin in coin_collateral if coin.asset in coins), ZERO)
    equity = frozen + moving + _upnl(positions)
    required = _maintenance(positions)
    required_of_others = _maintenance(others)
    if required is None or required_of_others is None or not own:
        return CrossLiquidation(
            price=None,
            equity=equity,
            maintenance_margin=required,
            margin_ratio=margin_ratio(maintenance_margin=required, equity=equity),
            distance=None,
            never=False,
        )
    mark = own[0].mark
    left = frozen + _upnl(others) - required_of_others
    account = line(slope=left) if inverse else line(constant=left, slope=moving / mark)
    curves = (account, *(_position_curve(position) for position in own))
    price = nearest(zeros(curves), mark)
    solvent = value(curves, mark) > 0
    return CrossLiquidation(
        price=price,
        equity=equity,
        maintenance_margin=required,
        margin_ratio=margin_ratio(maintenance_margin=required, equity=equity),
        distance=cross_distance(mark=mark, liquidation_price=price, equity=equity, maintenance_margin=required),
        never=price is None and solvent,
    )


def cross_distance(
    *, mark: Decimal, liquidation_price: Decimal | None, equity: Decimal, maintenance_margin: Decimal
) -> Decimal | None:
    """The size of the move from the mark to the liquidation price, |P_liq / P - 1|: it may lie on either side.

    Negative once equity is no longer above the maintenance margin: in liquidation.
    """
    move = None if liquidation_price is None else liquidation_price / mark - ONE
    return _room(move, equity > maintenance_margin)


def joint_liquidation(
    *,
    positions: Sequence[MarginPosition],
    wallet_balance: Decimal = ZERO,
    coin_collateral: Sequence[CoinCollateral] = (),
    quote_usd: Decimal = ONE,
) -> JointLiquidation:
    """The common percentage move of all marks, and of collateral coins, at which equity is the maintenance margin.

    The honest proximity of an account. `wallet_balance` is in the quote currency (worth `quote_usd`, and it does not
    move; neither does money among the collateral); the wallet of a coin-margined account is `coin_collateral` of its
    asset. Linear and inverse positions and coin collateral may be mixed: in USD each is linear in the move, so the
    solution is exact, brackets included.
    Linear alone: 1 + x = (W + sum(A - s q E)) / sum(q P (m + f - s)). Of two solutions (a book that ends both ways)
    the nearest is `shock_pct`. All None where a position has no tiers.
    """
    curves = _account_curves(positions, wallet_balance, coin_collateral, quote_usd)
    if curves is None:
        return JointLiquidation(shock_pct=None, distance=None, rise=None, fall=None, never=False)
    found = [zero for zero in zeros(curves) if plausible(zero, ONE)]
    scale = nearest(found, ONE)
    solvent = value(curves, ONE) > 0
    shock = None if scale is None else scale - ONE
    return JointLiquidation(
        shock_pct=shock,
        distance=_room(shock, solvent),
        rise=min((zero - ONE for zero in found if zero >= ONE), default=None),
        fall=min((ONE - zero for zero in found if zero <= ONE), default=None),
        never=shock is None and solvent,
    )


def account_state(
    *,
    positions: Sequence[MarginPosition],
    wallet_balance: Decimal = ZERO,
    coin_collateral: Sequence[CoinCollateral] = (),
    quote_usd: Decimal = ONE,
) -> AccountState:
    """Equity (collateral plus unrealised PnL) and maintenance margin of an account in USD, as it stands.

    Coins count at their price less the haircut. The margin is None where a position has no tiers.
    """
    prices = _coin_prices(coin_collateral)
    equity = wallet_balance * quote_usd + sum((_worth(coin) for coin in coin_collateral), ZERO)
    required: Decimal | None = ZERO
    for position in positions:
        worth = prices.get(position.asset, position.mark) if position.inverse else quote_usd
        equity += _upnl((position,)) * worth
        margin = _maintenance((position,))
        required = None if required is None or margin is None else required + margin * worth
    return AccountState(
        equity_usd=equity,
        maintenance_margin_usd=required,
        margin_ratio=margin_ratio(maintenance_margin=required, equity=equity),
    )


def _position_curve(position: MarginPosition, *, price: Decimal = ONE, coin_price: Decimal = ONE) -> Curve:
    return margin_curve(
        inverse=position.inverse,
        side=position.side,
        size=position.contracts * position.contract_size,
        entry=position.entry,
        tiers=position.tiers,
        fee=position.liq_fee_rate,
        price=price,
        coin_price=coin_price,
    )


def _account_curves(
    positions: Sequence[MarginPosition],
    wallet_balance: Decimal,
    coin_collateral: Sequence[CoinCollateral],
    quote_usd: Decimal,
) -> list[Curve] | None:
    """An account's equity minus maintenance margin in USD, over the common scale of all marks; None without tiers."""
    prices = _coin_prices(coin_collateral)
    moving = sum((_worth(coin) for coin in coin_collateral if coin.asset not in MONEY), ZERO)
    still = sum((_worth(coin) for coin in coin_collateral if coin.asset in MONEY), ZERO)
    curves = [line(constant=wallet_balance * quote_usd + still, slope=moving)]
    for position in positions:
        if position.contracts == 0:
            continue
        if not position.tiers:
            return None
        coin_price = prices.get(position.asset, position.mark)
        curve = _position_curve(position, price=position.mark, coin_price=coin_price)
        curves.append(curve if position.inverse else scaled(curve, quote_usd))
    return curves


def _coin_prices(coin_collateral: Sequence[CoinCollateral]) -> dict[str, Decimal]:
    return {coin.asset: coin.price for coin in coin_collateral if coin.asset}


def _worth(coin: CoinCollateral) -> Decimal:
    return coin.quantity * coin.price * (ONE - coin.haircut if coin.quantity > 0 else ONE)


def _upnl(positions: Sequence[MarginPosition]) -> Decimal:
    total = ZERO
    for position in positions:
        gained = pnl(
            inverse=position.inverse,
            side=position.side,
            contracts=position.contracts,
            contract_size=position.contract_size,
            entry=position.entry,
            price=position.mark,
        )
        total += ZERO if gained is None else gained
    return total


def _maintenance(positions: Sequence[MarginPosition]) -> Decimal | None:
    total = ZERO
    for position in positions:
        if position.contracts == 0:
            continue
        size = notional(
            inverse=position.inverse,
            contracts=position.contracts,
            contract_size=position.contract_size,
            price=position.mark,
        )
        margin = maintenance_margin(notional=size, tiers=position.tiers)
        if margin is None:
            return None
        total += margin
    return total


def _one_kind(positions: Sequence[MarginPosition]) -> bool:
    kinds = {position.inverse for position in positions}
    if len(kinds) > 1:
        raise ValueError("a cross account of one settle currency holds either linear or inverse positions")
    return True in kinds


def _room(move: Decimal | None, solvent: bool) -> Decimal | None:
    if move is None:
        return None
    return abs(move) if solvent else -abs(move)
