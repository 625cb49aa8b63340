"""Remedies of cost, funding, basis, money and prices, and of a leg that may be gone; unwinding by contracts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedge.book.book import Book
from hedge.snapshot import Ticket
from hedge.ticket import unwind
from hedge.ticket.after import with_ticket
from hedge.ticket.remedies import remedies
from tests.hedge.said import (
    D,
    account,
    at,
    funding,
    instrument,
    mark,
    portfolio,
    position,
    tick,
)
from tests.hedge.ticket_books import BTC, ETH_LEG, SOL, SOL_LEG, eth_book, sol_book

NEAR = sol_book("200", "100", price="186.42", margin="5000")
"""A SOL short a breath from liquidation, half of 200 held."""


def ways(tickets: tuple[Ticket, ...]) -> list[str | None]:
    return [ticket.remedy for ticket in tickets]


def costly_book(rate: str = "-0.0005") -> Book:
    book = sol_book("200", "100")
    book.apply(funding("bybit", SOL, rate, 1))
    return book


@pytest.mark.parametrize("rule", ["funding_flip", "funding_persistent", "funding_large", "hedge_cost"])
def test_funding_against_the_hedge_unwinds_half_then_all_then_waits(rule: str) -> None:
    subject = "book" if rule == "hedge_cost" else SOL_LEG
    half, whole, wait = remedies(costly_book(), rule, subject, at(1))
    assert ways((half, whole, wait)) == ["unwind", "unwind", "wait"]
    assert (half.contracts, whole.contracts, half.reduce_only) == (50, 100, True)
    assert half.effect == "for a hedge of 25.0 %; funding then takes 11.25 USD a day"
    assert (half.after.funding_day_usd, whole.after.funding_day_usd) == (D("-11.25"), 0)
    assert whole.after.why["to_liquidation"] == "nothing is left of it"
    assert wait.risk == "It takes 22.50 USD a day at the present rate, 54.8 % a year"


def test_funding_for_the_hedge_is_waited_for() -> None:
    (wait,) = remedies(costly_book("0.0005"), "funding_large", SOL_LEG, at(1))
    assert wait.risk == "It pays 22.50 USD a day at the present rate, 54.8 % a year"
    assert ways(remedies(costly_book("0.0005"), "hedge_cost", "book", at(1))) == ["wait", "unwind", "unwind"]


def test_a_wide_basis_is_waited_for_before_anything_is_closed() -> None:
    book = sol_book("200", "100", price="150")
    book.apply(mark("bybit", SOL, "153", 1))
    wait, trim = remedies(book, "basis", SOL_LEG, at(1))
    assert wait.risk == "Closing it now costs 300 USD against the index; held, that comes back as the basis closes"
    assert (trim.remedy, trim.contracts, trim.sell_coins) == ("trim", 25, 50)
    assert trim.after.hedge_ratio == D("0.5")
    book.apply(mark("bybit", SOL, "147", 2))
    assert "gains 300 USD" in remedies(book, "basis", SOL_LEG, at(2))[0].risk


def test_without_coins_to_sell_a_quarter_is_unwound() -> None:
    assert ways(remedies(eth_book("5", "17500"), "basis", ETH_LEG, at(0))) == ["wait", "unwind"]


def test_a_stablecoin_off_par_says_what_stands_on_it() -> None:
    wait, half = remedies(sol_book("200", "100", price="142"), "stablecoin", "USDT", at(0))
    assert wait.risk == (
        "34,200 USD stand on USDT: each further 1 % fall costs 342 USD; 15,000 USDT are free to be changed"
    )
    assert (half.remedy, half.contracts) == ("unwind", 50)


def test_the_exposure_to_a_stablecoin_is_what_its_fall_takes() -> None:
    """As oracle scn-10: a full hedge of 60,000 with 60,000 of collateral loses 6,000 when USDT falls by 5 %."""
    part = position(BTC, "1", "60000", margin_mode="cross")
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "1"}], accounts=[account("main", "bybit", {"USDT": "60000"}, part)]
        )
    )
    book.apply(instrument("bybit", BTC))
    tick(book, "bybit", BTC, "60000", 0)
    wait = remedies(book, "stablecoin", "USDT", at(0))[0]
    assert "120,000 USD stand on USDT: each further 1 % fall costs 1,200 USD" in wait.risk


def test_a_leg_that_may_be_gone_is_opened_again_or_taken_out() -> None:
    again, out = remedies(NEAR, "leg_lost", SOL_LEG, at(0))
    assert (again.remedy, again.kind, again.contracts, again.reduce_only) == ("reopen", "sell", 100, False)
    assert again.words == "Sell 100 SOL on bybit again, if it is gone there"
    assert again.margin_needed == D(18642) * 5000 / 14200
    assert again.risk == "Where bybit still shows it, this doubles it: look there first"
    leg = with_ticket(NEAR, again).layout.legs[SOL_LEG]
    assert (leg.entry, leg.margin, leg.position.contracts) == (D("186.42"), again.margin_needed, 100)
    assert (out.remedy, out.kind) == ("update_file", "wait")
    assert (out.after.hedge_ratio, out.after.off_usd) == (0, 18642)
    assert with_ticket(NEAR, out).layout.legs == {}
    assert with_ticket(NEAR, out).portfolio.accounts[0].collateral == {"USDT": D(15000)}
    assert out.risk == "Each 10 % fall of SOL costs 1,864 USD more than planned"


@pytest.mark.parametrize(
    ("rule", "subject", "contracts"),
    [("stop_loss", SOL_LEG, [100, 50]), ("take_profit", SOL_LEG, [100, 50]), ("price", "SOL/above/180", [50, 100])],
)
def test_a_price_that_a_person_set_unwinds(rule: str, subject: str, contracts: list[int]) -> None:
    tickets = remedies(NEAR, rule, subject, at(0))
    assert ways(tickets) == ["unwind", "unwind", "wait"]
    assert [ticket.contracts for ticket in tickets[:2]] == contracts


def test_all_of_it_is_what_is_open_even_off_its_lot() -> None:
    book = sol_book("200", "100.5", step="10")
    (whole,) = unwind(book, SOL_LEG, D(1), at(0))
    assert (whole.contracts, whole.reduce_only, whole.margin_needed) == (D("100.5"), True, 0)
    assert unwind(book, SOL_LEG, D(2), at(0)) == (whole,)
    (half,) = unwind(book, SOL_LEG, D("0.5"), at(0))
    assert half.contracts == 50


def test_unwinding_goes_by_contracts_and_not_by_dollars() -> None:
    """0.9 BTC bought at 60,000; after a fall of 10 % its dollars would buy 1 BTC."""
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "0.9"}],
            accounts=[account("main", "bybit", {"USDT": "60000"}, position(BTC, "0.9", "60000", leverage="1"))],
        )
    )
    book.apply(instrument("bybit", BTC))
    tick(book, "bybit", BTC, "54000", 0)
    (whole,) = unwind(book, f"main/{BTC}/short", D(1), at(0))
    assert (whole.contracts, whole.notional_usd) == (D("0.9"), 48600)


@pytest.mark.parametrize("fraction", ["0", "-1"])
def test_no_share_is_no_ticket(fraction: str) -> None:
    assert unwind(NEAR, SOL_LEG, D(fraction), at(0)) == ()


def test_a_share_below_a_lot_is_a_sentence_with_what_stays() -> None:
    book = sol_book("200", "100", step="80")
    (ticket,) = unwind(book, SOL_LEG, D("0.5"), at(0))
    assert (ticket.kind, ticket.contracts) == ("wait", None)
    assert ticket.words == "Nothing to order: half of it is less than bybit takes"
    assert ticket.risk == "100 SOL stay open on bybit"
    assert ways(remedies(book, "stop_loss", SOL_LEG, at(0))) == ["unwind", "wait"]


def test_an_order_needs_its_contract() -> None:
    part = position(SOL, "100", "142", leverage="2")
    book = Book(portfolio(accounts=[account("main", "bybit", {"USDT": "9"}, part)]))
    (ticket,) = unwind(book, SOL_LEG, Decimal(1), at(0))
    assert ticket.words == "No order for SOL can be sized yet: contract facts of SOL/USDT:USDT are not read yet"


def test_unwinding_a_long_sells() -> None:
    (ticket,) = unwind(sol_book("100", "50", side="long"), f"main/{SOL}/long", D(1), at(0))
    assert (ticket.kind, ticket.words, ticket.reduce_only) == ("sell", "Sell 50 SOL on bybit", True)
