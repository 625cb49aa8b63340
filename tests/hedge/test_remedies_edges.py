"""Edges of the remedies: coin-margined and long legs, insolvent accounts, legs without figures, orders below a lot."""

from __future__ import annotations

from typing import Any

import pytest

from hedge.book.book import Book
from hedge.snapshot import Ticket
from hedge.ticket import remedies, unwind, with_ticket
from tests.hedge.said import D, account, at, flat, funding, instrument, mark, portfolio, position, tick
from tests.hedge.ticket_books import BTC, ETH, ETH_LEG, SOL, SOL_LEG, eth_book, shared_book, sol_book


def one_less(book: Book, ticket: Ticket, step: str = "1") -> Book:
    """The book after a ticket of one step less."""
    less: dict[str, Any] = {"kind": ticket.kind, "leg": ticket.leg, "account": ticket.account}
    if ticket.kind == "add_margin":
        assert ticket.amount is not None
        less |= {"amount": ticket.amount - D(step), "remedy": ticket.remedy, "currency": ticket.currency}
    else:
        assert ticket.contracts is not None
        less |= {"contracts": ticket.contracts - D(step), "keeps_margin": ticket.keeps_margin}
    return with_ticket(book, Ticket(**less))


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


# which leg, and how small


def two_shorts() -> Book:
    """SOL short twice in USDT, the larger second."""
    small, large = (position(SOL, size, "150", margin="3000", maintenance_margin_rate="0.01") for size in ("40", "60"))
    accounts = [account("a", "bybit", {"USDT": "9000"}, small), account("b", "bybit", {"USDT": "9000"}, large)]
    book = Book(portfolio(holdings=[{"asset": "SOL", "quantity": "100"}], accounts=accounts))
    book.apply(instrument("bybit", SOL, step="1"))
    tick(book, "bybit", SOL, "150", 0)
    return book


def test_of_a_stablecoin_the_largest_leg_is_halved() -> None:
    wait, half = remedies(two_shorts(), "stablecoin", "USDT", at(0))
    assert wait.remedy == "wait"
    assert (half.account, half.contracts) == ("b", 30)


def test_a_basis_is_the_first_legs() -> None:
    assert {ticket.account for ticket in remedies(two_shorts(), "basis", "SOL", at(0))} == {"a"}


def test_a_quarter_below_a_lot_is_no_order() -> None:
    assert [t.remedy for t in remedies(sol_book("200", "100", step="80"), "basis", SOL_LEG, at(0))] == ["wait"]


def test_a_quarter_with_its_coins_says_what_funding_then_is() -> None:
    trim = remedies(sol_book("200", "100"), "basis", SOL_LEG, at(0))[1]
    assert (trim.remedy, trim.effect) == ("trim", "for a hedge of 50.0 %; funding then pays 3.38 USD a day")


def test_too_small_names_its_leg_and_what_stays() -> None:
    (ticket,) = remedies(sol_book("204", "100", step="10"), "hedge_drift", "SOL", at(0))
    assert (ticket.leg, ticket.coins, ticket.residual) == (SOL_LEG, 2, 2)
    assert (ticket.venue, ticket.symbol, ticket.account) == ("bybit", SOL, "main")
    assert ticket.words == "Nothing to order: 2 SOL under plan is less than bybit takes"
    assert ticket.why == {"contracts": "the smallest order is 10 SOL"}


def test_what_needs_no_figure_of_an_account_says_so() -> None:
    """Isolated legs share nothing, and what never ends needs nothing: no sentence, no order."""
    book = eth_book("5", "17500")
    assert book.account("coin", at(0)).joint_to_liquidation is None
    assert remedies(book, "liquidation_joint", "coin", at(0)) == ()


# sizes and sentences


def least_of(minimum: str, held: str = "200") -> Book:
    """100 SOL short, where the venue takes no order below `minimum` contracts."""
    book = sol_book(held, "100")
    book.apply(instrument("bybit", SOL, step="1", min_contracts=minimum))
    return book


