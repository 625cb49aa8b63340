"""The alert slot: banner, next alerts, answered, over, quiet, and what stands over everything."""

from __future__ import annotations

import book
import pytest
from msgspec.structs import replace

from hedge.snapshot import EMPTY, Snapshot
from tui.line import Line
from tui.view import Lost, View
from tui.widgets.slot import clauses, slot_lines


def slot(snapshot: Snapshot, width: int = 120, height: int = 6, **view: object) -> list[str]:
    return [line.text.rstrip() for line in lines(snapshot, width, height, **view)]


def lines(snapshot: Snapshot, width: int = 120, height: int = 6, **view: object) -> list[Line]:
    return slot_lines(View(snapshot=snapshot, figures=snapshot, **view), width, height)  # type: ignore[arg-type]


def inks(line: Line) -> set[str]:
    return {span.ink for span in line.spans if span.text.strip()}


def test_a_warning_fills_its_band_and_says_what_and_what_to_do() -> None:
    shown = slot(book.WARNING)
    assert shown[0].startswith(" ▲ WARNING   Liquidation · SOL short · bybit") and shown[0].endswith(
        "unanswered 0:41   1 of 3"
    )
    assert shown[1] == "▌  A 9.8 % rally liquidates it, limit 10 %. At the pace of the last hour: about 4 h."
    assert shown[2].startswith("▌  Add 414 USDT margin for +12 %")
    assert shown[3] == "▌  a acknowledge   t ticket   s shelve   n next alert"
    assert shown[4].startswith(" ◐ CAUTION   mexc silent for 14 s") and shown[4].endswith("unanswered 0:09")
    assert "Sell 6,000 DOGE" in shown[5]
    band = lines(book.WARNING)[0]
    assert {span.ink for span in band.spans} == {"fill"} and band.paper == "tint"


def test_only_a_warning_may_fill() -> None:
    assert inks(lines(book.CAUTION)[0]) == {"caution-bold", "caution", "text"}


@pytest.mark.parametrize("width", [80, 100, 120, 140, 200, 300])
@pytest.mark.parametrize("height", [5, 6])
def test_no_line_is_too_long_and_the_height_never_changes(width: int, height: int) -> None:
    for snapshot in (book.WARNING, book.CAUTION, book.CALM, book.ANSWERED, book.LATCHED, book.ODD, EMPTY):
        for view in ({}, {"silent_s": 9.0}, {"lost": Lost("03:02:11", "gone"), "silent_s": 9.0}, {"alert": 2}):
            shown = lines(snapshot, width, height, **view)
            assert len(shown) == height
            assert all(len(line.text) <= width for line in shown)


def test_at_80_the_rest_stands_in_one_line_and_no_clause_is_cut() -> None:
    shown = slot(book.WARNING, 80, 5)
    assert shown[1].endswith("limit 10 %.")
    assert shown[2].endswith("2,673 USDT for +24 %.")
    assert shown[4].startswith(" ◐ mexc silent for 14 s") and "◆ DOGE hedge 90.0 %" in shown[4]


def test_answered_loses_the_fill_and_says_who() -> None:
    band = lines(book.ANSWERED)[0]
    assert "fill" not in inks(band) and "△ WARNING" in band.text
    assert "answered 03:04 by ana, asks again in 4:12" in band.text
    assert "acknowledge" not in slot(book.ANSWERED)[3]


def test_over_but_latched_is_one_line_with_its_key() -> None:
    shown = slot(book.LATCHED)
    assert shown[0].startswith(" △ RESET?") and "worst +9.6 %" in shown[0] and shown[0].endswith("R reset")
    assert "CLOSEST TO A LIMIT" in shown[2]
    waiting = replace(book.LATCHED, alerts=(replace(book.LATCHED.alerts[0], state="latch_unack", unanswered_s=3.0),))
    assert slot(waiting)[0].endswith("a acknowledge")


def test_the_next_alert_can_be_shown_in_place() -> None:
    shown = slot(book.WARNING, alert=2)
    assert "Hedge drift · DOGE" in shown[0] and shown[0].endswith("3 of 3")
    assert "mexc" not in shown[4] or "WARNING" in shown[4]


def test_many_alerts_are_counted() -> None:
    more = tuple(replace(book.DOGE_ALERT, id=f"hedge_drift:X{n}#1") for n in range(4))
    assert slot(replace(book.WARNING, alerts=(*book.WARNING.alerts, *more)))[3].endswith("and 4 more")


def test_quiet_says_what_was_last_and_what_is_near() -> None:
    shown = slot(book.CALM)
    assert shown[0] == (
        " All quiet   nothing open, nothing shelved. Last alert: DOGE hedge drift, answered 21:40, cleared 21:52."
    )
    assert shown[3].split()[:4] == ["LINK", "liquidation", "+38.9", "%"] and "advisory at 33 %" in shown[3]
    assert "advisory at −5 %" in shown[5]
    assert shown[3].count("━") == 25 and shown[3].count("─") == 5 and shown[3].endswith("│")
    assert "Nothing has happened since 14:02." in slot(replace(book.CALM, last_alert=None))[0]


