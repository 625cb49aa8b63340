"""BingX's HTTP side: contracts, the list of mark, index and funding, candles, settlements, and what a key may read.

Funding rates are named `last…` and are the coming ones; `nextFundingTime` is absolute; `updateTime` is the last
settlement. Errors come as a code in a 200.
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
    "/openApi/swap/v3/quote/klines": "trade",
    "/openApi/swap/v1/market/markPriceKlines": "mark",
}
_MOST_CANDLES = 1440
_MOST_SETTLEMENTS = 1000
_SHORT = ("BTC-USDT", 0.25, 1.02)
"""The position that a key can read: contract, coins short, entry over the mark of second 0."""
_CASH = 9000.0


def _places(step: str) -> int:
    return len(step.partition(".")[2])


def _row(contract: Contract, number: int) -> dict[str, Any]:
    return {
        "contractId": str(100 + number),
        "symbol": contract.native,
        "size": "0",
        "quantityPrecision": _places(contract.step),
        "pricePrecision": _places(contract.tick),
        "makerFeeRate": 0.0002,
        "takerFeeRate": 0.0005,
        "tradeMinQuantity": contract.step_size,
        "tradeMinUSDT": 2,
        "currency": contract.settle,
        "asset": contract.base,
        "status": 1,
        "apiStateOpen": "true",
        "apiStateClose": "true",
    }


def _coin_margined() -> dict[str, Any]:
    """The one coin-M contract that is listed; it has neither socket nor prices here."""
    facts = {"pricePrecision": 1, "minTickSize": "100", "minTradeValue": "100", "minQty": "1.00000000", "status": 1}
    return {"symbol": "BTC-USD", **facts, "timeOnline": 1_713_175_200_000}


def _pair(contract: Contract) -> dict[str, Any]:
    """A spot pair under the very name of the swap."""
    sizes = {"tickSize": contract.tick_size, "stepSize": contract.step_size, "minNotional": 5, "maxNotional": 500_000}
    return {"symbol": contract.native, **sizes, "status": 1, "apiStateSell": True, "apiStateBuy": True}


class BingxRest:
    """Answers by path; a path it does not know gets a 404."""

    def __init__(self, market: Market, contracts: Mapping[str, Contract], past: Past) -> None:
        self._market = market
        self._contracts = contracts
        self._past = past
        self._paths: dict[str, Callable[[Ask, Moment], Answer]] = {
            "/openApi/swap/v2/quote/contracts": self._listed,
            "/openApi/cswap/v1/market/contracts": self._coin_margined,
            "/openApi/spot/v1/common/symbols": self._pairs,
            "/openApi/swap/v2/quote/premiumIndex": self._anchors,
            "/openApi/swap/v2/quote/fundingRate": self._settled,
            "/openApi/swap/v1/maintMarginRatio": self._tiers,
            "/openApi/swap/v2/user/positions": self._positions,
            "/openApi/swap/v3/user/balance": self._balance,
            **dict.fromkeys(_KLINES, self._klines),
        }

    def answer(self, ask: Ask, now: Moment) -> Answer:
        handler = self._paths.get(ask.path)
        if handler is None:
            return reply({"code": 100404, "msg": "no such api"}, 404)
        private = ask.path.startswith("/openApi/swap") and ("/user/" in ask.path or "Margin" in ask.path)
        if private and not ask.key:
            return self._wrong(100413, "Incorrect apiKey")
        return handler(ask, now)

    def _ok(self, data: object) -> Answer:
        return reply({"code": 0, "msg": "", "data": data})

    def _wrong(self, code: int, words: str) -> Answer:
        return reply({"code": code, "msg": words, "data": {}})

    def _on_sale(self, now: Moment) -> list[Contract]:
        listed = self._market.script.listed
        return [row for row in self._contracts.values() if listed(row.feed, row.native, now.elapsed_s)]

    def _one(self, ask: Ask, now: Moment) -> Contract | None:
        return next((row for row in self._on_sale(now) if row.native == ask.query.get("symbol")), None)

    def _listed(self, ask: Ask, now: Moment) -> Answer:
        return self._ok([_row(contract, number) for number, contract in enumerate(self._on_sale(now))])

    def _coin_margined(self, ask: Ask, now: Moment) -> Answer:
        if "timestamp" not in ask.query:
            return reply({"code": 100400, "msg": "timestamp is required"}, 400)
        return self._ok([_coin_margined()])

    def _pairs(self, ask: Ask, now: Moment) -> Answer:
        return self._ok({"symbols": [_pair(contract) for contract in self._on_sale(now)]})

    def _anchors(self, ask: Ask, now: Moment) -> Answer:
        """All contracts as a list, or one as an object."""
        if "symbol" not in ask.query:
            return self._ok([self._anchor(contract, now) for contract in self._on_sale(now)])
        contract = self._one(ask, now)
        return (
            self._wrong(109425, "this symbol is not exist")
            if contract is None
            else self._ok(self._anchor(contract, now))
        )

    def _anchor(self, contract: Contract, now: Moment) -> dict[str, Any]:
        quote = self._market.quote(contract, now.on_grid(1000))
        row = {
            "symbol": contract.native,
            "markPrice": contract.price_text(quote.mark),
            "indexPrice": contract.price_text(quote.index),
            "lastFundingRate": f"{quote.rate:.8f}",
            "nextFundingTime": self._market.quote(contract, now).next_ms,
            "fundingIntervalHours": quote.hours,
            "minFundingRate": f"-{contract.cap}",
            "maxFundingRate": f"{contract.cap}",
            "updateTime": self._market.quote(contract, now).next_ms - quote.hours * HOUR_MS,
        }
        for key in self._market.script.blanks(contract.feed, contract.native, now.elapsed_s) & row.keys():
            row[key] = ""
        return row

    def _klines(self, ask: Ask, now: Moment) -> Answer:
        """Newest first. A candle of trades has its begin, one of marks both of its ends."""
        kind, contract, width_ms = _KLINES[ask.path], self._one(ask, now), BINANCE_WIDTHS.get(ask.query["interval"])
        if contract is None or width_ms is None:
            return self._wrong(109400, "invalid symbol or interval")
        span = span_of(ask.query, "startTime", "endTime", 500, _MOST_CANDLES)
        rows: list[dict[str, Any]] = []
        for one in reversed(bars(self._past, contract, kind, span, width_ms, now.wall_ms)):
            prices = {"open": one.open, "close": one.close, "high": one.high, "low": one.low}
            row: dict[str, Any] = {name: contract.price_text(price) for name, price in prices.items()}
            if kind == "trade":
                volume = contract.typical_size * width_ms / 60_000
                rows.append(row | {"volume": contract.size_text(volume), "time": one.start_ms})
            else:
                ends = {"openTime": one.start_ms, "closeTime": one.start_ms + width_ms - 1}
                rows.append(row | {"volume": "0.00"} | ends)
        return self._ok(rows)

    def _settled(self, ask: Ask, now: Moment) -> Answer:
        contract = self._one(ask, now)
        if contract is None:
            return self._wrong(109425, "this symbol is not exist")
        span = span_of(ask.query, "startTime", "endTime", 100, _MOST_SETTLEMENTS)
        rows = [
            {
                "symbol": contract.native,
                "fundingRate": f"{self._past.rate(contract, stamp):.8f}",
                "fundingTime": stamp,
            }
            for stamp in newest_stamps(self._past, contract, span, now.wall_ms)
        ]
        return self._ok(rows)

    def _tiers(self, ask: Ask, now: Moment) -> Answer:
        contract = self._one(ask, now)
        if contract is None:
            return self._wrong(109425, "this symbol is not exist")
        rows: list[dict[str, str]] = []
        floor, rate, amount = 0, 0.0, 0.0
        for number, rung in enumerate(contract.ladder, start=1):
            amount += floor * (rung.rate - rate)
            rows.append(
                {
                    "tier": f"Tier {number}",
                    "symbol": contract.native,
                    "minPositionVal": str(floor),
                    "maxPositionVal": str(rung.cap),
                    "maintMarginRatio": f"{rung.rate:.6f}",
                    "maintAmount": f"{amount:.6f}",
                }
            )
            floor, rate = rung.cap, rung.rate
        return self._ok(rows)

    def _held(self, now: Moment) -> tuple[Contract, float, float, float]:
        """Contract, coins short, entry and mark of the one position."""
        native, size, over = _SHORT
        contract = self._contracts[native]
        opened = Moment(0.0, now.wall_ms - int(now.elapsed_s * 1000))
        return contract, size, self._market.quote(contract, opened).mark * over, self._market.quote(contract, now).mark

    def _positions(self, ask: Ask, now: Moment) -> Answer:
        """Sizes have no sign; the side says it."""
        contract, size, entry, mark = self._held(now)
        if ask.query.get("symbol") not in (None, contract.native):
            return self._ok([])
        row = {
            "positionId": "1",
            "symbol": contract.native,
            "currency": contract.settle,
            "positionAmt": f"{size}",
            "availableAmt": f"{size}",
            "positionSide": "SHORT",
            "isolated": False,
            "avgPrice": contract.price_text(entry),
            "initialMargin": f"{size * entry / 10:.4f}",
            "margin": f"{size * entry / 10:.4f}",
            "leverage": 10,
            "unrealizedProfit": f"{size * (entry - mark):.4f}",
            "realisedProfit": "0",
            "liquidationPrice": 0,
            "positionValue": f"{size * mark:.4f}",
            "markPrice": contract.price_text(mark),
            "maintMarginRate": "0.004",
            "updateTime": now.wall_ms,
        }
        return self._ok([row])

    def _balance(self, ask: Ask, now: Moment) -> Answer:
        _, size, entry, mark = self._held(now)
        profit, used = size * (entry - mark), size * entry / 10
        row = {
            "userId": "1",
            "asset": "USDT",
            "balance": f"{_CASH:.4f}",
            "equity": f"{_CASH + profit:.4f}",
            "unrealizedProfit": f"{profit:.4f}",
            "realisedProfit": "0",
            "availableMargin": f"{_CASH + profit - used:.4f}",
            "usedMargin": f"{used:.4f}",
            "freezedMargin": "0.0000",
        }
        return self._ok([row])
