"""Figures as text, by table: decimals, signs, units, rounding."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tui import format as fmt


def d(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [("1328", "+1,328"), ("-1560", "−1,560"), ("0", "0"), ("0.4", "0"), ("-0.4", "0"), ("86.4", "+86"), (None, "–"),
     ("999999.4", "+999,999"), ("1234567", "+1.23M"), ("-12345678", "−12.3M"), ("123456789", "+123M"),
     ("2500000000", "+2.50B"), ("NaN", "–")],
)  # fmt: skip
def test_dollars(value: str | None, text: str) -> None:
    if value == "NaN":
        assert fmt.number(Decimal("NaN"), 2) == text
    else:
        assert fmt.usd(d(value)) == text


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [
        ("19.5", 8, "+19.50"),
        ("-1.1", 8, "−1.10"),
        ("0", 8, "0.00"),
        ("1234.56", 8, "+1,235"),
        ("1287.41", 12, "+1,287.41"),
    ],
)
def test_money_that_flows_has_cents_where_they_fit(value: str, width: int, text: str) -> None:
    assert fmt.flow(Decimal(value), width) == text


@pytest.mark.parametrize(
    ("value", "lot", "text"),
    [("1", "0.0001", "1.0000"), ("-100", "0.01", "−100.00"), ("60000", "1", "60,000"), ("1200", "0.1", "1,200.0"),
     ("1234567", "1", "1.23M"), ("0.123456", "0.000001", "0.1235"), ("900", None, "900.00"), (None, "1", "–")],
)  # fmt: skip
def test_coins_have_the_decimals_of_their_lot(value: str | None, lot: str | None, text: str) -> None:
    assert fmt.coins(d(value), d(lot)) == text


def test_coins_that_are_too_long_are_rounded_and_never_cut() -> None:
    assert fmt.coins(Decimal("123456.7896"), Decimal("0.0001"), 11) == "123,456.790"


@pytest.mark.parametrize(
    ("value", "tick", "text"),
    [("186.42", "0.01", "186.42"), ("65000", "0.1", "65,000.0"), ("0.2214", "0.00001", "0.22140"),
     ("36.2", None, "36.20"), ("65031.213", None, "65,031.2"), ("0.00001234", None, "0.00001234"), (None, "1", "–")],
)  # fmt: skip
def test_prices_have_their_tick(value: str | None, tick: str | None, text: str) -> None:
    assert fmt.price(d(value), d(tick)) == text


@pytest.mark.parametrize(
    ("value", "why", "text"),
    [("0.0996", "", "+9.9"), ("0.0981", "", "+9.8"), ("0.1", "", "+10.0"), ("0.09999", "", "+9.9"),
     ("0", "", "in liq."),
     ("-0.01", "", "in liq."), (None, "never", "never"), (None, "", "–"), ("4.5", "", "+450.0")],
)  # fmt: skip
def test_a_distance_never_looks_better_than_it_is(value: str | None, why: str, text: str) -> None:
    assert fmt.distance(d(value), why) == text


def test_shares_and_rates() -> None:
    assert fmt.percent(Decimal("0.904")) == "90.4"
    assert fmt.percent(Decimal("-0.1"), signed=True) == "−10.0"
    assert fmt.percent(Decimal("0.0004"), signed=True) == "0.0"
    assert fmt.rate(Decimal("-0.000021")) == "−0.0021"
    assert fmt.hours(Decimal("8.0")) == "8h"
    assert fmt.whole_up(Decimal("413.01")) == "414"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "live"), (1.9, "live"), (2.0, "2 s"), (13.2, "14 s"), (99.0, "99 s"), (99.1, "2 m"), (121, "3 m"),
     (5400, "90 m"), (5401, "2 h"), (172_800, "48 h"), (172_801, "3 d"), (None, "–")],
)  # fmt: skip
def test_an_age_is_counted_up(seconds: float | None, text: str) -> None:
    assert fmt.age(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(17_869, "4h57"), (3600, "1h00"), (3599, "59m"), (600, "10m"), (599, "9:59"), (581, "9:41"),
     (0, "0:00"), (-5, "0:00"),
     (400_000, "4d"), (None, "–")],
)  # fmt: skip
def test_a_countdown(seconds: float | None, text: str) -> None:
    assert fmt.countdown(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, fmt.UNKNOWN), (61, "1:01"), (0.4, "0:00"), (0, "due"), (-90, "due")]
)
def test_a_stamp_that_has_passed_is_due(seconds: float | None, text: str) -> None:
    assert fmt.until_stamp(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(41, "0:41"), (724, "12:04"), (7980, "2h13"), (273_600, "3d04"), (None, "–")]
)
def test_time_gone_by(seconds: float | None, text: str) -> None:
    assert fmt.elapsed(seconds) == text


@pytest.mark.parametrize(
    ("text", "placed"),
    [("1.0000", "     1.0000"), ("200.00", "   200.00  "), ("60,000", "60,000     "), ("1,200.0", " 1,200.0   "),
     ("1.23M", "     1.23M ")],
)  # fmt: skip
def test_decimal_points_stand_under_each_other(text: str, placed: str) -> None:
    assert fmt.on_point(text, 6, 11) == placed


def test_a_figure_too_long_for_its_point_still_stands_whole() -> None:
    assert fmt.on_point("123,456.790", 6, 11) == "123,456.790"


def test_what_is_cut_has_a_mark_and_keeps_its_width() -> None:
    assert fmt.cut("hyperliquid", 9) == "hyperliq…"
    assert fmt.cut("币安人生币安", 5) == "币安…"
    assert fmt.cut("abc", 0) == ""


def test_ascii_keeps_every_cell() -> None:
    for text in ("−10.0", "▲ WARNING · 币 …", "└ ◐ ▌▸", "↑↓ ─│━"):
        assert fmt.plain(text).isascii()
        assert len(fmt.plain(text)) == fmt.cells(text)
