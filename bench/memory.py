"""G8: resident memory of the viewer and of the monitor, against an empty Textual app and ccxt.pro.

    python bench/memory.py [--repeats 5] [--json] [--check]

The monitor watches a book of 50 live positions over a socket, with a journal, as in `bench/latency.py`; no
helper process lives by then, because ccxt runs only to read contracts, and ends. `with ccxt` is the same program whose
prices come from the loop of ccxt.pro's manual, in its own process. `viewer` has joined the monitor on a terminal,
`chart` has a position's charts open. Each is read after it has settled. Goals: the viewer at most 1.4 times an empty
Textual app (1.7 times with a chart), the monitor at most half of the program with ccxt.pro inside; `paging` is the
monitor with an address to page, whose library loads a hundred services.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.books import book_text
from bench.flood import open_ccxt
from bench.latency import MARKETS, VENUE, Peer, monitor, wait_for_socket
from bench.report import finish, options, paired, spread, words
from bench.startup import EMPTY_APP
from bench.terminal import Terminal

ROOT = Path(__file__).parent.parent
RATE = 500
SETTLE_S = 6.0
ENOUGH_S = 90.0
"""How long a monitor lives: longer than everything that is read of it."""
NOWHERE = "json://127.0.0.1:9"
GOALS = {"viewer_to_empty": 1.4, "chart_to_empty": 1.7, "monitor_to_ccxt": 0.5, "paging_to_ccxt": 0.5}
CHART_KEYS = ("\t", "\r")
"""Into the table, then the details of its first row."""


def resident_mb(pid: int) -> float:
    """Of one process and everything that it started."""
    total = 0
    for one in (pid, *descendants(pid)):
        status = Path(f"/proc/{one}/status").read_text()
        total += next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
    return total / 1024


def descendants(pid: int) -> list[int]:
    children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [below for child in children for below in descendants(child)]


async def ccxt_inside(url: str) -> None:
    """Mark prices by the loop of ccxt.pro's manual, for ever."""
    exchange, wait = open_ccxt(url, "binanceusdm", MARKETS, every=False)
    try:
        while True:
            await wait()
    finally:
        await exchange.close()


def child(url: str, page: str, path: str, with_ccxt: bool) -> None:
    if with_ccxt:
        import ccxt.pro  # noqa: F401 (before the socket opens, which says that the monitor is there)

    async def instead(*_: object) -> None:
        await ccxt_inside(url)

    asyncio.run(monitor(url, page, path, ENOUGH_S, instead if with_ccxt else None))


class Bench:
    def __init__(self, folder: str) -> None:
        self._peer = Peer(None)
        self._folder = Path(folder)
        self._runs = 0
        self._env = {
            **os.environ,
            "HOME": folder,
            "XDG_STATE_HOME": f"{folder}/state",
            "XDG_CONFIG_HOME": f"{folder}/config",
            "PYTHONPATH": str(ROOT),
        }

    def close(self) -> None:
        self._peer.close()

    @contextmanager
    def _monitor(self, with_ccxt: bool = False, page: str = "") -> Iterator[tuple[int, Path]]:
        self._runs += 1
        path = self._folder / f"book-{self._runs}.json"
        path.write_text(book_text(MARKETS, VENUE))
        command = [sys.executable, __file__, "--monitor", f"{self._peer.address}/{RATE}/0/0", "--book", str(path)]
        process = subprocess.Popen(
            [*command, "--page", page, *["--with-ccxt"] * with_ccxt],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self._env,
        )
        try:
            wait_for_socket(path, self._env)
            time.sleep(SETTLE_S)
            yield process.pid, path
        finally:
            process.terminate()
            process.wait(20)

    def _screen(self, command: list[str], text: str, keys: tuple[str, ...] = ()) -> list[float]:
        """MB once `text` is painted and things have settled, and again after each key."""
        with Terminal([sys.executable, *command], self._env) as terminal:
            terminal.seconds_until(text)
            found = []
            for key in ("", *keys):
                terminal.type(key)
                terminal.rest(SETTLE_S)
                found.append(resident_mb(terminal.pid))
            return found

    def all(self) -> dict[str, float]:
        """MB of every variant, one after the other."""
        found = {"empty": self._screen(["-c", EMPTY_APP], "nothing yet")[0]}
        with self._monitor() as (pid, path):
            found["monitor"] = resident_mb(pid)
            screen = self._screen(["-m", "hedgetui", str(path)], "Overview", CHART_KEYS)
            found |= {"viewer": screen[0], "chart": screen[-1]}
        with self._monitor(True) as (pid, _):
            found["with ccxt"] = resident_mb(pid)
        with self._monitor(page=NOWHERE) as (pid, _):
            found["paging"] = resident_mb(pid)
        with self._monitor(True, NOWHERE) as (pid, _):
            found["paging with ccxt"] = resident_mb(pid)
        return found


def measure(repeats: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        try:
            rounds = [bench.all() for _ in range(repeats)]
        finally:
            bench.close()
    mb = {name: [each[name] for each in rounds] for name in rounds[0]}
    return {
        "goal": "G8",
        "repeats": repeats,
        "mb": {name: spread(values, 1) for name, values in mb.items()},
        "ratios": {
            "viewer_to_empty": paired(mb["viewer"], mb["empty"]),
            "chart_to_empty": paired(mb["chart"], mb["empty"]),
            "monitor_to_ccxt": paired(mb["monitor"], mb["with ccxt"]),
            "paging_to_ccxt": paired(mb["paging"], mb["paging with ccxt"]),
        },
        "goals": GOALS,
    }


def said(result: dict[str, Any]) -> list[str]:
    lines = [f"{name:16} {words(row, ' MB')}" for name, row in result["mb"].items()]
    return lines + [
        f"{name.replace('_', ' '):16} {words(row, 'x')}, goal {GOALS[name]}x" for name, row in result["ratios"].items()
    ]


def missed(result: dict[str, Any]) -> list[str]:
    return [
        f"{name.replace('_', ' ')}: {row['median']}x, goal {GOALS[name]}x"
        for name, row in result["ratios"].items()
        if row["median"] > GOALS[name]
    ]


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--monitor", default="", help="used between the processes of a run, as are the next")
    parser.add_argument("--book", default="")
    parser.add_argument("--page", default="")
    parser.add_argument("--with-ccxt", action="store_true")
    chosen = parser.parse_args()
    if chosen.monitor:
        child(chosen.monitor, chosen.page, chosen.book, chosen.with_ccxt)
        return 0
    result = measure(chosen.repeats)
    return finish(result, said(result), missed(result), chosen.json, chosen.check)


if __name__ == "__main__":
    sys.exit(main())
