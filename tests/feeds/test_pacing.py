"""How politely hosts are dialled."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.pacing import Backoff, Host, Hosts, host_of, is_loopback, shown


@given(st.integers())
def test_equal_jitter_doubles_to_its_cap(seed: int) -> None:
    backoff = Backoff(random.Random(seed))
    for bound in (2, 4, 8, 16, 32, 60, 60, 60):
        assert bound / 2 <= backoff.next_s() <= bound
    backoff.reset()
    assert backoff.next_s() <= 2


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=300))
def test_no_more_than_a_burst_and_one_in_ten_seconds(gaps: list[int]) -> None:
    host, now, taken = Host(), 1_000, []
    for gap in gaps:
        now += gap
        if host.take(now) == 0:
            taken.append(now)
    for start in range(len(taken)):
        for end in range(start, len(taken)):
            assert end - start + 1 <= 6 + (taken[end] - taken[start]) / 10_000 + 1e-9


def test_the_wait_that_it_names_is_enough() -> None:
    host, now = Host(), 0
    for _ in range(6):
        assert host.take(now) == 0
    wait = host.take(now)
    assert wait == 10_000
    assert host.take(now + wait - 1) > 0
    assert host.take(now + wait) == 0


def test_a_ban_outlasts_a_full_bucket_and_a_shorter_ban() -> None:
    host = Host()
    host.ban(0, 30_000)
    host.ban(0, 5_000)
    assert host.take(10_000) == 20_000
    assert host.take(30_000) == 0
    host.ban(0, 10**12)
    assert host.banned_ms(0) == 86_400_000


@pytest.mark.parametrize(
    ("url", "host", "loopback"),
    [
        ("wss://fstream.binance.com/market/ws", "fstream.binance.com", False),
        ("wss://stream.binance.com:9443/ws", "stream.binance.com:9443", False),
        ("https://name:secret@API.bybit.com/v5", "api.bybit.com", False),
        ("ws://127.0.0.1:8080/x", "127.0.0.1:8080", True),
        ("http://localhost:1/", "localhost:1", True),
        ("http://[::1]:1/", "::1:1", True),
        ("http://127.evil.example/", "127.evil.example", False),
        ("http://x:notaport/", "?", False),
        ("nonsense", "?", False),
    ],
)
def test_hosts_by_address(url: str, host: str, loopback: bool) -> None:
    assert host_of(url) == host
    assert is_loopback(url) is loopback


def test_an_address_is_shown_without_what_may_be_secret() -> None:
    assert shown("wss://name:secret@a.example:9443/ws/x?token=1#f") == "wss://a.example:9443/ws/x"


def test_one_host_for_all_its_paths() -> None:
    hosts = Hosts()
    assert hosts.of("wss://a.example/x") is hosts.of("wss://a.example/y")
    assert hosts.of("wss://a.example/x") is not hosts.of("wss://b.example/x")
