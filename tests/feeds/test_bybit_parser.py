"""Bybit's snapshots and deltas: absent means unchanged, empty means none, what was not read is not confirmed."""

from __future__ import annotations

import itertools
from decimal import Decimal

import msgspec
import pytest
from feeds_kit import WALL_MS, snapshot_frame, ticker_frame
from hypothesis import given
from hypothesis import strategies as st

from feeds.bybit import INVERSE, LINEAR
from feeds.clean import ParseError
from feeds.venue import Ack, Parser, Pong, Said
from hedge.market import Confirmed, Dropped, Funding, FundingInterval, Index, Mark

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
FEED = "bybit-linear"


def fresh() -> Parser:
    return LINEAR.parser({"BTCUSDT": BTC, "ETHUSDT": ETH})


def opened() -> Parser:
    parser = fresh()
    parse(parser, snapshot_frame("BTCUSDT"))
    return parser


def parse(parser: Parser, frame: object, at: int = 5) -> list[Said]:
    return parser.parse(frame if isinstance(frame, str) else msgspec.json.encode(frame).decode(), at)


def test_a_snapshot_says_everything() -> None:
    assert parse(fresh(), snapshot_frame("BTCUSDT")) == [
        Mark(FEED, BTC, Decimal("100.5"), 5, 60_000, WALL_MS),
        Index(FEED, BTC, Decimal("100.25"), 5, 60_000, WALL_MS),
        Funding(FEED, BTC, Decimal("-0.00021"), WALL_MS + 3_600_000, 5, 120_000, WALL_MS),
        FundingInterval(FEED, BTC, Decimal(4), "bybit stream", 5),
        Confirmed(FEED, BTC, 5, WALL_MS),
    ]


def test_a_delta_of_the_mark_says_mark_and_confirms_the_rest() -> None:
    said = parse(opened(), ticker_frame("BTCUSDT", "delta", WALL_MS + 100, markPrice="101"), 6)
    assert said == [
        Mark(FEED, BTC, Decimal(101), 6, 60_000, WALL_MS + 100),
        Confirmed(FEED, BTC, 6, WALL_MS + 100),
    ]


def test_a_delta_of_one_half_of_the_funding_keeps_the_other() -> None:
    parser = opened()
    said = parse(parser, ticker_frame("BTCUSDT", "delta", WALL_MS + 100, fundingRate="0.0003"))
    assert said[0] == Funding(FEED, BTC, Decimal("0.0003"), WALL_MS + 3_600_000, 5, 120_000, WALL_MS + 100)
    next_ms = WALL_MS + 18_000_000
    said = parse(parser, ticker_frame("BTCUSDT", "delta", WALL_MS + 200, nextFundingTime=str(next_ms)))
    assert said[0] == Funding(FEED, BTC, Decimal("0.0003"), next_ms, 5, 120_000, WALL_MS + 200)


def test_an_interval_that_changes_comes_with_a_delta() -> None:
    said = parse(opened(), ticker_frame("BTCUSDT", "delta", fundingIntervalHour="1"))
    assert said[0] == FundingInterval(FEED, BTC, Decimal(1), "bybit stream", 5)


@pytest.mark.parametrize("hours", ["", "0", "-8", None])
def test_an_interval_of_nothing_is_dropped(hours: str | None) -> None:
    said = parse(opened(), ticker_frame("BTCUSDT", "delta", fundingIntervalHour=hours))
    assert said[0] == Dropped(FEED, BTC, ("interval",), 5)


def test_an_empty_key_means_none() -> None:
    said = parse(opened(), ticker_frame("BTCUSDT", "delta", markPrice="", indexPrice=""))
    assert said[0] == Dropped(FEED, BTC, ("mark", "index"), 5)
    said = parse(opened(), ticker_frame("BTCUSDT", "delta", fundingRate="", nextFundingTime=""))
    assert said[0] == Funding(FEED, BTC, None, None, 5, 120_000, WALL_MS)


