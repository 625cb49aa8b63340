"""apprise at work, against servers that accept, refuse, hang, and drop the answer; no secret in what it says."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from household import ROOT
from receivers import Inbox, mail, web

from monitor.pages.channels import Channel, Message
from monitor.pages.courier import UNKNOWN, Apprise, in_thread
from monitor.redaction import Redactor
from monitor.secret import SEALED, Secret

TOKEN = "tOkEn-1b2c3d4e"
PAGE = Message("hedgetui WARNING · ref 1234", "ETH short on Bybit: 9.8 % to <b>liquidation</b> & *more*.", 3)


@pytest.fixture(params=["web", "mail"])
def inbox(request: pytest.FixtureRequest) -> Iterator[Inbox]:
    with web(TOKEN) if request.param == "web" else mail() as found:
        yield found


def channel(address: str) -> Channel:
    return Channel("pages", 1, address.partition("://")[0], Secret(address))


def send(address: str) -> str:
    return Apprise(Redactor([Secret(address)]))(channel(address), PAGE)


def test_a_page_arrives_as_it_is(inbox: Inbox) -> None:
    assert send(inbox.url) == ""
    (page,) = inbox.taken
    assert page["title"] == PAGE.title
    assert page["message"] == PAGE.body


def test_a_refusal_is_said_in_a_few_words(inbox: Inbox) -> None:
    inbox.mood = "refuse"
    reason = send(inbox.url)
    assert "500" in reason or "451" in reason or "email" in reason, reason
    assert inbox.taken == []
    assert TOKEN not in reason


def test_an_answer_that_is_lost_is_a_failure_although_the_page_was_taken(inbox: Inbox) -> None:
    inbox.mood = "drop"
    assert send(inbox.url)
    assert len(inbox.taken) == 1


def test_nobody_there() -> None:
    reason = send(f"json://ann:{TOKEN}@127.0.0.1:1/{TOKEN}")
    assert reason
    assert TOKEN not in reason


@pytest.mark.parametrize("address", [f"nosuch://{TOKEN}", "json://", f"tgram://{TOKEN}", "mailto://"])
def test_an_address_that_apprise_does_not_know(address: str) -> None:
    reason = send(address)
    assert reason == UNKNOWN


def test_a_plugin_that_breaks_is_a_failure_without_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    import apprise

    def broken(*_: object, **__: object) -> bool:
        raise RuntimeError(f"cannot reach {TOKEN}")

    monkeypatch.setattr(apprise.Apprise, "notify", broken)
    assert send(f"json://127.0.0.1/{TOKEN}") == f"RuntimeError: cannot reach {SEALED}"


def test_apprise_waits_until_somebody_is_paged() -> None:
    """Neither the screen nor the demo nor a monitor without addresses pays for it."""
    script = "import sys, hedgetui, monitor.run, monitor.pages.proving, monitor.demo, tui.app"
    script += "; print(*[name for name in ('apprise', 'requests', 'yaml') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.stdout == "\n", run.stderr


async def test_a_thread_that_hangs_holds_up_nothing() -> None:
    release = threading.Event()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await in_thread("hangs", release.wait, 0.05)
    assert time.monotonic() - began < 1
    assert await in_thread("works", lambda: 42, 5) == 42
    with pytest.raises(ZeroDivisionError):
        await in_thread("breaks", lambda: 1 // 0, 5)
    release.set()
    await asyncio.sleep(0)


def test_one_that_never_answers_is_given_up(inbox: Inbox) -> None:
    inbox.mood = "hang"
    began = time.monotonic()
    assert send(f"{inbox.url}{'&' if '?' in inbox.url else '?'}cto=0.3&rto=0.3")
    assert time.monotonic() - began < 5
    assert inbox.taken == []
