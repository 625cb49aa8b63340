"""Binance as a peer: USD-M, COIN-M and spot streams, with the traps of the real ones.

A stream asked for on the wrong route, and a stream of an unknown symbol, are acknowledged and then silent. Dated
contracts carry an empty rate and a stamp of 0. The array of all marks comes in shards. Numbers are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from feeds.simulator.binance_rest import BinanceRest
from feeds.simulator.ccxt_urls import binance_urls
from feeds.simulator.clock import Moment
from feeds.simulator.contracts import Contract, listing
from feeds.simulator.market import Market
from feeds.simulator.past import Past
from feeds.simulator.wire import Answer, Ask, Close, Output, text_of

FEEDS = {"spot": "binance-spot", "usdm": "binance-usdm", "coinm": "binance-coinm"}
_PATH = re.compile(
    r"^/(?:stream/(?P<spot>spot)|(?P<usdm>usdm)(?:/(?P<route>market|public|private))?|(?P<coinm>coinm))"
    r"/(?P<form>ws|stream)(?:/(?P<rest>[^/]*))?$"
)
_STREAM = re.compile(r"^(?P<symbol>[a-z0-9_]+)@(?P<channel>[a-zA-Z]\w*)(?:@(?P<speed>\w+))?$")
_ALL = re.compile(r"^!(?P<channel>[a-zA-Z]+)@arr(?:@(?P<speed>1s))?$")
_PUBLIC_CHANNELS = frozenset({"bookTicker", "depth", "rpiDepth", "trade"})
_MESSAGES_A_SECOND = {"binance-spot": 5, "binance-usdm": 10, "binance-coinm": 10}
_PING_EVERY_S = {"binance-spot": 20.0, "binance-usdm": 180.0, "binance-coinm": 180.0}
_SHARD = 8
_BOOK_MS = 250


def mark_frame(market: Market, contract: Contract, now: Moment) -> dict[str, Any]:
    """The `markPriceUpdate` of one contract at a whole second."""
    quote = market.quote(contract, now)
    dated = contract.delivery_ms > 0
    frame: dict[str, Any] = {
        "e": "markPriceUpdate",
        "E": now.wall_ms,
        "s": contract.native,
        "p": f"{quote.mark:.8f}",
        "ap": f"{quote.index * (1 + quote.premium):.8f}",
        "P": f"{quote.index * 1.0001:.8f}",
        "i": f"{quote.index:.8f}",
        "r": "" if dated else f"{quote.rate:.8f}",
        "T": 0 if dated else quote.next_ms,
        "st": 2 if contract.inverse else 1,
    }
    return blanked(frame, market, contract, now)


def book_frame(market: Market, contract: Contract, now: Moment) -> dict[str, Any]:
    """Best bid and ask: without type and time on spot, with both on the futures."""
    quote = market.quote(contract, now)
    bid_size, ask_size = (market.size(contract, side, now.elapsed_s) for side in ("bid", "ask"))
    touch: dict[str, Any] = {"u": 40_000_000_000 + now.wall_ms // _BOOK_MS % 1_000_000_000, "s": contract.native}
    prices = {
        "b": contract.price_text(quote.bid),
        "B": contract.size_text(bid_size),
        "a": contract.price_text(quote.ask),
        "A": contract.size_text(ask_size),
    }
    if contract.spot:
        eight_places = {key: f"{float(text):.8f}" for key, text in prices.items()}
        return blanked(touch | eight_places, market, contract, now)
    pair = contract.native.partition("_")[0]
    times = {"T": now.wall_ms, "E": now.wall_ms, "st": 2 if contract.inverse else 1}
    return blanked({"e": "bookTicker"} | touch | {"ps": pair} | prices | times, market, contract, now)


def mini_frame(market: Market, contract: Contract, now: Moment) -> dict[str, Any]:
    """A day's statistics in short: neither mark nor touch."""
    last = market.quote(contract, now).last
    volume = contract.typical_size * 1440
    return {
        "e": "24hrMiniTicker",
        "E": now.wall_ms,
        "s": contract.native,
        "c": contract.price_text(last),
        "o": contract.price_text(last * 0.991),
        "h": contract.price_text(last * 1.008),
        "l": contract.price_text(last * 0.985),
        "v": contract.size_text(volume),
        "q": f"{volume * last:.2f}",
    }


def blanked(frame: dict[str, Any], market: Market, contract: Contract, now: Moment) -> dict[str, Any]:
    """The frame with the keys that the script empties."""
    for key in market.script.blanks(contract.feed, contract.native, now.elapsed_s):
        frame[key] = ""
    return frame


