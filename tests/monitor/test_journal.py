"""The journal by itself: what is put is on the disk, or owed and tried again; a damaged file is kept aside."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from alerts.values import Alert, Logged
from hedge.market import Instant
from monitor.journal import Journal, JournalError, Trouble
from monitor.journal.outbox import Page
from monitor.journal.reading import chart, log, paid_since
from monitor.journal.tables import MIGRATIONS, connect, connect_to_read

NOW = Instant(5_000, 1_795_000_000_000)


class Ear:
    """Hears what the journal's thread reports."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.trouble = Trouble(
            lambda why: self.said.append(f"failing: {why}"),
            lambda: self.said.append("well"),
            lambda why: self.said.append(f"lost: {why}"),
        )


def opened(path: Path | None, ear: Ear | None = None) -> Journal:
    return Journal(path, (ear or Ear()).trouble, now_ms=lambda: NOW.wall_ms, retry_s=0.05)


def raised(episode: int = 1, subject: str = "SOL") -> Logged:
    alert = Alert("hedge_drift", subject, episode=episode, level=2, peak=2, owed=2, value=Decimal("-0.1"))
    return Logged(NOW.mono_ms, "raised", alert)


def test_what_was_put_is_restored_newest_of_each_alert(tmp_path: Path) -> None:
    journal = opened(tmp_path / "journal.db")
    assert journal.restore().lines == ()
    later = Logged(6_000, "acked", raised().alert, who="ann", note="seen")
    assert journal.alerts([raised(), raised(subject="BTC")], NOW).result(5)
    assert journal.alerts([later], NOW).result(5)
    journal.keep({"rebalance": {"value": "12.5"}, "gone": 1})
    journal.keep({"gone": None})
    journal.alive(NOW)
    assert journal.close()
    found = opened(tmp_path / "journal.db").restore()
    assert found.lines == (raised(subject="BTC"), later)
    assert (found.last, found.stopped) == (NOW, None)
    assert {name: bytes(value) for name, value in found.facts.items()} == {"rebalance": b'{"value":"12.5"}'}


def test_a_clean_stop_is_known_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    assert opened(path).stop("ann", NOW)
    second = opened(path)
    stopped = second.restore().stopped
    assert stopped is not None
    assert (stopped.who, stopped.wall_ms) == ("ann", NOW.wall_ms)
    assert second.close()
    assert opened(path).restore().stopped is None


def test_the_log_of_another_process(tmp_path: Path) -> None:
    journal = opened(tmp_path / "journal.db")
    assert journal.alerts([raised(), raised(2)], NOW).result(5)
    reader = connect_to_read(tmp_path / "journal.db")
    assert [(line.what, line.alert.episode, line.level) for line in log(reader, 0, 10)] == [
        ("raised", 2, 2),
        ("raised", 1, 2),
    ]
    assert log(reader, NOW.wall_ms + 1, 10) == ()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM events")
    assert journal.close()


def test_minutes_merge_and_old_ones_go(tmp_path: Path) -> None:
    from monitor.journal import KEPT_MINUTES, Minute

    journal = opened(None)
    minute = NOW.wall_ms // 60_000
    old = minute - KEPT_MINUTES - 1
    for number, at in ((Decimal(5), minute), (Decimal(3), minute), (Decimal(9), old)):
        journal.minutes([Minute("totals.off_usd", at, number, number, number)], NOW)
    (point,) = journal.ask(lambda connection: chart(connection, "totals.off_usd", 0)).result(5)
    assert (point.minute, point.low, point.high, point.last) == (minute, 3.0, 5.0, 3.0)
    stamp = "2026-11-20T08:00:00Z"
    journal.paid("a/BTC/USDT:USDT/short", stamp, Decimal("0.0001"), Decimal("6.5"))
    found = journal.ask(lambda c: paid_since(c, "a/BTC/USDT:USDT/short", stamp)).result(5)
    assert found == ((stamp, Decimal("6.5")),)
    assert not journal.durable


def test_a_full_disk_owes_and_pays_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full for a while: nothing is lost, the trouble is told, and its end too."""
    ear = Ear()
    journal = opened(tmp_path / "journal.db", ear)
    writer = journal._writer
    refuse = True

    def transact(statements: object, _real: object = writer._transact) -> None:
        if refuse:
            raise sqlite3.OperationalError("database or disk is full")
        _real(statements)  # type: ignore[operator]

    monkeypatch.setattr(writer, "_transact", transact)
    assert journal.alerts([raised()], NOW).result(5) is False
    assert ear.said[0] == "failing: database or disk is full"
    refuse = False
    assert journal.alerts([raised(2)], NOW).result(5) is True
    assert ear.said[-1] == "well"
    assert journal.close()
    assert [line.alert.episode for line in log(connect(tmp_path / "journal.db"), 0, 10)] == [2, 1]


@pytest.mark.parametrize("damage", [b"this is no database at all, but it is long enough to be one" * 100, None])
def test_a_damaged_file_is_kept_aside(tmp_path: Path, damage: bytes | None) -> None:
    path = tmp_path / "journal.db"
    journal = opened(path)
    for episode in range(200):
        journal.alerts([raised(episode)], NOW)
    assert journal.close()
    data = bytearray(path.read_bytes())
    data[4096:] = bytes(b ^ 0x5A for b in data[4096:])
    path.write_bytes(damage or bytes(data))
    ear = Ear()
    again = opened(path, ear)
    assert again.restore().lines == ()
    assert again.alerts([raised()], NOW).result(5)
    (aside,) = tmp_path.glob("journal.db.damaged-*[0-9Z]")
    assert aside.read_bytes() == (damage or bytes(data))
    assert aside.name in ear.said[0]
    assert ear.said[0].startswith("lost: the journal was damaged")
    assert again.close()


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    connection = connect(tmp_path / "journal.db")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(JournalError, match="newer hedgetui"):
        opened(tmp_path / "journal.db")


def test_pages_wait_until_they_are_ended(tmp_path: Path) -> None:
    journal = opened(tmp_path / "journal.db")
    page = Page("a/1/3/0/pages", "liquidation:x#1", 3, "pages", "Act now.", 1, 1)
    other = Page("b/1/3/0/pages", "liquidation:y#1", 3, "pages", "Act now.", 1, 5)
    for each in (page, page, other):
        assert journal.outbox.add(each).result(5)
    journal.outbox.failed(page.page_id, "HTTP 500", 9)
    first, second = journal.outbox.waiting().result(5)
    assert first == other
    assert (second.page_id, second.tries, second.trouble, second.due_ms) == (page.page_id, 1, "HTTP 500", 9)
    journal.outbox.cancel("liquidation:y#1", "acknowledged", 10)
    assert journal.outbox.end(page.page_id, "sent", 11).result(5)
    assert journal.outbox.waiting().result(5) == ()
