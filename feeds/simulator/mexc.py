"""MEXC as a peer: futures of all families on one socket, one contract and channel a subscription, numbers as numbers.

An acknowledgement names no contract, a refusal names it in its text; a method it does not know gets no answer. A client
that does not ping for a minute is dropped, whatever else flows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from feeds.simulator.clock import Moment
from feeds.simulator.contracts import Contract, listing
from feeds.simulator.market import Market
from feeds.simulator.mexc_rest import MexcRest, number
from feeds.simulator.past import Past
from feeds.simulator.wire import Answer, Ask, Close, Output, text_of

FEED = "mexc-futures"
_PATH = re.compile(r"^/edge$")
_METHOD = re.compile(r"^(?P<verb>sub|unsub)\.(?P<channel>ticker|fair\.price|index\.price|funding\.rate)$")
_WIDTHS_MS = {"ticker": 2000, "fair.price": 1000, "index.price": 500, "funding.rate": 60_000}
_PATIENCE_S = 60.0


def ticker_row(market: Market, contract: Contract, now: Moment) -> dict[str, Any]:
    """The day's statistics with touch, mark, index and rate."""
    quote = market.quote(contract, now)
    volume = round(contract.typical_size * 1440)
    return {
        "symbol": contract.native,
        "lastPrice": number(contract.price_text(quote.last)),
        "riseFallRate": 0.0125,
        "fairPrice": number(contract.price_text(quote.mark)),
        "indexPrice": number(contract.price_text(quote.index)),
        "volume24": volume,
        "amount24": round(volume * quote.last, 4),
        "maxBidPrice": number(contract.price_text(quote.mark * 1.1)),
        "minAskPrice": number(contract.price_text(quote.mark * 0.9)),
        "lower24Price": number(contract.price_text(quote.last * 0.985)),
        "high24Price": number(contract.price_text(quote.last * 1.008)),
        "timestamp": now.wall_ms,
        "bid1": number(contract.price_text(quote.bid)),
        "ask1": number(contract.price_text(quote.ask)),
        "holdVol": round(contract.typical_size * 40_000),
        "riseFallValue": number(contract.price_text(quote.last * 0.0125)),
        "fundingRate": round(quote.rate, 6),
    }


class MexcDialogue:
    """One socket."""

    feed = FEED
    ping_every_s = 0.0

    def __init__(self, market: Market, contracts: Mapping[str, Contract], opened: Moment) -> None:
        self._market = market
        self._contracts = contracts
        self._heard_s = opened.elapsed_s
        self._said_ms: dict[tuple[str, str], int] = {}
        """By channel and contract, the beat of its newest frame."""

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(f"{channel}@{native}" for channel, native in self._said_ms)

    def received(self, text: str, now: Moment) -> list[Output]:
        try:
            message = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError:
            return []
        method = str(message.get("method"))
        if method == "ping":
            self._heard_s = now.elapsed_s
            return [text_of({"channel": "pong", "data": now.wall_ms, "ts": now.wall_ms})]
        match, param = _METHOD.match(method), message.get("param")
        if match is None or not isinstance(param, dict):
            return []
        return [self._asked(match["verb"], match["channel"], str(param.get("symbol")), now)]

    def _asked(self, verb: str, channel: str, native: str, now: Moment) -> str:
        if native not in self._contracts or not self._market.script.listed(FEED, native, now.elapsed_s):
            return text_of({"channel": "rs.error", "data": f"Contract [{native}] not exists", "ts": now.wall_ms})
        if verb == "sub":
            at_once = channel == "funding.rate"
            self._said_ms.setdefault((channel, native), 0 if at_once else now.wall_ms)
        else:
            self._said_ms.pop((channel, native), None)
        return text_of({"channel": f"rs.{verb}.{channel}", "data": "success", "ts": now.wall_ms})

    def due(self, now: Moment) -> list[Output]:
        if now.elapsed_s - self._heard_s > _PATIENCE_S:
            return [Close(1000, "no ping")]
        return [text_of(frame) for frame in self._frames(now)]

    def _frames(self, now: Moment) -> Iterator[dict[str, Any]]:
        for (channel, native), said_ms in list(self._said_ms.items()):
            at = now.on_grid(_WIDTHS_MS[channel])
            if at.wall_ms <= said_ms or self._market.script.silenced(FEED, native, now.elapsed_s):
                continue
            self._said_ms[channel, native] = at.wall_ms
            row = self._row(channel, self._contracts[native], at)
            for key in self._market.script.blanks(FEED, native, now.elapsed_s) & row.keys():
                row[key] = None
            yield {"symbol": native, "data": row, "channel": f"push.{channel}", "ts": at.wall_ms}

    def _row(self, channel: str, contract: Contract, at: Moment) -> dict[str, Any]:
        if channel == "ticker":
            return ticker_row(self._market, contract, at)
        quote = self._market.quote(contract, at)
        if channel == "funding.rate":
            return {"symbol": contract.native, "rate": round(quote.rate, 6), "nextSettleTime": quote.next_ms}
        price = quote.mark if channel == "fair.price" else quote.index
        return {"symbol": contract.native, "price": number(contract.price_text(price))}


class Mexc:
    """The venue: the futures socket and its HTTP paths, all below one base."""

    id = "mexc"

    def __init__(self, market: Market, wall_ms: int) -> None:
        self._market = market
        self._contracts = listing(FEED, wall_ms)
        self._rest = MexcRest(market, self._contracts, Past(market, wall_ms), ticker_row)

    def feed_of(self, path: str) -> str:
        return FEED if _PATH.match(path) else ""

    def dialogue(self, path: str, query: Mapping[str, str], now: Moment) -> MexcDialogue | None:
        return MexcDialogue(self._market, self._contracts, now) if _PATH.match(path) else None

    def answer(self, ask: Ask, now: Moment) -> Answer:
        return self._rest.answer(ask, now)

    def urls(self, ws_base: str) -> dict[str, str]:
        return {FEED: f"{ws_base}/edge"}

    def ccxt_urls(self, http_base: str, ws_base: str) -> dict[str, dict[str, object]]:
        """The class mexc."""
        table: dict[str, object] = {
            "spot": dict.fromkeys(("public", "private"), http_base),
            "spot2": dict.fromkeys(("public", "private"), f"{http_base}/open/api/v2"),
            "contract": {"public": f"{http_base}/api/v1/contract", "private": f"{http_base}/api/v1/private"},
            "broker": {"private": f"{http_base}/api/v3/broker"},
            "ws": {"spot": f"{ws_base}/ws", "swap": f"{ws_base}/edge"},
        }
        return {"mexc": table}
