"""The journal's disk: full, closed, gone, damaged. Alerts go on, it is said, and what can be written is."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from desk import Desk, StandingClock
from household import ROOT, Home, wait_for

from alerts.values import Logged
from hedge.snapshot import AlertRow, Snapshot
from monitor.journal import Journal, Trouble
from monitor.journal.reading import log
from monitor.journal.tables import connect
from monitor.link import connect as join
from monitor.messages import Acknowledge, Done
from monitor.watch import Watch


class Kept:
    """A desk with a journal in a file, and what its thread reports, as the monitor's process hands it on."""

    def __init__(self, folder: Path, clock: StandingClock | None = None, **changes: str) -> None:
        self.path = folder / "journal.db"
        self.clock = clock or StandingClock()
        self.said: list[tuple[str, str]] = []
        trouble = Trouble(
            lambda why: self.said.append(("failing", why)),
            lambda: self.said.append(("failing", "")),
            lambda words: self.said.append(("lost", words)),
        )
        self.journal = Journal(self.path, trouble, now_ms=lambda: self.clock.now().wall_ms, retry_s=0.05)
        self.desk = Desk(self.journal, self.clock, **changes)

    def hear(self) -> None:
        """What was reported reaches the watch."""
        self.journal.settled().result(10)
        said, self.said = self.said, []
        for what, words in said:
            watch: Watch = self.desk.watch
            (watch.journal_failing if what == "failing" else watch.journal_lost)(words)

    def run(self, seconds: float) -> None:
        self.hear()
        self.desk.run(seconds)
        self.hear()
        self.desk.run(1)

    def alerts(self) -> dict[str, AlertRow]:
        return {row.rule: row for row in self.desk.watch.snapshot().alerts}

    def written(self) -> list[str]:
        reader = connect(self.path)
        try:
            return [f"{line.what} {line.alert.rule}" for line in log(reader, 0, 1000)]
        finally:
            reader.close()


# F40: the disk is full

FULL = """
import resource, signal, sys
from pathlib import Path
sys.path[:0] = ["tests/monitor", "tests/faults"]
from test_f40_to_f42_disk import Kept
kept = Kept(Path(sys.argv[1]), held="244")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
kept.run(1)
whole = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1, whole[1]))
kept.run(8)
rows = kept.alerts()
print(rows["journal"].level, "|", rows["hedge_drift"].state, "|", rows["journal"].message)
resource.setrlimit(resource.RLIMIT_FSIZE, whole)
kept.run(70)
print(kept.alerts()["journal"].state, kept.journal.close())
print(" ".join(kept.written()))
"""


