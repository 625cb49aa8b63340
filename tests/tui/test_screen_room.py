"""The room keeps to itself: light imports, colours only in themes, no markup, one definition of an action."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from themes import ROLES, THEMES, palette
from tui.commands import COMMANDS
from tui.ink import INKS, Inks
from tui.line import SOLID
from tui.screens.overview import Overview

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "tui").rglob("*.py"))
HEAVY = ("pydantic", "websockets", "aiohttp", "ccxt", "feeds", "sqlite3")


def test_importing_the_screen_loads_nothing_heavy() -> None:
    code = f"import tui.app, sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_colours_stand_in_themes_only() -> None:
    for path in SOURCES:
        assert not re.search(r"#[0-9a-fA-F]{6}\b", path.read_text()), path


def test_no_widget_reads_markup() -> None:
    for path in SOURCES:
        text = path.read_text()
        assert not re.search(r"\b(Static|Label|Markdown|DataTable|notify)\b\(|from_markup|markup=True", text), path


def test_every_theme_has_every_role_and_readable_text() -> None:
    for theme in THEMES.values():
        if theme.plain:
            continue
        assert set(theme.colours) == set(ROLES)
        body = _contrast(theme.colours["text"], theme.colours["page"])
        muted = _contrast(theme.colours["muted"], theme.colours["page"])
        fill = _contrast(theme.colours["fill-text"], theme.colours["fill"])
        assert body >= 7 and muted >= 4.5 and fill >= 7, theme.name


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    parts = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return sum(part * weight for part, weight in zip(parts, (0.2126, 0.7152, 0.0722), strict=True))


def test_a_theme_that_lacks_a_role_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"theme mine: missing or unknown roles: .*caution"):
        palette("mine", dark=True, page="black", colour="red")


def test_monochrome_uses_no_colour() -> None:
    inks = Inks(THEMES["mono"])
    for ink in INKS:
        for paper in ("page", "raised", "cursor", "tint"):
            style = inks.style(ink, paper)
            assert style.color is None and style.bgcolor is None
    assert inks.style("fill", "page").reverse and inks.style("caution-cell", "page").underline


def test_blanks_are_drawn_apart_where_their_ink_shows() -> None:
    shows = {name for name, ink in INKS.items() if ink.back or "underline" in ink.weight + ink.plain}
    assert shows == SOLID


def test_each_action_has_a_method_a_help_row_and_a_name() -> None:
    for command in COMMANDS:
        assert callable(getattr(Overview, f"action_{command.id}"))
        assert command.help or command.id == "down" or command.section == ""
    assert len({command.id for command in COMMANDS}) == len(COMMANDS)
