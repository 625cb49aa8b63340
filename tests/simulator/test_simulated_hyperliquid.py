"""Hyperliquid's dialogue and its one HTTP path without a socket."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from feeds.simulator.clock import Moment
from feeds.simulator.contracts import listing
from feeds.simulator.hyperliquid import IDLE_S, HyperliquidDialogue
from feeds.simulator.hyperliquid_rest import INFO, NOBODY, UNIFIED, HyperliquidRest
from feeds.simulator.market import Market
from feeds.simulator.past import Past
from feeds.simulator.script import Fault, Script
from feeds.simulator.wire import GONE, Answer, Ask, Close, Output

START_MS = 1_795_000_000_000
USER = "0x" + "5a" * 20


def at(seconds: float) -> Moment:
    return Moment(seconds, START_MS + int(seconds * 1000))


def dialogue(script: Script | None = None) -> HyperliquidDialogue:
    return HyperliquidDialogue(Market(1, "calm", script), listing("hyperliquid", START_MS), at(0))


def rest(script: Script | None = None) -> HyperliquidRest:
    market = Market(1, "calm", script)
    return HyperliquidRest(market, listing("hyperliquid", START_MS), Past(market, START_MS))


def said(outputs: list[Output]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(each) for each in outputs if isinstance(each, str)]


def ask(coin: str, method: str = "subscribe", kind: str = "activeAssetCtx") -> str:
    return msgspec.json.encode({"method": method, "subscription": {"type": kind, "coin": coin}}).decode()


def test_a_coin_is_confirmed_and_speaks_once_a_second_without_a_time() -> None:
    peer = dialogue()
    (answer,) = said(peer.received(ask("BTC"), at(1)))
    assert answer["channel"] == "subscriptionResponse"
    frames = [frame for tenth in range(10, 60) for frame in said(peer.due(at(tenth / 10)))]
    assert len(frames) == 5
    assert {frame["data"]["coin"] for frame in frames} == {"BTC"}
    assert set(frames[0]["data"]) == {"coin", "ctx"}
    assert float(frames[0]["data"]["ctx"]["funding"]) == pytest.approx(0.0001 / 8), "for an hour"


def test_an_unknown_coin_ends_the_socket_without_a_word() -> None:
    peer = dialogue()
    peer.received(ask("BTC"), at(1))
    assert peer.received(ask("NOPE"), at(1)) == [Close(GONE)]
    assert peer.received(ask("KPEPE"), at(1)) == [Close(GONE)], "its name is kPEPE"


def test_a_delisted_coin_is_unknown() -> None:
    peer = dialogue(Script([Fault(kind="delist", feed="hyperliquid", symbol="SOL", start_s=5.0)]))
    assert said(peer.received(ask("SOL"), at(1)))
    assert peer.received(ask("SOL", "unsubscribe"), at(6)) == [Close(GONE)]


def test_twice_is_told_and_harmless() -> None:
    peer = dialogue()
    peer.received(ask("BTC"), at(1))
    (answer,) = said(peer.received(ask("BTC"), at(2)))
    assert answer["channel"] == "error"
    assert answer["data"].startswith("Already subscribed: {")
    assert peer.topics == {"BTC"}


def test_pings_rubbish_and_the_idle_end() -> None:
    peer = dialogue()
    assert said(peer.received('{"method":"ping"}', at(1))) == [{"channel": "pong"}]
    for rubbish in ("{", "[]", '{"method":"subscribe"}', '{"method":"post","subscription":{}}'):
        assert said(peer.received(rubbish, at(2)))[0]["channel"] == "error"
    assert said(peer.received(ask("BTC", kind="trades"), at(3)))[0]["data"].startswith("Invalid subscription")
    assert peer.due(at(3 + IDLE_S - 0.1)) == []
    assert peer.due(at(3 + IDLE_S)) == [Close(1000, "Inactive")]


def posted(peer: HyperliquidRest, question: object, seconds: float = 1.0) -> Any:
    answer = peer.answer(Ask(INFO, body=msgspec.json.encode(question).decode()), at(seconds))
    assert answer.status == 200
    return msgspec.json.decode(answer.body)


def refused(peer: HyperliquidRest, body: str, path: str = INFO) -> Answer:
    return peer.answer(Ask(path, body=body), at(1))


def test_what_an_address_holds_adds_up() -> None:
    state = posted(rest(), {"type": "clearinghouseState", "user": USER})
    rows = [each["position"] for each in state["assetPositions"]]
    assert [(row["coin"], row["szi"], row["leverage"]["type"]) for row in rows] == [
        ("BTC", "-0.50000", "isolated"),
        ("ETH", "-8.0000", "cross"),
    ]
    gains = sum(float(row["unrealizedPnl"]) for row in rows)
    assert float(state["marginSummary"]["accountValue"]) == pytest.approx(40_000 + gains)
    isolated = rows[0]
    assert float(isolated["marginUsed"]) == pytest.approx(16_250 + float(isolated["unrealizedPnl"]))
    assert float(isolated["leverage"]["rawUsd"]) - float(isolated["positionValue"]) == pytest.approx(
        float(isolated["marginUsed"])
    )


def test_a_position_may_shrink_and_go() -> None:
    faults = [
        Fault(kind="position", symbol="BTC", start_s=5.0, factor=0.4),
        Fault(kind="position", start_s=9, factor=0),
    ]
    peer, question = rest(Script(faults)), {"type": "clearinghouseState", "user": USER}
    sizes = [
        [row["position"]["szi"] for row in posted(peer, question, second)["assetPositions"]] for second in (1, 6, 9)
    ]
    assert sizes == [["-0.50000", "-8.0000"], ["-0.20000", "-8.0000"], []]


def test_an_account_that_shares_its_margin_says_so_and_shows_no_wallet() -> None:
    kinds = [posted(rest(), {"type": "userAbstraction", "user": user}) for user in (USER, UNIFIED)]
    assert kinds == ["disabled", "unifiedAccount"]
    state = posted(rest(), {"type": "clearinghouseState", "user": UNIFIED})
    gains = sum(float(row["position"]["unrealizedPnl"]) for row in state["assetPositions"])
    assert float(state["marginSummary"]["accountValue"]) == pytest.approx(gains)


def test_nobody_holds_nothing() -> None:
    state = posted(rest(), {"type": "clearinghouseState", "user": NOBODY})
    assert state["assetPositions"] == []
    assert state["marginSummary"]["accountValue"] == "0.000000"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"type":"order"}',
        '{"type":"clearinghouseState"}',
        '{"type":"clearinghouseState","user":"0x1"}',
        '{"type":"candleSnapshot","req":{"coin":"NOPE"}}',
        '{"type":"fundingHistory","coin":"BTC"}',
    ],
)
def test_what_is_no_question_is_refused(body: str) -> None:
    assert refused(rest(), body).status == 422


def test_no_other_path_is_served() -> None:
    assert refused(rest(), '{"type":"meta"}', "/exchange").status == 404


def test_a_delisted_market_stays_in_the_list_with_a_mark() -> None:
    script = Script([Fault(kind="delist", feed="hyperliquid", symbol="SOL")])
    universe = posted(rest(script), {"type": "meta"})["universe"]
    assert [row["name"] for row in universe if row.get("isDelisted")] == ["SOL"]
