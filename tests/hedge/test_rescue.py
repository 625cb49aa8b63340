"""Rescue: away from liquidation by margin or by buying back, and no further than asked."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hedge.ticket import rescue
from hedge.ticket.after import with_ticket
from tests.hedge.said import D, at
from tests.hedge.ticket_books import ETH_LEG, SOL_LEG, assert_printed, eth_book, sizes, sol_book


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
    assert back.why["margin"] == (
        "it helps only if bybit keeps the freed margin in the position; where it does not, add 435 USDT back"
    )
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
