"""Every key of the command table is pressed, and does what the table says."""

from __future__ import annotations

import book
import pytest
from fake import FakeMonitor
from msgspec.structs import replace
from stage import new_app, overview, playing, shown
from textual.events import Key, Paste

from hedge.snapshot import Snapshot
from monitor.messages import Acknowledge, MonitorLost, Refused, Reset, Stop
from tui.commands import COMMANDS, REPLAY
from tui.guard import KeyGuard

KEYS = {command.id: command.keys.split(",") for command in COMMANDS}


def sent(monitor: FakeMonitor, kind: type) -> list[object]:
    return [request for request in monitor.requests if isinstance(request, kind)]


def test_a_key_means_one_thing_at_a_time() -> None:
    for view in ("", "help", "ticket", "quit"):
        keys = [key for command in COMMANDS if view in command.within for key in command.keys.split(",")]
        assert len(keys) == len(set(keys)), view
    assert not {"ctrl+i", "ctrl+m", "ctrl+s", "ctrl+q", "ctrl+z"} & {key for keys in KEYS.values() for key in keys}


async def test_rows_by_arrow_and_letter() -> None:
    async with playing(FakeMonitor(book.CALM)) as pilot:
        view = lambda: overview(pilot.app).view  # noqa: E731  # type: ignore[arg-type]
        assert view().selected == "BTC"
        for key, expected in zip((*KEYS["down"], *KEYS["up"]), ("ETH", "SOL", "ETH", "BTC"), strict=True):
            await pilot.press(key)
            assert view().selected == expected
        await pilot.press("up")
        assert view().selected == "BTC"
        assert "BTC short · binance" in shown(pilot.app)  # type: ignore[arg-type]


async def test_enter_opens_the_legs_and_escape_folds_them() -> None:
    async with playing(FakeMonitor(book.LEGS)) as pilot:
        screen = overview(pilot.app)  # type: ignore[arg-type]
        await pilot.press("enter", "down", "down")
        assert screen.view.selected == book.LEGS.assets[0].legs[1]
        await pilot.press("escape")
        assert screen.view.opened == frozenset() and screen.view.selected == "BTC"
        await pilot.press("down", "enter")
        assert screen.view.opened == frozenset()


async def test_acknowledge_sends_what_was_painted() -> None:
    monitor = FakeMonitor(book.WARNING)
    async with playing(monitor) as pilot:
        await pilot.press("a")
        await pilot.pause(0.1)
        assert sent(monitor, Acknowledge) == [Acknowledge(book.SOL_ALERT.id, "warning", "ana")]
        assert "acknowledged" in shown(pilot.app)  # type: ignore[arg-type]
        await pilot.press("n")
        overview(pilot.app)._painting._since -= 60  # type: ignore[arg-type]
        await pilot.press("a")
        await pilot.pause(0.1)
        assert sent(monitor, Acknowledge)[1:] == [Acknowledge(book.FEED_ALERT.id, "caution", "ana")]


async def test_what_shares_a_banner_counts_as_one_and_is_answered_with_it() -> None:
    pace = replace(book.SOL_ALERT, id="liquidation_pace:sol#4", rule="liquidation_pace", joins=book.SOL_ALERT.id)
    snapshot = replace(book.WARNING, alerts=(book.SOL_ALERT, pace, *book.WARNING.alerts[1:]))
    monitor = FakeMonitor(snapshot)
    async with playing(monitor) as pilot:
        assert "1 of 3" in shown(pilot.app) and "3 open" in shown(pilot.app)  # type: ignore[arg-type]
        await pilot.press("a")
        await pilot.pause(0.1)
        both = [Acknowledge(alert.id, "warning", "ana") for alert in (book.SOL_ALERT, pace)]
        assert sent(monitor, Acknowledge) == both
        done = replace(pace, state="acked", unanswered_s=None)
        monitor.send(replace(snapshot, alerts=(book.SOL_ALERT, done, *book.WARNING.alerts[1:])))
        await pilot.pause(0.1)
        overview(pilot.app)._painting._since -= 60  # type: ignore[arg-type]
        await pilot.press("a")
        await pilot.pause(0.1)
        assert sent(monitor, Acknowledge)[2:] == both[:1], "what is answered is not answered again"


async def test_an_answer_waits_until_all_of_a_banner_could_be_read() -> None:
    pace = replace(book.SOL_ALERT, id="liquidation_pace:sol#4", rule="liquidation_pace", joins=book.SOL_ALERT.id)
    monitor = FakeMonitor(book.WARNING)
    async with playing(monitor) as pilot:
        monitor.send(replace(book.WARNING, alerts=(book.SOL_ALERT, pace, *book.WARNING.alerts[1:])))
        await pilot.pause(0.1)
        await pilot.press("a")
        await pilot.pause(0.1)
        assert sent(monitor, Acknowledge) == []
        assert "that alert is new" in shown(pilot.app)  # type: ignore[arg-type]


