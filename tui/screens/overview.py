"""The overview: what lies where, what the keys do, and the one view from which all panels are painted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace
from textual import events, on
from textual.app import ComposeResult
from textual.reactive import var
from textual.screen import Screen

from hedge.snapshot import AlertRow, Snapshot
from monitor.messages import Acknowledge, Control, Fault, MonitorLost, Request, Reset, Stop
from tui import shelving
from tui.commands import BINDINGS, BY_ID, works
from tui.frame import Frame, frame
from tui.guard import READABLE_S, SETTLE_S, KeyGuard, Painting
from tui.ink import Inks
from tui.marks import RANK, answered
from tui.painted import Broken, Chosen, Painted
from tui.rows import rows
from tui.view import EMPTY_VIEW, SILENT_AFTER_S, Lost, View, clock
from tui.watching import Watching
from tui.widgets.detail import Detail, basis_path, distance_path, selected_row
from tui.widgets.dialog import Dialog, place_of
from tui.widgets.footer import Footer
from tui.widgets.header import Header
from tui.widgets.headline import Headlines
from tui.widgets.slot import AlertSlot
from tui.widgets.small import Small
from tui.widgets.table import HedgeTable

PAST_EVERY_S = 5.0
UNHEARD_BELL_S = 10.0
"""How often the bell rings while a channel of the pager fails and nobody answered that."""
INTERRUPTED = 130


class Overview(Screen[None], inherit_bindings=False):
    """One view down to every panel; keys and clicks come up here."""

    DEFAULT_CSS = """
    Overview {
        layers: base dialog; layout: vertical; overflow: hidden; background: $background;
        Header, Footer, AlertSlot, Headlines, HedgeTable, Detail, Small { width: 100%; layer: base; }
        Header, Footer { height: 1; }
        Footer { dock: bottom; }
        Small { height: 100%; }
        Dialog { layer: dialog; display: none; position: absolute; }
    }
    """
    BINDINGS = BINDINGS
    ALLOW_SELECT = False

    view: var[View] = var(EMPTY_VIEW, init=False)

    def __init__(self, watching: Watching, inks: Inks, now: Callable[[], float], *, ascii_only: bool = False) -> None:
        super().__init__()
        self._watching = watching
        self._inks = inks
        self._now = now
        self._heard = now()
        self._guard = KeyGuard()
        self._painting = Painting(now)
        self._frame: Frame | None = None
        self._reported: set[str] = set()
        """Panels that failed."""
        self._rung: frozenset[tuple[str, str]] = frozenset()
        self._rang_at = now()
        self.set_reactive(Overview.view, replace(EMPTY_VIEW, ascii_only=ascii_only))

    def compose(self) -> ComposeResult:
        inks = self._inks
        yield Header(inks)
        yield AlertSlot(inks, self._painting)
        yield Headlines(inks)
        yield HedgeTable(inks)
        yield Detail(inks)
        yield Footer(inks)
        yield Small(inks, self._painting)
        yield Dialog(inks)

    def on_mount(self) -> None:
        self.set_interval(0.5, self.notice_silence)
        self.set_interval(PAST_EVERY_S, self.fetch_past)
        self.watch_view(self.view)

    # what comes from the monitor

    def take(self, snapshot: Snapshot) -> None:
        """A newer snapshot. The selection stays, and so does an alert that a person chose to look at."""
        self._heard = self._now()
        before = self.view
        figures = before.figures if before.paused else snapshot
        selected = before.selected
        if rows(figures, before.opened).place(selected) < 0:
            selected = figures.assets[0].asset if figures.assets else ""
        view = replace(before, snapshot=snapshot, figures=figures, selected=selected, silent_s=None, lost=None)
        self.view = replace(view, alert=_same_alert(before, view))
        self._ring()
        if selected != before.selected:
            self.fetch_past()

    def lose(self, error: MonitorLost) -> None:
        """Nobody watches any more."""
        since = clock(self.view.snapshot.as_of) if self.view.snapshot.as_of else ""
        reason = str(error) or "The monitor ended."
        self.view = replace(self.view, lost=Lost(since, reason), silent_s=self._now() - self._heard)
        self.app.bell()

    def notice_silence(self) -> None:
        """A monitor says something every second; one that does not leaves the screen stale."""
        silent = self._now() - self._heard
        if self.view.snapshot.as_of and (silent > SILENT_AFTER_S or self.view.lost is not None):
            self.view = replace(self.view, silent_s=silent)

    def _ring(self) -> None:
        """The bell, once for every caution or warning that newly waits for an answer.

        While pages do not get through it rings again and again: nothing else may reach anybody."""
        alerts = self.view.snapshot.alerts
        asking = frozenset(
            (alert.id, alert.level)
            for alert in alerts
            if alert.unanswered_s is not None and RANK[alert.level] >= RANK["caution"] and not answered(alert)
        )
        unheard = any(alert.rule == "pager" and alert.level == "warning" and alert.state == "unack" for alert in alerts)
        if asking - self._rung or (unheard and self._now() - self._rang_at >= UNHEARD_BELL_S):
            self.app.bell()
            self._rang_at = self._now()
        self._rung = asking

    def fetch_past(self) -> None:
        """Ask for the history that the detail draws, of the selected leg only."""
        row = selected_row(self.view)
        if row is not None and row.leg is not None and self._frame is not None and self._frame.detail:
            paths = [distance_path(row.leg), *([basis_path(row.leg)] if self._frame.big else [])]
            self.run_worker(self._fetch(paths), group="past", exclusive=True)

    async def _fetch(self, paths: list[str]) -> None:
        past = await self._watching.past(paths)
        if past:
            self.view = replace(self.view, past=past)

    # how it lies on the screen

    def watch_view(self, view: View) -> None:
        """Paint it everywhere; lay out anew only when the number of rows or a dialog asks for it."""
        self._arrange()
        for panel in self.query(Painted):
            if panel.display:
                panel.show(view)

    def on_resize(self) -> None:
        self._arrange()
        self.call_after_refresh(self.watch_view, self.view)

    def _arrange(self) -> None:
        width, height = self.size
        shape = frame(width, height, len(rows(self.view.figures, self.view.opened)))
        self._place_dialog(shape)
        if shape == self._frame:
            return
        self._frame = shape
        full = shape.kind == "full"
        for panel in self.query(Painted).exclude("Dialog"):
            panel.display = full != isinstance(panel, Small)
        slot = self.query_one(AlertSlot)
        slot.styles.height, slot.styles.margin = shape.slot, (shape.slot_gap, 0, 0, 0)
        self.query_one(Headlines).styles.height = shape.headline
        self.query_one(HedgeTable).styles.height = shape.table
        detail = self.query_one(Detail)
        detail.styles.height, detail.display = max(1, shape.detail), full and shape.detail > 0

    def _place_dialog(self, shape: Frame) -> None:
        dialog = self.query_one(Dialog)
        place = place_of(self.view.dialog, shape, *self.size) if self.view.dialog else None
        if place is None:
            dialog.display = False
            return
        dialog.styles.offset = place.offset
        dialog.styles.width, dialog.styles.height = place.size
        dialog.display = True

    # keys and mouse

    def change(self, **changes: Any) -> None:
        """A new view that differs in these fields."""
        self.view = replace(self.view, **changes)

    def on_key(self, event: events.Key) -> None:
        """Every key is timed; the monitor's last answer stays until the next one."""
        self._guard.note(event.time)
        if self.view.said:
            self.change(said="", said_no=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        command = BY_ID.get(action)
        return super().check_action(action, parameters) if command is None else works(command, self.view)

    @on(Chosen)
    async def follow_click(self, event: Chosen) -> None:
        event.stop()
        kind, _, row = event.act.partition(":")
        if kind == "row" and row:
            self._select(row)
        elif event.act in BY_ID:
            await self.run_action(event.act)

    @on(Broken)
    def report(self, event: Broken) -> None:
        """A panel that cannot be painted is told to the monitor, once: others may look at the same figures."""
        event.stop()
        if event.panel not in self._reported:
            self._reported.add(event.panel)
            words = f"a screen's {event.panel} cannot be painted: {event.words}"
            self.run_worker(self._watching.ask(Fault(f"screen-{event.panel}", words)), group="report")

    def _select(self, row_id: str) -> None:
        if row_id != self.view.selected:
            self.change(selected=row_id)
            self.fetch_past()

    def _move(self, step: int) -> None:
        if self.view.dialog:
            self.change(scroll=self.query_one(Dialog).scrolled(self.view, step))
            return
        table = rows(self.view.figures, self.view.opened).ids
        if table:
            at = table.index(self.view.selected) if self.view.selected in table else 0
            self._select(table[max(0, min(len(table) - 1, at + step))])

    def action_up(self) -> None:
        self._move(-1)

    def action_down(self) -> None:
        self._move(1)

    def action_open(self) -> None:
        """Open or fold the legs of the selected asset."""
        self.change(opened=self.view.opened ^ {self.view.selected})

    def action_back(self) -> None:
        """Out of a dialog, back to the first alert, or fold the legs, whichever comes first."""
        view = self.view
        if view.dialog:
            self.change(dialog="", scroll=0)
        elif view.alert:
            self.change(alert=0)
        elif view.opened:
            row = selected_row(view)
            asset = row.asset.asset if row is not None else ""
            opened = view.opened - {asset} if asset in view.opened else frozenset()
            self.change(opened=opened, selected=asset or view.selected)

    def action_next_alert(self) -> None:
        """Show the next alert, and put the cursor on its row."""
        self.change(alert=(self.view.alert + 1) % len(self.view.open_alerts))
        alert = self.view.top
        if alert is not None and any(asset.asset == alert.asset for asset in self.view.figures.assets):
            self._select(alert.asset or "")

    def action_pause(self) -> None:
        """Hold the figures; header, slot and bell go on. A replay stops altogether."""
        if self.view.playback is not None:
            self._ask(Control("pause"))
            return
        paused = not self.view.paused
        self.change(paused=paused, figures=self.view.figures if paused else self.view.snapshot)

    def action_frame(self) -> None:
        self._ask(Control("frame"))

    def action_second(self) -> None:
        self._ask(Control("second"))

    def action_seek(self) -> None:
        self._ask(Control("alert"))

    def action_faster(self) -> None:
        self._ask(Control("faster"))

    def action_slower(self) -> None:
        self._ask(Control("slower"))

    def action_help(self) -> None:
        self.change(dialog="help", scroll=0)

    def action_feeds(self) -> None:
        self.change(dialog="feeds", scroll=0)

    def action_ticket(self) -> None:
        self.change(dialog="ticket", scroll=0)

    # requests

    def action_acknowledge(self) -> None:
        """Answer what stands in the slot's banner, if it stood there long enough to be read."""
        banner = self.view.banner
        if not banner:
            return
        if self._painting.readable_for(banner) < READABLE_S:
            self.change(said="that alert is new: read it, then press a again", said_no=True)
            return
        self._careful(self._acknowledge, banner)

    def _acknowledge(self, banner: Sequence[AlertRow]) -> None:
        open_ones = [alert for alert in banner if not answered(alert)] or banner[:1]
        self._ask(*(Acknowledge(alert.id, alert.level, self._watching.who) for alert in open_ones))

    def action_reset(self) -> None:
        """Release the latched alert on top, or the first of the latched ones."""
        latched = [alert for alert in self.view.open_alerts if alert.state == "latch_ack"]
        alert = self.view.top if self.view.top in latched else latched[0]
        if alert is not None:
            self._careful(self._ask, Reset(alert.id, alert.level, self._watching.who))

    def action_shelve(self) -> None:
        """Ask for how long and why; what is shelved is what stands in the slot now."""
        alert = self.view.top
        if alert is not None:
            self.change(dialog="shelve", shelving=alert, shelf_minutes=shelving.moved(alert, 0, 0), scroll=0)

    def action_shorter(self) -> None:
        self._change_shelf(-1)

    def action_longer(self) -> None:
        self._change_shelf(1)

    def _change_shelf(self, step: int) -> None:
        if self.view.shelving is not None:
            self.change(shelf_minutes=shelving.moved(self.view.shelving, self.view.shelf_minutes, step))

    def action_reason_1(self) -> None:
        self._careful(self._shelve, 1)

    def action_reason_2(self) -> None:
        self._careful(self._shelve, 2)

    def action_reason_3(self) -> None:
        self._careful(self._shelve, 3)

    def action_reason_4(self) -> None:
        self._careful(self._shelve, 4)

    def _shelve(self, reason: int) -> None:
        alert = self.view.shelving
        if alert is not None and self.view.dialog == "shelve":
            self.change(dialog="", shelving=None)
            self._ask(shelving.shelve(alert, self.view.shelf_minutes, reason, self._watching.who))

    def _careful(self, act: Callable[..., None], *arguments: object) -> None:
        """Act in a moment, unless the key turns out to be one of a burst."""
        pressed = self._guard.last
        self.set_timer(SETTLE_S, partial(self._settled, pressed, partial(act, *arguments)))

    def _settled(self, pressed: float, act: Callable[[], None]) -> None:
        if self._guard.in_burst(pressed):
            self.change(said="ignored: these keys came too fast for a hand", said_no=True)
        else:
            act()

    def _ask(self, *requests: Request) -> None:
        self.run_worker(self._asked(requests), group="ask")

    async def _asked(self, requests: Sequence[Request]) -> None:
        """The last answer is said, or the first refusal."""
        for request in requests:
            said, no = await self._watching.answer(request)
            self.change(said=said, said_no=no)
            if no:
                return

    def action_revive(self) -> None:
        self._watching.again()

    # leaving

    def action_detach(self) -> None:
        self._careful(self._leave)

    def action_leave(self) -> None:
        self._leave()

    def _leave(self) -> None:
        self.app.exit(return_code=0)

    def action_quit(self) -> None:
        self._careful(self._quit)

    def _quit(self) -> None:
        self.run_worker(self._ask_before_leaving(), group="quit", exclusive=True)

    async def _ask_before_leaving(self) -> None:
        """Detach is the answer to enter; where nobody would miss the monitor nothing is asked."""
        tiny = self._frame is not None and self._frame.kind == "line"
        if self.view.lost is not None or self.view.snapshot.mode in ("demo", "replay") or tiny:
            self._leave()
            return
        reason = await self._watching.reason_to_stay(len(self.view.open_alerts))
        if reason:
            self.change(dialog="quit", asks=reason, scroll=0)
        else:
            self._leave()

    def action_stop(self) -> None:
        self._careful(self._stop)

    def _stop(self) -> None:
        self.run_worker(self._stop_monitor(), group="quit", exclusive=True)

    async def _stop_monitor(self) -> None:
        said, no = await self._watching.answer(Stop(self._watching.who))
        if no:
            self.change(dialog="", said=said, said_no=True)
        else:
            self._leave()

    def action_interrupt(self) -> None:
        """Ctrl+C leaves, but asks once while a warning has no answer."""
        burning = any(alert.level == "warning" and not answered(alert) for alert in self.view.open_alerts)
        if burning and self.view.dialog != "quit" and self.view.lost is None:
            self.change(dialog="quit", asks="A WARNING has no answer yet.", scroll=0)
        else:
            self.app.exit(return_code=INTERRUPTED)


def _same_alert(before: View, after: View) -> int:
    """What matters most stands in the slot; one that a person chose stays until something new comes or it changes."""
    chosen, alerts = before.top, after.open_alerts
    known = {(alert.id, alert.level) for alert in before.open_alerts}
    if before.alert == 0 or chosen is None or any((alert.id, alert.level) not in known for alert in alerts):
        return 0
    same = (index for index, alert in enumerate(alerts) if alert.id == chosen.id and alert.state == chosen.state)
    return next(same, 0)
