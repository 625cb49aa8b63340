"""An hour of irregular but healthy traffic raises no alarm on any feed; a real silence is seen at the channel's limit.

Gaps are drawn with a seed: a fixed cadence jitters and now and then misses a few beats; channels on change send in
bursts, with pauses that stay just below the limit.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest

from feeds.venue import Feed
from feeds.venues import FEEDS
from feeds.watch import Watch

HOUR_MS = 3_600_000
LOOK_MS = 500
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")

feeds = pytest.mark.parametrize("feed", FEEDS.values(), ids=FEEDS)


def gaps(feed: Feed, rng: random.Random) -> Iterator[int]:
    """Milliseconds between two frames of one symbol, for ever."""
    longest = feed.silence_ms - 1
    while True:
        if rng.random() < 0.01:
            yield rng.randint(longest // 2, longest)
        elif feed.cadence_ms is not None:
            yield max(1, round(feed.cadence_ms * rng.uniform(0.5, 1.5)))
        else:
            yield min(longest, max(1, round(rng.lognormvariate(6, 1.5))))


def arrivals(feed: Feed, rng: random.Random, until_ms: int) -> list[tuple[int, str]]:
    """When which symbol has a frame. An empty symbol is a frame without data: an answer to a ping, or the venue's."""
    found = []
    for symbol in SYMBOLS:
        at_ms = rng.randint(0, 1000)
        for gap in gaps(feed, rng):
            found.append((at_ms, symbol))
            at_ms += gap
            if at_ms >= until_ms:
                break
    if feed.socket_silence_ms is not None:
        beat_ms = feed.socket_silence_ms // 2 if feed.ping is None else round(feed.ping.every_s * 1000)
        found += [(at_ms, "") for at_ms in range(beat_ms, until_ms, beat_ms)]
    return sorted(found)


def run(watch: Watch, heard: list[tuple[int, str]], until_ms: int) -> list[str]:
    """What the watchdog complains of while these frames come in, looking twice a second."""
    complaints = []
    place = 0
    for now_ms in range(0, until_ms, LOOK_MS):
        while place < len(heard) and heard[place][0] <= now_ms:
            at_ms, symbol = heard[place]
            watch.frame(at_ms)
            if symbol:
                watch.data(symbol, at_ms)
            place += 1
        verdict = watch.tick(now_ms)
        complaints += [f"{now_ms}: {each.symbol} {each.state} {each.reason}" for each in verdict.states]
        complaints += [f"{now_ms}: subscribe again {symbol}" for symbol in verdict.resubscribe]
        complaints += [f"{now_ms}: {verdict.recycle}"] if verdict.recycle else []
    return complaints


@feeds
@pytest.mark.parametrize("seed", [1, 2])
def test_no_alarm_in_an_hour_of_irregular_traffic(feed: Feed, seed: int) -> None:
    watch = Watch(feed, SYMBOLS)
    watch.opened(0)
    heard = arrivals(feed, random.Random(seed), HOUR_MS)
    longest = max(
        later - earlier
        for symbol in SYMBOLS
        for earlier, later in pairwise([at_ms for at_ms, each in heard if each == symbol])
    )
    assert longest >= feed.silence_ms * 0.8, "the pauses come close to the limit"
    assert run(watch, heard, HOUR_MS) == []


@feeds
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_real_silence_after_it_is_seen_within_the_limit_and_a_second(feed: Feed, seed: int) -> None:
    watch = Watch(feed, SYMBOLS)
    watch.opened(0)
    ends_ms = 120_000 + seed * 7_300
    heard = arrivals(feed, random.Random(seed), ends_ms)
    silent, fell_ms = SYMBOLS[seed % 3], max(at_ms for at_ms, symbol in heard if symbol == SYMBOLS[seed % 3])
    others = [(at_ms, each) for at_ms, each in arrivals(feed, random.Random(seed + 9), ends_ms * 3) if each != silent]
    later = sorted([*(each for each in heard if each[1] == silent), *others])
    first = next(each for each in run(watch, later, ends_ms * 3) if "stale" in each or "silent" in each)
    assert silent in first
    assert fell_ms + feed.silence_ms <= int(first.split(":")[0]) <= fell_ms + feed.silence_ms + 1_000


@feeds
def test_a_socket_that_is_silent_altogether_is_recycled_within_its_limit_and_a_second(feed: Feed) -> None:
    heard = arrivals(feed, random.Random(4), 60_000)
    fell_ms, limit_ms = heard[-1][0], min(feed.socket_silence_ms or feed.silence_ms, feed.silence_ms)
    for until_ms, complains in ((fell_ms, False), (fell_ms + limit_ms + 1_000, True)):
        watch = Watch(feed, SYMBOLS)
        watch.opened(0)
        assert bool(run(watch, heard, until_ms)) is complains
