"""WEEX: mark and index by ticker, pings both ways, resting indexes, and the REST list whose last rate is settled."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from feeds_kit import WALL_MS
from hypothesis import given
from hypothesis import strategies as st

from feeds.clean import ParseError
from feeds.venue import Ack, Parser, Pong, Reply, Said
from feeds.weex import ANCHOR, CONTRACT, RESTING_MS, RESTING_SOON_MS, anchors
from hedge.market import Dropped, Funding, FundingInterval, Index, Mark

BTC, SPY = "BTC/USDT:USDT", "SPY/USDT:USDT"
SYMBOLS = {"BTCUSDT": BTC, "SPYUSDT": SPY}
ONE = {"BTCUSDT": BTC}
FEED = "weex-contract"
HOUR_MS = 3_600_000


def fresh() -> Parser:
    return CONTRACT.parser(SYMBOLS)


def parse(parser: Parser, frame: object, at: int = 5) -> list[Said]:
    return parser.parse(frame if isinstance(frame, str) else msgspec.json.encode(frame).decode(), at)


def ticker(native: str = "BTCUSDT", at_ms: int = WALL_MS, **keys: object) -> dict[str, Any]:
    full: dict[str, object] = {"c": "100.4", "P": "0.0125", "m": "100.5", "i": "100.25", "n": 4}
    return {"e": "ticker", "E": at_ms, "s": native, "d": [full | keys]}


def test_a_ticker_holds_mark_and_index_and_no_funding() -> None:
    assert parse(fresh(), ticker()) == [
        Mark(FEED, BTC, Decimal("100.5"), 5, 60_000, WALL_MS),
        Index(FEED, BTC, Decimal("100.25"), 5, 60_000, WALL_MS),
    ]


def test_data_before_its_acknowledgement_is_data() -> None:
    parser = fresh()
    assert len(parse(parser, ticker())) == 2
    assert parse(parser, {"result": True, "id": 1}) == [Ack(1, True)]


def test_the_greeting_says_nothing() -> None:
    assert parse(fresh(), {"cid": "a0180647", "event": "connected", "time": str(WALL_MS)}) == parse(fresh(), {}) == []


def test_their_ping_is_answered_under_ever_new_ids() -> None:
    parser = fresh()
    said = [parse(parser, {"event": "ping", "time": str(WALL_MS)}) for _ in range(2)]
    texts = [msgspec.json.decode(each.text) for (each,) in said if isinstance(each, Reply)]
    assert [text["method"] for text in texts] == ["PONG", "PONG"]
    assert texts[0]["id"] != texts[1]["id"]


def test_the_answer_to_our_ping_is_no_answer_to_a_subscription() -> None:
    assert CONTRACT.ping is not None
    asked = msgspec.json.decode(CONTRACT.ping.text(1))
    assert asked["method"] == "PING"
    assert parse(fresh(), {"result": True, "id": asked["id"]}) == [Pong()]


def test_a_refusal_names_its_request_and_a_complaint_without_one_nothing() -> None:
    words = "INVALID_ARGUMENT: invalid symbol : NOPEUSDT"
    assert parse(fresh(), {"result": False, "id": 9, "msg": words}) == [Ack(9, False, words)]
    assert parse(fresh(), {"result": False, "msg": "INVALID_ARGUMENT: unrecognized message : hello"}) == []


def test_an_overtaken_or_repeated_frame_says_nothing() -> None:
    parser = fresh()
    parse(parser, ticker(at_ms=WALL_MS + 200))
    assert parse(parser, ticker(at_ms=WALL_MS + 200, m="101")) == parse(parser, ticker(at_ms=WALL_MS)) == []
    assert len(parse(parser, ticker("SPYUSDT"))) == 2


def test_a_stranger_and_another_event_say_nothing() -> None:
    depth = {"e": "depth", "E": WALL_MS, "s": "BTCUSDT", "d": "CHANGED", "b": []}
    assert parse(fresh(), ticker("XUSDT")) == parse(fresh(), depth) == []


@pytest.mark.parametrize("missing", ["", None])
def test_an_index_that_ends_is_dropped_once(missing: str | None) -> None:
    parser = fresh()
    parse(parser, ticker())
    said = parse(parser, ticker(at_ms=WALL_MS + 200, i=missing), 7)
    assert said[1:] == [Dropped(FEED, BTC, ("index",), 7, "its ticker has none")]
    assert len(parse(parser, ticker(at_ms=WALL_MS + 400, i=missing))) == 1
    assert len(parse(parser, ticker(at_ms=WALL_MS + 600))) == 2


CLOSED = "that of weex stands still while the mark moves: the market behind it is closed"


def stretch(
    parser: Parser, seconds: range, marks: str = "moving", index: str = "560.5", last: str = ""
) -> list[list[Said]]:
    """A ticker each second: its mark moves or stands, and is the last trade unless another is given."""
    said = []
    for second in seconds:
        mark = f"{561 + second % 2}" if marks == "moving" else "561"
        frame = ticker("SPYUSDT", WALL_MS + 1000 * second, m=mark, i=index, c=last or mark)
        said.append(parse(parser, frame, 1000 * second))
    return said


@pytest.mark.parametrize(("last", "limit_ms"), [("", RESTING_SOON_MS), ("561.5", RESTING_MS)])
def test_an_index_that_rests_while_the_mark_moves_is_no_index(last: str, limit_ms: int) -> None:
    parser, end = fresh(), limit_ms // 1000
    before = stretch(parser, range(end), last=last)
    assert all(isinstance(said[1], Index) for said in before)
    after = stretch(parser, range(end, end + 60), last=last)
    assert after[0][1:] == [Dropped(FEED, SPY, ("index",), limit_ms, CLOSED)]
    assert all(len(said) == 1 for said in after[1:])
    opens = stretch(parser, range(end + 60, end + 62), index="561.25", last=last)
    assert all(isinstance(said[1], Index) for said in opens), "its market has opened"


def test_an_index_that_stands_with_its_mark_is_unchanged_and_no_more() -> None:
    said = stretch(fresh(), range(2 * RESTING_MS // 1000), marks="standing")
    assert all(isinstance(each[1], Index) for each in said)


@pytest.mark.parametrize("keys", [{"m": ""}, {"m": None}, {"m": "0"}, {"m": "x"}, {"i": "-1"}, {"m": 5}, {"i": "NaN"}])
def test_a_price_that_is_none_costs_its_frame(keys: dict[str, object]) -> None:
    with pytest.raises(ParseError) as caught:
        parse(fresh(), ticker(**keys))
    assert caught.value.symbol == BTC


@pytest.mark.parametrize("data", [[], {}, "x", None, 5, [[]], [5]])
def test_data_that_is_none_costs_its_frame(data: object) -> None:
    with pytest.raises(ParseError) as caught:
        parse(fresh(), ticker() | {"d": data})
    assert caught.value.symbol == BTC


@pytest.mark.parametrize("frame", ["", "{", "[1]", "hello", "[" * 100_000])
def test_what_is_no_frame_is_refused(frame: str) -> None:
    with pytest.raises(ParseError):
        parse(fresh(), frame)
    with pytest.raises(ParseError):
        fresh().parse(frame.encode(), 0)


@pytest.mark.parametrize(
    ("symbol", "native"),
    [
        ("BTC/USDT:USDT", "BTCUSDT"),
        ("1000PEPE/USDT:USDT", "1000PEPEUSDT"),
        ("BTC/USD:BTC", None),
        ("BTC/USDT:USDT-261225", None),
        ("BTC/USDT", None),
    ],
)
def test_ids(symbol: str, native: str | None) -> None:
    assert CONTRACT.native(symbol) == native


def test_everything_is_asked_in_one_frame() -> None:
    (asked,) = (msgspec.json.decode(frame) for frame in CONTRACT.subscribe(list(SYMBOLS), 12))
    assert asked == {"method": "SUBSCRIBE", "id": 12, "params": ["BTCUSDT@ticker", "SPYUSDT@ticker"]}
    (left,) = (msgspec.json.decode(frame) for frame in CONTRACT.unsubscribe(["BTCUSDT"], 13))
    assert left == {"method": "UNSUBSCRIBE", "id": 13, "params": ["BTCUSDT@ticker"]}
    assert CONTRACT.per_frame == CONTRACT.per_socket == 100


def test_an_hour_of_pings_leaves_room_below_the_limit_of_operations() -> None:
    assert CONTRACT.ping is not None
    assert 3600 / CONTRACT.ping.every_s + 60 < 240 - 30
    assert CONTRACT.socket_silence_ms is not None
    assert CONTRACT.ping.every_s * 1000 < CONTRACT.socket_silence_ms


def row(native: str = "BTCUSDT", **keys: object) -> dict[str, object]:
    full: dict[str, object] = {
        "symbol": native,
        "markPrice": "1",
        "indexPrice": "2",
        "forecastFundingRate": "0.00004",
        "lastFundingRate": "-0.0091",
        "interestRate": "0.0003",
        "nextFundingTime": WALL_MS + HOUR_MS,
        "time": WALL_MS,
        "collectCycle": 240,
    }
    return full | keys


def listed(*rows: object) -> bytes:
    return msgspec.json.encode(rows)


def test_the_list_gives_the_forecast_and_the_interval_and_never_a_price() -> None:
    assert anchors(listed(row(), row("XUSDT")), ONE, 7) == [
        Funding(FEED, BTC, Decimal("0.00004"), WALL_MS + HOUR_MS, 7, 120_000, WALL_MS),
        FundingInterval(FEED, BTC, Decimal(4), "weex premiumIndex", 7),
    ]


def test_without_a_forecast_there_is_no_rate_and_the_settled_one_does_not_stand_in() -> None:
    funding = anchors(listed(row(forecastFundingRate="")), ONE, 7)[0]
    assert isinstance(funding, Funding)
    assert funding.rate is None


@pytest.mark.parametrize("stamp", [28_800_000, 0, None, "", WALL_MS - 60_001])
def test_a_next_stamp_in_the_past_is_none(stamp: object) -> None:
    funding = anchors(listed(row(nextFundingTime=stamp)), ONE, 7)[0]
    assert isinstance(funding, Funding)
    assert (funding.rate, funding.next_ms) == (Decimal("0.00004"), None)


def test_a_stamp_that_has_just_passed_is_due() -> None:
    funding = anchors(listed(row(nextFundingTime=str(WALL_MS - 60_000))), ONE, 7)[0]
    assert isinstance(funding, Funding)
    assert funding.next_ms == WALL_MS - 60_000


@pytest.mark.parametrize(("minutes", "hours"), [(60, 1), (240, 4), (480, 8), (90, Decimal("1.5")), (1440, 24)])
def test_the_cycle_is_in_minutes(minutes: int, hours: Decimal) -> None:
    interval = anchors(listed(row(collectCycle=minutes)), ONE, 7)[1]
    assert isinstance(interval, FundingInterval)
    assert interval.hours == hours


@pytest.mark.parametrize("minutes", [0, -480, 1441, None])
def test_a_cycle_that_is_none_is_not_said(minutes: int | None) -> None:
    assert [type(each) for each in anchors(listed(row(collectCycle=minutes)), ONE, 7)] == [Funding]


@pytest.mark.parametrize("keys", [{"forecastFundingRate": "1.5"}, {"forecastFundingRate": "x"}])
def test_a_row_that_cannot_be_read_costs_its_market_alone(keys: dict[str, object]) -> None:
    said = anchors(listed(row(**keys), row("SPYUSDT")), SYMBOLS, 7)
    assert isinstance(said[0], Dropped)
    assert (said[0].symbol, said[0].fields) == (BTC, ("funding",))
    assert "the row of weex premiumIndex cannot be read: not a" in said[0].reason
    assert [type(each) for each in said[1:]] == [Funding, FundingInterval]


def test_a_market_without_a_row_is_known_to_have_none() -> None:
    said = anchors(listed(row("SPYUSDT")), SYMBOLS, 7)
    assert said[0] == Dropped(FEED, BTC, ("funding",), 7, "weex premiumIndex has no row of it")
    assert [type(each) for each in said[1:]] == [Funding, FundingInterval]


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"\xff", b"[" * 100_000, b'{"code":-1121,"msg":"x"}'])
def test_a_body_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        anchors(body, ONE, 0)


def test_the_list_is_believed_for_three_polls() -> None:
    assert ANCHOR.limit_ms >= 3000 * ANCHOR.every_s


TEXTS = st.sampled_from(["", "0", "-1", "0.5", "1e5", "NaN", "9" * 30, "BTCUSDT", "ticker", "ping"]) | st.text()
LEAF = TEXTS | st.none() | st.booleans() | st.integers() | st.floats()
ROW = st.dictionaries(
    st.sampled_from(["m", "i", "symbol", "forecastFundingRate", "nextFundingTime", "time", "collectCycle"]), LEAF
)
FRAME = st.fixed_dictionaries(
    {},
    optional={
        "e": st.just("ticker") | LEAF,
        "E": st.integers(0, 2**63) | LEAF,
        "s": st.sampled_from(list(SYMBOLS)) | LEAF,
        "d": st.lists(ROW | LEAF, max_size=2) | LEAF,
        "event": st.just("ping") | LEAF,
        "result": LEAF,
        "id": LEAF,
        "msg": LEAF,
    },
)


@given(st.lists(st.text() | st.binary() | FRAME.map(lambda f: msgspec.json.encode(f).decode()), max_size=5))
def test_only_parse_errors_come_out(frames: list[str | bytes]) -> None:
    parser = fresh()
    for frame in frames:
        try:
            said = parser.parse(frame, 0)
        except ParseError:
            continue
        assert all(each.price > 0 for each in said if isinstance(each, Mark | Index))


@given(st.binary() | st.lists(ROW | LEAF).map(msgspec.json.encode))
def test_only_parse_errors_come_out_of_the_list(body: bytes) -> None:
    try:
        said = anchors(body, ONE, 0)
    except ParseError:
        return
    assert all(isinstance(each, Funding | FundingInterval | Dropped) for each in said)