def test_a_snapshot_that_leaves_a_key_out_drops_it() -> None:
    said = parse(opened(), ticker_frame("BTCUSDT", "snapshot", markPrice="100"))
    assert said == [
        Mark(FEED, BTC, Decimal(100), 5, 60_000, WALL_MS),
        Dropped(FEED, BTC, ("index",), 5),
        Funding(FEED, BTC, None, None, 5, 120_000, WALL_MS),
        Dropped(FEED, BTC, ("interval",), 5),
        Confirmed(FEED, BTC, 5, WALL_MS),
    ]


def test_a_delta_before_its_snapshot_says_nothing() -> None:
    assert parse(fresh(), ticker_frame("BTCUSDT", "delta", markPrice="100")) == []
    assert parse(opened(), ticker_frame("ETHUSDT", "delta", markPrice="100")) == []


def test_a_new_connection_knows_nothing_of_the_old_one() -> None:
    opened()
    assert parse(fresh(), ticker_frame("BTCUSDT", "delta", bid1Price="100")) == []


KEYS = {
    "markPrice": "102.5",
    "indexPrice": "102.25",
    "fundingRate": "0.0005",
    "nextFundingTime": str(WALL_MS + 7_200_000),
    "fundingIntervalHour": "2",
}


@pytest.mark.parametrize("keys", [c for n in range(6) for c in itertools.combinations(KEYS, n)])
def test_every_subset_of_keys_merges_to_what_a_snapshot_would_say(keys: tuple[str, ...]) -> None:
    """What a delta says, over what the snapshot said, is what a snapshot of the merged keys says."""
    changes = {key: KEYS[key] for key in keys}
    parser = fresh()
    merged = state(parse(parser, snapshot_frame("BTCUSDT")))
    delta = parse(parser, ticker_frame("BTCUSDT", "delta", **changes))
    assert delta[-1] == Confirmed(FEED, BTC, 5, WALL_MS)
    assert state(delta).keys() == {KIND[key] for key in keys}
    assert merged | state(delta) == state(parse(fresh(), snapshot_frame("BTCUSDT", **changes)))


KIND = {
    "markPrice": "Mark",
    "indexPrice": "Index",
    "fundingRate": "Funding",
    "nextFundingTime": "Funding",
    "fundingIntervalHour": "FundingInterval",
}


def state(said: list[Said]) -> dict[str, Said]:
    return {type(each).__name__: each for each in said if not isinstance(each, Confirmed)}


@pytest.mark.parametrize(
    "keys",
    [
        {"markPrice": "0"},
        {"markPrice": "abc"},
        {"markPrice": 5},
        {"indexPrice": "-1"},
        {"fundingRate": "NaN"},
        {"fundingRate": True},
        {"nextFundingTime": "x"},
        {"fundingIntervalHour": "eight"},
    ],
)
def test_a_delta_that_cannot_be_read_leaves_its_symbol_unconfirmed_until_a_snapshot(keys: dict[str, object]) -> None:
    parser = opened()
    parse(parser, snapshot_frame("ETHUSDT"))
    with pytest.raises(ParseError) as caught:
        parse(parser, ticker_frame("BTCUSDT", "delta", **keys))
    assert caught.value.symbol == BTC
    assert parse(parser, ticker_frame("BTCUSDT", "delta", bid1Price="1")) == []
    assert parse(parser, ticker_frame("ETHUSDT", "delta", bid1Price="1")) == [Confirmed(FEED, ETH, 5, WALL_MS)]
    assert len(parse(parser, snapshot_frame("BTCUSDT"))) == 5


def test_a_frame_that_cannot_be_told_apart_unconfirms_everything() -> None:
    parser = opened()
    with pytest.raises(ParseError) as caught:
        parse(parser, '{"topic":"tick')
    assert caught.value.symbol is None
    assert parse(parser, ticker_frame("BTCUSDT", "delta", bid1Price="1")) == []


def test_a_delta_stamped_before_its_snapshot_is_read() -> None:
    said = parse(opened(), ticker_frame("BTCUSDT", "delta", WALL_MS - 20, markPrice="101"))
    assert isinstance(said[0], Mark)


