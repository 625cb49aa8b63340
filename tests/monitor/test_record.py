"""`hedgetui record`, and what a replay makes of it, on the simulated exchange over real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import stat
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from desk import StandingClock, edited
from household import Home, wait_for
from msgspec.structs import replace
from shell import Shell
from tapes import VirtualTime, header, rally
from test_terminal import Terminal

from feeds.markets import FeedSetup, watch_markets
from feeds.recorder import Recorder, RecordingFile
from feeds.recording import Recording
from feeds.simulator import Simulator, serve_playback
from feeds.simulator.script import Fault
from feeds.venues import FEEDS
from hedge.book.book import Book
from hedge.market import Clock, Instant, Update, Want
from hedge.portfolio import load_portfolio
from hedge.snapshot import Snapshot
from monitor.clock import BootClock
from monitor.engine import Engine
from monitor.player import Player
from monitor.record import Session
from monitor.replay import at_end, open_replay
from monitor.watch import Watch

BOOK = edited(
    holdings=[
        {"asset": "SOL", "quantity": "200"},
        {"asset": "BTC", "quantity": "1"},
        {"asset": "ETH", "quantity": "5"},
    ],
    accounts=[
        *edited()["accounts"],
        {
            "id": "usdm",
            "venue": "binance",
            "collateral": {"USDT": "90000"},
            "positions": [
                {"symbol": "BTC/USDT:USDT", "side": "short", "contracts": "1", "margin_mode": "cross", "leverage": "2"}
            ],
        },
        {
            "id": "coin",
            "venue": "bybit",
            "collateral": {"ETH": "5"},
            "positions": [
                {
                    "symbol": "ETH/USD:ETH",
                    "side": "short",
                    "contracts": "17000",
                    "entry_price": "3500",
                    "margin_mode": "cross",
                }
            ],
        },
    ],
    policy={"target": "1"},
)


SINCE = ("value_change", "allocation_shift", "turnover", "rebased", "weight_shift")
"""Compared with the first beat at which every price was known; the beats of two watches are not in step."""


class NotedClock(BootClock):
    """Remembers when it was last asked."""

    def __init__(self) -> None:
        self.last = super().now()

    def now(self) -> Instant:
        self.last = super().now()
        return self.last


def figures(snapshot: Snapshot) -> dict[str, Any]:
    """Everything a snapshot says but where it comes from. Of alerts what they are: how long they wait depends on the
    phase of the heartbeat, and their orders on a thread."""
    same = replace(snapshot, mode="live", path="", started="", alerts=())
    alerts = [[alert.id, alert.level, alert.state, alert.fact] for alert in snapshot.alerts]
    return {**json.loads(msgspec.json.encode(same)), "alerts": alerts}


def differences(found: Any, expected: Any, path: str = "") -> Iterator[str]:
    """Where two documents differ, and how."""
    if isinstance(found, dict) and isinstance(expected, dict) and found.keys() == expected.keys():
        for key in found:
            yield from differences(found[key], expected[key], f"{path}.{key}")
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for place, pair in enumerate(zip(found, expected, strict=True)):
            yield from differences(*pair, f"{path}[{place}]")
    elif found != expected:
        yield f"{path}: {found} and not {expected}"


@asynccontextmanager
async def watched(portfolio: Any, path: Path, sim: Simulator, clock: Clock) -> AsyncIterator[Watch]:
    """A live engine whose feeds are recorded, until the end of the block."""
    file = RecordingFile(path, header(clock, book=BOOK), max_bytes=2**30, keep=0)
    recorder = Recorder(clock)
    setup = FeedSetup(sim.urls, sim.rest_urls, tap=recorder)

    async def feeds(wants: Any, emit: Any) -> None:
        def hear(update: Update) -> None:
            recorder.hear(update)
            emit(update)

        await watch_markets(wants, setup, clock, random.Random(1), hear)

    watch = Watch(portfolio, clock)
    engine = Engine(watch, feeds)
    running = asyncio.create_task(engine.run())
    saving = asyncio.create_task(recorder.save(file, asyncio.sleep))
    try:
        yield watch
    finally:
        saving.cancel()
        engine.stop("seen enough")
        await running
        await asyncio.gather(saving, return_exceptions=True)
        file.write(recorder.take_lines())
        file.close()


async def until(true: Any, seconds: float = 40) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def known(watch: Watch) -> bool:
    rows = watch.snapshot().positions
    return all(row.mark and row.index and row.coins and row.funding_rate is not None for row in rows)


async def test_a_replay_shows_the_figures_that_were_seen_live(tmp_path: Path) -> None:
    """Three feeds, a reconnect on the way, contract facts and history: everything on the screen, ages too."""
    portfolio = load_portfolio(json.dumps(BOOK), "book.json")
    path, clock = tmp_path / "a.rec", NotedClock()
    async with Simulator(seed=3) as sim, watched(portfolio, path, sim, clock) as watch:
        await until(lambda: known(watch))
        await sim.strike(Fault(kind="abort", start_s=0, feed="bybit-linear"))
        await until(lambda: any(row.dials > 1 for row in watch.snapshot().feeds))
        await asyncio.sleep(3)
        await until(lambda: known(watch))
        live, at = watch.snapshot(), clock.last
    replay = open_replay(path)
    while not replay.ended and replay.next_ms <= at.mono_ms:
        replay.step()
    replay.clock.instant = at
    expected = figures(live)
    found = differences(figures(replay.watch.snapshot()), expected)
    assert [each for each in found if not any(f".{name}: " in each for name in SINCE)] == []
    assert expected["totals"]["off_usd"] is not None


# as a command


@contextmanager
def recording(home: Home, *words: str) -> Iterator[subprocess.Popen[str]]:
    process = home.start("record", *words)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def heard(process: subprocess.Popen[str], words: str) -> list[str]:
    """Lines of stderr up to one with these words."""
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line.rstrip("\n"))
        if words in line:
            return lines
    raise AssertionError(lines)


def test_record_until_ctrl_c_beside_a_monitor_then_status_of_the_recording(connected: Home) -> None:
    home = connected
    watching = home.start("monitor", str(home.portfolio))
    heard(watching, "watching")
    file = home.folder / "day.rec"
    with recording(home, str(home.portfolio), str(file)) as process:
        heard(process, "bybit-linear live")
        heard(process, "bybit-facts live")
        process.send_signal(signal.SIGINT)
        out = heard(process, "Recorded")
        assert process.wait(15) == 0
    assert "frames of 2 connections" in out[-1]
    assert f"`hedgetui replay {file}` shows it." in out[-1]
    assert watching.poll() is None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    run = home.run("status", "--replay", str(file), "--json")
    assert (run.returncode, run.stderr) == (0, "")
    shown = json.loads(run.stdout)
    assert (shown["mode"], shown["portfolio"]) == ("replay", "Test")
    assert Decimal(shown["positions"][0]["mark"]) > 0
    assert shown["positions"][0]["coins"] is not None


def test_a_recorder_that_is_killed_leaves_what_it_wrote(connected: Home) -> None:
    home = connected
    file = home.folder / "day.rec"
    with recording(home, str(home.portfolio), str(file)) as process:
        heard(process, "bybit-facts live")
        sizes = [file.stat().st_size]
        while sizes[-1] < sizes[0] + 1:
            sizes.append(file.stat().st_size)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    whole = file.read_bytes()
    file.write_bytes(whole[:-7])
    assert at_end(file).positions[0].mark is not None


def test_without_any_data_it_says_so(home: Home) -> None:
    home.no_network()
    file = home.folder / "day.rec"
    with recording(home, str(home.portfolio), str(file)) as process:
        heard(process, "bybit-linear backing off: ")
        process.send_signal(signal.SIGTERM)
        heard(process, "Recorded")
        assert process.wait(15) == 3
    run = home.run("status", "--replay", str(file))
    assert run.returncode == 3
    assert "No data came: " in run.stderr


def test_a_replay_on_a_terminal(home: Home) -> None:
    """From the shell's prompt and back: it plays, stops, ends by q, and leaves nothing behind."""
    rally(home.folder / "a.rec")
    screen = Terminal(home, "replay", "a.rec", "--speed", "5")
    try:
        wait_for(lambda: b"REPLAY 5x" in screen.painted, 30)
        screen.type("g")
        wait_for(lambda: b"REPLAY PAUSED" in screen.painted and b"unanswered" in screen.painted, 30)
        time.sleep(0.3)  # keys that come faster than a hand are a paste
        screen.type("q")
        assert screen.process.wait(20) == 0
    finally:
        screen.close()
    assert home.sock is None


