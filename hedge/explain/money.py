"""Explanations of a stablecoin: its rate, and what wallets hold of it."""

from __future__ import annotations

from msgspec.structs import replace

from hedge.book.ledger import seconds
from hedge.book.worth import worth_usd
from hedge.explain.entry import Entry, Figures, Moment, Subject, explain_with, read
from hedge.explain.form import Explanation, Input, as_decimal, listed, stated
from hedge.explain.leg_facts import money_rate
from hedge.snapshot import MoneyRow
from hedge.sums import exact_sum


class MoneySubject(Subject):
    """One stablecoin of the book."""

    def __init__(self, moment: Moment, currency: str) -> None:
        self.shown: MoneyRow = moment.rows["money"][currency]
        super().__init__(moment, f"money.{currency}", self.shown)
        self.currency = currency


def explain_money(subject: MoneySubject, name: str) -> Explanation:
    """Explain one figure of a stablecoin. Raises KeyError where it has no such figure."""
    return explain_with(subject, name, MONEY_FIGURES)


def _held(subject: MoneySubject) -> Input:
    wallets = [account for account, currency in subject.book.layout.wallets if currency == subject.currency]
    items = [replace(subject.at(f"accounts.{name}.balance.{subject.currency}"), label=name) for name in wallets]
    return listed("parts", "balances", items, "W")


def _now(subject: MoneySubject) -> Input:
    at = as_decimal(subject.now.mono_ms)
    return stated("now", "t", at, "ms", "the monitor's clock", why="")


def _then(subject: MoneySubject) -> Input:
    found = subject.book.ledger.implied.get(subject.currency)
    at = None if found is None or found.usd is None else as_decimal(found.at_ms)
    why, remedy = "its rate does not come from a stream", "it does once the index streams of bitcoin answer"
    return stated("last sample", "t₀", at, "ms", "the monitor's clock", why=why, remedy=remedy)


MoneySubject.facts = {"rate": lambda subject: money_rate(subject, subject.prefix.removeprefix("money."))}

MONEY_FIGURES: Figures[MoneySubject] = {
    "usd": read(
        "rate",
        "U",
        "USD",
        "rate",
        "USD for one: the middle one of seven samples, a second apart, of an index in dollars over the same index in "
        "this coin; else what the file says; else par, assumed",
    ),
    "held": Entry(
        "held in wallets",
        "W",
        lambda s: s.currency,
        "the balances of all wallets, added up",
        "{parts:+}",
        exact_sum,
        {"parts": _held},
        value="formula",
        remedy="`collateral` of an account in the file",
    ),
    "collateral_usd": Entry(
        "held in wallets, in USD",
        "W_usd",
        "USD",
        "the balances of all wallets times the rate",
        "{quantity} × {price_usd}",
        worth_usd,
        {"quantity": "held", "price_usd": "usd"},
        remedy="`collateral` of an account in the file",
    ),
    "age_s": Entry(
        "age of the rate",
        "a",
        "s",
        "now minus the moment of its last sample, never negative",
        "({now_ms} − {then_ms}) ÷ 1000",
        seconds,
        {"now_ms": _now, "then_ms": _then},
        why="its rate does not come from a stream",
        remedy="it does once the index streams of bitcoin answer",
    ),
}
"""Every figure of a stablecoin."""
