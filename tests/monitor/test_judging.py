"""What is not judged would have changed nothing: two watches on one path, of which one judges every update."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

import pytest
from desk import LEG, Desk, StandingClock, portfolio, prices
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.values import Reading
from hedge.market import Confirmed, Dropped, FeedState, Index, Instant, Mark, Update
from monitor.judging import Judging, Part
from monitor.watch import Watch
from tests.alerts.near_levels import SPOT, START, facts, some_book, some_levels
from tests.hedge.said import HOUR_MS, D, feed_of, funding, spot


class Pair:
    """Two watches that are told the same; the second judges every update."""

    def __init__(self, rng: random.Random, *, past: bool) -> None:
        self.rng = rng
        self.clock = StandingClock()
        self.clock.instant = type(self.clock.instant)(1_000_000, 1_795_001_000_000)
        book = some_book(rng)
        self.both = (Watch(book, self.clock), Watch(book, self.clock))
        self.both[1]._judging.skips = False
        self.price = dict(START)
        self.basis = {key: D(0) for key in START}
        for update in facts(past=past):
            self.tell(update)
        for feed in ("binance-usdm", "bybit-linear", "bybit-inverse", "binance-spot"):
            self.tell(FeedState(feed, "live", "", self.at_ms))
        for _ in range(2):
            self.everything()
        levels = some_levels(rng, self.both[0].snapshot())
        for watch in self.both:
            watch.levels = levels
            watch._judging.settle(levels, watch._judging._stops)

    @property
    def at_ms(self) -> int:
        return self.clock.instant.mono_ms

    def tell(self, update: Update) -> None:
        for watch in self.both:
            watch.take(update)
        self.check()

    def check(self) -> None:
        one, other = (watch.alarm.state for watch in self.both)
        assert one == other

    def tick(self) -> None:
        for watch in self.both:
            watch.tick()
        self.check()

    def everything(self) -> None:
        for key in START:
            self.move(*key, D(0))
        for symbol in SPOT:
            self.tell(spot(symbol, str(SPOT[symbol]), self.at_ms))

    def move(self, venue: str, symbol: str, by: Decimal) -> None:
        key = (venue, symbol)
        price = self.price[key] = self.price[key] * (1 + by)
        feed, at_ms = feed_of(venue, symbol), self.at_ms
        mark = (price * (1 + self.basis[key])).quantize(D("1e-9"))
        told: list[Update] = [
            Mark(feed, symbol, mark, at_ms, 5_000),
            Index(feed, symbol, price.quantize(D("1e-9")), at_ms, 5_000),
        ]
        if self.rng.random() < 0.2:
            self.rng.shuffle(told)
        for update in told[: 1 if self.rng.random() < 0.1 else 2]:
            self.tell(update)

    def go(self, steps: int, *, rough: bool) -> None:
        rng = self.rng
        sizes = ("0.00001", "0.0001", "0.0004", "0.0012") + (("0.004", "0.03", "0.09") if rough else ())
        for _ in range(steps):
            self.clock.go(rng.choice((0, 0, 0.05, 0.3, 1.1)))
            for key in rng.sample(sorted(START), rng.choice((1, 2, 5))):
                self.move(*key, D(rng.choice(sizes)) * D(round(rng.gauss(0, 1), 3)))
            self.something()
            if rng.random() < 0.3:
                self.tick()

    def something(self) -> None:
        """Whatever else venues say."""
        rng = self.rng
        venue, symbol = rng.choice(sorted(START))
        feed = feed_of(venue, symbol)
        kind = rng.random()
        if kind < 0.25:
            next_in_ms = 4 * HOUR_MS - (self.at_ms if kind > 0.01 else 0)
            rate = rng.choice((None, "0.0001", "-0.0004"))
            self.tell(funding(venue, symbol, rate, self.at_ms, next_in_ms))
        elif kind < 0.4:
            self.tell(Confirmed(feed, symbol, self.at_ms))
        elif kind < 0.5:
            name = rng.choice(sorted(SPOT))
            price = SPOT[name] * (1 + D(rng.choice(("0.0002", "-0.0007", "0.01"))))
            self.tell(spot(name, str(price), self.at_ms))
        elif kind < 0.56:
            self.basis[venue, symbol] = D(rng.choice(("0", "0.0003", "-0.0008", "0.004")))
        elif kind < 0.563:
            self.tell(Dropped(feed, symbol, ("mark", "index"), self.at_ms))
        elif kind < 0.566:
            self.tell(FeedState(feed, rng.choice(("live", "stale")), "silent", self.at_ms))
        elif kind < 0.576:
            self.clock.go(rng.choice((4, 7, 70)))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), past=st.booleans(), rough=st.booleans())
def test_what_is_skipped_would_have_changed_nothing(seed: int, past: bool, rough: bool) -> None:
    pair = Pair(random.Random(seed), past=past)
    pair.go(60, rough=rough)


@pytest.mark.soak
@settings(max_examples=1500, deadline=None)
@given(seed=st.integers(0, 2**64), past=st.booleans(), rough=st.booleans())
def test_what_is_skipped_would_have_changed_nothing_at_length(seed: int, past: bool, rough: bool) -> None:
    pair = Pair(random.Random(seed), past=past)
    pair.go(200, rough=rough)


def judged(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the parts that are judged from here on, as they are."""
    names: list[str] = []
    readings = Judging.readings

    def noted(self: Judging, parts: Iterable[Part], now: Instant) -> Iterator[tuple[Part, Sequence[Reading]]]:
        parts = list(parts)
        names.extend(part.name for part in parts)
        return readings(self, parts, now)

    monkeypatch.setattr(Judging, "readings", noted)
    return names


def test_a_quiet_market_is_judged_once_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.run(10)
    names = judged(desk, monkeypatch)
    desk.run(60, "142.01")
    assert names == []
    desk.run(60, "142.30")
    assert names.count(f"leg:{LEG}") in (1, 2), "a price a step away, and the end of a proof"


def test_an_open_alert_is_judged_on_every_update(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.run(10, "180")
    names = judged(desk, monkeypatch)
    desk.run(10, "180")
    assert names.count(f"leg:{LEG}") == 20, "mark and index, each second"
    assert "asset:SOL" not in names[4:], "the coin has no alert"


def test_a_spike_out_of_the_quiet_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.run(30)
    names = judged(desk, monkeypatch)
    for price in ("142", "196", "142"):
        desk.tell(*prices(desk.clock.now(), price))
    assert names.count(f"leg:{LEG}") >= 2
    assert ("liquidation", LEG) in desk.watch.alarm.state.alerts


def test_new_levels_end_every_proof() -> None:
    desk = Desk()
    desk.run(10)
    desk.watch.replace(portfolio(alerts={"price": [{"asset": "SOL", "above": "141.9"}]}))
    desk.tell(*prices(desk.clock.now(), "142"))
    assert ("price", "SOL/above/141.9") in desk.watch.alarm.state.alerts
