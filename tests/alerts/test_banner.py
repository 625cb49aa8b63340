"""Distance and pace of one leg share one banner and count as one; the log keeps them apart."""

from __future__ import annotations

from decimal import Decimal

import pytest
from alert_rows import LINK_LEG, NOW, RESCUE, SOL_LEG, leg, link

from alerts.machine import step
from alerts.scene import Scene, scene
from alerts.values import Ack, Alert, Answered, Logged, Shelf, State
from alerts.words import alert_rows
from hedge.snapshot import AlertRow
from monitor.status import alert_lines

D = Decimal
DISTANCE, PACE = ("liquidation", SOL_LEG), ("liquidation_pace", SOL_LEG)


def alert(rule: str, level: int, owed: int | None = None, subject: str = SOL_LEG, **given: object) -> Alert:
    value = D("0.0981") if rule == "liquidation" else D("5.2")
    fields: dict[str, object] = {
        "episode": 1,
        "level": level,
        "peak": level,
        "owed": level if owed is None else owed,
        "value": value,
        "shrinking": True,
        "asked_ms": NOW.mono_ms,
    }
    if owed == 0:
        fields["ack"] = Answered(level, NOW.mono_ms, value)
    return Alert(rule, subject, **(fields | given))  # type: ignore[arg-type]


def view() -> Scene:
    rows = (leg(hours_to_liquidation=D("5.2"), top_up_hours=D(4)), link())
    return scene(NOW, rows, tickets={DISTANCE: RESCUE})


def rows_of(*alerts: Alert) -> tuple[AlertRow, ...]:
    return alert_rows(State(alerts={each.key: each for each in alerts}), view())


def test_one_banner_says_both_with_their_limits() -> None:
    top, under = rows_of(alert("liquidation", 3), alert("liquidation_pace", 3))
    assert (top.rule, top.joins, under.rule, under.joins) == ("liquidation", "", "liquidation_pace", top.id)
    assert (top.title, under.title) == (
        "Liquidation, distance and pace · SOL short · bybit",
        "Liquidation pace · SOL short · bybit",
    )
    assert top.fact == "A 9.8 % rally liquidates it"
    assert top.fact_rest == ", limit 10 %. At this pace it is liquidated in about 5 h, limit 6 h."
    assert top.order == "Add 414 USDT margin"
    assert top.message.startswith("SOL short on bybit: a 9.8 % rally liquidates it, limit 10 %. At this pace it is")
    assert under.fact == "At this pace it is liquidated in about 5 h"


def test_the_graver_one_keeps_the_banner() -> None:
    top, under = rows_of(alert("liquidation", 2), alert("liquidation_pace", 3))
    assert (top.rule, under.joins) == ("liquidation_pace", top.id)
    assert top.fact_rest == ", limit 6 h. A 9.8 % rally liquidates it, limit 20 %."


def test_deviations_stand_beside_the_hours() -> None:
    sigma = alert("liquidation_pace", 2, value=D("2.4"), measure="liquidation_sigma")
    top, under = rows_of(alert("liquidation", 3), sigma)
    assert under.joins == top.id
    assert top.fact_rest == ", limit 10 %. Liquidation is 2.4 usual moves away, each of 4 h, limit 3."


@pytest.mark.parametrize(
    "other",
    [
        alert("liquidation_pace", 3, subject=LINK_LEG),
        alert("leverage", 2),
        alert("liquidation_pace", 0, 2, peak=2, over_ms=5),
        alert("liquidation_pace", 2, 0, shelf=Shelf(1, "known", 2)),
    ],
)
def test_others_keep_their_own(other: Alert) -> None:
    """Another leg's, another rule's, one that is over, one that is shelved."""
    assert [row.joins for row in rows_of(alert("liquidation", 3), other)] == ["", ""]


def test_none_that_waits_for_an_answer_goes_under_one_that_was_answered() -> None:
    answered, waiting = alert("liquidation", 3, 0), alert("liquidation_pace", 2)
    assert [row.joins for row in rows_of(answered, waiting)] == ["", ""]
    top, under = rows_of(answered, alert("liquidation_pace", 2, 0))
    assert (top.state, under.state, under.joins) == ("acked", "acked", top.id)
    top, under = rows_of(alert("liquidation", 3), alert("liquidation_pace", 2, 0))
    assert (top.state, under.state, under.joins) == ("unack", "acked", top.id)


def test_status_gives_a_banner_one_line_with_both_ids() -> None:
    one, other = alert_lines(rows_of(alert("liquidation", 3), alert("liquidation_pace", 3), alert("leverage", 1)))
    assert one.endswith(f"[unack, liquidation:{SOL_LEG}#1@warning; unack, liquidation_pace:{SOL_LEG}#1@warning]")
    assert other.endswith(f"[unack, leverage:{SOL_LEG}#1@advisory]")


def test_the_log_keeps_them_apart() -> None:
    state = State(alerts={each.key: each for each in (alert("liquidation", 3), alert("liquidation_pace", 2))})
    logged: list[tuple[str, str, int]] = []
    for row in alert_rows(state, view()):
        state, effects = step(state, Ack(row.id, {"caution": 2, "warning": 3}[row.level], 7))
        logged += [(line.what, line.alert.rule, line.alert.level) for line in effects if isinstance(line, Logged)]
    assert logged == [("acked", "liquidation", 3), ("acked", "liquidation_pace", 2)]
