"""Edges of the remedies: coin-margined and long legs, insolvent accounts, legs without figures, orders below a lot."""

from __future__ import annotations

import pytest

from hedge.book.book import Book
from hedge.ticket import remedies, with_ticket
from tests.hedge.said import D, account, at, flat, instrument, mark, portfolio, position, tick
from tests.hedge.ticket_books import BTC, ETH, ETH_LEG, SOL, SOL_LEG, eth_book, one_less, shared_book, sol_book

# coin-margined and isolated


def coin_leg(price: str = "6000", **leg: str) -> Book:
    """An isolated coin-margined short of 5 ETH at 3,500 with 2.2 ETH behind it."""
    part = position(ETH, "17500", "3500", margin="2.2", **leg)
    book = Book(portfolio(accounts=[account("coin", "bybit", {"ETH": "9"}, part)]))
    book.apply(instrument("bybit", ETH))
    book.apply(flat("bybit", ETH, "0.005"))
    tick(book, "bybit", ETH, price, 0)
    return book


@pytest.mark.parametrize("basis", ["mark", "entry"])
def test_a_coin_margined_leg_is_brought_to_its_distance_and_no_further(basis: str) -> None:
    book = coin_leg(mm_basis=basis)
    add, buy, *_ = remedies(book, "liquidation", ETH_LEG, at(0), D("0.5"))
    for ticket, step in ((add, "0.001"), (buy, "1")):
        reached = with_ticket(book, ticket).leg(ETH_LEG, at(0)).to_liquidation
        short_of = one_less(book, ticket, step).leg(ETH_LEG, at(0)).to_liquidation
        assert reached is not None
        assert short_of is not None
        assert short_of < D("0.5") <= reached


def test_a_coin_margined_leg_is_brought_to_its_leverage() -> None:
    book = coin_leg()
    goal = D("12.4")
    add, buy, *_ = remedies(book, "leverage", ETH_LEG, at(0), goal)
    for ticket, step in ((add, "0.001"), (buy, "1")):
        reached = with_ticket(book, ticket).leg(ETH_LEG, at(0)).effective_leverage
        short_of = one_less(book, ticket, step).leg(ETH_LEG, at(0)).effective_leverage
        assert reached is not None
        assert short_of is not None
        assert reached <= goal < short_of


def test_an_account_of_coins_is_brought_to_its_distance() -> None:
    book = eth_book("3", "17500", "6000")
    add, buy, *_ = remedies(book, "liquidation_joint", "coin", at(0), D(1))
    for ticket, step in ((add, "0.001"), (buy, "1")):
        reached = with_ticket(book, ticket).account("coin", at(0)).joint_to_liquidation
        short_of = one_less(book, ticket, step).account("coin", at(0)).joint_to_liquidation
        assert short_of is not None
        assert reached is not None
        assert short_of < 1 <= reached


def test_what_no_smaller_leg_survives_is_closed_whole() -> None:
    insolvent = sol_book("200", "100", price="300", margin="5000")
    buy = next(t for t in remedies(insolvent, "liquidation", SOL_LEG, at(0)) if t.remedy == "buy_back")
    assert (buy.contracts, buy.effect) == (100, "to close it")
    buy = next(t for t in remedies(insolvent, "leverage", SOL_LEG, at(0)) if t.remedy == "buy_back")
    assert (buy.contracts, buy.effect) == (100, "to close it")


def test_what_its_coins_then_cover_ends_at_no_price() -> None:
    book = eth_book("3", "17500", "6000")
    for rule, subject in (("liquidation_joint", "coin"), ("liquidation", ETH_LEG)):
        buy = next(t for t in remedies(book, rule, subject, at(0), D(10**6)) if t.remedy == "buy_back")
        assert (buy.contracts, buy.effect) == (12000, "for no liquidation at any price")


