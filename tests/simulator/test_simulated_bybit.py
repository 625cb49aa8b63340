"""Bybit as the simulator plays it, without sockets: snapshots, deltas, refusals, pages."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from feeds.simulator import Fault, Script
from feeds.simulator.bybit import Bybit, BybitDialogue
from feeds.simulator.clock import Moment
from feeds.simulator.contracts import listing
from feeds.simulator.market import Market
from feeds.simulator.wire import Answer, Ask, Output

START_MS = 1_795_160_000_000


def at(second: float) -> Moment:
    return Moment(elapsed_s=second, wall_ms=START_MS + round(second * 1000))


def venue(*faults: Fault, seed: int = 1) -> Bybit:
    return Bybit(Market(seed, "demo", Script(faults)), START_MS)


def dialogue(peer: Bybit, category: str, *topics: str) -> BybitDialogue:
    opened = peer.dialogue(f"/v5/public/{category}", {}, at(0.0))
    assert opened is not None
    if topics:
        answer = said(opened.received(json.dumps({"op": "subscribe", "req_id": 9, "args": topics}), at(0.05)))[0]
        assert (answer["success"], answer["req_id"], answer["op"], answer["ret_msg"]) == (True, "9", "subscribe", "")
    return opened


def said(outputs: list[Output]) -> list[Any]:
    return [json.loads(text) for text in outputs if isinstance(text, str)]


def heard(talk: BybitDialogue, until_s: float, from_s: float = 0.1) -> list[Any]:
    tenths = range(round(from_s * 10), round(until_s * 10) + 1)
    return [frame for tenth in tenths for frame in said(talk.due(at(tenth / 10)))]


def body(answer: Answer) -> Any:
    return json.loads(answer.body)


def ask(peer: Bybit, path: str, key: str = "", **query: str) -> Any:
    return body(peer.answer(Ask(path, query, key), at(3.0)))


@pytest.mark.parametrize(("category", "symbol"), [("linear", "SOLUSDT"), ("inverse", "BTCUSD")])
def test_a_snapshot_and_then_only_what_changed(category: str, symbol: str) -> None:
    frames = heard(dialogue(venue(), category, f"tickers.{symbol}"), 20)
    kinds = [frame["type"] for frame in frames]
    assert kinds == ["snapshot"] + ["delta"] * (len(frames) - 1)
    assert len(frames) > 20
    state = dict(frames[0]["data"])
    assert {"markPrice", "indexPrice", "fundingRate", "nextFundingTime", "fundingIntervalHour"} <= state.keys()
    assert "openInterestValue" in state
    assert all(isinstance(value, str) for value in state.values())
    for frame in frames[1:]:
        changed = {key: value for key, value in frame["data"].items() if key != "symbol"}
        assert changed
        assert all(state[key] != value for key, value in changed.items())
        assert frame["data"]["symbol"] == symbol
        state |= changed
    assert any("markPrice" not in frame["data"] for frame in frames[1:])
    assert not any("fundingIntervalHour" in frame["data"] for frame in frames[1:])


def test_merged_deltas_agree_with_rest() -> None:
    peer = venue()
    state: dict[str, str] = {}
    for frame in heard(dialogue(peer, "linear", "tickers.SOLUSDT"), 3.0):
        state |= frame["data"]
    assert ask(peer, "/v5/market/tickers", category="linear", symbol="SOLUSDT")["result"]["list"] == [state]


def test_a_new_socket_begins_with_a_snapshot() -> None:
    peer = venue()
    heard(dialogue(peer, "linear", "tickers.BTCUSDT"), 2)
    assert heard(dialogue(peer, "linear", "tickers.BTCUSDT"), 2.2, from_s=2.1)[0]["type"] == "snapshot"


def test_an_interval_change_comes_in_one_delta() -> None:
    peer = venue(Fault(kind="interval", feed="bybit-linear", symbol="BTCUSDT", start_s=2, hours=1))
    told = [frame["data"] for frame in heard(dialogue(peer, "linear", "tickers.BTCUSDT"), 5)]
    assert [data["fundingIntervalHour"] for data in told if "fundingIntervalHour" in data] == ["8", "1"]
    rows = ask(peer, "/v5/market/instruments-info", category="linear", symbol="BTCUSDT")["result"]["list"]
    assert rows[0]["fundingInterval"] == 60


@pytest.mark.parametrize(
    ("category", "topics", "text"),
    [
        ("linear", ["tickers.BTCUSDT", "tickers.NOPEUSDT"], "Invalid symbol :[tickers.NOPEUSDT]"),
        ("linear", ["tickers.BTCUSD"], "Invalid symbol :[tickers.BTCUSD]"),
        ("linear", ["weather.BTCUSDT"], "Invalid topic: weather.BTCUSDT"),
        (
            "spot",
            [f"orderbook.1.{pair}" for pair in listing("bybit-spot", START_MS)],
            ">10",
        ),
        ("linear", [], "Params Error"),
    ],
)
def test_one_bad_argument_fails_the_frame(category: str, topics: list[str], text: str) -> None:
    talk = dialogue(venue(), category)
    answer = said(talk.received(json.dumps({"op": "subscribe", "req_id": "t", "args": topics}), at(0.1)))[0]
    assert answer["success"] is False
    assert text in answer["ret_msg"]
    assert heard(talk, 1) == []


def test_ping_and_unsubscribe_and_nonsense() -> None:
    talk = dialogue(venue(), "linear", "tickers.BTCUSDT")
    pong = said(talk.received('{"req_id":"p1","op":"ping"}', at(1.0)))[0]
    assert (pong["success"], pong["ret_msg"], pong["op"], pong["req_id"]) == (True, "pong", "ping", "p1")
    assert said(talk.received('{"op":"unsubscribe","args":["tickers.BTCUSDT"]}', at(1.1)))[0]["success"] is True
    assert talk.topics == frozenset()
    for wrong in ("{", "[1]", '{"op":"fly"}'):
        assert said(talk.received(wrong, at(1.2)))[0]["success"] is False


def test_spot_tickers_have_neither_touch_nor_mark() -> None:
    frames = heard(dialogue(venue(), "spot", "tickers.BTCUSDT"), 3)
    assert {frame["type"] for frame in frames} == {"snapshot"}
    assert not {"bid1Price", "markPrice", "openInterestValue"} & frames[0]["data"].keys()


def test_spot_books_are_snapshots_repeated_as_a_heartbeat() -> None:
    peer = venue(Fault(kind="freeze", feed="bybit-spot", symbol="BTCUSDT"))
    frames = heard(dialogue(peer, "spot", "orderbook.1.BTCUSDT"), 12)
    assert {frame["type"] for frame in frames} == {"snapshot"}
    book = frames[0]["data"]
    assert float(book["b"][0][0]) < float(book["a"][0][0])
    times = [frame["ts"] for frame in frames]
    assert max(late - early for early, late in pairwise(times)) <= 3000


def test_faults_of_data() -> None:
    peer = venue(
        Fault(kind="silent", symbol="ETHUSDT", start_s=1),
        Fault(kind="blank", symbol="SOLUSDT", keys=("fundingRate", "nextFundingTime")),
    )
    frames = heard(dialogue(peer, "linear", "tickers.ETHUSDT", "tickers.SOLUSDT"), 5)
    assert max(frame["ts"] for frame in frames if frame["topic"] == "tickers.ETHUSDT") < START_MS + 1000
    snapshot = next(frame for frame in frames if frame["topic"] == "tickers.SOLUSDT")
    assert (snapshot["data"]["fundingRate"], snapshot["data"]["nextFundingTime"]) == ("", "")


def test_instruments_come_in_pages_with_intervals_in_minutes() -> None:
    peer, cursor, rows = venue(), "", []
    for _ in range(10):
        result = ask(peer, "/v5/market/instruments-info", category="linear", limit="4", cursor=cursor)["result"]
        rows += result["list"]
        cursor = result["nextPageCursor"]
        if not cursor:
            break
    facts = {row["symbol"]: row for row in rows}
    assert len(facts) == len(rows) == 12
    assert (facts["BTCUSDT"]["fundingInterval"], facts["AVAXUSDT"]["fundingInterval"]) == (480, 240)
    inverse = ask(peer, "/v5/market/instruments-info", category="inverse")["result"]["list"][0]
    assert (inverse["symbol"], inverse["settleCoin"], inverse["lotSizeFilter"]["minOrderQty"]) == ("BTCUSD", "BTC", "1")


@pytest.mark.parametrize("query", [{"category": "option"}, {"category": "linear", "status": "PreLaunch"}])
def test_families_that_are_not_played_are_empty(query: dict[str, str]) -> None:
    assert ask(venue(), "/v5/market/instruments-info", **query)["result"]["list"] == []


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v5/market/instruments-info", {}),
        ("/v5/market/instruments-info", {"category": "linear", "symbol": "NOPE"}),
        ("/v5/market/tickers", {"category": "moon"}),
        ("/v5/market/risk-limit", {"category": "spot"}),
    ],
)
def test_wrong_queries_get_a_code_in_a_200(path: str, query: dict[str, str]) -> None:
    answer = venue().answer(Ask(path, query), at(1.0))
    assert answer.status == 200
    assert body(answer)["retCode"] == 10001


def test_risk_limits_need_no_key_and_keep_the_margin_continuous() -> None:
    rows = ask(venue(), "/v5/market/risk-limit", category="linear", symbol="SOLUSDT")["result"]["list"]
    for low, high in pairwise(rows):
        edge = float(low["riskLimitValue"])
        margins = [edge * float(row["maintenanceMargin"]) - float(row["mmDeduction"] or 0) for row in (low, high)]
        assert margins[0] == pytest.approx(margins[1])


def test_a_key_is_said_to_be_read_only() -> None:
    assert ask(venue(), "/v5/user/query-api")["retCode"] == 10003
    assert ask(venue(), "/v5/user/query-api", key="k")["result"]["readOnly"] == 1
    assert venue().answer(Ask("/v5/order/create"), at(1.0)).status == 404


def test_the_same_seed_says_the_same() -> None:
    one, same, other = (heard(dialogue(venue(seed=seed), "linear", "tickers.SOLUSDT"), 20) for seed in (4, 4, 5))
    assert one == same
    assert one != other
