"""The first screen: no portfolio is known yet. It offers what exists, and promises that it cannot trade."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import Screen

from themes import Palette
from tui.format import cells
from tui.ink import Inks, textual_theme
from tui.line import BLANK, Draft, Line, Span
from tui.painted import Chosen, Painted
from tui.terminal import Terminal
from tui.view import View

SAMPLE = Path(__file__).resolve().parents[1] / "sample_portfolio.json"
DEMO = "demo"
CHOICES = (
    ("d", "demo", "Demo", "a simulated market, marked DEMO on every screen"),
    ("s", "sample", "Sample", "an example book at live public prices"),
    ("f", "file", "Your file", "where to put it, and how it looks"),
    ("q", "leave", "Quit", ""),
)
HEAD = "No portfolio yet."
SAYS = (
    "Tell it what you hold and what you are short. It reads public prices",
    "and watches both. No key and no account are needed.",
)
PROMISE = ("It cannot trade. It signs no order, transfer or withdrawal,", "and refuses a key that could.")
WIDE = 76


def file_words(width: int) -> list[str]:
    """How to come to a portfolio of one's own."""
    return [
        "A portfolio is one JSON file, wherever you like. Copy the sample, change it:",
        *textwrap.wrap(str(SAMPLE), max(20, width - 8), initial_indent="  ", subsequent_indent="  "),
        "Validate it, and have it said back in words:",
        "  hedgetui check my.json",
        "Then watch it:",
        "  hedgetui my.json",
        'To leave the name out, write portfolio = "…/my.json" in settings.toml.',
    ]


def first_lines(chosen: int, asked: bool, width: int, height: int) -> list[Line]:
    """The whole screen."""
    wide = min(WIDE, width - 4)
    left = max(2, (width - wide) // 2)
    body: list[Draft] = []

    def say(words: str = "", ink: str = "text") -> Draft:
        body.append(Draft(width))
        body[-1].put(left + 3, words, ink)
        return body[-1]

    say(HEAD, "strong")
    say()
    for words in SAYS:
        say(words)
    say()
    airy = height >= 26
    for index, (key, act, name, about) in enumerate(CHOICES):
        if airy:
            say()
        body.append(_choice(width, left, wide, (key, name, about, act), index == chosen))
    for _ in range(2 if airy else 1):
        say()
    for words in file_words(wide) if asked else PROMISE:
        say(words, "muted")
    top = max(1, min(8, (height - len(body)) // 2))
    lines = [_header(width), *[BLANK] * (top - 1), *[draft.line() for draft in body]]
    lines += [BLANK] * height
    return [*lines[: height - 1], _footer(width)]


def _choice(width: int, left: int, wide: int, choice: tuple[str, str, str, str], chosen: bool) -> Draft:
    key, name, about, act = choice
    draft = Draft(width)
    ink = "choice" if chosen else "text"
    if chosen:
        draft.put(left, "▌", "choice-bar")
        draft.put(left + 1, " " * 2, ink)
        draft.put(left + 4, " " * 3, ink)
        at = left + 7 + cells(name)
        draft.put(at, " " * max(0, left + 25 - at), ink)
        at = left + 25 + cells(about)
        draft.put(at, " " * max(0, left + wide - at), ink)
    draft.put(left + 3, key, "choice-key" if chosen else "key", act)
    draft.put(left + 7, name, "choice-name" if chosen else "text", act)
    draft.put(left + 25, about, "choice-about" if chosen else "muted", act)
    return draft


def _header(width: int) -> Line:
    draft = Draft(width, "raised")
    draft.put(1, "hedgetui", "strong")
    return draft.line()


def _footer(width: int) -> Line:
    draft = Draft(width, "raised")
    at = 1
    for key, label in (("↑↓", "choose"), ("enter", "go"), ("q", "quit")):
        at = draft.put_all(at, (Span(key, "key"), Span(f" {label}  ", "muted")))
    return draft.line()


class FirstPanel(Painted):
    """Paints the first screen."""

    chosen = 0
    asked = False

    def draw(self, view: View, size: Size) -> Sequence[Line]:
        return first_lines(self.chosen, self.asked, size.width, size.height)


class FirstScreen(Screen[None], inherit_bindings=False):
    """Four choices with their keys."""

    DEFAULT_CSS = "FirstScreen { background: $background; FirstPanel { width: 100%; height: 100%; } }"
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "choose", id="up", show=False),
        Binding("down,j", "move(1)", "choose", id="down", show=False),
        Binding("enter", "go", "go", id="go", show=False),
        Binding("escape,q,ctrl+c", "choose('leave')", "quit", id="leave", show=False),
        *(Binding(key, f"choose('{act}')", name, id=act, show=False) for key, act, name, _ in CHOICES[:-1]),
    ]

    def __init__(self, panel: FirstPanel) -> None:
        super().__init__()
        self._panel = panel

    def compose(self) -> ComposeResult:
        yield self._panel

    def action_move(self, step: int) -> None:
        self._panel.chosen = (self._panel.chosen + step) % len(CHOICES)
        self._panel.show(self._panel.view)

    def action_go(self) -> None:
        self.action_choose(CHOICES[self._panel.chosen][1])

    @on(Chosen)
    def follow_click(self, event: Chosen) -> None:
        self.action_choose(event.act)

    def action_choose(self, act: str) -> None:
        """Leave with the choice; the words about the file stay on this screen."""
        if act == "file":
            self._panel.chosen, self._panel.asked = 2, not self._panel.asked
            self._panel.show(self._panel.view)
        else:
            self.app.exit({"demo": DEMO, "sample": str(SAMPLE)}.get(act))


class FirstRun(App[str], inherit_bindings=False):
    """The app around it; its result is `demo`, the path of a file, or None."""

    TITLE = "hedgetui"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, palette: Palette, *, ascii_only: bool = False) -> None:
        super().__init__(driver_class=Terminal, ansi_color=True if palette.plain else None)
        self._palette = palette
        self._ascii_only = ascii_only
        theme = textual_theme(palette)
        self.register_theme(theme)
        self.theme = theme.name
        self.animation_level = "none"

    def get_default_screen(self) -> FirstScreen:
        panel = FirstPanel(Inks(self._palette))
        panel.view = View(ascii_only=self._ascii_only)
        return FirstScreen(panel)
