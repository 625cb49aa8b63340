"""The life of an alert, as one pure function: `step(state, event) -> (state, effects)`. No clock, no I/O.

T1 to T15 are the transitions of an alert's life. Three things are asked of the caller: events come in the order of
their `at_ms`; `Tick` comes at least once a second; and the rule of every open alert is judged at least that often too,
because an alert clears only on fresh readings (`Judged`), never because time passed.

What is known of one key is an `Alert`; `step_key` moves one of them, `step` puts the result back. A reading of a key
that is well and was well leaves the very same state object.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from alerts.answers import Wish, answer
from alerts.flood import rang
from alerts.timing import DEFAULT_POLICY, Policy, Timing
from alerts.transitions import Moved, annunciate, call_again, closed, end, fall, log, rise
from alerts.values import (
    ADVISORY,
    BOOK,
    CAUTION,
    NO_TIMERS,
    WARNING,
    Alert,
    Effect,
    Event,
    Judged,
    Key,
    Logged,
    NotAnAlert,
    Reading,
    Refused,
    Removed,
    Restarted,
    Ring,
    Shelf,
    State,
    Tick,
    Timers,
    split_id,
)

Effects = tuple[Effect, ...]


def step(state: State, event: Event) -> tuple[State, Effects]:
    """The state after `event`, and what is to be done: a journal line stands before what it announces."""
    if isinstance(event, Judged):
        reading = event.reading
        key = (reading.rule, reading.subject)
        alert = state.alerts.get(key)
        if alert is None:
            if reading.level == 0 or not reading.known:
                return state, ()
            alert = Alert(reading.rule, reading.subject, episode=state.episodes.get(key, 0))
        return _put(state, event.at_ms, (step_key(alert, event, state.policy),))
    if isinstance(event, Tick):
        policy = state.policy
        return _put(state, event.at_ms, [step_key(alert, event, policy) for alert in state.alerts.values()])
    if isinstance(event, Removed):
        alert = state.alerts.get((event.rule, event.subject))
        return (state, ()) if alert is None else _put(state, event.at_ms, (step_key(alert, event, state.policy),))
    if isinstance(event, Restarted):
        return _restart(state, event)
    return _person(state, event)


def step_key(alert: Alert, event: Judged | Tick | Removed, policy: Policy) -> Moved:
    """One key's memory after an event, and what is to be done."""
    timing = policy.timing(alert.rule)
    if isinstance(event, Judged):
        return _judge(alert, event.reading, event.at_ms, timing, policy)
    if isinstance(event, Tick):
        moved, effects = _settle(alert, event.at_ms, timing, policy, fresh=False)
        return (moved, effects) if effects else _time_out(moved, event.at_ms, timing, policy)
    return _remove(alert, event)


def pulse(reading: Reading, at_ms: int) -> tuple[Judged, Judged, Judged]:
    """Events for something that happened once (facts, fault, monitor_gap): each time asks, also after an answer."""
    calm = replace(reading, level=0, hold=0)
    return Judged(calm, at_ms), Judged(reading, at_ms), Judged(calm, at_ms)


def durable(alert: Alert) -> Alert:
    """What a restart keeps: running timers, and what is known of the input, are learnt again."""
    return replace(alert, known=True, suspicious=False, seen_ms=0, rung_ms=0, rising=NO_TIMERS, falling=NO_TIMERS)


def replay(lines: Iterable[Logged], policy: Policy = DEFAULT_POLICY) -> State:
    """The state that these journal lines lead to, oldest line first. Follow it with `Restarted`."""
    alerts: dict[Key, Alert] = {}
    episodes: dict[Key, int] = {}
    for line in lines:
        _keep(alerts, episodes, durable(line.alert))
    return State(policy, alerts, episodes)


# the state as a whole


def _put(state: State, at_ms: int, moves: Iterable[Moved]) -> tuple[State, Effects]:
    """Put moved alerts back in their places. Alerts that did not change cost nothing."""
    alerts: dict[Key, Alert] | None = None
    episodes = state.episodes
    rung = state.rung
    done: list[Effect] = []
    for alert, effects in moves:
        if alert is state.alerts.get(alert.key):
            continue
        if alerts is None:
            alerts = dict(state.alerts)
        if alert.forgettable and alert.episode and episodes.get(alert.key) != alert.episode:
            episodes = {**episodes, alert.key: alert.episode}
        _place(alerts, alert)
        if effects:
            rung, effects = rang(rung, effects, at_ms, state.policy)
            done.extend(effects)
    if alerts is None:
        return state, ()
    return State(state.policy, alerts, episodes, rung), tuple(done)


def _place(alerts: dict[Key, Alert], alert: Alert) -> None:
    if alert.forgettable:
        alerts.pop(alert.key, None)
    else:
        alerts[alert.key] = alert


def _keep(alerts: dict[Key, Alert], episodes: dict[Key, int], alert: Alert) -> None:
    if alert.forgettable and alert.episode:
        episodes[alert.key] = alert.episode
    _place(alerts, alert)


