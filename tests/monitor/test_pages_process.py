"""F57 to F59 with the real program: nothing lost over a kill, doubles that can be told, and no secret anywhere."""

from __future__ import annotations

import base64
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from desk import edited
from household import ROOT, Home, wait_for
from receivers import Inbox, web

PASSWORD = "pAsS wörd/9f8e7d6c"
TOKEN = "tOkEn-1a2b3c4d5e"
PULSE = "pUlSe-6f5e4d3c2b"
AT_DEBUG = f"""
import http.client, logging, sys
logging.basicConfig(level=logging.DEBUG)
http.client.HTTPConnection.debuglevel = 1
sys.path.insert(0, {str(ROOT)!r})
import hedgetui
sys.exit(hedgetui.main(sys.argv[1:]))
"""
"""The program as somebody runs it who looks for a mistake: every library tells everything."""


def start(home: Home, log: Path) -> subprocess.Popen[str]:
    with log.open("a") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", AT_DEBUG, "monitor", str(home.portfolio)],
            env=home.env,
            cwd=home.folder,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            text=True,
        )
    home.processes.append(process)
    return process


def address(inbox: Inbox) -> str:
    return inbox.url.replace("json://", f"json://ann:{quote(PASSWORD, safe='')}@")


def forms() -> set[bytes]:
    both = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
    found = {PASSWORD, quote(PASSWORD), quote(PASSWORD, safe=""), both, TOKEN, PULSE}
    return {form.encode() for form in found}


def test_pages_outlive_a_kill_and_secrets_are_nowhere(connected: Home) -> None:
    home, log = connected, connected.folder / "out.log"
    home.write(edited(held="300"))
    with web(TOKEN) as inbox, web(PULSE) as pulse:
        inbox.mood = "refuse"
        home.env["HEDGETUI_PAGES"] = address(inbox)
        home.env["HEDGETUI_HEARTBEAT_URL"] = pulse.url.replace("json://", "http://")
        first = start(home, log)
        wait_for(lambda: inbox.tries >= 2)
        assert TOKEN.encode() not in Path(f"/proc/{first.pid}/cmdline").read_bytes()
        first.send_signal(signal.SIGKILL)
        first.wait(10)
        assert pulse.taken
        assert inbox.taken == []
        inbox.mood, inbox.moods = "accept", ["drop", "drop"]
        second = start(home, log)
        wait_for(lambda: any("SOL hedge" in text for text in inbox.texts) and inbox.moods == [])
        wait_for(lambda: any("Nobody watched" in text for text in inbox.texts))
        wait_for(lambda: len(inbox.references) > len(set(inbox.references)))
        second.send_signal(signal.SIGTERM)
        assert second.wait(15) == 128 + signal.SIGTERM
    assert inbox.taken[0]["path"] == f"/{TOKEN}"
    said = log.read_text()
    assert "urllib3" in said
    assert "•••" in said
    for file in [path for path in home.folder.rglob("*") if path.is_file()]:
        content = file.read_bytes()
        for form in forms():
            assert form not in content, f"{form!r} stands in {file.name}"


def test_one_that_hangs_does_not_hold_up_the_end(connected: Home) -> None:
    connected.write(edited(held="300"))
    with web(TOKEN) as inbox:
        inbox.mood = "hang"
        connected.env["HEDGETUI_PAGES"] = f"{inbox.url}?rto=30"
        monitor = connected.monitor()
        wait_for(lambda: inbox.tries >= 1)
        began = time.monotonic()
        monitor.send_signal(signal.SIGTERM)
        assert monitor.wait(10) == 128 + signal.SIGTERM
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("mood", ["hang", "refuse"])
def test_a_heartbeat_that_nobody_hears_holds_up_nothing(connected: Home, mood: str) -> None:
    with web(PULSE) as pulse:
        pulse.mood = mood  # type: ignore[assignment]
        connected.env["HEDGETUI_HEARTBEAT_URL"] = pulse.url.replace("json://", "http://")
        monitor = connected.monitor()
        wait_for(lambda: pulse.tries >= 1)
        assert connected.run("status", str(connected.portfolio)).returncode == 0
        monitor.send_signal(signal.SIGTERM)
        assert monitor.wait(10) == 128 + signal.SIGTERM
