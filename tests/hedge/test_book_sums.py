"""Running sums: many updates in any order give exactly what a fresh book makes of the final values."""

from __future__ import annotations

import random
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hedge.book.book import Book
from hedge.book.take import take_snapshot
from hedge.exposure import AssetDelta, totals
from hedge.market import Confirmed, Dropped, FeedState, Index, Mark, Update
from hedge.portfolio import Portfolio
from hedge.sums import Sum
from tests.hedge.said import (
    D,
    account,
    at,
    feed_of,
    flat,
    funding,
    index,
    instrument,
    interval,
    live,
    mark,
    portfolio,
    position,
    spot,
)

MARKETS = (
    ("binance", "BTC/USDT:USDT"),
    ("binance", "SOL/USDT:USDT"),
    ("bybit", "SOL/USDT:USDT"),
    ("bybit", "ETH/USD:ETH"),
    ("bybit", "1000PEPE/USDT:USDT"),
)


def wide() -> Portfolio:
    cross = {"margin_mode": "cross", "leverage": "3"}
    return portfolio(
        holdings=[
            {"asset": "BTC", "quantity": "1.123456789"},
            {"asset": "SOL", "quantity": "333.3333333333"},
            {"asset": "AVAX", "quantity": "77.7"},
            {"asset": "PEPE", "quantity": "123456789.1"},
            {"asset": "LINK", "quantity": "10"},
        ],
        accounts=[
            account(
                "main",
                "binance",
                {"USDT": "90000", "BTC": "0.1"},
                position("BTC/USDT:USDT", "1.1", "64321.7", margin="33333.33"),
                position("SOL/USDT:USDT", "100", "141.3", **cross),
            ),
            account(
                "other",
                "bybit",
                {"ETH": "5", "USDT": "70000"},
                position("SOL/USDT:USDT", "66", "139.9", **cross),
                position("1000PEPE/USDT:USDT", "100000", "0.0123", **cross),
                position("ETH/USD:ETH", "17500", "3333.33", **cross),
            ),
        ],
        policy={
            "target": "0.9",
            "assets": {
                "SOL": {"target": "0.5"},
                "AVAX": {"proxy": "SOL", "beta": "1.1"},
                "LINK": {"proxy": "BTC", "account": "main", "beta": "1.3"},
            },
        },
        rates={"USDT": "0.9987"},
    )


prices = st.decimals("0.0001", "99999", places=7).map(str)
moments = st.integers(0, 20_000)


@st.composite
def updates(draw: st.DrawFn) -> list[Update]:
    """A day at the venues: ticks, deltas, epochs, feeds that come and go; times rise."""
    said: list[Update] = []
    clock = 0
    for _ in range(draw(st.integers(1, 25))):
        clock += draw(st.integers(0, 3000))
        venue, symbol = draw(st.sampled_from(MARKETS))
        feed = feed_of(venue, symbol)
        kind = draw(st.sampled_from(("mark", "index", "funding", "spot", "confirmed", "dropped", "feed", "interval")))
        if kind == "mark":
            said.append(mark(venue, symbol, draw(prices), clock))
        elif kind == "index":
            said.append(index(venue, symbol, draw(prices), clock))
        elif kind == "funding":
            said.append(funding(venue, symbol, draw(st.sampled_from((None, "0.0001", "-0.00037"))), clock))
        elif kind == "spot":
            said.append(spot(draw(st.sampled_from(("AVAX/USDT", "BTC/USDT", "LINK/USDT"))), draw(prices), clock))
        elif kind == "confirmed":
            said.append(Confirmed(feed, symbol, clock))
        elif kind == "dropped":
            said.append(Dropped(feed, symbol, ("mark", "index"), clock))
        elif kind == "interval":
            said.append(interval(venue, symbol, draw(st.sampled_from(("1", "4", "8")))))
        else:
            said.append(live(feed, clock, draw(st.sampled_from(("live", "backing_off", "stale"))), "refused"))
    return said


FACTS: list[Update] = [
    *(instrument(venue, symbol, step="1") for venue, symbol in MARKETS),
    *(flat(venue, symbol, "0.0077") for venue, symbol in MARKETS),
]

START: list[Update] = [
    *(say(venue, symbol, "100", 0) for venue, symbol in MARKETS for say in (mark, index)),
    *(spot(symbol, "20", 0) for symbol in ("AVAX/USDT", "LINK/USDT")),
]


def final(book: Book) -> list[Update]:
    """The newest values of a book's markets, as one update each."""
    values: list[Update] = list(FACTS)
    for market in book.ledger.markets.values():
        values += [
            v for v in (market.mark, market.index, market.spot, market.funding, market.interval) if v is not None
        ]
        values += [Confirmed(feed, market.symbol, then) for feed, then in market.confirmed.items()]
    return [*values, *book.ledger.feeds.values()]


