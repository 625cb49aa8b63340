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
    no_candles: Mapping[CandleKind, str] = {}
    """Why a kind that others have is not asked for."""
    tiers: str
    """Where maintenance tiers come from, in words: `bybit risk-limit`."""
    no_tiers: str = ""
    """Why there are none without a key, where that is so."""
    sizes: Mapping[Family, Decimal] = {}
    """Contract sizes that hold in place of ccxt's."""
    size_factor: str = ""
    """Key of the venue's own row by which ccxt forgets to multiply the contract size."""
    listing: tuple[str, ...] = ()
    """Parts of the venue's list that ccxt is asked for, where it does not know them by family."""
    own_names: bool = False
    """The venue's spelling of a coin (`kPEPE`) holds; ccxt writes all of it in capitals."""
    brackets: Literal["notional", "contracts", "levels", "leverage"] = "notional"
    """What maintenance tiers count: value; contracts, each rate for the whole position; levels of contracts in the
    venue's own row; or the greatest leverage, half of whose initial margin is the maintenance margin."""
    candles_a_page: int = 1000
    until: str = "until"
    """The key by which ccxt hands on the end of a span of settlements."""
    page: str = ""
    """The key of a page's number, where the venue counts pages of settlements instead of taking an end."""
    oldest_first: bool = False
    """Whether a page of settlements holds the oldest of the span, not the newest."""


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
    "bingx": Metadata(
        contracts={"bingx": frozenset({"linear"})},
        past="bingx",
        settlements_a_page=1000,
        # Asked for index candles, ccxt would bring those of trades without a word.
        candles=(("trade", 24), ("mark", 1)),
        no_candles={("index", 1): "ccxt reads no index candles of bingx"},
        tiers="bingx maintMarginRatio",
        no_tiers="bingx gives its maintenance tiers only to a key",
        sizes={"linear": Decimal(1)},
    ),
    "weex": Metadata(
        contracts={"weex": frozenset({"linear"})},
        past="weex",
        settlements_a_page=1000,
        tiers="weex",
        no_tiers="weex publishes no maintenance tiers",
        # Orders and positions count coins; what ccxt shows as the contract size is smaller by up to a million.
        sizes={"linear": Decimal(1)},
    ),
    "mexc": Metadata(
        contracts={"mexc": frozenset({"linear", "inverse"})},
        past="mexc",
        settlements_a_page=100,
        page="page_num",
        tiers="mexc risk levels",
        # ccxt leaves out the first level's own width and takes contracts for money.
        brackets="levels",
    ),
    "okx": Metadata(
        contracts={"okx": frozenset({"linear", "inverse"})},
        past="okx",
        listing=("swap",),
        settlements_a_page=100,
        candles_a_page=100,
        # ccxt hands `until` on as it is, a word that the venue does not know.
        until="after",
        tiers="okx position-tiers",
        # Brackets count contracts, although ccxt calls them notional.
        brackets="contracts",
        size_factor="ctMult",
    ),
    "hyperliquid": Metadata(
        contracts={"hyperliquid": frozenset({"linear"})},
        past="hyperliquid",
        listing=("swap",),
        own_names=True,
        settlements_a_page=500,
        oldest_first=True,
        candles=PAIR_KINDS,
        no_candles={(kind, 1): f"hyperliquid publishes no {kind} candles" for kind in ("mark", "index")},
        tiers="hyperliquid margin tables",
        brackets="leverage",
    ),
}


def metadata_of(venue: str) -> Metadata:
    """The table of a venue; for one without a file of its own, whatever ccxt says of it."""
    known = METADATA.get(venue)
    if known is not None:
        return known
    return Metadata(
        contracts={venue: frozenset({"linear", "inverse"})},
        past=venue,
        settlements_a_page=100,
        candles=PAIR_KINDS,
        tiers=f"ccxt {venue}",
    )
