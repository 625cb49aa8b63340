"""What the viewer calls before its first frame: the monitor of a portfolio or of a demo, joined or being started.

Joining a monitor that runs reads no file and imports no pydantic; a file is validated only where a monitor is started.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from hedge.snapshot import EMPTY, Mode, Snapshot
from monitor.clock import BootClock
from monitor.joining import Joining, Way
from monitor.launch import Joined, running, start_demo, start_monitor
from monitor.messages import MonitorLost
from monitor.place import AlreadyWatched, PlaceError


class First:
    """Makes the snapshot that is painted until the monitor's own comes.

    It holds no rows: making them takes longer than the monitor takes to send its own."""

    def __init__(self, mode: Mode, path: str, notice: str, name: str = "") -> None:
        self._name = name
        self._mode: Mode = mode
        self._path = path
        self._notice = notice
        self._clock = BootClock()

    def __call__(self) -> Snapshot:
        now = datetime.fromtimestamp(self._clock.now().wall_ms / 1000, UTC)
        return msgspec.structs.replace(
            EMPTY,
            as_of=f"{now:%Y-%m-%dT%H:%M:%SZ}",
            mode=self._mode,
            portfolio=self._name,
            path=self._path,
            notices=(self._notice,),
        )


def joined(path: Path, env: Mapping[str, str]) -> Joining:
    """The monitor of the portfolio at `path`; started where none runs, once the file was read without a mistake.

    Raises UnreadableFile, PortfolioError, PlaceError or AlreadyWatched before anything is started."""

    def another() -> Way:
        place = running(path, env)
        try:
            return start_monitor(path, env) if place is None else Joined(place)
        except (PlaceError, AlreadyWatched) as error:
            raise MonitorLost(str(error)) from error

    place = running(path, env)
    if place is not None:
        return Joining(First("live", str(path), "Joining the monitor."), Joined(place), another)
    from monitor.portfolio_file import PortfolioFile

    portfolio = PortfolioFile(path).read()
    started = start_monitor(path, env)
    return Joining(First("live", str(path), "Starting the monitor.", portfolio.name), started, another)


def demo(env: Mapping[str, str]) -> Joining:
    """A demo of its own, which ends with this viewer."""
    first = First("demo", "", "Starting the simulated market.")
    return Joining(first, start_demo(env), lambda: start_demo(env))
