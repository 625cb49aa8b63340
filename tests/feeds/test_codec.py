"""Compressed frames: whole, limited, and nothing but ParseError for everything else."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.clean import ParseError
from feeds.codec import MAX_OPENED, gunzip


@given(st.binary(max_size=300))
def test_what_was_packed_comes_out(data: bytes) -> None:
    assert gunzip(gzip.compress(data)) == data


def test_a_frame_of_the_largest_size_is_opened() -> None:
    assert len(gunzip(gzip.compress(bytes(MAX_OPENED)))) == MAX_OPENED


@pytest.mark.parametrize("size", [MAX_OPENED + 1, 40 * MAX_OPENED])
def test_a_bomb_is_refused_without_being_opened(size: int) -> None:
    with pytest.raises(ParseError, match="more than 1024 KiB"):
        gunzip(gzip.compress(bytes(size)))


def test_a_limit_is_kept_to_the_byte() -> None:
    assert gunzip(gzip.compress(b"12345", mtime=0), 5) == b"12345"
    with pytest.raises(ParseError):
        gunzip(gzip.compress(b"12345", mtime=0), 4)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (b"", "breaks off"),
        (b"Ping", "not a gzip frame"),
        (gzip.compress(b"something longer than a header", mtime=0)[:-6], "breaks off"),
        (gzip.compress(b"one", mtime=0)[:4], "breaks off"),
        (gzip.compress(b"one", mtime=0) + gzip.compress(b"two", mtime=0), "something behind"),
        (gzip.compress(b"one", mtime=0)[:-8] + bytes(8), "not a gzip frame"),
    ],
)
def test_broken_frames_say_what_is_wrong(frame: bytes, words: str) -> None:
    with pytest.raises(ParseError, match=words):
        gunzip(frame)


@given(st.binary(max_size=60), st.integers(0, 30))
def test_only_parse_errors_come_out(junk: bytes, cut: int) -> None:
    for frame in (junk, gzip.compress(junk)[cut:], gzip.compress(junk)[:-cut], b"\x1f\x8b\x08" + junk):
        try:
            gunzip(frame)
        except ParseError:
            continue
