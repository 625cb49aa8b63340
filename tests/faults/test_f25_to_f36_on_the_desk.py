"""Clocks, prices and contracts that change under a book: what the figures and the alerts make of it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from desk import FEED, LEG, SOL, Desk, facts, prices
from msgspec.structs import replace

from hedge.market import (
    FeedPulse,
    Funding,
    FundingInterval,
    Index,
    Instant,
    Instrument,
    Mark,
    SymbolState,
    Tier,
    Tiers,
    Update,
    Woke,
)
from hedge.snapshot import AlertRow, PositionRow

HOUR_MS = 3_600_000


def row(desk: Desk) -> PositionRow:
    return next(each for each in desk.watch.snapshot().positions if each.id == LEG)


def alerts(desk: Desk, *rules: str) -> list[AlertRow]:
    return [each for each in desk.watch.snapshot().alerts if not rules or each.rule in rules]


def seconds(desk: Desk, count: int, made: list[Update] | None = None) -> None:
    """Time goes by with a price each second, stamped by the venue as `made` wants it."""
    for _ in range(count):
        desk.tell(*(made or []), *prices(desk.clock.now(), "142"))
        for _ in range(4):
            desk.clock.go(0.25)
            desk.watch.tick()


def at_venue(desk: Desk, shift_ms: int, mark: str = "142") -> list[Update]:
    """One tick of the market whose venue's clock is off."""
    now = desk.clock.now()
    return [
        replace(each, venue_ms=now.wall_ms + shift_ms) if isinstance(each, Mark | Index | Funding) else each
        for each in prices(now, mark)
    ]


# F25, F26: the venue's clock


@pytest.mark.parametrize("shift_ms", [-HOUR_MS, -11_000, 11_000, HOUR_MS])
def test_f25_f26_freshness_is_by_our_own_clock_and_the_skew_is_a_caution(shift_ms: int) -> None:
    desk = Desk()
    for _ in range(30):
        now = desk.clock.now()
        desk.tell(FeedPulse(FEED, 1.0, shift_ms / 1000, now.mono_ms), *at_venue(desk, shift_ms))
        for _ in range(4):
            desk.clock.go(0.25)
            desk.watch.tick()
    leg = row(desk)
    assert leg.stale == ()
    assert leg.to_liquidation is not None
    said = alerts(desk, "feed")
    assert len(said) == 1
    assert said[0].level == "caution"
    assert "clock" in f"{said[0].fact}{said[0].message}"
    desk.silence(70)
    assert "mark" in row(desk).stale, "a venue from the future is not fresh for ever"


def test_f25_a_skew_below_two_seconds_is_nothing() -> None:
    desk = Desk()
    seconds(desk, 20, [FeedPulse(FEED, 1.0, 1.9, 0)])
    assert alerts(desk) == []


# F27: our own wall clock


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS])
@pytest.mark.parametrize("held", ["200", "244"])
def test_f27_a_jump_of_our_wall_clock_neither_raises_nor_clears(jump_ms: int, held: str) -> None:
    desk = Desk(held=held)
    desk.run(10)
    before = {(each.id, each.level, each.state) for each in alerts(desk)}
    assert bool(before) is (held == "244")
    stamp_ms = desk.clock.now().wall_ms + 2 * HOUR_MS
    desk.clock.instant = Instant(desk.clock.instant.mono_ms, desk.clock.instant.wall_ms + jump_ms)
    for _ in range(20):
        now = desk.clock.now()
        ticks = [each for each in prices(now, "142") if not isinstance(each, Funding)]
        desk.tell(*ticks, Funding(FEED, SOL, Decimal("0.0001"), stamp_ms, now.mono_ms, 120_000))
        desk.clock.go(1)
        desk.watch.tick()
        assert {(each.id, each.level, each.state) for each in alerts(desk)} == before
    leg = row(desk)
    assert leg.stale == ()
    assert leg.next_funding is not None


# F28: suspend


def test_f28_after_a_sleep_nothing_is_known_and_the_gap_is_an_alert() -> None:
    desk = Desk()
    desk.run(30)
    assert row(desk).stale == ()
    slept_ms = 8 * HOUR_MS
    desk.clock.go(slept_ms / 1000)
    desk.tell(Woke(slept_ms, desk.clock.now().mono_ms))
    desk.watch.tick()
    assert "mark" in row(desk).stale
    gap = alerts(desk, "monitor_gap")
    assert len(gap) == 1
    assert gap[0].level == "caution"
    desk.run(60)
    assert row(desk).stale == ()
    assert alerts(desk, "monitor_gap"), "a gap is over when somebody has seen it"


# F30: the funding interval


@pytest.mark.parametrize("hours", [4, 1])
def test_f30_the_annual_rate_follows_the_interval_of_the_venue_and_both_numbers_are_told(hours: int) -> None:
    desk = Desk()
    desk.run(5)
    eight = row(desk).funding_apr
    for _ in range(8):
        now = desk.clock.now()
        ticks = [each for each in prices(now, "142") if not isinstance(each, FundingInterval)]
        desk.tell(*ticks, FundingInterval(FEED, SOL, Decimal(hours), "bybit stream", now.mono_ms))
        for _ in range(4):
            desk.clock.go(0.25)
            desk.watch.tick()
    assert eight is not None
    assert row(desk).funding_apr == 8 // hours * eight
    told = alerts(desk, "facts")
    assert [each.level for each in told] == ["advisory"]
    assert f"every {hours} h now, before every 8 h" in told[0].fact


# F31: a stamp that passed


