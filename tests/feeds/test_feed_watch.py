"""The watchdog on plain integers: no false alarm in irregular traffic, and no missed silence."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds import binance, bybit
from feeds.venue import Feed, silence_ms
from feeds.watch import Watch

BTC = "BTC/USDT:USDT"
ON_CHANGE = msgspec.structs.replace(bybit.LINEAR, socket_silence_ms=None)


@pytest.mark.parametrize(("cadence", "silence"), [(None, 60_000), (1000, 5000), (3000, 15_000), (100, 5000)])
def test_silence_by_channel_kind(cadence: int | None, silence: int) -> None:
    assert silence_ms(cadence) == silence


@pytest.mark.parametrize(("feed", "limit"), [(binance.USDM, 5_000), (ON_CHANGE, 60_000)])
@given(gaps=st.data())
def test_irregular_traffic_within_the_limit_raises_nothing(feed: Feed, limit: int, gaps: st.DataObject) -> None:
    watch, now = Watch(feed, [BTC]), 0
    watch.opened(now)
    watch.data(BTC, now)
    for gap in gaps.draw(st.lists(st.integers(1, limit - 1), max_size=40)):
        for at in range(now + 500, now + gap, 500):
            assert watch.tick(at).states == []
        now += gap
        watch.data(BTC, now)
        assert watch.state == "live"


@pytest.mark.parametrize(("feed", "limit"), [(binance.USDM, 5_000), (ON_CHANGE, 60_000)])
def test_silence_is_seen_at_the_limit(feed: Feed, limit: int) -> None:
    watch = Watch(feed, [BTC])
    watch.opened(0)
    watch.data(BTC, 0)
    assert watch.tick(limit - 1).states == []
    verdict = watch.tick(limit)
    assert [each.state for each in verdict.states] == ["stale"]
    assert verdict.resubscribe == [BTC]
    assert verdict.recycle is None
    assert watch.tick(limit + 4_999).recycle is None
    assert watch.tick(limit + 5_000).recycle is not None


def test_quarantine_survives_a_new_connection_until_data_comes() -> None:
    watch = Watch(binance.USDM, [BTC, "X/USDT:USDT"])
    watch.opened(0)
    watch.data(BTC, 1)
    watch.quarantine("X/USDT:USDT", "refused", 2)
    assert [each.symbol for each in watch.opened(1000)] == [BTC]
    assert watch.of(quarantined=True) == ["X/USDT:USDT"]
    assert watch.data("X/USDT:USDT", 1500) is not None
    assert watch.of(quarantined=True) == []


def test_a_refused_symbol_is_tried_again_every_five_minutes() -> None:
    watch = Watch(binance.USDM, [BTC, "X/USDT:USDT"])
    watch.opened(0)
    watch.quarantine("X/USDT:USDT", "refused", 2)
    asked = []
    for at in range(0, 1_000_000, 1000):
        watch.data(BTC, at)
        asked += [at for symbol in watch.tick(at).resubscribe if symbol != BTC]
    assert asked == [300_000, 600_000, 900_000]


def test_sustained_is_data_not_connection() -> None:
    watch = Watch(binance.USDM, [BTC])
    watch.opened(0)
    assert watch.sustained_ms == 0
    watch.data(BTC, 50_000)
    watch.data(BTC, 80_000)
    assert watch.sustained_ms == 30_000
    watch.opened(90_000)
    assert watch.sustained_ms == 0


def test_data_of_a_symbol_that_nobody_wanted_is_no_data() -> None:
    watch = Watch(binance.USDM, [BTC])
    watch.opened(0)
    assert watch.data("ETH/USDT:USDT", 1) is None
    assert watch.state == "subscribing"
