"""One leg of the book: a position with its contract facts, its margin, and what its market makes of it.

Figures are refreshed when something they depend on changes: facts seldom, the mark on every tick. Margin, PnL and
notional are in the settle currency unless a name ends in `_usd`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from msgspec.structs import replace

from hedge.book.ledger import Market
from hedge.book.leg_past import UNFUNDED, Funded, Size, funded
from hedge.cross import MarginPosition
from hedge.exposure import position_delta, sign
from hedge.funding import funding_payment_usd
from hedge.funding_income import funding_day_usd
from hedge.liquidation import IsolatedLiquidation, isolated_liquidation
from hedge.margin import (
    Maintenance,
    flat_tiers,
    initial_margin,
    maintenance,
    notional,
    notional_usd,
    tier_for,
)
from hedge.market import DEFAULT_FUNDING_INTERVAL_HOURS, Index, Mark, Tier
from hedge.pnl import Fill, average_entry, pnl, pnl_usd
from hedge.portfolio.written import Account, Portfolio, Position, entryless, leg_id
from hedge.symbols import coin_name, strip_multiplier

MaintenanceSource = Literal["tiers", "file", "instrument", "none"]


class Leg:
    """A position and everything derived from it. Owned by one Book; changed only through `refresh_*`."""

    def __init__(self, account: Account, position: Position, market: Market, assumed_entry: Decimal | None) -> None:
        symbol = position.perp
        self.id = leg_id(account, position)
        self.account = account
        self.position = position
        self.market = market
        self.side = position.side
        self.sign = sign(position.side)
        self.asset = symbol.coin
        self.settle = symbol.settle
        self.quote = symbol.quote
        self.inverse = symbol.inverse
        self.isolated = position.margin_mode == "isolated"
        self.quote_usd = Decimal(1)
        """USD for one unit of the quote currency."""
        self.entry: Decimal | None = position.entry_price or assumed_entry
        self.entry_assumed = position.entry_price is None
        self.entry_index: Decimal | None = None
        """The index when it was opened; known only where its entry is the first mark seen."""
        self.as_of_ms: int | None = None
        """When the position was read, UTC ms."""
        self.quote_note = ""
        """Where the quote currency's rate is from; empty for USD."""
        self.words: tuple[dict[str, str], tuple[str, ...]] | None = None
        """Sources and flags, kept until the facts change."""
        self.facts_why = ""
        """Why the contract facts cannot be used; empty when they can."""
        self.contract_size: Decimal | None = None
        self.multiplier = symbol.multiplier
        self.delta: Decimal | None = None
        """Signed coins; an inverse leg's coin PnL is counted."""
        self.margin: Decimal | None = None
        """Isolated margin, settle currency."""
        self.initial_margin: Decimal | None = None
        """Of a cross leg, at its entry; None without a leverage."""
        self.tiers: tuple[Tier, ...] = ()
        self.maintenance_source: MaintenanceSource = "none"
        self.liquidation = IsolatedLiquidation()
        self.price: Decimal | None = None
        """The mark; while there is none, the index."""
        self.notional: Decimal | None = None
        self.notional_usd: Decimal | None = None
        self.pnl: Decimal | None = None
        self.pnl_usd: Decimal | None = None
        self.maintenance: Maintenance | None = None
        self.interval_hours = DEFAULT_FUNDING_INTERVAL_HOURS
        self.payment_usd: Decimal | None = None
        """What the coming stamp would pay, hedger's sign."""
        self.day_usd: Decimal | None = None
        self.past: Funded = UNFUNDED
        """What its settled funding comes to; in a copy of a book, what it came to in the original."""

    @property
    def interval_assumed(self) -> bool:
        """Whether the venue has not said how often it pays."""
        return self.market.interval is None or self.market.interval.assumed

    def refresh_facts(self) -> None:
        """Contract facts, tiers or entry changed: size, delta, margin and liquidation price follow."""
        instrument = self.market.instrument
        self.words = None
        self.contract_size = None
        self.facts_why = self._facts_trouble()
        if instrument is not None and not self.facts_why:
            self.contract_size = instrument.contract_size
            self.multiplier = instrument.multiplier
        self._choose_tiers()
        size = self.contract_size
        self.delta = self.margin = self.initial_margin = None
        self.liquidation = IsolatedLiquidation()
        if size is not None:
            self.delta = position_delta(
                inverse=self.inverse,
                side=self.side,
                contracts=self.position.contracts,
                contract_size=size,
                entry=self.entry,
                multiplier=self.multiplier,
            )
            self._margins(size)
        self.refresh_price()

    def note_index(self, update: Index) -> bool:
        """Take the index of the moment whose mark stands for the entry; whether it is that moment."""
        mark = self.market.mark
        first = self.entry_assumed and self.entry_index is None and mark is not None
        if first and mark is not None and mark.price == self.entry and mark.at_mono_ms == update.at_mono_ms:
            self.entry_index = update.price
            return True
        return False

    def refresh_past(self) -> bool:
        """Settlements, candles or contract facts changed; whether another margin follows, by `refresh_facts`."""
        size, before = None, self.past.credit
        if self.contract_size is not None:
            size = Size(self.inverse, self.side, self.position.contracts, self.contract_size, self.quote_usd)
        self.past = funded(self.market, size, self.as_of_ms, self.interval_hours, self.facts_why)
        if self.account.address is not None:  # its margin or wallet, as it was read, holds what was paid
            self.past = replace(self.past, credit=Decimal(0))
        self.words = None
        return self.past.credit != before

    def _facts_trouble(self) -> str:
        instrument, unlisted = self.market.instrument, self.market.states.get(f"{self.market.venue}-facts")
        if unlisted is not None and unlisted.state == "quarantined":
            return unlisted.reason
        if instrument is None:
            return f"contract facts of {self.market.symbol} are not read yet"
        if instrument.contract_size <= 0 or instrument.multiplier <= 0:
            return f"{self.market.venue} states no usable contract size"
        if instrument.inverse != self.inverse or instrument.settle != self.settle:
            kind = "inverse" if instrument.inverse else "linear"
            return f"{self.market.venue} lists it as {kind}, settled in {instrument.settle}"
        if self.asset not in (coin_name(instrument.base), strip_multiplier(instrument.base)[0]):
            return f"{self.market.venue} lists it as a contract on {instrument.base}, not {self.asset}"
        if instrument.quote != self.quote:
            return f"{self.market.venue} quotes it in {instrument.quote}, not {self.quote}"
        if instrument.multiplier != self.position.perp.multiplier:
            units = f"{instrument.multiplier:f} coins a unit, not {self.position.perp.multiplier:f}"
            return f"{self.market.venue} counts {units}"
        if self.market.altered:
            return f"{self.market.altered}; look at the position on {self.market.venue}, then save the file again"
        return ""

    def _margins(self, size: Decimal) -> None:
        position = self.position
        derived = initial_margin(
            inverse=self.inverse,
            contracts=position.contracts,
            contract_size=size,
            price=self.entry,
            leverage=position.leverage,
        )
        if not self.isolated:
            self.initial_margin = derived
            return
        stated = derived if position.margin is None else position.margin
        self.margin = None if stated is None else stated + self.past.credit
        self.liquidation = isolated_liquidation(
            inverse=self.inverse,
            side=self.side,
            contracts=position.contracts,
            contract_size=size,
            entry=self.entry,
            margin=self.margin,
            tiers=self.tiers,
            mm_basis=position.mm_basis,
        )

    def _choose_tiers(self) -> None:
        """The venue's tiers, then the file's rate, then the one rate of the venue's instrument list, else none."""
        position, instrument, table = self.position, self.market.instrument, self.market.tiers
        if table is not None and table.tiers:
            self.tiers, self.maintenance_source = table.tiers, "tiers"
        elif position.maintenance_margin_rate is not None:
            self.maintenance_source = "file"
            self.tiers = flat_tiers(
                maintenance_rate=position.maintenance_margin_rate,
                maintenance_amount=position.maintenance_amount or Decimal(0),
            )
        elif instrument is not None and instrument.maintenance_rate is not None:
            self.maintenance_source = "instrument"
            self.tiers = flat_tiers(maintenance_rate=instrument.maintenance_rate)
        else:
            self.tiers, self.maintenance_source = (), "none"

    def refresh_price(self) -> None:
        """The mark (or, for want of one, the index) changed: notional, PnL, maintenance margin and funding follow."""
        market = self.market
        source = market.mark or market.index
        self.price = price = None if source is None else source.price
        size = self.contract_size
        self.notional = self.notional_usd = self.pnl = self.pnl_usd = self.maintenance = None
        if size is not None:
            contracts = self.position.contracts
            self.notional = notional(inverse=self.inverse, contracts=contracts, contract_size=size, price=price)
            self.notional_usd = notional_usd(
                inverse=self.inverse,
                contracts=contracts,
                contract_size=size,
                price=price,
                quote_usd=self.quote_usd,
            )
            self._gains(size, contracts, price)
            self._require()
        self.refresh_funding()

    def _gains(self, size: Decimal, contracts: Decimal, price: Decimal | None) -> None:
        entry = self.entry
        self.pnl = pnl(
            inverse=self.inverse, side=self.side, contracts=contracts, contract_size=size, entry=entry, price=price
        )
        self.pnl_usd = pnl_usd(
            inverse=self.inverse,
            side=self.side,
            contracts=contracts,
            contract_size=size,
            entry=entry,
            price=price,
            quote_usd=self.quote_usd,
        )

    def _require(self) -> None:
        """Maintenance margin at the mark; with the entry basis, as it was at entry."""
        size = self.notional
        if self.position.mm_basis == "entry" and self.contract_size is not None:
            size = notional(
                inverse=self.inverse,
                contracts=self.position.contracts,
                contract_size=self.contract_size,
                price=self.entry,
            )
        self.maintenance = maintenance(notional=size, tiers=self.tiers)

    def refresh_funding(self) -> None:
        """Rate or interval (or the notional) changed: what the coming stamp and a day of such stamps pay."""
        market = self.market
        interval = market.interval
        usable = interval is not None and interval.hours > 0
        self.interval_hours = interval.hours if interval is not None and usable else DEFAULT_FUNDING_INTERVAL_HOURS
        rate = None if market.funding is None else market.funding.rate
        self.payment_usd = self.day_usd = None
        if self.contract_size is None or rate is None:
            return
        self.payment_usd = funding_payment_usd(
            inverse=self.inverse,
            side=self.side,
            contracts=self.position.contracts,
            contract_size=self.contract_size,
            mark=self.price,
            rate=rate,
            quote_usd=self.quote_usd,
        )
        self.day_usd = funding_day_usd(stamp_usd=self.payment_usd, interval_hours=self.interval_hours)

    @property
    def maintenance_rate(self) -> Decimal | None:
        """Of the bracket at the liquidation price, else of the one that holds now."""
        if self.liquidation.maintenance_rate is not None:
            return self.liquidation.maintenance_rate
        if self.maintenance is not None:
            return self.maintenance.rate
        tier = tier_for(notional=Decimal(0), tiers=self.tiers) if len(self.tiers) == 1 else None
        return None if tier is None else tier.maintenance_rate

    def margin_position(self) -> MarginPosition | None:
        """The leg as the account formulas take it; None while its size, entry or price is not known."""
        if self.contract_size is None or self.entry is None or self.price is None:
            return None
        return MarginPosition(
            symbol=self.market.symbol,
            inverse=self.inverse,
            side=self.side,
            contracts=self.position.contracts,
            contract_size=self.contract_size,
            entry=self.entry,
            mark=self.price,
            tiers=self.tiers,
            asset=self.asset,
        )


def carried(
    prices: Mapping[str, Decimal], legs: Mapping[str, Leg], portfolio: Portfolio, now: Literal["mark", "index"]
) -> dict[str, Decimal]:
    """Prices assumed at the opening of legs, by their ids, for those that still state no entry in an edited portfolio.

    What a leg has grown by is a trade at the mark or index of now; what it has shrunk by changes no average."""
    sizes = entryless(portfolio)
    return {
        name: _grown(legs[name], sizes[name], price, getattr(legs[name].market, now))
        for name, price in prices.items()
        if name in sizes and name in legs
    }


def _grown(leg: Leg, contracts: Decimal, average: Decimal, now: Mark | Index | None) -> Decimal:
    """The average price of a leg that now counts `contracts`."""
    had = leg.position.contracts
    if contracts <= had or now is None:
        return average
    fills = (Fill(had, average), Fill(contracts - had, now.price))
    return average_entry(inverse=leg.inverse, fills=fills) or average
