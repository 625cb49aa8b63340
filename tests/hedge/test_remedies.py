"""Remedies of exposure, and what holds for every rule: which ways out, in which order, with which figures."""

from __future__ import annotations

import pytest

from hedge.book.book import Book
from hedge.ticket.after import with_ticket
from hedge.ticket.remedies import BY_RULE, remedies
from tests.hedge.said import (
    D,
    account,
    at,
    funding,
    index,
    instrument,
    portfolio,
    position,
    spot,
    tick,
)
from tests.hedge.ticket_books import SOL, SOL_LEG, eth_book, shared_book, sol_book

NEAR = sol_book("200", "100", price="186.42", margin="5000")
"""A SOL short a breath from liquidation, half of 200 held."""


def test_under_plan_sells_more_with_its_limits_cost_and_margin() -> None:
    book = sol_book("240", "100")
    book.apply(instrument("bybit", SOL, step="1", min_contracts="1", tick="0.05"))
    sell, wait = remedies(book, "hedge_drift", "SOL", at(0))
    assert (sell.remedy, sell.kind, sell.contracts, sell.reduce_only) == ("sell_more", "sell", 20, False)
    assert (sell.limit_low, sell.limit_high) == (D("149.7"), D("150.3"))
    assert (sell.fee_rate, sell.fee_usd, sell.flags) == (D("0.0005"), D("1.5"), ())
    assert sell.margin_needed == D(20 * 150) * D(5000) / D(100 * 142)
    assert (sell.margin_free, sell.covered, sell.currency) == (15000, True, "USDT")
    assert (sell.asset, sell.residual) == ("SOL", 0)
    assert sell.after.funding_day_usd == D("5.4")
    assert sell.after.free == (15000 - sell.margin_needed).quantize(D("1e-12"))
    assert (wait.remedy, wait.kind, wait.contracts) == ("wait", "wait", None)
    assert wait.risk == "Each 10 % fall of SOL costs 300 USD more than planned"
    assert (wait.after.drift, wait.after.off_usd) == (D(100) / 240 - D("0.5"), 3000)


def test_over_plan_buys_back_and_a_rise_is_what_costs() -> None:
    buy, wait = remedies(sol_book("160", "100"), "hedge_drift", "SOL", at(0))
    assert (buy.remedy, buy.contracts, buy.reduce_only, buy.margin_needed) == ("buy_back", 20, True, 0)
    assert buy.covered is True
    assert wait.risk == "Each 10 % rise of SOL costs 300 USD more than planned"


def test_on_plan_there_is_nothing_to_do() -> None:
    assert remedies(sol_book("200", "100"), "hedge_drift", "SOL", at(0)) == ()


def test_what_an_account_lacks_for_an_order_is_the_second_way() -> None:
    book = sol_book("900", "100")
    sell, collateral, wait = remedies(book, "hedge_drift", "SOL", at(0))
    needed = D(350 * 150) * D(5000) / D(100 * 142)
    assert (sell.contracts, sell.margin_needed, sell.margin_free, sell.covered) == (350, needed, 15000, False)
    assert (collateral.remedy, collateral.kind, collateral.words) == (
        "add_collateral",
        "add_margin",
        "Add 3,513 USDT to main",
    )
    assert collateral.amount == (needed + D("26.25") - 15000).to_integral_value(rounding="ROUND_CEILING")
    assert collateral.after.free == 15000 + collateral.amount
    assert collateral.after.drift == wait.after.drift
    richer = with_ticket(book, collateral)
    assert remedies(richer, "hedge_drift", "SOL", at(0))[0].covered is True


def test_the_account_that_has_the_margin_is_the_one_to_sell_in() -> None:
    part = position(SOL, "10", "150", margin="500", maintenance_margin_rate="0.01")
    book = Book(
        portfolio(
            holdings=[{"asset": "SOL", "quantity": "100"}],
            accounts=[
                account("poor", "bybit", {"USDT": "500"}, part),
                account("rich", "bybit", {"USDT": "9000"}, part),
            ],
        )
    )
    book.apply(instrument("bybit", SOL, step="1", taker_fee="0.0006"))
    tick(book, "bybit", SOL, "150", 0)
    sell = remedies(book, "hedge_drift", "SOL", at(0))[0]
    assert (sell.account, sell.contracts, sell.covered) == ("rich", 80, True)
    assert sell.fee_rate == D("0.0006")
    assert sell.flags == ("fee: list price of bybit",)


def test_a_contract_that_no_longer_trades_is_not_added_to() -> None:
    book = sol_book("240", "100")
    book.apply(instrument("bybit", SOL, step="1", active=False))
    (ticket,) = remedies(book, "hedge_drift", "SOL", at(0))
    assert ticket.words == "No order for SOL can be sized yet: its contract is not trading"


