"""A frozen book: the same figures to the last digit, and nothing that happens afterwards reaches it."""

from __future__ import annotations

import threading

import msgspec
import pytest

from hedge.book.book import Book
from hedge.book.frozen import freeze
from hedge.book.take import take_snapshot
from hedge.explain import explain
from hedge.market import Confirmed
from tests.hedge.explained_books import BTC, XRP, patchy, rich
from tests.hedge.said import at, feed_of, live, mark, portfolio, tick


def figures(book: Book, mono_ms: int) -> bytes:
    return msgspec.json.encode(take_snapshot(book, at(mono_ms), "live"))


@pytest.mark.parametrize("book", [rich(), patchy()], ids=["rich", "patchy"])
@pytest.mark.parametrize("later_ms", [0, 3_000, 400_000])
def test_it_has_the_same_figures_at_every_later_moment(book: Book, later_ms: int) -> None:
    assert figures(freeze(book).book(), later_ms) == figures(book, later_ms)


def test_what_comes_afterwards_stays_with_the_live_book() -> None:
    book = rich()
    before = figures(book, 0)
    frozen = freeze(book)
    tick(book, "binance", BTC, "70000", 1_000)
    book.apply(Confirmed(feed_of("binance", BTC), BTC, 1_500))
    book.apply(mark("binance", XRP, "9.5", 1_000))
    book.apply(live("binance-usdm", 2_000, "backing_off", "gone"))
    book.apply(live("okx", 2_000))
    book.rebased(at(2_000))
    book.replace(portfolio(holdings=[{"asset": "BTC", "quantity": "3"}]))
    assert figures(frozen.book(), 0) == before


def test_what_is_done_to_it_stays_with_it() -> None:
    book = rich()
    before = figures(book, 0)
    copy = freeze(book).book()
    tick(copy, "binance", BTC, "70000", 1_000)
    copy.apply(live("binance-usdm", 2_000, "backing_off", "gone"))
    copy.rebased(at(2_000))
    assert figures(book, 0) == before


def test_an_assumed_entry_is_the_first_mark_and_not_the_newest() -> None:
    book = rich()
    leg = f"main/{XRP}/short"
    first = book.leg(leg, at(0)).entry_price
    book.apply(mark("binance", XRP, "9.5", 1_000))
    assert first is not None
    assert freeze(book).book().leg(leg, at(1_000)).entry_price == first


def test_it_can_be_asked_in_another_thread() -> None:
    book = rich()
    frozen, found = freeze(book), []
    asking = threading.Thread(target=lambda: found.append(explain(frozen.book(), "totals.off_usd", at(0)).value))
    asking.start()
    asking.join()
    assert found == [explain(book, "totals.off_usd", at(0)).value]
