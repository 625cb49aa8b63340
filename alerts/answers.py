"""What a person may do to an alert: answer it (T5), reset it (T9), shelve it (T10). Always as it was painted."""

from __future__ import annotations

from msgspec.structs import replace

from alerts.timing import HOUR, MINUTE, Policy, Timing
from alerts.transitions import Moved, call_again, closed, log
from alerts.values import (
    WARNING,
    Ack,
    Alert,
    Answered,
    Refused,
    ResetAsked,
    Shelf,
    ShelveAsked,
    UnshelveAsked,
    level_name,
)

Wish = Ack | ResetAsked | ShelveAsked | UnshelveAsked

MOVED_ON = "changed to {}, press again"


def answer(alert: Alert | None, episode: int, wish: Wish, policy: Policy) -> Moved | Refused:
    """The alert after a person's wish, or why it was refused. `episode` is the one that was painted."""
    if alert is None or not alert.open:
        return Refused("it is over already, nothing waits for an answer")
    if alert.episode != episode:
        return Refused(f"it was raised again as number {alert.episode}, press again")
    if alert.painted != wish.level:
        return Refused(MOVED_ON.format(_word(alert.painted)))
    timing = policy.timing(alert.rule)
    if isinstance(wish, Ack):
        return _acknowledge(alert, wish, timing)
    if isinstance(wish, ResetAsked):
        return _reset(alert, wish)
    if isinstance(wish, ShelveAsked):
        return _shelve(alert, wish, timing, policy)
    if alert.shown != "shelved":
        return Refused("it is not shelved")
    return call_again(alert, "unshelved", "unshelved", wish.at_ms, wish.who)


def _acknowledge(alert: Alert, wish: Ack, timing: Timing) -> Moved | Refused:
    if alert.shown == "shelved":
        return Refused("it is shelved; take it off the shelf first")
    if not alert.owed:
        by = f" by {alert.ack.who}" if alert.ack is not None and alert.ack.who else ""
        return Refused(f"answered already{by}")
    answered = Answered(alert.painted, wish.at_ms, alert.value, wish.who, wish.note, wish.host, alert.measure)
    if timing.event and alert.level:
        still_so = alert.falling[0] is None
        moved = closed(alert, spent=alert.level if still_so else 0)
    elif alert.level or alert.latched:
        moved = replace(alert, owed=0, ack=answered)
    else:
        moved = closed(alert)
    return moved, (log(moved, "acked", wish.at_ms, wish.who, wish.note, wish.host),)


def _reset(alert: Alert, wish: ResetAsked) -> Moved | Refused:
    if not alert.latched:
        return Refused("there is nothing to reset")
    if alert.level:
        return Refused("it is still true; it can be reset when it is over")
    if alert.owed:
        return Refused("answer it first, then reset it")
    moved = closed(alert)
    return moved, (log(moved, "reset", wish.at_ms, wish.who),)


def _shelve(alert: Alert, wish: ShelveAsked, timing: Timing, policy: Policy) -> Moved | Refused:
    if not alert.level:
        return Refused("it is over; it wants an answer, not a shelf")
    if alert.level == WARNING and not timing.shelves_warning:
        return Refused(f"a {_word(WARNING)} of this kind cannot be shelved")
    reason = wish.reason.strip()
    if not reason:
        return Refused("shelving needs a reason")
    longest = policy.shelf_ms[alert.level - 1]
    if not 0 < wish.for_ms <= longest:
        return Refused(f"{_word(alert.level)} can be shelved for at most {_span(longest)}")
    shelf = Shelf(wish.at_ms + wish.for_ms, reason, alert.level, wish.who, wish.at_ms)
    moved = replace(alert, shelf=shelf, ack=None)
    return moved, (log(moved, "shelved", wish.at_ms, wish.who, reason),)


def _word(level: int) -> str:
    """Levels as the screen writes them."""
    name = level_name(level)
    return name if level == 1 else name.upper()


def _span(ms: int) -> str:
    return f"{ms // HOUR} h" if ms >= HOUR else f"{ms // MINUTE} min"
