"""An account that is read by its public address: unknown before the first read, old after a minute, lost when short."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from desk import StandingClock
from msgspec.structs import replace

from feeds.markets import FeedSetup
from feeds.simulator import Simulator
from hedge.market import (
    AccountRead,
    FeedState,
    Funding,
    FundingInterval,
    Index,
    Instrument,
    Mark,
    ReadPosition,
    Spot,
    Tier,
    Tiers,
    Update,
    Want,
)
from hedge.portfolio import Portfolio, load_portfolio
from hedge.snapshot import AlertRow, PositionRow, Snapshot
from monitor.engine import Engine
from monitor.messages import Acknowledge, Done, Reset
from monitor.run import new_engine
from monitor.status import complete, waiting_for
from monitor.watch import Watch

USER = "0x" + "5a" * 20
FEED, POSITIONS = "hyperliquid", "hyperliquid-positions"
BTC, ETH = "BTC/USDC:USDC", "ETH/USDC:USDC"
LEG = f"hl/{BTC}/short"
WANTED = Want(FEED, "", address=USER)
HELD = ReadPosition(BTC, "short", Decimal("0.5"), Decimal(65000), True, Decimal(16250), Decimal(2), Decimal(96296))
OTHER = ReadPosition(ETH, "short", Decimal(8), Decimal(3500), False, None, Decimal(5))


def book(**changes: Any) -> Portfolio:
    accounts = [{"id": "hl", "venue": "hyperliquid", "address": USER}]
    holdings = [{"asset": "BTC", "quantity": "0.5"}]
    document = {"schema": "hedgetui.portfolio/1", "name": "Desk", "holdings": holdings, "accounts": accounts}
    return load_portfolio(json.dumps(document | changes), "book.json", 1_794_000_000_000)


def of_market(symbol: str, coin: str, price: str, clock: StandingClock) -> list[Update]:
    """Contract facts and one tick of a market."""
    at, wall = clock.now().mono_ms, clock.now().wall_ms
    one, step = Decimal(1), Decimal("0.00001")
    return [
        Instrument(FEED, symbol, coin, coin, "USDC", "USDC", False, one, one, step, tick=one),
        Tiers(FEED, symbol, (Tier(Decimal(0), None, Decimal("0.0125")),), "hyperliquid margin tables"),
        Mark(FEED, symbol, Decimal(price), at, 15_000),
        Index(FEED, symbol, Decimal(price), at, 15_000),
        FundingInterval(FEED, symbol, one, "each full hour", at),
        Funding(FEED, symbol, Decimal("0.0000125"), (wall // 3_600_000 + 1) * 3_600_000, at, 120_000),
    ]


class Desk:
    """A watch on one address, with time, prices and reads in the test's hand."""

    def __init__(self, portfolio: Portfolio | None = None) -> None:
        self.clock = StandingClock()
        self.watch = Watch(portfolio or book(), self.clock)

    def read(self, *positions: ReadPosition, wallet: str = "40000") -> None:
        now = self.clock.now()
        self.watch.take(AccountRead(FEED, USER, positions, {"USDC": Decimal(wallet)}, now.mono_ms, now.wall_ms))
        self.watch.take(FeedState(POSITIONS, "live", "", now.mono_ms))

    def prices(self, price: str = "65000") -> None:
        self.tell(FeedState(FEED, "live", "", self.clock.now().mono_ms))
        self.tell(*of_market(BTC, "BTC", price, self.clock))

    def tell(self, *updates: Update) -> None:
        for update in updates:
            self.watch.take(update)

    def go(self, seconds: float, *positions: ReadPosition, price: str = "65000") -> None:
        """Time passes, second by second; prices and, where given, reads keep coming."""
        for _ in range(round(seconds)):
            self.clock.go(1)
            self.prices(price)
            if positions:
                self.read(*positions)
            self.watch.tick()

    @property
    def shown(self) -> Snapshot:
        self.watch.tick()
        return self.watch.snapshot()

    @property
    def leg(self) -> PositionRow:
        return self.shown.positions[0]

    def alert(self, rule: str) -> AlertRow | None:
        return next((row for row in self.shown.alerts if row.rule == rule), None)


