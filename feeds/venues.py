"""Every price feed of this version: the one place where a venue file is entered."""

from __future__ import annotations

from collections.abc import Mapping

from feeds import any_venue, binance, bingx, bybit, hyperliquid, mexc, okx, weex
from feeds.metadata import METADATA
from feeds.venue import Feed, Poll, perpetual_parts, spot_parts
from hedge.market import Want

LISTED = (
    binance.SPOT,
    binance.USDM,
    binance.COINM,
    bybit.LINEAR,
    bybit.INVERSE,
    bybit.SPOT,
    mexc.FUTURES,
    bingx.SWAP,
    weex.CONTRACT,
    okx.OKX,
    hyperliquid.HYPERLIQUID,
)
FEEDS: Mapping[str, Feed] = {feed.id: feed for feed in LISTED}
"""Socket families by id, with the venues' own addresses."""

POLLS: tuple[Poll, ...] = (
    binance.USDM_INTERVALS,
    binance.COINM_INTERVALS,
    mexc.INTERVALS,
    bingx.ANCHOR,
    weex.ANCHOR,
)
"""What their streams leave out."""

CLASSES = {name: venue for venue, known in METADATA.items() for name in known.contracts if name not in METADATA}
"""ccxt's classes for parts of a venue that is one here: `binanceusdm`."""
VENUES = tuple(dict.fromkeys(feed.venue for feed in FEEDS.values()))


def feed_by_id(id: str) -> Feed:
    """A feed by its id: one with a file of its own, or `ccxt-<venue>`."""
    return FEEDS[id] if id in FEEDS else any_venue.feed(id.removeprefix(any_venue.PREFIX))


def readable(venue: str) -> bool:
    """Whether a venue can be read at all, by a file of its own or through ccxt.pro."""
    return venue in VENUES or (venue in any_venue.venues() and venue not in CLASSES)


def feed_of(want: Want) -> Feed | None:
    """The feed that carries a market; None where there is none."""
    if want.venue not in VENUES:
        other = any_venue.feed(want.venue)
        carried = readable(want.venue) and not want.spot and other.native(want.symbol) is not None
        return other if carried else None
    for each in FEEDS.values():
        if each.venue == want.venue and each.spot is want.spot and each.native(want.symbol) is not None:
            return each
    return None


def supported(venue: str, symbol: str) -> str | None:
    """None where a symbol of a venue can be read (a perpetual, or a spot pair); else why not."""
    if venue in CLASSES:
        return f'{venue} is a part of one venue; write "{CLASSES[venue]}"'
    if not readable(venue):
        return f"{venue} is not a venue that can be read; those with a file of their own are {', '.join(VENUES)}"
    spot = spot_parts(symbol) is not None
    if not spot and perpetual_parts(symbol) is None:
        return f"{symbol} is neither a perpetual such as BTC/USDT:USDT nor a spot pair such as BTC/USDT"
    if feed_of(Want(venue, symbol, spot)) is not None:
        return None
    ids = ", ".join(each.id for each in FEEDS.values() if each.venue == venue) or f"{any_venue.PREFIX}{venue}"
    return f"no feed of this version carries {symbol} of {venue}; it reads {ids}"
