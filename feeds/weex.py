"""WEEX contracts, v3: mark and index by socket; funding and its interval by REST, for no socket has them.

In its REST list `forecastFundingRate` is the coming rate and `lastFundingRate` one that is settled already. The marks
and indexes of that list stand still for a minute while its time runs on, so prices come from the socket alone. A
delisted contract is acknowledged and then silent; contracts on stocks keep an index that rests with their market.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec
from msgspec import Struct

from feeds.clean import ParseError, clean, interval, price, rate, unix_ms
from feeds.venue import (
    Ack,
    Feed,
    Ping,
    Poll,
    Pong,
    Reply,
    Request,
    Said,
    coming,
    perpetual_parts,
    silence_ms,
)
from hedge.market import Dropped, Funding, FundingInterval, Index, Mark, Update

FEED = "weex-contract"
CHANNEL = "@ticker"
OWN_PINGS = 1_000_000
"""Request ids from here on are those of our pings: their answer looks like that to a subscription."""
RESTING_MS = 120_000
"""An index that has not moved for so long, while the mark has, is the index of a closed market."""
RESTING_SOON_MS = 10_000
"""The same where the mark was the last trade all the while, as it is on closed markets and nowhere else."""


class Ticker(Struct):
    """What matters of the one object in `d`: last trade, mark and index."""

    c: str | None = None
    m: str | None = None
    i: str | None = None


class Frame(Struct):
    """Any frame of this socket: a ticker, an answer to one of our requests, a greeting or a ping."""

    e: str | None = None
    E: int | None = None
    s: str | None = None
    d: msgspec.Raw = msgspec.Raw()
    event: str | None = None
    result: bool | None = None
    id: int | None = None
    msg: str | None = None


class Held(Struct):
    """One market: its newest frame, and since when its index has not moved."""

    newest_ms: int = 0
    index: Decimal | None = None
    since_ms: int = 0
    """When the index got this value, monotonic ms."""
    mark: Decimal | None = None
    """The mark of that moment."""
    moved: bool = False
    """Whether the mark has moved since then."""
    traded: bool = True
    """Whether the mark was the last trade ever since."""
    told: bool = False
    """Whether an index has been given that still counts."""


_FRAME = msgspec.json.Decoder(Frame)
_TICKERS = msgspec.json.Decoder(list[Ticker])


class TickerParser:
    """The frames of one connection."""

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self._symbols = symbols
        self._held: dict[str, Held] = {}
        self._pongs = 0

    def parse(self, frame: str | bytes, at_mono_ms: int) -> list[Said]:
        if isinstance(frame, bytes):
            raise ParseError("a binary frame, where the venue sends text")
        try:
            found = _FRAME.decode(frame)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"not a WEEX frame: {clean(str(error), 120)}") from None
        if found.e == "ticker":
            return self._ticker(found, at_mono_ms)
        if found.event == "ping":
            self._pongs += 1
            return [Reply(message("PONG", 2 * OWN_PINGS + self._pongs))]
        return answer(found)

    def _ticker(self, frame: Frame, at_mono_ms: int) -> list[Said]:
        symbol = self._symbols.get(frame.s or "")
        if symbol is None:
            return []
        held, venue_ms = self._held.setdefault(symbol, Held()), unix_ms(frame.E)
        if venue_ms is not None and venue_ms <= held.newest_ms:
            return []  # repeated or overtaken: it says nothing new, and must not look fresh
        try:
            rows = _TICKERS.decode(frame.d)
            row = rows[0] if rows else Ticker()
            mark, index = price(row.m), price(row.i)
            if mark is None:
                raise ParseError("a ticker without a mark price")
        except (ValueError, RecursionError, ParseError) as error:
            raise ParseError(clean(str(error), 120), symbol) from None
        if venue_ms is not None:
            held.newest_ms = venue_ms
        limit = silence_ms(None)
        said: list[Said] = [Mark(FEED, symbol, mark, at_mono_ms, limit, venue_ms)]
        reason = "its ticker has none" if index is None else resting(held, mark, index, row.m == row.c, at_mono_ms)
        if index is not None and not reason:
            held.told = True
            said.append(Index(FEED, symbol, index, at_mono_ms, limit, venue_ms))
        elif held.told:
            held.told = False
            said.append(Dropped(FEED, symbol, ("index",), at_mono_ms, reason))
        return said


def resting(held: Held, mark: Decimal, index: Decimal, traded: bool, at_mono_ms: int) -> str:
    """Note mark and index, and whether the mark is the last trade; why the index counts no more, where it rests while
    the mark goes on.
    """
    if index != held.index:
        held.index, held.since_ms, held.mark, held.moved, held.traded = index, at_mono_ms, mark, False, True
    held.moved = held.moved or mark != held.mark
    held.traded = held.traded and traded
    limit_ms = RESTING_SOON_MS if held.traded else RESTING_MS
    if not held.moved or at_mono_ms - held.since_ms < limit_ms:
        return ""
    return "that of weex stands still while the mark moves: the market behind it is closed"


def answer(frame: Frame) -> list[Said]:
    """What a frame without data says: an answer to a subscription or to our ping, else a greeting. A complaint that
    names no request is about none of them.
    """
    if frame.result is None or frame.id is None:
        return []
    if frame.id >= OWN_PINGS:
        return [Pong()]
    return [Ack(frame.id, frame.result, clean(frame.msg or "", 120))]


def message(method: str, number: int, **more: object) -> str:
    return msgspec.json.encode({"method": method, "id": number} | more).decode()


def ping(number: int) -> str:
    """Our own probe, in ids of its own."""
    return message("PING", OWN_PINGS + number)


def native(symbol: str) -> str | None:
    """`BTC/USDT:USDT` is `BTCUSDT`: a perpetual settled in its quote currency."""
    parts = perpetual_parts(symbol)
    return None if parts is None or parts[1] != parts[2] else parts[0] + parts[1]


def request(method: str) -> Request:
    """A builder of `SUBSCRIBE` or `UNSUBSCRIBE` frames."""

    def build(natives: Sequence[str], number: int) -> tuple[str]:
        return (message(method, number, params=[each + CHANNEL for each in natives]),)

    return build


class Row(Struct):
    """A row of `premiumIndex`. Its mark, its index and its `lastFundingRate` are left where they are."""

    symbol: str = ""
    forecastFundingRate: str | None = None
    nextFundingTime: int | str | None = None
    collectCycle: int | None = None
    """Minutes."""
    time: int | None = None


_ROWS = msgspec.json.Decoder(list[Row])


def anchors(body: bytes, symbols: Mapping[str, str], at_mono_ms: int) -> list[Update]:
    """Coming funding and its interval of these markets from a `premiumIndex` body. Raises ParseError.

    A row that is missing or cannot be read costs its market what was known of it, and the others nothing.
    """
    try:
        rows = _ROWS.decode(body)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"not WEEX's premiumIndex: {clean(str(error), 120)}") from None
    listed = {row.symbol: row for row in rows}
    said: list[Update] = []
    for each, symbol in symbols.items():
        row, reason = listed.get(each), "weex premiumIndex has no row of it"
        try:
            said += [] if row is None else of_row(row, symbol, at_mono_ms)
        except ParseError as error:
            row, reason = None, f"the row of weex premiumIndex cannot be read: {error}"
        if row is None:
            said.append(Dropped(FEED, symbol, ("funding",), at_mono_ms, reason))
    return said


def of_row(row: Row, symbol: str, at_mono_ms: int) -> list[Update]:
    """What one row says; a next stamp in the past, such as 1970, is none. Raises ParseError."""
    venue_ms = unix_ms(row.time)
    next_ms = coming(unix_ms(row.nextFundingTime), venue_ms, None)
    said: list[Update] = [
        Funding(FEED, symbol, rate(row.forecastFundingRate), next_ms, at_mono_ms, ANCHOR.limit_ms, venue_ms)
    ]
    hours = None if row.collectCycle is None else interval(Decimal(row.collectCycle) / 60)
    if hours is not None:
        said.append(FundingInterval(FEED, symbol, hours, "weex premiumIndex", at_mono_ms))
    return said


CONTRACT = Feed(
    id=FEED,
    venue="weex",
    url="wss://ws-contract.weex.com/v3/ws/public",
    native=native,
    subscribe=request("SUBSCRIBE"),
    unsubscribe=request("UNSUBSCRIBE"),
    carries=("mark", "index"),
    parser=TickerParser,
    socket_silence_ms=30_000,
    ping=Ping(ping, 25.0),
    per_frame=100,
    per_socket=100,
)
"""Two hundred and forty operations an hour: our pings, the answers to theirs and what is asked again stay below it."""

ANCHOR = Poll(
    id="weex-rest",
    venue="weex",
    feed=FEED,
    path="/capi/v3/market/premiumIndex",
    every_s=30.0,
    carries=("funding", "interval"),
    parse=anchors,
)
