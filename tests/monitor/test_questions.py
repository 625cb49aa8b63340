"""Questions over a socket to an engine: answered from a frozen book, refused with a reason, never in the way."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from desk import LEG, SOL, Desk, StandingClock, edited, facts, portfolio, prices
from hypothesis import given, settings
from hypothesis import strategies as st

from hedge.explain import recompute
from hedge.market import Update, Want
from hedge.snapshot import Snapshot
from hedge.stress.ladder import STEPS
from monitor import aside
from monitor.asking import answered
from monitor.engine import Engine
from monitor.frames import PROTOCOL, REQUEST, Hello, frame
from monitor.link import Client, Server, connect
from monitor.messages import (
    Acknowledge,
    Advised,
    Answer,
    Climb,
    Climbed,
    Done,
    Explain,
    Explained,
    MonitorLost,
    Question,
    Rebased,
    Reckoned,
    Refused,
    Supposed,
    Tickets,
    WatcherCount,
    Watchers,
    WhatIf,
)
from monitor.questions import answer
from monitor.watch import Watch


class Room:
    """An engine behind its socket, with the market in the test's hand, and one viewer."""

    def __init__(self, **changes: Any) -> None:
        self.clock = StandingClock()
        self.watch = Watch(portfolio(**changes), self.clock, path="/book.json")
        self.engine = Engine(self.watch, self.feeds)

    async def feeds(self, wants: Sequence[Want], emit: Callable[[Update], None]) -> None:
        await asyncio.Event().wait()

    def pass_by(self, seconds: float, mark: str = "142") -> None:
        """Time goes by, with a price and a heartbeat each second."""
        for _ in range(round(seconds)):
            self.tell(*prices(self.clock.now(), mark))
            self.clock.go(1)
            self.watch.tick()

    def tell(self, *updates: Update) -> None:
        for update in updates:
            self.watch.take(update)


@asynccontextmanager
async def opened(path: Path, **changes: Any) -> AsyncIterator[tuple[Room, Client]]:
    room = Room(**changes)
    server = Server(room.engine, Hello(PROTOCOL, "0.1.0", os.getpid(), "/book.json"))
    await server.open(path)
    running = asyncio.create_task(room.engine.run())
    room.tell(*facts())
    room.pass_by(4)
    client = await connect(path)
    try:
        yield room, client
    finally:
        await client.close()
        room.engine.stop("the test is over")
        await server.close()
        await running


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 what is waited for has no event
            await asyncio.sleep(0.005)


async def test_a_figure_is_explained_as_the_snapshot_has_it(tmp_path: Path) -> None:
    async with opened(tmp_path / "sock") as (room, client):
        snapshot = room.watch.snapshot()
        for path, value in (
            ("totals.off_usd", snapshot.totals.off_usd),
            ("assets.SOL.drift", snapshot.assets[0].drift),
            (f"positions.{LEG}.liquidation_price", snapshot.positions[0].liquidation_price),
        ):
            answer = await client.request(Explain(path))
            assert isinstance(answer, Explained)
            explanation = answer.explanation()
            assert (explanation.path, explanation.value) == (path, value)
            assert recompute(explanation) == value


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (Explain("assets.SOL.drif"), "assets.SOL.drift"),
        (Explain("assets.SLO.drift"), "assets.SOL.drift"),
        (Explain(""), "There is no figure"),
        (Explain("\x1b[2Jtotals"), "\\u001b"),
        (Explain("totals." + "x" * 100_000), "too long"),
        (WhatIf(("SLO=+20%",)), "SOL"),
        (WhatIf(("SOL=20",)), 'write "SOL=+20%"'),
        (WhatIf(("SOL=-100%", "venue:bybti=gone")), 'write "venue:bybit"'),
        (WhatIf(("SOL=NaN%",)), "SOL"),
        (WhatIf(("SOL=+1%",) * 51), "too many"),
        (Climb("SLO"), "write SOL"),
        (Climb("\x00"), "SOL, all, crash"),
        (Tickets("SLO"), "Did you mean SOL?"),
        (Tickets("liquidation:nothing"), "nothing in this book"),
        (Tickets("feed:bybit-linear"), "nothing in this book"),
    ],
)
async def test_what_cannot_be_answered_is_refused_with_the_nearest(
    tmp_path: Path, question: Question, says: str
) -> None:
    async with opened(tmp_path / "sock") as (_room, client):
        answer = await client.request(question)
        assert isinstance(answer, Refused)
        assert says in answer.reason
        assert answer.reason.isprintable() or "\n" in answer.reason
        assert len(answer.reason) < 500


@pytest.fixture(scope="module")
def case() -> aside.Case:
    desk = Desk(held="244")
    desk.run(4)
    return desk.watch.case()


