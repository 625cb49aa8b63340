"""The rules of market, money and plan on a watched book: raised at once or within a second, and said in words."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest
from desk import BOOK, FEED, LEG, SOL, Desk, portfolio, prices

from hedge.market import Candle, Candles, FeedState, Funding, Index, Settlement, Settlements
from hedge.snapshot import AlertRow
from monitor.messages import Rebased

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def alert(desk: Desk, rule: str) -> AlertRow:
    found = [row for row in desk.watch.snapshot().alerts if row.rule == rule]
    assert len(found) == 1, [row.id for row in desk.watch.snapshot().alerts]
    return found[0]


def rules(desk: Desk) -> set[str]:
    return {row.rule for row in desk.watch.snapshot().alerts}


def daily(desk: Desk, last: str = "142", move: str = "1.02") -> Candles:
    start = desk.clock.now().wall_ms // DAY_MS * DAY_MS - 61 * DAY_MS
    closes = [Decimal(last) * (1 if day % 2 else Decimal(move)) for day in range(61)]
    candles = tuple(Candle(start + day * DAY_MS, close) for day, close in enumerate(closes))
    return Candles("bybit", SOL, "trade", 24, candles, desk.clock.now().wall_ms)


def settled(desk: Desk, *rates: str) -> Settlements:
    now_ms = desk.clock.now().wall_ms
    last = now_ms // (8 * HOUR_MS) * 8 * HOUR_MS
    stamps = tuple(
        Settlement(last - (len(rates) - 1 - place) * 8 * HOUR_MS, Decimal(rate), Decimal(142))
        for place, rate in enumerate(rates)
    )
    return Settlements("bybit", SOL, stamps, now_ms - 40 * DAY_MS, now_ms)


def test_the_pace_towards_liquidation() -> None:
    """A rally of a third of a percent a minute: the distance is still 27 %, and the hours are few."""
    desk = Desk()
    desk.tell(daily(desk))
    price = Decimal(142)
    for _ in range(17 * 4):
        desk.run(15, f"{price:.2f}")
        price *= Decimal("1.0008")
    row = alert(desk, "liquidation_pace")
    assert (row.subject, row.level) == (LEG, "warning")
    assert row.fact.startswith("At this pace it is liquidated in about ")
    assert (row.value, row.threshold) == (desk.watch.snapshot().positions[0].hours_to_liquidation, 6)


def test_deviations_within_the_time_of_a_top_up() -> None:
    """A coin that moves by a third a day, 48 % from liquidation: two and a half usual moves of four hours."""
    desk = Desk()
    desk.tell(daily(desk, move="1.45"))
    desk.run(4)
    row = alert(desk, "liquidation_pace")
    assert (row.level, row.fact) == ("caution", "Liquidation is 2.6 usual moves away")
    assert row.fact_rest.startswith(", each of 4 h, limit 3.")
    assert row.threshold == 3


def test_a_wide_basis() -> None:
    desk = Desk()
    desk.run(8, "142.9", "142")
    row = alert(desk, "basis")
    assert (row.level, row.subject, row.fact) == ("advisory", LEG, "The mark is 0.63 % above its index")
    assert row.order == "Wait with closing it"
    desk.run(8, "145", "142")
    assert alert(desk, "basis").level == "caution"


def test_one_large_rate_against_the_hedge_and_for_it() -> None:
    desk = Desk()
    for _ in range(4):
        now = desk.clock.now()
        rate = Decimal("-0.0006")
        desk.tell(*prices(now, "142")[:3], Funding(FEED, SOL, rate, now.wall_ms + HOUR_MS, now.mono_ms, 120_000))
        desk.clock.go(1)
        desk.watch.tick()
    row = alert(desk, "funding_large")
    assert (row.level, row.fact) == ("caution", "The coming funding is 65.7 % a year, which you pay")
    assert row.order == "Decide before the stamp"
    for _ in range(45):
        now = desk.clock.now()
        rate = Decimal("0.0006")
        desk.tell(*prices(now, "142")[:3], Funding(FEED, SOL, rate, now.wall_ms + HOUR_MS, now.mono_ms, 120_000))
        desk.clock.go(1)
        desk.watch.tick()
    row = alert(desk, "funding_large")
    assert (row.level, row.fact) == ("advisory", "The coming funding is 65.7 % a year, which you receive")
    assert row.state == "unack", "the caution was never answered"


def test_funding_that_lasts_and_funding_that_turned() -> None:
    desk = Desk()
    desk.tell(settled(desk, *(["0.0001"] * 20), *(["-0.0002"] * 9)))
    desk.run(8)
    row = alert(desk, "funding_persistent")
    assert (row.level, row.fact) == ("caution", "It has paid 21.9 % a year for 72 h")
    assert "funding_flip" not in rules(desk), "nine stamps ago it was news"
    turned = Desk()
    turned.tell(settled(turned, *(["0.0001"] * 20), "-0.0001", "-0.0001"))
    turned.run(8)
    assert alert(turned, "funding_flip").level == "advisory"


def test_a_stablecoin_off_par() -> None:
    desk = Desk()
    for _ in range(8):
        now = desk.clock.now()
        desk.tell(*prices(now, "142"))
        desk.tell(
            Index("bybit-inverse", "BTC/USD:BTC", Decimal("64500"), now.mono_ms, 60_000),
            Index(FEED, "BTC/USDT:USDT", Decimal("65000"), now.mono_ms, 60_000),
        )
        desk.clock.go(1)
        desk.watch.tick()
    row = alert(desk, "stablecoin")
    assert (row.subject, row.level, row.fact) == ("USDT", "caution", "USDT is 0.77 % below one dollar")
    assert row.order == "Move collateral out of USDT"
    assert row.order_rest.startswith(": 19,846 USD")


def test_value_and_weights_since_the_last_rebalance() -> None:
    desk = Desk(holdings=[{"asset": "SOL", "quantity": "200"}, {"asset": "ADA", "quantity": "1"}])
    desk.run(3)
    assert desk.watch.book.last_rebalance is None, "ADA has no price"
    desk = Desk()
    desk.run(3)
    assert desk.watch.snapshot().totals.value_change == 0
    desk.run(10, "112")
    row = alert(desk, "book_value")
    assert (row.level, row.fact) == ("advisory", "The coins are worth 21.1 % less than at the last rebalance")
    desk.watch.rebased(Rebased())
    desk.run(40, "112")
    assert "book_value" not in rules(desk)


def test_a_hedge_that_costs_more_than_it_is_worth() -> None:
    book = copy.deepcopy(BOOK["accounts"])
    book[0]["as_of"] = "2026-10-20"
    book[0]["fees"] = {"taker": "0.0005"}
    desk = Desk(accounts=book)
    desk.tell(settled(desk, *(["-0.00012"] * 100)))
    desk.run(8)
    row = alert(desk, "hedge_cost")
    assert row.level == "caution"
    assert row.fact.startswith("The hedge costs ")
    assert row.order == "Ask whether it is still worth it"


def test_an_old_file_and_a_margin_above_the_collateral() -> None:
    accounts: list[dict[str, Any]] = copy.deepcopy(BOOK["accounts"])
    accounts[0]["as_of"] = "2026-11-01"
    desk = Desk(accounts=accounts)
    desk.run(2)
    row = alert(desk, "file")
    assert (row.subject, row.level) == ("main", "advisory")
    accounts[0]["collateral"] = {"USDT": "5000"}
    leg = accounts[0]["positions"][0]
    del leg["margin"]
    leg["leverage"] = "2"
    desk.watch.replace(portfolio(accounts=accounts))
    desk.run(2)
    row = alert(desk, "file")
    assert (row.level, row.fact) == (
        "caution",
        "The isolated margins of main come to 7,100.00 USDT, more than the 5,000.00 it holds",
    )


@pytest.mark.parametrize("rule", ["liquidation_pace", "basis", "stablecoin", "book_value"])
def test_nothing_of_it_clears_while_its_input_is_silent(rule: str) -> None:
    desk = Desk()
    desk.tell(daily(desk, move="1.35"))
    desk.run(4)
    for _ in range(10):
        now = desk.clock.now()
        desk.tell(*prices(now, "112", "111"))
        desk.tell(
            Index("bybit-inverse", "BTC/USD:BTC", Decimal("64500"), now.mono_ms, 60_000),
            Index(FEED, "BTC/USDT:USDT", Decimal("65000"), now.mono_ms, 60_000),
        )
        desk.clock.go(1)
        desk.watch.tick()
    if rule != "liquidation_pace":
        assert rule in rules(desk)
    desk.tell(FeedState(FEED, "backing_off", "gone", desk.clock.now().mono_ms, dials=2))
    before = rules(desk)
    desk.silence(120)
    assert before <= rules(desk)
    assert alert(desk, "stablecoin").unknown
