"""The vocabulary between rooms: what a venue said, when it arrived, and how long it may be believed.

All values are frozen. Prices, sizes and rates are Decimal, rates as fractions per interval (0.0001 is one basis point).
Two clocks: `*_mono_ms` counts milliseconds of the monitor's own monotonic clock (freshness), `*_ms` alone is UTC in
milliseconds since 1970 (display, funding stamps). A feed id names one socket family (`binance-usdm`), a venue id one
company (`binance`), a symbol is ccxt's unified one (`BTC/USDT:USDT`).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Protocol

from msgspec import Struct

HOURS_PER_YEAR = Decimal(8760)
"""Crypto trades every day: 365 days of 24 hours."""

DEFAULT_FUNDING_INTERVAL_HOURS = Decimal(8)
"""Assumed, and flagged as assumed, where a venue does not say."""

FeedStatus = Literal["idle", "dialling", "subscribing", "live", "stale", "backing_off", "blocked"]
Side = Literal["long", "short"]


class Instant(Struct, frozen=True, gc=False):
    """One moment on both clocks."""

    mono_ms: int
    """The monitor's own monotonic clock; freshness is judged by it alone."""
    wall_ms: int
    """UTC, milliseconds since 1970; for display, funding stamps and the journal."""


class Clock(Protocol):
    """Where time comes from. The process has one; tests and replays bring their own."""

    def now(self) -> Instant: ...


class Want(Struct, frozen=True):
    """One market the book needs data of. `symbol` is a perpetual, or a spot pair where `spot` is true."""

    venue: str
    symbol: str
    spot: bool = False
    address: str = ""
    """Where it is not empty, no market is wanted (`symbol` is empty) but what this public address holds."""
    listed: bool = False
    """Only whether the venue lists it, and its contract facts: nothing of it streams."""


class Mark(Struct, frozen=True, tag=True, gc=False):
    """Mark price of a perpetual, in its quote currency."""

    feed: str
    symbol: str
    price: Decimal
    at_mono_ms: int
    """When it arrived."""
    limit_ms: int
    """How long it may be believed without another frame of its symbol (exchange-wire: by channel kind)."""
    venue_ms: int | None = None
    """The venue's own time, for display, order and skew only."""


class Index(Struct, frozen=True, tag=True, gc=False):
    """Index (oracle) price of a perpetual's underlying, in its quote currency."""

    feed: str
    symbol: str
    price: Decimal
    at_mono_ms: int
    limit_ms: int
    venue_ms: int | None = None
    mark: Decimal | None = None
    """The mark that came with it, where marks go on and an index comes seldom: the basis is of one moment."""


class Spot(Struct, frozen=True, tag=True, gc=False):
    """Mid of best bid and ask of a spot pair such as `BTC/USDT`."""

    feed: str
    symbol: str
    price: Decimal
    at_mono_ms: int
    limit_ms: int
    venue_ms: int | None = None


class Funding(Struct, frozen=True, tag=True, gc=False):
    """The rate predicted for the coming stamp, as the venue signs it (positive: longs pay shorts), and the stamp.

    `rate` None means the venue says there is none (dated contract, before listing); zero is a legitimate rate.
    """

    feed: str
    symbol: str
    rate: Decimal | None
    next_ms: int | None
    at_mono_ms: int
    limit_ms: int
    venue_ms: int | None = None


class FundingInterval(Struct, frozen=True, tag=True, gc=False):
    """Hours between two stamps of a perpetual, and where that is known from."""

    feed: str
    symbol: str
    hours: Decimal
    source: str
    """Words for the screen: `bybit stream`, `binance fundingInfo`, `assumed`."""
    at_mono_ms: int

    @property
    def assumed(self) -> bool:
        return self.source == "assumed"


class Confirmed(Struct, frozen=True, tag=True, gc=False):
    """A delta of this symbol arrived: every value it does not mention still holds, as of now."""

    feed: str
    symbol: str
    at_mono_ms: int
    venue_ms: int | None = None


class Dropped(Struct, frozen=True, tag=True):
    """What was known of this symbol from this feed no longer counts (a new connection epoch, a venue's `none`)."""

    feed: str
    symbol: str
    fields: tuple[Literal["mark", "index", "spot", "funding", "interval"], ...]
    at_mono_ms: int
    reason: str = ""
    """Why, in words, where that is more than a value that is missing."""


class Instrument(Struct, frozen=True, tag=True):
    """Contract facts from the venue's metadata; never from a table in code."""

    venue: str
    symbol: str
    native_id: str
    base: str
    """The coin itself: `PEPE` for `1000PEPE/USDT:USDT`."""
    quote: str
    settle: str
    inverse: bool
    contract_size: Decimal
    """Linear: quoted units per contract. Inverse: USD per contract."""
    multiplier: Decimal
    """Coins per quoted unit (1, 1000 for 1000PEPE): coins = contracts x contract_size x multiplier."""
    step: Decimal
    """Smallest change of an order's size, in contracts; 0 where fractional."""
    min_contracts: Decimal | None = None
    min_notional: Decimal | None = None
    """Smallest order value, in the quote currency."""
    tick: Decimal | None = None
    taker_fee: Decimal | None = None
    maintenance_rate: Decimal | None = None
    """The one rate some venues publish in their instrument list (Binance): used, flagged, where no tiers are had."""
    active: bool = True
    ends_ms: int | None = None
    """When the venue will end it, UTC ms, where it has announced that."""
    at_ms: int = 0
    """Wall time when the venue was asked."""


