"""What every feed is given: time, chance, the hosts it shares with others, and where its updates go."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from msgspec import Struct, field

from feeds.awake import Awake
from feeds.pacing import Hosts
from hedge.market import Clock, Update

Sleep = Callable[[float], Awaitable[None]]


class Timing(Struct, frozen=True):
    """Seconds of real time within one connection; tests shorten them."""

    open_s: float = 8.0
    ping_s: float = 5.0
    pong_s: float = 5.0
    close_s: float = 1.0
    look_s: float = 0.5
    """Between two looks of the watchdog, on the injected clock."""


class World(Struct, frozen=True):
    """Time, chance, shared hosts, and the one place where updates go."""

    clock: Clock
    rng: random.Random
    emit: Callable[[Update], None]
    hosts: Hosts
    sleep: Sleep = asyncio.sleep
    timing: Timing = Timing()
    awake: Awake = field(default_factory=Awake)
    """Whether the machine slept; one for all feeds."""
