"""OKX's HTTP side, and the rows that its sockets send too: instruments, tiers, marks, funding, candles, settlements.

Every answer is a 200 with a `code`. Sizes and tiers count contracts; what one contract holds is `ctVal` times `ctMult`,
in coins or, for inverse ones, in dollars. Candles of marks and indexes come a hundred at a time, newest first; `before`
and `after` are not what they sound like: newer than, and older than.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from feeds.simulator.clock import Moment
from feeds.simulator.contracts import STARTS, Contract
from feeds.simulator.market import Market
from feeds.simulator.past import DAY_MS, HOUR_MS, Past, Span
from feeds.simulator.past_rest import Kind, bars, whole
from feeds.simulator.wire import Answer, Ask, reply

MULTIPLIED = {"DOGE-USDT-SWAP": 10}
"""Contracts whose `ctMult` is not 1."""
_CANDLES: dict[str, tuple[Kind, int]] = {
    "/api/v5/market/candles": ("trade", 300),
    "/api/v5/market/mark-price-candles": ("mark", 100),
    "/api/v5/market/index-candles": ("index", 100),
}
_WIDTHS = {"1m": 60_000, "1H": HOUR_MS, "4H": 4 * HOUR_MS, "1Dutc": DAY_MS}
_MOST_SETTLEMENTS = 400
_LISTED_MS = "1573557408000"


def _places(contract: Contract) -> int:
    return max(2, len(contract.tick.partition(".")[2]))


def _blanked(row: dict[str, str], market: Market, contract: Contract, now: Moment) -> dict[str, str]:
    for key in market.script.blanks(contract.feed, contract.native, now.elapsed_s) & row.keys():
        row[key] = ""
    return row


def mark_row(market: Market, contract: Contract, now: Moment) -> dict[str, str]:
    mark = f"{market.quote(contract, now).mark:.{_places(contract)}f}"
    row = {"instId": contract.native, "instType": "SWAP", "markPx": mark, "ts": str(now.wall_ms)}
    return _blanked(row, market, contract, now)


def index_row(market: Market, contract: Contract, now: Moment) -> dict[str, str]:
    index = market.quote(contract, now).index
    price = f"{index:.{_places(contract)}f}"
    day = {name: f"{index * factor:.{_places(contract)}f}" for name, factor in (("high24h", 1.01), ("low24h", 0.98))}
    row = {"instId": contract.native.removesuffix("-SWAP"), "idxPx": price, **day, "ts": str(now.wall_ms)}
    return _blanked(row, market, contract, now)


def funding_row(market: Market, contract: Contract, now: Moment) -> dict[str, str]:
    """`fundingRate` is the estimate for `fundingTime`; how long an interval is stands nowhere."""
    quote = market.quote(contract, now)
    width_ms = quote.hours * HOUR_MS
    row = {
        "formulaType": "withRate",
        "fundingRate": f"{quote.rate:.16f}",
        "fundingTime": str(quote.next_ms),
        "impactValue": "20000",
        "instId": contract.native,
        "instType": "SWAP",
        "interestRate": "0.0001",
        "maxFundingRate": f"{contract.cap}",
        "method": "current_period",
        "minFundingRate": f"-{contract.cap}",
        "nextFundingRate": "",
        "nextFundingTime": str(quote.next_ms + width_ms),
        "premium": f"{quote.premium:.16f}",
        "prevFundingTime": str(quote.next_ms - width_ms),
        "settState": "settled",
        "ts": str(now.wall_ms),
    }
    return _blanked(row, market, contract, now)


def _instrument(contract: Contract) -> dict[str, Any]:
    times = MULTIPLIED.get(contract.native, 1)
    size = str(contract.contract_usd) if contract.inverse else f"{float(contract.contract_coins) / times:.10f}"
    return {
        "instType": "SWAP",
        "instId": contract.native,
        "instFamily": contract.native.removesuffix("-SWAP"),
        "uly": contract.native.removesuffix("-SWAP"),
        "baseCcy": "",
        "quoteCcy": "",
        "settleCcy": contract.settle,
        "ctType": "inverse" if contract.inverse else "linear",
        "ctVal": size.rstrip("0").rstrip(".") if "." in size else size,
        "ctMult": str(times),
        "ctValCcy": "USD" if contract.inverse else contract.coin,
        "lever": str(contract.ladder[0].leverage),
        "lotSz": contract.step,
        "minSz": contract.step,
        "tickSz": contract.tick,
        "maxMktSz": f"{contract.typical_size * 1000:.0f}",
        "maxLmtSz": f"{contract.typical_size * 5000:.0f}",
        "listTime": _LISTED_MS,
        "expTime": "",
        "ruleType": "normal",
        "state": "live",
    }


def _contracts_for(contract: Contract, notional: float) -> int:
    """Whole contracts of so much value: USD, or coins where inverse, at the start price."""
    start = STARTS[contract.coin] * contract.multiplier
    worth = contract.contract_usd / start if contract.inverse else float(contract.contract_coins) * start
    return round(notional / worth)


def _tiers(contract: Contract) -> list[dict[str, str]]:
    rows, floor = [], 0
    for number, rung in enumerate(contract.ladder, start=1):
        cap = _contracts_for(contract, rung.cap)
        sizes = {"tier": str(number), "minSz": str(floor), "maxSz": str(cap)}
        rates = {"mmr": f"{rung.rate:g}", "imr": f"{1 / rung.leverage:.4f}", "maxLever": f"{rung.leverage}"}
        family = contract.native.removesuffix("-SWAP")
        rows.append({**sizes, **rates, "instFamily": family, "uly": family, "instId": "", "baseMaxLoan": ""})
        floor = cap + 1
    return rows


class OkxRest:
    """Answers by path; a path it does not know gets a 404, a query it does not like a `code` in a 200."""

    def __init__(self, market: Market, contracts: Mapping[str, Contract], past: Past) -> None:
        self._market = market
        self._contracts = contracts
        self._past = past
        self._paths: dict[str, Callable[[Ask, Moment], Answer]] = {
            "/api/v5/public/time": lambda ask, now: self._ok([{"ts": str(now.wall_ms)}]),
            "/api/v5/public/instruments": self._instruments,
            "/api/v5/public/position-tiers": self._position_tiers,
            "/api/v5/public/mark-price": lambda ask, now: self._rows(mark_row, ask, now),
            "/api/v5/market/index-tickers": lambda ask, now: self._rows(index_row, ask, now),
            "/api/v5/public/funding-rate": lambda ask, now: self._rows(funding_row, ask, now),
            "/api/v5/public/funding-rate-history": self._settled,
            **dict.fromkeys(_CANDLES, self._candles),
        }

    def answer(self, ask: Ask, now: Moment) -> Answer:
        handler = self._paths.get(ask.path)
        return handler(ask, now) if handler is not None else reply({"code": "404", "msg": "Not Found", "data": []}, 404)

    def _ok(self, rows: object) -> Answer:
        return reply({"code": "0", "msg": "", "data": rows})

    def _wrong(self, words: str, code: str = "51000") -> Answer:
        return reply({"code": code, "msg": words, "data": []})

    def _listed(self, now: Moment) -> list[Contract]:
        listed = self._market.script.listed
        return [row for row in self._contracts.values() if listed(row.feed, row.native, now.elapsed_s)]

    def _instruments(self, ask: Ask, now: Moment) -> Answer:
        if ask.query.get("instType") != "SWAP":
            return self._ok([])
        return self._ok([_instrument(row) for row in self._listed(now)])

    def _rows(self, row_of: Callable[[Market, Contract, Moment], dict[str, str]], ask: Ask, now: Moment) -> Answer:
        wanted = ask.query.get("instId", "ANY")
        listed = self._listed(now)
        chosen = [row for row in listed if wanted in ("ANY", row.native, row.native.removesuffix("-SWAP"))]
        if not chosen:
            return self._wrong("Instrument ID doesn't exist.", "51001")
        return self._ok([row_of(self._market, row, now) for row in chosen])

    def _position_tiers(self, ask: Ask, now: Moment) -> Answer:
        family = ask.query.get("instFamily", "")
        chosen = [row for row in self._listed(now) if row.native == f"{family}-SWAP"]
        if ask.query.get("tdMode") not in ("cross", "isolated") or not chosen:
            return self._wrong("Parameter instFamily error")
        return self._ok(_tiers(chosen[0]))

    def _settled(self, ask: Ask, now: Moment) -> Answer:
        """Newest first; a query's `until` means nothing here."""
        contract = self._contracts.get(ask.query.get("instId", ""))
        if contract is None:
            return self._wrong("Instrument ID doesn't exist.", "51001")
        limit = min(_MOST_SETTLEMENTS, whole(ask.query.get("limit")) or _MOST_SETTLEMENTS)
        newer, older = whole(ask.query.get("before")), whole(ask.query.get("after"))
        until_ms = min(now.wall_ms, now.wall_ms if older is None else older - 1)
        since_ms = until_ms - limit * 8 * HOUR_MS if newer is None else newer + 1
        stamps = self._past.stamps(contract, since_ms, until_ms)[-limit:]
        rates = {stamp: f"{self._past.rate(contract, stamp):.16f}" for stamp in reversed(stamps)}
        same = {"instId": contract.native, "instType": "SWAP", "method": "current_period"}
        rows = [
            {**same, "fundingRate": rate, "realizedRate": rate, "fundingTime": str(at)} for at, rate in rates.items()
        ]
        return self._ok(rows)

    def _candles(self, ask: Ask, now: Moment) -> Answer:
        """Newest first; index candles go by the pair."""
        kind, most = _CANDLES[ask.path]
        name, width_ms = ask.query.get("instId", ""), _WIDTHS.get(ask.query.get("bar", "1m"))
        if kind == "index":
            name = f"{name}-SWAP"
        contract = self._contracts.get(name)
        if contract is None:
            return self._wrong("Instrument ID doesn't exist.", "51001")
        if width_ms is None:
            return self._wrong("Parameter bar error")
        limit = min(most, whole(ask.query.get("limit")) or 100)
        newer, older = whole(ask.query.get("before")), whole(ask.query.get("after"))
        end_ms = None if older is None else older - 1
        rows = bars(self._past, contract, kind, Span(None, end_ms, limit), width_ms, now.wall_ms)
        listed: list[list[str]] = []
        for one in reversed([row for row in rows if newer is None or row.start_ms > newer]):
            prices = [contract.price_text(price) for price in (one.open, one.high, one.low, one.close)]
            volume = contract.typical_size * width_ms / 60_000
            sizes = (
                [contract.size_text(volume), f"{volume:.4f}", f"{volume * one.close:.4f}"] if kind == "trade" else []
            )
            closed = "1" if one.start_ms + width_ms <= now.wall_ms else "0"
            listed.append([str(one.start_ms), *prices, *sizes, closed])
        return self._ok(listed)
