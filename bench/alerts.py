"""G11: a thousand rules cost a tick only what the rules of its own leg cost.

    python bench/alerts.py [--rules 1000] [--repeats 5] [--json] [--check]

Fifty legs; a person's price levels are rules. `bare` has none; `elsewhere` has them all at coins that do not tick;
`own` has twenty at the one that does. `judged` judges every update, `quiet` is as the monitor runs: what provably
cannot fire is not judged again. Both have the same updates, mark and index in turn; microseconds of CPU an update.
Goals: elsewhere costs at most 1.2x bare, and a rule that is judged at most 5 us, by what twenty of them add.
"""

from __future__ import annotations

import sys
import time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.books import StandingClock, Walk, coin, symbol, watched
from bench.report import finish, interleaved, options, paired, spread, words
from hedge.market import Index, Mark

FEED = "binance-usdm"
LEGS = 50
OWN = 20
LIMIT_MS = 36_000_000
ELSEWHERE_GOAL = 1.2
RULE_GOAL_US = 5.0


class Book:
    """A watched book whose first coin ticks."""

    def __init__(self, levels: dict[int, int], *, skips: bool) -> None:
        """`levels`: by coin, how many price levels it has."""
        price = [
            {"asset": coin(number), "above": str(200 + place)}
            for number, count in levels.items()
            for place in range(count)
        ]
        self.clock = StandingClock()
        self.watch = watched(LEGS, self.clock, limit_ms=LIMIT_MS, alerts={"price": price})
        self.watch._judging.skips = skips
        self._walk = Walk(1)
        self.ticks(100)

    def ticks(self, count: int) -> float:
        """Microseconds an update."""
        made: list[Mark | Index] = []
        for turn in range(count // 2):
            mark, index = self._walk.next(0)
            at_ms = self.clock.now().mono_ms + turn * 100
            made.append(Mark(FEED, symbol(0), Decimal(mark), at_ms, LIMIT_MS))
            made.append(Index(FEED, symbol(0), Decimal(index), at_ms, LIMIT_MS))
        self.clock.go(count // 2 * 100)
        take = self.watch.take
        began = time.process_time()
        for update in made:
            take(update)
        return (time.process_time() - began) / len(made) * 1e6


def measure(rules: int, repeats: int) -> dict[str, Any]:
    each = rules // (LEGS - 1)
    books = {"bare": {}, "elsewhere": dict.fromkeys(range(1, LEGS), each), "own": {0: OWN}}
    result: dict[str, Any] = {"goal": "G11", "repeats": repeats, "rules": rules}
    for mode, count in (("judged", 400), ("quiet", 4000)):
        runs = {name: partial(Book(levels, skips=mode == "quiet").ticks, count) for name, levels in books.items()}
        found = interleaved(runs, repeats)
        result[mode] = {name: spread(values, 2) for name, values in found.items()}
        result[f"{mode}_elsewhere_to_bare"] = paired(found["elsewhere"], found["bare"])
        added = [(own - bare) / OWN for own, bare in zip(found["own"], found["bare"], strict=True)]
        result[f"{mode}_us_a_rule"] = spread(added, 2)
    result["goals"] = {"elsewhere_to_bare": ELSEWHERE_GOAL, "us_a_rule": RULE_GOAL_US}
    return result


def missed(result: dict[str, Any]) -> list[str]:
    late = []
    for mode in ("judged", "quiet"):
        quotient, added = result[f"{mode}_elsewhere_to_bare"], result[f"{mode}_us_a_rule"]
        if quotient["median"] > ELSEWHERE_GOAL:
            late.append(f"{mode}: rules elsewhere cost {words(quotient, 'x')}, goal {ELSEWHERE_GOAL}x")
        if added["median"] > RULE_GOAL_US:
            late.append(f"{mode}: a rule costs {words(added, ' us')}, goal {RULE_GOAL_US} us")
    return late


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--rules", type=int, default=1000)
    chosen = parser.parse_args()
    result = measure(chosen.rules, chosen.repeats)
    lines = []
    for mode in ("judged", "quiet"):
        lines += [f"{mode:6} {name:9} {words(row, ' us')}" for name, row in result[mode].items()]
        lines.append(f"{mode:6} elsewhere to bare {words(result[f'{mode}_elsewhere_to_bare'], 'x')}")
        lines.append(f"{mode:6} a rule {words(result[f'{mode}_us_a_rule'], ' us')}")
    return finish(result, lines, missed(result), chosen.json, chosen.check)


if __name__ == "__main__":
    sys.exit(main())
