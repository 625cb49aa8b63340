"""The book and the past: betas from candles, funding paid into margin and wallet, stamps that pass, copies."""

from __future__ import annotations

import math
import random
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedge.book.book import Book
from hedge.book.take import take_snapshot
from hedge.market import Candles, FeedState, Funding, Settlement, Settlements, Update
from hedge.proxy import log_returns, regression
from hedge.snapshot import PositionRow, Ticket
from hedge.ticket.after import with_ticket
from tests.hedge.past_books import DAY_MS, STAMP_MS, closes, daily, hourly, remember, settled, stamps, wave
from tests.hedge.said import (
    HOUR_MS,
    WALL_MS,
    D,
    account,
    at,
    flat,
    instrument,
    live,
    mark,
    portfolio,
    position,
    spot,
    tick,
)

BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USD:ETH", "SOL/USDT:USDT"
LEG = f"main/{BTC}/short"
AS_OF = "2026-11-17"
"""Four stamps before the tests' clock begins: 08:00 and 16:00 of that day, 00:00 and 08:00 of the next."""
DAY = 24 * 3_600_000


def short(as_of: str | None = AS_OF, **leg: str) -> Book:
    """One bitcoin short at Binance against one held, isolated; facts and prices are there."""
    stated = {"margin": "32500", "maintenance_margin_rate": "0.005", **leg}
    more = {} if as_of is None else {"as_of": as_of}
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "1"}],
            accounts=[account("main", "binance", {"USDT": "40000"}, position(BTC, "1", "65000", **stated), **more)],
        )
    )
    book.apply(instrument("binance", BTC))
    book.apply(live("binance-usdm"))
    tick(book, "binance", BTC, "65000", 0)
    return book


def row(book: Book, mono_ms: int = 0, leg: str = LEG) -> PositionRow:
    return book.leg(leg, at(mono_ms))


# What was paid


def test_settlements_since_the_file_are_paid_at_their_own_marks() -> None:
    book = short()
    four = (("0.0001", "64000"), ("0.0002", "65000"), ("-0.0003", "66000"), ("0.0001", "67000"))
    found = [Settlement(STAMP_MS - 8 * HOUR_MS * (3 - n), D(r), D(m)) for n, (r, m) in enumerate(four)]
    touched = book.apply(settled("binance", BTC, (*stamps(86, last_ms=found[0].at_ms - 8 * HOUR_MS), *found)))
    assert {f"leg:{LEG}", "asset:BTC", "account:main"} <= touched
    paid = D("6.4") + D(13) - D("19.8") + D("6.7")
    leg = row(book)
    assert leg.paid_usd == paid
    assert leg.paid_30d_usd == 86 * D("6.5") + paid
    assert leg.margin == 32500 + paid
    assert "funding since the file counted, est." in leg.flags
    assert leg.realised_apr == paid * 8760 / ((64000 + 65000 + 66000 + 67000) * D(8))
    assert book.asset("BTC", at(0)).paid_usd == paid
    totals = take_snapshot(book, at(0), "live").totals
    assert (totals.paid_usd, totals.paid_30d_usd) == (paid, leg.paid_30d_usd)
    assert book.account("main", at(0)).free["USDT"] == 7500
    assert book.layout.wallets["main", "USDT"].balance == 40000 + paid


def test_what_was_paid_moves_the_liquidation_price() -> None:
    paying, earning = short(), short()
    before = row(paying).liquidation_price
    paying.apply(settled("binance", BTC, stamps(90, ("-0.003",))))
    earning.apply(settled("binance", BTC, stamps(90, ("0.003",))))
    near, far = row(paying).liquidation_price, row(earning).liquidation_price
    assert before is not None
    assert near is not None
    assert far is not None
    assert near < before < far
    assert row(paying).margin == 32500 - 4 * 195


def test_a_cross_leg_is_paid_into_its_wallet() -> None:
    legs = [position(BTC, "1", "65000", margin_mode="cross", leverage="2")]
    book = Book(portfolio(accounts=[account("main", "binance", {"USDT": "40000"}, *legs, as_of=AS_OF)]))
    for update in (instrument("binance", BTC), flat("binance", BTC, "0.005"), live("binance-usdm")):
        book.apply(update)
    tick(book, "binance", BTC, "65000", 0)
    before = book.leg(LEG, at(0)).liquidation_price
    book.apply(settled("binance", BTC, stamps(90, ("-0.01",))))
    leg = book.leg(LEG, at(0))
    assert leg.paid_usd == -2600
    assert leg.equity == 37400
    assert leg.margin is None
    assert before is not None
    assert leg.liquidation_price is not None
    assert leg.liquidation_price < before
    assert book.account("main", at(0)).equity_usd == 37400


