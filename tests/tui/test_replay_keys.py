"""The keys of a replay, pressed: each does to a real recording what the command table says."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

sys.path.append(str(Path(__file__).parents[1] / "monitor"))

from fake import FakeMonitor
from stage import overview, playing, shown
from tapes import rally

from monitor.player import Player
from monitor.replay import open_replay
from tui.commands import COMMANDS, REPLAY

KEYS = {command.id: command.keys.split(",") for command in COMMANDS}


class Replaying:
    """A pilot on the screen of a replay."""

    def __init__(self, pilot: Pilot[None], player: Player) -> None:
        self.pilot = pilot
        self.player = player

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause(0.4)

    async def see(self, *words: str) -> None:
        """Wait until all of this stands on the screen."""
        async with asyncio.timeout(10):
            while not all(each in self.text for each in words):
                await self.pilot.pause(0.05)

    async def reach(self, at_s: float) -> None:
        """Wait until it stands there."""
        async with asyncio.timeout(10):
            while abs(self.at_s - at_s) > 0.3 or self.state != "paused":
                await self.pilot.pause(0.05)

    @property
    def state(self) -> str:
        return self.player.playback.state

    @property
    def at_s(self) -> float:
        return self.player.playback.at_s

    @property
    def text(self) -> str:
        return shown(self.pilot.app)  # type: ignore[arg-type]


@asynccontextmanager
async def replaying(path: Path, size: tuple[int, int] = (120, 36), speed: int = 1) -> AsyncIterator[Replaying]:
    player = Player(open_replay(path), speed)
    async with playing(player, size, quit_asks=False) as pilot:  # type: ignore[arg-type]
        await pilot.pause(0.3)
        yield Replaying(pilot, player)
    await player.close()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return rally(tmp_path / "a.rec")


async def test_space_stops_it_and_sets_it_going(recording: Path) -> None:
    async with replaying(recording) as screen:
        await screen.see("REPLAY 1x", "space pause")
        await screen.press("space")
        await screen.see("REPLAY PAUSED", "space go on")
        held = screen.at_s
        await screen.pilot.pause(0.6)
        assert (screen.at_s, screen.state) == (held, "paused")
        await screen.press("space")
        await screen.see("REPLAY 1x", "space pause")
        assert screen.at_s > held


async def test_comma_goes_one_frame_and_full_stop_one_second(recording: Path) -> None:
    async with replaying(recording) as screen:
        await screen.press("space")
        await screen.see("REPLAY PAUSED")
        start = screen.at_s
        await screen.press(*KEYS["second"])
        await screen.reach(start + 1)
        await screen.press(*KEYS["frame"])
        await screen.reach(5)
        assert screen.at_s > start + 1
        await screen.press(*KEYS["frame"])
        await screen.reach(6)
        await screen.see("SOL short · bybit", "144.00")


async def test_g_goes_to_the_next_alert_and_stops_there(recording: Path) -> None:
    async with replaying(recording) as screen:
        assert "unanswered" not in screen.text
        await screen.press(*KEYS["seek"])
        await screen.see("REPLAY PAUSED", "unanswered 0:0")
        at = screen.at_s
        await screen.press(*KEYS["seek"])
        await screen.see("REPLAY PAUSED", "CAUTION")
        assert screen.at_s > at


async def test_plus_and_minus_change_the_speed(recording: Path) -> None:
    async with replaying(recording) as screen:
        for key, speed in zip(KEYS["faster"], ("2x", "5x"), strict=True):
            await screen.press(key)
            await screen.see(f"REPLAY {speed}")
        await screen.press(*KEYS["slower"])
        await screen.see("REPLAY 2x")


async def test_at_the_end_it_stands_and_says_so(recording: Path) -> None:
    async with replaying(recording, speed=5000) as screen:
        await screen.see("REPLAY ENDED", "The recording ends here")
        for name in ("pause", "frame", "second", "seek", "faster", "slower"):
            await screen.pilot.press(*KEYS[name])
        await screen.pilot.pause(0.3)
        assert screen.state == "ended"
        assert "STALE" not in screen.text and "NOT WATCHING" not in screen.text
        await screen.pilot.press("q")
        async with asyncio.timeout(10):
            while screen.pilot.app.is_running:
                await screen.pilot.pause(0.05)


@pytest.fixture
def broken(recording: Path) -> Path:
    """Its line 21 cannot be read."""
    lines = recording.read_bytes().splitlines(keepends=True)
    recording.write_bytes(b"".join(lines[:20]) + b"{broken\n" + b"".join(lines[20:]))
    return recording


async def test_a_broken_line_is_said_on_the_screen(broken: Path) -> None:
    async with replaying(broken, (200, 60), speed=5000) as screen:
        await screen.see("REPLAY ENDED", "The recording cannot be read further", "line 21")


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60), (60, 14), (30, 5)])
async def test_replay_stands_on_every_frame(recording: Path, size: tuple[int, int]) -> None:
    async with replaying(recording, size) as screen:
        await screen.see("REPLAY")
        await screen.press("question_mark")
        await screen.see("REPLAY")


async def test_the_help_names_the_keys_of_a_replay_in_a_replay_alone(recording: Path) -> None:
    words = [command.help for command in COMMANDS if command.section == REPLAY]
    assert len(words) == 5
    async with replaying(recording) as screen:
        await screen.press("question_mark")
        await screen.see(*words)
        assert "detach" not in screen.text.partition("\n")[2].rpartition("\n")[2]
    import book

    async with playing(FakeMonitor(book.CALM)) as pilot:
        for key in (key for command in COMMANDS if command.section == REPLAY for key in command.keys.split(",")):
            await pilot.press(key)
        assert overview(pilot.app).view.playback is None  # type: ignore[arg-type]
        assert "to alert" not in shown(pilot.app)  # type: ignore[arg-type]
