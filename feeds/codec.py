"""Compressed frames, opened with a limit: a small frame must not become a large one."""

from __future__ import annotations

import zlib

from feeds.clean import ParseError, clean

MAX_OPENED = 2**20
"""Bytes that one frame may become; as much as an uncompressed frame may have."""
_GZIP = 16 + zlib.MAX_WBITS


def gunzip(frame: bytes, limit: int = MAX_OPENED) -> bytes:
    """What a gzip frame holds. Raises ParseError where it is no whole gzip frame, or would be larger than `limit`."""
    opener = zlib.decompressobj(_GZIP)
    try:
        opened = opener.decompress(frame, limit)
    except zlib.error as error:
        raise ParseError(f"not a gzip frame: {clean(str(error), 80)}") from None
    if opener.unconsumed_tail or (not opener.eof and len(opened) >= limit):
        raise ParseError(f"a gzip frame of more than {limit >> 10} KiB")
    if not opener.eof:
        raise ParseError("a gzip frame that breaks off")
    if opener.unused_data:
        raise ParseError("a gzip frame with something behind it")
    return opened
