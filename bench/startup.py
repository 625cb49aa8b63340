"""G7: how long until the first painted frame, against an empty Textual app, and until the first live figure.

    python bench/startup.py [--repeats 5] [--json] [--check]

Every start is a real process on a pseudo-terminal of its own; variants take turns inside each repetition. The frame
counts when its own text has been read from the terminal. `first figure` is how long after the venue's first data frame
the screen shows a live headline, once the contracts are known (a second start, with the facts on disk).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench.terminal import Terminal  # noqa: E402
from feeds.simulator.server import Simulator  # noqa: E402
from feeds.venues import FEEDS  # noqa: E402

EMPTY_APP = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("nothing yet")
Empty().run()
"""
GOALS = {"join": 1.3, "demo": 1.3, "start": 1.9}
FIGURE_GOAL_MS = 300
SETTLE_S = 8.0
"""A monitor that has just started is still asking venues for contracts and history, on the same two cores."""


def write_settings(home: Path, peer: Simulator) -> dict[str, str]:
    """A home of its own whose settings point every venue at the peer."""
    folder = home / "config" / "hedgetui"
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    sockets = {feed: url for feed, url in peer.urls.items() if feed in FEEDS}
    for table, addresses in (("urls", sockets), ("rest_urls", peer.rest_urls)):
        lines += [f"[{table}]", *(f'"{name}" = "{address}"' for name, address in addresses.items())]
    (folder / "settings.toml").write_text("\n".join(lines) + "\n")
    return {
        **os.environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PYTHONPATH": str(ROOT),
    }


def hedgetui(*words: str) -> list[str]:
    return [sys.executable, "-m", "hedgetui", *words]


def first_frame(command: list[str], env: dict[str, str], text: str) -> float:
    with Terminal(command, env) as terminal:
        return terminal.seconds_until(text)


def stop(env: dict[str, str], book: str) -> None:
    subprocess.run(hedgetui("stop", book), env=env, capture_output=True, timeout=30, check=False)


def variants(env: dict[str, str], book: str) -> dict[str, Callable[[], float]]:
    def start() -> float:
        stop(env, book)
        return first_frame(hedgetui(book), env, "Overview")

    def join() -> float:
        time.sleep(SETTLE_S)
        return first_frame(hedgetui(book), env, "Overview")

    return {
        "empty": lambda: first_frame([sys.executable, "-c", EMPTY_APP], env, "nothing yet"),
        "demo": lambda: first_frame(hedgetui("--demo"), env, "Overview"),
        "start": start,
        "join": join,
    }


class Peer:
    """The simulated venues, served by a thread of this process."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    async def _serve(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        async with Simulator(seed=1, scenario="calm") as self.simulator:
            self._ready.set()
            await self._done.wait()

    def __enter__(self) -> Peer:
        self._thread.start()
        if not self._ready.wait(20):
            raise TimeoutError("the simulator did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(10)

    def last_first_frame(self) -> float:
        """When the slowest of the feeds sent its first data, on this process's performance counter."""
        now_s, now = self.simulator.now.elapsed_s, time.perf_counter()
        return now - (now_s - max(self.simulator.first_data_s.values()))


def first_figure_ms(peer: Peer, env: dict[str, str], book: str) -> float:
    """From the venues' first data frames to a live total on the terminal, with the facts on disk."""
    stop(env, book)
    peer.simulator.first_data_s.clear()
    with Terminal(hedgetui(book), env) as terminal:
        shown = terminal.started + terminal.seconds_until("USD a day")
    return (shown - peer.last_first_frame()) * 1000


def measure(repeats: int) -> dict[str, object]:
    with Peer() as peer, tempfile.TemporaryDirectory() as folder:
        env = write_settings(Path(folder), peer.simulator)
        book = str(Path(folder) / "book.json")
        Path(book).write_text((ROOT / "sample_portfolio.json").read_text())
        runs = variants(env, book)
        seconds: dict[str, list[float]] = {name: [] for name in runs}
        figures: list[float] = []
        for run in runs.values():  # warm-up: bytecode, page cache, the facts on disk
            run()
        for _ in range(repeats):
            for name, run in runs.items():
                seconds[name].append(run())
            figures.append(first_figure_ms(peer, env, book))
        stop(env, book)
    ratios = {name: [a / b for a, b in zip(seconds[name], seconds["empty"], strict=True)] for name in GOALS}
    return {
        "goal": "G7",
        "repeats": repeats,
        "seconds": {name: spread(values) for name, values in seconds.items()},
        "ratio_to_empty_app": {name: spread(values) for name, values in ratios.items()},
        "first_figure_ms": spread(figures),
        "goals": {**GOALS, "first_figure_ms": FIGURE_GOAL_MS},
    }


def spread(values: list[float]) -> dict[str, float]:
    return {"median": round(median(values), 3), "min": round(min(values), 3), "max": round(max(values), 3)}


def missed(result: dict) -> list[str]:
    late = [
        f"{name}: {result['ratio_to_empty_app'][name]['median']}x an empty app, goal {goal}x"
        for name, goal in GOALS.items()
        if result["ratio_to_empty_app"][name]["median"] > goal
    ]
    if result["first_figure_ms"]["median"] > FIGURE_GOAL_MS:
        late.append(f"first figure: {result['first_figure_ms']['median']} ms, goal {FIGURE_GOAL_MS} ms")
    return late


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is missed")
    options = parser.parse_args()
    result = measure(options.repeats)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        for name, row in result["ratio_to_empty_app"].items():
            span = f"({row['min']} to {row['max']}), goal {GOALS[name]}x"
            print(f"first frame, {name:6} {row['median']:5.2f}x an empty Textual app {span}")
        row = result["first_figure_ms"]
        span = f"({row['min']:.0f} to {row['max']:.0f}), goal {FIGURE_GOAL_MS}"
        print(f"first live figure {row['median']:5.0f} ms after the venue's first frame {span}")
    late = missed(result)
    for line in late:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if late and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
