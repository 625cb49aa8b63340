"""Every venue of the registry through a bad network, on real clocks and sockets: slow, gone, back again, reset."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from fault_proxy import FaultProxy
from feeds_kit import Ear, until

from feeds.markets import FeedSetup, watch_markets
from feeds.simulator import Simulator
from feeds.venues import VENUES
from hedge.market import Instant, SymbolState, Want

WANTS = [
    Want(venue, "BTC/USDC:USDC" if venue == "hyperliquid" else "BTC/USDT:USDT")
    for venue in VENUES  # one socket a venue, each with a proxy and so with a dial bucket of its own
]


class RealTime:
    def now(self) -> Instant:
        return Instant(int(time.monotonic() * 1000), int(time.time() * 1000))


class Network:
    """A proxy for each venue, all as bad at the same time."""

    def __init__(self, proxies: dict[str, FaultProxy], ear: Ear) -> None:
        self.proxies = proxies
        self.ear = ear

    def states(self) -> dict[str, str]:
        """Of each venue's market, as its socket has it."""
        found = {each.feed: each for each in self.ear.updates if isinstance(each, SymbolState)}
        named = {name: each.state for name, each in found.items() if not name.endswith(("-facts", "-history", "-rest"))}
        return {venue: state for venue in self.proxies for name, state in named.items() if name.startswith(venue)}

    def all_are(self, live: bool) -> bool:
        states = self.states()
        return states.keys() == self.proxies.keys() and all((state == "live") is live for state in states.values())


@asynccontextmanager
async def everything(folder: Path) -> AsyncIterator[Network]:
    async with Simulator(seed=3) as sim, AsyncExitStack() as stack:
        proxies = {venue: await stack.enter_async_context(FaultProxy(sim.port)) for venue in VENUES}

        def through(url: str) -> str:
            venue = next(venue for venue in VENUES if f"/{venue}" in url)
            return url.replace(str(sim.port), str(proxies[venue].port))

        urls = {feed: through(url) for feed, url in sim.urls.items()}
        rest_urls = {venue: through(url) for venue, url in sim.rest_urls.items()}
        ear = Ear()
        setup = FeedSetup(urls, rest_urls, str(folder))
        task = asyncio.create_task(watch_markets(WANTS, setup, RealTime(), random.Random(1), ear))
        try:
            yield Network(proxies, ear)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.mark.soak
async def test_f1_f6_every_venue_is_seen_to_be_gone_and_comes_back(tmp_path: Path) -> None:
    async with everything(tmp_path) as network:
        for proxy in network.proxies.values():
            for way in (proxy.up, proxy.down):
                way.latency_s, way.slice = 0.05, 1400
        await until(lambda: network.all_are(live=True), 60)
        for proxy in network.proxies.values():
            proxy.stop()
        lost = time.monotonic()
        await until(lambda: network.states()["binance"] == "stale", 30)
        assert time.monotonic() - lost <= 7, "five seconds after the last frame, with a look each half a second"
        await until(lambda: network.all_are(live=False), 60)
        assert time.monotonic() - lost <= 14, "pings find what age does not"
        await asyncio.sleep(10)  # all dials of now are left without an answer
        for proxy in network.proxies.values():
            proxy.go()
        await until(lambda: network.all_are(live=True), 90)
        for proxy in network.proxies.values():
            proxy.reset()
        await until(lambda: network.all_are(live=False), 10)
        await until(lambda: network.all_are(live=True), 90)