async def test_an_alert_just_painted_is_not_answered() -> None:
    monitor = FakeMonitor(book.WARNING)
    async with playing(monitor, aged=False) as pilot:
        await pilot.press("a")
        await pilot.pause(0.1)
        assert sent(monitor, Acknowledge) == []
        assert "that alert is new" in shown(pilot.app)  # type: ignore[arg-type]
        await pilot.pause(0.6)
        await pilot.press("a")
        await pilot.pause(0.1)
        assert len(sent(monitor, Acknowledge)) == 1


async def test_a_level_that_rises_is_new_again() -> None:
    monitor = FakeMonitor(book.CAUTION)
    async with playing(monitor) as pilot:
        monitor.send(replace(book.CAUTION, alerts=(replace(book.DOGE_ALERT, level="warning"),)))
        await pilot.pause(0.1)
        await pilot.press("a")
        await pilot.pause(0.1)
        assert sent(monitor, Acknowledge) == []


async def test_a_burst_of_keys_answers_nothing() -> None:
    monitor = FakeMonitor(book.WARNING)
    async with playing(monitor) as pilot:
        for key in "axx":
            pilot.app.post_message(Key(key, key))
        await pilot.pause(0.1)
        assert sent(monitor, Acknowledge) == []
        assert "too fast for a hand" in shown(pilot.app)  # type: ignore[arg-type]


async def test_a_paste_answers_nothing() -> None:
    monitor = FakeMonitor(book.WARNING)
    async with playing(monitor) as pilot:
        pilot.app.post_message(Paste("aaqd"))
        await pilot.pause(0.1)
        assert sent(monitor, Acknowledge) == [] and pilot.app.is_running


def test_what_a_burst_is() -> None:
    guard = KeyGuard()
    for time in (1.0, 1.2, 1.205, 1.4, 1.410, 1.414, 2.0):
        guard.note(time)
    assert [time for time in (1.0, 1.2, 1.205, 1.4, 1.41, 1.414, 2.0) if guard.in_burst(time)] == [1.4, 1.41, 1.414]


async def test_a_refusal_is_said_until_the_next_key() -> None:
    monitor = FakeMonitor(book.WARNING, answer=Refused("changed to WARNING, press again"))
    async with playing(monitor) as pilot:
        await pilot.press("a")
        await pilot.pause(0.1)
        assert "changed to WARNING, press again" in shown(pilot.app)  # type: ignore[arg-type]
        await pilot.press("down")
        assert "press again" not in shown(pilot.app)  # type: ignore[arg-type]


async def test_reset_works_only_on_what_is_latched() -> None:
    monitor = FakeMonitor(book.LATCHED)
    async with playing(monitor) as pilot:
        await pilot.press("R")
        await pilot.pause(0.1)
        assert sent(monitor, Reset) == [Reset(book.SOL_ALERT.id, "warning", "ana")]
    other = FakeMonitor(book.WARNING)
    async with playing(other) as pilot:
        await pilot.press("R")
        await pilot.pause(0.1)
        assert sent(other, Reset) == []


async def test_next_alert_also_selects_its_row_and_escape_goes_back() -> None:
    async with playing(FakeMonitor(book.WARNING)) as pilot:
        screen = overview(pilot.app)  # type: ignore[arg-type]
        await pilot.press("n", "n")
        assert screen.view.top == book.DOGE_ALERT and screen.view.selected == "DOGE"
        await pilot.press("escape")
        assert screen.view.top == book.SOL_ALERT and screen.view.selected == "DOGE"


async def test_a_new_alert_comes_to_the_top_and_moves_nothing_else() -> None:
    monitor = FakeMonitor(replace(book.WARNING, alerts=(book.FEED_ALERT, book.DOGE_ALERT)))
    async with playing(monitor) as pilot:
        screen = overview(pilot.app)  # type: ignore[arg-type]
        await pilot.press("down", "n")
        selected, regions = screen.view.selected, [panel.region for panel in screen.children]
        monitor.send(book.WARNING)
        await pilot.pause(0.1)
        assert screen.view.top == book.SOL_ALERT and screen.view.selected == selected
        assert [panel.region for panel in screen.children] == regions


