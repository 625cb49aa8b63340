"""A replay as a monitor: it runs at its own speed in this process, and can be stopped, stepped and sent ahead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from msgspec.structs import replace

from hedge.book.leg_words import iso
from hedge.market import Update, Want
from hedge.snapshot import Playback, Snapshot
from monitor.engine import Engine
from monitor.messages import Answer, Control, Done, Refused, Request
from monitor.replay import Replay, waiting

SPEEDS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 2500, 5000)
"""What the keys choose from."""
SLICE_S, RELIEF_S = 0.03, 0.01
"""Longest piece of work, and the time for the screen after it: painting takes many turns of the loop."""
LOOK_S = 0.05
"""Longest wait before a key takes effect."""
SECOND_MS = 1_000

Goal = Callable[[bool], bool]
"""Whether a run ahead has come where it was sent; told whether something recorded was just played."""


class Reel:
    """A recording where an engine has its feeds: it brings what was recorded, whatever is wanted."""

    def __init__(self, play: Callable[[], Awaitable[None]]) -> None:
        self._play = play

    async def __call__(self, wants: Sequence[Want], emit: Callable[[Update], None]) -> None:
        await self._play()

    def want(self, wants: Sequence[Want]) -> None:
        """Other markets are wanted; they are in the recording, or they are not."""


class Player:
    """Plays a replay for whoever watches. `now` counts seconds of real time."""

    def __init__(
        self,
        replay: Replay,
        speed: int = 1,
        *,
        now: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._replay = replay
        self._engine = Engine(replay.watch, Reel(self._play), timed=False)
        replay.take = self._engine.take
        self._speed = speed
        self._paused = False
        self._goal: Goal | None = None
        self._now = now
        self._sleep = sleep
        self._anchor = (0.0, 0)
        """A moment in real seconds and in recorded milliseconds, from which on the speed holds."""
        self._running: asyncio.Task[object] | None = None

    # playing

    async def _play(self) -> None:
        """For ever, because at its end a replay stands still and can still be asked."""
        self._pace()
        while True:
            wait_s = self._wait_s()
            if wait_s > 0:
                await self._sleep(min(wait_s, LOOK_S))
                continue
            self._work()
            await self._sleep(RELIEF_S)

    def _clock_s(self) -> float:
        return asyncio.get_running_loop().time() if self._now is None else self._now()

    def _pace(self) -> None:
        """The speed holds from here on."""
        self._anchor = (self._clock_s(), self._replay.clock.instant.mono_ms)

    def _wait_s(self) -> float:
        """Until there is something to play."""
        if self._replay.ended:
            return LOOK_S
        if self._goal is not None:
            return 0.0
        if self._paused:
            return LOOK_S
        real_s, recorded_ms = self._anchor
        return (self._replay.next_ms - recorded_ms) / 1000 / self._speed - (self._clock_s() - real_s)

    def _work(self) -> None:
        """Play what is due, for a short while at most."""
        ends_s = self._clock_s() + SLICE_S
        while self._wait_s() <= 0:
            played = self._replay.step()
            if self._goal is not None and self._goal(played):
                self._goal = None
                self._tell()
            if self._clock_s() >= ends_s:
                return

    def _tell(self) -> None:
        """The next look of a viewer brings a snapshot."""
        self._replay.watch.news = True

    # what a person wants

    def _control(self, request: Control) -> Answer:
        if self._replay.ended:
            return Refused("The recording has ended.")
        self._tell()
        match request.act:
            case "pause":
                self._paused, self._goal = self._goal is None and not self._paused, None
                self._pace()
                return Done("paused" if self._paused else f"playing at {self._speed}x")
            case "faster" | "slower":
                return self._change_speed(faster=request.act == "faster")
        self._paused = True
        replay, watch = self._replay, self._replay.watch
        match request.act:
            case "frame":
                self._goal = bool
                return Done("one frame on")
            case "second":
                target_ms = replay.clock.instant.mono_ms + SECOND_MS
                self._goal = lambda played: replay.next_ms > target_ms
                return Done("one second on")
            case "alert":
                known = waiting(watch.alarm.state)
                self._goal = lambda played: bool(waiting(watch.alarm.state) - known)
                return Done("on to the next alert")

    def _change_speed(self, *, faster: bool) -> Answer:
        if faster:
            self._speed = next((speed for speed in SPEEDS if speed > self._speed), self._speed)
        else:
            self._speed = next((speed for speed in reversed(SPEEDS) if speed < self._speed), self._speed)
        self._pace()
        return Done(f"{self._speed}x")

    # Monitor

    @property
    def playback(self) -> Playback:
        """Where it stands, and how fast it goes."""
        found = self._replay.playback()
        state = found.state
        if state == "playing" and self._goal is not None:
            state = "searching"
        elif state == "playing" and self._paused:
            state = "paused"
        return replace(found, state=state, speed=self._speed)

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        if self._running is None:
            self._running = asyncio.create_task(self._engine.run(), name="replay")
        async for snapshot in self._engine.snapshots():
            ends = (self._end_words(),) if self._replay.ended else ()
            yield replace(snapshot, playback=self.playback, notices=(*ends, *snapshot.notices))

    def _end_words(self) -> str:
        if self._replay.mistake is not None:
            return f"The recording cannot be read further: {self._replay.mistake}"
        return f"The recording ends here, at {iso(self._replay.clock.instant.wall_ms)[:-1].replace('T', ' ')} UTC."

    async def request(self, request: Request) -> Answer:
        if isinstance(request, Control):
            return self._control(request)
        return await self._engine.request(request)

    async def close(self) -> None:
        """The replay ends with its viewer."""
        self._engine.stop("the replay was closed")
        if self._running is not None:
            await asyncio.gather(self._running, return_exceptions=True)