def test_a_delta_that_was_overtaken_means_lost_order() -> None:
    parser = opened()
    parse(parser, ticker_frame("BTCUSDT", "delta", WALL_MS + 500, markPrice="103"))
    with pytest.raises(ParseError):
        parse(parser, ticker_frame("BTCUSDT", "delta", WALL_MS + 400, markPrice="102"))


def test_answers() -> None:
    parser = fresh()
    ok = {"success": True, "ret_msg": "", "conn_id": "c", "req_id": "4", "op": "subscribe"}
    assert parse(parser, ok) == [Ack(4, True)]
    bad = {"success": False, "ret_msg": "Invalid symbol :[tickers.XUSDT]", "conn_id": "c", "op": "subscribe"}
    assert parse(parser, bad) == [Ack(None, False, "Invalid symbol :[tickers.XUSDT]")]
    again = {"success": False, "ret_msg": "error:already subscribed,topic:tickers.BTCUSDT", "op": "subscribe"}
    said = parse(parser, again)[0]
    assert isinstance(said, Ack)
    assert said.accepted
    pong = {"success": True, "ret_msg": "pong", "conn_id": "c", "req_id": "p1", "op": "ping"}
    assert parse(parser, pong) == parse(parser, {"op": "pong", "args": ["1"]}) == [Pong()]
    assert parse(parser, {"op": "auth", "success": True}) == parse(parser, "{}") == []


@pytest.mark.parametrize(
    ("symbol", "linear", "inverse"),
    [
        ("BTC/USDT:USDT", "BTCUSDT", None),
        ("BTC/USDC:USDC", "BTCPERP", None),
        ("ETH/USD:ETH", None, "ETHUSD"),
        ("ETH/USDT:ETH", None, None),
        ("BTC/USDT:USDT-261225", None, None),
        ("BTC/USDT", None, None),
    ],
)
def test_ids(symbol: str, linear: str | None, inverse: str | None) -> None:
    assert LINEAR.native(symbol) == linear
    assert INVERSE.native(symbol) == inverse


def test_subscribing_is_one_frame() -> None:
    asked = msgspec.json.decode(*LINEAR.subscribe(["BTCUSDT", "ETHUSDT"], 12))
    assert asked == {"op": "subscribe", "req_id": "12", "args": ["tickers.BTCUSDT", "tickers.ETHUSDT"]}


TEXTS = st.sampled_from(["", "1", "0", "-1", "0.5", "1e5", "NaN", "9" * 30, str(WALL_MS)]) | st.text(max_size=8)
LEAF = TEXTS | st.none() | st.booleans() | st.integers() | st.floats()
DATA = st.dictionaries(st.sampled_from(["symbol", "lastPrice", *KEYS]), LEAF) | LEAF | st.lists(LEAF)
FRAME = st.fixed_dictionaries(
    {},
    optional={
        "topic": st.sampled_from(["tickers.BTCUSDT", "tickers.ETHUSDT", "tickers.X", "other"]) | LEAF,
        "type": st.sampled_from(["snapshot", "delta"]) | LEAF,
        "data": DATA,
        "ts": st.integers(0, 2**63) | LEAF,
        "op": LEAF,
        "success": LEAF,
        "ret_msg": LEAF,
        "req_id": LEAF,
    },
)


@given(st.lists(st.text() | st.binary() | FRAME.map(lambda d: msgspec.json.encode(d).decode()), max_size=6))
def test_only_parse_errors_come_out(frames: list[str | bytes]) -> None:
    parser = opened()
    for frame in frames:
        try:
            said = parser.parse(frame, 0)
        except ParseError:
            continue
        for each in said:
            if isinstance(each, Mark | Index):
                assert each.price.is_finite()
                assert each.price > 0


@given(st.lists(st.dictionaries(st.sampled_from(list(KEYS)), st.just("")).map(dict), max_size=5))
def test_deltas_twice_say_the_same(changes: list[dict[str, str]]) -> None:
    once, twice = opened(), opened()
    for change in changes:
        frame = ticker_frame("BTCUSDT", "delta", **{key: KEYS[key] for key in change})
        said = parse(once, frame)
        assert parse(twice, frame) == parse(twice, frame) == said
