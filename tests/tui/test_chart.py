"""Charts: dots where the values are, gaps where nobody saw any, lines at the limits."""

from __future__ import annotations

from decimal import Decimal

import book
from fake import past

from monitor.messages import Points
from tui.chart import Bound, Scale, curve, digits, sampled
from tui.view import View
from tui.widgets.detail import detail_lines, distance_path

BOUNDS = (Bound(0.33, "33 advisory", ""), Bound(0.20, "20 caution", "caution"), Bound(0.10, "10 warning", "warning"))


def test_a_slice_holds_its_last_value_and_short_silence_is_bridged() -> None:
    assert sampled((100, 75, 50, 25, 0), (1, 2, 3, 4, 5), 5, 100) == [1, 2, 3, 4, 5]
    assert sampled((100, 50, 0), (1, 2, 3), 10, 100) == [1, 1, 1, 1, 1, 2, 2, 2, 2, 3]


def test_a_long_silence_is_a_gap() -> None:
    ages = (*range(100, 60, -1), *range(20, -1, -1))
    line = sampled(ages, [1.0] * len(ages), 100, 100)
    assert None in line[45:75] and None not in line[:39]


def test_the_curve_lies_between_its_edges_and_takes_the_ink_of_its_zone() -> None:
    drawn = curve([0.4, 0.4, 0.15, 0.15, 0.05, 0.05], 3, 6, Scale(0.0, 0.4), BOUNDS)
    inks = {span.ink for row in drawn for span in row if any(0x2800 < ord(c) < 0x2900 for c in span.text)}
    assert inks == {"text", "caution", "warning"}
    assert all(sum(len(span.text) for span in row) == 3 for row in drawn)


def test_level_lines_stay_clear_of_the_curve() -> None:
    drawn = curve([0.3] * 20, 30, 6, Scale(0.0, 0.33), BOUNDS)
    assert drawn[0][-1].text.endswith("─")
    assert any(span.text.count("─") for span in drawn[2])


def test_one_value_everywhere_is_no_division_by_zero() -> None:
    assert curve([1.0, 1.0], 1, 2, Scale(1.0, 1.0), ())
    assert digits([1.0, 1.0, None, None], 2, Scale(1.0, 1.0)) == "5 "


def test_digits_run_from_lowest_to_highest() -> None:
    assert digits([0.0, 0.0, 0.5, 0.5, 1.0, 1.0], 3, Scale(0.0, 1.0)) == "059"


def detail(points: Points | None) -> str:
    leg = book.WARNING.positions[2]
    history = {} if points is None else {distance_path(leg): points}
    view = View(snapshot=book.WARNING, figures=book.WARNING, selected="SOL", past=history)
    return "\n".join(line.text for line in detail_lines(view, 120, 12))


def test_the_detail_shows_figures_sources_and_the_way_down() -> None:
    text = detail(past())
    for words in ("SOL short · bybit · isolated", "186.42", "bybit-linear live", "from file", "now +9.8"):
        assert words in text
    for words in ("RALLY TO LIQUIDATION %, 24 h", "33 advisory", "10 warning", "0 liquidated", "03:02 yesterday"):
        assert words in text


def test_a_short_history_says_what_it_needs_or_how_far_it_reaches() -> None:
    assert "needs 24 h, has 0 s" in detail(Points((), (), "needs 24 h, has 0 s"))
    assert "has not come yet" in detail(None)
    assert "RALLY TO LIQUIDATION %, 5 min" in detail(Points((300.0, 0.0), (Decimal("0.4"), Decimal("0.3"))))


def test_a_leg_that_no_price_liquidates_has_no_chart() -> None:
    view = View(snapshot=book.CALM, figures=book.CALM, selected="ETH")
    assert "never: no price liquidates it" in "\n".join(line.text for line in detail_lines(view, 120, 12))
