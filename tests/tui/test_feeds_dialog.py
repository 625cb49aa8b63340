"""The feeds dialog: sick feeds first, reasons whole, and never more live than the picture itself."""

from __future__ import annotations

from calm import CALM
from msgspec.structs import replace

from hedge.snapshot import FeedRow
from tui.view import Lost, View
from tui.widgets.feeds import feeds_body, feeds_title

WELL = FeedRow("binance-usdm", "live", age_s=0.4, per_s=12.3, dials=2, skew_s=-0.3)
SILENT = FeedRow("bybit-linear", "stale", "no frame for 60 s", age_s=61.0, per_s=0.0, dials=1)
WAITING = FeedRow(
    "okx",
    "backing_off",
    "the certificate of ws.okx.com is not trusted: self-signed certificate in the chain of certificates",
    retry_s=41.2,
    dials=7,
)
PARTLY = FeedRow("hyperliquid", "live", age_s=1.0, symbols={"X/USDC:USDC": "hyperliquid does not know X"})


def body(*rows: FeedRow, width: int = 76, **facts: object) -> list[str]:
    view = View(snapshot=replace(CALM, feeds=rows), figures=CALM, **facts)  # type: ignore[arg-type]
    return [line.text.rstrip() for line in feeds_body(view, width)]


def test_columns_and_the_reason_below() -> None:
    lines = body(WELL, SILENT)
    assert lines[1].split() == ["FEED", "STATE", "AGE", "A", "SECOND", "DIALS", "SKEW", "s"]
    assert lines[2].split() == ["◐", "bybit-linear", "silent", "61", "s", "61", "s", "0.0", "1", "–"]
    assert lines[3].strip() == "no frame for 60 s"
    assert lines[4].split() == ["binance-usdm", "live", "0.4", "s", "12.3", "2", "−0.3"]
    ends = {len(line) for line in (lines[1], lines[2], lines[4])}
    assert ends == {74}


def test_a_long_reason_is_whole() -> None:
    lines = body(WAITING, WELL)
    assert "dials again in 42 s" in lines[2]
    assert " ".join(line.strip() for line in lines[3:5]) == WAITING.reason
    assert max(len(line) for line in lines) <= 76


def test_a_symbol_that_is_not_live_stands_below_its_feed() -> None:
    assert "X/USDC:USDC: hyperliquid does not know X" in [line.strip() for line in body(PARTLY)]


def test_the_bar_counts_what_is_well() -> None:
    rows = (WELL, SILENT, WAITING)
    assert feeds_title(View(snapshot=replace(CALM, feeds=rows))) == "1 of 3 live"
    assert feeds_title(View(snapshot=replace(CALM, feeds=rows), lost=Lost("", "gone"))) == "0 of 3 live"
