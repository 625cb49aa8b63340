"""What an alert says: the sentences of the pictures, the figures in them, and what fits a line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from alert_rows import NOW, RESCUE, SELL, SOL_LEG, account, doge, feed, leg, link
from msgspec.structs import replace

from alerts import figures
from alerts.phrases import fit, order_of
from alerts.scene import Scene, scene
from alerts.values import Alert, Answered, Shelf, State
from alerts.words import LINE, alert_row, alert_rows, past_alert
from hedge.market import Instant
from hedge.snapshot import AlertRow, Ticket, Totals

D = Decimal
END = {"short": "204.70", "long": "168.10"}
BINGX = replace(leg("0.349"), id="bingx-main/DOGE/USDT:USDT/short", venue="bingx", asset="DOGE")


def book(**given: Any) -> Scene:
    """The book of the pictures."""
    rows: dict[str, Any] = {
        "positions": (leg(), link(), BINGX),
        "assets": (doge(),),
        "accounts": (account(),),
        "feeds": (feed("bybit-linear", "live"), feed(reason="connection lost", age_s=14.2, retry_s=3.4)),
        "tickets": {("liquidation", SOL_LEG): RESCUE, ("hedge_drift", "DOGE"): SELL},
    }
    return scene(NOW, **(rows | given))


def alert(rule: str = "liquidation", subject: str = SOL_LEG, level: int = 3, **given: Any) -> Alert:
    fields: dict[str, Any] = {
        "episode": 1,
        "level": level,
        "peak": level,
        "owed": level,
        "since_ms": NOW.mono_ms - 41_000,
        "asked_ms": NOW.mono_ms - 41_000,
        "value": D("0.0981"),
        "shrinking": rule.startswith("liquidation"),
    }
    return Alert(rule, subject, **(fields | given))


def lines(row: AlertRow) -> tuple[str, str]:
    return row.fact + row.fact_rest, row.order + row.order_rest


# the pictures


def test_the_warning_of_the_picture() -> None:
    row = alert_row(alert(), book())
    assert (row.id, row.level, row.state) == (f"liquidation:{SOL_LEG}#1", "warning", "unack")
    assert row.title == "Liquidation · SOL short · bybit"
    assert (row.fact, row.fact_rest) == ("A 9.8 % rally liquidates it", ", limit 10 %.")
    assert row.order == "Add 414 USDT margin"
    assert row.order_rest == " for +12 %, 2,673 USDT for +24 %. Or buy back 17 SOL, keeping its margin, for +12 %."
    assert (row.since, row.unanswered_s) == ("2026-11-22T03:01:30Z", 41.0)
    assert (row.asset, row.cell, row.threshold, row.age_s) == ("SOL", "to_liquidation", D("0.10"), 0.2)
    assert row.message.startswith("SOL short on bybit: a 9.8 % rally liquidates it, limit 10 %. Add 414 USDT margin")


def test_how_long_at_this_pace() -> None:
    row = alert_row(alert(), book(positions=(leg(hours_to_liquidation=D("4.2")),)))
    assert lines(row)[0] == "A 9.8 % rally liquidates it, limit 10 %. At this pace: about 4 h."


def test_the_drift_of_the_picture() -> None:
    row = alert_row(alert("hedge_drift", "DOGE", 2, value=D("-0.1")), book())
    assert row.title == "Hedge drift · DOGE · bingx"
    assert lines(row) == ("DOGE hedge 90.0 %, 10 points under target.", "Sell 6,000 DOGE (1,328 USD) on bingx.")
    assert row.order == "Sell 6,000 DOGE"
    assert row.message == " ".join(lines(row))
    assert (row.asset, row.cell) == ("DOGE", "drift")


def test_the_silent_feed_of_the_picture() -> None:
    shown = book(feeds=(feed(age_s=14.2, retry_s=3.4),))
    row = alert_row(alert("feed", "mexc-futures", 2, value=D(14)), shown)
    assert lines(row)[0] == "mexc-futures silent for 14 s, dials again in 3 s. LINK figures are its last known."
    assert (row.title, row.order, row.cell) == ("Feed silent · mexc-futures · LINK", "", "age_s")


def test_the_answered_warning_of_the_picture() -> None:
    answered = Answered(3, NOW.mono_ms - 648_000, D("0.0981"), "ana")
    row = alert_row(alert(owed=0, ack=answered), book())
    assert lines(row)[0] == "A 9.8 % rally liquidates it, limit 10 %. Comes back at once at 7.8 % or less."
    assert (row.state, row.unanswered_s, row.asks_again_s) == ("acked", None, 252.0)
    assert (row.answered_by, row.answered_at) == ("ana", "2026-11-22T02:51:23Z")


def test_the_latched_warning_of_the_picture() -> None:
    over = alert(
        level=0, peak=3, owed=0, latched=True, over_ms=NOW.mono_ms - 60_000, value=D("0.1419"), worst=D("0.096")
    )
    row = alert_row(over, book())
    assert row.message == "Liquidation · SOL short · bybit: back at +14.1 % since 03:01, worst +9.6 %."
    assert (row.level, row.state, row.order, row.tickets) == ("warning", "latch_ack", "", ())


# figures in sentences


@pytest.mark.parametrize(
    ("value", "side", "begins"),
    [
        ("0.0999", "short", "A 9.9 % rally liquidates it"),
        ("0.08", "short", "An 8.0 % rally liquidates it"),
        ("0.1199", "short", "An 11.9 % rally liquidates it"),
        ("0.18", "short", "An 18.0 % rally liquidates it"),
        ("0.0996", "long", "A 9.9 % fall liquidates it"),
        ("0.0004", "short", "A 0.0 % rally liquidates it"),
        ("0", "short", "It is in liquidation: the mark 186.42 is past 204.70."),
        ("-0.02", "short", "It is in liquidation"),
    ],
)
def test_a_distance_is_said_as_a_move_and_cut_towards_danger(value: str, side: str, begins: str) -> None:
    row = alert_row(alert(value=D(value)), book(positions=(leg(value, side=side, liquidation_price=D(END[side])),)))
    assert lines(row)[0].startswith(begins)


def test_inside_the_deadband_it_says_where_it_clears() -> None:
    row = alert_row(alert(value=D("0.115")), book())
    assert lines(row)[0] == "An 11.5 % rally liquidates it, limit 10 %, clears beyond 12 %."


def test_a_figure_without_fresh_data_says_its_age() -> None:
    shown = book(positions=(replace(leg(), ages=replace(leg().ages, mark=37.4), stale=("mark",)),))
    row = alert_row(alert(known=False), shown)
    assert lines(row)[0] == "A 9.8 % rally liquidates it, limit 10 %. Last known, 37 s old."
    assert (row.unknown, row.age_s) == (True, 37.4)


@pytest.mark.parametrize(
    ("made", "fact"),
    [
        (doge("0.035", hedge_ratio=D("1.035")), "DOGE hedge 103.5 %, 3.5 points over target."),
        (doge("-1", hedge_ratio=D(0), hedge_coin=D(0)), "DOGE is not hedged, 100 points under target."),
        (doge("-2", hedge_ratio=D(-1), hedge_coin=D(60_000)), "DOGE hedge −100.0 %, 200 points under target."),
        (doge(None, status="no_spot", off_usd=D(-1560)), "DOGE is short with nothing held, 1,560 USD too short."),
    ],
)
def test_drift(made: Any, fact: str) -> None:
    row = alert_row(alert("hedge_drift", "DOGE", value=made.drift), book(assets=(made,)))
    assert lines(row)[0] == fact


def test_the_whole_books_drift_names_the_coin_behind_it() -> None:
    totals = Totals(hedge_ratio=D("0.861"), drift=D("-0.05"))
    row = alert_row(alert("hedge_drift_total", "book", 2, value=D("-0.0503")), book(totals=totals))
    assert lines(row) == (
        "The whole book's hedge 86.1 %, 5 points under target.",
        "Most of it is DOGE, 1,328 USD too long.",
    )


def test_a_silent_feed_under_a_hot_leg_says_where_to_look() -> None:
    shown = book(positions=(link(to_liquidation=D("0.0991")),))
    row = alert_row(alert("feed", "mexc-futures", 3, value=D(14)), shown)
    assert lines(row)[1] == "Look at LINK on mexc itself: last known 9.9 % from liquidation."


@pytest.mark.parametrize(
    ("row", "value", "fact"),
    [
        (
            feed(state="blocked", reason="api.mexc.com refuses this place or address (HTTP 451)", retry_s=600.0),
            None,
            "mexc-futures stopped: api.mexc.com refuses this place or address (HTTP 451), dials again in 10 min.",
        ),
        (
            feed(reason="no route to api.mexc.com: name not resolved", retry_s=2.0),
            None,
            "mexc-futures has brought nothing yet, dials again in 2 s: no route to api.mexc.com: name not resolved.",
        ),
        (
            feed(state="live", symbols={"LINK/USDT:USDT": "refused by mexc: no such market"}),
            None,
            "mexc-futures has brought nothing yet: refused by mexc: no such market.",
        ),
    ],
)
def test_a_feed_that_brings_nothing_says_why(row: Any, value: Decimal | None, fact: str) -> None:
    shown = book(positions=(link(None),), feeds=(row,))
    said = lines(alert_row(alert("feed", "mexc-futures", 2, value=value), shown))[0]
    assert fact in said or fit("", fact, LINE) in said
    assert said == fact or len(said) <= LINE


def test_with_nothing_from_anywhere_the_demo_is_named() -> None:
    def order(*feeds: Any) -> str:
        return lines(
            alert_row(alert("feed", "mexc-futures", 2, value=None), book(positions=(link(None),), feeds=feeds))
        )[1]

    assert order(feed()) == "Check the network. `hedgetui --demo` shows a simulated market and needs none."
    assert order(feed(), feed("bybit-linear", age_s=0.4)) == ""


def test_a_venue_that_no_feed_reads() -> None:
    row = alert_row(alert("feed", "mexc", 2, value=None), book(positions=(link(None),), feeds=()))
    assert lines(row)[0] == "mexc brings nothing: no feed reads it. LINK figures are not known."


@pytest.mark.parametrize(
    ("made", "fact", "order"),
    [
        (
            alert("liquidation_joint", "bybit-main", value=D("0.0999")),
            "A 9 % rally of all marks liquidates bybit-main, limit 10 %.",
            "Add margin or buy back part of a position on bybit.",
        ),
        (
            alert("margin_ratio", "bybit-main", 2, value=D("0.241")),
            "bybit-main has a margin ratio of 24.1 %, limit 20 %. At 100 % it is liquidated.",
            "Add margin or buy back part of a position.",
        ),
        (
            alert("leverage", SOL_LEG, 1, value=D("3.42")),
            "It carries 3.4 times its equity, limit 3. The advice is 1x: no leverage.",
            "Add margin or buy back part of it on bybit.",
        ),
        (
            alert("leg_lost", SOL_LEG, value=D("205.1"), threshold=D("204.70")),
            "The mark reached its liquidation price: 205.10 against 204.70. Presumed liquidated.",
            "Look at it on bybit, then correct the portfolio file.",
        ),
        (
            alert("leg_lost", SOL_LEG, value=D("186.42"), threshold=D("204.70")),
            "The mark reached its liquidation price of 204.70, and is back at 186.42. Presumed liquidated.",
            "Look at it on bybit, then correct the portfolio file.",
        ),
        (
            alert("stop_loss", SOL_LEG, 2, value=D("205.1"), threshold=D("205")),
            "The mark reached its stop-loss at 205.00, now 205.10.",
            "Decide on bybit: nothing was traded from here.",
        ),
        (
            alert("price", "BTC/above/80000", 2, value=D("80312.5")),
            "BTC went above 80,000 USD, now 80,312.5 USD.",
            "",
        ),
        (
            alert("monitor_gap", "book", 2, value=D("7980")),
            "Nobody watched for 2h13, until 03:01.",
            "Look at the positions on their venues: alerts may have been missed.",
        ),
        (
            alert("monitor_gap", "book", 1, value=D("60"), note="by ana"),
            "The monitor was stopped by ana for 60 s, until 03:01.",
            "",
        ),
        (alert("fault", "book", note="the chart could not be drawn."), "The chart could not be drawn.", ""),
        (alert("facts", "bybit-linear"), "Facts: bybit-linear.", ""),
    ],
)
def test_the_other_rules(made: Alert, fact: str, order: str) -> None:
    assert lines(alert_row(made, book())) == (fact, order)


@pytest.mark.parametrize(
    "rule", ["liquidation", "leg_lost", "leverage", "hedge_drift", "stop_loss", "liquidation_joint"]
)
@pytest.mark.parametrize("shown", [book(), scene(NOW)])
@pytest.mark.parametrize("level", [0, 3])
def test_nothing_that_is_missing_breaks_a_sentence(rule: str, shown: Scene, level: int) -> None:
    made = alert(rule, "gone/SOL/short", level, value=None, peak=3, over_ms=None if level else 5, known=False)
    row = alert_row(made, shown)
    assert row.title
    assert row.fact
    assert row.message.endswith(".")


# over


def test_over_without_a_latch_waits_for_its_answer() -> None:
    over = alert("hedge_drift", "DOGE", 0, peak=2, over_ms=NOW.mono_ms, value=D("-0.024"), worst=D("-0.1"))
    row = alert_row(over, book())
    assert row.message == "Hedge drift · DOGE · bingx: back at −2.4 points since 03:02, worst −10 points."
    assert row.state == "rtn_unack"


def test_removed_says_why() -> None:
    gone = alert(level=0, over_ms=NOW.mono_ms, over_why="taken out of the portfolio file")
    row = alert_row(gone, book())
    assert lines(row)[0] == "Over since 03:02: taken out of the portfolio file."


def test_a_feed_that_came_back() -> None:
    row = alert_row(alert("feed", "mexc-futures", 0, peak=2, over_ms=NOW.mono_ms, value=D(0)), book())
    assert lines(row)[0] == "Live again since 03:02."


def test_what_happened_last() -> None:
    made = past_alert(alert("hedge_drift", "DOGE", 2), book(), NOW.mono_ms - 2_000, NOW.mono_ms)
    assert (made.title, made.raised) == ("Hedge drift · DOGE · bingx", "2026-11-22T03:01:30Z")
    assert (made.answered, made.cleared) == ("2026-11-22T03:02:09Z", "2026-11-22T03:02:11Z")


# times, lines, order


def test_i10_a_jump_of_the_wall_clock_changes_labels_only() -> None:
    made = alert(owed=0, ack=Answered(3, NOW.mono_ms - 5_000, D("0.09"), "ana"))
    before = alert_row(made, book())
    jumped = alert_row(made, replace(book(), now=Instant(NOW.mono_ms, NOW.wall_ms + 3_600_000)))
    assert (jumped.since, jumped.answered_at) == ("2026-11-22T04:01:30Z", "2026-11-22T04:02:06Z")
    assert replace(jumped, since=before.since, answered_at=before.answered_at) == before


def test_rows_stand_in_the_order_of_the_screen_and_shelved_ones_last() -> None:
    made = (
        alert("leverage", SOL_LEG, 1, shelf=Shelf(1, "known", 1)),
        alert("hedge_drift", "DOGE", 2, value=D("-0.1")),
        alert("feed", "mexc-futures", 2, value=D(14)),
        alert(),
        alert("price", "BTC/above/1", 0, owed=0, peak=0),
    )
    rows = alert_rows(State(alerts={each.key: each for each in made}), book())
    assert [row.rule for row in rows] == ["liquidation", "feed", "hedge_drift", "leverage"]
    assert rows[-1].unanswered_s is None


@pytest.mark.parametrize(
    ("bold", "rest", "cells", "kept"),
    [
        ("Add 414 USDT margin", " for +12 %. Or buy back 17 SOL.", 76, " for +12 %. Or buy back 17 SOL."),
        ("Add 414 USDT margin", " for +12 %. Or buy back 17 SOL.", 40, " for +12 %."),
        ("Add 414 USDT margin", " for +12 %. Or buy back 17 SOL.", 25, " for…"),
        ("", ".", 10, "."),
    ],
)
def test_a_line_keeps_whole_sentences(bold: str, rest: str, cells: int, kept: str) -> None:
    assert fit(bold, rest, cells) == kept
    assert len(bold) + len(fit(bold, rest, cells)) <= cells


def test_every_line_fits_its_slot() -> None:
    long = Ticket("buy", "bybit", words="Buy back " + "1,000 " * 30, effect="for +12 %")
    row = alert_row(alert(), book(tickets={("liquidation", SOL_LEG): (RESCUE[0], long)}))
    assert max(len(line) for line in lines(row)) <= LINE
    assert lines(row)[1] == "Add 414 USDT margin for +12 %."


@pytest.mark.parametrize(
    ("tickets", "line"),
    [
        ((), ""),
        ((Ticket("wait", words="No order for SOL can be sized yet: no mark has come yet"),), None),
        (
            (
                Ticket(
                    "buy",
                    "bybit",
                    words="Buy back 9 SOL on bybit",
                    notional_usd=D(1677),
                    effect="for a hedge of 50.0 %",
                ),
            ),
            "Buy back 9 SOL (1,677 USD) on bybit for a hedge of 50 %.",
        ),
        (
            (
                Ticket(
                    "sell", "bybit", words="Sell 300 contracts of ETH/USD:ETH (300 USD) on bybit", notional_usd=D(300)
                ),
            ),
            "Sell 300 contracts of ETH/USD:ETH (300 USD) on bybit.",
        ),
    ],
)
def test_orders(tickets: tuple[Ticket, ...], line: str | None) -> None:
    assert "".join(order_of(tickets)) == (f"{tickets[0].words}." if line is None else line)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (figures.share(D("-0.0234")), "−2.3 %"),
        (figures.distance(D("0.0996")), "9.9 %"),
        (figures.distance(D("-0.0011")), "−0.2 %"),
        (figures.whole_distance(D("0.409")), "40 %"),
        (figures.limit(D("0.1")), "10 %"),
        (figures.limit(D("0.125")), "12.5 %"),
        (figures.points(D("0.01")), "1 point"),
        (figures.points(D("-0.0346")), "3.5 points"),
        (figures.trimmed(D("-12000.50")), "−12,000.5"),
        (figures.usd(D("-1560.4")), "1,560 USD"),
        (figures.price(D("186.4"), D("0.01")), "186.40"),
        (figures.price(D("0.22134")), "0.221340"),
        (figures.price(D(0)), "0.00"),
        (figures.seconds(14.9), "14 s"),
        (figures.seconds(180), "3 min"),
        (figures.seconds(7980), "2h13"),
        (figures.seconds(200_000), "2 d"),
        (figures.hours(D("0.5")), "about 30 min"),
        (figures.clock(NOW.wall_ms), "03:02"),
    ],
)
def test_figures(said: str, expected: str) -> None:
    assert said == expected


def test_an_order_says_what_speaks_against_it() -> None:
    sell = Ticket("sell", "bybit", words="Sell 100 SOL on bybit", beside="bybit-main is in liquidation: add first")
    assert order_of((sell,)) == ("Sell 100 SOL on bybit", ". bybit-main is in liquidation: add first.")
