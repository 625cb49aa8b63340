"""Explanations of the whole book: sums over coins and legs, and the nearest of what is near."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from hedge.book.worth import count_unknown, greatest, least, off_usd, planned_net_usd
from hedge.explain.entry import CUT, SUMMED, Entry, Figure, Figures, explain_with, same
from hedge.explain.form import Explanation, Input, listed
from hedge.explain.totals_facts import Made, TotalsSubject, has_a_hedge, of_accounts, of_coins, of_legs, old_price
from hedge.explain.totals_result import TOTALS_RESULT
from hedge.exposure import drift, hedge_ratio, known_sum, ratio
from hedge.funding_income import apr_on_capital, apr_on_notional
from hedge.sums import exact_gross, exact_sum


def explain_totals(subject: TotalsSubject, name: str) -> Explanation:
    """Explain one figure of the whole book. Raises KeyError where there is no such figure."""
    return explain_with(subject, name, TOTALS_FIGURES)


def _own(*figures: str) -> Made:
    """Figures of the whole book, as a list."""

    def made(subject: TotalsSubject) -> Input:
        return listed("parts", "parts", [subject.sibling(figure) for figure in figures])

    return made


def _planned_hedge(subject: TotalsSubject) -> Decimal | None:
    return subject.book.sums.planned_hedge_usd.value


def _sum(title: str, symbol: str, words: str, parts: Made) -> Entry[TotalsSubject]:
    return Entry(title, symbol, "USD", words, "{parts:+}", exact_sum, {"parts": parts}, rounding=SUMMED)


def _of_positions(title: str, symbol: str, words: str, figure: str) -> Entry[TotalsSubject]:
    """A figure of every position, added up."""
    return Entry(title, symbol, "USD", words, "{parts:+}", known_sum, {"parts": of_legs(figure, "F_leg")})


_EXPOSURE: dict[str, Figure[TotalsSubject]] = {
    "spot_usd": _sum("held in USD", "V", "dollars held of every coin, added up", of_coins("spot_usd", "V_a")),
    "beta_spot_usd": _sum(
        "held in dollars of what hedges it",
        "B",
        "dollars held of every coin times its beta, which is 1 unless a proxy hedges it",
        of_coins("own_beta_spot_usd", "β V_a"),
    ),
    "hedge_usd": _sum(
        "hedge in USD",
        "G",
        "dollars of every coin's hedge, added up; a short is negative",
        of_coins("hedge_usd", "G_a", has_a_hedge),
    ),
    "planned_hedge_usd": Entry(
        "dollars that shall be short",
        "H*",
        "USD",
        "target ratio times dollars of the proxy, of every coin",
        "{parts:+}",
        exact_sum,
        {"parts": of_coins("own_planned_hedge_usd", "h* β V_a")},
        value=_planned_hedge,
        rounding=SUMMED,
    ),
    "net_usd": Entry(
        "dollar net",
        "D",
        "USD",
        "dollars held plus dollars of the hedge, which are negative for shorts",
        "{parts:+}",
        known_sum,
        {"parts": _own("spot_usd", "hedge_usd")},
    ),
    "beta_net_usd": Entry(
        "net",
        "D_β",
        "USD",
        "dollars held, each coin times its beta, plus dollars of the hedge",
        "{parts:+}",
        known_sum,
        {"parts": _own("beta_spot_usd", "hedge_usd")},
    ),
    "planned_net_usd": Entry(
        "planned net",
        "D*",
        "USD",
        "what the plan leaves open: dollars held, each coin times its beta, less what shall be short",
        "{beta_spot_usd} − {planned_hedge_usd}",
        planned_net_usd,
        same("beta_spot_usd", "planned_hedge_usd"),
    ),
    "off_usd": Entry(
        "dollars away from plan",
        "off",
        "USD",
        "net minus planned net; positive is too long, negative too short",
        "{beta_net_usd} − {planned_net_usd}",
        off_usd,
        same("beta_net_usd", "planned_net_usd"),
    ),
    "gross_net_usd": Entry(
        "dollar net of every coin without its sign",
        "Σ|D|",
        "USD",
        "zero only where every coin is hedged by itself",
        "{parts:+}, each without its sign",
        exact_gross,
        {"parts": of_coins("net_usd", "|D_a|")},
        rounding=SUMMED,
    ),
    "hedge_ratio": Entry(
        "hedge ratio",
        "h",
        "fraction",
        "minus the hedge over what is held, each coin times its beta",
        "−{hedge_delta} ÷ {spot_delta}",
        hedge_ratio,
        {"spot_delta": "beta_spot_usd", "hedge_delta": "hedge_usd"},
    ),
    "target_ratio": Entry(
        "target ratio",
        "h*",
        "fraction",
        "what shall be short over what is held, each coin times its beta",
        "{numerator} ÷ {denominator}",
        ratio,
        {"numerator": "planned_hedge_usd", "denominator": "beta_spot_usd"},
    ),
    "drift": Entry(
        "drift",
        "Δh",
        "points",
        "hedge ratio minus target ratio; positive is over-hedged, negative under-hedged",
        "{hedge_ratio} − {target_ratio}",
        drift,
        same("hedge_ratio", "target_ratio"),
    ),
    "stale_usd": Entry(
        "held at an old price",
        "V_old",
        "USD",
        "dollars held of the coins whose price is old",
        "{parts:+}",
        exact_gross,
        {"parts": of_coins("spot_usd", "V_a", old_price)},
        rounding=SUMMED,
    ),
    "unpriced": Entry(
        "coins without a price",
        "count",
        "coins",
        "coins held of which the dollars are not known",
        "how many of {parts} are not known",
        count_unknown,
        {"parts": of_coins("spot_usd", "V_a")},
    ),
}


def _money(subject: TotalsSubject) -> Input:
    """What wallets hold of every stablecoin."""
    names = [row.currency for row in subject.moment.snapshot.money]
    items = [replace(subject.at(f"money.{name}.collateral_usd"), label=name) for name in names]
    return listed("money_usd", "money in wallets", items, "W")


_FUNDING: dict[str, Figure[TotalsSubject]] = {
    "funding_day_usd": _sum(
        "funding a day",
        "F_d",
        "of every position, added up; positive is received",
        of_legs("funding_day_usd", "F_leg"),
    ),
    "funding_notional_usd": _sum(
        "notional that earns or pays funding", "N_usd", "of every position, added up", of_legs("notional_usd", "N_leg")
    ),
    "funding_apr": Entry(
        "funding a year",
        "APR",
        "fraction a year",
        "a year of days like this one, over the notional that earns or pays it; positive is received",
        "{day_usd} × 365 ÷ {notional_usd}",
        apr_on_notional,
        {"day_usd": "funding_day_usd", "notional_usd": "funding_notional_usd"},
        remedy="a position",
    ),
    "funding_apr_on_capital": Entry(
        "funding a year on all capital",
        "APR_C",
        "fraction a year",
        "a year of days like this one, over all that is tied up: coins held and money in wallets",
        "{day_usd} × 365 ÷ ({spot_usd} + {money_usd:+})",
        apr_on_capital,
        {"day_usd": "funding_day_usd", "spot_usd": "spot_usd", "money_usd": _money},
        remedy="coins or collateral in the file",
    ),
    "accrued_usd": Entry(
        "funding accrued, est.",
        "F_t",
        "USD",
        "of every position, added up; an estimate, nothing is owed before the stamp",
        "{parts:+}",
        known_sum,
        {"parts": of_legs("accrued_usd", "F_leg")},
    ),
    "paid_usd": _of_positions(
        "funding paid since the positions were read", "F_p", "of every position, added up; an estimate", "paid_usd"
    ),
    "paid_30d_usd": _of_positions(
        "funding paid in 30 days", "F_30", "of every position as it is now, added up", "paid_30d_usd"
    ),
}

_NEAREST: dict[str, Figure[TotalsSubject]] = {
    "to_liquidation": Entry(
        "nearest move to liquidation",
        "d",
        "fraction",
        "the smallest distance of any position, of those that are known",
        "smallest of {parts}",
        least,
        {"parts": of_legs("to_liquidation", "d_leg")},
        remedy="a position",
        rounding=CUT,
    ),
    "joint_to_liquidation": Entry(
        "nearest joint move to liquidation",
        "x",
        "fraction",
        "the smallest joint distance of any account, of those that are known",
        "smallest of {parts}",
        least,
        {"parts": of_accounts("joint_to_liquidation", "x_i")},
        remedy="a cross position",
        rounding=CUT,
    ),
    "age_s": Entry(
        "age of the totals",
        "a",
        "s",
        "that of the oldest price in them",
        "largest of {parts}",
        greatest,
        {"parts": of_coins("age_s", "a_i")},
    ),
}

TOTALS_FIGURES: Figures[TotalsSubject] = {**_EXPOSURE, **_FUNDING, **_NEAREST, **TOTALS_RESULT}
"""Every figure of the whole book: add one by adding its entry to the table of its subject."""
