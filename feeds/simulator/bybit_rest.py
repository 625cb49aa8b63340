"""Bybit's HTTP side: instruments and risk limits in pages, tickers, time, and what a key may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from feeds.simulator import bybit_account
from feeds.simulator.clock import Moment
from feeds.simulator.contracts import Contract
from feeds.simulator.market import Market
from feeds.simulator.past import Past
from feeds.simulator.past_rest import BYBIT_WIDTHS, Kind, bars, bybit_row, bybit_settled, span_of, whole
from feeds.simulator.wire import Answer, Ask, reply

TickerOf = Callable[[Market, Contract, Moment], dict[str, Any]]
_SYMBOLS_A_RISK_PAGE = 15
_KLINES: dict[str, Kind] = {
    "/v5/market/kline": "trade",
    "/v5/market/mark-price-kline": "mark",
    "/v5/market/index-price-kline": "index",
}
_SIGNED: dict[str, Callable[[], dict[str, Any]]] = {
    "/v5/user/query-api": bybit_account.rights,
    "/v5/account/info": bybit_account.account,
    "/v5/account/wallet-balance": bybit_account.wallet,
    "/v5/position/list": dict,
}
_LAUNCH_MS = "1600000000000"


def _instrument(contract: Contract, hours: int) -> dict[str, Any]:
    top = f"{contract.typical_size * 5000:.0f}"
    lots: dict[str, Any] = {"maxOrderQty": top, "minOrderQty": contract.step, "qtyStep": contract.step}
    if not contract.inverse:
        lots["minNotionalValue"] = str(contract.min_notional)
    leverage = f"{contract.ladder[0].leverage}.00"
    return {
        "symbol": contract.native,
        "contractType": "InversePerpetual" if contract.inverse else "LinearPerpetual",
        "status": "Trading",
        "baseCoin": contract.base,
        "quoteCoin": contract.quote,
        "settleCoin": contract.settle,
        "launchTime": _LAUNCH_MS,
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(len(contract.tick.partition(".")[2])),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": leverage, "leverageStep": "0.01"},
        "priceFilter": {"minPrice": contract.tick, "maxPrice": "5000000", "tickSize": contract.tick},
        "lotSizeFilter": lots,
        "unifiedMarginTrade": True,
        "fundingInterval": hours * 60,
        "copyTrading": "none",
        "upperFundingRate": f"{contract.cap}",
        "lowerFundingRate": f"-{contract.cap}",
        "isPreListing": False,
        "preListingInfo": None,
    }


def _pair(contract: Contract) -> dict[str, Any]:
    lots = {"basePrecision": contract.step, "quotePrecision": "0.0000001", "minOrderQty": contract.step}
    return {
        "symbol": contract.native,
        "baseCoin": contract.coin,
        "quoteCoin": contract.quote,
        "innovation": "0",
        "status": "Trading",
        "marginTrading": "none",
        "lotSizeFilter": lots | {"maxOrderQty": f"{contract.typical_size * 5000:.0f}", "minOrderAmt": "5"},
        "priceFilter": {"tickSize": contract.tick},
    }


def _risk_rows(contract: Contract) -> list[dict[str, Any]]:
    """Risk limits with the deduction that keeps the maintenance margin continuous at their edges."""
    rows: list[dict[str, Any]] = []
    floor, rate, deduction = 0, 0.0, 0.0
    for number, rung in enumerate(contract.ladder, start=1):
        deduction = round(deduction + floor * (rung.rate - rate), 8)
        rows.append(
            {
                "id": number,
                "symbol": contract.native,
                "riskLimitValue": str(rung.cap),
                "maintenanceMargin": f"{rung.rate:g}",
                "initialMargin": f"{1 / rung.leverage:.4f}",
                "isLowestRisk": 1 if number == 1 else 0,
                "maxLeverage": f"{rung.leverage}.00",
                "mmDeduction": f"{deduction:.8g}" if deduction else "",
            }
        )
        floor, rate = rung.cap, rung.rate
    return rows


class BybitRest:
    """Answers by path; a path it does not know gets a 404, a query it does not like a `retCode` in a 200."""

    def __init__(
        self,
        market: Market,
        contracts: Mapping[str, Mapping[str, Contract]],
        past: Past,
        ticker_of: TickerOf,
        spot_ticker_of: TickerOf,
    ) -> None:
        self._market = market
        self._contracts = contracts
        self._past = past
        self._ticker_of = ticker_of
        self._spot_ticker_of = spot_ticker_of
        self._paths: dict[str, Callable[[Ask, Moment], Answer]] = {
            "/v5/market/time": self._time,
            "/v5/market/instruments-info": self._instruments,
            "/v5/market/tickers": self._tickers,
            "/v5/market/risk-limit": self._risk_limits,
            **dict.fromkeys(_SIGNED, self._signed),
            "/v5/market/funding/history": self._settled,
            **dict.fromkeys(_KLINES, self._klines),
        }

    def answer(self, ask: Ask, now: Moment) -> Answer:
        handler = self._paths.get(ask.path)
        return handler(ask, now) if handler is not None else reply({"retCode": 10404, "retMsg": "Not found"}, 404)

    def _ok(self, result: object, now: Moment) -> Answer:
        return reply({"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": now.wall_ms})

    def _wrong(self, text: str, now: Moment, code: int = 10001) -> Answer:
        return reply({"retCode": code, "retMsg": text, "result": {}, "retExtInfo": {}, "time": now.wall_ms})

    def _time(self, ask: Ask, now: Moment) -> Answer:
        nanos = f"{now.wall_ms}000000"
        return self._ok({"timeSecond": str(now.wall_ms // 1000), "timeNano": nanos}, now)

    def _chosen(self, ask: Ask, now: Moment) -> list[Contract] | None:
        """The contracts that the query means; None where category or symbol mean nothing here."""
        category = ask.query.get("category", "")
        if category == "option" or ask.query.get("status") == "PreLaunch":
            return []
        if category not in self._contracts:
            return None
        listed = [
            row
            for row in self._contracts[category].values()
            if self._market.script.listed(row.feed, row.native, now.elapsed_s)
        ]
        if "symbol" not in ask.query:
            return listed
        return [row for row in listed if row.native == ask.query["symbol"]] or None

    def _page(self, ask: Ask, rows: list[Contract], size: int) -> tuple[list[Contract], str]:
        cursor = ask.query.get("cursor", "")
        start = int(cursor) if cursor.isascii() and cursor.isdigit() else 0
        more = start + size < len(rows)
        return rows[start : start + size], str(start + size) if more else ""

    def _instruments(self, ask: Ask, now: Moment) -> Answer:
        chosen, category = self._chosen(ask, now), ask.query.get("category", "")
        if chosen is None:
            return self._wrong("params error: symbol or category invalid", now)
        limit = ask.query.get("limit", "500")
        size = min(1000, max(1, int(limit))) if limit.isascii() and limit.isdigit() else 500
        page, cursor = (chosen, "") if category == "spot" else self._page(ask, chosen, size)
        hours = self._market.script.hours
        rows = [
            _pair(row) if row.spot else _instrument(row, hours(row.feed, row.native, now.elapsed_s, row.hours))
            for row in page
        ]
        return self._ok({"category": category, "list": rows, "nextPageCursor": cursor}, now)

    def _tickers(self, ask: Ask, now: Moment) -> Answer:
        chosen = self._chosen(ask, now)
        if chosen is None:
            return self._wrong("params error: symbol or category invalid", now)
        rows = [(self._spot_ticker_of if row.spot else self._ticker_of)(self._market, row, now) for row in chosen]
        return self._ok({"category": ask.query["category"], "list": rows}, now)

    def _risk_limits(self, ask: Ask, now: Moment) -> Answer:
        chosen, category = self._chosen(ask, now), ask.query.get("category", "")
        if chosen is None or category == "spot":
            return self._wrong("params error: symbol or category invalid", now)
        page, cursor = self._page(ask, chosen, _SYMBOLS_A_RISK_PAGE)
        rows = [rung for contract in page for rung in _risk_rows(contract)]
        return self._ok({"category": category, "list": rows, "nextPageCursor": cursor}, now)

    def _one(self, ask: Ask, now: Moment) -> Contract | None:
        """The one contract that a query about the past must name."""
        chosen = self._chosen(ask, now) if "symbol" in ask.query else None
        return chosen[0] if chosen else None

    def _klines(self, ask: Ask, now: Moment) -> Answer:
        """Candles of one contract, newest first."""
        kind, contract = _KLINES[ask.path], self._one(ask, now)
        width_ms = BYBIT_WIDTHS.get(ask.query.get("interval", ""))
        if contract is None or (contract.spot and kind != "trade"):
            return self._wrong("params error: symbol or category invalid", now)
        if width_ms is None:
            return self._wrong("Invalid period!", now)
        span = span_of(ask.query, "start", "end", 200, 1000)
        rows = bars(self._past, contract, kind, span, width_ms, now.wall_ms)
        listed = [bybit_row(contract, kind, one, width_ms) for one in reversed(rows)]
        return self._ok({"symbol": contract.native, "category": ask.query["category"], "list": listed}, now)

    def _settled(self, ask: Ask, now: Moment) -> Answer:
        """Settled funding of one contract, newest first; a start without an end is refused."""
        contract = self._one(ask, now)
        if contract is None or contract.spot:
            return self._wrong("params error: symbol or category invalid", now)
        if whole(ask.query.get("startTime")) is not None and whole(ask.query.get("endTime")) is None:
            return self._wrong("params error: endTime is required", now)
        span = span_of(ask.query, "startTime", "endTime", 200, 200)
        rows = bybit_settled(self._past, contract, span, now.wall_ms)
        return self._ok({"category": ask.query["category"], "list": rows}, now)

    def _signed(self, ask: Ask, now: Moment) -> Answer:
        """What stands behind any key, which may only read; without one the venue's refusal."""
        if not ask.key:
            return self._wrong("API key is invalid.", now, code=10003)
        if ask.path != "/v5/position/list":
            return self._ok(_SIGNED[ask.path](), now)
        contracts, category = self._chosen(ask, now), ask.query.get("category", "")
        if contracts is None or category == "spot":
            return self._wrong("params error: symbol or category invalid", now)
        if category == "linear" and not ask.query.keys() & {"symbol", "settleCoin"}:
            return self._wrong("Missing some parameters that must be filled in, symbol or settleCoin", now)
        settle = ask.query.get("settleCoin")
        rows = bybit_account.positions(self._market, [row for row in contracts if settle in (None, row.settle)], now)
        return self._ok({"category": category, "list": rows, "nextPageCursor": ""}, now)
