"""The alert machine at work: readings in, journal lines out, a person's answers carried through."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress

from msgspec import Struct

from alerts.answers import Wish
from alerts.machine import durable, pulse, replay, step
from alerts.timing import DEFAULT_POLICY, Policy
from alerts.values import (
    Ack,
    Alert,
    Annunciate,
    Effect,
    Event,
    Judged,
    Key,
    Logged,
    NotAnAlert,
    Reading,
    Refused,
    Removed,
    ResetAsked,
    Restarted,
    Ring,
    ShelveAsked,
    State,
    Tick,
    UnshelveAsked,
    level_name,
    level_number,
)
from hedge.market import Instant
from monitor import messages
from monitor.journal import Journal, Restored
from monitor.messages import Acknowledge, Answer, Done, Reset, Shelve

_LOG = logging.getLogger("hedgetui.alerts")

Announced = Annunciate | Ring

HANGS_S = 5.0
"""A disk that has not answered for so long is failing: nothing waits for it any more."""


class Ended(Struct, frozen=True):
    """The last alert that is over, for a screen on which nothing is wrong. Times are monotonic ms."""

    alert: Alert
    """As it was while it stood."""
    answered_ms: int | None
    cleared_ms: int | None


Tell = Callable[[Sequence[Logged], Sequence[Announced]], None]
"""Takes what became of alerts and what asks for an answer, once both are in the journal."""


class Alarm:
    """The state of all alerts of one book. What happens is written before anybody is told."""

    def __init__(
        self,
        journal: Journal | None = None,
        say: Callable[[Alert], str] = lambda _: "",
        policy: Policy = DEFAULT_POLICY,
    ) -> None:
        """`say` puts an alert into a sentence, for the log. `policy`: how long answers hold, and the like."""
        self._journal = journal
        self._say = say
        self.tell: Tell | None = None
        self.state = State(policy)
        self.ended: Ended | None = None
        self.news = False
        """Whether anything happened since the screen last asked."""

    def resume(self, restored: Restored, now: Instant) -> None:
        """Go on with the alerts of the last run. How long nobody watched is an alert of its own."""
        if restored.last is None:
            return
        self.state = replay(restored.lines, self.state.policy)
        absent_ms = absence_ms(restored.last, now, restored.same_boot)
        stopped = restored.stopped
        who = "" if stopped is None else stopped.who
        self._run(Restarted(now.mono_ms, restored.last.mono_ms, absent_ms, stopped is not None, who), now)

    def standing(self) -> tuple[Logged, ...]:
        """Everything as it is, as lines: what a journal that begins anew has to hold. From any thread."""
        state = self.state
        over = [Alert(*key, episode=episode) for key, episode in state.episodes.items() if key not in state.alerts]
        kept = [durable(alert) for alert in state.alerts.values()]
        return tuple(Logged(alert.asked_ms, "restarted", alert) for alert in (*over, *kept))

    def judged(self, readings: Iterable[Reading], now: Instant) -> None:
        for reading in readings:
            self._run(Judged(reading, now.mono_ms), now)

    def happened(self, reading: Reading, now: Instant) -> None:
        """Something that happened once, and asks each time."""
        for judged in pulse(reading, now.mono_ms):
            self._run(judged, now)

    def tick(self, now: Instant) -> None:
        self._run(Tick(now.mono_ms), now)

    def drop_all_but(self, keys: set[Key], reason: str, now: Instant) -> None:
        """Close the alerts whose rule or position is gone."""
        for rule, subject in self.state.alerts.keys() - keys:
            self._run(Removed(rule, subject, reason, now.mono_ms), now)

    def acknowledge(self, request: Acknowledge, now: Instant) -> Answer:
        try:
            level = level_number(request.level)
        except NotAnAlert as error:
            return messages.Refused(sentence(str(error)))
        who, _, host = request.who.partition("@")
        return self._ask(Ack(request.id, level, now.mono_ms, who, request.note, host), now, "Acknowledged.")

    def reset(self, request: Reset, now: Instant) -> Answer:
        try:
            level = level_number(request.level)
        except NotAnAlert as error:
            return messages.Refused(sentence(str(error)))
        return self._ask(ResetAsked(request.id, level, now.mono_ms, request.who.partition("@")[0]), now, "Reset.")

    def shelve(self, request: Shelve, now: Instant) -> Answer:
        """Put it away for a time, with a reason; for no time at all: take it off the shelf."""
        try:
            level = level_number(request.level)
        except NotAnAlert as error:
            return messages.Refused(sentence(str(error)))
        who, for_ms = request.who.partition("@")[0], request.minutes * 60_000
        if not for_ms:
            return self._ask(UnshelveAsked(request.id, level, now.mono_ms, who), now, "Off the shelf.")
        wish = ShelveAsked(request.id, level, now.mono_ms, for_ms, request.reason, who)
        return self._ask(wish, now, f"Shelved for {span(request.minutes)}.")

    def _ask(self, wish: Wish, now: Instant, words: str) -> Answer:
        for effect in self._run(wish, now):
            if isinstance(effect, Refused):
                return messages.Refused(sentence(effect.reason))
        return Done(words)

    def _run(self, event: Event, now: Instant) -> tuple[Effect, ...]:
        before = self.state
        self.state, effects = step(before, event)
        if not effects:
            return effects
        self.news = True
        lines = [effect for effect in effects if isinstance(effect, Logged)]
        for line in lines:
            self._note(line, before)
        announced = [effect for effect in effects if isinstance(effect, Annunciate | Ring)]
        if self._journal is None or not lines:
            self._told(lines, announced)
        else:
            self._after(self._journal.alerts(lines, now, self._say), lines, announced)
        return effects

    def _after(self, written: Future[bool], lines: Sequence[Logged], announced: Sequence[Announced]) -> None:
        """Tell when it was tried to write it down: a disk that refuses, or hangs, is said, and keeps nobody asleep."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # nobody to come back to: before the loop runs, and in tests
            written.result()
            self._told(lines, announced)
            return

        def tell() -> None:
            if not late.cancelled():
                late.cancel()
                self._told(lines, announced)

        def done(_: Future[bool]) -> None:
            with suppress(RuntimeError):  # the loop ended meanwhile; the next start tells it again
                loop.call_soon_threadsafe(tell)

        late = loop.call_later(HANGS_S, tell)
        written.add_done_callback(done)

    def _told(self, lines: Sequence[Logged], announced: Sequence[Announced]) -> None:
        for effect in announced:
            if isinstance(effect, Annunciate) and effect.why in ("again", "restarted"):
                _LOG.warning("%s still waits for an answer", effect.id)
        if self.tell is not None:
            self.tell(lines, announced)

    def _note(self, line: Logged, before: State) -> None:
        """One line in the log; and what ended is remembered as it stood."""
        alert = line.alert
        level = level_name(alert.painted) if alert.painted else "over"
        by = f" by {line.who}" if line.who else ""
        note = f": {line.note}" if line.note else ""
        _LOG.warning("%s %s (%s, value %s)%s%s", line.what, alert.id, level, alert.value, by, note)
        old = before.find(alert.key)
        if old is None or not old.open or alert.open:
            return
        answered_ms = line.at_ms if line.what == "acked" else old.ack.at_ms if old.ack is not None else None
        cleared_ms = old.over_ms if old.over_ms is not None else None if line.what == "acked" else line.at_ms
        self.ended = Ended(old, answered_ms, cleared_ms)


def absence_ms(last: Instant, now: Instant, same_boot: bool) -> int:
    """How long nobody watched: by the machine's own clock, which nobody can set; else by the wall clock. One that was
    set back since says little; taken for as long an absence, it rather asks for an answer again."""
    return now.mono_ms - last.mono_ms if same_boot else abs(now.wall_ms - last.wall_ms)


def span(minutes: int) -> str:
    """A length of time in words: `45 min`, `4 h`, `1 h 30 min`."""
    hours, rest = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)


def sentence(words: str) -> str:
    """A reason as a sentence."""
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
