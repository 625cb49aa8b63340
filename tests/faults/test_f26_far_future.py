"""F26: a frame from the far future makes all that follow look overtaken; it costs its connection, never the feed."""

from __future__ import annotations

from feeds_kit import WALL_MS, Peer, Rig, mark_frame, until

from feeds import binance
from hedge.market import Mark

BTC = "BTC/USDT:USDT"
YEARS_MS = 50 * 365 * 86_400_000


async def test_f26_after_one_frame_from_the_far_future_the_feed_is_back_within_twenty_seconds() -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC]) as rig:
        await until(lambda: bool(peer.heard))
        for second in range(30):
            shift_ms = YEARS_MS if second == 5 else 0
            frame = mark_frame("BTCUSDT", str(100 + second), WALL_MS + rig.time.mono_ms + shift_ms)
            await peer.send(frame)
            await rig.time.advance(1)
            if second == 11:
                assert rig.ear.symbol(BTC)[-1].state == "stale", "what is not believed is not called live"
        assert rig.ear.symbol(BTC)[-1].state == "live"
        assert peer.dials == 2
        last = rig.ear.values(Mark)[-1]
        assert isinstance(last, Mark)
        assert last.price == 129
