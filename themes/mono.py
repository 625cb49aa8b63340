"""Monochrome: default foreground and background only; weight, shape, reverse video and words carry the meaning."""

from __future__ import annotations

from themes.palette import palette

MONO = palette("mono", dark=True)
