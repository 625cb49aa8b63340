"""The frames of the link: one kind byte, four bytes of length, msgspec JSON.

The monitor speaks first (`Hello`), so a viewer of another version is told so before anything is read wrongly.
"""

from __future__ import annotations

import asyncio
import functools
import struct

import msgspec
from msgspec import Struct

from hedge.snapshot import Snapshot
from monitor.messages import Answer, Request

PROTOCOL = 2
"""Changes whenever a frame of the other version would be misread."""

FRAME_LIMIT = 16 * 1024 * 1024

HELLO, SNAPSHOT, ANSWER, GOODBYE, REQUEST, WATCH = b"H", b"S", b"A", b"G", b"R", b"W"
_HEADER = struct.Struct(">cI")


class Hello(Struct, frozen=True):
    """The first frame down."""

    protocol: int
    version: str
    pid: int
    path: str
    """The portfolio watched."""
    ends_with_viewer: bool = False


class Asked(Struct, frozen=True):
    id: int
    request: Request


class Answered(Struct, frozen=True):
    id: int
    answer: Answer


class Goodbye(Struct, frozen=True):
    """The last frame down: why the monitor ends."""

    reason: str


encode = msgspec.json.encode
decode = msgspec.json.decode


@functools.cache
def snapshots() -> msgspec.json.Decoder[Snapshot]:
    """Reads snapshots; made at the first one, because a viewer's first frame waits for this module."""
    return msgspec.json.Decoder(Snapshot)


async def read_frame(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """One frame: kind and payload. Raises EOFError at the end, ValueError for a frame that no hedgetui sends."""
    try:
        kind, length = _HEADER.unpack(await reader.readexactly(_HEADER.size))
        if length > FRAME_LIMIT:
            raise ValueError(f"a frame of {length} bytes")
        return kind, await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise EOFError from error


def frame(kind: bytes, payload: bytes) -> bytes:
    return _HEADER.pack(kind, len(payload)) + payload