def as_json(book: Book, mono_ms: int) -> bytes:
    snapshot = take_snapshot(book, at(mono_ms), "live")
    return msgspec.json.encode(msgspec.structs.replace(snapshot, feeds=()))


@settings(max_examples=60, deadline=None)
@given(said=updates(), later=st.integers(0, 70_000), seed=st.integers())
def test_sums_equal_those_of_a_fresh_book(said: list[Update], later: int, seed: int) -> None:
    book = Book(wide())
    for update in (*FACTS, *said):
        book.apply(update)
        if random.Random(seed).random() < 0.3:
            book.totals(at(0))
    clock = max((getattr(update, "at_mono_ms", 0) for update in said), default=0) + later
    values = final(book)
    random.Random(seed).shuffle(values)
    fresh = Book(wide())
    for update in values:
        fresh.apply(update)
    for sums, others in zip(vars(book.sums).values(), vars(fresh.sums).values(), strict=True):
        book.totals(at(clock)), fresh.totals(at(clock))
        assert isinstance(sums, Sum)
        assert (sums.known, sums.missing.keys()) == (others.known, others.missing.keys())
    assert as_json(book, clock) == as_json(fresh, clock)
    assert as_json(book, clock) == as_json(book.with_portfolio(book.portfolio), clock)


@settings(max_examples=40, deadline=None)
@given(said=updates(), later=st.integers(0, 70_000))
def test_totals_are_those_of_the_formulas(said: list[Update], later: int) -> None:
    book = Book(wide())
    for update in (*FACTS, *START, *said):
        book.apply(update)
    clock = max((getattr(update, "at_mono_ms", 0) for update in said), default=0) + later
    got = book.totals(at(clock))
    rows = []
    for coin in book.layout.coins.values():
        row = book.asset(coin.name, at(clock))
        if row.price is None:
            assert got.spot_usd is None
            return
        coins = ((D(0) if coin.shares else row.hedge_usd) or D(0)) / row.price
        rows.append(AssetDelta(coin.name, coin.spot_quantity, row.price, coins, coin.target.ratio, coin.target.beta))
    want = totals(rows)
    for name in want.__struct_fields__:
        mine, theirs = getattr(got, name), getattr(want, name)
        assert abs(mine - theirs) <= max(abs(theirs) * D("1e-18"), D("1e-9")), name


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.none() | st.decimals("-1e30", "1e30", places=15)), max_size=40))
def test_a_sum_is_that_of_its_last_parts(parts: list[tuple[str, Decimal | None]]) -> None:
    total = Sum()
    last: dict[str, Decimal | None] = {}
    for name, part in parts:
        total.put(name, part)
        last[name] = part
    fresh = Sum()
    for name in sorted(last, reverse=True):
        fresh.put(name, last[name])
    assert total.value == fresh.value
    assert total.known == fresh.known
    assert set(total.missing) == {name for name, part in last.items() if part is None}
    for name in last:
        rest = Sum()
        for other in last:
            if other != name:
                rest.put(other, last[other])
        assert total.without([name]) == rest.value


def test_a_tick_costs_the_same_in_a_book_of_any_size() -> None:
    """Counted in touched objects, not in time: a tick revalues one coin and names one leg."""
    coins = [f"C{number}" for number in range(300)]
    book = Book(
        portfolio(
            holdings=[{"asset": coin, "quantity": "1"} for coin in coins],
            accounts=[
                account(
                    "main",
                    "binance",
                    {"USDT": "1"},
                    *(position(f"{c}/USDT:USDT", "1", "10", leverage="2") for c in coins),
                )
            ],
        )
    )
    for coin in coins:
        book.apply(instrument("binance", f"{coin}/USDT:USDT"))
    valued: list[str] = []
    choose = book._intake.value
    book._intake.value = lambda coin, now_ms: (valued.append(coin.name), choose(coin, now_ms))[1]  # type: ignore[method-assign]
    touched = book.apply(Index("binance-usdm", "C7/USDT:USDT", D(11), 0, 5000))
    touched |= book.apply(Mark("binance-usdm", "C7/USDT:USDT", D(11), 0, 5000))
    book.totals(at(0))
    assert touched == {"leg:main/C7/USDT:USDT/short", "asset:C7"}
    assert set(valued) == {"C7"}


def test_feed_states_are_only_looked_into_when_they_change() -> None:
    book = Book(wide())
    assert book.apply(FeedState("binance-usdm", "live", "", 0)) >= {"feed:binance-usdm"}
    assert book.apply(FeedState("binance-usdm", "live", "", 1)) == {"feed:binance-usdm"}
