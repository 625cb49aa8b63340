"""Safe for red-, green- and blue-blind eyes: warning and caution differ in lightness as well."""

from __future__ import annotations

from themes.palette import palette

COLOUR_BLIND = palette(
    "colour-blind",
    dark=True,
    page="#14171c",
    raised="#1d222a",
    cursor="#27303c",
    rule="#3a4450",
    text="#d7dce3",
    muted="#98a2b0",
    strong="#ffffff",
    accent="#9db8f0",
    against="#e0a6dc",
    advisory="#62b6f0",
    caution="#f3e35a",
    warning="#ff9350",
    fill="#ff7a2e",
    fill_text="#180800",
    tint="#2b1c12",
    mode="#d0b3ff",
    mode_fill="#6d4fc0",
    mode_text="#ffffff",
)
