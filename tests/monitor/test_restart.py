"""Over the end of the monitor: alerts, answers, assumed entries, the last rebalance and the charts go on."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from desk import FEED, LEG, SOL, Desk, StandingClock, edited, facts, portfolio, prices

from alerts.values import Annunciate, Logged
from hedge.book.leg_words import iso
from hedge.market import Funding
from hedge.portfolio import load_portfolio
from hedge.snapshot import AlertRow
from monitor.journal import Journal, Trouble
from monitor.journal.reading import log, paid_since
from monitor.messages import Acknowledge, Done, History, Points, Refused, Shelve
from monitor.watch import Watch


class Runs:
    """Monitors of one book, one after the other, on one journal and one wall clock."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.db"
        self.clock = StandingClock()
        self.journal: Journal | None = None

    def start(self, **changes: str) -> Desk:
        said: list[str] = []
        trouble = Trouble(said.append, lambda: None, said.append)
        self.journal = Journal(self.path, trouble, now_ms=lambda: self.clock.now().wall_ms)
        return Desk(self.journal, self.clock, **changes)

    def crash(self, seconds: float, boot: bool = False) -> None:
        """The process is gone; what it had handed over is on the disk. `boot`: the machine's clock begins anew."""
        assert self.journal is not None
        self.journal.close()
        self.clock.go(seconds)
        if boot:
            self.clock.instant = type(self.clock.instant)(7_000, self.clock.instant.wall_ms)

    def stop(self, desk: Desk, seconds: float, who: str = "ann@desk") -> None:
        desk.watch.stopped(who)
        self.clock.go(seconds)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def found(desk: Desk) -> dict[str, AlertRow]:
    return {row.rule: row for row in desk.watch.snapshot().alerts}


def drifting(runs: Runs) -> Desk:
    """A first run with a caution that nobody answered yet."""
    desk = runs.start(held="244")
    desk.run(8)
    assert found(desk)["hedge_drift"].state == "unack"
    return desk


def test_a_first_start_has_nothing_to_say(runs: Runs) -> None:
    desk = runs.start()
    desk.run(10)
    assert desk.watch.snapshot().alerts == ()


@pytest.mark.parametrize("boot", [False, True])
def test_an_unanswered_alert_survives_a_crash_and_is_not_known_until_fresh(runs: Runs, boot: bool) -> None:
    before = found(drifting(runs))["hedge_drift"]
    runs.crash(60, boot)
    runs.journal = runs_journal(runs)
    watch = Watch(portfolio(held="244"), runs.clock, journal=runs.journal)
    rows = {row.rule: row for row in watch.snapshot().alerts}
    after = rows["hedge_drift"]
    assert (after.id, after.level, after.state) == (before.id, "caution", "unack")
    assert after.since == before.since
    assert after.unknown
    assert rows["monitor_gap"].level == "caution"
    for update in facts():
        watch.take(update)
    assert {row.rule: row.unknown for row in watch.snapshot().alerts}["hedge_drift"] is False


def test_an_answer_survives_a_short_absence_and_not_a_long_one(runs: Runs) -> None:
    desk = drifting(runs)
    row = found(desk)["hedge_drift"]
    assert desk.watch.acknowledge(Acknowledge(row.id, "caution", who="ann@desk")) == Done("Acknowledged.")
    runs.crash(10 * 60)
    desk = runs.start(held="244")
    row = found(desk)["hedge_drift"]
    assert (row.state, row.answered_by) == ("acked", "ann")
    desk.run(3)
    runs.crash(16 * 60)
    desk = runs.start(held="244")
    assert found(desk)["hedge_drift"].state == "unack"


def test_a_clean_stop_is_only_noted_with_who(runs: Runs) -> None:
    runs.stop(drifting(runs), 3600)
    gap = found(runs.start(held="244"))["monitor_gap"]
    assert gap.level == "advisory"
    assert "ann@desk" in gap.message


def test_alerts_of_what_left_the_file_meanwhile_close(runs: Runs) -> None:
    drifting(runs)
    runs.crash(60)
    other = edited(holdings=[{"asset": "BTC", "quantity": "1", "place": "cold wallet"}], accounts=[], policy={})
    runs.journal = runs_journal(runs)
    watch = Watch(load_portfolio(json.dumps(other), "book.json"), runs.clock, journal=runs.journal)
    rows = {row.rule: row for row in watch.snapshot().alerts}
    assert (rows["hedge_drift"].subject, rows["hedge_drift"].state) == ("SOL", "rtn_unack")


def runs_journal(runs: Runs) -> Journal:
    return Journal(runs.path, Trouble(lambda _: None, lambda: None, lambda _: None), now_ms=lambda: 0)