WORDS = st.text(st.sampled_from("SOLUSDT.:=+-%/#@ 059eall\x00é"), max_size=24) | st.text(max_size=400)
QUESTIONS = (
    st.builds(Explain, WORDS | WORDS.map(lambda text: f"assets.{text}"))
    | st.builds(WhatIf, st.lists(WORDS, max_size=3).map(tuple))
    | st.builds(Climb, WORDS.filter(lambda text: text not in ("SOL", "all", "crash")))
    | st.builds(Tickets, WORDS | WORDS.map(lambda text: f"liquidation:{text}"))
)


@given(question=QUESTIONS)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_no_text_breaks_an_answer(case: aside.Case, question: Question) -> None:
    found = answer(question, case)
    assert isinstance(found, Explained | Supposed | Climbed | Advised | Refused)
    if isinstance(found, Refused):
        assert found.reason
        assert found.reason.replace("\n", "").isprintable()


async def test_what_if_leaves_the_live_book_as_it_is(tmp_path: Path) -> None:
    async with opened(tmp_path / "sock") as (room, client):
        before = room.watch.snapshot()
        answer = await client.request(WhatIf(("SOL=+60%", "USDT=-5%")))
        assert isinstance(answer, Supposed)
        stress, after = answer.stress(), answer.snapshot()
        assert stress.liquidated == (LEG,)
        assert stress.spot_pnl_usd == 200 * 142 * Decimal("0.6")
        assert (after.mode, after.portfolio) == ("what-if", "Test")
        assert after.positions == (), "what is liquidated is gone"
        assert msgspec.json.encode(room.watch.snapshot()) == msgspec.json.encode(before)


async def test_a_ladder_has_every_step(tmp_path: Path) -> None:
    async with opened(tmp_path / "sock") as (_room, client):
        for subject in ("SOL", LEG, "all", "crash"):
            answer = await client.request(Climb(subject))
            assert isinstance(answer, Climbed)
            ladder = answer.ladder()
            assert (ladder.subject, [rung.move for rung in ladder.rungs]) == (subject, list(STEPS))


@pytest.mark.parametrize("subject", ["", "SOL", "hedge_drift:SOL", "hedge_drift:SOL#1", "hedge_drift:SOL#1@caution"])
async def test_tickets_for_an_open_alert_by_each_of_its_names(tmp_path: Path, subject: str) -> None:
    async with opened(tmp_path / "sock", held="244") as (_room, client):
        answer = await client.request(Tickets(subject))
        assert isinstance(answer, Advised)
        assert answer.document.portfolio == "Test"
        (advice,) = (each for each in answer.document.advice if each.rule == "hedge_drift")
        assert (advice.subject, advice.level, advice.alert) == ("SOL", "caution", "hedge_drift:SOL#1")
        assert advice.message.startswith("Hedge drift")
        assert (advice.tickets[0].kind, advice.tickets[0].contracts) == ("sell", 22)


@pytest.mark.parametrize(
    ("subject", "rule"),
    [("SOL", "hedge_drift"), (LEG, "liquidation"), ("main", "liquidation_joint"), ("book", "hedge_drift_total")],
)
async def test_tickets_for_what_has_no_alert(tmp_path: Path, subject: str, rule: str) -> None:
    async with opened(tmp_path / "sock", held="203") as (_room, client):
        answer = await client.request(Tickets(subject))
        assert isinstance(answer, Advised)
        (advice,) = answer.document.advice
        assert (advice.subject, advice.rule, advice.alert, advice.level) == (subject, rule, "", None)
        nothing = await client.request(Tickets())
        assert isinstance(nothing, Advised)
        assert nothing.document.advice == ()


async def test_a_command_waits_for_the_alert_that_is_about_to_be_raised(tmp_path: Path) -> None:
    async with opened(tmp_path / "sock") as (room, client):
        room.watch.replace(portfolio(held="244"))
        room.watch.tick()
        asking = asyncio.create_task(answered(client, Tickets(), 5))
        await asyncio.sleep(0.1)
        assert not asking.done()
        room.pass_by(6)
        async with asyncio.timeout(5):
            reply = await asking
        assert isinstance(reply.answer, Advised)
        assert "hedge_drift" in {advice.rule for advice in reply.answer.document.advice}


async def test_a_crossed_limit_that_is_no_alert_yet_is_counted(tmp_path: Path) -> None:
    async with opened(tmp_path / "sock") as (room, client):
        room.watch.replace(portfolio(held="244"))
        room.watch.tick()
        answer = await client.request(Tickets())
        assert isinstance(answer, Advised)
        assert answer.document.advice == ()
        assert answer.document.pending >= 1


async def test_the_book_is_rebased_in_the_name_of_the_viewer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hedgetui")
    async with opened(tmp_path / "sock") as (room, client):
        room.pass_by(2, "150")
        answer = await client.request(Rebased())
        assert isinstance(answer, Reckoned)
        assert (answer.document.value_usd, answer.document.weights) == (30_000, {"SOL": 1})
        assert room.watch.snapshot().totals.value_change == 0
        assert "rebased by " in caplog.text
        assert "@" in caplog.text.partition("rebased by ")[2]


