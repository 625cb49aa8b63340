"""Where unmodified ccxt 4.5.90 must look to find the simulator: complete `urls['api']` tables, by class.

ccxt reads meaning from the shape of some of these URLs: the spot socket of Binance must contain `/stream` and no other
may; the linear one must end in `/ws`, because ccxt puts the route before it; Bybit's category is read from the path.
"""

from __future__ import annotations


def binance_urls(http_base: str, ws_base: str) -> dict[str, object]:
    """For the classes binance, binanceusdm and binancecoinm; the bases end in the venue's own path."""
    table: dict[str, object] = {
        "sapi": f"{http_base}/sapi/v1",
        "sapiV2": f"{http_base}/sapi/v2",
        "sapiV3": f"{http_base}/sapi/v3",
        "sapiV4": f"{http_base}/sapi/v4",
        "dapiPublic": f"{http_base}/dapi/v1",
        "dapiPrivate": f"{http_base}/dapi/v1",
        "dapiPrivateV2": f"{http_base}/dapi/v2",
        "dapiData": f"{http_base}/futures/data",
        "eapiPublic": f"{http_base}/eapi/v1",
        "eapiPrivate": f"{http_base}/eapi/v1",
        "fapiPublic": f"{http_base}/fapi/v1",
        "fapiPublicV2": f"{http_base}/fapi/v2",
        "fapiPublicV3": f"{http_base}/fapi/v3",
        "fapiPrivate": f"{http_base}/fapi/v1",
        "fapiPrivateV2": f"{http_base}/fapi/v2",
        "fapiPrivateV3": f"{http_base}/fapi/v3",
        "fapiData": f"{http_base}/futures/data",
        "public": f"{http_base}/api/v3",
        "private": f"{http_base}/api/v3",
        "v1": f"{http_base}/api/v1",
        "papi": f"{http_base}/papi/v1",
        "papiV2": f"{http_base}/papi/v2",
    }
    table["ws"] = {
        "spot": f"{ws_base}/stream/spot/ws",
        "margin": f"{ws_base}/stream/spot/ws",
        "linear": f"{ws_base}/usdm/ws",
        "inverse": f"{ws_base}/coinm/ws",
        "stock": f"{ws_base}/equity/ws",
        "option": f"{ws_base}/usdm/public/ws",
        "optionMarket": f"{ws_base}/usdm/market/ws",
        "optionPrivate": f"{ws_base}/usdm/private/ws",
        "ws-api": {
            "spot": f"{ws_base}/ws-api/v3",
            "linear": f"{ws_base}/ws-fapi/v1",
            "inverse": f"{ws_base}/ws-dapi/v1",
        },
        "papi": f"{ws_base}/pm/ws",
    }
    return table


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
