"""The recent past of the figures that charts show: fine for a quarter of an hour, coarse for a day."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from decimal import Decimal
from functools import partial

from hedge.market import Instant
from monitor.journal import Journal
from monitor.journal.reading import charts
from monitor.messages import Answer, Points, Refused
from monitor.packed import Packed

_LOG = logging.getLogger("hedgetui.journal")

FINE_STEP_MS = 5_000
FINE_SPAN_MS = 15 * 60_000
COARSE_STEP_MS = 60_000
COARSE_SPAN_MS = 24 * 3_600_000

FIGURES = {"to_liquidation": ("mark",), "basis_pct": ("mark", "index"), "funding_apr": ("funding",)}
"""What is kept of every leg, and the inputs that must be fresh for it."""


class Series:
    """One figure: a sample each five seconds for 15 minutes, the lowest of each minute for 24 hours.

    The coarse samples keep the lowest value, not the last: of a distance to liquidation that is the one that matters,
    and a chart that hides the worst moment is worse than none.
    """

    def __init__(self) -> None:
        self._fine = Packed(FINE_SPAN_MS // FINE_STEP_MS)
        self._coarse = Packed(COARSE_SPAN_MS // COARSE_STEP_MS)

    def add(self, at_ms: int, value: Decimal) -> None:
        """A value as of `at_ms` (monotonic)."""
        self._fine.append(at_ms, value)
        last_ms = self._coarse.last_ms
        if last_ms is not None and at_ms // COARSE_STEP_MS == last_ms // COARSE_STEP_MS:
            self._coarse.lower(value)
        else:
            self._coarse.append(at_ms, value)

    def add_minute(self, at_ms: int, lowest: Decimal) -> None:
        """The lowest of a minute that began at `at_ms`; minutes come in order."""
        self._coarse.append(at_ms, lowest)

    def since(self, start_ms: int) -> list[tuple[int, Decimal]]:
        """Oldest first; coarse where fine does not reach."""
        fine_from = self._fine.first_ms
        coarse = [(at, value) for at, value in self._coarse if start_ms <= at and (fine_from is None or at < fine_from)]
        return coarse + [(at, value) for at, value in self._fine if at >= start_ms]

    @property
    def first_ms(self) -> int | None:
        return self._coarse.first_ms


class Past:
    """Series by path (`positions.<leg id>.to_liquidation`). A suspend or a stale input leaves a gap, never a line."""

    def __init__(self) -> None:
        self._series: dict[str, Series] = {}
        self._sampled_ms: int | None = None

    def due(self, now_ms: int) -> bool:
        """Whether five seconds have gone by since the last sample."""
        return self._sampled_ms is None or now_ms - self._sampled_ms >= FINE_STEP_MS

    def sample(self, now_ms: int, values: Iterable[tuple[str, Decimal | None]]) -> None:
        """Keep one sample of each path; paths that are not given any more are forgotten."""
        self._sampled_ms = now_ms
        given: dict[str, Decimal | None] = dict(values)
        for path in self._series.keys() - given.keys():
            del self._series[path]
        for path, value in given.items():
            series = self._series.setdefault(path, Series())
            if value is not None:
                series.add(now_ms, value)

    def resume(self, journal: Journal, now: Instant) -> None:
        """Take over what an earlier run kept of the last day, minute by minute."""
        first = (now.wall_ms - COARSE_SPAN_MS) // COARSE_STEP_MS
        offset_ms = now.mono_ms - now.wall_ms
        try:
            found = journal.ask(partial(charts, since_minute=first)).result()
        except sqlite3.Error as error:
            _LOG.error("charts begin anew: %s", error)
            return
        for path, points in found:
            if is_kept(path):
                series = self._series.setdefault(path, Series())
                for point in points:
                    series.add_minute(point.minute * COARSE_STEP_MS + offset_ms, Decimal(str(point.low)))

    def answer(self, path: str, seconds: int, now_ms: int) -> Answer:
        """The points of the last `seconds`, and what is missing for a full answer."""
        series = self._series.get(path, EMPTY)
        if series is EMPTY and not is_kept(path):
            return Refused(f"No history is kept of {path}: of each position it is kept of {', '.join(FIGURES)}.")
        points = series.since(now_ms - seconds * 1000)
        first = series.first_ms
        has_s = 0 if first is None else (now_ms - first) // 1000
        wanted_s = min(seconds, COARSE_SPAN_MS // 1000)
        needs = "" if has_s * 10 >= wanted_s * 9 else f"needs {span(wanted_s)}, has {span(has_s)}"
        return Points(
            ages_s=tuple((now_ms - at) / 1000 for at, _ in points),
            values=tuple(value for _, value in points),
            needs=needs,
        )


EMPTY = Series()


def is_kept(path: str) -> bool:
    """Whether a path is one of which history is kept, once there is any."""
    return path.startswith("positions.") and path.rpartition(".")[2] in FIGURES


def span(seconds: int) -> str:
    """A length of time in the words of the screen, cut: `40 s`, `12 m`, `24 h`."""
    if seconds < 100:
        return f"{seconds} s"
    if seconds < 2 * 3600:
        return f"{seconds // 60} m"
    return f"{seconds // 3600} h"
