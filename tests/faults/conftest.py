"""The rooms whose helpers these tests use: the feeds' clock, venue and proxy, and the monitor's desk."""

from __future__ import annotations

import sys
from pathlib import Path

for room in ("feeds", "monitor"):
    path = str(Path(__file__).parents[1] / room)
    if path not in sys.path:
        sys.path.append(path)
