"""G10: what one tick costs in a book of any size, and against working everything out anew.

    python bench/model.py [--legs 10,10000] [--repeats 5] [--json] [--check]

`tick` is one mark or index into the book, judged (`Watch.take`); `worked in` is one into the book with the totals asked
for after it. `anew` is a fresh book from the same facts and prices, with its totals. Prices walk quietly.
Goals: a tick at 10,000 legs costs at most 1.5x one at 10, and at least 500x less than everything anew.
"""

from __future__ import annotations

import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.books import StandingClock, Walk, symbol, watched
from bench.report import finish, options, paired, spread, words
from hedge.book.frozen import freeze
from hedge.market import Index, Mark
from monitor.watch import Watch

FEED = "binance-usdm"
TICKS = 4000
MOST = 1.5
LEAST = 500
LIMIT_MS = 36_000_000
"""Markets that do not tick here stay fresh."""
MARKETS = 10
"""So many markets tick in a book of any size, so that the machine's caches do not decide."""


class Sized:
    """A watched book of one size, and a market that ticks on."""

    def __init__(self, legs: int) -> None:
        self.legs = legs
        self.clock = StandingClock()
        self.watch: Watch = watched(legs, self.clock, limit_ms=LIMIT_MS)
        self._walk = Walk(legs)
        self.anew_s = 0.0
        self.ticks(200)

    def updates(self, count: int) -> list[Mark | Index]:
        """One market after the other, mark and index; all of them once a second."""
        made: list[Mark | Index] = []
        for turn in range(count // 2):
            number = turn % MARKETS * max(1, self.legs // MARKETS)
            mark, index = self._walk.next(number)
            at_ms = self.clock.now().mono_ms + turn * 1_000 // MARKETS
            made.append(Mark(FEED, symbol(number), Decimal(mark), at_ms, LIMIT_MS))
            made.append(Index(FEED, symbol(number), Decimal(index), at_ms, LIMIT_MS))
        self.clock.go(count // 2 * 1_000 // MARKETS)
        return made

    def ticks(self, count: int = TICKS) -> float:
        """Microseconds a tick."""
        updates, take = self.updates(count), self.watch.take
        began = time.process_time()
        for update in updates:
            take(update)
        return (time.process_time() - began) / count * 1e6

    def worked_in(self, count: int = TICKS // 10) -> float:
        """Microseconds a tick, with the totals asked for after each."""
        updates, book, now = self.updates(count), self.watch.book, self.clock.now()
        began = time.process_time()
        for update in updates:
            book.apply(update)
            book.totals(now)
        return (time.process_time() - began) / count * 1e6

    def anew(self) -> float:
        """Microseconds to work everything out from what the venues said."""
        frozen, now = freeze(self.watch.book), self.clock.now()
        began = time.process_time()
        frozen.book().totals(now)
        return (time.process_time() - began) * 1e6


def measure(sizes: list[int], repeats: int) -> dict[str, Any]:
    books = {legs: Sized(legs) for legs in sizes}
    ticks: dict[int, list[float]] = {legs: [] for legs in sizes}
    worked: dict[int, list[float]] = {legs: [] for legs in sizes}
    for _ in range(repeats):
        for legs, each in books.items():
            ticks[legs].append(each.ticks())
            worked[legs].append(each.worked_in())
    small, large = min(sizes), max(sizes)
    anew = [books[large].anew() for _ in range(repeats)]
    return {
        "goal": "G10",
        "repeats": repeats,
        "legs": sizes,
        "tick_us": {str(legs): spread(ticks[legs]) for legs in sizes},
        "worked_in_us": {str(legs): spread(worked[legs]) for legs in sizes},
        "anew_us": spread(anew, 0),
        "large_to_small": paired(ticks[large], ticks[small]),
        "worked_in_large_to_small": paired(worked[large], worked[small]),
        "anew_to_tick": paired(anew, ticks[large]),
        "anew_to_worked_in": paired(anew, worked[large]),
        "goals": {"large_to_small": MOST, "anew_to_tick": LEAST},
    }


def missed(result: dict[str, Any]) -> list[str]:
    late = []
    for name in ("large_to_small", "worked_in_large_to_small"):
        if result[name]["median"] > MOST:
            late.append(f"{name}: {words(result[name], 'x')}, goal {MOST}x at most")
    if result["anew_to_worked_in"]["median"] < LEAST:
        late.append(f"anew to worked in: {words(result['anew_to_worked_in'], 'x')}, goal {LEAST}x at least")
    return late


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--legs", default="10,10000", help="sizes, smallest first")
    chosen = parser.parse_args()
    result = measure([int(part) for part in chosen.legs.split(",")], chosen.repeats)
    lines = [f"tick, {legs:>6} legs  {words(row, ' us')}" for legs, row in result["tick_us"].items()]
    lines += [f"worked in, {legs:>6}  {words(row, ' us')}" for legs, row in result["worked_in_us"].items()]
    lines += [
        f"large to small  {words(result['large_to_small'], 'x')}, goal {MOST}x at most",
        f"the same, worked in  {words(result['worked_in_large_to_small'], 'x')}",
        f"anew to tick    {words(result['anew_to_tick'], 'x')}, goal {LEAST}x at least",
        f"anew to worked in  {words(result['anew_to_worked_in'], 'x')}",
    ]
    return finish(result, lines, missed(result), chosen.json, chosen.check)


if __name__ == "__main__":
    sys.exit(main())
