"""The watch on a clock of its own: every update is judged, answers are carried through, edits are applied."""

from __future__ import annotations

from decimal import Decimal

import pytest
from desk import FEED, LEG, SOL, Desk, StandingClock, edited, portfolio, prices

from hedge.book.leg_words import iso
from hedge.market import FeedState, Mark
from hedge.snapshot import AlertRow
from monitor.file_changes import what_changed
from monitor.messages import Acknowledge, Done, History, Points, Rebased, Reckoned, Refused, Reset
from monitor.orders import AT_ONCE, work_out


def alert(desk: Desk, rule: str) -> AlertRow:
    found = [row for row in desk.watch.snapshot().alerts if row.rule == rule]
    assert len(found) == 1, [row.id for row in desk.watch.snapshot().alerts]
    return found[0]


def rules(desk: Desk) -> set[str]:
    return {row.rule for row in desk.watch.snapshot().alerts}


def test_a_book_on_plan_is_quiet() -> None:
    desk = Desk()
    desk.run(60)
    snapshot = desk.watch.snapshot()
    assert snapshot.alerts == ()
    assert snapshot.path == "/book.json"
    assert snapshot.assets[0].drift == 0
    assert snapshot.positions[0].mark == 142
    assert snapshot.limits
    assert snapshot.levels["hedge_drift"]["caution"] == Decimal("0.05")


def test_drift_is_raised_answered_and_cleared() -> None:
    desk = Desk()
    desk.run(5)
    desk.watch.replace(portfolio(held="244"))
    desk.run(1)
    assert rules(desk) & {"hedge_drift"} == set()
    desk.run(2)
    row = alert(desk, "hedge_drift")
    assert (row.level, row.state, row.subject) == ("caution", "unack", "SOL")
    assert row.unanswered_s is not None
    assert row.tickets == ()
    desk.order()
    row = alert(desk, "hedge_drift")
    ticket, wait = row.tickets
    assert (ticket.kind, ticket.contracts, wait.kind) == ("sell", Decimal(22), "wait")
    assert row.order == "Sell 22 SOL"
    assert desk.watch.acknowledge(Acknowledge(row.id, "caution", who="ann@desk")) == Done("Acknowledged.")
    row = alert(desk, "hedge_drift")
    assert (row.state, row.answered_by) == ("acked", "ann")
    desk.watch.replace(portfolio(held="244", contracts="122"))
    desk.run(40)
    assert "hedge_drift" not in rules(desk)
    last = desk.watch.snapshot().last_alert
    assert last is not None
    assert "SOL" in last.title
    assert last.answered is not None
    assert last.cleared is not None


def test_an_answer_that_was_painted_for_something_else_is_refused() -> None:
    desk = Desk(held="244")
    desk.run(5)
    row = alert(desk, "hedge_drift")
    for wrong in (
        Acknowledge(row.id, "warning"),
        Acknowledge(row.id, "loud"),
        Acknowledge("hedge_drift:SOL#9", "caution"),
        Acknowledge("nonsense", "caution"),
    ):
        answer = desk.watch.acknowledge(wrong)
        assert isinstance(answer, Refused)
        assert answer.reason.endswith(".")
    assert alert(desk, "hedge_drift").state == "unack"


def test_worse_asks_again() -> None:
    desk = Desk(held="244")
    desk.run(5)
    row = alert(desk, "hedge_drift")
    desk.watch.acknowledge(Acknowledge(row.id, row.level))
    desk.watch.replace(portfolio(held="330"))
    desk.run(3)
    row = alert(desk, "hedge_drift")
    assert (row.level, row.state) == ("warning", "unack")


def test_a_spike_between_two_frames_still_alerts() -> None:
    """The price is back within the same instant; no snapshot and no heartbeat ever saw it."""
    desk = Desk()
    desk.run(5, "142")
    desk.run(30, "185")
    desk.tell(*prices(desk.clock.now(), "196"))
    desk.tell(*prices(desk.clock.now(), "185"))
    row = alert(desk, "liquidation")
    assert row.level == "warning"
    assert row.subject == LEG


