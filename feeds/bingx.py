"""BingX swap: the mark by socket, once a second; index, funding and its interval by REST, for no socket has them.

Every frame is gzip in a binary frame, the server's `Ping` included, which wants the text `Pong`. A topic that the venue
refuses may still leak one frame, so a market is believed after an acknowledgement or a second frame. In its REST list
`lastFundingRate` is the coming rate, `nextFundingTime` an absolute time, and `updateTime` the last settlement.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec
from msgspec import Struct

from feeds.clean import ParseError, clean, price, rate, unix_ms
from feeds.codec import gunzip
from feeds.venue import Ack, Feed, Poll, Reply, Request, Said, perpetual_parts, silence_ms
from hedge.market import Dropped, Funding, FundingInterval, Index, Mark, Update

FEED = "bingx-swap"
CADENCE_MS = 1_000
CHANNEL = "@markPrice"
INDEX_EVERY_S = 10.0
"""An index of ten seconds' age still says something of a mark; a list of a quarter of a megabyte more often is rude."""
INDEX_LIMIT_MS = round(3000 * INDEX_EVERY_S)
SETTLES = frozenset({"USDT", "USDC"})


class Event(Struct):
    """`{"e":"markPriceUpdate","E":1790127588636,"s":"BTC-USDT","p":"86379.1"}`"""

    e: str | None = None
    E: int | None = None
    s: str | None = None
    p: str | None = None


class Frame(Struct):
    """Any frame of this socket: data of a topic, an answer to a subscription, or a ping in JSON."""

    code: int | None = None
    id: str | None = None
    msg: str | None = None
    data: Event | None = None
    ping: str | None = None
    time: str | None = None


_FRAME = msgspec.json.Decoder(Frame)
LONGEST_PING = 128
"""Characters of it that are repeated: a UUID and a time."""


def topic_id(native: str) -> str:
    """The request id under which a market is asked for: a UUID, as the venue wants it, that names the market."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, native + CHANNEL))


class MarkParser:
    """The frames of one connection."""

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self._symbols = symbols
        self._asked = {topic_id(native): native for native in symbols}
        self._newest: dict[str, int] = {}
        self._trusted: set[str] = set()
        self._once: set[str] = set()
        """Markets of which one frame came that nobody had announced."""

    def parse(self, frame: str | bytes, at_mono_ms: int) -> list[Said]:
        text = gunzip(frame) if isinstance(frame, bytes) else frame.encode(errors="replace")
        if text == b"Ping":
            return [Reply("Pong")]
        try:
            found = _FRAME.decode(text)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"not a BingX frame: {clean(str(error), 120)}") from None
        if found.ping is not None:
            return [pong(found)]
        if found.data is not None and found.data.e == "markPriceUpdate":
            return self._mark(found.data, at_mono_ms)
        return [] if found.code is None else self._answer(found, found.code)

    def _answer(self, frame: Frame, code: int) -> list[Said]:
        """What became of a subscription. A refusal without an id may name its market in its words; else it names
        none, and the market is missed soon enough.
        """
        native = self._asked.get(frame.id or "")
        words = frame.msg or ""
        if native is None and frame.id is None:
            native = next((each for each in self._symbols if each in words), None)
        if native is None:
            return []
        if code == 0:
            self._trusted.add(native)
            return [Ack(None, True, native=native)]
        self._trusted.discard(native)
        self._once.discard(native)
        return [Ack(None, False, clean(f"{code} {words}", 120), native)]

    def _mark(self, event: Event, at_mono_ms: int) -> list[Said]:
        native = event.s or ""
        symbol = self._symbols.get(native)
        if symbol is None:
            return []
        venue_ms = unix_ms(event.E)
        if venue_ms is not None and venue_ms <= self._newest.get(native, 0):
            return []  # repeated or overtaken
        try:
            mark = price(event.p)
            if mark is None:
                raise ParseError("a mark price frame without a mark price")
        except ParseError as error:
            raise ParseError(str(error), symbol) from None
        if venue_ms is not None:
            self._newest[native] = venue_ms
        if not self._believed(native):
            return []
        return [Mark(FEED, symbol, mark, at_mono_ms, silence_ms(CADENCE_MS), venue_ms)]

    def _believed(self, native: str) -> bool:
        """Whether this frame is more than the one that a refused topic may leak."""
        if native not in self._trusted and native not in self._once:
            self._once.add(native)
            return False
        return True


def pong(frame: Frame) -> Reply:
    """The answer to a ping in JSON, as BingX's other sockets send it. Raises ParseError where that is no short text."""
    if len(frame.ping or "") + len(frame.time or "") > LONGEST_PING:
        raise ParseError("a ping too long to be repeated")
    return Reply(msgspec.json.encode({"pong": frame.ping, "time": frame.time}).decode())