def test_funding_in_coins_changes_what_is_held() -> None:
    leg = position(ETH, "17500", "3500", margin_mode="cross", leverage="1")
    book = Book(portfolio(accounts=[account("coin", "bybit", {"ETH": "5"}, leg, as_of=AS_OF)]))
    book.apply(instrument("bybit", ETH))
    book.apply(live("bybit-inverse"))
    tick(book, "bybit", ETH, "3500", 0)
    assert book.asset("ETH", at(0)).drift == 0
    book.apply(settled("bybit", ETH, stamps(90, ("0.001",), mark="3500")))
    coin, found = book.asset("ETH", at(0)), book.leg(f"coin/{ETH}/short", at(0))
    assert coin.spot_quantity == D("5.02")
    assert coin.spot_usd == D("5.02") * 3500
    assert coin.drift == 5 / D("5.02") - 1
    assert found.paid_usd == 4 * D("17.5")
    assert found.equity == D("5.02")
    assert book.totals(at(0)).spot_usd == D("5.02") * 3500


def test_without_marks_of_the_stamps_the_venues_candles_give_them() -> None:
    book = short()
    book.apply(settled("binance", BTC, stamps(90, mark=None)))
    assert row(book).why["paid_usd"] == "the marks at its stamps are not known yet"
    assert row(book).margin == 32500
    book.apply(daily("binance", BTC, [60000.0] * 90))
    assert row(book).paid_usd == 4 * 6
    book.apply(hourly("binance", BTC, "mark", ["70000"] * 168))
    assert row(book).paid_usd == 4 * 7
    assert row(book).paid_30d_usd == 21 * 7 + 69 * 6


@pytest.mark.parametrize(
    ("as_of", "since_days", "words"),
    [
        (None, 30, "the file does not say when the position was read"),
        ("2026-10-01", 30, "settlements are known since 2026-10-19 11:06, it needs them since 2026-10-01 00:00"),
    ],
)
def test_what_is_not_known_of_the_past_is_not_counted(as_of: str | None, since_days: int, words: str) -> None:
    book = short(as_of)
    book.apply(settled("binance", BTC, stamps(90), since_ms=WALL_MS - since_days * DAY_MS))
    leg = row(book)
    assert leg.paid_usd is None
    assert leg.why["paid_usd"].startswith(words)
    assert leg.paid_30d_usd is not None
    assert leg.margin == 32500
    assert words in take_snapshot(book, at(0), "live").totals.why["paid_usd"]


def test_a_month_needs_a_month() -> None:
    book = short()
    book.apply(settled("binance", BTC, stamps(30), since_ms=WALL_MS - 10 * DAY_MS))
    assert row(book).paid_usd == 4 * D("6.5")
    assert "known since 2026-11-08" in row(book).why["paid_30d_usd"]


def test_a_file_newer_than_the_last_stamp_was_paid_nothing_yet() -> None:
    book = short("2026-11-18T09:00:00Z")
    book.apply(settled("binance", BTC, stamps(90)))
    leg = row(book)
    assert (leg.paid_usd, leg.margin, leg.realised_apr) == (0, 32500, None)
    assert leg.why["realised_apr"] == "no stamp since the position was read"


def test_reasons_before_anything_came() -> None:
    book = short()
    leg = row(book)
    assert leg.why["paid_usd"] == leg.why["funding_3d_apr"] == "no settled funding from binance yet"
    assert leg.why["basis_z"] == "no hourly candles from binance yet"
    assert book.asset("BTC", at(0)).why["volatility"] == "no daily candles from binance yet"
    book.apply(FeedState("binance-history", "backing_off", "binance is out of order (HTTP 503)", 0))
    words = "no settled funding yet: binance-history binance is out of order (HTTP 503)"
    assert row(book).why["paid_usd"] == words
    book.apply(settled("binance", BTC, (), reason="binance has no settled funding of BTC/USDT:USDT"))
    assert row(book).why["paid_usd"] == "binance has no settled funding of BTC/USDT:USDT"


