"""No row of the fault table without a test that pytest finds."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from rows import ELSEWHERE, ROWS

TESTS = Path(__file__).parents[1]


@cache
def named_in(path: Path) -> frozenset[str]:
    """Names of the tests of a file; a test under a skip is none."""
    functions = (
        each for each in ast.parse(path.read_text()).body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return frozenset(each.name for each in functions if each.name.startswith("test_") and "skip" not in decorated(each))


def decorated(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return " ".join(ast.unparse(each) for each in function.decorator_list)


def own(row: int) -> set[str]:
    """Tests of this room whose names carry the row's number."""
    names = {name for path in Path(__file__).parent.glob("test_*.py") for name in named_in(path)}
    return {name for name in names if re.search(rf"_f{row}_", f"_{name.removeprefix('test_')}_")}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"F{row}")
def test_every_row_is_proved_by_a_test(row: int) -> None:
    assert own(row) or ELSEWHERE.get(row), f"F{row}, {ROWS[row]}: nothing proves it"


@pytest.mark.parametrize("test", sorted({test for tests in ELSEWHERE.values() for test in tests}))
def test_what_is_said_to_prove_a_row_exists(test: str) -> None:
    file, _, name = test.partition("::")
    assert name in named_in(TESTS / file)


def test_no_row_beside_the_table() -> None:
    assert ELSEWHERE.keys() <= ROWS.keys()
    assert set(ROWS) == {*range(1, 49), 53, 54, *range(57, 60), 61, 64, 65, 69, 70}
