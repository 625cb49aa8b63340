"""High contrast: black page, pure white text."""

from __future__ import annotations

from themes.palette import palette

HIGH_CONTRAST = palette(
    "high-contrast",
    dark=True,
    page="#000000",
    raised="#101010",
    cursor="#003a70",
    rule="#8a8a8a",
    text="#ffffff",
    muted="#cfcfcf",
    strong="#ffffff",
    accent="#6fd3ff",
    against="#ffb8d8",
    advisory="#6fe0ff",
    caution="#ffd400",
    warning="#ff9d9d",
    fill="#ff6b5e",
    fill_text="#000000",
    tint="#2a0000",
    mode="#e3b8ff",
    mode_fill="#e3b8ff",
    mode_text="#000000",
)
