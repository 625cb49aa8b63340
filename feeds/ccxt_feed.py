"""`python -m feeds.ccxt_feed`: one venue of ccxt.pro as lines of JSON, until its input ends or the network fails it.

It redials nothing of its own accord: at the first trouble with the network it says why and ends, and the supervisor
decides when another one may try. It holds no key, asks by GET alone, and only of the venue's own addresses.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import ccxt.pro
import msgspec

from feeds.any_venue import ALIVE_S, FUNDING_S, MAX_LINE, Line, Order, Setup
from feeds.ccxt_facts import TIMEOUT, FixedClock, moved, origins, through
from feeds.clean import FeedError, clean
from feeds.pacing import Hosts
from feeds.rest import Door

MARK_S = 10.0
"""Between two polls of funding where its answer is the only source of the mark price."""
SINGLE = (ccxt.pro.BadSymbol, ccxt.pro.BadRequest, ccxt.pro.NotSupported, ccxt.pro.ArgumentsRequired)
"""Errors about the one symbol that was asked for; every other one ends the process."""


class Over(Exception):
    """The process is to end, with this reason."""


def say(line: Line) -> None:
    """One line to the supervisor."""
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


def text(value: object) -> str | None:
    """A number of ccxt's, as the venue wrote it."""
    return None if value is None else str(value)


def prices(ticker: dict[str, Any], symbol: str) -> Line:
    """The prices that ccxt found in a ticker or in a funding answer."""
    return Line(
        symbol=symbol,
        mark=text(ticker.get("markPrice")),
        index=text(ticker.get("indexPrice")),
        at_ms=ticker.get("timestamp"),
    )


def hours_of(funding: dict[str, Any]) -> str | None:
    """The funding interval: as ccxt names it (`8h`), else between the coming stamp and the one after."""
    named = str(funding.get("interval") or "")
    if named.endswith("h"):
        return named[:-1]
    coming, after = funding.get("fundingTimestamp"), funding.get("nextFundingTimestamp")
    if isinstance(coming, int) and isinstance(after, int) and after > coming:
        return f"{(after - coming) / 3_600_000:g}"
    return None


def funding_line(funding: dict[str, Any], symbol: str) -> Line:
    """What a funding answer says; prices stand in it on some venues."""
    line = prices(funding, symbol)
    line.funding, line.rate, line.hours = True, text(funding.get("fundingRate")), hours_of(funding)
    line.next_ms = funding.get("fundingTimestamp")
    return line


class Venue:
    """One exchange, and a task for each stream of each symbol that is watched."""

    def __init__(self, exchange: Any, group: asyncio.TaskGroup) -> None:
        self._exchange = exchange
        self._group = group
        self._tasks: dict[str, list[asyncio.Task[None]]] = {}
        self._marked: set[str] = set()
        """Symbols whose mark price comes by stream."""

    def watch(self, symbol: str) -> None:
        market = self._exchange.markets.get(symbol)
        if market is None or not market.get("swap"):
            say(Line(symbol=clean(symbol), refused=f"{self._exchange.id} lists no perpetual {clean(symbol)}"))
            return
        start = self._group.create_task
        self._tasks[symbol] = [start(self._for_one(work, symbol)) for work in (self._ticks, self._funding)]

    def drop(self, symbol: str) -> None:
        for task in self._tasks.pop(symbol, ()):
            task.cancel()

    async def _for_one(self, work: Callable[[str], Any], symbol: str) -> None:
        """A stream of one symbol; trouble about that symbol ends it alone, any other trouble ends the process."""
        try:
            await work(symbol)
        except SINGLE as error:
            say(Line(symbol=symbol, refused=clean(str(error), 120)))
        except (ccxt.pro.BaseError, FeedError) as error:
            raise Over(f"{self._exchange.id}: {type(error).__name__}: {clean(str(error), 120)}") from None

    async def _ticks(self, symbol: str) -> None:
        """Mark and index, by the channel that the venue has for them; a ticker holds them on most venues."""
        marks = self._exchange.has.get("watchMarkPrice")
        watch = self._exchange.watch_mark_price if marks else self._exchange.watch_ticker
        while True:
            line = prices(await watch(symbol), symbol)
            if line.mark is not None:
                self._marked.add(symbol)
                say(line)

    async def _funding(self, symbol: str) -> None:
        """Funding by stream where there is one, else asked for now and then."""
        has = self._exchange.has
        if has.get("watchFundingRate"):
            while True:
                say(funding_line(await self._exchange.watch_funding_rate(symbol), symbol))
        if not (has.get("fetchFundingRate") or has.get("fetchFundingRates")):
            return
        while True:
            if has.get("fetchFundingRate"):
                found = await self._exchange.fetch_funding_rate(symbol)
            else:
                found = (await self._exchange.fetch_funding_rates([symbol]))[symbol]
            line = funding_line(found, symbol)
            if symbol in self._marked:
                line.mark = line.index = None  # older than what the stream brings
            say(line)
            await asyncio.sleep(FUNDING_S if symbol in self._marked else MARK_S)


