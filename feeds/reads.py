"""What may be asked over HTTP: public reads, by method, address and path. Nothing else leaves this program.

Where a venue wants its questions posted, they are named one by one with the keys that they may have. The same list
holds for our own requests (feeds.rest) and for the ccxt helper, whose requests go through the same door.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct


class Read(Struct, frozen=True):
    """One public GET of one venue, or the questions that may be posted to one path."""

    venue: str
    origin: str
    """The venue's own scheme and host; settings override it as `rest_urls.<venue>`."""
    path: str
    questions: Mapping[str, frozenset[str]] = {}
    """By the `type` that a posted question names, the further keys that it may have. Empty: it is a GET."""
    of_market: bool = False
    """Whether the name of one market follows the path: `/kline/BTC_USDT`."""


BINANCE_USDM = "https://fapi.binance.com"
BINANCE_COINM = "https://dapi.binance.com"
BINANCE_SPOT = "https://api.binance.com"
BYBIT = "https://api.bybit.com"
BINGX = "https://open-api.bingx.com"
WEEX_CONTRACT = "https://api-contract.weex.com"
WEEX_SPOT = "https://api-spot.weex.com"
MEXC = "https://api.mexc.com"
OKX = "https://www.okx.com"
HYPERLIQUID = "https://api.hyperliquid.xyz"

HYPERLIQUID_QUESTIONS: Mapping[str, frozenset[str]] = {
    "meta": frozenset(),
    "metaAndAssetCtxs": frozenset(),
    "spotMeta": frozenset(),
    "candleSnapshot": frozenset({"req"}),
    "fundingHistory": frozenset({"coin", "startTime", "endTime"}),
    "clearinghouseState": frozenset({"user"}),
    "userAbstraction": frozenset({"user"}),
}
LONGEST_QUESTION = 1000
"""Characters."""
MARKET = re.compile(r"[A-Z0-9]{1,24}_[A-Z0-9]{1,8}")
"""A market's own name at the end of a path."""

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
    Read("mexc", MEXC, "/api/v1/contract/detail"),
    Read("mexc", MEXC, "/api/v1/contract/ticker"),
    Read("mexc", MEXC, "/api/v1/contract/funding_rate"),
    Read("mexc", MEXC, "/api/v1/contract/funding_rate/history"),
    Read("mexc", MEXC, "/api/v1/contract/kline", of_market=True),
    Read("mexc", MEXC, "/api/v1/contract/kline/fair_price", of_market=True),
    Read("mexc", MEXC, "/api/v1/contract/kline/index_price", of_market=True),
    Read("mexc", MEXC, "/api/v3/exchangeInfo"),
    Read("okx", OKX, "/api/v5/public/instruments"),
    Read("okx", OKX, "/api/v5/public/position-tiers"),
    Read("okx", OKX, "/api/v5/public/mark-price"),
    Read("okx", OKX, "/api/v5/public/funding-rate-history"),
    Read("okx", OKX, "/api/v5/market/candles"),
    Read("okx", OKX, "/api/v5/market/mark-price-candles"),
    Read("okx", OKX, "/api/v5/market/index-candles"),
    Read("hyperliquid", HYPERLIQUID, "/info", HYPERLIQUID_QUESTIONS),
)


def address(read: Read, overrides: Mapping[str, str]) -> str:
    """Where a read is sent: the venue's own host, or the base that the settings name for the venue."""
    return overrides.get(read.venue, read.origin).rstrip("/") + read.path


def find(venue: str, path: str) -> Read | None:
    """The listed read of this venue and path."""
    return next((read for read in READS if read.venue == venue and read.path == path), None)


def _leads_to(read: Read, bare: str, overrides: Mapping[str, str]) -> bool:
    """Whether an address without its query is that of this read."""
    base = address(read, overrides)
    if not read.of_market:
        return bare == base
    return bare.startswith(f"{base}/") and MARKET.fullmatch(bare.removeprefix(f"{base}/")) is not None


def question_of(body: str) -> dict[str, object] | None:
    """A posted body as names and values; None where it is no JSON object, or too long for a question."""
    if len(body) > LONGEST_QUESTION:
        return None
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except (ValueError, RecursionError):
        return None


def _named(read: Read, body: str) -> bool:
    """Whether a body is one of the questions that this read names, with no key but its own."""
    question = question_of(body) or {}
    keys = read.questions.get(str(question.get("type")))
    return keys is not None and question.keys() - {"type"} <= keys


def refusal(
    method: str, url: str, overrides: Mapping[str, str], public: frozenset[str] = frozenset(), body: str | None = None
) -> str | None:
    """Why a request must not leave; None where it is on the list, to the letter of method, address, path and question.

    `public` names origins where every GET is a read: those of a venue without a list, which is never given a key.
    """
    bare = url.partition("?")[0]
    if method == "GET" and body is None and "/".join(bare.split("/", 3)[:3]) in public:
        return None
    for read in READS:
        if method == "GET" and body is None and not read.questions and _leads_to(read, bare, overrides):
            return None
        if method == "POST" and body is not None and url == address(read, overrides) and _named(read, body):
            return None
    try:
        parts = urlsplit(bare)
        words = f"{method} {parts.hostname}{parts.path}"
    except ValueError:
        words = f"{method} to a broken address"
    return f"refused: {words} is not on the list of reads"