class BinanceDialogue:
    """One socket of one route; `combined` wraps every data frame in the name of its stream."""

    def __init__(
        self, market: Market, contracts: Mapping[str, Contract], feed: str, route: str, combined: bool
    ) -> None:
        self.feed = feed
        self.ping_every_s = _PING_EVERY_S[feed]
        self._market = market
        self._contracts = contracts
        self._route = route
        self._combined = combined
        self._streams: dict[str, int] = {}
        self._sent: dict[str, dict[str, Any]] = {}
        self._second = 0
        self._messages = 0

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(self._streams)

    def subscribe(self, streams: list[str], now: Moment) -> bool:
        """Adds these streams; False, and none added, where one of them is no stream name.

        Streams of a fixed cadence begin with their next beat, those on change at once.
        """
        if not all(_STREAM.match(stream) or _ALL.match(stream) for stream in streams):
            return False
        for stream in streams:
            self._streams.setdefault(stream, 0 if stream.endswith("@bookTicker") else now.wall_ms)
        return True

    def received(self, text: str, now: Moment) -> list[Output]:
        if self._too_many(now):
            return [Close(1008, "Too many requests")]
        try:
            message = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError:
            return [text_of({"error": {"code": 3, "msg": "Invalid JSON"}})]
        number, params = message.get("id"), message.get("params", [])
        match message.get("method"):
            case "SUBSCRIBE" if isinstance(params, list) and self.subscribe([str(item) for item in params], now):
                return [text_of({"result": None, "id": number})]
            case "UNSUBSCRIBE" if isinstance(params, list):
                for stream in params:
                    self._streams.pop(str(stream), None)
                    self._sent.pop(str(stream), None)
                return [text_of({"result": None, "id": number})]
            case "LIST_SUBSCRIPTIONS":
                return [text_of({"result": list(self._streams), "id": number})]
            case "SUBSCRIBE":
                return [text_of({"error": {"code": 2, "msg": "Invalid request: invalid stream"}, "id": number})]
        return [text_of({"error": {"code": 2, "msg": "Invalid request: unknown method"}, "id": number})]

    def _too_many(self, now: Moment) -> bool:
        second = now.wall_ms // 1000
        self._messages = self._messages + 1 if second == self._second else 1
        self._second = second
        return self._messages > _MESSAGES_A_SECOND[self.feed]

    def due(self, now: Moment) -> list[Output]:
        return [
            text_of({"stream": stream, "data": data} if self._combined else data)
            for stream in list(self._streams)
            for data in self._frames(stream, now)
        ]

    def _frames(self, stream: str, now: Moment) -> Iterator[object]:
        match = _STREAM.match(stream) or _ALL.match(stream)
        if match is None:
            return
        channel, speed = match["channel"], match["speed"]
        if not self._served_here(channel):
            return
        width_ms = _BOOK_MS if channel == "bookTicker" else 3000 if channel == "markPrice" and speed != "1s" else 1000
        at = now.on_grid(width_ms)
        if at.wall_ms <= self._streams[stream]:
            return
        self._streams[stream] = at.wall_ms
        if stream.startswith("!"):
            yield from self._all(channel, at)
            return
        contract = self._contracts.get(match["symbol"].upper())
        if contract is not None and not self._market.script.silenced(self.feed, contract.native, now.elapsed_s):
            frame = self._frame(channel, contract, at)
            if frame is not None and not self._unchanged(stream, channel, frame):
                yield frame

    def _served_here(self, channel: str) -> bool:
        if self.feed != "binance-usdm":
            return True
        public = channel in _PUBLIC_CHANNELS
        return public if self._route in ("", "public") else self._route == "market" and not public

    def _frame(self, channel: str, contract: Contract, at: Moment) -> dict[str, Any] | None:
        if channel == "markPrice" and not contract.spot:
            return mark_frame(self._market, contract, at)
        if channel == "bookTicker":
            return book_frame(self._market, contract, at)
        return mini_frame(self._market, contract, at) if channel == "miniTicker" else None

    def _unchanged(self, stream: str, channel: str, frame: dict[str, Any]) -> bool:
        """A touch that did not move is not sent again."""
        touch: dict[str, Any] = {key: frame[key] for key in ("b", "B", "a", "A") if key in frame}
        before, self._sent[stream] = self._sent.get(stream), touch
        return channel == "bookTicker" and touch == before

    def _all(self, channel: str, at: Moment) -> Iterator[list[dict[str, Any]]]:
        if channel != "markPrice":
            return
        script = self._market.script
        rows = [
            mark_frame(self._market, contract, at)
            for contract in self._contracts.values()
            if not contract.spot and not script.silenced(self.feed, contract.native, at.elapsed_s)
        ]
        for start in range(0, len(rows), _SHARD):
            yield rows[start : start + _SHARD]


class Binance:
    """The venue: three socket families and its HTTP paths, all below one base."""

    id = "binance"

    def __init__(self, market: Market, wall_ms: int) -> None:
        self._market = market
        self._contracts = {feed: listing(feed, wall_ms) for feed in FEEDS.values()}
        self._rest = BinanceRest(market, self._contracts, Past(market, wall_ms))

    def feed_of(self, path: str) -> str:
        match = _PATH.match(path)
        return next((FEEDS[name] for name in FEEDS if match[name]), "") if match else ""

    def dialogue(self, path: str, query: Mapping[str, str], now: Moment) -> BinanceDialogue | None:
        match = _PATH.match(path)
        if match is None:
            return None
        feed, combined = self.feed_of(path), match["form"] == "stream"
        dialogue = BinanceDialogue(self._market, self._contracts[feed], feed, match["route"] or "", combined)
        listed = query.get("streams", "") if combined else match["rest"] or ""
        streams = [stream for stream in listed.split("/") if "@" in stream]
        return dialogue if dialogue.subscribe(streams, now) else None

    def answer(self, ask: Ask, now: Moment) -> Answer:
        return self._rest.answer(ask, now)

    def urls(self, ws_base: str) -> dict[str, str]:
        return {
            "binance-spot": f"{ws_base}/stream/spot/ws",
            "binance-usdm": f"{ws_base}/usdm/market/ws",
            "binance-coinm": f"{ws_base}/coinm/ws",
        }

    def ccxt_urls(self, http_base: str, ws_base: str) -> dict[str, dict[str, object]]:
        classes = ("binance", "binanceusdm", "binancecoinm")
        return {name: binance_urls(http_base, ws_base) for name in classes}
