"""BingX as the simulator plays it, without sockets: gzip, `Ping`, leaks, refusals, the list of index and funding."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise
from typing import Any

import pytest

from feeds.simulator import Fault, Script, bingx
from feeds.simulator.bingx import Bingx, BingxDialogue
from feeds.simulator.clock import Moment
from feeds.simulator.contracts import listing
from feeds.simulator.market import Market
from feeds.simulator.past import HOUR_MS
from feeds.simulator.wire import GONE, Ask, Close, Output

START_MS = 1_795_160_000_000
PREMIUM = "/openApi/swap/v2/quote/premiumIndex"


def at(second: float) -> Moment:
    return Moment(elapsed_s=second, wall_ms=START_MS + round(second * 1000))


def venue(*faults: Fault, seed: int = 1) -> Bingx:
    return Bingx(Market(seed, "demo", Script(faults)), START_MS)


def dialogue(peer: Bingx) -> BingxDialogue:
    opened = peer.dialogue("/swap-market", {}, at(0.0))
    assert opened is not None
    return opened


def opened(outputs: list[Output]) -> list[Any]:
    """What the frames say; every one of them is binary."""
    said: list[Any] = []
    for frame in outputs:
        if isinstance(frame, Close):
            said.append(frame)
            continue
        assert isinstance(frame, bytes)
        text = gzip.decompress(frame).decode()
        said.append(text if text == "Ping" else json.loads(text))
    return said


def sub(talk: BingxDialogue, topic: str, second: float = 0.0, kind: str = "sub") -> Any:
    return opened(talk.received(json.dumps({"id": f"id-{topic}", "reqType": kind, "dataType": topic}), at(second)))[0]


def heard(talk: BingxDialogue, until_s: float, from_s: float = 0.1, pong: bool = True) -> list[Any]:
    said: list[Any] = []
    for tenth in range(round(from_s * 10), round(until_s * 10) + 1):
        for each in opened(talk.due(at(tenth / 10))):
            said.append(each)
            if each == "Ping" and pong:
                talk.received("Pong", at(tenth / 10))
    return said


def ask(peer: Bingx, path: str, second: float = 3.0, key: str = "", **query: str) -> Any:
    return json.loads(peer.answer(Ask(path, query, key), at(second)).body)


def test_a_mark_a_second_and_a_ping_every_five() -> None:
    talk = dialogue(venue())
    assert sub(talk, "BTC-USDT@markPrice") == {
        "id": "id-BTC-USDT@markPrice",
        "code": 0,
        "msg": "",
        "dataType": "",
        "data": None,
    }
    said = heard(talk, 20.0)
    assert said.count("Ping") == 4
    marks = [each for each in said if each != "Ping"]
    assert {each["dataType"] for each in marks} == {"BTC-USDT@markPrice"}
    assert {late["data"]["E"] - early["data"]["E"] for early, late in pairwise(marks)} == {1000}
    assert marks[0]["data"].keys() == {"e", "E", "s", "p"}, "neither index nor funding"


def test_who_does_not_pong_is_cut_after_thirty_seconds_without_a_goodbye() -> None:
    talk = dialogue(venue())
    said = heard(talk, 31.0, pong=False)
    assert said[:5] == ["Ping"] * 5
    assert said[-1] == Close(GONE)
    assert Close(GONE) not in heard(dialogue(venue()), 120.0)


def test_an_unknown_contract_and_an_unknown_channel_are_refused_by_id() -> None:
    talk = dialogue(venue())
    for topic in ("NOPE-USDT@markPrice", "BTC-USDT@bookTicker", "BTCUSDT@markPrice"):
        answer = sub(talk, topic)
        assert (answer["id"], answer["code"], answer["msg"]) == (f"id-{topic}", 80015, "dataType not support")
    assert heard(talk, 3.0) == []


def test_a_refused_topic_leaks_one_frame() -> None:
    talk = dialogue(venue(Fault(kind="delist", feed="bingx-swap", symbol="SOL-USDT")))
    assert sub(talk, "SOL-USDT@markPrice")["code"] == 80015
    (leaked,) = heard(talk, 4.0)
    assert leaked["data"]["s"] == "SOL-USDT"


def test_so_many_topics_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bingx, "MOST_TOPICS", 2)
    talk = dialogue(venue())
    answers = [sub(talk, f"{coin}-USDT@markPrice") for coin in ("BTC", "ETH", "SOL", "BTC")]
    assert [answer["code"] for answer in answers] == [0, 0, 80403, 0]
    assert answers[2]["msg"] == "your topic num over max 2"
    assert len(talk.topics) == 2


def test_ten_messages_a_second() -> None:
    hasty = dialogue(venue())
    for _ in range(10):
        assert isinstance(
            hasty.received('{"id":"1","reqType":"sub","dataType":"BTC-USDT@markPrice"}', at(0.1))[0], bytes
        )
    assert hasty.received('{"id":"1","reqType":"sub","dataType":"BTC-USDT@markPrice"}', at(0.2)) == [
        Close(1008, "too many messages")
    ]


def test_unsubscribing_and_nonsense() -> None:
    talk = dialogue(venue())
    sub(talk, "BTC-USDT@markPrice")
    assert sub(talk, "BTC-USDT@markPrice", kind="unsub")["code"] == 0
    assert talk.topics == frozenset()
    assert opened(talk.received("{", at(1.0)))[0]["code"] == 100400
    assert "incrDepth dataType is not supported" in sub(talk, "BTC-USDT@incrDepth", 2.0, kind="fly")["msg"]


def test_faults_of_data() -> None:
    talk = dialogue(
        venue(
            Fault(kind="silent", symbol="ETH-USDT", start_s=1),
            Fault(kind="blank", symbol="SOL-USDT", keys=("p", "indexPrice")),
        )
    )
    for native in ("ETH-USDT", "SOL-USDT"):
        sub(talk, f"{native}@markPrice")
    said = [each["data"] for each in heard(talk, 4.0)]
    assert max(each["E"] for each in said if each["s"] == "ETH-USDT") < START_MS + 1000
    assert {each["p"] for each in said if each["s"] == "SOL-USDT"} == {""}


def test_the_list_names_a_coming_rate_last_and_an_update_that_is_a_settlement() -> None:
    peer = venue(Fault(kind="interval", feed="bingx-swap", symbol="BTC-USDT", start_s=2, hours=1))
    rows = {row["symbol"]: row for row in ask(peer, PREMIUM)["data"]}
    assert rows["BTC-USDT"]["fundingIntervalHours"] == 1
    row = rows["AVAX-USDT"]
    assert row["fundingIntervalHours"] == 4
    assert row["nextFundingTime"] - 4 * HOUR_MS == row["updateTime"] < START_MS
    coming = Market(1, "demo").quote(listing("bingx-swap", START_MS)["AVAX-USDT"], at(3.0)).rate
    assert float(row["lastFundingRate"]) == pytest.approx(coming, abs=1e-8)
    assert ask(peer, PREMIUM, symbol="AVAX-USDT")["data"] == row, "asked for one, an object"
    assert ask(peer, PREMIUM, symbol="NOPE-USDT")["code"] == 109425


def test_stream_and_list_agree_on_the_mark() -> None:
    peer = venue()
    talk = dialogue(peer)
    sub(talk, "SOL-USDT@markPrice")
    mark = opened(talk.due(at(3.0)))[-1]["data"]["p"]
    assert ask(peer, PREMIUM, symbol="SOL-USDT")["data"]["markPrice"] == mark


def test_a_delisted_contract_leaves_both_lists() -> None:
    peer = venue(Fault(kind="delist", feed="bingx-swap", symbol="SOL-USDT"))
    for path in (PREMIUM, "/openApi/swap/v2/quote/contracts"):
        assert "SOL-USDT" not in {row["symbol"] for row in ask(peer, path)["data"]}


def test_coin_margined_contracts_want_a_timestamp() -> None:
    path = "/openApi/cswap/v1/market/contracts"
    assert venue().answer(Ask(path), at(1.0)).status == 400
    assert ask(venue(), path, timestamp="1")["data"][0]["symbol"] == "BTC-USD"


@pytest.mark.parametrize(
    "path", ["/openApi/swap/v2/user/positions", "/openApi/swap/v3/user/balance", "/openApi/swap/v1/maintMarginRatio"]
)
def test_what_is_private_wants_a_key(path: str) -> None:
    assert ask(venue(), path, symbol="BTC-USDT")["code"] == 100413
    assert ask(venue(), path, key="k", symbol="BTC-USDT")["code"] == 0


def test_positions_have_no_sign_and_equity_counts_their_profit() -> None:
    peer = venue()
    (position,) = ask(peer, "/openApi/swap/v2/user/positions", key="k")["data"]
    (money,) = ask(peer, "/openApi/swap/v3/user/balance", key="k")["data"]
    assert (position["positionSide"], position["positionAmt"]) == ("SHORT", "0.25")
    profit = (float(position["avgPrice"]) - float(position["markPrice"])) * 0.25
    assert float(position["unrealizedProfit"]) == pytest.approx(profit, abs=0.1)
    assert float(money["equity"]) - float(money["balance"]) == pytest.approx(profit, abs=0.1)


def test_tiers_keep_the_margin_continuous() -> None:
    rows = ask(venue(), "/openApi/swap/v1/maintMarginRatio", key="k", symbol="SOL-USDT")["data"]
    for low, high in pairwise(rows):
        edge = float(high["minPositionVal"])
        margins = [edge * float(row["maintMarginRatio"]) - float(row["maintAmount"]) for row in (low, high)]
        assert margins[0] == pytest.approx(margins[1])


def test_unknown_paths_and_another_socket_are_not_there() -> None:
    assert venue().answer(Ask("/openApi/swap/v2/trade/order"), at(1.0)).status == 404
    assert venue().dialogue("/market", {}, at(0.0)) is None
    assert venue().feed_of("/market") == ""


def test_the_same_seed_says_the_same() -> None:
    def run(seed: int) -> list[Any]:
        talk = dialogue(venue(seed=seed))
        sub(talk, "SOL-USDT@ticker")
        return heard(talk, 20)

    assert run(4) == run(4) != run(5)