def test_means_of_three_seven_and_thirty_days() -> None:
    book = short()
    book.apply(settled("binance", BTC, (*stamps(81, last_ms=STAMP_MS - 72 * HOUR_MS), *stamps(9, ("-0.0002",)))))
    leg = row(book)
    assert leg.funding_3d_apr == -D("0.0002") * 3 * 365
    assert leg.funding_7d_apr == (12 * D("0.0001") - 9 * D("0.0002")) * 8760 / 168
    assert leg.funding_30d_apr == (81 * D("0.0001") - 9 * D("0.0002")) * 8760 / 720
    assert leg.funding_adverse_share == 1
    book.apply(settled("binance", BTC, stamps(4)))
    assert row(book).why["funding_7d_apr"] == "needs 7 d of settlements, has 32 h"


def test_the_basis_against_its_week() -> None:
    book = short()
    tick(book, "binance", BTC, "65000", 1, premium="1.001")
    book.apply(hourly("binance", BTC, "index", ["100"] * 168))
    book.apply(hourly("binance", BTC, "mark", [str(D(100) + D(n % 2) / 10) for n in range(168)]))
    std = math.sqrt(168 * 0.0005**2 / 167)
    assert float(row(book, 1).basis_z or 0) == pytest.approx((0.001 - 0.0005) / std)
    later = row(book, 60_000)
    assert (later.basis_z, later.why["basis_z"]) == (None, later.why["basis_pct"])


# Stamps that pass while the book watches


def coming(rate: str, next_ms: int, mono_ms: int) -> Funding:
    return Funding("binance-usdm", BTC, D(rate), next_ms, mono_ms, 120_000, WALL_MS + mono_ms)


NEXT_MS = STAMP_MS + 8 * HOUR_MS
PASSES = NEXT_MS - WALL_MS
"""When that stamp passes, on the tests' monotonic clock."""


def watched() -> Book:
    """A book that sees the stamp of 16:00 come."""
    book = short()
    book.apply(settled("binance", BTC, stamps(90)))
    book.apply(coming("0.0002", NEXT_MS, 1))
    book.apply(mark("binance", BTC, "66000", PASSES - 1000))
    book.apply(coming("0.0003", NEXT_MS, PASSES - 1000))
    return book


def test_a_stamp_that_passes_counts_as_predicted_until_it_is_published() -> None:
    book = watched()
    assert row(book, PASSES).paid_usd == 4 * D("6.5")
    book.apply(coming("0.0001", NEXT_MS + 8 * HOUR_MS, PASSES + 500))
    leg = row(book, PASSES + 500)
    assert leg.paid_usd == 4 * D("6.5") + D("19.8")
    assert leg.margin == 32500 + 4 * D("6.5") + D("19.8")
    assert "last stamp as predicted" in leg.flags
    for _ in range(3):
        book.apply(coming("0.0002", NEXT_MS + 8 * HOUR_MS, PASSES + 700))
    assert row(book, PASSES + 700).paid_usd == leg.paid_usd

    published = (*stamps(90), Settlement(NEXT_MS, D("0.00025"), D(66100)))
    book.apply(settled("binance", BTC, published, since_ms=WALL_MS - 30 * DAY_MS, at_ms=NEXT_MS + 90_000))
    leg = row(book, PASSES + 90_000)
    assert leg.paid_usd == 4 * D("6.5") + D("0.00025") * 66100
    assert "last stamp as predicted" not in leg.flags


def test_a_settlement_that_comes_before_the_frame_is_counted_once() -> None:
    book = watched()
    published = (*stamps(90), Settlement(NEXT_MS, D("0.00025"), D(66100)))
    book.apply(settled("binance", BTC, published, since_ms=WALL_MS - 30 * DAY_MS, at_ms=NEXT_MS + 5_000))
    paid = row(book, PASSES).paid_usd
    book.apply(coming("0.0001", NEXT_MS + 8 * HOUR_MS, PASSES + 6_000))
    assert row(book, PASSES + 6_000).paid_usd == paid
    assert book.ledger.market("binance", BTC).passed == []


def test_an_answer_from_just_before_the_stamp_does_not_take_it_away() -> None:
    book = watched()
    book.apply(coming("0.0001", NEXT_MS + 8 * HOUR_MS, PASSES + 500))
    paid = row(book, PASSES + 500).paid_usd
    book.apply(settled("binance", BTC, stamps(90), since_ms=WALL_MS - 30 * DAY_MS, at_ms=NEXT_MS + 1_000))
    assert row(book, PASSES + 1000).paid_usd == paid


