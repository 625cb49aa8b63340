"""The link over a real Unix socket: snapshots down, requests up, and nobody waits for a viewer."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from hedge.snapshot import AssetRow, Snapshot, Totals
from monitor.frames import PROTOCOL, WATCH, Hello, decode, frame, read_frame
from monitor.link import Server, connect
from monitor.mailbox import Mailbox
from monitor.messages import (
    Acknowledge,
    Answer,
    Done,
    History,
    MonitorLost,
    Points,
    Refused,
    Request,
    WatcherCount,
    Watchers,
)


class Desk:
    """A host without an engine: the test puts the snapshots."""

    def __init__(self) -> None:
        self.boxes: list[Mailbox[Snapshot]] = []
        self.asked: list[Request] = []

    def open_mailbox(self) -> Mailbox[Snapshot]:
        self.boxes.append(Mailbox())
        return self.boxes[-1]

    def close_mailbox(self, box: Mailbox[Snapshot]) -> None:
        self.boxes.remove(box)

    @property
    def watching(self) -> int:
        return len(self.boxes)

    async def request(self, request: Request) -> Answer:
        self.asked.append(request)
        match request:
            case Watchers():
                return WatcherCount(self.watching)
            case History():
                return Points((5.0, 0.0), (Decimal("0.4"), Decimal("0.41")), "needs 24 h, has 1 m")
            case Acknowledge(id="gone#1"):
                return Refused("It is gone.")
            case _:
                return Done("acknowledged")

    def put(self, snapshot: Snapshot) -> None:
        for box in self.boxes:
            box.put(snapshot)


@asynccontextmanager
async def serving(path: Path, silent_s: float = 60.0, protocol: int = PROTOCOL) -> AsyncIterator[tuple[Desk, Server]]:
    desk = Desk()
    server = Server(desk, Hello(protocol, "0.1.0", os.getpid(), "/book.json"), silent_s)
    await server.open(path)
    try:
        yield desk, server
    finally:
        for box in desk.boxes:
            box.close("stopped")
        await server.close()


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 what is waited for has no event
            await asyncio.sleep(0.01)


def numbered(number: int, rows: int = 0) -> Snapshot:
    assets = tuple(AssetRow(f"COIN{row}", net_usd=Decimal("-0.10")) for row in range(rows))
    return Snapshot(as_of=str(number), totals=Totals(off_usd=Decimal("1.50")), assets=assets)


async def test_snapshots_come_down_whole(tmp_path: Path) -> None:
    async with serving(tmp_path / "sock") as (desk, _):
        client = await connect(tmp_path / "sock")
        snapshots = client.snapshots()
        taking = asyncio.ensure_future(anext(snapshots))
        await until(lambda: desk.boxes)
        desk.put(numbered(1, rows=3))
        got = await taking
        assert got.totals.off_usd == Decimal("1.50")
        assert [row.asset for row in got.assets] == ["COIN0", "COIN1", "COIN2"]
        await client.close()
        await until(lambda: not desk.boxes)


async def test_each_request_gets_its_own_answer(tmp_path: Path) -> None:
    async with serving(tmp_path / "sock") as (_desk, _):
        client = await connect(tmp_path / "sock")
        requests: tuple[Request, ...] = (
            Acknowledge("gone#1", "caution"),
            History("positions.x.to_liquidation", 60),
            Watchers(),
            Acknowledge("here#1", "caution", who="ann"),
        )
        refused, points, count, done = await asyncio.gather(*(client.request(request) for request in requests))
        assert refused == Refused("It is gone.")
        assert points == Points((5.0, 0.0), (Decimal("0.4"), Decimal("0.41")), "needs 24 h, has 1 m")
        assert count == WatcherCount(0)
        assert done == Done("acknowledged")
        await client.close()


async def test_an_acknowledgement_is_signed_by_the_kernel_unless_named(tmp_path: Path) -> None:
    async with serving(tmp_path / "sock") as (desk, _):
        client = await connect(tmp_path / "sock")
        await client.request(Acknowledge("a#1", "caution"))
        await client.request(Acknowledge("a#1", "caution", who="ann"))
        first, second = desk.asked
        assert isinstance(first, Acknowledge)
        assert first.who.endswith("@" + socket.gethostname())
        assert isinstance(second, Acknowledge)
        assert second.who == "ann"
        await client.close()


async def test_a_viewer_that_does_not_read_gets_the_newest_and_delays_nobody(tmp_path: Path) -> None:
    """Thousands of snapshots go by; the quick viewer sees the last, the stopped one skips to it when it wakes."""
    async with serving(tmp_path / "sock") as (desk, _):
        quick = await connect(tmp_path / "sock")
        seen: list[str] = []

        async def follow() -> None:
            async for snapshot in quick.snapshots():
                seen.append(snapshot.as_of)

        following = asyncio.create_task(follow())
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "sock"), limit=1024)
        writer.write(frame(WATCH, b""))
        await until(lambda: len(desk.boxes) == 2)
        loop = asyncio.get_running_loop()
        worst = 0.0
        for number in range(600):
            started = loop.time()
            desk.put(numbered(number, rows=100))
            worst = max(worst, loop.time() - started)
            await asyncio.sleep(0)
        await until(lambda: seen and seen[-1] == "599")
        assert worst < 0.05
        assert decode((await read_frame(reader))[1], type=Hello).protocol == PROTOCOL
        numbers: list[int] = []
        while not numbers or numbers[-1] != 599:
            async with asyncio.timeout(5):
                _, payload = await read_frame(reader)
            numbers.append(int(payload.split(b'"as_of":"')[1].split(b'"')[0]))
        assert len(numbers) < 400, "old snapshots were queued for the one that did not read"
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        writer.close()
        await quick.close()


async def test_a_viewer_that_reads_nothing_is_dropped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(tmp_path / "sock", silent_s=0.3) as (desk, _):
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "sock"), limit=1024)
        writer.write(frame(WATCH, b""))
        await until(lambda: desk.boxes)
        async with asyncio.timeout(10):
            while desk.boxes:
                desk.put(numbered(0, rows=2000))
                await asyncio.sleep(0.02)
        assert "read nothing for" in caplog.text
        writer.close()
        del reader


async def test_the_end_of_the_monitor_reaches_the_viewer_with_its_reason(tmp_path: Path) -> None:
    async with serving(tmp_path / "sock") as (desk, server):
        client = await connect(tmp_path / "sock")
        asker = await connect(tmp_path / "sock")
        following = asyncio.ensure_future(anext(client.snapshots()))
        await until(lambda: desk.boxes)
        for box in desk.boxes:
            box.close("stopped by ann")
        await server.close()
        with pytest.raises(MonitorLost, match="stopped by ann"):
            await following
        with pytest.raises(MonitorLost):
            await client.request(Watchers())
        with pytest.raises(MonitorLost):
            await asker.request(Watchers())
        assert not (tmp_path / "sock").exists()
        await client.close()
        await asker.close()


async def test_a_dead_monitors_socket_file_is_replaced(tmp_path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "sock"))
    dead.close()
    with pytest.raises(MonitorLost, match="no monitor is running"):
        await connect(tmp_path / "sock")
    async with serving(tmp_path / "sock"):
        client = await connect(tmp_path / "sock")
        assert client.hello.path == "/book.json"
        await client.close()


async def test_another_version_is_told_so(tmp_path: Path) -> None:
    async with serving(tmp_path / "sock", protocol=PROTOCOL + 1):
        with pytest.raises(MonitorLost, match="hedgetui stop"):
            await connect(tmp_path / "sock")


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack(">cI", b"R", 2**31),
        struct.pack(">cI", b"R", 2) + b"[]",
        struct.pack(">cI", b"?", 0),
    ],
)
async def test_garbage_drops_that_viewer_only(tmp_path: Path, garbage: bytes) -> None:
    async with serving(tmp_path / "sock") as (_desk, _):
        client = await connect(tmp_path / "sock")
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "sock"))
        writer.write(garbage)
        async with asyncio.timeout(5):
            await reader.read()
        writer.close()
        assert await client.request(Watchers()) == WatcherCount(0)
        await client.close()
