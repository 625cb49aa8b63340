"""Pictures of the overview: each state at the three sizes of the reference, and every theme once.

To look at them as PNG files: `python docs/pictures.py FOLDER`. To accept new ones: `pytest --snapshot-update`.
"""

from __future__ import annotations

from collections.abc import Callable

import book
import pytest
from fake import FakeMonitor
from stage import new_app, overview
from textual.pilot import Pilot

from hedge.snapshot import EMPTY, Snapshot
from monitor.messages import MonitorLost
from themes import THEMES
from tui.first_run import FirstRun

Compare = Callable[..., bool]
SIZES = [(120, 36), (80, 24), (200, 60)]
NARROW, SHORT, WIDE = SIZES


def compare(
    snap_compare: Compare,
    snapshot: Snapshot,
    size: tuple[int, int],
    *keys: str,
    theme: str = "dark",
    ascii_only: bool = False,
) -> bool:
    app = new_app(FakeMonitor(snapshot), theme=theme, ascii_only=ascii_only)

    async def settle(pilot: Pilot[None]) -> None:
        await pilot.pause(0.2)
        for key in keys:
            await pilot.press(key)
        await pilot.pause(0.2)

    return snap_compare(app, terminal_size=size, run_before=settle)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", ["CALM", "WARNING"])
def test_calm_and_warning(snap_compare: Compare, state: str, size: tuple[int, int]) -> None:
    assert compare(snap_compare, getattr(book, state), size, "down", "down")


@pytest.mark.parametrize(
    ("state", "size"),
    [
        ("CAUTION", NARROW),
        ("ANSWERED", NARROW),
        ("LATCHED", SHORT),
        ("HOT", NARROW),
        ("ODD", NARROW),
        ("DEMO", SHORT),
        ("REPLAY", NARROW),
    ],
)
def test_states(snap_compare: Compare, state: str, size: tuple[int, int]) -> None:
    assert compare(snap_compare, getattr(book, state), size)


def test_legs_opened(snap_compare: Compare) -> None:
    assert compare(snap_compare, book.LEGS, NARROW, "enter")


def test_empty(snap_compare: Compare) -> None:
    assert compare(snap_compare, EMPTY, NARROW)


@pytest.mark.parametrize("theme", [name for name in THEMES if name != "dark"])
def test_themes(snap_compare: Compare, theme: str) -> None:
    assert compare(snap_compare, book.WARNING, NARROW, "down", "down", theme=theme)


def test_ascii(snap_compare: Compare) -> None:
    assert compare(snap_compare, book.WARNING, NARROW, ascii_only=True)


@pytest.mark.parametrize(
    ("keys", "size"), [("question_mark", NARROW), ("question_mark", SHORT), ("t", NARROW), ("t", SHORT), ("q", SHORT)]
)
def test_dialogs(snap_compare: Compare, keys: str, size: tuple[int, int]) -> None:
    assert compare(snap_compare, book.WARNING, size, keys)


@pytest.mark.parametrize("size", [(40, 16), (60, 20), (30, 5)])
def test_small_screens(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, book.WARNING, size)


def test_lost(snap_compare: Compare) -> None:
    app = new_app(FakeMonitor(book.WARNING, MonitorLost("The monitor ended: killed by signal 9.")))

    async def settle(pilot: Pilot[None]) -> None:
        await pilot.pause(0.2)
        screen = overview(app)
        screen._now = lambda: 1000.0
        screen._heard = 1000.0 - 41.2
        screen.notice_silence()
        await pilot.pause(0.1)

    assert snap_compare(app, terminal_size=NARROW, run_before=settle)


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
def test_first_run(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(FirstRun(THEMES["dark"]), terminal_size=size)
