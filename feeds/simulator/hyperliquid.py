"""Hyperliquid as a peer: an asset context a second for each coin, and one HTTP path for all questions.

A frame carries no time. Who names a coin that is not listed loses the socket without a word; who subscribes twice is
told so and loses nothing. A socket over which the client sends nothing for a minute ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from feeds.simulator.ccxt_urls import hyperliquid_urls
from feeds.simulator.clock import Moment
from feeds.simulator.contracts import Contract, listing
from feeds.simulator.hyperliquid_rest import INFO, HyperliquidRest, context
from feeds.simulator.market import Market
from feeds.simulator.past import Past
from feeds.simulator.wire import GONE, Answer, Ask, Close, Output, text_of

FEED = "hyperliquid"
PATH = "/ws"
IDLE_S = 60.0
CADENCE_MS = 1000
CHANNEL = "activeAssetCtx"


class HyperliquidDialogue:
    """One socket."""

    feed = FEED
    ping_every_s = 0.0

    def __init__(self, market: Market, contracts: Mapping[str, Contract], now: Moment) -> None:
        self._market = market
        self._contracts = contracts
        self._told: dict[str, int] = {}
        """Coin -> the wall time of its newest frame."""
        self._heard_s = now.elapsed_s

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(self._told)

    def received(self, text: str, now: Moment) -> list[Output]:
        self._heard_s = now.elapsed_s
        try:
            message = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError:
            return [self._error(f"Error parsing JSON into valid websocket request: {text[:60]}")]
        method, wanted = message.get("method"), message.get("subscription")
        if method == "ping":
            return [text_of({"channel": "pong"})]
        if method not in ("subscribe", "unsubscribe") or not isinstance(wanted, dict):
            return [self._error(f"Error parsing JSON into valid websocket request: {text[:60]}")]
        return self._turn(str(method), wanted, now)

    def _turn(self, method: str, wanted: dict[str, Any], now: Moment) -> list[Output]:
        coin = str(wanted.get("coin"))
        if wanted.get("type") != CHANNEL:
            return [self._error(f"Invalid subscription {text_of(wanted)}")]
        if coin not in self._contracts or not self._market.script.listed(FEED, coin, now.elapsed_s):
            return [Close(GONE)]
        if (coin in self._told) is (method == "subscribe"):
            return [self._error(f"Already {method}d: {text_of(wanted)}")]
        if method == "subscribe":
            self._told[coin] = 0
        else:
            del self._told[coin]
        return [text_of({"channel": "subscriptionResponse", "data": {"method": method, "subscription": wanted}})]

    def _error(self, words: str) -> str:
        return text_of({"channel": "error", "data": words})

    def due(self, now: Moment) -> list[Output]:
        if now.elapsed_s - self._heard_s >= IDLE_S:
            return [Close(1000, "Inactive")]
        said: list[Output] = []
        at = now.on_grid(CADENCE_MS)
        for coin, told_ms in self._told.items():
            silent = self._market.script.silenced(FEED, coin, now.elapsed_s)
            if silent or (told_ms and at.wall_ms <= told_ms):
                continue
            self._told[coin] = at.wall_ms
            row = context(self._market, self._contracts[coin], at)
            said.append(text_of({"channel": CHANNEL, "data": {"coin": coin, "ctx": row}}))
        return said


class Hyperliquid:
    """The venue: its socket and its one HTTP path, below one base."""

    id = "hyperliquid"
    posts = frozenset({INFO})
    """Paths that take a posted question."""

    def __init__(self, market: Market, wall_ms: int) -> None:
        self._market = market
        self._contracts = listing(FEED, wall_ms)
        self._rest = HyperliquidRest(market, self._contracts, Past(market, wall_ms))

    def feed_of(self, path: str) -> str:
        return FEED if path == PATH else ""

    def dialogue(self, path: str, query: Mapping[str, str], now: Moment) -> HyperliquidDialogue | None:
        return HyperliquidDialogue(self._market, self._contracts, now) if path == PATH else None

    def answer(self, ask: Ask, now: Moment) -> Answer:
        return self._rest.answer(ask, now)

    def urls(self, ws_base: str) -> dict[str, str]:
        return {FEED: ws_base + PATH}

    def ccxt_urls(self, http_base: str, ws_base: str) -> dict[str, dict[str, object]]:
        return {"hyperliquid": hyperliquid_urls(http_base, ws_base)}
