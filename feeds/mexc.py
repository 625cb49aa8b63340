"""MEXC futures: mark and index about once a second, the rate every few, the coming stamp once a minute.

One socket serves all families, one contract and channel a frame. Numbers are JSON numbers, some in exponent form, so
their text is kept. An acknowledgement names no contract; a refusal names it in its words alone. Without our own ping
the venue ends a socket after a minute, even one with data on it. The interval is not in the stream: it comes over
HTTP, in hours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from feeds.clean import ParseError, clean, interval, number, price, rate, unix_ms
from feeds.venue import (
    FUNDING_LIMIT_MS,
    Ack,
    Feed,
    Ping,
    Poll,
    Pong,
    Request,
    Said,
    coming,
    perpetual_parts,
    silence_ms,
)
from hedge.market import Dropped, Funding, FundingInterval, Index, Mark, Update

FEED = "mexc-futures"
TICKER_CADENCE_MS = 3_000
"""Its slowest channel with prices, and with that how often a contract is heard of at least."""
OWN_CHANNEL_MS = 5_000
"""How long a price of its own channel holds the ticker's away, which may be two seconds older."""
CHANNELS = ("fair.price", "index.price", "ticker", "funding.rate")
"""Prices first: a contract is live once it has one."""
NAMED = re.compile(r"\[([A-Za-z0-9_]{1,40})\]")
"""`Contract [NOPE_USDT] not exists`"""
NOBODY = ""
"""The contract of a refusal that names none."""


class Row(Struct):
    """The keys of any channel's data that matter here; numbers as they were written."""

    symbol: str = ""
    price: Raw = Raw()
    fairPrice: Raw = Raw()
    indexPrice: Raw = Raw()
    fundingRate: Raw = Raw()
    rate: Raw = Raw()
    nextSettleTime: Raw = Raw()


class Envelope(Struct):
    """Any frame of this socket."""

    channel: str
    symbol: str = ""
    data: Raw = Raw()
    ts: Raw = Raw()


class Held(Struct):
    """What later frames of a contract build on."""

    newest: dict[str, int] = {}
    """By channel, the venue's time of its newest frame."""
    own_ms: dict[str, int] = {}
    """By channel, when its newest frame arrived."""
    rate: Decimal | None = None
    next_ms: int | None = None


_ENVELOPE = msgspec.json.Decoder(Envelope)
_ROW = msgspec.json.Decoder(Row)
_TEXT = msgspec.json.Decoder(str)


def written(raw: Raw) -> str | None:
    """A number's own text, whether it was sent bare or in quotes; None where it is null or absent."""
    text = bytes(raw).decode()
    if text in ("", "null"):
        return None
    return _TEXT.decode(text) if text[0] == '"' else text


def moment(raw: Raw) -> int | None:
    """UTC milliseconds; a whole number may come in exponent form too. Raises ParseError."""
    value = number(written(raw))
    if value is not None and value != value.to_integral_value():
        raise ParseError(f"not a time: {value}")
    return None if value is None else unix_ms(int(value))


class FuturesParser:
    """The four channels of one connection, joined by contract."""

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self._symbols = symbols
        self._held: dict[str, Held] = {}

    def parse(self, frame: str | bytes, at_mono_ms: int) -> list[Said]:
        if isinstance(frame, bytes):
            raise ParseError("a binary frame, where the venue sends text")
        try:
            envelope = _ENVELOPE.decode(frame)
            kind, _, channel = envelope.channel.partition(".")
            if kind != "push":
                return answer(envelope)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"not a MEXC frame: {clean(str(error), 120)}") from None
        symbol = self._symbols.get(envelope.symbol)
        if symbol is None or channel not in CHANNELS:
            return []
        try:
            return self._push(channel, envelope, symbol, at_mono_ms)
        except (ValueError, RecursionError, ParseError) as error:
            raise ParseError(clean(str(error), 120), symbol) from None

    def _push(self, channel: str, envelope: Envelope, symbol: str, at_mono_ms: int) -> list[Said]:
        row = _ROW.decode(envelope.data)
        if row.symbol not in ("", envelope.symbol):
            raise ParseError(f"a frame for {envelope.symbol} that holds {row.symbol}")
        venue_ms = moment(envelope.ts)
        held = self._held.setdefault(symbol, Held())
        if venue_ms is not None and venue_ms <= held.newest.get(channel, 0):
            return []  # repeated or overtaken: it says nothing new, and must not look fresh
        if channel == "funding.rate":
            said = self._funding(held, symbol, rate(written(row.rate)), row, at_mono_ms, venue_ms)
        elif channel == "ticker":
            said = self._ticker(held, symbol, row, at_mono_ms, venue_ms)
        else:
            value = price(written(row.price))
            if value is None:
                raise ParseError(f"a frame of {channel} without a price")
            said = [self._priced(channel, symbol, value, at_mono_ms, venue_ms)]
            held.own_ms[channel] = at_mono_ms
        if venue_ms is not None:
            held.newest[channel] = venue_ms
        return said

    def _ticker(self, held: Held, symbol: str, row: Row, at_mono_ms: int, venue_ms: int | None) -> list[Said]:
        """Its prices where their own channels are silent; its rate once the stamp that belongs to it is known."""
        found = (("fair.price", price(written(row.fairPrice))), ("index.price", price(written(row.indexPrice))))
        said: list[Said] = [
            self._priced(channel, symbol, value, at_mono_ms, venue_ms)
            for channel, value in found
            if value is not None and at_mono_ms - held.own_ms.get(channel, -OWN_CHANNEL_MS) >= OWN_CHANNEL_MS
        ]
        value = rate(written(row.fundingRate))
        if value is None or held.next_ms is None:
            return said
        return [*said, *self._funding(held, symbol, value, row, at_mono_ms, venue_ms)]

    def _priced(self, channel: str, symbol: str, value: Decimal, at_mono_ms: int, venue_ms: int | None) -> Mark | Index:
        kind = Mark if channel == "fair.price" else Index
        return kind(FEED, symbol, value, at_mono_ms, silence_ms(TICKER_CADENCE_MS), venue_ms)

    def _funding(
        self, held: Held, symbol: str, value: Decimal | None, row: Row, at_mono_ms: int, venue_ms: int | None
    ) -> list[Said]:
        """The newest rate with the newest stamp, whichever channel brought which."""
        if (next_ms := moment(row.nextSettleTime)) is not None:
            held.next_ms = coming(next_ms, venue_ms, held.next_ms)
        held.rate = value
        return [Funding(FEED, symbol, held.rate, held.next_ms, at_mono_ms, FUNDING_LIMIT_MS, venue_ms)]


