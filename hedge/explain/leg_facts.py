"""What is read of a leg, from the file, the venue's metadata and its streams: each as an input with source and age."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from msgspec.structs import replace

from hedge.book.ledger import as_seconds, seconds
from hedge.book.leg_words import why_no_entry, why_no_maintenance
from hedge.book.legs import Leg
from hedge.explain.entry import Facts, Moment, Subject
from hedge.explain.form import IN_FORCE, Input, listed, record, stated, words
from hedge.explain.template import number_text
from hedge.margin import tier_for
from hedge.market import Funding, Index, Mark, Tier
from hedge.portfolio.fields import plain
from hedge.snapshot import PositionRow

FILE = "portfolio file"


class LegSubject(Subject):
    """One leg: its row, and the leg itself for what no row shows."""

    def __init__(self, moment: Moment, leg_id: str) -> None:
        found: PositionRow = moment.rows["positions"][leg_id]
        super().__init__(moment, f"positions.{leg_id}", found)
        self.leg: Leg = moment.book.layout.legs[leg_id]
        self.wallet = moment.book.layout.wallet_of(self.leg)
        self.shown = found

    @property
    def quoted(self) -> str:
        """The unit of its prices."""
        leg = self.leg
        return leg.quote if leg.multiplier == 1 else f"{leg.quote} per {plain(leg.multiplier)} {leg.asset}"

    @property
    def price_field(self) -> str:
        """The figure that values it: its mark, and while there is none its index."""
        return "index" if self.leg.market.mark is None and self.leg.market.index is not None else "mark"


def stream(feed: str) -> str:
    """A feed as a source in words."""
    return feed if feed.endswith(("-rest", "-facts")) else f"{feed} stream"


def origin(subject: LegSubject) -> str:
    """Where a position is from: the file, or the feed that reads its account by address."""
    feed = subject.shown.sources.get("position", "")
    return FILE if subject.leg.account.address is None else feed


def from_file(
    subject: LegSubject, label: str, symbol: str, value: Decimal | None, unit: str, remedy: str = ""
) -> Input:
    """A number of the position that stands in the file, or was read in its place."""
    age, why = subject.shown.ages.position, f"the {origin(subject)} does not state it"
    return stated(label, symbol, value, unit, origin(subject), age_s=age, why=why, remedy=remedy)


def of_instrument(subject: LegSubject, label: str, symbol: str, value: Decimal | None, unit: str) -> Input:
    """A number of the venue's metadata."""
    leg, found = subject.leg, subject.leg.market.instrument
    return stated(
        label,
        symbol,
        value,
        unit,
        f"{leg.account.venue} instruments",
        age_s=None if found is None or not found.at_ms else seconds(subject.now.wall_ms, found.at_ms),
        why=leg.facts_why or f"{leg.account.venue} does not state it",
        remedy=f"the instrument list of {leg.account.venue}, which is read again by itself",
    )


def of_stream(subject: LegSubject, label: str, symbol: str, unit: str, name: str) -> Input:
    """A price of the leg's market: `mark` or `index`."""
    market, ledger = subject.leg.market, subject.book.ledger
    found: Mark | Index | Funding | None = getattr(market, name)
    if found is None:
        why = ledger.why_nothing(market, label)
        return Input(
            label, label, symbol, unit=unit, live=True, why=why, remedy=f"the first {label} from {market.venue}"
        )
    return stated(
        label,
        symbol,
        found.rate if isinstance(found, Funding) else found.price,
        unit,
        stream(found.feed),
        age_s=seconds(subject.now.mono_ms, market.arrival(found)),
        live=True,
        stale=not ledger.fresh(market, found, subject.now.mono_ms),
        why=f"{market.venue} states none",
        remedy=f"a rate, once {market.venue} states one",
    )


def _entry(subject: LegSubject) -> Input:
    leg = subject.leg
    if not leg.entry_assumed:
        return from_file(subject, "entry", "E", leg.entry, subject.quoted)
    if leg.entry is None:
        remedy = "`entry_price` at the position in the file, or the first mark, which is then assumed"
        return Input("entry", "entry", "E", unit=subject.quoted, why=why_no_entry(leg), remedy=remedy)
    source = "assumed: the first mark seen"
    return Input("entry", "entry", "E", value=leg.entry, unit=subject.quoted, source=source, flags=("entry assumed",))