def test_assumed_entries_and_the_rebalance_go_on(runs: Runs) -> None:
    book = edited()
    position = book["accounts"][0]["positions"][0]
    del position["entry_price"], position["margin"]
    position["leverage"] = "2"
    read = load_portfolio(json.dumps(book), "book.json")

    def watch() -> Watch:
        runs.journal = runs_journal(runs)
        return Watch(read, runs.clock, journal=runs.journal)

    desk = Desk()
    desk.watch, desk.clock = watch(), runs.clock
    desk.run(3, "140")
    assert desk.watch.book.assumed == {LEG: Decimal(140)}
    reference = desk.watch.book.last_rebalance
    assert reference is not None
    runs.crash(60)
    desk.watch = watch()
    desk.run(3, "150")
    assert desk.watch.book.assumed == {LEG: Decimal(140)}
    assert desk.watch.snapshot().positions[0].entry_price == Decimal(140)
    assert desk.watch.book.last_rebalance == reference
    runs.crash(60)
    position["contracts"] = "120"
    read = load_portfolio(json.dumps(book), "book.json")
    desk.watch = watch()
    assert desk.watch.book.assumed == {}
    assert desk.watch.book.last_rebalance is None


def test_charts_go_on(runs: Runs) -> None:
    desk = runs.start()
    desk.run(200)
    runs.crash(120)
    desk = runs.start()
    answer = desk.watch.history(History(f"positions.{LEG}.to_liquidation", 3600))
    assert isinstance(answer, Points)
    assert 2 <= len(answer.values) <= 4
    assert all(120 <= age <= 400 for age in answer.ages_s)


def test_what_happened_is_in_the_log_before_anybody_is_told(runs: Runs) -> None:
    desk = runs.start(held="244")
    journal = runs.journal
    assert journal is not None
    told: list[tuple[str, bool]] = []

    def tell(lines: object, announced: object) -> None:
        written = {(line.what, line.alert.id) for line in journal.ask(lambda c: log(c, 0, 100)).result(5)}
        for line in lines:  # type: ignore[attr-defined]
            assert isinstance(line, Logged)
            told.append((line.what, (line.what, line.alert.id) in written))
        assert all(isinstance(each, Annunciate) for each in announced)  # type: ignore[attr-defined]

    desk.watch.alarm.tell = tell
    desk.run(8)
    row = found(desk)["hedge_drift"]
    desk.watch.acknowledge(Acknowledge(row.id, "caution", who="ann@desk", note="on it"))
    assert told[0] == ("raised", True)
    assert told[-1] == ("acked", True)
    newest = journal.ask(lambda connection: log(connection, 0, 1)).result(5)[0]
    assert (newest.what, newest.who, newest.host, newest.note) == ("acked", "ann", "desk", "on it")


def test_a_stamp_that_passed_is_kept_with_what_it_was_to_pay(runs: Runs) -> None:
    desk = runs.start()
    desk.run(1)
    first_ms = desk.clock.now().wall_ms + 60_000
    for next_ms in (first_ms, first_ms + 8 * 3_600_000):
        at = desk.clock.now().mono_ms
        desk.tell(*prices(desk.clock.now(), "142")[:3], Funding(FEED, SOL, Decimal("0.0001"), next_ms, at, 120_000))
        desk.silence(2)
        usd = desk.watch.snapshot().positions[0].next_funding_usd
        desk.clock.go(60)
    assert runs.journal is not None
    assert runs.journal.ask(lambda c: paid_since(c, LEG, "")).result(5) == ((iso(first_ms), usd),)
    assert usd == Decimal("1.42")


def test_an_edit_and_its_file_are_kept(runs: Runs) -> None:
    desk = runs.start()
    desk.run(1)
    desk.watch.replace(load_portfolio(json.dumps(edited(held="210")), "book.json"))
    assert runs.journal is not None
    rows = runs.journal.ask(lambda c: c.execute("SELECT what, portfolio FROM changes").fetchall()).result(5)
    assert rows[0][0] == "SOL held 200 → 210"
    assert json.loads(rows[0][1])["holdings"][0]["quantity"] == "210"


def test_a_journal_that_fails_is_a_warning_and_ends_after_a_minute_of_good_writes(runs: Runs) -> None:
    desk = runs.start()
    desk.run(2)
    desk.watch.journal_failing("database or disk is full")
    desk.run(2)
    row = found(desk)["journal"]
    assert row.level == "warning"
    assert "disk is full" in row.message
    desk.watch.journal_failing("")
    desk.run(50)
    assert found(desk)["journal"].state == "unack"
    desk.run(12)
    assert found(desk)["journal"].state == "rtn_unack"


def test_a_shelf_has_a_reason_and_an_end_and_survives(runs: Runs) -> None:
    desk = drifting(runs)
    row = found(desk)["hedge_drift"]
    refused = desk.watch.shelve(Shelve(row.id, "caution", 30, "", "ann@desk"))
    assert isinstance(refused, Refused)
    assert desk.watch.shelve(Shelve(row.id, "caution", 30, "moving coins", "ann")) == Done("Shelved for 30 min.")
    assert found(desk)["hedge_drift"].state == "shelved"
    runs.crash(60)
    desk = runs.start(held="244")
    desk.run(3)
    assert found(desk)["hedge_drift"].state == "shelved"
    desk.run(29 * 60, "142")
    assert found(desk)["hedge_drift"].state == "unack"
    row = found(desk)["hedge_drift"]
    assert desk.watch.shelve(Shelve(row.id, "caution", 60, "again", "ann")) == Done("Shelved for 1 h.")
    assert desk.watch.shelve(Shelve(row.id, "caution", 0, "", "ann")) == Done("Off the shelf.")
    assert found(desk)["hedge_drift"].state == "unack"
