"""Binance frames in and out, by table."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from feeds_kit import WALL_MS, mark_frame
from hypothesis import given
from hypothesis import strategies as st

from feeds.binance import SPOT, USDM
from feeds.clean import ParseError
from feeds.venue import Ack, Closing, Parser, Said
from hedge.market import Funding, Index, Mark, Spot

BTC = "BTC/USDT:USDT"


def usdm() -> Parser:
    return USDM.parser({"BTCUSDT": BTC, "1000PEPEUSDT": "1000PEPE/USDT:USDT"})


def spot() -> Parser:
    return SPOT.parser({"BTCUSDT": "BTC/USDT"})


def parse(parser: Parser, frame: object, at: int = 5) -> list[Said]:
    return parser.parse(frame if isinstance(frame, str) else msgspec.json.encode(frame).decode(), at)


def touch(update: int = 7, **more: Any) -> dict[str, Any]:
    return {"u": update, "s": "BTCUSDT", "b": "99.50", "B": "3.1", "a": "99.60", "A": "0.4"} | more


def test_a_mark_frame_holds_mark_index_and_funding() -> None:
    assert parse(usdm(), mark_frame("BTCUSDT")) == [
        Mark("binance-usdm", BTC, Decimal("100.5"), 5, 5000, WALL_MS),
        Index("binance-usdm", BTC, Decimal("100.25"), 5, 5000, WALL_MS),
        Funding("binance-usdm", BTC, Decimal("0.00012"), WALL_MS + 3_600_000, 5, 120_000, WALL_MS),
    ]


def test_an_envelope_and_an_array_hold_the_same() -> None:
    bare = parse(usdm(), mark_frame("BTCUSDT"))
    assert parse(usdm(), {"stream": "btcusdt@markPrice@1s", "data": mark_frame("BTCUSDT")}) == bare
    shard = {"stream": "!markPrice@arr@1s", "data": [mark_frame("XYZUSDT"), mark_frame("BTCUSDT")]}
    assert parse(usdm(), shard) == bare


@pytest.mark.parametrize(("r", "rate"), [("", None), ("0", Decimal(0)), ("-0.0075", Decimal("-0.0075"))])
def test_no_rate_is_not_a_rate_of_zero(r: str, rate: Decimal | None) -> None:
    funding = parse(usdm(), mark_frame("BTCUSDT", r=r))[-1]
    assert isinstance(funding, Funding)
    assert funding.rate == rate


def test_a_dated_contract_has_no_stamp() -> None:
    funding = parse(usdm(), mark_frame("BTCUSDT", r="", T=0))[-1]
    assert isinstance(funding, Funding)
    assert (funding.rate, funding.next_ms) == (None, None)


def test_a_stamp_in_the_past_is_discarded_but_one_that_passes_is_due() -> None:
    old = parse(usdm(), mark_frame("BTCUSDT", T=WALL_MS - 120_000))[-1]
    assert isinstance(old, Funding)
    assert old.next_ms is None
    parser = usdm()
    parse(parser, mark_frame("BTCUSDT", T=WALL_MS + 1000))
    late = parse(parser, mark_frame("BTCUSDT", at_ms=WALL_MS + 300_000, T=WALL_MS + 1000))[-1]
    assert isinstance(late, Funding)
    assert late.next_ms == WALL_MS + 1000


def test_a_repeated_or_overtaken_frame_says_nothing() -> None:
    parser = usdm()
    parse(parser, mark_frame("BTCUSDT"))
    assert parse(parser, mark_frame("BTCUSDT")) == []
    assert parse(parser, mark_frame("BTCUSDT", "99", WALL_MS - 1000)) == []
    assert len(parse(parser, mark_frame("BTCUSDT", "99", WALL_MS + 1000))) == 3


def test_another_symbol_and_another_event_say_nothing() -> None:
    assert parse(usdm(), mark_frame("DOGEUSDT")) == []
    assert parse(usdm(), {"e": "contractInfo", "E": WALL_MS, "s": "BTCUSDT"}) == []
    assert parse(usdm(), "{}") == []


@pytest.mark.parametrize("p", ["", "0", "-1", "NaN", "1e999", "１００", "9" * 40, None])
def test_a_bad_mark_costs_the_frame_and_names_its_symbol(p: str | None) -> None:
    with pytest.raises(ParseError) as caught:
        parse(usdm(), mark_frame("BTCUSDT", p=p))
    assert caught.value.symbol == BTC


@pytest.mark.parametrize("more", [{"p": 100.5}, {"p": True}, {"p": {}}, {"E": "now"}, {"T": 1.5}, {"s": 7}, {"r": 0}])
def test_a_wrong_type_costs_the_frame(more: dict[str, object]) -> None:
    with pytest.raises(ParseError):
        parse(usdm(), mark_frame("BTCUSDT") | more)


@pytest.mark.parametrize(
    "text",
    ["", "[", "{", "null", "7", '"x"', "[7]", '{"p":NaN}', '{"E":' + "9" * 5000 + "}", '{"E":1e999}', "[" * 100_000],
)
def test_what_is_no_frame_costs_itself(text: str) -> None:
    for parser in (usdm(), spot()):
        with pytest.raises(ParseError):
            parser.parse(text, 0)


def test_deep_nesting_and_binary_cost_themselves() -> None:
    for frame in ('{"x":' + "[" * 100_000, b"\x1f\x8b\x00", b"{}"):
        with pytest.raises(ParseError):
            usdm().parse(frame, 0)


def test_the_mid_of_a_touch_is_the_spot_price() -> None:
    assert parse(spot(), touch()) == [Spot("binance-spot", "BTC/USDT", Decimal("99.55"), 5, 60_000)]
    assert parse(spot(), {"stream": "btcusdt@bookTicker", "data": touch()}) == parse(spot(), touch())


def test_a_touch_that_is_older_says_nothing() -> None:
    parser = spot()
    parse(parser, touch(7))
    assert parse(parser, touch(7)) == parse(parser, touch(6)) == []
    assert len(parse(parser, touch(8))) == 1


@pytest.mark.parametrize("more", [{"b": "0.00000000"}, {"a": ""}, {"b": "100"}, {"b": None}, {"a": "-3"}])
def test_a_touch_without_two_sides_in_order_costs_the_frame(more: dict[str, object]) -> None:
    with pytest.raises(ParseError) as caught:
        parse(spot(), touch() | more)
    assert caught.value.symbol == "BTC/USDT"


def test_answers_and_notices() -> None:
    assert parse(usdm(), {"result": None, "id": 3}) == [Ack(3, True)]
    wrong = {"error": {"code": 2, "msg": "Invalid request: invalid stream"}, "id": 4}
    assert parse(usdm(), wrong) == [Ack(4, False, "Invalid request: invalid stream")]
    for frame in ({"e": "serverShutdown", "E": 1}, {"stream": "!serverShutdown", "data": {"e": "serverShutdown"}}):
        assert isinstance(parse(spot(), frame)[0], Closing)


@pytest.mark.parametrize(
    ("symbol", "native"),
    [
        ("BTC/USDT:USDT", "BTCUSDT"),
        ("BTC/USDC:USDC", "BTCUSDC"),
        ("1000PEPE/USDT:USDT", "1000PEPEUSDT"),
        ("BTC/USD:BTC", None),
        ("BTC/USDT:USDT-261225", None),
        ("BTC/USDT", None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_usdm_ids(symbol: str, native: str | None) -> None:
    assert USDM.native(symbol) == native


def test_spot_ids_and_frames() -> None:
    assert SPOT.native("AVAX/USDT") == "AVAXUSDT"
    assert SPOT.native("AVAX/USDT:USDT") is None
    asked = msgspec.json.decode(*SPOT.subscribe(["AVAXUSDT", "BTCUSDT"], 9))
    assert asked == {"method": "SUBSCRIBE", "params": ["avaxusdt@bookTicker", "btcusdt@bookTicker"], "id": 9}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["stream", "data", "e", "E", "s", "p", "i", "r", "T", "u", "b", "a", "id", "error", "result"])
VALUES = JSON | st.sampled_from(["markPriceUpdate", "BTCUSDT", "1", "-1", "", "0.5", 1791273600000])


@given(st.text() | st.binary() | st.dictionaries(KEYS, VALUES).map(lambda d: msgspec.json.encode(d).decode()))
def test_only_parse_errors_come_out(frame: str | bytes) -> None:
    for parser in (usdm(), spot()):
        try:
            said = parser.parse(frame, 0)
        except ParseError:
            continue
        for each in said:
            if isinstance(each, Mark | Index | Spot):
                assert each.price.is_finite()
                assert each.price > 0
