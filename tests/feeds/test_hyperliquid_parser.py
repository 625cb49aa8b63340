"""Hyperliquid's asset contexts: hourly funding without a stamp, coins as names, complaints as text."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import msgspec
import pytest
from feeds_kit import WALL_MS
from hypothesis import given
from hypothesis import strategies as st

from feeds.clean import ParseError
from feeds.hyperliquid import HYPERLIQUID, coin_of
from feeds.venue import Ack, Parser, Pong, Said, stamped
from hedge.market import Dropped, Funding, FundingInterval, Index, Mark

BTC, PEPE = "BTC/USDC:USDC", "kPEPE/USDC:USDC"
FEED = "hyperliquid"


def fresh() -> Parser:
    return HYPERLIQUID.parser({"BTC": BTC, "kPEPE": PEPE})


def parse(parser: Parser, frame: object, at: int = 5) -> list[Said]:
    return parser.parse(frame if isinstance(frame, str) else msgspec.json.encode(frame).decode(), at)


def context(coin: str = "BTC", /, **keys: object) -> dict[str, object]:
    usual = {"funding": "0.0000125", "oraclePx": "84198.0", "markPx": "84148.0", "midPx": None, "premium": None}
    return {"channel": "activeAssetCtx", "data": {"coin": coin, "ctx": usual | keys}}


def error(words: str) -> dict[str, str]:
    return {"channel": "error", "data": words}


def test_a_context_says_everything_once_and_then_all_but_the_interval() -> None:
    parser = fresh()
    values = [
        Mark(FEED, BTC, Decimal("84148.0"), 5, 15_000),
        Index(FEED, BTC, Decimal("84198.0"), 5, 15_000),
        Funding(FEED, BTC, Decimal("0.0000125"), None, 5, 120_000),
    ]
    assert parse(parser, context()) == [*values, FundingInterval(FEED, BTC, Decimal(1), "each full hour", 5)]
    assert parse(parser, context()) == values


def test_the_stamp_is_the_next_full_hour() -> None:
    hour_ms = 3_600_000
    (funding,) = (each for each in parse(fresh(), context()) if isinstance(each, Funding))
    assert HYPERLIQUID.paid_every_h == 1
    for wall_ms, next_ms in ((0, hour_ms), (hour_ms - 1, hour_ms), (hour_ms, 2 * hour_ms), (hour_ms + 1, 2 * hour_ms)):
        found = stamped(funding, HYPERLIQUID.paid_every_h, wall_ms)
        assert isinstance(found, Funding)
        assert found.next_ms == next_ms
        assert found.rate == funding.rate
    known = Funding(FEED, BTC, None, WALL_MS, 5, 1)
    assert stamped(known, 1, 0) == known
    assert stamped(funding, None, 0) == funding
    assert stamped(Mark(FEED, BTC, Decimal(1), 5, 1), 1, 0) == Mark(FEED, BTC, Decimal(1), 5, 1)


def test_a_negative_rate_and_none_at_all() -> None:
    rates = [
        each.rate
        for text in ("-0.0001", "", None, "0")
        for each in parse(fresh(), context(funding=text))
        if isinstance(each, Funding)
    ]
    assert rates == [Decimal("-0.0001"), None, None, Decimal(0)]


def test_a_price_that_is_missing_is_none() -> None:
    said = parse(fresh(), context(markPx=None, oraclePx=""))
    assert said[:2] == [Dropped(FEED, BTC, ("mark",), 5), Dropped(FEED, BTC, ("index",), 5)]


@pytest.mark.parametrize("wrong", [{"markPx": "0"}, {"oraclePx": "-5"}, {"funding": "2"}, {"markPx": "1_0"}])
def test_a_value_that_cannot_be_is_the_symbols_trouble(wrong: dict[str, object]) -> None:
    with pytest.raises(ParseError) as caught:
        parse(fresh(), context(**wrong))
    assert caught.value.symbol == BTC


@pytest.mark.parametrize("wrong", ["", "[]", '{"data":1}', '{"channel":"activeAssetCtx"}', '{"channel":"error"}', "{"])
def test_what_is_no_frame_is_refused(wrong: str) -> None:
    with pytest.raises(ParseError):
        fresh().parse(wrong, 5)
    with pytest.raises(ParseError, match="binary"):
        fresh().parse(b"{}", 5)


def test_a_coin_in_thousands_keeps_its_spelling() -> None:
    said = parse(fresh(), context("kPEPE", markPx="0.0092"))
    assert said[0] == Mark(FEED, PEPE, Decimal("0.0092"), 5, 15_000)
    assert coin_of(PEPE) == "kPEPE"
    assert parse(fresh(), context("KPEPE")) == []


def test_answers() -> None:
    confirmed = {"method": "subscribe", "subscription": {"type": "activeAssetCtx", "coin": "BTC"}}
    assert parse(fresh(), {"channel": "subscriptionResponse", "data": confirmed}) == [Ack(None, True, native="BTC")]
    left = {"channel": "subscriptionResponse", "data": confirmed | {"method": "unsubscribe"}}
    assert parse(fresh(), left) == []
    assert parse(fresh(), {"channel": "pong"}) == [Pong()]
    assert parse(fresh(), {"channel": "allMids", "data": {}}) == []


def test_a_second_subscription_is_no_error() -> None:
    assert parse(fresh(), error('Already subscribed: {"type":"activeAssetCtx","coin":"BTC"}')) == []


def test_a_complaint_about_a_market_of_ours_refuses_it() -> None:
    words = 'Invalid subscription {"type":"activeAssetCtx","coin":"kPEPE"}'
    assert parse(fresh(), error(words)) == [Ack(None, False, words, "kPEPE")]


@pytest.mark.parametrize("words", ["Too many subscriptions", 'Invalid subscription {"coin":"ETH"}'])
def test_any_other_complaint_is_an_unreadable_frame(words: str) -> None:
    with pytest.raises(ParseError, match="hyperliquid complains"):
        parse(fresh(), error(words))


def test_one_frame_a_coin() -> None:
    assert list(HYPERLIQUID.subscribe(["BTC", "kPEPE"], 1)) == [
        '{"method":"subscribe","subscription":{"type":"activeAssetCtx","coin":"BTC"}}',
        '{"method":"subscribe","subscription":{"type":"activeAssetCtx","coin":"kPEPE"}}',
    ]
    assert HYPERLIQUID.unsubscribe(["BTC"], 1)[0].startswith('{"method":"unsubscribe"')
    assert HYPERLIQUID.fragile
    assert HYPERLIQUID.ping is not None
    assert HYPERLIQUID.ping.text(1) == '{"method":"ping"}'
    assert HYPERLIQUID.ping.every_s < 60
    assert HYPERLIQUID.per_socket * HYPERLIQUID.send_gap_s < 10, "the last one has time for its first frame"


@pytest.mark.parametrize(
    ("symbol", "coin"),
    [(BTC, "BTC"), ("BTC/USDT:USDT", None), ("BTC/USDC:BTC", None), ("BTC/USDC", None), ("BTC/USDC:USDC-1", None)],
)
def test_coins(symbol: str, coin: str | None) -> None:
    assert coin_of(symbol) == coin


KEYS = st.sampled_from(["markPx", "oraclePx", "funding"])
ODD: st.SearchStrategy[object] = st.sampled_from(
    ["", "0", "-1", "inf", "1e5", "9" * 40, None, 5, True, [], {}]
) | st.text(max_size=20)


@given(st.dictionaries(KEYS, ODD))
def test_odd_contexts_bring_values_that_can_be_or_a_parse_error(keys: dict[str, object]) -> None:
    try:
        said = parse(fresh(), context(**keys))
    except ParseError:
        return
    assert all(each.price > 0 for each in said if isinstance(each, Mark | Index))


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_nothing_but_a_parse_error_comes_out(frame: str | bytes) -> None:
    with contextlib.suppress(ParseError):
        fresh().parse(frame, 5)
