"""Explanations of a leg's liquidation: the price, and the move of the mark to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from hedge.book.balances import frozen_balance
from hedge.book.legs import Leg
from hedge.cross import cross_distance, cross_liquidation
from hedge.explain.collateral import collateral_list
from hedge.explain.entry import CUT, SUMMED, Entry, Figure, read, same
from hedge.explain.form import Input, listed, words
from hedge.explain.leg_facts import LegSubject, brackets, position_record
from hedge.liquidation import isolated_liquidation, liquidation_distance
from hedge.margin import notional


def _quoted(subject: LegSubject) -> str:
    return subject.quoted


def _at_liquidation(subject: LegSubject) -> Input:
    """The brackets, marked the one that the liquidation price ends in."""
    leg = subject.leg
    price = leg.entry if leg.position.mm_basis == "entry" else leg.liquidation.price
    size: Decimal | None = None
    if leg.contract_size is not None:
        contracts = leg.position.contracts
        size = notional(inverse=leg.inverse, contracts=contracts, contract_size=leg.contract_size, price=price)
    return brackets(subject, size)


ISOLATED: Mapping[str, str | Callable[[LegSubject], Input]] = {
    **same("inverse", "side", "contracts", "contract_size", "margin", "mm_basis"),
    "entry": "entry_price",
    "tiers": _at_liquidation,
}
"""What the liquidation of an isolated leg is computed from."""

_SIZE = "{contracts} × {contract_size}"
_AT_ENTRY = "{contracts} × {contract_size} × {entry}"
_COINS = "{contracts} × {contract_size} ÷ {entry}"


def isolated_template(leg: Leg) -> str:
    """The closed form of an isolated leg's liquidation price, its signs worked out for the side."""
    inverse, short = leg.inverse, leg.side == "short"
    plus, minus = ("+", "−") if short else ("−", "+")
    if leg.position.mm_basis == "entry":
        size = _COINS if inverse else _AT_ENTRY
        kept = f"({{margin}} − ({size} × {{tiers.rate}} − {{tiers.amount}}))"
        return f"{_SIZE} ÷ ({_COINS} {minus} {kept})" if inverse else f"{{entry}} {plus} {kept} ÷ ({_SIZE})"
    if inverse:
        return f"{_SIZE} × (1 {minus} {{tiers.rate}}) ÷ ({_COINS} {minus} {{margin}} {minus} {{tiers.amount}})"
    if short:
        return f"({{margin}} + {{tiers.amount}} + {_AT_ENTRY}) ÷ ({_SIZE} × (1 + {{tiers.rate}}))"
    return f"({_AT_ENTRY} − {{margin}} − {{tiers.amount}}) ÷ ({_SIZE} × (1 − {{tiers.rate}}))"


def _row_flags(subject: LegSubject) -> Iterable[str]:
    about = ("venue states another liquidation price", "other marks frozen", "insolvent")
    return (flag for flag in subject.shown.flags if flag in about)


def _liquidation(subject: LegSubject) -> Entry[LegSubject]:
    leg = subject.leg
    if not leg.isolated:
        return _cross_liquidation(subject)
    frozen = leg.position.mm_basis == "entry"
    return Entry(
        "liquidation price",
        "P_liq",
        _quoted,
        "the price at which margin plus PnL is down to the maintenance margin"
        + (", frozen at the entry" if frozen else ", in the bracket that holds at that price"),
        isolated_template(leg),
        isolated_liquidation,
        ISOLATED,
        "price",
        flags=_row_flags,
    )


def _cross_liquidation(subject: LegSubject) -> Entry[LegSubject]:
    linear = "({wallet_balance} + Σ (A − s n c E)) ÷ Σ n c (m − s)"
    inverse = "Σ n c (m + s) ÷ ({wallet_balance} + Σ (A + s n c ÷ E))"
    return Entry(
        "liquidation price",
        "P_liq",
        _quoted,
        "the price of this symbol at which the account's equity is down to its maintenance margin while all other "
        "marks stand still; summed over the positions of the symbol, s is 1 for a long and −1 for a short",
        inverse if subject.leg.inverse else linear,
        cross_liquidation,
        {
            "wallet_balance": "frozen_balance",
            "positions": _own_positions,
            "solve_for": lambda s: words("solve_for", "symbol", s.leg.market.symbol, source="portfolio file"),
            "coin_collateral": lambda s: collateral_list(s, s.wallet),
        },
        "price",
        flags=_row_flags,
    )


def _own_positions(subject: LegSubject) -> Input:
    own = [leg for leg in subject.wallet.cross_legs if leg.market is subject.leg.market]
    records = [position_record(LegSubject(subject.moment, leg.id)) for leg in own]
    return listed("positions", "positions of the symbol", records)


def _of_others(figure: str, label: str, symbol: str) -> Callable[[LegSubject], Input]:
    """A figure of every cross position of another symbol in the same wallet."""

    def made(subject: LegSubject) -> Input:
        others = [leg for leg in subject.wallet.cross_legs if leg.market is not subject.leg.market]
        return listed(label, label, [subject.at(f"positions.{leg.id}.{figure}") for leg in others], symbol)

    return made


def _frozen(subject: LegSubject) -> Entry[LegSubject]:
    shared = f"accounts.{subject.leg.account.id}.shared.{subject.leg.settle}"
    return Entry(
        "what the other symbols leave",
        "W_f",
        subject.leg.settle,
        "the balance that cross positions share, plus the PnL and less the maintenance margin of all other symbols",
        "{shared} + {pnl:+} − ({maintenance:+})",
        frozen_balance,
        {
            "shared": lambda s: s.at(shared),
            "pnl": _of_others("unrealised_pnl", "PnL of other symbols", "U_pnl"),
            "maintenance": _of_others("maintenance_margin", "maintenance margin of other symbols", "MM"),
        },
        value=lambda s: None if s.leg.isolated else s.wallet.others(s.leg),
        rounding=SUMMED,
    )


def _to_liquidation(subject: LegSubject) -> Entry[LegSubject]:
    short, account = subject.leg.side == "short", f"accounts.{subject.leg.account.id}"
    prices = same("mark", "liquidation_price")
    if subject.leg.isolated:
        return Entry(
            "rally to liquidation" if short else "fall to liquidation",
            "d",
            "fraction",
            "the move of the mark to the liquidation price; zero or below: in liquidation",
            "{liquidation_price} ÷ {mark} − 1" if short else "1 − {liquidation_price} ÷ {mark}",
            liquidation_distance,
            {"side": "side", **prices},
            rounding=CUT,
        )
    return Entry(
        "move to liquidation",
        "d",
        "fraction",
        "the size of the move of the mark to the liquidation price, whichever way that lies; negative once equity is "
        "no longer above the maintenance margin: in liquidation",
        "|{liquidation_price} ÷ {mark} − 1|, negative where {equity} ≤ {maintenance_margin}",
        cross_distance,
        {
            **prices,
            "equity": lambda s: s.at(f"{account}.cross_equity.{s.leg.settle}"),
            "maintenance_margin": lambda s: s.at(f"{account}.cross_maintenance.{s.leg.settle}"),
        },
        rounding=CUT,
        flags=_row_flags,
    )


LEG_LIQUIDATION: dict[str, Figure[LegSubject]] = {
    "liquidation_price": _liquidation,
    "venue_liquidation_price": read(
        "liquidation price as the venue shows it", "P_v", _quoted, "stated liquidation price"
    ),
    "to_liquidation": _to_liquidation,
    "frozen_balance": _frozen,
}
