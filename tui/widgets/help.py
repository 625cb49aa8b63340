"""Help: every key that exists, from the definitions themselves, then the signs and the figures."""

from __future__ import annotations

from tui.commands import ANSWER, COMMANDS, GO, REPLAY, WORK
from tui.line import Draft, Line
from tui.view import View

SIGNS = (
    ("▲", "warning-bold", "WARNING", "act now"),
    ("◆", "caution-bold", "CAUTION", "act soon"),
    ("●", "advisory-bold", "ADVISORY", "know it"),
    ("△ ◇ ○", "text", "hollow", "answered, still true"),
    ("◐", "caution-bold", "STALE", "older than it may be"),
    ("?", "muted", "UNKNOWN", "never came, or cannot be computed"),
    ("z", "muted", "SHELVED", "put away until a time"),
)
FIGURES = (
    ("+  −", "text", "money you receive, money you pay"),
    ("−1.59", "against", "tinted: it costs you"),
    ("OFF USD", "text", "distance from the plan in USD"),
    ("TO LIQ %", "text", "the move that liquidates it"),
    ("joint", "text", "the same, all marks together"),
    ("–", "text", "not known"),
    ("est.", "text", "predicted, not yet owed"),
)
WIDE = 104
RULE = "While an alert is on top, a and t work on that alert. Without one, t works on the row."
PROMISE = "It cannot trade: it signs no order, transfer or withdrawal."


def help_body(view: View, width: int) -> list[Line]:
    """Three columns of keys over two of signs, or one under the other where the screen is narrow."""
    sections = {name: [c for c in COMMANDS if c.section == name and c.help] for name in (GO, ANSWER, WORK, REPLAY)}
    lines: list[Draft] = []

    def block(pieces: list[tuple[int, str, int]], head: str) -> None:
        height = max(len(sections[name]) for _, name, _ in pieces) + 1
        start = len(lines)
        lines.extend(Draft(width, "raised") for _ in range(height))
        for x, name, wide in pieces:
            lines[start].put(x, name, "muted")
            for draft, command in zip(lines[start + 1 :], sections[name], strict=False):
                draft.put(x, "↑ ↓" if command.id == "up" else command.shown, "key", command.id)
                draft.put(x + wide, command.help, "text", command.id)

    lines.append(Draft(width, "raised"))
    if width >= WIDE:
        block([(3, GO, 8), (38, ANSWER, 4), (70, WORK, 10)], "")
        lines.append(Draft(width, "raised"))
        if view.playback is not None:
            block([(3, REPLAY, 8)], "")
            lines.append(Draft(width, "raised"))
        _signs(lines, width, 3, 62)
    else:
        half = width // 2 + 2
        block([(3, GO, 8), (half, ANSWER, 4)], "")
        lines.append(Draft(width, "raised"))
        block([(3, WORK, 8), *([(half, REPLAY, 4)] if view.playback is not None else [])], "")
        lines.append(Draft(width, "raised"))
        _signs(lines, width, 3, None)
    for words, ink in (("", "text"), (RULE, "text"), (PROMISE, "muted")):
        draft = Draft(width, "raised")
        draft.put(3, words, ink)
        lines.append(draft)
    return [draft.line() for draft in lines]


def _signs(lines: list[Draft], width: int, x: int, beside: int | None) -> None:
    """Signs, and the figures beside or below them."""
    start = len(lines)
    lines.extend(Draft(width, "raised") for _ in range(1 + len(SIGNS)))
    lines[start].put(x, "SIGNS", "muted")
    for draft, (glyph, ink, word, meaning) in zip(lines[start + 1 :], SIGNS, strict=False):
        draft.put(x, glyph, ink)
        draft.put(x + 8, word)
        draft.put(x + 18, meaning, "muted")
    if beside is None:
        beside, start = x, len(lines) + 1
        lines.extend(Draft(width, "raised") for _ in range(2 + len(FIGURES)))
    lines[start].put(beside, "FIGURES", "muted")
    for draft, (figure, ink, meaning) in zip(lines[start + 1 :], FIGURES, strict=False):
        draft.put(beside, figure, ink)
        draft.put(beside + 10, meaning, "muted")
