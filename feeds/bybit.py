"""Bybit v5: tickers of linear and inverse perpetuals, the touch of spot pairs. One snapshot a symbol, then deltas.

A key that a delta leaves out kept its value; a key that is empty means there is none; a new connection starts over
with a snapshot. The funding interval comes with the stream. A spot ticker holds no touch, so spot reads the book of one
level, whose snapshot the venue repeats after three seconds without a change.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from feeds.clean import ParseError, clean, interval, number, price, rate, unix_ms
from feeds.venue import (
    FUNDING_LIMIT_MS,
    Ack,
    Feed,
    Ping,
    Pong,
    Request,
    Said,
    coming,
    perpetual_parts,
    silence_ms,
    spot_parts,
)
from hedge.market import Confirmed, Dropped, Funding, FundingInterval, Index, Mark, Spot

Text = str | None | UnsetType
H = TypeVar("H")
"""What deltas build on, of one symbol."""
Field = Literal["mark", "index", "spot", "funding", "interval"]
TOPIC = "tickers."
BOOK_TOPIC = "orderbook.1."
BOOK_CADENCE_MS = 3_000
"""After which an unchanged book is said again."""
SPOT_ARGS = 10
"""Topics that one frame of a spot socket may ask for."""


class Envelope(Struct):
    """Any frame of this socket: data under a topic, or an answer to one of our requests."""

    topic: str | None = None
    type: str | None = None
    ts: int | None = None
    data: msgspec.Raw = msgspec.Raw()
    op: str | None = None
    success: bool | None = None
    ret_msg: str | None = None
    req_id: str | int | None = None


class Ticker(Struct):
    """The keys of a ticker that matter here, as text. UNSET: the frame does not mention it."""

    symbol: str = ""
    markPrice: Text = UNSET
    indexPrice: Text = UNSET
    fundingRate: Text = UNSET
    nextFundingTime: Text = UNSET
    fundingIntervalHour: Text = UNSET


class Book(Struct):
    """A book of one level: rows of price and size, the best first. UNSET: this side did not change."""

    b: list[tuple[str, str]] | UnsetType = UNSET
    a: list[tuple[str, str]] | UnsetType = UNSET
    u: int = 0


class Held(Struct):
    """What deltas build on, of one symbol: the newest delta's time and the two halves of its funding."""

    venue_ms: int = 0
    """Of deltas alone: the stamp of a snapshot comes from another clock of the venue's."""
    rate: Text = UNSET
    next_text: Text = UNSET
    next_ms: int | None = None


_ENVELOPE = msgspec.json.Decoder(Envelope)
_TICKER = msgspec.json.Decoder(Ticker)
_BOOK = msgspec.json.Decoder(Book)


class TopicParser(ABC, Generic[H]):
    """Snapshots and deltas of one connection, merged by symbol.

    A delta that cannot be read leaves unknown which values still hold, so its symbol is forgotten until a new
    snapshot; a frame that cannot even be told apart makes all of them forgotten.
    """

    topic: str

    def __init__(self, symbols: Mapping[str, str], feed: str) -> None:
        self._symbols = symbols
        self._feed = feed
        self._held: dict[str, H] = {}

    def parse(self, frame: str | bytes, at_mono_ms: int) -> list[Said]:
        try:
            if isinstance(frame, bytes):
                raise ParseError("a binary frame, where the venue sends text")
            envelope = _ENVELOPE.decode(frame)
        except (ValueError, RecursionError, ParseError) as error:
            self._held.clear()
            raise ParseError(f"not a Bybit frame: {clean(str(error), 120)}") from None
        if envelope.topic is None:
            return answer(envelope)
        symbol = self._symbols.get(envelope.topic.removeprefix(self.topic))
        if symbol is None:
            return []
        try:
            return self._data(envelope, symbol, at_mono_ms)
        except (ValueError, RecursionError, ParseError) as error:
            self._held.pop(symbol, None)
            raise ParseError(clean(str(error), 120), symbol) from None

    @abstractmethod
    def _data(self, envelope: Envelope, symbol: str, at_mono_ms: int) -> list[Said]:
        """What a frame of data says of this symbol. May raise ParseError or ValueError."""


