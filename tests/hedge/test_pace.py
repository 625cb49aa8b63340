"""How near liquidation is in time: fifteen minutes of marks, the pace they show, and deviations within a top-up."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from hedge.book.book import Book
from hedge.book.trail import GAP_MS, NO_TRAIL, STEP_MS, WINDOW_MS, Trail
from hedge.proximity import sigmas_to_liquidation
from hedge.snapshot import CALM, NEVER, PositionRow
from hedge.stress.shock import Shock
from hedge.stress.what_if import what_if
from tests.hedge.past import daily, zigzag
from tests.hedge.said import D, at, btc_book, mark, tick

BTC = "BTC/USDT:USDT"
LEG = f"main/{BTC}/short"
MINUTE_MS = 60_000


def test_a_trail_keeps_a_quarter_of_an_hour_and_no_more() -> None:
    trail = Trail()
    for second in range(7_200):
        trail.note(second * 1_000, D(second))
    assert len(trail) <= WINDOW_MS // STEP_MS + 2
    now = 7_199_000
    found = trail.earlier(now)
    assert found is not None
    assert WINDOW_MS <= now - found.at_ms < WINDOW_MS + STEP_MS
    assert found.price == found.at_ms // 1_000


def test_a_trail_that_is_too_short_or_has_a_hole_knows_nothing_of_then() -> None:
    trail = Trail()
    assert trail.earlier(WINDOW_MS) is None
    trail.note(0, D(1))
    assert trail.earlier(WINDOW_MS - 1) is None
    assert trail.earlier(WINDOW_MS) == (0, 1)
    trail.note(WINDOW_MS, D(2))
    assert trail.earlier(WINDOW_MS + GAP_MS) == (0, 1)
    assert trail.earlier(WINDOW_MS + GAP_MS + 1) is None, "silent for a minute and more, fifteen minutes ago"


def test_deviations_within_a_horizon() -> None:
    found = sigmas_to_liquidation(mark=D(100), liquidation_price=D(120), sigma_annual=D("0.8"), horizon_hours=D(4))
    assert float(found or 0) == pytest.approx(math.log(1.2) / (0.8 * math.sqrt(4 / 8760)))
    assert sigmas_to_liquidation(mark=D(100), liquidation_price=None, sigma_annual=D(1), horizon_hours=D(4)) is None


def moving(
    minutes: int, step: str, *, start: str = "65000", history: bool = True, **leg: str
) -> tuple[Book, PositionRow]:
    """A bitcoin short whose mark moves by a share each minute."""
    book = btc_book(**leg)
    if history:
        book.apply(daily("binance", BTC, zigzag(start, "0.01")))
    price, at_ms = D(start), 0
    for minute in range(minutes + 1):
        at_ms = minute * MINUTE_MS
        for quarter in range(4):
            tick(book, "binance", BTC, f"{price:.2f}", at_ms + quarter * STEP_MS)
        at_ms += 3 * STEP_MS
        price *= 1 + Decimal(step)
    return book, book.leg(LEG, at(at_ms))


def test_hours_left_at_the_pace_of_a_quarter_hour() -> None:
    book, row = moving(20, "0.001")
    pace = 15 * math.log(1.001) / 0.25
    assert row.liquidation_price is not None
    assert row.mark is not None
    expected = math.log(float(row.liquidation_price / row.mark)) / pace
    assert float(row.hours_to_liquidation or 0) == pytest.approx(expected, rel=0.02)
    assert row.sigmas_to_liquidation is not None
    sigma = float(book.layout.coins["BTC"].volatility.annual or 0)
    far = math.log(float(row.liquidation_price / row.mark))
    assert float(row.sigmas_to_liquidation) == pytest.approx(far / (sigma * math.sqrt(4 / 8760)))
    assert row.top_up_hours == 4


def test_the_time_of_a_top_up_is_a_setting() -> None:
    book, row = moving(1, "0")
    book.top_up_hours = D(16)
    longer = book.leg(LEG, at(MINUTE_MS)).sigmas_to_liquidation
    assert longer is not None
    assert row.sigmas_to_liquidation is not None
    assert float(longer) == pytest.approx(float(row.sigmas_to_liquidation) / 2)


@pytest.mark.parametrize("step", ["-0.001", "0.00001"], ids=["the other way", "no more than usual"])
def test_a_mark_that_is_not_on_its_way_is_calm(step: str) -> None:
    _, row = moving(20, step)
    assert (row.hours_to_liquidation, row.why["hours_to_liquidation"]) == (None, CALM)


def test_a_crawl_is_capped() -> None:
    book = btc_book()
    book.apply(daily("binance", BTC, zigzag("65000", "0.0005")))
    for quarter in range(65):
        tick(book, "binance", BTC, f"{65000 * 1.00000125**quarter:.2f}", quarter * STEP_MS)
    assert book.leg(LEG, at(64 * STEP_MS)).hours_to_liquidation == 999


def test_what_is_missing_is_said() -> None:
    _, row = moving(14, "0.001")
    assert (row.hours_to_liquidation, row.why["hours_to_liquidation"]) == (None, NO_TRAIL)
    assert row.sigmas_to_liquidation is not None
    _, row = moving(20, "0.001", history=False)
    for name in ("hours_to_liquidation", "sigmas_to_liquidation"):
        assert getattr(row, name) is None
        assert row.why[name].startswith(("volatility", "it needs the volatility"))
    book, _ = moving(20, "0.001")
    old = book.leg(LEG, at(40 * MINUTE_MS))
    assert (old.hours_to_liquidation, old.why["hours_to_liquidation"]) == (None, "the mark is old")


def test_in_liquidation_there_is_no_time_left_to_tell() -> None:
    book, _ = moving(20, "0.001")
    book.apply(mark("binance", BTC, "99000", 21 * MINUTE_MS))
    row = book.leg(LEG, at(21 * MINUTE_MS))
    assert (row.hours_to_liquidation, row.why["sigmas_to_liquidation"]) == (None, "it is in liquidation")


def test_a_leg_that_nothing_liquidates_never_gets_there() -> None:
    book = btc_book(margin="70000", side="long")
    tick(book, "binance", BTC, "65000", 0)
    row = book.leg(f"main/{BTC}/long", at(0))
    assert row.why["hours_to_liquidation"] == row.why["sigmas_to_liquidation"] == NEVER


def test_a_supposed_jump_is_no_pace() -> None:
    """The course of a quarter of an hour is lifted with the mark; a shock of nothing leaves the row as it is."""
    book, row = moving(20, "0.001")
    now = at(20 * MINUTE_MS + 3 * STEP_MS)
    still = what_if(book, Shock(), now).snapshot.positions[0]
    assert still.hours_to_liquidation == row.hours_to_liquidation
    shocked = what_if(book, Shock(prices={"BTC": D("0.05")}), now).snapshot.positions[0]
    assert shocked.hours_to_liquidation is not None
    assert row.hours_to_liquidation is not None
    assert shocked.hours_to_liquidation < row.hours_to_liquidation
    assert shocked.hours_to_liquidation > row.hours_to_liquidation / 2
