"""Liveness of one socket and of each symbol on it, as pure bookkeeping: what arrived, what is late, what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct, field

from feeds.venue import Feed
from hedge.market import SymbolState

ASK_AGAIN_MS = 5_000
"""A subscription without effect is repeated after this long; a second one without effect ends the connection."""
NUDGE_MS = 30_000
"""Between two more tries for one silent symbol, while others flow."""
SOLO_RECYCLE_MS = 300_000
"""Between two reconnections, or tries of a refused symbol, for the sake of one symbol among live ones."""


class Watched(Struct):
    """One symbol on the current connection."""

    state: Literal["waiting", "live", "stale", "quarantined"] = "waiting"
    first_ms: int | None = None
    """When it was first subscribed to on the current connection; None while its turn is to come."""
    asked_ms: int = 0
    """When it was last subscribed to."""
    data_ms: int | None = None
    """Its newest frame on this connection."""
    lost: bool = False
    """What deltas of it build on is gone: it needs a new snapshot."""
    why: str = ""
    """What was wrong with its newest frame, where that could not be read."""


class Verdict(Struct):
    """What a look at the clock asks for."""

    states: list[SymbolState] = field(default_factory=list)
    resubscribe: list[str] = field(default_factory=list)
    recycle: str | None = None
    """Why the connection has to go."""
    renew: bool = False
    """Whether another connection should take over, for the sake of a symbol among live ones."""


class Watch:
    """The watchdog of one socket. Survives its connections; `opened` starts the next one."""

    def __init__(self, feed: Feed, symbols: Sequence[str]) -> None:
        self._feed = feed
        self._symbols = {symbol: Watched() for symbol in symbols}
        self._opened_ms = 0
        self._frame_ms = 0
        self._solo_ms: int | None = None
        self._first_data_ms: int | None = None
        self._last_data_ms: int | None = None

    def opened(self, at_ms: int) -> list[SymbolState]:
        """A new connection is there to subscribe on. What was quarantined stays so until its data comes."""
        self._opened_ms = self._frame_ms = at_ms
        self._first_data_ms = self._last_data_ms = None
        states = []
        for symbol, watched in self._symbols.items():
            watched.first_ms = None
            watched.asked_ms = at_ms
            watched.data_ms = None
            watched.lost = False
            if watched.state != "quarantined":
                states.append(self._turn(symbol, "waiting", "subscribed, waiting for its first frame", at_ms))
        return states

    def asked(self, symbols: Sequence[str], at_ms: int) -> None:
        """These were subscribed to."""
        for symbol in symbols:
            self._symbols[symbol].first_ms = self._symbols[symbol].asked_ms = at_ms

    def handed_over(self, opened_ms: int, heard: Mapping[str, int], at_ms: int) -> list[SymbolState]:
        """Another connection has taken over, on which these were heard, and when: they are live on it. What it has not
        heard yet keeps its state, and its age.
        """
        self._opened_ms, self._frame_ms = opened_ms, at_ms
        self._first_data_ms = min(heard.values(), default=None)
        self._last_data_ms = max(heard.values(), default=None)
        states = []
        for symbol, watched in self._symbols.items():
            watched.first_ms = watched.asked_ms = opened_ms
            watched.lost, watched.why = False, ""
            if symbol in heard:
                watched.data_ms = heard[symbol]
                if watched.state != "live":
                    states.append(self._turn(symbol, "live", "", at_ms))
        return states

    def forget(self, symbol: str) -> None:
        """Nobody wants it any more."""
        del self._symbols[symbol]

    def closed(self, reason: str, at_ms: int) -> list[SymbolState]:
        """The connection is over: nothing on it is live any more."""
        live = [symbol for symbol, watched in self._symbols.items() if watched.state == "live"]
        return [self._turn(symbol, "stale", reason, at_ms) for symbol in live]

    def frame(self, at_ms: int) -> None:
        """Any frame at all arrived."""
        self._frame_ms = at_ms

    def data(self, symbol: str, at_ms: int) -> SymbolState | None:
        """A frame of this symbol arrived; its new state where that changed."""
        watched = self._symbols.get(symbol)
        if watched is None:
            return None
        watched.data_ms = self._last_data_ms = at_ms
        watched.why = ""
        if self._first_data_ms is None:
            self._first_data_ms = at_ms
        return None if watched.state == "live" else self._turn(symbol, "live", "", at_ms)

    def quarantine(self, symbol: str, reason: str, at_ms: int) -> SymbolState:
        """The venue refused this symbol."""
        return self._turn(symbol, "quarantined", reason, at_ms)

    def unreadable(self, symbol: str | None, reason: str) -> None:
        """A frame of this symbol, or one that may have been any symbol's, could not be read."""
        for each in self._symbols if symbol is None else {symbol} & self._symbols.keys():
            watched = self._symbols[each]
            watched.lost = self._feed.deltas
            watched.why = watched.why if symbol is None else f"; its frames cannot be read: {reason}"

    def of(self, quarantined: bool) -> list[str]:
        """The symbols that are, or are not, in quarantine."""
        return [symbol for symbol, w in self._symbols.items() if (w.state == "quarantined") is quarantined]

    @property
    def live(self) -> set[str]:
        """The symbols whose data flows."""
        return {symbol for symbol, watched in self._symbols.items() if watched.state == "live"}

    @property
    def state(self) -> Literal["subscribing", "live", "stale"]:
        """Of the socket: live while any of its symbols is."""
        if any(watched.state == "live" for watched in self._symbols.values()):
            return "live"
        return "subscribing" if self._first_data_ms is None else "stale"

    @property
    def sustained_ms(self) -> int:
        """From the first data of this connection to the newest."""
        if self._first_data_ms is None or self._last_data_ms is None:
            return 0
        return self._last_data_ms - self._first_data_ms

    def tick(self, at_ms: int) -> Verdict:
        """Judge everything at this moment."""
        limit = self._feed.socket_silence_ms
        if limit is not None and at_ms - self._frame_ms >= limit:
            return Verdict(recycle=f"silent for {limit // 1000} s, its answers to our pings included")
        verdict = Verdict()
        for symbol, watched in self._symbols.items():
            self._judge(symbol, watched, at_ms, verdict)
        first_ms = self._feed.first_frame_ms
        if self._first_data_ms is None and at_ms - self._opened_ms >= first_ms:
            verdict.recycle = f"subscribed, but no data came in {first_ms // 1000} s"
        if verdict.recycle is not None and self.state == "live":
            verdict.recycle, verdict.renew = None, self._solo(at_ms)
        return verdict

    def _judge(self, symbol: str, watched: Watched, at_ms: int, verdict: Verdict) -> None:
        waited = at_ms - watched.asked_ms
        if watched.lost and waited >= ASK_AGAIN_MS:
            self._ask(symbol, watched, at_ms, verdict)
            return
        match watched.state:
            case "waiting" if at_ms - self._opened_ms >= self._feed.first_frame_ms:
                reason = f"no data {self._feed.first_frame_ms // 1000} s after subscribing to it{watched.why}"
                verdict.states.append(self._turn(symbol, "quarantined", reason, at_ms))
            case "waiting" if waited >= ASK_AGAIN_MS:
                self._ask(symbol, watched, at_ms, verdict)
            case "live" if at_ms - (watched.data_ms or 0) >= self._feed.silence_ms:
                reason = f"no frame for {self._feed.silence_ms // 1000} s{watched.why}"
                verdict.states.append(self._turn(symbol, "stale", reason, at_ms))
                self._ask(symbol, watched, at_ms, verdict)
            case "stale" if waited >= ASK_AGAIN_MS:
                verdict.recycle = f"{symbol} stays silent after subscribing again"
                if waited >= NUDGE_MS:
                    self._ask(symbol, watched, at_ms, verdict)
            case "quarantined" if waited >= SOLO_RECYCLE_MS and not self._feed.fragile:
                self._ask(symbol, watched, at_ms, verdict)

    def _waited_in_vain(self, at_ms: int) -> bool:
        """Whether everything was asked for on this connection, and long enough ago."""
        first = [watched.first_ms for watched in self._symbols.values() if watched.state != "quarantined"]
        since_ms = max((each for each in first if each is not None), default=self._opened_ms)
        return None not in first and at_ms - since_ms >= self._feed.first_frame_ms

    def _ask(self, symbol: str, watched: Watched, at_ms: int, verdict: Verdict) -> None:
        watched.asked_ms = at_ms
        watched.lost = False
        verdict.resubscribe.append(symbol)

    def _solo(self, at_ms: int) -> bool:
        """Whether a live socket may be renewed for one silent symbol: seldom, since it costs a dial."""
        if self._solo_ms is not None and at_ms - self._solo_ms < SOLO_RECYCLE_MS:
            return False
        self._solo_ms = at_ms
        return True

    def _turn(
        self, symbol: str, state: Literal["waiting", "live", "stale", "quarantined"], reason: str, at_ms: int
    ) -> SymbolState:
        self._symbols[symbol].state = state
        return SymbolState(self._feed.id, symbol, state, reason, at_ms)
