"""How far prices may move before any rule can fire: what need not be judged, and why that is certain.

Most updates change nothing that an alert is made of. The functions here take the figures of a leg, a coin, an account
or the book as they are *now* and say whether every figure stays short of its lowest level at **all** prices within
`REACH` of the present ones, each price moving by itself. If so, and no alert of theirs is open or pending, judging an
update within that reach would change nothing, for a reading of level 0 leaves a key without memory as it was
(`alerts.machine.step`). It follows for each rule:

Notation: a price p becomes p' = p (1 + d) with |d| <= R = `REACH`; 1/p' <= (1/p)(1 + S) with S = R/(1-R) > R.
N is a position's notional, m the highest maintenance rate of its brackets (continuous: amounts as venues publish them).

- Equity and margin. A linear position gains +-N d, an inverse one (in coins) at most N S, coins of worth C change by
  C d: equity falls by at most S (sum N + sum C); notional rises to at most N (1 + S), and maintenance margin, which
  rises with notional, to that of N (1 + S). So leverage and margin ratio are bounded from above (`_equity_floor`).
- Distance to liquidation. The zeros of equity minus maintenance margin, f(x), over the scale x of one symbol's mark
  (or of all marks together). Where only this one price enters, they stand still and the mark comes nearer by R.
  Otherwise each term is N (1 + m)-Lipschitz in the relative move of its price: f'(x) >= f(x) - R (K x + F), where K is
  the sum of N (1 + m) + C over what moves with x, and F over what stands still. That is the same account with a debt
  of R K that moves with the marks and one of R F that does not, so the same solver finds bounds for its zeros, above
  and below, whichever of both is nearer (`Room`).
- Deviations to liquidation fall with the distance alone. The pace compares the mark with a sample of fifteen minutes
  ago: every sample that is that old within `AHEAD_MS` is tried, with the mark moved by R towards liquidation.
- Basis. Mark and index move together, so not each by itself: their quotient is kept between `lowest` and `highest`.
- Drift. Of the whole book, or of a coin hedged by a proxy, it is n/B with n = -(hedge + planned) and B the spot by
  beta: |n'| <= |n| + R sum|n_i| and B' >= B - R sum|B_i|. Coins over coins need no price at all. Value likewise.
- Stops and price levels are prices themselves.

A price that was not known becomes known, a rate of a stablecoin, facts, history, what is stale: these are no ticks, and
whoever holds a proof drops it then (`Book.revision`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec import Struct

from alerts.levels import Levels, Threshold
from alerts.market_rules import BASIS, BASIS_Z, PACE, SIGMA
from alerts.rules import Stops
from hedge.book.coins import Coin
from hedge.book.legs import Leg
from hedge.book.rebalance import Reference
from hedge.book.totals import BookSums
from hedge.book.trail import WINDOW_MS
from hedge.book.wallets import UsdPrice, Wallet
from hedge.cross import CoinCollateral, JointLiquidation, joint_liquidation
from hedge.exposure import ONE, ZERO
from hedge.history import Volatility
from hedge.margin import maintenance_margin, with_amounts
from hedge.market import HOURS_PER_YEAR

STEP = Decimal("0.001")
"""How far a price may go from where its leg was last judged."""
REACH = Decimal("0.00201")
"""A proof made while another price stands at one end of its own step must hold to the other end: 2 STEP/(1 - STEP)."""
STRETCH = REACH / (ONE - REACH)
AHEAD_MS = 120_000
"""How long a proof about the pace holds."""
LEAST_USD = Decimal("0.000001")
"""Sums are rounded to 1e-12; below this nothing is proved."""
SLACK = 1e-6
"""Of float arithmetic, as a fraction."""


class Quiet(Struct, frozen=True):
    """A leg at which nothing fires for now."""

    lowest: Decimal | None = None
    """Mark over index may go down to here, and up to `highest`; None: there is no basis."""
    highest: Decimal | None = None


class Room(Struct, frozen=True):
    """How far the nearest liquidation is at least, as fractions of the mark: above it and below it. None: never."""

    up: Decimal | None = None
    down: Decimal | None = None

    def holds(self, threshold: Threshold) -> bool:
        """Whether no distance is under the first level, nor the mark beyond a liquidation."""
        least = max(edge(threshold), ZERO)
        return all(side is None or (side > 0 and side >= least) for side in (self.up, self.down))


def edge(threshold: Threshold) -> Decimal:
    """The value at which the first level fires."""
    fires = [fire for fire in threshold.fire if fire is not None]
    return max(fires) if threshold.shrinking else min(fires)


# a leg


def quiet_leg(
    leg: Leg,
    wallet: Wallet,
    price: UsdPrice,
    volatility: Volatility,
    top_up_hours: Decimal,
    levels: Levels,
    stops: Stops,
) -> Quiet | None:
    """Whether no rule of the leg fires within reach, for `AHEAD_MS`; None where that cannot be said."""
    mark = leg.market.mark
    if mark is None or leg.facts_why or leg.notional is None or leg.pnl is None:
        return None
    room = _leg_room(leg, wallet, price)
    if room is None or not room.holds(levels.thresholds["liquidation"]):
        return None
    if (room.down if leg.side == "short" else room.up) is not None:
        return None  # a liquidation on the wrong side is read as one that has been passed
    floor = _isolated_floor(leg) if leg.isolated else _equity_floor(wallet, price, leg.quote_usd)
    if floor is None or floor <= 0 or leg.notional * (ONE + STRETCH) > edge(levels.thresholds["leverage"]) * floor:
        return None
    if not _slow(leg, room, mark.price, volatility, top_up_hours, levels) or not _short_of_stops(
        leg, mark.price, stops
    ):
        return None
    return _basis(leg, levels)


def _isolated_floor(leg: Leg) -> Decimal | None:
    if leg.margin is None or leg.pnl is None or leg.notional is None:
        return None
    return leg.margin + leg.pnl - STRETCH * leg.notional


def _equity_floor(wallet: Wallet, price: UsdPrice, quote_usd: Decimal) -> Decimal | None:
    """The least equity of the cross legs within reach, settle currency."""
    equity, coins = wallet.cross_equity(price, quote_usd), wallet.coins(price, quote_usd)
    if equity is None or coins is None:
        return None
    moving = sum((abs(coin.quantity * coin.price) for coin in coins), ZERO)
    for leg in wallet.cross_legs:
        if leg.notional is None:
            return None
        moving += leg.notional
    return equity - STRETCH * moving


def _leg_room(leg: Leg, wallet: Wallet, price: UsdPrice) -> Room | None:
    if not leg.tiers or not _continuous((leg,)):
        return None
    if leg.isolated:
        return _isolated_room(leg)
    if leg.position.mm_basis == "entry":
        return None
    if _alone(wallet):
        return _nearer(wallet.joint(price, leg.quote_usd))
    own, rest, coins = wallet.sharing(leg), wallet.others(leg), wallet.coins(price, leg.quote_usd)
    positions = [position for position in (each.margin_position() for each in own) if position is not None]
    if not wallet.is_money or rest is None or coins is None or not _continuous(wallet.cross_legs):
        return None
    still = [coin for coin in coins if coin.asset != leg.asset]
    moving = [coin for coin in coins if coin.asset == leg.asset]
    others = [each for each in wallet.cross_legs if each not in own]
    debt = CoinCollateral(asset="", quantity=-REACH * _sensitivity(own, moving), price=ONE)
    found = joint_liquidation(
        positions=positions,
        wallet_balance=rest + _worth(still) - REACH * _sensitivity(others, still),
        coin_collateral=[*moving, debt],
    )
    return _room(found)


def _isolated_room(leg: Leg) -> Room | None:
    """Its liquidation price stands still, the mark comes nearer."""
    assert leg.market.mark is not None
    mark, found = leg.market.mark.price, leg.liquidation
    if found.price is None:
        return Room() if found.never else None
    if leg.side == "short":
        return Room(up=found.price / (mark * (ONE + REACH)) - ONE)
    return Room(down=ONE - found.price / (mark * (ONE - REACH)))


def _alone(wallet: Wallet) -> bool:
    """Whether one price alone decides about its cross legs."""
    return len({leg.market.symbol for leg in wallet.cross_legs}) == 1 and not (
        wallet.is_money and any(currency != wallet.currency for currency in wallet.account.haircuts)
    )


def _nearer(found: JointLiquidation | None) -> Room | None:
    """The room left once the one mark went as far as it may towards each side."""
    room = _room(found)
    if room is None:
        return None
    up = None if room.up is None else (ONE + room.up) / (ONE + REACH) - ONE
    down = None if room.down is None else ONE - (ONE - room.down) / (ONE - REACH)
    return Room(up, down)


def _room(found: JointLiquidation | None) -> Room | None:
    """What the solver found, of an account that is not in liquidation already."""
    if found is None or not (found.never or (found.distance is not None and found.distance > 0)):
        return None
    return Room(found.rise, found.fall)


def _continuous(legs: Iterable[Leg]) -> bool:
    """Whether maintenance margins have no jumps between brackets."""
    return all(leg.tiers and (len(leg.tiers) == 1 or with_amounts(leg.tiers) == leg.tiers) for leg in legs)


def _sensitivity(legs: Iterable[Leg], coins: Iterable[CoinCollateral]) -> Decimal:
    """By how much equity minus maintenance margin changes for a relative move of one, at most."""
    total = sum((abs(coin.quantity * coin.price) for coin in coins), ZERO)
    for leg in legs:
        total += (leg.notional or ZERO) * (ONE + max(tier.maintenance_rate for tier in leg.tiers))
    return total


def _worth(coins: Iterable[CoinCollateral]) -> Decimal:
    return sum((coin.quantity * coin.price * (ONE - coin.haircut) for coin in coins), ZERO)


def _slow(leg: Leg, room: Room, mark: Decimal, volatility: Volatility, top_up_hours: Decimal, levels: Levels) -> bool:
    """Whether neither deviations nor the pace bring it to liquidation in time that counts."""
    sigma = volatility.annual
    if sigma is None or sigma <= 0:
        return True
    up = None if room.up is None else math.log1p(float(room.up))
    down = None if room.down is None else -math.log1p(-float(room.down))
    horizon = float(sigma) * math.sqrt(float(top_up_hours) / float(HOURS_PER_YEAR))
    least = float(edge(levels.thresholds[SIGMA])) * horizon * (1 + SLACK)
    if any(side is not None and side < least for side in (up, down)):
        return False
    before = leg.market.trail.soon_earlier(leg.market.arrival(leg.market.mark), AHEAD_MS) if leg.market.mark else []
    if not before:
        return True
    rise = math.log(float(mark * (ONE + REACH) / min(before)))
    drop = math.log(float(max(before) / (mark * (ONE - REACH))))
    window = WINDOW_MS / 3_600_000
    usual = float(sigma) * math.sqrt(window / float(HOURS_PER_YEAR)) * (1 - SLACK)
    hours = float(edge(levels.thresholds[PACE])) * (1 + SLACK)
    return all(
        side is None or move <= usual or side * window >= hours * move for side, move in ((up, rise), (down, drop))
    )


def _short_of_stops(leg: Leg, mark: Decimal, stops: Stops) -> bool:
    above, below = stops.stop_loss, stops.take_profit
    if leg.side == "long":
        above, below = below, above
    over = above is not None and mark * (ONE + REACH) >= above
    return not over and not (below is not None and mark * (ONE - REACH) <= below)


def _basis(leg: Leg, levels: Levels) -> Quiet | None:
    """Between which quotients of mark and index the basis fires by neither measure."""
    mark, index, usual = leg.market.mark, leg.market.index, leg.market.usual
    if index is None or mark is None:
        return Quiet()
    absolute = edge(levels.thresholds[BASIS])
    low, high = -absolute, absolute
    if usual.mean is not None and usual.std is not None and usual.std > 0:
        wide = edge(levels.thresholds[BASIS_Z]) * usual.std
        low, high = max(low, usual.mean - wide), min(high, usual.mean + wide)
    rounding = Decimal("1e-12")
    low, high = ONE + low + rounding, ONE + high - rounding
    return Quiet(low, high) if low * index.price <= mark.price <= high * index.price else None


# a coin, an account, the book


def quiet_asset(coin: Coin, levels: Levels) -> bool:
    """Whether neither the drift of a coin nor a person's price level fires within reach, given that none does now."""
    usd = coin.price.usd
    if usd is None:
        return False
    for level in levels.prices.get(coin.name, ()):
        if usd * (ONE + REACH) > level.price if level.above else usd * (ONE - REACH) < level.price:
            return False
    if coin.plain or coin.shares is not None:
        return True
    owners = (coin, *coin.members)
    held, hedge = [owner.beta_spot_usd() for owner in owners], coin.hedge_usd()
    planned = [owner.planned_hedge_usd() for owner in owners]
    if hedge is None or None in held or None in planned:
        return False
    parts = [part for part in (hedge, *planned) if part is not None]
    known = [part for part in held if part is not None]
    gross = sum(map(abs, parts), ZERO)
    return _drift_holds(sum(parts, ZERO), gross, sum(known, ZERO), sum(map(abs, known), ZERO), levels, "hedge_drift")