class Tier(Struct, frozen=True):
    """One maintenance bracket, marginal like a tax: margin = notional x maintenance_rate - maintenance_amount."""

    floor: Decimal
    """Notional from which it holds, in the settle currency."""
    cap: Decimal | None
    maintenance_rate: Decimal
    maintenance_amount: Decimal = Decimal(0)
    max_leverage: Decimal | None = None


class Tiers(Struct, frozen=True, tag=True):
    """The brackets of one perpetual, lowest first. Empty with a `reason` where the venue gives none to the asker."""

    venue: str
    symbol: str
    tiers: tuple[Tier, ...]
    source: str
    """Words for the screen: `bybit risk-limit`."""
    reason: str = ""
    at_ms: int = 0
    at_price: Decimal | None = None
    """The mark at which brackets were valued, where the venue counts contracts."""


class Candle(Struct, frozen=True):
    """One closed candle: when it began (UTC ms) and its close, in the quote currency."""

    start_ms: int
    close: Decimal


class Candles(Struct, frozen=True, tag=True):
    """Past closes of one perpetual, oldest first: daily ones for volatility and beta, hourly ones for the basis."""

    venue: str
    symbol: str
    kind: Literal["mark", "index", "trade"]
    hours: int
    """Length of one candle: 24 or 1."""
    candles: tuple[Candle, ...]
    at_ms: int
    """Wall time when the venue was asked."""
    reason: str = ""
    """Why there are none, in words."""


class Settlement(Struct, frozen=True):
    """One funding stamp that was paid: when (UTC ms), the rate as the venue signs it, the mark then where published."""

    at_ms: int
    rate: Decimal
    mark: Decimal | None = None


class Settlements(Struct, frozen=True, tag=True):
    """Funding settled in the past of one perpetual, oldest first."""

    venue: str
    symbol: str
    settlements: tuple[Settlement, ...]
    since_ms: int
    """From when on they are complete."""
    at_ms: int
    reason: str = ""


class ReadPosition(Struct, frozen=True):
    """One open position, as its venue reports it."""

    symbol: str
    side: Side
    contracts: Decimal
    """Without a sign."""
    entry_price: Decimal
    """In the quote currency."""
    isolated: bool
    margin: Decimal | None = None
    """Of an isolated one, before unrealised gains, in the settle currency."""
    leverage: Decimal | None = None
    liquidation_price: Decimal | None = None
    """The venue's own."""


class AccountRead(Struct, frozen=True, tag=True):
    """Everything that a public address holds at a venue, at one moment."""

    venue: str
    address: str
    positions: tuple[ReadPosition, ...]
    collateral: dict[str, Decimal]
    """Wallet by currency, isolated margins included, before unrealised gains."""
    at_mono_ms: int
    """When it arrived."""
    at_ms: int
    """The same moment, UTC."""


class FeedState(Struct, frozen=True, tag=True):
    """What one socket, or one venue's metadata (`binance-facts`), is doing, with its reason in words."""

    feed: str
    state: FeedStatus
    reason: str
    at_mono_ms: int
    dials: int = 0
    """Handshakes tried since the start."""
    retry_mono_ms: int | None = None
    """When it dials again, while backing off."""


class SymbolState(Struct, frozen=True, tag=True):
    """One symbol on one socket: waiting for its first frame, live, silent, or quarantined with a reason."""

    feed: str
    symbol: str
    state: Literal["waiting", "live", "stale", "quarantined"]
    reason: str
    at_mono_ms: int


class FeedPulse(Struct, frozen=True, tag=True):
    """How one feed's connection beats, told about once a second."""

    feed: str
    per_s: float
    """Frames a second, over the last ten seconds."""
    skew_s: float | None
    """The venue's clock minus the monitor's; None where its frames carry no time."""
    at_mono_ms: int


class Woke(Struct, frozen=True, tag=True):
    """The machine slept, or the whole process stood still: everything known before it is old."""

    slept_ms: int
    at_mono_ms: int


class Unread(Struct, frozen=True, tag=True):
    """A symbol, or the whole feed where it names none, is not read any more, because nobody wants it."""

    feed: str
    symbol: str | None = None


Update = (
    Mark
    | Index
    | Spot
    | Funding
    | FundingInterval
    | Confirmed
    | Dropped
    | Instrument
    | Tiers
    | Candles
    | Settlements
    | FeedState
    | SymbolState
    | FeedPulse
    | Woke
    | Unread
    | AccountRead
)
"""Everything a feed may say; `Book.apply` takes one of these."""