def _person(state: State, wish: Wish) -> tuple[State, Effects]:
    """T5, T9, T10: a person's wish, about what was painted."""
    try:
        key, episode = split_id(wish.id)
    except NotAnAlert as error:
        return state, (Refused(str(error)),)
    moved = answer(state.alerts.get(key), episode, wish, state.policy)
    if isinstance(moved, Refused):
        return state, (moved,)
    return _put(state, wish.at_ms, (moved,))


# one key


def _judge(alert: Alert, reading: Reading, at_ms: int, timing: Timing, policy: Policy) -> Moved:
    seen = _observe(alert, reading, at_ms, policy)
    if not reading.known:
        return _settle(seen, at_ms, timing, policy, fresh=False)
    if seen.spent and seen.falling[0] is not None:
        rearmed = replace(seen, spent=0)
        return rearmed, (log(rearmed, "rearmed", at_ms),)
    moved, effects = _settle(seen, at_ms, timing, policy, fresh=True)
    if timing.worsens and _is_worse(moved):
        moved, more = call_again(moved, "worse", "worse", at_ms)
        effects += more
    return moved, effects


def _observe(alert: Alert, reading: Reading, at_ms: int, policy: Policy) -> Alert:
    """Take note of a reading: figures and timers. No transition yet."""
    if not reading.known:  # T11: raise timers run on, clear timers stop
        if not alert.known and alert.falling == NO_TIMERS:
            return alert
        return replace(alert, known=False, falling=NO_TIMERS)
    clearing = alert.level > 0 and alert.falling[alert.level - 1] is not None
    broken_off = clearing and at_ms - alert.seen_ms > policy.gap_ms
    level, hold = reading.level, reading.hold
    rising = _timers(alert.rising, at_ms, level >= 1, level >= 2, level >= 3)
    falling = _timers(NO_TIMERS if broken_off else alert.falling, at_ms, hold < 1, hold < 2, hold < 3)
    unchanged = (
        alert.known
        and reading.value == alert.value
        and rising == alert.rising
        and falling == alert.falling
        and reading.suspicious == alert.suspicious
        and reading.threshold == alert.threshold
        and reading.measure == alert.measure
        and (reading.note == alert.note or not reading.note)
    )
    if unchanged and (not clearing or at_ms - alert.seen_ms < 1_000):
        return alert
    return replace(
        alert,
        value=reading.value,
        worst=_worst(alert, reading),
        threshold=reading.threshold,
        measure=reading.measure,
        note=reading.note or alert.note,
        shrinking=reading.shrinking,
        known=True,
        suspicious=reading.suspicious,
        seen_ms=at_ms,
        rising=rising,
        falling=falling,
    )


def _timers(before: Timers, at_ms: int, first: bool, second: bool, third: bool) -> Timers:
    """Timers that go on, start at `at_ms`, or stop."""
    one, two, three = before
    return (
        (at_ms if one is None else one) if first else None,
        (at_ms if two is None else two) if second else None,
        (at_ms if three is None else three) if third else None,
    )


def _worst(alert: Alert, reading: Reading) -> Decimal | None:
    """The worst value of this episode; once it is over it stands."""
    value, worst = reading.value, alert.worst
    if value is None or alert.level == 0:
        return worst
    if worst is None or reading.measure != alert.measure:
        return value
    if reading.shrinking:
        return min(value, worst)
    return value if abs(value) > abs(worst) else worst


def _settle(alert: Alert, at_ms: int, timing: Timing, policy: Policy, fresh: bool) -> Moved:
    """T1, T2, T3, T7, T8: the level that the timers lead to."""
    raised = _raised(alert, at_ms, timing, policy)
    if raised > max(alert.level, alert.spent):
        return rise(alert, raised, at_ms, timing)
    if fresh and alert.level and not timing.event:
        level = max(raised, _kept(alert, at_ms, timing))
        if level == 0:
            return end(alert, at_ms)
        if level < alert.level:
            return fall(alert, level, at_ms)
    return alert, ()


def _raised(alert: Alert, at_ms: int, timing: Timing, policy: Policy) -> int:
    """The highest level broken for its on-delay. A suspicious caution comes at once, a suspicious warning is held."""
    on_ms = (timing.on_ms[0], 0, policy.suspicion_ms) if alert.suspicious else timing.on_ms
    for level in (WARNING, CAUTION, ADVISORY):
        started = alert.rising[level - 1]
        if started is not None and at_ms - started >= on_ms[level - 1]:
            return level
    return 0


def _kept(alert: Alert, at_ms: int, timing: Timing) -> int:
    """The highest level, up to the present one, that was not left behind for the whole off-delay."""
    for level in range(alert.level, 0, -1):
        started = alert.falling[level - 1]
        if started is None or at_ms - started < timing.off_ms:
            return level
    return 0