def _contract_size(subject: LegSubject) -> Input:
    leg = subject.leg
    coins = f"{plain(leg.multiplier)} {leg.asset}" if leg.multiplier != 1 else leg.asset
    unit = f"{leg.quote if leg.inverse else coins} per contract"
    return of_instrument(subject, "contract size", "c", leg.contract_size, unit)


def _multiplier(subject: LegSubject) -> Input:
    leg = subject.leg
    return of_instrument(subject, "coins per quoted unit", "k", leg.multiplier, leg.asset)


def _step(subject: LegSubject) -> Input:
    found = subject.leg.market.instrument
    return of_instrument(subject, "order step", "z", None if found is None else found.step, "contracts")


def _tick(subject: LegSubject) -> Input:
    found = subject.leg.market.instrument
    return of_instrument(subject, "tick", "tick", None if found is None else found.tick, subject.quoted)


def money_rate(subject: Subject, currency: str) -> Input:
    """USD for one unit of a currency that is money."""
    layout, label = subject.book.layout, f"{currency} in USD"
    note = layout.rate_note(currency)
    given = stated(label, "U", layout.rate_of(currency), f"USD per {currency}", note or "by definition", why="")
    ledger = subject.book.ledger
    until, implied = ledger.rate_until_ms(currency), ledger.implied.get(currency)
    if until is not None and implied is not None:
        now_ms = subject.now.mono_ms
        return replace(given, age_s=seconds(now_ms, implied.at_ms), stale=now_ms > until)
    if "file" in note:
        return replace(given, source=FILE, age_s=seconds(subject.now.wall_ms, subject.book.portfolio.written_ms))
    return replace(given, flags=(f"{currency} assumed at par",)) if "assumed" in note else given


def _price(subject: LegSubject) -> Input:
    found = subject.sibling(subject.price_field)
    if subject.price_field == "mark":
        return found
    return replace(found, flags=("index in place of the mark",))


def _interval(subject: LegSubject) -> Input:
    leg = subject.leg
    found, hours = leg.market.interval, leg.interval_hours
    if found is None or leg.interval_assumed:
        source, flags = "assumed, as the venue has not said", ("interval assumed",)
        return Input("interval", "funding interval", "H", value=hours, unit="h", source=source, flags=flags)
    age = seconds(subject.now.mono_ms, found.at_mono_ms)
    return Input("interval", "funding interval", "H", value=hours, unit="h", source=found.source, age_s=age)


def _left(subject: LegSubject) -> Input:
    market, ledger, label = subject.leg.market, subject.book.ledger, "time to the stamp"
    found = market.funding
    if found is None or found.next_ms is None:
        why, remedy = "the venue has not said when it pays next", f"the next funding frame of {market.venue}"
        return Input(label, label, "t", unit="s", live=True, why=why, remedy=remedy)
    return Input(
        label,
        label,
        "t",
        value=as_seconds(found.next_ms - subject.now.wall_ms),
        unit="s",
        source=stream(found.feed),
        age_s=seconds(subject.now.mono_ms, market.arrival(found)),
        live=True,
        stale=not ledger.fresh(market, found, subject.now.mono_ms),
    )


def brackets(subject: LegSubject, at: Decimal | None) -> Input:
    """The maintenance brackets; marked is the one that holds at a notional of `at`, or the only one."""
    leg, label = subject.leg, "maintenance brackets"
    if not leg.tiers:
        remedy = "`maintenance_margin_rate` at the position in the file"
        return Input("tiers", label, "m", "list", why=why_no_maintenance(leg), remedy=remedy)
    held = leg.tiers[0] if len(leg.tiers) == 1 else None
    if at is not None:
        held = tier_for(notional=at, tiers=leg.tiers)
    items = [_bracket(tier, leg.settle, tier is held) for tier in leg.tiers]
    source, age, flags = _of_brackets(subject)
    return replace(listed("tiers", label, items, "m", source=source, flags=flags), age_s=age)


