"""The book: positions of a portfolio against what the venues say, kept current update by update.

A tick touches its own legs, their coin and a handful of sums; its cost does not grow with the book. Sums are exact and
do not depend on the order of updates (`hedge.sums`). Time enters as an argument; nothing here waits, asks or prints.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from decimal import Decimal

from hedge.book.account_row import account_row
from hedge.book.coin_row import asset_row
from hedge.book.coins import Coin
from hedge.book.funding_target import follow, moved_targets
from hedge.book.layout import Layout
from hedge.book.ledger import Ledger, Market, venue_of
from hedge.book.leg_pace import TOP_UP_HOURS
from hedge.book.leg_row import position_row
from hedge.book.legs import Leg, carried
from hedge.book.past import DAILY, coins_estimated_by, estimate, lacks_marks, named, take_credit, take_over
from hedge.book.rebalance import Reference, position_altered, reference
from hedge.book.stablecoins import is_rate_market, money_rows, moved_rates, take_rate
from hedge.book.ticks import Ticks
from hedge.book.totals import BookSums, totals
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
    Settlements,
    Spot,
    SymbolState,
    Tiers,
    Unread,
    Update,
    Want,
    Woke,
)
from hedge.portfolio.policy import on_plan_band
from hedge.portfolio.written import Portfolio
from hedge.snapshot import AccountRow, AssetRow, FeedRow, MoneyRow, PositionRow, Totals

Touched = frozenset[str]
"""What may have changed: `leg:<leg id>`, `asset:BTC`, `feed:<id>`, and of a cross leg `account:<id>`, whose other legs
have moved a little too; they are named at their own next update."""

NOTHING: Touched = frozenset()


class Book:
    """A portfolio and its markets. `apply` each update as it comes, then ask for rows at a moment."""

    def __init__(self, portfolio: Portfolio, ledger: Ledger | None = None) -> None:
        self.ledger = Ledger() if ledger is None else ledger
        self.assumed: dict[str, Decimal] = {}
        """First fresh marks, frozen as entries of legs that state none, by leg id."""
        self._clock_ms = 0
        self.assumed_index: dict[str, Decimal] = {}
        """The indexes of the same moment, by leg id."""
        self.last_rebalance: Reference | None = None
        """What value and weights are compared with; None until everything was known once."""
        self.top_up_hours = TOP_UP_HOURS
        """How long it takes to bring margin to a venue."""
        self.revision = 0
        """Counts changes that are more than a tick: facts, history, what is stale, which source prices a coin."""
        self._build(portfolio)

    def _build(self, portfolio: Portfolio, before: Layout | None = None) -> None:
        """`before`: of what this is a copy; the past is taken over from it."""
        self.portfolio = portfolio
        self.revision += 1
        self.band = on_plan_band(portfolio)
        self._layout = Layout(portfolio, self.ledger, self.assumed)
        self._sums = BookSums()
        self._due: list[tuple[int, str]] = []
        self._touches: dict[str, Touched] = {}
        self._ticks = Ticks(self.ledger, self._layout, self._touches)
        if before is not None:
            take_over(self._layout, before)
        for leg in self._layout.legs.values():
            self._touches[leg.id] = self._touched_by(leg)
            leg.entry_index = self.assumed_index.get(leg.id) if leg.id in self.assumed else None
            leg.refresh_facts()
            if before is None:
                self._refund(leg)
            self._take_over(leg)
        for coin in self._layout.coins.values():
            if before is None:
                estimate(coin, self._layout)
                follow(coin)
            self._value(coin, self._clock_ms)
        for coin in self._layout.coins.values():
            self._sums.take_coin(coin)

    def _touched_by(self, leg: Leg) -> Touched:
        coin = self._layout.coin_of[leg.id]
        account = () if leg.isolated else (f"account:{leg.account.id}",)
        return frozenset((f"leg:{leg.id}", f"asset:{coin.name}", *account))

    @property
    def layout(self) -> Layout:
        """Legs, coins and wallets, with every tick worked in."""
        self._work_in()
        return self._layout

    @property
    def sums(self) -> BookSums:
        """The running sums, with every tick worked in."""
        self._work_in()
        return self._sums

    @property
    def wants(self) -> tuple[Want, ...]:
        """The markets whose data the book needs."""
        return self._layout.wants

    def resume(
        self, assumed: Mapping[str, Decimal], indexes: Mapping[str, Decimal], last_rebalance: Reference | None
    ) -> None:
        """Before any data: go on with the entries that an earlier run assumed, by leg id, and its last rebalance."""
        self.assumed, self.assumed_index = dict(assumed), dict(indexes)
        self.last_rebalance = last_rebalance
        self._build(self.portfolio)

    def replace(self, portfolio: Portfolio) -> None:
        """Swap positions and plan; market data stays, and so do entries assumed for legs that still state none.

        What such a leg has grown by is taken as opened at the mark of now."""
        self.assumed = carried(self.assumed, self._layout.legs, portfolio, "mark")
        self.assumed_index = carried(self.assumed_index, self._layout.legs, portfolio, "index")
        if position_altered(self.portfolio, portfolio):
            self.last_rebalance = None
        self._build(portfolio)

    def with_portfolio(self, portfolio: Portfolio, ledger: Ledger | None = None, *, same_sources: bool = False) -> Book:
        """Another book on the same market data, or on `ledger`: what would be. Updates belong to this one only.

        With `same_sources` its coins are priced as they are here, also by the markets of legs it no longer has."""
        other = Book.__new__(Book)
        other.ledger = self.ledger if ledger is None else ledger
        other.assumed = dict(self.assumed)
        other._clock_ms = self._clock_ms
        other.revision = self.revision
        other.assumed_index = dict(self.assumed_index)
        other.last_rebalance, other.top_up_hours = self.last_rebalance, self.top_up_hours
        other._build(portfolio, self.layout)
        for name in other._layout.coins.keys() & self._layout.coins.keys() if same_sources else ():
            other._layout.coins[name].sources = self._layout.coins[name].sources
            other._value(other._layout.coins[name], other._clock_ms)
        return other

    # Updates

    def apply(self, update: Update) -> Touched:
        """Take one update in; what it may have changed. An update that is older than what is known changes nothing.

        A tick is only kept here; its figures are worked out when somebody asks (`hedge.book.ticks`)."""
        place = self._ticks.keep(update)
        if place is None:
            return self._apply(update)
        at_ms = place.at_ms
        self.ledger.data_at[place.feed] = at_ms
        if at_ms > self._clock_ms:
            self._clock_ms = at_ms
            if self._due and self._due[0][0] < at_ms:
                self._look_again()
        if place.implies_rates and isinstance(update, Index):
            return place.named | self._take_rates(place.market)
        return place.named

    def _apply(self, update: Update) -> Touched:
        """The long way: everything is worked in at once."""
        self._work_in()
        touched = self._take(update)
        if touched and not isinstance(update, SymbolState):
            self.revision += 1
        return touched

    def _take(self, update: Update) -> Touched:
        match update:
            case Mark():
                return self._mark(update)
            case Index():
                return self._priced(update, "index", update.at_mono_ms)
            case Spot():
                return self._priced(update, "spot", update.at_mono_ms)
            case Funding() | FundingInterval():
                return self._funding(update)
            case Confirmed():
                self._heard(update.feed, update.at_mono_ms)
                self._market(update.feed, update.symbol).confirm(update)
                return self._recheck(self._market(update.feed, update.symbol))
            case Dropped():
                self._clock_ms = max(self._clock_ms, update.at_mono_ms)
                market = self._market(update.feed, update.symbol)
                market.drop(update)
                return self._refresh_market(market)
            case Instrument() | Tiers():
                return self._facts(update)
            case Candles() | Settlements():
                return self._past(update)
            case FeedState():
                return self._feed(update)
            case SymbolState():
                self.ledger.note_symbol(update)
                market = self._market(update.feed, update.symbol)
                told = self._refresh_market(market) if update.feed.endswith("-facts") else self._touches_of(market)
                return told | {f"feed:{update.feed}"}
            case FeedPulse():
                self.ledger.pulses[update.feed] = update
                return NOTHING
            case Unread():
                self.ledger.forget(update)
                return frozenset((f"feed:{update.feed}",))
            case Woke():
                return NOTHING
            case AccountRead():
                self.ledger.note_read(update)
                return NOTHING

    def named(self, feed: str, symbol: str) -> Touched:
        """What every tick of a market names."""
        return self._ticks.place(feed, symbol).named

    def forget_feeds(self) -> None:
        """Other streams are read from now on: what feeds said of themselves, and of their symbols, no longer counts."""
        self.revision += 1
        self.ledger.feeds.clear()
        self.ledger.sick.clear()
        self.ledger.pulses.clear()

    def _market(self, feed: str, symbol: str) -> Market:
        return self.ledger.market(venue_of(feed), symbol)

    def _heard(self, feed: str, at_mono_ms: int) -> None:
        self.ledger.data_at[feed] = at_mono_ms
        self._clock_ms = max(self._clock_ms, at_mono_ms)

    def _mark(self, update: Mark) -> Touched:
        self._heard(update.feed, update.at_mono_ms)
        market = self._market(update.feed, update.symbol)
        if not market.accept("mark", update):
            return NOTHING
        for leg in self._layout.legs_at.get((market.venue, market.symbol), ()):
            if leg.entry is None:
                leg.entry = self.assumed[leg.id] = update.price
                leg.refresh_facts()
            else:
                leg.refresh_price()
            self._take_over(leg)
        return self._recheck(market)

    def _priced(self, update: Index | Spot, name: str, at_mono_ms: int) -> Touched:
        self._heard(update.feed, at_mono_ms)
        market = self._market(update.feed, update.symbol)
        if not market.accept(name, update):
            return NOTHING
        legs = self._layout.legs_at.get((market.venue, market.symbol), ())
        if market.mark is None:
            for leg in legs:
                leg.refresh_price()
                self._take_over(leg)
        elif isinstance(update, Index):
            self.assumed_index |= {leg.id: update.price for leg in legs if leg.note_index(update)}
        if isinstance(update, Index) and is_rate_market(market):
            return self._recheck(market) | self._take_rates(market)
        return self._recheck(market)

    def _take_rates(self, market: Market) -> Touched:
        """Value anew what is quoted in a stablecoin whose rate moved."""
        touched: set[str] = set()
        for currency in moved_rates(self.ledger, market):
            self._work_in()
            self.revision += 1
            legs, coins = take_rate(self._layout, self.ledger, currency)
            for leg in legs:
                self._take_over(leg)
                touched |= self._touches[leg.id]
            for coin in coins:
                if self._value(coin, self._clock_ms):
                    touched |= {f"asset:{coin.name}", *named(coin.dependants)}
        return frozenset(touched)

    def _funding(self, update: Funding | FundingInterval) -> Touched:
        self._heard(update.feed, update.at_mono_ms)
        market = self._market(update.feed, update.symbol)
        if isinstance(update, FundingInterval):
            market.interval = update
        else:
            passed = market.passed
            if not market.accept("funding", update):
                return NOTHING
            if market.passed is not passed:
                self._settled(market)
        for leg in self._layout.legs_at.get((market.venue, market.symbol), ()):
            leg.refresh_funding()
            self._sums.take_leg(leg)
        return self._touches_of(market)

    def _facts(self, update: Instrument | Tiers) -> Touched:
        if isinstance(update, Tiers):
            market = self.ledger.market(update.venue, update.symbol)
            market.tiers = update
            return self._refresh_market(market)
        market = self.ledger.listed(update)
        return self._refresh_market(market) | self._settled(market)

    def _past(self, update: Candles | Settlements) -> Touched:
        """History came: what legs were paid, and by daily candles the betas of coins."""
        market = self.ledger.market(update.venue, update.symbol)
        market.remember(update)
        if isinstance(update, Settlements):
            return self._settled(market)
        touched = self._settled(market) if lacks_marks(market) else self._touches_of(market)
        if (update.kind, update.hours) != DAILY:
            return touched
        coins = coins_estimated_by(market, self._layout)
        for coin in coins:
            if estimate(coin, self._layout):
                self._sums.take_coin(coin)
                touched |= named(coin.dependants)
        return touched | named(coins)

    def _settled(self, market: Market) -> Touched:
        """Work out anew what the legs of a market were paid."""
        touched = self._touches_of(market)
        for leg in self._layout.legs_at.get((market.venue, market.symbol), ()):
            coin = self._refund(leg)
            self._take_over(leg)
            touched |= {f"account:{leg.account.id}", *(named((coin,)) if coin is not None else ())}
            for each in moved_targets(self._layout.coin_of[leg.id]):
                self._sums.take_coin(each)
                touched |= named((each, *each.dependants))
        return touched

    def _refund(self, leg: Leg) -> Coin | None:
        """What a leg was paid, into its margin and its wallet; the coin held there, where it is one of the book."""
        if leg.refresh_past():
            leg.refresh_facts()
        coin = take_credit(leg, self._layout)
        if coin is not None:
            self._sums.take_coin(coin)
        return coin

    def _refresh_market(self, market: Market) -> Touched:
        for leg in self._layout.legs_at.get((market.venue, market.symbol), ()):
            leg.refresh_facts()
            self._take_over(leg)
        return self._recheck(market)

    def _feed(self, update: FeedState) -> Touched:
        before = self.ledger.feeds.get(update.feed)
        self.ledger.feeds[update.feed] = update
        self._clock_ms = max(self._clock_ms, update.at_mono_ms)
        touched = frozenset((f"feed:{update.feed}",))
        if before is not None and before.state == update.state:
            return touched
        venue = venue_of(update.feed)
        markets = [market for key, market in self.ledger.markets.items() if key[0] == venue]
        return touched.union(*(self._recheck(market) for market in markets))

    # Sums

    def _take_over(self, leg: Leg) -> None:
        """Put a leg's new figures where they are added up."""
        self._layout.wallet_of(leg).refresh(leg)
        self._sums.take_leg(leg)
        coin = self._layout.coin_of[leg.id]
        if coin.hedge.part(leg.id) != leg.delta or leg.delta is None:
            coin.hedge.put(leg.id, leg.delta)
            self._sums.take_coin(coin)

    def _work_in(self) -> None:
        """Work out the figures of everything that ticked, and carry them into the sums."""
        if not self._ticks.moved:
            return
        moved = [(market.venue, market.symbol) for market in self._ticks.take()]
        for key in moved:
            for leg in self._layout.legs_at.get(key, ()):
                leg.refresh_price()
                self._take_over(leg)
        for coin in dict.fromkeys(coin for key in moved for coin in self._layout.coins_at.get(key, ())):
            self._value(coin, self._clock_ms)

    def _touches_of(self, market: Market) -> Touched:
        legs = self._layout.legs_at.get((market.venue, market.symbol), ())
        if len(legs) == 1:
            return self._touches[legs[0].id]
        return NOTHING.union(*(self._touches[leg.id] for leg in legs))

    def _recheck(self, market: Market) -> Touched:
        """Revalue the coins that this market may price."""
        touched = self._touches_of(market)
        for coin in self._layout.coins_at.get((market.venue, market.symbol), ()):
            if self._value(coin, self._clock_ms):
                touched |= {f"asset:{coin.name}", *(f"asset:{other.name}" for other in coin.dependants)}
        return touched

    def _value(self, coin: Coin, now_ms: int) -> bool:
        """Choose a coin's price as of now and carry it into the sums; whether it changed."""
        price = coin.choose(self.ledger, now_ms, self._layout.rates)
        changed = price.usd != coin.price.usd or price.stale != coin.price.stale
        if price.source is not coin.price.source or price.stale != coin.price.stale:
            self.revision += 1
        coin.price = price
        if price.expires_ms is not None and (coin.scheduled_ms is None or price.expires_ms < coin.scheduled_ms):
            coin.scheduled_ms = price.expires_ms
            heapq.heappush(self._due, (price.expires_ms, coin.name))
        if changed:
            self._sums.take_coin(coin)
            for other in coin.dependants:
                self._sums.take_coin(other)
        return changed

    def catch_up(self, now: Instant) -> None:
        """Look again at prices whose time is up, so that sums are as of `now`; the questions below do it themselves."""
        self._clock_ms = max(self._clock_ms, now.mono_ms)
        self._work_in()
        self._look_again()

    def _look_again(self) -> None:
        while self._due and self._due[0][0] < self._clock_ms:
            due_ms, name = heapq.heappop(self._due)
            coin = self._layout.coins[name]
            if coin.scheduled_ms == due_ms:
                coin.scheduled_ms = None
                self._value(coin, self._clock_ms)

    # Questions

    def usd_price(self, currency: str) -> Decimal | None:
        """USD for one unit: a coin at its chosen price, money at its rate."""
        self._work_in()
        coin = self._layout.coins.get(currency)
        return self._layout.rate_of(currency) if coin is None else coin.price.usd

    def leg(self, leg_id: str, now: Instant) -> PositionRow:
        """One leg at this moment. Raises KeyError for an unknown id."""
        self.catch_up(now)
        leg = self._layout.legs[leg_id]
        wallet, volatility = self._layout.wallet_of(leg), self._layout.coins[leg.asset].volatility
        return position_row(leg, self.ledger, wallet, self.usd_price, now, volatility, self.top_up_hours)

    def asset(self, asset: str, now: Instant, rows: Mapping[str, PositionRow] | None = None) -> AssetRow:
        """One coin at this moment; `rows` saves computing its legs again. Raises KeyError for an unknown coin."""
        self.catch_up(now)
        coin = self._layout.coins[asset]
        legs = [self.leg(leg.id, now) if rows is None else rows[leg.id] for leg in coin.legs]
        total = self._sums.spot_usd.value
        return asset_row(coin, legs, self.ledger, self.band, now, total, self.last_rebalance)

    def account(self, account_id: str, now: Instant) -> AccountRow:
        """One account at this moment. Raises KeyError for an unknown id."""
        self.catch_up(now)
        return account_row(self._layout.accounts[account_id], self._layout, self.usd_price)

    def totals(self, now: Instant) -> Totals:
        """The whole book from its sums alone: no leg or account is visited, so per-leg figures stay out."""
        self.catch_up(now)
        return totals(self._sums, self._layout, self.last_rebalance)

    def rebased(self, now: Instant) -> bool:
        """Take the book as it stands for its last rebalance; False, and nothing changes, while a price is missing."""
        self.catch_up(now)
        values = {coin.name: coin.spot_usd() for coin in self._layout.coins.values()}
        found = reference(values, now.wall_ms)
        self.last_rebalance = found or self.last_rebalance
        self.revision += 1
        return found is not None

    def settle(self, now: Instant) -> bool:
        """With no rebalance known, take the first moment at which every price is known and fresh for one."""
        self.catch_up(now)
        if self.last_rebalance is not None or self._sums.stale_usd.known:
            return False
        return self.rebased(now)

    def money(self, now: Instant) -> tuple[MoneyRow, ...]:
        """The stablecoins of the book, and what they are worth."""
        return tuple(money_rows(self._layout, self.ledger, now))

    def feeds(self, now: Instant) -> tuple[FeedRow, ...]:
        """Every feed that has said anything."""
        return self.ledger.rows(now)
