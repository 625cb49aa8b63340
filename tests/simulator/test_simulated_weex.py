"""WEEX as the simulator plays it, without sockets: greeting, early data, silence, limits, and a list that stands."""

from __future__ import annotations

import json
from typing import Any

import pytest

from feeds.simulator import Fault, Script, weex
from feeds.simulator.clock import Moment
from feeds.simulator.market import Market
from feeds.simulator.past import HOUR_MS
from feeds.simulator.weex import Weex, WeexDialogue
from feeds.simulator.wire import GONE, Ask, Close, Output

START_MS = 1_795_160_040_000
"""A full minute."""
PREMIUM = "/capi/v3/market/premiumIndex"


def at(second: float) -> Moment:
    return Moment(elapsed_s=second, wall_ms=START_MS + round(second * 1000))


def venue(*faults: Fault, seed: int = 1) -> Weex:
    return Weex(Market(seed, "demo", Script(faults)), START_MS)


def dialogue(peer: Weex) -> WeexDialogue:
    opened = peer.dialogue("/contract/v3/ws/public", {}, at(0.0))
    assert opened is not None
    return opened


def said(outputs: list[Output]) -> list[Any]:
    return [json.loads(each) if isinstance(each, str) else each for each in outputs]


def send(talk: WeexDialogue, method: str, *channels: str, second: float = 0.05, number: int = 1) -> list[Any]:
    params = {"params": list(channels)} if channels else {}
    return said(talk.received(json.dumps({"method": method, "id": number, **params}), at(second)))


def heard(talk: WeexDialogue, until_s: float, from_s: float = 0.1, pong: bool = True) -> list[Any]:
    found: list[Any] = []
    for tenth in range(round(from_s * 10), round(until_s * 10) + 1):
        for each in said(talk.due(at(tenth / 10))):
            found.append(each)
            if isinstance(each, dict) and each.get("event") == "ping" and pong:
                send(talk, "PONG", second=tenth / 10)
    return found


def ask(peer: Weex, path: str, second: float = 3.0, key: str = "", **query: str) -> Any:
    return json.loads(peer.answer(Ask(path, query, key), at(second)).body)


def test_a_greeting_then_data_before_its_acknowledgement() -> None:
    talk = dialogue(venue())
    assert said(talk.due(at(0.0)))[0]["event"] == "connected"
    early, ack = send(talk, "SUBSCRIBE", "BTCUSDT@ticker")
    assert (early["e"], early["s"], ack) == ("ticker", "BTCUSDT", {"result": True, "id": 1})
    frames = heard(talk, 3.0)
    assert len(frames) == 15
    (data,) = frames[0]["d"]
    assert {"m", "i", "c", "P"} <= data.keys()
    assert not {"r", "b", "a"} & data.keys(), "neither funding nor touch"


def test_a_delisted_contract_is_acknowledged_and_silent() -> None:
    talk = dialogue(venue(Fault(kind="delist", feed="weex-contract", symbol="SOLUSDT")))
    assert send(talk, "SUBSCRIBE", "SOLUSDT@ticker") == [{"result": True, "id": 1}]
    assert [each.get("event") for each in heard(talk, 20.0)] == ["connected"]


@pytest.mark.parametrize(
    ("channels", "words"),
    [
        (["BTCUSDT@ticker", "cmt_nopeusdt@ticker"], "invalid event"),
        (["BTCUSDT@ticker", "NOPEUSDT@ticker"], "invalid symbol : NOPEUSDT"),
        (["BTCUSDT@nope"], "invalid event : nope"),
    ],
)
def test_one_bad_channel_fails_the_frame(channels: list[str], words: str) -> None:
    talk = dialogue(venue())
    (answer,) = send(talk, "SUBSCRIBE", *channels, number=7)
    assert (answer["result"], answer["id"]) == (False, 7)
    assert answer["msg"].startswith(f"INVALID_ARGUMENT: {words}")
    assert talk.topics == frozenset()


def test_our_ping_is_answered_and_theirs_comes_each_minute() -> None:
    talk = dialogue(venue())
    send(talk, "SUBSCRIBE", "BTCUSDT@ticker")
    assert send(talk, "PING", number=109) == [{"result": True, "id": 109}]
    pings = [each for each in heard(talk, 200.0) if isinstance(each, dict) and each.get("event") == "ping"]
    assert len(pings) == 3
    assert isinstance(pings[0]["time"], str)


def test_who_leaves_a_ping_unanswered_is_cut_with_the_next() -> None:
    talk = dialogue(venue())
    send(talk, "SUBSCRIBE", "BTCUSDT@ticker")
    frames = heard(talk, 121.0, pong=False)
    assert Close(GONE) in frames
    assert Close(GONE) not in frames[: len(frames) // 2]


def test_a_socket_without_a_subscription_ends_after_a_minute() -> None:
    talk = dialogue(venue())
    assert Close(GONE) not in heard(talk, 59.0)
    assert Close(GONE) in heard(talk, 61.0, from_s=59.1)


def test_two_hundred_and_forty_operations_an_hour() -> None:
    talk = dialogue(venue())
    for number in range(240):
        assert send(talk, "PING", second=number, number=number)[0]["result"] is True
    assert send(talk, "PONG", second=250) == []
    assert send(talk, "PING", second=251) == [Close(1008, "too many operations")]
    patient = dialogue(venue())
    for number in range(400):
        assert send(patient, "PING", second=25.0 * number, number=number)[0]["result"] is True


def test_so_many_channels_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weex, "MOST_CHANNELS", 2)
    talk = dialogue(venue())
    assert send(talk, "SUBSCRIBE", "BTCUSDT@ticker", "ETHUSDT@ticker")[-1]["result"] is True
    assert send(talk, "SUBSCRIBE", "SOLUSDT@ticker")[-1]["msg"] == "INVALID_ARGUMENT: too many channels : 2"
    assert talk.topics == {"BTCUSDT@ticker", "ETHUSDT@ticker"}


