"""BingX swap as a peer: every frame gzip in a binary one, a `Ping` every five seconds, one topic a frame.

A topic that is refused because its contract was delisted leaks one frame all the same. Who leaves a `Ping` unanswered
is cut after thirty seconds, without a goodbye. Neither index nor funding is on the socket.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from feeds.simulator.bingx_rest import BingxRest
from feeds.simulator.ccxt_urls import bingx_urls
from feeds.simulator.clock import Moment
from feeds.simulator.contracts import Contract, listing
from feeds.simulator.market import Market
from feeds.simulator.past import Past
from feeds.simulator.wire import GONE, Answer, Ask, Close, Output, text_of

FEED = "bingx-swap"
PATH = "/swap-market"
PING_EVERY_S = 5.0
PATIENCE_S = 30.0
"""Without a `Pong`."""
MOST_TOPICS = 200
MESSAGES_A_SECOND = 10
CHANNELS = ("markPrice", "ticker", "lastPrice")


def zipped(text: str) -> bytes:
    """The text as this venue sends it; always the same bytes for the same text."""
    return gzip.compress(text.encode(), mtime=0)


def frame_of(market: Market, contract: Contract, channel: str, now: Moment) -> dict[str, Any]:
    """One data frame of a topic."""
    quote = market.quote(contract, now)
    data: dict[str, Any] = {"e": f"{channel}Update", "E": now.wall_ms, "s": contract.native}
    if channel == "ticker":
        bid_size, ask_size = (contract.size_text(market.size(contract, side, now.elapsed_s)) for side in ("bid", "ask"))
        volume = contract.typical_size * 1440
        data |= {
            "e": "24hTicker",
            "p": contract.price_text(quote.last * 0.009),
            "P": "0.90",
            "c": contract.price_text(quote.last),
            "L": contract.size_text(contract.typical_size),
            "h": contract.price_text(quote.last * 1.008),
            "l": contract.price_text(quote.last * 0.985),
            "v": contract.size_text(volume),
            "q": f"{volume * quote.last:.2f}",
            "o": contract.price_text(quote.last * 0.991),
            "O": now.wall_ms - 86_400_000,
            "C": now.wall_ms,
            "A": contract.price_text(quote.ask),
            "a": ask_size,
            "B": contract.price_text(quote.bid),
            "b": bid_size,
        }
    else:
        data["p"] = contract.price_text(quote.mark if channel == "markPrice" else quote.last)
    for key in market.script.blanks(contract.feed, contract.native, now.elapsed_s):
        data[key] = ""
    return {"code": 0, "dataType": f"{contract.native}@{channel}", "data": data}


class BingxDialogue:
    """One socket."""

    feed = FEED
    ping_every_s = 0.0

    def __init__(self, market: Market, contracts: Mapping[str, Contract], now: Moment) -> None:
        self._market = market
        self._contracts = contracts
        self._told: dict[str, int] = {}
        """Topic -> the venue's time of its newest frame."""
        self._leaking: list[tuple[Contract, str]] = []
        self._pinged_s = now.elapsed_s
        self._heard_s = now.elapsed_s
        self._second = 0
        self._messages = 0

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(self._told)

    def received(self, text: str, now: Moment) -> list[Output]:
        if text == "Pong":
            self._heard_s = now.elapsed_s
            return []
        if self._too_many(now):
            return [Close(1008, "too many messages")]
        try:
            message = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError:
            return [self._answer("", 100400, "invalid message", now)]
        number, topic = str(message.get("id", "")), str(message.get("dataType", ""))
        match message.get("reqType"):
            case "sub":
                return [self._subscribe(number, topic, now)]
            case "unsub":
                self._told.pop(topic, None)
                return [self._answer(number, 0, "", now)]
        return [self._answer("", 100400, f"code:100400:{topic.rpartition('@')[2]} dataType is not supported", now)]

    def _too_many(self, now: Moment) -> bool:
        second = now.wall_ms // 1000
        self._messages = self._messages + 1 if second == self._second else 1
        self._second = second
        return self._messages > MESSAGES_A_SECOND

    def _subscribe(self, number: str, topic: str, now: Moment) -> Output:
        native, _, channel = topic.partition("@")
        contract = self._contracts.get(native)
        if contract is None or channel not in CHANNELS:
            return self._answer(number, 80015, "dataType not support", now)
        if not self._market.script.listed(FEED, native, now.elapsed_s):
            self._leaking.append((contract, channel))
            return self._answer(number, 80015, "dataType not support", now)
        if len(self._told) >= MOST_TOPICS and topic not in self._told:
            return self._answer(number, 80403, f"your topic num over max {MOST_TOPICS}", now)
        self._told.setdefault(topic, 0)
        return self._answer(number, 0, "", now)

    def _answer(self, number: str, code: int, words: str, now: Moment) -> bytes:
        if not number:
            return zipped(text_of({"code": code, "msg": words, "timestamp": now.wall_ms}))
        return zipped(text_of({"id": number, "code": code, "msg": words, "dataType": "", "data": None}))

    def due(self, now: Moment) -> list[Output]:
        if now.elapsed_s - self._heard_s >= PATIENCE_S:
            return [Close(GONE)]
        said: list[Output] = []
        if now.elapsed_s - self._pinged_s >= PING_EVERY_S:
            self._pinged_s = now.elapsed_s
            said.append(zipped("Ping"))
        said += [zipped(text_of(frame)) for frame in self._frames(now)]
        return said

    def _frames(self, now: Moment) -> Iterator[dict[str, Any]]:
        at = now.on_grid(1000)
        while self._leaking:
            yield frame_of(self._market, *self._leaking.pop(), at)
        for topic, told_ms in list(self._told.items()):
            native, _, channel = topic.partition("@")
            contract = self._contracts[native]
            if at.wall_ms > told_ms and not self._market.script.silenced(FEED, native, now.elapsed_s):
                self._told[topic] = at.wall_ms
                yield frame_of(self._market, contract, channel, at)


class Bingx:
    """The venue: one public socket family, and HTTP paths of swap, coin-M and spot below one base."""

    id = "bingx"

    def __init__(self, market: Market, wall_ms: int) -> None:
        self._market = market
        self._contracts = listing(FEED, wall_ms)
        self._rest = BingxRest(market, self._contracts, Past(market, wall_ms))

    def feed_of(self, path: str) -> str:
        return FEED if path == PATH else ""

    def dialogue(self, path: str, query: Mapping[str, str], now: Moment) -> BingxDialogue | None:
        return BingxDialogue(self._market, self._contracts, now) if path == PATH else None

    def answer(self, ask: Ask, now: Moment) -> Answer:
        return self._rest.answer(ask, now)

    def urls(self, ws_base: str) -> dict[str, str]:
        return {FEED: ws_base + PATH}

    def ccxt_urls(self, http_base: str, ws_base: str) -> dict[str, dict[str, object]]:
        return {"bingx": bingx_urls(http_base, ws_base)}
