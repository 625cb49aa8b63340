"""The running result of a hedge: its parts add up, each says what it assumes, and what it protects and costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge.book.book import Book
from hedge.book.leg_result import LIST_FEE, NO_PREMIUM
from hedge.book.result import basis_result_usd, cost_year_usd, fees_result_usd, price_result_usd, protected_usd
from hedge.book.take import take_snapshot
from hedge.market import Index, Mark
from hedge.pnl import attribute, pnl_usd
from hedge.snapshot import Snapshot
from tests.hedge.past import settled
from tests.hedge.said import D, account, at, btc_book, flat, instrument, portfolio, position, spot, tick

BTC, ETH = "BTC/USDT:USDT", "ETH/USD:ETH"
LEG = f"main/{BTC}/short"

OCTOBER_19_MS = 1_792_368_000_000
PRICES = st.decimals("0.01", 100_000, places=2)


@given(
    st.booleans(),
    st.sampled_from(("long", "short")),
    PRICES,
    PRICES,
    PRICES,
    PRICES,
    st.decimals("0.9", "1.1", places=4),
)
def test_price_and_basis_are_the_unrealised_pnl(
    inverse: bool, side: Any, entry: Decimal, mark: Decimal, entry_index: Decimal, index: Decimal, rate: Decimal
) -> None:
    size: dict[str, Any] = {"inverse": inverse, "side": side, "contracts": D(3), "contract_size": D("0.1")}
    money = D(1) if inverse else rate
    moved: dict[str, Any] = {"entry": entry, "entry_index": entry_index, "index": index, "quote_usd": money}
    price = price_result_usd(**size, **moved)
    basis = basis_result_usd(**size, **moved, mark=mark)
    assert price is not None
    assert basis is not None
    gained = pnl_usd(**size, entry=entry, price=mark, quote_usd=money)
    assert gained is not None
    assert abs(price + basis - gained) <= abs(gained) * D("1e-20") + D("1e-15")
    parts = attribute(
        **size,
        entry=entry,
        mark=mark,
        entry_index=entry_index,
        index=index,
        entry_quote_usd=money,
        quote_usd=money,
    )
    assert abs(parts.price_usd - price) + abs(parts.basis_usd - basis) <= D("1e-15")


def test_the_signs_of_a_short() -> None:
    """A premium that falls and an index that falls both gain; a fee costs."""
    size: dict[str, Any] = {"inverse": False, "contracts": D(2), "contract_size": D(1)}
    moved: dict[str, Any] = {"side": "short", "entry": D(101), "entry_index": D(100), "index": D(90)}
    assert price_result_usd(**size, **moved) == 20
    assert basis_result_usd(**size, **moved, mark=D("90.5")) == 1
    assert fees_result_usd(**size, entry=D(101), taker_fee=D("0.0005")) == D("-0.101")
    assert (
        fees_result_usd(inverse=True, contracts=D(300), contract_size=D(10), entry=D(101), taker_fee=D("0.001")) == -3
    )


@pytest.mark.parametrize(
    ("held", "hedge", "expected"),
    [("100", "-60", "60"), ("100", "-140", "100"), ("100", "50", "0"), ("0", "-50", "0")],
)
def test_what_a_short_protects(held: str, hedge: str, expected: str) -> None:
    assert protected_usd(held_usd=D(held), hedge_usd=D(hedge)) == D(expected)


def test_a_year_of_cost_is_known_from_seven_days_on() -> None:
    assert cost_year_usd(funding_usd=D(-20), fees_usd=D(-10), hours=D(876)) == 300
    assert cost_year_usd(funding_usd=D(50), fees_usd=D(-10), hours=D(876)) == -400
    assert cost_year_usd(funding_usd=D(-20), fees_usd=D(-10), hours=D(167)) is None


def shown(book: Book, mono_ms: int = 0) -> Snapshot:
    return take_snapshot(book, at(mono_ms), "live")


def known(**leg: str) -> Book:
    """A bitcoin short, ten days old, with its funding: ten days of stamps at 0.01 %."""
    book = btc_book(**leg)
    book.replace(
        book.portfolio.model_copy(
            update={
                "accounts": (
                    book.portfolio.accounts[0].model_copy(
                        update={"fees": book.portfolio.accounts[0].fees.model_copy(update={"taker": D("0.0004")})}
                    ),
                )
            }
        )
    )
    book.apply(settled("binance", BTC, ["0.0001"] * 60))
    tick(book, "binance", BTC, "60000", 0, premium="1.001")
    return book


def test_a_leg_and_the_book_add_up_to_the_last_digit() -> None:
    snapshot = shown(known(entry="65000"))
    (row,), totals = snapshot.positions, snapshot.totals
    assert (row.price_result_usd, row.basis_result_usd, row.fees_result_usd) == (5000, -60, D("-26"))
    parts = (row.price_result_usd, row.basis_result_usd, row.paid_usd, row.fees_result_usd)
    assert row.hedge_result_usd == sum(part for part in parts if part is not None)
    assert totals.hedge_result_usd == row.hedge_result_usd
    assert totals.hedge_result_usd == (
        (totals.price_result_usd or 0)
        + (totals.basis_result_usd or 0)
        + (totals.funding_result_usd or 0)
        + (totals.fees_result_usd or 0)
    )
    assert totals.funding_result_usd == row.paid_usd
    assert totals.protected_usd == 60000


def test_what_is_not_known_at_the_entry_is_said() -> None:
    snapshot = shown(known(entry="65000"))
    (row,) = snapshot.positions
    assert NO_PREMIUM in row.flags
    assert LIST_FEE not in row.flags
    assert snapshot.totals.why["basis_result_usd"] == (
        f"{LEG}: the index at the entry is not known, so the entry price stands for it"
    )


def test_an_assumed_entry_knows_its_index() -> None:
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "1"}],
            accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "1", leverage="2"))],
        )
    )
    book.apply(instrument("binance", BTC))
    tick(book, "binance", BTC, "65000", 0, premium="1.001")
    tick(book, "binance", BTC, "64000", 1_000, premium="1.0005")
    (row,) = shown(book, 1_000).positions
    assert NO_PREMIUM not in row.flags
    assert (row.price_result_usd, row.basis_result_usd) == (1000, 65 - 32)
    again = book.with_portfolio(book.portfolio).leg(LEG, at(1_000))
    assert again.basis_result_usd == 33
    book.replace(book.portfolio)
    assert book.leg(LEG, at(1_000)).basis_result_usd == 33


def test_an_index_of_a_later_moment_is_not_that_of_the_entry() -> None:
    book = Book(portfolio(accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "1", leverage="2"))]))
    book.apply(instrument("binance", BTC))
    book.apply(Mark("binance-usdm", BTC, D(65000), 0, 5_000))
    book.apply(Index("binance-usdm", BTC, D(64000), 3_000, 5_000))
    assert NO_PREMIUM in book.leg(LEG, at(3_000)).flags


def test_a_fee_is_that_of_the_account_then_of_the_venue_then_not_known() -> None:
    book = btc_book()
    tick(book, "binance", BTC, "65000", 0)
    row = book.leg(LEG, at(0))
    assert (row.fees_result_usd, row.why["fees_result_usd"]) == (
        None,
        "neither the file nor binance states a taker fee",
    )
    assert row.why["hedge_result_usd"]
    book.apply(instrument("binance", BTC, taker_fee="0.0005"))
    row = book.leg(LEG, at(0))
    assert (row.fees_result_usd, LIST_FEE in row.flags) == (D("-32.5"), True)
    assert "the venue's list is taken" in shown(book).totals.why["fees_result_usd"]


def test_an_inverse_leg_in_dollars() -> None:
    book = Book(
        portfolio(
            accounts=[
                account(
                    "coin", "bybit", {"ETH": "5"}, position(ETH, "17500", "3500", margin_mode="cross", leverage="1")
                )
            ]
        )
    )
    book.apply(instrument("bybit", ETH, taker_fee="0.00055"))
    tick(book, "bybit", ETH, "3150", 0, premium="1.002")
    (row,) = shown(book).positions
    assert (row.price_result_usd, row.fees_result_usd) == (1750, D("-9.625"))
    assert row.basis_result_usd is not None
    assert row.basis_result_usd + 1750 == row.unrealised_pnl_usd


def test_the_cost_a_year_over_the_value_protected() -> None:
    """Thirty days of stamps against the hedge since the file."""
    leg = position(BTC, "1", "65000", margin="32500", maintenance_margin_rate="0.005")
    held = [{"asset": "BTC", "quantity": "1"}]
    accounts = [account("main", "binance", {"USDT": "99000"}, leg, as_of="2026-10-19", fees={"taker": "0.0005"})]
    book = Book(portfolio(holdings=held, accounts=accounts))
    book.apply(instrument("binance", BTC))
    book.apply(settled("binance", BTC, ["-0.0001"] * 180, known_since_d=59))
    tick(book, "binance", BTC, "65000", 0)
    snapshot = shown(book)
    (row,), totals = snapshot.positions, snapshot.totals
    hours = D(at(0).wall_ms - OCTOBER_19_MS) / 3_600_000
    assert row.paid_usd is not None
    assert row.cost_year_usd == -(row.paid_usd - D("32.5")) * 8760 / hours
    assert totals.hedge_cost is not None
    assert abs(totals.hedge_cost - row.cost_year_usd / 65000) < D("1e-15")
    assert totals.hedge_cost > D("0.1")


def test_a_young_hedge_has_no_cost_yet() -> None:
    snapshot = shown(known())
    assert snapshot.totals.hedge_cost is None
    assert snapshot.totals.why["hedge_cost"] == f"{LEG}: needs 7 d since `as_of`, has 1 d"


def test_no_position_has_no_result_and_protects_nothing() -> None:
    book = Book(portfolio(holdings=[{"asset": "BTC", "quantity": "1"}]))
    book.apply(spot("BTC/USDT", "65000", 0))
    totals = shown(book).totals
    assert (totals.hedge_result_usd, totals.why["hedge_result_usd"]) == (None, "there is no position")
    assert totals.protected_usd == 0
    assert totals.why["margin_used"] == "there is no collateral"


def test_margin_used_over_all_wallets() -> None:
    coin = account("coin", "bybit", {"ETH": "10"}, position(ETH, "17500", "3500", margin_mode="cross", leverage="2"))
    main = account("main", "binance", {"USDT": "65000"}, position(BTC, "1", "65000", margin="32500"))
    book = Book(portfolio(accounts=[main, coin]))
    book.apply(instrument("binance", BTC))
    book.apply(instrument("bybit", ETH))
    book.apply(flat("bybit", ETH, "0.01"))
    tick(book, "binance", BTC, "65000", 0)
    tick(book, "bybit", ETH, "3500", 0)
    assert shown(book).totals.margin_used == (D(32500) + D("2.5") * 3500) / (D(65000) + 35000)
    bare = book.with_portfolio(
        portfolio(
            accounts=[account("x", "binance", {"USDT": "65000"}, position(BTC, "1", "65000", margin_mode="cross"))]
        )
    )
    assert shown(bare).totals.why["margin_used"].endswith("is cross and states no leverage")
