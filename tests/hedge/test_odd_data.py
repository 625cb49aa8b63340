"""Missing, stale and odd data: each row of the table in section 14 of the domain reference, with its reason."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from msgspec import Struct

from hedge.book import Book
from hedge.explain import explain, recompute
from hedge.funding import funding_accrual
from hedge.market import Funding, Index, Mark, Tiers
from hedge.pnl import pnl, pnl_usd
from hedge.portfolio import PortfolioError
from hedge.snapshot import AssetRow, PositionRow, Snapshot, Totals
from hedge.take import take_snapshot
from tests.hedge.past import settled
from tests.hedge.said import (
    HOUR_MS,
    WALL_MS,
    D,
    account,
    at,
    btc_book,
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
    tick,
)

BTC, ETH = "BTC/USDT:USDT", "ETH/USD:ETH"
LEG = f"main/{BTC}/short"


def shown(book: Book, mono_ms: int = 0) -> Snapshot:
    """A snapshot in which nothing is NaN or infinite."""
    snapshot = take_snapshot(book, at(mono_ms), "live")
    for row in (snapshot.totals, *snapshot.assets, *snapshot.accounts, *snapshot.positions, *snapshot.money):
        finite(row)
    return snapshot


def finite(row: Struct) -> None:
    for name in row.__struct_fields__:
        value = getattr(row, name)
        if isinstance(value, Decimal):
            assert value.is_finite(), name
        elif isinstance(value, float):
            assert math.isfinite(value), name


def parts(book: Book, mono_ms: int = 0) -> tuple[PositionRow, AssetRow, Totals]:
    snapshot = shown(book, mono_ms)
    return snapshot.positions[0], snapshot.assets[0], snapshot.totals


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


# entry


def without_entry(symbol: str = BTC, venue: str = "binance") -> Book:
    coin = symbol.partition("/")[0]
    wallet = {"USDT": "99000"} if symbol == BTC else {coin: "50"}
    book = Book(portfolio(accounts=[account("main", venue, wallet, position(symbol, "1", leverage="2"))]))
    book.apply(instrument(venue, symbol))
    book.apply(flat(venue, symbol, "0.005"))
    return book


def test_an_entry_may_be_missing_only_beside_a_leverage() -> None:
    with pytest.raises(PortfolioError, match="entry_price"):
        portfolio(accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "1", margin="500"))])


def test_until_the_first_mark_there_is_no_pnl_and_no_liquidation() -> None:
    row, _, _ = parts(without_entry())
    reason = f"the file states no entry, and no mark of {BTC} has come yet to assume one"
    for name in ("entry_price", "unrealised_pnl_usd", "liquidation_price", "margin", "price_result_usd"):
        assert (getattr(row, name), row.why[name]) == (None, reason)
    assert row.coins == -1, "a linear leg's delta needs no entry"
    inverse, _, _ = parts(without_entry(ETH, "bybit"))
    assert (inverse.coins, inverse.why["coins"]) == (
        None,
        f"the file states no entry, and no mark of {ETH} has come yet to assume one",
    )


def test_the_first_mark_is_frozen_as_the_entry_and_flagged() -> None:
    book = without_entry()
    tick(book, "binance", BTC, "65000", 0)
    tick(book, "binance", BTC, "60000", 1_000)
    row, _, _ = parts(book, 1_000)
    assert (row.entry_price, row.unrealised_pnl_usd) == (65000, 5000)
    assert "entry assumed" in row.flags
    assert row.sources["entry_price"] == "assumed: the first mark seen"
    assert row.sources["margin"] == "derived from leverage 2 and the assumed entry"


# tiers


def test_maintenance_comes_from_the_venue_then_the_file_then_the_list_then_nowhere() -> None:
    book = without_entry()
    book.apply(Tiers("binance", BTC, (), "binance", reason="it wants a key"))
    tick(book, "binance", BTC, "65000", 0)
    row, _, _ = parts(book)
    reason = "binance has given no maintenance tiers: it wants a key; `maintenance_margin_rate` in the file states one"
    for name in ("maintenance_rate", "maintenance_margin", "margin_ratio", "liquidation_price"):
        assert (getattr(row, name), row.why[name]) == (None, reason), "never 0, never a constant"
    book.apply(instrument("binance", BTC, maintenance_rate="0.025"))
    row, _, _ = parts(book)
    assert (row.maintenance_rate, "maintenance rate assumed" in row.flags) == (D("0.025"), True)
    stated = book.portfolio.accounts[0].positions[0].model_copy(update={"maintenance_margin_rate": D("0.004")})
    owner = book.portfolio.accounts[0].model_copy(update={"positions": (stated,)})
    book.replace(book.portfolio.model_copy(update={"accounts": (owner,)}))
    row, _, _ = parts(book)
    assert (row.maintenance_rate, row.sources["maintenance"]) == (D("0.004"), "from file")
    book.apply(flat("binance", BTC, "0.0065"))
    row, _, _ = parts(book)
    assert (row.maintenance_rate, row.sources["maintenance"]) == (D("0.0065"), "binance risk-limit")


# a position from a file


def test_a_position_says_how_old_its_file_is() -> None:
    book = btc_book()
    row, _, _ = parts(book)
    assert row.sources["position"] == "file, 36 h old"
    assert row.ages.position == pytest.approx((WALL_MS - 1_794_873_600_000) / 1000)


def test_funding_since_the_file_moves_margin_wallet_and_liquidation() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0)
    before, _, _ = parts(book)
    assert (before.paid_usd, before.margin) == (None, 32500)
    book.apply(settled("binance", BTC, ["-0.001"] * 90))
    row = shown(book).positions[0]
    stamps = [stamp for stamp in range(90) if stamp * 8 * HOUR_MS < WALL_MS - 1_794_873_600_000]
    assert row.paid_usd == -65 * len(stamps)
    assert row.margin == 32500 - 65 * len(stamps)
    assert "funding since the file counted, est." in row.flags
    assert row.liquidation_price is not None
    assert before.liquidation_price is not None
    assert row.liquidation_price < before.liquidation_price, "a short that pays comes nearer"
    assert shown(book).accounts[0].equity_usd == 100_000 - 65 * len(stamps)


def test_settlements_that_do_not_reach_back_are_said() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0)
    book.apply(settled("binance", BTC, ["0.0001"] * 2, known_since_d=1))
    row, _, totals = parts(book)
    assert row.paid_usd is None
    assert row.why["paid_usd"].startswith("settlements are known since ")
    assert row.margin == 32500
    assert totals.funding_result_usd is None
    assert LEG in totals.why["funding_result_usd"]


# isolated margin


def test_a_margin_follows_from_leverage_and_entry() -> None:
    book = Book(
        portfolio(accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "1", "65000", leverage="4"))])
    )
    book.apply(instrument("binance", BTC))
    row, _, _ = parts(book)
    assert row.margin == 16250
    assert "margin derived" in row.flags
    assert row.sources["margin"] == "derived from leverage 4 and the entry"


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


# hedge mode


def test_long_and_short_of_one_symbol_are_two_positions() -> None:
    long = position(BTC, "0.4", "60000", margin="12000")
    long["side"] = "long"
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "1"}],
            accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "1", "65000", margin="32500"), long)],
        )
    )
    book.apply(instrument("binance", BTC))
    book.apply(flat("binance", BTC, "0.005"))
    tick(book, "binance", BTC, "65000", 0)
    snapshot = shown(book)
    assert [(row.side, row.coins, row.margin) for row in snapshot.positions] == [
        ("short", -1, 32500),
        ("long", D("0.4"), 12000),
    ]
    asset = snapshot.assets[0]
    assert (asset.hedge_coin, asset.hedge_ratio) == (D("-0.6"), D("0.6")), "net for exposure"
    short, long_row = snapshot.positions
    assert short.liquidation_price == D(97500) / D("1.005"), "each on its own margin"
    assert long_row.liquidation_price == (D(24000) - D(12000)) / (D("0.4") * D("0.995"))


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