def test_the_smallest_order_of_a_venue_is_no_reason_to_keep_a_leg() -> None:
    (half,) = unwind(least_of("60"), SOL_LEG, D("0.5"), at(0))
    assert (half.kind, half.leg, half.words) == (
        "wait",
        SOL_LEG,
        "Nothing to order: half of it is less than bybit takes",
    )
    (third,) = unwind(least_of("60"), SOL_LEG, D("0.3"), at(0))
    assert third.words == "Nothing to order: 30.0 % of it is less than bybit takes"
    (whole,) = unwind(least_of("200"), SOL_LEG, D(1), at(0))
    assert (whole.kind, whole.contracts) == ("buy", 100)
    (small,) = remedies(least_of("10", "208"), "hedge_drift", "SOL", at(0))
    assert (small.kind, small.why["contracts"]) == ("wait", "the smallest order is 10 SOL")


def test_without_a_mark_an_order_waits_for_it() -> None:
    part = position(SOL, "100", "142", margin="5000")
    book = Book(
        portfolio(
            holdings=[{"asset": "SOL", "quantity": "300"}],
            accounts=[account("main", "bybit", {"USDT": "9000"}, part)],
        )
    )
    book.apply(instrument("bybit", SOL))
    (ticket,) = unwind(book, SOL_LEG, D(1), at(0))
    assert (ticket.leg, ticket.words) == (
        SOL_LEG,
        f"No order for SOL can be sized yet: no mark of {SOL} has come yet",
    )
    (drift,) = remedies(book, "hedge_drift", "SOL", at(0))
    assert (drift.asset, drift.words) == (
        "SOL",
        "No order for SOL can be sized yet: its contract facts or mark are not known",
    )


def test_little_funding_is_said_too() -> None:
    book = sol_book("200", "100")
    book.apply(funding("bybit", SOL, "0.00002", 1))
    (half,) = unwind(book, SOL_LEG, D("0.5"), at(1))
    assert half.effect == "for a hedge of 25.0 %; funding then pays 0.45 USD a day"


def test_over_plan_the_larger_short_goes_first_wherever_it_stands() -> None:
    book = two_shorts()
    held = book.portfolio.holdings[0].model_copy(update={"quantity": D(90)})
    book.replace(book.portfolio.model_copy(update={"holdings": (held,)}))
    first = remedies(book, "hedge_drift", "SOL", at(0))[0]
    assert (first.account, first.kind, first.contracts) == ("b", "buy", 10)


def test_a_leverage_without_brackets_is_a_sentence_with_the_reason() -> None:
    book = sol_book("200", "100")
    account_ = book.portfolio.accounts[0]
    bare = account_.positions[0].model_copy(update={"maintenance_margin_rate": None})
    book.replace(book.portfolio.model_copy(update={"accounts": (account_.model_copy(update={"positions": (bare,)}),)}))
    (ticket,) = remedies(book, "leverage", SOL_LEG, at(0), D(1))
    assert ticket.words.startswith("No order for SOL can be sized yet: bybit has given no maintenance tiers")


def test_no_leverage_at_all_takes_the_whole_notional_as_equity() -> None:
    book = sol_book("200", "100", price="150")
    row = book.leg(SOL_LEG, at(0))
    assert row.equity is not None
    assert remedies(book, "leverage", SOL_LEG, at(0), D(1))[0].amount == 15000 - row.equity
    shared = remedies(shared_book(), "leverage", f"main/{BTC}/short", at(0), D("0.5"))[0]
    assert shared.amount == 30000 / D("0.5") - 20000


