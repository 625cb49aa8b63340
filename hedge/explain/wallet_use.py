"""Explanations of how much of a wallet is used: what positions take of it, and both in USD."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from hedge.book.totals_result import collateral_usd, margins_usd
from hedge.book.worth import worth_usd
from hedge.explain.entry import SUMMED, Entry, Figures
from hedge.explain.form import Input, listed
from hedge.exposure import known_sum
from hedge.sums import exact_sum

UsdForOne = Callable[[Any, str], Input]


def wallet_use(usd_for_one: UsdForOne) -> Figures[Any]:
    """The entries; `usd_for_one` makes the input that prices a currency."""

    def price(subject: Any) -> Input:
        return usd_for_one(subject, subject.currency)

    return {
        "used": Entry(
            "margin that positions take",
            "M_w",
            lambda s: s.currency,
            "margins of isolated positions and initial margins of cross ones, added up",
            "{parts:+}",
            exact_sum,
            {"parts": _margins},
            value=lambda s: known_sum((s.wallet.isolated_margins.value, s.wallet.cross_initial_margins.value)),
            rounding=SUMMED,
            remedy="`leverage` at its cross positions",
        ),
        "used_usd": Entry(
            "margin that positions take, in USD",
            "M_usd",
            "USD",
            "margins times USD for one",
            "{quantity} × {price_usd}",
            worth_usd,
            {"quantity": "used", "price_usd": price},
            value=lambda s: margins_usd(s.wallet, s.book.usd_price),
        ),
        "balance_usd": Entry(
            "balance in USD",
            "W_usd",
            "USD",
            "balance times USD for one",
            "{quantity} × {price_usd}",
            worth_usd,
            {"quantity": "balance", "price_usd": price},
            value=lambda s: collateral_usd(s.wallet, s.book.usd_price),
        ),
    }


def _margins(subject: Any) -> Input:
    figures = [(leg.id, "margin" if leg.isolated else "initial_margin") for leg in subject.wallet.legs]
    items = [replace(subject.at(f"positions.{leg}.{figure}"), label=leg) for leg, figure in figures]
    return listed("parts", "margins", items, "M")
