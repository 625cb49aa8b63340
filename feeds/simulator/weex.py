"""WEEX contracts v3 as a peer: a greeting, tickers with mark and index, pings in JSON, few operations an hour.

The first data comes before its acknowledgement; a delisted contract is acknowledged and then silent; one bad name fails
the whole frame. A socket without a subscription ends after a minute, one that leaves a ping unanswered with the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from feeds.simulator.ccxt_urls import weex_urls
from feeds.simulator.clock import Moment
from feeds.simulator.contracts import Contract, listing
from feeds.simulator.market import Market
from feeds.simulator.past import Past
from feeds.simulator.weex_rest import WeexRest
from feeds.simulator.wire import GONE, Answer, Ask, Close, Output, text_of

FEED = "weex-contract"
PATH = "/contract/v3/ws/public"
MINUTE_S = 60.0
"""Between two pings of the server, and how long a socket may be open for nothing."""
MOST_CHANNELS = 100
OPERATIONS_AN_HOUR = 240
TICKER_MS = 200
_CHANNEL = re.compile(r"^(?P<symbol>[A-Z0-9]+)@(?P<event>[a-z]+)$")


def frame_of(market: Market, contract: Contract, now: Moment) -> dict[str, Any]:
    """One ticker: `m` is the mark, `i` the index, `P` a fraction."""
    quote = market.quote(contract, now)
    volume = contract.typical_size * 1440
    data: dict[str, Any] = {
        "p": contract.price_text(quote.last * 0.009),
        "P": "0.009082",
        "w": f"{quote.last * 0.997:.8f}",
        "c": contract.price_text(quote.last),
        "o": contract.price_text(quote.last * 0.991),
        "h": contract.price_text(quote.last * 1.008),
        "l": contract.price_text(quote.last * 0.985),
        "v": contract.size_text(volume),
        "q": f"{volume * quote.last:.5f}",
        "O": now.wall_ms - 86_400_000,
        "C": now.wall_ms,
        "n": 465_441,
        "m": contract.price_text(quote.mark),
        "i": f"{quote.index:.8f}",
    }
    for key in market.script.blanks(contract.feed, contract.native, now.elapsed_s):
        data[key] = ""
    return {"e": "ticker", "E": now.wall_ms, "s": contract.native, "d": [data]}


class WeexDialogue:
    """One socket."""

    feed = FEED
    ping_every_s = 0.0

    def __init__(self, market: Market, contracts: Mapping[str, Contract], now: Moment) -> None:
        self._market = market
        self._contracts = contracts
        self._told: dict[str, int] = {}
        """Channel -> the venue's time of its newest frame."""
        self._greeted = False
        self._opened_s = now.elapsed_s
        self._pinged_s = now.elapsed_s
        self._unanswered = False
        self._operations: list[float] = []

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(self._told)

    def received(self, text: str, now: Moment) -> list[Output]:
        try:
            message = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError:
            return [self._wrong(None, f"unrecognized message : {text[:40]}")]
        number, method = message.get("id"), message.get("method")
        if method == "PONG":
            self._unanswered = False
            return []
        self._operations = [at for at in self._operations if now.elapsed_s - at < 3600] + [now.elapsed_s]
        if len(self._operations) > OPERATIONS_AN_HOUR:
            return [Close(1008, "too many operations")]
        listed = message.get("params", [])
        channels = [str(each) for each in listed] if isinstance(listed, list) else []
        match method:
            case "PING":
                return [text_of({"result": True, "id": number})]
            case "SUBSCRIBE":
                return self._subscribe(number, channels, now)
            case "UNSUBSCRIBE":
                for channel in channels:
                    self._told.pop(channel, None)
                return [text_of({"result": True, "id": number})]
        return [self._wrong(number, f"unrecognized message : {method}")]

    def _subscribe(self, number: object, channels: list[str], now: Moment) -> list[Output]:
        for channel in channels:
            match = _CHANNEL.match(channel)
            if match is None or match["event"] != "ticker":
                return [self._wrong(number, f"invalid event : {channel.partition('@')[2]}")]
            if match["symbol"] not in self._contracts:
                return [self._wrong(number, f"invalid symbol : {match['symbol']}")]
        if len(self._told.keys() | set(channels)) > MOST_CHANNELS:
            return [self._wrong(number, f"too many channels : {MOST_CHANNELS}")]
        for channel in channels:
            self._told.setdefault(channel, 0)
        early = list(self._frames(channels, now))
        return [*(text_of(frame) for frame in early), text_of({"result": True, "id": number})]

    def _wrong(self, number: object, words: str) -> str:
        answer: dict[str, Any] = {"result": False}
        if number is not None:
            answer["id"] = number
        return text_of(answer | {"msg": f"INVALID_ARGUMENT: {words}"})

    def due(self, now: Moment) -> list[Output]:
        said: list[Output] = []
        if not self._greeted:
            self._greeted = True
            said.append(text_of({"cid": "a0000000-0001", "event": "connected", "time": str(now.wall_ms)}))
        if not self._told and now.elapsed_s - self._opened_s >= MINUTE_S:
            return [Close(GONE)]
        if self._told and now.elapsed_s - self._pinged_s >= MINUTE_S:
            if self._unanswered:
                return [Close(GONE)]
            self._pinged_s, self._unanswered = now.elapsed_s, True
            said.append(text_of({"event": "ping", "time": str(now.wall_ms)}))
        return said + [text_of(frame) for frame in self._frames(list(self._told), now)]

    def _frames(self, channels: list[str], now: Moment) -> Iterator[dict[str, Any]]:
        at = now.on_grid(TICKER_MS)
        for channel in channels:
            contract = self._contracts[channel.partition("@")[0]]
            silent = self._market.script.silenced(FEED, contract.native, now.elapsed_s)
            if at.wall_ms > self._told[channel] and not silent:
                self._told[channel] = at.wall_ms
                yield frame_of(self._market, contract, at)


class Weex:
    """The venue: one public socket family, and HTTP paths of contracts and spot below one base."""

    id = "weex"

    def __init__(self, market: Market, wall_ms: int) -> None:
        self._market = market
        self._contracts = listing(FEED, wall_ms)
        self._rest = WeexRest(market, self._contracts, Past(market, wall_ms))

    def feed_of(self, path: str) -> str:
        return FEED if path == PATH else ""

    def dialogue(self, path: str, query: Mapping[str, str], now: Moment) -> WeexDialogue | None:
        return WeexDialogue(self._market, self._contracts, now) if path == PATH else None

    def answer(self, ask: Ask, now: Moment) -> Answer:
        return self._rest.answer(ask, now)

    def urls(self, ws_base: str) -> dict[str, str]:
        return {FEED: ws_base + PATH}

    def ccxt_urls(self, http_base: str, ws_base: str) -> dict[str, dict[str, object]]:
        return {"weex": weex_urls(http_base, ws_base)}
