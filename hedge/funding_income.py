"""What a position's funding comes to: a day, a year, and so far in the running interval.

Money is USD, positive when the hedger receives it. A rate has the venue's sign; the holder's is his own.
Source: section 8 of the domain reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hedge.exposure import known_sum, ratio
from hedge.funding import elapsed_fraction, funding_apr, hedger_apr
from hedge.market import Side

HOURS_PER_DAY = 24
DAYS_PER_YEAR = Decimal(365)


def holder_apr(*, side: Side, rate: Decimal | None, interval_hours: Decimal | None) -> Decimal | None:
    """Simple annual rate as the holder feels it, -s r x 8760 / H. None without a rate or an interval."""
    return hedger_apr(side=side, apr=funding_apr(rate=rate, interval_hours=interval_hours))


def funding_day_usd(*, stamp_usd: Decimal | None, interval_hours: Decimal) -> Decimal | None:
    """A day of stamps like the coming one, USD. None where that is not known; `interval_hours` is above zero."""
    return None if stamp_usd is None else stamp_usd * HOURS_PER_DAY / interval_hours


def accrued_usd(
    *, stamp_usd: Decimal | None, interval_hours: Decimal | None, next_funding_in_s: Decimal | None
) -> Decimal | None:
    """The coming stamp times the share of the interval that is over, USD; an estimate, nothing is owed before it."""
    share = elapsed_fraction(interval_hours=interval_hours, next_funding_in_s=next_funding_in_s)
    return None if share is None or stamp_usd is None else stamp_usd * share


def apr_on_notional(*, day_usd: Decimal | None, notional_usd: Decimal | None) -> Decimal | None:
    """A year of such days over the notional that earns or pays them. None where one is not known, or without any."""
    return None if day_usd is None else ratio(day_usd * DAYS_PER_YEAR, notional_usd)


def apr_on_capital(
    *, day_usd: Decimal | None, spot_usd: Decimal | None, money_usd: Iterable[Decimal | None]
) -> Decimal | None:
    """A year of such days over all that is tied up: coins held and money in wallets. None where one is not known."""
    return apr_on_notional(day_usd=day_usd, notional_usd=known_sum((spot_usd, *money_usd)))