def test_a_long_beside_coins_is_closed_and_the_whole_in_one_order_is_the_second_way() -> None:
    parts = (
        position(SOL, "50", "150", margin="3000", maintenance_margin_rate="0.01") | {"side": "long"},
        position(SOL, "10", "150", margin="1000", maintenance_margin_rate="0.01"),
    )
    book = Book(
        portfolio(
            holdings=[{"asset": "SOL", "quantity": "100"}],
            accounts=[account("main", "bybit", {"USDT": "90000"}, *parts)],
        )
    )
    book.apply(instrument("bybit", SOL, step="1"))
    tick(book, "bybit", SOL, "150", 0)
    first, second, wait = remedies(book, "hedge_drift", "SOL", at(0))
    assert (first.leg, first.contracts, first.reduce_only) == (f"main/{SOL}/long", 50, True)
    assert (first.residual, first.risk) == (90, "90 SOL stay under plan, for an order of their own")
    assert (second.leg, second.contracts, second.after.drift) == (f"main/{SOL}/short", 140, 0)
    assert wait.remedy == "wait"


def test_the_whole_book_orders_its_farthest_coins_first() -> None:
    book = shared_book(btc={"contracts": "0.2"}, sol={"contracts": "100"})
    first, second, wait = remedies(book, "hedge_drift_total", "book", at(0))
    assert [(ticket.asset, ticket.kind) for ticket in (first, second)] == [("BTC", "sell"), ("SOL", "sell")]
    assert first.after.book_off_usd == 15000
    assert second.after.book_off_usd == 18000
    assert wait.risk == "Each 10 % fall of all coins costs 3,300 USD more than planned"
    assert wait.after.book_off_usd == 33000
    for rule in ("book_value", "allocation"):
        assert remedies(book, rule, "book", at(0)) == (first, second, wait)


def test_a_book_on_plan_needs_no_order_when_weights_shift() -> None:
    assert remedies(shared_book(), "allocation", "book", at(0)) == ()


def test_closing_part_of_an_inverse_short_reaches_a_partial_target() -> None:
    """Coin PnL that is realised counts as held from then on, so a target below one wants its share of it."""
    book = eth_book("4", "17500", price="1750")
    book.replace(
        book.portfolio.model_copy(update={"policy": book.portfolio.policy.model_copy(update={"target": D("0.5")})})
    )
    buy = remedies(book, "hedge_drift", "ETH", at(0))[0]
    coin = with_ticket(book, buy).asset("ETH", at(0))
    assert coin.hedge_ratio is not None
    assert abs(coin.hedge_ratio - D("0.5")) < D("0.0001")
    assert buy.residual is not None
    assert abs(buy.residual) <= 1 / D(1750)


def test_rules_that_no_order_answers_have_no_tickets() -> None:
    for rule in ("feed", "file", "monitor_gap", "fault", "nonsense"):
        assert remedies(NEAR, rule, "anything", at(0)) == ()


@pytest.mark.parametrize("rule", sorted(BY_RULE.keys() - {"hedge_drift_total", "book_value", "allocation"}))
def test_a_subject_that_the_book_does_not_have_is_an_error(rule: str) -> None:
    with pytest.raises(KeyError):
        remedies(NEAR, rule, "nobody", at(0))


def test_a_price_of_a_coin_without_a_position_has_no_ticket() -> None:
    book = Book(portfolio(holdings=[{"asset": "AVAX", "quantity": "900"}]))
    book.apply(spot("AVAX/USDT", "20", 0))
    assert remedies(book, "price", "AVAX/above/30", at(0)) == ()
    (short,) = remedies(book, "hedge_drift", "AVAX", at(0))
    assert short.words == "Short 900 AVAX (18,000 USD) as a perpetual to be on plan"
    assert (short.residual, short.asset) == (900, "AVAX")
    assert short.risk == "Each 10 % fall of AVAX costs 1,800 USD more than planned"


def test_an_old_mark_and_a_near_stamp_are_flagged() -> None:
    book = sol_book("240", "100")
    book.apply(funding("bybit", SOL, "0.0001", 1, next_in_ms=240_000))
    sell = remedies(book, "hedge_drift", "SOL", at(14_000))[0]
    assert sell.flags == (
        "the mark is 14 s old",
        "the price of SOL is old",
        "the funding stamp in 4 min pays 0.30 USD on these contracts",
    )


def test_before_any_mark_an_order_is_sized_by_the_index_and_says_so() -> None:
    part = position(SOL, "100", "142", margin="5000", maintenance_margin_rate="0.01")
    book = Book(
        portfolio(
            holdings=[{"asset": "SOL", "quantity": "240"}],
            accounts=[account("main", "bybit", {"USDT": "20000"}, part)],
            policy={"target": "0.5"},
        )
    )
    book.apply(instrument("bybit", SOL, step="1"))
    book.apply(index("bybit", SOL, "150", 0))
    sell = remedies(book, "hedge_drift", "SOL", at(0))[0]
    assert sell.why["notional_usd"] == "computed from the index, as no mark has come"
    assert sell.after.why["to_liquidation"] == "no mark has come yet"
    (ticket,) = remedies(book, "liquidation", SOL_LEG, at(0))
    assert ticket.words == "No order for SOL can be sized yet: no mark has come yet"
