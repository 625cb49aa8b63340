"""OKX's three channels, joined per symbol: what each says, what goes by the pair, what nobody says."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import msgspec
import pytest
from feeds_kit import WALL_MS
from hypothesis import given
from hypothesis import strategies as st

from feeds.clean import ParseError
from feeds.okx import ASK_AGAIN_MS, OKX, hours_between, native_of
from feeds.venue import Ack, Closing, Parser, Pong, Reply, Said
from hedge.market import Dropped, Funding, FundingInterval, Index, Mark

BTC, COIN = "BTC/USDT:USDT", "BTC/USD:BTC"
HOUR_MS = 3_600_000


def fresh() -> Parser:
    return OKX.parser({"BTC-USDT-SWAP": BTC, "BTC-USD-SWAP": COIN})


def parse(parser: Parser, frame: object, at: int = 5) -> list[Said]:
    return parser.parse(frame if isinstance(frame, str) else msgspec.json.encode(frame).decode(), at)


def mark(price: object = "65000.5", at_ms: int = WALL_MS, name: str = "BTC-USDT-SWAP") -> dict[str, object]:
    row = {"instId": name, "instType": "SWAP", "markPx": price, "ts": str(at_ms)}
    return {"arg": {"channel": "mark-price", "instId": name}, "data": [row]}


def index(price: object = "64990", at_ms: int = WALL_MS, name: str = "BTC-USDT") -> dict[str, object]:
    row = {"instId": name, "idxPx": price, "high24h": "1", "low24h": "1", "ts": str(at_ms)}
    return {"arg": {"channel": "index-tickers", "instId": name}, "data": [row]}


def funding(rate: str = "-0.000021", hours: int = 8, name: str = "BTC-USDT-SWAP", **more: str) -> dict[str, object]:
    stamp = WALL_MS + HOUR_MS
    row = {"instId": name, "instType": "SWAP", "fundingRate": rate, "nextFundingRate": "", "ts": str(WALL_MS)}
    times = {"fundingTime": str(stamp), "nextFundingTime": str(stamp + hours * HOUR_MS)}
    return {"arg": {"channel": "funding-rate", "instId": name}, "data": [row | times | more]}


def test_the_mark_is_that_of_the_swap() -> None:
    assert parse(fresh(), mark()) == [Mark("okx", BTC, Decimal("65000.5"), 5, 60_000, WALL_MS)]


def test_the_index_goes_by_the_pair_and_is_repeated_once_a_minute() -> None:
    assert parse(fresh(), index()) == [Index("okx", BTC, Decimal(64990), 5, 75_000, WALL_MS)]
    assert parse(fresh(), index(name="BTC-USD")) == [Index("okx", COIN, Decimal(64990), 5, 75_000, WALL_MS)]


@pytest.mark.parametrize("hours", [1, 2, 4, 8])
def test_the_interval_is_the_gap_between_two_stamps(hours: int) -> None:
    assert parse(fresh(), funding(hours=hours)) == [
        Funding("okx", BTC, Decimal("-0.000021"), WALL_MS + HOUR_MS, 5, 120_000, WALL_MS),
        FundingInterval("okx", BTC, Decimal(hours), "okx stamps", 5),
    ]


def test_the_rate_is_that_of_the_coming_stamp_whatever_the_next_one_says() -> None:
    for after in ("", "0.5"):
        said = parse(fresh(), funding("0.0001", nextFundingRate=after))
        assert isinstance(said[0], Funding)
        assert said[0].rate == Decimal("0.0001")


def test_without_a_next_stamp_the_one_before_tells_the_interval() -> None:
    frame = funding(nextFundingTime="", prevFundingTime=str(WALL_MS - 3 * HOUR_MS))
    assert parse(fresh(), frame)[1] == FundingInterval("okx", BTC, Decimal(4), "okx stamps", 5)


@pytest.mark.parametrize("other", ["", "0", str(WALL_MS + HOUR_MS), str(WALL_MS), str(WALL_MS + 26 * HOUR_MS)])
def test_a_gap_that_is_none_says_no_interval(other: str) -> None:
    assert [type(each) for each in parse(fresh(), funding(nextFundingTime=other))] == [Funding]


def test_no_rate_is_not_zero() -> None:
    said = parse(fresh(), funding(""))
    assert isinstance(said[0], Funding)
    assert (said[0].rate, said[0].next_ms) == (None, WALL_MS + HOUR_MS)


def test_a_stamp_in_the_past_is_not_taken_on_its_first_arrival() -> None:
    said = parse(fresh(), funding(fundingTime=str(WALL_MS - HOUR_MS)))
    assert isinstance(said[0], Funding)
    assert said[0].next_ms is None


def test_an_empty_price_means_there_is_none() -> None:
    assert parse(fresh(), mark("")) == [Dropped("okx", BTC, ("mark",), 5)]
    assert parse(fresh(), index("")) == [Dropped("okx", BTC, ("index",), 5)]


def test_a_frame_that_was_overtaken_says_nothing_and_one_at_the_same_time_does() -> None:
    parser = fresh()
    parse(parser, mark("1", WALL_MS))
    assert parse(parser, mark("2", WALL_MS - 1)) == []
    assert parse(parser, mark("1", WALL_MS)) == [Mark("okx", BTC, Decimal(1), 5, 60_000, WALL_MS)]
    assert len(parse(parser, index("3", WALL_MS - 1))) == 1, "each channel has a time of its own"


@pytest.mark.parametrize("wrong", [mark("-1"), mark("1e999"), mark("NaN"), index("0"), funding("1.5"), mark(at_ms=-5)])
def test_a_value_that_cannot_be_is_the_symbols_trouble(wrong: object) -> None:
    with pytest.raises(ParseError) as caught:
        parse(fresh(), wrong)
    assert caught.value.symbol == BTC


@pytest.mark.parametrize("wrong", ["", "{", "[]", '{"data":5}', '{"data":[5]}', '{"arg":"x","data":[]}', "Pong"])
def test_what_is_no_frame_is_refused(wrong: str) -> None:
    with pytest.raises(ParseError) as caught:
        fresh().parse(wrong, 5)
    assert caught.value.symbol is None


def test_a_binary_frame_is_refused() -> None:
    with pytest.raises(ParseError, match="binary"):
        fresh().parse(b"pong", 5)


def test_other_markets_and_channels_say_nothing() -> None:
    assert parse(fresh(), mark(name="ETH-USDT-SWAP")) == []
    assert parse(fresh(), {"arg": {"channel": "open-interest", "instId": "BTC-USDT-SWAP"}, "data": [{}]}) == []


def test_the_pong_is_bare_text() -> None:
    assert fresh().parse("pong", 5) == [Pong()]
    assert OKX.ping is not None
    assert OKX.ping.text(7) == "ping"
    assert OKX.ping.every_s < 30


def test_each_argument_is_answered_by_itself() -> None:
    for channel, name in (("mark-price", "BTC-USDT-SWAP"), ("index-tickers", "BTC-USDT")):
        answer = {"event": "subscribe", "arg": {"channel": channel, "instId": name}, "connId": "a"}
        assert parse(fresh(), answer) == [Ack(None, True, native="BTC-USDT-SWAP")]
    assert parse(fresh(), {"event": "unsubscribe", "arg": {"channel": "mark-price", "instId": "BTC-USDT-SWAP"}}) == []
    assert parse(fresh(), {"event": "channel-conn-count", "connCount": "2"}) == []


@pytest.mark.parametrize("name", ["BTC-USD-SWAP", "BTC-USD"])
def test_a_refusal_names_its_market_in_words_alone(name: str) -> None:
    words = f"channel:mark-price,instId:{name} doesn't exist"
    said = parse(fresh(), {"event": "error", "code": "60018", "msg": words, "connId": "a"})
    assert said == [Ack(None, False, words, "BTC-USD-SWAP")]


@pytest.mark.parametrize("words", ["Invalid request: {", "channel:x,instId:ETH-USD doesn't exist", ""])
def test_a_refusal_of_no_market_of_ours_is_an_unreadable_frame(words: str) -> None:
    with pytest.raises(ParseError, match="okx refuses a request: 60012"):
        parse(fresh(), {"event": "error", "code": "60012", "msg": words})


@pytest.mark.parametrize(("event", "code"), [("notice", "64008"), ("error", "60014")])
def test_an_upgrade_and_too_many_requests_end_the_connection(event: str, code: str) -> None:
    said = parse(fresh(), {"event": event, "code": code, "msg": "reconnect", "connId": "a"})
    assert said == [Closing("okx: reconnect")]


def test_a_channel_that_falls_silent_is_asked_for_again_while_the_others_speak() -> None:
    parser = fresh()
    for frame in (mark(), index(), funding()):
        parse(parser, frame, 1000)
    assert len(parse(parser, mark(), 75_999)) == 1
    said = parse(parser, mark(), 76_000)
    wanted = '"args":[{"channel":"index-tickers","instId":"BTC-USDT"}]}'
    assert said[1:] == [Reply('{"op":"unsubscribe",' + wanted), Reply('{"op":"subscribe",' + wanted)]
    assert len(parse(parser, mark(), 76_001)) == 1
    assert not [each for each in parse(parser, index(), 100_000) if isinstance(each, Reply)]
    for at in range(101_000, 181_000, 10_000):
        parse(parser, index(), at)
    again = [each.text for each in parse(parser, index(), 181_000) if isinstance(each, Reply)]
    assert [text.count("funding-rate") for text in again] == [1, 1]


def test_a_silent_channel_is_asked_for_seldom() -> None:
    """A connection may ask 480 times an hour."""
    parser = fresh()
    asked = 0
    for at in range(0, HOUR_MS, 200):
        asked += sum(isinstance(each, Reply) for each in parse(parser, mark(), at))
    assert asked == 2 * 2 * (HOUR_MS // ASK_AGAIN_MS)


def test_one_frame_asks_for_all_channels_of_many_swaps() -> None:
    (frame,) = OKX.subscribe(["BTC-USDT-SWAP", "BTC-USD-SWAP"], 3)
    wanted = msgspec.json.decode(frame)
    assert wanted["op"] == "subscribe"
    assert [(each["channel"], each["instId"]) for each in wanted["args"]] == [
        ("mark-price", "BTC-USDT-SWAP"),
        ("funding-rate", "BTC-USDT-SWAP"),
        ("index-tickers", "BTC-USDT"),
        ("mark-price", "BTC-USD-SWAP"),
        ("funding-rate", "BTC-USD-SWAP"),
        ("index-tickers", "BTC-USD"),
    ]
    (largest,) = OKX.subscribe(["1000000MOG-USDT-SWAP"] * OKX.per_frame, 1)
    assert len(largest) < 64_000
    assert OKX.unsubscribe(["X"], 1)[0].startswith('{"op":"unsubscribe"')


@pytest.mark.parametrize(
    ("symbol", "native"),
    [
        (BTC, "BTC-USDT-SWAP"),
        (COIN, "BTC-USD-SWAP"),
        ("ETH/USDC:USDC", "ETH-USDC-SWAP"),
        ("BTC/USD:USD", None),
        ("BTC/USDT:BTC", None),
        ("BTC/USDT", None),
        ("BTC/USDT:USDT-261225", None),
        ("", None),
    ],
)
def test_native_names(symbol: str, native: str | None) -> None:
    assert native_of(symbol) == native


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_nothing_but_a_parse_error_comes_out(frame: str | bytes) -> None:
    with contextlib.suppress(ParseError):
        fresh().parse(frame, 5)


KEYS = ("markPx", "idxPx", "fundingRate", "prevFundingTime", "fundingTime", "nextFundingTime", "ts", "instId")
ODD: st.SearchStrategy[object] = st.sampled_from(
    ["", "0", "-1", "NaN", "1e5", "9" * 40, None, 5, True, [], {}]
) | st.text(max_size=20)


@given(st.sampled_from(["mark-price", "index-tickers", "funding-rate"]), st.dictionaries(st.sampled_from(KEYS), ODD))
def test_odd_rows_bring_values_that_can_be_or_a_parse_error(channel: str, row: dict[str, object]) -> None:
    try:
        said = parse(fresh(), {"arg": {"channel": channel, "instId": "BTC-USDT-SWAP"}, "data": [row]})
    except ParseError:
        return
    for each in said:
        if isinstance(each, Mark | Index):
            assert each.price > 0
        if isinstance(each, FundingInterval):
            assert 0 < each.hours <= 24


def test_hours_between_neighbours() -> None:
    assert hours_between(0, 2 * HOUR_MS) == 2
    assert hours_between(None, 5) is hours_between(5, None) is hours_between(5, 5) is hours_between(9, 5) is None
