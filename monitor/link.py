"""The link between a monitor and its viewers: a Unix socket, snapshots down, requests up, one answer each.

Every viewer has a writer of its own and one pending snapshot, the newest; nothing here is ever awaited by the engine,
so a viewer that is stopped costs the others nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import pwd
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import msgspec

from hedge.snapshot import Snapshot
from monitor.frames import (
    ANSWER,
    GOODBYE,
    HELLO,
    PROTOCOL,
    REQUEST,
    SNAPSHOT,
    WATCH,
    Answered,
    Asked,
    Goodbye,
    Hello,
    decode,
    encode,
    frame,
    read_frame,
    snapshots,
)
from monitor.mailbox import Mailbox
from monitor.messages import (
    Acknowledge,
    Answer,
    MonitorLost,
    Question,
    Rebased,
    Request,
    Reset,
    Shelve,
    Stop,
    WatcherCount,
)

SILENT_READER_S = 60.0
"""A viewer that reads nothing for this long is dropped; it rejoins when it wakes."""

MOST_ASIDES = 8
"""Questions of one viewer that are worked on at a time; while there are more, it is not listened to."""

_LOG = logging.getLogger("hedgetui.link")


class Host(Protocol):
    """What the link needs of an engine."""

    def open_mailbox(self) -> Mailbox[Snapshot]:
        """A new viewer: its own box of the newest snapshot, closed with a reason when the engine ends."""
        ...

    def close_mailbox(self, box: Mailbox[Snapshot]) -> None: ...

    @property
    def watching(self) -> int:
        """How many viewers are joined."""
        ...

    async def request(self, request: Request) -> Answer: ...


def peer(sock: socket.socket) -> tuple[int, int]:
    """Process and user id of the other end, as the kernel knows them; (0, own uid) where it cannot say."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return 0, os.getuid()
    pid, uid, _gid = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i")))
    return pid, uid


def user_name(uid: int) -> str:
    """Who acts, for the log: `ann@desk`."""
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return f"{name}@{socket.gethostname()}"


def listen_at(path: Path) -> socket.socket:
    """A socket at `path`. The caller holds the lock, so a socket file that is already there is a dead monitor's."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(str(path))
        path.chmod(0o600)
    except OSError:
        listening.close()
        raise
    return listening


class Server:
    """Serves one engine's viewers."""

    def __init__(self, host: Host, hello: Hello, silent_reader_s: float = SILENT_READER_S) -> None:
        self.host = host
        self.hello = hello
        self.silent_s = silent_reader_s
        self._newest: Snapshot | None = None
        self._newest_frame = b""
        self._viewers: dict[asyncio.Task[None], _Viewer] = {}
        self._server: asyncio.Server | None = None
        self._path: Path | None = None

    async def open(self, path: Path) -> None:
        """Listen, as the holder of the lock."""
        self._server = await asyncio.start_unix_server(self._accept, sock=listen_at(path))
        self._path = path

    async def close(self) -> None:
        """Stop listening, let goodbyes and answers out (at most a second), then cut. The boxes are closed by then."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        if self._server is not None:
            self._server.close()
        for viewer in self._viewers.values():
            viewer.dismiss()
        if self._viewers:
            _done, late = await asyncio.wait(self._viewers, timeout=1.0)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def frame_of(self, snapshot: Snapshot) -> bytes:
        """The snapshot's frame, encoded once for all viewers."""
        if snapshot is not self._newest:
            self._newest_frame = frame(SNAPSHOT, encode(snapshot))
            self._newest = snapshot
        return self._newest_frame

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pid, uid = peer(writer.get_extra_info("socket"))
        if uid != os.getuid():
            _LOG.warning("refused a viewer of user %d", uid)
            writer.transport.abort()
            return
        viewer = _Viewer(self, writer, pid, user_name(uid))
        task = asyncio.get_running_loop().create_task(viewer.serve(reader), name=f"viewer-{pid}")
        self._viewers[task] = viewer
        task.add_done_callback(self._viewers.pop)