def test_a_rally_goes_through_the_levels_and_a_warning_latches() -> None:
    desk = Desk()
    desk.run(10, "142")
    desk.run(10, "165")
    assert alert(desk, "liquidation").level == "advisory"
    desk.run(10, "180")
    desk.order()
    row = alert(desk, "liquidation")
    assert row.level == "caution"
    assert [ticket.remedy for ticket in row.tickets] == ["add_margin", "buy_back", "trim", "add_margin"]
    goals = [ticket.goal for ticket in row.tickets]
    assert goals == [*[Decimal("0.24")] * 3, Decimal("0.396")], "where a caution clears, then an advisory"
    assert "margin" in row.order
    desk.run(10, "195")
    row = alert(desk, "liquidation")
    assert row.level == "warning"
    desk.watch.acknowledge(Acknowledge(row.id, "warning"))
    desk.run(40, "142")
    row = alert(desk, "liquidation")
    assert row.state == "latch_ack"
    assert desk.watch.reset(Reset(row.id, "warning")) == Done("Reset.")
    assert "liquidation" not in rules(desk)


def test_presumed_liquidated() -> None:
    desk = Desk()
    desk.run(10, "142")
    desk.run(5, "215")
    assert alert(desk, "leg_lost").level == "warning"


def test_silence_is_an_alert_and_figures_say_their_age() -> None:
    desk = Desk()
    desk.run(5)
    desk.tell(FeedState(FEED, "backing_off", "the venue closed the line", desk.clock.now().mono_ms, dials=2))
    desk.silence(7)
    row = alert(desk, "feed")
    assert row.level == "caution"
    assert row.subject == FEED
    snapshot = desk.watch.snapshot()
    assert snapshot.positions[0].stale
    assert snapshot.positions[0].mark == 142
    assert snapshot.totals.stale


def test_nothing_clears_while_the_input_is_silent() -> None:
    desk = Desk()
    desk.run(10, "180")
    assert alert(desk, "liquidation").level == "caution"
    desk.tell(FeedState(FEED, "backing_off", "the venue closed the line", desk.clock.now().mono_ms, dials=2))
    desk.silence(120)
    row = alert(desk, "liquidation")
    assert row.level == "caution"
    assert row.unknown
    assert alert(desk, "feed").level == "warning"


def test_alerts_of_a_removed_leg_close() -> None:
    desk = Desk()
    desk.run(10, "180")
    row = alert(desk, "liquidation")
    desk.watch.acknowledge(Acknowledge(row.id, row.level))
    desk.watch.replace(portfolio(accounts=[]))
    desk.run(1)
    snapshot = desk.watch.snapshot()
    assert snapshot.positions == ()
    assert "liquidation" not in {row.rule for row in snapshot.alerts}


def test_own_levels_of_the_file_hold_at_once() -> None:
    desk = Desk(held="206")
    desk.run(10)
    assert rules(desk) == set()
    desk.watch.replace(portfolio(held="206", alerts={"hedge_drift": {"advisory": "0.005", "caution": "0.01"}}))
    desk.run(5)
    assert alert(desk, "hedge_drift").level == "caution"


def test_an_invalid_edit_is_said_with_the_time_since_when() -> None:
    desk = Desk()
    desk.watch.keep("line 3, holdings[0].quantity: found -1; write a number above 0")
    desk.clock.go(120)
    desk.watch.keep("line 4: found }; close the list")
    (notice,) = desk.watch.snapshot().notices
    assert notice == "File invalid since 11:06: line 4: found }; close the list"
    desk.watch.replace(portfolio(held="244"))
    assert desk.watch.snapshot().notices == ("File applied 11:08: SOL held 200 → 244.",)
    desk.silence(61)
    assert desk.watch.snapshot().notices == ()


def test_what_an_edit_changed_is_said_in_the_order_of_the_file() -> None:
    old = portfolio()
    leg = "main/SOL/USDT:USDT/short"
    assert what_changed(old, portfolio(held="244", contracts="122")) == f"SOL held 200 → 244; {leg} 100 → 122"
    assert what_changed(old, portfolio(policy={"target": "0.6"}, accounts=[])) == f"{leg} 100 → nothing; policy"
    many = [{"asset": coin, "quantity": "1"} for coin in ("SOL", "ADA", "XRP", "LTC")]
    assert what_changed(old, portfolio(holdings=many)) == (
        "SOL held 200 → 1; ADA held nothing → 1; XRP held nothing → 1 and 1 more"
    )
    assert what_changed(old, portfolio()) == "nothing that counts"


def test_history_is_sampled_and_a_silent_spell_stays_a_gap() -> None:
    desk = Desk()
    desk.run(20)
    path = f"positions.{LEG}.to_liquidation"
    points = desk.watch.history(History(path, 60))
    assert isinstance(points, Points)
    assert len(points.values) == 4
    assert "needs" in points.needs
    desk.tell(FeedState(FEED, "backing_off", "gone", desk.clock.now().mono_ms))
    desk.silence(30)
    later = desk.watch.history(History(path, 60))
    assert isinstance(later, Points)
    assert len(later.values) <= 6
    assert isinstance(desk.watch.history(History("totals.net_usd", 60)), Refused)


