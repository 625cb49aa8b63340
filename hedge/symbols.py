"""What a unified symbol says: coin, money, settlement, multiplier. Nothing here asks a venue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

ALIASES = {"XBT": "BTC"}
"""Other tickers of the same coin. Wrapped and staked forms (WBTC, stETH) are different coins with their own price."""

MONEY = frozenset({"USD", "USDT", "USDC", "FDUSD", "BUSD", "TUSD", "DAI", "USDE", "PYUSD", "USD1"})
"""Quote and settlement currencies: wallets of these are money, not coins to hedge."""

_SYMBOL = re.compile(r"([^\s/:]{1,30})/([A-Za-z0-9]{2,10}):([^\s/:\-]{1,30})(-.*)?")
_MULTIPLIERS = (
    (re.compile(r"1000000([^\s\d].*)"), Decimal(1_000_000)),
    (re.compile(r"1M([A-Z].*)"), Decimal(1_000_000)),
    (re.compile(r"10000([^\s\d].*)"), Decimal(10_000)),
    (re.compile(r"1000([^\s\d].*)"), Decimal(1_000)),
    (re.compile(r"k([A-Z].*)"), Decimal(1_000)),
)


@dataclass(frozen=True, slots=True)
class Perp:
    """A perpetual's unified symbol, taken apart."""

    symbol: str
    base: str
    """As the venue lists it: `1000PEPE`."""
    quote: str
    settle: str
    coin: str
    """The coin itself: `PEPE`."""
    multiplier: Decimal
    """Coins per quoted unit: 1000 for `1000PEPE`."""

    @property
    def inverse(self) -> bool:
        """Whether it is margined and settled in the coin, its contracts counting USD."""
        return self.settle == self.base


def coin_name(ticker: str) -> str:
    """The ticker under its usual name: XBT is BTC."""
    return ALIASES.get(ticker, ticker)


def money_meant(ticker: str) -> str | None:
    """The money whose letters a ticker has in another order: USTD is USDT. None for any other ticker."""
    if ticker in MONEY:
        return None
    return next((money for money in ("USDT", *sorted(MONEY)) if sorted(money) == sorted(ticker)), None)


def strip_multiplier(base: str) -> tuple[str, Decimal]:
    """Coin and coins per quoted unit of a listed base: `1000PEPE` -> PEPE, 1000; `1INCH` stays itself."""
    for pattern, multiplier in _MULTIPLIERS:
        match = pattern.fullmatch(base)
        if match:
            return coin_name(match.group(1)), multiplier
    return coin_name(base), Decimal(1)


@lru_cache(maxsize=65536)
def perp(symbol: str) -> Perp:
    """Take a perpetual's unified symbol apart.

    Raises ValueError, its text saying what to write instead: native ids, spot pairs, dated contracts, quanto."""
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        raise ValueError(_instead(symbol))
    base, quote, settle, dated = match.groups()
    if dated:
        raise ValueError(f'dated contracts are not read, only perpetuals: "{base}/{quote}:{settle}"')
    if settle not in (base, quote):
        linear, inverse = f"{base}/{quote}:{quote}", f"{base}/{quote}:{base}"
        raise ValueError(f'it is settled in neither its coin nor its quote; write "{linear}" or "{inverse}"')
    if quote not in MONEY:
        money = quote.upper() if quote.upper() in MONEY else money_meant(quote.upper())
        if money is not None:
            coin = base.upper() if base.islower() else base
            raise ValueError(f'write "{coin}/{money}:{coin if settle == base else money}"')
        raise ValueError(f"its quote must be money, such as USDT; {quote} is not")
    coin, multiplier = strip_multiplier(base)
    return Perp(symbol, base, quote, settle, coin, multiplier)


def _instead(symbol: str) -> str:
    bare = symbol.upper().replace(" ", "")
    example = 'the unified symbol of a perpetual, such as "BTC/USDT:USDT" (linear) or "ETH/USD:ETH" (inverse)'
    spot = re.fullmatch(r"([A-Z0-9]+)/([A-Z0-9]+)", bare)
    native = re.fullmatch(r"([A-Z0-9]+?)[-_]?(USDT|USDC|USD)(?:[-_]?(?:SWAP|PERP|PERPETUAL))?", bare)
    found = spot or native
    if not found:
        return f"write {example}"
    base, quote = found.groups()
    if quote == "USD":
        return f'write "{base}/USD:{base}", the unified symbol of the inverse perpetual'
    return f'write "{base}/{quote}:{quote}", the unified symbol of the perpetual'
