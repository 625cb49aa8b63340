"""Ticks are kept at once and worked in when somebody asks: nothing is lost, and what is more than a tick is told."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest

from hedge.book.book import Book
from hedge.market import Confirmed, Dropped, FeedState, Funding, Index, Mark, Update
from tests.hedge.said import D, at, btc_book, feed_of, flat, funding, index, live, mark, spot, tick
from tests.hedge.test_book_sums import FACTS, MARKETS, START, as_json, final, wide

BTC = "BTC/USDT:USDT"
SPOTS = ("AVAX/USDT", "BTC/USDT", "LINK/USDT")


def day(rng: random.Random, count: int) -> Iterator[Update]:
    """That many updates of a day at the venues, most of them ticks."""
    clock = 0
    price = {place: D(100) for place in MARKETS}
    for _ in range(count):
        clock += rng.choice((0, 0, 1, 40, 900))
        place = rng.choice(MARKETS)
        kind, feed = rng.random(), feed_of(*place)
        price[place] = (price[place] * (1 + D(rng.randrange(-500, 501)) / 1_000_000)).quantize(D("1e-8"))
        if kind < 0.4:
            yield mark(*place, str(price[place]), clock)
        elif kind < 0.7:
            yield index(*place, str(price[place] * D("1.0001")), clock)
        elif kind < 0.8:
            yield funding(*place, rng.choice((None, "0.0001", "-0.0003")), clock, 3_600_000_000 - clock)
        elif kind < 0.9:
            yield Confirmed(feed, place[1], clock)
        elif kind < 0.998:
            yield spot(rng.choice(SPOTS), str(D(rng.randrange(1, 10**7)) / 10**5), clock)
        elif kind < 0.999:
            yield Dropped(feed, place[1], ("mark", "index"), clock)
        else:
            yield FeedState(feed, rng.choice(("live", "stale")), "quiet", clock)


def check_sums(updates: int, asked: float) -> None:
    """A book that was told all of it, and asked now and then, against one that was told only what holds at the end."""
    rng = random.Random(updates)
    book = Book(wide())
    for update in (*FACTS, *START):
        book.apply(update)
    clock = 0
    for update in day(rng, updates):
        book.apply(update)
        clock = max(clock, getattr(update, "at_mono_ms", 0))
        if rng.random() < asked:
            book.totals(at(clock))
    fresh = Book(wide())
    for update in final(book):
        fresh.apply(update)
    book.catch_up(at(clock)), fresh.catch_up(at(clock))
    for name, sums in vars(book.sums).items():
        others = getattr(fresh.sums, name)
        assert (sums.known, sums.missing.keys(), sums.parts()) == (others.known, others.missing.keys(), others.parts())
    for key, wallet in book.layout.wallets.items():
        assert wallet.cross_pnl.parts() == fresh.layout.wallets[key].cross_pnl.parts()
    assert as_json(book, clock) == as_json(fresh, clock)


@pytest.mark.parametrize("asked", [0.0, 0.02, 1.0])
def test_sums_are_exact_after_thousands_of_updates(asked: float) -> None:
    check_sums(4_000, asked)


@pytest.mark.soak
@pytest.mark.parametrize("asked", [0.0, 0.02, 0.5])
def test_sums_are_exact_after_a_hundred_thousand_updates(asked: float) -> None:
    check_sums(100_000, asked)


def test_a_tick_is_worked_in_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0)
    leg = next(iter(book.layout.legs.values()))
    worked: list[str] = []
    refresh = leg.refresh_price
    monkeypatch.setattr(leg, "refresh_price", lambda: (worked.append(leg.id), refresh()))
    for step in range(1, 50):
        book.apply(mark("binance", BTC, str(65000 + step), step))
        book.apply(index("binance", BTC, str(65000 + step), step))
    assert worked == []
    assert book.layout.legs[leg.id].notional_usd == 65049
    assert book.totals(at(50)).spot_usd == 65049
    assert worked == [leg.id]


def test_only_what_is_more_than_a_tick_counts_as_a_revision() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0)
    before = book.revision
    for step in range(1, 100):
        book.apply(mark("binance", BTC, str(65000 + step), step * 900))
        book.apply(index("binance", BTC, str(65000 + step), step * 900))
        book.apply(funding("binance", BTC, "0.0001", step * 900, 4 * 3_600_000 - step * 900))
    book.totals(at(99 * 900))
    assert book.revision == before
    for change in (
        flat("binance", BTC, "0.01"),
        live("binance-usdm", 90_000, "stale", "silent"),
        Dropped("binance-usdm", BTC, ("mark",), 90_001),
        mark("binance", BTC, "65000", 90_002),
        funding("binance", BTC, "0.0001", 5 * 3_600_000, 8 * 3_600_000),
    ):
        before = book.revision
        book.apply(change)
        assert book.revision > before, change
    before = book.revision
    book.apply(funding("binance", BTC, "0.0001", 5 * 3_600_000 + 1, 9 * 3_600_000))
    assert book.revision == before, "a stamp that only moved settles nothing"


def test_a_source_that_falls_silent_is_a_revision_by_the_next_update_of_another_market() -> None:
    book = Book(wide())
    for update in (*FACTS, *START):
        book.apply(update)
    for second in range(1, 5):
        book.apply(mark("binance", BTC, "100", second * 1_000))
        book.apply(index("binance", BTC, "100", second * 1_000))
    before = book.revision
    book.apply(mark("binance", BTC, "100", 6_000))
    assert book.revision > before
    assert book.layout.coins["ETH"].price.stale


def test_a_price_that_is_overtaken_or_impossible_changes_nothing() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 1_000)
    late = Mark("binance-usdm", BTC, D("64000"), 1_500, 5_000, mark("binance", BTC, "1", 0).venue_ms)
    nil = Index("binance-usdm", BTC, D(0), 1_500, 5_000)
    wild = Funding("binance-usdm", BTC, D(1), funding("binance", BTC, "0", 1_000).next_ms, 1_500, 120_000)
    before = book.revision
    assert [book.apply(update) for update in (late, nil, wild)] == [frozenset()] * 3
    assert book.revision == before
    row = book.leg(next(iter(book.layout.legs)), at(1_500))
    assert (row.mark, row.index, row.funding_rate) == (65000, 65000, D("0.0001"))


def test_a_tick_costs_little_beside_its_figures() -> None:
    """A whole round of ticks costs less than working the same number of them in one by one."""
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0)

    def seconds(asks: bool) -> float:
        began = time.process_time()
        for step in range(400):
            book.apply(mark("binance", BTC, str(65000 + step % 7), 1))
            if asks:
                book.totals(at(1))
        return time.process_time() - began

    assert min(seconds(False) for _ in range(3)) < min(seconds(True) for _ in range(3))
