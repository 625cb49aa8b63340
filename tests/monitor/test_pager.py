"""The pager on a clock that stands: what is sent when, to whom, how often, and what ends it. T14, T15, F57, F58."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from desk import LEG, Desk, StandingClock

from alerts.values import WARNING, Annunciate
from hedge.snapshot import AlertRow
from monitor.journal import Journal, Trouble
from monitor.messages import Acknowledge, Done, Shelve
from monitor.pages import line, pager
from monitor.pages.channels import Channel, Message
from monitor.pages.pager import Pager
from monitor.pages.quiet import QuietHours, quiet_hours
from monitor.secret import Secret

DANGER = "195"
"""A mark at which the short of the desk is 8 % from liquidation."""


class Post:
    """Takes messages, or refuses them, by channel."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Message]] = []
        self.tries = 0
        self.refusing: set[str] = set()
        self.hanging: set[str] = set()
        self.release = threading.Event()
        self.seen: Callable[[], Any] = lambda: None
        self.saw: list[Any] = []

    def __call__(self, channel: Channel, message: Message) -> str:
        self.tries += 1
        self.saw.append(self.seen())
        if channel.name in self.hanging:
            self.release.wait(20)
            return "hung"
        if channel.name in self.refusing:
            return "HTTP 500"
        self.taken.append((channel.name, message))
        return ""

    def to(self, name: str) -> list[str]:
        return [message.body for channel, message in self.taken if channel == name]


