"""Who is liquidated in a shocked book, and what that takes: isolated legs one by one, shared wallets as a whole.

A margin that ends is lost whole; of a shared wallet, coins that count beside its money cover what it lacks. That may
end another wallet that stands on the same coins, so the book is judged again until nothing more ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from hedge.book.book import Book
from hedge.book.equity import change_of, settle_rounding
from hedge.book.leg_words import why_no_entry, why_no_maintenance, why_no_margin
from hedge.book.legs import Leg
from hedge.book.wallets import Wallet
from hedge.book.worth import difference, worth_usd
from hedge.exposure import ZERO, known_sum
from hedge.portfolio.written import Position
from hedge.proximity import presumed_liquidated
from hedge.stress import coins_taken, covers, split_loss
from hedge.stress.shock import Shock
from hedge.stress.supposed import with_changes
from hedge.sums import exact_sum

Standing = Literal["open", "liquidated", "in_liquidation", "unknown"]
"""`in_liquidation`: at or below its maintenance margin already before the shock, and no worse after it."""

WalletKey = tuple[str, str]
"""Account id and settle currency."""


class Verdict(Struct, frozen=True):
    """How a margin stands after the shock, with the reason where that is not known."""

    standing: Standing
    why: str = ""


class Endings:
    """What the shock ends. `book` is what is left; `losses` are the PnL in USD that liquidation adds, by leg."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.legs: dict[str, Verdict] = {}
        """By leg id, as judged last."""
        self.wallets: dict[WalletKey, Verdict] = {}
        """Of wallets that cross legs share."""
        self.losses: dict[str, Decimal | None] = {}


class Before(Struct, frozen=True):
    """What an end is measured against: the book without the shock, and what the move alone gives each leg."""

    book: Book
    shock: Shock
    gains: Mapping[str, Decimal | None]
    """PnL by leg in USD, had all stood; None where it is not known."""

    def worse(self, leg: Leg) -> bool:
        """Whether the leg loses, or cannot be told not to."""
        gain = self.gains[leg.id]
        return gain is None or gain < 0


def room(leg: Leg) -> Decimal | None:
    """Equity of an isolated leg above its maintenance margin, settle currency; zero or below: in liquidation."""
    required = None if leg.maintenance is None else leg.maintenance.margin
    return difference(known_sum((leg.margin, leg.pnl)), required)


def shared_room(book: Book, wallet: Wallet) -> Decimal | None:
    """The same of a wallet that cross legs share, all marks as they stand."""
    equity = wallet.cross_equity(book.usd_price, wallet.cross_legs[0].quote_usd)
    return difference(equity, wallet.cross_maintenance.value)


def endings(before: Before, moved: Book) -> Endings:
    """Liquidate in the moved book until nothing more ends."""
    found = Endings(moved)
    while True:
        isolated, shared = _judge(before, found)
        if not isolated and not shared:
            return found
        _end(found, isolated, shared, before.gains)


def _judge(before: Before, found: Endings) -> tuple[list[Leg], list[Wallet]]:
    """Verdicts on what still stands; the legs and wallets that end now."""
    book = found.book
    isolated: list[Leg] = []
    shared: list[Wallet] = []
    for leg in book.layout.legs.values():
        if leg.isolated:
            found.legs[leg.id] = verdict = isolated_verdict(before, leg)
            isolated += [leg] if verdict.standing == "liquidated" else []
    for key, wallet in book.layout.wallets.items():
        if not wallet.cross_legs:
            continue
        found.wallets[key] = verdict = shared_verdict(before, book, wallet)
        found.legs.update((leg.id, verdict) for leg in wallet.cross_legs)
        shared += [wallet] if verdict.standing == "liquidated" else []
    return isolated, shared


# Verdicts


def isolated_verdict(before: Before, leg: Leg) -> Verdict:
    """How an isolated leg stands, by its liquidation price; without one, by its bankruptcy price at the least."""
    ends = _ends(leg)
    if ends is None:
        return Verdict("unknown", why_unknown(leg)) if before.worse(leg) else Verdict("open")
    if not ends:
        return Verdict("open")
    was = before.book.layout.legs[leg.id]
    worse = _worse(room(was), room(leg))
    return Verdict("liquidated" if worse or not _ends(was) else "in_liquidation")


def _ends(leg: Leg) -> bool | None:
    """Whether its mark is at or beyond liquidation; None while that cannot be told."""
    found = leg.liquidation
    if leg.price is None:
        return None
    if found.price is not None:
        return presumed_liquidated(side=leg.side, mark=leg.price, liquidation_price=found.price)
    if found.never:
        return False
    if presumed_liquidated(side=leg.side, mark=leg.price, liquidation_price=found.bankruptcy_price):
        return True
    left = room(leg)
    return None if left is None else left <= 0