def _drift_holds(off: Decimal, gross: Decimal, held: Decimal, gross_held: Decimal, levels: Levels, rule: str) -> bool:
    """Whether |off / held| stays short of the first level."""
    least = held - REACH * gross_held
    return least > LEAST_USD and abs(off) + REACH * gross + LEAST_USD <= edge(levels.thresholds[rule]) * least


def quiet_account(wallets: Sequence[Wallet], price: UsdPrice, levels: Levels) -> bool:
    """Whether neither the margin ratio nor the joint distance of an account's cross positions fires within reach."""
    return all(_quiet_wallet(wallet, price, levels) for wallet in wallets if wallet.cross_legs)


def _quiet_wallet(wallet: Wallet, price: UsdPrice, levels: Levels) -> bool:
    legs = wallet.cross_legs
    quote_usd = legs[0].quote_usd
    floor, coins = _equity_floor(wallet, price, quote_usd), wallet.coins(price, quote_usd)
    if floor is None or floor <= 0 or coins is None or not _continuous(legs):
        return False
    required = ZERO
    for leg in legs:
        grown = maintenance_margin(notional=(leg.notional or ZERO) * (ONE + STRETCH), tiers=leg.tiers)
        if grown is None or leg.maintenance is None:
            return False
        required += max(grown, leg.maintenance.margin)
    if required > edge(levels.thresholds["margin_ratio"]) * floor:
        return False
    room = _joint_room(wallet, coins, price, quote_usd)
    return room is not None and room.holds(levels.thresholds["liquidation_joint"])


