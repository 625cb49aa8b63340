"""The past in a leg's row: what was paid, what funding was on average, and how unusual the basis is now."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from hedge.book.ledger import Ledger
from hedge.book.leg_past import TOO_OLD_MS, WINDOWS, day_words
from hedge.book.legs import Leg
from hedge.exposure import ratio
from hedge.market import Instant
from hedge.settled import Window, adverse_hours, hour_weighted_apr, realised_apr
from hedge.triggers import funding_flipped, z_score

MEANS = dict(zip(WINDOWS, ("funding_3d_apr", "funding_7d_apr", "funding_30d_apr"), strict=True))
SETTLED = (*MEANS.values(), "funding_adverse_share", "funding_flipped", "paid_usd", "paid_30d_usd", "realised_apr")
"""Figures of a row that rest on settlements."""
FEW_STAMPS = 3
MINUTE_MS = 60_000


class LegPast(Struct):
    """A leg's figures of the past at one moment; the reasons of those that are None stand in the row's `why`."""

    basis_z: Decimal | None = None
    funding_3d_apr: Decimal | None = None
    funding_7d_apr: Decimal | None = None
    funding_30d_apr: Decimal | None = None
    funding_adverse_share: Decimal | None = None
    funding_flipped: bool | None = None
    paid_usd: Decimal | None = None
    paid_30d_usd: Decimal | None = None
    realised_apr: Decimal | None = None


def past_of(
    leg: Leg,
    ledger: Ledger,
    basis_pct: Decimal | None,
    now: Instant,
    why: dict[str, str],
    flags: list[str],
    sources: dict[str, str],
) -> LegPast:
    """Everything of a row that is of the past; what must be known beside it goes into `why`, `flags` and `sources`."""
    found = LegPast()
    _basis(leg, ledger, basis_pct, found, why)
    if _too_old(leg, ledger, now, why):
        return found
    _means(leg, found, why)
    _flip(leg, ledger, now, found, why)
    _paid(leg, found, why)
    _words(leg, now, flags, sources)
    return found


def _basis(leg: Leg, ledger: Ledger, basis_pct: Decimal | None, found: LegPast, why: dict[str, str]) -> None:
    usual = leg.market.usual
    found.basis_z = z_score(value=basis_pct, mean=usual.mean, std=usual.std)
    if found.basis_z is not None:
        return
    if usual.mean is None:
        why["basis_z"] = usual.why or ledger.why_no_past(leg.market, "hourly candles")
    else:
        why["basis_z"] = why.get("basis_pct", "the basis did not move in seven days")


def _too_old(leg: Leg, ledger: Ledger, now: Instant, why: dict[str, str]) -> bool:
    """Whether no settlement is known, or the last so long ago that means and sums would be of another time."""
    known, overdue_ms = leg.market.settlements, leg.past.overdue_ms(now.wall_ms)
    if known is None or not known.settlements:
        reason = known.reason if known is not None and known.reason else ""
        reason = reason or ledger.why_no_past(leg.market, "settled funding")
    elif overdue_ms > TOO_OLD_MS:
        reason = f"settled funding is known to {day_words(known.settlements[-1].at_ms)} only"
    else:
        return False
    why.update(dict.fromkeys(SETTLED, reason))
    return True


def window_of(leg: Leg, hours: int) -> Window:
    """The stamps of a leg's market in the last so many hours."""
    return leg.past.windows.get(hours, Window())


def _means(leg: Leg, found: LegPast, why: dict[str, str]) -> None:
    for hours, name in MEANS.items():
        taken = window_of(leg, hours)
        setattr(found, name, hour_weighted_apr(side=leg.side, rates=taken.rates, hours=taken.hours))
        if taken.rates is None:
            why[name] = taken.why
    shortest = window_of(leg, WINDOWS[0])
    against = adverse_hours(
        side=leg.side, positive_hours=shortest.positive_hours, negative_hours=shortest.negative_hours
    )
    found.funding_adverse_share = ratio(against, shortest.hours)
    if shortest.rates is None:
        why["funding_adverse_share"] = shortest.why


def _flip(leg: Leg, ledger: Ledger, now: Instant, found: LegPast, why: dict[str, str]) -> None:
    """By the last stamps, or by a prediction that is still believed and has had its sign for half an hour."""
    market = leg.market
    rates = [] if market.settlements is None else [each.rate for each in market.settlements.settlements[-9:]]
    if len(rates) < FEW_STAMPS:
        why["funding_flipped"] = f"needs {FEW_STAMPS} settlements, has {len(rates)}"
        return
    predicted = market.funding
    fresh = predicted is not None and ledger.fresh(market, predicted, now.mono_ms)
    found.funding_flipped = funding_flipped(
        rates,
        predicted=predicted.rate if predicted is not None and fresh else None,
        predicted_held_minutes=Decimal(now.mono_ms - market.lean_since_ms) / MINUTE_MS,
    )


def _paid(leg: Leg, found: LegPast, why: dict[str, str]) -> None:
    past = leg.past
    found.paid_usd, found.paid_30d_usd = past.paid_usd, past.paid_30d_usd
    for name in ("paid_usd", "paid_30d_usd"):
        if name in past.why:
            why[name] = past.why[name]
    found.realised_apr = realised_apr(paid_usd=past.paid_usd, dollar_hours=past.dollar_hours)
    if found.realised_apr is None:
        why["realised_apr"] = why.get("paid_usd", "no stamp since the position was read")


def _words(leg: Leg, now: Instant, flags: list[str], sources: dict[str, str]) -> None:
    past = leg.past
    sources["paid_30d_usd"] = f"settlements of {leg.market.venue}, for the position as it is, est."
    if past.paid_usd is not None:
        sources["paid_usd"] = f"settlements of {leg.market.venue} since the file, est."
    if past.credit:
        flags.append("funding since the file counted, est.")
    if past.estimated:
        flags.append("last stamp as predicted")
    overdue_ms = past.overdue_ms(now.wall_ms)
    if overdue_ms and past.next_ms is not None:
        flags.append(f"stamp of {day_words(past.next_ms)} not known yet")
