"""Columns and heights: fixed for a size, in order, never over each other, at the places of the pictures."""

from __future__ import annotations

import pytest

from tui.columns import COLUMNS, group_starts, layout
from tui.frame import frame

ALWAYS = ["asset", "venue", "off_usd", "hedge_ratio", "drift", "funding_apr", "funding_day_usd", "next_funding",
          "to_liquidation", "age_s"]  # fmt: skip


def test_columns_fit_and_never_overlap() -> None:
    for width in range(80, 260):
        places = layout(width)
        at = 4
        for place in places:
            assert place.start >= at and place.end - place.start >= place.column.cells
            at = place.end + place.column.pad
        assert places[-1].end == width - 1
        shown = [place.column.key for place in places]
        assert shown == [column.key for column in COLUMNS if column.since <= width]
        assert layout(width) is layout(width)


def test_places_of_the_pictures() -> None:
    ends = {place.column.key: place.end for place in layout(120)}
    assert ends == {
        "asset": 9, "spot": 20, "short": 33, "venue": 44, "off_usd": 52, "hedge_ratio": 61, "drift": 68,
        "basis_pct": 78, "funding_apr": 86, "funding_day_usd": 95, "next_funding": 101, "to_liquidation": 112,
        "age_s": 119,
    }  # fmt: skip
    assert group_starts(120) == {"exposure": 4, "hedge": 54, "funding": 71, "liquidation": 104}
    assert {place.column.key: place.end for place in layout(80)} == dict(
        zip(ALWAYS, (9, 19, 26, 34, 41, 49, 57, 62, 72, 79), strict=True)
    )
    assert group_starts(80) == {"exposure": 4, "hedge": 27, "funding": 44, "liquidation": 64}


def test_everything_is_shown_at_200() -> None:
    assert len(layout(200)) == len(COLUMNS)


@pytest.mark.parametrize("key", ["basis_pct", "margin_ratio", "mark"])
def test_a_column_in_alert_never_drops(key: str) -> None:
    for width in range(80, 200):
        places = layout(width, {key})
        assert key in {place.column.key for place in places}
        assert places[-1].end <= width - 1


@pytest.mark.parametrize("width", [80, 120, 200])
def test_heights_add_up(width: int) -> None:
    for height in range(24, 70):
        for rows in (0, 3, 8, 12, 40, 1000):
            shape = frame(width, height, rows)
            assert shape.kind == "full"
            assert 1 + shape.slot_gap + shape.slot + shape.headline + shape.table + shape.detail + 1 == height
            assert shape.slot == (6 if height >= 30 else 5)


def test_small_screens_have_their_own_forms() -> None:
    assert frame(120, 36, 8).detail == 12
    assert frame(80, 24, 8).detail == 3
    assert frame(80, 24, 11).detail == 0
    assert frame(79, 24, 8).kind == frame(80, 23, 8).kind == frame(40, 10, 8).kind == "compact"
    assert frame(39, 50, 8).kind == frame(200, 9, 8).kind == frame(1, 1, 0).kind == "line"