def test_before_the_first_read_no_hedge_is_known_and_none_is_zero() -> None:
    desk = Desk()
    desk.tell(Spot("binance-spot", "BTC/USDT", Decimal(65000), desk.clock.now().mono_ms, 60_000))
    shown = desk.shown
    reason = "the positions of hl are not read from hyperliquid yet"
    (coin,), (account,) = shown.assets, shown.accounts
    assert coin.status == "unknown"
    for name in ("hedge_coin", "hedge_usd", "net_coin", "net_usd", "hedge_ratio", "drift", "funding_day_usd"):
        assert getattr(coin, name) is None, name
        assert coin.why[name] == reason, name
    for name in ("hedge_usd", "off_usd", "funding_day_usd", "accrued_usd", "margin_used", "hedge_result_usd"):
        assert getattr(shown.totals, name) is None, name
        assert shown.totals.why[name] == reason, name
    assert (account.equity_usd, account.why["equity_usd"]) == (None, reason)
    assert coin.spot_usd == 32500
    assert not [row for row in shown.alerts if "drift" in row.rule]
    assert not complete(shown)
    assert waiting_for(shown) == ["the positions of hl"]


def test_the_reason_says_what_the_venue_says() -> None:
    desk = Desk()
    desk.tell(FeedState(POSITIONS, "backing_off", "hyperliquid is out of order (HTTP 503)", 1))
    desk.watch.replace(book(name="Again"))
    assert "out of order" in desk.shown.accounts[0].why["equity_usd"]


def test_what_is_read_is_in_the_book_with_its_source_and_age() -> None:
    desk = Desk()
    desk.read(HELD)
    assert Want(FEED, BTC) in desk.watch.wants
    assert WANTED in desk.watch.wants
    desk.prices()
    desk.clock.go(4)
    desk.prices()
    row, account = desk.leg, desk.shown.accounts[0]
    assert (row.id, row.contracts, row.coins, row.margin) == (LEG, Decimal("0.5"), Decimal("-0.5"), Decimal(16250))
    assert (row.ages.position, row.sources["position"]) == (4.0, POSITIONS)
    assert row.sources["entry_price"] == row.sources["margin"] == "from hyperliquid"
    assert row.venue_liquidation_price == Decimal(96296)
    assert row.liquidation_price is not None
    assert abs(row.liquidation_price - Decimal(96296)) < 1
    assert (account.equity_usd, account.free) == (Decimal(40000), {"USDC": Decimal(23750)})
    assert account.as_of == "2026-11-18T11:06:40Z"
    assert desk.shown.assets[0].hedge_ratio == 1
    assert complete(desk.shown)
    assert row.stale == ()


def test_an_address_that_holds_nothing_is_known_to() -> None:
    desk = Desk()
    desk.read(wallet="0")
    desk.tell(Spot("binance-spot", "BTC/USDT", Decimal(65000), desk.clock.now().mono_ms, 60_000))
    shown = desk.shown
    assert shown.assets[0].hedge_usd == 0
    assert shown.assets[0].status == "unhedged"
    assert shown.accounts[0].equity_usd == 0
    assert complete(shown)
    assert complete(Desk(book(holdings=[])).shown) is False


def test_equal_reads_leave_the_book_alone() -> None:
    desk = Desk()
    desk.read(HELD)
    before = desk.watch.book.layout.legs[LEG]
    desk.clock.go(10)
    desk.read(replace(HELD, margin=Decimal("16250.004")))
    assert desk.watch.book.layout.legs[LEG] is before
    assert desk.leg.ages.position == 0


def test_a_position_older_than_a_minute_is_old_and_so_is_what_stands_on_it() -> None:
    desk = Desk()
    desk.read(HELD)
    desk.go(60)
    assert desk.leg.stale == ()
    desk.go(1)
    shown = desk.shown
    assert shown.positions[0].stale == ("position",)
    assert shown.assets[0].stale
    assert shown.assets[0].positions_stale
    assert shown.totals.stale
    feed = desk.alert("feed")
    assert feed is not None
    assert (feed.subject, feed.level) == (POSITIONS, "caution")
    desk.go(11, HELD)
    assert desk.leg.stale == ()
    desk.go(11, HELD)
    assert [row.state for row in desk.shown.alerts if row.rule == "feed"] == ["rtn_unack"]


def test_an_old_position_under_a_near_liquidation_is_a_warning() -> None:
    desk = Desk()
    desk.read(HELD)
    desk.go(62, price="85000")
    feed = desk.alert("feed")
    assert feed is not None
    assert feed.level == "warning"


def test_nothing_clears_on_an_old_position() -> None:
    desk = Desk()
    desk.read(HELD)
    desk.go(5, HELD, price="89000")
    liquidation = desk.alert("liquidation")
    assert liquidation is not None
    assert liquidation.level == "warning"
    desk.go(62, price="89000")
    desk.go(60, price="65000")
    liquidation = desk.alert("liquidation")
    assert liquidation is not None
    assert liquidation.level == "warning"


