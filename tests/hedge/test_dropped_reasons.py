"""Why a value counts no longer, or never came, where a feed or a poll has said so in words."""

from __future__ import annotations

from hedge.book.book import Book
from hedge.market import Dropped
from tests.hedge.odd import BTC, parts
from tests.hedge.said import account, at, index, instrument, live, mark, portfolio, position, tick

FEED = "bingx-swap"
CLOSED = "it stands still while the mark moves"


def bingx_book() -> Book:
    leg = position(BTC, "0.5", "65000", margin="20000", maintenance_margin_rate="0.005")
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "1"}], accounts=[account("main", "bingx", {"USDT": "30000"}, leg)]
        )
    )
    book.apply(instrument("bingx", BTC))
    book.apply(live(FEED))
    return book


def test_a_dropped_index_says_why_wherever_it_is_missed() -> None:
    book = bingx_book()
    tick(book, "bingx", BTC, "65000", 0)
    assert parts(book)[0].index == 65000
    book.apply(Dropped(FEED, BTC, ("index",), 1, CLOSED))
    row = parts(book, 1)[0]
    assert row.index is row.basis_pct is None
    for name in ("index", "basis_pct", "price_result_usd", "basis_result_usd"):
        assert row.why[name] == f"no index: {CLOSED}"
    assert row.mark == 65000
    book.apply(index("bingx", BTC, "65001", 2))
    row = parts(book, 2)[0]
    assert row.index == 65001
    assert "index" not in row.why


def test_a_drop_without_words_takes_the_old_words_away() -> None:
    book = bingx_book()
    book.apply(mark("bingx", BTC, "65000", 0))
    book.apply(Dropped(FEED, BTC, ("index", "funding"), 1, CLOSED))
    book.apply(Dropped(FEED, BTC, ("index",), 2))
    row = parts(book, 2)[0]
    assert row.why["index"] == "no index has come from bingx yet"
    assert row.why["funding_rate"] == f"no funding rate: {CLOSED}"


def test_a_poll_without_an_answer_explains_what_it_would_bring_and_not_the_mark() -> None:
    book = bingx_book()
    book.apply(live("bingx-rest", state="backing_off", reason="no answer to premiumIndex: HTTP 503"))
    row = parts(book)[0]
    assert row.why["index"] == "no index: bingx-rest no answer to premiumIndex: HTTP 503"
    assert row.why["funding_rate"] == "no funding rate: bingx-rest no answer to premiumIndex: HTTP 503"
    assert row.why["mark"] == "no mark has come yet"
    assert "bingx-rest" not in book.ledger.why_nothing(book.ledger.market("bingx", BTC), "mark")
    assert book.feeds(at(0))[1].state == "backing_off"


def test_the_poll_of_another_venue_explains_nothing() -> None:
    book = bingx_book()
    book.apply(live("weex-rest", state="backing_off", reason="HTTP 503"))
    assert parts(book)[0].why["index"] == "no index has come from bingx yet"
