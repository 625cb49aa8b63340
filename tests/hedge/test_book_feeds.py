"""What feeds say of themselves: their pulse in their row, and nothing of a feed or symbol that nobody reads."""

from __future__ import annotations

from hedge.book.book import Book
from hedge.book.frozen import freeze
from hedge.market import FeedPulse, FeedState, Instant, SymbolState, Unread, Woke
from tests.hedge.said import portfolio

NOW = Instant(100_000, 1_795_000_000_000)
BTC = "BTC/USDT:USDT"


def book() -> Book:
    made = Book(portfolio(holdings=[{"asset": "BTC", "quantity": "1"}]))
    made.apply(FeedState("binance-usdm", "live", "", 99_000, dials=2))
    return made


def test_a_feed_without_a_pulse_has_no_rate() -> None:
    assert [(row.per_s, row.skew_s) for row in book().feeds(NOW)] == [(None, None)]


def test_the_newest_pulse_stands_in_the_row_of_its_feed() -> None:
    made = book()
    assert made.apply(FeedPulse("binance-usdm", 4.0, None, 99_000)) == frozenset()
    made.apply(FeedPulse("binance-usdm", 3.5, -0.2, 100_000))
    assert [(row.dials, row.per_s, row.skew_s) for row in made.feeds(NOW)] == [(2, 3.5, -0.2)]


def test_a_copy_of_the_book_keeps_the_pulse_of_its_moment() -> None:
    made = book()
    made.apply(FeedPulse("binance-usdm", 4.0, 0.1, 99_000))
    copied = freeze(made).book()
    made.apply(FeedPulse("binance-usdm", 0.0, None, 100_000))
    assert [row.per_s for row in copied.feeds(NOW)] == [4.0]


def test_a_symbol_that_is_not_read_any_more_ails_no_feed() -> None:
    made = book()
    made.apply(SymbolState("binance-usdm", BTC, "quarantined", "refused", 99_000))
    assert made.feeds(NOW)[0].symbols == {BTC: "refused"}
    made.apply(Unread("binance-usdm", BTC))
    assert made.feeds(NOW)[0].symbols == {}
    assert made.ledger.market("binance", BTC).trouble() == ""


def test_a_feed_that_is_not_read_any_more_has_no_row() -> None:
    made = book()
    made.apply(FeedPulse("binance-usdm", 4.0, 0.1, 99_000))
    assert made.apply(Unread("binance-usdm")) == {"feed:binance-usdm"}
    assert made.feeds(NOW) == ()
    assert made.apply(Unread("binance-usdm")) == {"feed:binance-usdm"}, "once more changes nothing"


def test_a_sleep_alone_changes_no_figure() -> None:
    assert book().apply(Woke(60_000, 100_000)) == frozenset()
