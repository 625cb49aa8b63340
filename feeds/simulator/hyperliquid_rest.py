"""Hyperliquid's HTTP side: questions by `type` on one path, and what an address holds.

Every address holds the same hedge, but that of zeros holds nothing: half a bitcoin short, isolated at twofold
leverage, and eight ether short that share the wallet. The script's `position` makes one of them smaller or ends it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from feeds.simulator.clock import Moment
from feeds.simulator.contracts import STARTS, Contract
from feeds.simulator.market import Market
from feeds.simulator.past import DAY_MS, HOUR_MS, Past, Span
from feeds.simulator.past_rest import bars
from feeds.simulator.wire import Answer, Ask, reply, text_of

INFO = "/info"
WALLET = 40_000.0
"""USDC, before unrealised gains, isolated margins included."""
NOBODY = "0x" + "0" * 40
UNIFIED = "0x" + "1" * 40
"""Its margin is shared with spot: what its perpetuals' wallet shows is not all of it."""
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_MOST_CANDLES, _MOST_SETTLEMENTS = 5000, 500
_WIDTHS = {"1m": 60_000, "15m": 900_000, "1h": HOUR_MS, "4h": 4 * HOUR_MS, "1d": DAY_MS}
_GREATEST = {"BTC": 40, "ETH": 25, "SOL": 20}
"""Greatest leverage by coin; 10 where it is not here."""
_TABLES = {"BTC": (56, ((0.0, 40), (150_000_000.0, 20))), "ETH": (55, ((0.0, 25), (100_000_000.0, 15)))}
"""Margin tables of coins whose greatest leverage falls with size; a smaller number is a table of one step."""


class Held(Struct, frozen=True):
    """One short of an address."""

    coin: str
    coins: float
    leverage: int
    isolated: bool


HELD = (Held("BTC", 0.5, 2, True), Held("ETH", 8.0, 5, False))


def greatest(contract: Contract) -> int:
    """The greatest leverage, as the list of markets states it."""
    return _GREATEST.get(contract.coin, 10)


def context(market: Market, contract: Contract, now: Moment) -> dict[str, Any]:
    """One asset context: `funding` is for an hour, `oraclePx` the index."""
    quote = market.quote(contract, now)
    volume = contract.typical_size * 40_000
    row: dict[str, Any] = {
        "funding": f"{quote.rate:.10f}",
        "openInterest": contract.size_text(volume),
        "prevDayPx": contract.price_text(quote.index * 0.99),
        "dayNtlVlm": f"{volume * quote.mark:.4f}",
        "premium": f"{quote.premium:.10f}",
        "oraclePx": contract.price_text(quote.index),
        "markPx": contract.price_text(quote.mark),
        "midPx": contract.price_text(quote.last),
        "impactPxs": [contract.price_text(quote.bid), contract.price_text(quote.ask)],
        "dayBaseVlm": contract.size_text(volume),
    }
    for key in market.script.blanks(contract.feed, contract.native, now.elapsed_s) & row.keys():
        row[key] = ""
    return row


def _position(held: Held, contract: Contract, coins: float, mark: float) -> dict[str, Any]:
    entry = STARTS[held.coin]
    gain = coins * (entry - mark)
    margin = coins * entry / held.leverage
    maintenance = 1 / (2 * greatest(contract))
    ends = (margin + coins * entry) / (coins * (1 + maintenance))
    leverage: dict[str, Any] = {"type": "isolated" if held.isolated else "cross", "value": held.leverage}
    if held.isolated:
        leverage["rawUsd"] = f"{margin + coins * entry:.6f}"
    return {
        "coin": contract.native,
        "szi": f"-{contract.size_text(coins)}",
        "leverage": leverage,
        "entryPx": contract.price_text(entry),
        "positionValue": f"{coins * mark:.6f}",
        "unrealizedPnl": f"{gain:.6f}",
        "returnOnEquity": f"{gain / margin:.6f}",
        "liquidationPx": f"{ends:.6f}" if held.isolated else None,
        "marginUsed": f"{margin + gain:.6f}" if held.isolated else f"{coins * mark / held.leverage:.6f}",
        "maxLeverage": greatest(contract),
        "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
    }


def _summary(value: float, used: float, notional: float) -> dict[str, str]:
    return {
        "accountValue": f"{value:.6f}",
        "totalNtlPos": f"{notional:.6f}",
        "totalRawUsd": f"{value + notional:.6f}",
        "totalMarginUsed": f"{used:.6f}",
    }


