"""Ways out of a leg or an account that comes near liquidation, or carries too much."""

from __future__ import annotations

import pytest

from hedge.snapshot import NEVER, Ticket
from hedge.ticket.after import with_ticket
from hedge.ticket.remedies import remedies
from tests.hedge.said import (
    D,
    at,
)
from tests.hedge.ticket_books import BTC, ETH_LEG, SOL_LEG, eth_book, shared_book, sol_book

NEAR = sol_book("200", "100", price="186.42", margin="5000")
"""A SOL short a breath from liquidation, half of 200 held."""


def ways(tickets: tuple[Ticket, ...]) -> list[str | None]:
    return [ticket.remedy for ticket in tickets]


def test_a_leg_near_liquidation_has_three_ways_out() -> None:
    add, buy, trim = remedies(NEAR, "liquidation", SOL_LEG, at(0), D("0.12"))
    assert ways((add, buy, trim)) == ["add_margin", "buy_back", "trim"]
    assert (add.amount, add.margin_needed, add.margin_free, add.covered) == (1888, 1888, 15000, True)
    assert (buy.contracts, buy.keeps_margin, buy.sell_coins) == (78, True, None)
    assert buy.after.hedge_ratio == D("0.11")
    assert (trim.contracts, trim.keeps_margin, trim.sell_coins, trim.reduce_only) == (78, True, 156, True)
    assert trim.words == "Buy back 78 SOL on bybit and sell 156 SOL of those held"
    assert trim.after.hedge_ratio == D("0.5")
    assert with_ticket(NEAR, trim).asset("SOL", at(0)).spot_quantity == 44
    assert {ticket.goal for ticket in (add, buy, trim)} == {D("0.12")}
    assert add.effect == "for +12.0 % to liquidation"


@pytest.mark.parametrize(("price", "goal"), [("186.42", "0.12"), ("165", "0.24"), ("150", "0.40")])
def test_without_a_goal_the_next_level_is_cleared(price: str, goal: str) -> None:
    book = sol_book("200", "100", price=price, margin="5000")
    tickets = remedies(book, "liquidation", SOL_LEG, at(0))
    assert [ticket.goal for ticket in tickets] == [D(goal)] * 3


def test_a_leg_that_is_far_enough_or_never_ends_needs_nothing() -> None:
    assert remedies(sol_book("200", "100", margin="14200"), "liquidation", SOL_LEG, at(0), D("0.24")) == ()
    book = eth_book("5", "17500")
    assert book.leg(ETH_LEG, at(0)).why["to_liquidation"] == NEVER
    assert remedies(book, "liquidation", ETH_LEG, at(0)) == ()


def test_without_coins_to_sell_waiting_is_the_third_way_and_says_what_is_lost() -> None:
    book = sol_book("0.5", "100", price="186.42", margin="5000")
    tickets = remedies(book, "liquidation", SOL_LEG, at(0), D("0.12"))
    assert ways(tickets) == ["add_margin", "buy_back", "wait"]
    assert tickets[2].risk == (
        "At 190.099 it is liquidated: 5,000 USDT of margin is lost, and 100 SOL hedge nothing any more"
    )
    assert tickets[2].after.to_liquidation == book.leg(SOL_LEG, at(0)).to_liquidation


def test_a_leg_below_its_maintenance_margin_still_gets_its_collateral() -> None:
    book = sol_book("200", "100", price="300", margin="5000")
    row = book.leg(SOL_LEG, at(0))
    assert row.margin_ratio is None
    wait = remedies(book, "stop_loss", SOL_LEG, at(0))[-1]
    assert wait.risk.startswith("It may be liquidated at any time: 5,000 USDT of margin is lost")
    add = remedies(book, "liquidation", SOL_LEG, at(0), D("0.12"))[0]
    assert add.remedy == "add_margin"
    assert add.after.to_liquidation is not None
    assert add.after.to_liquidation >= D("0.12")


