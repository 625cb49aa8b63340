"""A monitor's alarm and journal on a random day, killed at its N-th point of writing: for every N, in a folder each.

    python crash_run.py FOLDER SEED STEPS MOST [EVERY]

A point is before and after each statement and each COMMIT of the journal's thread, and before and after each effect.
What was promised to somebody is written to `FOLDER/N/promised` in one system call each, which a kill cannot take back.
The last folder is the one of a run that came to its end.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from alerts.values import Annunciate, Logged, Reading, State, level_name
from hedge.market import Instant
from monitor.alarm import Alarm
from monitor.journal import Journal, Trouble
from monitor.messages import Acknowledge, Answer, Done, Reset, Shelve

RULES = ("liquidation", "hedge_drift", "feed", "price", "fault")
SUBJECTS = ("SOL", "BTC", "main/SOL/short")
START = Instant(1_000_000, 1_795_000_000_000)


class Day:
    """One random sequence of what happens to an alarm: the same for every seed."""

    def __init__(self, alarm: Alarm, seed: int) -> None:
        self.alarm = alarm
        self.now = START
        self.answers: list[str] = []
        """Wishes that were carried out and not told yet."""
        self._rng = random.Random(seed)
        self._levels: dict[tuple[str, str], int] = {}

    def steps(self, count: int) -> Iterator[None]:
        for _ in range(count):
            self._go(self._rng.choice((1, 1, 2, 5, 31, 400)))
            acts = (self._judge, self._judge, self._stay, self._tick, self._ask, self._ask, self._happen, self._drop)
            self._rng.choice(acts)()
            yield

    def _judge(self) -> None:
        for key in [(rule, subject) for rule in RULES[:4] for subject in SUBJECTS]:
            if self._rng.random() < 0.2:
                self._levels[key] = self._rng.choice((0, 0, 1, 2, 3))
        readings = [
            Reading(rule, subject, Decimal(self._rng.randrange(1, 99)) / 100, level, level)
            for (rule, subject), level in self._levels.items()
        ]
        self.alarm.judged(readings, self.now)

    def _stay(self) -> None:
        """Some get well, and stay so for long enough to clear."""
        for key in self._rng.sample(sorted(self._levels), len(self._levels) // 2):
            self._levels[key] = 0
        for _ in range(8):
            self._go(5)
            readings = [Reading(*key, Decimal("0.01"), level, level) for key, level in self._levels.items()]
            self.alarm.judged(readings, self.now)

    def _go(self, seconds: int) -> None:
        self.now = Instant(self.now.mono_ms + seconds * 1000, self.now.wall_ms + seconds * 1000)

    def _tick(self) -> None:
        self.alarm.tick(self.now)

    def _happen(self) -> None:
        self.alarm.happened(Reading("fault", self._rng.choice(SUBJECTS), None, 3, 3, note="broke"), self.now)

    def _drop(self) -> None:
        keys = set(self.alarm.state.alerts)
        if self._rng.random() < 0.3 and keys:
            gone = self._rng.choice(sorted(keys))
            self._levels.pop(gone, None)
            self.alarm.drop_all_but(keys - {gone}, "taken out", self.now)

    def _ask(self) -> None:
        """An answer, a shelf or a reset, as it is painted."""
        for alert in [each for each in self.alarm.state.alerts.values() if each.open][:3]:
            level = level_name(alert.painted)
            wish = self._rng.choice((
                Acknowledge(alert.id, level, "ann@desk", "seen"),
                Acknowledge(alert.id, level, "ann@desk", "seen"),
                Shelve(alert.id, level, 20, "moving coins", "ann@desk"),
                Reset(alert.id, level, "ann@desk"),
            ))  # fmt: skip
            ask: dict[type, Callable[[Any, Instant], Answer]] = {
                Acknowledge: self.alarm.acknowledge,
                Shelve: self.alarm.shelve,
                Reset: self.alarm.reset,
            }
            what = {Acknowledge: "acked", Shelve: "shelved", Reset: "reset"}[type(wish)]
            answer = ask[type(wish)](wish, self.now)
            if isinstance(answer, Done):
                self.answers.append(f"{what} {alert.id}")


def lives(seed: int, steps: int) -> list[tuple[int, State]]:
    """What a machine that is not killed has, after so many journal lines."""
    alarm, count = Alarm(), 0
    found = [(0, alarm.state)]

    def tell(lines: Sequence[Logged], _: object) -> None:
        nonlocal count
        if lines:
            count += len(lines)
            found.append((count, alarm.state))

    alarm.tell = tell
    for _ in Day(alarm, seed).steps(steps):
        pass
    return found


# the run that is killed


class Doom:
    """Kills this process at the N-th point."""

    def __init__(self, at: int) -> None:
        self._left = at

    def point(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def doomed(doom: Doom) -> type[sqlite3.Connection]:
    class Connection(sqlite3.Connection):
        def execute(self, sql: str, values: Any = ()) -> sqlite3.Cursor:
            if sql.startswith(("BEGIN", "COMMIT", "INSERT", "DELETE")):
                doom.point()
                found = super().execute(sql, values)
                doom.point()
                return found
            return super().execute(sql, values)

    return Connection


def run(folder: Path, seed: int, steps: int, at: int) -> None:
    doom = Doom(at)
    kind, connect = doomed(doom), sqlite3.connect
    sqlite3.connect = lambda *args, **more: connect(*args, factory=kind, **more)  # type: ignore[assignment]
    promises = os.open(folder / "promised", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def promise(**what: object) -> None:
        os.write(promises, json.dumps(what).encode() + b"\n")

    def tell(lines: Sequence[Logged], announced: Sequence[object]) -> None:
        doom.point()
        promise(told=len(lines), pages=[each.page_id for each in announced if isinstance(each, Annunciate)])
        doom.point()

    trouble = Trouble(lambda why: promise(trouble=why), lambda: None, lambda why: promise(trouble=why))
    journal = Journal(folder / "journal.db", trouble, now_ms=lambda: START.wall_ms, boot="one")
    alarm = Alarm(journal)
    alarm.resume(journal.restore(), START)
    alarm.tell = tell
    day = Day(alarm, seed)
    for _ in day.steps(steps):
        journal.alive(day.now)
        durable = journal.settled().result()
        answers, day.answers = day.answers, []
        for words in answers if durable else ():
            promise(answered=words)
    journal.close()


def main() -> None:
    logging.disable()
    root, seed, steps, most = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    every = int(sys.argv[5]) if len(sys.argv) > 5 else 1
    at, ended = 1, False
    while not ended:
        folder = root / f"{at:05}"
        folder.mkdir()
        child = os.fork()
        if not child:
            run(folder, seed, steps, at)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        ended = os.WIFEXITED(status)
        if ended and os.WEXITSTATUS(status):
            sys.exit(f"run {at} broke")
        if at > most:
            sys.exit(f"still killed at point {at}")
        at += every


if __name__ == "__main__":
    main()
