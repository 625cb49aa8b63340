"""Binance's funding intervals, which its stream does not carry: from `fundingInfo`, where absent means eight hours."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal

import msgspec
from msgspec import Struct

from feeds.clean import FeedError, ParseError, clean
from feeds.pacing import Backoff
from feeds.rest import Door, Unavailable
from feeds.stream import World
from feeds.trouble import Trouble
from hedge.market import DEFAULT_FUNDING_INTERVAL_HOURS, FeedState, Funding, FundingInterval, Update

FEED = "binance-rest"
PATH = "/fapi/v1/fundingInfo"
POLL_S = 300.0
"""Binance shortens an interval at run time, when a rate sits at its cap."""
SOON_S = 10.0
"""Between a stamp off schedule and the next look, so that a run of them is one request."""
HOUR_MS = 3_600_000


class Row(Struct):
    """One symbol whose interval or cap was ever adjusted."""

    symbol: str
    fundingIntervalHours: int


class Schedule:
    """Which interval each symbol keeps, and whether its funding stamps agree with it."""

    def __init__(self) -> None:
        self.doubt = asyncio.Event()
        """Set when a stamp moved by something else than the interval."""
        self._hours: dict[str, Decimal] = {}
        self._next_ms: dict[str, int] = {}

    def keeps(self, symbol: str, hours: Decimal) -> None:
        self._hours[symbol] = hours

    def note(self, update: Update) -> None:
        """Look at one update of the price stream."""
        if not isinstance(update, Funding) or update.next_ms is None:
            return
        before = self._next_ms.get(update.symbol, update.next_ms)
        self._next_ms[update.symbol] = update.next_ms
        hours = self._hours.get(update.symbol)
        if hours is not None and (update.next_ms - before) % (hours * HOUR_MS) != 0:
            self.doubt.set()


def intervals(body: bytes, symbols: Mapping[str, str]) -> dict[str, Decimal]:
    """Hours by unified symbol, from a `fundingInfo` body. Raises ParseError."""
    try:
        rows = msgspec.json.decode(body, type=list[Row])
    except (ValueError, RecursionError) as error:
        raise ParseError(f"not Binance's fundingInfo: {clean(str(error), 120)}") from None
    adjusted = {row.symbol: row.fundingIntervalHours for row in rows}
    hours = {}
    for native, symbol in symbols.items():
        value = Decimal(adjusted.get(native, int(DEFAULT_FUNDING_INTERVAL_HOURS)))
        if not 0 < value <= 24:
            raise ParseError(f"a funding interval of {value} h for {symbol}")
        hours[symbol] = value
    return hours


async def watch_intervals(door: Door, symbols: Mapping[str, str], schedule: Schedule, world: World) -> None:
    """Read the intervals of `symbols` (native to unified) every five minutes, and soon after a stamp off schedule."""
    backoff = Backoff(world.rng, base_s=SOON_S, cap_s=POLL_S)
    while True:
        schedule.doubt.clear()
        try:
            hours = intervals(await door.get("binance", PATH), symbols)
        except FeedError as error:
            trouble = error.trouble if isinstance(error, Unavailable) else Trouble(str(error))
            wait_s = max(backoff.next_s(), trouble.wait_s)
            now_ms = world.clock.now().mono_ms
            retry_ms = now_ms + round(wait_s * 1000)
            reason = f"no funding intervals: {trouble.reason}"
            world.emit(FeedState(FEED, trouble.state, reason, now_ms, retry_mono_ms=retry_ms))
            await world.sleep(wait_s)
            continue
        backoff.reset()
        now_ms = world.clock.now().mono_ms
        for symbol, value in hours.items():
            schedule.keeps(symbol, value)
            world.emit(FundingInterval("binance-usdm", symbol, value, "binance fundingInfo", now_ms))
        world.emit(FeedState(FEED, "live", "", now_ms))
        await wait_or_doubt(schedule, world)


async def wait_or_doubt(schedule: Schedule, world: World) -> None:
    """Until the next poll is due; shorter when a stamp came off schedule."""
    await world.sleep(SOON_S)
    async with asyncio.TaskGroup() as group:
        nap = group.create_task(_nap(world))
        doubt = group.create_task(schedule.doubt.wait())
        await asyncio.wait({nap, doubt}, return_when=asyncio.FIRST_COMPLETED)
        nap.cancel()
        doubt.cancel()


async def _nap(world: World) -> None:
    await world.sleep(POLL_S - SOON_S)
