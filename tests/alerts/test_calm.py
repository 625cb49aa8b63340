"""Proofs that nothing fires: at every corner of what they cover, and between, no rule has a level."""

from __future__ import annotations

import random
from collections.abc import Iterable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.calm import REACH, STEP, Quiet, edge, quiet_account, quiet_asset, quiet_leg, quiet_totals
from alerts.levels import DEFAULT_LEVELS, DEFAULTS, Levels
from alerts.rules import Stops, judge_account, judge_asset, judge_leg, judge_totals
from alerts.values import Reading
from hedge.book.book import Book
from hedge.book.take import take_snapshot
from hedge.market import Index, Mark, Update
from hedge.portfolio import leg_id
from hedge.snapshot import Snapshot
from tests.alerts.near_levels import SPOT, START, facts, some_book, some_levels
from tests.hedge.said import D, at, btc_book, feed_of, spot, tick

NOW_MS = 2_000_000


class Supposed:
    """A book at given prices, and every rule of it."""

    def __init__(
        self, seed: int, prices: dict[tuple[str, str], tuple[Decimal, Decimal]], spots: dict[str, Decimal]
    ) -> None:
        """`prices`: mark and index of each market."""
        rng = random.Random(seed)
        self.book = Book(some_book(rng))
        for update in facts(past=rng.random() < 0.7):
            self.book.apply(update)
        for venue, symbol in START:
            trail = self.book.ledger.market(venue, symbol).trail
            slope = D(rng.choice(("0.00001", "0.00006", "-0.00003", "-0.00006")))
            for ago in range(80, 0, -1):
                trail.note(NOW_MS - ago * 15_000, START[venue, symbol] * (1 + ago * slope))
        for update in self._said(prices, spots):
            self.book.apply(update)
        self.book.settle(at(NOW_MS))

    def _said(
        self, prices: dict[tuple[str, str], tuple[Decimal, Decimal]], spots: dict[str, Decimal]
    ) -> Iterable[Update]:
        for (venue, symbol), (mark, index) in prices.items():
            yield Mark(feed_of(venue, symbol), symbol, mark, NOW_MS, 5_000)
            yield Index(feed_of(venue, symbol), symbol, index, NOW_MS, 5_000)
        for name, price in spots.items():
            yield spot(name, str(price), NOW_MS)

    def snapshot(self) -> Snapshot:
        return take_snapshot(self.book, at(NOW_MS), "live")

    def stops(self) -> dict[str, Stops]:
        return {
            leg_id(account, position): Stops(position.stop_loss, position.take_profit)
            for account in self.book.portfolio.accounts
            for position in account.positions
        }

    def quiet(self, levels: Levels) -> dict[str, Quiet]:
        """What is proved to be quiet, by name."""
        book, layout = self.book, self.book.layout
        found: dict[str, Quiet] = {}
        for leg in layout.legs.values():
            volatility = layout.coins[leg.asset].volatility
            wallet, stops = layout.wallet_of(leg), self.stops()[leg.id]
            proof = quiet_leg(leg, wallet, book.usd_price, volatility, book.top_up_hours, levels, stops)
            if proof is not None:
                found[leg.id] = proof
        found |= {f"coin {coin.name}": Quiet() for coin in layout.coins.values() if quiet_asset(coin, levels)}
        for name, wallets in layout.wallets_of.items():
            if quiet_account(wallets, book.usd_price, levels):
                found[f"account {name}"] = Quiet()
        if quiet_totals(book.sums, book.last_rebalance, levels):
            found["totals"] = Quiet()
        return found

    def judged(self, levels: Levels) -> dict[str, tuple[Reading, ...]]:
        shot = self.snapshot()
        found = {row.id: judge_leg(row, levels, None, self.stops()[row.id]) for row in shot.positions}
        found |= {f"coin {row.asset}": judge_asset(row, levels) for row in shot.assets}
        found |= {f"account {row.id}": judge_account(row, levels) for row in shot.accounts}
        return {**found, "totals": judge_totals(self.book.totals(at(NOW_MS)), levels)}


