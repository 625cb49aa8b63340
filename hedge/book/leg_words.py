"""Where a leg's facts come from and what is assumed about it, in words."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from hedge.book.ledger import Ledger, positions_feed, seconds
from hedge.book.legs import Leg
from hedge.market import Instant
from hedge.portfolio.addressed import read_of
from hedge.portfolio.fields import plain
from hedge.snapshot import AccountRow, AssetRow, PositionRow, Totals

NO_CROSS = "it has no cross position"

Words = tuple[dict[str, str], tuple[str, ...]]
"""Sources by figure, and flags."""


@lru_cache(maxsize=4096)
def iso(milliseconds: int) -> str:
    """UTC time as ISO-8601 with seconds."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def age_words(age_s: float) -> str:
    """An age as the screen writes it: whole seconds to 99 s, then `3 m`, `2 h`, `5 d`; never rounded down."""
    whole = int(age_s) + (age_s > int(age_s))
    for unit, length, until in (("s", 1, 100), ("m", 60, 6_000), ("h", 3_600, 172_800)):
        if whole < until:
            return f"{-(-whole // length)} {unit}"
    return f"{-(-whole // 86_400)} d"


def fact_words(leg: Leg) -> Words:
    """Sources and flags of everything but prices; kept on the leg until its facts change."""
    if leg.words is None:
        leg.words = _fact_words(leg)
    return leg.words


def _fact_words(leg: Leg) -> Words:
    sources: dict[str, str] = {}
    flags: list[str] = []
    if leg.entry_assumed:
        sources["entry_price"] = "assumed: 1st mark" if leg.entry is not None else "not known yet"
        flags.append("entry assumed")
    else:
        sources["entry_price"] = origin(leg)
    if leg.isolated and leg.position.margin is not None:
        sources["margin"] = origin(leg)
    elif leg.isolated:
        sources["margin"] = f"from leverage {plain(leg.position.leverage)}"
        flags.append("margin derived")
    if leg.market.instrument is not None:
        sources["contract"] = f"{leg.market.venue} instruments"
        if not leg.market.instrument.active:
            flags.append("not trading at the venue")
    words, flag = _maintenance_words(leg)
    sources["maintenance"] = words
    if flag:
        flags.append(flag)
    if leg.quote_note:
        sources["quote_usd"] = leg.quote_note
        if "assumed" in leg.quote_note:
            flags.append(f"{leg.quote} assumed at par")
    return sources, tuple(flags)


def _maintenance_words(leg: Leg) -> tuple[str, str]:
    table = leg.market.tiers
    if leg.maintenance_source == "tiers" and table is not None:
        return table.source, ""
    if leg.maintenance_source == "file":
        return "from file", ""
    if leg.maintenance_source == "instrument" and leg.tiers:
        rate = plain(leg.tiers[0].maintenance_rate * 100)
        words = f"assumed: the {rate} % of {leg.market.venue}'s instrument list, which errs early for small positions"
        return words, "maintenance rate assumed"
    return "not known", ""


def origin(leg: Leg) -> str:
    """Where what is stated of a position is from."""
    return "from file" if leg.account.address is None else f"from {leg.account.venue}"


def position_source(leg: Leg, ledger: Ledger, now: Instant) -> tuple[float | None, str]:
    """How old the position is, in seconds, and where it is from; None where the file states no time."""
    read = read_of(leg.account, ledger.reads)
    if read is not None:
        return seconds(now.wall_ms, read.at_ms), positions_feed(read.venue)
    if leg.as_of_ms is None:
        return None, "file"
    age = seconds(now.wall_ms, leg.as_of_ms) or 0.0
    return age, f"file, {age_words(age)} old"


def why_no_entry(leg: Leg) -> str:
    """Why the entry price is not known."""
    return f"the file states no entry, and no mark of {leg.market.symbol} has come yet to assume one"


def why_no_margin(leg: Leg) -> str:
    """Why the isolated margin is not known."""
    if leg.facts_why:
        return leg.facts_why
    return why_no_entry(leg) if leg.entry is None else "the file states neither margin nor leverage"


def why_no_maintenance(leg: Leg) -> str:
    """Why there is no maintenance margin rate, and what would help."""
    table = leg.market.tiers
    reason = f": {table.reason}" if table is not None and table.reason else ""
    return (
        f"{leg.market.venue} has given no maintenance tiers{reason}; `maintenance_margin_rate` in the file states one"
    )


CAVEATS = frozenset(
    {
        "to_liquidation",
        "joint_to_liquidation",
        "margin_ratio",
        "next_funding",
        "target_ratio",
        "price_result_usd",
        "basis_result_usd",
        "fees_result_usd",
    }
)
"""Figures that may be known and still need a word: a worst-of that leaves a leg out, a target that is not final, what
is assumed in the result of a hedge."""


def drop_needless(row: PositionRow | AssetRow | AccountRow | Totals) -> None:
    """Take reasons out of a new row's `why` that no missing figure needs."""
    why = row.why
    for name in [name for name in why if name not in CAVEATS and getattr(row, name, None) is not None]:
        del why[name]
