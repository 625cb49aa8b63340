"""Bybit v5 as a peer: a snapshot, then deltas with only the keys that changed; spot books; JSON pings.

Every socket of linear and inverse tells its own tale: absent keys keep their old value, `""` means none, and a new
subscription starts with a snapshot. One bad argument fails the whole subscribe frame.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from feeds.simulator.bybit_rest import BybitRest
from feeds.simulator.ccxt_urls import bybit_urls
from feeds.simulator.clock import Moment
from feeds.simulator.contracts import Contract, listing
from feeds.simulator.market import Market
from feeds.simulator.past import Past
from feeds.simulator.wire import Answer, Ask, Output, text_of

CATEGORIES = {"linear": "bybit-linear", "inverse": "bybit-inverse", "spot": "bybit-spot"}
_PATH = re.compile(r"^/v5/public/(linear|inverse|spot)$")
_TOPIC = re.compile(r"^(?P<channel>tickers|orderbook\.(?:1|50))\.(?P<symbol>[A-Z0-9-]+)$")
_SPOT_ARGS = 10
_SEQUENCE = 760_000_000_000
_REPEAT_BOOK_MS = 3000


def ticker(market: Market, contract: Contract, now: Moment) -> dict[str, Any]:
    """All keys of a linear or inverse ticker; each on the grid on which the venue moves it."""
    mark = market.quote(contract, now.on_grid(200))
    touch_at = now.on_grid(100)
    touch = market.quote(contract, touch_at)
    slow = market.quote(contract, now.on_grid(60_000))
    last = market.quote(contract, now.on_grid(1000)).last
    interest = contract.typical_size * 40_000
    value = interest / slow.mark * contract.contract_usd if contract.inverse else interest * slow.mark
    row = {
        "symbol": contract.native,
        "tickDirection": "PlusTick" if touch.last >= last else "ZeroMinusTick",
        "price24hPcnt": f"{slow.last / (market.coin(contract.coin, 0.0) * contract.multiplier) - 0.988:.6f}",
        "lastPrice": contract.price_text(last),
        "markPrice": f"{mark.mark:.{_places(contract)}f}",
        "indexPrice": f"{mark.index:.{_places(contract)}f}",
        "openInterest": contract.size_text(interest),
        "openInterestValue": f"{value:.2f}",
        "fundingIntervalHour": str(slow.hours),
        "fundingCap": f"{contract.cap}",
        "nextFundingTime": str(market.quote(contract, now).next_ms),
        "fundingRate": f"{slow.rate:.8f}",
        "bid1Price": contract.price_text(touch.bid),
        "bid1Size": contract.size_text(market.size(contract, "bid", touch_at.elapsed_s)),
        "ask1Price": contract.price_text(touch.ask),
        "ask1Size": contract.size_text(market.size(contract, "ask", touch_at.elapsed_s)),
    }
    row["fundingIntervalHour"] = str(market.quote(contract, now).hours)
    for key in market.script.blanks(contract.feed, contract.native, now.elapsed_s) & row.keys():
        row[key] = ""
    return row


def spot_ticker(market: Market, contract: Contract, now: Moment) -> dict[str, Any]:
    """A spot ticker: neither touch nor mark."""
    last = market.quote(contract, now.on_grid(1000)).last
    volume = contract.typical_size * 5000
    return {
        "symbol": contract.native,
        "lastPrice": contract.price_text(last),
        "highPrice24h": contract.price_text(last * 1.01),
        "lowPrice24h": contract.price_text(last * 0.98),
        "prevPrice24h": contract.price_text(last * 0.995),
        "volume24h": contract.size_text(volume),
        "turnover24h": f"{volume * last:.2f}",
        "price24hPcnt": "0.0050",
        "usdIndexPrice": f"{last * market.usdt(now.elapsed_s):.6f}",
    }


def spot_book(market: Market, contract: Contract, now: Moment) -> dict[str, Any]:
    """The touch of a spot pair as a book of one level."""
    at = now.on_grid(100)
    quote = market.quote(contract, at)
    bid_size, ask_size = (contract.size_text(market.size(contract, side, at.elapsed_s)) for side in ("bid", "ask"))
    return {
        "s": contract.native,
        "b": [[contract.price_text(quote.bid), bid_size]],
        "a": [[contract.price_text(quote.ask), ask_size]],
    }


def _places(contract: Contract) -> int:
    return max(2, len(contract.tick.partition(".")[2]))


class BybitDialogue:
    """One socket of one category."""

    ping_every_s = 0.0

    def __init__(self, market: Market, contracts: Mapping[str, Contract], category: str) -> None:
        self.feed = CATEGORIES[category]
        self._market = market
        self._contracts = contracts
        self._category = category
        self._state: dict[str, dict[str, Any]] = {}
        self._said_ms: dict[str, int] = {}

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(self._state)

    def received(self, text: str, now: Moment) -> list[Output]:
        try:
            message = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError:
            return [self._reply(None, "", False, "Params Error")]
        number, op = message.get("req_id"), message.get("op")
        args = message.get("args", [])
        topics = [str(topic) for topic in args] if isinstance(args, list) else []
        match op:
            case "ping":
                return [self._reply(number, "ping", True, "pong")]
            case "subscribe":
                wrong = self._refusal(topics, now)
                if not wrong:
                    self._state.update({topic: {} for topic in topics})
                return [self._reply(number, "subscribe", not wrong, wrong)]
            case "unsubscribe":
                for topic in topics:
                    self._state.pop(topic, None)
                return [self._reply(number, "unsubscribe", True, "")]
        return [self._reply(number, str(op), False, f"Request op not found: {op}")]

    def _reply(self, number: object, op: str, success: bool, text: str) -> str:
        answer: dict[str, Any] = {"success": success, "ret_msg": text, "conn_id": f"sim-{self._category}"}
        if number is not None:
            answer["req_id"] = str(number)
        return text_of(answer | {"op": op})

    def _refusal(self, topics: list[str], now: Moment) -> str:
        """Why this subscribe frame fails as a whole; empty where it does not."""
        if not topics:
            return "Params Error"
        if self._category == "spot" and len(topics) > _SPOT_ARGS:
            return f"args size >{_SPOT_ARGS}"
        for topic in topics:
            match = _TOPIC.match(topic)
            if match is None:
                return f"Invalid topic: {topic}"
            listed = self._market.script.listed(self.feed, match["symbol"], now.elapsed_s)
            if match["symbol"] not in self._contracts or not listed:
                return f"Invalid symbol :[{topic}]"
        return ""

    def due(self, now: Moment) -> list[Output]:
        return [text_of(frame) for topic in list(self._state) for frame in self._frames(topic, now)]

    def _frames(self, topic: str, now: Moment) -> Iterator[dict[str, Any]]:
        match = _TOPIC.match(topic)
        contract = self._contracts.get(match["symbol"]) if match else None
        if match is None or contract is None:
            return
        if self._market.script.silenced(self.feed, contract.native, now.elapsed_s):
            return
        if match["channel"] != "tickers":
            yield from self._book(topic, contract, now)
        elif self._category == "spot":
            yield from self._whole(topic, spot_ticker(self._market, contract, now), now)
        else:
            yield from self._changes(topic, ticker(self._market, contract, now), now)

    def _changes(self, topic: str, row: dict[str, Any], now: Moment) -> Iterator[dict[str, Any]]:
        """A snapshot first, then the keys that differ from what this socket was told."""
        known, self._state[topic] = self._state[topic], row
        stamp = {"cs": _SEQUENCE + now.wall_ms % 10**10, "ts": now.wall_ms}
        if not known:
            yield {"topic": topic, "type": "snapshot", "data": row, **stamp}
            return
        changed = {key: value for key, value in row.items() if known.get(key) != value}
        if changed:
            yield {"topic": topic, "type": "delta", "data": {"symbol": row["symbol"], **changed}, **stamp}

    def _whole(self, topic: str, row: dict[str, Any], now: Moment) -> Iterator[dict[str, Any]]:
        known, self._state[topic] = self._state[topic], row
        if known != row:
            yield {"topic": topic, "ts": now.wall_ms, "type": "snapshot", "cs": _SEQUENCE, "data": row}

    def _book(self, topic: str, contract: Contract, now: Moment) -> Iterator[dict[str, Any]]:
        """Snapshots only, as a book of one level sends them, repeated after three seconds without a change."""
        row = spot_book(self._market, contract, now)
        known, self._state[topic] = self._state[topic], row
        if known == row and now.wall_ms - self._said_ms.get(topic, 0) < _REPEAT_BOOK_MS:
            return
        self._said_ms[topic] = now.wall_ms
        data = {**row, "u": now.wall_ms // 100 % 10**9, "seq": _SEQUENCE + now.wall_ms % 10**10}
        yield {"topic": topic, "ts": now.wall_ms, "type": "snapshot", "data": data, "cts": now.wall_ms - 2}


class Bybit:
    """The venue: three public socket families and its HTTP paths, all below one base."""

    id = "bybit"

    def __init__(self, market: Market, wall_ms: int) -> None:
        self._market = market
        self._contracts = {category: listing(feed, wall_ms) for category, feed in CATEGORIES.items()}
        self._rest = BybitRest(market, self._contracts, Past(market, wall_ms), ticker, spot_ticker)

    def feed_of(self, path: str) -> str:
        match = _PATH.match(path)
        return CATEGORIES[match[1]] if match else ""

    def dialogue(self, path: str, query: Mapping[str, str], now: Moment) -> BybitDialogue | None:
        match = _PATH.match(path)
        return BybitDialogue(self._market, self._contracts[match[1]], match[1]) if match else None

    def answer(self, ask: Ask, now: Moment) -> Answer:
        return self._rest.answer(ask, now)

    def urls(self, ws_base: str) -> dict[str, str]:
        return {feed: f"{ws_base}/v5/public/{category}" for category, feed in CATEGORIES.items()}

    def ccxt_urls(self, http_base: str, ws_base: str) -> dict[str, dict[str, object]]:
        return {"bybit": bybit_urls(http_base, ws_base)}
