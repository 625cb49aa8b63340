"""The app around the overview: one monitor in, an exit code out. Others call `run` and `run_first_screen` only."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import ClassVar

from textual.app import App

from monitor.messages import Fault, Monitor
from monitor.settings import Settings
from themes import THEMES, Palette
from tui.ink import Inks, textual_theme
from tui.screens.overview import Overview
from tui.terminal import Terminal, ending_signals
from tui.watching import Watching

BROKEN = 1
"""Textual's own exit code after an error that nobody caught."""


class HedgeApp(App[None], inherit_bindings=False):
    """Owns the watch on the monitor; everything a person sees or does is the screen's."""

    TITLE = "hedgetui"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    BINDINGS: ClassVar = []

    def __init__(self, watching: Watching, palette: Palette, *, ascii_only: bool = False) -> None:
        super().__init__(driver_class=Terminal, ansi_color=True if palette.plain else None)
        self.watching = watching
        self.palette = palette
        self.ascii_only = ascii_only
        theme = textual_theme(palette)
        self.register_theme(theme)
        self.theme = theme.name
        self.animation_level = "none"

    def get_default_screen(self) -> Overview:
        now = asyncio.get_running_loop().time
        return Overview(self.watching, Inks(self.palette), now, ascii_only=self.ascii_only)

    def on_mount(self) -> None:
        screen = self.screen
        assert isinstance(screen, Overview)
        self.run_worker(self.watching.run(screen.take, screen.lose), name="watching")

    async def action_quit(self) -> None:
        """Textual's own way out, wherever it comes from."""
        self.exit(return_code=0)


def run(
    monitor: Monitor,
    settings: Settings | None = None,
    *,
    quit_asks: bool = True,
    who: str = "",
    env: Mapping[str, str] | None = None,
) -> int:
    """Show this monitor until the person leaves; the exit code: 0, or 128 + n after signal n (130 after ctrl+c).

    Colours are the settings' theme; NO_COLOR in the environment asks for none. `who` signs answers.
    """
    settings = settings or Settings()
    env = os.environ if env is None else env
    app = HedgeApp(
        Watching(monitor, who=who or user(env), quit_asks=quit_asks),
        chosen_palette(settings.theme, env),
        ascii_only=settings.ascii or not speaks_utf8(),
    )
    return asyncio.run(_shown(app, monitor, settings.mouse))


async def _shown(app: HedgeApp, monitor: Monitor, mouse: bool) -> int:
    loop = asyncio.get_running_loop()

    def end(code: int) -> None:
        loop.call_soon_threadsafe(lambda: app.exit(return_code=code))

    with ending_signals(end):
        try:
            await app.run_async(mouse=mouse)
        finally:
            if app.return_code == BROKEN:
                await app.watching.ask(Fault("viewer", "a viewer of this book died by a fault of the program"))
            await monitor.close()
    return app.return_code or 0


def chosen_palette(name: str, env: Mapping[str, str]) -> Palette:
    """The theme by name; monochrome where NO_COLOR says so. An unknown name is the dark one."""
    if env.get("NO_COLOR"):
        return THEMES["mono"]
    return THEMES.get(name, THEMES["dark"])


def speaks_utf8() -> bool:
    """Whether what we write is read as UTF-8 at the other end; textual paints on stderr."""
    encoding = getattr(sys.__stderr__, "encoding", None) or "ascii"
    return encoding.lower().replace("-", "") in ("utf8", "utf8sig")


def user(env: Mapping[str, str]) -> str:
    """Who answers alerts: the name of the login."""
    return env.get("LOGNAME") or env.get("USER") or ""


def run_first_screen(settings: Settings | None = None, *, env: Mapping[str, str] | None = None) -> str | None:
    """No portfolio: `demo`, the path of a file to open, or None to leave."""
    from tui.first_run import FirstRun

    settings = settings or Settings()
    env = os.environ if env is None else env
    app = FirstRun(chosen_palette(settings.theme, env), ascii_only=settings.ascii or not speaks_utf8())
    return app.run(mouse=settings.mouse)
