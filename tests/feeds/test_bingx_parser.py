"""BingX: gzip frames, `Ping`, topics that leak after a refusal, and the REST list that holds index and funding."""

from __future__ import annotations

import gzip
import uuid
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from feeds_kit import WALL_MS
from hypothesis import given
from hypothesis import strategies as st

from feeds.bingx import ANCHOR, SWAP, anchors, topic_id
from feeds.clean import ParseError
from feeds.venue import Ack, Parser, Reply, Said
from hedge.market import Dropped, Funding, FundingInterval, Index, Mark

BTC, ETH = "BTC/USDT:USDT", "ETH/USDC:USDC"
SYMBOLS = {"BTC-USDT": BTC, "ETH-USDC": ETH}
ONE = {"BTC-USDT": BTC}
HOUR_MS = 3_600_000


def fresh() -> Parser:
    return SWAP.parser(SYMBOLS)


def parse(parser: Parser, frame: object, at: int = 5) -> list[Said]:
    text = frame if isinstance(frame, bytes) else frame.encode() if isinstance(frame, str) else None
    return parser.parse(gzip.compress(msgspec.json.encode(frame) if text is None else text), at)


def mark(native: str = "BTC-USDT", price: object = "100.5", at_ms: int = WALL_MS, **more: object) -> dict[str, Any]:
    data = {"e": "markPriceUpdate", "E": at_ms, "s": native, "p": price} | more
    return {"code": 0, "dataType": f"{native}@markPrice", "data": data}


def answered(native: str, code: int = 0, words: str = "") -> dict[str, Any]:
    return {"id": topic_id(native), "code": code, "msg": words, "dataType": "", "data": None}


def acked() -> Parser:
    parser = fresh()
    for native in SYMBOLS:
        assert parse(parser, answered(native)) == [Ack(None, True, native=native)]
    return parser


def test_a_mark_and_nothing_else() -> None:
    assert parse(acked(), mark()) == [Mark("bingx-swap", BTC, Decimal("100.5"), 5, 5_000, WALL_MS)]


def test_text_is_read_too() -> None:
    parser = acked()
    assert parser.parse(msgspec.json.encode(mark()).decode(), 5) == parse(acked(), mark())


def test_their_ping_wants_pong() -> None:
    assert parse(fresh(), "Ping") == [Reply("Pong")]
    said = parse(fresh(), {"ping": "5963ba", "time": "2026-10-02T18:51:55.089+0800"})
    assert said == [Reply('{"pong":"5963ba","time":"2026-10-02T18:51:55.089+0800"}')]


@pytest.mark.parametrize(
    ("code", "words"),
    [(80015, "dataType not support"), (80403, "your topic num over max 200"), (100400, "bad"), (100500, "")],
)
def test_a_refusal_names_its_market(code: int, words: str) -> None:
    said = parse(fresh(), answered("ETH-USDC", code, words))
    assert said == [Ack(None, False, f"{code} {words}", "ETH-USDC")]


def test_a_refusal_without_an_id_names_the_market_in_its_words_or_none() -> None:
    frame = {"code": 100400, "msg": "code:100400:BTC-USDT@markPrice dataType is not supported", "timestamp": WALL_MS}
    (said,) = parse(fresh(), frame)
    assert isinstance(said, Ack)
    assert (said.native, said.accepted) == ("BTC-USDT", False)
    assert parse(fresh(), {"code": 100400, "msg": "code:100400:incrDepth dataType is not supported"}) == []


def test_an_answer_to_nobody_says_nothing() -> None:
    for code in (0, 80015):
        assert parse(fresh(), {"id": str(uuid.uuid4()), "code": code, "msg": "", "data": None}) == []


def test_a_refused_topic_may_leak_one_frame_before_its_refusal_or_after_it() -> None:
    parser = fresh()
    assert parse(parser, mark()) == []
    parse(parser, answered("BTC-USDT", 80015))
    assert parse(parser, mark(at_ms=WALL_MS + 1000)) == []
    assert len(parse(parser, mark(at_ms=WALL_MS + 2000))) == 1, "a second one is no leak"


def test_a_second_frame_is_believed_without_an_acknowledgement() -> None:
    parser = fresh()
    assert parse(parser, mark()) == []
    assert parse(parser, mark()) == [], "the same frame again is not a second one"
    assert len(parse(parser, mark(at_ms=WALL_MS + 1000))) == 1


def test_trust_is_per_market_and_per_connection() -> None:
    parser = fresh()
    parse(parser, answered("BTC-USDT"))
    assert len(parse(parser, mark())) == 1
    assert parse(parser, mark("ETH-USDC")) == []
    assert parse(fresh(), mark()) == []