class Rig:
    """A desk with a journal and a pager."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.db"
        self.clock = StandingClock()
        self.post = Post()
        self.names: tuple[tuple[str, int, str], ...] = (("pages", 1, "ntfy"), ("escalation", 1, "mailto"))
        self.running: asyncio.Task[None] | None = None

    def start(self, quiet: QuietHours | None = None, **changes: Any) -> Desk:
        """The monitor starts."""
        trouble = Trouble(lambda _: None, lambda: None, lambda _: None)
        self.journal = Journal(self.path, trouble, now_ms=lambda: self.clock.now().wall_ms)
        self.desk = Desk(self.journal, self.clock, **changes)
        named = [Channel(group, number, kind, Secret(f"{kind}://x")) for group, number, kind in self.names]  # type: ignore[arg-type]
        self.pager = Pager(self.desk.watch, self.journal, self.clock, named, self.post, path="/book.json", quiet=quiet)
        self.running = asyncio.create_task(self.pager.run())
        return self.desk

    async def crash(self, seconds: float = 5) -> None:
        """The monitor is gone; what it had handed to its journal is on the disk."""
        if self.running is not None:
            self.running.cancel()
            await asyncio.gather(self.running, return_exceptions=True)
            self.journal.close()
        self.running = None
        self.clock.go(seconds)

    async def go(self, seconds: float, mark: str = DANGER) -> None:
        """Time goes by, a second at a time, so that the pager hears of it as it would."""
        for _ in range(round(seconds)):
            self.desk.run(1, mark)
            self.journal.ask(lambda _: None).result()
            await asyncio.sleep(0.002)
        await self.quiet()

    async def quiet(self) -> None:
        """Until nothing happens any more."""
        seen: tuple[int, int] = (-1, -1)
        for _ in range(50):
            if seen == (seen := (self.post.tries, len(self.post.taken))):
                return
            await asyncio.sleep(0.08)
        raise AssertionError("it does not come to rest")

    async def until(self, true: Callable[[], object], judged: bool = False) -> None:
        deadline = time.monotonic() + 10
        while not true():
            assert time.monotonic() < deadline, "it did not happen"
            self.clock.go(0.05)
            if judged:
                self.desk.watch.tick()
            await asyncio.sleep(0.01)

    async def raised(self, rule: str) -> AlertRow:
        await self.until(lambda: any(row.rule == rule for row in self.desk.watch.snapshot().alerts), judged=True)
        return self.alert(rule)

    def alert(self, rule: str) -> AlertRow:
        return next(row for row in self.desk.watch.snapshot().alerts if row.rule == rule)

    def ack(self, rule: str) -> None:
        row = self.alert(rule)
        assert self.desk.watch.acknowledge(Acknowledge(row.id, row.level, who="ann@desk")) == Done("Acknowledged.")

    def waiting(self) -> list[str]:
        return [page.page_id for page in self.journal.outbox.waiting().result()]

    def ended(self, rule: str) -> list[str]:
        """How the pages of a rule ended, in the file."""
        self.journal.ask(lambda _: None).result()
        with sqlite3.connect(self.path) as connection:
            asked = "SELECT ended FROM pages WHERE alert_id LIKE ? ORDER BY created_ms, page_id"
            rows = connection.execute(asked, (f"{rule}:%",))
            return [ended for (ended,) in rows]


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setattr(line, "BACK_OFF_S", (0.05,))
    monkeypatch.setattr(pager, "LOOK_S", 0.01)
    monkeypatch.setattr(pager, "warm_up", lambda: None)
    rig = Rig(tmp_path)
    yield rig
    rig.post.release.set()
    await rig.crash()


def about(bodies: list[str], words: str) -> list[str]:
    return [body for body in bodies if words in body]


async def test_a_warning_is_paged_with_what_to_do_and_a_reference(rig: Rig) -> None:
    rig.start()
    await rig.go(2)
    (body,) = about(rig.post.to("pages-1-ntfy"), "to liquidation")
    assert body.startswith("SOL short on Bybit: ")
    assert " Add " in body
    assert " or buy back " in body
    assert body.endswith("Data 1 s old.")
    message = next(message for _, message in rig.post.taken if message.body == body)
    assert message.title.startswith("hedgetui WARNING · ref ")
    assert message.level == WARNING
    assert about(rig.post.to("escalation-1-mailto"), "to liquidation") == []
    assert set(rig.ended("liquidation")) == {"sent"}


async def test_a_page_is_in_the_journal_before_anybody_tries(rig: Rig) -> None:
    def on_disk() -> int:
        with sqlite3.connect(rig.path) as connection:
            return int(connection.execute("SELECT count(*) FROM pages WHERE done_ms IS NULL").fetchone()[0])

    rig.post.seen = on_disk
    rig.start()
    await rig.go(2)
    assert rig.post.saw
    assert all(rig.post.saw)


async def test_all_addresses_hear_the_same_reference(rig: Rig) -> None:
    rig.names = (("pages", 1, "ntfy"), ("pages", 2, "json"))
    rig.start()
    await rig.go(2)
    by_channel: dict[str, set[str]] = {}
    for name, message in rig.post.taken:
        by_channel.setdefault(name, set()).add(message.title)
    assert by_channel["pages-1-ntfy"] == by_channel["pages-2-json"]


async def test_unanswered_it_is_paged_again_after_a_minute_and_escalates_after_three(rig: Rig) -> None:
    rig.start()
    await rig.go(59)
    assert len(about(rig.post.to("pages-1-ntfy"), "to liquidation")) == 1
    await rig.go(3)
    assert len(about(rig.post.to("pages-1-ntfy"), "Not answered: SOL short on Bybit")) == 1
    await rig.go(115)
    assert rig.post.to("escalation-1-mailto") == []
    await rig.go(5)
    assert len(about(rig.post.to("pages-1-ntfy"), "Not answered: SOL short on Bybit")) == 2
    assert len(about(rig.post.to("escalation-1-mailto"), "Not answered: SOL short on Bybit")) == 1
    titles = [message.title for name, message in rig.post.taken if name == "pages-1-ntfy"]
    assert len(set(titles)) == len(titles)


async def test_an_answer_ends_what_was_not_sent_yet(rig: Rig) -> None:
    rig.post.refusing = {"pages-1-ntfy", "escalation-1-mailto"}
    rig.start()
    await rig.go(2)
    assert any(page.startswith("liquidation:") for page in rig.waiting())
    rig.ack("liquidation")
    await rig.until(lambda: not any(page.startswith("liquidation:") for page in rig.waiting()))
    rig.post.refusing.clear()
    await rig.go(2)
    assert about(rig.post.to("pages-1-ntfy"), "SOL short on Bybit: 7") == []
    assert "acknowledged" in rig.ended("liquidation")


async def test_a_shelf_ends_them_too(rig: Rig) -> None:
    rig.post.refusing = {"pages-1-ntfy"}
    rig.names = rig.names[:1]
    rig.start()
    await rig.go(2)
    row = rig.alert("liquidation")
    rig.desk.watch.shelve(Shelve(row.id, row.level, 20, "at the desk", "ann@desk"))
    await rig.until(lambda: not any(page.startswith("liquidation:") for page in rig.waiting()))


async def test_three_refusals_are_a_warning_which_the_next_address_hears(rig: Rig) -> None:
    """T14: and what nobody of `pages` took goes to `escalation`."""
    rig.post.refusing = {"pages-1-ntfy"}
    rig.start()
    await rig.go(1)
    await rig.until(lambda: rig.post.to("escalation-1-mailto"))
    await rig.go(2)
    row = rig.alert("pager")
    assert (row.subject, row.level, row.state) == ("pages-1-ntfy", "warning", "unack")
    assert "Pages by ntfy (pages 1) are not taken since" in row.message
    assert "HTTP 500" in row.message
    heard = rig.post.to("escalation-1-mailto")
    assert about(heard, "SOL short on Bybit")
    assert about(heard, "Pages by ntfy (pages 1) are not taken")
    assert rig.post.to("pages-1-ntfy") == []


async def test_one_that_hangs_is_a_warning_after_ten_seconds_and_holds_up_nothing(rig: Rig) -> None:
    rig.post.hanging = {"pages-1-ntfy"}
    rig.names = (*rig.names[:1], ("pages", 2, "json"))
    rig.start()
    await rig.go(9)
    assert about(rig.post.to("pages-2-json"), "SOL short on Bybit")
    assert [row for row in rig.desk.watch.snapshot().alerts if row.rule == "pager"] == []
    began = time.monotonic()
    rig.clock.go(4)
    await asyncio.sleep(0.1)
    rig.desk.watch.tick()
    assert time.monotonic() - began < 1
    assert (await rig.raised("pager")).subject == "pages-1-ntfy"


async def test_it_works_again_and_says_so(rig: Rig) -> None:
    rig.post.refusing = {"pages-1-ntfy"}
    rig.names = rig.names[:1]
    rig.start()
    await rig.go(2)
    await rig.go(2)
    assert (await rig.raised("pager")).level == "warning"
    rig.ack("liquidation")
    rig.ack("pager")
    for row in rig.desk.watch.snapshot().alerts:
        if row.state == "unack":
            rig.desk.watch.acknowledge(Acknowledge(row.id, row.level, who="ann@desk"))
    await rig.until(lambda: rig.waiting() == [])
    rig.post.refusing.clear()
    await rig.until(lambda: rig.post.taken)
    assert rig.post.to("pages-1-ntfy")[0].startswith("Pages work again here.")
    await rig.go(64)
    assert [row.rule for row in rig.desk.watch.snapshot().alerts if row.rule == "pager"] == []


async def test_nothing_is_lost_over_the_end_of_the_monitor_and_nothing_sent_anew(rig: Rig) -> None:
    rig.post.refusing = {"pages-1-ntfy"}
    rig.names = rig.names[:1]
    rig.start()
    await rig.go(2)
    kept = [page for page in rig.waiting() if page.startswith("liquidation:")]
    assert kept
    await rig.crash(120)
    rig.post.refusing.clear()
    rig.start()
    await rig.until(lambda: about(rig.post.to("pages-1-ntfy"), "SOL short on Bybit"))
    await rig.quiet()
    (late,) = about(rig.post.to("pages-1-ntfy"), "to liquidation")
    assert late[5:].startswith(" UTC: SOL short on Bybit")
    titles = [message.title for _, message in rig.post.taken]
    assert about(rig.post.to("pages-1-ntfy"), "Nobody watched")
    await rig.crash(1)
    rig.start()
    await rig.quiet()
    again = [message.title for _, message in rig.post.taken[len(titles) :]]
    assert set(again).isdisjoint(titles)


async def test_an_answer_that_was_lost_costs_a_second_copy_with_the_same_reference(rig: Rig) -> None:
    """F58: a crash between the page and the note that it was taken looks the same."""
    rig.names = rig.names[:1]
    rig.start()
    await rig.go(2)
    first = [message for _, message in rig.post.taken if "to liquidation" in message.body]
    await rig.crash()
    with sqlite3.connect(rig.path) as connection:
        connection.execute("UPDATE pages SET done_ms = NULL, ended = ''")
    rig.post.taken.clear()
    rig.start()
    await rig.until(lambda: rig.post.taken)
    await rig.quiet()
    second = [message for _, message in rig.post.taken if "to liquidation" in message.body]
    assert [message.title for message in second] == [message.title for message in first]


async def test_pages_for_an_address_that_is_gone_go_to_the_others_of_its_group(rig: Rig) -> None:
    rig.post.refusing = {"pages-1-ntfy"}
    rig.names = rig.names[:1]
    rig.start()
    await rig.go(2)
    assert (await rig.raised("pager")).state == "unack"
    await rig.crash()
    rig.names = (("pages", 1, "tgram"),)
    rig.start()
    await rig.until(lambda: about(rig.post.to("pages-1-tgram"), "SOL short on Bybit"))
    await rig.quiet()
    assert len(about(rig.post.to("pages-1-tgram"), "to liquidation")) == 1
    assert not any("ntfy" in page for page in rig.waiting())
    assert "not in the settings any more" in rig.alert("pager").message


async def test_what_was_answered_elsewhere_meanwhile_is_not_sent(rig: Rig) -> None:
    rig.post.refusing = {"pages-1-ntfy"}
    rig.names = rig.names[:1]
    rig.start()
    await rig.go(2)
    rig.pager.tell = lambda *_: None  # type: ignore[method-assign]
    rig.desk.watch.alarm.tell = None
    rig.ack("liquidation")
    await rig.crash()
    rig.post.refusing.clear()
    rig.start()
    await rig.until(lambda: about(rig.post.to("pages-1-ntfy"), "Nobody watched"))
    await rig.quiet()
    assert about(rig.post.to("pages-1-ntfy"), "to liquidation,") == []
    assert about(rig.post.to("pages-1-ntfy"), "SOL short on Bybit: 7") == []


def at(clock: StandingClock, hours: float) -> QuietHours:
    """Quiet hours of which so many are left at the clock's time."""
    minute = clock.now().wall_ms // 60_000 % 1440
    end = round(minute + hours * 60) % 1440
    begin = (minute - 60) % 1440
    return quiet_hours(f"{begin // 60:02d}:{begin % 60:02d}-{end // 60:02d}:{end % 60:02d} UTC")


