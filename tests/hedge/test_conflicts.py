"""Two alerts of one coin that ask for opposite orders: each ticket says how it goes together with the other."""

from __future__ import annotations

import pytest

from hedge.book.book import Book
from hedge.snapshot import Ticket
from hedge.ticket import remedies, ticket_text
from tests.hedge.said import D, at
from tests.hedge.ticket_books import BTC, SOL, SOL_LEG, shared_book, sol_book


def beside(book: Book, rule: str, subject: str, goal: str | None = None) -> list[tuple[str | None, str]]:
    tickets: tuple[Ticket, ...] = remedies(book, rule, subject, at(0), goal and D(goal))
    return [(ticket.remedy, ticket.beside) for ticket in tickets]


def test_under_plan_and_near_liquidation_margin_goes_first_and_both_orders_name_the_other() -> None:
    """100 of 400 SOL are short, the plan is one half, and a 2 % rally liquidates the short."""
    book = sol_book("400", "100", price="186.42", margin="5000")
    assert beside(book, "hedge_drift", "SOL") == [
        (
            "sell_more",
            "The SOL short in main is 1.9 % from liquidation: first add margin there; "
            "buying it back would undo this order",
        ),
        ("wait", ""),
    ]
    under = "SOL is 25.0 points under plan"
    assert beside(book, "liquidation", SOL_LEG, "0.12") == [
        ("add_margin", ""),
        ("buy_back", f"{under} already, and this takes it further: adding margin keeps the hedge"),
        ("trim", f"{under}, and a trim leaves it so: adding margin keeps the hedge"),
    ]
    assert beside(book, "take_profit", SOL_LEG) == [
        ("unwind", f"{under} already, and this takes it further"),
        ("unwind", f"{under} already, and this takes it further"),
        ("wait", ""),
    ]


def test_over_plan_buying_back_serves_both() -> None:
    book = sol_book("100", "100", price="186.42", margin="5000")
    assert beside(book, "hedge_drift", "SOL") == [("buy_back", ""), ("wait", "")]
    assert beside(book, "liquidation", SOL_LEG, "0.12") == [
        ("add_margin", ""),
        ("buy_back", "SOL is 50.0 points over plan: buying back serves both"),
        ("trim", ""),
    ]


@pytest.mark.parametrize(("held", "price"), [("200", "186.42"), ("206", "186.42"), ("400", "150")])
def test_on_plan_or_far_from_liquidation_nothing_speaks_against_it(held: str, price: str) -> None:
    """Exactly on plan; less than its band off it; off plan, with its liquidation beyond the caution level."""
    book = sol_book(held, "100", price=price, margin="5000")
    if held == "400":
        assert {words for _, words in beside(book, "hedge_drift", "SOL")} == {""}
    else:
        assert {words for _, words in beside(book, "liquidation", SOL_LEG, "0.12")} == {""}


def test_in_liquidation_is_said_as_that() -> None:
    book = sol_book("400", "100", price="300", margin="5000")
    assert beside(book, "hedge_drift", "SOL")[0][1].startswith("The SOL short in main is in liquidation: first add")


def test_an_account_near_its_end_gets_collateral_before_more_is_sold_there() -> None:
    """The SOL short alone is 26 % away with the BTC mark frozen, all marks together 13 %."""
    book = shared_book(btc={"contracts": "1", "entry_price": "50000"}, sol={"contracts": "150"})
    row = book.account("main", at(0))
    assert row.joint_to_liquidation is not None
    assert D("0.10") < row.joint_to_liquidation < D("0.20")
    assert book.leg(f"main/{SOL}/short", at(0)).to_liquidation > D("0.20")  # type: ignore[operator]
    assert beside(book, "hedge_drift", "SOL")[0] == (
        "sell_more",
        f"main is {str(row.joint_to_liquidation * 100)[:4]} % from liquidation, all marks together: "
        "first add collateral there",
    )


def test_a_long_that_is_closed_is_in_nobodys_way() -> None:
    book = shared_book(btc={"side": "long"}, sol={"symbol": BTC, "contracts": "0.1", "entry_price": "30000"})
    first = remedies(book, "hedge_drift", "BTC", at(0))[0]
    assert (first.leg, first.beside) == (f"main/{BTC}/long", "")


def test_the_text_has_a_line_for_it() -> None:
    book = sol_book("400", "100", price="186.42", margin="5000")
    text = ticket_text(remedies(book, "hedge_drift", "SOL", at(0))[0])
    assert "\n  beside   The SOL short in main is 1.9 % from liquidation: first add margin there;" in text
    assert "beside" not in ticket_text(remedies(sol_book("240", "100"), "hedge_drift", "SOL", at(0))[0])


def test_a_long_near_its_end_a_leg_opened_again_and_a_drift_on_its_band_have_nothing_beside() -> None:
    long_ = sol_book("200", "100", price="110", side="long")
    assert {words for _, words in beside(long_, "liquidation", f"main/{SOL}/long", "0.3")} == {""}
    lost = sol_book("400", "100", price="186.42", margin="5000")
    assert [words for _, words in beside(lost, "leg_lost", SOL_LEG)] == ["", ""]
    on_band = sol_book("200", "94", price="186.42", margin="5000")
    assert on_band.asset("SOL", at(0)).drift == D("-0.03")
    assert {words for _, words in beside(on_band, "liquidation", SOL_LEG, "0.12")} == {""}
