"""Hyperliquid: mark, oracle price and hourly funding of each perpetual, one channel a coin, every frame complete.

Markets go by the coin alone (`BTC`, `kPEPE` for a thousand PEPE), are settled in USDC, and count coins. Frames carry
no time and no stamp: funding is paid at every full hour. An unknown coin ends the whole socket without a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec
from msgspec import Struct

from feeds.clean import ParseError, clean, number, price, rate
from feeds.venue import FUNDING_LIMIT_MS, Ack, Addresses, Feed, Ping, Pong, Request, Said, perpetual_parts
from hedge.market import AccountRead, Dropped, Funding, FundingInterval, Index, Instant, Mark, ReadPosition

CADENCE_MS = 3_000
"""About one frame a second; other channels of the venue slowed down to five in 2026, which must be no alarm."""
EVERY_HOURS = 1
_COIN = re.compile(r'"coin"\s*:\s*"([A-Za-z0-9]{1,20})"')


class Context(Struct):
    """The fields of an asset context that matter here, as text."""

    markPx: str | None = None
    oraclePx: str | None = None
    funding: str | None = None


class Data(Struct):
    """One coin and its context."""

    coin: str
    ctx: Context


class Subscription(Struct, frozen=True):
    type: str = ""
    coin: str = ""


class Confirmation(Struct):
    """What a `subscriptionResponse` repeats of our request."""

    method: str = ""
    subscription: Subscription = Subscription()


class Frame(Struct):
    """Any frame: a channel, and what is in it."""

    channel: str
    data: msgspec.Raw = msgspec.Raw()


_FRAME = msgspec.json.Decoder(Frame)
_DATA = msgspec.json.Decoder(Data)
_CONFIRMATION = msgspec.json.Decoder(Confirmation)
_TEXT = msgspec.json.Decoder(str)


class ContextParser:
    """Asset contexts of one connection. Remembers of which markets the interval was said."""

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self._symbols = symbols
        self._known: set[str] = set()

    def parse(self, frame: str | bytes, at_mono_ms: int) -> list[Said]:
        try:
            if isinstance(frame, bytes):
                raise ParseError("a binary frame, where the venue sends text")
            found = _FRAME.decode(frame)
            match found.channel:
                case "pong":
                    return [Pong()]
                case "activeAssetCtx":
                    data = _DATA.decode(found.data)
                case "subscriptionResponse":
                    return self._confirmed(_CONFIRMATION.decode(found.data))
                case "error":
                    return self._refused(_TEXT.decode(found.data))
                case _:
                    return []
        except (ValueError, RecursionError) as error:
            raise ParseError(f"not a Hyperliquid frame: {clean(str(error), 120)}") from None
        symbol = self._symbols.get(data.coin)
        return [] if symbol is None else self._context(data.ctx, symbol, at_mono_ms)

    def _confirmed(self, confirmation: Confirmation) -> list[Said]:
        coin = confirmation.subscription.coin
        asked = confirmation.method == "subscribe" and coin in self._symbols
        return [Ack(None, True, native=coin)] if asked else []

    def _refused(self, words: str) -> list[Said]:
        """A market that is subscribed twice is subscribed; other complaints name the coin, or nothing we can act on."""
        named = _COIN.search(words)
        if words.startswith("Already subscribed"):
            return []
        if named is None or named[1] not in self._symbols:
            raise ParseError(f"hyperliquid complains: {clean(words, 120)}")
        return [Ack(None, False, clean(words, 120), named[1])]

    def _context(self, context: Context, symbol: str, at_mono_ms: int) -> list[Said]:
        feed, limit = HYPERLIQUID.id, HYPERLIQUID.silence_ms
        try:
            mark, index, funding = price(context.markPx), price(context.oraclePx), rate(context.funding)
        except ParseError as error:
            raise ParseError(str(error), symbol) from None
        said: list[Said] = []
        said.append(
            Dropped(feed, symbol, ("mark",), at_mono_ms)
            if mark is None
            else Mark(feed, symbol, mark, at_mono_ms, limit)
        )
        said.append(
            Dropped(feed, symbol, ("index",), at_mono_ms)
            if index is None
            else Index(feed, symbol, index, at_mono_ms, limit)
        )
        said.append(Funding(feed, symbol, funding, None, at_mono_ms, FUNDING_LIMIT_MS))
        if symbol not in self._known:
            self._known.add(symbol)
            said.append(FundingInterval(feed, symbol, Decimal(EVERY_HOURS), "each full hour", at_mono_ms))
        return said


def coin_of(symbol: str) -> str | None:
    """`BTC/USDC:USDC` is `BTC`; a perpetual that is settled in anything else is not listed."""
    parts = perpetual_parts(symbol)
    return parts[0] if parts is not None and parts[1:] == ("USDC", "USDC") else None


def request(method: str) -> Request:
    """A builder of `subscribe` or `unsubscribe` frames: one a coin."""

    def build(natives: Sequence[str], number: int) -> tuple[str, ...]:
        wanted = [{"type": "activeAssetCtx", "coin": native} for native in natives]
        return tuple(msgspec.json.encode({"method": method, "subscription": each}).decode() for each in wanted)

    return build


HYPERLIQUID = Feed(
    id="hyperliquid",
    venue="hyperliquid",
    url="wss://api.hyperliquid.xyz/ws",
    native=coin_of,
    subscribe=request("subscribe"),
    unsubscribe=request("unsubscribe"),
    carries=("mark", "index", "funding", "interval"),
    parser=ContextParser,
    cadence_ms=CADENCE_MS,
    socket_silence_ms=25_000,
    ping=Ping(lambda number: '{"method":"ping"}', 20.0),
    per_socket=100,
    send_gap_s=0.05,
    fragile=True,
    listed_ids=False,
    paid_every_h=EVERY_HOURS,
)
"""The venue takes 2000 messages a minute and closes a socket that was silent for 60 s."""


class Leverage(Struct):
    """`cross` or `isolated`, and the leverage that was chosen."""

    type: str
    value: int


class Holding(Struct):
    """One position of an address. Sizes count coins; a short is negative."""

    coin: str
    szi: str
    entryPx: str | None
    leverage: Leverage
    marginUsed: str
    unrealizedPnl: str
    liquidationPx: str | None = None


class Row(Struct):
    position: Holding


class Summary(Struct):
    """Of the whole account; its value includes unrealised gains and isolated margins."""

    accountValue: str


class ClearinghouseState(Struct):
    """What an address holds in perpetuals."""

    marginSummary: Summary
    assetPositions: list[Row]


_STATE = msgspec.json.Decoder(ClearinghouseState)
_LISTED = re.compile(r"[A-Za-z0-9]{1,20}")


def account_of(body: bytes, address: str, now: Instant) -> AccountRead:
    """A `clearinghouseState` as an AccountRead. Raises ParseError: one position that cannot be read, and none of the
    account is believed, because a hedge that is half known looks like a hedge that is half gone.
    """
    try:
        state = _STATE.decode(body)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"not a clearinghouseState: {clean(str(error), 120)}") from None
    holdings = [row.position for row in state.assetPositions]
    gains = sum((stated(each.unrealizedPnl, "unrealised gain") for each in holdings), Decimal(0))
    wallet = stated(state.marginSummary.accountValue, "account value") - gains
    positions = [position_of(each) for each in holdings if stated(each.szi, "size")]
    return AccountRead("hyperliquid", address, tuple(positions), {"USDC": wallet}, now.mono_ms, now.wall_ms)


def position_of(held: Holding) -> ReadPosition:
    """One position. An isolated margin is stated with its gains; here it stands without. Raises ParseError."""
    if _LISTED.fullmatch(held.coin) is None:
        raise ParseError(f"a position in {clean(held.coin, 32)!r}, which is no perpetual of this venue's own")
    size, entry = stated(held.szi, "size"), price(held.entryPx)
    if entry is None:
        raise ParseError(f"a position in {held.coin} without an entry price")
    if held.leverage.type not in ("cross", "isolated") or held.leverage.value <= 0:
        raise ParseError(f"a position in {held.coin} with the leverage {clean(held.leverage.type, 16)!r}")
    isolated = held.leverage.type == "isolated"
    margin = stated(held.marginUsed, "margin") - stated(held.unrealizedPnl, "unrealised gain")
    ends = number(held.liquidationPx)
    return ReadPosition(
        symbol=f"{held.coin}/USDC:USDC",
        side="short" if size < 0 else "long",
        contracts=abs(size),
        entry_price=entry,
        isolated=isolated,
        margin=margin if isolated and margin > 0 else None,
        leverage=Decimal(held.leverage.value),
        liquidation_price=None if ends is None or ends <= 0 else ends,
    )


def stated(text: str, name: str) -> Decimal:
    """A number that must be there. Raises ParseError."""
    value = number(text)
    if value is None:
        raise ParseError(f"a position without its {name}")
    return value


APART = frozenset({"disabled", "default", "dexAbstraction"})
"""Kinds of accounts whose perpetuals have a wallet of their own; others share the margin with spot, which no
`clearinghouseState` shows."""


def whole(body: bytes) -> bool:
    """Whether an account of this kind has its whole margin in its perpetuals' wallet. Raises ParseError."""
    try:
        return _TEXT.decode(body) in APART
    except (ValueError, RecursionError) as error:
        raise ParseError(f"not a kind of account: {clean(str(error), 120)}") from None


ACCOUNTS = Addresses(
    path="/info",
    question=lambda address: {"type": "clearinghouseState", "user": address},
    parse=account_of,
    kind=lambda address: {"type": "userAbstraction", "user": address},
    whole=whole,
)
