"""The front door called in this process, with a home of its own: a process for each line typed costs half a second."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from household import Home

import hedgetui


class Printed(NamedTuple):
    """What a command printed on its two streams, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Commands typed by the user of a home, from its folder."""

    def __init__(self, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._capsys = capsys

    def __call__(self, *words: str) -> Printed:
        self._capsys.readouterr()
        with _environment(self.home):
            try:
                code = hedgetui.main(words)
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
        return Printed(code, *self._capsys.readouterr())


@contextmanager
def _environment(home: Home) -> Iterator[None]:
    before, folder = dict(os.environ), os.getcwd()  # noqa: PTH109 a folder that may be gone
    os.environ.clear()
    os.environ.update(home.env)
    os.chdir(home.folder)
    try:
        yield
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(before)
