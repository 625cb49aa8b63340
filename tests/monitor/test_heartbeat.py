"""The dead man's switch: called while the book is watched, silent when it is not, a caution when nobody hears."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from desk import Desk, StandingClock
from receivers import web

from monitor.journal import Journal, Trouble
from monitor.pages.heartbeat import Heartbeat
from monitor.pages.pager import Pager
from monitor.redaction import Redactor
from monitor.run import policy_of, watches
from monitor.secret import Secret
from monitor.settings import Settings

TOKEN = "pUlSe-1a2b3c4d"


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 another thread makes it true
            await asyncio.sleep(0.01)


def beating(url: str, watching: Callable[[], bool] = lambda: True) -> Heartbeat:
    address = Secret(url.replace("json://", "http://"))
    return Heartbeat(address, watching, StandingClock(), Redactor([address]), every_s=0.02)


async def test_it_is_called_again_and_again_while_the_book_is_watched_and_not_otherwise() -> None:
    watching = True
    with web(TOKEN) as inbox:
        beats = asyncio.create_task(beating(inbox.url, lambda: watching).run())
        await until(lambda: len(inbox.taken) >= 3)
        watching = False
        await asyncio.sleep(0.1)
        before = len(inbox.taken)
        await asyncio.sleep(0.2)
        assert len(inbox.taken) == before
        beats.cancel()
    assert inbox.taken[0]["path"] == f"/{TOKEN}"


@pytest.mark.parametrize("mood", ["refuse", "drop"])
async def test_two_calls_in_a_row_without_an_answer_are_a_trouble_until_one_is_heard(mood: str) -> None:
    with web(TOKEN) as inbox:
        inbox.mood = mood  # type: ignore[assignment]
        heartbeat = beating(inbox.url)
        beats = asyncio.create_task(heartbeat.run())
        await until(heartbeat.trouble)
        assert heartbeat.trouble().startswith("The heartbeat is not heard, ")
        assert TOKEN not in heartbeat.trouble()
        inbox.mood = "accept"
        await until(lambda: not heartbeat.trouble())
        beats.cancel()


async def test_nobody_there_is_one_caution_and_no_more(tmp_path: Path) -> None:
    trouble = Trouble(lambda _: None, lambda: None, lambda _: None)
    desk = Desk(journal := Journal(tmp_path / "journal.db", trouble, now_ms=lambda: 1), StandingClock())
    heartbeat = beating(f"http://127.0.0.1:1/{TOKEN}")
    pager = Pager(desk.watch, journal, desk.clock, (), lambda *_: "", path="/book.json", heartbeat=heartbeat)
    beats = asyncio.create_task(pager.run())
    await until(heartbeat.trouble)
    await asyncio.sleep(1.2)
    desk.run(3)
    await asyncio.sleep(0.2)
    desk.run(30)
    (row,) = [row for row in desk.watch.snapshot().alerts if row.rule == "pager"]
    assert (row.id, row.level) == ("pager:heartbeat#1", "caution")
    assert TOKEN not in row.message
    beats.cancel()
    await asyncio.gather(beats, return_exceptions=True)
    journal.close()


def test_a_book_is_watched_where_it_was_judged_lately_and_is_written_down(tmp_path: Path) -> None:
    trouble = Trouble(lambda _: None, lambda: None, lambda _: None)
    desk = Desk(journal := Journal(tmp_path / "journal.db", trouble, now_ms=lambda: 1), StandingClock())
    desk.run(2)
    assert watches(desk.watch, journal)
    desk.clock.go(6)
    assert not watches(desk.watch, journal)
    desk.run(1)
    assert watches(desk.watch, journal)
    journal.close()
    assert not watches(desk.watch, journal)


def test_how_long_an_answer_holds_is_a_setting_by_level() -> None:
    assert policy_of(Settings()).ack_ms == (8 * 3_600_000, 30 * 60_000, 15 * 60_000)
    assert policy_of(Settings(ack_minutes={"warning": 5})).ack_ms == (8 * 3_600_000, 30 * 60_000, 5 * 60_000)
