"""The sample: complete, on plan at the simulator's prices, and never near liquidation on the day it is opened."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import pytest

from hedge.book.book import Book
from hedge.book.take import take_snapshot
from hedge.portfolio import Portfolio, load_portfolio, schema
from hedge.portfolio.describe import describe
from tests.hedge.said import at, flat, instrument, live, tick, tiers

SAMPLE = Path(__file__).parents[2] / "sample_portfolio.json"
TABLE = {"BTC": "65000", "ETH": "3500", "SOL": "142"}
"""Where the simulator's prices start."""
MARKETS = (("binance", "BTC/USDT:USDT"), ("bybit", "ETH/USD:ETH"), ("bybit", "SOL/USDT:USDT"))


def sample() -> Portfolio:
    return load_portfolio(SAMPLE.read_bytes(), SAMPLE.name)


def opened(prices: dict[str, str], premium: str = "1") -> Book:
    """The sample at given prices, with what a keyless start knows of margins: no tiers from Binance."""
    book = Book(sample())
    book.apply(instrument("binance", "BTC/USDT:USDT", maintenance_rate="0.025", step="0.001"))
    book.apply(tiers("binance", "BTC/USDT:USDT", reason="it wants a key"))
    book.apply(instrument("bybit", "ETH/USD:ETH", step="1"))
    book.apply(flat("bybit", "ETH/USD:ETH", "0.005"))
    book.apply(instrument("bybit", "SOL/USDT:USDT", step="0.1"))
    book.apply(flat("bybit", "SOL/USDT:USDT", "0.01"))
    for feed in ("binance-usdm", "bybit-linear", "bybit-inverse"):
        book.apply(live(feed))
    for venue, symbol in MARKETS:
        tick(book, venue, symbol, prices[symbol.partition("/")[0]], 0, premium=premium)
    return book


def test_it_shows_every_kind_of_leg() -> None:
    portfolio = sample()
    positions = [position for account in portfolio.accounts for position in account.positions]
    assert {position.perp.inverse for position in positions} == {False, True}
    assert {position.margin_mode for position in positions} == {"isolated", "cross"}
    assert all(position.leverage and position.entry_price is None and position.margin is None for position in positions)
    assert portfolio.policy.assets["SOL"].target == Decimal("0.5")
    assert portfolio.json_schema is not None
    assert schema()["title"] == "HedgetuiPortfolio"
    assert "a rally of 49 % from entry liquidates it, at the maintenance rate of 0.5 %" in describe(portfolio)


@pytest.mark.parametrize("premium", ["1", "1.0003", "0.9996"])
def test_it_is_on_plan_at_the_simulators_prices(premium: str) -> None:
    snapshot = take_snapshot(opened(TABLE, premium), at(0), "demo")
    assert [row.status for row in snapshot.assets] == ["hedged", "hedged", "hedged"]
    for row in snapshot.assets:
        assert row.drift is not None
        assert abs(row.drift) < Decimal("0.005")
    assert snapshot.totals.off_usd is not None
    assert abs(snapshot.totals.off_usd) < 100
    assert snapshot.totals.to_liquidation is not None
    assert snapshot.totals.to_liquidation > Decimal("0.33")
    assert snapshot.totals.unpriced == 0
    assert snapshot.totals.why["joint_to_liquidation"] == "never"


def test_it_opens_far_from_liquidation_at_any_days_prices() -> None:
    rng = random.Random(20261120)
    for _ in range(100):
        prices = {coin: str(Decimal(price) * Decimal(rng.randint(35, 350)) / 100) for coin, price in TABLE.items()}
        book = opened(prices)
        for row in take_snapshot(book, at(0), "live").positions:
            never = row.why.get("to_liquidation") == "never"
            assert never or (row.to_liquidation is not None and row.to_liquidation > Decimal("0.33")), (row.id, prices)
        for account in book.portfolio.accounts:
            for free in book.account(account.id, at(0)).free.values():
                assert free is None or free >= 0 or account.id == "bybit-coin", (account.id, prices)


def test_an_inverse_leg_may_be_off_plan_at_other_prices_and_the_row_says_so() -> None:
    row = opened({**TABLE, "ETH": "2500"}).asset("ETH", at(0))
    assert row.status == "net_short"
    assert row.drift == Decimal("0.396")
    assert row.off_usd == -4950
