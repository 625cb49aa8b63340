"""`ticket`, `explain`, `what-if`, `rebased` as a user types them: text, JSON, exit codes, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from desk import LEG, edited
from household import PROGRAM, Home, alive, children_of, wait_for
from shell import Shell

from monitor.asking import ask
from monitor.messages import Advice, Advised, Tickets


@pytest.fixture(scope="module")
def watched(addresses: dict[str, Any]) -> Iterator[Home]:
    """A home with a monitor that watches a book with a drift alert, for all tests of this module."""
    home = Home()
    home.write(edited(held="244"))
    home.addresses(addresses["urls"], addresses["rest_urls"])
    home.env["HEDGETUI_PORTFOLIO"] = str(home.portfolio)
    home.monitor()
    wait_for(lambda: any(advice.level for advice in advised(home)))
    yield home
    home.close()


def advised(home: Home) -> tuple[Advice, ...]:
    answer = ask(home.portfolio, home.env, 5, Tickets("SOL")).answer
    assert isinstance(answer, Advised)
    return answer.document.advice


@pytest.fixture
def asked(watched: Home, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell whose book is watched already."""
    return Shell(watched, capsys)


@pytest.mark.parametrize("command", ["ticket", "explain", "what-if", "rebased"])
def test_each_explains_itself(asked: Shell, command: str) -> None:
    run = asked(command, "--help")
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith(f"usage: hedgetui {command} [PORTFOLIO]")
    assert all(len(line) <= 100 for line in run.out.splitlines())
    for option in ("--json", "--wait", "--demo"):
        assert option in run.out


def test_explain_as_text_and_as_json(asked: Shell) -> None:
    text = asked("explain", "assets.SOL.drift")
    assert (text.code, text.err) == (0, "")
    assert text.out.startswith("drift  −9.016")
    assert "hedge.exposure.drift" in text.out
    run = asked("explain", str(asked.home.portfolio), "assets.SOL.drift", "--json")
    assert (run.code, run.err) == (0, "")
    assert run.json["path"] == "assets.SOL.drift"
    assert Decimal(run.json["value"]) == Decimal(100) / 244 - Decimal("0.5")
    assert [given["path"] for given in run.json["inputs"]] == ["assets.SOL.hedge_ratio", "assets.SOL.target_ratio"]


def test_what_if_as_text_and_as_json(asked: Shell) -> None:
    text = asked("what-if", "--shock", "SOL=+60%", "--shock", "USDT=-5%")
    assert (text.code, text.err) == (0, "")
    assert "None of this has happened." in text.out
    assert "Liquidated   1 of 1" in text.out
    run = asked("what-if", "--json", "--shock", "SOL=+60%")
    assert run.json["schema"] == "hedgetui.stress/1"
    assert run.json["liquidated"] == [LEG]
    live = asked("status", "--json").json
    assert live["mode"] == "live"
    assert [row["id"] for row in live["positions"]] == [LEG]


def test_a_ladder_as_text_and_as_json(asked: Shell) -> None:
    text = asked("what-if", "--ladder", "SOL")
    assert (text.code, text.err) == (0, "")
    assert text.out.startswith("LADDER  SOL")
    run = asked("what-if", "--ladder", LEG, str(asked.home.portfolio), "--json")
    assert run.json["schema"] == "hedgetui.ladder/1"
    assert len(run.json["rungs"]) == 30


@pytest.mark.parametrize("subject", [(), ("SOL",), ("hedge_drift:SOL",)])
def test_ticket_as_text_and_as_json(asked: Shell, subject: tuple[str, ...]) -> None:
    text = asked("ticket", *subject)
    assert (text.code, text.err) == (0, "")
    assert "CAUTION  Hedge drift" in text.out
    assert "order    sell 22 contracts SOL/USDT:USDT" in text.out
    assert text.out.count("hedgetui cannot place an order") == 1
    run = asked("ticket", str(asked.home.portfolio), "--json", *subject)
    assert run.json["schema"] == "hedgetui.tickets/1"
    (advice,) = (each for each in run.json["advice"] if each["rule"] == "hedge_drift")
    assert (advice["subject"], advice["level"]) == ("SOL", "caution")
    assert Decimal(advice["tickets"][0]["contracts"]) == 22
    assert advice["tickets"][0]["kind"] == "sell"


