"""How benches say what they measured: medians with their spread, one JSON document, and what missed its goal."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any


def spread(values: Sequence[float], digits: int = 3) -> dict[str, float]:
    return {
        "median": round(median(values), digits),
        "min": round(min(values), digits),
        "max": round(max(values), digits),
    }


def quantiles(values: list[float]) -> dict[str, float]:
    """Of all repetitions together, ms."""
    ordered = sorted(values)
    return {
        "n": len(ordered),
        "p50": round(median(ordered), 1),
        "p99": round(ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))], 1),
        "max": round(ordered[-1], 1),
    }


def paired(over: Sequence[float], under: Sequence[float]) -> dict[str, float]:
    """The quotient of two variants, repetition by repetition."""
    return spread([a / b for a, b in zip(over, under, strict=True)], 2)


def words(row: Mapping[str, float], unit: str = "") -> str:
    return f"{row['median']:g}{unit} ({row['min']:g} to {row['max']:g})"


def options(about: str | None, repeats: int = 5) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=repeats)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is missed")
    return parser


def finish(result: dict[str, Any], lines: Sequence[str], late: Sequence[str], as_json: bool, check: bool) -> int:
    """Print it; the exit code."""
    print(json.dumps(result, indent=2) if as_json else "\n".join(lines))
    for line in late:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if late and check else 0


def interleaved(runs: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Each variant once a repetition, in turn."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            found[name].append(run())
    return found
