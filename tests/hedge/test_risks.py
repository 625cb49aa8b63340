"""What waiting risks, in words with figures, and what is said where a figure is missing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedge.book.book import Book
from hedge.ticket import remedies
from hedge.ticket.risks import account_risk, basis_risk, book_risk, drift_risk, funding_risk
from tests.hedge.said import D, account, at, flat, instrument, mark, portfolio, position, tick
from tests.hedge.ticket_books import BTC, ETH_LEG, SOL, SOL_LEG, eth_book, shared_book, sol_book

UNKNOWN_BASIS = "What closing costs against the index is not known"


@pytest.mark.parametrize(
    ("day", "on", "words"),
    [
        (None, None, "What it costs a day is not known"),
        ("0", "100", "Funding is zero at the present rate"),
        ("0.5", None, "It pays 0.50 USD a day at the present rate"),
        ("-2", "7300", "It takes 2.00 USD a day at the present rate, 10.0 % a year"),
        ("-2", "0", "It takes 2.00 USD a day at the present rate"),
    ],
)
def test_funding(day: str | None, on: str | None, words: str) -> None:
    assert funding_risk(day and D(day), on and D(on)) == words


def test_off_plan_and_on_it() -> None:
    assert drift_risk(sol_book("200", "100").layout.coins["SOL"]) == ""
    assert drift_risk(sol_book("240", "100").layout.coins["SOL"]).startswith("Each 10 % fall of SOL costs 300 USD")
    assert book_risk(None) == book_risk(Decimal(0)) == ""
    assert book_risk(D("0.5")).startswith("Each 10 % fall of all coins costs 0.05 USD")
    assert book_risk(D("-1234")) == "Each 10 % rise of all coins costs 123 USD more than planned"


def test_an_account_with_its_balance_and_its_positions() -> None:
    two = shared_book().layout.wallets_of["main"][0]
    assert account_risk(two, D("0.1299")) == (
        "A move of 12.9 % in all marks liquidates it: main loses 20,000 USDT and 2 positions"
    )
    assert account_risk(two, D("-0.05")).startswith("A move of 0.0 % in all marks liquidates it")
    assert account_risk(two, None) == "If it is liquidated, main loses 20,000 USDT and 2 positions"
    one = eth_book("5", "17500").layout.wallets_of["coin"][0]
    assert account_risk(one, None) == "If it is liquidated, coin loses 5.00 ETH and 1 position"
    unstated = shared_book()
    account = unstated.portfolio.accounts[0].model_copy(update={"collateral": {}})
    unstated.replace(unstated.portfolio.model_copy(update={"accounts": (account,)}))
    wallet = unstated.layout.wallets_of["main"][0]
    assert account_risk(wallet, None) == "If it is liquidated, main loses 2 positions"


def test_a_basis_of_nothing_and_one_that_is_not_known() -> None:
    book = sol_book("200", "100")
    leg = book.layout.legs[SOL_LEG]
    assert basis_risk(leg) == "Closing it now costs nothing against the index"
    book.apply(mark("bybit", SOL, "151", 1))
    book.catch_up(at(1))
    assert (
        basis_risk(leg) == "Closing it now costs 100 USD against the index; held, that comes back as the basis closes"
    )
    index, leg.market.index = leg.market.index, None
    assert basis_risk(leg) == UNKNOWN_BASIS
    leg.market.index, leg.market.mark = index, None
    assert basis_risk(leg) == UNKNOWN_BASIS
    bare = sol_book("200", "100")
    bare.apply(instrument("bybit", SOL, contract_size="0"))
    assert basis_risk(bare.layout.legs[SOL_LEG]) == UNKNOWN_BASIS


def test_a_leg_says_where_it_ends_and_what_goes_with_it() -> None:
    wait = remedies(sol_book("0.5", "100", price="186.42", margin="5000"), "stop_loss", SOL_LEG, at(0))[-1]
    assert wait.risk == "At 190.099 it is liquidated: 5,000 USDT of margin is lost, and 100 SOL hedge nothing any more"
    never = remedies(eth_book("5", "17500"), "stop_loss", ETH_LEG, at(0))[-1]
    assert never.risk.startswith("It pays ")
    assert never.risk.endswith(" % a year"), "nothing liquidates it, so funding is what waiting means"
    shared = remedies(shared_book(), "stop_loss", f"main/{BTC}/short", at(0))[-1]
    assert shared.risk.endswith("the USDT that main shares is lost, and 0.5 BTC hedge nothing any more")


def pair(short_entry: str, long_entry: str, wallet: str) -> Book:
    """A long and a short of as many SOL on one wallet: no price changes their equity."""
    stated = {"margin_mode": "cross", "leverage": "5"}
    legs = (position(SOL, "100", short_entry, **stated), position(SOL, "100", long_entry, **stated) | {"side": "long"})
    book = Book(portfolio(accounts=[account("main", "bybit", {"USDT": wallet}, *legs)]))
    book.apply(instrument("bybit", SOL, step="1"))
    book.apply(flat("bybit", SOL, "0.01"))
    tick(book, "bybit", SOL, "150", 0)
    return book


@pytest.mark.parametrize(("short", "long_", "wallet"), [("150", "150", "200"), ("150", "200", "4000")])
def test_below_its_maintenance_margin_it_may_be_liquidated_at_any_time(short: str, long_: str, wallet: str) -> None:
    """Equity of 200 against 300 of maintenance margin, and equity that is gone."""
    book = pair(short, long_, wallet)
    row = book.leg(SOL_LEG, at(0))
    assert row.to_liquidation is None or row.to_liquidation < 0
    assert (row.margin_ratio or 2) > 1
    assert remedies(book, "stop_loss", SOL_LEG, at(0))[-1].risk.startswith("It may be liquidated at any time: the USDT")


def test_a_margin_that_is_not_known_is_its_own_all_the_same() -> None:
    book = Book(portfolio(accounts=[account("main", "bybit", {"USDT": "9000"}, position(SOL, "100", leverage="2"))]))
    book.apply(instrument("bybit", SOL))
    wait = remedies(book, "stop_loss", SOL_LEG, at(0))[-1]
    assert (
        wait.risk
        == "At which price it is liquidated is not known: its margin is lost, and 100 SOL hedge nothing any more"
    )


def test_what_stands_on_one_stablecoin_leaves_out_the_legs_in_another() -> None:
    usdc = "SOL/USDC:USDC"
    legs = (position(SOL, "100", "150", margin="5000"), position(usdc, "40", "150", margin="3000"))
    book = Book(portfolio(accounts=[account("main", "bybit", {"USDT": "5000.5", "USDC": "3000"}, *legs)]))
    for symbol in (SOL, usdc):
        book.apply(instrument("bybit", symbol))
        tick(book, "bybit", symbol, "150", 0)
    assert remedies(book, "stablecoin", "USDT", at(0))[0].risk == (
        "20,000 USD stand on USDT: each further 1 % fall costs 200 USD; 0.50 USDT are free to be changed"
    )
    bare = Book(portfolio(accounts=[account("main", "bybit", {"USDT": "5000"}, legs[0])]))
    bare.apply(instrument("bybit", SOL))
    assert remedies(bare, "stablecoin", "USDT", at(0))[0].risk == "What stands on USDT is not known"
