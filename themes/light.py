"""Light, for daylight and paper-white terminals. Warning and caution differ by shape, word and fill."""

from __future__ import annotations

from themes.palette import palette

LIGHT = palette(
    "light",
    dark=False,
    page="#fbfaf7",
    raised="#efede6",
    cursor="#dfe7f2",
    rule="#c4c0b5",
    text="#1f2429",
    muted="#59616b",
    strong="#000000",
    accent="#0a4f9e",
    against="#8a2350",
    advisory="#00527a",
    caution="#7a4600",
    warning="#a30d1c",
    fill="#b0121f",
    fill_text="#ffffff",
    tint="#fbe6e4",
    mode="#6a1f9c",
    mode_fill="#6a1f9c",
    mode_text="#ffffff",
)
