"""What the rules about market, money and plan say: a fact with its limit, and what to do."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from alert_rows import NOW, SOL_LEG, account, doge, leg

from alerts.scene import Scene, scene
from alerts.values import Alert, Answered
from alerts.words import LINE, alert_row
from hedge.snapshot import AlertRow, AssetRow, MoneyRow, Ticket, Totals

D = Decimal
SOL = AssetRow("SOL", "hedged", weight=D("0.36"), weight_shift=D("0.12"))


def book(**given: Any) -> Scene:
    rows: dict[str, Any] = {
        "positions": (
            leg(
                top_up_hours=D(4),
                basis_pct=D("0.0062"),
                funding_day_usd=D("-3.207"),
                next_funding="2026-11-22T08:00:00Z",
                next_funding_usd=D("-1.2444"),
            ),
        ),
        "assets": (SOL, doge()),
        "accounts": (account(),),
        "totals": Totals(protected_usd=D(65000)),
        "money": (MoneyRow("USDT", D("0.993"), "bybit", collateral_usd=D("39720")),),
    }
    return scene(NOW, **(rows | given))


def said(rule: str, value: str, level: int, subject: str = SOL_LEG, **given: Any) -> AlertRow:
    shrinking = rule in ("liquidation_pace", "funding_persistent")
    found = Alert(
        rule, subject, 1, level, level, level, value=D(value), shrinking=shrinking, asked_ms=NOW.mono_ms, **given
    )
    return alert_row(found, book())


def lines(row: AlertRow) -> tuple[str, str]:
    return row.fact + row.fact_rest, row.order + row.order_rest


CASES: list[tuple[AlertRow, tuple[str, str]]] = [
    (
        said("liquidation_pace", "5.2", 3),
        (
            "At this pace it is liquidated in about 5 h, limit 6 h.",
            "Add margin or buy back part of it on bybit.",
        ),
    ),
    (
        said("liquidation_pace", "2.44", 2, measure="liquidation_sigma"),
        (
            "Liquidation is 2.4 usual moves away, each of 4 h, limit 3.",
            "Add margin or buy back part of it on bybit.",
        ),
    ),
    (
        said("basis", "0.0062", 1),
        (
            "The mark is 0.62 % above its index, limit 0.5 %.",
            "Wait with closing it: now it gives up 0.62 % against the index.",
        ),
    ),
    (
        said("basis", "3.42", 1, measure="basis_z"),
        (
            "Its basis is 3.4 deviations above its usual, +0.62 % now, limit 3.",
            "Wait with closing it: now it gives up 0.62 % against the index.",
        ),
    ),
    (said("funding_flip", "-0.032", 1), ("Funding turned against it: you pay 3.2 % a year.", "")),
    (said("funding_flip", "0.032", 1), ("Funding turned in its favour: you receive 3.2 % a year.", "")),
    (
        said("funding_persistent", "-0.073", 1),
        (
            "It has paid 7.3 % a year for 72 h, limit 5 %.",
            "Weigh a smaller hedge or another venue: now it pays 3.21 USD a day.",
        ),
    ),
    (said("funding_large", "0.62", 1), ("The coming funding is 62.0 % a year, which you receive, limit 50 %.", "")),
    (
        said("funding_large", "-0.62", 2, measure="funding_against"),
        (
            "The coming funding is 62.0 % a year, which you pay, limit 50 %.",
            "Decide before the stamp: 1.24 USD est. at 08:00 UTC.",
        ),
    ),
    (
        said("hedge_cost", "0.061", 1, "book"),
        (
            "The hedge costs 6.1 % a year of what it protects, limit 5 %.",
            "Ask whether it is still worth it: it protects 65,000 USD.",
        ),
    ),
    (
        said("book_value", "-0.214", 1, "book"),
        (
            "The coins are worth 21.4 % less than at the last rebalance, limit 20 %.",
            "Check the plan, then say `hedgetui rebased`.",
        ),
    ),
    (
        said("allocation", "0.12", 1, "book", note="SOL"),
        (
            "SOL is 36.0 % of the book, it was 24.0 %, limit 10 points.",
            "Check the plan, then say `hedgetui rebased`.",
        ),
    ),
    (
        said("stablecoin", "-0.007", 2, "USDT"),
        (
            "USDT is 0.70 % below one dollar, limit 0.5 %.",
            "Move collateral out of USDT: 39,720 USD of it is there.",
        ),
    ),
    (said("stablecoin", "0.007", 2, "USDT"), ("USDT is 0.70 % above one dollar, limit 0.5 %.", "")),
    (
        said("file", "9", 1, "bybit-main"),
        (
            "The positions of bybit-main were read 9 d ago, limit 7 d.",
            "Compare them with the venue, then write today's date as its `as_of`.",
        ),
    ),
]


@pytest.mark.parametrize(
    ("row", "expected"), CASES, ids=[f"{row.rule}-{place}" for place, (row, _) in enumerate(CASES)]
)
def test_what_each_rule_says(row: AlertRow, expected: tuple[str, str]) -> None:
    assert lines(row) == expected
    assert all(len(line) <= LINE for line in expected)
    assert row.message.endswith(".")


def test_leverage_says_the_advice() -> None:
    row = said("leverage", "10.4", 2)
    assert lines(row)[0] == "It carries 10.4 times its equity, limit 10. The advice is 1x: no leverage."


def test_a_margin_that_is_more_than_the_collateral() -> None:
    words = "the isolated margins of main come to 45,000.00 USDT, more than the 40,000.00 it holds"
    shown = book(accounts=(account(short_of=words),))
    row = alert_row(Alert("file", "bybit-main", 1, 2, 2, 2), shown)
    assert row.fact == "T" + words[1:]
    assert row.order == "Correct its leverage or collateral in the portfolio file"


def test_an_answered_pace_says_at_how_many_hours_it_asks_again() -> None:
    answered = Answered(2, NOW.mono_ms - 60_000, D(20), "ana")
    found = Alert("liquidation_pace", SOL_LEG, 1, 2, 2, 0, ack=answered, value=D(19), shrinking=True)
    assert alert_row(found, book()).fact_rest == ", limit 24 h. Comes back at once at 16.0 h or less."
    other = Alert("liquidation_pace", SOL_LEG, 1, 2, 2, 0, ack=answered, value=D("2.5"), measure="liquidation_sigma")
    assert "Comes back" not in alert_row(other, book()).fact_rest


@pytest.mark.parametrize(
    ("rule", "value", "measure", "words"),
    [
        ("liquidation_pace", "40.04", "", "Back at 40.0 h"),
        ("liquidation_pace", "5.04", "liquidation_sigma", "Back at 5.0 usual moves"),
        ("basis", "-0.0011", "", "Back at −0.11 %"),
        ("basis", "1.26", "basis_z", "Back at +1.3 deviations"),
        ("funding_persistent", "-0.011", "", "Back at −1.1 % a year"),
        ("book_value", "0.05", "", "Back at +5.0 %"),
        ("stablecoin", "-0.0004", "", "Back at −0.04 %"),
        ("leverage", "2.04", "", "Back at 2.0 times"),
    ],
)
def test_what_is_over_says_where_it_is(rule: str, value: str, measure: str, words: str) -> None:
    over = Alert(rule, SOL_LEG, 1, 0, 2, 2, over_ms=NOW.mono_ms, value=D(value), measure=measure)
    assert alert_row(over, book()).fact.startswith(words)


def test_a_ticket_that_trades_goes_before_general_words() -> None:
    ticket = Ticket("buy", "bybit", words="Buy back 50 SOL on bybit", effect="to a hedge of 25 %", notional_usd=D(9321))
    wait = Ticket("wait", words="Do nothing", effect="and pay 3.21 USD a day")
    found = Alert("funding_persistent", SOL_LEG, 1, 1, 1, 1, value=D("-0.07"), shrinking=True)
    key = ("funding_persistent", SOL_LEG)
    row = alert_row(found, book(tickets={key: (ticket, wait)}))
    assert row.order == "Buy back 50 SOL"
    row = alert_row(found, book(tickets={key: (wait,)}))
    assert row.order == "Weigh a smaller hedge or another venue"