def test_an_overtaken_or_repeated_frame_says_nothing() -> None:
    parser = acked()
    parse(parser, mark(at_ms=WALL_MS + 1000))
    assert parse(parser, mark(at_ms=WALL_MS + 1000, price="101")) == parse(parser, mark(at_ms=WALL_MS)) == []


def test_a_stranger_and_another_channel_say_nothing() -> None:
    parser = acked()
    assert parse(parser, mark("DOGE-USDT")) == []
    other = {"code": 0, "dataType": "BTC-USDT@lastPrice", "data": {"e": "lastPriceUpdate", "s": "BTC-USDT", "p": "1"}}
    assert parse(parser, other) == parse(parser, {}) == []


@pytest.mark.parametrize("price", ["", None, "0", "-5", "NaN", "1e999", "abc", 5])
def test_a_price_that_is_none_costs_its_frame(price: object) -> None:
    with pytest.raises(ParseError) as caught:
        parse(acked(), mark(price=price))
    assert caught.value.symbol == (None if price == 5 else BTC)


@pytest.mark.parametrize("frame", [b"{", b"[1]", b"\xff", b"[" * 100_000, b"Pong?", b""])
def test_what_is_no_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(ParseError):
        parse(fresh(), frame)
    with pytest.raises(ParseError):
        fresh().parse(frame, 0)


@pytest.mark.parametrize(
    ("symbol", "native"),
    [
        ("BTC/USDT:USDT", "BTC-USDT"),
        ("1000PEPE/USDT:USDT", "1000PEPE-USDT"),
        ("ETH/USDC:USDC", "ETH-USDC"),
        ("BTC/USD:BTC", None),
        ("BTC/USD:USD", None),
        ("BTC/USDT:USDT-261225", None),
        ("BTC/USDT", None),
    ],
)
def test_ids(symbol: str, native: str | None) -> None:
    assert SWAP.native(symbol) == native


def test_one_topic_a_frame_under_an_id_that_names_it() -> None:
    asked = [msgspec.json.decode(frame) for frame in SWAP.subscribe(["BTC-USDT", "ETH-USDC"], 12)]
    assert [frame["dataType"] for frame in asked] == ["BTC-USDT@markPrice", "ETH-USDC@markPrice"]
    assert {frame["reqType"] for frame in asked} == {"sub"}
    assert [str(uuid.UUID(frame["id"])) for frame in asked] == [topic_id("BTC-USDT"), topic_id("ETH-USDC")]
    (left,) = (msgspec.json.decode(frame) for frame in SWAP.unsubscribe(["BTC-USDT"], 13))
    assert (left["reqType"], left["dataType"]) == ("unsub", "BTC-USDT@markPrice")
    assert parse(fresh(), {"id": left["id"], "code": 80015, "msg": "not subscribed"}) == []


def row(native: str = "BTC-USDT", **keys: object) -> dict[str, object]:
    full: dict[str, object] = {
        "symbol": native,
        "markPrice": "100.5",
        "indexPrice": "100.25",
        "lastFundingRate": "-0.00021",
        "nextFundingTime": WALL_MS + HOUR_MS,
        "fundingIntervalHours": 4,
        "minFundingRate": "-0.003",
        "maxFundingRate": "0.003",
        "updateTime": WALL_MS - 3 * HOUR_MS,
    }
    return full | keys


def listed(*rows: object, code: int = 0) -> bytes:
    return msgspec.json.encode({"code": code, "msg": "", "data": rows})


def test_the_list_gives_index_with_the_mark_beside_it_coming_rate_and_interval() -> None:
    assert anchors(listed(row(), row("DOGE-USDT")), ONE, 7) == [
        Index("bingx-swap", BTC, Decimal("100.25"), 7, 30_000, mark=Decimal("100.5")),
        Funding("bingx-swap", BTC, Decimal("-0.00021"), WALL_MS + HOUR_MS, 7, 120_000),
        FundingInterval("bingx-swap", BTC, Decimal(4), "bingx premiumIndex", 7),
    ]


def test_asked_for_one_it_is_no_list() -> None:
    body = msgspec.json.encode({"code": 0, "msg": "", "data": row()})
    assert anchors(body, ONE, 7) == anchors(listed(row()), ONE, 7)


