"""Amounts, orders and roundings of tickets, in words."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from hedge.book.legs import Leg
from hedge.exposure import ONE
from hedge.portfolio.fields import plain
from hedge.sizing import OrderSide

CENT = Decimal("0.01")
COIN_STEP = Decimal("0.0001")


def grouped(number: Decimal) -> str:
    """A number with thousands commas and without trailing zeros."""
    whole, _, fraction = plain(number).partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return sign + f"{int(digits):,}" + (f".{fraction}" if fraction else "")


def coins_words(quantity: Decimal) -> str:
    """A quantity of coins with at most four decimals, never shown as nothing."""
    shown = quantity.quantize(COIN_STEP) if quantity >= COIN_STEP else quantity.normalize()
    return grouped(shown)


def amount_words(amount: Decimal, currency: str) -> str:
    """An amount of a currency: `1,240 USDT`, `3.40 USD`, `0.0123 ETH`."""
    if abs(amount) >= 100:
        return f"{amount:,.0f} {currency}"
    shown = f"{amount:.2f}" if abs(amount) >= CENT else plain(amount.quantize(Decimal("1e-8")))
    return f"{shown} {currency}"


def usd_words(amount: Decimal) -> str:
    """Dollars without their sign: whole ones from a hundred on, else with cents."""
    size = abs(amount)
    return f"{size:,.0f} USD" if size >= 100 else f"{size:,.2f} USD"


def percent_words(fraction: Decimal, *, cut: bool = False) -> str:
    """A fraction as percent with one decimal; `cut` towards danger, for distances."""
    shown = (fraction * 100).quantize(Decimal("0.1"), ROUND_FLOOR if cut else None)
    return f"{shown if shown else abs(shown)} %".replace("-", "−")


def price_words(price: Decimal, tick: Decimal | None) -> str:
    """A price in the venue's decimals; without a tick in six digits."""
    if tick is None or tick <= 0:
        return plain(price.normalize() if price == price.to_integral_value() else _six_digits(price))
    places = max(0, -int(tick.normalize().as_tuple().exponent))
    return f"{price:,.{places}f}"


def _six_digits(price: Decimal) -> Decimal:
    return price.quantize(Decimal(10) ** (price.adjusted() - 5))


def contracts_words(leg: Leg, contracts: Decimal) -> str:
    """`20 SOL` where a contract is one coin, else contracts with what they come to."""
    size = leg.contract_size
    if leg.inverse:
        worth = "" if size is None else f" ({grouped(contracts * size)} USD)"
        return f"{grouped(contracts)} contracts of {leg.market.symbol}{worth}"
    if size == 1 and leg.multiplier == 1:
        return f"{grouped(contracts)} {leg.asset}"
    coins = "" if size is None else f" ({grouped(contracts * size * leg.multiplier)} {leg.asset})"
    return f"{grouped(contracts)} contracts of {leg.market.symbol}{coins}"


def order_words(leg: Leg, side: OrderSide, contracts: Decimal, *, shrinks: bool) -> str:
    """`Buy back 20 SOL on bybit`."""
    verb = "Sell" if side == "sell" else "Buy back" if shrinks else "Buy"
    return f"{verb} {contracts_words(leg, contracts)} on {leg.account.venue}"


def round_up(amount: Decimal, unit: Decimal) -> Decimal:
    """The amount in whole units, upwards."""
    return (amount / unit).to_integral_value(ROUND_CEILING) * unit


def unit_of(price_usd: Decimal | None, *, money: bool) -> Decimal:
    """In what steps collateral is added: whole units of money, coins in the power of ten worth at most ten dollars."""
    if money or price_usd is None or price_usd <= 0:
        return ONE
    return Decimal(10) ** (Decimal(10) / price_usd).log10().to_integral_value(ROUND_FLOOR)
