"""The JSON reader: exact numbers, the place of every value, errors a person can act on."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge.portfolio.jsontext import MAX_CHARACTERS, MAX_DEPTH, JsonMistake, decode, exact_number, printable, read_json


def test_numbers_are_read_exactly() -> None:
    document = read_json('{"a": 0.1, "b": -12345678901234567.000000000000000001, "c": 1e-9, "d": 1.50}')
    assert document.value == {
        "a": Decimal("0.1"),
        "b": Decimal("-12345678901234567.000000000000000001"),
        "c": Decimal("1e-9"),
        "d": Decimal("1.50"),
    }
    assert isinstance(document.value, dict)
    assert str(document.value["d"]) == "1.50"


def test_places_of_values_and_keys() -> None:
    document = read_json('{\n  "a": [10,\n    {"b": "x"}]\n}')
    assert document.place(()) == (1, 1)
    assert document.place(("a",)) == (2, 8)
    assert document.place(("a", 0)) == (2, 9)
    assert document.place(("a", 1, "b")) == (3, 11)
    assert document.key_place(("a", 1, "b")) == (3, 6)
    assert document.key_place(("a", 1)) == (3, 5)
    assert document.place(("a", 1, "missing", "deep")) == (3, 5)
    assert document.at(("a", 1, "b")) == "x"
    assert document.at(("a", 7)) is None


def test_lines_end_in_crlf_lf_or_cr_and_a_byte_order_mark_takes_no_column() -> None:
    document = read_json('\ufeff{"a": 1,\r\n"b": 2,\r"c": 3,\n"d": 4}')
    assert [document.place((key,)) for key in "abcd"] == [(1, 7), (2, 6), (3, 6), (4, 6)]


MISTAKES = [
    ("", 1, 1, "an empty file", "write a portfolio"),
    ("  \n ", 2, 2, "an empty file", "write a portfolio"),
    ("{", 1, 2, "the end of the file", "cut off"),
    ('{"a": 1', 1, 8, "the end of the file", "the { of line 1 has no }"),
    ('{"a": [1,\n2', 2, 2, "the end of the file", "the [ of line 1 has no ]"),
    ('{"a": "x', 1, 7, "a text without its closing quote", "same line"),
    ('{"a": "x\n"}', 1, 7, "a text without its closing quote", "same line"),
    ('{"a": ', 1, 7, "the end of the file", "a value belongs here"),
    ('{"a"', 1, 5, "the end of the file", 'colon belongs after the key "a"'),
    ('{"a": 1,}', 1, 8, "a comma before }", "take the comma out"),
    ("[1,]", 1, 3, "a comma before ]", "take the comma out"),
    ('{"a" 1}', 1, 6, '"1"', "colon"),
    ('{"a": 1 "b": 2}', 1, 9, '"b"', "a comma belongs before it"),
    ("{a: 1}", 1, 2, '"a"', 'double quotes: "a"'),
    ("{'a': 1}", 1, 2, "\"'a'\"", 'double quotes: "a"'),
    ("[short]", 1, 2, '"short"', 'double quotes: "short"'),
    ("['short']", 1, 2, "\"'short'\"", 'double quotes: "short"'),
    ("[NaN]", 1, 2, '"NaN"', "finite"),
    ("[-Infinity]", 1, 2, '"-Infinity"', "finite"),
    ("[True]", 1, 2, '"True"', "true"),
    ("[None]", 1, 2, '"None"', "null"),
    ("[1e100]", 1, 2, '"1e100"', "exponent"),
    ("[1e99999999999]", 1, 2, '"1e99999999999"', "exponent"),
    (f"[{'9' * 19}]", 1, 2, f'"{"9" * 19}"', "18 digits"),
    (f"[0.{'0' * 19}]", 1, 2, f'"0.{"0" * 19}"', "18 digits"),
    ("[01]", 1, 2, '"01"', "zero at the front"),
    ("[.5]", 1, 2, '".5"', "zero before the point"),
    ("[5.]", 1, 2, '"5."', "point at the end"),
    ("[+5]", 1, 2, '"+5"', "plus"),
    ("[1_000]", 1, 2, '"1_000"', "underscores"),
    ('{"a": 1, "b": 2,\n "a": 3}', 2, 2, 'the key "a" a second time', "line 1"),
    ('{"a": "\x01"}', 1, 8, "the control character U+0001 inside a text", "take it out"),
    ('{"a": "\\x"}', 1, 8, '"\\x"', "backslash"),
    ('{"a": "\\u12"}', 1, 8, '"\\u12"}"', "four hexadecimal"),
    ('{"a": "\\ud800"}', 1, 14, "half a character, \\ud800", "itself"),
    ('{"a": 1} tail', 1, 10, '"tail"', "nothing may follow"),
    ('{ // note\n "a": 1}', 1, 3, "a comment", "no comments"),
    ('{"a": 1, # note\n "b": 2}', 1, 10, "a comment", "no comments"),
    ("[" * 60, 1, MAX_DEPTH + 2, "more than 32 levels of nesting", "seven"),
    ("\x00", 1, 1, '"\\u0000"', "double quotes"),
]


@pytest.mark.parametrize(("text", "line", "column", "found", "remedy"), MISTAKES)
def test_mistakes_name_place_finding_and_remedy(text: str, line: int, column: int, found: str, remedy: str) -> None:
    with pytest.raises(JsonMistake) as caught:
        read_json(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert caught.value.found == found
    assert remedy in caught.value.remedy


def test_a_text_of_absurd_length_is_refused_before_it_is_read() -> None:
    with pytest.raises(JsonMistake, match="at most"):
        read_json(" " * (MAX_CHARACTERS + 1))


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("1,000,000", '"1000000"'),
        ("1,5", '"1.5"'),
        ("50 %", '"0.5"'),
        ("50%", '"0.5"'),
        ("1_000", '"1000"'),
        (" 1", "space"),
        ("+1", '"1"'),
        ("１", "digits"),
        ("nan", "finite"),
        ("-inf", "finite"),
        ("", '"1.5"'),
        ("1.0 BTC", "digits"),
        ("0x10", "digits"),
    ],
)
def test_text_that_is_no_number_says_what_to_write(text: str, remedy: str) -> None:
    with pytest.raises(ValueError) as caught:
        exact_number(text)
    assert remedy in str(caught.value)


def test_bytes_must_be_utf8() -> None:
    assert decode("\ufeff{}".encode()) == "\ufeff{}"
    with pytest.raises(JsonMistake, match="line 2, column 3: found the byte 0xff") as caught:
        decode(b"{\nab\xff}")
    assert caught.value.remedy == "save it as UTF-8"
    with pytest.raises(JsonMistake, match="UTF-16"):
        decode("{}".encode("utf-16"))


def test_what_is_printed_cannot_steer_a_terminal() -> None:
    assert printable("a\x1b]52;c;x\x07") == '"a\\u001b]52;c;x\\u0007"'
    assert len(printable("x" * 500)) == 62


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(plain)
def test_reads_what_json_writes(value: object) -> None:
    assert read_json(json.dumps(value)).value == value
    assert read_json(json.dumps(value, ensure_ascii=False, indent=1)).value == value


@given(st.text(alphabet='{}[]",:0123456789.eE+-truefalsn \n\r\\/\x00é', max_size=40))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        document = read_json(text)
    except JsonMistake as mistake:
        assert mistake.line >= 1
        assert mistake.column >= 1
        assert mistake.found
        assert mistake.remedy
    else:
        assert document.place(()) >= (1, 1)
