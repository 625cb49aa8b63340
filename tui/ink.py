"""Inks: the few ways in which text may look, each a role of the theme plus weight; roles become terminal styles."""

from __future__ import annotations

from msgspec import Struct
from rich.color import Color, blend_rgb
from rich.color_triplet import ColorTriplet
from rich.style import Style
from textual.theme import Theme

from themes import Palette

DIM = 0.32
"""How much of a colour stays while a dialog dims the rest."""


DEFAULT = "ansi_default"
"""Whatever the terminal's own colour is."""


class Ink(Struct, frozen=True):
    """A role and its weight; `back` fills the cell; `plain` is what stands for both in monochrome."""

    role: str
    weight: str = ""
    back: str = ""
    plain: str = ""


INKS: dict[str, Ink] = {
    "text": Ink("text"),
    "muted": Ink("muted", plain="dim"),
    "rule": Ink("rule", plain="dim"),
    "strong": Ink("strong", "bold", plain="bold"),
    "key": Ink("accent", "bold", plain="bold"),
    "bar": Ink("accent", plain="bold"),
    "tab": Ink("strong", "bold", "cursor", "bold underline"),
    "tab-key": Ink("accent", "bold", "cursor", "bold underline"),
    "title": Ink("strong", "bold", "cursor", "bold underline"),
    "title-text": Ink("text", "", "cursor", "underline"),
    "choice": Ink("text", "", "cursor"),
    "choice-bar": Ink("accent", "", "cursor", "bold"),
    "choice-key": Ink("accent", "bold", "cursor", "bold"),
    "choice-name": Ink("strong", "bold", "cursor", "bold underline"),
    "choice-about": Ink("muted", "", "cursor", "dim"),
    "against": Ink("against"),
    "stale": Ink("muted", "italic", plain="dim italic"),
    "stale-name": Ink("muted", "bold italic", plain="bold italic"),
    "advisory": Ink("advisory"),
    "advisory-bold": Ink("advisory", "bold", plain="bold"),
    "caution": Ink("caution"),
    "caution-bold": Ink("caution", "bold", plain="bold"),
    "caution-cell": Ink("caution", "bold underline", plain="bold underline"),
    "warning": Ink("warning", plain="bold"),
    "warning-bold": Ink("warning", "bold", plain="bold"),
    "fill": Ink("fill-text", "bold", "fill", "bold reverse"),
    "fill-bar": Ink("fill", plain="bold"),
    "mode": Ink("mode"),
    "mode-fill": Ink("mode-text", "bold", "mode-fill", "bold reverse"),
}


class Inks:
    """The styles of one theme, resolved once each."""

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self._tables: dict[tuple[str, bool], dict[str, Style]] = {}

    def table(self, paper: str, dimmed: bool = False) -> dict[str, Style]:
        """The terminal style of every ink on a paper."""
        key = (paper, dimmed)
        if key not in self._tables:
            self._tables[key] = {ink: self.style(ink, paper, dimmed) for ink in INKS}
        return self._tables[key]

    def style(self, ink: str, paper: str, dimmed: bool = False) -> Style:
        """The terminal style of one ink on a paper."""
        return self._plain(ink, dimmed) if self.palette.plain else self._coloured(ink, paper, dimmed)

    def _plain(self, ink: str, dimmed: bool) -> Style:
        return Style.parse("dim" if dimmed else INKS[ink].plain)

    def _coloured(self, ink: str, paper: str, dimmed: bool) -> Style:
        mixed = INKS[ink]
        front, back = self._rgb(mixed.role), self._rgb(mixed.back or paper)
        if dimmed:
            page = self._rgb("page")
            front, back = blend_rgb(page, front, DIM), blend_rgb(page, back, DIM)
        style = Style(color=Color.from_triplet(front), bgcolor=Color.from_triplet(back))
        return style + Style.parse(mixed.weight) if mixed.weight else style

    def _rgb(self, role: str) -> ColorTriplet:
        return Color.parse(self.palette.colours[role]).get_truecolor()


def textual_theme(palette: Palette) -> Theme:
    """The same theme for what textual paints by itself: the page behind everything, and `$role` in style sheets."""
    name = f"hedgetui-{palette.name}"
    if palette.plain:
        return Theme(
            name=name,
            primary=DEFAULT,
            foreground=DEFAULT,
            background=DEFAULT,
            surface=DEFAULT,
            panel=DEFAULT,
            ansi=True,
            variables={"ansi-background": DEFAULT, "ansi-foreground": DEFAULT},
        )
    colours = palette.colours
    return Theme(
        name=name,
        primary=colours["accent"],
        accent=colours["accent"],
        warning=colours["caution"],
        error=colours["warning"],
        foreground=colours["text"],
        background=colours["page"],
        surface=colours["page"],
        panel=colours["raised"],
        dark=palette.dark,
        variables=dict(colours),
    )