def test_a_coin_of_cents_is_rescued_like_any_other() -> None:
    symbol, leg = "DOGE/USDT:USDT", "main/DOGE/USDT:USDT/short"
    part = position(symbol, "10000", "0.4", margin="400", maintenance_margin_rate="0.01")
    book = Book(portfolio(accounts=[account("main", "bybit", {"USDT": "9000"}, part)]))
    book.apply(instrument("bybit", symbol, step="1"))
    tick(book, "bybit", symbol, "0.42", 0)
    add = remedies(book, "liquidation", leg, at(0), D("0.12"))[0]
    assert add.remedy == "add_margin"
    assert add.after.to_liquidation is not None
    assert D("0.12") <= add.after.to_liquidation < D("0.121")


def test_the_margin_ratio_counts_the_bracket_at_the_mark_and_coins_beside_the_money() -> None:
    book = shared_book()
    book.apply(mark("bybit", BTC, "66000", 1))
    buy = next(t for t in remedies(book, "margin_ratio", "main", at(1), D("0.03")) if t.remedy == "buy_back")
    after = with_ticket(book, buy).account("main", at(1)).margin_ratio
    before = one_less(book, buy, "0.001").account("main", at(1)).margin_ratio
    assert after is not None
    assert before is not None
    assert after <= D("0.03") < before
    part = position(BTC, "1", "60000", margin_mode="cross", leverage="10")
    rich = account("main", "bybit", {"USDT": "4000", "BTC": "0.1"}, part, haircuts={"BTC": "0.2"})
    coins = Book(portfolio(accounts=[rich]))
    coins.apply(instrument("bybit", BTC))
    coins.apply(flat("bybit", BTC, "0.01"))
    tick(coins, "bybit", BTC, "60000", 0)
    add = remedies(coins, "margin_ratio", "main", at(0), D("0.05"))[0]
    assert add.amount == 600 / D("0.05") - 4000 - D("0.1") * 60000 * D("0.8")


# accounts, and the whole book


def test_an_account_as_far_as_its_goal_needs_nothing_and_a_distance_is_cut() -> None:
    book = shared_book()
    row = book.account("main", at(0))
    assert row.joint_to_liquidation is not None
    assert remedies(book, "liquidation_joint", "main", at(0), row.joint_to_liquidation) == ()
    add, buy, _ = remedies(book, "liquidation_joint", "main", at(0), D("0.39996"))
    assert (add.goal, add.effect) == (D("0.39996"), "for 39.9 % to liquidation")
    assert (buy.kind, buy.goal) == ("buy", D("0.39996"))
    assert D("0.24") < row.joint_to_liquidation < D("0.4")
    assert remedies(book, "liquidation_joint", "main", at(0))[0].goal == D("0.4")


def test_the_whole_book_is_ordered_whole_and_waits_with_the_first_leg() -> None:
    """Beside a long of 50 the 140 that are missing are one order in the short."""
    parts = (
        position(SOL, "50", "150", margin="3000", maintenance_margin_rate="0.01") | {"side": "long"},
        position(SOL, "10", "150", margin="1000", maintenance_margin_rate="0.01"),
    )
    accounts = [account("main", "bybit", {"USDT": "90000"}, *parts)]
    book = Book(portfolio(holdings=[{"asset": "SOL", "quantity": "100"}], accounts=accounts))
    book.apply(instrument("bybit", SOL, step="1"))
    tick(book, "bybit", SOL, "150", 0)
    sell, wait = remedies(book, "hedge_drift_total", "book", at(0))
    assert (sell.leg, sell.contracts, wait.leg) == (SOL_LEG, 140, SOL_LEG)


def test_a_whole_book_of_sentences_gives_the_first() -> None:
    (ticket,) = remedies(sol_book("200.8", "100"), "hedge_drift_total", "book", at(0))
    assert (ticket.kind, ticket.words[:16]) == ("wait", "Nothing to order")


def test_what_the_book_does_not_have_is_named() -> None:
    with pytest.raises(KeyError, match="XYZ"):
        remedies(sol_book("200", "100"), "stablecoin", "XYZ", at(0))
