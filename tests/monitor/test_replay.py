"""A recording through the watch: what it shows depends on the recording alone, and silence ages it as it would live."""

from __future__ import annotations

import asyncio
import hashlib
import json
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from desk import Desk, edited
from msgspec.structs import replace
from tapes import Tape, VirtualTime, rally

from feeds.recording import Recording, RecordingError
from hedge.portfolio import PortfolioError
from monitor.engine import Engine
from monitor.messages import Acknowledge, Control, Done, MonitorLost, Refused
from monitor.player import SPEEDS, Player
from monitor.replay import Replay, at_end, open_replay, waiting


def seconds_of(replay: Replay) -> list[str]:
    """Filled, as it plays, with a hash of everything the model knows at each recorded second."""
    seen: list[str] = []
    tick, start_ms = replay.watch.tick, replay.recording.starts.mono_ms

    def tick_and_look() -> None:
        tick()
        if (replay.clock.instant.mono_ms - start_ms) % 1000 == 0:
            alerts = list(replay.watch.alarm.state.alerts.values())
            shown = replace(
                replay.watch.snapshot(), alerts=()
            )  # their tickets are worked out in a thread, in real time
            state = msgspec.json.encode([shown, alerts], order="sorted")
            seen.append(hashlib.sha256(state).hexdigest())

    replay.watch.tick = tick_and_look  # type: ignore[method-assign]
    return seen


async def played(path: Path, speed: int, within_s: float) -> list[str]:
    """All seconds of a recording, played at a speed within so much real time."""
    replay, time = open_replay(path), VirtualTime(within_s)
    seen = seconds_of(replay)
    player = Player(replay, speed, now=time.now, sleep=time.sleep)
    async for snapshot in player.snapshots():
        if snapshot.playback is not None and snapshot.playback.state == "ended":
            break
    await player.close()
    return seen


async def test_the_same_states_at_any_speed(tmp_path: Path) -> None:
    path = rally(tmp_path / "a.rec")
    top = open_replay(path)
    as_fast_as_it_goes = seconds_of(top)
    top.to_end()
    slowly = await played(path, 1, 121)
    quickly = await played(path, 5000, 0.1)
    assert len(set(slowly)) > 100
    assert slowly == quickly == as_fast_as_it_goes


async def test_at_the_speed_of_life_it_takes_as_long(tmp_path: Path) -> None:
    replay, time = open_replay(rally(tmp_path / "a.rec")), VirtualTime(119)
    player = Player(replay, now=time.now, sleep=time.sleep)
    await anext(player.snapshots())
    await time.go(0.0)
    assert not replay.ended
    await time.go(2)
    assert replay.ended
    await player.close()


def test_the_end_is_what_was_last_known(tmp_path: Path) -> None:
    snapshot = at_end(rally(tmp_path / "a.rec"))
    row = snapshot.positions[0]
    assert (snapshot.mode, snapshot.portfolio, snapshot.path) == ("replay", "Test", str(tmp_path / "a.rec"))
    assert (row.mark, row.index, row.funding_rate) == (Decimal(150), Decimal(150), Decimal("0.0001"))
    assert snapshot.as_of == "2026-11-18T11:08:40Z"
    assert row.ages.mark == 10.0
    assert row.stale == ()
    assert [feed.state for feed in snapshot.feeds] == ["live"]


def test_an_alert_at_the_end_has_its_ticket(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "a.rec").facts().price("142").go(5).price("195").go(30)
    snapshot = at_end(tape.done())
    alert = next(alert for alert in snapshot.alerts if alert.rule == "liquidation")
    assert alert.level == "warning"
    assert alert.tickets


def test_silence_between_two_lines_ages_and_alerts(tmp_path: Path) -> None:
    """A minute without a frame: the values are stale and an alert says so, before anything else was recorded."""
    tape = Tape(tmp_path / "a.rec").facts().price("142").go(5).go(75)
    replay = open_replay(tape.done())
    stale: list[tuple[float, tuple[str, ...]]] = []
    while not replay.ended:
        replay.step()
        row = replay.watch.snapshot().positions[0]
        if row.stale:
            stale.append((row.ages.mark or 0, row.stale))
    assert stale[0][1] == ("mark", "index")
    assert 60 <= stale[0][0] <= 60.5
    assert any(alert.rule == "feed" for alert in replay.watch.snapshot().alerts)


