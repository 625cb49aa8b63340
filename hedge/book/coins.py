"""One coin of the book: what is held, what is short against it, at which price both are valued, and its plan."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from hedge.book.ledger import Ledger, Market
from hedge.book.legs import Leg
from hedge.book.worth import off_usd, planned_net_usd, share_usd, usd_per_coin, worth_usd
from hedge.exposure import drift, hedge_ratio, known_sum, ratio
from hedge.history import Pair, Volatility
from hedge.market import Index, Mark, Spot
from hedge.portfolio.policy import Target
from hedge.sizing import step_in_coins
from hedge.sums import Sum

Kind = Literal["index", "spot", "mark"]


class Source(Struct, frozen=True):
    """One place a coin's price may come from."""

    kind: Kind
    market: Market
    leg: Leg | None = None
    """Whose multiplier the quoted price carries; None for spot."""

    @property
    def quote(self) -> str:
        """The currency it is quoted in."""
        return self.market.symbol.partition("/")[2] if self.leg is None else self.leg.quote

    def value(self) -> Index | Spot | Mark | None:
        """The newest value there, or None."""
        if self.kind == "index":
            return self.market.index
        return self.market.spot if self.kind == "spot" else self.market.mark


class Price(Struct, frozen=True):
    """USD for one coin, where it is from, and until when it may be believed."""

    usd: Decimal | None = None
    words: str = ""
    stale: bool = False
    source: Source | None = None
    expires_ms: int | None = None
    """Last fresh moment of this choice; None where only an update can change it."""


class Standing(Struct, frozen=True):
    """A coin against its plan in USD: its own coins, and those of others that share its short."""

    spot_usd: Decimal | None
    hedge_usd: Decimal | None
    net_usd: Decimal | None
    beta_spot_usd: Decimal | None
    beta_net_usd: Decimal | None
    planned_net_usd: Decimal | None
    off_usd: Decimal | None
    hedge_ratio: Decimal | None
    target_ratio: Decimal | None
    drift: Decimal | None