def answer(envelope: Envelope) -> list[Said]:
    """What a frame without data of a contract says. An acknowledgement names no contract, so it proves nothing."""
    if envelope.channel == "pong":
        return [Pong()]
    if envelope.channel != "rs.error":
        return []
    reason = clean(written(envelope.data) or "", 120)
    named = NAMED.search(reason)
    return [Ack(None, False, reason, named[1] if named else NOBODY)]


def native(symbol: str) -> str | None:
    """`BTC/USDT:USDT` is `BTC_USDT`, `BTC/USD:BTC` is `BTC_USD`."""
    parts = perpetual_parts(symbol)
    if parts is None or (parts[1] != parts[2] and parts[1:] != ("USD", parts[0])):
        return None
    return f"{parts[0]}_{parts[1]}"


def request(method: Literal["sub", "unsub"]) -> Request:
    """A builder of frames, one a contract and channel; they carry no number that an answer could repeat."""

    def build(natives: Sequence[str], number: int) -> list[str]:
        return [
            msgspec.json.encode({"method": f"{method}.{channel}", "param": {"symbol": native}}).decode()
            for channel in CHANNELS
            for native in natives
        ]

    return build


def ping(number: int) -> str:
    return '{"method":"ping"}'


class Cycle(Struct):
    """A row of `funding_rate`."""

    symbol: str = ""
    fundingRate: Raw = Raw()
    nextSettleTime: Raw = Raw()
    collectCycle: Raw = Raw()
    timestamp: Raw = Raw()


class Cycles(Struct):
    """The body of `funding_rate`. An error comes with HTTP 200 too."""

    success: bool = False
    code: int | None = None
    message: str = ""
    data: list[Cycle] = []


def anchor(body: bytes, symbols: Mapping[str, str], at_mono_ms: int) -> list[Update]:
    """Rate, coming stamp and interval of these contracts. Raises ParseError where the body is no answer."""
    try:
        found = msgspec.json.decode(body, type=Cycles)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"not MEXC's funding_rate: {clean(str(error), 120)}") from None
    if not found.success or found.code != 0:
        raise ParseError(f"mexc refuses with code {found.code}: {clean(found.message, 80)}")
    said: list[Update] = []
    for row in found.data:
        symbol = symbols.get(row.symbol)
        if symbol is not None:
            said += anchored(row, symbol, at_mono_ms)
    return said


def anchored(row: Cycle, symbol: str, at_mono_ms: int) -> list[Update]:
    """One contract's row. One that cannot be read costs that contract its interval, and no other."""
    try:
        hours, value = interval(number(written(row.collectCycle))), rate(written(row.fundingRate))
        venue_ms, next_ms = moment(row.timestamp), moment(row.nextSettleTime)
    except (ParseError, ValueError):
        hours = value = venue_ms = next_ms = None
    if hours is None:
        return [Dropped(FEED, symbol, ("interval",), at_mono_ms)]
    said: list[Update] = [FundingInterval(FEED, symbol, hours, "mexc funding_rate", at_mono_ms)]
    if value is not None:
        next_ms = coming(next_ms, venue_ms, None)
        said.append(Funding(FEED, symbol, value, next_ms, at_mono_ms, INTERVALS.limit_ms, venue_ms))
    return said


FUTURES = Feed(
    id=FEED,
    venue="mexc",
    url="wss://contract.mexc.com/edge",
    native=native,
    subscribe=request("sub"),
    unsubscribe=request("unsub"),
    parser=FuturesParser,
    carries=("mark", "index", "funding"),
    cadence_ms=TICKER_CADENCE_MS,
    socket_silence_ms=45_000,
    ping=Ping(ping, 15.0),
    per_frame=36,
    per_socket=36,
    send_gap_s=0.05,
)
"""A hundred and fifty subscriptions a socket are known to work; four channels make that 36 contracts."""

INTERVALS = Poll(
    id="mexc-rest",
    venue="mexc",
    feed=FEED,
    path="/api/v1/contract/funding_rate",
    every_s=300.0,
    parse=anchor,
    carries=("interval",),
)
