"""F18, F23, F24: whatever a venue sends, every parser of the registries says what can be believed, or ParseError."""

from __future__ import annotations

import gzip
from typing import Any

import msgspec
import pytest
from hostile import (
    CORPUS,
    EVERY,
    VALUES,
    captured,
    check,
    hostile,
    long_run,
    natives,
    real_body,
    real_frames,
    shapes,
    spoiled,
    survives,
    survives_body,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.venue import Feed, Poll
from feeds.venues import FEEDS, POLLS
from hedge.market import Index, Mark, Spot

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=long_run(150, 20_000), deadline=None, suppress_health_check=list(HealthCheck))
ANYTHING = st.text(max_size=60) | st.binary(max_size=60) | st.sampled_from(VALUES)

feeds = pytest.mark.parametrize("feed", EVERY.values(), ids=EVERY)
polls = pytest.mark.parametrize("poll", POLLS, ids=[poll.id for poll in POLLS])


def campaign(feed: Feed, data: st.DataObject) -> None:
    """A connection that hears real frames, spoiled frames and noise in any order."""
    frames = real_frames(feed.id)
    likely = hostile(frames) | st.sampled_from(frames) if frames else ANYTHING
    survives(feed, data.draw(st.lists(likely | ANYTHING, min_size=1, max_size=6)))


def poll_campaign(poll: Poll, data: st.DataObject) -> None:
    body = real_body(poll.id)
    noise = ANYTHING.map(lambda each: each.encode(errors="replace") if isinstance(each, str) else each)
    text = hostile((body.decode(),)).map(lambda each: each.encode(errors="replace") if isinstance(each, str) else each)
    survives_body(poll, data.draw(text | noise if body else noise))


@feeds
def test_f18_f23_f24_every_place_of_every_frame_with_every_hostile_value(feed: Feed) -> None:
    """Each spoiled frame meets a connection that has heard what came before it."""
    frames = real_frames(feed.id)
    richest = sorted(shapes(frames), key=lambda shape: -len(shape[1]))[:4]
    for number, text in richest:
        packed = isinstance(frames[number], bytes)
        before = frames[max(0, number - 4) : number]
        for new in spoiled(text):
            survives(feed, [*before, gzip.compress(new.encode(), 1) if packed else new])
    assert richest


@polls
def test_f18_f23_f24_every_place_of_every_body_with_every_hostile_value(poll: Poll) -> None:
    body = real_body(poll.id)
    rows = shortened(msgspec.json.decode(body))
    for new in spoiled(msgspec.json.encode(rows).decode()):
        survives_body(poll, new.encode())


def shortened(value: Any) -> Any:
    """A body with at most two rows in any of its lists."""
    if isinstance(value, dict):
        return {key: shortened(inner) for key, inner in value.items()}
    return [shortened(inner) for inner in value[:2]] if isinstance(value, list) else value


@feeds
@given(data=st.data())
@QUICK
def test_f18_no_frame_brings_more_than_parse_errors(feed: Feed, data: st.DataObject) -> None:
    campaign(feed, data)


@polls
@given(data=st.data())
@QUICK
def test_f18_no_body_brings_more_than_parse_errors(poll: Poll, data: st.DataObject) -> None:
    poll_campaign(poll, data)


@pytest.mark.soak
@feeds
@given(data=st.data())
@LONG
def test_f18_a_campaign_of_frames(feed: Feed, data: st.DataObject) -> None:
    campaign(feed, data)


@pytest.mark.soak
@polls
@given(data=st.data())
@LONG
def test_f18_a_campaign_of_bodies(poll: Poll, data: st.DataObject) -> None:
    poll_campaign(poll, data)


@feeds
def test_f18_every_feed_has_real_frames_to_spoil_and_they_are_all_read(feed: Feed) -> None:
    """The fuzz is worth nothing where the parser never gets past its first look."""
    symbols = natives(feed)
    frames = real_frames(feed.id)
    assert frames, f"no simulated exchange plays {feed.id}"
    parser = feed.parser(symbols)
    said = [each for frame in frames for each in parser.parse(frame, 1)]
    check(said, symbols, 1)
    assert any(isinstance(each, Mark | Index | Spot) for each in said)


@polls
def test_f18_every_poll_has_a_real_body_to_spoil(poll: Poll) -> None:
    symbols = natives(FEEDS[poll.feed])
    said = poll.parse(real_body(poll.id), symbols, 1)
    assert said
    check(said, symbols, 1)


@feeds
def test_f18_the_corpus_of_hostile_frames(feed: Feed) -> None:
    """Each file is one frame; it meets a new connection, and one that lives."""
    paths = sorted(CORPUS.iterdir())
    assert len(paths) >= 40
    for path in paths:
        data = path.read_bytes()
        for frame in (data, data.decode(errors="surrogateescape")):
            survives(feed, [frame])
            survives(feed, [*real_frames(feed.id)[:20], frame, frame])


@polls
def test_f18_the_corpus_as_bodies(poll: Poll) -> None:
    for path in sorted(CORPUS.iterdir()):
        survives_body(poll, path.read_bytes())


@pytest.mark.skipif(not captured(), reason="no captured venue messages: set HEDGETUI_WIRE to their folder")
@feeds
def test_f18_captured_messages_of_every_venue_meet_every_parser(feed: Feed) -> None:
    survives(feed, list(captured()))


@pytest.mark.soak
@pytest.mark.skipif(not captured(), reason="no captured venue messages: set HEDGETUI_WIRE to their folder")
@feeds
@given(data=st.data())
@LONG
def test_f18_a_campaign_of_spoiled_captures(feed: Feed, data: st.DataObject) -> None:
    survives(feed, data.draw(st.lists(hostile(captured()), min_size=1, max_size=4)))
