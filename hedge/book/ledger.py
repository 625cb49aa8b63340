"""What the venues said, newest value per market, and how long each may be believed. Knows nothing of positions.

A value is stale once nothing arrived for its limit; a price also once its feed is not live and it is older than five
seconds. Time is the monitor's monotonic clock in milliseconds.
"""

from __future__ import annotations

from decimal import Decimal

from hedge.book.basis_minutes import TOGETHER_MS, BasisMinutes
from hedge.book.trail import Trail
from hedge.contract_changes import altered
from hedge.history import UsualBasis, usual_basis
from hedge.market import (
    AccountRead,
    Candles,
    Confirmed,
    Dropped,
    FeedPulse,
    FeedState,
    Funding,
    FundingInterval,
    Index,
    Instant,
    Instrument,
    Mark,
    Settlement,
    Settlements,
    Spot,
    SymbolState,
    Tiers,
    Unread,
)
from hedge.rates import Implied
from hedge.settled import near, still_unconfirmed
from hedge.snapshot import FeedRow

UNWATCHED_LIMIT_MS = 5_000
"""How long a price is believed at most while its feed is not live."""
POSITION_LIMIT_MS = 60_000
"""How long a position that is read from its venue is believed."""
CLOCK_MS = 2_000
"""How far a venue's own times may be apart."""
PASSED_KEPT = 100
"""Stamps that wait for the venue to publish them, at most."""

Price = Mark | Index | Spot
Valued = Price | Funding


def venue_of(feed: str) -> str:
    """The venue a feed belongs to: `binance-usdm` is binance, `ccxt-gate` is gate."""
    venue, _, rest = feed.partition("-")
    return rest if venue == "ccxt" and rest else venue


def positions_feed(venue: str) -> str:
    """Under what id the reads of a venue's addresses report."""
    return f"{venue}-positions"


class Market:
    """One symbol at one venue: its newest values and its contract facts."""

    __slots__ = (
        "altered",
        "candles",
        "confirmed",
        "funding",
        "gone",
        "index",
        "instrument",
        "interval",
        "lean",
        "lean_since_ms",
        "mark",
        "minutes",
        "passed",
        "rejected",
        "settlements",
        "spot",
        "states",
        "symbol",
        "tiers",
        "trail",
        "usual",
        "venue",
    )

    def __init__(self, venue: str, symbol: str) -> None:
        self.venue = venue
        self.symbol = symbol
        self.mark: Mark | None = None
        self.index: Index | None = None
        self.spot: Spot | None = None
        self.funding: Funding | None = None
        self.interval: FundingInterval | None = None
        self.instrument: Instrument | None = None
        self.altered = ""
        """What its facts changed in, so that positions of the file cannot be counted by them."""
        self.tiers: Tiers | None = None
        self.candles: dict[tuple[str, int], Candles] = {}
        """By kind of price and hours."""
        self.settlements: Settlements | None = None
        self.passed: list[Settlement] = []
        """Stamps that were seen to pass, as predicted, until the venue publishes what it settled."""
        self.usual = UsualBasis()
        """What the basis was in the last days: by its hourly candles, and once watched for a day by its minutes."""
        self.minutes = BasisMinutes()
        self.gone: dict[str, str] = {}
        """By value, why it counted no longer when it was last dropped."""
        self.confirmed: dict[str, int] = {}
        """By feed, when a delta last confirmed what it did not mention."""
        self.states: dict[str, SymbolState] = {}
        """By feed."""
        self.rejected = 0
        """Values that were refused because they cannot be: prices of zero and below, rates of 100 % and beyond."""
        self.trail = Trail()
        """Of the mark."""
        self.lean = 0
        """The sign of the predicted funding rate; 0 until there is one."""
        self.lean_since_ms = 0
        """Since when it has that sign, monotonic ms."""

    def arrival(self, value: Valued) -> int:
        """When the value was last received or confirmed, monotonic ms."""
        confirmed = self.confirmed.get(value.feed)
        return value.at_mono_ms if confirmed is None or confirmed < value.at_mono_ms else confirmed

    def accept(self, name: str, value: Valued) -> bool:
        """Keep the value unless the same feed already gave a later one, by the venue's own time."""
        if impossible(value):
            self.rejected += 1
            return False
        before = getattr(self, name)
        if before is not None and before.feed == value.feed and overtaken(before, value):
            return False
        if isinstance(before, Funding) and isinstance(value, Funding):
            self._note_passed(before, value)
        setattr(self, name, value)
        if isinstance(value, Mark):
            self.trail.note(value.at_mono_ms, value.price)
        elif isinstance(value, Index):
            self.watch_basis(value)
        elif isinstance(value, Funding):
            self.lean_to(value)
        return True

    def watch_basis(self, index: Index) -> None:
        """A sample a second of the basis, where mark and index came together."""
        mark, at_ms = self.mark, index.at_mono_ms
        if mark is None or not self.minutes.due(at_ms) or abs(at_ms - self.arrival(mark)) > TOGETHER_MS:
            return
        if self.minutes.note(at_ms, mark.price / index.price - 1):
            self.usual = self.minutes.usual() or self.usual

    def lean_to(self, funding: Funding) -> None:
        """Note when the prediction changed its sign; a zero has none and is passed over."""
        sign = 0 if funding.rate is None else (funding.rate > 0) - (funding.rate < 0)
        if sign and sign != self.lean:
            self.lean, self.lean_since_ms = sign, funding.at_mono_ms

    def _note_passed(self, before: Funding, after: Funding) -> None:
        """A next stamp takes the place of one that has passed: what was predicted for that counts as settled."""
        if before.next_ms is None or after.next_ms is None or before.rate is None or after.next_ms <= before.next_ms:
            return
        moved_only = after.venue_ms is not None and after.venue_ms < before.next_ms - CLOCK_MS
        settled = () if self.settlements is None else self.settlements.settlements[-10:]
        if not moved_only and not near(before.next_ms, (*settled, *self.passed)):
            mark = None if self.mark is None else self.mark.price
            self.passed = [*self.passed[-PASSED_KEPT:], Settlement(before.next_ms, before.rate, mark)]

    def remember(self, update: Candles | Settlements) -> None:
        """Keep the newest history of its kind."""
        if isinstance(update, Candles):
            self.candles[update.kind, update.hours] = update
            if update.hours == 1 and not self.usual.minutes:
                self.usual = usual_basis(self.candles.get(("mark", 1)), self.candles.get(("index", 1)))
        else:
            self.settlements = update
            self.passed = still_unconfirmed(self.passed, update)

    def confirm(self, update: Confirmed) -> None:
        """Every value of this feed still holds, as of the update."""
        self.confirmed[update.feed] = max(update.at_mono_ms, self.confirmed.get(update.feed, update.at_mono_ms))
        if self.mark is not None and self.mark.feed == update.feed:
            self.trail.note(update.at_mono_ms, self.mark.price)

    def drop(self, update: Dropped) -> None:
        """Forget the named values, where they came from this feed."""
        for name in update.fields:
            self.gone[name] = update.reason
            value = getattr(self, name)
            if value is not None and value.feed == update.feed:
                setattr(self, name, None)

    def trouble(self) -> str:
        """Why no data may be coming, in words; empty when nothing is known to be wrong."""
        for state in self.states.values():
            if state.state == "quarantined" and state.reason:
                return f"{state.feed}: {state.reason}"
        return ""


