"""Where the money goes in a shock: the books it leads through, and what each leg makes of the move.

Four books in a row: today's; what is left of it without venues that are gone; that at the shocked prices, with what a
venue takes by auto-deleveraging; and that after everything that cannot stand was liquidated. Parts of a result are the
differences between them, so they add up to the change of equity.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedge.book.book import Book
from hedge.book.equity import change_of, settle_rounding
from hedge.book.legs import Leg
from hedge.book.worth import worth_usd
from hedge.exposure import ZERO
from hedge.stress.endings import Before, Endings, endings
from hedge.stress.shock import Shock
from hedge.stress.supposed import at_shocked_prices, taken_pnl, with_parts_taken, without_venues
from hedge.sums import exact_sum


@dataclass(frozen=True, slots=True)
class Gain:
    """What a leg gains by the shock, USD, had nothing been liquidated; None while an input is missing, with `why`."""

    hedge_usd: Decimal | None
    """Its mark moved."""
    money_usd: Decimal | None
    """The PnL it had moved with the rate of its stablecoin."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """The books a shock leads through, and what each leg makes of it."""

    shock: Shock
    live: Book
    left: Book
    """Without venues that are gone, at today's prices."""
    priced: Book
    """At the shocked prices."""
    moved: Book
    """The same without what auto-deleveraging takes, everything else still standing."""
    gains: dict[str, Gain]
    """By leg id, of the legs that are left."""
    ended: Endings

    @property
    def after(self) -> Book:
        """The book that remains."""
        return self.ended.book


def run(book: Book, shock: Shock) -> Course:
    """Take a book (as of its last question) through a shock."""
    left = without_venues(book, shock.gone)
    priced = without_venues(at_shocked_prices(book, shock), shock.gone)
    moved = with_parts_taken(priced, shock.adl)
    gains = {leg.id: _gain(shock, leg, priced.layout.legs[leg.id]) for leg in left.layout.legs.values()}
    gains |= _with_taken(shock, priced, moved, gains)
    before = Before(left, shock, {name: gain.hedge_usd for name, gain in gains.items()})
    ended = endings(before, moved)
    return Course(shock, book, left, priced, moved, gains, ended)


def _gain(shock: Shock, before: Leg, after: Leg) -> Gain:
    """Of one leg by the move alone: its PnL at the old rate, at the new rate, and at the new mark."""
    if shock.basis_move(before.asset) and before.market.mark is None:
        return Gain(None, ZERO, f"no mark of {before.market.symbol} has come yet that a basis could move")
    if before.pnl is None or after.pnl_usd is None:
        still = not (shock.move(before.asset) or shock.basis_move(before.asset) or shock.money.get(before.quote))
        return Gain(ZERO, ZERO) if still else Gain(None, None, _why_no_pnl(before))
    if before.inverse or before.quote_usd == after.quote_usd:
        return Gain(change_of((before.pnl_usd,), (after.pnl_usd,)), ZERO)
    carried = before.pnl * after.quote_usd
    return Gain(change_of((carried,), (after.pnl_usd,)), change_of((before.pnl_usd,), (carried,)))


def _why_no_pnl(leg: Leg) -> str:
    if leg.facts_why:
        return leg.facts_why
    return (
        f"no mark of {leg.market.symbol} has come yet" if leg.price is None else f"the entry of {leg.id} is not known"
    )


def _with_taken(shock: Shock, priced: Book, moved: Book, gains: dict[str, Gain]) -> dict[str, Gain]:
    """Gains of legs that a venue took a share of: what was realised, in place of what it was worth as PnL."""
    changes: dict[str, Decimal | None] = {}
    for name, share in shock.adl.items():
        leg = priced.layout.legs.get(name)
        if leg is None or not share or leg.pnl_usd is None:
            continue
        realised = worth_usd(quantity=taken_pnl(leg, share), price_usd=priced.usd_price(leg.settle))
        rest = moved.layout.legs[name].pnl_usd if name in moved.layout.legs else ZERO
        changes[name] = change_of((leg.pnl_usd,), (realised, rest))
    settle_rounding(changes, priced, moved)
    return {
        name: Gain(exact_sum((gains[name].hedge_usd, change)), gains[name].money_usd, gains[name].why)
        for name, change in changes.items()
    }
