"""F18, F23, F24 for recordings: a file from anywhere is read, or refused in a sentence."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desk import SOL
from hostile import inert, long_run, mutated, natives, real_body, real_frames, spoiled, torn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tapes import Tape

from feeds.recording import Recording, RecordingError
from feeds.venues import FEEDS, POLLS
from hedge.market import Funding, FundingInterval, Index, Mark, Spot

SLOW = settings(max_examples=long_run(150, 5_000), deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def lines(tmp_path: Path) -> list[bytes]:
    """A recording that the recorder itself wrote, and lines of every other kind."""
    tape = Tape(tmp_path / "tape.jsonl").facts()
    tape.say("live")
    for second in range(3):
        tape.price(str(142 + second)).go(1)
    made = tape.done().read_bytes().splitlines()
    last = json.loads(made[-1])
    when = {"t": last["t"], "m": last["m"]}
    feed, poll = FEEDS["bingx-swap"], next(each for each in POLLS if each.id == "bingx-rest")
    packed = next(each for each in real_frames(feed.id) if isinstance(each, bytes))
    more: list[dict[str, Any]] = [
        {**when, "feed": feed.id, "connection": 9, "symbols": natives(feed)},
        {**when, "feed": feed.id, "connection": 9, "base64": base64.b64encode(packed).decode()},
        {**when, "feed": poll.feed, "poll": poll.path, "symbols": natives(feed), "text": real_body(poll.id).decode()},
        {**when, "said": {"type": "Funding", "feed": "x", "symbol": SOL, "rate": "0.1", "next_ms": 1, "at_mono_ms": 1}},
    ]
    return [*made, *(json.dumps(each).encode() for each in more)]


def survives(path: Path, lines: list[bytes]) -> int:
    """How many moments were read before the end, or before the sentence that refuses the rest."""
    path.write_bytes(b"\n".join(lines) + b"\n")
    count = 0
    try:
        for moment in Recording(path).moments():
            count += 1
            for each in moment.said:
                match each:
                    case Mark() | Index() | Spot():
                        assert each.price.is_finite()
                        assert each.price > 0
                    case Funding() | FundingInterval():
                        inert(each.symbol)
    except RecordingError as error:
        assert "\x1b" not in str(error)
        assert len(str(error)) < 600
    return count


def some(text: str) -> Iterator[bytes]:
    """Every seventh spoiled form of a line: the others differ in the value alone."""
    yield from (new.encode() for number, new in enumerate(spoiled(text)) if number % 7 == 0 and len(new) < 50_000)


def test_f18_each_line_of_a_recording_with_hostile_values(lines: list[bytes], tmp_path: Path) -> None:
    path = tmp_path / "spoiled.jsonl"
    assert survives(path, lines) > 5
    for number, line in enumerate(lines[1:], 1):
        for new in some(line.decode()):
            survives(path, [*lines[:number], new, *lines[number + 1 :]])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"\x00" * 100,
        b"[" * 100_000,
        gzip.compress(b'{"schema":"hedgetui.recording/1"}'),
        b'{"schema":"hedgetui.recording/1"}',
        b'{"schema":"hedgetui.recording/999","t":1,"m":1}',
        b'{"schema":"hedgetui.recording/1","build":"\x1b[2J","t":NaN,"m":1e999,"portfolio":{}}',
        b"\xff\xfe" + "{}".encode("utf-16-le"),
    ],
    ids=["empty", "blank", "nul", "deep", "packed", "no more", "newer", "no numbers", "utf-16"],
)
def test_f18_what_is_no_recording_is_refused_in_a_sentence(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "none.jsonl"
    path.write_bytes(data)
    with pytest.raises(RecordingError) as refused:
        list(Recording(path).moments())
    assert str(path) in str(refused.value)
    assert "\x1b" not in str(refused.value)


@pytest.mark.soak
@given(data=st.data())
@SLOW
def test_f18_a_campaign_of_recordings(lines: list[bytes], tmp_path: Path, data: st.DataObject) -> None:
    number = data.draw(st.integers(1, len(lines) - 1))
    line = lines[number]
    new = data.draw(mutated(line.decode()).map(lambda text: text.encode(errors="replace")) | torn(line))
    survives(tmp_path / "spoiled.jsonl", [*lines[:number], new, *lines[number + 1 :]])
