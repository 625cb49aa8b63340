"""Where a monitor lives, and that only one lives there."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor import place as places
from monitor.place import AlreadyWatched, PlaceError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A short name: a socket's path has 107 bytes, and pytest's own folders take most of them."""
    with tempfile.TemporaryDirectory(prefix="ht-") as folder:
        yield Path(folder)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    return {"HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "state"), "XDG_RUNTIME_DIR": str(runtime)}


def test_the_folder_is_private_and_named_after_the_real_path(tmp_path: Path, env: dict[str, str]) -> None:
    file, link = tmp_path / "book.json", tmp_path / "link.json"
    file.write_text("{}")
    link.symlink_to(file)
    place = places.settle(file, env)
    assert place == places.settle(link, env)
    assert place.folder.parent == tmp_path / "state" / "hedgetui"
    assert len(place.folder.name) == 16
    assert place.folder.stat().st_mode & 0o777 == 0o700
    assert place.notice == ""


def test_a_relative_state_folder_is_ignored(env: dict[str, str]) -> None:
    assert places.state_root({**env, "XDG_STATE_HOME": "state"}) == Path(env["HOME"]) / ".local/state/hedgetui"


def test_a_home_that_cannot_be_written_moves_to_the_runtime_folder_with_a_notice(
    tmp_path: Path, env: dict[str, str]
) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    place = places.settle(tmp_path / "book.json", env)
    assert place.folder.parent == tmp_path / "run" / "hedgetui"
    assert "cannot be used" in place.notice
    assert str(place.folder) in place.notice


def test_neither_folder_is_refused_with_both_reasons(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "state").write_text("")
    (tmp_path / "run" / "hedgetui").write_text("")
    with pytest.raises(PlaceError, match="XDG_STATE_HOME") as refused:
        places.settle(tmp_path / "book.json", env)
    assert str(tmp_path / "state") in str(refused.value)
    assert str(tmp_path / "run") in str(refused.value)


def test_a_folder_that_is_a_link_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "folder").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="not a folder of its own"):
        places.private_folder(tmp_path / "folder")


def test_a_folder_open_to_others_is_closed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o755)
    places.private_folder(tmp_path / "folder")
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o700


def test_a_socket_path_too_long_is_refused_with_a_sentence(tmp_path: Path, env: dict[str, str]) -> None:
    deep = {**env, "XDG_STATE_HOME": str(tmp_path / ("x" * 100))}
    with pytest.raises(PlaceError, match=r"has \d+ bytes, and a Unix socket takes 107"):
        places.settle(tmp_path / "book.json", deep)


HOLDER = """
import sys
from pathlib import Path
from monitor.place import Place, take_lock
lock = take_lock(Place(Path(sys.argv[1])))
print("held", flush=True)
sys.stdin.read()
"""


def test_two_processes_cannot_hold_one_lock(tmp_path: Path, env: dict[str, str]) -> None:
    place = places.settle(tmp_path / "book.json", env)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(place.folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert place.lock.read_text() == f"{holder.pid}\n"
        assert places.is_locked(place)
        with pytest.raises(AlreadyWatched, match="already watches"):
            places.take_lock(place)
        holder.kill()
        holder.wait()
    lock = places.take_lock(place)
    assert place.lock.read_text() == f"{os.getpid()}\n"
    lock.release()
    assert not places.is_locked(place)


def test_the_demo_has_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    first, second = places.private(), places.private()
    assert first.folder != second.folder
    assert first.folder.stat().st_mode & 0o777 == 0o700
