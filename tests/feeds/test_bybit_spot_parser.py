"""The touch of Bybit's spot pairs: snapshots and deltas of a book of one level."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from feeds_kit import WALL_MS
from hypothesis import given
from hypothesis import strategies as st

from feeds.bybit import SPOT
from feeds.clean import ParseError
from feeds.venue import Ack, Parser, Pong, Said
from hedge.market import Dropped, Spot

BTC = "BTC/USDT"
NOTHING = [Dropped("bybit-spot", BTC, ("spot",), 5)]


def book() -> Parser:
    return SPOT.parser({"BTCUSDT": BTC, "ETHUSDT": "ETH/USDT"})


def frame(kind: str = "snapshot", native: str = "BTCUSDT", ts: int = WALL_MS, **sides: Any) -> dict[str, Any]:
    data = {"s": native, "u": 9, "seq": 1} | sides
    return {"topic": f"orderbook.1.{native}", "ts": ts, "type": kind, "data": data, "cts": ts}


def touch(bid: str = "99.5", ask: str = "99.7", **more: Any) -> dict[str, Any]:
    return frame(b=[[bid, "1.5"]], a=[[ask, "0.25"]], **more)


def parse(parser: Parser, value: object, at: int = 5) -> list[Said]:
    return parser.parse(value if isinstance(value, str) else msgspec.json.encode(value).decode(), at)


def mid(text: str, at: int = 5, ts: int = WALL_MS) -> list[Spot]:
    return [Spot("bybit-spot", BTC, Decimal(text), at, 15_000, ts)]


def test_the_middle_of_bid_and_ask() -> None:
    assert parse(book(), touch()) == mid("99.6")


def test_the_snapshot_that_is_repeated_keeps_the_price_fresh() -> None:
    parser = book()
    parse(parser, touch())
    assert parse(parser, touch(ts=WALL_MS + 3000), 3005) == mid("99.6", 3005, WALL_MS + 3000)


def test_a_delta_changes_the_side_that_it_names() -> None:
    parser = book()
    parse(parser, touch())
    assert parse(parser, frame("delta", b=[["99.6", "2"]], a=[])) == mid("99.65")
    assert parse(parser, frame("delta", a=[["99.7", "0"], ["99.8", "3"]])) == mid("99.7")
    assert parse(parser, frame("delta", a=[["99.9", "3"], ["99.8", "0"]])) == mid("99.75")


def test_a_book_with_an_empty_side_has_no_middle() -> None:
    parser = book()
    assert parse(parser, frame(b=[["99.5", "1"]], a=[])) == NOTHING
    parse(parser, touch())
    assert parse(parser, frame("delta", b=[["99.5", "0"]])) == NOTHING
    assert parse(parser, frame("delta", b=[["99.4", "1"]])) == mid("99.55")


def test_a_level_that_does_not_stand_there_takes_nothing_away() -> None:
    parser = book()
    parse(parser, touch())
    assert parse(parser, frame("delta", b=[["98", "0"]])) == mid("99.6")


def test_a_delta_with_nothing_to_build_on_says_nothing() -> None:
    parser = book()
    assert parse(parser, frame("delta", b=[["99.6", "2"]])) == []
    assert parse(parser, frame("delta", u=1, b=[["99.6", "2"]], a=[["99.8", "2"]])) == mid("99.7")


def test_a_delta_that_cannot_be_read_forgets_its_pair_alone() -> None:
    parser = book()
    parse(parser, touch())
    parse(parser, touch(native="ETHUSDT"))
    with pytest.raises(ParseError) as found:
        parse(parser, frame("delta", b=[["x", "2"]]))
    assert found.value.symbol == BTC
    assert parse(parser, frame("delta", b=[["99.6", "2"]])) == []
    assert len(parse(parser, frame("delta", "ETHUSDT", b=[["99.6", "2"]]))) == 1
    with pytest.raises(ParseError):
        parse(parser, "no frame")
    assert parse(parser, frame("delta", "ETHUSDT", b=[["99.6", "2"]])) == []


@pytest.mark.parametrize(
    "wrong",
    [
        touch("99.8", "99.7"),
        touch("0", "99.7"),
        touch("-1", "99.7"),
        frame(b=[["99.5", "-1"]], a=[["99.7", "1"]]),
        frame(b=[["99.5"]], a=[["99.7", "1"]]),
        frame(b=[["99.5", ""]], a=[["99.7", "1"]]),
        frame(b=7, a=[]),
        touch(u="x"),
        frame(b=[[99.5, 1]], a=[["99.7", "1"]]),
    ],
)
def test_what_is_no_book_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParseError) as found:
        parse(book(), wrong)
    assert found.value.symbol == BTC


def test_an_overtaken_delta_is_refused() -> None:
    parser = book()
    parse(parser, touch(ts=WALL_MS + 10))
    with pytest.raises(ParseError, match="older"):
        parse(parser, frame("delta", ts=WALL_MS, b=[["99.6", "2"]]))


def test_at_most_ten_topics_in_a_frame() -> None:
    assert SPOT.per_frame == 10
    (text,) = SPOT.subscribe(["BTCUSDT", "ETHUSDT"], 3)
    found = msgspec.json.decode(text)
    assert found == {"op": "subscribe", "req_id": "3", "args": ["orderbook.1.BTCUSDT", "orderbook.1.ETHUSDT"]}
    assert msgspec.json.decode(SPOT.unsubscribe(["BTCUSDT"], 4)[0])["op"] == "unsubscribe"


def test_spot_pairs_alone() -> None:
    assert SPOT.spot
    assert SPOT.native("BTC/USDT") == "BTCUSDT"
    assert SPOT.native("BTC/USDT:USDT") is None


def test_answers_are_those_of_the_other_sockets() -> None:
    assert parse(book(), '{"success":true,"ret_msg":"pong","conn_id":"c","op":"ping"}') == [Pong()]
    refused = '{"success":false,"ret_msg":"args size >10","conn_id":"c","req_id":"2","op":"subscribe"}'
    assert parse(book(), refused) == [Ack(2, False, "args size >10")]


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["1", "0", "99.5"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("bausx"), inner, max_size=4),
    max_leaves=8,
)


@given(st.lists(st.tuples(st.sampled_from(["snapshot", "delta", "x"]), ODD), max_size=4))
def test_only_parse_errors_come_out(frames: list[tuple[str, Any]]) -> None:
    parser = book()
    for kind, data in frames:
        text = msgspec.json.encode({"topic": "orderbook.1.BTCUSDT", "type": kind, "ts": 1, "data": data}).decode()
        try:
            said = parser.parse(text, 5)
        except ParseError:
            continue
        assert all(each.symbol == BTC for each in said if isinstance(each, Spot | Dropped))