def test_a_short_that_shrank_is_lost_until_it_is_reset() -> None:
    desk = Desk()
    desk.read(HELD)
    desk.go(3, HELD)
    desk.go(3, replace(HELD, contracts=Decimal("0.2"), margin=Decimal(6500)))
    lost = desk.alert("leg_lost")
    assert lost is not None
    assert (lost.subject, lost.level, lost.state) == (LEG, "warning", "unack")
    assert "it shrank from 0.5 to 0.2 contracts at hyperliquid. Presumed liquidated." in lost.message
    assert desk.leg.contracts == Decimal("0.2")
    after = replace(HELD, contracts=Decimal("0.2"), margin=Decimal(6500))
    desk.go(45, after)
    lost = desk.alert("leg_lost")
    assert lost is not None
    assert lost.state == "latch_unack"
    assert isinstance(desk.watch.acknowledge(Acknowledge(id=lost.id, level=lost.level, who="me")), Done)
    assert isinstance(desk.watch.reset(Reset(id=lost.id, level=lost.level, who="me")), Done)
    assert desk.alert("leg_lost") is None


def test_a_short_that_is_gone_is_lost_and_its_alert_outlives_it() -> None:
    desk = Desk()
    desk.read(HELD, OTHER)
    desk.go(3, HELD, OTHER)
    desk.go(3, OTHER)
    lost = desk.alert("leg_lost")
    assert lost is not None
    assert "it is gone from hyperliquid, where it was 0.5 contracts. Presumed liquidated." in lost.message
    assert desk.shown.alerts[0].id == lost.id, "nothing is nearer to liquidation"
    desk.go(40, OTHER)
    lost = desk.alert("leg_lost")
    assert lost is not None
    assert (lost.subject, lost.state) == (LEG, "latch_unack")
    assert [row.id for row in desk.shown.positions] == [f"hl/{ETH}/short"]
    assert isinstance(desk.watch.acknowledge(Acknowledge(id=lost.id, level=lost.level, who="me")), Done)
    assert isinstance(desk.watch.reset(Reset(id=lost.id, level=lost.level, who="me")), Done)
    assert desk.alert("leg_lost") is None
    desk.go(2, HELD, OTHER)
    assert desk.alert("leg_lost") is None
    desk.go(2, OTHER)
    assert desk.alert("leg_lost") is not None, "it can be lost again"


def test_the_alert_of_a_lost_short_can_be_answered_after_a_restart() -> None:
    before = Desk()
    before.read(HELD, OTHER)
    before.go(2, HELD, OTHER)
    before.go(2, OTHER)
    desk = Desk()
    desk.clock.instant = before.clock.instant
    desk.watch.alarm.state = before.watch.alarm.state
    desk.go(45, OTHER)
    lost = desk.alert("leg_lost")
    assert lost is not None
    assert isinstance(desk.watch.acknowledge(Acknowledge(id=lost.id, level=lost.level, who="me")), Done)
    assert isinstance(desk.watch.reset(Reset(id=lost.id, level=lost.level, who="me")), Done)


def test_a_short_that_grew_or_another_margin_is_no_loss() -> None:
    desk = Desk()
    desk.read(HELD)
    desk.go(2, replace(HELD, contracts=Decimal("0.7")))
    desk.go(2, replace(HELD, contracts=Decimal("0.7"), margin=Decimal(100)))
    assert desk.alert("leg_lost") is None


def test_an_edit_of_the_file_keeps_what_was_read() -> None:
    desk = Desk()
    desk.read(HELD)
    desk.prices()
    desk.watch.replace(book(holdings=[{"asset": "BTC", "quantity": "1"}]))
    assert desk.leg.contracts == Decimal("0.5")
    assert any("BTC held 0.5 → 1" in notice for notice in desk.shown.notices)
    assert desk.alert("leg_lost") is None


def test_without_its_address_the_account_is_as_the_file_says() -> None:
    desk = Desk()
    desk.read(HELD)
    desk.watch.replace(book(accounts=[]))
    assert desk.shown.positions == ()
    assert desk.alert("leg_lost") is None
    assert WANTED not in desk.watch.wants