def test_enough_coins_end_for_no_price() -> None:
    """From 2.9 to 5.0 ETH, all that is short: a distance beyond every one that fewer coins reach."""
    book = eth_book("4.9995", "17500", "3500")
    add = remedies(book, "liquidation", ETH_LEG, at(0), D(10**7))[0]
    assert (add.amount, add.effect) == (D("0.001"), "for no liquidation at any price")


# long legs that share margin


def test_a_long_account_is_rescued_from_the_fall() -> None:
    book = shared_book(btc={"side": "long", "contracts": "1"}, sol={"side": "long"})
    row = book.account("main", at(0))
    assert row.joint_on_rise is False
    goal = D("0.5")
    add, sell, *_ = remedies(book, "liquidation_joint", "main", at(0), goal)
    assert (sell.remedy, sell.kind) == ("buy_back", "sell")
    for ticket, step in ((add, "1"), (sell, "0.1" if sell.asset == "SOL" else "0.001")):
        reached = with_ticket(book, ticket).account("main", at(0)).joint_to_liquidation
        short_of = one_less(book, ticket, step).account("main", at(0)).joint_to_liquidation
        assert reached is not None
        assert short_of is not None
        assert short_of < goal <= reached


# insolvent, and without figures


def test_an_insolvent_account_still_gets_its_collateral() -> None:
    book = shared_book()
    book.apply(mark("bybit", BTC, "110000", 1))
    row = book.account("main", at(1))
    assert (row.margin_ratio, row.why["margin_ratio"]) == (None, "insolvent: equity is gone")
    add = remedies(book, "margin_ratio", "main", at(1), D("0.36"))[0]
    assert (add.remedy, add.goal) == ("add_margin", D("0.36"))
    after = with_ticket(book, add).account("main", at(1)).margin_ratio
    before = one_less(book, add).account("main", at(1)).margin_ratio
    assert after is not None
    assert before is not None
    assert after <= D("0.36") < before


@pytest.mark.parametrize(("equity", "goal"), [("900", "0.36"), ("1900", "0.18"), ("6000", "0.09")])
def test_a_ratio_without_a_goal_comes_down_to_the_next_level(equity: str, goal: str) -> None:
    book = shared_book()
    account_ = book.portfolio.accounts[0].model_copy(update={"collateral": {"USDT": D(equity)}})
    book.replace(book.portfolio.model_copy(update={"accounts": (account_,)}))
    assert remedies(book, "margin_ratio", "main", at(0))[0].goal == D(goal)


def test_a_lost_leg_without_its_contract_or_mark_can_only_be_taken_out() -> None:
    book = sol_book("200", "100")
    book.apply(instrument("bybit", SOL, contract_size="0"))
    assert [ticket.remedy for ticket in remedies(book, "leg_lost", SOL_LEG, at(0))] == ["update_file"]
    part = position(SOL, "100", "142", margin="5000")
    bare = Book(portfolio(accounts=[account("main", "bybit", {"USDT": "9000"}, part)]))
    bare.apply(instrument("bybit", SOL))
    (out,) = remedies(bare, "leg_lost", SOL_LEG, at(0))
    assert (out.remedy, out.words, out.effect) == (
        "update_file",
        f"Take {SOL_LEG} out of the file if bybit no longer shows it",
        "",
    )


def test_a_lost_long_is_bought_again() -> None:
    again = remedies(sol_book("200", "100", side="long"), "leg_lost", f"main/{SOL}/long", at(0))[0]
    assert (again.kind, again.words) == ("buy", "Buy 100 SOL on bybit again, if it is gone there")


def test_a_lost_leg_that_the_plan_does_not_want_leaves_nothing_open() -> None:
    _, out = remedies(sol_book("200", "100", target="0"), "leg_lost", SOL_LEG, at(0))
    assert (out.after.off_usd, out.risk) == (0, "")