def test_a_stamp_that_the_venue_never_settled_is_not_paid() -> None:
    book = watched()
    book.apply(coming("0.0001", NEXT_MS + 8 * HOUR_MS, PASSES + 500))
    book.apply(settled("binance", BTC, stamps(90), since_ms=WALL_MS - 30 * DAY_MS, at_ms=NEXT_MS + HOUR_MS))
    assert row(book, PASSES + HOUR_MS).paid_usd == 4 * D("6.5")


@pytest.mark.parametrize(("to_hours", "mono_ms"), [(-4, 60_000), (4, PASSES - 60_000)])
def test_a_stamp_that_is_moved_has_not_passed(to_hours: int, mono_ms: int) -> None:
    book = short()
    book.apply(settled("binance", BTC, stamps(90)))
    book.apply(coming("0.0002", NEXT_MS, 1))
    book.apply(coming("0.0001", NEXT_MS + to_hours * HOUR_MS, mono_ms))
    book.apply(coming("0.0001", NEXT_MS + 8 * HOUR_MS, mono_ms + 100))
    assert row(book, mono_ms + 100).paid_usd == 4 * D("6.5")
    assert book.ledger.market("binance", BTC).passed == []


def test_a_stamp_that_nobody_saw_is_missed_and_after_a_day_nothing_is_said() -> None:
    book = short()
    book.apply(settled("binance", BTC, stamps(90)))
    assert not any("not known yet" in flag for flag in row(book, PASSES + 29 * 60_000).flags)
    late = row(book, PASSES + HOUR_MS)
    assert "stamp of 2026-11-18 16:00 not known yet" in late.flags
    assert late.paid_usd == 4 * D("6.5")
    old = row(book, PASSES + DAY + HOUR_MS)
    assert (old.paid_usd, old.funding_3d_apr, old.realised_apr) == (None, None, None)
    assert old.why["paid_usd"] == "settled funding is known to 2026-11-18 08:00 only"
    assert old.margin == 32500 + 4 * D("6.5")
    totals = take_snapshot(book, at(PASSES + DAY + HOUR_MS), "live").totals
    assert totals.why["paid_usd"] == f"{LEG}: settled funding is known to 2026-11-18 08:00 only"


# Betas


def proxied(**plan: str) -> Book:
    """AVAX is held and hedged by a short of BTC; SOL has a short of its own."""
    book = Book(
        portfolio(
            holdings=[{"asset": "AVAX", "quantity": "100"}, {"asset": "BTC", "quantity": "1"}],
            accounts=[account("main", "binance", {"USDT": "40000"}, position(BTC, "1", "65000", margin="32500"))],
            policy={"assets": {"AVAX": {"proxy": "BTC", **plan}}},
        )
    )
    for update in (instrument("binance", BTC), live("binance-usdm"), live("binance-spot")):
        book.apply(update)
    tick(book, "binance", BTC, "65000", 0)
    book.apply(spot("AVAX/USDT", "20", 0))
    return book


OWN, PROXY = closes(wave(90, lag=0.2, own=0.012), 20.0), closes(wave(90), 65000.0)


def candles(book: Book, days: int = 90) -> frozenset[str]:
    first = book.apply(daily("binance", BTC, PROXY[-days - 1 :]))
    return first | book.apply(daily("binance", "AVAX/USDT", OWN[-days - 1 :]))


@pytest.mark.parametrize(
    ("plan", "source"),
    [
        ({}, "beta of 60 daily returns to 2026-11-17"),
        ({"method": "beta"}, "beta of 60 daily returns to 2026-11-17"),
        ({"method": "correlation"}, "correlation of 60 daily returns to 2026-11-17"),
        ({"method": "notional"}, "one dollar for one"),
        ({"beta": "1.3"}, "stated in the policy"),
    ],
)
def test_a_proxy_is_sized_by_the_policys_method(plan: dict[str, str], source: str) -> None:
    book = proxied(**plan)
    candles(book)
    fit = regression(returns_asset=log_returns(OWN)[-60:], returns_hedge=log_returns(PROXY)[-60:])
    assert fit is not None
    wanted = {"correlation": fit.rho, "notional": 1.0}.get(plan.get("method", ""), float(plan.get("beta", fit.beta)))
    coin = book.asset("AVAX", at(0))
    assert float(coin.beta or 0) == pytest.approx(wanted, rel=1e-9)
    assert coin.beta_source == source
    assert float(coin.r2 or 0) == pytest.approx(fit.r2, rel=1e-9)
    totals = book.totals(at(0))
    assert totals.beta_spot_usd is not None
    assert float(totals.beta_spot_usd) == pytest.approx(65000 + 2000 * wanted, rel=1e-9)


