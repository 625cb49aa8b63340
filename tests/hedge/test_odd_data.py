"""Missing, stale and odd data: each row of the table in section 14 of the domain reference, with its reason."""

from __future__ import annotations

from typing import Any

import pytest

from hedge.book.book import Book
from hedge.explain import explain, recompute
from hedge.funding import funding_accrual
from hedge.market import Funding, Index, Mark
from hedge.pnl import pnl, pnl_usd
from hedge.portfolio import PortfolioError
from tests.hedge.odd import BTC, LEG, parts, shown
from tests.hedge.past import settled
from tests.hedge.said import (
    HOUR_MS,
    WALL_MS,
    D,
    account,
    at,
    btc_book,
    funding,
    index,
    instrument,
    interval,
    live,
    mark,
    portfolio,
    position,
    spot,
    tick,
)

# mark missing


def test_without_a_mark_the_index_values_it_and_there_is_no_distance() -> None:
    book = btc_book()
    book.apply(index("binance", BTC, "64000", 0))
    row, asset, _ = parts(book)
    assert row.mark is None
    assert row.why["mark"] == "no mark has come yet"
    assert (row.notional_usd, row.unrealised_pnl_usd) == (64000, 1000)
    assert "index in place of the mark" in row.flags
    assert (row.to_liquidation, row.why["to_liquidation"]) == (None, "no mark has come yet")
    assert row.liquidation_price is not None, "it needs no mark"
    assert asset.price == 64000


# index stale


def test_an_old_index_has_no_basis_and_no_prediction_and_spot_takes_over() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0)
    book.apply(spot("BTC/USDT", "65100", 9_000))
    book.apply(mark("binance", BTC, "65050", 9_000))
    book.apply(funding("binance", BTC, "0.0001", 9_000))
    row, asset, totals = parts(book, 9_000)
    assert row.stale == ("index",)
    for name in ("basis", "basis_pct", "basis_apr"):
        assert (getattr(row, name), row.why[name]) == (None, "the index is old")
    for name in ("next_funding_usd", "accrued_usd"):
        assert (getattr(row, name), row.why[name]) == (None, "the index is old")
    assert (asset.price, asset.price_source) == (65100, "binance-spot mid, in place of the first source")
    assert (totals.stale, totals.spot_usd) == (True, 65100)


def test_with_no_other_source_it_is_valued_at_last_and_flagged() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0)
    _, asset, totals = parts(book, 60_000)
    assert (asset.price, asset.stale, asset.price_source) == (65000, True, "binance-usdm index")
    assert (totals.stale, totals.stale_usd, totals.spot_usd) == (True, 65000, 65000)


# funding


def test_a_missing_interval_is_eight_hours_and_flagged() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0)
    row, _, _ = parts(book)
    assert row.funding_interval_hours == 8
    assert "interval assumed" in row.flags
    assert row.sources["interval"] == "assumed: 8 h, as the venue has not said"
    book.apply(interval("binance", BTC, "4", "binance fundingInfo"))
    row, _, _ = parts(book)
    assert (row.funding_interval_hours, "interval assumed" in row.flags) == (4, False)


def test_without_a_prediction_nothing_accrues_and_the_last_settled_rate_is_labelled() -> None:
    book = btc_book()
    book.apply(interval("binance", BTC, "8"))
    tick(book, "binance", BTC, "65000", 0)
    book.apply(Funding("binance-usdm", BTC, None, WALL_MS + HOUR_MS, 1_000, 120_000, WALL_MS + 1_000))
    row, _, _ = parts(book, 1_000)
    for name in ("funding_rate", "funding_apr", "funding_day_usd", "accrued_usd"):
        assert (getattr(row, name), row.why[name]) == (None, "the venue states no rate")
    book.apply(settled("binance", BTC, ["0.0001", "0.0002"], hours=4))
    row, _, _ = parts(book, 1_000)
    assert (row.funding_rate, row.accrued_usd, row.funding_day_usd) == (None, None, None)
    assert row.funding_apr == D("0.0002") * 8760 / 4, "over the hours of its own stamp"
    assert row.sources["funding_apr"] == "the last settled rate, as none is predicted"
    assert "APR of the last settled rate" in row.flags
    assert "funding_apr" not in row.why
    explained = explain(book, f"positions.{LEG}.funding_apr", at(1_000))
    assert recompute(explained) == explained.value == row.funding_apr
    assert explained.flags == ("APR of the last settled rate",)


# equity


def test_an_insolvent_leg_has_no_ratios() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "98000", 0)
    row, _, _ = parts(book)
    assert row.equity is not None
    assert row.equity < 0
    for name in ("margin_ratio", "effective_leverage"):
        assert (getattr(row, name), row.why[name]) == (None, "insolvent: equity is gone")
    assert "insolvent" in row.flags
    assert row.to_liquidation is not None
    assert row.to_liquidation < 0


def test_an_insolvent_account_has_no_ratio() -> None:
    book = Book(
        portfolio(
            accounts=[
                account(
                    "main",
                    "binance",
                    {"USDT": "1000"},
                    position(BTC, "1", "40000", margin_mode="cross", maintenance_margin_rate="0.005"),
                )
            ]
        )
    )
    book.apply(instrument("binance", BTC))
    tick(book, "binance", BTC, "65000", 0)
    (row,) = shown(book).accounts
    assert (row.margin_ratio, row.why["margin_ratio"]) == (None, "insolvent: equity is gone")
    assert row.equity_usd == -24000


