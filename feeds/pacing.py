"""How often a host may be troubled: back-off after a failure, a bucket for dials, and bans that all its users share."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Mapping
from urllib.parse import urlsplit

BASE_S = 2.0
CAP_S = 60.0
BURST = 6
REFILL_MS = 10_000
LONGEST_BAN_MS = 86_400_000


class Backoff:
    """Equal jitter: half of the bound is waited for certain, the other half by chance; the bound doubles to a cap."""

    def __init__(self, rng: random.Random, base_s: float = BASE_S, cap_s: float = CAP_S) -> None:
        self._rng = rng
        self._base_s = base_s
        self._cap_s = cap_s
        self._failures = 0

    def next_s(self) -> float:
        """Seconds to wait after one more failure."""
        bound = min(self._cap_s, self._base_s * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return bound / 2 + self._rng.random() * bound / 2

    def reset(self) -> None:
        self._failures = 0


class Host:
    """One host's token bucket for dials and its ban, on the monotonic clock. Shared by everything that calls it."""

    def __init__(self) -> None:
        self._tokens = float(BURST)
        self._filled_ms: int | None = None
        self._banned_until_ms = 0

    def take(self, now_ms: int) -> int:
        """Take a dial now and get 0, or get how many milliseconds to wait before asking again."""
        banned = self.banned_ms(now_ms)
        if banned:
            return banned
        if self._filled_ms is not None:
            self._tokens = min(BURST, self._tokens + (now_ms - self._filled_ms) / REFILL_MS)
        self._filled_ms = now_ms
        if self._tokens >= 1:
            self._tokens -= 1
            return 0
        return max(1, round((1 - self._tokens) * REFILL_MS))

    def ban(self, now_ms: int, wait_ms: int) -> None:
        """The host said to stay away this long; a shorter ban does not lift a longer one."""
        self._banned_until_ms = max(self._banned_until_ms, now_ms + min(wait_ms, LONGEST_BAN_MS))

    def heed(self, ban: bool, now_ms: int, wait_s: float) -> None:
        """After a trouble that may be a ban."""
        if ban:
            self.ban(now_ms, round(wait_s * 1000))

    def banned_ms(self, now_ms: int) -> int:
        """Milliseconds left of the ban, 0 when there is none."""
        return max(0, self._banned_until_ms - now_ms)


class Hosts:
    """Every host that this process calls, by address."""

    def __init__(self) -> None:
        self._hosts: dict[str, Host] = {}

    def of(self, url: str) -> Host:
        return self._hosts.setdefault(host_of(url), Host())

    def bans(self, now_ms: int) -> dict[str, int]:
        """By host, the milliseconds left of each ban; for another process that calls the same hosts."""
        return {name: left for name, host in self._hosts.items() if (left := host.banned_ms(now_ms))}

    def heed(self, bans: Mapping[str, int], now_ms: int) -> None:
        """Bans that another process was told of."""
        for name, left_ms in bans.items():
            self._hosts.setdefault(name, Host()).ban(now_ms, left_ms)


def host_of(url: str) -> str:
    """Host, and port where the address names one, for pacing and for words; never user, password or path."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "?"
    host = parts.hostname or "?"
    return host if port is None else f"{host}:{port}"


def shown(url: str) -> str:
    """An address fit for the screen and the log: without user, password and query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "?"
    return f"{parts.scheme}://{host_of(url)}{parts.path}"


def is_loopback(url: str) -> bool:
    """Whether an address is this machine, so that no proxy of the environment belongs in between."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
