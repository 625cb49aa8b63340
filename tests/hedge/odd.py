"""What the tests of odd data share: snapshots in which nothing is NaN or infinite."""

from __future__ import annotations

import math
from decimal import Decimal

from msgspec import Struct

from hedge.book.book import Book
from hedge.book.take import take_snapshot
from hedge.snapshot import AssetRow, PositionRow, Snapshot, Totals
from tests.hedge.said import at

BTC, ETH = "BTC/USDT:USDT", "ETH/USD:ETH"
LEG = f"main/{BTC}/short"


def shown(book: Book, mono_ms: int = 0) -> Snapshot:
    """A snapshot in which nothing is NaN or infinite."""
    snapshot = take_snapshot(book, at(mono_ms), "live")
    for row in (snapshot.totals, *snapshot.assets, *snapshot.accounts, *snapshot.positions, *snapshot.money):
        finite(row)
    return snapshot


def finite(row: Struct) -> None:
    for name in row.__struct_fields__:
        value = getattr(row, name)
        if isinstance(value, Decimal):
            assert value.is_finite(), name
        elif isinstance(value, float):
            assert math.isfinite(value), name


def parts(book: Book, mono_ms: int = 0) -> tuple[PositionRow, AssetRow, Totals]:
    snapshot = shown(book, mono_ms)
    return snapshot.positions[0], snapshot.assets[0], snapshot.totals
