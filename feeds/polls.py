"""What the streams of a venue leave out, read over HTTP now and then: intervals of funding, or funding itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal

from feeds.clean import FeedError
from feeds.pacing import Backoff
from feeds.rest import Door, Unavailable
from feeds.trouble import Trouble
from feeds.venue import Poll
from feeds.waiting import wait
from feeds.world import World
from hedge.market import FeedState, Funding, FundingInterval, Update

SOON_S = 10.0
"""Between a stamp off schedule and the next look, so that a run of them is one request."""
SLOWEST_RETRY_S = 300.0
HOUR_MS = 3_600_000


class Schedule:
    """Which funding interval each symbol keeps, and whether its funding stamps agree with it."""

    def __init__(self) -> None:
        self.doubt = asyncio.Event()
        """Set when a stamp moved by something else than the interval."""
        self._hours: dict[str, Decimal] = {}
        self._next_ms: dict[str, int] = {}

    def note(self, update: Update) -> None:
        """Look at one update of the venue."""
        match update:
            case FundingInterval(symbol=symbol, hours=hours):
                self._hours[symbol] = hours
            case Funding(symbol=symbol, next_ms=int(next_ms)):
                before = self._next_ms.get(symbol, next_ms)
                self._next_ms[symbol] = next_ms
                known = self._hours.get(symbol)
                if known is not None and (next_ms - before) % (known * HOUR_MS) != 0:
                    self.doubt.set()


async def watch_poll(poll: Poll, door: Door, symbols: Mapping[str, str], schedule: Schedule, world: World) -> None:
    """Read it for `symbols` (native to unified) at its own period, and soon after a stamp off schedule."""
    backoff = Backoff(world.rng, base_s=min(SOON_S, poll.every_s), cap_s=SLOWEST_RETRY_S)
    while True:
        schedule.doubt.clear()
        try:
            body = await door.get(poll.venue, poll.path, poll.params)
            now_ms = world.clock.now().mono_ms
            found = poll.parse(body, symbols, now_ms)
        except FeedError as error:
            trouble = error.trouble if isinstance(error, Unavailable) else Trouble(str(error))
            wait_s = max(backoff.next_s(), trouble.wait_s)
            now_ms = world.clock.now().mono_ms
            retry_ms = now_ms + round(wait_s * 1000)
            reason = f"no answer to {poll.path}: {trouble.reason}"
            world.emit(FeedState(poll.id, trouble.state, reason, now_ms, retry_mono_ms=retry_ms))
            await world.sleep(wait_s)
            continue
        backoff.reset()
        for update in found:
            world.emit(update)
        world.emit(FeedState(poll.id, "live", "", now_ms))
        await wait(poll.every_s, schedule.doubt, world, SOON_S)
