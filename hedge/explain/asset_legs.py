"""Explanations of what a coin's legs come to: funding, distance, age, and the step of an order."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from hedge.book.worth import greatest, least
from hedge.explain.asset_facts import AssetSubject
from hedge.explain.entry import CUT, Entry, Figure, beside, passed_on
from hedge.explain.form import Input, listed
from hedge.exposure import known_sum
from hedge.funding_income import apr_on_notional
from hedge.sizing import step_in_coins

POSITION = "a position that hedges it"


def of_legs(figure: str, label: str, symbol: str) -> Callable[[AssetSubject], Input]:
    """A figure of each leg that hedges the coin."""

    def made(subject: AssetSubject) -> Input:
        found = [replace(subject.at(f"positions.{leg.id}.{figure}"), label=leg.id) for leg in subject.coin.legs]
        return listed("parts", label, found, symbol)

    return made


def _one_leg(figure: str, title: str, symbol: str, unit: str) -> Figure[AssetSubject]:
    """A figure that the row shows only where there is one leg."""

    def made(subject: AssetSubject) -> Entry[AssetSubject]:
        legs = subject.coin.legs
        if len(legs) == 1:
            return passed_on(title, symbol, unit, "that of its one leg", f"positions.{legs[0].id}.{figure}")
        remedy = "each leg has its own: " + ", ".join(f"positions.{leg.id}.{figure}" for leg in legs)
        return Entry(title, symbol, unit, "that of its one leg", remedy=remedy if legs else POSITION)

    return made


def _sum_of_legs(figure: str, title: str, symbol: str) -> Figure[AssetSubject]:
    """A row's sum over its legs; without a leg there is none."""

    def made(subject: AssetSubject) -> Entry[AssetSubject]:
        words = f"{title} of its legs, added up; positive is received"
        if not subject.coin.legs:
            return Entry(title, symbol, "USD", words, remedy=POSITION)
        return Entry(title, symbol, "USD", words, "{parts:+}", known_sum, {"parts": of_legs(figure, title, symbol)})

    return made


def _apr(subject: AssetSubject) -> Entry[AssetSubject]:
    title, symbol, unit = "funding a year", "APR", "fraction a year"
    words = "a year of days like this one, over the notional that earns or pays it; positive is received"
    if not subject.coin.legs:
        return Entry(title, symbol, unit, words, remedy=POSITION)
    takes = {"day_usd": "funding_day_usd", "notional_usd": "funding_notional_usd"}
    return Entry(title, symbol, unit, words, "{day_usd} × 365 ÷ {notional_usd}", apr_on_notional, takes)


def _lot(subject: AssetSubject) -> Entry[AssetSubject]:
    title, symbol, unit, words = (
        "order step in coins",
        "z",
        subject.coin.name,
        "order step times the coins of one contract",
    )
    known = [leg for leg in subject.coin.legs if leg.market.instrument is not None and leg.contract_size is not None]
    if not known:
        why = "no position hedges it" if not subject.coin.legs else "the contracts of its legs are not known"
        return Entry(title, symbol, unit, words, why=why, remedy="a position whose contract the venue describes")
    coins = "{step} × {contract_size} × {multiplier}"
    inverse = known[0].inverse
    names = ("inverse", "step", "contract_size", "multiplier", "price")
    takes: dict[str, str | Callable[[AssetSubject], Input]] = {name: f"lot {name}" for name in names}
    if not inverse:
        takes["price"] = beside("lot price", "coins per contract do not depend on it")
    return Entry(title, symbol, unit, words, coins + (" ÷ {price}" if inverse else ""), step_in_coins, takes)


ASSET_LEGS: dict[str, Figure[AssetSubject]] = {
    "basis_pct": _one_leg("basis_pct", "basis as a fraction of the index", "b", "fraction"),
    "funding_rate": _one_leg("funding_rate", "funding rate", "r", "fraction per interval"),
    "funding_interval_hours": _one_leg("funding_interval_hours", "funding interval", "H", "h"),
    "funding_apr": _apr,
    "funding_day_usd": _sum_of_legs("funding_day_usd", "funding a day", "F_d"),
    "funding_notional_usd": Entry(
        "notional that earns or pays funding",
        "N_usd",
        "USD",
        "notionals of its legs, added up",
        "{parts:+}",
        known_sum,
        {"parts": of_legs("notional_usd", "notionals of its legs", "N_usd")},
        value="formula",
    ),
    "accrued_usd": _sum_of_legs("accrued_usd", "funding accrued, est.", "F_t"),
    "paid_usd": _sum_of_legs("paid_usd", "funding paid since the positions were read", "F_p"),
    "paid_30d_usd": _sum_of_legs("paid_30d_usd", "funding paid in 30 days", "F_30"),
    "to_liquidation": Entry(
        "nearest move to liquidation",
        "d",
        "fraction",
        "the smallest of its legs' distances, of those that are known",
        "smallest of {parts}",
        least,
        {"parts": of_legs("to_liquidation", "distances of its legs", "d")},
        remedy=POSITION,
        rounding=CUT,
    ),
    "age_s": Entry(
        "age of the row",
        "a",
        "s",
        "that of the oldest price in it: its own, and its legs' marks and indexes",
        "largest of {parts}",
        greatest,
        {"parts": "ages"},
    ),
    "lot": _lot,
}