def test_a_file_that_is_there_is_refused_and_kept(shell: Shell) -> None:
    run = shell("record", str(shell.home.portfolio), str(shell.home.portfolio))
    assert run.code == 2
    assert "is there already" in run.err
    assert json.loads(shell.home.portfolio.read_text()) == edited()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("record", "none.json", "x.rec"), "There is no file"),
        (("record", "x.rec"), "Which portfolio?"),
        (("status", "--replay", "none.rec"), "none.rec: no such file or directory."),
        (("status", "none.json", "--replay", "a.rec"), "There is no file"),
        (("status", "--replay", "book.json"), "line 1: this is no recording of hedgetui."),
        (("replay", "none.rec"), "none.rec: no such file or directory."),
        (("record", "book.json", "nowhere/x.rec"), "x.rec: no such file or directory."),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(shell: Shell, words: tuple[str, ...], says: str) -> None:
    rally(shell.home.folder / "a.rec")
    run = shell(*words)
    assert (run.code, run.out) == (2, "")
    assert says in run.err


@pytest.mark.parametrize("speed", ["0", "5001", "1.5", "-1", "fast"])
def test_a_speed_out_of_bounds_is_refused(shell: Shell, speed: str) -> None:
    run = shell("replay", "a.rec", f"--speed={speed}")
    assert run.code == 2
    assert f"{speed} is not a whole number from 1 to 5000" in run.err


