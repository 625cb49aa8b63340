"""Settled funding: hours of each stamp, means over windows, payments at the mark of their own stamp."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge.funding import Stamp, funding_history
from hedge.market import Settlement, Side
from hedge.settled import (
    adverse_hours,
    dollar_hours,
    hour_weighted_apr,
    mark_at,
    payment,
    rate_stamps,
    realised_apr,
    stamp_hours,
    still_unconfirmed,
    window,
)
from hedge.triggers import persistent_funding, trigger_funding
from tests.hedge.past_books import MIDNIGHT_MS, STAMP_MS, daily, hourly, settled, stamps
from tests.hedge.said import HOUR_MS, WALL_MS, D

BTC = "BTC/USDT:USDT"
EIGHT = D(8)


def test_a_stamp_is_for_the_hours_since_the_one_before_it() -> None:
    found = (*stamps(3, hours=8, last_ms=STAMP_MS), Settlement(STAMP_MS + 4 * HOUR_MS, D(0)))
    found = (*found, Settlement(STAMP_MS + 5 * HOUR_MS, D(0)))
    assert stamp_hours(found, EIGHT) == (8, 8, 8, 4, 1)
    assert stamp_hours(found[3:], EIGHT) == (1, 1)
    assert stamp_hours(found[:1], D(4)) == (4,)
    assert stamp_hours((), EIGHT) == ()


def test_a_hole_is_no_long_interval() -> None:
    early = stamps(2, hours=8, last_ms=STAMP_MS - 80 * HOUR_MS)
    assert stamp_hours((*early, *stamps(2, hours=4)), EIGHT) == (8, 8, 4, 4)


@pytest.mark.parametrize(("count", "hours", "known"), [(2, 8, False), (8, 8, False), (9, 8, True), (72, 1, True)])
def test_a_window_must_be_covered(count: int, hours: int, known: bool) -> None:
    found = window(rate_stamps(stamps(count, hours=hours), D(hours)), 72)
    assert (found.rates is not None) is known
    assert found.hours == (72 if known else None)
    assert (found.why == "") is known
    if not known:
        assert found.why.startswith("needs 3 d of settlements, has ")


def test_nine_tenths_of_a_window_are_enough() -> None:
    found = window(rate_stamps(stamps(165, hours=1), D(1)), 168)
    assert (found.stamps, found.hours) == (165, 165)
    assert window(rate_stamps(stamps(140, hours=1), D(1)), 168).why == "needs 7 d of settlements, has 5 d"


rates = st.lists(st.decimals("-0.01", "0.01", places=6), min_size=9, max_size=40)


@given(rates=rates, side=st.sampled_from(("long", "short")))
def test_means_and_shares_are_those_of_the_trigger(rates: list[Decimal], side: Side) -> None:
    found = stamps(len(rates), [str(rate) for rate in rates])
    taken = window(rate_stamps(found, EIGHT), 72)
    same = trigger_funding(rates=rates, interval_hours=EIGHT, window=9, apr_threshold=D(0), side=side)
    assert hour_weighted_apr(side=side, rates=taken.rates, hours=taken.hours) == same.mean_apr
    against = adverse_hours(side=side, positive_hours=taken.positive_hours, negative_hours=taken.negative_hours)
    assert against is not None
    assert against / 72 == same.adverse_share


def test_hours_weigh_and_stamps_do_not() -> None:
    """A day of eight-hour stamps at +0.01 %, then a day of hourly ones at -0.01 %: eight times as much is paid."""
    mixed = (*stamps(9, ("0.0001",), last_ms=STAMP_MS - 24 * HOUR_MS), *stamps(24, ("-0.0001",), hours=1))
    taken = rate_stamps(mixed, EIGHT)
    found = window(taken, 72)
    assert (found.hours, found.positive_hours, found.negative_hours) == (72, 48, 24)
    apr = hour_weighted_apr(side="short", rates=found.rates, hours=found.hours)
    assert apr == (D("0.0001") * 6 - D("0.0001") * 24) * 8760 / 72
    assert apr == persistent_funding(taken[-30:], apr_threshold=D(0)).mean_apr


@given(
    rates=rates,
    inverse=st.booleans(),
    side=st.sampled_from(("long", "short")),
    marks=st.lists(st.decimals("1", "99999", places=2), min_size=40, max_size=40),
)
def test_payments_are_those_of_the_funding_history(
    rates: list[Decimal], inverse: bool, side: Side, marks: list[Decimal]
) -> None:
    found = [
        payment(
            inverse=inverse, side=side, contracts=D(7), contract_size=D(10), quote_usd=D(1), stamp=stamp, mark=mark,
            hours=EIGHT,
        )
        for stamp, mark in zip(stamps(len(rates), [str(rate) for rate in rates]), marks, strict=False)
    ]  # fmt: skip
    history = funding_history(
        inverse=inverse,
        side=side,
        contracts=D(7),
        contract_size=D(10),
        interval_hours=EIGHT,
        stamps=[Stamp(rate, mark) for rate, mark in zip(rates, marks, strict=False)],
    )
    paid = [each for each in found if each is not None]
    assert sum(each.amount for each in paid) == pytest.approx(history.total)
    if inverse:
        sign = -1 if side == "long" else 1
        assert sum(each.usd for each in paid) == sign * 70 * sum(rates)
    else:
        assert [each.usd for each in paid] == [each.amount for each in paid]


def test_without_a_mark_there_is_no_payment() -> None:
    facts = {"inverse": False, "contracts": D(1), "contract_size": D(1), "quote_usd": D(1), "hours": EIGHT}
    assert payment(side="short", stamp=stamps(1)[0], mark=None, **facts) is None  # type: ignore[arg-type]


def test_the_mark_of_a_stamp_is_the_hourly_close_there_else_the_nearest_daily_one() -> None:
    hours = hourly("bybit", BTC, "mark", [str(100 + n) for n in range(168)])
    days = daily("bybit", BTC, [float(n) for n in range(1, 31)])
    last_hour = WALL_MS // HOUR_MS * HOUR_MS
    assert mark_at(last_hour, hours, days) == 267
    assert mark_at(last_hour - 5 * HOUR_MS, hours, days) == 262
    assert mark_at(MIDNIGHT_MS - 10 * 24 * HOUR_MS, hours, days) == 20
    assert mark_at(MIDNIGHT_MS - 10 * 24 * HOUR_MS - 9 * HOUR_MS, hours, days) == 20
    assert mark_at(MIDNIGHT_MS - 10 * 24 * HOUR_MS - 15 * HOUR_MS, hours, days) == 19
    assert mark_at(MIDNIGHT_MS - 40 * 24 * HOUR_MS, hours, days) is None
    assert mark_at(last_hour, None, None) is None


def test_realised_is_paid_over_what_it_was_paid_on() -> None:
    each = payment(
        inverse=False, side="short", contracts=D(2), contract_size=D(1), quote_usd=D("0.5"), stamp=stamps(1)[0],
        mark=D(100), hours=EIGHT,
    )  # fmt: skip
    assert each is not None
    assert (each.amount, each.usd, each.notional_usd) == (D("0.02"), D("0.01"), 100)
    assert dollar_hours((each, each)) == 1600
    assert realised_apr(paid_usd=D("0.02"), dollar_hours=D(1600)) == D("0.0001") * 1095
    assert realised_apr(paid_usd=D(0), dollar_hours=D(0)) is None
    assert realised_apr(paid_usd=None, dollar_hours=D(1)) is None


def test_a_stamp_that_passed_counts_until_the_venue_has_had_time_to_publish_it() -> None:
    seen = [Settlement(STAMP_MS, D("0.0002"), D(65000))]
    before = stamps(3, last_ms=STAMP_MS - 8 * HOUR_MS)
    assert still_unconfirmed(seen, settled("binance", BTC, before, at_ms=STAMP_MS + 60_000)) == seen
    assert still_unconfirmed(seen, settled("binance", BTC, before, at_ms=STAMP_MS + HOUR_MS)) == []
    published = (*before, Settlement(STAMP_MS, D("0.0001")))
    assert still_unconfirmed(seen, settled("binance", BTC, published, at_ms=STAMP_MS + 60_000)) == []
