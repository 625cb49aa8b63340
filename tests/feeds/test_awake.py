"""After a sleep of the machine nothing is believed: every socket goes, every value is unknown, all at once."""

from __future__ import annotations

import pytest
from feeds_kit import WALL_MS, FakeTime, Peer, Rig, mark_frame, until
from test_sockets import Session, tell

from feeds import binance
from feeds.awake import Awake
from hedge.market import Dropped, Instant, Mark, Want, Woke

BTC = "BTC/USDT:USDT"
NIGHT_MS = 8 * 3_600_000


def test_a_gap_between_two_looks_is_a_nap() -> None:
    awake, told = Awake(), []
    awake.on_nap.append(lambda now_ms, slept_ms: told.append((now_ms, slept_ms)))
    for now_ms in (0, 500, 10_500, 11_000):
        assert awake.look(now_ms) == 0
    assert awake.look(11_000 + NIGHT_MS) == 1
    assert awake.look(11_500 + NIGHT_MS) == 1
    assert told == [(11_000 + NIGHT_MS, NIGHT_MS)]


async def test_after_a_night_everything_is_unknown_before_anything_new_is_read() -> None:
    async with Peer() as peer, Session(peer, Want("binance", BTC)) as session:
        await until(lambda: len(peer.sockets) == 1)
        await tell(peer, session.time, "BTCUSDT")
        await session.time.advance(3)
        await tell(peer, session.time, "BTCUSDT")
        session.ear.clear()
        session.time.mono_ms += NIGHT_MS
        await tell(peer, session.time, "BTCUSDT")
        woke = session.ear.updates[0]
        assert isinstance(woke, Woke)
        assert NIGHT_MS <= woke.slept_ms <= NIGHT_MS + 1000
        dropped = session.ear.values(Dropped)
        assert [(each.symbol, each.fields) for each in dropped if isinstance(each, Dropped)] == [
            (BTC, ("mark", "index", "spot", "funding"))
        ]
        assert session.ear.values(Mark) == [], "what the old socket still held is not read"
        await until(lambda: any(each.state == "stale" for each in session.ear.symbol(BTC)))
        assert "this machine slept for 28800 s" in session.ear.symbol(BTC)[-1].reason
        await session.time.advance(3)
        await until(lambda: len(peer.sockets) == 1)
        await tell(peer, session.time, "BTCUSDT")
        assert session.ear.symbol(BTC)[-1].state == "live"
        assert peer.dials == 2


async def test_a_sleep_is_noticed_without_a_frame_and_without_a_ping() -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC]) as rig:
        await peer.send(mark_frame("BTCUSDT"))
        await rig.time.advance(1)
        rig.time.mono_ms += NIGHT_MS
        await rig.time.advance(1)
        await until(lambda: rig.ear.last_feed.state == "backing_off")
        last = rig.ear.last_feed
        assert "this machine slept" in last.reason
        assert last.retry_mono_ms is not None
        assert last.retry_mono_ms - rig.time.mono_ms <= 2000


@pytest.mark.parametrize("jump_ms", [3_600_000, -3_600_000])
async def test_a_jump_of_the_wall_clock_changes_nothing(jump_ms: int) -> None:
    class Jumping(FakeTime):
        off_ms = 0

        def now(self) -> Instant:
            return Instant(self.mono_ms, WALL_MS + self.mono_ms + self.off_ms)

    time = Jumping()
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC], time) as rig:
        for second in range(20):
            time.off_ms = jump_ms if second > 9 else 0
            await time.advance(1)
            await peer.send(mark_frame("BTCUSDT", at_ms=WALL_MS + time.mono_ms))
        assert peer.dials == 1
        assert [each.state for each in rig.ear.symbol(BTC)] == ["waiting", "live"]
        assert [each.state for each in rig.ear.feed_states] == ["idle", "dialling", "subscribing", "live"]
