"""The rooms import in one direction, and the heavy libraries stay where they belong."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
ROOMS = ("hedge", "alerts", "feeds", "monitor", "tui", "themes")


def modules(room: str) -> list[str]:
    files = (path.relative_to(ROOT).with_suffix("") for path in (ROOT / room).rglob("*.py"))
    names = (".".join(file.parts).removesuffix(".__init__") for file in files)
    return sorted(name for name in names if not name.endswith("__main__"))


def test_imports_go_one_way() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def imported_by(path: Path) -> set[str]:
    """Every module named by an import anywhere in a file, those inside functions included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_only_the_front_door_imports_the_screen() -> None:
    """The front door is a module, which the import contracts cannot name."""
    assert any(name.split(".")[0] == "tui" for name in imported_by(ROOT / "hedgetui.py"))
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            names = {name.split(".")[0] for name in imported_by(path)}
            assert "hedgetui" not in names, f"{path} imports the front door"
            if room != "tui":
                assert "tui" not in names, f"{path} imports the screen"


def test_feeds_know_only_the_vocabulary() -> None:
    for path in (ROOT / "feeds").rglob("*.py"):
        ours = {name for name in imported_by(path) if name.split(".")[0] in set(ROOMS) - {"feeds"}}
        assert ours <= {"hedge.market"}, f"{path} imports {ours}"


def test_only_the_helpers_import_ccxt() -> None:
    allowed = {ROOT / "feeds" / "ccxt_facts.py", ROOT / "feeds" / "ccxt_feed.py"}
    users = {
        path
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if any(name.split(".")[0] == "ccxt" for name in imported_by(path))
    }
    assert users <= allowed


def test_only_the_screen_imports_textual() -> None:
    users = {
        path.relative_to(ROOT).parts[0]
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if any(name.split(".")[0] == "textual" for name in imported_by(path))
    }
    assert users <= {"tui", "themes"}


@pytest.mark.parametrize("room", ["hedge", "alerts", "feeds", "monitor"])
def test_a_room_loads_without_textual_and_ccxt(room: str) -> None:
    names = [name for name in modules(room) if name not in ("feeds.ccxt_facts", "feeds.ccxt_feed")]
    script = f"import sys, importlib\nfor name in {names!r}: importlib.import_module(name)\nprint(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    loaded = {name.split(".")[0] for name in run.stdout.split()}
    assert not loaded & {"textual", "ccxt"}


def test_the_viewer_starts_light() -> None:
    """What the screen imports decides the time to the first frame (docs/performance.md)."""
    script = "import sys, tui.app\nprint(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    loaded = {name.split(".")[0] for name in run.stdout.split()}
    assert not loaded & {"pydantic", "aiohttp", "websockets", "ccxt", "sqlite3"}
