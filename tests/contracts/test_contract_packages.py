"""F70: what packages ask of each other; and, on demand, all of this room with the newest of them.

HEDGETUI_NEWEST=1 python -m pytest -n 0 tests/contracts/test_contract_packages.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import requires
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def asked(package: str, of: str) -> str:
    """What `package` asks of another, such as `syrupy==4.8.0`."""
    wanted = [
        line.partition(";")[0].replace(" ", "").replace("(", "").replace(")", "") for line in requires(package) or []
    ]
    return next(line for line in wanted if line.split("=")[0].split("<")[0].split(">")[0] == of)


def test_pictures_of_screens_hold_pytest_below_nine() -> None:
    """With pytest 9, pip silently takes an older plugin whose pictures differ."""
    assert asked("pytest-textual-snapshot", "syrupy") == "syrupy==4.8.0"
    assert "<9" in asked("syrupy", "pytest")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    test = project["optional-dependencies"]["test"]
    assert "pytest>=8,<9" in test
    assert "pytest-textual-snapshot==1.1.0" in test


def test_what_serves_a_screen_to_any_web_page_is_no_dependency() -> None:
    """textual-serve takes a websocket from any origin and asks for no login."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    everything = [
        *project["dependencies"],
        *(line for part in project["optional-dependencies"].values() for line in part),
    ]
    assert not [line for line in everything if "textual-serve" in line or "textual-web" in line]


NEWEST = ("textual", "ccxt", "websockets", "pydantic", "msgspec", "aiohttp")
TOOLS = (
    "pytest>=8,<9",
    "pytest-asyncio>=1,<2",
    "pytest-xdist>=3.6,<4",
    "pytest-textual-snapshot",
    "hypothesis",
    "rich",
)


@pytest.mark.skipif(os.environ.get("HEDGETUI_NEWEST") != "1", reason="downloads: set HEDGETUI_NEWEST=1")
def test_every_contract_holds_with_the_newest_packages(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", *NEWEST, *TOOLS], check=True, timeout=600)
    env = {key: value for key, value in os.environ.items() if key != "HEDGETUI_NEWEST"}
    command = [python, "-m", "pytest", "-q", "-n", "0", "-W", "default", "tests/contracts"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-6000:]
    assert sys.version_info >= (3, 11)
