"""Ways out where time runs short: so many hours at the present pace, or so many usual moves."""

from __future__ import annotations

import pytest

from hedge.book.book import Book
from hedge.market import Instant
from hedge.ticket import remedies, with_ticket
from tests.hedge.past import daily, zigzag
from tests.hedge.said import D, at, btc_book, tick

BTC = "BTC/USDT:USDT"
LEG = f"main/{BTC}/short"
QUARTER_MS = 15_000


def on_its_way(step: str = "0.0015", **leg: str) -> tuple[Book, Instant]:
    """A bitcoin short whose mark has risen by `step` a minute, for twenty minutes."""
    book = btc_book(**leg)
    book.apply(daily("binance", BTC, zigzag("65000", "0.01")))
    price, at_ms = D(65000), 0
    for quarter in range(84):
        at_ms = quarter * QUARTER_MS
        tick(book, "binance", BTC, f"{price:.2f}", at_ms)
        price *= 1 + D(step) / 4
    return book, at(at_ms)


def test_margin_and_buy_back_are_sized_for_the_hours() -> None:
    book, now = on_its_way(margin="12000")
    before = book.leg(LEG, now).hours_to_liquidation
    assert before is not None
    assert before < 3
    add, buy, trim = remedies(book, "liquidation_pace", LEG, now, D(9))
    assert [ticket.remedy for ticket in (add, buy, trim)] == ["add_margin", "buy_back", "trim"]
    assert (add.goal, buy.goal, trim.goal) == (9, 9, 9)
    for ticket in (add, buy, trim):
        hours = with_ticket(book, ticket).leg(LEG, now).hours_to_liquidation
        assert hours is not None
        assert 9 <= hours < D("9.1")
        assert ticket.after.hours_to_liquidation == hours
        assert ticket.effect.endswith(" to liquidation, 9 h at this pace")


def test_and_for_the_usual_moves() -> None:
    book, now = on_its_way(margin="3200")
    before = book.leg(LEG, now).sigmas_to_liquidation
    assert before is not None
    assert before < 3
    add, *_ = remedies(book, "liquidation_sigma", LEG, now, D(3))
    after = with_ticket(book, add).leg(LEG, now).sigmas_to_liquidation
    assert after is not None
    assert 3 <= after < D("3.01")
    assert add.goal == 3


@pytest.mark.parametrize(
    ("rule", "margin", "goal"),
    [
        ("liquidation_pace", "12000", 9),
        ("liquidation_pace", "7000", 9),
        ("liquidation_sigma", "3200", 3),
        ("liquidation_sigma", "3500", D("4.5")),
    ],
)
def test_without_a_goal_the_next_level_is_cleared(rule: str, margin: str, goal: object) -> None:
    book, now = on_its_way(margin=margin)
    assert remedies(book, rule, LEG, now)[0].goal == goal


def test_a_slow_pace_is_brought_to_the_caution_level() -> None:
    book, now = on_its_way("0.0004", margin="60000")
    hours = book.leg(LEG, now).hours_to_liquidation
    assert hours is not None
    assert 9 < hours < 36
    assert remedies(book, "liquidation_pace", LEG, now)[0].goal == 36


def test_deviations_without_a_pace_say_no_hours() -> None:
    book, now = on_its_way("0", margin="1600")
    row = book.leg(LEG, now)
    assert (row.hours_to_liquidation, row.sigmas_to_liquidation is not None) == (None, True)
    add = remedies(book, "liquidation_sigma", LEG, now, (row.sigmas_to_liquidation or D(0)) + 1)[0]
    assert add.effect.endswith(" % to liquidation")


def test_time_enough_needs_nothing() -> None:
    book, now = on_its_way()
    hours = book.leg(LEG, now).hours_to_liquidation
    assert hours is not None
    assert remedies(book, "liquidation_pace", LEG, now, hours) == ()
    assert remedies(book, "liquidation_pace", LEG, now, hours + 1)[0].remedy == "add_margin"


def test_without_a_pace_it_is_the_distance_that_is_brought_away() -> None:
    book, now = on_its_way("0", margin="6000")
    row = book.leg(LEG, now)
    assert row.hours_to_liquidation is None
    assert row.to_liquidation is not None
    assert row.to_liquidation < D("0.12")
    add = remedies(book, "liquidation_pace", LEG, now, D(9))[0]
    assert (add.goal, add.effect) == (D("0.12"), "for +12.0 % to liquidation")
