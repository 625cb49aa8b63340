"""G12: what the journal costs: a day's chart from the disk, and the loop while it writes.

    python bench/journal.py [--repeats 5] [--seconds 6] [--json] [--check]

`chart`: a file with 31 days of minutes for fifty figures and ten thousand events; one figure's last 24 hours, asked of
the journal's thread as the monitor asks, milliseconds. `lag`: how late a loop that asks to be woken every millisecond
is woken, 99th percentile in milliseconds, with the journal at rest (`still`) and with it writing twenty batches a
second to the disk, an alert's event each and fifty minutes of figures (`writing`); in turn, within each repetition.
Goals: a chart at most 5 ms, and the lag while writing at most 2x.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from alerts.values import Alert, Logged
from bench.report import finish, interleaved, options, paired, spread, words
from hedge.market import Instant
from monitor.journal import Journal, Minute, Trouble
from monitor.journal.reading import chart
from monitor.journal.tables import connect

FIGURES = 50
DAYS = 31
EVENTS = 10_000
DAY_MIN = 24 * 60
NOW = Instant(2_000_000, 1_795_000_000_000)
CHART_GOAL_MS = 5.0
LAG_GOAL = 2.0
WAKE_S = 0.001
BATCH_S = 0.05


def path_of(number: int) -> str:
    return f"positions.main/C{number:02}/USDT:USDT/short.to_liquidation"


def event(number: int) -> Logged:
    alert = Alert(
        "hedge_drift", f"C{number % FIGURES:02}", episode=number, level=2, peak=2, owed=2, value=Decimal("0.06")
    )
    return Logged(NOW.mono_ms, "raised", alert)


def figures(minute: int) -> list[Minute]:
    value = Decimal(minute % 997) / 1000
    return [Minute(path_of(number), minute, value, value, value) for number in range(FIGURES)]


def broke(why: str) -> None:
    raise SystemExit(f"the journal does not work: {why}")


def opened(path: Path) -> Journal:
    return Journal(path, Trouble(broke, lambda: None, broke), now_ms=lambda: NOW.wall_ms)


def filled(path: Path) -> Journal:
    """A journal of a month; put there at once, a month of batches would take longer than all measurements."""
    connection = connect(path)
    last = NOW.wall_ms // 60_000
    connection.execute("BEGIN")
    for number in range(FIGURES):
        connection.execute("INSERT INTO paths (id, path) VALUES (?, ?)", (number, path_of(number)))
        rows = ((number, minute, 0.1, 0.3, 0.2) for minute in range(last - DAYS * DAY_MIN, last))
        connection.executemany("INSERT INTO minutes VALUES (?, ?, ?, ?, ?)", rows)
    connection.execute("COMMIT")
    connection.close()
    journal = opened(path)
    journal.alerts([event(number) for number in range(EVENTS)], NOW).result()
    return journal


def chart_ms(journal: Journal) -> float:
    """One figure's last day, of a journal that is not behind."""
    journal.settled().result()
    began = time.perf_counter()
    points = journal.ask(partial(chart, path=path_of(7), since_minute=NOW.wall_ms // 60_000 - DAY_MIN)).result()
    taken = (time.perf_counter() - began) * 1000
    assert len(points) == DAY_MIN
    return taken


async def lag_ms(journal: Journal, seconds: float, writes: bool) -> float:
    """How late the loop is, 99th percentile."""
    loop, late = asyncio.get_running_loop(), list[float]()
    began = loop.time()
    due, number = began + BATCH_S, 0
    while (now := loop.time()) - began < seconds:
        if writes and now >= due:
            due, number = due + BATCH_S, number + 1
            journal.alerts([event(number)], NOW)
            journal.minutes(figures(NOW.wall_ms // 60_000 - 1 - number % 60), NOW)
            now = loop.time()
        await asyncio.sleep(WAKE_S)
        late.append((loop.time() - now - WAKE_S) * 1000)
    return sorted(late)[round(len(late) * 0.99) - 1]


def measure(repeats: int, seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        journal = filled(Path(folder) / "journal.db")
        chart_ms(journal)
        runs: dict[str, Callable[[], float]] = {
            "chart": lambda: chart_ms(journal),
            "still": lambda: asyncio.run(lag_ms(journal, seconds, False)),
            "writing": lambda: asyncio.run(lag_ms(journal, seconds, True)),
        }
        found = interleaved(runs, repeats)
        journal.close()
        size_mb = sum(file.stat().st_size for file in Path(folder).iterdir()) / 1e6
    return {
        "goal": "G12",
        "repeats": repeats,
        "chart_ms": spread(found["chart"], 2),
        "lag_p99_ms": {name: spread(found[name], 2) for name in ("still", "writing")},
        "lag_writing_to_still": paired(found["writing"], found["still"]),
        "file_mb": round(size_mb, 1),
        "goals": {"chart_ms": CHART_GOAL_MS, "lag": LAG_GOAL},
    }


def missed(result: dict[str, Any]) -> list[str]:
    late = []
    if result["chart_ms"]["median"] > CHART_GOAL_MS:
        late.append(f"a day's chart takes {words(result['chart_ms'], ' ms')}, goal {CHART_GOAL_MS:g} ms")
    if result["lag_writing_to_still"]["median"] > LAG_GOAL:
        late.append(f"the loop's lag while writing is {words(result['lag_writing_to_still'], 'x')}, goal {LAG_GOAL:g}x")
    return late


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, help="of each run of the loop")
    chosen = parser.parse_args()
    result = measure(chosen.repeats, chosen.seconds)
    lines = [
        f"chart of a day {words(result['chart_ms'], ' ms')}",
        *(f"lag p99 {name:8} {words(row, ' ms')}" for name, row in result["lag_p99_ms"].items()),
        f"lag p99 writing to still {words(result['lag_writing_to_still'], 'x')}",
        f"a month in the file {result['file_mb']} MB",
    ]
    return finish(result, lines, missed(result), chosen.json, chosen.check)


if __name__ == "__main__":
    sys.exit(main())