def test_an_unknown_input_is_a_sentence_with_the_reason() -> None:
    book = sol_book("200", "100")
    account_ = book.portfolio.accounts[0]
    bare = account_.positions[0].model_copy(update={"maintenance_margin_rate": None})
    book.replace(book.portfolio.model_copy(update={"accounts": (account_.model_copy(update={"positions": (bare,)}),)}))
    for rule in ("liquidation", "liquidation_pace"):
        (ticket,) = remedies(book, rule, SOL_LEG, at(0))
        assert (ticket.kind, ticket.contracts) == ("wait", None)
        assert ticket.words.startswith("No order for SOL can be sized yet: bybit has given no maintenance tiers")
        assert ticket.risk.startswith("At which price it is liquidated is not known: 5,000 USDT of margin is lost")


def test_leverage_comes_down_by_margin_or_by_size() -> None:
    add, buy, trim = remedies(NEAR, "leverage", SOL_LEG, at(0), D("2.7"))
    assert [ticket.remedy for ticket in (add, buy, trim)] == ["add_margin", "buy_back", "trim"]
    for ticket in (add, buy, trim):
        assert ticket.after.effective_leverage is not None
        assert ticket.after.effective_leverage <= D("2.7")
    assert add.effect == "for 2.7 times its equity"
    assert remedies(sol_book("200", "100", margin="14200"), "leverage", SOL_LEG, at(0)) == ()


def test_an_account_gets_collateral_or_its_cheapest_leg_closed() -> None:
    book = shared_book()
    before = book.account("main", at(0))
    assert before.joint_to_liquidation is not None
    assert before.joint_to_liquidation < D("0.4")
    add, buy, trim = remedies(book, "liquidation_joint", "main", at(0), D("0.4"))
    assert add.words == f"Add {add.amount:,} USDT to main"
    assert add.effect == "for 40.0 % to liquidation"
    assert add.after.joint_to_liquidation is not None
    assert D("0.4") <= add.after.joint_to_liquidation < D("0.4001")
    assert (buy.asset, buy.keeps_margin) == ("BTC", False)
    assert buy.after.joint_to_liquidation is not None
    assert buy.after.joint_to_liquidation >= D("0.4")
    assert buy.contracts is not None
    one_less = with_ticket(book, Ticket(kind="buy", leg=buy.leg, contracts=buy.contracts - D("0.001")))
    nearer = one_less.account("main", at(0)).joint_to_liquidation
    assert nearer is not None
    assert nearer < D("0.4")
    assert (trim.remedy, trim.contracts) == ("trim", buy.contracts)
    assert trim.after.hedge_ratio == D("0.5")


def test_the_margin_ratio_comes_down_to_its_goal() -> None:
    book = shared_book()
    ratio = book.account("main", at(0)).margin_ratio
    assert ratio == D("0.03")
    add, buy, trim = remedies(book, "margin_ratio", "main", at(0), D("0.02"))
    assert (add.amount, add.after.margin_ratio) == (10000, D("0.02"))
    assert buy.after.margin_ratio is not None
    assert D("0.0199") < buy.after.margin_ratio <= D("0.02")
    assert buy.effect == "for a margin ratio of 2.0 %"
    assert trim.sell_coins is not None
    assert remedies(book, "margin_ratio", "main", at(0), D("0.03")) == ()


def test_an_account_without_shared_margin_needs_nothing() -> None:
    assert remedies(sol_book("200", "100"), "liquidation_joint", "main", at(0)) == ()
    assert remedies(sol_book("200", "100"), "margin_ratio", "main", at(0)) == ()


def test_the_short_of_a_hedged_pair_is_not_closed_where_that_endangers_the_account() -> None:
    """Long 2, short 1 of the same coin: only a fall ends it, and closing the short would bring that nearer."""
    book = shared_book(
        btc={"side": "long", "contracts": "1.5"}, sol={"symbol": BTC, "contracts": "0.5", "entry_price": "60000"}
    )
    tickets = remedies(book, "liquidation_joint", "main", at(0), D("0.6"))
    assert [(ticket.kind, ticket.leg) for ticket in tickets if ticket.remedy == "buy_back"] == [
        ("sell", f"main/{BTC}/long")
    ]
