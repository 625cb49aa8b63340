"""What the viewer calls before its first frame: the monitor of a portfolio or of a demo, joined or being started.

Joining a monitor that runs reads no file and imports no pydantic; a file is validated only where a monitor is started.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from hedge.snapshot import EMPTY, Mode, Snapshot
from monitor.clock import BootClock
from monitor.joining import Joining, iso
from monitor.launch import running, start_demo, start_monitor
from monitor.link import Client, connect
from monitor.place import AlreadyWatched, Place


def joined(path: Path, env: Mapping[str, str]) -> Joining:
    """The monitor of the portfolio at `path`; started where none runs, once the file was read without a mistake.

    Raises UnreadableFile, PortfolioError or PlaceError before anything is started."""
    place = running(path, env)
    if place is not None:
        return _join(place, path, EMPTY)
    known = from_file(path)
    try:
        started = start_monitor(path, env)
    except AlreadyWatched:
        place = running(path, env)
        if place is None:
            raise
        return _join(place, path, known)
    return Joining(_First(known, "live", path, "Starting the monitor."), started.join, started.rejoin)


def demo(env: Mapping[str, str]) -> Joining:
    """A demo of its own, which ends with this viewer."""
    started = start_demo(env)
    first = _First(EMPTY, "demo", None, "Starting the simulated market.")
    return Joining(first, started.join, started.rejoin, started.leave)


def from_file(path: Path) -> Snapshot:
    """The rows as the file alone knows them: quantities, and dashes for everything a market would say."""
    from hedge.book import Book
    from hedge.take import take_snapshot
    from monitor.portfolio_file import PortfolioFile

    return take_snapshot(Book(PortfolioFile(path).read()), BootClock().now(), "live")


def _join(place: Place, path: Path, known: Snapshot) -> Joining:
    async def join() -> Client:
        return await connect(place.sock)

    return Joining(_First(known, "live", path, "Joining the monitor."), join, join)


class _First:
    """Makes the snapshot that is painted until the monitor's own comes."""

    def __init__(self, base: Snapshot, mode: Mode, path: Path | None, notice: str) -> None:
        self._base = base
        self._mode = mode
        self._path = "" if path is None else str(path)
        self._notice = notice
        self._clock = BootClock()

    def __call__(self) -> Snapshot:
        return msgspec.structs.replace(
            self._base,
            as_of=iso(self._clock.now().wall_ms),
            mode=self._mode,
            path=self._path,
            notices=(self._notice,),
        )
