"""What ccxt is asked about each venue, and what of its answers must be put right. Tables alone, without ccxt."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from msgspec import Struct

Family = Literal["linear", "inverse"]
"""`linear` settles in the quote currency, `inverse` in the coin."""
CandleKind = tuple[Literal["mark", "index", "trade"], int]
"""Which price, and the hours of one candle."""

PAIR_KINDS: tuple[CandleKind, ...] = (("trade", 24),)
PERPETUAL_KINDS: tuple[CandleKind, ...] = (*PAIR_KINDS, ("mark", 1), ("index", 1))


class Metadata(Struct, frozen=True, kw_only=True):
    """One venue, as ccxt knows it."""

    contracts: Mapping[str, frozenset[Family]]
    """ccxt class to the families it is asked for; never options, whose lists are long and of no use here."""
    past: str
    """The ccxt class that is asked for candles and settled funding."""
    settlements_a_page: int
    candles: tuple[CandleKind, ...] = PERPETUAL_KINDS
    """Those of a perpetual that the venue publishes."""
    tiers: str
    """Where maintenance tiers come from, in words: `bybit risk-limit`."""
    no_tiers: str = ""
    """Why there are none without a key, where that is so."""
    sizes: Mapping[Family, Decimal] = {}
    """Contract sizes that hold in place of ccxt's."""


METADATA: Mapping[str, Metadata] = {
    "binance": Metadata(
        contracts={"binanceusdm": frozenset({"linear"}), "binancecoinm": frozenset({"inverse"})},
        past="binance",
        settlements_a_page=1000,
        tiers="binance leverageBracket",
        no_tiers="binance gives its maintenance tiers only to a key",
    ),
    "bybit": Metadata(
        contracts={"bybit": frozenset({"linear", "inverse"})},
        past="bybit",
        settlements_a_page=200,
        tiers="bybit risk-limit",
        # Inverse contracts count dollars; ccxt shows the smallest order in their place, equal only by chance.
        sizes={"inverse": Decimal(1)},
    ),
}
