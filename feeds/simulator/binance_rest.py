"""Binance's HTTP side: instruments, premium and funding of the three families, and brackets for those with a key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from feeds.simulator.binance_account import ACCOUNT_PATHS, answer_of
from feeds.simulator.clock import Moment
from feeds.simulator.contracts import Contract
from feeds.simulator.market import Market
from feeds.simulator.past import Past
from feeds.simulator.past_rest import BINANCE_WIDTHS, Kind, bars, binance_row, binance_settled, span_of
from feeds.simulator.wire import Answer, Ask, reply

_FAMILIES = {"fapi": "binance-usdm", "dapi": "binance-coinm", "api": "binance-spot"}
_BRACKETS = ("/fapi/v1/leverageBracket", "/dapi/v2/leverageBracket")
_KLINES: dict[str, Kind] = {"klines": "trade", "markPriceKlines": "mark", "indexPriceKlines": "index"}
_FUTURES_ONLY = (
    "premiumIndex", "fundingInfo", "leverageBracket", "fundingRate", "markPriceKlines", "indexPriceKlines",
)  # fmt: skip
_FAR_DELIVERY_MS = 4_133_404_800_000
_ONBOARD_MS = 1_600_000_000_000
_RATE_LIMITS = [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400}]


def _filters(contract: Contract) -> list[dict[str, Any]]:
    """Price grid, lots and smallest order, as the family names them."""
    top = f"{contract.typical_size * 5000:.0f}"
    price = {"filterType": "PRICE_FILTER", "minPrice": contract.tick, "maxPrice": "5000000", "tickSize": contract.tick}
    lot = {"filterType": "LOT_SIZE", "minQty": contract.step, "maxQty": top, "stepSize": contract.step}
    rows: list[dict[str, Any]] = [price, lot, lot | {"filterType": "MARKET_LOT_SIZE"}]
    if contract.spot:
        rows.append({"filterType": "NOTIONAL", "minNotional": f"{contract.min_notional}.00000000"})
    elif not contract.inverse:
        rows.append({"filterType": "MIN_NOTIONAL", "notional": str(contract.min_notional)})
    return rows


def _spot_row(contract: Contract) -> dict[str, Any]:
    return {
        "symbol": contract.native,
        "status": "TRADING",
        "baseAsset": contract.base,
        "baseAssetPrecision": 8,
        "quoteAsset": contract.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(contract),
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }


def _futures_row(contract: Contract) -> dict[str, Any]:
    row: dict[str, Any] = {
        "symbol": contract.native,
        "pair": contract.native.partition("_")[0],
        "contractType": "CURRENT_QUARTER" if contract.delivery_ms else "PERPETUAL",
        "deliveryDate": contract.delivery_ms or _FAR_DELIVERY_MS,
        "onboardDate": _ONBOARD_MS,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": contract.base,
        "quoteAsset": contract.quote,
        "marginAsset": contract.settle,
        "pricePrecision": len(contract.tick.partition(".")[2]),
        "quantityPrecision": len(contract.step.partition(".")[2]),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": _filters(contract),
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC"],
    }
    if contract.inverse:
        return row | {"contractStatus": "TRADING", "contractSize": contract.contract_usd}
    return row | {"status": "TRADING", "settlePlan": 0}


def _premium_row(market: Market, contract: Contract, now: Moment) -> dict[str, Any]:
    at = now.on_grid(1000)
    quote = market.quote(contract, at)
    dated = contract.delivery_ms > 0
    row: dict[str, Any] = {
        "symbol": contract.native,
        "markPrice": f"{quote.mark:.8f}",
        "indexPrice": f"{quote.index:.8f}",
        "estimatedSettlePrice": f"{quote.index * 1.0001:.8f}",
        "lastFundingRate": "" if dated else f"{quote.rate:.8f}",
        "interestRate": "" if dated else "0.00010000",
        "nextFundingTime": 0 if dated else quote.next_ms,
        "time": at.wall_ms,
    }
    if contract.inverse:
        row["pair"] = contract.native.partition("_")[0]
    for key in market.script.blanks(contract.feed, contract.native, now.elapsed_s) & row.keys():
        row[key] = ""
    return row


def _bracket_row(contract: Contract) -> dict[str, Any]:
    """Brackets with the amount that keeps the maintenance margin continuous at their edges."""
    floor_key, cap_key = ("qtyFloor", "qtyCap") if contract.inverse else ("notionalFloor", "notionalCap")
    rows: list[dict[str, Any]] = []
    floor, rate, amount = 0, 0.0, 0.0
    for number, rung in enumerate(contract.ladder, start=1):
        amount = round(amount + floor * (rung.rate - rate), 8)
        rows.append(
            {
                "bracket": number,
                "initialLeverage": rung.leverage,
                cap_key: rung.cap,
                floor_key: floor,
                "maintMarginRatio": rung.rate,
                "cum": amount,
            }
        )
        floor, rate = rung.cap, rung.rate
    return {"symbol": contract.native, "notionalCoef": 1.0, "brackets": rows}


class BinanceRest:
    """Answers by path; a path it does not know gets the venue's 404."""

    def __init__(self, market: Market, contracts: Mapping[str, Mapping[str, Contract]], past: Past) -> None:
        self._market = market
        self._contracts = contracts
        self._past = past
        self._paths: dict[str, Callable[[Ask, str, Moment], Answer]] = {
            "ping": lambda ask, feed, now: reply({}),
            "time": lambda ask, feed, now: reply({"serverTime": now.wall_ms}),
            "exchangeInfo": self._exchange_info,
            "premiumIndex": self._premium_index,
            "fundingInfo": self._funding_info,
            "leverageBracket": self._brackets,
            "ticker/bookTicker": self._book,
            "fundingRate": self._settled,
            **dict.fromkeys(_KLINES, self._klines),
        }

    def answer(self, ask: Ask, now: Moment) -> Answer:
        if ask.path in ("/sapi/v1/margin/allPairs", "/sapi/v1/margin/isolated/allPairs"):
            return reply([])
        if ask.path in ACCOUNT_PATHS:
            return self._signed(ask) or self._account(ask, now)
        family, _, tail = ask.path.lstrip("/").partition("/")
        version, _, name = tail.partition("/")
        handler = self._paths.get(name)
        if handler is None or family not in _FAMILIES or (family == "api" and name in _FUTURES_ONLY):
            return reply({"code": -5000, "msg": f"Path {ask.path} is invalid"}, status=404)
        if version != {"api": "v3"}.get(family, "v2" if ask.path in _BRACKETS[1:] else "v1"):
            return reply({"code": -5000, "msg": f"Path {ask.path} is invalid"}, status=404)
        return handler(ask, _FAMILIES[family], now)

    def _listed(self, feed: str, now: Moment) -> list[Contract]:
        script = self._market.script
        return [row for row in self._contracts[feed].values() if script.listed(feed, row.native, now.elapsed_s)]

    def _chosen(self, ask: Ask, feed: str, now: Moment) -> list[Contract] | None:
        """The contracts that the query means; None where it names one that is not listed."""
        listed = self._listed(feed, now)
        if "symbol" not in ask.query:
            return listed
        return [row for row in listed if row.native == ask.query["symbol"]] or None

    def _exchange_info(self, ask: Ask, feed: str, now: Moment) -> Answer:
        row_of = _spot_row if feed == "binance-spot" else _futures_row
        rows = [row_of(contract) for contract in self._listed(feed, now)]
        head = {"timezone": "UTC", "serverTime": now.wall_ms, "rateLimits": _RATE_LIMITS, "exchangeFilters": []}
        return reply(head | {"symbols": rows})

    def _premium_index(self, ask: Ask, feed: str, now: Moment) -> Answer:
        chosen = self._chosen(ask, feed, now)
        if chosen is None:
            return reply({"code": -1121, "msg": "Invalid symbol."}, status=400)
        rows = [_premium_row(self._market, contract, now) for contract in chosen]
        return reply(rows[0] if "symbol" in ask.query and feed == "binance-usdm" else rows)

    def _funding_info(self, ask: Ask, feed: str, now: Moment) -> Answer:
        """Only contracts whose interval or cap was ever adjusted, as the venue does it."""
        script = self._market.script
        rows = []
        for contract in self._listed(feed, now):
            hours = script.hours(feed, contract.native, now.elapsed_s, contract.hours)
            if not contract.delivery_ms and (contract.adjusted or hours != contract.hours):
                cap = f"{contract.cap:.8f}"
                limits = {"adjustedFundingRateCap": cap, "adjustedFundingRateFloor": f"-{cap}"}
                rows.append({"symbol": contract.native, **limits, "fundingIntervalHours": hours, "disclaimer": False})
        return reply(rows)

    def _signed(self, ask: Ask) -> Answer | None:
        """Why a signed path is refused: no key, or no signature. What it says is not checked."""
        if not ask.key:
            return reply({"code": -2014, "msg": "API-key format invalid."}, status=401)
        if "signature" not in ask.query:
            text = "Mandatory parameter 'signature' was not sent, was empty/null, or malformed."
            return reply({"code": -1102, "msg": text}, status=400)
        return None

    def _account(self, ask: Ask, now: Moment) -> Answer:
        contracts = self._contracts[ACCOUNT_PATHS[ask.path]].values()
        return reply(answer_of(ask.path, self._market, contracts, now))

    def _brackets(self, ask: Ask, feed: str, now: Moment) -> Answer:
        refused = self._signed(ask)
        if refused is not None:
            return refused
        chosen = self._chosen(ask, feed, now)
        if chosen is None:
            return reply({"code": -1121, "msg": "Invalid symbol."}, status=400)
        return reply([_bracket_row(contract) for contract in chosen])

    def _book(self, ask: Ask, feed: str, now: Moment) -> Answer:
        chosen = self._chosen(ask, feed, now)
        if chosen is None:
            return reply({"code": -1121, "msg": "Invalid symbol."}, status=400)
        rows = []
        for contract in chosen:
            quote = self._market.quote(contract, now.on_grid(250))
            bid, ask_price = contract.price_text(quote.bid), contract.price_text(quote.ask)
            sizes = [contract.size_text(self._market.size(contract, side, now.elapsed_s)) for side in ("bid", "ask")]
            touch = {"bidPrice": bid, "bidQty": sizes[0], "askPrice": ask_price, "askQty": sizes[1]}
            rows.append({"symbol": contract.native, **touch})
        return reply(rows[0] if "symbol" in ask.query else rows)

    def _klines(self, ask: Ask, feed: str, now: Moment) -> Answer:
        """Candles of one contract; those of the index are asked for by its pair."""
        kind = _KLINES[ask.path.rpartition("/")[2]]
        width_ms = BINANCE_WIDTHS.get(ask.query.get("interval", ""))
        key = "pair" if kind == "index" else "symbol"
        if key not in ask.query:
            text = f"Mandatory parameter '{key}' was not sent, was empty/null, or malformed."
            return reply({"code": -1102, "msg": text}, status=400)
        if width_ms is None:
            return reply({"code": -1120, "msg": "Invalid interval."}, status=400)
        wanted = ask.query[key]
        named = [row for row in self._listed(feed, now) if not row.delivery_ms or kind != "index"]
        found = [row for row in named if (row.native.partition("_")[0] if kind == "index" else row.native) == wanted]
        if not found:
            return reply({"code": -1121, "msg": "Invalid symbol."}, status=400)
        span = span_of(ask.query, "startTime", "endTime", 500, 1500)
        rows = bars(self._past, found[0], kind, span, width_ms, now.wall_ms)
        return reply([binance_row(found[0], kind, one, width_ms) for one in rows])

    def _settled(self, ask: Ask, feed: str, now: Moment) -> Answer:
        chosen = self._chosen(ask, feed, now)
        if chosen is None:
            return reply({"code": -1121, "msg": "Invalid symbol."}, status=400)
        span = span_of(ask.query, "startTime", "endTime", 100, 1000)
        perpetuals = [contract for contract in chosen if not contract.delivery_ms]
        rows = [row for each in perpetuals for row in binance_settled(self._past, each, span, now.wall_ms)]
        return reply(sorted(rows, key=lambda row: int(row["fundingTime"])))
