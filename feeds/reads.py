"""What may be asked over HTTP: public reads, by method, address and path. Nothing else leaves this program.

The same list holds for our own requests (feeds.rest) and for the ccxt helper, whose requests go through the same door.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec import Struct


class Read(Struct, frozen=True):
    """One public GET of one venue."""

    venue: str
    origin: str
    """The venue's own scheme and host; settings override it as `rest_urls.<venue>`."""
    path: str


BINANCE_USDM = "https://fapi.binance.com"
BINANCE_COINM = "https://dapi.binance.com"
BINANCE_SPOT = "https://api.binance.com"
BYBIT = "https://api.bybit.com"
BINGX = "https://open-api.bingx.com"
WEEX_CONTRACT = "https://api-contract.weex.com"
WEEX_SPOT = "https://api-spot.weex.com"

READS = (
    Read("binance", BINANCE_USDM, "/fapi/v1/exchangeInfo"),
    Read("binance", BINANCE_USDM, "/fapi/v1/fundingInfo"),
    Read("binance", BINANCE_USDM, "/fapi/v1/premiumIndex"),
    Read("binance", BINANCE_USDM, "/fapi/v1/klines"),
    Read("binance", BINANCE_USDM, "/fapi/v1/markPriceKlines"),
    Read("binance", BINANCE_USDM, "/fapi/v1/indexPriceKlines"),
    Read("binance", BINANCE_USDM, "/fapi/v1/fundingRate"),
    Read("binance", BINANCE_COINM, "/dapi/v1/exchangeInfo"),
    Read("binance", BINANCE_COINM, "/dapi/v1/fundingInfo"),
    Read("binance", BINANCE_COINM, "/dapi/v1/premiumIndex"),
    Read("binance", BINANCE_COINM, "/dapi/v1/klines"),
    Read("binance", BINANCE_COINM, "/dapi/v1/markPriceKlines"),
    Read("binance", BINANCE_COINM, "/dapi/v1/indexPriceKlines"),
    Read("binance", BINANCE_COINM, "/dapi/v1/fundingRate"),
    Read("binance", BINANCE_SPOT, "/api/v3/klines"),
    Read("bybit", BYBIT, "/v5/market/instruments-info"),
    Read("bybit", BYBIT, "/v5/market/risk-limit"),
    Read("bybit", BYBIT, "/v5/market/tickers"),
    Read("bybit", BYBIT, "/v5/market/kline"),
    Read("bybit", BYBIT, "/v5/market/mark-price-kline"),
    Read("bybit", BYBIT, "/v5/market/index-price-kline"),
    Read("bybit", BYBIT, "/v5/market/funding/history"),
    Read("bingx", BINGX, "/openApi/swap/v2/quote/contracts"),
    Read("bingx", BINGX, "/openApi/cswap/v1/market/contracts"),
    Read("bingx", BINGX, "/openApi/spot/v1/common/symbols"),
    Read("bingx", BINGX, "/openApi/swap/v2/quote/premiumIndex"),
    Read("bingx", BINGX, "/openApi/swap/v3/quote/klines"),
    Read("bingx", BINGX, "/openApi/swap/v1/market/markPriceKlines"),
    Read("bingx", BINGX, "/openApi/swap/v2/quote/fundingRate"),
    Read("weex", WEEX_CONTRACT, "/capi/v3/market/exchangeInfo"),
    Read("weex", WEEX_SPOT, "/api/v3/exchangeInfo"),
    Read("weex", WEEX_CONTRACT, "/capi/v3/market/premiumIndex"),
    Read("weex", WEEX_CONTRACT, "/capi/v3/market/klines"),
    Read("weex", WEEX_CONTRACT, "/capi/v3/market/markPriceKlines"),
    Read("weex", WEEX_CONTRACT, "/capi/v3/market/indexPriceKlines"),
    Read("weex", WEEX_CONTRACT, "/capi/v3/market/fundingRate"),
)


def address(read: Read, overrides: Mapping[str, str]) -> str:
    """Where a read is sent: the venue's own host, or the base that the settings name for the venue."""
    return overrides.get(read.venue, read.origin).rstrip("/") + read.path


def find(venue: str, path: str) -> Read | None:
    """The listed read of this venue and path."""
    return next((read for read in READS if read.venue == venue and read.path == path), None)


def refusal(method: str, url: str, overrides: Mapping[str, str], public: frozenset[str] = frozenset()) -> str | None:
    """Why a request must not leave; None where it is on the list, to the letter of method, address and path.

    `public` names origins where every GET is a read: those of a venue without a list, which is never given a key.
    """
    bare = url.partition("?")[0]
    if method == "GET" and "/".join(bare.split("/", 3)[:3]) in public:
        return None
    if method == "GET" and any(bare == address(read, overrides) for read in READS):
        return None
    try:
        parts = urlsplit(bare)
        words = f"{method} {parts.hostname}{parts.path}"
    except ValueError:
        words = f"{method} to a broken address"
    return f"refused: {words} is not on the list of reads"
