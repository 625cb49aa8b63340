"""The alert machine at work: readings in, journal lines out, a person's answers carried through."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from msgspec import Struct

from alerts.machine import pulse, step
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
    State,
    Tick,
    level_name,
    level_number,
)
from hedge.market import Instant
from monitor import messages
from monitor.messages import Acknowledge, Answer, Done, Reset

_LOG = logging.getLogger("hedgetui.alerts")


class Ended(Struct, frozen=True):
    """The last alert that is over, for a screen on which nothing is wrong. Times are monotonic ms."""

    alert: Alert
    """As it was while it stood."""
    answered_ms: int | None
    cleared_ms: int | None


class Alarm:
    """The state of all alerts of one book."""

    def __init__(self) -> None:
        self.state = State()
        self.ended: Ended | None = None
        self.news = False
        """Whether anything happened since the screen last asked."""

    def judged(self, readings: Iterable[Reading], now: Instant) -> None:
        for reading in readings:
            self._run(Judged(reading, now.mono_ms))

    def happened(self, reading: Reading, now: Instant) -> None:
        """Something that happened once, and asks each time."""
        for judged in pulse(reading, now.mono_ms):
            self._run(judged)

    def tick(self, now: Instant) -> None:
        self._run(Tick(now.mono_ms))

    def drop_all_but(self, keys: set[Key], reason: str, now: Instant) -> None:
        """Close the alerts whose rule or position is gone."""
        for rule, subject in self.state.alerts.keys() - keys:
            self._run(Removed(rule, subject, reason, now.mono_ms))

    def acknowledge(self, request: Acknowledge, now: Instant) -> Answer:
        try:
            level = level_number(request.level)
        except NotAnAlert as error:
            return messages.Refused(sentence(str(error)))
        who, _, host = request.who.partition("@")
        return self._ask(Ack(request.id, level, now.mono_ms, who, request.note, host), "Acknowledged.")

    def reset(self, request: Reset, now: Instant) -> Answer:
        try:
            level = level_number(request.level)
        except NotAnAlert as error:
            return messages.Refused(sentence(str(error)))
        return self._ask(ResetAsked(request.id, level, now.mono_ms, request.who.partition("@")[0]), "Reset.")

    def _ask(self, wish: Ack | ResetAsked, words: str) -> Answer:
        for effect in self._run(wish):
            if isinstance(effect, Refused):
                return messages.Refused(sentence(effect.reason))
        return Done(words)

    def _run(self, event: Event) -> tuple[Effect, ...]:
        before = self.state
        self.state, effects = step(before, event)
        for effect in effects:
            self.news = True
            if isinstance(effect, Logged):
                self._note(effect, before)
            elif isinstance(effect, Annunciate) and effect.why in ("again", "restarted"):
                _LOG.warning("%s still waits for an answer", effect.id)
        return effects

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


def sentence(words: str) -> str:
    """A reason as a sentence."""
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
