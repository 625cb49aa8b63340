"""Tickets: the right side, whole lots, and a state after them that is the one that comes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hedge.after import with_ticket
from hedge.book import Book
from hedge.snapshot import After, Ticket
from hedge.ticket import rebalance, rescue
from tests.hedge.said import D, account, at, flat, instrument, live, portfolio, position, spot, tick

BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USD:ETH", "SOL/USDT:USDT"
SOL_LEG = f"main/{SOL}/short"
ETH_LEG = f"coin/{ETH}/short"


def sol_book(
    held: str, short: str, price: str = "150", *, target: str = "0.5", step: str = "1", side: str = "short", **leg: str
) -> Book:
    stated = {"margin": "5000", "maintenance_margin_rate": "0.01", **leg}
    if stated.get("margin_mode") == "cross":
        del stated["margin"]
    part = position(SOL, short, "142", **stated) | {"side": side}
    book = Book(
        portfolio(
            holdings=[{"asset": "SOL", "quantity": held}],
            accounts=[account("main", "bybit", {"USDT": "20000"}, part, fees={"taker": "0.0005"})],
            policy={"target": target},
        )
    )
    book.apply(instrument("bybit", SOL, step=step, min_contracts=step))
    book.apply(live("bybit-linear"))
    tick(book, "bybit", SOL, price, 0)
    return book


def eth_book(collateral: str, contracts: str, price: str = "3500", entry: str = "3500", **leg: str) -> Book:
    part = position(ETH, contracts, entry, **{"margin_mode": "cross", "leverage": "1", **leg})
    book = Book(portfolio(accounts=[account("coin", "bybit", {"ETH": collateral}, part)]))
    book.apply(instrument("bybit", ETH))
    book.apply(flat("bybit", ETH, "0.005"))
    tick(book, "bybit", ETH, price, 0)
    return book


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


def test_rescue_by_margin_or_by_buying_back() -> None:
    book = sol_book("200", "100", price="186.42", margin="5000")
    before = book.leg(SOL_LEG, at(0))
    assert before.to_liquidation is not None
    assert before.to_liquidation < D("0.05")
    add, back = rescue(book, SOL_LEG, D("0.12"), at(0))
    assert (add.kind, add.currency, add.reduce_only) == ("add_margin", "USDT", False)
    assert add.amount is not None
    assert add.amount == add.amount.to_integral_value()
    assert add.words == f"Add {add.amount:,} USDT margin"
    assert add.effect == "for +12.0 % to liquidation"
    assert add.after.hedge_ratio == D("0.5")
    assert add.after.to_liquidation is not None
    assert add.after.to_liquidation >= D("0.12")
    assert (back.kind, back.reduce_only, back.keeps_margin) == ("buy", True, True)
    assert back.words == f"Buy back {back.contracts} SOL on bybit, keeping its margin"
    assert back.why["margin"] == "it helps only if bybit keeps the freed margin in the position"
    assert back.after.to_liquidation is not None
    assert back.after.to_liquidation >= D("0.12")
    assert back.after.hedge_ratio is not None
    assert back.after.hedge_ratio < D("0.5")


def test_one_unit_less_would_not_do() -> None:
    book = sol_book("200", "100", price="186.42", margin="5000")
    add, back = rescue(book, SOL_LEG, D("0.12"), at(0))
    assert add.amount is not None
    assert back.contracts is not None
    for lesser in (replace(add, amount=add.amount - 1), replace(back, contracts=back.contracts - 1)):
        distance = with_ticket(book, lesser).leg(SOL_LEG, at(0)).to_liquidation
        assert distance is not None
        assert distance < D("0.12")


def test_rescue_of_a_leg_that_is_far_enough_or_cannot_be_liquidated() -> None:
    assert rescue(sol_book("200", "100", price="142"), SOL_LEG, D("0.12"), at(0)) == ()
    assert rescue(eth_book("5", "17500"), ETH_LEG, D("0.12"), at(0)) == ()


def test_rescue_without_a_maintenance_rate_is_a_sentence() -> None:
    book = sol_book("200", "100")
    bare = book.portfolio.accounts[0].positions[0].model_copy(update={"maintenance_margin_rate": None})
    book.replace(
        book.portfolio.model_copy(
            update={"accounts": (book.portfolio.accounts[0].model_copy(update={"positions": (bare,)}),)}
        )
    )
    (ticket,) = rescue(book, SOL_LEG, D("0.12"), at(0))
    assert ticket.kind == "wait"
    assert "no maintenance tiers" in ticket.words


def test_rescue_of_a_cross_leg_adds_to_the_account() -> None:
    book = sol_book("200", "100", price="300", margin_mode="cross")
    before = book.leg(SOL_LEG, at(0)).to_liquidation
    assert before is not None
    assert before < D("0.5")
    add, back = rescue(book, SOL_LEG, D("0.5"), at(0))
    assert add.words == f"Add {add.amount:,} USDT to main"
    assert add.after.to_liquidation is not None
    assert add.after.to_liquidation >= D("0.5")
    assert back.keeps_margin is False
    assert back.after.to_liquidation is not None
    assert back.after.to_liquidation >= D("0.5")


def test_margin_in_coins_is_added_in_small_steps() -> None:
    book = eth_book("3", "17500", price="6000")
    distance = book.leg(ETH_LEG, at(0)).to_liquidation
    assert distance is not None
    add, _ = rescue(book, ETH_LEG, distance + D("0.3"), at(0))
    assert add.currency == "ETH"
    assert add.amount is not None
    assert add.amount == add.amount.quantize(D("0.001"))
    assert add.amount < 2


def test_more_margin_than_is_free_says_so() -> None:
    book = sol_book("200", "100", price="190", margin="5000")
    add, _ = rescue(book, SOL_LEG, D("0.9"), at(0))
    assert add.why["amount"] == "15,000 USDT is free in main; the rest comes from elsewhere"
    assert with_ticket(book, add).account("main", at(0)).free == {"USDT": 0}


# What a user would write into the file after doing it, worked out here by itself.


def edited(book: Book, ticket: Ticket) -> Book:
    """The book of a file in which the user changed the one leg of account `main` by hand, at its mark."""
    account_ = book.portfolio.accounts[0]
    leg = account_.positions[0]
    mark_price = book.leg(f"{account_.id}/{leg.symbol}/{leg.side}", at(0)).mark
    assert mark_price is not None
    assert leg.entry_price is not None
    s = 1 if leg.side == "long" else -1
    wallet = dict(account_.collateral)
    change: dict[str, Any] = {}
    isolated = leg.margin is not None
    if ticket.kind == "add_margin":
        assert ticket.amount is not None
        if isolated:
            change = {"margin": leg.margin + ticket.amount}
        else:
            wallet[leg.perp.settle] += ticket.amount
    else:
        n = ticket.contracts
        assert n is not None
        grows = (ticket.kind == "sell") == (s < 0)
        total = leg.contracts + n if grows else leg.contracts - n
        change = {"contracts": total}
        if grows and leg.perp.inverse:
            change["entry_price"] = total / (leg.contracts / leg.entry_price + n / mark_price)
        elif grows:
            change["entry_price"] = (leg.contracts * leg.entry_price + n * mark_price) / total
        if grows and isolated:
            change["margin"] = leg.margin * (1 + n * mark_price / (leg.contracts * leg.entry_price))
        if not grows:
            gain = s * n * (mark_price - leg.entry_price)
            if leg.perp.inverse:
                gain = s * n * (1 / leg.entry_price - 1 / mark_price)
            wallet[leg.perp.settle] += gain
            if isolated:
                change["margin"] = leg.margin + gain if ticket.keeps_margin else leg.margin * total / leg.contracts
    positions = () if change.get("contracts") == 0 else (leg.model_copy(update=change),)
    done = account_.model_copy(update={"positions": positions, "collateral": wallet})
    return book.with_portfolio(book.portfolio.model_copy(update={"accounts": (done,)}))


def assert_printed(book: Book, ticket: Ticket, asset: str) -> None:
    """The printed state after a ticket is what the edited file then shows."""
    then = edited(book, ticket)
    coin = then.asset(asset, at(0))
    leg = then.leg(ticket.leg, at(0)) if ticket.leg in then.layout.legs and ticket.leg else None
    want = After(
        hedge_ratio=coin.hedge_ratio,
        drift=coin.drift,
        net_usd=coin.net_usd,
        off_usd=coin.off_usd,
        to_liquidation=leg and leg.to_liquidation,
        liquidation_price=leg and leg.liquidation_price,
    )
    for name in want.__struct_fields__:
        mine, theirs = getattr(ticket.after, name), getattr(want, name)
        if theirs is None or mine is None:
            assert mine is theirs, name
        else:
            assert abs(mine - theirs) <= max(abs(theirs) * D("1e-15"), D("1e-6")), name


sizes = st.decimals("1", "2000", places=3)


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


@settings(max_examples=80, deadline=None)
@given(
    short=sizes,
    price=st.decimals("60", "400", places=2),
    to=st.decimals("0.05", "3", places=2),
    mode=st.sampled_from(("isolated", "cross")),
    step=st.sampled_from(("0.001", "0.1", "1")),
)
def test_doing_a_rescue_gives_the_printed_distance(
    short: Decimal, price: Decimal, to: Decimal, mode: str, step: str
) -> None:
    margin = {"margin_mode": "cross"} if mode == "cross" else {"margin": str(min(20000, short * 71))}
    book = sol_book("500", str(short), str(price), step=step, **margin)
    distance = book.leg(SOL_LEG, at(0)).to_liquidation
    assume(distance is not None and distance < to)
    tickets = rescue(book, SOL_LEG, to, at(0))
    assert tickets
    for ticket in tickets:
        assert_printed(book, ticket, "SOL")
        reached = ticket.after.to_liquidation
        closed = ticket.contracts == short
        assert closed or (reached is not None and reached >= to - D("1e-12"))
