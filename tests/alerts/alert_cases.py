"""What the tests of alerts share: a small way to write a life of an alert down."""

from __future__ import annotations

from decimal import Decimal

from alerts.machine import step
from alerts.values import (
    Ack,
    Alert,
    Annunciate,
    Effect,
    Event,
    Judged,
    Logged,
    Reading,
    Refused,
    ResetAsked,
    ShelveAsked,
    State,
    Tick,
)

SECOND = 1_000
MINUTE = 60_000
HOUR = 60 * MINUTE


def reading(
    level: int,
    hold: int | None = None,
    value: str | None = "0.1",
    *,
    rule: str = "hedge_drift",
    subject: str = "SOL",
    known: bool = True,
    suspicious: bool = False,
    shrinking: bool = False,
) -> Reading:
    return Reading(
        rule,
        subject,
        None if value is None else Decimal(value),
        level,
        level if hold is None else hold,
        shrinking,
        None,
        known,
        suspicious,
    )


class Life:
    """One machine, driven by hand. `effects` are those of the last step, `lines` the whole journal."""

    def __init__(self, rule: str = "hedge_drift", subject: str = "SOL") -> None:
        self.state = State()
        self.rule, self.subject = rule, subject
        self.now = 0
        self.effects: tuple[Effect, ...] = ()
        self.lines: list[Logged] = []
        self.pages: list[str] = []

    def send(self, event: Event) -> Life:
        self.state, self.effects = step(self.state, event)
        self.lines += [effect for effect in self.effects if isinstance(effect, Logged)]
        self.pages += [effect.page_id for effect in self.effects if isinstance(effect, Annunciate)]
        return self

    def judge(self, level: int, hold: int | None = None, value: str | None = "0.1", **more: bool) -> Life:
        made = reading(level, hold, value, rule=self.rule, subject=self.subject, **more)
        return self.send(Judged(made, self.now))

    def stay(self, for_ms: int, level: int, hold: int | None = None, value: str | None = "0.1", **more: bool) -> Life:
        """Judged the same once a second for a time, the end included."""
        for at in range(self.now, self.now + for_ms + 1, SECOND):
            self.now = at
            self.judge(level, hold, value, **more)
        return self

    def tick(self, after_ms: int = 0) -> Life:
        self.now += after_ms
        return self.send(Tick(self.now))

    def ack(self, level: int | None = None, who: str = "ana", id: str | None = None) -> Life:
        return self.send(
            Ack(id or self.alert.id, self.alert.painted if level is None else level, self.now, who, "seen")
        )

    def reset(self, level: int | None = None) -> Life:
        return self.send(ResetAsked(self.alert.id, level or self.alert.painted, self.now, "ana"))

    def shelve(self, for_ms: int, reason: str = "known") -> Life:
        return self.send(ShelveAsked(self.alert.id, self.alert.painted, self.now, for_ms, reason, "ana"))

    @property
    def alert(self) -> Alert:
        return self.state.alerts[self.rule, self.subject]

    @property
    def shown(self) -> str:
        alert = self.state.alerts.get((self.rule, self.subject))
        return "normal" if alert is None else alert.shown

    @property
    def said(self) -> list[str]:
        """Why the last step asked for an answer."""
        return [effect.why for effect in self.effects if isinstance(effect, Annunciate)]

    @property
    def refused(self) -> str:
        return next((effect.reason for effect in self.effects if isinstance(effect, Refused)), "")


DRIFT, LIQUIDATION = "hedge_drift", "liquidation"
LEG = "bybit-main/SOL/USDT:USDT/short"


def raised(level: int, rule: str = DRIFT, value: str = "0.1") -> Life:
    """An alert that has just been raised."""
    life = Life(rule)
    life.stay({1: 5, 2: 2, 3: 0}[level] * SECOND, level, value=value, shrinking=rule == LIQUIDATION)
    assert life.shown == "unack", life.alert
    return life
