"""Binance as the simulator plays it, without sockets: what is said, and what is kept silent."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from feeds.simulator import Fault, Script
from feeds.simulator.binance import Binance, BinanceDialogue
from feeds.simulator.clock import Moment
from feeds.simulator.market import Market
from feeds.simulator.wire import Answer, Ask, Close, Output

START_MS = 1_795_170_000_000


def at(second: float) -> Moment:
    return Moment(elapsed_s=second, wall_ms=START_MS + int(second * 1000))


def venue(*faults: Fault, seed: int = 1) -> Binance:
    return Binance(Market(seed, "demo", Script(faults)), START_MS)


def dialogue(peer: Binance, path: str, *streams: str) -> BinanceDialogue:
    opened = peer.dialogue(path, {}, at(0.1))
    assert opened is not None
    if streams:
        ask = json.dumps({"method": "SUBSCRIBE", "params": streams, "id": 7})
        assert said(opened.received(ask, at(0.1))) == [{"result": None, "id": 7}]
    return opened


def said(outputs: list[Output]) -> list[Any]:
    return [json.loads(text) for text in outputs if isinstance(text, str)]


def heard(talk: BinanceDialogue, until_s: int) -> list[Any]:
    return [frame for tenth in range(2, until_s * 10 + 1) for frame in said(talk.due(at(tenth / 10)))]


def body(answer: Answer) -> Any:
    return json.loads(answer.body)


def ask(peer: Binance, path: str, key: str = "", **query: str) -> Answer:
    return peer.answer(Ask(path, query, key), at(3.4))


def test_marks_come_once_a_second_with_every_key_as_text() -> None:
    frames = heard(dialogue(venue(), "/usdm/market/ws", "btcusdt@markPrice@1s"), 5)
    assert [frame["E"] for frame in frames] == [START_MS + 1000 * second for second in (1, 2, 3, 4, 5)]
    first = frames[0]
    assert list(first) == ["e", "E", "s", "p", "ap", "P", "i", "r", "T", "st"]
    assert (first["e"], first["s"], first["st"]) == ("markPriceUpdate", "BTCUSDT", 1)
    assert all(isinstance(first[key], str) and len(first[key].partition(".")[2]) == 8 for key in "pPir")
    assert first["T"] % (8 * 3_600_000) == 0
    assert first["T"] > START_MS


def test_the_slow_stream_comes_every_three_seconds() -> None:
    assert len(heard(dialogue(venue(), "/usdm/market/ws", "btcusdt@markPrice"), 9)) == 3


def test_combined_paths_wrap_frames_in_their_stream() -> None:
    opened = venue().dialogue("/usdm/market/stream", {"streams": "btcusdt@markPrice@1s/ethusdt@markPrice@1s"}, at(0.1))
    assert opened is not None
    frames = heard(opened, 1)
    assert [frame["stream"] for frame in frames] == ["btcusdt@markPrice@1s", "ethusdt@markPrice@1s"]
    assert frames[1]["data"]["s"] == "ETHUSDT"


def test_a_stream_named_in_a_raw_path_needs_no_subscription() -> None:
    assert len(heard(dialogue(venue(), "/usdm/market/ws/solusdt@markPrice@1s"), 2)) == 2
    assert heard(dialogue(venue(), "/usdm/market/ws/0"), 2) == []  # ccxt numbers its sockets


@pytest.mark.parametrize(
    ("path", "stream", "speaks"),
    [
        ("/usdm/market/ws", "btcusdt@markPrice@1s", True),
        ("/usdm/public/ws", "btcusdt@markPrice@1s", False),
        ("/usdm/ws", "btcusdt@markPrice@1s", False),
        ("/usdm/public/ws", "btcusdt@bookTicker", True),
        ("/usdm/ws", "btcusdt@bookTicker", True),
        ("/usdm/market/ws", "btcusdt@bookTicker", False),
        ("/coinm/ws", "btcusd_perp@markPrice@1s", True),
        ("/coinm/ws", "btcusd_perp@bookTicker", True),
        ("/stream/spot/ws", "btcusdt@bookTicker", True),
        ("/usdm/market/ws", "nopeusdt@markPrice@1s", False),
        ("/stream/spot/ws", "nopeusdt@bookTicker", False),
    ],
)
def test_wrong_routes_and_unknown_symbols_are_acknowledged_and_silent(path: str, stream: str, speaks: bool) -> None:
    assert bool(heard(dialogue(venue(), path, stream), 3)) is speaks


def test_dated_contracts_have_an_empty_rate_and_no_stamp() -> None:
    for path, stream in (
        ("/usdm/market/ws", "btcusdt_261225@markPrice@1s"),
        ("/coinm/ws", "btcusd_261225@markPrice@1s"),
    ):
        frame = heard(dialogue(venue(), path, stream), 1)[0]
        assert (frame["r"], frame["T"]) == ("", 0)
        assert float(frame["p"]) > float(frame["i"])


def test_all_marks_come_in_shards() -> None:
    shards = heard(dialogue(venue(), "/usdm/market/ws", "!markPrice@arr@1s"), 1)
    assert len(shards) > 1
    assert len({row["s"] for shard in shards for row in shard}) == sum(len(shard) for shard in shards) == 13


def test_spot_book_has_no_type_and_no_time_and_repeats_nothing() -> None:
    frames = heard(dialogue(venue(), "/stream/spot/ws", "avaxusdt@bookTicker"), 5)
    assert all(list(frame) == ["u", "s", "b", "B", "a", "A"] for frame in frames)
    touches = [(frame["b"], frame["B"], frame["a"], frame["A"]) for frame in frames]
    assert all(early != late for early, late in pairwise(touches))
    assert len(frames) > 5


def test_futures_book_names_pair_and_family() -> None:
    frame = heard(dialogue(venue(), "/coinm/ws", "btcusd_perp@bookTicker"), 1)[0]
    assert (frame["e"], frame["ps"], frame["st"]) == ("bookTicker", "BTCUSD", 2)


def test_requests_are_answered_as_the_venue_does() -> None:
    talk = dialogue(venue(), "/usdm/market/ws", "btcusdt@markPrice@1s", "ethusdt@markPrice@1s")
    assert said(talk.received('{"method":"UNSUBSCRIBE","params":["btcusdt@markPrice@1s"],"id":2}', at(0.2))) == [
        {"result": None, "id": 2}
    ]
    assert said(talk.received('{"method":"LIST_SUBSCRIPTIONS","id":3}', at(0.3))) == [
        {"result": ["ethusdt@markPrice@1s"], "id": 3}
    ]
    for wrong in ('{"method":"SUBSCRIBE","params":["what is this"],"id":4}', '{"method":"FLY","id":5}', "{", "[]"):
        assert "error" in said(talk.received(wrong, at(0.4)))[0]
    assert talk.topics == {"ethusdt@markPrice@1s"}


def test_too_many_messages_in_a_second_end_the_socket() -> None:
    talk = dialogue(venue(), "/usdm/market/ws")
    answers = [talk.received('{"method":"LIST_SUBSCRIPTIONS","id":1}', at(1.5))[0] for _ in range(11)]
    assert [isinstance(answer, Close) for answer in answers] == [False] * 10 + [True]


def test_the_same_seed_says_the_same() -> None:
    streams = ("btcusdt@markPrice@1s", "solusdt@markPrice@1s", "avaxusdt@markPrice@1s")
    one, same, other = (heard(dialogue(venue(seed=seed), "/usdm/market/ws", *streams), 30) for seed in (4, 4, 5))
    assert one == same
    assert one != other


def test_premium_index_agrees_with_the_stream() -> None:
    peer = venue()
    frame = heard(dialogue(peer, "/usdm/market/ws", "solusdt@markPrice@1s"), 3)[-1]
    row = body(ask(peer, "/fapi/v1/premiumIndex", symbol="SOLUSDT"))
    assert (row["markPrice"], row["indexPrice"], row["lastFundingRate"]) == (frame["p"], frame["i"], frame["r"])
    assert (row["nextFundingTime"], row["time"]) == (frame["T"], frame["E"])


def test_premium_index_is_an_object_for_one_symbol_on_usdm_alone() -> None:
    peer = venue()
    assert isinstance(body(ask(peer, "/fapi/v1/premiumIndex")), list)
    assert isinstance(body(ask(peer, "/dapi/v1/premiumIndex", symbol="BTCUSD_PERP")), list)
    unknown = ask(peer, "/fapi/v1/premiumIndex", symbol="NOPEUSDT")
    assert (unknown.status, body(unknown)["code"]) == (400, -1121)


def test_funding_info_lists_only_adjusted_contracts() -> None:
    rows = {row["symbol"]: row for row in body(ask(venue(), "/fapi/v1/fundingInfo"))}
    assert "BTCUSDT" not in rows
    assert "ETHUSDT" not in rows
    assert rows["AVAXUSDT"]["fundingIntervalHours"] == 4
    assert rows["SOLUSDT"]["fundingIntervalHours"] == 8
    assert body(ask(venue(), "/dapi/v1/fundingInfo")) == []


def test_a_scripted_interval_reaches_rest_and_stream() -> None:
    peer = venue(Fault(kind="interval", feed="binance-usdm", symbol="BTCUSDT", start_s=2, hours=1))
    rows = {row["symbol"]: row for row in body(ask(peer, "/fapi/v1/fundingInfo"))}
    assert rows["BTCUSDT"]["fundingIntervalHours"] == 1
    frames = heard(dialogue(peer, "/usdm/market/ws", "btcusdt@markPrice@1s"), 3)
    assert frames[0]["T"] - START_MS > 3_600_000 > frames[-1]["T"] - START_MS


def test_brackets_want_a_key() -> None:
    peer = venue()
    refused = ask(peer, "/fapi/v1/leverageBracket")
    assert (refused.status, body(refused)) == (401, {"code": -2014, "msg": "API-key format invalid."})
    unsigned = ask(peer, "/fapi/v1/leverageBracket", key="k")
    assert (unsigned.status, body(unsigned)["code"]) == (400, -1102)
    assert ask(peer, "/dapi/v2/leverageBracket").status == 401


def test_brackets_keep_the_maintenance_margin_continuous() -> None:
    for path, cap in (("/fapi/v1/leverageBracket", "notionalCap"), ("/dapi/v2/leverageBracket", "qtyCap")):
        for row in body(ask(venue(), path, key="k", signature="s")):
            brackets = row["brackets"]
            for low, high in pairwise(brackets):
                edge = low[cap]
                assert edge * low["maintMarginRatio"] - low["cum"] == pytest.approx(
                    edge * high["maintMarginRatio"] - high["cum"]
                )


def test_instruments_carry_what_a_reader_needs() -> None:
    usdm = {row["symbol"]: row for row in body(ask(venue(), "/fapi/v1/exchangeInfo"))["symbols"]}
    bitcoin = usdm["BTCUSDT"]
    assert (bitcoin["contractType"], bitcoin["status"], bitcoin["maintMarginPercent"]) == (
        "PERPETUAL",
        "TRADING",
        "2.5000",
    )
    lots = next(row for row in bitcoin["filters"] if row["filterType"] == "LOT_SIZE")
    assert lots["stepSize"] == "0.001"
    assert usdm["1000PEPEUSDT"]["baseAsset"] == "1000PEPE"
    assert usdm["BTCUSDT_261225"]["contractType"] == "CURRENT_QUARTER"
    coinm = {row["symbol"]: row for row in body(ask(venue(), "/dapi/v1/exchangeInfo"))["symbols"]}
    assert (coinm["BTCUSD_PERP"]["contractSize"], coinm["ETHUSD_PERP"]["contractSize"]) == (100, 10)
    assert "status" not in coinm["BTCUSD_PERP"]
    assert body(ask(venue(), "/api/v3/exchangeInfo"))["symbols"][0]["permissionSets"] == [["SPOT"]]


@pytest.mark.parametrize("path", ["/fapi/v1/order", "/fapi/v2/premiumIndex", "/api/v3/premiumIndex", "/", "/fapi"])
def test_other_paths_are_not_served(path: str) -> None:
    assert ask(venue(), path).status == 404


def test_a_delisted_symbol_leaves_metadata_and_stream() -> None:
    peer = venue(Fault(kind="delist", symbol="SOLUSDT", start_s=2))
    assert "SOLUSDT" not in {row["symbol"] for row in body(ask(peer, "/fapi/v1/exchangeInfo"))["symbols"]}
    assert len(heard(dialogue(peer, "/usdm/market/ws", "solusdt@markPrice@1s"), 5)) == 1


def test_blank_keys_and_silent_symbols() -> None:
    peer = venue(
        Fault(kind="blank", symbol="BTCUSDT", keys=("p", "r")), Fault(kind="silent", symbol="ETHUSDT", end_s=2.5)
    )
    frames = heard(dialogue(peer, "/usdm/market/ws", "btcusdt@markPrice@1s", "ethusdt@markPrice@1s"), 3)
    assert [frame["s"] for frame in frames] == ["BTCUSDT", "BTCUSDT", "BTCUSDT", "ETHUSDT"]
    assert (frames[0]["p"], frames[0]["r"]) == ("", "")
