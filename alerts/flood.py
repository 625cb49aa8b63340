"""Too many annunciations at once: one bell for all of them, and pages grouped by cause. Nothing is ever dropped."""

from __future__ import annotations

from bisect import insort

from msgspec.structs import replace

from alerts.timing import Policy
from alerts.values import WARNING, Annunciate, Effect

_NOT_NEW = ("again", "restarted")


def rang(
    rung: tuple[int, ...], effects: tuple[Effect, ...], at_ms: int, policy: Policy
) -> tuple[tuple[int, ...], tuple[Effect, ...]]:
    """The newest annunciation times with those of `effects`, and the effects marked where they are part of a flood.

    The flood's first annunciation rings; after it only warnings do."""
    done: list[Effect] = []
    for effect in effects:
        if isinstance(effect, Annunciate) and effect.why not in _NOT_NEW:
            before = flooded(rung, at_ms, policy)
            rung = _with(rung, at_ms, policy)
            if flooded(rung, at_ms, policy):
                bell = effect.bell and (effect.level == WARNING or not before)
                effect = replace(effect, flood=True, bell=bell)
        done.append(effect)
    return rung, tuple(done)


def flooded(rung: tuple[int, ...], at_ms: int, policy: Policy) -> bool:
    """More than `flood_count` new annunciations in the last `flood_ms`."""
    return len(rung) > policy.flood_count and at_ms - rung[-1 - policy.flood_count] < policy.flood_ms


def _with(rung: tuple[int, ...], at_ms: int, policy: Policy) -> tuple[int, ...]:
    times = list(rung)
    insort(times, at_ms)
    return tuple(times[-1 - policy.flood_count :])
