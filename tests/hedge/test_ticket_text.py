"""Tickets as text: one line to type, and a block that says everything."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from hedge.snapshot import After, Ticket
from hedge.ticket import order_text, remedies, ticket_text, tickets_text, unwind
from hedge.ticket.words import amount_words, coins_words, percent_words, price_words, usd_words
from tests.hedge.said import D, at, instrument
from tests.hedge.ticket_books import ETH_LEG, SOL, SOL_LEG, eth_book, shared_book, sol_book

NEAR = sol_book("200", "100", price="186.42", margin="5000")
NEAR.apply(instrument("bybit", SOL, step="1", min_contracts="1", tick="0.01"))


def test_orders_on_one_line() -> None:
    add, buy, trim = remedies(NEAR, "liquidation", SOL_LEG, at(0), D("0.12"))
    assert order_text(add) == "add 1888 USDT margin: SOL/USDT:USDT, bybit (main)"
    assert order_text(buy) == "buy 78 contracts SOL/USDT:USDT, limit 186.8, reduce-only, on bybit (main)"
    assert order_text(trim) == f"{order_text(buy)}; and sell 156 SOL of those held"
    sell, collateral, wait = remedies(sol_book("900", "100"), "hedge_drift", "SOL", at(0))
    assert order_text(sell) == "sell 350 contracts SOL/USDT:USDT, limit 149.7, on bybit (main)"
    assert order_text(collateral) == "add 3513 USDT to main: bybit (main)"
    assert order_text(wait) == "Wait"


def test_an_inverse_order_is_in_contracts_without_commas() -> None:
    (whole,) = unwind(eth_book("5", "17500"), ETH_LEG, D(1), at(0))
    assert order_text(whole) == "buy 17500 contracts ETH/USD:ETH, limit 3507, reduce-only, on bybit (coin)"


def test_a_ticket_as_a_block() -> None:
    sell, _, wait = remedies(sol_book("900", "100"), "hedge_drift", "SOL", at(0))
    assert ticket_text(sell) == (
        "SELL MORE  Sell 350 SOL on bybit for a hedge of 50.0 %\n"
        "  order    sell 350 contracts SOL/USDT:USDT, limit 149.7, on bybit (main)\n"
        "  cost     26.25 USD, 0.05 % taker\n"
        "  margin   needs 18,486 USDT first; 15,000 USDT free in main: not enough\n"
        "  after    hedge 50.0 %, drift 0.0 points, dollar net +67,500 USD, off plan 0 USD, funding +20.25 USD a day\n"
        "  after    liquidation 32.2 % away, at 198.429, margin ratio 3.0 %, leverage 3.0x\n"
        "  after    book drift 0.0 points, book off plan 0 USD\n"
    )
    assert ticket_text(wait) == (
        "WAIT\n"
        "  now      hedge 11.1 %, drift −38.9 points, dollar net +120,000 USD, off plan +52,500 USD, "
        "funding +4.50 USD a day\n"
        "  now      liquidation 26.7 % away, at 190.099, margin ratio 3.6 %, leverage 3.6x\n"
        "  now      book drift −38.9 points, book off plan +52,500 USD\n"
        "  risk     Each 10 % fall of SOL costs 5,250 USD more than planned.\n"
    )


def test_every_way_out_with_its_number_and_who_has_to_do_it() -> None:
    text = tickets_text(remedies(NEAR, "liquidation", SOL_LEG, at(0), D("0.12")))
    assert [line[:14] for line in text.splitlines() if line[:1].isdigit()] == [
        "1 ADD MARGIN  ",
        "2 BUY BACK  Bu",
        "3 TRIM  Buy ba",
    ]
    assert "2 BUY BACK  Buy back 78 SOL on bybit, keeping its margin, for +12.4 % to liquidation\n" in text
    assert "  note     it helps only if bybit keeps the freed margin in the position" in text
    assert text.endswith("\nhedgetui cannot place an order: type it in at the venue\n")
    assert tickets_text(()) == ""


def test_what_is_not_known_says_why() -> None:
    book = shared_book(btc={"leverage": "3"})
    position = book.portfolio.accounts[0].positions[0].model_copy(update={"leverage": None})
    account = book.portfolio.accounts[0]
    bare = account.model_copy(update={"positions": (position, account.positions[1]), "fees": type(account.fees)()})
    book.replace(book.portfolio.model_copy(update={"accounts": (bare,)}))
    book.replace(
        book.portfolio.model_copy(
            update={"policy": book.portfolio.policy.model_copy(update={"target": D("0.9")})},
        )
    )
    text = ticket_text(remedies(book, "hedge_drift", "BTC", at(0))[0])
    assert "  cost     not known: neither the file nor bybit states a taker fee\n" in text
    assert "  margin   not known: main/BTC/USDT:USDT/short is cross and states no leverage\n" in text


def test_a_leg_that_never_ends_and_a_sentence() -> None:
    assert "no liquidation at any price" in ticket_text(remedies(eth_book("5", "17500"), "basis", ETH_LEG, at(0))[0])
    (small,) = remedies(sol_book("200.8", "100"), "hedge_drift", "SOL", at(0))
    assert ticket_text(small).startswith("WAIT  Nothing to order: 0.4 SOL under plan is less than bybit takes\n")
    assert "  note     the smallest order is 1 SOL\n" in ticket_text(small)
    assert ticket_text(Ticket("sell", words="Sell 1 SOL")).startswith("SELL  Sell 1 SOL\n")


def test_a_long_that_shrinks_is_sold() -> None:
    book = sol_book("100", "50", side="long", margin="500")
    tickets = remedies(book, "leverage", f"main/{SOL}/long", at(0), D(2))
    assert [ticket_text(ticket).partition("  ")[0].strip() for ticket in tickets] == ["ADD MARGIN", "SELL", "WAIT"]


@pytest.mark.parametrize(
    ("say", "expected"),
    [
        (lambda: amount_words(D("1888.4"), "USDT"), "1,888 USDT"),
        (lambda: amount_words(D("3.4"), "USD"), "3.40 USD"),
        (lambda: amount_words(D("100.4"), "USD"), "100 USD"),
        (lambda: amount_words(D("0.01"), "USD"), "0.01 USD"),
        (lambda: coins_words(D("1.23456")), "1.2346"),
        (lambda: coins_words(D("0.0001")), "0.0001"),
        (lambda: coins_words(D("0.00005")), "0.00005"),
        (lambda: amount_words(D("0.00123"), "ETH"), "0.00123 ETH"),
        (lambda: usd_words(D("-99.994")), "99.99 USD"),
        (lambda: usd_words(D("-100")), "100 USD"),
        (lambda: price_words(D("65003.7"), D("0.10")), "65,003.7"),
        (lambda: price_words(D("65003.7"), D("1")), "65,004"),
        (lambda: price_words(D("65003.7"), D("10")), "65,004"),
        (lambda: price_words(D("190.26"), D("0.5")), "190.3"),
        (lambda: price_words(D("190.0988"), None), "190.099"),
        (lambda: price_words(D("190.0988"), D(0)), "190.099"),
        (lambda: price_words(D(60000), None), "60000"),
        (lambda: percent_words(D("-0.12345")), "−12.3 %"),
        (lambda: percent_words(D("0.12399"), cut=True), "12.3 %"),
        (lambda: percent_words(D("-0.0001")), "0.0 %"),
    ],
)
def test_words(say: Callable[[], str], expected: str) -> None:
    assert say() == expected


def test_a_transfer_costs_nothing_and_an_account_is_named_with_all_its_marks() -> None:
    add = remedies(shared_book(), "liquidation_joint", "main", at(0), D("0.4"))[0]
    lines = ticket_text(add).splitlines()
    assert "  cost     nothing" in lines
    assert not [line for line in lines if line.startswith("  margin ")]
    assert any(line.startswith("  after    all marks together 40.0 % away, book drift ") for line in lines)


def test_time_and_large_prices_and_missing_figures_read_as_text() -> None:
    after = After(to_liquidation=D("0.5"), liquidation_price=D("123456.7"), hours_to_liquidation=D("9.04"))
    sell = Ticket(
        "sell",
        "bybit",
        "main",
        SOL,
        contracts=D(5),
        words="Sell 5 SOL on bybit",
        currency="USDT",
        fee_usd=D("1.5"),
        after=after,
        margin_needed=D(400),
        why={"margin_free": "main states no leverage", "fee_usd": "never shown", "other": "the mark is old"},
    )
    lines = ticket_text(sell).splitlines()
    assert "  cost     1.50 USD" in lines
    assert "  margin   needs 400 USDT first; what is free is not known: main states no leverage" in lines
    assert "  after    liquidation 50.0 % away, at 123,457, 9.0 h at this pace" in lines
    assert [line for line in lines if line.startswith("  note ")] == ["  note     the mark is old"]
    bare = ticket_text(replace(sell, fee_usd=None, margin_needed=None, why={}))
    assert "  cost     not known: no taker fee is known\n" in bare
    assert ticket_text(Ticket("add_margin", words="Add")).startswith("ADD MARGIN  Add\n")