async def test_without_a_price_the_book_cannot_be_rebased(tmp_path: Path) -> None:
    more = [*edited()["holdings"], {"asset": "AVAX", "quantity": "9"}]
    async with opened(tmp_path / "sock", holdings=more) as (_room, client):
        assert isinstance(await client.request(Rebased()), Refused)


async def test_a_question_that_cannot_be_read_costs_only_its_viewer(tmp_path: Path) -> None:
    async with opened(tmp_path / "sock") as (_room, client):
        for payload in (b'{"id":1,"request":{"type":"WhatIf","shocks":"BTC"}}', b'{"id":1,"request":{"type":"Climb"}}'):
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "sock"))
            writer.write(frame(REQUEST, payload))
            async with asyncio.timeout(5):
                await reader.read()
            writer.close()
        assert await client.request(Watchers()) == WatcherCount(0)


class Slow:
    """In place of an answer: work that lasts until the test ends it, and says whether anybody still waited."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = threading.Semaphore(0)
        self.end = threading.Event()
        self.given_up: list[bool] = []
        monkeypatch.setattr("monitor.questions.answer", self.answer)

    def answer(self, question: Question, case: aside.Case, given_up: Callable[[], bool]) -> Answer:
        self.begun.release()
        while not self.end.wait(0.005) and not given_up():
            pass
        self.given_up.append(given_up())
        return Done("worked out")


async def test_nothing_waits_for_a_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is worked on: updates are judged, snapshots come, and the same viewer's answer is taken."""
    slow = Slow(monkeypatch)
    async with opened(tmp_path / "sock", held="244") as (room, client):
        asked = [asyncio.create_task(client.request(Climb("all"))) for _ in range(3)]
        await until(lambda: slow.begun.acquire(blocking=False))
        async with asyncio.timeout(3):
            room.tell(*prices(room.clock.now(), "196"))
            row = next(row for row in room.watch.snapshot().alerts if row.rule == "liquidation")
            assert row.level == "warning"
            assert await client.request(Acknowledge(row.id, row.level)) == Done("Acknowledged.")
            snapshot: Snapshot = await anext(client.snapshots())
            assert snapshot.positions[0].mark == 196
        assert not slow.begun.acquire(blocking=False), "one at a time"
        slow.end.set()
        assert await asyncio.gather(*asked) == [Done("worked out")] * 3
        assert slow.given_up == [False] * 3


async def test_too_many_questions_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    async with opened(tmp_path / "sock") as (_room, client):
        asked = [asyncio.create_task(client.request(Climb("all"))) for _ in range(aside.MOST_WAITING)]
        await until(lambda: slow.begun.acquire(blocking=False))
        other = await connect(tmp_path / "sock")
        refused = await other.request(Climb("all"))
        assert isinstance(refused, Refused)
        assert "ask again" in refused.reason
        slow.end.set()
        assert {type(answer) for answer in await asyncio.gather(*asked)} == {Done}
        assert await other.request(Climb("all")) == Done("worked out")
        await other.close()


async def test_a_question_of_a_viewer_that_left_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    async with opened(tmp_path / "sock") as (_room, client):
        leaving = await connect(tmp_path / "sock")
        asked = asyncio.create_task(leaving.request(Climb("all")))
        await until(lambda: slow.begun.acquire(blocking=False))
        await leaving.close()
        await until(lambda: slow.given_up == [True])
        await asyncio.gather(asked, return_exceptions=True)
        slow.end.set()
        assert await client.request(Climb("all")) == Done("worked out")


async def test_a_command_gives_up_a_monitor_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    monkeypatch.setattr("monitor.asking.ANSWER_S", 0.2)
    async with opened(tmp_path / "sock") as (_room, client):
        with pytest.raises(MonitorLost, match="has not answered"):
            await answered(client, Climb("all"), 5)
        slow.end.set()


async def test_a_question_that_breaks_is_told_and_the_watch_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("monitor.questions.answer", breaks)
    async with opened(tmp_path / "sock") as (_room, client):
        answer = await client.request(Explain(f"positions.{SOL}"))
        assert isinstance(answer, Refused)
        assert "ZeroDivisionError" in answer.reason
        assert await client.request(Watchers()) == WatcherCount(0)
    assert "a question broke" in caplog.text


async def test_tickets_come_into_the_snapshots_beside_the_watch(tmp_path: Path) -> None:
    async with opened(tmp_path / "sock", held="244") as (_room, client):
        async with asyncio.timeout(5):
            async for snapshot in client.snapshots():
                rows = [row for row in snapshot.alerts if row.rule == "hedge_drift"]
                if rows and rows[0].tickets:
                    break
        assert rows[0].order == "Sell 22 SOL"