class Coin:
    """A coin and its running figures. Owned by one Book."""

    def __init__(self, name: str, target: Target, spot_quantity: Decimal) -> None:
        self.name = name
        self.target = target
        self.stated_quantity = spot_quantity
        """What the file says."""
        self.unread = ""
        """Why its hedge is not known: an account whose positions were never read. Empty where there is none."""
        self.spot_quantity = spot_quantity
        """Coins in wallets and coin collateral together, with the funding paid in coins since the file's time."""
        self.volatility = Volatility()
        self.pair: Pair | None = None
        """How it moved with its proxy; None without one."""
        self.legs: list[Leg] = []
        """The legs that hedge this coin, in the file's order."""
        self.sources: list[Source] = []
        """In the order of preference."""
        self.hedge = Sum()
        """Signed coins of the legs' coin."""
        self.hedge_priced_as: Coin = self
        """The coin whose price values the hedge: a proxy's, where its shorts belong to this coin alone."""
        self.members: list[Coin] = []
        """Coins that share this coin's short."""
        self.shares: Coin | None = None
        """The proxy whose short this coin shares."""
        self.dependants: list[Coin] = []
        """Coins whose row this coin's price moves too."""
        self.price = Price()
        self.scheduled_ms: int | None = None
        """When a look at the clock is due, by the book's queue."""

    def choose(self, ledger: Ledger, now_ms: int, quote_usd: dict[str, Decimal]) -> Price:
        """The first fresh price in order of preference; with none fresh, the one that is least old, marked stale."""
        newest: tuple[int, int, Source, Index | Spot | Mark] | None = None
        for rank, source in enumerate(self.sources):
            value = source.value()
            if value is None:
                continue
            expires = ledger.expires_ms(source.market, value)
            if now_ms <= expires:
                rate_until = ledger.rate_until_ms(source.quote)
                if rate_until is not None and now_ms > rate_until:
                    return self._priced(source, value, quote_usd, fallback=rank > 0, expires_ms=None)
                expires = expires if rate_until is None else min(expires, rate_until)
                return self._priced(source, value, quote_usd, fallback=rank > 0, expires_ms=expires)
            arrived = source.market.arrival(value)
            if newest is None or arrived > newest[0]:
                newest = (arrived, rank, source, value)
        if newest is None:
            return Price()
        return self._priced(newest[2], newest[3], quote_usd, fallback=newest[1] > 0, expires_ms=None)

    def _priced(
        self,
        source: Source,
        value: Index | Spot | Mark,
        quote_usd: dict[str, Decimal],
        *,
        fallback: bool,
        expires_ms: int | None,
    ) -> Price:
        if source.leg is None:
            rate = quote_usd.get(source.quote, Decimal(1))
            usd = usd_per_coin(quoted_price=value.price, quote_usd=rate)
        else:
            leg = source.leg
            usd = usd_per_coin(quoted_price=value.price, multiplier=leg.multiplier, quote_usd=leg.quote_usd)
        name = {"index": "index", "spot": "mid", "mark": "mark, for want of an index"}[source.kind]
        instead = fallback and source.kind != "mark"
        words = f"{value.feed} {name}" + (", in place of the first source" if instead else "")
        return Price(usd, words, expires_ms is None, source, expires_ms)

    def hedge_usd(self) -> Decimal | None:
        """Signed USD of the legs that hedge this coin."""
        return worth_usd(quantity=self.hedge.value, price_usd=self.hedge_priced_as.price.usd)

    def spot_usd(self) -> Decimal | None:
        """USD of the coins held."""
        return worth_usd(quantity=self.spot_quantity, price_usd=self.price.usd)

    def beta_spot_usd(self) -> Decimal | None:
        """USD held, as dollars of the proxy."""
        return share_usd(share=self.target.beta, usd=self.spot_usd())

    def planned_hedge_usd(self) -> Decimal | None:
        """USD that shall be short for this coin, unsigned."""
        return share_usd(share=self.target.ratio, usd=self.beta_spot_usd())

    def standing(self) -> Standing:
        """Against the plan. Of a coin that shares a proxy's short only what is held is known here."""
        spot, hedge = self.spot_usd(), self.hedge_usd()
        net = known_sum((spot, hedge))
        owners: Sequence[Coin] = (self, *self.members)
        held = known_sum(owner.beta_spot_usd() for owner in owners)
        if self.shares is not None:
            return Standing(spot, None, spot, held, None, None, None, None, None, None)
        planned_hedge = known_sum(owner.planned_hedge_usd() for owner in owners)
        beta_net = known_sum((held, hedge))
        planned_net = planned_net_usd(beta_spot_usd=held, planned_hedge_usd=planned_hedge)
        held_ratio, target = self._ratio(held, hedge), self._target(held, planned_hedge)
        return Standing(
            spot_usd=spot,
            hedge_usd=hedge,
            net_usd=net,
            beta_spot_usd=held,
            beta_net_usd=beta_net,
            planned_net_usd=planned_net,
            off_usd=off_usd(beta_net_usd=beta_net, planned_net_usd=planned_net),
            hedge_ratio=held_ratio,
            target_ratio=target,
            drift=drift(hedge_ratio=held_ratio, target_ratio=target),
        )

    @property
    def plain(self) -> bool:
        """Whether only its own coins and its own legs count, so that ratios need no price."""
        return not self.members and self.hedge_priced_as is self

    def _ratio(self, held_usd: Decimal | None, hedge_usd: Decimal | None) -> Decimal | None:
        if self.plain:
            return hedge_ratio(spot_delta=self.spot_quantity, hedge_delta=self.hedge.value)
        return hedge_ratio(spot_delta=held_usd, hedge_delta=hedge_usd)

    def _target(self, held_usd: Decimal | None, planned_usd: Decimal | None) -> Decimal | None:
        if not self.members:
            return self.target.ratio
        return ratio(planned_usd, held_usd)

    def net_coin(self) -> Decimal | None:
        """Coins long (positive) or short; None where the hedge is in another coin."""
        if self.hedge_priced_as is not self:
            return None
        return known_sum((self.spot_quantity, self.hedge.value))

    def lot(self) -> Decimal | None:
        """The order step of the first leg in coins; None where it is not known."""
        for leg in self.legs:
            instrument = leg.market.instrument
            if instrument is None or leg.contract_size is None:
                continue
            return step_in_coins(
                inverse=instrument.inverse,
                step=instrument.step,
                contract_size=instrument.contract_size,
                multiplier=instrument.multiplier,
                price=leg.price,
            )
        return None
