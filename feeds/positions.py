"""What public addresses hold, asked of their venue every few seconds. No key is needed, and none is ever used.

Where an account is margined with more than its answer shows, or nobody knows, its wallet is left out: not known.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from feeds import hyperliquid
from feeds.clean import FeedError
from feeds.pacing import Backoff
from feeds.rest import Door, Unavailable
from feeds.trouble import Trouble
from feeds.venue import Addresses
from feeds.world import World
from hedge.market import FeedState, Want

LOG = logging.getLogger("hedgetui.feeds")

READERS: Mapping[str, Addresses] = {"hyperliquid": hyperliquid.ACCOUNTS}
"""By venue."""

EVERY_S = 10.0
KIND_EVERY_MS = 300_000
"""How long it is believed how an account is margined."""
KIND_RETRY_MS = 60_000
"""Where that brought no answer; what an address holds is read meanwhile."""
FIRST_RETRY_S = 5.0
SLOWEST_RETRY_S = 60.0


def holders(wants: Iterable[Want]) -> dict[str, list[str]]:
    """The wanted addresses, by venue."""
    found: dict[str, list[str]] = {}
    for want in wants:
        if want.address and want.venue in READERS:
            found.setdefault(want.venue, []).append(want.address)
    return found


async def watch_positions(venue: str, addresses: Sequence[str], door: Door, world: World) -> None:
    """Ask for each address in turn, at once and then at its own period; one that fails does not hold the others up."""
    backoff = Backoff(world.rng, base_s=FIRST_RETRY_S, cap_s=SLOWEST_RETRY_S)
    asked = [Address(venue, address, door, world) for address in addresses]
    while True:
        troubles = [trouble for each in asked if (trouble := await each.read()) is not None]
        now_ms, name = world.clock.now().mono_ms, f"{venue}-positions"
        if not troubles:
            backoff.reset()
            world.emit(FeedState(name, "live", "", now_ms))
            await world.sleep(EVERY_S)
            continue
        worst = max(troubles, key=lambda trouble: (trouble.state == "blocked", trouble.wait_s))
        wait_s = max(backoff.next_s(), worst.wait_s)
        world.emit(FeedState(name, worst.state, worst.reason, now_ms, retry_mono_ms=now_ms + round(wait_s * 1000)))
        await world.sleep(wait_s)


class Address:
    """One address, and how its account is margined."""

    def __init__(self, venue: str, address: str, door: Door, world: World) -> None:
        self._venue = venue
        self._reader = READERS[venue]
        self._address = address
        self._door = door
        self._world = world
        self._whole = False
        self._ask_ms: int | None = None
        """When to ask how it is margined, monotonic; None: at once."""

    async def read(self) -> Trouble | None:
        """Ask what it holds and tell of it; why that did not work, None where it did."""
        reader = self._reader
        try:
            body = await self._door.post(self._venue, reader.path, reader.question(self._address))
            read = reader.parse(body, self._address, self._world.clock.now())
        except FeedError as error:
            return self._trouble(error)
        await self._look_at_kind()
        self._world.emit(read if self._whole else replace(read, collateral={}))
        return None

    async def _look_at_kind(self) -> None:
        """Ask now and then how it is margined; what was known before stands until then."""
        now_ms = self._world.clock.now().mono_ms
        if self._ask_ms is not None and now_ms < self._ask_ms:
            return
        try:
            body = await self._door.post(self._venue, self._reader.path, self._reader.kind(self._address))
            self._whole = self._reader.whole(body)
            self._ask_ms = now_ms + KIND_EVERY_MS
        except FeedError as error:
            LOG.warning("%s does not say how %s is margined: %s", self._venue, self._address, error)
            self._ask_ms = now_ms + KIND_RETRY_MS

    def _trouble(self, error: FeedError) -> Trouble:
        trouble = error.trouble if isinstance(error, Unavailable) else Trouble(str(error))
        short = f"{self._address[:6]}…{self._address[-4:]}"
        return Trouble(f"the positions of {short} cannot be read: {trouble.reason}", trouble.state, trouble.wait_s)
