"""Explanations of a leg: its size, prices, basis, PnL and ages. Funding and margin are in files of their own."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hedge.basis import basis_absolute, basis_apr, basis_pct
from hedge.book.ledger import seconds
from hedge.explain.entry import Entry, Figure, Figures, beside, explain_with, read, same
from hedge.explain.form import Explanation, Input, as_decimal, stated
from hedge.explain.leg_facts import LegSubject, stream
from hedge.explain.leg_funding import LEG_FUNDING, NO_MATTER
from hedge.explain.leg_hold import LEG_HOLD
from hedge.explain.leg_liquidation import LEG_LIQUIDATION
from hedge.explain.leg_margin import LEG_MARGIN
from hedge.explain.leg_pace import LEG_PACE
from hedge.explain.leg_past import LEG_PAST
from hedge.explain.leg_result import LEG_RESULT
from hedge.exposure import position_delta
from hedge.margin import notional, notional_usd
from hedge.pnl import pnl, pnl_usd
from hedge.portfolio.addressed import read_of


def explain_leg(subject: LegSubject, name: str) -> Explanation:
    """Explain one figure of a leg. Raises KeyError where it has no such figure."""
    return explain_with(subject, name, LEG_FIGURES)


def _coins(subject: LegSubject) -> Entry[LegSubject]:
    minus = "" if subject.leg.side == "long" else "−"
    title, unit = "delta in coins", subject.leg.asset
    if subject.leg.inverse:
        return Entry(
            title,
            "q",
            unit,
            "contracts times contract size over the entry; the coins gained or lost since then are counted, so that "
            "it does not move with the price; a short is negative",
            minus + "{contracts} × {contract_size} ÷ {entry}",
            position_delta,
            same("inverse", "side", "contracts", "contract_size", "entry"),
        )
    return Entry(
        title,
        "q",
        unit,
        "contracts times contract size times coins per quoted unit; a short is negative",
        minus + "{contracts} × {contract_size} × {multiplier}",
        position_delta,
        same("inverse", "side", "contracts", "contract_size", "multiplier"),
    )


def _notional_usd(subject: LegSubject) -> Entry[LegSubject]:
    inverse = subject.leg.inverse
    takes: dict[str, str | Callable[[LegSubject], Input]] = {
        **same("inverse", "contracts", "contract_size"),
        "price": beside("price", NO_MATTER) if inverse else "price",
        "quote_usd": beside("quote_usd", NO_MATTER) if inverse else "quote_usd",
    }
    return Entry(
        "notional in USD",
        "N_usd",
        "USD",
        "contracts times the dollars of one" if inverse else "contracts times contract size times mark, in dollars",
        "{contracts} × {contract_size}" if inverse else "{contracts} × {contract_size} × {price} × {quote_usd}",
        notional_usd,
        takes,
    )


def _notional(subject: LegSubject) -> Entry[LegSubject]:
    by = "÷" if subject.leg.inverse else "×"
    return Entry(
        "notional in the settle currency",
        "N",
        subject.leg.settle,
        f"contracts times contract size, {'over' if subject.leg.inverse else 'times'} the mark",
        "{contracts} × {contract_size} " + by + " {price}",
        notional,
        same("inverse", "contracts", "contract_size", "price"),
        value=lambda s: s.leg.notional,
    )


def _pnl(subject: LegSubject) -> Entry[LegSubject]:
    short = subject.leg.side == "short"
    if subject.leg.inverse:
        inner = "1 ÷ {price} − 1 ÷ {entry}" if short else "1 ÷ {entry} − 1 ÷ {price}"
    else:
        inner = "{entry} − {price}" if short else "{price} − {entry}"
    return Entry(
        "unrealised PnL in the settle currency",
        "U_pnl",
        subject.leg.settle,
        "size times the move from the entry to the mark, a short gains as it falls",
        "{contracts} × {contract_size} × (" + inner + ")",
        pnl,
        same("inverse", "side", "contracts", "contract_size", "entry", "price"),
        value=lambda s: s.leg.pnl,
    )


def _pnl_usd(subject: LegSubject) -> Entry[LegSubject]:
    short = subject.leg.side == "short"
    move = "{entry} − {price}" if short else "{price} − {entry}"
    coins, size = subject.leg.inverse, "{contracts} × {contract_size} × ("
    return Entry(
        "unrealised PnL in USD",
        "PnL",
        "USD",
        "the coins gained or lost, valued at the mark" if coins else "size times the move from the entry to the mark",
        size + move + (") ÷ {entry}" if coins else ") × {quote_usd}"),
        pnl_usd,
        same("inverse", "side", "contracts", "contract_size", "entry", "price", *(() if coins else ("quote_usd",))),
    )


_PRICES: dict[str, str | Callable[[LegSubject], Input]] = {
    **{"perp": "mark", "spot": "index"},
    **{"perp_quote_usd": "quote_usd", "spot_quote_usd": "quote_usd"},
}


def _mark_beside(subject: LegSubject) -> Input:
    """The mark that came with the index, where the venue gives one."""
    market, now_ms, words = subject.leg.market, subject.now.mono_ms, "mark that came with the index"
    index = market.index
    if index is None or index.mark is None:
        return subject.named("mark")
    age_s, stale = seconds(now_ms, market.arrival(index)), not subject.book.ledger.fresh(market, index, now_ms)
    source = stream(index.feed)
    return stated(words, "P", index.mark, subject.quoted, source, age_s=age_s, live=True, stale=stale, why="")


def _of_basis(
    title: str, symbol: str, unit: str, words: str, template: str, formula: Callable[..., Decimal | None]
) -> Callable[[LegSubject], Entry[LegSubject]]:
    """A figure of the basis: from a mark and an index of one moment."""

    def made(subject: LegSubject) -> Entry[LegSubject]:
        index = subject.leg.market.index
        if index is None or index.mark is None:
            return Entry(title, symbol, unit, words, template, formula, _PRICES)
        takes = {**_PRICES, "perp": _mark_beside}
        return Entry(title, symbol, unit, words, template, formula, takes, conditions=("mark",))

    return made


_BASIS = "{perp} × {perp_quote_usd} − {spot} × {spot_quote_usd}"


_CLOCKS = {"mono": "the monitor's clock", "wall": "UTC"}


def _position_ms(subject: LegSubject) -> int | None:
    """When the position was read: by its account's address, else as the file says."""
    read = read_of(subject.leg.account, subject.book.ledger.reads)
    return subject.leg.as_of_ms if read is None else read.at_ms


