"""Messages that OKX and Hyperliquid really sent, over loopback sockets, through feeds, book and engine."""

from __future__ import annotations

import json
from decimal import Decimal

from test_engine_playback import WIRE, book, iso, lines, needs, seen

OKX = WIRE / "okx" / "funding-mark.jsonl"
HYPERLIQUID = WIRE / "hyperliquid" / "active-asset-ctx.jsonl"
PROBED_MS = 1_790_232_237_145
"""When the Hyperliquid frame was captured, by the one beside it that carries a time."""


@needs(OKX)
async def test_the_captured_okx_mark_and_funding_stand_in_the_snapshot() -> None:
    frames = lines(OKX)
    (mark,), (funding,) = (json.loads(frame)["data"] for frame in frames)
    snapshot = await seen(
        "okx",
        frames,
        book("okx", "BTC/USDT:USDT"),
        int(mark["ts"]),
        lambda row: row.mark is not None and row.funding_rate is not None,
    )
    row = snapshot.positions[0]
    assert row.mark == Decimal(mark["markPx"])
    assert row.funding_rate == Decimal(funding["fundingRate"])
    assert row.next_funding == iso(int(funding["fundingTime"]))
    assert row.funding_interval_hours == 8
    assert row.sources["interval"] == "okx stamps"
    assert row.index is None
    assert row.why["index"]
    assert row.stale == ()


@needs(HYPERLIQUID)
async def test_the_captured_hyperliquid_context_stands_in_the_snapshot() -> None:
    (frame,) = lines(HYPERLIQUID)
    context = json.loads(frame)["data"]["ctx"]
    snapshot = await seen(
        "hyperliquid",
        [frame],
        book("hyperliquid", "BTC/USDC:USDC", "USDC"),
        PROBED_MS,
        lambda row: row.mark is not None and row.funding_rate is not None,
    )
    row = snapshot.positions[0]
    assert row.mark == Decimal(context["markPx"])
    assert row.index == Decimal(context["oraclePx"])
    assert row.funding_rate == Decimal(context["funding"])
    assert row.funding_interval_hours == 1
    assert row.next_funding == iso((PROBED_MS // 3_600_000 + 1) * 3_600_000)
    assert row.sources["interval"] == "each full hour"
    assert row.stale == ()
    assert snapshot.assets[0].price == Decimal(context["oraclePx"])
