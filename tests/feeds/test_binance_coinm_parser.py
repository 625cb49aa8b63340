"""Binance COIN-M: the same frames as USD-M by another sign, dated contracts beside perpetuals, arrays in parts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from feeds_kit import WALL_MS, mark_frame

from feeds.binance import COINM, COINM_INTERVALS, USDM
from feeds.clean import ParseError
from feeds.venue import Parser, Said
from hedge.market import Funding, FundingInterval, Index, Mark

COIN, DATED = "BTC/USD:BTC", "BTC/USD:BTC-261225"


def coinm() -> Parser:
    return COINM.parser({"BTCUSD_PERP": COIN, "ETHUSD_PERP": "ETH/USD:ETH", "BTCUSD_261225": DATED})


def parse(parser: Parser, frame: object, at: int = 5) -> list[Said]:
    return parser.parse(frame if isinstance(frame, str) else msgspec.json.encode(frame).decode(), at)


def coin(native: str = "BTCUSD_PERP", **more: Any) -> dict[str, object]:
    return mark_frame(native, **({"st": 2, "ap": "100.4"} | more))


def test_a_frame_holds_mark_index_and_funding_in_its_own_name() -> None:
    assert parse(coinm(), coin()) == [
        Mark("binance-coinm", COIN, Decimal("100.5"), 5, 5000, WALL_MS),
        Index("binance-coinm", COIN, Decimal("100.25"), 5, 5000, WALL_MS),
        Funding("binance-coinm", COIN, Decimal("0.00012"), WALL_MS + 3_600_000, 5, 120_000, WALL_MS),
    ]


def test_an_older_frame_without_the_sign_of_its_family_is_read() -> None:
    frame = coin()
    del frame["st"]
    assert len(parse(coinm(), frame)) == 3


def test_the_sign_of_the_other_family_is_not_ours() -> None:
    assert parse(coinm(), coin(st=1)) == []
    assert parse(USDM.parser({"BTCUSDT": "BTC/USDT:USDT"}), mark_frame("BTCUSDT", st=2)) == []


def test_a_dated_contract_has_no_rate_and_no_stamp_and_never_zero() -> None:
    *prices, funding = parse(coinm(), coin("BTCUSD_261225", r="", T=0))
    assert [type(each) for each in prices] == [Mark, Index]
    assert isinstance(funding, Funding)
    assert (funding.symbol, funding.rate, funding.next_ms) == (DATED, None, None)


def test_parts_of_an_array_with_both_families_count_by_symbol() -> None:
    parser = coinm()
    both = [coin(), mark_frame("BTCUSDT", "7", st=1), coin("BTCUSD_261225", r="", T=0)]
    first = parse(parser, both)
    assert {each.symbol for each in first if isinstance(each, Mark)} == {COIN, DATED}
    second = parse(parser, {"stream": "!markPrice@arr@1s", "data": [coin("ETHUSD_PERP")]})
    assert {each.symbol for each in second if isinstance(each, Mark)} == {"ETH/USD:ETH"}
    assert parse(parser, []) == []


def test_one_wrong_row_costs_its_part() -> None:
    with pytest.raises(ParseError) as found:
        parse(coinm(), [coin("ETHUSD_PERP"), coin(p="")])
    assert found.value.symbol == COIN


def test_the_index_stream_names_a_pair_where_others_have_a_price() -> None:
    assert parse(coinm(), {"e": "indexPriceUpdate", "E": WALL_MS, "i": "BTCUSD", "p": "9636.5"}) == []


@pytest.mark.parametrize(
    ("symbol", "native"),
    [
        (COIN, "BTCUSD_PERP"),
        ("ETH/USD:ETH", "ETHUSD_PERP"),
        (DATED, None),
        ("BTC/USDT:USDT", None),
        ("BTC/USD:ETH", None),
        ("BTC/USD", None),
    ],
)
def test_native_ids(symbol: str, native: str | None) -> None:
    assert COINM.native(symbol) == native


def test_streams_are_asked_for_in_lower_case_at_an_address_without_a_route() -> None:
    (text,) = COINM.subscribe(["BTCUSD_PERP", "ETHUSD_PERP"], 1)
    assert msgspec.json.decode(text)["params"] == ["btcusd_perp@markPrice@1s", "ethusd_perp@markPrice@1s"]
    assert COINM.url == "wss://dstream.binance.com/ws"


def test_intervals_of_the_family_are_asked_of_its_own_host() -> None:
    assert COINM_INTERVALS.path == "/dapi/v1/fundingInfo"
    body = b'[{"symbol":"BTCUSD_PERP","fundingIntervalHours":4}]'
    assert COINM_INTERVALS.parse(body, {"BTCUSD_PERP": COIN, "ETHUSD_PERP": "ETH/USD:ETH"}, 7) == [
        FundingInterval("binance-coinm", COIN, Decimal(4), "binance fundingInfo", 7),
        FundingInterval("binance-coinm", "ETH/USD:ETH", Decimal(8), "binance fundingInfo", 7),
    ]
