"""Where unmodified ccxt 4.5.90 must look to find the simulator: complete `urls['api']` tables, by class.

ccxt reads meaning from the shape of some of these URLs: the spot socket of Binance must contain `/stream` and no other
may; the linear one must end in `/ws`, because ccxt puts the route before it; Bybit's category is read from the path.
"""

from __future__ import annotations

_BINANCE_HTTP = {
    "sapi": "sapi/v1",
    "sapiV2": "sapi/v2",
    "sapiV3": "sapi/v3",
    "sapiV4": "sapi/v4",
    "dapiPublic": "dapi/v1",
    "dapiPrivate": "dapi/v1",
    "dapiPrivateV2": "dapi/v2",
    "dapiData": "futures/data",
    "eapiPublic": "eapi/v1",
    "eapiPrivate": "eapi/v1",
    "fapiPublic": "fapi/v1",
    "fapiPublicV2": "fapi/v2",
    "fapiPublicV3": "fapi/v3",
    "fapiPrivate": "fapi/v1",
    "fapiPrivateV2": "fapi/v2",
    "fapiPrivateV3": "fapi/v3",
    "fapiData": "futures/data",
    "public": "api/v3",
    "private": "api/v3",
    "v1": "api/v1",
    "papi": "papi/v1",
    "papiV2": "papi/v2",
}
_BINANCE_WS = {
    "spot": "stream/spot/ws",
    "margin": "stream/spot/ws",
    "linear": "usdm/ws",
    "inverse": "coinm/ws",
    "stock": "equity/ws",
    "option": "usdm/public/ws",
    "optionMarket": "usdm/market/ws",
    "optionPrivate": "usdm/private/ws",
    "papi": "pm/ws",
}
_BINANCE_WS_API = {"spot": "ws-api/v3", "linear": "ws-fapi/v1", "inverse": "ws-dapi/v1"}


def binance_urls(http_base: str, ws_base: str) -> dict[str, object]:
    """For the classes binance, binanceusdm and binancecoinm; the bases end in the venue's own path."""
    requests = {name: f"{ws_base}/{path}" for name, path in _BINANCE_WS_API.items()}
    sockets = {name: f"{ws_base}/{path}" for name, path in _BINANCE_WS.items()}
    table: dict[str, object] = {name: f"{http_base}/{path}" for name, path in _BINANCE_HTTP.items()}
    return table | {"ws": sockets | {"ws-api": requests}}


def bybit_urls(http_base: str, ws_base: str) -> dict[str, object]:
    """For the class bybit."""
    table: dict[str, object] = dict.fromkeys(("spot", "futures", "v2", "public", "private"), http_base)
    table["ws"] = {
        "public": {name: f"{ws_base}/v5/public/{name}" for name in ("spot", "inverse", "option", "linear")},
        "private": {
            "spot": {"unified": f"{ws_base}/v5/private", "nonUnified": f"{ws_base}/spot/private/v3"},
            "contract": f"{ws_base}/v5/private",
            "usdc": f"{ws_base}/trade/option/usdc/private/v1",
            "trade": f"{ws_base}/v5/trade",
        },
    }
    return table


_BINGX_HTTP = (
    "fund",
    "spot",
    "swap",
    "contract",
    "wallets",
    "user",
    "subAccount",
    "account",
    "copyTrading",
    "cswap",
    "api",
)


def bingx_urls(http_base: str, ws_base: str) -> dict[str, object]:
    """For the class bingx, which tells swap from spot by `swap` in the socket's address."""
    table: dict[str, object] = dict.fromkeys(_BINGX_HTTP, f"{http_base}/openApi")
    sockets = {"spot": "market", "linear": "swap-market", "inverse": "cswap-market"}
    return table | {"ws": {name: f"{ws_base}/{path}" for name, path in sockets.items()}}


def weex_urls(http_base: str, ws_base: str) -> dict[str, object]:
    """For the class weex, which tells contracts from spot by `contract` in the socket's address."""
    table: dict[str, object] = dict.fromkeys(("public", "private", "contract", "contractPrivate"), http_base)
    return table | {"ws": {"spot": f"{ws_base}/spot/v3/ws", "contract": f"{ws_base}/contract/v3/ws"}}


def okx_urls(http_base: str, ws_base: str) -> dict[str, object]:
    """For the class okx, which puts `/public` behind the socket's address itself."""
    return {"rest": http_base, "ws": f"{ws_base}/ws/v5"}


def hyperliquid_urls(http_base: str, ws_base: str) -> dict[str, object]:
    """For the class hyperliquid."""
    return {"public": http_base, "private": http_base, "ws": {"public": f"{ws_base}/ws"}}
