"""The commands as a user types them: exit codes, sentences, and what goes to which stream."""

from __future__ import annotations

import json
import tomllib

import pytest
from desk import edited
from household import ROOT, Home
from shell import Shell

from feeds.venues import FEEDS, VENUES
from monitor import settings
from monitor.version import VERSION
from themes import THEMES


def test_the_version_is_the_packages(home: Home) -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION
    run = home.run("--version")
    assert (run.returncode, run.stdout, run.stderr) == (0, f"hedgetui {VERSION}\n", "")


def test_the_settings_know_every_theme_and_feed() -> None:
    """The lists stand in the settings too, because reading them must import neither themes nor feeds."""
    assert set(settings.THEMES) == set(THEMES)
    assert set(settings.FEED_IDS) == set(FEEDS)
    assert set(settings.VENUE_IDS) == set(VENUES)


@pytest.mark.parametrize(
    "command",
    [(), ("monitor",), ("status",), ("stop",), ("check",), ("schema",), ("record",), ("replay",)],
)
def test_every_command_explains_itself(shell: Shell, command: tuple[str, ...]) -> None:
    run = shell(*command, "--help")
    assert run.code == 0
    assert run.out.startswith("usage: hedgetui")
    assert "SUPPRESS" not in run.out
    assert "--detached" not in run.out


def test_check_says_the_book_back(shell: Shell) -> None:
    run = shell("check", str(shell.home.portfolio))
    assert run.code == 0
    assert "SOL" in run.out
    assert run.err == ""


def test_check_of_a_wrong_file_names_line_field_found_and_remedy(shell: Shell) -> None:
    shell.home.write({**edited(), "holdings": [{"asset": "SOL", "quantity": "-1"}]})
    run = shell("check", str(shell.home.portfolio))
    assert run.code == 2
    assert run.out == ""
    assert run.err.startswith(f"{shell.home.portfolio}:1:")
    assert 'holdings[0].quantity: found "-1"' in run.err


@pytest.mark.parametrize("command", ["check", "status", "monitor"])
def test_a_missing_file_is_named_with_the_way_to_a_sample(shell: Shell, command: str) -> None:
    run = shell(command, "none.json")
    assert run.code == 2
    assert run.out == ""
    assert str(shell.home.folder / "none.json") in run.err
    assert "sample_portfolio.json" in run.err
    assert "--demo" in run.err


def test_a_mistyped_command_is_taken_for_a_file_and_guessed(shell: Shell) -> None:
    run = shell("staus")
    assert run.code == 2
    assert "status" in run.err


@pytest.mark.parametrize("words", [(), ("--demo",), ("book.json",)])
def test_without_a_terminal_there_is_no_screen(home: Home, words: tuple[str, ...]) -> None:
    run = home.run(*words)
    assert run.returncode == 2
    assert run.stdout == ""
    assert "hedgetui monitor" in run.stderr
    assert "hedgetui status" in run.stderr
    assert home.sock is None


def test_the_demo_takes_no_portfolio(shell: Shell) -> None:
    run = shell("--demo", "book.json")
    assert run.code == 2
    assert "--demo" in run.err


def test_a_command_without_a_portfolio_asks_for_one_or_takes_the_setting(shell: Shell) -> None:
    run = shell("check")
    assert run.code == 2
    assert "settings" in run.err
    shell.home.env["HEDGETUI_PORTFOLIO"] = str(shell.home.portfolio)
    assert shell("check").code == 0


def test_wrong_settings_end_before_anything_starts(shell: Shell) -> None:
    shell.home.env["HEDGETUI_TEHME"] = "dark"
    run = shell("status", str(shell.home.portfolio))
    assert run.code == 2
    assert "did you mean theme?" in run.err


def test_the_schema_is_json_with_units(shell: Shell) -> None:
    run = shell("schema")
    assert run.code == 0
    schema = json.loads(run.out)
    assert schema["title"] == "HedgetuiPortfolio"


def test_stop_where_nothing_runs_is_fine(shell: Shell) -> None:
    run = shell("stop", str(shell.home.portfolio))
    assert (run.code, run.err) == (0, "")
    assert "No monitor" in run.out
    assert "No monitor" in shell("stop").out


def test_status_without_a_network_is_3_with_a_reason_for_each_feed(shell: Shell) -> None:
    run = shell("status", str(shell.home.portfolio), "--json", "--wait", "6")
    assert run.code == 3
    snapshot = json.loads(run.out)
    assert snapshot["schema"] == "hedgetui.snapshot/1"
    sick = {feed["feed"]: feed["reason"] for feed in snapshot["feeds"] if feed["state"] != "live"}
    assert sick["bybit-linear"]
    assert {row["rule"] for row in snapshot["alerts"]} == {"feed"}
    assert "bybit-linear" in {row["subject"] for row in snapshot["alerts"]}
    assert sick["bybit-facts"]
    assert run.err.startswith("No data came: ")
    assert run.err.endswith("`hedgetui --demo` needs no network.\n")
    assert run.err.count("\n") == 1
    for figure in ("net_usd", "off_usd", "hedge_ratio", "funding_day_usd", "to_liquidation"):
        assert snapshot["totals"][figure] is None
        assert snapshot["totals"]["why"][figure]


def test_status_as_text_shows_dashes_and_not_zeros(shell: Shell) -> None:
    run = shell("status", str(shell.home.portfolio), "--wait", "1")
    assert run.code == 3
    (totals,) = (line for line in run.out.splitlines() if line.startswith("hedge ratio"))
    assert "– %" in totals


@pytest.mark.parametrize("wait", ["-1", "x", "1e9"])
def test_a_wait_must_be_seconds(shell: Shell, wait: str) -> None:
    assert shell("status", str(shell.home.portfolio), f"--wait={wait}").code == 2
