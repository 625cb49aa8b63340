"""What a theme is: one colour for each role. A theme without colours is monochrome and speaks by weight and shape."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

ROLES = (
    "page",  # background
    "raised",  # header, footer, dialogs
    "cursor",  # selected row, current tab
    "rule",  # thin lines, the unfilled part of a gauge
    "text",  # figures and sentences
    "muted",  # labels, zeros, venues, what is live, what is stale
    "strong",  # headline figures, orders to do (bold)
    "accent",  # keys, cursor bar, focus
    "against",  # money you pay
    "advisory",  # level 1
    "caution",  # level 2, and marks of what is stale
    "warning",  # level 3 as text or glyph
    "fill",  # level 3 unanswered: the band and the culprit cell
    "fill-text",
    "tint",  # body of the band
    "mode",  # marks of WHAT-IF, DEMO, REPLAY
    "mode-fill",  # their badge
    "mode-text",
)


class Palette(Struct, frozen=True):
    """A named theme. `colours` holds a hex for every role, or nothing at all for monochrome."""

    name: str
    dark: bool
    colours: Mapping[str, str]

    @property
    def plain(self) -> bool:
        """Default foreground and background only."""
        return not self.colours


def palette(name: str, *, dark: bool, **colours: str) -> Palette:
    """A theme from its table of roles (`-` written as `_`).

    Raises ValueError that names the roles which are missing or not known.
    """
    given = {role.replace("_", "-"): colour for role, colour in colours.items()}
    wrong = sorted(set(given) ^ set(ROLES))
    if wrong and given:
        raise ValueError(f"theme {name}: missing or unknown roles: {', '.join(wrong)}")
    return Palette(name, dark, given)