def check(seed: int, corners: int) -> int:
    """A book with its proofs, then at prices within reach; how many proofs there were."""
    rng = random.Random(seed)
    prices = {key: (price * (1 + D(rng.choice(("0", "0.0002", "-0.0003")))), price) for key, price in START.items()}
    here = Supposed(seed, prices, SPOT)
    levels = some_levels(rng, here.snapshot())
    firing = {name for name, readings in here.judged(levels).items() if any(r.known and r.level for r in readings)}
    proofs = {name: proof for name, proof in here.quiet(levels).items() if name not in firing}
    for _ in range(corners):

        def moved(price: Decimal) -> Decimal:
            return price * (1 + REACH * D(rng.choice(("1", "1", "-1", "-1", str(rng.uniform(-1, 1))))))

        aside = {key: (moved(mark), moved(index)) for key, (mark, index) in prices.items()}
        there = Supposed(seed, aside, {name: moved(price) for name, price in SPOT.items()})
        there.book.last_rebalance = here.book.last_rebalance
        for name, readings in there.judged(levels).items():
            proof = proofs.get(name)
            if proof is None:
                continue
            fired = [reading for reading in readings if reading.known and reading.level]
            if proof.lowest is not None and proof.highest is not None:
                leg = there.book.layout.legs[name]
                mark, index = aside[leg.account.venue, leg.market.symbol]
                if not proof.lowest * index <= mark <= proof.highest * index:
                    fired = [reading for reading in fired if reading.rule != "basis"]
            assert not fired, (seed, name)
    return len(proofs)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_within_reach_of_a_proof_nothing_fires(seed: int) -> None:
    check(seed, 4)


@pytest.mark.soak
@settings(max_examples=3000, deadline=None)
@given(seed=st.integers(0, 2**64))
def test_within_reach_of_a_proof_nothing_fires_at_length(seed: int) -> None:
    check(seed, 20)


def test_most_of_an_ordinary_book_is_proved() -> None:
    assert sum(check(seed, 0) for seed in range(8)) >= 8 * 8


def test_a_proof_covers_two_steps_apart() -> None:
    """One price may stand at one end of its step when a proof about another is made."""
    assert REACH > (1 + STEP) / (1 - STEP) - 1
    assert REACH > 1 - (1 - STEP) / (1 + STEP)


def test_the_first_level_counts() -> None:
    assert edge(DEFAULTS["liquidation"]) == D("0.33")
    assert edge(DEFAULTS["leverage"]) == 3
    assert edge(DEFAULTS["liquidation_pace"]) == 24


def proof_of(book: Book, stops: Stops = Stops()) -> Quiet | None:  # noqa: B008 (frozen)
    layout = book.layout
    leg = next(iter(layout.legs.values()))
    coin = layout.coins[leg.asset]
    return quiet_leg(
        leg, layout.wallet_of(leg), book.usd_price, coin.volatility, book.top_up_hours, DEFAULT_LEVELS, stops
    )


def test_nothing_is_proved_of_what_is_near_or_not_known() -> None:
    book = btc_book()
    assert proof_of(book) is None, "no mark yet"
    tick(book, "binance", "BTC/USDT:USDT", "65000", 0)
    assert proof_of(book) is not None
    assert proof_of(book, Stops(stop_loss=D("65100"))) is None, "a stop within reach"
    assert proof_of(book, Stops(stop_loss=D("66000"), take_profit=D("60000"))) is not None
    tick(book, "binance", "BTC/USDT:USDT", "72900", 1)
    assert book.leg(next(iter(book.layout.legs)), at(1)).to_liquidation > D("0.33")
    assert proof_of(book) is None, "33 % is within reach"
    tick(book, "binance", "BTC/USDT:USDT", "65000", 2, premium="1.0049")
    assert proof_of(book) is not None
    tick(book, "binance", "BTC/USDT:USDT", "65000", 3, premium="1.0051")
    assert proof_of(book) is None, "the basis fires"
