"""What stands behind the positions of a wallet: balance, isolated margins, unrealised PnL and coins that count.

Amounts are in the wallet's currency unless a name ends in `_usd`. Lists name every position of the wallet, and one that
is not known makes the result unknown. `hedge.book.wallets` keeps the same sums current tick by tick.
Source: sections 3, 9 and 10 of the domain reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from hedge.book.worth import difference, worth_usd
from hedge.cross import CoinCollateral
from hedge.exposure import ONE, ZERO, known_sum
from hedge.margin import free_collateral
from hedge.sums import exact_sum


class Amount(Struct, frozen=True):
    """Some of a currency, and USD for one unit of it."""

    currency: str
    amount: Decimal | None
    price_usd: Decimal | None


def isolated_equity(*, margin: Decimal | None, pnl: Decimal | None) -> Decimal | None:
    """Equity of an isolated position: its margin plus its unrealised PnL, settle currency."""
    return None if margin is None or pnl is None else margin + pnl


def with_funding(*, stated: Decimal | None, paid: Sequence[Decimal | None]) -> Decimal | None:
    """A margin or balance as the file states it, with the funding that was paid into it since."""
    return known_sum((stated, exact_sum(paid)))


def shared_balance(*, balance: Decimal | None, isolated_margins: Sequence[Decimal | None]) -> Decimal | None:
    """What cross positions share: the balance without the margins of isolated ones."""
    return difference(balance, exact_sum(isolated_margins))


def free_balance(
    *,
    collateral: Decimal | None,
    isolated_margins: Sequence[Decimal | None],
    cross_initial_margins: Sequence[Decimal | None],
) -> Decimal | None:
    """Balance less isolated margins and initial margins of cross positions."""
    if collateral is None:
        return None
    return free_collateral(
        collateral=collateral,
        isolated_margins=[exact_sum(isolated_margins)],
        cross_initial_margins=[exact_sum(cross_initial_margins)],
    )


def wallet_equity(*, balance: Decimal | None, pnl: Sequence[Decimal | None]) -> Decimal | None:
    """Balance plus the unrealised PnL of every position in the wallet."""
    return known_sum((balance, exact_sum(pnl)))


def coins_worth(coins: Sequence[CoinCollateral]) -> Decimal:
    """What coin collateral counts for, after haircuts, in the currency its prices are in."""
    return sum((coin.quantity * coin.price * (ONE - coin.haircut) for coin in coins), ZERO)


def cross_equity(
    *, shared: Decimal | None, pnl: Sequence[Decimal | None], coin_collateral: Sequence[CoinCollateral] = ()
) -> Decimal | None:
    """Equity that all cross positions stand on together: shared balance, their PnL, and coins that count."""
    return known_sum((shared, exact_sum(pnl), coins_worth(coin_collateral)))


def frozen_balance(
    *, shared: Decimal | None, pnl: Sequence[Decimal | None], maintenance: Sequence[Decimal | None]
) -> Decimal | None:
    """What others leave for one symbol while their marks stand still: shared + their PnL - their maintenance margin."""
    return difference(known_sum((shared, exact_sum(pnl))), exact_sum(maintenance))


def amounts_usd(amounts: Sequence[Amount]) -> Decimal | None:
    """Several currencies together, USD."""
    return known_sum(worth_usd(quantity=amount.amount, price_usd=amount.price_usd) for amount in amounts)