class TickerParser(TopicParser[Held]):
    """`tickers`: marks, indices and funding of perpetuals."""

    topic = TOPIC

    def _data(self, envelope: Envelope, symbol: str, at_mono_ms: int) -> list[Said]:
        ticker = _TICKER.decode(envelope.data)
        snapshot = envelope.type == "snapshot"
        held = Held() if snapshot else self._held.get(symbol)
        if held is None:
            return []  # a delta with nothing to build on says nothing
        venue_ms = unix_ms(envelope.ts)
        if venue_ms is not None and venue_ms < held.venue_ms:
            raise ParseError("a delta older than the one before it")
        said = self._prices(ticker, snapshot, symbol, at_mono_ms, venue_ms)
        said += self._funding(ticker, held, snapshot, symbol, at_mono_ms, venue_ms)
        said += self._interval(ticker, snapshot, symbol, at_mono_ms)
        if venue_ms is not None and not snapshot:
            held.venue_ms = venue_ms
        self._held[symbol] = held
        return [*said, Confirmed(self._feed, symbol, at_mono_ms, venue_ms)]

    def _prices(self, ticker: Ticker, snapshot: bool, symbol: str, at_mono_ms: int, venue_ms: int | None) -> list[Said]:
        said: list[Said] = []
        gone: list[Field] = []
        limit = silence_ms(None)
        mark, index = mentioned(ticker.markPrice, snapshot), mentioned(ticker.indexPrice, snapshot)
        if mark is not UNSET:
            if (value := price(mark)) is None:
                gone.append("mark")
            else:
                said.append(Mark(self._feed, symbol, value, at_mono_ms, limit, venue_ms))
        if index is not UNSET:
            if (value := price(index)) is None:
                gone.append("index")
            else:
                said.append(Index(self._feed, symbol, value, at_mono_ms, limit, venue_ms))
        if gone:
            said.append(Dropped(self._feed, symbol, tuple(gone), at_mono_ms))
        return said

    def _funding(
        self, ticker: Ticker, held: Held, snapshot: bool, symbol: str, at_mono_ms: int, venue_ms: int | None
    ) -> list[Said]:
        """One Funding from both halves, whichever of them this frame mentions; nothing where it mentions neither."""
        if not snapshot and ticker.fundingRate is UNSET and ticker.nextFundingTime is UNSET:
            return []
        rate_text = held.rate if ticker.fundingRate is UNSET else ticker.fundingRate
        next_text = held.next_text if ticker.nextFundingTime is UNSET else ticker.nextFundingTime
        value = None if rate_text is UNSET else rate(rate_text)
        next_ms = None if next_text is UNSET else coming(unix_ms(next_text), venue_ms, held.next_ms)
        held.rate, held.next_text, held.next_ms = rate_text, next_text, next_ms
        return [Funding(self._feed, symbol, value, next_ms, at_mono_ms, FUNDING_LIMIT_MS, venue_ms)]

    def _interval(self, ticker: Ticker, snapshot: bool, symbol: str, at_mono_ms: int) -> list[Said]:
        text = mentioned(ticker.fundingIntervalHour, snapshot)
        if text is UNSET:
            return []
        hours = interval(number(text))
        if hours is None:
            return [Dropped(self._feed, symbol, ("interval",), at_mono_ms)]
        return [FundingInterval(self._feed, symbol, hours, "bybit stream", at_mono_ms)]


class Touch(Struct):
    """Best bid and ask as they stand; None where a side is empty."""

    venue_ms: int = 0
    bid: Decimal | None = None
    ask: Decimal | None = None