def test_a_lost_cross_leg_takes_its_loss_along_and_an_isolated_one_its_margin() -> None:
    book = shared_book()
    book.apply(mark("bybit", BTC, "66000", 1))
    again, out = remedies(book, "leg_lost", f"main/{BTC}/short", at(1))
    assert with_ticket(book, out).portfolio.accounts[0].collateral == {"USDT": D(17000)}
    reopened = with_ticket(book, again)
    assert reopened.portfolio.accounts[0].collateral == {"USDT": D(17000)}
    leg = reopened.layout.legs[f"main/{BTC}/short"]
    assert (leg.entry, leg.position.leverage, leg.position.margin) == (66000, 5, None)


def test_reopened_at_its_leverage_a_leg_states_its_margin() -> None:
    book = sol_book("200", "100", price="150")
    again = remedies(book, "leg_lost", SOL_LEG, at(0))[0]
    position_ = with_ticket(book, again).layout.legs[SOL_LEG].position
    assert (position_.margin, position_.leverage) == (again.margin_needed, None)


# what an order lacks


def test_collateral_for_an_order_is_a_ticket_of_its_own() -> None:
    _, add, _ = remedies(sol_book("900", "100"), "hedge_drift", "SOL", at(0))
    assert (add.symbol, add.leg, add.account, add.currency) == (SOL, SOL_LEG, "main", "USDT")
    assert (add.fee_usd, add.goal, add.effect) == (0, None, "for that order")
    assert add.margin_needed == add.amount
    assert add.why == {"margin_free": "it comes from outside the account"}


def test_coins_for_an_isolated_leg_come_from_those_held_elsewhere() -> None:
    part = position(ETH, "17500", "3500", margin="2.2")
    held = [{"asset": "ETH", "quantity": "5"}]
    book = Book(portfolio(holdings=held, accounts=[account("coin", "bybit", {"ETH": "2.5"}, part)]))
    book.apply(instrument("bybit", ETH))
    book.apply(flat("bybit", ETH, "0.005"))
    tick(book, "bybit", ETH, "6000", 0)
    add = remedies(book, "liquidation", ETH_LEG, at(0), D("0.5"))[0]
    assert add.amount is not None
    assert add.amount > D("0.3"), "more than is free"
    after = with_ticket(book, add)
    assert after.portfolio.accounts[0].collateral == {"ETH": D("2.2") + add.amount}
    assert [holding.quantity for holding in after.portfolio.holdings] == [D("5.3") - add.amount]
    assert after.asset("ETH", at(0)).spot_quantity == book.asset("ETH", at(0)).spot_quantity


def test_where_a_venue_takes_any_size_a_rescue_goes_in_thousandths_of_the_leg() -> None:
    book = sol_book("0.5", "100", price="186.42", margin="5000")
    book.apply(instrument("bybit", SOL, step="0"))
    buy = next(t for t in remedies(book, "liquidation", SOL_LEG, at(0), D("0.12")) if t.remedy == "buy_back")
    assert buy.contracts is not None
    assert buy.contracts % D("0.1") == 0
    fewer = one_less(book, buy, "0.1").leg(SOL_LEG, at(0)).to_liquidation
    assert fewer is not None
    assert fewer < D("0.12")


def test_less_than_a_coin_that_is_lacking_is_asked_for_in_small_units() -> None:
    """The margin is there to the last coin, and the fee of 0.0011 ETH is not."""
    part = position(ETH, "10000", "3500", margin_mode="cross", leverage="1")
    book = Book(portfolio(accounts=[account("coin", "bybit", {"ETH": "4.9"}, part, fees={"taker": "0.00055"})]))
    book.apply(instrument("bybit", ETH))
    book.apply(flat("bybit", ETH, "0.005"))
    tick(book, "bybit", ETH, "3500", 0)
    sell, add, _ = remedies(book, "hedge_drift", "ETH", at(0))
    assert (sell.contracts, sell.covered) == (7150, False)
    assert (add.amount, add.words) == (D("0.002"), "Add 0.002 ETH to coin")