def make(setup: Setup, door: Door) -> Any:
    """The exchange, without a key, by our door. Raises Over for what is no exchange of ccxt.pro."""
    if setup.venue not in ccxt.pro.exchanges:
        raise Over(f"ccxt.pro has no exchange {clean(setup.venue)}")
    exchange = getattr(ccxt.pro, setup.venue)()
    exchange.number = str  # prices never pass through float
    exchange.has["fetchCurrencies"] = False  # would be a signed request
    exchange.options["fetchMargins"] = False
    exchange.urls["api"] = addresses(exchange.urls["api"], setup)
    exchange.fetch = through(door, exchange)
    return exchange


def addresses(urls: Any, setup: Setup) -> Any:
    """The venue's addresses, or the same below the bases that the settings name."""
    if setup.rest is not None:
        urls = moved(urls, setup.rest.rstrip("/"), "https?")
    return urls if setup.ws is None else moved(urls, setup.ws.rstrip("/"), "wss?")


async def alive() -> NoReturn:
    while True:
        say(Line())
        await asyncio.sleep(ALIVE_S)


async def read_orders(venue: Venue, lines: asyncio.StreamReader) -> NoReturn:
    """Orders of the supervisor, until it goes. Raises Over."""
    while line := await lines.readline():
        order = msgspec.json.decode(line, type=Order)
        for symbol in order.symbols:
            venue.drop(symbol)
            if order.do == "watch":
                venue.watch(symbol)
    raise Over("the supervisor is gone")


async def serve(setup: Setup, lines: asyncio.StreamReader) -> NoReturn:
    """Watch what is asked for. Ends by Over, alone or within a group."""

    def on_refused(reason: str) -> None:
        raise Over(reason)

    async with asyncio.TaskGroup() as group:
        group.create_task(alive())
        async with Door({}, Hosts(), FixedClock(setup.now_ms), on_refused, TIMEOUT) as door:
            exchange = make(setup, door)
            door.public = origins(exchange)
            try:
                await exchange.load_markets()
                await read_orders(Venue(exchange, group), lines)
            except ccxt.pro.BaseError as error:
                raise Over(f"{setup.venue}: {type(error).__name__}: {clean(str(error), 120)}") from None
            except FeedError as error:
                raise Over(f"{setup.venue}: {error}") from None
            finally:
                await exchange.close()


async def main() -> None:
    lines = asyncio.StreamReader(limit=MAX_LINE)
    protocol = asyncio.StreamReaderProtocol(lines)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    setup = msgspec.json.decode(await lines.readline(), type=Setup)
    try:
        await serve(setup, lines)
    except* Over as group:
        reason = next(str(error) for error in leaves(group))
        say(Line(over=reason))


def leaves(group: BaseExceptionGroup[Over]) -> list[BaseException]:
    """The errors inside, at any depth."""
    found: list[BaseException] = []
    for each in group.exceptions:
        found += leaves(each) if isinstance(each, BaseExceptionGroup) else [each]
    return found


if __name__ == "__main__":
    logging.getLogger("ccxt").setLevel(logging.CRITICAL)  # at lower levels it writes request headers
    asyncio.run(main())