class BookParser(TopicParser[Touch]):
    """`orderbook.1`: the mid of a spot pair. A book with an empty side has none."""

    topic = BOOK_TOPIC

    def _data(self, envelope: Envelope, symbol: str, at_mono_ms: int) -> list[Said]:
        book = _BOOK.decode(envelope.data)
        whole = envelope.type == "snapshot" or book.u == 1  # 1: the venue's service began anew
        held = Touch() if whole else self._held.get(symbol)
        if held is None:
            return []  # a delta with nothing to build on says nothing
        venue_ms = unix_ms(envelope.ts)
        if venue_ms is not None and venue_ms < held.venue_ms:
            raise ParseError("a delta older than the one before it")
        held.bid, held.ask = best(book.b, held.bid), best(book.a, held.ask)
        held.venue_ms = venue_ms or held.venue_ms
        self._held[symbol] = held
        if held.bid is None or held.ask is None:
            return [Dropped(self._feed, symbol, ("spot",), at_mono_ms)]
        if held.bid > held.ask:
            raise ParseError("a touch out of order")
        mid = (held.bid + held.ask) / Decimal(2)
        return [Spot(self._feed, symbol, mid, at_mono_ms, silence_ms(BOOK_CADENCE_MS), venue_ms)]


def best(rows: list[tuple[str, str]] | UnsetType, before: Decimal | None) -> Decimal | None:
    """The best price of one side after this frame: a size of zero takes its level away, no row leaves it as it was."""
    if rows is UNSET or not rows:
        return before
    found = before
    for text, size in rows:
        level, amount = price(text), number(size)
        if level is None or amount is None or amount < 0:
            raise ParseError("a level without price and size")
        if amount > 0:
            found = level
        elif found == level:
            found = None
    return found


def mentioned(text: Text, snapshot: bool) -> Text:
    """What a key says: in a snapshot, being left out is the same as being empty."""
    return "" if snapshot and text is UNSET else text


def answer(envelope: Envelope) -> list[Said]:
    """What a frame without a topic says. A symbol that is subscribed twice is subscribed."""
    if envelope.op in ("ping", "pong"):
        return [Pong()]
    if envelope.op == "subscribe" and envelope.success is not None:
        reason = clean(envelope.ret_msg or "", 120)
        text = str(envelope.req_id or "")
        request = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
        return [Ack(request, envelope.success or "already subscribed" in reason, reason)]
    return []


def linear_native(symbol: str) -> str | None:
    """`BTC/USDT:USDT` is `BTCUSDT`, `BTC/USDC:USDC` is `BTCPERP`."""
    parts = perpetual_parts(symbol)
    if parts is None or parts[1] != parts[2]:
        return None
    return parts[0] + ("PERP" if parts[1] == "USDC" else parts[1])


def inverse_native(symbol: str) -> str | None:
    """`BTC/USD:BTC` is `BTCUSD`."""
    parts = perpetual_parts(symbol)
    return None if parts is None or parts[1:] != ("USD", parts[0]) else parts[0] + "USD"


def spot_native(symbol: str) -> str | None:
    """`BTC/USDT` is `BTCUSDT`."""
    parts = spot_parts(symbol)
    return None if parts is None else "".join(parts)


def request(op: str, topic: str) -> Request:
    """A builder of `subscribe` or `unsubscribe` frames for one channel."""

    def build(natives: Sequence[str], number: int) -> tuple[str]:
        args = [topic + native for native in natives]
        return (msgspec.json.encode({"op": op, "req_id": str(number), "args": args}).decode(),)

    return build


def ping(number: int) -> str:
    return msgspec.json.encode({"req_id": f"p{number}", "op": "ping"}).decode()


def family(feed: str, path: str, native: Callable[[str], str | None], parser: type[TopicParser[Any]]) -> Feed:
    """One socket family; they differ in address, ids and channel."""
    return Feed(
        id=feed,
        venue="bybit",
        url=f"wss://stream.bybit.com/v5/public/{path}",
        native=native,
        subscribe=request("subscribe", parser.topic),
        unsubscribe=request("unsubscribe", parser.topic),
        carries=("mark", "index", "funding", "interval"),
        parser=partial(parser, feed=feed),
        socket_silence_ms=25_000,
        ping=Ping(ping, 20.0),
        deltas=True,
    )


LINEAR = family("bybit-linear", "linear", linear_native, TickerParser)
INVERSE = family("bybit-inverse", "inverse", inverse_native, TickerParser)
SPOT = replace(
    family("bybit-spot", "spot", spot_native, BookParser),
    spot=True,
    carries=("spot",),
    cadence_ms=BOOK_CADENCE_MS,
    per_frame=SPOT_ARGS,
)
