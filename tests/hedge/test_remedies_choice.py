"""Which leg, wallet or coin a remedy takes where there are several, and what is said where figures are missing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hedge.book.book import Book
from hedge.ticket import remedies, with_ticket
from tests.hedge.said import D, account, at, flat, funding, instrument, live, portfolio, position, spot, tick
from tests.hedge.ticket_books import BTC, ETH, SOL, SOL_LEG, shared_book, sol_book


def two_wallets(usdt: str, eth: str) -> Book:
    """An account whose linear short and whose inverse short each have a wallet of their own."""
    legs = (
        position(SOL, "100", "150", margin_mode="cross", leverage="2"),
        position(ETH, "15000", "3000", margin_mode="cross", leverage="2"),
    )
    book = Book(portfolio(accounts=[account("main", "bybit", {"USDT": usdt, "ETH": eth}, *legs)]))
    for symbol, price, rate in ((SOL, "150", "0.01"), (ETH, "3000", "0.01")):
        book.apply(instrument("bybit", symbol, step="1"))
        book.apply(flat("bybit", symbol, rate))
        tick(book, "bybit", symbol, price, 0)
    return book


@pytest.mark.parametrize(("usdt", "eth", "currency"), [("4000", "4", "USDT"), ("9000", "1", "ETH")])
def test_the_wallet_that_ends_first_is_the_one_to_fill(usdt: str, eth: str, currency: str) -> None:
    book = two_wallets(usdt, eth)
    for rule, goal in (("liquidation_joint", "0.35"), ("margin_ratio", "0.02")):
        tickets = remedies(book, rule, "main", at(0), D(goal))
        assert {ticket.currency for ticket in tickets} == {currency}, rule


def costlier_sol() -> Book:
    book = shared_book()
    book.apply(flat("bybit", SOL, "0.05"))
    return book


def test_the_leg_that_takes_the_fewest_dollars_is_closed() -> None:
    book = costlier_sol()
    ratio = book.account("main", at(0)).margin_ratio
    assert ratio is not None
    buy = next(
        one for one in remedies(book, "margin_ratio", "main", at(0), ratio * D("0.95")) if one.remedy == "buy_back"
    )
    assert buy.asset == "SOL"
    equal = next(
        one for one in remedies(shared_book(), "margin_ratio", "main", at(0), D("0.0285")) if one.remedy == "buy_back"
    )
    assert equal.asset == "BTC", "of several that need as many dollars the first in the file"


def test_where_no_leg_is_enough_the_one_with_the_most_margin_goes_whole() -> None:
    tickets = remedies(costlier_sol(), "margin_ratio", "main", at(0), D("0.001"))
    buy = next(ticket for ticket in tickets if ticket.remedy == "buy_back")
    assert (buy.asset, buy.contracts, buy.effect) == ("SOL", 200, "to close it")
    assert tickets[-1].risk.startswith("A move of")


def test_an_account_with_an_unknown_leg_is_a_sentence() -> None:
    book = shared_book()
    book.apply(instrument("bybit", SOL, contract_size="0"))
    for rule in ("liquidation_joint", "margin_ratio"):
        (ticket,) = remedies(book, rule, "main", at(0))
        assert (ticket.kind, ticket.account) == ("wait", "main")
        assert ticket.words == "No order for main can be sized yet: bybit states no usable contract size"
        assert (ticket.asset, ticket.after.why.get("to_liquidation")) == ("", None)


def test_coins_beside_the_money_count_less_their_haircut() -> None:
    """A BTC short in an account that also holds 0.1 BTC as margin: in a rally those coins gain as it loses."""
    part = position(BTC, "1", "60000", margin_mode="cross", leverage="10")
    collateral = {"USDT": "4000", "BTC": "0.1", "USDC": "2000"}
    haircuts = {"BTC": "0.2", "USDC": "0.5"}
    book = Book(portfolio(accounts=[account("main", "bybit", collateral, part, haircuts=haircuts)]))
    book.apply(instrument("bybit", BTC))
    book.apply(flat("bybit", BTC, "0.01"))
    tick(book, "bybit", BTC, "60000", 0)
    leg = f"main/{BTC}/short"
    add = remedies(book, "liquidation", leg, at(0), D("0.5"))[0]
    assert add.amount is not None
    exact = D("60000") * D("0.5") + D("600") * D("1.5") - 4000 - D("0.1") * 60000 * D("0.8") * D("1.5") - 1000
    assert add.amount == exact.to_integral_value(rounding="ROUND_CEILING")
    assert remedies(book, "liquidation_joint", "main", at(0), D("0.5"))[0].amount == add.amount


def test_margin_that_is_frozen_at_entry_counts_as_it_was() -> None:
    book = shared_book(btc={"mm_basis": "entry", "entry_price": "30000"})
    ratio = book.account("main", at(0)).margin_ratio
    assert ratio is not None
    goal = ratio * D("0.9")
    for ticket in remedies(book, "margin_ratio", "main", at(0), goal)[:2]:
        after = with_ticket(book, ticket).account("main", at(0)).margin_ratio
        assert after is not None
        assert goal * D("0.99") < after <= goal


@pytest.mark.parametrize("held", [20, 4])
def test_an_isolated_leg_with_margin_frozen_at_entry_reaches_its_distance(held: int) -> None:
    book = sol_book(str(held), "100", price="186.42", margin="5000", mm_basis="entry")
    for ticket in remedies(book, "liquidation", SOL_LEG, at(0), D("0.12"))[:2]:
        assert ticket.after.to_liquidation is not None
        assert D("0.12") <= ticket.after.to_liquidation < D("0.13")


def test_a_long_near_its_end_is_sold_and_nothing_is_trimmed() -> None:
    book = sol_book("200", "100", price="110", side="long")
    tickets = remedies(book, "liquidation", f"main/{SOL}/long", at(0), D("0.3"))
    assert [(ticket.remedy, ticket.kind) for ticket in tickets] == [
        ("add_margin", "add_margin"),
        ("buy_back", "sell"),
        ("wait", "wait"),
    ]
    assert tickets[1].effect.startswith("for −30.")


def hedge_mode(price: str = "150") -> Book:
    """A short of 100 and a long of 20 SOL on one wallet: a rally ends both."""
    stated = {"margin_mode": "cross", "leverage": "5"}
    legs = (position(SOL, "100", "150", **stated), position(SOL, "20", "150", **stated) | {"side": "long"})
    book = Book(portfolio(accounts=[account("main", "bybit", {"USDT": "3000"}, *legs)]))
    book.apply(instrument("bybit", SOL, step="1"))
    book.apply(flat("bybit", SOL, "0.01"))
    tick(book, "bybit", SOL, price, 0)
    return book


def test_the_long_of_a_net_short_symbol_is_rescued_from_the_rally_too() -> None:
    book = hedge_mode()
    long_ = f"main/{SOL}/long"
    row = book.leg(long_, at(0))
    assert row.liquidation_price is not None
    assert row.liquidation_price > 150
    assert row.liquidation_price == book.leg(SOL_LEG, at(0)).liquidation_price
    add, wait = remedies(book, "liquidation", long_, at(0), D("0.5"))
    assert (add.remedy, wait.remedy) == ("add_margin", "wait"), "selling the long would bring the end nearer"
    assert add.amount == remedies(book, "liquidation", SOL_LEG, at(0), D("0.5"))[0].amount
    assert add.effect == "for +50.0 % to liquidation"
    assert add.after.to_liquidation is not None
    assert D("0.5") <= add.after.to_liquidation < D("0.51")


def test_in_liquidation_it_is_still_the_rally_to_get_away_from() -> None:
    book = hedge_mode("200")
    row = book.leg(f"main/{SOL}/long", at(0))
    assert row.to_liquidation is not None
    assert row.to_liquidation < 0
    add = remedies(book, "liquidation", f"main/{SOL}/long", at(0), D("0.12"))[0]
    assert add.after.to_liquidation is not None
    assert D("0.12") <= add.after.to_liquidation < D("0.13")
    assert add.after.liquidation_price is not None
    assert add.after.liquidation_price > 200


@pytest.mark.parametrize(("short", "on_rise"), [("0.5", False), ("2.5", True)])
def test_an_account_says_on_which_move_it_ends(short: str, on_rise: bool) -> None:
    book = shared_book(
        btc={"side": "long", "contracts": "1.5"}, sol={"symbol": BTC, "contracts": short, "entry_price": "60000"}
    )
    assert book.account("main", at(0)).joint_on_rise is on_rise
    assert sol_book("200", "100").account("main", at(0)).joint_on_rise is None


def two_venues() -> Book:
    """SOL is short on two venues, one of which pays and one of which is paid."""
    legs: list[dict[str, Any]] = [
        account(
            "a", "binance", {"USDT": "9000"}, position(SOL, "60", "150", margin="4000", maintenance_margin_rate="0.01")
        ),
        account(
            "b", "bybit", {"USDT": "9000"}, position(SOL, "40", "150", margin="3000", maintenance_margin_rate="0.01")
        ),
    ]
    book = Book(portfolio(holdings=[{"asset": "SOL", "quantity": "100"}], accounts=legs))
    for venue in ("binance", "bybit"):
        book.apply(instrument(venue, SOL, step="1"))
        book.apply(live("binance-usdm" if venue == "binance" else "bybit-linear"))
        tick(book, venue, SOL, "150", 0)
    book.apply(funding("bybit", SOL, "-0.0004", 1))
    return book


def test_the_leg_that_costs_the_most_a_day_is_unwound() -> None:
    book = two_venues()
    assert {ticket.account for ticket in remedies(book, "hedge_cost", "book", at(1))} == {"b"}
    assert {ticket.account for ticket in remedies(book, "funding_large", "SOL", at(1))} == {"b"}
    (wait,) = remedies(book, "funding_large", "a", at(1))
    assert wait.risk.startswith("It pays 2.70 USD a day")
    assert wait.after.funding_day_usd == D("2.7") - D("7.2")


def test_a_price_unwinds_the_largest_leg_of_its_coin() -> None:
    half, whole, _ = remedies(two_venues(), "price", "SOL/above/150", at(1))
    assert (half.account, half.contracts, whole.contracts) == ("a", 30, 60)
    assert whole.after.hedge_ratio == D("0.4")
    assert whole.after.funding_day_usd == D("-7.2")


def test_over_plan_the_largest_short_is_bought_back_and_the_rest_is_said() -> None:
    book = two_venues()
    held = book.portfolio.holdings[0].model_copy(update={"quantity": Decimal(30)})
    book.replace(book.portfolio.model_copy(update={"holdings": (held,)}))
    buy = remedies(book, "hedge_drift", "SOL", at(1))[0]
    assert (buy.account, buy.contracts, buy.residual) == ("a", 60, -10)
    assert buy.risk == "10 SOL stay over plan, for an order of their own"


def test_an_inverse_long_beside_coins_is_closed_for_its_part_of_the_plan() -> None:
    """Closing realises its coin PnL, of which a target of one half wants its half."""
    legs = (
        position(ETH, "3500", "3000", margin_mode="cross", leverage="2") | {"side": "long"},
        position(ETH, "1000", "3500", margin_mode="cross", leverage="2"),
    )
    book = Book(portfolio(accounts=[account("coin", "bybit", {"ETH": "10"}, *legs)], policy={"target": "0.5"}))
    book.apply(instrument("bybit", ETH))
    book.apply(flat("bybit", ETH, "0.005"))
    tick(book, "bybit", ETH, "3500", 0)
    first, second, _ = remedies(book, "hedge_drift", "ETH", at(0))
    assert (first.leg, first.contracts, first.reduce_only) == (f"coin/{ETH}/long", 3500, True)
    off = first.after.off_usd
    assert off is not None
    assert first.residual is not None
    assert abs(off - first.residual * 3500) < D("1e-8")
    assert second.leg == f"coin/{ETH}/short"


def test_a_trim_needs_the_coins_outside_the_account() -> None:
    """All coins are margin: selling them would take away what the short stands on."""
    part = position(ETH, "17500", "3500", margin_mode="cross", leverage="1")
    book = Book(portfolio(accounts=[account("coin", "bybit", {"ETH": "3"}, part)]))
    book.apply(instrument("bybit", ETH))
    book.apply(flat("bybit", ETH, "0.005"))
    tick(book, "bybit", ETH, "6000", 0)
    tickets = remedies(book, "liquidation", f"coin/{ETH}/short", at(0), D(1))
    assert [ticket.remedy for ticket in tickets] == ["add_margin", "buy_back", "wait"]
    assert tickets[2].risk.endswith("the ETH that coin shares is lost, and "
                                    "17,500 contracts of ETH/USD:ETH (17,500 USD) hedge nothing any more")  # fmt: skip


def test_collateral_in_coins_comes_from_those_held_elsewhere() -> None:
    part = position(ETH, "17500", "3500", margin_mode="cross", leverage="1")
    held = [{"asset": "ETH", "quantity": "0.4"}, {"asset": "ETH", "quantity": "2"}]
    book = Book(portfolio(holdings=held, accounts=[account("coin", "bybit", {"ETH": "3"}, part)]))
    book.apply(instrument("bybit", ETH))
    book.apply(flat("bybit", ETH, "0.005"))
    tick(book, "bybit", ETH, "6000", 0)
    add = remedies(book, "liquidation", f"coin/{ETH}/short", at(0), D("1"))[0]
    assert add.amount is not None
    assert D("0.4") < add.amount < D("2.4")
    after = with_ticket(book, add)
    assert after.asset("ETH", at(0)).spot_quantity == book.asset("ETH", at(0)).spot_quantity
    assert [holding.quantity for holding in after.portfolio.holdings] == [D("2.4") - add.amount]
    assert add.why["margin_free"] == "it comes from outside the account"


def test_a_coin_that_only_others_share_is_ordered_in_the_proxy() -> None:
    book = Book(
        portfolio(
            holdings=[{"asset": "AVAX", "quantity": "1000"}],
            accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "0.1", "65000", leverage="2"))],
            policy={"assets": {"AVAX": {"proxy": "BTC", "beta": "1.3"}}},
        )
    )
    book.apply(instrument("binance", BTC))
    tick(book, "binance", BTC, "65000", 0)
    book.apply(spot("AVAX/USDT", "20", 0))
    sell, wait = remedies(book, "hedge_drift", "AVAX", at(0))
    assert (sell.asset, sell.symbol, sell.contracts) == ("BTC", BTC, D("0.3"))
    assert wait.risk == "Each 10 % fall of BTC costs 1,950 USD more than planned"
    assert remedies(book, "funding_flip", "AVAX", at(0))[0].leg == f"main/{BTC}/short"