def test_a_machine_that_slept_judges_nothing_in_between(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "a.rec").facts().price("142").go(5).sleep(8 * 3600).go(2)
    replay = open_replay(tape.done())
    ticks: list[int] = []
    tick = replay.watch.tick

    def counted() -> None:
        ticks.append(replay.clock.instant.mono_ms)
        tick()

    replay.watch.tick = counted  # type: ignore[method-assign]
    replay.to_end()
    gaps = [after - before for before, after in pairwise(ticks)]
    assert len(ticks) < 40
    assert max(gaps) > 8 * 3_600_000 - 2_000
    assert replay.watch.snapshot().positions[0].ages.mark == pytest.approx(8 * 3600 + 7)


def test_a_new_connection_does_not_build_on_the_old_one(tmp_path: Path) -> None:
    """A delta on a connection that has had no snapshot says nothing, then as now."""
    tape = Tape(tmp_path / "a.rec").facts().price("142").go(2)
    tape.dial()
    assert tape.frame("delta", symbol="SOLUSDT", markPrice="999") == []
    tape.go(2)
    assert at_end(tape.done()).positions[0].mark == 142


def test_another_portfolio_sees_the_same_market(tmp_path: Path) -> None:
    book = tmp_path / "other.json"
    book.write_text(json.dumps(edited(name="Other", contracts="50")))
    snapshot = at_end(rally(tmp_path / "a.rec"), book)
    assert (snapshot.portfolio, snapshot.positions[0].contracts, snapshot.positions[0].mark) == ("Other", 50, 150)


def test_parts_are_replayed_as_one_and_alone(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "a.rec", keep=2).facts().price("142").go(5)
    for mark in ("150", "160", "170"):
        tape.file.write(tape.recorder.take_lines())
        tape.file.turn_over(tape.clock)
        tape.dial()
        tape.facts().price(mark).go(5)
    path = tape.done()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.rec", "a.rec.1", "a.rec.2"]
    whole, last, first = Recording(path), Recording(tmp_path / "a.rec.1"), Recording(tmp_path / "a.rec.2")
    assert [part.name for part in whole.parts] == ["a.rec.2", "a.rec.1", "a.rec"]
    assert [part.name for part in last.parts] == ["a.rec.1"]
    assert whole.ends.mono_ms - whole.starts.mono_ms == 15_000
    assert first.header.part == 2
    assert at_end(path).positions[0].mark == 170
    assert at_end(tmp_path / "a.rec.2").positions[0].mark == 150
    assert at_end(tmp_path / "a.rec").started == at_end(tmp_path / "a.rec.2").started


def test_a_broken_line_ends_a_replay_with_its_place(tmp_path: Path) -> None:
    path = rally(tmp_path / "a.rec")
    lines = path.read_bytes().splitlines(keepends=True)
    lines[20] = lines[20].replace(b'"m"', b'"n"')
    path.write_bytes(b"".join(lines))
    with pytest.raises(RecordingError, match=r"a\.rec, line 21: it cannot be read: .*missing required field `m`"):
        at_end(path)
    replay = open_replay(path)
    while not replay.ended:
        replay.step()
    assert replay.playback().mistake.startswith(f"{path}, line 21")
    assert replay.watch.snapshot().positions[0].mark is not None


def test_a_header_with_another_portfolio_is_refused_by_field(tmp_path: Path) -> None:
    path = rally(tmp_path / "a.rec")
    path.write_bytes(path.read_bytes().replace(b'"quantity":"200"', b'"quantity":"-2"'))
    with pytest.raises(PortfolioError, match=r"holdings\[0\]\.quantity"):
        open_replay(path)


# the player


class Stage:
    """A player on virtual time."""

    def __init__(self, path: Path) -> None:
        self.time = VirtualTime(0.0)
        self.replay = open_replay(path)
        self.player = Player(self.replay, now=self.time.now, sleep=self.time.sleep)
        self.go = self.time.go

    async def press(self, act: Any) -> Any:
        answer = await self.player.request(Control(act))
        await self.go(0.2)
        return answer

    @property
    def at_s(self) -> float:
        return self.player.playback.at_s

    @property
    def state(self) -> str:
        return self.player.playback.state


