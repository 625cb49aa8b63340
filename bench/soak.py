"""G9: a simulated day through parser, book, rules and journal, as fast as it goes; and whether memory stays flat.

    python bench/soak.py [--virtual 24h] [--symbols 50] [--json] [--check]

Every second of the day Binance's USD-M stream brings one frame for each of 50 symbols, made in memory and held in a
book of 50 hedged coins; the watch judges each update, and ticks four times a second, as a monitor does. The clock is
the day's own. Prices wander so that alerts come and go. `MB` is the resident memory of the process.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import math
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import Struct

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from feeds.binance import USDM  # noqa: E402
from hedge.market import FeedState, FundingInterval, Instant, Instrument, Update  # noqa: E402
from hedge.portfolio import load_portfolio  # noqa: E402
from monitor.journal import Journal, Trouble  # noqa: E402
from monitor.watch import Watch  # noqa: E402

START = Instant(mono_ms=1_000_000, wall_ms=1_795_046_400_000)
"""A midnight, UTC."""
DAY_S = 86_400
HOUR_MS = 3_600_000
BEATS = 4
"""Of the watch, a second."""
WITHIN_S = 120.0
"""For a whole day; a shorter one has its share."""
SLOPE_MB = 0.2
"""Memory gained in a simulated hour, once warm."""
WARM = 0.25
"""Share of the run that is warming up: caches and the histories of charts fill."""
SAMPLES = 96


class Coin(Struct):
    """One symbol of the market, wandering around its start."""

    native: str
    symbol: str
    start: float
    phase: float

    def price(self, second: int) -> float:
        """Slow waves of up to a fifth, so that distances pass their levels, and small ones."""
        slow = 0.14 * math.sin(second / 5400 + self.phase) + 0.05 * math.sin(second / 700 + 3 * self.phase)
        return self.start * math.exp(slow + 0.0004 * math.sin(second * 0.9 + self.phase))


class StandingClock:
    """The day's clock: it moves when the day does."""

    def __init__(self) -> None:
        self.instant = START

    def now(self) -> Instant:
        return self.instant

    def set(self, ms: int) -> None:
        """So long after the start."""
        self.instant = Instant(START.mono_ms + ms, START.wall_ms + ms)


def market(count: int) -> list[Coin]:
    rng = random.Random(9)
    coins = [f"C{number:02d}X" for number in range(count)]
    return [Coin(f"{coin}USDT", f"{coin}/USDT:USDT", 10 ** rng.uniform(-1, 4), rng.uniform(0, 6.28)) for coin in coins]


def book(coins: Sequence[Coin]) -> dict[str, Any]:
    """Each coin held and shorted; one in ten with a leverage that its waves bring near liquidation and back."""
    positions = [
        {
            "symbol": coin.symbol,
            "side": "short",
            "contracts": "100",
            "entry_price": f"{coin.start:.6f}",
            "margin_mode": "isolated",
            "margin": f"{coin.start * 100 / (3 if number % 10 == 0 else 1):.4f}",
            "maintenance_margin_rate": "0.01",
        }
        for number, coin in enumerate(coins)
    ]
    return {
        "schema": "hedgetui.portfolio/1",
        "name": "Soak",
        "holdings": [{"asset": coin.symbol.partition("/")[0], "quantity": "100", "place": "cold"} for coin in coins],
        "accounts": [
            {"id": "main", "venue": "binance", "collateral": {"USDT": "100000000"}, "positions": positions},
        ],
    }


def facts(coins: Sequence[Coin]) -> Iterator[Update]:
    one = Decimal(1)
    for coin in coins:
        base = coin.symbol.partition("/")[0]
        yield Instrument("binance", coin.symbol, coin.native, base, "USDT", "USDT", False, one, one, Decimal("0.001"))
        yield FundingInterval(USDM.id, coin.symbol, Decimal(8), "binance fundingInfo", START.mono_ms)
    yield FeedState(USDM.id, "live", "", START.mono_ms, 1)


