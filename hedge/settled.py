"""What settled funding says: means over a window, how much of the time it was against the hedger, and what was paid.

Rates have the venue's sign (positive: longs pay shorts), money and annual rates the holder's: positive is received.
Each stamp counts with the hours since the one before it, because venues change their intervals. Amounts are estimates:
they take the position as it stands, at the mark of each stamp. Source: sections 8 and 14 of the domain reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec import Struct

from hedge.exposure import ZERO, ratio, sign
from hedge.funding import funding_payment, funding_payment_usd
from hedge.margin import notional_usd
from hedge.market import HOURS_PER_YEAR, Candles, Settlement, Settlements, Side
from hedge.triggers import MINIMUM_STAMPS, RateStamp, last_hours

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LONGEST_INTERVAL_HOURS = 24
SAME_STAMP_MS = 600_000
"""Two settlements this near are one."""
COVERED = Decimal("0.9")
"""Share of a window that must be covered by stamps before it has a mean."""


class Window(Struct, frozen=True):
    """The stamps of the last so many hours: rates added up, the hours they were for, and those of each sign."""

    rates: Decimal | None = None
    hours: Decimal | None = None
    positive_hours: Decimal | None = None
    negative_hours: Decimal | None = None
    stamps: int = 0
    why: str = ""


class Payment(Struct, frozen=True):
    """What one stamp paid the position: settle currency and USD, with the dollars it was paid on and for how long."""

    at_ms: int
    amount: Decimal
    usd: Decimal
    notional_usd: Decimal
    hours: Decimal
    confirmed: bool = True
    """False: the stamp has passed, and the venue has not yet published what it settled."""


def stamp_hours(settlements: Sequence[Settlement], interval_hours: Decimal) -> tuple[Decimal, ...]:
    """Hours that each stamp was for: since the one before it; the first, and those after a hole, like the next known.

    `interval_hours` is the contract's own, for where nothing else is known.
    """
    found: list[Decimal] = []
    following = interval_hours
    for place in range(len(settlements) - 1, -1, -1):
        gap_ms = settlements[place].at_ms - settlements[place - 1].at_ms if place else 0
        whole = round(gap_ms / HOUR_MS)
        if 0 < whole <= LONGEST_INTERVAL_HOURS and abs(gap_ms - whole * HOUR_MS) <= SAME_STAMP_MS:
            following = Decimal(whole)
        found.append(following)
    return tuple(reversed(found))


def rate_stamps(settlements: Sequence[Settlement], interval_hours: Decimal) -> tuple[RateStamp, ...]:
    """The same stamps as the measures of `hedge.triggers` take them, oldest first."""
    hours = stamp_hours(settlements, interval_hours)
    return tuple(RateStamp(each.rate, span) for each, span in zip(settlements, hours, strict=True))


def window(stamps: Sequence[RateStamp], hours: int) -> Window:
    """The newest stamps that fit into a window; it needs three of them, and nine tenths of its hours."""
    taken = last_hours(stamps, Decimal(hours))
    covered = sum((stamp.interval_hours for stamp in taken), ZERO)
    if covered < COVERED * hours or len(taken) < MINIMUM_STAMPS:
        return Window(stamps=len(taken), why=f"needs {_days(hours)} of settlements, has {_days(int(covered))}")
    return Window(
        rates=sum((stamp.rate for stamp in taken), ZERO),
        hours=covered,
        positive_hours=sum((stamp.interval_hours for stamp in taken if stamp.rate > 0), ZERO),
        negative_hours=sum((stamp.interval_hours for stamp in taken if stamp.rate < 0), ZERO),
        stamps=len(taken),
    )


def _days(hours: int) -> str:
    return f"{hours // 24} d" if hours >= 48 else f"{hours} h"


def hour_weighted_apr(*, side: Side, rates: Decimal | None, hours: Decimal | None) -> Decimal | None:
    """Mean annual rate as the holder feels it: -s x the sum of the rates x 8760 / the hours they were for."""
    return None if rates is None else ratio(-sign(side) * rates * HOURS_PER_YEAR, hours)


def adverse_hours(*, side: Side, positive_hours: Decimal | None, negative_hours: Decimal | None) -> Decimal | None:
    """Hours that went against the holder: negative rates for a short, positive ones for a long."""
    return negative_hours if side == "short" else positive_hours


def mark_at(stamp_ms: int, hourly: Candles | None, daily: Candles | None) -> Decimal | None:
    """The mark at a stamp of which the venue says no mark: the hourly close there, else the nearest daily one."""
    if hourly is not None:
        for candle in reversed(hourly.candles):
            if candle.start_ms + HOUR_MS == stamp_ms:
                return candle.close
            if candle.start_ms + HOUR_MS < stamp_ms:
                break
    if daily is None or not daily.candles:
        return None
    nearest = min(daily.candles, key=lambda candle: abs(candle.start_ms + daily.hours * HOUR_MS - stamp_ms))
    return nearest.close if abs(nearest.start_ms + DAY_MS - stamp_ms) <= 2 * DAY_MS else None


def payment(
    *,
    inverse: bool,
    side: Side,
    contracts: Decimal,
    contract_size: Decimal,
    quote_usd: Decimal,
    stamp: Settlement,
    mark: Decimal | None,
    hours: Decimal,
    confirmed: bool = True,
) -> Payment | None:
    """What one stamp paid a position of this size. None without a mark."""
    amount = funding_payment(
        inverse=inverse, side=side, contracts=contracts, contract_size=contract_size, mark=mark, rate=stamp.rate
    )
    usd = funding_payment_usd(
        inverse=inverse,
        side=side,
        contracts=contracts,
        contract_size=contract_size,
        mark=mark,
        rate=stamp.rate,
        quote_usd=quote_usd,
    )
    size = notional_usd(
        inverse=inverse, contracts=contracts, contract_size=contract_size, price=mark, quote_usd=quote_usd
    )
    if amount is None or usd is None or size is None:
        return None
    return Payment(stamp.at_ms, amount, usd, size, hours, confirmed)


def dollar_hours(payments: Iterable[Payment]) -> Decimal:
    """Notional times hours, over all stamps: what the payments were earned on."""
    return sum((each.notional_usd * each.hours for each in payments), ZERO)


def realised_apr(*, paid_usd: Decimal | None, dollar_hours: Decimal | None) -> Decimal | None:
    """What was paid, a year and over the notional that earned it: paid x 8760 / (notional x hours)."""
    return None if paid_usd is None else ratio(paid_usd * HOURS_PER_YEAR, dollar_hours)


def near(stamp_ms: int, settlements: Iterable[Settlement]) -> bool:
    """Whether one of these is the stamp at this time."""
    return any(abs(each.at_ms - stamp_ms) <= SAME_STAMP_MS for each in settlements)


def still_unconfirmed(passed: Iterable[Settlement], known: Settlements) -> list[Settlement]:
    """Of the stamps that were seen to pass, those that the venue had not published yet when it was asked."""
    return [
        each
        for each in passed
        if not near(each.at_ms, known.settlements[-200:]) and known.at_ms < each.at_ms + SAME_STAMP_MS
    ]
