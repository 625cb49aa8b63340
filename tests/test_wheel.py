"""What users install: the wheel holds every room and works away from the source tree."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("hedge", "alerts", "feeds", "monitor", "tui", "themes")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built without build isolation's downloads where the backend is at hand, else with them."""
    out = tmp_path_factory.mktemp("dist")
    run = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(ROOT)],
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return next(out.glob("*.whl"))


@pytest.mark.xdist_group("wheel")
def test_the_wheel_holds_every_room(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    source = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.suffix in (".py", ".tcss")
    }
    assert source <= packed
    assert {"hedgetui.py", "sample_portfolio.json"} <= packed
    assert not any(name.split("/")[0] in ("tests", "bench", "docs") for name in packed)


@pytest.mark.xdist_group("wheel")
def test_the_installed_program_reads_its_sample(wheel: Path, tmp_path: Path) -> None:
    """Installed elsewhere, with this environment's libraries, it checks the sample it brought."""
    place = tmp_path / "venv"
    venv.create(place, with_pip=False, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(place), "platbase": str(place)}))
    zipfile.ZipFile(wheel).extractall(site)
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    run = subprocess.run(
        [str(place / "bin" / "python"), "-m", "hedgetui", "check", str(site / "sample_portfolio.json")],
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert "BTC" in run.stdout
