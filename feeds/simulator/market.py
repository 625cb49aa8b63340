"""The price model: every price is a pure function of seed, scenario, script and seconds since the start.

A coin's price is its start price times the exponential of smooth seeded noise (several lattices of different widths,
part of it shared by all coins) plus what the scenario adds. The index is that price, the mark stands a small
mean-reverting premium away from it, and the funding rate follows the premium. REST answers and stream frames ask the
same function, so they agree.
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache

from msgspec import Struct

from feeds.simulator.clock import Moment
from feeds.simulator.contracts import STARTS, Contract
from feeds.simulator.scenario import Scenario, ScenarioName
from feeds.simulator.script import Script

_WANDER = ((8.0, 0.00018), (40.0, 0.00035), (300.0, 0.0009), (3600.0, 0.007), (14400.0, 0.02))
"""Lattice width in seconds and amplitude of each part of a coin's path: at most 0.3 % in any 90 s in all."""
_SHARED = 0.6
"""How much of a coin's path is the whole market's."""
_INTEREST = 0.0001
"""Interest part of the funding rate per 8 hours."""
_CLAMP = 0.0005
_SIZE_S = 0.7
"""How long a resting size stands."""
_HOUR_MS = 3_600_000


class Quote(Struct, frozen=True):
    """One contract or pair at one moment, in its quote currency."""

    index: float
    mark: float
    last: float
    bid: float
    ask: float
    rate: float
    """Funding rate predicted for the coming stamp, a fraction per interval; positive: longs pay shorts."""
    hours: int
    """Funding interval."""
    next_ms: int
    """The coming stamp on the UTC grid of the interval."""
    premium: float
    """Average premium that the rate follows, mark over index minus one."""


@lru_cache(maxsize=65536)
def _corner(seed: int, name: str, width_s: float, number: int) -> float:
    digest = hashlib.blake2b(f"{seed}/{name}/{width_s}/{number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**63 - 1.0


def noise(seed: int, name: str, width_s: float, at_s: float) -> float:
    """Smooth noise in [-1, 1]: seeded corners every `width_s` seconds, eased between."""
    number = math.floor(at_s / width_s)
    part = at_s / width_s - number
    ease = part * part * (3.0 - 2.0 * part)
    left = _corner(seed, name, width_s, number)
    right = _corner(seed, name, width_s, number + 1)
    return left + (right - left) * ease


def funding_rate(premium: float, hours: int, cap: float) -> float:
    """Premium plus clamped interest for 8 hours, scaled to the interval, inside the cap. Positive: longs pay."""
    for_8h = premium + max(-_CLAMP, min(_CLAMP, _INTEREST - premium))
    return max(-cap, min(cap, for_8h * hours / 8))


def next_stamp(wall_ms: int, hours: int) -> int:
    """The first stamp after this wall time on the UTC grid of the interval, in milliseconds."""
    width = hours * _HOUR_MS
    return (wall_ms // width + 1) * width


class Market:
    """All prices of one run."""

    def __init__(self, seed: int = 1, scenario: ScenarioName = "demo", script: Script | None = None) -> None:
        self.seed = seed
        self.script = script if script is not None else Script()
        self._scenario = Scenario(scenario)

    def _path(self, name: str, at_s: float) -> float:
        return sum(
            amplitude * (noise(self.seed, name, width, at_s) - _corner(self.seed, name, width, 0))
            for width, amplitude in _WANDER
        )

    def coin(self, coin: str, at_s: float) -> float:
        """Price of one coin in USDT."""
        calm = _SHARED * self._path("market", at_s) + (1 - _SHARED) * self._path(coin, at_s)
        if coin == "USDC":
            calm *= 0.02
        factor = math.exp(calm + self._scenario.log_factor(coin, at_s))
        return STARTS[coin] * factor * self.script.factor("jump", "", coin, at_s)

    def usdt(self, at_s: float) -> float:
        """USD for one USDT: par at the start, then within two basis points unless the script breaks the peg."""
        wander = 0.0001 * (noise(self.seed, "USDT", 600.0, at_s) - _corner(self.seed, "USDT", 600.0, 0))
        return (1.0 + wander) * self.script.factor("jump", "", "USDT", at_s)

    def premium(self, contract: Contract, at_s: float) -> float:
        """Mark over index minus one, without the noise of seconds."""
        slow = 0.00008 * noise(self.seed, f"{contract.feed}/{contract.native}/premium", 900.0, at_s)
        return contract.premium + slow + self._scenario.premium(contract.coin, at_s)

    def index(self, contract: Contract, at_s: float) -> float:
        """Index of the contract (or mid of the spot pair) in its quote currency, per quoted unit."""
        price = self.coin(contract.coin, at_s) * contract.multiplier
        if contract.quote == "USD":
            price *= self.usdt(at_s)
        elif contract.quote == "USDC":
            price /= self.coin("USDC", at_s)
        own = 0.00004 * noise(self.seed, f"{contract.feed}/{contract.native}/index", 20.0, at_s)
        return price * (1.0 + own * min(1.0, at_s / 20.0))

    def quote(self, contract: Contract, moment: Moment) -> Quote:
        """What the venue would say of this contract now."""
        feed, native, at_s = contract.feed, contract.native, moment.elapsed_s
        frozen = self.script.find("freeze", feed, native, at_s)
        if frozen is not None:
            at_s = frozen.start_s
        hours = self.script.hours(feed, native, moment.elapsed_s, contract.hours)
        premium = self.premium(contract, at_s)
        traded_index = self.index(contract, at_s)
        index = self.index(contract, 0.0) if contract.rests else traded_index
        fast = 0.00006 * noise(self.seed, f"{feed}/{native}/basis", 12.0, at_s)
        mark = traded_index * (1.0 + premium + fast) * self.script.factor("mark_jump", feed, native, at_s)
        traded = index if contract.spot else mark
        spread = 0.0 if contract.rests else 0.00003 * noise(self.seed, f"{feed}/{native}/last", 3.0, at_s)
        last = traded * (1.0 + spread)
        half = max(contract.tick_size / 2, traded * 0.00001)
        return Quote(
            index=index,
            mark=mark,
            last=last,
            bid=traded - half,
            ask=traded + half,
            rate=funding_rate(premium, hours, contract.cap),
            hours=hours,
            next_ms=next_stamp(moment.wall_ms, hours),
            premium=premium,
        )

    def size(self, contract: Contract, side: str, at_s: float) -> float:
        """A resting size at the touch, in the contract's own unit."""
        number = math.floor(at_s / _SIZE_S)
        weight = 1.5 + _corner(self.seed, f"{contract.feed}/{contract.native}/{side}", _SIZE_S, number)
        return max(contract.step_size, weight * contract.typical_size)