@pytest.fixture
async def stage(tmp_path: Path) -> Any:
    found = Stage(rally(tmp_path / "a.rec"))
    snapshots = found.player.snapshots()
    await anext(snapshots)
    yield found
    found.time.free()
    await found.player.close()


async def test_it_plays_in_recorded_time(stage: Stage) -> None:
    await stage.go(10)
    assert stage.at_s == pytest.approx(10, abs=0.3)
    assert stage.state == "playing"


async def test_pause_and_go_on(stage: Stage) -> None:
    await stage.go(5)
    assert await stage.press("pause") == Done("paused")
    held = stage.at_s
    await stage.go(60)
    assert (stage.at_s, stage.state) == (held, "paused")
    assert await stage.press("pause") == Done("playing at 1x")
    await stage.go(3)
    assert stage.at_s == pytest.approx(held + 3, abs=0.5)


async def test_a_frame_and_a_second_at_a_time(stage: Stage) -> None:
    await stage.go(10)
    await stage.press("frame")
    first, mark = stage.at_s, stage.replay.watch.snapshot().positions[0].mark
    await stage.press("frame")
    assert stage.at_s == pytest.approx(first + 1, abs=0.3)
    assert stage.replay.watch.snapshot().positions[0].mark == mark + 2
    assert stage.state == "paused"
    await stage.press("second")
    assert stage.at_s == pytest.approx(first + 2, abs=0.3)


async def test_on_to_each_alert(stage: Stage) -> None:
    """Each stop is at the moment of a new alert, or of one that got worse; then the end."""
    stops: list[float] = []
    known = waiting(stage.replay.watch.alarm.state)
    while stage.state != "ended":
        assert await stage.press("alert") == Done("on to the next alert")
        for _ in range(400):
            await stage.go(0.05)
            if stage.state != "searching":
                break
        now = waiting(stage.replay.watch.alarm.state)
        if stage.state == "paused":
            assert now - known
            stops.append(stage.at_s)
        known = now
    assert stops == sorted(set(stops))
    assert len(stops) >= 3
    assert await stage.press("alert") == Refused("The recording has ended.")


async def test_faster_and_slower(stage: Stage) -> None:
    for speed in SPEEDS[1:]:
        assert await stage.press("faster") == Done(f"{speed}x")
        if speed == 10:
            break
    before = stage.at_s
    await stage.go(2)
    assert stage.at_s == pytest.approx(before + 20, abs=1)
    assert await stage.press("slower") == Done("5x")
    for _ in SPEEDS:
        answer = await stage.press("slower")
    assert answer == Done("1x")


async def test_at_its_end_it_stands_still_and_says_so(stage: Stage) -> None:
    await stage.go(125)
    ended = stage.replay.clock.instant
    await stage.go(60)
    assert stage.replay.clock.instant == ended
    assert stage.state == "ended"
    snapshot = await anext(stage.player.snapshots())
    assert snapshot.playback is not None
    assert (snapshot.playback.state, snapshot.playback.at_s) == ("ended", snapshot.playback.length_s)
    assert snapshot.notices[0] == "The recording ends here, at 2026-11-18 11:08:40 UTC."
    assert await stage.press("pause") == Refused("The recording has ended.")


async def test_alerts_can_be_answered_in_a_replay(stage: Stage) -> None:
    await stage.press("alert")
    await stage.go(1)
    alert = stage.replay.watch.snapshot().alerts[0]
    assert isinstance(await stage.player.request(Acknowledge(alert.id, alert.level, "ana")), Done)
    assert stage.replay.watch.snapshot().alerts[0].answered_by == "ana"


async def test_a_closed_player_says_why(stage: Stage) -> None:
    snapshots = stage.player.snapshots()
    await anext(snapshots)
    stage.time.free()
    await stage.player.close()
    with pytest.raises(MonitorLost, match="the replay was closed"):
        await anext(snapshots)


def test_a_live_monitor_is_not_moved() -> None:
    async def never(*_: object) -> None: ...

    engine = Engine(Desk().watch, never)
    assert asyncio.run(engine.request(Control("pause"))) == Refused("Only a replay can be moved.")
