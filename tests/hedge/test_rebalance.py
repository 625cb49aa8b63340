"""Value and weights since the last rebalance: when that was, and what has moved."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hedge.book.book import Book
from hedge.book.rebalance import NO_REFERENCE, largest_shift, reference, turnover, value_change
from hedge.book.take import take_snapshot
from hedge.portfolio import Portfolio
from hedge.triggers import trigger_allocation
from tests.hedge.said import D, account, at, instrument, portfolio, position, spot, tick

BTC = "BTC/USDT:USDT"


def holding(contracts: str = "1", margin: str = "32500", **held: str) -> Portfolio:
    """Coins held, and a short of bitcoin."""
    coins = {"BTC": "1", "AVAX": "1000", **held}
    return portfolio(
        holdings=[{"asset": name, "quantity": quantity} for name, quantity in coins.items() if quantity],
        accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, contracts, "65000", margin=margin))],
    )


def market(book: Book, bitcoin: str = "80000", avax: str = "20", mono_ms: int = 0) -> Book:
    tick(book, "binance", BTC, bitcoin, mono_ms)
    book.apply(spot("AVAX/USDT", avax, mono_ms))
    return book


def watched() -> Book:
    """A book of 80,000 USD in bitcoin and 20,000 in AVAX, from its first complete moment on."""
    book = Book(holding())
    book.apply(instrument("binance", BTC))
    assert not book.settle(at(0)), "nothing is known yet"
    market(book)
    assert book.settle(at(0))
    return book


def moved(book: Book, mono_ms: int = 0) -> tuple[Decimal | None, Decimal | None, Decimal | None, str | None]:
    totals = take_snapshot(book, at(mono_ms), "live").totals
    return totals.value_change, totals.allocation_shift, totals.turnover, totals.allocation_asset


def test_the_first_complete_moment_is_the_reference() -> None:
    book = watched()
    assert book.last_rebalance is not None
    assert (book.last_rebalance.value_usd, book.last_rebalance.weights) == (
        100_000,
        {"BTC": D("0.8"), "AVAX": D("0.2")},
    )
    assert moved(book)[:3] == (0, 0, 0)
    assert not book.settle(at(60_000)), "only the first one"


def test_value_and_weights_against_it() -> None:
    book = market(watched(), bitcoin="40000", mono_ms=1_000)
    assert moved(book, 1_000) == (D("-0.4"), D("0.8") - D(40) / 60, D("0.8") - D(40) / 60, "BTC")
    row = book.asset("AVAX", at(1_000))
    assert row.weight is not None
    assert row.weight_shift == row.weight - D("0.2")


def test_an_old_price_is_no_reference() -> None:
    book = Book(holding())
    book.apply(instrument("binance", BTC))
    market(book)
    assert not book.settle(at(120_000))
    assert book.last_rebalance is None


@pytest.mark.parametrize("missing", ["BTC", "AVAX"])
def test_a_missing_price_is_no_reference(missing: str) -> None:
    book = Book(holding())
    book.apply(instrument("binance", BTC))
    if missing == "AVAX":
        tick(book, "binance", BTC, "80000", 0)
    else:
        book.apply(spot("AVAX/USDT", "20", 0))
    assert not book.rebased(at(0))
    totals = take_snapshot(book, at(0), "live").totals
    assert totals.why["allocation_shift"]
    assert totals.why["value_change"]
    assert totals.rebased is None


def test_without_a_reference_it_is_said() -> None:
    book = Book(holding())
    book.apply(instrument("binance", BTC))
    totals = take_snapshot(market(book), at(0), "live").totals
    assert totals.why["value_change"] == totals.why["allocation_shift"] == NO_REFERENCE


EDITS: list[tuple[dict[str, Any], bool]] = [
    ({"contracts": "0.9"}, True),
    ({"margin": "40000"}, False),
    ({"AVAX": "2000"}, False),
]


@pytest.mark.parametrize(("edit", "counts"), EDITS, ids=["resized", "margin", "coins bought"])
def test_an_edit_that_alters_a_position_starts_anew(edit: dict[str, str], counts: bool) -> None:
    book = watched()
    book.replace(holding(**edit))
    assert (book.last_rebalance is None) is counts
    assert book.settle(at(1)) is counts


def test_the_user_says_so() -> None:
    book = market(watched(), bitcoin="40000", mono_ms=1_000)
    assert book.rebased(at(1_000))
    assert moved(book, 1_000)[:3] == (0, 0, 0)
    assert take_snapshot(book, at(1_000), "live").totals.rebased == "2026-11-18T11:06:41Z"


def test_a_coin_that_is_gone_lost_all_of_its_weight() -> None:
    book = watched()
    book.replace(holding(AVAX=""))
    assert moved(book)[:3] == (D("-0.2"), D("0.2"), D("0.2"))


def test_a_new_coin_had_none() -> None:
    book = watched()
    book.replace(holding(LINK="1000"))
    book.apply(spot("LINK/USDT", "25", 0))
    row = take_snapshot(book, at(0), "live")
    assert {each.asset: each.weight_shift for each in row.assets}["LINK"] == D("0.2")


def test_a_supposed_book_is_compared_with_the_same_moment() -> None:
    book = watched()
    assert book.with_portfolio(holding(contracts="2")).last_rebalance is book.last_rebalance


def test_the_measures_are_those_of_the_triggers() -> None:
    old, new = {"A": D("0.5"), "B": D("0.5")}, {"A": D("0.7"), "C": D("0.3")}
    shifts = [new.get(name, D(0)) - old.get(name, D(0)) for name in ("A", "B", "C")]
    expected = trigger_allocation(weights_old=old, weights_new=new, threshold=D("0.1"))
    assert (largest_shift(shifts=shifts), turnover(shifts=shifts)) == (expected.max_shift, expected.turnover)
    assert largest_shift(shifts=[D(1), None]) is None
    assert turnover(shifts=[]) is None
    assert value_change(value_usd=D(120), last_value_usd=D(100)) == D("0.2")
    assert value_change(value_usd=D(120), last_value_usd=None) is None
    assert reference({"A": D(0)}, 0) is None
