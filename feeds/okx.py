"""OKX: mark, index and funding of linear and inverse swaps, three channels joined per symbol on one socket.

The index channel goes by the pair (`BTC-USDT`), the two others by the swap (`BTC-USDT-SWAP`). No frame states the
funding interval: it is the gap between two stamps. One channel may fall silent while the others go on, which the
watchdog of symbols cannot see; such a channel is asked for again from here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Struct

from feeds.clean import ParseError, clean, interval, price, rate, unix_ms
from feeds.venue import (
    FUNDING_LIMIT_MS,
    Ack,
    Closing,
    Feed,
    Ping,
    Pong,
    Reply,
    Request,
    Said,
    coming,
    perpetual_parts,
    silence_ms,
)
from hedge.market import Dropped, Funding, FundingInterval, Index, Mark

SWAP = "-SWAP"
CHANNELS = ("mark-price", "funding-rate", "index-tickers")
INDEX_LIMIT_MS = 75_000
"""An index that does not move is repeated once a minute."""
SILENT_MS = {"mark-price": 60_000, "index-tickers": INDEX_LIMIT_MS, "funding-rate": 180_000}
ASK_AGAIN_MS = 300_000
"""Between two requests for one silent channel; a connection is allowed 480 an hour."""
HOUR_MS = Decimal(3_600_000)

TOO_OFTEN = "60014"
UPGRADE = "64008"
_MARKET = re.compile(r"instId:([A-Z0-9_-]{3,40})")


class Arg(Struct, frozen=True):
    """What a frame is about."""

    channel: str = ""
    instId: str = ""


class Row(Struct):
    """The fields of the three channels that matter here, as text."""

    instId: str = ""
    markPx: str | None = None
    idxPx: str | None = None
    fundingRate: str | None = None
    prevFundingTime: str | None = None
    fundingTime: str | None = None
    nextFundingTime: str | None = None
    ts: str | None = None


class Frame(Struct):
    """Any frame: data under an argument, or an event."""

    arg: Arg = Arg()
    data: list[Row] | None = None
    event: str | None = None
    code: str = ""
    msg: str = ""


_FRAME = msgspec.json.Decoder(Frame)


class SwapParser:
    """One connection. Keeps by channel when it was last heard and the newest time the venue wrote."""

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self._natives = {native.removesuffix(SWAP): native for native in symbols}
        self._symbols = symbols
        self._heard: dict[tuple[str, str], int] = {}
        """By channel and swap, monotonic ms; a channel that is not yet heard counts from the swap's first frame."""
        self._newest: dict[tuple[str, str], int] = {}
        self._next: dict[str, int | None] = {}

    def parse(self, frame: str | bytes, at_mono_ms: int) -> list[Said]:
        if frame == "pong":
            return [Pong()]
        try:
            if isinstance(frame, bytes):
                raise ParseError("a binary frame, where the venue sends text")
            found = _FRAME.decode(frame)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"not an OKX frame: {clean(str(error), 120)}") from None
        if found.data is None:
            return self._event(found)
        said: list[Said] = []
        for row in found.data:
            native = self._natives.get((row.instId or found.arg.instId).removesuffix(SWAP))
            if native is not None and found.arg.channel in CHANNELS:
                said += self._row(found.arg.channel, native, row, at_mono_ms)
        return said

    def _event(self, frame: Frame) -> list[Said]:
        """An answer to one argument, a refusal that names its market, or a notice."""
        words = clean(frame.msg, 120)
        if frame.code == UPGRADE or frame.code == TOO_OFTEN:
            return [Closing(f"okx: {words or frame.code}")]
        if frame.event == "subscribe":
            native = self._natives.get(frame.arg.instId.removesuffix(SWAP))
            return [] if native is None else [Ack(None, True, native=native)]
        if frame.event != "error":
            return []
        named = _MARKET.search(frame.msg)
        native = self._natives.get(named[1].removesuffix(SWAP)) if named else None
        if native is None:
            raise ParseError(f"okx refuses a request: {clean(frame.code, 16)} {words}")
        return [Ack(None, False, words, native)]

    def _row(self, channel: str, native: str, row: Row, at_mono_ms: int) -> list[Said]:
        symbol = self._symbols[native]
        try:
            venue_ms = unix_ms(row.ts)
            if venue_ms is not None:
                if venue_ms < self._newest.get((channel, native), 0):
                    return []  # overtaken by a later one: it must not look fresh
                self._newest[channel, native] = venue_ms
            match channel:
                case "mark-price":
                    said = self._price("mark", row.markPx, symbol, at_mono_ms, venue_ms)
                case "index-tickers":
                    said = self._price("index", row.idxPx, symbol, at_mono_ms, venue_ms)
                case _:
                    said = self._funding(row, native, at_mono_ms, venue_ms)
        except ParseError as error:
            raise ParseError(str(error), symbol) from None
        return said + self._ask_again(channel, native, at_mono_ms)

    def _price(
        self, name: Literal["mark", "index"], text: str | None, symbol: str, at_mono_ms: int, venue_ms: int | None
    ) -> list[Said]:
        value = price(text)
        if value is None:
            return [Dropped(OKX.id, symbol, (name,), at_mono_ms)]
        if name == "mark":
            return [Mark(OKX.id, symbol, value, at_mono_ms, silence_ms(None), venue_ms)]
        return [Index(OKX.id, symbol, value, at_mono_ms, INDEX_LIMIT_MS, venue_ms)]

    def _funding(self, row: Row, native: str, at_mono_ms: int, venue_ms: int | None) -> list[Said]:
        """The rate estimated for `fundingTime`; `nextFundingRate` is of the stamp after it, and mostly empty."""
        symbol = self._symbols[native]
        stamp_ms = unix_ms(row.fundingTime)
        next_ms = self._next[native] = coming(stamp_ms, venue_ms, self._next.get(native))
        funding = Funding(OKX.id, symbol, rate(row.fundingRate), next_ms, at_mono_ms, FUNDING_LIMIT_MS, venue_ms)
        hours = hours_between(stamp_ms, unix_ms(row.nextFundingTime))
        hours = hours or hours_between(unix_ms(row.prevFundingTime), stamp_ms)
        if hours is None:
            return [funding]
        return [funding, FundingInterval(OKX.id, symbol, hours, "okx stamps", at_mono_ms)]

    def _ask_again(self, channel: str, native: str, at_mono_ms: int) -> list[Said]:
        """Leave and join the channels of this swap that went silent while this one speaks."""
        said: list[Said] = []
        self._heard[channel, native] = at_mono_ms
        for other in CHANNELS:
            heard = self._heard.setdefault((other, native), at_mono_ms)
            if at_mono_ms - heard >= SILENT_MS[other]:
                self._heard[other, native] = at_mono_ms + ASK_AGAIN_MS - SILENT_MS[other]
                said += [Reply(operation(op, [arg(other, native)])) for op in ("unsubscribe", "subscribe")]
        return said


