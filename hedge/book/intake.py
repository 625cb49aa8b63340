"""What updates change in a book: legs, coins and wallets are refreshed, and carried into the running sums.

Ticks are kept and worked in when somebody asks (`hedge.book.ticks`); everything else is worked in at once.
"""

from __future__ import annotations

import heapq
from decimal import Decimal

from hedge.book.coins import Coin
from hedge.book.funding_target import moved_targets
from hedge.book.layout import Layout
from hedge.book.ledger import Ledger, Market, venue_of
from hedge.book.legs import Leg
from hedge.book.past import DAILY, coins_estimated_by, estimate, lacks_marks, named, take_credit
from hedge.book.stablecoins import is_rate_market, moved_rates, take_rate
from hedge.book.ticks import Ticks
from hedge.book.totals import BookSums
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
    Instrument,
    Mark,
    Settlements,
    Spot,
    SymbolState,
    Tiers,
    Unread,
    Update,
    Woke,
)

Touched = frozenset[str]
"""What may have changed: `leg:<leg id>`, `asset:BTC`, `feed:<id>`, and of a cross leg `account:<id>`, whose other legs
have moved a little too; they are named at their own next update."""

NOTHING: Touched = frozenset()


class Intake:
    """Updates on their way into one layout and its sums. Owned by one Book."""

    def __init__(
        self,
        ledger: Ledger,
        layout: Layout,
        assumed: dict[str, Decimal],
        assumed_index: dict[str, Decimal],
        clock_ms: int,
        revision: int,
    ) -> None:
        self.ledger = ledger
        self.layout = layout
        self.sums = BookSums()
        self.clock_ms = clock_ms
        """The newest moment that was heard of, monotonic ms."""
        self.revision = revision
        """Counts changes that are more than a tick: facts, history, what is stale, which source prices a coin."""
        self._assumed = assumed
        """First fresh marks, frozen as entries of legs that state none, by leg id."""
        self._assumed_index = assumed_index
        self.due: list[tuple[int, str]] = []
        """When coins are to be valued again for time alone."""
        self._touches = {leg.id: self._touched_by(leg) for leg in layout.legs.values()}
        self._ticks = Ticks(ledger, layout, self._touches)

    def _touched_by(self, leg: Leg) -> Touched:
        coin = self.layout.coin_of[leg.id]
        account = () if leg.isolated else (f"account:{leg.account.id}",)
        return frozenset((f"leg:{leg.id}", f"asset:{coin.name}", *account))

    def apply(self, update: Update) -> Touched:
        """Take one update in; what it may have changed. An update that is older than what is known changes nothing.

        A tick is only kept here; its figures are worked out when somebody asks (`hedge.book.ticks`)."""
        place = self._ticks.keep(update)
        if place is None:
            return self._apply(update)
        at_ms = place.at_ms
        self.ledger.data_at[place.feed] = at_ms
        if at_ms > self.clock_ms:
            self.clock_ms = at_ms
            if self.due and self.due[0][0] < at_ms:
                self.look_again()
        if place.implies_rates and isinstance(update, Index):
            return place.named | self._take_rates(place.market)
        return place.named

    def named(self, feed: str, symbol: str) -> Touched:
        """What every tick of a market names."""
        return self._ticks.place(feed, symbol).named

    def _apply(self, update: Update) -> Touched:
        """The long way: everything is worked in at once."""
        self.work_in()
        touched = self._take(update)
        if touched and not isinstance(update, SymbolState | Funding | FundingInterval):
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
                self.clock_ms = max(self.clock_ms, update.at_mono_ms)
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

    def _market(self, feed: str, symbol: str) -> Market:
        return self.ledger.market(venue_of(feed), symbol)

    def _heard(self, feed: str, at_mono_ms: int) -> None:
        self.ledger.data_at[feed] = at_mono_ms
        self.clock_ms = max(self.clock_ms, at_mono_ms)

    def _mark(self, update: Mark) -> Touched:
        self._heard(update.feed, update.at_mono_ms)
        market = self._market(update.feed, update.symbol)
        if not market.accept("mark", update):
            return NOTHING
        for leg in self.layout.legs_at.get((market.venue, market.symbol), ()):
            if leg.entry is None:
                leg.entry = self._assumed[leg.id] = update.price
                leg.refresh_facts()
            else:
                leg.refresh_price()
            self.take_over(leg)
        return self._recheck(market)

    def _priced(self, update: Index | Spot, name: str, at_mono_ms: int) -> Touched:
        self._heard(update.feed, at_mono_ms)
        market = self._market(update.feed, update.symbol)
        if not market.accept(name, update):
            return NOTHING
        legs = self.layout.legs_at.get((market.venue, market.symbol), ())
        if market.mark is None:
            for leg in legs:
                leg.refresh_price()
                self.take_over(leg)
        elif isinstance(update, Index):
            self._assumed_index |= {leg.id: update.price for leg in legs if leg.note_index(update)}
        if isinstance(update, Index) and is_rate_market(market):
            return self._recheck(market) | self._take_rates(market)
        return self._recheck(market)

    def _take_rates(self, market: Market) -> Touched:
        """Value anew what is quoted in a stablecoin whose rate moved."""
        touched: set[str] = set()
        for currency in moved_rates(self.ledger, market):
            self.work_in()
            self.revision += 1
            legs, coins = take_rate(self.layout, self.ledger, currency)
            for leg in legs:
                self.take_over(leg)
                touched |= self._touches[leg.id]
            for coin in coins:
                if self.value(coin, self.clock_ms):
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
                self.revision += 1
                self._settled(market)
        for leg in self.layout.legs_at.get((market.venue, market.symbol), ()):
            leg.refresh_funding()
            self.sums.take_leg(leg)
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
        coins = coins_estimated_by(market, self.layout)
        for coin in coins:
            if estimate(coin, self.layout):
                self.sums.take_coin(coin)
                touched |= named(coin.dependants)
        return touched | named(coins)

    def _settled(self, market: Market) -> Touched:
        """Work out anew what the legs of a market were paid."""
        touched = self._touches_of(market)
        for leg in self.layout.legs_at.get((market.venue, market.symbol), ()):
            coin = self.refund(leg)
            self.take_over(leg)
            touched |= {f"account:{leg.account.id}", *(named((coin,)) if coin is not None else ())}
            for each in moved_targets(self.layout.coin_of[leg.id]):
                self.sums.take_coin(each)
                touched |= named((each, *each.dependants))
        return touched

    def refund(self, leg: Leg) -> Coin | None:
        """What a leg was paid, into its margin and its wallet; the coin held there, where it is one of the book."""
        if leg.refresh_past():
            leg.refresh_facts()
        coin = take_credit(leg, self.layout)
        if coin is not None:
            self.sums.take_coin(coin)
        return coin

    def _refresh_market(self, market: Market) -> Touched:
        for leg in self.layout.legs_at.get((market.venue, market.symbol), ()):
            leg.refresh_facts()
            self.take_over(leg)
        return self._recheck(market)

    def _feed(self, update: FeedState) -> Touched:
        before = self.ledger.feeds.get(update.feed)
        self.ledger.feeds[update.feed] = update
        self.clock_ms = max(self.clock_ms, update.at_mono_ms)
        touched = frozenset((f"feed:{update.feed}",))
        if before is not None and before.state == update.state:
            return touched
        venue = venue_of(update.feed)
        markets = [market for key, market in self.ledger.markets.items() if key[0] == venue]
        return touched.union(*(self._recheck(market) for market in markets))

    # what it comes to

    def take_over(self, leg: Leg) -> None:
        """Put a leg's new figures where they are added up."""
        self.layout.wallet_of(leg).refresh(leg)
        self.sums.take_leg(leg)
        coin = self.layout.coin_of[leg.id]
        if coin.hedge.part(leg.id) != leg.delta or leg.delta is None:
            coin.hedge.put(leg.id, leg.delta)
            self.sums.take_coin(coin)

    def work_in(self) -> None:
        """Work out the figures of everything that ticked, and carry them into the sums."""
        if not self._ticks.moved:
            return
        moved = [(market.venue, market.symbol) for market in self._ticks.take()]
        for key in moved:
            for leg in self.layout.legs_at.get(key, ()):
                leg.refresh_price()
                self.take_over(leg)
        for coin in dict.fromkeys(coin for key in moved for coin in self.layout.coins_at.get(key, ())):
            self.value(coin, self.clock_ms)

    def _touches_of(self, market: Market) -> Touched:
        legs = self.layout.legs_at.get((market.venue, market.symbol), ())
        if len(legs) == 1:
            return self._touches[legs[0].id]
        return NOTHING.union(*(self._touches[leg.id] for leg in legs))

    def _recheck(self, market: Market) -> Touched:
        """Revalue the coins that this market may price."""
        touched = self._touches_of(market)
        for coin in self.layout.coins_at.get((market.venue, market.symbol), ()):
            if self.value(coin, self.clock_ms):
                touched |= {f"asset:{coin.name}", *(f"asset:{other.name}" for other in coin.dependants)}
        return touched

    def value(self, coin: Coin, now_ms: int) -> bool:
        """Choose a coin's price as of now and carry it into the sums; whether it changed."""
        price = coin.choose(self.ledger, now_ms, self.layout.rates)
        changed = price.usd != coin.price.usd or price.stale != coin.price.stale
        if price.source is not coin.price.source or price.stale != coin.price.stale:
            self.revision += 1
        coin.price = price
        if price.expires_ms is not None and (coin.scheduled_ms is None or price.expires_ms < coin.scheduled_ms):
            coin.scheduled_ms = price.expires_ms
            heapq.heappush(self.due, (price.expires_ms, coin.name))
        if changed:
            self.sums.take_coin(coin)
            for other in coin.dependants:
                self.sums.take_coin(other)
        return changed

    def look_again(self) -> None:
        """Value again what has not been heard of for long enough."""
        while self.due and self.due[0][0] < self.clock_ms:
            due_ms, name = heapq.heappop(self.due)
            coin = self.layout.coins[name]
            if coin.scheduled_ms == due_ms:
                coin.scheduled_ms = None
                self.value(coin, self.clock_ms)
