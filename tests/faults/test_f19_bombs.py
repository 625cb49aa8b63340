"""F19: packed frames that would fill the memory, and those that no contract allows."""

from __future__ import annotations

import gzip
import subprocess
import sys
import zlib
from functools import cache
from pathlib import Path

import pytest
from hostile import EVERY, natives, real_frames

from feeds.clean import ParseError
from feeds.venue import Feed

ROOT = Path(__file__).parents[2]
MEASURE = """
import sys
from pathlib import Path
from hostile import EVERY, natives
from feeds.clean import ParseError

def peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])

frames = [Path(name).read_bytes() for name in sys.argv[1:]]
before = peak()
for feed in EVERY.values():
    for frame in frames:
        try:
            assert feed.parser(natives(feed)).parse(frame, 1) == []
        except ParseError:
            continue
print(peak() - before)
"""


@cache
def bomb(kind: str, mebibytes: int = 64) -> bytes:
    """So many mebibytes of zeros, packed: a quarter of one."""
    packer = zlib.compressobj(1, zlib.DEFLATED, {"gzip": 31, "zlib": 15, "deflate": -15}[kind])
    return b"".join([*(packer.compress(bytes(2**20)) for _ in range(mebibytes)), packer.flush()])


def test_f19_a_bomb_costs_less_than_32_mib(tmp_path: Path) -> None:
    """Measured as the peak of a process of its own, over every parser there is."""
    kinds = {"gzip": bomb("gzip"), "zlib": bomb("zlib"), "deflate": bomb("deflate")}
    kinds["twice"] = gzip.compress(bomb("gzip"))
    for name, data in kinds.items():
        assert len(data) < 2**20, "small enough to be let in as a frame"
        (tmp_path / name).write_bytes(data)
    paths = [str(tmp_path / name) for name in kinds]
    path = f"{Path(__file__).parent}:{ROOT}"
    command = [sys.executable, "-c", MEASURE, *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={"PYTHONPATH": path}, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 32 * 1024, f"{done.stdout.strip()} KiB"


@pytest.mark.parametrize("feed", EVERY.values(), ids=EVERY)
def test_f19_only_packed_frames_of_a_venue_that_packs_are_opened(feed: Feed) -> None:
    """Elsewhere a packed frame is garbage: it costs itself, and nothing of it is believed."""
    frames = real_frames(feed.id)
    packs = any(isinstance(frame, bytes) for frame in frames)
    packed = [frame if isinstance(frame, bytes) else gzip.compress(frame.encode(), 1) for frame in frames[:40]]
    parser = feed.parser(natives(feed))
    if packs:
        assert any(parser.parse(frame, 1) for frame in packed)
        return
    for frame in packed:
        with pytest.raises(ParseError):
            parser.parse(frame, 1)
