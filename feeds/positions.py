"""What public addresses hold, asked of their venue every few seconds. No key is needed, and none is ever used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from feeds import hyperliquid
from feeds.clean import FeedError
from feeds.pacing import Backoff
from feeds.rest import Door, Unavailable
from feeds.trouble import Trouble
from feeds.venue import Addresses
from feeds.world import World
from hedge.market import FeedState, Want

READERS: Mapping[str, Addresses] = {"hyperliquid": hyperliquid.ACCOUNTS}
"""By venue."""

EVERY_S = 10.0
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
    reader, backoff = READERS[venue], Backoff(world.rng, base_s=FIRST_RETRY_S, cap_s=SLOWEST_RETRY_S)
    while True:
        troubles = [
            trouble for address in addresses if (trouble := await read(venue, reader, address, door, world)) is not None
        ]
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


async def read(venue: str, reader: Addresses, address: str, door: Door, world: World) -> Trouble | None:
    """Ask for one address and tell of it; why that did not work, None where it did."""
    try:
        body = await door.post(venue, reader.path, reader.question(address))
        world.emit(reader.parse(body, address, world.clock.now()))
    except FeedError as error:
        trouble = error.trouble if isinstance(error, Unavailable) else Trouble(str(error))
        reason = f"the positions of {address[:6]}…{address[-4:]} cannot be read: {trouble.reason}"
        return Trouble(reason, trouble.state, trouble.wait_s)
    return None
