"""Which leg an order goes to and how large it is: smallest orders, small coins and amounts, accounts, whole books."""

from __future__ import annotations

import pytest

from hedge.book.book import Book
from hedge.ticket import remedies, unwind, with_ticket
from tests.hedge.said import D, account, at, flat, funding, instrument, mark, portfolio, position, tick
from tests.hedge.ticket_books import BTC, SOL, SOL_LEG, eth_book, one_less, shared_book, sol_book

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