def test_unsubscribing_and_nonsense() -> None:
    talk = dialogue(venue())
    send(talk, "SUBSCRIBE", "BTCUSDT@ticker")
    assert send(talk, "UNSUBSCRIBE", "BTCUSDT@ticker") == [{"result": True, "id": 1}]
    assert talk.topics == frozenset()
    (answer,) = said(talk.received("hello", at(1.0)))
    assert answer == {"result": False, "msg": "INVALID_ARGUMENT: unrecognized message : hello"}
    assert send(talk, "FLY")[0]["result"] is False


def test_an_index_of_a_closed_market_rests_while_its_mark_is_the_last_trade() -> None:
    talk = dialogue(venue())
    send(talk, "SUBSCRIBE", "SPYUSDT@ticker", "BTCUSDT@ticker")
    frames = [each for each in heard(talk, 40.0) if each.get("e") == "ticker"]
    spy = [each["d"][0] for each in frames if each["s"] == "SPYUSDT"]
    btc = [each["d"][0] for each in frames if each["s"] == "BTCUSDT"]
    assert len({row["i"] for row in spy}) == 1 < len({row["m"] for row in spy})
    assert all(row["m"] == row["c"] for row in spy)
    assert len({row["i"] for row in btc}) > 10
    assert any(row["m"] != row["c"] for row in btc)


def test_the_list_forecasts_and_what_it_calls_last_is_settled() -> None:
    peer = venue(Fault(kind="interval", feed="weex-contract", symbol="BTCUSDT", start_s=2, hours=1))
    rows = {row["symbol"]: row for row in ask(peer, PREMIUM)}
    assert (rows["BTCUSDT"]["collectCycle"], rows["AVAXUSDT"]["collectCycle"]) == (60, 240)
    row = rows["SOLUSDT"]
    settled = ask(peer, "/capi/v3/market/fundingRate", symbol="SOLUSDT", limit="1")[0]
    assert row["lastFundingRate"] == settled["fundingRate"] != row["forecastFundingRate"]
    assert settled["fundingTime"] == row["nextFundingTime"] - 8 * HOUR_MS
    assert rows["ADAUSDT"]["nextFundingTime"] == 28_800_000


def test_marks_of_the_list_stand_for_a_minute_while_its_time_runs_on() -> None:
    peer = venue()
    early, late, next_minute = (ask(peer, PREMIUM, second, symbol="SOLUSDT")[0] for second in (61.0, 118.0, 121.0))
    assert late["time"] - early["time"] == 57_000
    assert (early["markPrice"], early["indexPrice"]) == (late["markPrice"], late["indexPrice"])
    assert late["markPrice"] != next_minute["markPrice"]


def test_contract_val_is_the_same_for_all_and_no_size_of_any() -> None:
    rows = ask(venue(), "/capi/v3/market/exchangeInfo")["symbols"]
    assert {row["contractVal"] for row in rows} == {0.0001}
    assert "status" not in rows[0]


def test_a_delisted_contract_leaves_both_lists() -> None:
    peer = venue(Fault(kind="delist", feed="weex-contract", symbol="SOLUSDT"))
    listed = ask(peer, "/capi/v3/market/exchangeInfo")["symbols"]
    assert "SOLUSDT" not in {row["symbol"] for row in [*listed, *ask(peer, PREMIUM)]}


@pytest.mark.parametrize("path", ["/capi/v3/account/position/allPosition", "/capi/v3/account/balance"])
def test_what_is_private_wants_a_key(path: str) -> None:
    assert ask(venue(), path)["code"] == -1040
    assert isinstance(ask(venue(), path, key="k"), list)


def test_a_position_has_its_size_in_coins_and_no_mark() -> None:
    (position,) = ask(venue(), "/capi/v3/account/position/allPosition", key="k")
    assert (position["side"], position["size"]) == ("SHORT", "4.0")
    assert "markPrice" not in position
    (money,) = ask(venue(), "/capi/v3/account/balance", key="k")
    assert money["balance"] == "6000.00000000"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/capi/v3/market/klines", {"symbol": "NOPEUSDT", "interval": "1h"}),
        ("/capi/v3/market/klines", {"symbol": "BTCUSDT", "interval": "7h"}),
        ("/capi/v3/market/fundingRate", {"symbol": "NOPEUSDT"}),
        ("/capi/v3/order", {}),
    ],
)
def test_wrong_queries_are_refused(path: str, query: dict[str, str]) -> None:
    assert venue().answer(Ask(path, query), at(1.0)).status in (400, 404)


def test_the_same_seed_says_the_same() -> None:
    def run(seed: int) -> list[Any]:
        talk = dialogue(venue(seed=seed))
        send(talk, "SUBSCRIBE", "SOLUSDT@ticker")
        return heard(talk, 20)

    assert run(4) == run(4) != run(5)