@pytest.mark.parametrize("price", ["142", "150"])
def test_the_news_flag_follows_updates(price: str) -> None:
    desk = Desk()
    desk.watch.snapshot()
    assert not desk.watch.news
    desk.tell(Mark(FEED, SOL, Decimal(price), desk.clock.now().mono_ms, 60_000))
    assert desk.watch.news


def test_the_cost_of_tickets_is_bounded_and_every_alert_gets_its_own() -> None:
    """Six coins drift at once; three turns later each alert has its order, and an edit takes them all away."""
    coins = ("ADA", "BNB", "DOGE", "LTC", "SOL", "XRP")
    desk = Desk(holdings=[{"asset": coin, "quantity": "200"} for coin in coins])
    desk.run(10)
    ordered = []
    for _ in range(3):
        desk.order()
        ordered.append(sum(bool(row.tickets) for row in desk.watch.snapshot().alerts if row.rule == "hedge_drift"))
    assert ordered[0] == AT_ONCE
    assert ordered[-1] == 5
    desk.clock.go(2)
    due, before = desk.watch.orders_due(), desk.watch.round
    late = work_out(desk.watch.book, due, desk.watch.levels, desk.clock.now())
    desk.watch.replace(portfolio(holdings=[{"asset": coin, "quantity": "201"} for coin in coins]))
    desk.watch.keep_orders(late, before)
    assert not any(row.tickets for row in desk.watch.snapshot().alerts), "they were for the positions before the edit"


def test_a_ticket_that_breaks_leaves_the_watch_and_the_alert(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("monitor.orders.remedies", breaks)
    desk = Desk(held="244")
    desk.run(5)
    desk.order()
    assert alert(desk, "hedge_drift").tickets == ()
    assert "no ticket for hedge_drift:SOL#1" in caplog.text


def test_an_invalid_edit_is_a_caution_until_it_is_mended() -> None:
    desk = Desk()
    desk.run(1)
    desk.watch.keep("line 4: found }; close the list")
    desk.run(1)
    row = alert(desk, "file")
    assert (row.level, row.subject, row.state) == ("caution", "book", "unack")
    assert row.fact + row.fact_rest == "The edited file is not used: line 4: found }; close the list."
    desk.watch.acknowledge(Acknowledge(row.id, "caution"))
    desk.watch.replace(portfolio())
    desk.run(35)
    assert "file" not in rules(desk)


def test_positions_read_a_week_ago_are_an_advisory() -> None:
    written = iso(StandingClock().now().wall_ms - 7 * 86_400_000 + 5_000)
    desk = Desk(accounts=[{**edited()["accounts"][0], "as_of": written}])
    desk.run(4)
    assert "file" not in rules(desk)
    desk.run(4)
    row = alert(desk, "file")
    assert (row.level, row.subject) == ("advisory", "main")
    desk.watch.acknowledge(Acknowledge(row.id, "advisory"))
    desk.watch.replace(portfolio(accounts=[]))
    desk.run(1)
    assert "file" not in rules(desk), "an account that is gone is not old"


def test_the_first_complete_moment_is_the_last_rebalance_until_another_is_told() -> None:
    desk = Desk()
    assert isinstance(desk.watch.rebased(Rebased()), Refused), "no price is known yet"
    desk.run(2, "142")
    assert desk.watch.snapshot().totals.value_change == 0
    desk.run(2, "156.2")
    assert desk.watch.snapshot().totals.value_change == Decimal("0.1")
    answer = desk.watch.rebased(Rebased("ann"))
    assert isinstance(answer, Reckoned)
    assert answer.document.value_usd == 200 * Decimal("156.2")
    assert answer.document.weights == {"SOL": 1}
    assert desk.watch.snapshot().totals.value_change == 0


def test_a_request_that_is_not_on_the_list_of_reads_is_a_fault() -> None:
    desk = Desk()
    reason = "refused: POST api.bybit.com/v5/order/create is not on the list of reads"
    desk.tell(FeedState("rest", "blocked", reason, desk.clock.now().mono_ms))
    row = alert(desk, "fault")
    assert (row.level, row.subject) == ("warning", "rest")
    assert "is not on the list of reads" in row.message
