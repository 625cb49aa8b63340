"""The last line: the keys that do something now; the monitor's answer to the last one, or a standing sentence."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from tui import format as fmt
from tui.commands import BY_ID, COMMANDS, works
from tui.format import cells
from tui.line import Draft, Line
from tui.painted import Painted
from tui.view import View

LAST = ("help", "quit")
"""These stay when there is not room for all."""


def footer_line(view: View, width: int, *, small: bool = False) -> Line:
    """Keys on the left; what the alert's own key line already says is not repeated."""
    draft = Draft(width, "raised")
    room = width - 2
    said = view.said or _notice(view)
    if said:
        said = fmt.cut(said, max(20, width // 2))
        room = draft.right(width - 1, said, "caution" if view.said and view.said_no else "muted") - 3
    asked = [command for command in COMMANDS if command.footer and works(command, view)]
    if view.top is not None and not view.dialog:
        asked = [command for command in asked if not command.slot]
    if small:
        asked = [command for command in COMMANDS if command.slot and works(command, view)] + asked
    kept = cells("".join(f"{BY_ID[name].shown} {BY_ID[name].label}  " for name in LAST))
    at = 1
    for command in asked:
        label = "go on" if command.id == "pause" and _stands(view) else command.label
        needed = cells(command.shown) + 1 + cells(label) + 2
        reserve = 0 if command.id in LAST else kept
        if at + needed + reserve > room + 2:
            continue
        at = draft.put(at, command.shown, "key", command.id)
        at = draft.put(at + 1, label, "muted", command.id) + 2
    return draft.line()


def _stands(view: View) -> bool:
    """What the pause key would set in motion again."""
    return view.paused or (view.playback is not None and view.playback.state == "paused")


def _notice(view: View) -> str:
    """The first standing sentence, while alerts hold the slot where it would stand."""
    return view.snapshot.notices[0] if view.top is not None and view.snapshot.notices else ""


class Footer(Painted):
    """The footer."""

    def draw(self, view: View, size: Size) -> Sequence[Line]:
        return (footer_line(view, size.width),)
