"""G1: CPU from a frame on the socket to the book applied and the rules judged, against ccxt.pro and the floor.

    python bench/ingest.py [--kinds single,array,array50,bybit] [--vs recv,ccxt] [--repeats 5] [--json] [--check]

One process sends prepared frames as fast as the socket takes them, pinned to one core; each reader is a process pinned
to the other. `ours` is the product's supervisor, parser, book and rules; `recv` only receives (`websockets`); `ccxt` is
the loop of ccxt.pro's manual, which has no book and no rules. Readers take turns inside each repetition. Figures are
CPU microseconds per update of one symbol, user and system.

`single`: Binance mark prices, 50 markets, a frame each. `array`: 500 markets in a frame, all held. `array50`: the same
with 50 held. `bybit`: deltas of 50 tickers.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench import flood
from bench.report import finish, interleaved, options, paired, spread, words


class Kind(Struct, frozen=True):
    """What is sent, to whom, and the goals: at least so many times cheaper than ccxt, at most so many floors."""

    feed: str
    exchange: str
    markets: int
    held: int
    rounds: int
    goal: float
    floor: float | None = None
    array: bool = False
    """Whether one frame tells of every market."""


KINDS = {
    "single": Kind("binance-usdm", "binanceusdm", 50, 50, 300, 3.0, 2.5),
    "array": Kind("binance-usdm", "binanceusdm", 500, 500, 40, 4.0, array=True),
    "array50": Kind("binance-usdm", "binanceusdm", 500, 50, 40, 15.0, array=True),
    "bybit": Kind("bybit-linear", "bybit", 50, 50, 300, 5.0),
}
FRAMES = {"single": flood.single, "array": flood.arrays, "array50": flood.arrays, "bybit": flood.tickers}
WARM = 4
"""Rounds that are not measured: connections, first proofs, caches."""
PATIENCE_S = 120


def peer(names: list[str], core: int | None) -> None:
    frames = {name: FRAMES[name](KINDS[name].markets, KINDS[name].rounds) for name in names}
    asyncio.run(flood.Peer(frames, core).serve())


def reader(name: str, kind: Kind, url: str, core: int | None) -> dict[str, float]:
    """One reader in this process. The loop of ccxt wakes up for few updates, so nothing of it is skipped."""
    a_round = {"recv": 1 if kind.array else kind.markets, "ours": kind.held, "ccxt": 0}[name]
    meter = flood.Meter(WARM * a_round, kind.rounds * a_round)
    read = {
        "recv": partial(flood.read_only, url),
        "ours": partial(flood.read_ours, url, feed_id=kind.feed, held=kind.held),
        "ccxt": partial(flood.read_ccxt, url, exchange_id=kind.exchange, markets=kind.markets, every=kind.array),
    }[name]
    return flood.run_reader(read, meter, core)


class Bench:
    """The peer, and readers as processes of their own."""

    def __init__(self, names: list[str]) -> None:
        self._peer_core, self._core = flood.two_cores()
        command = [sys.executable, __file__, "--peer", ",".join(names), "--core", str(self._peer_core)]
        self._peer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._peer.stdout is not None
        self._port = int(self._peer.stdout.readline())

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._peer.kill()
        self._peer.wait()

    def microseconds(self, reader: str, name: str) -> float:
        """CPU per update of one symbol."""
        kind = KINDS[name]
        url = f"ws://127.0.0.1:{self._port}/{name}/stream"
        command = [sys.executable, __file__, "--read", reader, "--kind", name, "--url", url, "--core", str(self._core)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        if done.returncode:
            raise RuntimeError(f"{reader} {name}: {done.stderr[-2000:]}")
        used = json.loads(done.stdout.splitlines()[-1])
        if reader == "ours" and used["heard"] != kind.held * kind.rounds:
            raise RuntimeError(f"{name}: {used['heard']} of {kind.held * kind.rounds} updates were applied")
        rounds = kind.rounds - (0 if reader == "ccxt" else WARM)
        return used["cpu_s"] / (kind.markets * rounds) * 1e6


def measure(names: list[str], others: list[str], repeats: int) -> dict[str, Any]:
    result: dict[str, Any] = {"goal": "G1", "repeats": repeats, "kinds": {}}
    with Bench(names) as bench:
        for name in names:
            runs = {reader: partial(bench.microseconds, reader, name) for reader in ("ours", *others)}
            found = interleaved(runs, repeats)
            row: dict[str, Any] = {"us": {reader: spread(values, 2) for reader, values in found.items()}}
            if "ccxt" in found:
                row["ccxt_to_ours"] = paired(found["ccxt"], found["ours"])
            if "recv" in found:
                row["ours_to_recv"] = paired(found["ours"], found["recv"])
            row["goals"] = {"ccxt_to_ours": KINDS[name].goal, "ours_to_recv": KINDS[name].floor}
            result["kinds"][name] = row
    return result


def missed(result: dict[str, Any]) -> list[str]:
    late = []
    for name, row in result["kinds"].items():
        kind = KINDS[name]
        if "ccxt_to_ours" in row and row["ccxt_to_ours"]["median"] < kind.goal:
            late.append(f"{name}: {row['ccxt_to_ours']['median']}x cheaper than ccxt.pro, goal {kind.goal}x")
        if kind.floor is not None and "ours_to_recv" in row and row["ours_to_recv"]["median"] > kind.floor:
            late.append(f"{name}: {row['ours_to_recv']['median']}x the floor, goal {kind.floor}x")
    return late


def said(result: dict[str, Any]) -> list[str]:
    lines = []
    for name, row in result["kinds"].items():
        lines += [f"{name:8} {reader:5} {words(used, ' us')}" for reader, used in row["us"].items()]
        for quotient, what in (("ccxt_to_ours", "x cheaper than ccxt.pro"), ("ours_to_recv", "x the floor")):
            if quotient in row:
                lines.append(f"{name:8} {words(row[quotient])} {what}, goal {row['goals'][quotient]}")
    return lines


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--vs", default="recv,ccxt")
    for name in ("peer", "read", "kind", "url", "core"):
        parser.add_argument(f"--{name}", default="", help="used between the processes of a run")
    chosen = parser.parse_args()
    core = int(chosen.core) if chosen.core.isdecimal() else None
    if chosen.peer:
        peer(chosen.peer.split(","), core)
    if chosen.read:
        print(json.dumps(reader(chosen.read, KINDS[chosen.kind], chosen.url, core)))
        return 0
    result = measure(chosen.kinds.split(","), [name for name in chosen.vs.split(",") if name], chosen.repeats)
    return finish(result, said(result), missed(result), chosen.json, chosen.check)


if __name__ == "__main__":
    sys.exit(main())