def test_status_of_a_recording_with_another_portfolio(shell: Shell) -> None:
    rally(shell.home.folder / "a.rec")
    shell.home.write(edited(name="Mine"))
    run = shell("status", "book.json", "--replay", "a.rec", "--json")
    assert (run.code, run.json["portfolio"], run.json["positions"][0]["mark"]) == (0, "Mine", "150")
    text = shell("status", "--replay", "a.rec")
    assert text.out.startswith("Test   replay   as of 2026-11-18T11:08:40Z")


async def test_a_full_part_begins_anew_with_connections_of_its_own(tmp_path: Path) -> None:
    portfolio = load_portfolio(json.dumps(BOOK), "book.json")
    clock, path = BootClock(), tmp_path / "a.rec"
    said: list[str] = []
    async with Simulator(seed=3) as sim:
        file = RecordingFile(path, header(clock, book=BOOK), max_bytes=40_000, keep=1)
        setup = FeedSetup(sim.urls, sim.rest_urls, str(tmp_path / "cache"))
        session = Session(Book(portfolio), setup, file, clock, said.append)
        running = asyncio.create_task(session.run())
        await until(lambda: file.header.part >= 3)
        await until(lambda: path.stat().st_size > 15_000)
        session.stop()
        counts = await running
    assert counts.connections >= 9
    assert [part.name for part in Recording(path).parts] == ["a.rec.1", "a.rec"]
    alone = Recording(path.rename(tmp_path / "alone.rec")).path
    assert all(row.mark is not None for row in at_end(alone).positions)