def test_update_time_is_no_freshness_and_a_settled_stamp_is_not_the_next() -> None:
    old = {"updateTime": WALL_MS - 300 * HOUR_MS}
    assert anchors(listed(row(**old)), ONE, 7) == anchors(listed(row()), ONE, 7)
    for settled in (WALL_MS + HOUR_MS, WALL_MS + 2 * HOUR_MS):
        funding = anchors(listed(row(updateTime=settled)), ONE, 7)[1]
        assert isinstance(funding, Funding)
        assert (funding.rate, funding.next_ms) == (Decimal("-0.00021"), None)


@pytest.mark.parametrize("stamp", [0, 28_800_000, None, 9 * 10**17])
def test_a_next_stamp_of_no_sane_year_is_none(stamp: int | None) -> None:
    funding = anchors(listed(row(nextFundingTime=stamp)), ONE, 7)[1]
    assert isinstance(funding, Funding)
    assert funding.next_ms is None


@pytest.mark.parametrize("hours", [0, -8, 25, 480, None])
def test_an_interval_that_is_none_is_not_said(hours: int | None) -> None:
    said = anchors(listed(row(fundingIntervalHours=hours)), ONE, 7)
    assert [type(each) for each in said] == [Index, Funding]


def test_an_empty_index_or_rate_is_none() -> None:
    said = anchors(listed(row(indexPrice="", lastFundingRate="")), ONE, 7)
    assert said[0] == Dropped("bingx-swap", BTC, ("index",), 7, "bingx premiumIndex has none of it")
    assert [type(each) for each in said[1:]] == [Funding, FundingInterval]
    assert isinstance(said[1], Funding)
    assert said[1].rate is None


@pytest.mark.parametrize("keys", [{"indexPrice": "0"}, {"indexPrice": "x"}, {"lastFundingRate": "1.5"}])
def test_a_row_that_cannot_be_read_costs_its_market_alone(keys: dict[str, object]) -> None:
    said = anchors(listed(row(**keys), row("ETH-USDC")), SYMBOLS, 7)
    assert isinstance(said[0], Dropped)
    assert (said[0].symbol, said[0].fields) == (BTC, ("index", "funding"))
    assert "the row of bingx premiumIndex cannot be read: not a" in said[0].reason
    assert [type(each) for each in said[1:]] == [Index, Funding, FundingInterval]


def test_a_market_without_a_row_is_known_to_have_none() -> None:
    said = anchors(listed(row("ETH-USDC")), SYMBOLS, 7)
    assert said[0] == Dropped("bingx-swap", BTC, ("index", "funding"), 7, "bingx premiumIndex has no row of it")
    assert [type(each) for each in said[1:]] == [Index, Funding, FundingInterval]


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"{}", b"\xff", b"[" * 100_000),
        b'{"code":100410,"msg":"over 500 error code returns"}',
        b'{"code":0,"data":null}',
        listed({"symbol": "BTC-USDT", "indexPrice": 5}),
    ],
)
def test_a_body_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        anchors(body, ONE, 0)


def test_the_list_is_asked_at_a_polite_pace_and_the_index_believed_for_three_of_them() -> None:
    assert 5 <= ANCHOR.every_s <= 10
    assert ANCHOR.limit_ms >= 3000 * ANCHOR.every_s
    (index, *_) = anchors(listed(row()), ONE, 0)
    assert isinstance(index, Index)
    assert index.limit_ms == 3000 * ANCHOR.every_s


TEXTS = st.sampled_from(["", "0", "-1", "0.5", "1e5", "NaN", "9" * 30, "BTC-USDT", "markPriceUpdate"]) | st.text()
LEAF = TEXTS | st.none() | st.booleans() | st.integers() | st.floats()
KEYS = ["e", "E", "s", "p", "symbol", "indexPrice", "lastFundingRate", "nextFundingTime", "fundingIntervalHours"]
DATA = st.dictionaries(st.sampled_from(KEYS), LEAF) | LEAF
FRAME = st.dictionaries(st.sampled_from(["code", "id", "msg", "data", "ping", "time", "dataType"]), LEAF | DATA)


@given(st.lists(st.binary() | FRAME.map(msgspec.json.encode), max_size=5), st.booleans())
def test_only_parse_errors_come_out(frames: list[bytes], pack: bool) -> None:
    parser = acked()
    for frame in frames:
        try:
            said = parser.parse(gzip.compress(frame) if pack else frame, 0)
        except ParseError:
            continue
        assert all(each.price > 0 for each in said if isinstance(each, Mark))


@given(st.binary() | st.lists(DATA).map(lambda rows: listed(*rows)) | FRAME.map(msgspec.json.encode))
def test_only_parse_errors_come_out_of_the_list(body: bytes) -> None:
    try:
        said = anchors(body, ONE, 0)
    except ParseError:
        return
    assert all(each.price > 0 for each in said if isinstance(each, Index))
