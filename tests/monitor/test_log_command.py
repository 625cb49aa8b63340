"""`hedgetui alerts`: the log of a monitor that runs, and of one that has ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from desk import Desk, StandingClock
from household import Home
from shell import Shell

from monitor.journal import Journal, Trouble
from monitor.log_command import age_ms
from monitor.messages import Acknowledge
from monitor.place import settle

NOTHING = Trouble(lambda _: None, lambda: None, lambda _: None)


@pytest.fixture
def shell(home: Home, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(home, capsys)


def watched(home: Home) -> None:
    """A monitor raised a caution, was answered, and ended."""
    place = settle(home.portfolio, home.env)
    clock = StandingClock()
    journal = Journal(place.journal, NOTHING, now_ms=lambda: clock.now().wall_ms)
    desk = Desk(journal, clock, held="244")
    desk.run(8)
    row = next(row for row in desk.watch.snapshot().alerts if row.rule == "hedge_drift")
    desk.watch.acknowledge(Acknowledge(row.id, "caution", "ann@desk", "on it"))
    desk.watch.stopped("ann@desk")


def test_the_log_of_a_monitor_that_ended(home: Home, shell: Shell) -> None:
    watched(home)
    printed = shell("alerts", "book.json", "--json")
    assert (printed.code, printed.err) == (0, "")
    rows = printed.json["rows"]
    assert printed.json["schema"] == "hedgetui.log/1"
    assert [(row["what"], row["id"]) for row in rows if row["rule"] == "hedge_drift"] == [
        ("acked", "hedge_drift:SOL#1"),
        ("raised", "hedge_drift:SOL#1"),
    ]
    acked = rows[0]
    assert (acked["who"], acked["host"], acked["note"], acked["level"]) == ("ann", "desk", "on it", "caution")
    assert "SOL hedge 41.0 %" in rows[-1]["text"] or "SOL hedge 41.0 %" in rows[1]["text"]


def test_the_log_as_text(home: Home, shell: Shell) -> None:
    watched(home)
    lines = shell("alerts", "book.json").out.splitlines()
    assert lines[0].split()[1:] == ["CAUTION", "acked", "hedge_drift:SOL#1", "by", "ann@desk:", "on", "it"]
    assert any(line.strip().startswith("SOL hedge 41.0 %") for line in lines)
    assert shell("alerts", "book.json", "--since", "1m").out == "Nothing became of any alert in that time.\n"


def test_a_book_that_was_never_watched_has_none(shell: Shell) -> None:
    printed = shell("alerts", "book.json")
    assert printed.code == 2
    assert "was never watched" in printed.err


@pytest.mark.parametrize(("text", "ms"), [("30m", 1_800_000), ("12h", 43_200_000), ("7d", 604_800_000)])
def test_ages(text: str, ms: int) -> None:
    assert age_ms(text) == ms


@pytest.mark.parametrize("text", ["", "12", "1y", "-1h", "1.5h", "١h"])
def test_what_is_no_age(text: str) -> None:
    with pytest.raises(ValueError, match=text or "^$"):
        age_ms(text)


def test_a_damaged_journal_is_said(home: Home, shell: Shell) -> None:
    place = settle(home.portfolio, home.env)
    assert isinstance(place.journal, Path)
    place.journal.write_bytes(b"not a database" * 1000)
    printed = shell("alerts", "book.json")
    assert printed.code == 2
    assert "cannot be read" in printed.err