# quantity


def test_a_position_of_nothing_gains_nothing_at_any_entry() -> None:
    size: dict[str, Any] = {"side": "short", "contracts": D(0), "contract_size": D(1)}
    for inverse in (False, True):
        assert pnl(inverse=inverse, **size, entry=D(0), price=D(65000)) == 0
        assert pnl_usd(inverse=inverse, **size, entry=D(0), price=D(65000)) == 0


@pytest.mark.parametrize("wrong", ["0", "-1"])
def test_a_file_states_no_position_of_nothing(wrong: str) -> None:
    with pytest.raises(PortfolioError, match="contracts"):
        portfolio(accounts=[account("main", "binance", {"USDT": "1"}, position(BTC, wrong, "65000", leverage="1"))])


# impossible values


@pytest.mark.parametrize("price", ["-1", "0"])
def test_an_impossible_price_is_refused_and_counted(price: str) -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0)
    assert book.apply(Mark("binance-usdm", BTC, D(price), 1_000, 5_000)) == frozenset()
    assert book.apply(Index("binance-usdm", BTC, D(price), 1_000, 5_000)) == frozenset()
    row, asset, _ = parts(book, 1_000)
    assert (row.mark, row.index, asset.price) == (65000, 65000, 65000)
    assert "2 impossible values refused" in row.flags
    assert row.ages.mark == 1.0, "what was refused is no news"


@pytest.mark.parametrize("rate", ["1", "-1.5"])
def test_an_impossible_rate_is_refused_and_counted(rate: str) -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0, rate="0.0002")
    assert book.apply(funding("binance", BTC, rate, 1_000)) == frozenset()
    row, _, _ = parts(book, 1_000)
    assert row.funding_rate == D("0.0002")
    assert "1 impossible value refused" in row.flags


# clocks


@pytest.mark.parametrize(("left_s", "share"), [(-5, 1), (0, 1), (4 * 3600, "0.5"), (8 * 3600, 0), (9 * 3600, 0)])
def test_a_clock_that_is_wrong_never_leaves_the_interval(left_s: int, share: str | int) -> None:
    found = funding_accrual(
        inverse=False,
        side="short",
        contracts=D(1),
        contract_size=D(1),
        mark=D(65000),
        predicted_rate=D("0.0001"),
        interval_hours=D(8),
        next_funding_in_s=D(left_s),
    )
    assert found.accrued_estimate == D("6.5") * D(share)
    book = btc_book()
    book.apply(interval("binance", BTC, "8"))
    tick(book, "binance", BTC, "65000", 0)
    book.apply(funding("binance", BTC, "0.0001", 0, next_in_ms=left_s * 1_000))
    row, _, _ = parts(book)
    assert row.accrued_usd == D("6.5") * D(share)


# stablecoins


def test_each_stablecoin_has_its_own_rate_and_par_is_flagged() -> None:
    usdc = position("BTC/USDC:USDC", "0.5", "65000", margin="16000")
    book = Book(
        portfolio(
            accounts=[
                account("main", "binance", {"USDT": "99000"}, position(BTC, "0.5", "65000", margin="16000")),
                account("other", "binance", {"USDC": "99000", "FDUSD": "10"}, usdc),
            ],
            rates={"USDC": "0.97"},
        )
    )
    for symbol in (BTC, "BTC/USDC:USDC"):
        book.apply(instrument("binance", symbol))
        tick(book, "binance", symbol, "65000", 0)
    snapshot = shown(book)
    by_quote = {row.symbol: row for row in snapshot.positions}
    assert "USDT assumed at par" in by_quote[BTC].flags
    assert not [flag for flag in by_quote["BTC/USDC:USDC"].flags if "par" in flag]
    assert by_quote["BTC/USDC:USDC"].notional_usd == D("32500") * D("0.97")
    assert [(row.currency, row.usd, row.assumed) for row in snapshot.money] == [
        ("USDT", 1, True),
        ("USDC", D("0.97"), False),
        ("FDUSD", 1, True),
    ]


# totals


def test_totals_are_as_old_as_their_oldest_input_and_as_partial_as_their_least_known() -> None:
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "1"}, {"asset": "AVAX", "quantity": "10"}],
            accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "1", "65000", margin="32500"))],
        )
    )
    book.apply(instrument("binance", BTC))
    book.apply(live("binance-usdm"))
    tick(book, "binance", BTC, "65000", 0)
    totals = shown(book).totals
    assert (totals.spot_usd, totals.drift, totals.unpriced) == (None, None, 1)
    assert totals.why["spot_usd"] == totals.why["drift"] == "AVAX has no price"
    book.apply(spot("AVAX/USDT", "20", 0))
    fresh = shown(book).totals
    assert (fresh.spot_usd, fresh.stale, fresh.stale_usd) == (65200, False, 0)
    book.apply(spot("AVAX/USDT", "20", 20_000))
    old = shown(book, 20_000).totals
    assert (old.stale, old.stale_usd, old.age_s) == (True, 65000, 20.0)
