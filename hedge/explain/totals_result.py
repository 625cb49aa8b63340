"""Explanations of the whole book since its start and since its last rebalance: result, cost, protection, weights."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from hedge.book.ledger import seconds
from hedge.book.rebalance import NO_REFERENCE, largest_shift, turnover, value_change
from hedge.book.result import cost_of_protection, margin_used, over_legs
from hedge.book.totals_result import PARTS
from hedge.explain.entry import SUMMED, Entry, Figure
from hedge.explain.form import Input, listed, stated
from hedge.explain.totals_facts import Made, TotalsSubject, has_a_hedge, of_coins, of_legs
from hedge.sums import exact_sum


def _of_wallets(figure: str, symbol: str) -> Made:
    """A figure of every wallet."""

    def made(subject: TotalsSubject) -> Input:
        wallets = subject.book.layout.wallets
        paths = [(f"{account} {currency}", f"accounts.{account}.{figure}.{currency}") for account, currency in wallets]
        return listed("parts", figure, [replace(subject.at(path), label=name) for name, path in paths], symbol)

    return made


def _result_parts(subject: TotalsSubject) -> Input:
    return listed("parts", "parts", [subject.sibling(name) for name in PARTS], "R_i")


def _last_value(subject: TotalsSubject) -> Input:
    last = subject.book.last_rebalance
    return stated(
        "spot value at the last rebalance",
        "V₀",
        None if last is None else last.value_usd,
        "USD",
        "the last rebalance",
        age_s=None if last is None else seconds(subject.now.wall_ms, last.at_ms),
        why=NO_REFERENCE,
        remedy="a price of every coin",
    )


def _shifts(subject: TotalsSubject) -> Input:
    """Of every coin; one that is gone lost all of its weight."""
    coins, last = subject.book.layout.coins, subject.book.last_rebalance
    items = [replace(subject.at(f"assets.{name}.weight_shift"), label=name) for name in coins]
    for name, share in () if last is None else last.weights.items():
        if name not in coins:
            items.append(Input(name, f"{name}, gone", value=-share, unit="points", source="the last rebalance"))
    return listed("shifts", "changes of weights", items, "Δw")


def _sum(
    title: str, symbol: str, words: str, parts: Made, formula: Callable[..., object] = over_legs
) -> Entry[TotalsSubject]:
    return Entry(title, symbol, "USD", words, "{parts:+}", formula, {"parts": parts}, rounding=SUMMED, remedy=_POSITION)


def _of_each_leg(figure: str) -> Made:
    return of_legs(PARTS[figure], "R_leg")


_POSITION = "a position"

TOTALS_RESULT: dict[str, Figure[TotalsSubject]] = {
    "value_change": Entry(
        "value since the last rebalance",
        "ΔV",
        "fraction",
        "dollars held over those at the last rebalance, less one",
        "{value_usd} ÷ {last_value_usd} − 1",
        value_change,
        {"value_usd": "spot_usd", "last_value_usd": _last_value},
        remedy="a coin that is held",
    ),
    "allocation_shift": Entry(
        "largest change of a weight",
        "max|Δw|",
        "points",
        "of the changes of all weights since the last rebalance, without their signs",
        "largest of |{shifts}|",
        largest_shift,
        {"shifts": _shifts},
        remedy="a coin that is held",
    ),
    "turnover": Entry(
        "turnover back to the old weights",
        "½Σ|Δw|",
        "fraction",
        "half the changes of all weights since the last rebalance, without their signs",
        "½ Σ |{shifts}|",
        turnover,
        {"shifts": _shifts},
        remedy="a coin that is held",
    ),
    "protected_usd": _sum(
        "value protected",
        "V_p",
        "of every coin whose hedge is its own, added up; coins that share a proxy's short are counted there",
        of_coins("protected_usd", "V_p_i", has_a_hedge),
        exact_sum,
    ),
    "price_result_usd": _sum("result from price", "R_P", "of every position", _of_each_leg("price_result_usd")),
    "basis_result_usd": _sum("result from basis", "R_B", "of every position", _of_each_leg("basis_result_usd")),
    "funding_result_usd": _sum(
        "result from funding",
        "R_F",
        "what every position was paid since its account was read, added up",
        _of_each_leg("funding_result_usd"),
    ),
    "fees_result_usd": _sum("fees", "R_f", "of opening every position", _of_each_leg("fees_result_usd")),
    "hedge_result_usd": _sum(
        "result of the hedge", "R", "price, basis, funding and fees together", _result_parts, exact_sum
    ),
    "hedge_cost": Entry(
        "cost of the hedge",
        "c",
        "fraction a year",
        "what funding and fees of every position cost a year, over the value protected",
        "({costs:+}) ÷ {protected_usd}",
        cost_of_protection,
        {"costs": of_legs("cost_year_usd", "C_leg"), "protected_usd": "protected_usd"},
        remedy=_POSITION,
    ),
    "margin_used": Entry(
        "share of the collateral that is used",
        "u",
        "fraction",
        "isolated margins and initial margins of cross positions over collateral, of all wallets, in USD",
        "({margins:+}) ÷ ({collateral:+})",
        margin_used,
        {"margins": _of_wallets("used_usd", "M_w"), "collateral": _of_wallets("balance_usd", "W_w")},
        remedy="`collateral` of an account in the file",
    ),
}
