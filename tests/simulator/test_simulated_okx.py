"""OKX's dialogue without a socket: channels, answers, refusals, limits and silence."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from feeds.simulator.clock import Moment
from feeds.simulator.contracts import listing
from feeds.simulator.market import Market
from feeds.simulator.okx import REQUESTS_AN_HOUR, SILENCE_S, OkxDialogue
from feeds.simulator.script import Fault, FaultKind, Script
from feeds.simulator.wire import Close, Output

START_MS = 1_795_000_000_000
SWAP = "BTC-USDT-SWAP"


def at(seconds: float) -> Moment:
    return Moment(seconds, START_MS + int(seconds * 1000))


def dialogue(script: Script | None = None) -> OkxDialogue:
    return OkxDialogue(Market(1, "calm", script), listing("okx", START_MS), at(0))


def said(outputs: list[Output]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(each) for each in outputs if isinstance(each, str) and each != "pong"]


def subscribe(*topics: tuple[str, str], op: str = "subscribe") -> str:
    args = [{"channel": channel, "instId": name} for channel, name in topics]
    return msgspec.json.encode({"op": op, "args": args}).decode()


def channels(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["arg"]["channel"] for frame in frames]


ALL = (("mark-price", SWAP), ("index-tickers", "BTC-USDT"), ("funding-rate", SWAP))


def test_each_argument_is_answered_and_each_channel_speaks_of_its_own() -> None:
    peer = dialogue()
    answers = said(peer.received(subscribe(*ALL), at(1)))
    assert [(each["event"], each["arg"]["channel"]) for each in answers] == [("subscribe", name) for name, _ in ALL]
    rows = {frame["arg"]["channel"]: frame["data"][0] for frame in said(peer.due(at(1)))}
    assert rows["mark-price"]["instId"] == SWAP
    assert rows["index-tickers"]["instId"] == "BTC-USDT"
    funding = rows["funding-rate"]
    assert int(funding["nextFundingTime"]) - int(funding["fundingTime"]) == 8 * 3_600_000
    assert funding["nextFundingRate"] == ""
    assert "interval" not in str(funding).lower()


@pytest.mark.parametrize(
    ("channel", "name"),
    [("mark-price", "NOPE-USDT-SWAP"), ("index-tickers", SWAP), ("mark-price", "BTC-USDT"), ("candle1m", SWAP)],
)
def test_what_does_not_exist_is_refused_by_itself(channel: str, name: str) -> None:
    peer = dialogue()
    good, bad = said(peer.received(subscribe(ALL[0], (channel, name)), at(1)))
    assert (good["event"], bad["event"], bad["code"]) == ("subscribe", "error", "60018")
    assert f"instId:{name} doesn't exist" in bad["msg"]
    assert channels(said(peer.due(at(1)))) == ["mark-price"]


def test_frames_come_on_change_and_a_price_that_stands_is_repeated() -> None:
    peer = dialogue(Script([Fault(kind="freeze", feed="okx", symbol=SWAP, start_s=2.0)]))
    peer.received(subscribe(*ALL[:2]), at(1))
    times: dict[str, list[float]] = {"mark-price": [], "index-tickers": []}
    for tenth in range(10, 1300):
        for frame in said(peer.due(at(tenth / 10))):
            times[frame["arg"]["channel"]].append(tenth / 10)
    late = {channel: [time for time in each if time > 3] for channel, each in times.items()}
    assert all(9.9 <= b - a <= 10.3 for a, b in zip(late["mark-price"], late["mark-price"][1:], strict=False))
    assert len(late["mark-price"]) == 12
    assert len(late["index-tickers"]) == 2


def test_the_interval_may_change_on_the_way() -> None:
    peer = dialogue(Script([Fault(kind="interval", feed="okx", symbol=SWAP, start_s=5.0, hours=2)]))
    peer.received(subscribe(ALL[2]), at(1))
    gaps = [
        (int(row["nextFundingTime"]) - int(row["fundingTime"])) // 3_600_000
        for second in (1, 65)
        for frame in said(peer.due(at(second)))
        for row in frame["data"]
    ]
    assert gaps == [8, 2]


@pytest.mark.parametrize("kind", ["silent", "mute", "delist"])
def test_who_is_silenced_sends_nothing(kind: FaultKind) -> None:
    peer = dialogue(Script([Fault(kind=kind, feed="okx", symbol="" if kind == "mute" else SWAP, start_s=2.0)]))
    peer.received(subscribe(*ALL), at(1))
    assert len(peer.due(at(1))) == 3
    assert peer.due(at(3)) == []


def test_one_channel_may_die_alone() -> None:
    peer = dialogue(Script([Fault(kind="silent", feed="okx", symbol="index-tickers", start_s=2.0)]))
    peer.received(subscribe(*ALL), at(1))
    assert set(channels(said(peer.due(at(1))))) == {name for name, _ in ALL}
    assert set(channels(said(peer.due(at(3))))) == {"mark-price"}


def test_bare_pings_and_the_end_of_a_silent_socket() -> None:
    peer = dialogue()
    assert peer.received("ping", at(20)) == ["pong"]
    assert peer.due(at(20 + SILENCE_S - 0.1)) == []
    assert peer.due(at(20 + SILENCE_S)) == [Close(4004, "No data received in 30s.")]


def test_leaving_and_rubbish() -> None:
    peer = dialogue()
    peer.received(subscribe(*ALL), at(1))
    assert len(peer.topics) == 3
    (left,) = said(peer.received(subscribe(ALL[0], op="unsubscribe"), at(2)))
    assert left["event"] == "unsubscribe"
    assert len(peer.topics) == 2
    for rubbish in ("{", "[]", '{"op":"login","args":[]}', '{"op":"subscribe"}'):
        (answer,) = said(peer.received(rubbish, at(3)))
        assert (answer["event"], answer["code"]) == ("error", "60012")


def test_so_many_requests_an_hour() -> None:
    peer = dialogue()
    answers = [said(peer.received(subscribe(ALL[0]), at(number)))[0] for number in range(REQUESTS_AN_HOUR + 1)]
    assert [each.get("code") for each in answers] == [None] * REQUESTS_AN_HOUR + ["60014"]
    assert said(peer.received(subscribe(ALL[0]), at(5000)))[0]["event"] == "subscribe"
