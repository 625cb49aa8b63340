"""A book small enough to be worked out by hand: bitcoin held, and what is short against it in one account."""

from __future__ import annotations

from typing import Any

from hedge.book.book import Book
from hedge.stress.shock import Shock
from hedge.stress.stressed import LegStress, Stress
from hedge.stress.what_if import what_if
from tests.hedge.said import D, account, portfolio
from tests.hedge.stressed_books import NOW, told

BTC, ETH, COIN_BTC, COIN_ETH = "BTC/USDT:USDT", "ETH/USDT:USDT", "BTC/USD:BTC", "ETH/USD:ETH"
CROSS = {"margin_mode": "cross"}
LEG = f"main/{BTC}/short"


def book_of(*positions: dict[str, str], held: str = "1", collateral: dict[str, str] | None = None, **more: Any) -> Book:
    """So many bitcoin held, one account at Binance; marks stand at their index, brackets ask 0.5 %."""
    holdings = [{"asset": "BTC", "quantity": held}] if D(held) else []
    written = portfolio(
        holdings=holdings,
        accounts=[account("main", "binance", collateral or {"USDT": "60000"}, *positions, **more)],
    )
    return told(Book(written), premium=D(1))


def under(book: Book, shock: Shock) -> Stress:
    return what_if(book, shock, NOW).stress


def only(stress: Stress) -> LegStress:
    (leg,) = stress.legs
    return leg


def prices(**moves: str) -> Shock:
    return Shock(prices={coin: D(move) for coin, move in moves.items()})
