"""The first screen: what exists, its promise, and what each choice returns."""

from __future__ import annotations

from pathlib import Path

import pytest

from themes import THEMES
from tui.first_run import SAMPLE, FirstPanel, FirstRun


def text(app: FirstRun) -> str:
    return "\n".join(line.text for line in app.screen.query_one(FirstPanel).lines)


@pytest.mark.parametrize(
    ("keys", "result"),
    [("d", "demo"), ("s", str(SAMPLE)), ("q", None), ("escape", None), ("enter", "demo"), ("down enter", str(SAMPLE)),
     ("up enter", None), ("ctrl+c", None)],
)  # fmt: skip
async def test_choices(keys: str, result: str | None) -> None:
    app = FirstRun(THEMES["dark"])
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*keys.split())
        await pilot.pause()
    assert app.return_value == result


async def test_it_promises_and_says_where_a_file_goes() -> None:
    app = FirstRun(THEMES["dark"])
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        assert "It cannot trade. It signs no order, transfer or withdrawal," in text(app)
        await pilot.press("f")
        assert str(SAMPLE) in text(app) and "hedgetui check" in text(app)
        await pilot.press("f")
        assert "It cannot trade." in text(app)
        app.exit(None)


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (200, 60), (20, 5), (1, 1)])
async def test_it_fits_any_size(size: tuple[int, int]) -> None:
    app = FirstRun(THEMES["dark"], ascii_only=True)
    async with app.run_test(size=size) as pilot:
        await pilot.press("f", "down")
        await pilot.pause()
        assert app.is_running
        app.exit(None)


def test_the_sample_is_there() -> None:
    assert Path(SAMPLE).is_file()
