"""F33: frames that come twice, late or in another order change nothing that a newer one said."""

from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal

import pytest
from feeds_kit import Peer, Rig, until
from hostile import EVERY, OTHER, Frame, natives, real_frames
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from feeds import binance
from feeds.clean import EARLIEST_MS, ParseError
from feeds.venue import Feed, Said
from hedge.market import Funding, Index, Mark, Spot

Key = tuple[str, str]
UNTIMED = (OTHER.id, "hyperliquid")
"""Feeds whose frames name neither time nor number: what arrives last is believed; a connection keeps its order."""
TIMED = {name: feed for name, feed in EVERY.items() if name not in UNTIMED}
SECOND_VOICE = {"mexc-futures": "push.ticker"}
"""A channel that repeats what others say with a clock of its own: each channel has its own order."""
QUICK = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))

feeds = pytest.mark.parametrize("feed", TIMED.values(), ids=TIMED)


def frames_of(feed: Feed) -> list[Frame]:
    """Its frames of one voice; where deltas build on snapshots, those come first, since a snapshot starts over."""
    voice = SECOND_VOICE.get(feed.id, "no such channel")
    frames = [each for each in real_frames(feed.id)[:250] if isinstance(each, bytes) or voice not in each]
    return sorted(frames, key=lambda each: feed.deltas and '"snapshot"' not in str(each))


def heard(feed: Feed, frames: list[Frame]) -> list[Mark | Index | Spot | Funding]:
    """All values of one connection that hears these, in the order in which they were believed."""
    parser, found = feed.parser(natives(feed)), []
    for at_ms, frame in enumerate(frames):
        try:
            said = parser.parse(frame, at_ms)
        except ParseError:
            continue
        found += [each for each in said if isinstance(each, Mark | Index | Spot | Funding)]
    return found


def final(values: list[Mark | Index | Spot | Funding]) -> dict[Key, Decimal | None]:
    return {
        (type(each).__name__, each.symbol): each.rate if isinstance(each, Funding) else each.price for each in values
    }


def shuffled(frames: list[Frame], seed: int, reach: int) -> list[Frame]:
    """Some frames twice, and each at most about `reach` places away from its own; acks and snapshots stay first."""
    rng = random.Random(seed)
    first = max([8, *(place + 1 for place, each in enumerate(frames) if '"snapshot"' in str(each))])
    head, tail = frames[:first], [frame for frame in frames[first:] for _ in range(rng.choice((1, 1, 2)))]
    placed = sorted(enumerate(tail), key=lambda each: each[0] + rng.uniform(0, reach))
    return head + [frame for _, frame in placed]


@feeds
@given(seed=st.integers(0, 10_000), reach=st.sampled_from((2, 10, 200)))
@QUICK
def test_f33_what_was_believed_never_goes_back_in_time(feed: Feed, seed: int, reach: int) -> None:
    newest: dict[Key, int] = {}
    for each in heard(feed, shuffled(frames_of(feed), seed, reach)):
        if each.venue_ms is not None:
            key = type(each).__name__, each.symbol
            assert each.venue_ms >= newest.get(key, 0)
            newest[key] = each.venue_ms


@feeds
@given(seed=st.integers(0, 10_000), reach=st.sampled_from((2, 10, 200)))
@QUICK
def test_f33_any_order_leads_to_the_same_figures(feed: Feed, seed: int, reach: int) -> None:
    frames = frames_of(feed)
    again = frames if feed.deltas else []  # a delta out of order is refused, and a new snapshot is asked for
    assert final(heard(feed, [*shuffled(frames, seed, reach), *again])) == final(heard(feed, frames))


@feeds
def test_f33_twice_is_once(feed: Feed) -> None:
    frames = frames_of(feed)
    assert final(heard(feed, [frame for frame in frames for _ in range(2)])) == final(heard(feed, frames))


class Plain:
    """A parser that believes everything: `symbol time price`."""

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self._symbols = symbols

    def parse(self, frame: str | bytes, at_mono_ms: int) -> list[Said]:
        native, time_ms, price = str(frame).split()
        return [Mark("plain", self._symbols[native], Decimal(price), at_mono_ms, 60_000, EARLIEST_MS + int(time_ms))]


async def test_f33_the_supervisor_itself_passes_nothing_overtaken_on_whatever_a_parser_says() -> None:
    """And each new connection starts anew: a venue whose clock was put back is not silent for ever."""
    plain = structs.replace(binance.USDM, id="plain", parser=Plain)
    async with Peer() as peer, Rig(plain, peer.url, ["BTC/USDT:USDT", "ETH/USDT:USDT"]) as rig:
        await until(lambda: bool(peer.heard))
        await peer.send("BTCUSDT 10 100", "BTCUSDT 9 99", "ETHUSDT 5 50", "BTCUSDT 10 101", "BTCUSDT 11 102")
        marks = [each for each in rig.ear.values(Mark) if isinstance(each, Mark)]
        assert [int(each.price) for each in marks] == [100, 50, 101, 102]
        peer.sockets[0].transport.abort()
        await until(lambda: rig.ear.last_feed.state == "backing_off")
        await rig.time.advance(3)
        await until(lambda: bool(peer.sockets))
        await peer.send("BTCUSDT 1 7")
        await until(lambda: len(rig.ear.values(Mark)) == 5)