def shared_verdict(before: Before, after: Book, wallet: Wallet) -> Verdict:
    """How a shared wallet stands: its equity against the maintenance margin of all its legs, at all marks together."""
    was = before.book.layout.wallets[wallet.account.id, wallet.currency]
    price, quote_usd = after.usd_price, wallet.cross_legs[0].quote_usd
    equity, required = wallet.cross_equity(price, quote_usd), wallet.cross_maintenance.value
    if equity is None or required is None:
        if not any(before.worse(leg) for leg in wallet.cross_legs) and not _coins_fall(before.shock, was, wallet):
            return Verdict("open")
        return Verdict("unknown", wallet.why_not_liquidation())
    if covers(equity=equity, maintenance_margin=required):
        return Verdict("open")
    left = shared_room(before.book, was)
    already = left is not None and left <= 0
    return Verdict("in_liquidation" if already and not _worse(left, equity - required) else "liquidated")


def _worse(before: Decimal | None, after: Decimal | None) -> bool:
    """Whether a figure fell, or cannot be told not to have."""
    return before is None or after is None or after < before


def _coins_fall(shock: Shock, was: Wallet, wallet: Wallet) -> bool:
    """Whether a coin that counts beside the money falls, or is there no more."""
    held, now = was.account.collateral, wallet.account.collateral
    coins = [name for name in wallet.account.haircuts if name != wallet.currency]
    return any(shock.move(name) < 0 or shock.money.get(name, ZERO) < 0 or now[name] < held[name] for name in coins)


def why_unknown(leg: Leg) -> str:
    """What is missing to say whether an isolated leg is liquidated."""
    if leg.facts_why:
        return leg.facts_why
    if leg.price is None:
        return f"no mark of {leg.market.symbol} has come yet"
    if leg.entry is None:
        return why_no_entry(leg)
    return why_no_margin(leg) if leg.margin is None else why_no_maintenance(leg)


# What an end takes


def _end(found: Endings, isolated: list[Leg], shared: list[Wallet], gains: Mapping[str, Decimal | None]) -> None:
    """Take what ends out of the book, and write down what that costs beside the PnL of the move."""
    book = found.book
    changes: dict[WalletKey, Decimal] = {}
    losses: dict[str, Decimal | None] = {}
    for leg in isolated:
        lost = leg.margin or ZERO
        _add(changes, (leg.account.id, leg.settle), -lost)
        losses[leg.id] = _minus(worth_usd(quantity=lost, price_usd=book.usd_price(leg.settle)), leg.pnl_usd)
    for wallet in shared:
        losses |= _end_wallet(book, wallet, changes, gains)
    ended: dict[str, Position | None] = dict.fromkeys(losses)
    found.book = with_changes(book, ended, changes)
    settle_rounding(losses, book, found.book)
    found.losses |= losses


def _end_wallet(
    book: Book, wallet: Wallet, changes: dict[WalletKey, Decimal], gains: Mapping[str, Decimal | None]
) -> dict[str, Decimal | None]:
    """What the end of a shared wallet adds to the PnL of its legs: all it shares is gone, and coins for its debt."""
    legs, account = wallet.cross_legs, wallet.account.id
    price = book.usd_price
    shared = max(wallet.shared or ZERO, ZERO)
    parts = [_minus(worth_usd(quantity=shared, price_usd=price(wallet.currency)), *(leg.pnl_usd for leg in legs))]
    _add(changes, (account, wallet.currency), -shared)
    for coin, taken in _coins_for(book, wallet, changes).items():
        _add(changes, (account, coin), -taken)
        parts.append(_minus(worth_usd(quantity=taken, price_usd=price(coin))))
    moved = [gains.get(leg.id) for leg in legs]
    total = exact_sum((*parts, *moved))
    known = [gain for gain in moved if gain is not None]
    if total is None or len(known) < len(legs):
        return {leg.id: None for leg in legs}
    after = split_loss(total, known)
    return {leg.id: change_of((gain,), (end,)) for leg, end, gain in zip(legs, after, known, strict=True)}


def _coins_for(book: Book, wallet: Wallet, changes: dict[WalletKey, Decimal]) -> dict[str, Decimal]:
    """Coins that cover the debt of a wallet of money, as far as they are shared and not taken already."""
    quote_usd = wallet.cross_legs[0].quote_usd
    equity = known_sum((wallet.shared, wallet.cross_pnl.value))
    there: list[tuple[str, Decimal, Decimal]] = []
    for coin in wallet.coins(book.usd_price, quote_usd) or ():
        key = (wallet.account.id, coin.asset)
        free = book.layout.wallets[key].shared
        there.append((coin.asset, (free or ZERO) + changes.get(key, ZERO), coin.price))
    return {} if equity is None else coins_taken(equity=equity, coins=there)


def _minus(*parts: Decimal | None) -> Decimal | None:
    """All of them taken away, each rounded to 1e-12 as the sums of a book are."""
    return exact_sum(None if part is None else part.copy_negate() for part in parts)


def _add(changes: dict[WalletKey, Decimal], key: WalletKey, amount: Decimal) -> None:
    changes[key] = changes.get(key, ZERO) + amount
