"""What stands on top: a total order (I11), a lost feed under a hot leg first."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

from alert_rows import NOW, account, decimal, doge, leg, link
from hypothesis import given
from hypothesis import strategies as st

from alerts.levels import DEFAULT_LEVELS, levels_from
from alerts.limits import nearest_limits
from alerts.order import place
from alerts.scene import scene
from alerts.values import Alert, Answered, Shelf, State
from alerts.words import in_order
from hedge.snapshot import Totals


def alert(rule: str, level: int, owed: int | None = None, subject: str = "SOL", **given: object) -> Alert:
    fields: dict[str, object] = {"episode": 1, "level": level, "peak": level, "owed": level if owed is None else owed}
    return Alert(rule, subject, **(fields | given))  # type: ignore[arg-type]


def test_the_tiers_stand_in_the_order_of_their_danger() -> None:
    wanted = [
        alert("feed", 3, subject="bybit-linear"),
        alert("liquidation", 3),
        alert("feed", 2, subject="mexc-futures"),
        alert("liquidation", 3, 0, ack=Answered(3, 0)),
        alert("hedge_drift", 2),
        alert("hedge_drift", 2, 0, subject="BTC", ack=Answered(2, 0)),
        alert("leverage", 1, shelf=Shelf(1, "known", 1)),
    ]
    for shuffled in permutations(wanted):
        assert sorted(shuffled, key=place) == wanted


def test_an_answered_loss_of_a_feed_under_a_hot_leg_stays_on_top() -> None:
    assert place(alert("feed", 3, 0)) < place(alert("liquidation", 3))


def test_what_is_over_and_latched_stands_with_the_answered_warnings() -> None:
    latched = alert("liquidation", 0, 0, peak=3, latched=True, over_ms=5)
    assert place(alert("liquidation", 3, 0)) < place(latched) < place(alert("hedge_drift", 2))


def test_an_unanswered_warning_that_is_over_stands_below_one_that_is_true() -> None:
    over = alert("hedge_drift", 0, 3, peak=3, over_ms=5)
    assert place(alert("liquidation", 3)) < place(over) < place(alert("feed", 2))


def test_among_equals_the_nearest_then_the_oldest() -> None:
    near, far = Decimal("0.05"), Decimal("0.09")
    one, two = alert("liquidation", 3, subject="a"), alert("liquidation", 3, subject="b", since_ms=1)
    assert place(two, near) < place(one, far)
    assert place(one, near) < place(two, near)
    assert place(two, near) < place(one, None)


alerts = st.builds(
    lambda rule, subject, level, peak, owed, shelved, latched, since: Alert(
        rule,
        subject,
        1,
        level,
        max(level, peak),
        min(owed, max(level, peak)),
        since_ms=since,
        latched=latched,
        over_ms=None if level else 1,
        shelf=Shelf(9, "known", level) if shelved and level else None,
    ),
    st.sampled_from(("feed", "liquidation", "hedge_drift")),
    st.sampled_from(("a", "b")),
    st.integers(0, 3),
    st.integers(1, 3),
    st.integers(0, 3),
    st.booleans(),
    st.booleans(),
    st.integers(0, 1),
)
distances = st.none() | st.sampled_from((Decimal("-0.1"), Decimal("0.1"), Decimal("0.10")))


@given(st.lists(st.tuples(alerts, distances), min_size=2, max_size=6, unique_by=lambda each: each[0].key))
def test_i11_the_order_is_total_and_a_stale_hot_feed_comes_first(found: list[tuple[Alert, Decimal | None]]) -> None:
    places = [place(*each) for each in found]
    assert len(set(places)) == len(places), "no two alerts share a place"
    first = min(found, key=lambda each: place(*each))[0]
    if any(each.rule == "feed" and each.level == 3 and each.shelf is None for each, _ in found):
        assert (first.rule, first.level) == ("feed", 3)


def test_the_scene_brings_the_distances() -> None:
    sol, mexc = leg("0.09"), link(to_liquidation=Decimal("0.15"))
    shown = scene(NOW, (sol, mexc), (doge(to_liquidation=Decimal("0.3")),), (account("0.08"),))
    assert [
        shown.distance(alert(rule, 2, subject=subject))
        for rule, subject in (
            ("liquidation", sol.id),
            ("feed", "mexc-futures"),
            ("liquidation_joint", "bybit-main"),
            ("hedge_drift", "DOGE"),
            ("price", "DOGE/above/1"),
            ("hedge_drift_total", "book"),
            ("liquidation", "gone/X/short"),
        )
    ] == [decimal(far) for far in ("0.09", "0.15", "0.08", None, None, None, None)]
    state = State(alerts={each.key: each for each in (alert("leverage", 1), alert("liquidation", 3))})
    assert [each.rule for each in in_order(state, shown)] == ["liquidation", "leverage"]


# the figures nearest to a limit


def test_the_three_nearest_limits_of_a_calm_book() -> None:
    sol, lnk = leg("0.40"), link(2.0, to_liquidation=Decimal("0.389"))
    found = nearest_limits((sol, lnk), (account("0.426", "0.02"),), (doge("0.001"),), Totals(), DEFAULT_LEVELS)
    assert [(each.label, each.level, each.unit) for each in found] == [
        ("LINK liquidation", "advisory", "percent"),
        ("SOL liquidation", "advisory", "percent"),
        ("bybit, all marks together", "advisory", "percent"),
    ]
    assert [round(each.nearness, 3) for each in found] == [0.848, 0.825, 0.775]
    assert found[0].threshold == Decimal("0.33")


def test_limits_look_at_the_next_level_and_skip_what_is_not_known() -> None:
    found = nearest_limits(
        (leg("0.15"), leg(None)), (account(None, None),), (doge("-0.04"),), Totals(drift=Decimal("0.2")), DEFAULT_LEVELS
    )
    assert [(each.rule, each.level, each.threshold) for each in found] == [
        ("hedge_drift", "caution", Decimal("0.05")),
        ("liquidation", "warning", Decimal("0.10")),
    ]
    assert nearest_limits((leg("-0.1"),), (), (), Totals(), DEFAULT_LEVELS)[0].nearness == 1.0


def test_legs_and_accounts_of_one_name_are_told_apart() -> None:
    twin = leg("0.5", id="okx/SOL/USDT:USDT/short", venue="okx", account="okx-main")
    other = account("0.5")
    second = type(other)("bybit-two", "bybit", joint_to_liquidation=Decimal("0.5"))
    found = nearest_limits((leg("0.5"), twin), (other, second), (), Totals(), DEFAULT_LEVELS, count=9)
    assert {each.label for each in found} >= {
        "SOL liquidation bybit",
        "SOL liquidation okx",
        "bybit-main, all marks together",
        "bybit-two, all marks together",
    }


def test_the_whole_books_drift_counts_beside_several_coins() -> None:
    totals = Totals(drift=Decimal("0.029"))
    assets = (doge("0"), doge("0", asset="BTC"))
    assert nearest_limits((), (), assets, totals, DEFAULT_LEVELS)[0].label == "hedge drift, whole book"
    assert nearest_limits((), (), assets[:1], totals, DEFAULT_LEVELS)[0].label == "DOGE hedge drift"
    own = levels_from({"hedge_drift_total": {"advisory": "0.3", "caution": "0.4", "warning": "0.5"}})
    assert nearest_limits((), (), assets, totals, own)[0].nearness < 0.1
