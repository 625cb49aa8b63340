"""The sentence of a page: what somebody who was asleep can act on, of every rule, never too long for a phone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from alert_rows import SOL_LEG, decimal, leg
from hypothesis import given, settings
from hypothesis import strategies as st
from test_alert_words import alert, book

from alerts.levels import DEFAULT_LEVELS
from alerts.page_words import LONGEST, cause_of, cut, group_sentence, page_sentence
from alerts.timing import TIMINGS
from hedge.snapshot import Ticket

D = Decimal
ETH = "bybit-main/ETH/USDT:USDT/short"
RESCUE = (
    Ticket("add_margin", "bybit", amount=D(412), currency="USDT", words="Add 412 USDT margin", effect="for +12 %"),
    Ticket("add_margin", "bybit", amount=D(2412), currency="USDT", words="Add 2,412 USDT margin"),
    Ticket("buy", "bybit", contracts=D(31), reduce_only=True, words="Buy back 3.1 ETH on bybit"),
)


def eth(age: str = "1.2", pace: str | None = "4.1") -> dict[str, Any]:
    row = leg("0.0981", id=ETH, symbol="ETH/USDT:USDT", asset="ETH", hours_to_liquidation=decimal(pace))
    return {"positions": (row,), "tickets": {("liquidation", ETH): RESCUE}}


def test_the_sentence_of_the_promise() -> None:
    said = page_sentence(alert(subject=ETH), book(**eth()))
    assert said == (
        "ETH short on Bybit: 9.8 % to liquidation, about 4 h at this pace."
        " Add 412 USDT or buy back 31 contracts. Data 1 s old."
    )


def test_why_it_comes_again_stands_first() -> None:
    scene = book(**eth())
    assert page_sentence(alert(subject=ETH), scene, "again").startswith("Not answered: ETH short on Bybit: 9.8 %")
    assert page_sentence(alert(subject=ETH), scene, "worse").startswith("Worse: ETH short on Bybit")


def test_a_figure_that_is_not_known_is_said_to_be_old_and_has_no_pace() -> None:
    said = page_sentence(alert(subject=ETH, known=False), book(**eth()))
    assert said.startswith("ETH short on Bybit: 9.8 % to liquidation. Add")
    assert said.endswith("Last known, data 1 s old.")


def test_an_order_elsewhere_names_its_venue() -> None:
    said = page_sentence(alert("hedge_drift", "DOGE", value=D("-0.1")), book())
    assert said == "DOGE hedge 90.0 %, 10 points under target. Sell 6,000 DOGE on BingX."


SUBJECTS = {
    **dict.fromkeys(("liquidation_joint", "margin_ratio", "file"), "bybit-main"),
    **dict.fromkeys(("hedge_drift", "allocation"), "DOGE"),
    **dict.fromkeys(("hedge_drift_total", "book_value", "hedge_cost", "journal", "monitor_gap"), "book"),
    "stablecoin": "USDT",
    "price": "BTC/above/80000",
    "feed": "mexc-futures",
    "pager": "pages-1-ntfy",
    "fault": "view",
}
RULES = sorted({*TIMINGS, *DEFAULT_LEVELS.thresholds} - {"liquidation_sigma", "basis_z", "funding_against"})


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("level", [1, 2, 3])
def test_every_rule_says_something_whole(rule: str, level: int) -> None:
    """Of a row and without one: what happened, as sentences that end, in one line of plain text."""
    for scene in (book(), book(positions=(), assets=(), accounts=(), feeds=(), tickets={})):
        made = alert(rule, SUBJECTS.get(rule, SOL_LEG), level, value=D("0.0981"), note="The disk is full")
        if not any(fire is not None for fire in _fires(rule)[level - 1 : level]):
            continue
        said = page_sentence(made, scene)
        assert 8 < len(said) <= LONGEST
        assert said[0].isupper() or said[0].isdigit() or said.startswith(("mexc", "bybit"))
        assert said.endswith((".", "…"))
        assert ".." not in said
        assert "  " not in said
        assert "None" not in said


def _fires(rule: str) -> list[Decimal | None]:
    """The levels a rule has; one without any figures has all."""
    threshold = DEFAULT_LEVELS.thresholds.get(rule)
    return [D(1)] * 3 if threshold is None else list(threshold.fire)


@settings(max_examples=50)
@given(note=st.text(min_size=1, max_size=600))
def test_it_is_never_too_long(note: str) -> None:
    assert len(page_sentence(alert("fault", "view", note=note), book())) <= LONGEST
    assert len(page_sentence(alert("facts", SOL_LEG, note=note), book(), "again")) <= LONGEST


def test_a_long_order_gives_way_to_the_fact() -> None:
    wordy = Ticket("sell", "bybit", words="Sell " + "x" * 280)
    said = page_sentence(alert(subject=ETH), book(**{**eth(), "tickets": {("liquidation", ETH): (wordy,)}}))
    assert said == "ETH short on Bybit: 9.8 % to liquidation, about 4 h at this pace. Data 1 s old."
    assert cut("y" * 400) == "y" * (LONGEST - 1) + "…"


def test_a_flood_is_one_sentence_a_cause() -> None:
    texts = [(2, f"Coin{number} short on Bybit: leverage 11. Do it.") for number in range(9)] + [(1, "Old file. Look.")]
    said = group_sentence("bybit", texts)
    assert said.startswith("10 alerts at once, Bybit: 9 cautions, 1 advisory. Coin0 short on Bybit: leverage 11. Coin1")
    assert said.endswith("more.")
    assert len(said) <= LONGEST
    assert int(said.split()[-2]) + said.count("leverage") + said.count("Old file") == 10


def test_causes_are_venues_and_else_the_book() -> None:
    scene = book()
    assert cause_of(alert(), scene) == "bybit"
    assert cause_of(alert("margin_ratio", "bybit-main"), scene) == "bybit"
    assert cause_of(alert("feed", "mexc-futures"), scene) == "mexc"
    assert cause_of(alert("hedge_drift", "DOGE"), scene) == "whole book"
