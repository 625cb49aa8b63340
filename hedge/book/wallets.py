"""Futures accounts: wallets per settle currency, the legs that share them, equity, margin ratio and proximity."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from msgspec.structs import replace

from hedge.book.balances import coins_worth
from hedge.book.legs import Leg
from hedge.book.worth import difference
from hedge.cross import (
    CoinCollateral,
    CrossLiquidation,
    JointLiquidation,
    MarginPosition,
    cross_liquidation,
    joint_liquidation,
)
from hedge.exposure import ZERO, known_sum
from hedge.margin import free_collateral, margin_ratio
from hedge.portfolio.addressed import why_no_wallet
from hedge.portfolio.written import Account
from hedge.sums import Sum

UsdPrice = Callable[[str], Decimal | None]
"""USD for one unit of a currency, coin or money; None where it has no price."""


class Wallet:
    """One settle currency of an account: its balance and the legs that are margined in it."""

    def __init__(self, account: Account, currency: str, *, is_money: bool) -> None:
        self.account = account
        self.currency = currency
        self.is_money = is_money
        self.stated = account.collateral.get(currency)
        """What the file says."""
        self.credits = Sum()
        """Funding paid to its legs since then, by leg; also of legs that a copy of the book no longer has."""
        self.balance = self.stated
        """Both together."""
        self.legs: list[Leg] = []
        self.cross_legs: list[Leg] = []
        """The legs that share this wallet."""
        self._cross_at: dict[str, list[Leg]] = {}
        """By symbol."""
        self.pnl = Sum()
        """Unrealised, of all legs, settle currency."""
        self.cross_pnl = Sum()
        self.cross_maintenance = Sum()
        self.isolated_margins = Sum()
        self.cross_initial_margins = Sum()

    def add(self, leg: Leg) -> None:
        """Margin one more leg in this wallet."""
        self.legs.append(leg)
        if not leg.isolated:
            self.cross_legs.append(leg)
            self._cross_at.setdefault(leg.market.symbol, []).append(leg)

    def credit(self, leg_id: str, amount: Decimal) -> None:
        """Take over what a leg's funding came to since the file's time."""
        self.credits.put(leg_id, amount)
        self.balance = None if self.stated is None else self.stated + self.credits.known

    def sharing(self, leg: Leg) -> list[Leg]:
        """The cross legs of one symbol, both sides in hedge mode, the leg itself included."""
        return self._cross_at.get(leg.market.symbol, [])

    def refresh(self, leg: Leg) -> None:
        """Take over a leg's new figures."""
        self.pnl.put(leg.id, leg.pnl)
        if leg.isolated:
            self.isolated_margins.put(leg.id, leg.margin)
        else:
            self.cross_pnl.put(leg.id, leg.pnl)
            self.cross_maintenance.put(leg.id, None if leg.maintenance is None else leg.maintenance.margin)
            self.cross_initial_margins.put(leg.id, leg.initial_margin)

    def first(self, total: Sum) -> str:
        """The leg, first in the file, whose part of a sum is missing."""
        return next((leg.id for leg in self.legs if leg.id in total.missing), "")

    @property
    def shared(self) -> Decimal | None:
        """What cross legs share: the balance without isolated margins. None while one of those is not known."""
        margins = self.isolated_margins.value
        return difference(self.balance, margins)

    def equity(self) -> Decimal | None:
        """Balance plus unrealised PnL of every leg, settle currency."""
        pnl = self.pnl.value
        return known_sum((self.balance, pnl))

    def free(self) -> Decimal | None:
        """Balance less isolated margins and initial margins of cross legs; None where one of them is not known."""
        if self.balance is None:
            return None
        return free_collateral(
            collateral=self.balance,
            isolated_margins=[self.isolated_margins.value],
            cross_initial_margins=[self.cross_initial_margins.value],
        )

    def why_not_free(self) -> str:
        """Why free collateral is not known."""
        if self.balance is None:
            return why_no_wallet(self.account, f"the file states no {self.currency} collateral")
        for leg in self.legs:
            if (leg.margin if leg.isolated else leg.initial_margin) is None:
                if leg.facts_why:
                    return leg.facts_why
                if leg.entry is None:
                    return f"the entry of {leg.id} is not known yet"
                return f"{leg.id} is cross and states no leverage"
        return ""

    def coins(self, price: UsdPrice, quote_usd: Decimal) -> list[CoinCollateral] | None:
        """Coins that count beside this money, priced in it: those with a haircut. None: one is unpriced."""
        if not self.is_money:
            return []
        found: list[CoinCollateral] = []
        for currency, haircut in self.account.haircuts.items():
            if currency == self.currency:
                continue
            usd = price(currency)
            if usd is None:
                return None
            quantity = self.account.collateral[currency]
            found.append(CoinCollateral(asset=currency, quantity=quantity, price=usd / quote_usd, haircut=haircut))
        return found

    def coins_worth(self, price: UsdPrice, quote_usd: Decimal) -> Decimal | None:
        """What coin collateral adds to the shared wallet, after haircuts, in this currency."""
        coins = self.coins(price, quote_usd)
        if coins is None:
            return None
        return coins_worth(coins)

    def cross_equity(self, price: UsdPrice, quote_usd: Decimal) -> Decimal | None:
        """Equity that all cross legs stand on together, settle currency."""
        shared, pnl, coins = self.shared, self.cross_pnl.value, self.coins_worth(price, quote_usd)
        return known_sum((shared, pnl, coins))

    def cross_ratio(self, price: UsdPrice, quote_usd: Decimal) -> Decimal | None:
        """Maintenance margin over equity of the cross legs; None where one is not known or equity is gone."""
        return margin_ratio(maintenance_margin=self.cross_maintenance.value, equity=self.cross_equity(price, quote_usd))

    def liquidation(
        self, leg: Leg, price: UsdPrice, contracts: Decimal | None = None, realised: Decimal = ZERO
    ) -> CrossLiquidation | None:
        """Where the leg's symbol liquidates the shared wallet, other marks frozen; None while an input is missing.

        Others enter as two sums, so it costs the same however many there are. `contracts` in place of the leg's own
        says what would be once the rest is closed for a `realised` PnL."""
        own = self.sharing(leg)
        positions = [position for position in (other.margin_position() for other in own) if position is not None]
        rest, coins = self.others(leg), self.coins(price, leg.quote_usd)
        if rest is None or coins is None or len(positions) < len(own) or any(not p.tiers for p in positions):
            return None
        if contracts is not None:
            positions[own.index(leg)] = replace(positions[own.index(leg)], contracts=contracts)
        return cross_liquidation(
            wallet_balance=rest + realised,
            positions=positions,
            solve_for=leg.market.symbol,
            coin_collateral=coins,
        )

    def others(self, leg: Leg) -> Decimal | None:
        """The shared balance, plus the PnL and less the maintenance margin of all cross legs of other symbols."""
        own = [other.id for other in self.sharing(leg)]
        shared, pnl = self.shared, self.cross_pnl.without(own)
        required = self.cross_maintenance.without(own)
        return difference(known_sum((shared, pnl)), required)

    def why_no_equity(self) -> str:
        """What is missing for the equity of the cross legs; empty when nothing is."""
        if self.balance is None:
            words = f"the file states no {self.currency} collateral for {self.account.id}"
            return why_no_wallet(self.account, words)
        for leg in self.cross_legs:
            if leg.facts_why:
                return leg.facts_why
            if leg.price is None:
                return f"no mark of {leg.market.symbol} has come yet"
            if leg.entry is None:
                return f"the entry of {leg.id} is not known yet"
        if self.isolated_margins.missing:
            return f"the margin of {self.first(self.isolated_margins)} is not known yet"
        return ""

    def why_not_liquidation(self) -> str:
        """What is missing for a cross liquidation price or a margin ratio."""
        untiered = next((leg for leg in self.cross_legs if not leg.tiers), None)
        if untiered is not None and not self.why_no_equity():
            return f"no maintenance margin rate of {untiered.market.symbol}"
        return self.why_no_equity() or "a coin of the collateral has no price"

    def joint(self, price: UsdPrice, quote_usd: Decimal) -> JointLiquidation | None:
        """The common move of all marks that ends the cross legs; None without any, or while an input is missing.

        All of it is in the wallet's own currency, so what that is worth in dollars does not matter."""
        legs = self.cross_legs
        positions = [position for position in (leg.margin_position() for leg in legs) if position is not None]
        shared, coins = self.shared, self.coins(price, quote_usd)
        if not legs or shared is None or coins is None or len(positions) < len(legs):
            return None
        if self.is_money:
            return joint_liquidation(positions=positions, wallet_balance=shared, coin_collateral=coins)
        own = CoinCollateral(asset=legs[0].asset, quantity=shared, price=_mark(positions))
        return joint_liquidation(positions=positions, coin_collateral=[own])


def _mark(positions: list[MarginPosition]) -> Decimal:
    """The price of the settle coin: the mark of its first inverse leg, which its equity is counted at."""
    return positions[0].mark
