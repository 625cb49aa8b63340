"""Colours, one file a theme. Elsewhere in the program a colour is a role, never a hex."""

from __future__ import annotations

from themes.colour_blind import COLOUR_BLIND
from themes.dark import DARK
from themes.high_contrast import HIGH_CONTRAST
from themes.light import LIGHT
from themes.mono import MONO
from themes.palette import ROLES, Palette, palette

THEMES = {theme.name: theme for theme in (DARK, LIGHT, HIGH_CONTRAST, COLOUR_BLIND, MONO)}
"""Every theme by the name a person writes in the settings."""

__all__ = ["ROLES", "THEMES", "Palette", "palette"]
