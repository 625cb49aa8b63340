"""What the demo's market does on purpose, on top of its calm wandering.

SOL rallies by 27 % from second 4 to second 89, holds, and is back by second 240. A short at twofold leverage, which is
liquidated about 48 % above its entry, then has less than 20 % left at about second 79. The climb is spread out so that
no ten seconds hold more than 3 %. All of it happens again every seven minutes.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

ScenarioName = Literal["demo", "calm"]

_DEMO: dict[str, tuple[tuple[float, float], ...]] = {
    "SOL": ((0, 0.0), (4, 0.0), (89, math.log(1.27)), (150, math.log(1.27)), (240, 0.0)),
}
"""Coin -> (second, logarithm of the factor), joined by straight lines."""

ROUND_S = 420.0
"""After how long the scenario begins again."""

_PREMIUM_OF_RALLY = 0.0012
"""Buyers of a rally pay for their leverage: extra premium of the mark, as a fraction of the rally's logarithm."""


class Scenario:
    """A scripted course per coin; coins that it does not name only wander."""

    def __init__(self, name: ScenarioName = "demo") -> None:
        self._courses = _DEMO if name == "demo" else {}

    def log_factor(self, coin: str, at_s: float) -> float:
        """What the scenario adds to the logarithm of the coin's price at this second."""
        course = self._courses.get(coin, ())
        at_s %= ROUND_S
        for (from_s, low), (to_s, high) in pairwise(course):
            if from_s <= at_s < to_s:
                return low + (high - low) * (at_s - from_s) / (to_s - from_s)
        return course[-1][1] if course else 0.0

    def premium(self, coin: str, at_s: float) -> float:
        """What the scenario adds to mark over index minus one."""
        return _PREMIUM_OF_RALLY * self.log_factor(coin, at_s)
