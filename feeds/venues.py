"""Every price feed of this version: the one place where a venue file is entered."""

from __future__ import annotations

from collections.abc import Mapping

from feeds import binance, bybit
from feeds.venue import Feed, Poll, perpetual_parts, spot_parts
from hedge.market import Want

LISTED = (
    binance.SPOT,
    binance.USDM,
    binance.COINM,
    bybit.LINEAR,
    bybit.INVERSE,
    bybit.SPOT,
)
FEEDS: Mapping[str, Feed] = {feed.id: feed for feed in LISTED}
"""Socket families by id, with the venues' own addresses."""

POLLS: tuple[Poll, ...] = (
    binance.USDM_INTERVALS,
    binance.COINM_INTERVALS,
)
"""What their streams leave out."""

VENUES = tuple(dict.fromkeys(feed.venue for feed in FEEDS.values()))


def feed_of(want: Want) -> Feed | None:
    """The feed that carries a market; None where this version has none."""
    for feed in FEEDS.values():
        if feed.venue == want.venue and feed.spot is want.spot and feed.native(want.symbol) is not None:
            return feed
    return None


def supported(venue: str, symbol: str) -> str | None:
    """None where a symbol of a venue can be read (a perpetual, or a spot pair); else why not."""
    if venue not in VENUES:
        return f"{venue} is not a venue this version can read; it reads {', '.join(VENUES)}"
    spot = spot_parts(symbol) is not None
    if not spot and perpetual_parts(symbol) is None:
        return f"{symbol} is neither a perpetual such as BTC/USDT:USDT nor a spot pair such as BTC/USDT"
    if feed_of(Want(venue, symbol, spot)) is not None:
        return None
    ids = ", ".join(feed.id for feed in FEEDS.values() if feed.venue == venue)
    return f"no feed of this version carries {symbol} of {venue}; it reads {ids}"