def _age(what: str, clock: str, remedy: str, then: Callable[[LegSubject], int | None]) -> Entry[LegSubject]:
    """Now minus the moment of arrival, on the monotonic clock or, for what the file states, on the wall's."""

    def now(subject: LegSubject) -> Input:
        at = getattr(subject.now, f"{clock}_ms")
        return Input("now", "now", "t", value=Decimal(at), unit="ms", source=_CLOCKS[clock])

    def arrived(subject: LegSubject) -> Input:
        at, label = as_decimal(then(subject)), f"time of the {what}"
        return stated(label, "t₀", at, "ms", _CLOCKS[clock], why="there is none yet", remedy=remedy)

    words = f"now minus the moment at which the {what} was last received or confirmed; never negative"
    return Entry(
        f"age of the {what}",
        "a",
        "s",
        words,
        "({now_ms} − {then_ms}) ÷ 1000",
        seconds,
        {"now_ms": now, "then_ms": arrived},
    )


def _arrival(name: str) -> Callable[[LegSubject], int | None]:
    def then(subject: LegSubject) -> int | None:
        market = subject.leg.market
        found = getattr(market, name)
        return None if found is None else market.arrival(found)

    return then


_SIZE: dict[str, Figure[LegSubject]] = {
    "contracts": read("contracts", "n", "contracts", "stated contracts"),
    "coins": _coins,
    "notional_usd": _notional_usd,
    "notional": _notional,
    "mark": read("mark", "P", lambda s: s.quoted, "streamed mark"),
    "index": read("index", "S", lambda s: s.quoted, "streamed index"),
    "tick": read("tick", "tick", lambda s: s.quoted, "tick"),
    "basis": _of_basis("basis", "B", "USD", "mark minus index of the same venue", _BASIS, basis_absolute),
    "basis_pct": _of_basis(
        "basis as a fraction of the index",
        "b",
        "fraction",
        "mark minus index of the same venue, over the index",
        f"({_BASIS}) ÷ ({{spot}} × {{spot_quote_usd}})",
        basis_pct,
    ),
    "basis_apr": Entry(
        "basis a year",
        "b_y",
        "fraction a year",
        "the basis times the funding intervals of a year, as if it persisted",
        "{pct} × 8760 ÷ {horizon_hours}",
        basis_apr,
        {"pct": "basis_pct", "horizon_hours": "funding_interval_hours"},
    ),
    "entry_price": read("entry", "E", lambda s: s.quoted, "entry"),
    "unrealised_pnl_usd": _pnl_usd,
    "unrealised_pnl": _pnl,
    "ages.mark": _age("mark", "mono", "the first mark", _arrival("mark")),
    "ages.index": _age("index", "mono", "the first index", _arrival("index")),
    "ages.funding": _age("funding rate", "mono", "the first funding rate", _arrival("funding")),
    "ages.position": _age("position", "wall", "`as_of` of its account in the file", _position_ms),
}

LEG_FIGURES: Figures[LegSubject] = {
    **_SIZE,
    **LEG_FUNDING,
    **LEG_MARGIN,
    **LEG_LIQUIDATION,
    **LEG_PAST,
    **LEG_PACE,
    **LEG_RESULT,
    **LEG_HOLD,
}
"""Every figure of a leg: add one by adding its entry to the table of its subject."""
