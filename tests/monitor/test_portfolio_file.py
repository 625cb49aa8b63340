"""The file on disk: read once, looked at again, half-written edits refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hedge.portfolio import PortfolioError
from monitor.portfolio_file import SIZE_LIMIT, PortfolioFile, UnreadableFile

BOOK = {
    "schema": "hedgetui.portfolio/1",
    "name": "Test",
    "holdings": [{"asset": "SOL", "quantity": "200", "place": "cold wallet"}],
    "accounts": [
        {
            "id": "main",
            "venue": "bybit",
            "collateral": {"USDT": "20000"},
            "positions": [
                {
                    "symbol": "SOL/USDT:USDT",
                    "side": "short",
                    "contracts": "100",
                    "entry_price": "142",
                    "margin_mode": "isolated",
                    "margin": "7100",
                    "maintenance_margin_rate": "0.01",
                }
            ],
        }
    ],
    "policy": {"target": "0.5"},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "book.json"
    path.write_text(json.dumps(BOOK))
    return path


def replace_file(path: Path, text: str) -> None:
    """As editors do: a new file, renamed over the old one."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def test_an_unchanged_file_is_not_read_again(path: Path) -> None:
    file = PortfolioFile(path)
    assert file.read().name == "Test"
    assert file.poll() is None


def test_a_valid_edit_comes_once(path: Path) -> None:
    file = PortfolioFile(path)
    file.read()
    replace_file(path, json.dumps({**BOOK, "name": "Edited"}))
    edit = file.poll()
    assert edit is not None
    assert edit.portfolio is not None
    assert edit.portfolio.name == "Edited"
    assert file.poll() is None


def test_an_edit_of_the_same_size_and_time_is_seen_by_its_inode(path: Path) -> None:
    file = PortfolioFile(path)
    file.read()
    before = path.stat()
    replace_file(path, json.dumps({**BOOK, "name": "Best"}))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    edit = file.poll()
    assert edit is not None
    assert edit.portfolio is not None
    assert edit.portfolio.name == "Best"


def test_a_half_written_edit_names_its_line_and_the_rest_is_taken(path: Path) -> None:
    file = PortfolioFile(path)
    file.read()
    text = json.dumps({**BOOK, "name": "Edited"}, indent=1)
    path.write_text(text[: len(text) // 2])
    edit = file.poll()
    assert edit is not None
    assert edit.portfolio is None
    assert edit.mistake.startswith("line ")
    path.write_text(text)
    edit = file.poll()
    assert edit is not None
    assert edit.portfolio is not None


def test_a_mistake_in_a_field_names_it(path: Path) -> None:
    file = PortfolioFile(path)
    file.read()
    replace_file(path, json.dumps({**BOOK, "holdings": [{"asset": "SOL", "quantity": "-1"}]}, indent=1))
    edit = file.poll()
    assert edit is not None
    assert "holdings[0].quantity" in edit.mistake


def test_a_file_that_goes_away_is_a_mistake_and_comes_back(path: Path) -> None:
    file = PortfolioFile(path)
    file.read()
    path.unlink()
    edit = file.poll()
    assert edit is not None
    assert "no such file" in edit.mistake
    assert file.poll() is None
    path.write_text(json.dumps(BOOK))
    edit = file.poll()
    assert edit is not None
    assert edit.portfolio is not None


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="is a folder"):
        PortfolioFile(tmp_path).read()
    with pytest.raises(UnreadableFile, match="no such file"):
        PortfolioFile(tmp_path / "none").read()
    (tmp_path / "large").write_bytes(b" " * (SIZE_LIMIT + 1))
    with pytest.raises(UnreadableFile, match="larger"):
        PortfolioFile(tmp_path / "large").read()
    (tmp_path / "wrong").write_text("{")
    with pytest.raises(PortfolioError, match="wrong:1"):
        PortfolioFile(tmp_path / "wrong").read()