async def test_what_an_address_holds_is_recorded_with_its_markets(tmp_path: Path) -> None:
    """The file names no market: what is wanted is known once the address was read, while it records and in a replay."""
    written = {
        "schema": "hedgetui.portfolio/1",
        "name": "By address",
        "holdings": [{"asset": "BTC", "quantity": "0.5"}],
        "accounts": [{"id": "hl", "venue": "hyperliquid", "address": "0x" + "5a" * 20}],
    }
    portfolio = load_portfolio(json.dumps(written), "book.json")
    clock, path = BootClock(), tmp_path / "a.rec"
    async with Simulator(seed=3) as sim:
        file = RecordingFile(path, header(clock, book=written), max_bytes=2**30, keep=0)
        session = Session(Book(portfolio), FeedSetup(sim.urls, sim.rest_urls), file, clock, lambda words: None)
        running = asyncio.create_task(session.run())
        await until(lambda: {row.mark is None for row in at_end(path).positions} == {False})
        session.stop()
        await running
    marks = {row.id: row.mark for row in at_end(path).positions}
    assert marks.keys() == {"hl/BTC/USDC:USDC/short", "hl/ETH/USDC:USDC/short"}
    replay, time = open_replay(path), VirtualTime()
    player = Player(replay, 5000, now=time.now, sleep=time.sleep)
    async for shown in player.snapshots():
        if shown.playback is not None and shown.playback.state == "ended":
            break
    await player.close()
    assert {row.id: row.mark for row in shown.positions} == marks


# captured frames


WIRE = Path(os.environ.get("HEDGETUI_WIRE", "/nonexistent"))
CAPTURED = {
    "binance-usdm": ("binance-usdm/mark-price.jsonl", "binance", "BTC/USDT:USDT", "BTCUSDT"),
    "bybit-linear": ("bybit/linear-tickers.jsonl", "bybit", "BTC/USDT:USDT", "BTCUSDT"),
    "bybit-inverse": ("bybit/inverse-tickers.jsonl", "bybit", "BTC/USD:BTC", "BTCUSD"),
}


@pytest.mark.skipif(not WIRE.exists(), reason="HEDGETUI_WIRE does not lead to the captured messages")
@pytest.mark.parametrize("feed", CAPTURED)
async def test_captured_frames_become_a_recording_that_shows_what_the_engine_saw(feed: str, tmp_path: Path) -> None:
    """Over a socket into an engine, and as a recording into a replay: the same figures."""
    file, venue, symbol, native = CAPTURED[feed]
    frames = (WIRE / file).read_text().splitlines()
    written = edited(holdings=[{"asset": "BTC", "quantity": "1"}])
    account = written["accounts"][0]
    account["venue"], account["collateral"] = venue, {symbol.partition(":")[2]: "1000000"}
    account["positions"][0]["symbol"] = symbol
    clock = StandingClock()
    found: Snapshot | None = None
    async with serve_playback({feed: frames}, clock=clock) as peer:
        setup = FeedSetup(urls=peer.urls, rest_urls=peer.rest_urls)

        async def feeds(wants: tuple[Want, ...], emit: Any) -> None:
            await watch_markets(wants, setup, clock, random.Random(1), emit)

        engine = Engine(Watch(load_portfolio(json.dumps(written), "book.json"), clock), feeds)
        running = asyncio.create_task(engine.run())
        await peer.play_all(feed)
        await until(lambda: engine.watch.snapshot().positions[0].mark is not None)
        await asyncio.sleep(0.5)
        found = engine.watch.snapshot()
        engine.stop("played")
        await running
    path = tmp_path / "wire.rec"
    tape = RecordingFile(path, header(clock, book=written), max_bytes=2**30, keep=0)
    recorder = Recorder(clock)
    parser = recorder.feed(FEEDS[feed]).parser({native: symbol})
    for frame in frames:
        for each in parser.parse(frame, clock.now().mono_ms):
            if isinstance(each, Update):
                recorder.hear(each)
    tape.write(recorder.take_lines())
    tape.close()
    replay = open_replay(path)
    replay.to_end()
    seen, row = found.positions[0], replay.watch.snapshot().positions[0]
    assert row.mark is not None
    names = ("mark", "index", "funding_rate", "next_funding", "basis_pct")
    assert [getattr(row, name) for name in names] == [getattr(seen, name) for name in names]
