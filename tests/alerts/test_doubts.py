"""What flows and may be wrong all the same: frozen marks, clocks that are off, stamps that do not roll."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from alert_rows import account, feed, leg

from alerts.doubts import Doubts
from alerts.feed_rules import cause, judge_feeds, same_cause
from alerts.machine import step
from alerts.scene import scene
from alerts.sentences import say
from alerts.values import Judged, Reading, State
from hedge.market import Funding, Instant
from hedge.snapshot import FeedRow, PositionRow

WALL_MS = 1_795_000_000_000
NEXT_MS = WALL_MS + 60_000


def at(seconds: float) -> Instant:
    return Instant(round(seconds * 1000), WALL_MS + round(seconds * 1000))


def held(mark: str = "142", index: str | None = "142", **given: Any) -> PositionRow:
    fields: dict[str, Any] = {
        "mark": Decimal(mark),
        "index": None if index is None else Decimal(index),
        "sources": {"mark": "bybit-linear", "index": "bybit-linear"},
    }
    return leg(**(fields | given))


def looked(doubts: Doubts, rows: list[PositionRow], seconds: float) -> dict[str, str]:
    return doubts.look((), rows, {}, at(seconds))


def test_a_mark_that_stands_still_while_its_index_moves_is_in_doubt_after_half_a_minute() -> None:
    doubts = Doubts()
    assert looked(doubts, [held()], 0) == {}
    for second in range(1, 30):
        assert looked(doubts, [held(index="143")], second) == {}
    row = held()
    assert looked(doubts, [held(index="143")], 30) == {
        "bybit-linear": f"the mark of {row.symbol} stands still while its index moves"
    }
    assert looked(doubts, [held(mark="142.01", index="143")], 31) == {}


@pytest.mark.parametrize("index", ["142", "142.3", "141.7"])
def test_unchanged_is_not_in_doubt_while_nothing_else_moves(index: str) -> None:
    doubts = Doubts()
    looked(doubts, [held()], 0)
    assert looked(doubts, [held(index=index)], 3600) == {}


def test_without_an_index_the_mark_of_another_venue_tells() -> None:
    other: dict[str, Any] = {
        "id": "x",
        "venue": "binance",
        "symbol": "SOL/USDC:USDC",
        "sources": {"mark": "binance-usdm"},
    }
    doubts = Doubts()
    looked(doubts, [held(index=None), held(index=None, **other)], 0)
    found = looked(doubts, [held(index=None), held("143", None, **other)], 31)
    assert list(found) == ["bybit-linear"]
    assert found["bybit-linear"].endswith("stands still while the mark of SOL/USDC:USDC on binance moves")


def test_a_mark_that_does_not_come_at_all_is_stale_and_not_frozen() -> None:
    doubts = Doubts()
    looked(doubts, [held()], 0)
    looked(doubts, [held(index="150", stale=("mark",))], 31)
    assert looked(doubts, [held(index="150")], 32) == {}, "it counts anew from its return"


def test_a_clock_two_seconds_off_is_in_doubt_until_it_is_within_one_and_a_half() -> None:
    doubts = Doubts()

    def words(skew_s: float | None) -> list[str]:
        return list(doubts.look((feed(state="live", skew_s=skew_s),), (), {}, at(0)).values())

    assert words(None) == words(2.0) == words(-2.0) == []
    assert words(2.1) == ["its clock is over 2 s ahead of this machine's"]
    assert words(1.6) != []
    assert words(1.4) == []
    assert words(1.6) == []
    assert words(-10.0) == ["its clock is over 2 s behind this machine's"]


def due(venue_ms: int | None, now: Instant, **given: Any) -> dict[str, str]:
    row = held(**given)
    funding = Funding("bybit-linear", row.symbol, Decimal("0.0001"), NEXT_MS, now.mono_ms, 120_000, venue_ms)
    return Doubts().look((), [row], {(row.venue, row.symbol): funding}, now)


def test_a_stamp_that_passed_and_does_not_roll_is_in_doubt_after_two_minutes() -> None:
    assert due(NEXT_MS + 120_000, at(180)) == {}
    assert list(due(NEXT_MS + 120_001, at(181))) == ["bybit-linear"]
    assert due(NEXT_MS - 1, at(3600)) == {}, "the venue's own time counts, not a wall clock that was set"
    assert due(None, at(181)) != {}
    assert due(NEXT_MS + 600_000, at(700), stale=("funding",)) == {}


def test_a_feed_in_doubt_is_a_caution_with_its_reason_and_says_so() -> None:
    row = feed("bybit-linear", "live", age_s=0.1)
    made = judge_feeds((row,), (held(stale=()),), doubts={"bybit-linear": "its clock is off"})
    assert [(each.level, each.note) for each in made] == [(2, "its clock is off")]
    state, _ = step(State(), Judged(made[0], 1000))
    said = say(state.alerts["feed", "bybit-linear"], scene(at(1), (), (), (account(),), (row,)))
    assert (said.title, said.fact) == ("Feed in doubt · bybit-linear", "bybit-linear: its clock is off")


def test_silence_speaks_louder_than_doubt() -> None:
    row = feed("bybit-linear", age_s=20.0)
    made = judge_feeds((row,), (held(stale=("mark",)),), doubts={"bybit-linear": "its clock is off"})
    assert made[0].note == ""
    assert made[0].level >= 2


def maintained(name: str, host: str, **given: Any) -> FeedRow:
    return feed(name, "backing_off", reason=f"{host} is out of order (HTTP 503)", **given)


DOWN = (
    maintained("binance-spot", "stream.binance.com:9443"),
    maintained("binance-usdm", "fstream.binance.com"),
    maintained("bybit-linear", "stream.bybit.com"),
)


def levels(made: tuple[Reading, ...]) -> dict[str, int]:
    return {each.subject: each.level for each in made}


def test_a_venue_that_is_out_of_order_is_one_alert() -> None:
    assert levels(judge_feeds(DOWN, ())) == {"binance-spot": 2, "binance-usdm": 0, "bybit-linear": 2}
    assert same_cause("binance-spot", DOWN) == ("binance-usdm",)


def test_the_feed_that_has_an_alert_keeps_it_and_takes_the_others_in() -> None:
    made = judge_feeds(DOWN, (), standing={"binance-usdm"})
    assert levels(made) == {"binance-spot": 0, "binance-usdm": 2, "bybit-linear": 2}
    both = judge_feeds(DOWN, (), standing={"binance-usdm", "binance-spot"})
    assert levels(both) == {"binance-spot": 2, "binance-usdm": 2, "bybit-linear": 2}


def test_one_alert_is_as_grave_as_the_gravest_of_its_feeds() -> None:
    row = leg(
        venue="binance",
        sources={"mark": "binance-usdm"},
        stale=("mark",),
        to_liquidation=Decimal("0.1"),
    )
    assert levels(judge_feeds(DOWN, (row,)))["binance-spot"] == 3


def test_other_causes_are_other_alerts() -> None:
    refused = feed("binance-usdm", "blocked", reason="fstream.binance.com refuses this place or address (HTTP 451)")
    assert cause(refused) == "refuses this place or address (HTTP 451)"
    assert levels(judge_feeds((DOWN[0], refused), ())) == {"binance-spot": 2, "binance-usdm": 2}


def test_a_grouped_alert_names_every_feed_it_stands_for() -> None:
    made = judge_feeds(DOWN, ())
    state, _ = step(State(), Judged(made[0], 1000))
    said = say(state.alerts["feed", "binance-spot"], scene(at(1), (), (), (), DOWN))
    assert "The same holds for binance-usdm." in said.fact_rest