class _Viewer:
    """One connection: requests are read and answered; once it asks to watch, snapshots are written beside that."""

    def __init__(self, server: Server, writer: asyncio.StreamWriter, pid: int, name: str) -> None:
        self._server = server
        self._writer = writer
        self._pid = pid
        self._name = name
        self._box: Mailbox[Snapshot] | None = None
        self._pump: asyncio.Task[None] | None = None
        self._asides: set[asyncio.Task[None]] = set()
        """Questions that are being worked on; an acknowledgement does not wait for them."""

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Until the viewer leaves, the monitor ends, or the viewer stops reading."""
        self._writer.transport.set_write_buffer_limits(high=0)
        try:
            await self._send(frame(HELLO, encode(self._server.hello)))
            while True:
                await self._answer(*await read_frame(reader))
        except EOFError:
            pass
        except TimeoutError:
            self._log_silence()
        except (ValueError, msgspec.MsgspecError) as error:
            _LOG.warning("a viewer (process %d) sent what cannot be read and was dropped: %s", self._pid, error)
        finally:
            if self._pump is not None:
                self._pump.cancel()
            for aside in self._asides:
                aside.cancel()
            if self._box is not None:
                self._server.host.close_mailbox(self._box)
            self._writer.transport.abort()

    def dismiss(self) -> None:
        """The monitor ends: a watcher gets its goodbye through its box, the others are hung up on once answered."""
        if self._pump is None:
            self._writer.close()

    async def _answer(self, kind: bytes, payload: bytes) -> None:
        if kind == WATCH:
            if self._box is None:
                self._box = self._server.host.open_mailbox()
                self._pump = asyncio.create_task(self._watch(self._box), name=f"snapshots-{self._pid}")
            return
        if kind != REQUEST:
            raise ValueError(f"a frame of kind {kind!r}")
        asked = decode(payload, type=Asked)
        if isinstance(asked.request, Question) and len(self._asides) < MOST_ASIDES:
            aside = asyncio.create_task(self._reply_aside(asked), name=f"question-{self._pid}")
            self._asides.add(aside)
            aside.add_done_callback(self._asides.discard)
        else:
            await self._reply(asked)

    async def _reply_aside(self, asked: Asked) -> None:
        """A viewer that does not take the answer is hung up on, which ends `serve` too."""
        try:
            await self._reply(asked)
        except (EOFError, TimeoutError):
            self._writer.transport.abort()

    async def _reply(self, asked: Asked) -> None:
        answer = await self._server.host.request(signed(asked.request, self._name))
        if isinstance(answer, WatcherCount):
            answer = WatcherCount(answer.count, self._server.hello.ends_with_viewer)
        await self._send(frame(ANSWER, encode(Answered(asked.id, answer))))

    async def _watch(self, box: Mailbox[Snapshot]) -> None:
        """Send the newest snapshot again and again; at the end hang up, which ends `serve` too."""
        try:
            async for snapshot in box:
                await self._send(self._server.frame_of(snapshot))
        except MonitorLost as lost:
            with contextlib.suppress(EOFError, TimeoutError):
                await self._send(frame(GOODBYE, encode(Goodbye(str(lost)))))
        except EOFError:
            pass
        except TimeoutError:
            self._log_silence()
            self._writer.transport.abort()
        finally:
            self._writer.close()

    async def _send(self, data: bytes) -> None:
        """Write and wait until it is gone: only this viewer's own tasks wait here."""
        try:
            self._writer.write(data)
            async with asyncio.timeout(self._server.silent_s):
                await self._writer.drain()
        except ConnectionError as error:
            raise EOFError from error

    def _log_silence(self) -> None:
        _LOG.warning("a viewer (process %d) read nothing for %.0f s and was dropped", self._pid, self._server.silent_s)


def signed(request: Request, name: str) -> Request:
    """The request with its author filled in from the kernel's word where the viewer gave none."""
    if isinstance(request, Acknowledge | Reset | Shelve | Rebased | Stop) and not request.who:
        return msgspec.structs.replace(request, who=name)
    return request


class Client:
    """A monitor reached over its socket; made by `connect`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hello: Hello) -> None:
        self.hello = hello
        self._reader = reader
        self._writer = writer
        self._box: Mailbox[bytes] = Mailbox()
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._last_id = 0
        self._watching = False
        self._lost = ""
        self.dismissed = False
        """Whether the monitor said goodbye, so that it is no use to join it again."""
        self._routes = asyncio.create_task(self._route(), name="link-reader")

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """The newest snapshot again and again; what was not taken in time is skipped and never decoded."""
        if not self._watching:
            self._watching = True
            self._write(frame(WATCH, b""))
        async for payload in self._box:
            yield snapshots().decode(payload)

    async def request(self, request: Request) -> Answer:
        if self._lost:
            raise MonitorLost(self._lost)
        self._last_id += 1
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[self._last_id] = answer
        self._write(frame(REQUEST, encode(Asked(self._last_id, request))))
        return await answer

    async def close(self) -> None:
        self._routes.cancel()
        await asyncio.gather(self._routes, return_exceptions=True)
        self._lose("left")
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    def _write(self, data: bytes) -> None:
        """Requests are small and rare; a monitor that does not read them is noticed by its silence, not by us."""
        if not self._writer.is_closing():
            self._writer.write(data)

    async def _route(self) -> None:
        reason = "the monitor is gone"
        try:
            while True:
                kind, payload = await read_frame(self._reader)
                if kind == SNAPSHOT:
                    self._box.put(payload)
                elif kind == ANSWER:
                    answered = decode(payload, type=Answered)
                    waiting = self._waiting.pop(answered.id, None)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(answered.answer)
                elif kind == GOODBYE:
                    reason = decode(payload, type=Goodbye).reason
                    self.dismissed = True
        except EOFError:
            pass
        except (ValueError, msgspec.MsgspecError) as error:
            reason = f"the monitor sent what cannot be read: {error}"
        finally:
            self._lose(reason)

    def _lose(self, reason: str) -> None:
        self._lost = self._lost or reason
        self._box.close(self._lost)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(MonitorLost(self._lost))
        self._waiting.clear()


class WrongVersion(MonitorLost):
    """The running monitor speaks another version of the link."""

    def __init__(self, hello: Hello) -> None:
        super().__init__(
            f"the running monitor is hedgetui {hello.version}, which this one cannot join: stop it with"
            " `hedgetui stop`, then start again"
        )
        self.hello = hello


async def connect(path: Path, timeout_s: float = 5.0) -> Client:
    """Join the monitor that listens at `path`. Raises MonitorLost where none does, or where it is another version's."""
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_unix_connection(str(path))
    except (OSError, TimeoutError) as error:
        raise MonitorLost("no monitor is running") from error
    try:
        async with asyncio.timeout(timeout_s):
            kind, payload = await read_frame(reader)
        if kind != HELLO:
            raise ValueError("it does not introduce itself")
        hello = decode(payload, type=Hello)
    except TimeoutError as error:
        writer.transport.abort()
        raise MonitorLost(f"the monitor has said nothing for {timeout_s:.0f} s") from error
    except (EOFError, ValueError, msgspec.MsgspecError) as error:
        writer.transport.abort()
        raise MonitorLost("what listens there is no monitor") from error
    if hello.protocol != PROTOCOL:
        writer.transport.abort()
        raise WrongVersion(hello)
    return Client(reader, writer, hello)
