"""Targets that follow funding: the mean that counts for a coin, and where its target stands by that.

Worked out when settlements come, never on a tick, so a target does not flicker with predictions. Source: section 5 of
the domain reference.
"""

from __future__ import annotations

from decimal import Decimal

from hedge.book.coins import Coin
from hedge.book.legs import Leg
from hedge.exposure import ZERO, ratio
from hedge.portfolio.policy import with_funding
from hedge.settled import hour_weighted_apr

SMOOTHED_HOURS = 168
"""Seven days: long enough that one stamp moves a target little, short enough to follow a turn."""
NO_SHORT = "no short shows what funding pays"
NO_STAMPS = "no settled funding is known yet"


def follow(coin: Coin) -> bool:
    """Set a coin's target by the funding of the shorts that hedge it; whether the target moved."""
    before = coin.target
    if before.base is None:
        return False
    coin.target = with_funding(before, *smoothed_funding(coin))
    return coin.target.ratio != before.ratio


def moved_targets(coin: Coin) -> list[Coin]:
    """Set the targets of a coin and of those that share its short; the coins whose target moved."""
    return [each for each in (coin, *coin.members) if follow(each)]


def smoothed_funding(coin: Coin) -> tuple[Decimal | None, str]:
    """The mean of seven days over its shorts, each with its size, as a short feels it; or why it is not known."""
    legs = [leg for leg in (coin if coin.shares is None else coin.shares).legs if leg.side == "short"]
    if not legs:
        return None, NO_SHORT
    weighted = size = ZERO
    for leg in legs:
        mean, why = _mean(leg)
        if mean is None or leg.delta is None:
            return None, why or leg.facts_why or NO_STAMPS
        weighted += abs(leg.delta) * mean
        size += abs(leg.delta)
    return ratio(weighted, size), ""


def _mean(leg: Leg) -> tuple[Decimal | None, str]:
    found = leg.past.windows.get(SMOOTHED_HOURS)
    if found is None or found.rates is None:
        return None, NO_STAMPS if found is None or not found.why else found.why
    return hour_weighted_apr(side="short", rates=found.rates, hours=found.hours), ""
