"""Stablecoins: what index streams imply, what counts while they do not, and what a rate moves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hedge.book.book import Book
from hedge.book.take import take_snapshot
from hedge.market import Index, Want
from hedge.rates import Implied, implied_rate
from tests.hedge.said import D, account, at, flat, index, instrument, live, portfolio, position, spot, tick

SOL, IN_USDT, IN_USD = "SOL/USDT:USDT", "BTC/USDT:USDT", "BTC/USD:BTC"
LEG = f"main/{SOL}/short"


def sol_book(venue: str = "bybit", **more: Any) -> Book:
    """SOL held, and a short of it in USDT."""
    book = Book(
        portfolio(
            holdings=[{"asset": "SOL", "quantity": "100"}],
            accounts=[
                account(
                    "main", venue, {"USDT": "10000"}, position(SOL, "100", "142", margin="7100"), as_of="2026-11-17"
                )
            ],
            **more,
        )
    )
    book.apply(instrument(venue, SOL))
    book.apply(flat(venue, SOL, "0.01"))
    tick(book, venue, SOL, "142", 0)
    return book


def bitcoin(book: Book, usd: str, usdt: str, mono_ms: int, venue: str = "bybit") -> frozenset[str]:
    """Both index streams of bitcoin at a venue."""
    book.apply(index(venue, IN_USD, usd, mono_ms, 60_000))
    return book.apply(index(venue, IN_USDT, usdt, mono_ms, 60_000))


def test_usd_for_one_is_the_index_in_dollars_over_that_in_the_coin() -> None:
    assert implied_rate(usd_index=D(64935), quote_index=D(65000)) == D("0.999")
    assert implied_rate(usd_index=None, quote_index=D(65000)) is None
    assert implied_rate(usd_index=D(65000), quote_index=D(0)) is None


def test_two_index_streams_are_wanted_of_the_venues_that_are_read_anyway() -> None:
    for venue in ("bybit", "binance"):
        assert sol_book(venue).wants == (Want(venue, SOL), Want(venue, IN_USD), Want(venue, IN_USDT))
    assert sol_book("mexc").wants == (Want("mexc", SOL), Want("binance", IN_USD), Want("binance", IN_USDT))
    coin = Book(
        portfolio(accounts=[account("coin", "bybit", {"ETH": "5"}, position("ETH/USD:ETH", "1", "3500", leverage="1"))])
    )
    assert coin.wants == (Want("bybit", "ETH/USD:ETH"),)
    usdc = account("c", "bybit", {"USDC": "5"}, position("SOL/USDC:USDC", "1", "142", leverage="1"))
    assert Want("bybit", "BTC/USDC:USDC") in Book(portfolio(accounts=[usdc])).wants


def test_without_streams_it_is_par_and_says_so() -> None:
    book = sol_book()
    (row,) = book.money(at(0))
    assert (row.currency, row.usd, row.assumed, row.source) == ("USDT", 1, True, "USDT at par, assumed")
    assert "USDT assumed at par" in book.leg(LEG, at(0)).flags
    stated = sol_book(rates={"USDT": "0.998"})
    (row,) = stated.money(at(0))
    assert (row.usd, row.assumed, row.source) == (D("0.998"), False, "rate from file")


def test_an_implied_rate_moves_everything_quoted_in_it() -> None:
    book = sol_book()
    touched = bitcoin(book, "64350", "65000", 1_000)
    assert {f"leg:{LEG}", "asset:SOL"} <= touched
    row, leg, now = book.asset("SOL", at(1_000)), book.leg(LEG, at(1_000)), at(1_000)
    assert row.price == D("142") * D("0.99")
    assert (leg.notional_usd, leg.sources["quote_usd"]) == (D("14058"), "bybit BTC index in USD over that in USDT")
    assert not [flag for flag in leg.flags if "par" in flag]
    totals = take_snapshot(book, now, "live").totals
    assert (totals.spot_usd, totals.hedge_usd) == (D("14058"), D("-14058"))
    assert book.account("main", now).equity_usd == D("9900")
    (money,) = book.money(now)
    assert (money.usd, money.collateral_usd, money.assumed, money.age_s) == (D("0.99"), D("9900"), False, 0.0)


def test_streams_go_before_the_file() -> None:
    book = sol_book(rates={"USDT": "0.95"})
    bitcoin(book, "65000", "65000", 1_000)
    assert book.layout.rate_of("USDT") == 1


def test_a_spot_pair_is_valued_at_the_rate() -> None:
    book = sol_book()
    held = [{"asset": "SOL", "quantity": "100"}, {"asset": "AVAX", "quantity": "10"}]
    book.replace(
        portfolio(
            holdings=held, accounts=[account("main", "bybit", {"USDT": "1"}, position(SOL, "1", "142", leverage="1"))]
        )
    )
    book.apply(spot("AVAX/USDT", "20", 1_000))
    bitcoin(book, "64350", "65000", 1_000)
    assert book.asset("AVAX", at(1_000)).price == D("19.8")


def test_an_old_rate_makes_what_it_values_old() -> None:
    book = sol_book()
    book.apply(live("bybit-linear"))
    book.apply(live("bybit-inverse"))
    bitcoin(book, "64935", "65000", 0)
    for second in range(1, 61):
        tick(book, "bybit", SOL, "142", second * 1_000)
    assert not book.asset("SOL", at(60_000)).stale
    tick(book, "bybit", SOL, "142", 61_000)
    row, totals = book.asset("SOL", at(61_001)), book.totals(at(61_001))
    assert (row.stale, row.price) == (True, D("142") * D("0.999"))
    assert (totals.stale, totals.stale_usd) == (True, totals.spot_usd)
    (money,) = book.money(at(61_001))
    assert (money.stale, money.usd) == (True, D("0.999"))
    bitcoin(book, "64935", "65000", 61_500)
    tick(book, "bybit", SOL, "142", 61_600)
    assert not book.asset("SOL", at(61_600)).stale


def test_a_book_on_the_same_markets_has_the_same_rate() -> None:
    book = sol_book()
    bitcoin(book, "64350", "65000", 1_000)
    again = Book(book.portfolio, book.ledger)
    assert again.totals(at(1_000)).spot_usd == book.totals(at(1_000)).spot_usd
    book.replace(book.portfolio)
    assert book.leg(LEG, at(1_000)).notional_usd == D("14058")


def test_both_venues_are_asked_where_both_are_read() -> None:
    book = sol_book()
    priced = book.portfolio.model_copy(update={"holdings": (*book.portfolio.holdings, *avax())})
    book.replace(priced)
    pairs = [Want(venue, symbol) for venue in ("binance", "bybit") for symbol in (IN_USD, IN_USDT)]
    spots = [Want(venue, "AVAX/USDT", spot=True) for venue in ("binance", "bybit")]
    assert book.wants == (Want("bybit", SOL), *spots, *pairs)


def avax() -> tuple[Any, ...]:
    """A coin without a position, which binance prices."""
    return portfolio(holdings=[{"asset": "AVAX", "quantity": "10"}]).holdings


def test_another_venue_takes_over_once_the_first_is_old_and_gives_back() -> None:
    book = sol_book()
    bitcoin(book, "64350", "65000", 1_000)
    assert book.layout.rate_of("USDT") == D("0.99")
    bitcoin(book, "64365", "65000", 2_000, "binance")
    (row,) = book.money(at(2_000))
    assert (row.usd, row.source) == (D("0.99023"), "binance BTC index in USD over that in USDT")
    for second in range(3, 62):
        bitcoin(book, "64350", "65000", second * 1_000)
    assert book.layout.rate_of("USDT") == D("0.99023")
    bitcoin(book, "64350", "65000", 62_001)
    (row,) = book.money(at(62_001))
    assert (row.usd, row.age_s, row.source) == (D("0.99"), 0.0, "bybit BTC index in USD over that in USDT")
    leg = book.leg(LEG, at(62_001))
    assert (leg.notional_usd, leg.sources["quote_usd"]) == (D("14058"), row.source)
    bitcoin(book, "64365", "65000", 63_001, "binance")
    assert book.money(at(63_001))[0].source.startswith("binance")


def test_two_venues_that_disagree_are_both_named() -> None:
    book = sol_book()
    bitcoin(book, "64350", "65000", 1_000)
    bitcoin(book, "65000", "65000", 2_000, "binance")
    (row,) = book.money(at(2_000))
    assert (row.usd, row.source) == (1, "binance BTC index in USD over that in USDT; bybit says 0.99000")
    assert book.leg(LEG, at(2_000)).sources["quote_usd"] == row.source


def test_with_no_stream_left_the_last_rate_stands_and_is_old() -> None:
    book = sol_book(rates={"USDT": "0.95"})
    bitcoin(book, "64350", "65000", 1_000)
    bitcoin(book, "64350", "65000", 1_000, "binance")
    (row,) = book.money(at(61_001))
    assert (row.usd, row.stale, row.age_s) == (D("0.99"), True, 60.001)


# how a rate is sampled


def sampled(*pairs: tuple[int, str, int, str]) -> Implied:
    """Times and prices of both index streams."""
    found = Implied("USDT")
    for usd_at, usd, usdt_at, usdt in pairs:
        found.look(
            "bybit",
            Index("bybit-inverse", IN_USD, Decimal(usd), usd_at, 60_000),
            Index("bybit-linear", IN_USDT, Decimal(usdt), usdt_at, 60_000),
        )
    return found


def test_one_price_that_lags_does_not_move_it() -> None:
    steady = [(second * 1_000, "65000", second * 1_000, "65000") for second in range(5)]
    assert sampled(*steady).usd == 1
    assert sampled(*steady, (5_000, "64000", 5_000, "65000")).usd == 1


def test_a_rate_that_stays_away_is_taken_within_seconds() -> None:
    away = [(second * 1_000, "63700", second * 1_000, "65000") for second in range(5, 10)]
    assert sampled(*[(second * 1_000, "65000", second * 1_000, "65000") for second in range(5)], *away).usd == D("0.98")


@pytest.mark.parametrize(
    "second",
    [(5_000, "64000", 2_999, "65000"), (0, "64000", 999, "65000"), (5_000, "20000", 5_000, "65000")],
    ids=["too far apart", "within the same second", "no rate of a stablecoin"],
)
def test_what_is_no_sample(second: tuple[int, str, int, str]) -> None:
    found = sampled((0, "65000", 0, "65000"), second)
    assert (found.usd, found.at_ms) == (1, 0)


def test_it_moves_in_steps_of_a_basis_point() -> None:
    found = sampled((0, "65000", 0, "65000"), (1_000, "64995", 1_000, "65000"), (2_000, "64995", 2_000, "65000"))
    assert (found.usd, found.at_ms) == (1, 2_000)