def test_rebased_as_text_and_as_json(asked: Shell) -> None:
    text = asked("rebased")
    assert (text.code, text.err) == (0, "")
    assert text.out.startswith("Rebased at 20")
    assert text.out.endswith(" USD, SOL 100.0 %.\n")
    run = asked("rebased", str(asked.home.portfolio), "--json")
    assert run.json["schema"] == "hedgetui.rebased/1"
    assert run.json["weights"] == {"SOL": "1"}
    compared = asked("status", "--json").json["totals"]
    assert abs(Decimal(compared["value_change"])) < Decimal("0.01")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("explain", "assets.SOL.drif"), "assets.SOL.drift"),
        (("explain", "totals.off"), "totals.off_usd"),
        (("explain",), "PATH"),
        (("explain", "book.json", "x.json", "totals.off_usd"), "Too many words"),
        (("what-if", "--shock", "SLO=+20%"), 'write "SOL"'),
        (("what-if", "--shock", "SOL=20"), 'write "SOL=+20%"'),
        (("what-if", "--shock", "venue:bybti=gone"), 'write "venue:bybit"'),
        (("what-if", "--ladder", "SLO"), "write SOL"),
        (("what-if",), "--shock BTC=+20%"),
        (("what-if", "--shock", "SOL=+1%", "--ladder", "SOL"), "leave out --shock"),
        (("ticket", "SLO"), "Did you mean SOL?"),
        (("ticket", "none.json"), "There is no file"),
        (("ticket", "none.json", "SOL"), "There is no file"),
        (("rebased", "none.json"), "No monitor watches"),
        (("explain", "--demo", "book.json", "totals.off_usd"), "either --demo or a portfolio"),
        (("rebased", "--wait", "-1"), "--wait"),
    ],
)
def test_what_is_wrong_is_2_with_the_nearest_and_nothing_on_stdout(
    asked: Shell, words: tuple[str, ...], says: str
) -> None:
    run = asked(*words)
    assert (run.code, run.out) == (2, "")
    assert says in run.err
    assert "Traceback" not in run.err


def test_a_subject_alone_asks_for_the_portfolio_where_no_setting_names_one(shell: Shell) -> None:
    run = shell("ticket", "SOL")
    assert (run.code, run.out) == (2, "")
    assert "Name its file before SOL" in run.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("explain", "totals.net_usd"), "Not known: "),
        (("what-if", "--shock", "SOL=+20%"), "—"),
        (("ticket", "SOL"), "No order for SOL can be sized yet"),
    ],
)
def test_without_data_the_answer_says_why_and_the_code_is_3(shell: Shell, words: tuple[str, ...], says: str) -> None:
    run = shell(words[0], str(shell.home.portfolio), *words[1:], "--wait", "0")
    assert run.code == 3
    assert says in run.out
    assert run.err.startswith("No data came: ")
    assert run.err.count("\n") == 1


def test_a_book_that_nobody_watches_is_asked_in_this_process(
    connected: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """History comes last, and is waited for where the figure rests on it."""
    shell, file = Shell(connected, capsys), str(connected.portfolio)
    before = children_of(os.getpid())
    run = shell("explain", file, f"positions.{LEG}.funding_3d_apr", "--json")
    assert (run.code, run.err) == (0, "")
    assert run.json["value"] is not None
    assert connected.sock is None
    assert children_of(os.getpid()) == before
    run = shell("rebased", file)
    assert run.code == 2
    assert "No monitor watches" in run.err


def test_a_demo_answers_and_leaves_nothing_behind(home: Home) -> None:
    home.env["TMPDIR"] = str(home.folder)
    run = home.run("what-if", "--shock", "SOL=+60%", "--demo")
    assert (run.returncode, run.stderr) == (0, "")
    assert "Liquidated   1 of 3" in run.stdout
    assert not list(home.folder.glob("hedgetui-demo-*"))
    assert home.sock is None


def test_a_demo_that_is_interrupted_leaves_nothing_behind(home: Home) -> None:
    asking = subprocess.Popen(
        [sys.executable, str(PROGRAM), "explain", "--demo", "totals.off_usd"],
        env={**home.env, "TMPDIR": str(home.folder)},
        cwd=home.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_for(lambda: list(home.folder.glob("hedgetui-demo-*/sock")))
    started = children_of(asking.pid)
    started += [grandchild for child in started for grandchild in children_of(child)]
    assert len(started) >= 2
    asking.send_signal(signal.SIGINT)
    out, _ = asking.communicate(timeout=15)
    assert (asking.returncode, out) == (130, b"")
    wait_for(lambda: not any(alive(process) for process in started))
    wait_for(lambda: not list(home.folder.glob("hedgetui-demo-*")))
