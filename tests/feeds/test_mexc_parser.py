"""MEXC futures: four channels joined by contract, numbers as they were written, answers without a contract."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from feeds_kit import WALL_MS
from hypothesis import given
from hypothesis import strategies as st

from feeds.clean import ParseError
from feeds.mexc import FUTURES, INTERVALS
from feeds.venue import Ack, Parser, Pong, Said
from hedge.market import Dropped, Funding, FundingInterval, Index, Mark

BTC = "BTC/USDT:USDT"
COIN = "BTC/USD:BTC"
FEED = "mexc-futures"
STAMP = WALL_MS + 3_600_000
LIMIT = 15_000


def futures() -> Parser:
    return FUTURES.parser({"BTC_USDT": BTC, "BTC_USD": COIN})


def push(channel: str, ts: int = WALL_MS, native: str = "BTC_USDT", **row: Any) -> str:
    frame = {"symbol": native, "data": {"symbol": native} | row, "channel": f"push.{channel}", "ts": ts}
    return msgspec.json.encode(frame).decode()


def ticker(ts: int = WALL_MS, **more: Any) -> str:
    return push("ticker", ts, **({"fairPrice": 100.5, "indexPrice": 100.25, "fundingRate": 0.0001} | more))


def funding(ts: int = WALL_MS, value: Any = -0.000021, next_ms: Any = STAMP) -> str:
    return push("funding.rate", ts, rate=value, nextSettleTime=next_ms)


def mark(text: str, at: int = 5, ts: int = WALL_MS) -> Mark:
    return Mark(FEED, BTC, Decimal(text), at, LIMIT, ts)


def test_mark_and_index_each_by_its_channel() -> None:
    parser = futures()
    assert parser.parse(push("fair.price", price=75986), 5) == [mark("75986")]
    found = Index(FEED, BTC, Decimal("76027.1"), 5, LIMIT, WALL_MS)
    assert parser.parse(push("index.price", price=76027.1), 5) == [found]


def test_a_contract_settled_in_its_coin_comes_on_the_same_socket() -> None:
    (said,) = futures().parse(push("fair.price", native="BTC_USD", price=75986), 5)
    assert isinstance(said, Mark)
    assert said.symbol == COIN


@pytest.mark.parametrize(
    ("text", "value"),
    [("7.548E+4", "75480"), ("7548e1", "75480"), ("0.1", "0.1"), ('"75480.25"', "75480.25"), ("1e-7", "0.0000001")],
)
def test_numbers_keep_the_text_they_were_written_in(text: str, value: str) -> None:
    frame = f'{{"symbol":"BTC_USDT","data":{{"symbol":"BTC_USDT","price":{text}}},"channel":"push.fair.price","ts":1}}'
    (said,) = futures().parse(frame, 5)
    assert isinstance(said, Mark)
    assert said.price == Decimal(value)


def test_rate_and_coming_stamp() -> None:
    assert futures().parse(funding(), 5) == [Funding(FEED, BTC, Decimal("-0.000021"), STAMP, 5, 120_000, WALL_MS)]
    in_exponents = funding(value=-2.1e-05).replace(str(STAMP), f"{STAMP:.12E}")
    (said,) = futures().parse(in_exponents, 5)
    assert isinstance(said, Funding)
    assert (said.rate, said.next_ms) == (Decimal("-0.000021"), STAMP)


def test_no_rate_is_not_a_rate_of_zero() -> None:
    for value, rate in ((None, None), (0, Decimal(0))):
        (said,) = futures().parse(funding(value=value), 5)
        assert isinstance(said, Funding)
        assert said.rate == rate


def test_a_stamp_in_the_past_is_discarded_but_one_that_passes_is_due() -> None:
    parser = futures()
    (old,) = parser.parse(funding(next_ms=WALL_MS - 120_000), 5)
    assert isinstance(old, Funding)
    assert old.next_ms is None
    parser.parse(funding(WALL_MS + 1), 5)
    (due,) = parser.parse(funding(STAMP + 200_000), 6)
    assert isinstance(due, Funding)
    assert due.next_ms == STAMP


def test_the_ticker_stands_in_for_channels_that_are_silent() -> None:
    parser = futures()
    assert parser.parse(ticker(), 5) == [mark("100.5"), Index(FEED, BTC, Decimal("100.25"), 5, LIMIT, WALL_MS)]
    parser.parse(push("fair.price", WALL_MS + 1, price=101), 1000)
    said = parser.parse(ticker(WALL_MS + 2), 3000)
    assert [type(each) for each in said] == [Index]
    said = parser.parse(ticker(WALL_MS + 3), 6000)
    assert [type(each) for each in said] == [Mark, Index]


def test_the_ticker_brings_the_rate_between_two_frames_of_funding() -> None:
    parser = futures()
    assert not any(isinstance(each, Funding) for each in parser.parse(ticker(), 5))
    parser.parse(funding(WALL_MS + 1), 6)
    said = parser.parse(ticker(WALL_MS + 2, fundingRate=0.0003), 7)
    assert said[-1] == Funding(FEED, BTC, Decimal("0.0003"), STAMP, 7, 120_000, WALL_MS + 2)
    without = parser.parse(ticker(WALL_MS + 3, fundingRate=None), 8)
    assert not any(isinstance(each, Funding) for each in without)


def test_a_repeated_or_overtaken_frame_of_a_channel_says_nothing() -> None:
    parser = futures()
    parser.parse(push("fair.price", price=100), 5)
    assert parser.parse(push("fair.price", price=101), 6) == []
    assert parser.parse(push("fair.price", WALL_MS - 1, price=101), 6) == []
    assert len(parser.parse(push("index.price", WALL_MS - 1, price=101), 6)) == 1


def test_other_contracts_and_channels_are_nobodys_business() -> None:
    parser = futures()
    assert parser.parse(push("fair.price", native="ETH_USDT", price=1), 5) == []
    assert parser.parse(push("deal", p=1), 5) == []
    assert parser.parse('{"channel":"push.tickers","data":[{"symbol":"BTC_USDT","fairPrice":1}],"ts":1}', 5) == []


def test_a_frame_that_names_two_contracts_is_refused() -> None:
    with pytest.raises(ParseError, match="holds ETH_USDT") as found:
        futures().parse(push("ticker", fairPrice=1, symbol="ETH_USDT"), 5)
    assert found.value.symbol == BTC


@pytest.mark.parametrize(
    "frame",
    [
        push("fair.price", price=0),
        push("fair.price", price=-1),
        push("fair.price"),
        push("fair.price", price=None),
        push("fair.price", price=""),
        push("fair.price", price=True),
        push("fair.price", price=[1]),
        push("fair.price", price={"a": 1}),
        push("fair.price", price="1_000"),
        push("fair.price", price=1).replace(":1}", ":1e999}"),
        push("fair.price", price=1).replace(":1}", f":{'9' * 30}}}"),
        push("funding.rate", rate=1.5),
        push("funding.rate", rate=0.1, nextSettleTime=1.5),
        push("ticker", fairPrice="x"),
        push("ticker", 0).replace('"ts":0', '"ts":"soon"'),
    ],
)
def test_what_cannot_be_believed_costs_its_frame(frame: str) -> None:
    with pytest.raises(ParseError) as found:
        futures().parse(frame, 5)
    assert found.value.symbol == BTC


@pytest.mark.parametrize(
    "frame",
    ["", "[]", "7", "null", "{}", '{"channel":7}', '{"channel":"push.ticker","data":', "[" * 100_000, b"\x1f\x8b"],
)
def test_what_is_no_frame_costs_itself(frame: str | bytes) -> None:
    with pytest.raises(ParseError) as found:
        futures().parse(frame, 5)
    assert found.value.symbol is None


def test_answers() -> None:
    parser = futures()
    assert parser.parse('{"channel":"rs.sub.ticker","data":"success","ts":1}', 5) == []
    assert parser.parse('{"channel":"pong","data":1,"ts":1}', 5) == [Pong()]
    refused = '{"channel":"rs.error","data":"Contract [NOPE_USDT] not exists","ts":1}'
    assert parser.parse(refused, 5) == [Ack(None, False, "Contract [NOPE_USDT] not exists", "NOPE_USDT")]
    assert parser.parse('{"channel":"rs.error","data":"too many","ts":1}', 5) == [Ack(None, False, "too many", "")]
    assert parser.parse('{"channel":"rs.error","data":{"a":1},"ts":1}', 5) == [Ack(None, False, '{"a":1}', "")]


def test_one_frame_a_contract_and_channel_prices_first() -> None:
    frames = [msgspec.json.decode(text) for text in FUTURES.subscribe(["BTC_USDT", "BTC_USD"], 1)]
    assert [frame["method"] for frame in frames[::2]] == [
        "sub.fair.price",
        "sub.index.price",
        "sub.ticker",
        "sub.funding.rate",
    ]
    assert [frame["param"]["symbol"] for frame in frames[:2]] == ["BTC_USDT", "BTC_USD"]
    assert msgspec.json.decode(FUTURES.unsubscribe(["BTC_USD"], 2)[0])["method"] == "unsub.fair.price"
    assert FUTURES.ping is not None
    assert msgspec.json.decode(FUTURES.ping.text(1)) == {"method": "ping"}


@pytest.mark.parametrize(
    ("symbol", "native"),
    [
        (BTC, "BTC_USDT"),
        ("BTC/USDC:USDC", "BTC_USDC"),
        (COIN, "BTC_USD"),
        ("BTC/USDT:BTC", None),
        ("BTC/USDT", None),
        ("BTC/USDT:USDT-261225", None),
    ],
)
def test_native_ids(symbol: str, native: str | None) -> None:
    assert FUTURES.native(symbol) == native


NATIVES = {"BTC_USDT": BTC, "BTC_USD": COIN}


def row(native: str = "BTC_USDT", **more: Any) -> dict[str, Any]:
    known = {"fundingRate": 6.7e-05, "collectCycle": 4, "nextSettleTime": STAMP, "timestamp": WALL_MS}
    return {"symbol": native} | known | more


def anchor(*rows: dict[str, Any]) -> list[Any]:
    return INTERVALS.parse(msgspec.json.encode({"success": True, "code": 0, "data": rows}), NATIVES, 7)


def test_the_anchor_gives_hours_rate_and_stamp() -> None:
    assert anchor(row(), row("ETH_USDT")) == [
        FundingInterval(FEED, BTC, Decimal(4), "mexc funding_rate", 7),
        Funding(FEED, BTC, Decimal("0.000067"), STAMP, 7, 900_000, WALL_MS),
    ]


@pytest.mark.parametrize("cycle", [0, -8, 480, None, "x", [8]])
def test_an_interval_that_is_none_costs_its_contract_alone(cycle: object) -> None:
    assert anchor(row(collectCycle=cycle), row("BTC_USD"))[:2] == [
        Dropped(FEED, BTC, ("interval",), 7),
        FundingInterval(FEED, COIN, Decimal(4), "mexc funding_rate", 7),
    ]


def test_an_old_stamp_and_no_rate_of_the_anchor() -> None:
    assert anchor(row(nextSettleTime=WALL_MS - 120_000))[1].next_ms is None
    assert [type(each) for each in anchor(row(fundingRate=None))] == [FundingInterval]


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"{}",
            b"[]",
            b"[" * 100_000,
            b"\xff",
            b'{"success":true,"data":[]}',
            b'{"success":true,"code":0,"data":7}',
        ),
        b'{"success":false,"code":510,"message":"Requests are too frequent"}',
        b'{"success":true,"code":510,"message":"Requests are too frequent","data":[]}',
        b'{"success":false,"code":0,"data":[]}',
    ],
)
def test_an_error_behind_http_200_is_an_error(body: bytes) -> None:
    with pytest.raises(ParseError):
        INTERVALS.parse(body, NATIVES, 7)


def test_the_words_of_the_refusal_are_kept() -> None:
    with pytest.raises(ParseError, match="code 510: Requests are too frequent"):
        INTERVALS.parse(b'{"success":false,"code":510,"message":"Requests are too frequent"}', NATIVES, 7)


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["1", "-0.1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["symbol", "price", "fairPrice", "indexPrice", "fundingRate", "rate", "nextSettleTime"])
CHANNEL = st.sampled_from(["ticker", "fair.price", "index.price", "funding.rate", "x"])


@given(st.lists(st.tuples(CHANNEL, ODD, st.dictionaries(KEYS, ODD, max_size=4)), max_size=4))
def test_only_parse_errors_come_out(frames: list[tuple[str, Any, dict[str, Any]]]) -> None:
    parser, said = futures(), list[Said]()
    for channel, ts, data in frames:
        frame = {"channel": f"push.{channel}", "symbol": "BTC_USDT", "data": data, "ts": ts}
        try:
            said += parser.parse(msgspec.json.encode(frame).decode(), 5)
        except ParseError:
            continue
    assert all(each.symbol == BTC for each in said if isinstance(each, Mark | Index | Funding))


@given(
    st.lists(st.dictionaries(st.sampled_from(["symbol", "fundingRate", "collectCycle", "timestamp"]), ODD), max_size=3)
)
def test_only_parse_errors_come_out_of_the_anchor(rows: list[dict[str, Any]]) -> None:
    rows = [{"symbol": "BTC_USDT"} | each for each in rows]
    try:
        said = INTERVALS.parse(msgspec.json.encode({"success": True, "code": 0, "data": rows}), NATIVES, 7)
    except ParseError:
        return
    assert all(each.symbol == BTC for each in said if isinstance(each, FundingInterval | Dropped))
