"""Any other venue of ccxt.pro: a child process that holds ccxt stands in place of a socket, under the same supervision.

The process (feeds.ccxt_feed) takes lines of JSON and prints lines of JSON. A venue with a file of its own never comes
here: ccxt's sockets notice too late that they are dead, so what they bring is watched more suspiciously.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from msgspec import Struct

from feeds.clean import ParseError, clean, interval, number, price, rate, unix_ms
from feeds.helper import environment
from feeds.trouble import Recycle
from feeds.venue import Ack, Feed, Pong, Request, Said, coming, perpetual_parts, silence_ms
from hedge.market import Funding, FundingInterval, Index, Mark

SCHEME = "ccxt"
PREFIX = "ccxt-"
ALIVE_S = 5.0
"""Between two signs of life of the process."""
FUNDING_S = 60.0
"""Between two polls of funding, on venues that do not stream it."""
MAX_LINE = 2**20
OVER = b'{"over":'
"""How the last line of a process begins."""
ENDING_S = 2.0
"""How long the process gets to end by itself."""


class Setup(Struct, frozen=True):
    """The first line that the process reads."""

    venue: str
    """ccxt's class."""
    ws: str | None = None
    """Base in place of scheme and host of every socket address of the venue."""
    rest: str | None = None
    """The same for HTTP."""
    now_ms: int = 0
    """Wall time at the start; the process has no clock of its own."""


class Order(Struct, frozen=True):
    """Any other line that it reads."""

    do: Literal["watch", "drop"]
    symbols: list[str]


class Line(Struct, omit_defaults=True):
    """Any line that the process prints. Numbers stay text, as the venue wrote them."""

    symbol: str = ""
    mark: str | None = None
    index: str | None = None
    funding: bool = False
    """Whether the line tells of funding: then a missing rate means that there is none."""
    rate: str | None = None
    next_ms: int | None = None
    hours: str | None = None
    at_ms: int | None = None
    """The venue's own time."""
    refused: str = ""
    """Why this symbol cannot be watched."""
    over: str = ""
    """Why the process ends."""


_LINE = msgspec.json.Decoder(Line)


class LineParser:
    """The lines of one process."""

    def __init__(self, symbols: Mapping[str, str], feed: str, venue: str) -> None:
        self._symbols = symbols
        self._feed = feed
        self._source = f"ccxt {venue}"
        self._next: dict[str, int | None] = {}
        self._hours: dict[str, Decimal] = {}

    def parse(self, frame: str | bytes, at_mono_ms: int) -> list[Said]:
        try:
            line = _LINE.decode(frame)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"not a line of the ccxt process: {clean(str(error), 120)}") from None
        symbol = self._symbols.get(line.symbol)
        if symbol is None:
            return [Pong()] if not line.symbol else []
        if line.refused:
            return [Ack(None, False, clean(line.refused, 120), symbol)]
        try:
            return self._values(line, symbol, at_mono_ms)
        except ParseError as error:
            raise ParseError(str(error), symbol) from None

    def _values(self, line: Line, symbol: str, at_mono_ms: int) -> list[Said]:
        venue_ms, limit = unix_ms(line.at_ms), silence_ms(None)
        said: list[Said] = []
        if (mark := price(line.mark)) is not None:
            said.append(Mark(self._feed, symbol, mark, at_mono_ms, limit, venue_ms))
        if (index := price(line.index)) is not None:
            said.append(Index(self._feed, symbol, index, at_mono_ms, limit, venue_ms))
        if line.funding:
            said += self._funding(line, symbol, at_mono_ms, venue_ms)
        return said

    def _funding(self, line: Line, symbol: str, at_mono_ms: int, venue_ms: int | None) -> list[Said]:
        next_ms = self._next[symbol] = coming(unix_ms(line.next_ms), venue_ms, self._next.get(symbol))
        limit = round(3000 * FUNDING_S)
        said: list[Said] = [Funding(self._feed, symbol, rate(line.rate), next_ms, at_mono_ms, limit, venue_ms)]
        hours = interval(number(line.hours))
        if hours is not None and hours != self._hours.get(symbol):
            self._hours[symbol] = hours
            said.append(FundingInterval(self._feed, symbol, hours, self._source, at_mono_ms))
        return said


