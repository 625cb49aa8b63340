"""`ticket`, `explain`, `what-if`, `rebased` as a user types them: text, JSON, exit codes, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from desk import LEG, edited
from household import PROGRAM, Home, alive, children_of, wait_for

import hedgetui
from monitor.asking import ask
from monitor.messages import Advice, Advised, Tickets


class Printed(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@contextmanager
def environment(env: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Shell:
    """The front door called in this process, in a home of its own: a process for each line would cost a second."""

    def __init__(self, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self.capsys = capsys

    def __call__(self, *words: str) -> Printed:
        self.capsys.readouterr()
        with environment(self.home.env):
            try:
                code = hedgetui.main(words)
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
        return Printed(code, *self.capsys.readouterr())


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
def shell(watched: Home, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(watched, capsys)


@pytest.mark.parametrize("command", ["ticket", "explain", "what-if", "rebased"])
def test_each_explains_itself(shell: Shell, command: str) -> None:
    run = shell(command, "--help")
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith(f"usage: hedgetui {command} [PORTFOLIO]")
    assert all(len(line) <= 100 for line in run.out.splitlines())
    for option in ("--json", "--wait", "--demo"):
        assert option in run.out


def test_explain_as_text_and_as_json(shell: Shell) -> None:
    text = shell("explain", "assets.SOL.drift")
    assert (text.code, text.err) == (0, "")
    assert text.out.startswith("drift  −9.016")
    assert "hedge.exposure.drift" in text.out
    run = shell("explain", str(shell.home.portfolio), "assets.SOL.drift", "--json")
    assert (run.code, run.err) == (0, "")
    assert run.json["path"] == "assets.SOL.drift"
    assert Decimal(run.json["value"]) == Decimal(100) / 244 - Decimal("0.5")
    assert [given["path"] for given in run.json["inputs"]] == ["assets.SOL.hedge_ratio", "assets.SOL.target_ratio"]


def test_what_if_as_text_and_as_json(shell: Shell) -> None:
    text = shell("what-if", "--shock", "SOL=+60%", "--shock", "USDT=-5%")
    assert (text.code, text.err) == (0, "")
    assert "None of this has happened." in text.out
    assert "Liquidated   1 of 1" in text.out
    run = shell("what-if", "--json", "--shock", "SOL=+60%")
    assert run.json["schema"] == "hedgetui.stress/1"
    assert run.json["liquidated"] == [LEG]
    live = json.loads(shell.home.run("status", "--json").stdout)
    assert live["mode"] == "live"
    assert [row["id"] for row in live["positions"]] == [LEG]


def test_a_ladder_as_text_and_as_json(shell: Shell) -> None:
    text = shell("what-if", "--ladder", "SOL")
    assert (text.code, text.err) == (0, "")
    assert text.out.startswith("LADDER  SOL")
    run = shell("what-if", str(shell.home.portfolio), "--ladder", LEG, "--json")
    assert run.json["schema"] == "hedgetui.ladder/1"
    assert len(run.json["rungs"]) == 30


@pytest.mark.parametrize("subject", [(), ("SOL",), ("hedge_drift:SOL",)])
def test_ticket_as_text_and_as_json(shell: Shell, subject: tuple[str, ...]) -> None:
    text = shell("ticket", *subject)
    assert (text.code, text.err) == (0, "")
    assert "CAUTION  Hedge drift" in text.out
    assert "order    sell 22 contracts SOL/USDT:USDT" in text.out
    assert text.out.count("hedgetui cannot place an order") == 1
    run = shell("ticket", str(shell.home.portfolio), *subject, "--json")
    assert run.json["schema"] == "hedgetui.tickets/1"
    (advice,) = (each for each in run.json["advice"] if each["rule"] == "hedge_drift")
    assert (advice["subject"], advice["level"]) == ("SOL", "caution")
    assert Decimal(advice["tickets"][0]["contracts"]) == 22
    assert advice["tickets"][0]["kind"] == "sell"


def test_rebased_as_text_and_as_json(shell: Shell) -> None:
    text = shell("rebased")
    assert (text.code, text.err) == (0, "")
    assert text.out.startswith("Rebased at 20")
    assert text.out.endswith(" USD, SOL 100.0 %.\n")
    run = shell("rebased", str(shell.home.portfolio), "--json")
    assert run.json["schema"] == "hedgetui.rebased/1"
    assert run.json["weights"] == {"SOL": "1"}
    compared = json.loads(shell.home.run("status", "--json").stdout)["totals"]
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
    shell: Shell, words: tuple[str, ...], says: str
) -> None:
    run = shell(*words)
    assert (run.code, run.out) == (2, "")
    assert says in run.err
    assert "Traceback" not in run.err


def test_a_subject_alone_asks_for_the_portfolio_where_no_setting_names_one(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Shell(home, capsys)("ticket", "SOL")
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
def test_without_data_the_answer_says_why_and_the_code_is_3(
    home: Home, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    run = Shell(home, capsys)(words[0], str(home.portfolio), *words[1:], "--wait", "0")
    assert run.code == 3
    assert says in run.out
    assert run.err.startswith("No data came: ")
    assert run.err.count("\n") == 1


def test_a_book_that_nobody_watches_is_asked_in_this_process(
    connected: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """The alert has its delay still to wait, and the history comes last; both are waited for."""
    connected.write(edited(held="244"))
    shell, file = Shell(connected, capsys), str(connected.portfolio)
    before = children_of(os.getpid())
    run = shell("ticket", file)
    assert (run.code, run.err) == (0, "")
    assert "CAUTION  Hedge drift" in run.out
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_demo_that_is_ended_early_leaves_nothing_behind(home: Home, number: signal.Signals) -> None:
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
    asking.send_signal(number)
    out, _ = asking.communicate(timeout=15)
    assert asking.returncode in (-number, 130)
    assert out == b""
    wait_for(lambda: not any(alive(process) for process in started))
    wait_for(lambda: not list(home.folder.glob("hedgetui-demo-*")))
