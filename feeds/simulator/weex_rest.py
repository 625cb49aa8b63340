"""WEEX's HTTP side: contracts, the funding list, candles, settlements, and what a key may read.

`lastFundingRate` is settled, `forecastFundingRate` the coming one; marks and indexes of that list stand for a minute
while its `time` runs on; one contract carries a next stamp of 1970; `contractVal` is no size of anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from feeds.simulator.clock import Moment
from feeds.simulator.contracts import Contract
from feeds.simulator.market import Market
from feeds.simulator.past import HOUR_MS, Past
from feeds.simulator.past_rest import BINANCE_WIDTHS, Kind, bars, newest_stamps, span_of
from feeds.simulator.wire import Answer, Ask, reply

_KLINES: dict[str, Kind] = {
    "/capi/v3/market/klines": "trade",
    "/capi/v3/market/markPriceKlines": "mark",
    "/capi/v3/market/indexPriceKlines": "index",
}
_MOST_ROWS = 1000
_CONTRACT_VAL = 0.0001
LOST_STAMP = "ADAUSDT"
"""The contract whose next funding time reads as 1970."""
_LOST_MS = 28_800_000
_STANDING_MS = 60_000
_SHORT = ("ETHUSDT", 4.0, 1.01)
"""The position that a key can read: contract, coins short, entry over the mark of second 0."""
_CASH = 6000.0


def _places(step: str) -> int:
    return len(step.partition(".")[2])


def _row(contract: Contract) -> dict[str, Any]:
    return {
        "symbol": contract.native,
        "baseAsset": contract.base,
        "quoteAsset": contract.quote,
        "marginAsset": contract.settle,
        "pricePrecision": _places(contract.tick),
        "quantityPrecision": _places(contract.step),
        "contractVal": _CONTRACT_VAL,
        "delivery": [f"{hour:02}:00:00" for hour in range(0, 24, contract.hours)],
        "forwardContractFlag": True,
        "minLeverage": 1,
        "maxLeverage": contract.ladder[0].leverage,
        "makerFeeRate": 0.0002,
        "takerFeeRate": 0.0008,
        "minOrderSize": contract.step_size,
        "maxOrderSize": contract.typical_size * 5000,
    }


def _pair(contract: Contract) -> dict[str, Any]:
    """A spot pair under the very name of the contract."""
    sizes = {"tickSize": contract.tick, "stepSize": contract.step, "minTradeAmount": contract.step}
    fees = {"takerFeeRate": "0.001", "makerFeeRate": "0.001", "enableTrade": True}
    return {
        "symbol": contract.native,
        "status": "TRADING",
        "baseAsset": contract.base,
        "quoteAsset": contract.quote,
        **sizes,
        **fees,
    }


class WeexRest:
    """Answers by path; a path it does not know gets a 404."""

    def __init__(self, market: Market, contracts: Mapping[str, Contract], past: Past) -> None:
        self._market = market
        self._contracts = contracts
        self._past = past
        self._paths: dict[str, Callable[[Ask, Moment], Answer]] = {
            "/capi/v3/market/exchangeInfo": self._listed,
            "/api/v3/exchangeInfo": self._pairs,
            "/capi/v3/market/premiumIndex": self._anchors,
            "/capi/v3/market/fundingRate": self._settled,
            "/capi/v3/account/position/allPosition": self._positions,
            "/capi/v3/account/balance": self._balance,
            **dict.fromkeys(_KLINES, self._klines),
        }

    def answer(self, ask: Ask, now: Moment) -> Answer:
        handler = self._paths.get(ask.path)
        if handler is None:
            return self._wrong(-1100, "no such api", 404)
        if "/account/" in ask.path and not ask.key:
            return self._wrong(-1040, "ACCESS_KEY header is required.", 401)
        return handler(ask, now)

    def _wrong(self, code: int, words: str, status: int = 400) -> Answer:
        return reply({"code": code, "msg": words}, status)

    def _on_sale(self, ask: Ask, now: Moment) -> list[Contract]:
        """The contracts that the query means."""
        listed = self._market.script.listed
        rows = [row for row in self._contracts.values() if listed(row.feed, row.native, now.elapsed_s)]
        return [row for row in rows if ask.query.get("symbol", row.native) == row.native]

    def _one(self, ask: Ask, now: Moment) -> Contract | None:
        chosen = self._on_sale(ask, now)
        return chosen[0] if len(chosen) == 1 else None

    def _listed(self, ask: Ask, now: Moment) -> Answer:
        assets = [{"asset": "USDT", "marginAvailable": True}]
        return reply({"assets": assets, "symbols": [_row(contract) for contract in self._on_sale(ask, now)]})

    def _pairs(self, ask: Ask, now: Moment) -> Answer:
        pairs = [_pair(contract) for contract in self._on_sale(ask, now) if not contract.rests]
        return reply({"timezone": "UTC", "serverTime": now.wall_ms, "symbols": pairs})

    def _anchors(self, ask: Ask, now: Moment) -> Answer:
        """Always a list."""
        return reply([self._anchor(contract, now) for contract in self._on_sale(ask, now)])

    def _anchor(self, contract: Contract, now: Moment) -> dict[str, Any]:
        quote = self._market.quote(contract, now)
        standing = self._market.quote(contract, now.on_grid(_STANDING_MS))
        settled_ms = quote.next_ms - quote.hours * HOUR_MS
        row = {
            "symbol": contract.native,
            "markPrice": contract.price_text(standing.mark),
            "indexPrice": contract.price_text(standing.index),
            "forecastFundingRate": f"{quote.rate:.8f}",
            "lastFundingRate": f"{self._past.rate(contract, settled_ms):.8f}",
            "interestRate": "0.0001",
            "nextFundingTime": _LOST_MS if contract.native == LOST_STAMP else quote.next_ms,
            "time": now.wall_ms,
            "collectCycle": quote.hours * 60,
        }
        for key in self._market.script.blanks(contract.feed, contract.native, now.elapsed_s) & row.keys():
            row[key] = ""
        return row

    def _klines(self, ask: Ask, now: Moment) -> Answer:
        """The last candles, oldest first; this list takes no times."""
        kind, contract, width_ms = _KLINES[ask.path], self._one(ask, now), BINANCE_WIDTHS.get(ask.query["interval"])
        if contract is None or width_ms is None:
            return self._wrong(-1121, "Invalid symbol or interval.")
        span = span_of({"limit": ask.query.get("limit", "100")}, "", "", 100, _MOST_ROWS)
        rows: list[list[Any]] = []
        for one in bars(self._past, contract, kind, span, width_ms, now.wall_ms):
            prices = [contract.price_text(price) for price in (one.open, one.high, one.low, one.close)]
            volume = contract.typical_size * width_ms / 60_000 if kind == "trade" else 0.0
            sizes = [contract.size_text(volume), one.start_ms + width_ms - 1, f"{volume * one.close:.5f}"]
            rows.append([one.start_ms, *prices, *sizes])
        return reply(rows)

    def _settled(self, ask: Ask, now: Moment) -> Answer:
        """Newest first."""
        contract = self._one(ask, now)
        if contract is None:
            return self._wrong(-1121, "Invalid symbol.")
        span = span_of(ask.query, "startTime", "endTime", 100, _MOST_ROWS)
        rows = [
            {
                "symbol": contract.native,
                "fundingRate": f"{self._past.rate(contract, stamp):.8f}",
                "fundingTime": stamp,
                "markPrice": contract.price_text(self._past.mark(contract, stamp)),
            }
            for stamp in newest_stamps(self._past, contract, span, now.wall_ms)
        ]
        return reply(rows)

    def _held(self, now: Moment) -> tuple[Contract, float, float, float]:
        """Contract, coins short, entry and mark of the one position."""
        native, size, over = _SHORT
        contract = self._contracts[native]
        opened = Moment(0.0, now.wall_ms - int(now.elapsed_s * 1000))
        return contract, size, self._market.quote(contract, opened).mark * over, self._market.quote(contract, now).mark

    def _positions(self, ask: Ask, now: Moment) -> Answer:
        """Sizes in coins; the value is that of the entry, and there is no mark."""
        contract, size, entry, mark = self._held(now)
        row = {
            "id": 689_987_235_755_328_154,
            "asset": contract.settle,
            "symbol": contract.native,
            "side": "SHORT",
            "marginType": "CROSSED",
            "separatedMode": "COMBINED",
            "separatedOpenOrderId": 0,
            "leverage": "10",
            "size": f"{size}",
            "openValue": f"{size * entry:.6f}",
            "openFee": "0",
            "fundingFee": "0",
            "marginSize": f"{size * entry / 10:.6f}",
            "isolatedMargin": "0",
            "unrealizePnl": f"{size * (entry - mark):.6f}",
            "liquidatePrice": "0",
            "createdTime": now.wall_ms,
            "updatedTime": now.wall_ms,
        }
        return reply([row])

    def _balance(self, ask: Ask, now: Moment) -> Answer:
        _, size, entry, mark = self._held(now)
        profit = size * (entry - mark)
        row = {
            "asset": "USDT",
            "balance": f"{_CASH:.8f}",
            "availableBalance": f"{_CASH + profit - size * entry / 10:.8f}",
            "frozen": "0.00000000",
            "unrealizePnl": f"{profit:.8f}",
        }
        return reply([row])
