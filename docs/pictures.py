"""Pictures of the screen as PNG files.

    python docs/pictures.py FOLDER [--demo SECONDS]

Without --demo the screen shows the hand-written book of the tests, the same on every run, at three sizes and in every
theme. With --demo a demo is started and its screen taken after so many seconds, with its own alerts: the pictures of
the README. Needs rsvg-convert and the font DejaVu Sans Mono.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "tui")]

import book  # noqa: E402
from fake import FakeMonitor  # noqa: E402

from hedge.snapshot import EMPTY  # noqa: E402
from monitor.messages import Monitor, MonitorLost  # noqa: E402
from themes import THEMES  # noqa: E402
from tui.app import HedgeApp  # noqa: E402
from tui.watching import Watching  # noqa: E402

SIZES = ((120, 36), (80, 24), (200, 60))
STATES = ("CALM", "WARNING", "CAUTION", "ANSWERED", "LATCHED", "HOT", "ODD", "LEGS", "DEMO")


def to_png(svg: str, target: Path) -> None:
    """Textual asks for a font from the web; the one installed here has all the glyphs."""
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;]+;", "font-family: DejaVu Sans Mono;", svg)
    svg = re.sub(r"(<text[^>]*) x=\"([\d.]+)\"([^>]*) textLength=\"([\d.]+)\"([^>]*)>([^<]*)</text>", _cells, svg)
    svg = _without_window(svg)
    subprocess.run(["rsvg-convert", "-z", "0.82", "-o", str(target)], input=svg.encode(), check=True)


def _cells(text: re.Match[str]) -> str:
    """A text with every character at its own cell: where a glyph comes from another font, the rest keeps its place."""
    before, x, between, length, after, content = text.groups()
    characters = html.unescape(content).replace("\xa0", " ")
    width = float(length) / max(1, len(characters))
    return "".join(
        f'{before} x="{float(x) + index * width:.1f}"{between}{after}>{html.escape(character)}</text>'
        for index, character in enumerate(characters)
        if character != " "
    )


def _without_window(svg: str) -> str:
    """The cells alone: no title bar, no buttons, no margin."""
    origin = re.search(r'<g transform="translate\(([\d.]+), ([\d.]+)\)" clip-path', svg)
    inner = re.search(r'-clip-terminal">\s*<rect x="0" y="0" width="([\d.]+)" height="([\d.]+)"', svg)
    if origin is None or inner is None:
        return svg
    box = " ".join((*origin.groups(), *inner.groups()))
    return re.sub(r'viewBox="[^"]+"', f'viewBox="{box}" width="{inner[1]}" height="{inner[2]}"', svg, count=1)


async def take(
    monitor: Monitor, target: Path, size: tuple[int, int], keys: str = "", theme: str = "dark", wait: float = 0.3
) -> None:
    """Run the screen without a terminal, press keys, and write what it shows."""
    app = HedgeApp(Watching(monitor), THEMES[theme], ascii_only="ascii" in target.name)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(wait)
        for key in keys.split():
            await pilot.press(key)
            await pilot.pause(0.2)
        await pilot.pause(0.2)
        to_png(app.export_screenshot(), target)
        print(target)
        app.exit(return_code=0)


async def from_book(folder: Path) -> None:
    """Every state, size and theme of the fixture."""
    for state in STATES:
        for width, height in SIZES:
            fake = FakeMonitor(getattr(book, state))
            keys = "enter" if state == "LEGS" else "down down" if state in ("WARNING", "CALM") else ""
            await take(fake, folder / f"{state.lower()}-{width}x{height}.png", (width, height), keys)
    for theme in THEMES:
        await take(FakeMonitor(book.WARNING), folder / f"theme-{theme}.png", SIZES[0], "down down", theme)
    for name, keys in (("help", "question_mark"), ("ticket", "t"), ("quit", "q"), ("paused", "space"), ("next", "n")):
        for width, height in SIZES[:2]:
            await take(FakeMonitor(book.WARNING), folder / f"{name}-{width}x{height}.png", (width, height), keys)
    await take(FakeMonitor(EMPTY), folder / "empty-120x36.png", SIZES[0])
    await take(FakeMonitor(book.WARNING), folder / "ascii-120x36.png", SIZES[0], "down down")
    await take(FakeMonitor(book.WARNING), folder / "compact-40x16.png", (40, 16))
    await take(FakeMonitor(book.WARNING), folder / "line-30x5.png", (30, 5))
    lost = FakeMonitor(book.WARNING, MonitorLost("The monitor ended: killed by signal 9."))
    await take(lost, folder / "lost-120x36.png", SIZES[0])
    await take(FakeMonitor(book.WARNING), folder / "silent-120x36.png", SIZES[0], wait=4.2)


async def from_demo(folder: Path, seconds: float) -> None:
    """One demo, its screen at three sizes, once it has alerts of its own."""
    from monitor.viewer import demo

    monitor = demo(os.environ)
    app = HedgeApp(Watching(monitor), THEMES["dark"])
    try:
        async with app.run_test(size=SIZES[0]) as pilot:
            await pilot.pause(seconds)
            for width, height in SIZES:
                await pilot.resize_terminal(width, height)
                await pilot.pause(6)
                size = "" if (width, height) == SIZES[0] else f"-{width}x{height}"
                to_png(app.export_screenshot(), folder / f"overview-demo{size}.png")
            app.exit(return_code=0)
    finally:
        await monitor.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--demo", type=float, metavar="SECONDS", help="take a running demo after so many seconds")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(from_book(given.folder) if given.demo is None else from_demo(given.folder, given.demo))


if __name__ == "__main__":
    main()
