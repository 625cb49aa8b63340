"""What is not known is None with a reason beside it, in every row, whatever is missing."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from msgspec import Struct

from hedge.book.book import Book
from hedge.book.take import take_snapshot
from hedge.portfolio import Portfolio
from hedge.snapshot import Snapshot
from tests.hedge.said import (
    account,
    at,
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

BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USD:ETH", "SOL/USDT:USDT"

MAY_BE_EMPTY = {
    "tick",
    "venue_liquidation_price",
    "inverse",
    "settle",
    "lot",
    "age_s",
    "per_s",
    "skew_s",
    "retry_s",
    "as_of",
    "price_source",
    "nearest_leg",
    "joint_account",
    "allocation_asset",
    "rebased",
}
"""Facts and labels that are simply left out; their absence is not a figure that is not known."""

MAY_HAVE_A_CAVEAT = {
    "to_liquidation",
    "joint_to_liquidation",
    "margin_ratio",
    "next_funding",
    "target_ratio",
    "price_result_usd",
    "basis_result_usd",
    "fees_result_usd",
}
"""Worst-of figures that leave a leg out, a target that is not final, assumptions: known, with a word beside them."""


def mixed() -> Portfolio:
    """A linear, an inverse and a cross leg, an assumed entry, a bare coin, a proxy, an account without a wallet."""
    return portfolio(
        holdings=[
            {"asset": "BTC", "quantity": "1"},
            {"asset": "AVAX", "quantity": "9"},
            {"asset": "SOL", "quantity": "200"},
            {"asset": "DOGE", "quantity": "5"},
        ],
        accounts=[
            account("main", "binance", {"USDT": "90000"}, position(BTC, "1", "65000", margin="32500")),
            account("coin", "bybit", {"ETH": "5"}, position(ETH, "17500", leverage="1", margin_mode="cross")),
            account("bare", "bybit", {}, position(SOL, "100", "142", margin_mode="cross")),
            account("lever", "bybit", {"USDT": "10"}, position(SOL, "1", leverage="2")),
        ],
        policy={"assets": {"AVAX": {"proxy": "BTC"}}},
    )


SAID: list[Callable[[Book], object]] = [
    lambda b: [b.apply(instrument(v, s)) for v, s in (("binance", BTC), ("bybit", ETH), ("bybit", SOL))],
    lambda b: [b.apply(flat(v, s, "0.01")) for v, s in (("binance", BTC), ("bybit", ETH), ("bybit", SOL))],
    lambda b: [b.apply(mark(v, s, "100", 0)) for v, s in (("binance", BTC), ("bybit", ETH), ("bybit", SOL))],
    lambda b: [b.apply(index(v, s, "100", 0)) for v, s in (("binance", BTC), ("bybit", ETH), ("bybit", SOL))],
    lambda b: [b.apply(funding(v, s, "0.0001", 0)) for v, s in (("binance", BTC), ("bybit", ETH), ("bybit", SOL))],
    lambda b: [b.apply(spot(s, "20", 0)) for s in ("AVAX/USDT", "DOGE/USDT")],
    lambda b: [b.apply(live("binance-usdm")), b.apply(interval("bybit", SOL, "4"))],
]
"""What venues may say, in groups that come or stay out one by one."""


def unexplained(row: Struct) -> list[str]:
    """Figures of a row that are None without a reason."""
    why: dict[str, str] = getattr(row, "why", {})
    return [
        name
        for name in row.__struct_fields__
        if getattr(row, name) is None and name not in MAY_BE_EMPTY and not why.get(name)
    ]


def check(snapshot: Snapshot) -> None:
    for row in (snapshot.totals, *snapshot.assets, *snapshot.accounts, *snapshot.positions):
        assert not unexplained(row), f"{type(row).__name__} {getattr(row, 'id', getattr(row, 'asset', ''))}"
        why: dict[str, str] = row.why
        for name in why:
            assert name.startswith("free.") or name in MAY_HAVE_A_CAVEAT or getattr(row, name) is None, name
    for account_row in snapshot.accounts:
        for currency, free in account_row.free.items():
            assert free is not None or account_row.why[f"free.{currency}"]


@pytest.mark.parametrize(
    "heard", itertools.product((False, True), repeat=len(SAID)), ids=lambda h: "".join("01"[x] for x in h)
)
def test_whatever_is_missing_there_is_a_reason(heard: tuple[bool, ...]) -> None:
    book = Book(mixed())
    for say, spoken in zip(SAID, heard, strict=True):
        if spoken:
            say(book)
    check(take_snapshot(book, at(0), "live"))
    check(take_snapshot(book, at(3_600_000), "live"))
