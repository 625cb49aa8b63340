"""The door: what text and which numbers come in."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.clean import UNSAFE, ParseError, clean, interval, number, price, rate, unix_ms


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("BTC/USDT:USDT", "BTC/USDT:USDT"),
        ("\x1b]52;c;ZXZpbA==\x07BTC", "]52;c;ZXZpbA==BTC"),
        ("BTC\u202eTDSU\u202c", "BTCTDSU"),
        ("a\u2028b\u2029c\nd\te\x85f\x9bg", "abcdefg"),
        ("\ud800x\ue000y", "xy"),
        ("\u200bzero\ufeffwidth", "zerowidth"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("币安人生", "币安人生"),
        ("[/foo] [@click=app.x]", "[/foo] [@click=app.x]"),
        ("x" * 100, "x" * 63 + "…"),
        ("币" * 40, "币" * 31 + "…"),
        ("x" * 64, "x" * 64),
        ("", ""),
    ],
)
def test_clean(text: str, kept: str) -> None:
    assert clean(text) == kept


@given(st.text(), st.integers(1, 80))
def test_clean_is_inert_short_and_stable(text: str, cells: int) -> None:
    kept = clean(text, cells)
    assert not any(unicodedata.category(c) in UNSAFE for c in kept)
    assert sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in kept) <= max(cells, 1)
    assert clean(kept, cells) == kept
    assert unicodedata.is_normalized("NFC", kept)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("64240.38272864", "64240.38272864"),
        ("-0.00006042", "-0.00006042"),
        ("0", "0"),
        ("7.548E+4", "75480"),
        ("1e-08", "0.00000001"),
        ("123456789012345678.123456789012345678", "123456789012345678.123456789012345678"),
    ],
)
def test_number(text: str, value: str) -> None:
    assert number(text) == Decimal(value)


def test_nothing_is_not_a_number_but_no_error() -> None:
    assert number("") is None
    assert number(None) is None
    assert price("") is None
    assert rate("") is None


HOSTILE = [
    *("NaN", "nan", "Infinity", "-inf", "1_000", "1,000", "+1", ".5", "5.", "0x10", "1e999", "1e-100", "1e", "e5"),
    *(" 1", "1 ", "1\n", "--1", "1.2.3", "true", "null", "１２３", "٣", "1٫5", "1" * 19, "0." + "1" * 19, "9" * 5000),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_not_a_number_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        number(text)


@pytest.mark.parametrize("text", ["0", "-1", "0.000", "-0", *HOSTILE])
def test_what_is_not_a_price_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        price(text)


@pytest.mark.parametrize("text", ["1", "-1", "25", "1e1"])
def test_a_rate_of_all_and_more_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        rate(text)


@pytest.mark.parametrize(
    ("hours", "kept"),
    [("8", True), ("1", True), ("24", True), ("0.99", False), ("1e-30", False), ("25", False), ("-8", False)],
)
def test_an_interval_is_an_hour_to_a_day(hours: str, kept: bool) -> None:
    assert interval(Decimal(hours)) == (Decimal(hours) if kept else None)
    assert interval(None) is None


@given(st.text())
def test_only_parse_errors_come_out_of_number(text: str) -> None:
    try:
        value = number(text)
    except ParseError:
        return
    assert value is None or value.is_finite()


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        (1791273600000, 1791273600000),
        ("1791273600000", 1791273600000),
        (0, None),
        ("", None),
        (None, None),
        (28800000, None),
        (1791273600, None),
        (-5, None),
        (10**30, None),
    ],
)
def test_unix_ms(value: int | str | None, ms: int | None) -> None:
    assert unix_ms(value) == ms


@pytest.mark.parametrize("value", ["soon", "1.5", "-1", "１７９１２７３６０００００", "9" * 40])
def test_a_time_that_is_no_whole_number_is_refused(value: str) -> None:
    with pytest.raises(ParseError):
        unix_ms(value)
