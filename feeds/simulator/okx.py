"""OKX v5 as a peer: marks, indexes and funding on channels of their own, an answer to each argument, bare text pings.

An index goes by its pair. A mark that stands still is repeated every ten seconds, an index once a minute. An argument
that does not exist is refused by itself, named in words alone. A connection may ask 480 times an hour, and ends once
nothing has passed over it for half a minute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from feeds.simulator.ccxt_urls import okx_urls
from feeds.simulator.clock import Moment
from feeds.simulator.contracts import Contract, listing
from feeds.simulator.market import Market
from feeds.simulator.okx_rest import OkxRest, funding_row, index_row, mark_row
from feeds.simulator.past import Past
from feeds.simulator.wire import Answer, Ask, Close, Output, text_of

FEED = "okx"
PATH = "/ws/v5/public"
SILENCE_S = 30.0
REQUESTS_AN_HOUR = 480
CHANNELS = {"mark-price": (200, 10_000), "index-tickers": (200, 60_000), "funding-rate": (60_000, 60_000)}
"""Channel -> how often it may change, and how often it is repeated without a change (ms)."""

Topic = tuple[str, str]
"""Channel and instrument."""


class OkxDialogue:
    """One public socket."""

    feed = FEED
    ping_every_s = 0.0

    def __init__(self, market: Market, contracts: Mapping[str, Contract], now: Moment) -> None:
        self._market = market
        self._contracts = contracts
        self._pairs = {native.removesuffix("-SWAP"): contract for native, contract in contracts.items()}
        self._told: dict[Topic, tuple[int, dict[str, Any]]] = {}
        """Topic -> when it was last sent, and what."""
        self._requests: list[float] = []
        self._passed_s = now.elapsed_s

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(f"{channel}:{name}" for channel, name in self._told)

    def received(self, text: str, now: Moment) -> list[Output]:
        self._passed_s = now.elapsed_s
        if text == "ping":
            return ["pong"]
        try:
            message = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError:
            return [self._error("60012", f"Invalid request: {text[:60]}")]
        self._requests = [at for at in self._requests if now.elapsed_s - at < 3600] + [now.elapsed_s]
        if len(self._requests) > REQUESTS_AN_HOUR:
            return [self._error("60014", "Requests too frequent")]
        op, args = message.get("op"), message.get("args")
        if op not in ("subscribe", "unsubscribe") or not isinstance(args, list):
            return [self._error("60012", f"Invalid request: {text[:60]}")]
        return [self._answer(str(op), each, now) for each in args]

    def _answer(self, op: str, arg: Any, now: Moment) -> str:
        channel, name = str(arg.get("channel")), str(arg.get("instId"))
        if op == "unsubscribe":
            self._told.pop((channel, name), None)
        elif self._contract(channel, name, now) is None:
            words = f"channel:{channel},instId:{name} doesn't exist"
            return self._error("60018", f"Wrong URL or {words}. Please use the correct URL, channel and parameters.")
        else:
            self._told.setdefault((channel, name), (0, {}))
        return text_of({"event": op, "arg": arg, "connId": "a4d3ae55"})

    def _error(self, code: str, words: str) -> str:
        return text_of({"event": "error", "code": code, "msg": words, "connId": "a4d3ae55"})

    def _contract(self, channel: str, name: str, now: Moment) -> Contract | None:
        named = self._pairs if channel == "index-tickers" else self._contracts
        contract = named.get(name) if channel in CHANNELS else None
        listed = contract is not None and self._market.script.listed(FEED, contract.native, now.elapsed_s)
        return contract if listed else None

    def due(self, now: Moment) -> list[Output]:
        said = [text_of(frame) for topic in list(self._told) for frame in self._frames(topic, now)]
        if said:
            self._passed_s = now.elapsed_s
        if now.elapsed_s - self._passed_s >= SILENCE_S:
            return [Close(4004, "No data received in 30s.")]
        return list(said)

    def _frames(self, topic: Topic, now: Moment) -> Iterator[dict[str, Any]]:
        channel, name = topic
        contract = self._contract(channel, name, now)
        if contract is None or self._market.script.silenced(FEED, contract.native, now.elapsed_s):
            return
        if self._market.script.find("silent", FEED, channel, now.elapsed_s) is not None:
            return
        sent_ms, before = self._told[topic]
        grid_ms, repeat_ms = CHANNELS[channel]
        at = now if sent_ms == 0 else now.on_grid(grid_ms)
        if at.wall_ms <= sent_ms:
            return
        row = {"mark-price": mark_row, "index-tickers": index_row, "funding-rate": funding_row}[channel](
            self._market, contract, at
        )
        said = {key: value for key, value in row.items() if key != "ts"}
        if said == before and now.wall_ms - sent_ms < repeat_ms:
            return
        self._told[topic] = (at.wall_ms, said)
        yield {"arg": {"channel": channel, "instId": name}, "data": [row]}


class Okx:
    """The venue: its public socket and its HTTP paths, below one base."""

    id = "okx"

    def __init__(self, market: Market, wall_ms: int) -> None:
        self._market = market
        self._contracts = listing(FEED, wall_ms)
        self._rest = OkxRest(market, self._contracts, Past(market, wall_ms))

    def feed_of(self, path: str) -> str:
        return FEED if path == PATH else ""

    def dialogue(self, path: str, query: Mapping[str, str], now: Moment) -> OkxDialogue | None:
        return OkxDialogue(self._market, self._contracts, now) if path == PATH else None

    def answer(self, ask: Ask, now: Moment) -> Answer:
        return self._rest.answer(ask, now)

    def urls(self, ws_base: str) -> dict[str, str]:
        return {FEED: ws_base + PATH}

    def ccxt_urls(self, http_base: str, ws_base: str) -> dict[str, dict[str, object]]:
        return {"okx": okx_urls(http_base, ws_base)}