def request(do: Literal["watch", "drop"]) -> Request:
    """A builder of orders to the process."""

    def build(natives: Sequence[str], number: int) -> tuple[str]:
        return (msgspec.json.encode(Order(do, list(natives))).decode(),)

    return build


def perpetual(symbol: str) -> str | None:
    """ccxt knows its own symbols: a perpetual is asked for as it is written."""
    return None if perpetual_parts(symbol) is None else symbol


def feed(venue: str) -> Feed:
    """The table of one venue of ccxt.pro: its perpetuals."""
    name = f"{PREFIX}{venue}"
    return Feed(
        id=name,
        venue=venue,
        url=f"{SCHEME}://{venue}",
        native=perpetual,
        subscribe=request("watch"),
        unsubscribe=request("drop"),
        carries=("mark", "index", "funding", "interval"),
        parser=partial(LineParser, feed=name, venue=venue),
        socket_silence_ms=round(4000 * ALIVE_S),
        send_gap_s=0.0,
        per_socket=50,
        first_frame_ms=45_000,
        listed_ids=False,
    )


def address(venue: str, ws: str | None, rest: str | None) -> str:
    """Where a venue is read: ccxt's own addresses, or these bases in their place."""
    moved = {name: base for name, base in (("ws", ws), ("rest", rest)) if base is not None}
    return f"{SCHEME}://{venue}" + (f"?{urlencode(moved)}" if moved else "")


@cache
def venues() -> frozenset[str]:
    """The venues of the installed ccxt.pro, without importing it, which would take a second and 90 MB."""
    spec = find_spec("ccxt")
    places = [] if spec is None else list(spec.submodule_search_locations or [])
    return frozenset(path.stem for place in places for path in Path(place, "pro").glob("[a-z]*.py"))


class Process:
    """The child process, with the two calls of a socket that a connection needs. Use as `async with`."""

    def __init__(self, url: str, now_ms: int) -> None:
        self._setup = setup_of(url, now_ms)
        self._child: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Process:
        self._child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "feeds.ccxt_feed"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=MAX_LINE,
            env=environment(),
            start_new_session=True,
        )
        await self.send(msgspec.json.encode(self._setup).decode())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        child = self._child
        if child is None:
            return
        with suppress(ProcessLookupError):
            child.terminate()
        try:
            async with asyncio.timeout(ENDING_S):
                await child.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()

    async def send(self, text: str) -> None:
        """One line to the process. Where that has ended, `recv` knows why."""
        child = self._child
        if child is None or child.stdin is None:
            raise Recycle("the ccxt process is not running")
        with suppress(ConnectionError):
            child.stdin.write(text.encode() + b"\n")
            await child.stdin.drain()

    async def recv(self) -> str:
        """One line of the process. Raises Recycle where it has ended."""
        child = self._child
        if child is None or child.stdout is None:
            raise Recycle("the ccxt process is not running")
        try:
            line = await child.stdout.readline()
        except ValueError:
            raise Recycle("the ccxt process printed a line without an end") from None
        if not line:
            raise Recycle("the ccxt process ended without a reason")
        if line.startswith(OVER):
            raise Recycle(clean(_LINE.decode(line).over, 160))
        return line.decode(errors="replace")


def setup_of(url: str, now_ms: int) -> Setup:
    """What an address of this scheme says."""
    parts = urlsplit(url)
    bases = dict(parse_qsl(parts.query))
    return Setup(parts.hostname or "", bases.get("ws"), bases.get("rest"), now_ms)
