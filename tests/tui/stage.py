"""The screen on a stage: an app around a fake monitor, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fake import FakeMonitor
from textual.pilot import Pilot

from themes import THEMES
from tui.app import HedgeApp
from tui.screens.overview import Overview
from tui.watching import Watching


def new_app(monitor: FakeMonitor, *, theme: str = "dark", quit_asks: bool = True, ascii_only: bool = False) -> HedgeApp:
    """The app as `tui.app.run` makes it."""
    watching = Watching(monitor, who="ana", quit_asks=quit_asks)
    return HedgeApp(watching, THEMES[theme], ascii_only=ascii_only)


def overview(app: HedgeApp) -> Overview:
    """Its only screen."""
    assert isinstance(app.screen, Overview)
    return app.screen


@asynccontextmanager
async def playing(
    monitor: FakeMonitor, size: tuple[int, int] = (120, 36), *, aged: bool = True, **options: bool
) -> AsyncIterator[Pilot[None]]:
    """A running app. With `aged` whatever is painted counts as read long ago."""
    app = new_app(monitor, **options)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.05)
        if aged:
            overview(app)._painting._since -= 60
        yield pilot
        if app.is_running:
            app.exit(return_code=0)


def shown(app: HedgeApp) -> str:
    """All text on the screen."""
    return "\n".join(line.text for panel in overview(app).children if panel.display for line in panel.lines)  # type: ignore[attr-defined]
