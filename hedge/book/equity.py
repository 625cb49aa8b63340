"""The equity of a whole book in USD, part by part: coins, money, and the unrealised PnL of every leg.

Coins count at the price of their asset, money at its rate, the coin PnL of an inverse leg at its mark. Every part is
rounded to 1e-12, so sums and differences are exact. Source: section 3 of the domain reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hedge.book.book import Book
from hedge.book.worth import worth_usd
from hedge.portfolio.addressed import why_no_wallet
from hedge.sums import exact_sum


def equity_parts(book: Book) -> dict[str, Decimal | None]:
    """By `asset:BTC`, `wallet:<account>/USDT` and `leg:<leg id>`; None where a part is not known.

    Coins that are collateral stand with their asset, so only wallets of money have a part."""
    layout = book.layout
    parts = {f"asset:{coin.name}": coin.spot_usd() for coin in layout.coins.values()}
    for (account, currency), wallet in layout.wallets.items():
        if wallet.is_money:
            rate = layout.rate_of(currency)
            parts[f"wallet:{account}/{currency}"] = worth_usd(quantity=wallet.balance, price_usd=rate)
    for leg in layout.legs.values():
        parts[f"leg:{leg.id}"] = leg.pnl_usd
    return parts


def equity_usd(book: Book) -> Decimal | None:
    """All parts together; None while one of them is not known."""
    return exact_sum(equity_parts(book).values())


def why_no_equity(book: Book) -> str:
    """What is missing for the equity; empty when nothing is."""
    for name, part in equity_parts(book).items():
        if part is None:
            kind, _, subject = name.partition(":")
            if kind == "wallet":
                account, _, currency = subject.rpartition("/")
                words = f"the file states no {currency} collateral for {account}"
                return why_no_wallet(book.layout.accounts[account], words)
            return f"{subject} has no price" if kind == "asset" else f"the PnL of {subject} is not known yet"
    return ""


def change_of(before: Iterable[Decimal | None], after: Iterable[Decimal | None]) -> Decimal | None:
    """What came between two sets of parts, exactly; None where one of them is not known."""
    return exact_sum((*after, *(None if part is None else part.copy_negate() for part in before)))


def settle_rounding(amounts: dict[str, Decimal | None], before: Book, after: Book) -> None:
    """Make amounts add up to the change of equity between two books, where wallets are rounded otherwise than legs.

    The last digits go to the last amount; nothing is done while a figure is not known."""
    change = change_of(equity_parts(before).values(), equity_parts(after).values())
    parts = exact_sum(amounts.values())
    if amounts and change is not None and parts is not None:
        last = next(reversed(amounts))
        amounts[last] = exact_sum((amounts[last], change, parts.copy_negate()))