def frame(coin: Coin, second: int) -> str:
    """What the stream sends for one symbol each second."""
    index, wall_ms = coin.price(second), START.wall_ms + 1000 * second
    rate = 0.0001 + 0.0002 * math.sin(second / 9000 + coin.phase)
    stamp = (wall_ms // (8 * HOUR_MS) + 1) * 8 * HOUR_MS
    return (
        f'{{"e":"markPriceUpdate","E":{wall_ms},"s":"{coin.native}","p":"{index * 1.0004:.8f}","P":"{index:.8f}",'
        f'"i":"{index:.8f}","r":"{rate:.8f}","T":{stamp}}}'
    )


class Day:
    """A watch, and the market that is put through it."""

    def __init__(self, symbols: int, folder: Path) -> None:
        """The journal lies in `folder`."""
        self.clock = StandingClock()
        self.coins = market(symbols)
        portfolio = load_portfolio(json.dumps(book(self.coins)), "soak.json")
        self.troubles: list[str] = []
        """Of the journal; there should be none."""
        trouble = Trouble(self.troubles.append, lambda: None, self.troubles.append)
        self.journal = Journal(folder / "journal.db", trouble, now_ms=lambda: self.clock.now().wall_ms)
        self.watch = Watch(portfolio, self.clock, journal=self.journal)
        self.parser = USDM.parser({coin.native: coin.symbol for coin in self.coins})
        self.updates = 0
        self.raised = 0
        self._alerts: frozenset[str] = frozenset()
        for update in facts(self.coins):
            self.watch.take(update)

    def second(self, number: int) -> None:
        """One second of the day: its frames, spread over its beats."""
        take = self.watch.take
        share = math.ceil(len(self.coins) / BEATS)
        for beat in range(BEATS):
            at_ms = 1000 * number + 250 * beat
            self.clock.set(at_ms)
            for coin in self.coins[beat * share : (beat + 1) * share]:
                for update in self.parser.parse(frame(coin, number), START.mono_ms + at_ms):
                    self.updates += 1
                    take(update)  # type: ignore[arg-type]
            self.watch.tick()
        known = frozenset(alert.id for alert in self.watch.alarm.state.alerts.values() if alert.open)
        self.raised += len(known - self._alerts)
        self._alerts = known

    def close(self) -> None:
        """Everything is written."""
        self.journal.close()


def resident_mb() -> float:
    """Of this process now, where the system says; else the most it ever was."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """MB an hour: the straight line through (hours, MB) with the smallest squares."""
    hours = sum(hour for hour, _ in samples) / len(samples)
    level = sum(mb for _, mb in samples) / len(samples)
    spread = sum((hour - hours) ** 2 for hour, _ in samples)
    return sum((hour - hours) * (mb - level) for hour, mb in samples) / spread if spread else 0.0


def soak(seconds: int, symbols: int = 50) -> dict[str, Any]:
    """Run so much of a day; what it took."""
    with tempfile.TemporaryDirectory(prefix="hedgetui-soak-") as folder:
        return through(Day(symbols, Path(folder)), seconds, symbols)


def through(day: Day, seconds: int, symbols: int) -> dict[str, Any]:
    samples: list[tuple[float, float]] = []
    every = max(1, seconds // SAMPLES)
    started, cpu = time.perf_counter(), time.process_time()
    for number in range(seconds):
        day.second(number)
        if number % every == every - 1:
            gc.collect()
            samples.append(((number + 1) / 3600, resident_mb()))
    day.close()
    took_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    warm = [sample for sample in samples if sample[0] * 3600 >= WARM * seconds]
    return {
        "virtual_s": seconds,
        "symbols": symbols,
        "frames": seconds * symbols,
        "updates": day.updates,
        "took_s": round(took_s, 1),
        "cpu_s": round(cpu_s, 1),
        "us_per_frame": round(1e6 * cpu_s / (seconds * symbols), 1),
        "day_s": round(took_s * DAY_S / seconds, 1),
        "times_real": round(seconds / took_s),
        "alerts_raised": day.raised,
        "journal_troubles": len(day.troubles),
        "mb": round(samples[-1][1], 1),
        "mb_per_hour": round(slope(warm), 3),
    }


def misses(found: dict[str, Any]) -> list[str]:
    """Goals that were not met, in words."""
    wrong = []
    if found["journal_troubles"]:
        wrong.append("the journal could not be written")
    if found["day_s"] > WITHIN_S:
        wrong.append(f"a day takes {found['day_s']} s, and may take {WITHIN_S:.0f}")
    if found["mb_per_hour"] > SLOPE_MB:
        wrong.append(f"memory grows {found['mb_per_hour']} MB a simulated hour, and may grow {SLOPE_MB}")
    return wrong


def duration(text: str) -> int:
    """Seconds in `24h`, `90m` or `600s`."""
    units = {"h": 3600, "m": 60, "s": 1}
    if text[-1:] not in units or not text[:-1].isdecimal() or int(text[:-1]) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no length of time such as 24h, 90m or 600s")
    return int(text[:-1]) * units[text[-1]]


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--virtual", type=duration, default=DAY_S, metavar="T", help="how much of a day (24h)")
    parser.add_argument("--symbols", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="end with 1 where a goal is missed")
    given = parser.parse_args(words)
    logging.getLogger("hedgetui").addHandler(logging.NullHandler())
    found = soak(given.virtual, given.symbols)
    wrong = misses(found)
    if given.json:
        print(json.dumps({**found, "misses": wrong}))
    else:
        for name, value in found.items():
            print(f"{name:>14}  {value}")
        for sentence in wrong:
            print(f"missed: {sentence}")
    return 1 if given.check and wrong else 0


if __name__ == "__main__":
    sys.exit(main())
