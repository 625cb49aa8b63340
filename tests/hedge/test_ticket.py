"""Tickets: the right side, whole lots, and a state after them that is the one that comes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedge.book.book import Book
from hedge.ticket import rebalance
from hedge.ticket.after import with_ticket
from tests.hedge.said import D, account, at, instrument, portfolio, position, spot, tick
from tests.hedge.ticket_books import BTC, SOL, SOL_LEG, assert_printed, eth_book, sizes, sol_book


def test_under_hedged_sells_whole_lots() -> None:
    (ticket,) = rebalance(sol_book("240", "100"), "SOL", at(0))
    assert (ticket.kind, ticket.contracts, ticket.coins, ticket.reduce_only) == ("sell", 20, 20, False)
    assert (ticket.venue, ticket.account, ticket.leg) == ("bybit", "main", SOL_LEG)
    assert ticket.words == "Sell 20 SOL on bybit"
    assert ticket.effect == "for a hedge of 50.0 %"
    assert (ticket.notional_usd, ticket.fee_usd) == (3000, D("1.5"))
    assert (ticket.after.hedge_ratio, ticket.after.drift, ticket.after.off_usd) == (D("0.5"), 0, 0)


def test_over_hedged_buys_back_and_only_reduces() -> None:
    (ticket,) = rebalance(sol_book("160", "100"), "SOL", at(0))
    assert (ticket.kind, ticket.contracts, ticket.reduce_only) == ("buy", 20, True)
    assert ticket.words == "Buy back 20 SOL on bybit"
    assert ticket.after.drift == 0


def test_the_nearest_lot_leaves_the_smallest_error() -> None:
    (ticket,) = rebalance(sol_book("209", "100"), "SOL", at(0))
    assert (ticket.kind, ticket.contracts) == ("sell", 5)
    (ticket,) = rebalance(sol_book("251", "100", step="10"), "SOL", at(0))
    assert ticket.contracts == 30
    assert ticket.after.hedge_ratio == D(130) / 251


def test_nothing_to_do_on_plan() -> None:
    assert rebalance(sol_book("200", "100"), "SOL", at(0)) == ()


@pytest.mark.parametrize(("held", "words"), [("200.8", "0.4 SOL under plan"), ("199.2", "0.4 SOL over plan")])
def test_less_than_a_lot_is_a_sentence_with_the_residual(held: str, words: str) -> None:
    (ticket,) = rebalance(sol_book(held, "100"), "SOL", at(0))
    assert (ticket.kind, ticket.contracts) == ("wait", None)
    assert words in ticket.words
    assert "bybit" in ticket.words
    assert ticket.why["contracts"] == "the smallest order is 1 SOL"


def test_less_than_the_smallest_order_value_is_a_sentence() -> None:
    book = sol_book("210", "100")
    book.apply(instrument("bybit", SOL, step="1", min_notional="1000"))
    assert rebalance(book, "SOL", at(0))[0].kind == "wait"
    over = sol_book("190", "100")
    over.apply(instrument("bybit", SOL, step="1", min_notional="1000"))
    assert rebalance(over, "SOL", at(0))[0].kind == "buy", "a reduce-only order has no smallest value"


def test_a_short_with_nothing_held_is_bought_back_whole_even_off_its_step() -> None:
    book = sol_book("0.000000001", "100.5", target="0")
    (ticket,) = rebalance(book, "SOL", at(0))
    assert (ticket.kind, ticket.contracts, ticket.reduce_only) == ("buy", D("100.5"), True)
    assert ticket.after.to_liquidation is None
    assert with_ticket(book, ticket).layout.legs == {}


def test_a_long_beside_coins_is_sold_first() -> None:
    (ticket,) = rebalance(sol_book("100", "50", side="long"), "SOL", at(0))
    assert (ticket.kind, ticket.contracts, ticket.reduce_only) == ("sell", 50, True)
    assert ticket.words == "Sell 50 SOL on bybit"


def test_an_inverse_leg_is_sized_in_dollars() -> None:
    (ticket,) = rebalance(eth_book("6", "17500"), "ETH", at(0))
    assert (ticket.kind, ticket.contracts, ticket.notional_usd, ticket.coins) == ("sell", 3500, 3500, 1)
    assert ticket.words == "Sell 3,500 contracts of ETH/USD:ETH (3,500 USD) on bybit"
    assert ticket.after.drift == 0


def test_closing_part_of_an_inverse_short_counts_the_coins_it_gained() -> None:
    """At half the entry the short has gained 5 ETH; closing moves some of that gain into the wallet, not the net."""
    book = eth_book("4", "17500", price="1750")
    before = book.asset("ETH", at(0))
    assert (before.net_coin, before.status) == (-1, "net_short")
    (ticket,) = rebalance(book, "ETH", at(0))
    assert (ticket.kind, ticket.contracts, ticket.reduce_only) == ("buy", 1750, True)
    after = with_ticket(book, ticket).asset("ETH", at(0))
    assert after.net_coin == 0
    assert after.spot_quantity == D("4.5")


def test_contracts_that_are_not_coins_say_both() -> None:
    symbol = "1000PEPE/USDT:USDT"
    book = Book(
        portfolio(
            holdings=[{"asset": "PEPE", "quantity": "6000000"}],
            accounts=[account("main", "binance", {"USDT": "500"}, position(symbol, "5000", "0.01", leverage="1"))],
        )
    )
    book.apply(instrument("binance", symbol, step="1"))
    tick(book, "binance", symbol, "0.01", 0)
    (ticket,) = rebalance(book, "PEPE", at(0))
    assert ticket.words == "Sell 1,000 contracts of 1000PEPE/USDT:USDT (1,000,000 PEPE) on binance"
    assert ticket.coins == 1_000_000
    assert ticket.why["fee_usd"] == "neither the file nor binance states a taker fee"


def test_a_coin_without_a_position_gets_words() -> None:
    book = Book(portfolio(holdings=[{"asset": "AVAX", "quantity": "900"}]))
    book.apply(spot("AVAX/USDT", "20", 0))
    (ticket,) = rebalance(book, "AVAX", at(0))
    assert ticket.kind == "wait"
    assert ticket.words == "Short 900 AVAX (18,000 USD) as a perpetual to be on plan"
    assert "no position in this book hedges AVAX" in ticket.why["contracts"]


def test_before_the_contract_is_known_no_order_is_sized() -> None:
    part = position(SOL, "100", "142", leverage="2")
    book = Book(
        portfolio(
            holdings=[{"asset": "SOL", "quantity": "9"}], accounts=[account("main", "bybit", {"USDT": "9"}, part)]
        )
    )
    (ticket,) = rebalance(book, "SOL", at(0))
    assert ticket.kind == "wait"
    assert "contract facts of SOL/USDT:USDT are not read yet" in ticket.words


def test_a_shared_proxy_is_ordered_for_all_its_coins() -> None:
    book = Book(
        portfolio(
            holdings=[{"asset": "AVAX", "quantity": "1000"}, {"asset": "BTC", "quantity": "1"}],
            accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "1", "65000", leverage="2"))],
            policy={"assets": {"AVAX": {"proxy": "BTC", "beta": "1.3"}}},
        )
    )
    book.apply(instrument("binance", BTC))
    tick(book, "binance", BTC, "65000", 0)
    book.apply(spot("AVAX/USDT", "20", 0))
    (ticket,) = rebalance(book, "AVAX", at(0))
    assert (ticket.kind, ticket.contracts) == ("sell", D("0.4"))
    assert rebalance(book, "BTC", at(0)) == (ticket,)
    assert ticket.after.off_usd == 0


@settings(max_examples=100, deadline=None)
@given(
    held=sizes,
    short=sizes,
    price=st.decimals("20", "600", places=2),
    step=st.sampled_from(("0.001", "0.1", "1", "10")),
    target=st.decimals("0", "1", places=2),
    side=st.sampled_from(("short", "short", "long")),
    mode=st.sampled_from(("isolated", "cross")),
)
def test_doing_a_rebalance_gives_the_printed_state(
    held: Decimal, short: Decimal, price: Decimal, step: str, target: Decimal, side: str, mode: str
) -> None:
    margin = {"margin_mode": "cross"} if mode == "cross" else {"margin": str(min(20000, short * 71))}
    book = sol_book(str(held), str(short), str(price), target=str(target), step=step, side=side, **margin)
    before = book.asset("SOL", at(0))
    for ticket in rebalance(book, "SOL", at(0)):
        if ticket.kind == "wait":
            continue
        assert_printed(book, ticket, "SOL")
        assert ticket.contracts is not None
        assert ticket.contracts % D(step) == 0 or ticket.contracts == short
        assert before.drift is not None
        assert ticket.after.drift is not None
        assert abs(ticket.after.drift) <= max(abs(before.drift), D(step) / held)
        if side == "short":
            assert abs(ticket.after.drift) * held <= D(step) / 2 + D("1e-6")


@settings(max_examples=60, deadline=None)
@given(
    collateral=st.decimals("0.5", "50", places=3),
    contracts=st.integers(100, 100_000),
    price=st.integers(500, 9000),
    entry=st.integers(500, 9000),
)
def test_doing_an_inverse_rebalance_gives_the_printed_state(
    collateral: Decimal, contracts: int, price: int, entry: int
) -> None:
    book = eth_book(str(collateral), str(contracts), str(price), str(entry))
    for ticket in rebalance(book, "ETH", at(0)):
        if ticket.kind != "wait":
            assert_printed(book, ticket, "ETH")
