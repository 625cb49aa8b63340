"""How far each coin of a book falls in a crash of one of them: correlations go to 1, so a beta is a ratio of sigmas."""

from __future__ import annotations

from decimal import Decimal

from hedge.book.book import Book
from hedge.proxy import stress_beta


def stress_betas(book: Book, proxy: str) -> dict[str, Decimal]:
    """Moves of each coin for one of the proxy in a crash. A coin of which no volatility is known is left out."""
    of = book.layout.coins.get(proxy)
    if of is None:
        return {}
    found = {
        name: stress_beta(sigma_asset=coin.volatility.annual, sigma_proxy=of.volatility.annual)
        for name, coin in book.layout.coins.items()
    }
    return {name: beta for name, beta in found.items() if beta is not None}
