"""The engine in process: scripted feeds, a standing clock, real tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from desk import LEG, StandingClock, facts, portfolio, prices

from hedge.market import Update, Want, Woke
from monitor.engine import Engine
from monitor.messages import Acknowledge, Done, History, MonitorLost, Points, Stop, WatcherCount, Watchers
from monitor.portfolio_file import Edit
from monitor.watch import Watch

Emit = Callable[[Update], None]


class Market:
    """Feeds in the test's hand: what they were asked for, and a way to speak."""

    def __init__(self) -> None:
        self.wants: list[Sequence[Want]] = []
        self.emit: Emit | None = None
        self.started = asyncio.Event()

    async def feeds(self, wants: Sequence[Want], emit: Emit) -> None:
        self.wants.append(wants)
        self.emit = emit
        self.started.set()
        await asyncio.Event().wait()

    def tell(self, *updates: Update) -> None:
        assert self.emit is not None
        for update in updates:
            self.emit(update)


class Edits:
    """A portfolio file whose next look the test decides."""

    def __init__(self) -> None:
        self.next: Edit | None = None
        self.looks = 0

    def poll(self) -> Edit | None:
        self.looks += 1
        edit, self.next = self.next, None
        return edit


class Bench:
    """An engine that runs while the test does."""

    def __init__(self, feeds: Callable[[Sequence[Want], Emit], Awaitable[None]] | None = None, **changes: Any) -> None:
        self.clock = StandingClock()
        self.market = Market()
        self.edits = Edits()
        self.watch = Watch(portfolio(**changes), self.clock, path="/book.json")
        self.engine = Engine(self.watch, feeds or self.market.feeds, self.edits)

    async def __aenter__(self) -> Bench:
        self.running = asyncio.create_task(self.engine.run())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.engine.stop("the test is over")
        await asyncio.gather(self.running, return_exceptions=True)