def test_funding_that_was_paid_is_not_counted_twice() -> None:
    desk = Desk()
    desk.read(HELD)
    desk.go(2, HELD)
    clock = desk.clock
    stamp = (clock.now().wall_ms // 3_600_000 + 1) * 3_600_000
    clock.go((stamp - clock.now().wall_ms) / 1000 + 1)
    desk.prices()
    desk.read(replace(HELD, margin=Decimal("16250.41")), wallet="40000.41")
    row = desk.leg
    assert row.margin == Decimal("16250.41")
    assert desk.shown.accounts[0].equity_usd == Decimal("40000.41")


class Feeds:
    """Feeds that can be told what is wanted."""

    def __init__(self) -> None:
        self.wants: list[Sequence[Want]] = []
        self.emit: Any = None
        self.started = asyncio.Event()

    async def __call__(self, wants: Sequence[Want], emit: Any) -> None:
        self.wants.append(wants)
        self.emit = emit
        self.started.set()
        await asyncio.Event().wait()

    def want(self, wants: Sequence[Want]) -> None:
        self.wants.append(wants)


async def test_the_feeds_hear_which_markets_a_read_brings_and_are_not_started_anew() -> None:
    clock, feeds = StandingClock(), Feeds()
    engine = Engine(Watch(book(), clock), feeds)
    running = asyncio.create_task(engine.run())
    await feeds.started.wait()
    read = AccountRead(FEED, USER, (HELD,), {"USDC": Decimal(1)}, clock.now().mono_ms, clock.now().wall_ms)
    feeds.emit(read)
    feeds.emit(replace(read, at_mono_ms=read.at_mono_ms + 1))
    engine.stop("done")
    await running
    first, second = feeds.wants
    assert Want(FEED, BTC) not in first
    assert {WANTED, Want(FEED, BTC)} <= set(second)


async def snapshots_until(engine: Engine, true: Any, seconds: float = 40.0) -> Snapshot:
    async with asyncio.timeout(seconds):
        async for snapshot in engine.snapshots():
            if true(snapshot):
                return snapshot
    raise AssertionError("the engine ended")


@pytest.mark.xdist_group("ccxt")
async def test_an_address_on_the_simulated_venue_from_the_first_read_to_the_lost_short() -> None:
    from monitor.clock import BootClock

    async with Simulator(seed=1, scenario="calm") as sim:
        setup = FeedSetup(urls=sim.urls, rest_urls=sim.rest_urls)
        engine = new_engine(Watch(book(), BootClock()), setup, None)
        running = asyncio.create_task(engine.run())
        try:
            first = await snapshots_until(engine, lambda shown: shown.positions and complete(shown))
            assert [row.id for row in first.positions] == [LEG, f"hl/{ETH}/short"]
            known = await snapshots_until(
                engine, lambda shown: all(row.liquidation_price is not None for row in shown.positions)
            )
            bitcoin, ether = known.positions
            assert bitcoin.mark is not None
            assert abs(bitcoin.mark / 65000 - 1) < Decimal("0.02")
            assert bitcoin.funding_interval_hours == 1
            assert bitcoin.next_funding == ether.next_funding
            assert bitcoin.next_funding is not None
            assert bitcoin.next_funding.endswith(":00:00Z")
            assert bitcoin.liquidation_price is not None
            assert bitcoin.venue_liquidation_price is not None
            assert abs(bitcoin.liquidation_price - bitcoin.venue_liquidation_price) < 1
            assert bitcoin.sources["maintenance"] == "hyperliquid margin tables"
            (account,) = known.accounts
            assert account.equity_usd is not None
            assert abs(account.equity_usd - 40_000) < 500
            sim.add("position", symbol="BTC", factor=0.0)
            lost = await snapshots_until(engine, lambda shown: len(shown.positions) == 1)
            rules = {row.rule: row for row in lost.alerts}
            assert rules["leg_lost"].subject == LEG
            assert rules["leg_lost"].level == "warning"
            assert rules["hedge_drift"].subject == "BTC"
        finally:
            engine.stop("seen")
            await running


def test_an_account_that_shares_its_margin_with_spot_has_no_equity_that_could_be_believed() -> None:
    desk = Desk()
    now = desk.clock.now()
    desk.tell(
        AccountRead(FEED, USER, (HELD, OTHER), {}, now.mono_ms, now.wall_ms), *of_market(ETH, "ETH", "3500", desk.clock)
    )
    desk.prices()
    shown = desk.shown
    bitcoin, ether = shown.positions
    assert bitcoin.liquidation_price is not None, "an isolated margin is its own"
    assert (ether.coins, ether.liquidation_price) == (Decimal(-8), None)
    reason = "hyperliquid does not show all that margins hl: it may share its margin with spot"
    assert ether.why["liquidation_price"] == ether.why["equity"] == reason
    assert (shown.accounts[0].equity_usd, shown.accounts[0].why["equity_usd"]) == (None, reason)
    assert not [row for row in shown.alerts if row.rule in ("margin_ratio", "liquidation", "liquidation_joint")]
