"""Binance: spot best bid and ask; mark, index and funding of USD-M and COIN-M. Every frame is complete in itself.

Public market data of USD-M lives on the routed address `/market`; on a wrong route the venue acknowledges a
subscription and then stays silent, so only data proves it. COIN-M is not routed. The funding interval is in no stream.
An array of all marks comes in parts and may hold both families: each frame counts for its own symbol alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial

import msgspec
from msgspec import Struct

from feeds.clean import ParseError, clean, price, rate, unix_ms
from feeds.venue import (
    FUNDING_LIMIT_MS,
    Ack,
    Closing,
    Feed,
    Poll,
    Request,
    Said,
    coming,
    perpetual_parts,
    silence_ms,
    spot_parts,
)
from hedge.market import DEFAULT_FUNDING_INTERVAL_HOURS, Funding, FundingInterval, Index, Mark, Spot, Update

MARK_CADENCE_MS = 1_000
DAY_S = 86_400.0


class Refusal(Struct):
    """`{"code":2,"msg":"Invalid request: invalid stream"}`"""

    code: int = 0
    msg: str = ""


class Frame(Struct):
    """Any frame of these sockets; which one it is shows in the fields that are set. Numbers stay text."""

    stream: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    e: str | None = None
    E: int | None = None
    s: str | None = None
    p: str | None = None
    i: str | None = None
    r: str | None = None
    T: int | None = None
    st: int | None = None
    u: int | None = None
    b: str | None = None
    a: str | None = None
    id: int | None = None
    error: Refusal | None = None


_FRAME = msgspec.json.Decoder(Frame)
_FRAMES = msgspec.json.Decoder(list[Frame])


def frames_of(frame: str | bytes) -> list[Frame]:
    """The raw frames in a message: itself (one, or an array of them), or what its combined-stream envelope holds."""
    if isinstance(frame, bytes):
        raise ParseError("a binary frame, where the venue sends text")
    try:
        if frame[:1] == "[":
            return _FRAMES.decode(frame)
        outer = _FRAME.decode(frame)
        if outer.stream is None:
            return [outer]
        inner = bytes(outer.data)
        return _FRAMES.decode(inner) if inner[:1] == b"[" else [_FRAME.decode(inner)]
    except (ValueError, RecursionError) as error:
        raise ParseError(f"not a Binance frame: {clean(str(error), 120)}") from None


def control(frame: Frame) -> list[Said]:
    """What a frame without data says: an answer to a subscription, a notice, or nothing of interest."""
    if frame.e == "serverShutdown":
        return [Closing("binance announced that it will close this socket")]
    if frame.error is not None:
        return [Ack(frame.id, False, clean(frame.error.msg, 120))]
    if frame.id is not None:
        return [Ack(frame.id, True)]
    return []


class MarkParser:
    """`markPriceUpdate` frames of one connection. Keeps the newest event time and funding stamp of each symbol.

    A dated contract has an empty rate and a stamp of 0: no funding, which is not a rate of zero.
    """

    def __init__(self, symbols: Mapping[str, str], feed: str, family: int) -> None:
        """`family` is the `st` of its frames, where the venue writes one: 1 for USD-M, 2 for COIN-M."""
        self._symbols = symbols
        self._feed = feed
        self._family = family
        self._newest: dict[str, int] = {}
        self._next: dict[str, int | None] = {}

    def parse(self, frame: str | bytes, at_mono_ms: int) -> list[Said]:
        said: list[Said] = []
        for each in frames_of(frame):
            said += self._mark(each, at_mono_ms) if each.e == "markPriceUpdate" else control(each)
        return said

    def _mark(self, frame: Frame, at_mono_ms: int) -> list[Said]:
        symbol = self._symbols.get(frame.s or "")
        if symbol is None or frame.st not in (None, self._family):
            return []
        venue_ms = unix_ms(frame.E)
        if venue_ms is not None and venue_ms <= self._newest.get(symbol, 0):
            return []  # repeated or overtaken: it says nothing new, and must not look fresh
        try:
            mark, index, funding = price(frame.p), price(frame.i), rate(frame.r)
            if mark is None:
                raise ParseError("a mark price frame without a mark price")
        except ParseError as error:
            raise ParseError(str(error), symbol) from None
        next_ms = coming(unix_ms(frame.T), venue_ms, self._next.get(symbol))
        self._next[symbol] = next_ms
        if venue_ms is not None:
            self._newest[symbol] = venue_ms
        limit = silence_ms(MARK_CADENCE_MS)
        said: list[Said] = [Mark(self._feed, symbol, mark, at_mono_ms, limit, venue_ms)]
        if index is not None:
            said.append(Index(self._feed, symbol, index, at_mono_ms, limit, venue_ms))
        said.append(Funding(self._feed, symbol, funding, next_ms, at_mono_ms, FUNDING_LIMIT_MS, venue_ms))
        return said


class SpotParser:
    """`bookTicker` frames of one connection: they carry no event type and no time, only a rising update id."""

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self._symbols = symbols
        self._newest: dict[str, int] = {}

    def parse(self, frame: str | bytes, at_mono_ms: int) -> list[Said]:
        said: list[Said] = []
        for each in frames_of(frame):
            touch = each.b is not None or each.a is not None
            said += self._touch(each, at_mono_ms) if touch else control(each)
        return said

    def _touch(self, frame: Frame, at_mono_ms: int) -> list[Said]:
        symbol = self._symbols.get(frame.s or "")
        if symbol is None:
            return []
        if frame.u is not None and frame.u <= self._newest.get(symbol, -1):
            return []
        try:
            bid, ask = price(frame.b), price(frame.a)
            if bid is None or ask is None or bid > ask:
                raise ParseError("a touch without two sides in order")
        except ParseError as error:
            raise ParseError(str(error), symbol) from None
        if frame.u is not None:
            self._newest[symbol] = frame.u
        mid = (bid + ask) / Decimal(2)
        return [Spot("binance-spot", symbol, mid, at_mono_ms, silence_ms(None))]


def usdm_native(symbol: str) -> str | None:
    """`BTC/USDT:USDT` is `BTCUSDT`: a perpetual settled in its quote currency."""
    parts = perpetual_parts(symbol)
    return None if parts is None or parts[1] != parts[2] else parts[0] + parts[1]


def coinm_native(symbol: str) -> str | None:
    """`BTC/USD:BTC` is `BTCUSD_PERP`: a perpetual settled in its coin, counted in dollars."""
    parts = perpetual_parts(symbol)
    return None if parts is None or parts[1:] != ("USD", parts[0]) else f"{parts[0]}USD_PERP"


def spot_native(symbol: str) -> str | None:
    """`BTC/USDT` is `BTCUSDT`."""
    parts = spot_parts(symbol)
    return None if parts is None else "".join(parts)


def request(method: str, channel: str) -> Request:
    """A builder of `SUBSCRIBE` or `UNSUBSCRIBE` frames for one channel; stream names are in lower case."""

    def build(natives: Sequence[str], number: int) -> tuple[str]:
        params = [native.lower() + channel for native in natives]
        return (msgspec.json.encode({"method": method, "params": params, "id": number}).decode(),)

    return build


class Adjusted(Struct):
    """A row of `fundingInfo`: one symbol whose interval or cap was ever adjusted."""

    symbol: str
    fundingIntervalHours: int


def intervals(body: bytes, symbols: Mapping[str, str], at_mono_ms: int, feed: str) -> list[Update]:
    """Funding intervals from a `fundingInfo` body, where an absent symbol keeps eight hours. Raises ParseError."""
    try:
        rows = msgspec.json.decode(body, type=list[Adjusted])
    except (ValueError, RecursionError) as error:
        raise ParseError(f"not Binance's fundingInfo: {clean(str(error), 120)}") from None
    adjusted = {row.symbol: row.fundingIntervalHours for row in rows}
    said: list[Update] = []
    for native, symbol in symbols.items():
        hours = Decimal(adjusted.get(native, int(DEFAULT_FUNDING_INTERVAL_HOURS)))
        if not 0 < hours <= 24:
            raise ParseError(f"a funding interval of {hours} h for {symbol}")
        said.append(FundingInterval(feed, symbol, hours, "binance fundingInfo", at_mono_ms))
    return said


def marks(feed: str, url: str, native: Callable[[str], str | None], family: int) -> Feed:
    """One of the two futures families; they differ in address, ids and the sign they write."""
    return Feed(
        id=feed,
        venue="binance",
        url=url,
        native=native,
        subscribe=request("SUBSCRIBE", "@markPrice@1s"),
        unsubscribe=request("UNSUBSCRIBE", "@markPrice@1s"),
        carries=("mark", "index", "funding"),
        parser=partial(MarkParser, feed=feed, family=family),
        cadence_ms=MARK_CADENCE_MS,
        lifetime_s=DAY_S,
    )


def funding_info(poll: str, feed: str, path: str) -> Poll:
    """Every five minutes, since Binance shortens an interval at run time when a rate sits at its cap."""
    return Poll(
        id=poll,
        venue="binance",
        feed=feed,
        path=path,
        every_s=300.0,
        carries=("interval",),
        parse=partial(intervals, feed=feed),
    )


USDM = marks("binance-usdm", "wss://fstream.binance.com/market/ws", usdm_native, 1)
COINM = marks("binance-coinm", "wss://dstream.binance.com/ws", coinm_native, 2)

USDM_INTERVALS = funding_info("binance-rest", USDM.id, "/fapi/v1/fundingInfo")
COINM_INTERVALS = funding_info("binance-coinm-rest", COINM.id, "/dapi/v1/fundingInfo")

SPOT = Feed(
    id="binance-spot",
    venue="binance",
    spot=True,
    url="wss://stream.binance.com:9443/ws",
    native=spot_native,
    subscribe=request("SUBSCRIBE", "@bookTicker"),
    unsubscribe=request("UNSUBSCRIBE", "@bookTicker"),
    carries=("spot",),
    parser=SpotParser,
    lifetime_s=DAY_S,
)