def hours_between(before_ms: int | None, after_ms: int | None) -> Decimal | None:
    """The interval between two stamps; None where one is missing or they cannot be neighbours."""
    return None if before_ms is None or after_ms is None else interval((after_ms - before_ms) / HOUR_MS)


def native_of(symbol: str) -> str | None:
    """`BTC/USDT:USDT` is `BTC-USDT-SWAP`, `BTC/USD:BTC` is `BTC-USD-SWAP`."""
    parts = perpetual_parts(symbol)
    if parts is None:
        return None
    base, quote, settle = parts
    known = settle == quote != "USD" or (quote, settle) == ("USD", base)
    return f"{base}-{quote}{SWAP}" if known else None


def arg(channel: str, native: str) -> dict[str, str]:
    """One channel of a swap; the index is that of its pair."""
    return {"channel": channel, "instId": native.removesuffix(SWAP) if channel == "index-tickers" else native}


def operation(op: str, args: list[dict[str, str]]) -> str:
    return msgspec.json.encode({"op": op, "args": args}).decode()


def request(op: str) -> Request:
    """A builder of `subscribe` or `unsubscribe` frames for all channels; far below the 64 KB that one may have."""

    def build(natives: Sequence[str], number: int) -> tuple[str]:
        return (operation(op, [arg(channel, native) for native in natives for channel in CHANNELS]),)

    return build


OKX = Feed(
    id="okx",
    venue="okx",
    url="wss://ws.okx.com:8443/ws/v5/public",
    native=native_of,
    subscribe=request("subscribe"),
    unsubscribe=request("unsubscribe"),
    carries=("mark", "index", "funding", "interval"),
    parser=SwapParser,
    socket_silence_ms=20_000,
    ping=Ping(lambda number: "ping", 15.0),
    send_gap_s=0.4,
)
"""The venue closes a socket on which it sent nothing for 30 s, and takes three requests a second."""
