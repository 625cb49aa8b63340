"""`hedgetui ack`, `shelve`, `reset` against a real monitor, and what is no alert or no time."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest
from desk import edited
from household import Home, wait_for
from shell import Shell

from monitor.answering import minutes, parts
from monitor.usage import Wrong


def rows(shell: Shell) -> dict[str, Any]:
    return {row["rule"]: row for row in shell("status", "book.json", "--json").json["alerts"]}


def test_answers_from_the_command_line_survive_a_kill(connected: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """Raised, refused as something else, answered with a note, killed, started again: the answer stands and is logged.
    Then shelved and taken off the shelf."""
    connected.write(edited(held="244"))
    monitor, shell = connected.monitor(), Shell(connected, capsys)
    wait_for(lambda: "hedge_drift" in rows(shell), 40)
    alert = rows(shell)["hedge_drift"]["id"]
    refused = shell("ack", "book.json", f"{alert}@warning")
    assert (refused.code, refused.err) == (2, "Refused: Changed to CAUTION, press again.\n")
    assert shell("ack", "book.json", f"{alert}@caution", "--note", "on it").out == "Acknowledged.\n"
    assert rows(shell)["hedge_drift"]["state"] == "acked"
    os.kill(monitor.pid, signal.SIGKILL)
    monitor.wait(10)
    connected.monitor()
    wait_for(lambda: "monitor_gap" in rows(shell), 40)
    after = rows(shell)
    assert (after["hedge_drift"]["id"], after["hedge_drift"]["state"]) == (alert, "acked")
    assert after["monitor_gap"]["level"] == "caution"
    acked = next(row for row in shell("alerts", "book.json", "--json").json["rows"] if row["what"] == "acked")
    assert (acked["id"], acked["note"]) == (alert, "on it")
    assert acked["who"]
    reasonless = shell("shelve", "book.json", f"{alert}@caution")
    assert (reasonless.code, "needs a reason" in reasonless.err) == (2, True)
    done = shell("shelve", "book.json", f"{alert}@caution", "--for", "45m", "--reason", "moving coins")
    assert done.out == "Shelved for 45 min.\n"
    assert rows(shell)["hedge_drift"]["state"] == "shelved"
    assert shell("shelve", "book.json", f"{alert}@caution", "--end").out == "Off the shelf.\n"
    assert "nothing to reset" in shell("reset", "book.json", f"{alert}@caution").err


def test_without_a_monitor_it_says_how_to_start_one(shell: Shell) -> None:
    printed = shell("ack", "book.json", "hedge_drift:SOL#1@caution")
    assert printed.code == 2
    assert "No monitor watches" in printed.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hedge_drift:SOL#1", "names no level"),
        ("hedge_drift:SOL#1@loud", "is not a level"),
        ("hedge_drift@caution", "is not an alert id"),
        ("", "names no level"),
    ],
)
def test_what_is_no_alert(text: str, says: str) -> None:
    with pytest.raises(Wrong, match=says):
        parts(text)


def test_a_leg_s_alert_keeps_its_slashes_and_colons() -> None:
    assert parts("liquidation:main/BTC/USDT:USDT/short#2@warning") == (
        "liquidation:main/BTC/USDT:USDT/short#2",
        "warning",
    )


def test_times() -> None:
    assert [minutes(text) for text in ("30m", "45min", "4h")] == [30, 45, 240]
    for text in ("", "0m", "30", "1d", "-1h", "1.5h"):
        with pytest.raises(ValueError, match="^" + text.replace(".", r"\.")):
            minutes(text)