def _is_worse(alert: Alert) -> bool:
    """T4: a fifth nearer, or a quarter larger, than when it was answered."""
    ack = alert.ack
    if ack is None or alert.shown != "acked" or ack.value is None or alert.value is None:
        return False
    if ack.measure != alert.measure:
        return False
    if alert.shrinking:
        return alert.value < ack.value and alert.value <= ack.value - abs(ack.value) / 5
    return abs(alert.value) > abs(ack.value) and abs(alert.value) >= abs(ack.value) * 5 / 4


def _time_out(alert: Alert, at_ms: int, timing: Timing, policy: Policy) -> Moved:
    """T6, T10, T14, T15: what happens because time passed."""
    shown = alert.shown
    if shown == "shelved" and alert.shelf is not None and at_ms >= alert.shelf.until_ms:
        return call_again(alert, "shelf_ended", "shelf_ended", at_ms)
    if shown == "acked" and alert.ack is not None and at_ms - alert.ack.at_ms >= policy.ack_ms[alert.level - 1]:
        return call_again(alert, "still_true", "still_true", at_ms)
    if shown != "unack" or alert.level != WARNING:
        return alert, ()
    waited = at_ms - alert.asked_ms
    if waited >= _page_due(alert.pages, policy):
        return _page_again(alert, waited, at_ms, policy)
    if timing.bell_ms and at_ms - alert.rung_ms >= timing.bell_ms:
        return replace(alert, rung_ms=at_ms), (Ring(alert.id),)
    return alert, ()


def _page_due(pages: int, policy: Policy) -> int:
    """When the next repeated page is due, since it began to ask."""
    if pages < len(policy.page_ms):
        return policy.page_ms[pages]
    return policy.page_ms[-1] + (pages - len(policy.page_ms) + 1) * policy.page_every_ms


def _page_again(alert: Alert, waited: int, at_ms: int, policy: Policy) -> Moved:
    """T15. Pages that were missed while nobody ticked are not made up for."""
    pages = alert.pages + 1
    while _page_due(pages, policy) <= waited:
        pages += 1
    moved = replace(alert, pages=pages, rearm=alert.rearm + 1, rung_ms=at_ms)
    return moved, (log(moved, "paged", at_ms), annunciate(moved, "again", escalate=pages >= policy.escalate_from))


def _remove(alert: Alert, event: Removed) -> Moved:
    """T13: the rule or position is gone. What was unanswered or latched still waits for a person."""
    quiet = replace(alert, known=False, suspicious=False, rising=NO_TIMERS, falling=NO_TIMERS)
    if not alert.open:
        gone = closed(quiet)
        return gone, (log(gone, "removed", event.at_ms, note=event.reason),) if alert.spent else ()
    if alert.level and (alert.owed or alert.latched):
        over = replace(quiet, level=0, shelf=None, over_ms=event.at_ms, over_why=event.reason)
    elif alert.level:
        over = closed(quiet)
    else:
        over = replace(quiet, over_why=event.reason)
    if over == alert:
        return alert, ()
    return over, (log(over, "removed", event.at_ms, note=event.reason),)


# T12: after a restart


def _restart(state: State, event: Restarted) -> tuple[State, Effects]:
    """Everything is unknown until fresh; answers survive a short absence; the absence itself is an alert."""
    shift = event.at_ms - event.downtime_ms - event.last_ms
    moves = [_wake(durable(alert), shift, event, state.policy) for alert in state.alerts.values()]
    state, effects = _put(replace(state, rung=()), event.at_ms, moves)
    level = ADVISORY if event.clean else CAUTION
    note = f"by {event.who}" if event.clean and event.who else ""
    gap = Reading("monitor_gap", BOOK, Decimal(event.downtime_ms) / 1000, level, level, note=note)
    for judged in pulse(gap, event.at_ms):
        state, more = step(state, judged)
        effects += more
    return state, effects


def _wake(alert: Alert, shift: int, event: Restarted, policy: Policy) -> Moved:
    """One alert on the new clock. What was being asked is asked again with the same page id."""
    if alert.forgettable:
        return alert, ()
    ack, shelf = alert.ack, alert.shelf
    alert = replace(
        alert,
        known=False,
        since_ms=alert.since_ms + shift,
        asked_ms=alert.asked_ms + shift,
        rung_ms=event.at_ms,
        over_ms=None if alert.over_ms is None else alert.over_ms + shift,
        ack=None if ack is None else replace(ack, at_ms=ack.at_ms + shift),
        shelf=None if shelf is None else _moved_shelf(shelf, shift),
    )
    if alert.shown == "acked" and event.downtime_ms > policy.restart_ack_ms:
        return call_again(alert, "restarted", "restarted", event.at_ms)
    again: Effects = (annunciate(alert, "restarted"),) if alert.shown == "unack" else ()
    return alert, (log(alert, "restarted", event.at_ms), *again)


def _moved_shelf(shelf: Shelf, shift: int) -> Shelf:
    return replace(shelf, until_ms=shelf.until_ms + shift, at_ms=shelf.at_ms + shift)