def test_before_the_candles_and_with_too_few_the_reason_stands_at_every_figure() -> None:
    book = proxied()
    words = "AVAX: its beta to BTC needs price history, and there are no daily candles of AVAX and BTC yet"
    assert book.totals(at(0)).why["drift"].startswith(words)
    touched = candles(book, 6)
    assert {"asset:AVAX", "asset:BTC"} <= touched
    coin = book.asset("AVAX", at(0))
    assert (coin.beta, coin.correlation, coin.volatility) == (None, None, None)
    assert coin.why["beta"] == "its beta to BTC needs 20 days, has 6; `beta` in the policy states it"
    assert coin.why["volatility"] == coin.why["r2"] == "needs 20 days, has 6"
    assert book.totals(at(0)).hedge_ratio is None
    candles(book)
    assert book.totals(at(0)).hedge_ratio is not None
    assert "beta" not in book.asset("AVAX", at(0)).why


def test_a_coin_without_a_proxy_has_a_volatility_alone() -> None:
    book = proxied()
    candles(book)
    coin = book.asset("BTC", at(0))
    assert coin.volatility is not None
    assert (coin.correlation, coin.beta, coin.beta_source) == (None, 1, "")
    assert coin.why["correlation"] == coin.why["stress_beta"] == "it is not hedged by a proxy"


def test_statistics_are_worked_out_when_candles_come_and_not_on_ticks() -> None:
    book = proxied()
    candles(book)
    kept = book.layout.coins["AVAX"].pair, book.layout.coins["BTC"].volatility, book.layout.legs[LEG].past
    for number in range(50):
        tick(book, "binance", BTC, str(65000 + number), number)
        book.apply(spot("AVAX/USDT", str(20 + number), number))
        book.totals(at(number))
    now = book.layout.coins["AVAX"].pair, book.layout.coins["BTC"].volatility, book.layout.legs[LEG].past
    assert all(one is other for one, other in zip(kept, now, strict=True))


def test_old_candles_are_used_and_say_of_when_they_are() -> None:
    """A cache of a month ago: the newest day is named, wherever the beta is shown."""
    book = proxied()
    for symbol, prices in ((BTC, PROXY), ("AVAX/USDT", OWN)):
        fresh = daily("binance", symbol, prices)
        moved = tuple(msgspec.structs.replace(c, start_ms=c.start_ms - 30 * DAY_MS) for c in fresh.candles)
        book.apply(msgspec.structs.replace(fresh, candles=moved, at_ms=WALL_MS - 30 * DAY_MS))
    assert book.asset("AVAX", at(0)).beta_source == "beta of 60 daily returns to 2026-10-18"


# Any order, and copies


def everything() -> tuple[Book, list[Update]]:
    book = Book(
        portfolio(
            holdings=[{"asset": "AVAX", "quantity": "100"}, {"asset": "BTC", "quantity": "1"}],
            accounts=[
                account(
                    "main", "binance", {"USDT": "90000"},
                    position(BTC, "1", "65000", margin="32500"),
                    position(SOL, "100", "140", margin_mode="cross", leverage="2"),
                    as_of=AS_OF,
                ),
                account(
                    "coin", "bybit", {"ETH": "5"}, position(ETH, "17500", "3500", margin_mode="cross"), as_of=AS_OF
                ),
            ],
            policy={"assets": {"AVAX": {"proxy": "BTC"}}},
        )
    )  # fmt: skip
    said: list[Update] = []
    for venue, symbol, price in (("binance", BTC, 65000), ("binance", SOL, 142), ("bybit", ETH, 3500)):
        said += [instrument(venue, symbol), flat(venue, symbol, "0.01")]
        recorder = Recorder()
        remember(recorder, venue, symbol, mark=Decimal(price))  # type: ignore[arg-type]
        said += recorder.heard
    recorder = Recorder()
    remember(recorder, "binance", "AVAX/USDT", mark=Decimal(20))  # type: ignore[arg-type]
    return book, said + [each for each in recorder.heard if isinstance(each, Candles) and each.hours == 24]


