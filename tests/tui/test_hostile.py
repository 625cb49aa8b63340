"""Text from outside is data; sizes from 1x1 to huge; a broken panel takes nobody along."""

from __future__ import annotations

from decimal import Decimal

import book
import pytest
from fake import FakeMonitor
from msgspec.structs import replace
from stage import overview, playing, shown

from hedge.snapshot import EMPTY, Snapshot, Totals
from tui.view import View
from tui.widgets.headline import Headlines

NAMES = ("[/foo]", "[@click=app.quit]x[/]", "PERP[USDT]", "币安人生", "A" * 64, "[bold", "{0}%s", "\\[b]")


def named(name: str) -> Snapshot:
    """Every outside string is this one."""
    alert = replace(
        book.SOL_ALERT, title=name, fact=name, fact_rest=name, order=name, order_rest=name, message=name * 3, asset=name
    )
    return replace(
        book.WARNING,
        portfolio=name,
        assets=tuple(replace(row, asset=name) if row.asset == "SOL" else row for row in book.WARNING.assets),
        positions=tuple(
            replace(leg, venue=name, asset=name, sources={"mark": name}, why={"margin": name}, settle=name)
            for leg in book.WARNING.positions
        ),
        alerts=(alert, replace(alert, id="b#1", level="caution")),
        feeds=tuple(replace(feed, feed=name, reason=name, state="backing_off") for feed in book.WARNING.feeds),
        notices=(name,),
    )


@pytest.mark.parametrize("name", NAMES)
async def test_names_are_shown_as_they_are(name: str) -> None:
    for size in ((120, 36), (80, 24), (200, 60), (44, 12)):
        async with playing(FakeMonitor(named(name)), size=size) as pilot:
            text = shown(pilot.app)  # type: ignore[arg-type]
            assert name[:6] in text
            assert all(line.cell_length == size[0] for line in pilot.app.screen._compositor.render_strips())
            await pilot.press("t")
            await pilot.pause()
            assert pilot.app.is_running


async def test_every_size_paints_something_true() -> None:
    async with playing(FakeMonitor(book.WARNING)) as pilot:
        for size in (
            (1, 1),
            (2, 40),
            (39, 9),
            (40, 10),
            (60, 20),
            (79, 24),
            (80, 24),
            (81, 30),
            (140, 29),
            (300, 100),
            (120, 36),
        ):
            await pilot.resize_terminal(*size)
            await pilot.pause(0.05)
            assert pilot.app.is_running
            strips = pilot.app.screen._compositor.render_strips()
            assert len(strips) == size[1]
            if size[0] >= 30:
                assert any("WARNING" in strip.text or "Liquidation" in strip.text for strip in strips)


async def test_dialogs_survive_any_size() -> None:
    async with playing(FakeMonitor(book.WARNING)) as pilot:
        for key in ("question_mark", "t", "q"):
            await pilot.press(key)
            await pilot.pause(0.1)
            for size in ((80, 24), (50, 15), (40, 10), (20, 5), (120, 36)):
                await pilot.resize_terminal(*size)
                await pilot.pause(0.05)
            await pilot.press("escape")
        assert pilot.app.is_running


async def test_a_thousand_alerts_and_rows() -> None:
    alerts = tuple(replace(book.SOL_ALERT, id=f"liquidation:x{n}#1", asset=f"C{n}") for n in range(1000))
    assets = tuple(replace(book.CALM.assets[0], asset=f"C{n}") for n in range(1000))
    async with playing(FakeMonitor(replace(book.WARNING, alerts=alerts, assets=assets))) as pilot:
        text = shown(pilot.app)  # type: ignore[arg-type]
        assert "1 of 1000" in text and "and 997 more" in text
        assert "▲ 980 below" in text or "below" in text
        for _ in range(30):
            await pilot.press("down")
        assert overview(pilot.app).view.selected == "C30"  # type: ignore[arg-type]
        assert "above" in shown(pilot.app)  # type: ignore[arg-type]


async def test_a_panel_that_fails_says_so_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Headlines, view: View, size: object) -> list[object]:
        raise RuntimeError("[/boom]")

    monkeypatch.setattr(Headlines, "draw", broken)
    async with playing(FakeMonitor(book.WARNING)) as pilot:
        text = shown(pilot.app)  # type: ignore[arg-type]
        assert "This panel cannot be painted: RuntimeError: [/boom]" in text
        assert "A 9.8 % rally liquidates it" in text


async def test_odd_figures_never_reach_a_widget_as_numbers() -> None:
    odd = Totals(
        off_usd=Decimal("NaN"), drift=Decimal("1e15"), funding_day_usd=Decimal("-1e17"), spot_usd=Decimal("1e18")
    )
    async with playing(FakeMonitor(replace(book.CALM, totals=odd))) as pilot:
        assert "cannot be painted" not in shown(pilot.app)  # type: ignore[arg-type]


async def test_nothing_known_is_dashes_and_never_zero() -> None:
    async with playing(FakeMonitor(EMPTY)) as pilot:
        text = shown(pilot.app)  # type: ignore[arg-type]
        assert "Waiting" in text and "–" in text and "0.0" not in text


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (200, 60), (44, 12), (30, 4)])
async def test_demo_stands_on_every_frame(size: tuple[int, int]) -> None:
    async with playing(FakeMonitor(book.DEMO), size=size) as pilot:
        for key in ("question_mark", "escape", "t", "escape", "space"):
            assert "DEMO" in shown(pilot.app)  # type: ignore[arg-type]
            await pilot.press(key)


async def test_ascii_is_ascii() -> None:
    for size in ((120, 36), (80, 24), (200, 60), (44, 12)):
        async with playing(FakeMonitor(book.WARNING), size=size, ascii_only=True) as pilot:
            strips = pilot.app.screen._compositor.render_strips()
            assert all(strip.text.isascii() for strip in strips)
            assert any("W!" in strip.text for strip in strips)


async def test_a_tick_never_asks_for_a_new_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = FakeMonitor(book.WARNING)
    async with playing(monitor) as pilot:
        laid: list[bool] = []
        screen = pilot.app.screen
        before = screen._refresh_layout
        monkeypatch.setattr(screen, "_refresh_layout", lambda *a, **k: (laid.append(True), before(*a, **k)))
        for second in range(12, 20):
            assets = tuple(
                replace(row, off_usd=Decimal(second * 1000), age_s=second / 2) for row in book.WARNING.assets
            )
            monitor.send(replace(book.WARNING, as_of=f"2026-11-20T03:02:{second}Z", assets=assets))
            await pilot.pause(0.05)
        assert "+19,000" in shown(pilot.app)  # type: ignore[arg-type]
        assert laid == []
