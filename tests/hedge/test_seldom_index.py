"""A basis is of one moment: where marks go on between two indexes, by the mark that came with the index."""

from __future__ import annotations

from decimal import Decimal

from hedge.book.book import Book
from hedge.explain import explain, recompute
from hedge.market import Index
from hedge.stress.shock import Shock
from hedge.stress.supposed import moved_market
from tests.hedge.odd import BTC, LEG, parts
from tests.hedge.said import account, at, instrument, interval, live, mark, portfolio, position

FEED = "bingx-swap"


def book_of(mark_then: str | None, mark_now: str = "66000") -> Book:
    leg = position(BTC, "0.5", "65000", margin="20000", maintenance_margin_rate="0.005")
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "1"}], accounts=[account("main", "bingx", {"USDT": "30000"}, leg)]
        )
    )
    for update in (instrument("bingx", BTC), interval("bingx", BTC, "8"), live(FEED), mark("bingx", BTC, "65013", 0)):
        book.apply(update)
    beside = None if mark_then is None else Decimal(mark_then)
    book.apply(Index(FEED, BTC, Decimal(65000), 0, 30_000, mark=beside))
    book.apply(mark("bingx", BTC, mark_now, 8000))
    return book


def test_a_rally_between_two_indexes_is_no_basis() -> None:
    row = parts(book_of("65013"), 8000)[0]
    assert (row.mark, row.index) == (66000, 65000)
    assert row.basis_pct == Decimal(13) / 65000
    assert row.basis == 13
    assert row.sources["basis"] == "the mark that came with the index"


def test_without_a_mark_beside_it_the_basis_is_that_of_now() -> None:
    assert parts(book_of(None), 8000)[0].basis_pct == Decimal(1000) / 65000


def test_the_explanation_names_the_mark_and_recomputes_to_it() -> None:
    for beside, label in (("65013", "mark that came with the index"), (None, "mark")):
        book = book_of(beside)
        row = parts(book, 8000)[0]
        for figure, value in (("basis", row.basis), ("basis_pct", row.basis_pct), ("basis_apr", row.basis_apr)):
            found = explain(book, f"positions.{LEG}.{figure}", at(8000))
            assert recompute(found) == value == found.value
        (perp, *_) = explain(book, f"positions.{LEG}.basis_pct", at(8000)).inputs
        assert perp.label == label


def test_an_old_mark_leaves_no_basis_though_one_came_with_the_index() -> None:
    book = book_of("65013")
    row = parts(book, 8000 + 5001)[0]
    assert row.basis_pct is None
    assert row.why["basis_pct"] == "the mark is old"


def test_a_supposed_move_takes_both_along() -> None:
    book = book_of("65013")
    market = book.ledger.market("bingx", BTC)
    moved = moved_market(market, Shock(prices={"BTC": Decimal("0.2")}), lambda _: Decimal(1))
    assert moved.index is not None
    assert (moved.index.price, moved.index.mark) == (78000, Decimal("78015.6"))
