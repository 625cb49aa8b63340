"""`hedgetui venues` and `hedgetui feeds`: what can be read, and how the reading goes, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from household import Home
from shell import Shell

from feeds.venues import FEEDS, VENUES
from hedge.snapshot import FeedRow
from monitor.feed_commands import feeds_text


@pytest.fixture
def shell(home: Home, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    home.no_network()
    yield Shell(home, capsys)


def test_every_venue_says_where_its_figures_come_from(shell: Shell) -> None:
    printed = shell("venues", "--json")
    assert (printed.code, printed.err) == (0, "")
    rows: list[dict[str, Any]] = printed.json["venues"]
    assert [row["venue"] for row in rows] == list(VENUES)
    assert sorted(feed for row in rows for feed in row["feeds"]) == sorted(FEEDS)
    for row in rows:
        assert all(row[what] for what in ("mark", "index", "funding", "interval")), row["venue"]
        assert len(row["limits"]) == len(row["feeds"])
    found = {row["venue"]: row for row in rows}
    assert "REST" in found["bingx"]["index"]
    assert found["bybit"]["interval"] == "stream"
    assert found["binance"]["interval"] == "REST every 300 s"
    assert found["binance"]["tiers"] == ""
    assert "gate" in printed.json["ccxt"]
    assert not set(printed.json["ccxt"]) & set(VENUES)


def test_the_venues_as_text(shell: Shell) -> None:
    lines = shell("venues").out.splitlines()
    assert lines[0].split() == ["VENUE", "MARK", "INDEX", "FUNDING", "INTERVAL", "SPOT", "TIERS"]
    assert [line.split()[0] for line in lines[1 : 1 + len(VENUES)]] == list(VENUES)
    assert any(line.startswith("binance-usdm: ") and "stale after 5 s" in line for line in lines)
    assert max(len(line) for line in lines) <= 120


def test_feeds_without_a_network_say_why_and_the_code_is_3(shell: Shell) -> None:
    printed = shell("feeds", "book.json", "--wait", "4")
    assert printed.code == 3
    head, *lines = printed.out.splitlines()
    assert head.split() == ["FEED", "STATE", "AGE", "s", "PER", "s", "DIALS", "SKEW", "s", "REASON"]
    assert any(line.startswith("bybit-linear") and "refused the connection" in line for line in lines)
    assert "No data came" in printed.err


def test_feeds_as_json_are_the_snapshot_s_rows(shell: Shell) -> None:
    rows = shell("feeds", "book.json", "--wait", "2", "--json").json
    assert {"bybit-facts", "bybit-linear"} <= {row["feed"] for row in rows}
    assert all({"state", "age_s", "dials", "per_s", "skew_s", "reason", "symbols"} <= set(row) for row in rows)


def test_a_symbol_that_is_not_live_stands_below_its_feed() -> None:
    row = FeedRow("okx", "live", age_s=0.4, per_s=12.0, dials=2, skew_s=-0.3, symbols={"X/USDT:USDT": "no data"})
    gone = FeedRow("bybit-linear", "backing_off", "name not resolved", retry_s=7.4, dials=3)
    head, first, below, second = feeds_text((row, gone)).splitlines()
    assert first.split() == ["okx", "live", "0.4", "12.0", "2", "-0.3"]
    assert below == "    X/USDT:USDT: no data"
    assert second.split(maxsplit=6) == [
        *("bybit-linear", "backing", "off", "–", "–", "3", "–  name not resolved; dials again in 7 s"),
    ]
    assert head.index("REASON") == second.index("name not")