@pytest.mark.parametrize(
    ("key", "words"),
    [("question_mark", "never came, or cannot be computed"), ("t", "1 ADD MARGIN"), ("f", "SKEW: the venue's clock")],
)
async def test_dialogs_leave_the_slot_lit_and_working(key: str, words: str) -> None:
    monitor = FakeMonitor(book.WARNING)
    async with playing(monitor) as pilot:
        screen = overview(pilot.app)  # type: ignore[arg-type]
        await pilot.press(key)
        assert words in shown(pilot.app)  # type: ignore[arg-type]
        dialog = screen.query_one("Dialog").region
        assert dialog.y >= screen.query_one("AlertSlot").region.bottom
        assert dialog.bottom <= screen.query_one("Footer").region.y
        await pilot.press("down", "a")
        await pilot.pause(0.1)
        assert len(sent(monitor, Acknowledge)) == 1 and screen.view.selected == "BTC"
        await pilot.press("escape")
        assert screen.view.dialog == "" and words not in shown(pilot.app)  # type: ignore[arg-type]


async def test_the_ticket_shows_the_state_after_it() -> None:
    async with playing(FakeMonitor(book.WARNING)) as pilot:
        await pilot.press("t")
        text = shown(pilot.app)  # type: ignore[arg-type]
        for words in (
            "Add 414 USDT margin",
            "reduce-only",
            "+12.0",
            "208.80",
            "1.74 USD fee",
            "cannot place it",
            "−8.5",
        ):
            assert words in text
        await pilot.press("escape", "n", "n", "t")
        assert "Sell 6,000 DOGE" in shown(pilot.app)  # type: ignore[arg-type]
    async with playing(FakeMonitor(book.CALM)) as pilot:
        await pilot.press("t")
        assert "Nothing to do for BTC" in shown(pilot.app)  # type: ignore[arg-type]


async def test_help_lists_every_key_and_scrolls_on_a_small_screen() -> None:
    async with playing(FakeMonitor(book.WARNING), size=(80, 24)) as pilot:
        screen = overview(pilot.app)  # type: ignore[arg-type]
        await pilot.press("question_mark")
        seen = shown(pilot.app)  # type: ignore[arg-type]
        for _ in range(8):
            await pilot.press(*["down"] * 5)
            seen += shown(pilot.app)  # type: ignore[arg-type]
        for command in COMMANDS:
            assert (command.help in seen) is (command.section != REPLAY)
        assert "predicted, not yet owed" in seen
        scrolled = screen.view.scroll
        await pilot.press("down")
        assert screen.view.scroll == scrolled


async def test_space_holds_the_figures_but_never_the_alerts() -> None:
    monitor = FakeMonitor(book.CALM)
    async with playing(monitor) as pilot:
        await pilot.press("space")
        monitor.send(book.WARNING)
        await pilot.pause(0.1)
        text = shown(pilot.app)  # type: ignore[arg-type]
        assert "PAUSED" in text and "WARNING" in text and "+86 USD" in text and "+1,414" not in text
        await pilot.press("space")
        assert "+1,414 USD" in shown(pilot.app) and "PAUSED" not in shown(pilot.app)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("snapshot", "count", "keys", "code", "stops"),
    [
        (book.CALM, 2, "q", 0, 0),
        (book.CALM, 1, "q enter", 0, 0),
        (book.WARNING, 3, "q enter", 0, 0),
        (book.WARNING, 1, "q s", 0, 1),
        (book.DEMO, 1, "q", 0, 0),
        (book.WARNING, 1, "d", 0, 0),
        (book.CALM, 1, "ctrl+c", 130, 0),
        (book.WARNING, 1, "ctrl+c ctrl+c", 130, 0),
    ],
)
async def test_ways_out(snapshot: Snapshot, count: int, keys: str, code: int, stops: int) -> None:
    monitor = FakeMonitor(snapshot, count=count)
    async with playing(monitor) as pilot:
        for key in keys.split():
            assert pilot.app.is_running
            await pilot.press(key)
            await pilot.pause(0.1)
        await pilot.pause(0.1)
        assert pilot.app.return_code == code and not pilot.app.is_running
        assert len(sent(monitor, Stop)) == stops


async def test_quitting_can_be_taken_back() -> None:
    async with playing(FakeMonitor(book.WARNING)) as pilot:
        await pilot.press("q")
        await pilot.pause(0.1)
        assert "3 alerts are open." in shown(pilot.app)  # type: ignore[arg-type]
        await pilot.press("escape")
        assert pilot.app.is_running and overview(pilot.app).view.dialog == ""  # type: ignore[arg-type]


