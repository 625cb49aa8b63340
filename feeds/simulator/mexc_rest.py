"""MEXC's HTTP side: contracts with their risk levels, funding, tickers, candles and settled funding.

Numbers are JSON numbers. Every answer is an HTTP 200 that says itself whether it succeeded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from feeds.simulator.accounts import COIN_WALLET, MONEY_WALLET, held
from feeds.simulator.clock import Moment
from feeds.simulator.contracts import STARTS, Contract
from feeds.simulator.market import Market
from feeds.simulator.past import DAY_MS, HOUR_MS, Past, Span
from feeds.simulator.past_rest import MINUTE_MS, Kind, bars, whole
from feeds.simulator.wire import Answer, Ask, reply

TickerOf = Callable[[Market, Contract, Moment], dict[str, Any]]
_CONTRACT, _PRIVATE = "/api/v1/contract/", "/api/v1/private/"
_KLINES: dict[str, Kind] = {"kline/index_price/": "index", "kline/fair_price/": "mark", "kline/": "trade"}
_WIDTHS = {
    "Min1": MINUTE_MS,
    "Min5": 5 * MINUTE_MS,
    "Min15": 15 * MINUTE_MS,
    "Min60": HOUR_MS,
    "Hour4": 4 * HOUR_MS,
    "Day1": DAY_MS,
}
_LEVELS = 5
_FIRST_LEVEL = 60_000.0
"""Notional of the first risk level at the prices of the start; each further one adds as much again."""


def number(text: str) -> int | float:
    """A JSON number from its text: whole where it is."""
    value = float(text)
    return int(value) if value.is_integer() and value < 2**53 else value


def detail(contract: Contract, now: Moment, listed: bool) -> dict[str, Any]:
    """One contract; risk levels count contracts."""
    value = contract.contract_usd or STARTS[contract.coin] * contract.multiplier * float(contract.contract_coins)
    level = max(1, round(_FIRST_LEVEL / value))
    return {
        "symbol": contract.native,
        "displayNameEn": f"{contract.native} PERPETUAL",
        "baseCoin": contract.base,
        "quoteCoin": contract.quote,
        "settleCoin": contract.settle,
        "contractSize": number(str(contract.contract_usd or contract.contract_coins)),
        "minLeverage": 1,
        "maxLeverage": 125,
        "priceUnit": number(contract.tick),
        "volUnit": number(contract.step),
        "minVol": number(contract.step),
        "maxVol": level * 10,
        "takerFeeRate": 0.0002,
        "makerFeeRate": 0,
        "maintenanceMarginRate": 0.004,
        "initialMarginRate": 0.008,
        "riskBaseVol": level,
        "riskIncrVol": level,
        "riskIncrMmr": 0.004,
        "riskIncrImr": 0.008,
        "riskLevelLimit": _LEVELS,
        "riskLimitType": "BY_VOLUME",
        "state": 0 if listed else 3,
        "apiAllowed": True,
    }


class MexcRest:
    """Answers by path; errors are told in the body of a 200."""

    def __init__(self, market: Market, contracts: Mapping[str, Contract], past: Past, ticker_of: TickerOf) -> None:
        self._market = market
        self._contracts = contracts
        self._past = past
        self._ticker_of = ticker_of

    def answer(self, ask: Ask, now: Moment) -> Answer:
        if ask.path == "/api/v3/exchangeInfo":
            return reply({"timezone": "CST", "serverTime": now.wall_ms, "symbols": []})
        if ask.path == "/api/v3/account":
            rows = [{"asset": "USDT", "free": f"{MONEY_WALLET:.2f}", "locked": "0"}]
            return reply({"accountType": "SPOT", "balances": rows, "permissions": ["SPOT"]})
        if ask.path.startswith(_PRIVATE):
            return self._private(ask.path.removeprefix(_PRIVATE), ask, now)
        if ask.path.startswith(_CONTRACT):
            return self._public(ask.path.removeprefix(_CONTRACT), ask, now)
        return reply({"code": 404, "msg": "not found"}, 404)

    def _public(self, name: str, ask: Ask, now: Moment) -> Answer:
        for start, kind in _KLINES.items():
            if name.startswith(start):
                return self._klines(kind, name.removeprefix(start), ask, now)
        if name == "ping":
            return _ok(now.wall_ms)
        if name == "funding_rate/history":
            return self._settled(ask, now)
        if name.startswith("funding_rate/"):
            contract = self._one(name.removeprefix("funding_rate/"), now)
            return _unknown() if contract is None else _ok(self._funding(contract, now))
        rows: dict[str, Callable[[Contract], dict[str, Any]]] = {
            "detail": lambda contract: detail(contract, now, self._is_listed(contract, now)),
            "funding_rate": lambda contract: self._funding(contract, now),
            "ticker": lambda contract: self._ticker_of(self._market, contract, now),
        }
        if name not in rows:
            return _wrong(1001, "The interface does not exist")
        if "symbol" in ask.query:
            contract = self._one(ask.query["symbol"], now)
            return _unknown() if contract is None else _ok(rows[name](contract))
        listed = [contract for contract in self._contracts.values() if self._is_listed(contract, now)]
        return _ok([rows[name](contract) for contract in listed])

    def _is_listed(self, contract: Contract, now: Moment) -> bool:
        return self._market.script.listed(contract.feed, contract.native, now.elapsed_s)

    def _one(self, native: str, now: Moment) -> Contract | None:
        contract = self._contracts.get(native)
        return contract if contract is not None and self._is_listed(contract, now) else None

    def _funding(self, contract: Contract, now: Moment) -> dict[str, Any]:
        quote = self._market.quote(contract, now.on_grid(60_000))
        return {
            "symbol": contract.native,
            "fundingRate": round(quote.rate, 6),
            "maxFundingRate": contract.cap,
            "minFundingRate": -contract.cap,
            "collectCycle": self._market.quote(contract, now).hours,
            "nextSettleTime": self._market.quote(contract, now).next_ms,
            "timestamp": now.on_grid(60_000).wall_ms,
            "idxPrice": number(contract.price_text(quote.index)),
            "fairPrice": number(contract.price_text(quote.mark)),
        }

    def _klines(self, kind: Kind, native: str, ask: Ask, now: Moment) -> Answer:
        """Candles of one contract as columns, oldest first; times in seconds."""
        contract, width_ms = self._one(native, now), _WIDTHS.get(ask.query.get("interval", "Min1"))
        if contract is None:
            return _unknown()
        if width_ms is None:
            return _wrong(600, "Parameter error")
        start_s, end_s = whole(ask.query.get("start")), whole(ask.query.get("end"))
        span = Span(None if start_s is None else start_s * 1000, None if end_s is None else end_s * 1000, 2000)
        rows = bars(self._past, contract, kind, span, width_ms, now.wall_ms)
        columns = {
            name: [number(contract.price_text(getattr(row, name))) for row in rows]
            for name in ("open", "close", "high", "low")
        }
        volume = round(contract.typical_size * width_ms / MINUTE_MS, 4) if kind == "trade" else 0
        sizes = {name: [volume] * len(rows) for name in ("vol", "amount")}
        return _ok({"time": [row.start_ms // 1000 for row in rows], **columns, **sizes})

    def _settled(self, ask: Ask, now: Moment) -> Answer:
        """Settled funding of one contract in numbered pages, newest first."""
        contract = self._one(ask.query.get("symbol", ""), now)
        if contract is None:
            return _unknown()
        size, page = whole(ask.query.get("page_size")) or 20, whole(ask.query.get("page_num")) or 1
        if size > 1000:
            return _wrong(600, "Parameter error")
        stamps = self._past.stamps(contract, now.wall_ms - 100 * DAY_MS, now.wall_ms)[::-1]
        rows = [
            {
                "symbol": contract.native,
                "fundingRate": round(self._past.rate(contract, stamp), 6),
                "settleTime": stamp,
                "collectCycle": self._past.hours(contract, stamp),
            }
            for stamp in stamps[(page - 1) * size : page * size]
        ]
        pages = -(-len(stamps) // size)
        head = {"pageSize": size, "totalCount": len(stamps), "totalPage": pages, "currentPage": page}
        return _ok(head | {"resultList": rows})

    def _private(self, name: str, ask: Ask, now: Moment) -> Answer:
        if not ask.key:
            return _wrong(402, "API key expired!")
        if name == "position/open_positions":
            return _ok([self._position(place, row) for place, row in enumerate(held(self._contracts.values()), 1)])
        if name == "account/assets":
            money, coin = _asset("USDT", MONEY_WALLET), _asset("BTC", COIN_WALLET)
            return _ok([money, coin])
        return _wrong(1001, "The interface does not exist")

    def _position(self, place: int, row: Any) -> dict[str, Any]:
        return {
            "positionId": place,
            "symbol": row.contract.native,
            "positionType": 2 if row.amount < 0 else 1,
            "openType": 2,
            "state": 1,
            "holdVol": abs(row.amount),
            "frozenVol": 0,
            "closeVol": 0,
            "holdAvgPrice": row.entry,
            "openAvgPrice": row.entry,
            "closeAvgPrice": 0,
            "liquidatePrice": 0,
            "oim": 0,
            "im": 0,
            "holdFee": 0,
            "realised": 0,
            "leverage": 5,
            "createTime": 1_609_991_676_000,
            "updateTime": 1_609_991_676_000,
            "autoAddIm": False,
        }


def _asset(currency: str, amount: float) -> dict[str, Any]:
    return {
        "currency": currency,
        "positionMargin": 0,
        "availableBalance": amount,
        "cashBalance": amount,
        "frozenBalance": 0,
        "equity": amount,
        "unrealized": 0,
        "bonus": 0,
    }


def _ok(data: object) -> Answer:
    return reply({"success": True, "code": 0, "data": data})


def _wrong(code: int, message: str) -> Answer:
    return reply({"success": False, "code": code, "message": message})


def _unknown() -> Answer:
    return _wrong(1001, "Contract does not exist!")