def _bracket(tier: Tier, settle: str, held: bool) -> Input:
    bounds = f"from {number_text(tier.floor)}" + ("" if tier.cap is None else f" to {number_text(tier.cap)}")
    return record(
        "",
        f"{bounds} {settle}",
        [
            Input("floor", "from", value=tier.floor, unit=settle),
            Input("cap", "to", value=tier.cap, unit=settle),
            Input("maintenance_rate", "maintenance rate", "m", value=tier.maintenance_rate, unit="fraction"),
            Input("maintenance_amount", "maintenance amount", "A", value=tier.maintenance_amount, unit=settle),
        ],
        note=IN_FORCE if held else "",
    )


def _of_brackets(subject: LegSubject) -> tuple[str, float | None, tuple[str, ...]]:
    """Their source, age and assumptions."""
    leg, table = subject.leg, subject.leg.market.tiers
    match leg.maintenance_source:
        case "tiers" if table is not None:
            return table.source, seconds(subject.now.wall_ms, table.at_ms) if table.at_ms else None, ()
        case "file":
            return FILE, subject.shown.ages.position, ()
        case "instrument":
            found = leg.market.instrument
            asked = None if found is None or not found.at_ms else seconds(subject.now.wall_ms, found.at_ms)
            return f"{leg.account.venue} instruments", asked, ("maintenance rate assumed",)
        case _:
            return "", None, ()


def position_record(subject: LegSubject) -> Input:
    """The leg as the formulas of an account take it."""
    made = {
        "contracts": subject.sibling("contracts"),
        "contract_size": _contract_size(subject),
        "entry": subject.sibling("entry_price"),
        "mark": _price(subject),
        "tiers": brackets(subject, subject.leg.notional),
    }
    items = [replace(value, name=name) for name, value in made.items()]
    leg = subject.leg
    stated = [
        words("symbol", "symbol", leg.market.symbol),
        words("asset", "coin", leg.asset),
        inverse(subject),
        side(subject),
    ]
    return record("", leg.id, [*stated, *items])


def inverse(subject: LegSubject) -> Input:
    """Whether it is settled in the coin."""
    return words("inverse", "settled in the coin", "true" if subject.leg.inverse else "false", source="symbol")


def side(subject: LegSubject) -> Input:
    """Long or short."""
    return words("side", "side", subject.leg.side, source=origin(subject), age_s=subject.shown.ages.position)


def mm_basis(subject: LegSubject) -> Input:
    """Whether maintenance margin is taken at the mark or frozen at the entry."""
    return words("mm_basis", "maintenance margin at", subject.leg.position.mm_basis, source=origin(subject))


def _stated(label: str, symbol: str, name: str, unit: Callable[[LegSubject], str]) -> Callable[[LegSubject], Input]:
    """A field of the position in the file."""

    def made(subject: LegSubject) -> Input:
        return from_file(
            subject, label, symbol, getattr(subject.leg.position, name), unit(subject), f"`{name}` in the file"
        )

    return made


LEG_FACTS: Facts[LegSubject] = {
    "contract_size": _contract_size,
    "stated contracts": _stated("contracts", "n", "contracts", lambda _: "contracts"),
    "stated margin": _stated("margin", "M", "margin", lambda s: s.leg.settle),
    "stated liquidation price": _stated(
        "the venue's liquidation price", "P_v", "venue_liquidation_price", lambda s: s.quoted
    ),
    "leverage": _stated("leverage", "L", "leverage", lambda _: "times"),
    "entry": _entry,
    "inverse": inverse,
    "interval": _interval,
    "next_funding_in_s": _left,
    "mm_basis": mm_basis,
    "multiplier": _multiplier,
    "price": _price,
    "quote_usd": lambda s: money_rate(s, s.leg.quote),
    "side": side,
    "step": _step,
    "streamed funding": lambda s: of_stream(
        s, "funding rate", "r", f"fraction per {plain(s.leg.interval_hours)} h", "funding"
    ),
    "streamed index": lambda s: of_stream(s, "index", "S", s.quoted, "index"),
    "streamed mark": lambda s: of_stream(s, "mark", "P", s.quoted, "mark"),
    "tick": _tick,
}
"""What is read of a leg, by the name that an entry asks for it."""

LegSubject.facts = LEG_FACTS
