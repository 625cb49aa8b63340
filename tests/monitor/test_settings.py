"""Settings: defaults without a file, mistakes with their line, the environment over the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from monitor.settings import Settings, SettingsError, read_settings, without_mistakes
from monitor.settings_model import parse

ROOT = Path(__file__).parents[2]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}


def write(env: dict[str, str], text: str) -> Path:
    file = Path(env["XDG_CONFIG_HOME"]) / "hedgetui" / "settings.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return file


def mistakes(env: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        read_settings(env)
    return list(refused.value.mistakes)


def test_no_file_means_the_defaults(env: dict[str, str]) -> None:
    assert read_settings({**env, "HEDGETUI_WIRE": "/captures"}) == Settings()


@pytest.mark.parametrize("text", [None, 'theme = "dark"\n[urls]\nbybit-linear = "ws://127.0.0.1:9"\n'])
def test_settings_without_a_mistake_load_no_pydantic(env: dict[str, str], text: str | None) -> None:
    if text is not None:
        write(env, text)
    script = "import os, sys; from monitor.settings import read_settings; read_settings(os.environ)"
    script += "; print('pydantic' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert run.stdout == "False\n", run.stderr


def test_a_file_is_read(env: dict[str, str]) -> None:
    write(env, 'portfolio = "~/core.json"\nmouse = false\n\n[urls]\nbinance-usdm = "ws://127.0.0.1:9/ws"\n')
    settings = read_settings(env)
    assert settings.portfolio == "~/core.json"
    assert settings.mouse is False
    assert settings.urls == {"binance-usdm": "ws://127.0.0.1:9/ws"}


def test_the_environment_wins_and_writes_dashes_as_underscores(env: dict[str, str]) -> None:
    write(env, 'portfolio = "a.json"\n[urls]\nbybit-linear = "ws://a"\nbinance-usdm = "ws://b"\n')
    settings = read_settings(
        {
            **env,
            "HEDGETUI_PORTFOLIO": "b.json",
            "HEDGETUI_MOUSE": "false",
            "HEDGETUI_URLS__BINANCE_USDM": "ws://c",
        }
    )
    assert settings.portfolio == "b.json"
    assert settings.mouse is False
    assert settings.urls == {"bybit-linear": "ws://a", "binance-usdm": "ws://c"}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('portfolio = "x"\ntheem = "dark"\n', 2, "theem: no such setting; did you mean theme?"),
        ("zzz = 1\n", 1, "zzz: no such setting; the settings are portfolio, theme"),
        ('\n\ntheme = "drak"\n', 3, "theme: found 'drak'; write one of dark"),
        ('mouse = "perhaps"\n', 1, "mouse: found 'perhaps'; write true or false"),
        ("top_up_hours = 0\n", 1, "top_up_hours: found 0; write hours from 0.1 to 168.0"),
        ('top_up_hours = "soon"\n', 1, "top_up_hours: found 'soon'; write a number of hours"),
        ("portfolio = 3\n", 1, "portfolio: found 3; write a text in quotes"),
        ('theme = "dark"\n[urls]\nbinance = "ws://x"\n', 3, "urls.binance: found 'binance'; write one of binance-spot"),
        ('[urls]\n\nbybit-linear = "https://x"\n', 3, "found 'https://x'; write an address that begins with wss://"),
        ('urls = "x"\n', 1, "urls: found 'x'; write a table of names and addresses"),
    ],
)
def test_a_mistake_has_line_field_found_and_remedy(env: dict[str, str], text: str, line: int, says: str) -> None:
    file = write(env, text)
    (mistake,) = mistakes(env)
    assert mistake.startswith(f"{file}:{line}: ")
    assert says in mistake


@pytest.mark.parametrize(
    "text",
    [
        "",
        'portfolio = "x"',
        "mouse = false\nascii = true",
        'theme = "dark"\n[rest_urls]\nbybit = "https://api.bybit.tr"',
    ],
)
def test_the_quick_way_and_the_model_agree(text: str) -> None:
    assert without_mistakes(text) == parse(text, "settings.toml", {})


def test_toml_that_cannot_be_read_names_its_place(env: dict[str, str]) -> None:
    write(env, "theme = \n")
    (mistake,) = mistakes(env)
    assert "line 1" in mistake


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("HEDGETUI_TEHME", "dark", "HEDGETUI_TEHME: no such setting; did you mean theme?"),
        ("HEDGETUI_URLS__BINANCE_USD", "ws://x", "HEDGETUI_URLS__BINANCE_USD: found 'binance-usd'; write one of"),
        ("HEDGETUI_ASCII", "perhaps", "HEDGETUI_ASCII: found 'perhaps'; write true or false"),
        ("HEDGETUI_THEME__X", "dark", "HEDGETUI_THEME__X: found \"x = 'dark'\"; write a text in quotes"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(
    env: dict[str, str], variable: str, value: str, says: str
) -> None:
    assert says in mistakes({**env, variable: value})[0]


def test_venues_of_ccxt_pro_have_addresses_too(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "HEDGETUI_URLS__CCXT_GATE": "ws://x", "HEDGETUI_REST_URLS__GATE": "http://x"}
    found = read_settings(env)
    assert (found.urls, found.rest_urls) == ({"ccxt-gate": "ws://x"}, {"gate": "http://x"})
    with pytest.raises(SettingsError, match="ccxt-<venue>"):
        read_settings({**env, "HEDGETUI_URLS__CCXT_GAET": "ws://x"})
