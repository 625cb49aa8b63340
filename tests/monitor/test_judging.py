"""What is not judged would have changed nothing: two watches on one path, of which one judges every update."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from desk import StandingClock
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.levels import Levels, levels_from
from hedge.market import Confirmed, Dropped, FeedState, Index, Mark, Update
from hedge.portfolio import Portfolio
from hedge.snapshot import Snapshot
from monitor.watch import Watch
from tests.hedge.past import daily, hourly, zigzag
from tests.hedge.said import HOUR_MS, D, account, feed_of, funding, instrument, portfolio, position, spot, tiers

BTC, SOL, ETH, PEPE = "BTC/USDT:USDT", "SOL/USDT:USDT", "ETH/USD:ETH", "1000PEPE/USDT:USDT"
SPOT = {"AVAX/USDT": D(20), "LINK/USDT": D(15)}
START = {
    ("binance", BTC): D(65000),
    ("binance", SOL): D(142),
    ("bybit", SOL): D(142),
    ("bybit", ETH): D(3500),
    ("bybit", PEPE): D("0.0123"),
}


def some_book(rng: random.Random) -> Portfolio:
    """Coins hedged at two venues: isolated and cross, linear and inverse, proxies, coin collateral, stops."""
    cross = {"margin_mode": "cross", "leverage": "3"}
    share = rng.choice(("1", "1", "0.97", "0.955", "1.06"))
    stops = {"stop_loss": str(D(65000) * D(rng.choice(("1.0015", "1.01", "1.5"))))} if rng.random() < 0.3 else {}
    others = [coin for coin in ("AVAX", "LINK") if rng.random() < 0.4]
    proxied = {"AVAX": {"proxy": "SOL", "beta": "1.1"}, "LINK": {"proxy": "BTC", "account": "third", "beta": "1.3"}}
    main = account(
        "main",
        "binance",
        {"USDT": rng.choice(("60000", "90000")), "BTC": "0.2"},
        position(BTC, share, "65000", margin=rng.choice(("26000", "40000")), **stops),
        position(SOL, "100", rng.choice(("141.3", "120")), **cross),
        haircuts={"BTC": "0.1"} if rng.random() < 0.4 else {},
    )
    other = account(
        "other",
        "bybit",
        {"ETH": rng.choice(("5.147", "5.3")), "USDT": rng.choice(("25000", "40000", "90000"))},
        position(SOL, "415.5" if "AVAX" in others else "400", "139.9", **cross),
        position(PEPE, "100000", "0.0123", **cross),
        position(ETH, "17500", "3400", **cross),
    )
    third = account("third", "binance", {"USDT": "9000"}, position(BTC, "0.03", "64000", **cross))
    return portfolio(
        holdings=[
            {"asset": "BTC", "quantity": "0.8"},
            {"asset": "SOL", "quantity": "500"},
            {"asset": "PEPE", "quantity": "100000000"},
            *({"asset": coin, "quantity": "100"} for coin in others),
        ],
        accounts=[main, other, *([third] if "LINK" in others else [])],
        policy={"target": "1.0", "assets": {coin: proxied[coin] for coin in others}},
    )


def near(rng: random.Random, value: Decimal | None, default: str) -> dict[str, str]:
    """A first level just short of a figure as it stands, so that little makes it fire."""
    if value is None or value == 0 or rng.random() < 0.7:
        return {}
    gap = D(rng.choice(("0.0005", "0.002", "0.006", "0.02")))
    first = abs(value) * (1 - gap if default == "below" else 1 + gap)
    others = ("0.5", "0.25") if default == "below" else ("2", "4")
    return {
        "advisory": str(first),
        "caution": str(first * D(others[0])),
        "warning": str(first * D(others[1])),
    }


def some_levels(rng: random.Random, now: Snapshot) -> Levels:
    """Levels of a person who likes to hear of everything."""
    legs, accounts = now.positions, now.accounts
    leg, one = rng.choice(legs), rng.choice(accounts)
    given = {
        "liquidation": near(rng, leg.to_liquidation, "below"),
        "liquidation_joint": near(rng, one.joint_to_liquidation, "below"),
        "margin_ratio": near(rng, one.margin_ratio, "above"),
        "leverage": near(rng, leg.effective_leverage, "above"),
        "hedge_drift_total": near(rng, now.totals.drift, "above"),
        "hedge_drift": near(rng, rng.choice(now.assets).drift, "above"),
        "basis": near(rng, leg.basis_pct, "above"),
    }
    prices = [
        {"asset": row.asset, side: str(row.price * (1 + sign * D(rng.choice(("0.0004", "0.0015", "0.01")))))}
        for row in now.assets
        for side, sign in (("above", 1), ("below", -1))
        if row.price is not None and rng.random() < 0.15
    ]
    return levels_from({**{rule: levels for rule, levels in given.items() if levels}, "price": prices})


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
        for venue, symbol in START:
            self.tell(instrument(venue, symbol, step="1"))
            rows = (("0", "50000", "0.005", "0"), ("50000", None, "0.01", "250"))
            self.tell(tiers(venue, symbol, *rows))
            if past:
                self.tell(daily(venue, symbol, zigzag(str(START[venue, symbol]), "0.02")))
                close = START[venue, symbol]
                self.tell(hourly(venue, symbol, "mark", zigzag(str(close), "0.0006", 24 * 7)))
                self.tell(hourly(venue, symbol, "index", [close] * (24 * 7)))
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


@settings(max_examples=25, deadline=None)
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