def test_nobody_calls_it_quiet_while_something_is_unknown() -> None:
    assert slot(book.ODD)[0].startswith(" Waiting     for mexc")
    sol = book.CALM.positions[2]
    unknown = replace(sol, to_liquidation=None, why={"to_liquidation": "bybit has not sent its tiers"})
    shown = slot(replace(book.CALM, positions=(*book.CALM.positions[:2], unknown, *book.CALM.positions[3:])))[0]
    assert shown == " Not all known   SOL short on bybit: bybit has not sent its tiers."
    assert slot(EMPTY)[0] == " Waiting     for the monitor."


def test_a_feed_that_does_not_come_says_why() -> None:
    feed = replace(book.CALM.feeds[0], state="backing_off", age_s=None, retry_s=2.4, reason="name not resolved")
    snapshot = replace(
        book.ODD, limits=(), feeds=(feed,), notices=("Prices need a network; hedgetui --demo does not.",)
    )
    shown = slot(snapshot)
    assert any("binance-usdm  dials again in 3 s: name not resolved" in line for line in shown)
    assert any("--demo" in line for line in shown)


def test_a_lost_monitor_stands_over_everything() -> None:
    shown = slot(book.WARNING, lost=Lost("03:02:11", "killed by signal 9"), silent_s=4.0)
    assert shown[0] == " ▲ NOT WATCHING since 03:02:11 UTC"
    assert "killed by signal 9" in shown[1] and shown[1].endswith("r watch again")
    assert "Liquidation" in shown[2] and "acknowledge" not in " ".join(shown)


def test_a_silent_monitor_is_said_above_the_alerts() -> None:
    shown = slot(book.WARNING, silent_s=4.2)
    assert shown[0] == " ◐ STALE     nothing from the monitor for 5 s; every figure is as of 03:02:11"
    assert "WARNING" in shown[1] and "unanswered 0:45" in shown[1]
    assert "All quiet" not in " ".join(slot(book.CALM, silent_s=4.2))


@pytest.mark.parametrize(
    ("room", "text"),
    [(60, " for +12 %, 2,673 USDT for +24 %. Or buy back 17 SOL."), (40, " for +12 %, 2,673 USDT for +24 %."),
     (25, " for +12 %…"), (4, "…"), (0, "")],
)  # fmt: skip
def test_sentences_lose_whole_clauses(room: int, text: str) -> None:
    assert clauses(" for +12 %, 2,673 USDT for +24 %. Or buy back 17 SOL.", room) == text


def test_what_speaks_against_a_way_out_stands_below_the_columns() -> None:
    from tui.widgets.ticket import ticket_body

    beside = "SOL is 25.0 points under plan already, and this takes it further: adding margin keeps the hedge"
    tickets = (book.SOL_TICKETS[0], replace(book.SOL_TICKETS[1], beside=beside))
    alert = replace(book.SOL_ALERT, tickets=tickets)
    shown = View(snapshot=replace(book.WARNING, alerts=(alert,)), figures=replace(book.WARNING, alerts=(alert,)))
    for width in (76, 110):
        text = " ".join(" ".join(line.text for line in ticket_body(shown, width)).split())
        assert f"2 {beside}." in text
        assert len([line for line in ticket_body(shown, width) if len(line.text) > width]) == 0
    assert "keeps the hedge" not in " ".join(line.text for line in ticket_body(View(snapshot=book.WARNING), 76))


def test_an_order_is_never_cut_in_the_ticket() -> None:
    from tui.widgets.ticket import ticket_body

    words = "Buy back 50.1 SOL on bybit, keeping its margin in the position"
    ticket = replace(book.SOL_TICKETS[1], words=words)
    alert = replace(book.SOL_ALERT, tickets=(book.SOL_TICKETS[0], ticket))
    shown = View(snapshot=replace(book.WARNING, alerts=(alert,)), figures=book.WARNING)
    for width in (76, 100):
        text = [line.text for line in ticket_body(shown, width)]
        assert "reduce-only" in "".join(text) and "…" not in "".join(text[:8])


def test_below_an_alert_that_is_over_every_other_has_a_line_or_is_counted() -> None:
    over = replace(book.DOGE_ALERT, state="rtn_unack")
    more = tuple(replace(book.SOL_ALERT, id=f"liquidation:X{n}#1") for n in range(7))
    shown = slot(replace(book.WARNING, alerts=(*more, over)), alert=7)
    assert sum("rally liquidates" in line for line in shown) == 4 and shown[-1].strip() == "and 3 more"
    few = slot(replace(book.WARNING, alerts=(*more[:3], over)), alert=3)
    assert sum("rally liquidates" in line for line in few) == 3
