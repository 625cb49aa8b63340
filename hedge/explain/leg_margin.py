"""Explanations of a leg's margin: what it has, what it must keep, and the ratio of the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as replaced

from msgspec.structs import replace

from hedge.book.balances import isolated_equity, with_funding
from hedge.explain.entry import READ, Entry, Figure, passed_on, read, same
from hedge.explain.form import Input, listed
from hedge.explain.leg_facts import LegSubject, brackets
from hedge.explain.leg_liquidation import ISOLATED, isolated_template
from hedge.liquidation import isolated_liquidation
from hedge.margin import effective_leverage, initial_margin, maintenance, margin_ratio, notional

MARGIN = "isolated margin"


def settle(subject: LegSubject) -> str:
    """The unit of its margin."""
    return subject.leg.settle


def in_wallet(subject: LegSubject, figure: str) -> str:
    """The path of a figure of the wallet that a cross leg shares."""
    return f"accounts.{subject.leg.account.id}.{figure}.{subject.leg.settle}"


def _initial(subject: LegSubject, title: str) -> Entry[LegSubject]:
    by = "÷" if subject.leg.inverse else "×"
    return Entry(
        title,
        "M",
        settle,
        "notional at the entry over the leverage",
        "{contracts} × {contract_size} " + by + " {price} ÷ {leverage}",
        initial_margin,
        {**same("inverse", "contracts", "contract_size", "leverage"), "price": "entry_price"},
        value="row" if title == MARGIN else lambda s: s.leg.initial_margin,
        flags=lambda _: ("margin derived",) if title == MARGIN else (),
    )


def _margin(subject: LegSubject) -> Entry[LegSubject]:
    leg = subject.leg
    if not leg.isolated:
        words, remedy = "a cross position has none of its own", f"{in_wallet(subject, 'shared')} is what it shares"
        return Entry(MARGIN, "M", settle, words, remedy=remedy)
    derived = leg.position.margin is None
    if not leg.past.credit:
        return _initial(subject, MARGIN) if derived else _stated_margin()
    return Entry(
        MARGIN,
        "M",
        settle,
        "margin as the file has it, plus the funding paid since then",
        "{stated} + {paid:+}",
        with_funding,
        {
            "stated": "derived_margin" if derived else lambda s: replace(s.named("stated margin"), symbol="M_0"),
            "paid": lambda s: listed("paid", "funding paid since then", [s.sibling("credit")], "F_c"),
        },
        conditions=("contract_size",),
    )


def _stated_margin() -> Entry[LegSubject]:
    return read(MARGIN, "M", settle, "stated margin", READ, "contract_size")


def _equity(subject: LegSubject) -> Entry[LegSubject]:
    if not subject.leg.isolated:
        words = "it stands on the equity that all cross positions of its account share"
        return passed_on("equity", "W", settle, words, in_wallet(subject, "cross_equity"))
    return Entry(
        "equity",
        "W",
        settle,
        "margin plus unrealised PnL",
        "{margin} + {pnl}",
        isolated_equity,
        {"margin": "margin", "pnl": "unrealised_pnl"},
    )


def _entry_notional(subject: LegSubject) -> Entry[LegSubject]:
    by = "÷" if subject.leg.inverse else "×"
    return Entry(
        "notional at the entry",
        "N_E",
        settle,
        "contracts times contract size, at the entry price",
        "{contracts} × {contract_size} " + by + " {price}",
        notional,
        {**same("inverse", "contracts", "contract_size"), "price": "entry_price"},
        value="formula",
    )


def _required(
    part: str, title: str, symbol: str, unit: Callable[[LegSubject], str], template: str
) -> Callable[[LegSubject], Entry[LegSubject]]:
    """Rate or margin of the bracket that the present notional falls into."""

    def made(subject: LegSubject) -> Entry[LegSubject]:
        frozen = subject.leg.position.mm_basis == "entry"
        at = "entry_notional" if frozen else "notional"

        def tiers(subject: LegSubject) -> Input:
            return brackets(subject, subject.sibling(at).value)

        words = "notional times the rate of its bracket, less the bracket's amount"
        words += "; frozen at the entry" if frozen else "; at the mark"
        return Entry(title, symbol, unit, words, template, maintenance, {"notional": at, "tiers": tiers}, part)

    return made


def _maintenance_rate(subject: LegSubject) -> Entry[LegSubject]:
    leg, title, symbol, unit = subject.leg, "maintenance rate", "m", "fraction"
    if leg.liquidation.maintenance_rate is not None:
        frozen = leg.position.mm_basis == "entry"
        title += " at the entry" if frozen else " at liquidation"
        words = "the rate of the bracket that the position was opened in, and keeps"
        if not frozen:
            words = (
                "the rate of the bracket that the position would be in at its liquidation price, which decides that "
                "price; the margin ratio has the bracket of now"
            )
        template = "{tiers.rate} of the bracket that holds at " + isolated_template(leg)
        return Entry(title, symbol, unit, words, template, isolated_liquidation, ISOLATED, "maintenance_rate")
    if leg.maintenance is None and len(leg.tiers) == 1:
        return Entry(title, symbol, unit, "the one rate that is known", "{value}", takes={"value": _only_rate})
    template = "{tiers.rate} of the bracket of {notional}"
    return _required("rate", title, symbol, lambda _: unit, template)(subject)


def _only_rate(subject: LegSubject) -> Input:
    found = brackets(subject, None)
    rate = next(item for item in found.items[0].items if item.name == "maintenance_rate")
    return replace(rate, source=found.source, age_s=found.age_s, flags=found.flags)


def _ratio(subject: LegSubject) -> Entry[LegSubject]:
    title, words = "margin ratio", "maintenance margin of now over equity of now: 0 is safe, 1 is liquidation"
    if subject.leg.isolated:
        takes = same("maintenance_margin", "equity")
        return Entry(title, "MR", "fraction", words, "{maintenance_margin} ÷ {equity}", margin_ratio, takes)
    words += "; of all cross positions of its account together"
    return passed_on(title, "MR", "fraction", words, in_wallet(subject, "margin_ratio"))


LEG_MARGIN: dict[str, Figure[LegSubject]] = {
    "margin": _margin,
    "derived_margin": lambda subject: replaced(_initial(subject, MARGIN), symbol="M_0", value="formula"),
    "initial_margin": lambda subject: _initial(subject, "initial margin"),
    "equity": _equity,
    "entry_notional": _entry_notional,
    "maintenance_margin": _required(
        "margin", "maintenance margin", "MM", settle, "{notional} × {tiers.rate} − {tiers.amount}"
    ),
    "maintenance_rate": _maintenance_rate,
    "margin_ratio": _ratio,
    "effective_leverage": Entry(
        "effective leverage",
        "L",
        "times",
        "notional over equity",
        "{notional} ÷ {equity}",
        effective_leverage,
        same("notional", "equity"),
    ),
}
