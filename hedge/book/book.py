"""The book: positions of a portfolio against what the venues say, kept current update by update.

A tick touches its own legs, their coin and a handful of sums; its cost does not grow with the book. Sums are exact and
do not depend on the order of updates (`hedge.sums`). Time enters as an argument; nothing here waits, asks or prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hedge.book.account_row import account_row
from hedge.book.coin_row import asset_row
from hedge.book.funding_target import follow
from hedge.book.intake import NOTHING, Intake, Touched
from hedge.book.layout import Layout
from hedge.book.ledger import Ledger
from hedge.book.leg_pace import TOP_UP_HOURS
from hedge.book.leg_row import position_row
from hedge.book.legs import carried
from hedge.book.past import estimate, take_over
from hedge.book.rebalance import Reference, position_altered, reference
from hedge.book.stablecoins import money_rows
from hedge.book.totals import BookSums, totals
from hedge.market import Instant, Update, Want
from hedge.portfolio.policy import on_plan_band
from hedge.portfolio.written import Portfolio
from hedge.snapshot import AccountRow, AssetRow, FeedRow, MoneyRow, PositionRow, Totals

__all__ = ["NOTHING", "Book", "Touched"]


class Book:
    """A portfolio and its markets. `apply` each update as it comes, then ask for rows at a moment."""

    def __init__(self, portfolio: Portfolio, ledger: Ledger | None = None) -> None:
        self.ledger = Ledger() if ledger is None else ledger
        self.assumed: dict[str, Decimal] = {}
        """First fresh marks, frozen as entries of legs that state none, by leg id."""
        self.assumed_index: dict[str, Decimal] = {}
        """The indexes of the same moment, by leg id."""
        self.last_rebalance: Reference | None = None
        """What value and weights are compared with; None until everything was known once."""
        self.top_up_hours = TOP_UP_HOURS
        """How long it takes to bring margin to a venue."""
        self._build(portfolio)

    def _build(self, portfolio: Portfolio, before: Intake | None = None, copied: Layout | None = None) -> None:
        """`before`: what the clock goes on from; `copied`: of what this is a copy, so that it takes over the past."""
        self.portfolio = portfolio
        self.band = on_plan_band(portfolio)
        layout = Layout(portfolio, self.ledger, self.assumed)
        clock_ms, revision = (0, 0) if before is None else (before.clock_ms, before.revision + 1)
        intake = self._intake = Intake(self.ledger, layout, self.assumed, self.assumed_index, clock_ms, revision)
        if copied is not None:
            take_over(layout, copied)
        for leg in layout.legs.values():
            leg.entry_index = self.assumed_index.get(leg.id) if leg.id in self.assumed else None
            leg.refresh_facts()
            if copied is None:
                intake.refund(leg)
            intake.take_over(leg)
        for coin in layout.coins.values():
            if copied is None:
                estimate(coin, layout)
                follow(coin)
            intake.value(coin, clock_ms)
        for coin in layout.coins.values():
            intake.sums.take_coin(coin)

    @property
    def revision(self) -> int:
        """Counts changes that are more than a tick: facts, history, what is stale, which source prices a coin."""
        return self._intake.revision

    @property
    def layout(self) -> Layout:
        """Legs, coins and wallets, with every tick worked in."""
        self._intake.work_in()
        return self._intake.layout

    @property
    def sums(self) -> BookSums:
        """The running sums, with every tick worked in."""
        self._intake.work_in()
        return self._intake.sums

    @property
    def wants(self) -> tuple[Want, ...]:
        """The markets whose data the book needs."""
        return self._intake.layout.wants

    def resume(
        self, assumed: Mapping[str, Decimal], indexes: Mapping[str, Decimal], last_rebalance: Reference | None
    ) -> None:
        """Before any data: go on with the entries that an earlier run assumed, by leg id, and its last rebalance."""
        self.assumed, self.assumed_index = dict(assumed), dict(indexes)
        self.last_rebalance = last_rebalance
        self._build(self.portfolio, self._intake)

    def replace(self, portfolio: Portfolio) -> None:
        """Swap positions and plan; market data stays, and so do entries assumed for legs that still state none.

        What such a leg has grown by is taken as opened at the mark of now."""
        self.assumed = carried(self.assumed, self.layout.legs, portfolio, "mark")
        self.assumed_index = carried(self.assumed_index, self.layout.legs, portfolio, "index")
        if position_altered(self.portfolio, portfolio):
            self.last_rebalance = None
        self._build(portfolio, self._intake)

    def with_portfolio(self, portfolio: Portfolio, ledger: Ledger | None = None, *, same_sources: bool = False) -> Book:
        """Another book on the same market data, or on `ledger`: what would be. Updates belong to this one only.

        With `same_sources` its coins are priced as they are here, also by the markets of legs it no longer has."""
        other = Book.__new__(Book)
        other.ledger = self.ledger if ledger is None else ledger
        other.assumed = dict(self.assumed)
        other.assumed_index = dict(self.assumed_index)
        other.last_rebalance, other.top_up_hours = self.last_rebalance, self.top_up_hours
        other._build(portfolio, self._intake, self.layout)
        theirs = other.layout.coins
        for name in theirs.keys() & self.layout.coins.keys() if same_sources else ():
            theirs[name].sources = self.layout.coins[name].sources
            other._intake.value(theirs[name], other._intake.clock_ms)
        return other

    # Updates

    def apply(self, update: Update) -> Touched:
        """Take one update in; what it may have changed. An update that is older than what is known changes nothing."""
        return self._intake.apply(update)

    def named(self, feed: str, symbol: str) -> Touched:
        """What every tick of a market names."""
        return self._intake.named(feed, symbol)

    def forget_feeds(self) -> None:
        """Other streams are read from now on: what feeds said of themselves, and of their symbols, no longer counts."""
        self._intake.revision += 1
        self.ledger.feeds.clear()
        self.ledger.sick.clear()
        self.ledger.pulses.clear()

    def catch_up(self, now: Instant) -> None:
        """Look again at prices whose time is up, so that sums are as of `now`; the questions below do it themselves."""
        intake = self._intake
        intake.clock_ms = max(intake.clock_ms, now.mono_ms)
        intake.work_in()
        intake.look_again()

    # Questions

    def usd_price(self, currency: str) -> Decimal | None:
        """USD for one unit: a coin at its chosen price, money at its rate."""
        layout = self.layout
        coin = layout.coins.get(currency)
        return layout.rate_of(currency) if coin is None else coin.price.usd

    def leg(self, leg_id: str, now: Instant) -> PositionRow:
        """One leg at this moment. Raises KeyError for an unknown id."""
        self.catch_up(now)
        leg = self.layout.legs[leg_id]
        wallet, volatility = self.layout.wallet_of(leg), self.layout.coins[leg.asset].volatility
        return position_row(leg, self.ledger, wallet, self.usd_price, now, volatility, self.top_up_hours)

    def asset(self, asset: str, now: Instant, rows: Mapping[str, PositionRow] | None = None) -> AssetRow:
        """One coin at this moment; `rows` saves computing its legs again. Raises KeyError for an unknown coin."""
        self.catch_up(now)
        coin = self.layout.coins[asset]
        legs = [self.leg(leg.id, now) if rows is None else rows[leg.id] for leg in coin.legs]
        total = self.sums.spot_usd.value
        return asset_row(coin, legs, self.ledger, self.band, now, total, self.last_rebalance)

    def account(self, account_id: str, now: Instant) -> AccountRow:
        """One account at this moment. Raises KeyError for an unknown id."""
        self.catch_up(now)
        return account_row(self.layout.accounts[account_id], self.layout, self.usd_price)

    def totals(self, now: Instant) -> Totals:
        """The whole book from its sums alone: no leg or account is visited, so per-leg figures stay out."""
        self.catch_up(now)
        return totals(self.sums, self.layout, self.last_rebalance)

    def rebased(self, now: Instant) -> bool:
        """Take the book as it stands for its last rebalance; False, and nothing changes, while a price is missing."""
        self.catch_up(now)
        values = {coin.name: coin.spot_usd() for coin in self.layout.coins.values()}
        found = reference(values, now.wall_ms)
        self.last_rebalance = found or self.last_rebalance
        self._intake.revision += 1
        return found is not None

    def settle(self, now: Instant) -> bool:
        """With no rebalance known, take the first moment at which every price is known and fresh for one."""
        self.catch_up(now)
        if self.last_rebalance is not None or self.sums.stale_usd.known:
            return False
        return self.rebased(now)

    def money(self, now: Instant) -> tuple[MoneyRow, ...]:
        """The stablecoins of the book, and what they are worth."""
        return tuple(money_rows(self.layout, self.ledger, now))

    def feeds(self, now: Instant) -> tuple[FeedRow, ...]:
        """Every feed that has said anything."""
        return self.ledger.rows(now)
