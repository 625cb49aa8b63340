"""F54: ten thousand updates a second. Nothing is queued but the newest of each key, and memory does not grow.

How fast it can be is measured in `bench/`; here is asserted that a flood leaves nothing behind.
"""

from __future__ import annotations

import gc
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from desk import FEED, SOL, Desk
from feeds_kit import WALL_MS, Peer, Rig, mark_frame, until
from hostile import long_run
from msgspec.structs import replace

from feeds import binance
from hedge.market import Index, Mark
from hedge.snapshot import PositionRow

PER_S = 10_000
GROWTH = 24 * 2**20
"""Bytes of resident memory that a flood may add at most, whatever its length: buffers of the first second."""


def resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def flood_the_watch(seconds: int) -> None:
    """So many seconds of ten thousand marks and indices a second, with the heartbeat that a monitor has."""
    desk = Desk()
    desk.run(5)
    mark = Decimal(142)
    before = None
    for second in range(seconds):
        for tick in range(PER_S // 2):
            at_ms = desk.clock.now().mono_ms
            mark = Decimal(142) + Decimal((second * 31 + tick) % 100) / 100
            desk.tell(Mark(FEED, SOL, mark, at_ms, 60_000), Index(FEED, SOL, mark, at_ms, 60_000))
            if tick % (PER_S // 20) == 0:
                desk.clock.go(0.1)
                desk.watch.tick()
        if before is None:
            before = resident()
    leg: PositionRow = desk.watch.snapshot().positions[0]
    assert leg.mark == mark, "the newest is what counts"
    assert before is not None
    assert resident() - before < GROWTH
    assert desk.watch.snapshot().alerts == ()


def test_f54_two_seconds_of_ten_thousand_updates_leave_nothing_behind() -> None:
    flood_the_watch(2)


@pytest.mark.soak
def test_f54_a_minute_of_ten_thousand_updates_leaves_nothing_behind() -> None:
    flood_the_watch(long_run(10, 60))


async def flood_a_socket(frames: int) -> None:
    """So many frames of fifty symbols over a real socket, as fast as it takes them."""
    symbols = [f"X{number}/USDT:USDT" for number in range(50)]
    newest: dict[str, Decimal] = {}
    count = 0

    def emit(update: object) -> None:
        nonlocal count
        if isinstance(update, Mark):
            count += 1
            newest[update.symbol] = update.price

    async with Peer() as peer:
        rig = Rig(binance.USDM, peer.url, symbols)
        rig.world = rig.stream.world = replace(rig.world, emit=emit)
        async with rig:
            await until(lambda: bool(peer.heard))
            before = 0
            for number in range(frames):
                frame = mark_frame(f"X{number % 50}USDT", str(100 + number % 977), WALL_MS + number)
                await peer.sockets[0].send(msgspec.json.encode(frame), text=True)
                if number == min(frames // 2, PER_S):
                    before = resident()
            await until(lambda: count == frames)
            assert resident() - before < GROWTH
        last = {f"X{number % 50}/USDT:USDT": Decimal(100 + number % 977) for number in range(frames)}
        assert newest == last, "every symbol ends at its newest price"
        assert peer.dials == 1


async def test_f54_a_socket_that_is_flooded_loses_nothing_and_keeps_nothing() -> None:
    await flood_a_socket(10_000)


@pytest.mark.soak
async def test_f54_a_socket_that_is_flooded_for_long_loses_nothing_and_keeps_nothing() -> None:
    await flood_a_socket(long_run(50_000, 600_000))