def impossible(value: Valued) -> bool:
    """A price of zero or below, or a funding rate of all of the notional."""
    if isinstance(value, Funding):
        return value.rate is not None and abs(value.rate) >= 1
    return value.price <= 0


def overtaken(before: Valued, value: Valued) -> bool:
    """Whether the venue itself dates a value before one that came earlier."""
    return before.venue_ms is not None and value.venue_ms is not None and value.venue_ms < before.venue_ms


class Ledger:
    """All markets and feeds. Outlives a change of the portfolio."""

    def __init__(self) -> None:
        self.markets: dict[tuple[str, str], Market] = {}
        self.feeds: dict[str, FeedState] = {}
        self.pulses: dict[str, FeedPulse] = {}
        """By feed, how its connection beats."""
        self.data_at: dict[str, int] = {}
        """By feed, when data last arrived, monotonic ms."""
        self.sick: dict[str, dict[str, SymbolState]] = {}
        """By feed, the symbols that are not live."""
        self.reads: dict[tuple[str, str], AccountRead] = {}
        """By venue and public address, what was read of it last."""
        self.implied: dict[str, Implied] = {}
        """By stablecoin, the rates that index streams imply."""

    def market(self, venue: str, symbol: str) -> Market:
        """The market, made on first sight."""
        key = (venue, symbol)
        found = self.markets.get(key)
        if found is None:
            found = self.markets[key] = Market(venue, symbol)
        return found

    def limit_ms(self, value: Valued) -> int:
        """How long the value may be believed now, given what its feed is doing."""
        if isinstance(value, Funding):
            return value.limit_ms
        state = self.feeds.get(value.feed)
        return value.limit_ms if state is None or state.state == "live" else min(value.limit_ms, UNWATCHED_LIMIT_MS)

    def expires_ms(self, market: Market, value: Valued) -> int:
        """The last moment at which the value is still fresh, monotonic ms."""
        return market.arrival(value) + self.limit_ms(value)

    def rate_until_ms(self, currency: str) -> int | None:
        """The last moment at which an implied rate is fresh, monotonic ms; None for one that does not age."""
        found = self.implied.get(currency)
        return None if found is None or found.usd is None else found.until_ms

    def fresh(self, market: Market, value: Valued, now_ms: int) -> bool:
        """Whether the value may be shown as current."""
        return now_ms <= self.expires_ms(market, value)

    def note_symbol(self, update: SymbolState) -> None:
        """Remember what one symbol of a feed is doing."""
        sick = self.sick.setdefault(update.feed, {})
        if update.state == "live":
            sick.pop(update.symbol, None)
        else:
            sick[update.symbol] = update
        self.market(venue_of(update.feed), update.symbol).states[update.feed] = update

    def listed(self, update: Instrument) -> Market:
        """Take new contract facts; where they mean something else than before, that stands until the file is saved."""
        market, teller = self.market(update.venue, update.symbol), f"{update.venue}-facts"
        market.altered = market.altered or altered(market.instrument, update)
        market.instrument = update
        market.states.pop(teller, None)
        self.sick.get(teller, {}).pop(update.symbol, None)
        return market

    def saved(self) -> None:
        """The file was saved with the contracts as they are now."""
        for market in self.markets.values():
            market.altered = ""

    def forget(self, update: Unread) -> None:
        """A symbol or a whole feed is not read any more: what it said of itself no longer counts."""
        if update.symbol is None:
            for kept in (self.feeds, self.sick, self.pulses, self.data_at):
                kept.pop(update.feed, None)
            return
        self.sick.get(update.feed, {}).pop(update.symbol, None)
        self.market(venue_of(update.feed), update.symbol).states.pop(update.feed, None)

    def rows(self, now: Instant) -> tuple[FeedRow, ...]:
        """Every feed that has said anything, in the order they first did."""
        return tuple(self.row(feed, now) for feed in self.feeds)

    def row(self, feed: str, now: Instant) -> FeedRow:
        """One feed, with its age and the symbols that are not live."""
        state = self.feeds[feed]
        at = self.data_at.get(feed)
        retry, pulse = state.retry_mono_ms, self.pulses.get(feed)
        return FeedRow(
            feed=feed,
            state=state.state,
            reason=state.reason,
            age_s=seconds(now.mono_ms, at),
            retry_s=seconds_left(retry, now.mono_ms),
            dials=state.dials,
            per_s=None if pulse is None else pulse.per_s,
            skew_s=None if pulse is None else pulse.skew_s,
            symbols={symbol: sick.reason or sick.state for symbol, sick in self.sick.get(feed, {}).items()},
        )

    def note_read(self, update: AccountRead) -> None:
        """Remember what an address holds."""
        self.reads[update.venue, update.address] = update
        self.data_at[positions_feed(update.venue)] = update.at_mono_ms

    def why_no_past(self, market: Market, what: str) -> str:
        """Why a venue has told nothing of the past: the words of its history feed, else that it is awaited."""
        state = self.feeds.get(f"{market.venue}-history")
        if state is not None and state.state != "live" and state.reason:
            return f"no {what} yet: {state.feed} {state.reason}"
        return f"no {what} from {market.venue} yet"

    def why_nothing(self, market: Market, what: str) -> str:
        """Why a value never came: the feed's or the symbol's own words, else that it is awaited."""
        trouble = market.trouble()
        if trouble:
            return f"no {what}: {trouble}"
        if gone := market.gone.get(what.partition(" ")[0]):
            return f"no {what}: {gone}"
        silent: tuple[str, ...] = ("-facts", "-history", "-positions")
        if what in ("mark", "spot price"):
            silent += ("-rest",)
        polls = [feed for feed in self.feeds if feed.endswith("-rest")]
        for feed in (*sorted(market.states or self.feeds), *polls):
            state = self.feeds.get(feed)
            ours = venue_of(feed) == market.venue and not feed.endswith(silent)
            if ours and state is not None and state.state not in ("live", "idle") and state.reason:
                return f"no {what}: {feed} {state.reason}"
        return f"no {what} has come from {market.venue} yet"


def seconds(now_ms: int, then_ms: int | None) -> float | None:
    """Age in seconds, never negative; None for never."""
    return None if then_ms is None else max(0, now_ms - then_ms) / 1000


def seconds_left(until_ms: int | None, now_ms: int) -> float | None:
    """Seconds until a moment, never negative; None where there is none."""
    return None if until_ms is None else max(0, until_ms - now_ms) / 1000


def as_seconds(milliseconds: int) -> Decimal:
    """Milliseconds as exact seconds."""
    return Decimal(milliseconds) / 1000