async def test_in_quiet_hours_advisories_wait_and_warnings_do_not(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.names = rig.names[:1]
    rig.start(quiet=at(rig.clock, 1))
    await rig.go(10, "165")
    row = rig.alert("liquidation")
    assert row.level == "advisory"
    assert about(rig.post.to("pages-1-ntfy"), "to liquidation") == []
    (kept,) = [page for page in rig.journal.outbox.waiting().result() if page.alert_id == row.id]
    assert 59 * 60_000 < kept.due_ms - kept.created_ms <= 60 * 60_000
    await rig.go(2, DANGER)
    assert {message.level for _, message in rig.post.taken if "to liquidation" in message.body} <= {2, 3}
    assert about(rig.post.to("pages-1-ntfy"), "to liquidation")
    assert "superseded" in rig.ended("liquidation")


async def test_outside_of_them_advisories_are_paged(rig: Rig) -> None:
    rig.names = rig.names[:1]
    rig.start(quiet=quiet_hours("03:00-03:01 UTC"))
    await rig.go(10, "165")
    assert len(about(rig.post.to("pages-1-ntfy"), "to liquidation")) == 1


async def test_a_flood_is_one_page_a_cause_and_warnings_singly(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "GATHER_MS", 200)
    monkeypatch.setattr(pager, "GATHER_MS", 200)
    rig.names = rig.names[:1]
    rig.start()
    await rig.quiet()
    asked = [
        Annunciate(f"facts:{LEG}/{n}/2/0", f"facts:{LEG}#{n}", "facts", LEG, 2, "raised", flood=True) for n in range(30)
    ]
    urgent = Annunciate(f"leg_lost:{LEG}/1/3/0", f"leg_lost:{LEG}#1", "leg_lost", LEG, 3, "raised", flood=True)
    rig.pager.tell([], [*asked, urgent])
    await rig.until(lambda: rig.post.taken)
    rig.clock.go(1)
    await rig.until(lambda: len(rig.post.taken) == 2)
    await rig.quiet()
    single, group = (message for _, message in rig.post.taken)
    assert single.level == WARNING
    assert group.body.startswith("30 alerts at once, Bybit: 30 cautions.")
    assert rig.waiting() == []


async def test_a_mistake_of_ours_costs_seconds_and_no_page(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pager, "AGAIN_S", 0.05)
    rig.names = rig.names[:1]
    put, broken = pager.Pager._put, [True]

    async def breaks(self: Pager, told: Any) -> None:
        if told and broken.pop(0) if broken else False:
            raise RuntimeError("a mistake")
        await put(self, told)

    monkeypatch.setattr(pager.Pager, "_put", breaks)
    rig.start()
    await rig.go(2)
    await rig.until(lambda: about(rig.post.to("pages-1-ntfy"), "to liquidation"))
    assert not broken


async def test_a_page_without_words_still_goes_out(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_words(*_: object) -> None:
        raise RuntimeError("no words")

    monkeypatch.setattr(pager, "tell", no_words)
    rig.start()
    await rig.go(2)
    assert about(rig.post.to("pages-1-ntfy"), f"Warning liquidation:{LEG}#1. Look at the screen.")
