"""A coin without a position: priced at Binance spot, then at Bybit spot where the book has an account there."""

from __future__ import annotations

from hedge.book.book import Book
from hedge.market import Spot, Want
from tests.hedge.said import D, account, at, portfolio, position

AVAX = "AVAX/USDT"


def avax_book(venue: str = "bybit") -> Book:
    short = position("SOL/USDT:USDT", "1", "142", leverage="1")
    return Book(
        portfolio(
            holdings=[{"asset": "AVAX", "quantity": "10"}], accounts=[account("main", venue, {"USDT": "500"}, short)]
        )
    )


def mid(book: Book, venue: str, price: str, mono_ms: int, limit_ms: int = 15_000) -> None:
    book.apply(Spot(f"{venue}-spot", AVAX, D(price), mono_ms, limit_ms))


def test_a_second_spot_venue_is_asked_only_where_the_book_has_an_account() -> None:
    wanted = {venue: [want for want in avax_book(venue).wants if want.spot] for venue in ("bybit", "okx")}
    assert wanted == {
        "bybit": [Want("binance", AVAX, spot=True), Want("bybit", AVAX, spot=True)],
        "okx": [Want("binance", AVAX, spot=True)],
    }


def test_the_first_that_is_fresh_prices_it_and_the_other_stands_in() -> None:
    book = avax_book()
    mid(book, "bybit", "28.1", 0)
    row = book.asset("AVAX", at(0))
    assert (row.price, row.price_source) == (D("28.1"), "bybit-spot mid, in place of the first source")
    mid(book, "binance", "28", 1_000, 60_000)
    row = book.asset("AVAX", at(1_000))
    assert (row.price, row.price_source) == (D(28), "binance-spot mid")
    mid(book, "bybit", "28.2", 60_500)
    assert book.asset("AVAX", at(61_000)).price == 28
    row = book.asset("AVAX", at(61_001))
    assert (row.price, row.stale) == (D("28.2"), False)


def test_unpriced_it_names_both() -> None:
    why = avax_book().asset("AVAX", at(0)).why["spot_usd"]
    assert "no price of AVAX has come from binance, bybit yet" in why
