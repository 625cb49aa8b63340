"""Dark: the one the program starts with."""

from __future__ import annotations

from themes.palette import palette

DARK = palette(
    "dark",
    dark=True,
    page="#14171c",
    raised="#1d222a",
    cursor="#27303c",
    rule="#3a4450",
    text="#d7dce3",
    muted="#98a2b0",
    strong="#ffffff",
    accent="#8ab4f8",
    against="#e6a2b8",
    advisory="#79c6f2",
    caution="#f4b942",
    warning="#ff8585",
    fill="#ff6b60",
    fill_text="#120000",
    tint="#2b171b",
    mode="#d7a6ff",
    mode_fill="#7c3fb0",
    mode_text="#ffffff",
)