def native(symbol: str) -> str | None:
    """`BTC/USDT:USDT` is `BTC-USDT`; settled in USDT or USDC alone."""
    parts = perpetual_parts(symbol)
    if parts is None or parts[1] != parts[2] or parts[2] not in SETTLES:
        return None
    return f"{parts[0]}-{parts[1]}"


def request(kind: str) -> Request:
    """A builder of `sub` or `unsub` frames, one topic each. What is said to an `unsub` is of no interest: it goes under
    an id that nobody waits for.
    """

    def build(natives: Sequence[str], number: int) -> list[str]:
        return [
            msgspec.json.encode(
                {
                    "id": topic_id(each) if kind == "sub" else topic_id(f"{kind} {number} {each}"),
                    "reqType": kind,
                    "dataType": each + CHANNEL,
                }
            ).decode()
            for each in natives
        ]

    return build


class Row(Struct):
    """A row of `premiumIndex`; the rest of it is not read."""

    symbol: str = ""
    markPrice: str | None = None
    indexPrice: str | None = None
    lastFundingRate: str | None = None
    nextFundingTime: int | None = None
    fundingIntervalHours: int | None = None
    updateTime: int | None = None


class Rows(Struct):
    """`{"code":0,"msg":"","data":[…]}`; asked for one contract, `data` is that one."""

    code: int
    msg: str = ""
    data: list[Row] | Row | None = None


_ROWS = msgspec.json.Decoder(Rows)


def anchors(body: bytes, symbols: Mapping[str, str], at_mono_ms: int) -> list[Update]:
    """Index, coming funding and interval of these markets from a `premiumIndex` body. Raises ParseError.

    A row that is missing or cannot be read costs its market what was known of it, and the others nothing.
    """
    try:
        found = _ROWS.decode(body)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"not BingX's premiumIndex: {clean(str(error), 120)}") from None
    if found.code != 0 or found.data is None:
        raise ParseError(f"BingX's premiumIndex says {found.code} {clean(found.msg, 80)}")
    rows = {row.symbol: row for row in (found.data if isinstance(found.data, list) else [found.data])}
    said: list[Update] = []
    for each, symbol in symbols.items():
        row, reason = rows.get(each), "bingx premiumIndex has no row of it"
        try:
            said += [] if row is None else of_row(row, symbol, at_mono_ms)
        except ParseError as error:
            row, reason = None, f"the row of bingx premiumIndex cannot be read: {error}"
        if row is None:
            said.append(Dropped(FEED, symbol, ("index", "funding"), at_mono_ms, reason))
    return said


def of_row(row: Row, symbol: str, at_mono_ms: int) -> list[Update]:
    """What one row says. Raises ParseError."""
    said: list[Update] = []
    index, settled_ms, next_ms = price(row.indexPrice), unix_ms(row.updateTime), unix_ms(row.nextFundingTime)
    if index is None:
        said.append(Dropped(FEED, symbol, ("index",), at_mono_ms, "bingx premiumIndex has none of it"))
    else:
        said.append(Index(FEED, symbol, index, at_mono_ms, INDEX_LIMIT_MS, mark=price(row.markPrice)))
    if next_ms is not None and settled_ms is not None and next_ms <= settled_ms:
        next_ms = None  # a stamp that has been settled is not the next one
    said.append(Funding(FEED, symbol, rate(row.lastFundingRate), next_ms, at_mono_ms, ANCHOR.limit_ms))
    if row.fundingIntervalHours is not None and 0 < row.fundingIntervalHours <= 24:
        hours = Decimal(row.fundingIntervalHours)
        said.append(FundingInterval(FEED, symbol, hours, "bingx premiumIndex", at_mono_ms))
    return said


SWAP = Feed(
    id=FEED,
    venue="bingx",
    url="wss://open-api-swap.bingx.com/swap-market",
    native=native,
    subscribe=request("sub"),
    unsubscribe=request("unsub"),
    carries=("mark",),
    parser=MarkParser,
    cadence_ms=CADENCE_MS,
    socket_silence_ms=12_000,
    per_frame=30,
    per_socket=30,
    send_gap_s=0.12,
)
"""Two hundred topics fit on a socket, but one frame each and ten frames a second: thirty are asked for in four seconds,
so that none waits long for its first frame."""

ANCHOR = Poll(
    id="bingx-rest",
    venue="bingx",
    feed=FEED,
    path="/openApi/swap/v2/quote/premiumIndex",
    every_s=INDEX_EVERY_S,
    carries=("index", "funding", "interval"),
    parse=anchors,
)