class Recorder:
    """Stands in for a book, to hear what would be applied."""

    def __init__(self) -> None:
        self.heard: list[Update] = []

    def apply(self, update: Update) -> None:
        self.heard.append(update)


def priced(book: Book) -> Book:
    for feed in ("binance-usdm", "binance-spot", "bybit-inverse"):
        book.apply(live(feed))
    tick(book, "binance", BTC, "65010.1", 0)
    tick(book, "binance", SOL, "142.3", 0)
    tick(book, "bybit", ETH, "3501.7", 0)
    book.apply(spot("AVAX/USDT", "20.3", 0))
    return book


def as_json(book: Book) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(take_snapshot(book, at(0), "live"), feeds=()))


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_history_and_facts_does_not_matter(seed: int) -> None:
    book, said = everything()
    for update in said:
        book.apply(update)
    other, shuffled = everything()
    order = random.Random(seed)
    order.shuffle(shuffled)
    before = order.random() < 0.5
    if before:
        priced(other)
    for update in (*shuffled, *order.sample(shuffled, 5)):
        other.apply(update)
    assert as_json(priced(book)) == as_json(other if before else priced(other))
    assert as_json(book) == as_json(book.with_portfolio(book.portfolio))
    book.replace(book.portfolio)
    assert as_json(book) == as_json(other)


def full() -> Book:
    book, said = everything()
    for update in said:
        book.apply(update)
    return priced(book)


def test_a_copy_was_paid_what_the_original_was() -> None:
    book = full()
    legs = {leg.id: leg for leg in book.layout.legs.values()}
    more = book.portfolio.model_copy(update={"accounts": (book.portfolio.accounts[1],)})
    copy = book.with_portfolio(more)
    assert copy.layout.legs[f"coin/{ETH}/short"].past is legs[f"coin/{ETH}/short"].past
    assert copy.layout.coins["ETH"].spot_quantity == book.layout.coins["ETH"].spot_quantity
    assert copy.layout.coins["AVAX"].target.beta == book.layout.coins["AVAX"].target.beta


@pytest.mark.parametrize("leg", [LEG, f"main/{SOL}/short"])
def test_margin_that_is_added_comes_on_top_of_the_funding(leg: str) -> None:
    book = full()
    ticket = Ticket(
        kind="add_margin", remedy="add_margin", venue="binance", account="main", leg=leg, amount=D(500), currency="USDT"
    )
    before, after = book.leg(leg, at(0)), with_ticket(book, ticket).leg(leg, at(0))
    assert after.paid_usd == before.paid_usd != 0
    if before.margin is not None:
        assert after.margin == before.margin + 500
    else:
        assert after.equity is not None
        assert before.equity is not None
        assert after.equity >= before.equity


def test_a_leg_that_is_taken_out_leaves_its_funding_in_the_wallet() -> None:
    book = full()
    wallet = book.layout.wallets["main", "USDT"]
    account_before = book.portfolio.accounts[0]
    kept = account_before.model_copy(update={"positions": account_before.positions[:1]})
    accounts = (kept, *book.portfolio.accounts[1:])
    copy = book.with_portfolio(book.portfolio.model_copy(update={"accounts": accounts}))
    assert copy.layout.wallets["main", "USDT"].balance == wallet.balance != wallet.stated


def test_a_new_file_starts_again_from_its_own_time() -> None:
    book = full()
    accounts: list[Any] = [each.model_copy() for each in book.portfolio.accounts]
    later = short("2026-11-18T00:00:00Z").portfolio.accounts[0].as_of
    accounts[0] = accounts[0].model_copy(update={"as_of": later})
    book.replace(book.portfolio.model_copy(update={"accounts": tuple(accounts)}))
    assert len(book.layout.legs[LEG].past.since) == 1


def test_a_settlement_is_never_counted_twice_however_often_it_comes() -> None:
    book = full()
    once = as_json(book)
    for market in list(book.ledger.markets.values()):
        if isinstance(market.settlements, Settlements):
            book.apply(market.settlements)
            book.apply(market.settlements)
    assert as_json(book) == once
