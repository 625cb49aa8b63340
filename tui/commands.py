"""Every action a person has, defined once: key, footer, help row, tooltip, binding, and when it is offered."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from textual.binding import Binding, BindingType

from tui.marks import answered
from tui.shelving import REASONS
from tui.view import View

NOWHERE = ""
"""No dialog is open."""


def always(view: View) -> bool:
    return True


def _unanswered(view: View) -> bool:
    return view.top is not None and not answered(view.top) and view.lost is None


def _latched(view: View) -> bool:
    return any(alert.state == "latch_ack" for alert in view.open_alerts) and view.lost is None


def _shelvable(view: View) -> bool:
    return view.top is not None and view.top.state in ("unack", "acked") and view.lost is None


def _several(view: View) -> bool:
    return len(view.open_alerts) > 1


def _legs(view: View) -> bool:
    chosen = next((asset for asset in view.figures.assets if asset.asset == view.selected), None)
    return chosen is not None and len(chosen.legs) > 1


def _some(view: View) -> bool:
    return bool(view.figures.assets)


def _orders(view: View) -> bool:
    return view.top is not None or _some(view)


def _played(view: View) -> bool:
    return view.playback is not None and view.playback.state != "ended" and view.lost is None


def _pausable(view: View) -> bool:
    return _played(view) if view.playback is not None else _some(view)


def _detachable(view: View) -> bool:
    return view.playback is None


def _lost(view: View) -> bool:
    return view.lost is not None


class Command(Struct, frozen=True):
    """One action. Its method on the screen is `action_` and its id."""

    id: str
    keys: str
    """Keys as textual names them, by comma; all of them can be bound to others."""
    shown: str
    """The key as a person reads it."""
    label: str
    """What the footer and the alert's key line say."""
    help: str
    section: str
    within: tuple[str, ...] = (NOWHERE,)
    """Dialogs in which it works; NOWHERE where none is open."""
    footer: bool = True
    slot: bool = False
    """It means the alert on top, and stands on its key line."""
    careful: bool = False
    """Ignored inside a burst of keys, which is a paste or a stray answer of the terminal."""
    offered: Callable[[View], bool] = always

    @property
    def binding(self) -> Binding:
        return Binding(self.keys, self.id, self.label, show=False, id=self.id, tooltip=self.help)


ANYWHERE = (NOWHERE, "help", "ticket", "feeds", "shelve", "quit")
LISTS = (NOWHERE, "help", "ticket", "feeds")
GO, ANSWER, WORK, REPLAY = "GO", "ANSWER AN ALERT", "WORK", "REPLAY"

COMMANDS = (
    Command("up", "up,k", "↑↓", "row", "row, also k j", GO, LISTS, offered=_some),
    Command("down", "down,j", "↓", "", "", GO, LISTS, footer=False),
    Command("open", "enter", "enter", "legs", "open or fold its legs", GO, offered=_legs),
    Command("back", "escape", "esc", "back", "back: close, fold", GO, ANYWHERE, footer=False),
    Command(
        "acknowledge", "a", "a", "acknowledge", "acknowledge", ANSWER, ANYWHERE,
        footer=False, slot=True, careful=True, offered=_unanswered,
    ),
    Command("ticket", "t", "t", "ticket", "ticket: what to do", WORK, slot=True, offered=_orders),
    Command(
        "reset", "R", "R", "reset", "reset a latched one", ANSWER, ANYWHERE,
        footer=False, slot=True, careful=True, offered=_latched,
    ),
    Command(
        "shelve", "s", "s", "shelve", "shelve it for a time", ANSWER,
        footer=False, slot=True, careful=True, offered=_shelvable,
    ),
    Command("shorter", "left", "←", "", "", "", ("shelve",), footer=False),
    Command("longer", "right", "→", "", "", "", ("shelve",), footer=False),
    *(
        Command(f"reason_{number}", str(number), str(number), "", "", "", ("shelve",), footer=False, careful=True)
        for number in range(1, len(REASONS) + 1)
    ),
    Command(
        "next_alert", "n", "n", "next alert", "next alert, and its row", ANSWER, ANYWHERE,
        footer=False, slot=True, offered=_several,
    ),
    Command("revive", "r", "r", "watch again", "start watching again", WORK, ANYWHERE, offered=_lost),
    Command("pause", "space", "space", "pause", "pause the picture", WORK, offered=_pausable),
    Command("frame", "comma", ",", "frame", "one frame on", REPLAY, offered=_played),
    Command("second", "full_stop", ".", "second", "one second on", REPLAY, offered=_played),
    Command("seek", "g", "g", "to alert", "on to the next alert", REPLAY, offered=_played),
    Command("faster", "plus,equals_sign", "+", "faster", "faster", REPLAY, offered=_played),
    Command("slower", "minus", "−", "slower", "slower", REPLAY, offered=_played),
    Command("feeds", "f", "f", "feeds", "feeds: each source", WORK),
    Command("help", "question_mark", "?", "help", "this help", WORK),
    Command("detach", "d", "d", "detach", "detach, keep watching", WORK, ANYWHERE, careful=True, offered=_detachable),
    Command("quit", "q", "q", "quit", "quit, asks first", WORK, LISTS, careful=True),
    Command("leave", "enter", "enter", "leave", "", "", ("quit",), footer=False),
    Command("stop", "s", "s", "stop the monitor", "", "", ("quit",), footer=False, careful=True),
    Command("interrupt", "ctrl+c", "ctrl+c", "leave", "leave, asks on a warning", WORK, ANYWHERE, footer=False),
)  # fmt: skip
"""All there are, in the order of footer and help."""

BY_ID = {command.id: command for command in COMMANDS}
SLOT_COMMANDS = tuple(command for command in COMMANDS if command.slot)
BINDINGS: list[BindingType] = [command.binding for command in COMMANDS]


def works(command: Command, view: View) -> bool:
    """The command does something now."""
    return view.dialog in command.within and command.offered(view)