def _joint_room(wallet: Wallet, coins: Sequence[CoinCollateral], price: UsdPrice, quote_usd: Decimal) -> Room | None:
    """As of one leg, for the common move of all marks."""
    legs, shared = wallet.cross_legs, wallet.shared
    if _alone(wallet):
        return _nearer(wallet.joint(price, quote_usd))
    positions = [position for position in (leg.margin_position() for leg in legs) if position is not None]
    if not wallet.is_money or shared is None or len(positions) < len(legs):
        return None
    debt = CoinCollateral(asset="", quantity=-REACH * _sensitivity(legs, coins), price=ONE)
    return _room(joint_liquidation(positions=positions, wallet_balance=shared, coin_collateral=[*coins, debt]))


def quiet_totals(sums: BookSums, last: Reference | None, levels: Levels) -> bool:
    """Whether neither drift nor value of the whole book fires within reach."""
    spot, hedge, held = sums.spot_usd.value, sums.hedge_usd.value, sums.beta_spot_usd.value
    planned, gross_held = sums.planned_hedge_usd.value, sums.gross_beta_usd.known
    known = hedge is not None and held is not None and planned is not None and gross_held != 0
    off, rule = (hedge or ZERO) + (planned or ZERO), "hedge_drift_total"
    if known and not _drift_holds(off, sums.gross_off_usd.known, held or ZERO, gross_held, levels, rule):
        return False
    if spot is None or last is None or last.value_usd == 0:
        return True
    moved = abs(spot - last.value_usd) + REACH * sums.gross_spot_usd.known + LEAST_USD
    return moved <= edge(levels.thresholds["book_value"]) * abs(last.value_usd)