def test_f31_a_stamp_that_passed_and_is_not_rolled_is_a_caution_after_two_minutes() -> None:
    desk = Desk()
    stamp_ms = desk.clock.now().wall_ms + 10_000
    seen: dict[int, list[str]] = {}
    for second in range(150):
        now = desk.clock.now()
        ticks = [each for each in prices(now, "142") if not isinstance(each, Funding)]
        desk.tell(*ticks, Funding(FEED, SOL, Decimal("0.0001"), stamp_ms, now.mono_ms, 120_000, now.wall_ms))
        desk.clock.go(1)
        desk.watch.tick()
        seen[second] = [f"{each.level} {each.fact} {each.message}" for each in alerts(desk, "feed")]
    assert seen[120] == [], "a minute or two is what venues take"
    assert len(seen[145]) == 1
    assert seen[145][0].startswith("caution")
    assert "due" in seen[145][0]


# F34: one tick that cannot be


def spiked(desk: Desk, factor: str, seconds_: int, index_too: bool) -> list[tuple[float, str]]:
    """The mark (and the index) times `factor` for so long: when which level of liquidation stood."""
    seen = []
    mark = str(Decimal(142) * Decimal(factor))
    began = desk.clock.now().mono_ms
    for _ in range(seconds_ * 4):
        desk.tell(*prices(desk.clock.now(), mark, mark if index_too else "142"))
        desk.clock.go(0.25)
        desk.watch.tick()
        level = next((each.level for each in alerts(desk, "liquidation")), "")
        seen.append(((desk.clock.now().mono_ms - began) / 1000, level))
    return seen


def test_f34_one_impossible_tick_is_a_caution_and_no_warning() -> None:
    desk = Desk()
    desk.run(10)
    now = desk.clock.now()
    desk.tell(Mark(FEED, SOL, Decimal(142) * Decimal("1.38"), now.mono_ms, 60_000))
    desk.clock.go(0.25)
    desk.watch.tick()
    assert [each.level for each in alerts(desk, "liquidation")] == ["caution"]
    desk.run(5)
    assert [each.level for each in alerts(desk, "liquidation")] == ["caution"]


def test_f34_a_true_crash_is_a_warning_within_two_seconds() -> None:
    desk = Desk()
    desk.run(10)
    seen = spiked(desk, "1.38", 3, index_too=True)
    assert next(at_s for at_s, level in seen if level == "warning") <= 2


def test_f34_a_mark_that_stays_away_alone_is_a_warning_within_two_seconds_too() -> None:
    desk = Desk()
    desk.run(10)
    seen = spiked(desk, "1.38", 3, index_too=False)
    assert next(at_s for at_s, level in seen if level == "warning") <= 2


# F29, F35, F36: what the venue says of the contract


def listed() -> Instrument:
    return next(each for each in facts() if isinstance(each, Instrument))


def unknown_with_a_caution(desk: Desk, words: str) -> None:
    """The leg's risk and the totals that need it are not known, and never zero; one caution says why."""
    leg = row(desk)
    assert leg.to_liquidation is leg.notional_usd is leg.liquidation_price is None
    assert words in leg.why["to_liquidation"]
    totals = desk.watch.snapshot().totals
    assert totals.net_usd is totals.hedge_ratio is totals.to_liquidation is None
    assert words in totals.why["to_liquidation"]
    said = alerts(desk, "facts")
    assert [each.level for each in said] == ["caution"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"base": "WIF"}, "contract on WIF, not SOL"),
        ({"quote": "USDC", "settle": "USDC"}, "USDC"),
        ({"inverse": True}, "inverse"),
        ({"multiplier": Decimal(1000)}, "counts 1000 coins a unit, not 1"),
        ({"contract_size": Decimal(10)}, "its contract size is 10 now, and was 1"),
    ],
)
def test_f35_f36_a_symbol_that_means_something_else_is_refused_as_a_leg(change: dict[str, object], words: str) -> None:
    desk = Desk()
    desk.run(5)
    desk.tell(replace(listed(), at_ms=desk.clock.now().wall_ms, **change))
    desk.run(3)
    unknown_with_a_caution(desk, words)


def test_f35_other_brackets_are_a_caution_and_a_new_reading_of_the_same_is_none() -> None:
    desk = Desk()
    desk.run(5)
    rows = (Tier(Decimal(0), Decimal(50_000), Decimal("0.01")),)
    desk.tell(Tiers("bybit", SOL, rows, "bybit risk-limit"), listed())
    desk.run(2)
    desk.tell(Tiers("bybit", SOL, rows, "bybit risk-limit", at_ms=9), replace(listed(), at_ms=9))
    desk.run(2)
    assert alerts(desk, "facts") == []
    worse = (replace(rows[0], maintenance_rate=Decimal("0.02")),)
    desk.tell(Tiers("bybit", SOL, worse, "bybit risk-limit"))
    desk.run(2)
    assert [each.level for each in alerts(desk, "facts")] == ["caution"]


def test_f29_a_delisting_is_an_advisory_with_its_date_and_a_caution_on_the_last_day() -> None:
    desk = Desk()
    desk.run(5)
    ends_ms = desk.clock.now().wall_ms + 30 * HOUR_MS
    desk.tell(replace(listed(), ends_ms=ends_ms))
    desk.run(2)
    (said,) = alerts(desk, "facts")
    assert said.level == "advisory"
    assert f"{datetime.fromtimestamp(ends_ms / 1000, UTC):%Y-%m-%d}" in said.fact
    desk.clock.go(7 * 3600)
    desk.run(3)
    assert [each.level for each in alerts(desk, "facts")] == ["caution"]


def test_f29_after_its_removal_a_leg_has_no_market_and_no_zero() -> None:
    desk = Desk()
    desk.run(5)
    now = desk.clock.now().mono_ms
    desk.tell(SymbolState("bybit-facts", SOL, "quarantined", "bybit does not list it", now))
    desk.silence(120)
    unknown_with_a_caution(desk, "bybit does not list it")
