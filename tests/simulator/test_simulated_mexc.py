"""MEXC as the simulator plays it, without sockets: one channel and contract a subscription, pings or the end."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from feeds.simulator import Fault, Script
from feeds.simulator.clock import Moment
from feeds.simulator.market import Market
from feeds.simulator.mexc import Mexc, MexcDialogue
from feeds.simulator.wire import Ask, Close, Output

START_MS = 1_795_160_000_000


def at(second: float) -> Moment:
    return Moment(elapsed_s=second, wall_ms=START_MS + round(second * 1000))


def venue(*faults: Fault) -> Mexc:
    return Mexc(Market(1, "calm", Script(faults)), START_MS)


def dialogue(peer: Mexc, *asked: tuple[str, str]) -> MexcDialogue:
    opened = peer.dialogue("/edge", {}, at(0.0))
    assert opened is not None
    for channel, native in asked:
        (answer,) = said(opened.received(frame(f"sub.{channel}", native), at(0.05)))
        assert answer == {"channel": f"rs.sub.{channel}", "data": "success", "ts": START_MS + 50}
    return opened


def frame(method: str, native: str = "") -> str:
    return json.dumps({"method": method, "param": {"symbol": native}} if native else {"method": method})


def said(outputs: list[Output]) -> list[Any]:
    return [json.loads(text) for text in outputs if isinstance(text, str)]


def heard(talk: MexcDialogue, until_s: float) -> list[Any]:
    return [each for tenth in range(1, round(until_s * 10) + 1) for each in said(talk.due(at(tenth / 10)))]


def ask(peer: Mexc, path: str, key: str = "", **query: str) -> Any:
    answer = peer.answer(Ask(path, query, key), at(3.0))
    assert answer.status == 200
    return json.loads(answer.body)


@pytest.mark.parametrize(("channel", "gap_ms"), [("ticker", 2000), ("fair.price", 1000), ("index.price", 500)])
def test_each_channel_has_its_own_beat(channel: str, gap_ms: int) -> None:
    frames = heard(dialogue(venue(), (channel, "BTC_USDT")), 10)
    assert {each["channel"] for each in frames} == {f"push.{channel}"}
    assert {late["ts"] - early["ts"] for early, late in pairwise(frames)} == {gap_ms}
    assert {each["data"]["symbol"] for each in frames} == {each["symbol"] for each in frames} == {"BTC_USDT"}


def test_numbers_are_numbers_and_the_channels_agree() -> None:
    frames = heard(dialogue(venue(), ("ticker", "BTC_USD"), ("fair.price", "BTC_USD"), ("funding.rate", "BTC_USD")), 4)
    newest = {each["channel"]: each["data"] for each in frames if each["ts"] % 2000 == 0}
    assert newest["push.ticker"]["fairPrice"] == newest["push.fair.price"]["price"] == pytest.approx(65000, rel=0.01)
    (funding,) = [each["data"] for each in frames if each["channel"] == "push.funding.rate"]
    assert isinstance(funding["rate"], float)
    assert funding["nextSettleTime"] > START_MS


def test_small_numbers_come_in_exponent_form() -> None:
    texts = [text for text in dialogue(venue(), ("fair.price", "PEPE_USDT")).due(at(1.5)) if isinstance(text, str)]
    assert "e-" in texts[0]


def test_a_refusal_names_the_contract_in_its_words_alone() -> None:
    talk = dialogue(venue())
    (answer,) = said(talk.received(frame("sub.ticker", "NOPE_USDT"), at(1)))
    assert answer == {"channel": "rs.error", "data": "Contract [NOPE_USDT] not exists", "ts": START_MS + 1000}


def test_what_it_does_not_understand_gets_no_answer() -> None:
    talk = dialogue(venue())
    for text in ("{", "7", frame("sub.weather", "BTC_USDT"), frame("login"), '{"method":"sub.ticker"}'):
        assert talk.received(text, at(1)) == []


def test_who_does_not_ping_for_a_minute_is_dropped_whatever_flows() -> None:
    talk = dialogue(venue(), ("fair.price", "BTC_USDT"))
    assert said(talk.received(frame("ping"), at(50))) == [
        {"channel": "pong", "data": START_MS + 50_000, "ts": START_MS + 50_000}
    ]
    assert not any(isinstance(each, Close) for each in talk.due(at(110)))
    assert [type(each) for each in talk.due(at(110.1))] == [Close]


def test_who_leaves_a_channel_hears_no_more_of_it() -> None:
    talk = dialogue(venue(), ("fair.price", "BTC_USDT"), ("index.price", "BTC_USDT"))
    assert talk.topics == {"fair.price@BTC_USDT", "index.price@BTC_USDT"}
    (answer,) = said(talk.received(frame("unsub.fair.price", "BTC_USDT"), at(0.1)))
    assert answer["channel"] == "rs.unsub.fair.price"
    assert {each["channel"] for each in heard(talk, 3)} == {"push.index.price"}


def test_the_script_silences_blanks_and_delists() -> None:
    silent = Fault(kind="silent", feed="mexc-futures", symbol="BTC_USDT")
    assert heard(dialogue(venue(silent), ("fair.price", "BTC_USDT")), 3) == []
    blank = Fault(kind="blank", feed="mexc-futures", symbol="BTC_USDT", keys=("price",))
    assert heard(dialogue(venue(blank), ("fair.price", "BTC_USDT")), 1)[0]["data"]["price"] is None
    gone = venue(Fault(kind="delist", feed="mexc-futures", symbol="BTC_USDT"))
    (answer,) = said(dialogue(gone).received(frame("sub.ticker", "BTC_USDT"), at(1)))
    assert answer["channel"] == "rs.error"
    assert "BTC_USDT" not in [row["symbol"] for row in ask(gone, "/api/v1/contract/detail")["data"]]


def test_errors_come_with_http_200() -> None:
    for path, key in (("/api/v1/contract/funding_rate/NOPE_USDT", ""), ("/api/v1/private/account/assets", "")):
        body = ask(venue(), path, key)
        assert body["success"] is False
        assert body["code"] != 0


def test_the_interval_is_in_hours_and_follows_the_script() -> None:
    changed = venue(Fault(kind="interval", feed="mexc-futures", symbol="BTC_USDT", hours=1))
    rows = {row["symbol"]: row for row in ask(changed, "/api/v1/contract/funding_rate")["data"]}
    assert (rows["BTC_USDT"]["collectCycle"], rows["AVAX_USDT"]["collectCycle"], rows["BTC_USD"]["collectCycle"]) == (
        1,
        4,
        8,
    )
    assert rows["BTC_USDT"]["nextSettleTime"] - START_MS <= 3_600_000


def test_only_the_socket_and_the_listed_paths_are_there() -> None:
    assert venue().dialogue("/ws", {}, at(0)) is None
    assert venue().feed_of("/edge") == "mexc-futures"
    assert venue().answer(Ask("/api/v9/x", {}), at(0)).status == 404