class HyperliquidRest:
    """Answers to posted questions; what is none gets the venue's 422."""

    def __init__(self, market: Market, contracts: Mapping[str, Contract], past: Past) -> None:
        self._market = market
        self._contracts = contracts
        self._past = past
        self._types: dict[str, Callable[[dict[str, Any], Moment], object]] = {
            "meta": lambda question, now: self._meta(now),
            "metaAndAssetCtxs": self._contexts,
            "spotMeta": lambda question, now: {"tokens": [{"name": "USDC", "index": 0}], "universe": []},
            "spotMetaAndAssetCtxs": lambda question, now: [{"tokens": [], "universe": []}, []],
            "perpDexs": lambda question, now: [None],
            "candleSnapshot": self._candles,
            "fundingHistory": self._settled,
            "clearinghouseState": self._state,
            "userAbstraction": lambda question, now: "unifiedAccount" if question["user"] == UNIFIED else "disabled",
        }

    def answer(self, ask: Ask, now: Moment) -> Answer:
        if ask.path != INFO:
            return reply(None, 404)
        try:
            question = msgspec.json.decode(ask.body, type=dict[str, Any])
            return reply(self._types[str(question.get("type"))](question, now))
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError):
            return Answer(b'"Failed to deserialize the JSON body into the target type"', 422)

    def _listed(self, now: Moment) -> list[Contract]:
        """Delisted markets stay in the list, with a mark on them."""
        return list(self._contracts.values())

    def _meta(self, now: Moment) -> dict[str, Any]:
        universe = []
        for contract in self._listed(now):
            number = _TABLES[contract.coin][0] if contract.coin in _TABLES else greatest(contract)
            row: dict[str, Any] = {
                "szDecimals": len(contract.step.partition(".")[2]),
                "name": contract.native,
                "maxLeverage": greatest(contract),
                "marginTableId": number,
            }
            if not self._market.script.listed(contract.feed, contract.native, now.elapsed_s):
                row["isDelisted"] = True
            universe.append(row)
        tables = [
            [number, {"description": f"tiered {steps[0][1]}x", "marginTiers": [_step(*step) for step in steps]}]
            for number, steps in _TABLES.values()
        ]
        return {"universe": universe, "marginTables": tables, "collateralToken": 0}

    def _contexts(self, question: dict[str, Any], now: Moment) -> list[Any]:
        return [self._meta(now), [context(self._market, contract, now) for contract in self._listed(now)]]

    def _candles(self, question: dict[str, Any], now: Moment) -> list[dict[str, Any]]:
        """Oldest first; of trades alone."""
        wanted = question["req"]
        contract, width_ms = self._contracts[wanted["coin"]], _WIDTHS[wanted["interval"]]
        end_ms = int(wanted["endTime"])
        span = Span(max(int(wanted["startTime"]), end_ms - _MOST_CANDLES * width_ms), end_ms, _MOST_CANDLES)
        rows = bars(self._past, contract, "trade", span, width_ms, now.wall_ms)
        return [
            {
                "t": one.start_ms,
                "T": one.start_ms + width_ms - 1,
                "s": contract.native,
                "i": wanted["interval"],
                "o": contract.price_text(one.open),
                "c": contract.price_text(one.close),
                "h": contract.price_text(one.high),
                "l": contract.price_text(one.low),
                "v": contract.size_text(contract.typical_size * width_ms / 60_000),
                "n": 60,
            }
            for one in rows
            if one.start_ms <= end_ms
        ]

    def _settled(self, question: dict[str, Any], now: Moment) -> list[dict[str, Any]]:
        """Oldest first: the first five hundred from the start on."""
        contract = self._contracts[question["coin"]]
        until_ms = min(now.wall_ms, int(question.get("endTime", now.wall_ms)))
        stamps = self._past.stamps(contract, int(question["startTime"]), until_ms)[:_MOST_SETTLEMENTS]
        return [
            {
                "coin": contract.native,
                "fundingRate": f"{self._past.rate(contract, stamp):.10f}",
                "premium": f"{self._past.premium(contract, stamp):.10f}",
                "time": stamp + stamp // HOUR_MS % 90,  # the venue writes some milliseconds past the hour
            }
            for stamp in stamps
        ]

    def _state(self, question: dict[str, Any], now: Moment) -> dict[str, Any]:
        user = question["user"]
        if _ADDRESS.fullmatch(user) is None:
            raise ValueError(text_of(question))
        found: list[tuple[Held, dict[str, Any]]] = []
        for held in () if user == NOBODY else HELD:
            contract = self._contracts[held.coin]
            coins = held.coins * self._market.script.factor("position", contract.feed, held.coin, now.elapsed_s)
            if coins:
                mark = float(contract.price_text(self._market.quote(contract, now).mark))
                found.append((held, _position(held, contract, coins, mark)))
        wallet = 0.0 if user in (NOBODY, UNIFIED) else WALLET
        value, used, notional = (
            sum(float(row[key]) for _, row in found) for key in ("unrealizedPnl", "marginUsed", "positionValue")
        )
        cross = [row for held, row in found if not held.isolated]
        apart = sum(float(row["marginUsed"]) for held, row in found if held.isolated)
        shared = [sum(float(row[key]) for row in cross) for key in ("marginUsed", "positionValue")]
        return {
            "marginSummary": _summary(wallet + value, used, notional),
            "crossMarginSummary": _summary(wallet + value - apart, *shared),
            "crossMaintenanceMarginUsed": f"{sum(float(row['positionValue']) / 50 for row in cross):.6f}",
            "withdrawable": f"{max(0.0, wallet + value - used):.6f}",
            "assetPositions": [{"type": "oneWay", "position": row} for _, row in found],
            "time": now.wall_ms,
        }


def _step(bound: float, leverage: int) -> dict[str, Any]:
    return {"lowerBound": f"{bound}", "maxLeverage": leverage}