async def soon(condition: Callable[[], object], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 what is waited for has no event
            await asyncio.sleep(0.01)


async def test_snapshots_follow_updates_at_most_four_a_second_and_come_without_news() -> None:
    async with Bench() as bench:
        await bench.market.started.wait()
        bench.market.tell(*facts())
        loop = asyncio.get_running_loop()
        taken: list[tuple[float, str]] = []

        async def view() -> None:
            async for snapshot in bench.engine.snapshots():
                taken.append((loop.time(), str(snapshot.positions[0].mark)))

        viewing = asyncio.create_task(view())
        started = loop.time()
        while loop.time() - started < 1.6:
            bench.market.tell(*prices(bench.clock.now(), str(142 + len(taken))))
            await asyncio.sleep(0.005)
        busy = len(taken)
        assert 4 <= busy <= 9
        await asyncio.sleep(2.4)
        assert len(taken) - busy >= 2, "a snapshot comes each second though nothing happens"
        viewing.cancel()
        await asyncio.gather(viewing, return_exceptions=True)
        await soon(lambda: bench.engine.watching == 0)


async def test_nothing_is_built_while_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Bench() as bench:
        await bench.market.started.wait()
        built: list[int] = []
        monkeypatch.setattr(bench.watch, "snapshot", lambda: built.append(1))
        bench.market.tell(*facts(), *prices(bench.clock.now(), "142"))
        await asyncio.sleep(0.6)
        assert built == []


async def test_requests_are_answered() -> None:
    async with Bench(held="244") as bench:
        await bench.market.started.wait()
        bench.market.tell(*facts(), *prices(bench.clock.now(), "142"))
        bench.clock.go(3)
        await soon(lambda: bench.watch.snapshot().alerts)
        (row, *_) = [row for row in bench.watch.snapshot().alerts if row.rule == "hedge_drift"]
        assert await bench.engine.request(Acknowledge(row.id, row.level, who="ann")) == Done("Acknowledged.")
        points = await bench.engine.request(History(f"positions.{LEG}.to_liquidation", 60))
        assert isinstance(points, Points)
        assert points.values
        assert await bench.engine.request(Watchers()) == WatcherCount(0)
        assert isinstance(await bench.engine.request(Stop(who="ann")), Done)
        end = await bench.running
        assert (end.reason, end.code) == ("stopped by ann", 0)


async def test_an_edit_is_applied_and_an_invalid_one_keeps_the_old_book() -> None:
    async with Bench() as bench:
        await bench.market.started.wait()
        bench.market.tell(*facts(), *prices(bench.clock.now(), "142"))
        bench.edits.next = Edit(portfolio=portfolio(held="250"))
        await soon(lambda: bench.watch.snapshot().assets[0].spot_quantity == 250)
        bench.edits.next = Edit(mistake="line 2: found }; close the list")
        await soon(lambda: any("invalid" in notice for notice in bench.watch.snapshot().notices))
        snapshot = bench.watch.snapshot()
        assert "line 2" in snapshot.notices[0]
        assert snapshot.assets[0].spot_quantity == 250
        assert len(bench.market.wants) == 1, "the same markets: the feeds go on"


async def test_an_edit_that_needs_another_market_restarts_the_feeds() -> None:
    async with Bench() as bench:
        await bench.market.started.wait()
        more = [{"asset": "SOL", "quantity": "200"}, {"asset": "AVAX", "quantity": "900"}]
        bench.edits.next = Edit(portfolio=portfolio(holdings=more))
        await soon(lambda: len(bench.market.wants) == 2)
        assert Want("binance", "AVAX/USDT", spot=True) in bench.market.wants[1]


class Told:
    """Feeds that can be told what to read."""

    def __init__(self) -> None:
        self.started: list[set[Want]] = []
        self.told: list[set[Want]] = []

    async def __call__(self, wants: Sequence[Want], emit: Emit) -> None:
        self.started.append(set(wants))
        await asyncio.Event().wait()

    def want(self, wants: Sequence[Want]) -> None:
        self.told.append(set(wants))


async def test_feeds_that_can_be_told_go_on_over_an_edit_that_adds_or_removes_a_market() -> None:
    feeds = Told()
    async with Bench(feeds) as bench:
        await soon(lambda: bool(feeds.started))
        more = [{"asset": "SOL", "quantity": "200"}, {"asset": "AVAX", "quantity": "900"}]
        bench.edits.next = Edit(portfolio=portfolio(holdings=more))
        await soon(lambda: len(feeds.told) == 1)
        assert Want("binance", "AVAX/USDT", spot=True) in feeds.told[0]
        bench.edits.next = Edit(portfolio=portfolio(holdings=more[:1]))
        await soon(lambda: len(feeds.told) == 2)
        assert feeds.told[1] < feeds.told[0]
        assert len(feeds.started) == 1


async def test_a_sleep_of_the_machine_is_an_alert_of_its_own() -> None:
    async with Bench() as bench:
        await bench.market.started.wait()
        bench.market.tell(Woke(8 * 3_600_000, bench.clock.now().mono_ms))
        await soon(lambda: any(row.rule == "monitor_gap" for row in bench.watch.snapshot().alerts))
        gap = next(row for row in bench.watch.snapshot().alerts if row.rule == "monitor_gap")
        assert gap.level == "caution"
        assert "Nobody watched for 8h00" in gap.message


async def test_the_end_reaches_every_viewer_with_its_reason() -> None:
    async with Bench() as bench:
        await bench.market.started.wait()
        snapshots = bench.engine.snapshots()
        await anext(snapshots)
        bench.engine.stop("stopped by SIGTERM", 143)
        assert (await bench.running).code == 143
        with pytest.raises(MonitorLost, match="stopped by SIGTERM"):
            while True:
                await anext(snapshots)
        late = bench.engine.snapshots()
        with pytest.raises(MonitorLost):
            await anext(late)


async def broken(wants: Sequence[Want], emit: Emit) -> None:
    raise KeyError("a bug")


async def returning(wants: Sequence[Want], emit: Emit) -> None:
    return


@pytest.mark.parametrize(("feeds", "says"), [(broken, "KeyError"), (returning, "stopped by themselves")])
async def test_feeds_that_die_end_the_watch_with_a_reason(
    feeds: Callable[[Sequence[Want], Emit], Awaitable[None]], says: str
) -> None:
    async with Bench(feeds) as bench:
        snapshots = bench.engine.snapshots()
        with pytest.raises(MonitorLost, match=says):
            while True:
                await anext(snapshots)
        with pytest.raises(ExceptionGroup):
            await bench.running


async def test_an_error_in_judging_ends_the_watch_even_if_the_feed_swallows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Bench() as bench:
        await bench.market.started.wait()
        snapshots = bench.engine.snapshots()
        await anext(snapshots)

        def breaks(update: Update) -> None:
            raise ZeroDivisionError("a bug")

        monkeypatch.setattr(bench.watch, "take", breaks)
        with pytest.raises(ZeroDivisionError):
            bench.market.tell(*facts())
        with pytest.raises(MonitorLost, match="ZeroDivisionError"):
            while True:
                await anext(snapshots)


async def test_a_heartbeat_that_dies_ends_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Bench() as bench:
        monkeypatch.setattr(bench.watch, "tick", lambda: 1 / 0)
        with pytest.raises(ExceptionGroup):
            await bench.running