async def test_a_lost_monitor_can_be_watched_again() -> None:
    monitor = FakeMonitor(book.CALM, MonitorLost("The monitor ended: killed by signal 9."))
    async with playing(monitor) as pilot:
        text = shown(pilot.app)  # type: ignore[arg-type]
        assert "NOT WATCHING since 03:02:11" in text and "killed by signal 9" in text
        await pilot.press("r")
        monitor.send(book.CALM)
        await pilot.pause(0.1)
        assert "NOT WATCHING" not in shown(pilot.app)  # type: ignore[arg-type]


async def test_three_seconds_of_silence_make_the_screen_stale() -> None:
    monitor = FakeMonitor(book.CALM)
    async with playing(monitor) as pilot:
        screen = overview(pilot.app)  # type: ignore[arg-type]
        screen._heard -= 3.5
        screen.notice_silence()
        await pilot.pause()
        text = shown(pilot.app)  # type: ignore[arg-type]
        assert "STALE" in text and "nothing from the monitor for 4 s" in text and "All quiet" not in text
        monitor.send(book.CALM)
        await pilot.pause(0.1)
        assert "All quiet" in shown(pilot.app)  # type: ignore[arg-type]


async def test_the_bell_rings_once_for_each_alert_that_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = FakeMonitor(book.CALM)
    app = new_app(monitor)
    rung: list[bool] = []
    monkeypatch.setattr(app, "bell", lambda: rung.append(True))
    async with app.run_test(size=(120, 36)) as pilot:
        acked = replace(book.DOGE_ALERT, state="acked", unanswered_s=None)
        for snapshot, count in (
            (book.CAUTION, 1),
            (book.CAUTION, 1),
            (book.WARNING, 2),
            (replace(book.CAUTION, alerts=(acked,)), 2),
            (book.CAUTION, 3),
            (replace(book.CALM, alerts=(replace(book.DOGE_ALERT, level="advisory"),)), 3),
        ):
            monitor.send(snapshot)
            await pilot.pause(0.1)
            assert len(rung) == count
        app.exit(return_code=0)


async def test_the_bell_goes_on_while_pages_do_not_get_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = FakeMonitor(book.CALM)
    app = new_app(monitor)
    rung: list[bool] = []
    monkeypatch.setattr(app, "bell", lambda: rung.append(True))
    async with app.run_test(size=(120, 36)) as pilot:
        failing = replace(book.DOGE_ALERT, rule="pager", subject="pages-1-ntfy", level="warning")
        for alert, later_s, count in (
            (failing, 0, 1),
            (failing, 9, 1),
            (failing, 1.5, 2),
            (failing, 1, 2),
            (replace(failing, state="acked", unanswered_s=None), 30, 2),
        ):
            overview(app)._rang_at -= later_s
            monitor.send(replace(book.CALM, alerts=(alert,)))
            await pilot.pause(0.1)
            assert len(rung) == count
        app.exit(return_code=0)


async def test_the_mouse_can_do_it_too() -> None:
    monitor = FakeMonitor(book.WARNING)
    async with playing(monitor) as pilot:
        screen = overview(pilot.app)  # type: ignore[arg-type]
        await pilot.click("HedgeTable", offset=(20, 4))
        assert screen.view.selected == "SOL"
        await pilot.click("AlertSlot", offset=(6, 3))
        await pilot.pause(0.1)
        assert len(sent(monitor, Acknowledge)) == 1
        footer = shown(pilot.app).splitlines()[-1]  # type: ignore[arg-type]
        await pilot.click("Footer", offset=(footer.index("? help"), 0))
        assert screen.view.dialog == "help"


async def test_what_matters_most_stands_in_the_slot_unless_a_person_chose_another() -> None:
    """An alert whose cause ends falls behind; a live one must not hide behind it."""
    drift, feed, sol = book.DOGE_ALERT, book.FEED_ALERT, book.SOL_ALERT
    monitor = FakeMonitor(replace(book.WARNING, alerts=(drift, sol, feed)))
    async with playing(monitor) as pilot:
        screen = overview(pilot.app)  # type: ignore[arg-type]
        assert screen.view.top == drift
        ended = replace(drift, state="rtn_unack")
        monitor.send(replace(book.WARNING, alerts=(sol, feed, ended)))
        await pilot.pause(0.1)
        assert screen.view.top == sol
        await pilot.press("n")
        assert screen.view.top == feed
        monitor.send(replace(book.WARNING, alerts=(sol, ended, feed)))
        await pilot.pause(0.1)
        assert screen.view.top == feed, "a person chose it"
        monitor.send(replace(book.WARNING, alerts=(sol, ended, replace(feed, state="acked"))))
        await pilot.pause(0.1)
        assert screen.view.top == sol