def test_f40_a_full_disk_is_a_warning_and_what_it_owes_is_paid_back(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    full, well, written = run.stdout.splitlines()
    assert full.startswith("warning | unack | ")
    assert well == "rtn_unack True"
    assert "raised hedge_drift" in written
    assert "raised journal" in written


NO_ROOM = """
import os, resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def test_f40_a_disk_that_is_full_at_the_start_stops_no_watch(home: Home) -> None:
    words = [sys.executable, "-c", NO_ROOM, str(ROOT / "hedgetui.py"), "monitor", str(home.portfolio)]
    process = subprocess.Popen(words, env=home.env, cwd=home.folder, stderr=subprocess.PIPE, text=True)
    home.processes.append(process)
    wait_for(lambda: home.sock is not None or process.poll() is not None)
    assert process.poll() is None, process.communicate()[1]
    found = home.run("status", str(home.portfolio), "--wait", "2")
    assert "journal" in found.stdout.lower(), found.stdout + found.stderr


# F41: the home cannot be written, or is taken away


async def test_f41_a_journal_in_memory_is_a_standing_caution(home: Home) -> None:
    (home.folder / ".local").write_text("no folder can be made here")
    process = home.start("monitor", str(home.portfolio))
    wait_for(lambda: list(home.folder.glob("hedgetui/*/sock")) or process.poll() is not None)
    assert process.poll() is None, process.communicate()[1]
    client = await join(next(iter(home.folder.glob("hedgetui/*/sock"))))
    seen: Snapshot | None = None
    async for seen in client.snapshots():
        if any(row.rule == "file" for row in seen.alerts):
            break
    assert seen is not None
    (row,) = [row for row in seen.alerts if row.rule == "file"]
    assert (row.level, row.subject) == ("caution", "journal.db")
    assert "memory only" in row.message
    assert any("memory only" in notice for notice in seen.notices)
    assert not list(home.folder.rglob("journal.db"))
    assert isinstance(await client.request(Acknowledge(row.id, row.level)), Done)
    await client.close()


def test_f41_a_folder_that_is_taken_away_is_said_and_written_anew(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    kept = Kept(folder, held="244")
    kept.run(8)
    assert "hedge_drift" in kept.alerts()
    folder.rename(tmp_path / "elsewhere")
    kept.run(2)
    assert kept.alerts()["journal"].level == "warning"
    folder.mkdir()
    wait_for(lambda: kept.journal.settled().result(10))
    kept.run(5)
    assert "taken away" in kept.alerts()["fault"].message
    assert kept.journal.close()
    again = Kept(folder, kept.clock, held="244")
    assert again.alerts()["hedge_drift"].state == "unack", "the new one holds how things stand"
    assert again.journal.close()


# F42: the file is damaged


def damage(path: Path, rng: random.Random, pages: int) -> None:
    """Random bytes into random pages, as a failing disk leaves them."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        for _ in range(pages):
            file.seek(rng.randrange(size // 4096) * 4096 + rng.randrange(100))
            file.write(rng.randbytes(rng.choice((16, 512, 4096))))


def full_of_events(folder: Path) -> Kept:
    kept = Kept(folder, held="244")
    kept.run(8)
    lines = [Logged(1, "raised", alert) for alert in kept.desk.watch.alarm.state.alerts.values()]
    for _ in range(100):
        kept.journal.alerts(lines, kept.clock.now(), lambda _: "a sentence of the usual length about an alert")
    assert kept.journal.settled().result(10)
    return kept


@pytest.mark.parametrize("seed", [*range(12), *(pytest.param(n, marks=pytest.mark.soak) for n in range(12, 300))])
def test_f42_random_damage_at_a_start_is_put_aside_or_harmless(tmp_path: Path, seed: int) -> None:
    """Whatever the bytes are: the monitor starts, and either has its alert or says what it lost and where it is."""
    kept = full_of_events(tmp_path)
    assert kept.journal.close()
    rng = random.Random(seed)
    damage(kept.path, rng, rng.choice((1, 3, 20)))
    broken = kept.path.read_bytes()
    again = Kept(tmp_path, kept.clock, held="244")
    again.run(5)
    aside = list(tmp_path.glob("journal.db.damaged-*[0-9Z]"))
    rows = again.alerts()
    assert rows["hedge_drift"].level == "caution"
    if aside:
        assert [each.read_bytes() for each in aside] == [broken], "moved, never changed"
        assert rows["fault"].level == "warning"
        assert aside[0].name in rows["fault"].message
    else:
        assert rows["monitor_gap"].level == "caution"
        assert "fault" not in rows
    assert again.journal.close()


def test_f42_damage_found_while_running_begins_a_new_one_with_how_things_stand(tmp_path: Path) -> None:
    kept = full_of_events(tmp_path)
    row = kept.alerts()["hedge_drift"]
    assert kept.desk.watch.acknowledge(Acknowledge(row.id, row.level, "ann@desk", "on it")) == Done("Acknowledged.")
    assert kept.journal.settled().result(10)
    kept.journal.ask(lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()).result(10)
    kept.journal.ask(lambda connection: connection.execute("PRAGMA cache_size = 0").fetchall()).result(10)
    with kept.path.open("r+b") as file:
        file.write(b"this is not a database" * 4000)
    kept.journal.changed("an edit", b"{}", kept.clock.now())
    kept.run(10)
    fault = kept.alerts()["fault"]
    assert fault.level == "warning"
    assert "UTC" in fault.message, "from when to when it reached"
    assert list(tmp_path.glob("journal.db.damaged-*"))
    assert kept.journal.close()
    again = Kept(tmp_path, kept.clock, held="244")
    row = again.alerts()["hedge_drift"]
    assert (row.state, row.answered_by) == ("acked", "ann")
    facts = again.journal.ask(lambda c: {name for (name,) in c.execute("SELECT name FROM facts")}).result(10)
    assert {"entries", "sizes", "rebalance", "last"} <= facts
    assert again.journal.close()


def test_f42_a_question_that_finds_damage_has_it_put_aside(tmp_path: Path) -> None:
    kept = full_of_events(tmp_path)
    kept.journal.ask(lambda c: c.execute("UPDATE events SET alert = CAST('{' AS BLOB)").rowcount).result(10)
    with pytest.raises(sqlite3.DatabaseError, match="cannot be read"):
        kept.journal.ask(lambda connection: log(connection, 0, 10)).result(10)
    kept.run(2)
    assert "damaged" in kept.alerts()["fault"].message
    assert kept.journal.ask(lambda connection: log(connection, 0, 10)).result(10)
    assert kept.journal.close()


# F40, F69: the journal's thread hangs


async def test_f40_a_disk_that_hangs_keeps_no_page_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    from monitor import alarm

    monkeypatch.setattr(alarm, "HANGS_S", 0.2)
    kept = Kept(tmp_path, held="244")
    kept.desk.run(1)
    hung = kept.journal.ask(lambda _: time.sleep(1.5))
    told: list[str] = []
    kept.desk.watch.alarm.tell = lambda lines, _: told.extend(line.alert.rule for line in lines)
    kept.desk.run(8)
    assert told == []
    await asyncio.sleep(0.5)
    assert "hedge_drift" in told
    assert not hung.done()
    await asyncio.to_thread(hung.result)
    await asyncio.sleep(0.3)
    assert told.count("hedge_drift") == 1, "told once, though the write ended well after all"
    assert kept.journal.close()
