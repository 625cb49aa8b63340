"""What a leg's market settled, as the leg felt it: paid since its account was read, over 30 days, and on average.

Worked out when settlements, candles or contract facts change, never on a tick. What was paid since the account's
`as_of` is estimated: it counts into the isolated margin or the wallet, because the file cannot know of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct, field

from hedge.book.ledger import Market
from hedge.exposure import ZERO
from hedge.market import Settlement, Side
from hedge.settled import (
    DAY_MS,
    HOUR_MS,
    Payment,
    Window,
    dollar_hours,
    mark_at,
    payment,
    rate_stamps,
    stamp_hours,
    still_unconfirmed,
    window,
)
from hedge.sums import exact_sum
from hedge.triggers import RateStamp

WINDOWS = (72, 168, 720)
"""Hours over which means are taken: 3, 7 and 30 days."""
PAID_DAYS = 30
OVERDUE_MS = 30 * 60_000
"""How long after a stamp it may still be neither seen to pass nor published."""
TOO_OLD_MS = DAY_MS
"""How long a stamp may be overdue before figures that need it are not known."""

NO_AS_OF = "the file does not say when the position was read; `as_of` of its account does"
NO_MARKS = "the marks at its stamps are not known yet"


class Funded(Struct, frozen=True):
    """A leg's settled funding. Empty where nothing is known, with the reasons by figure."""

    since: tuple[Payment, ...] = ()
    """Stamps after the account's `as_of`, oldest first."""
    month: tuple[Payment, ...] = ()
    """Stamps of the last 30 days, at the present size."""
    windows: dict[int, Window] = field(default_factory=dict)
    paid_usd: Decimal | None = None
    paid_30d_usd: Decimal | None = None
    dollar_hours: Decimal = ZERO
    """Notional times hours of the stamps since `as_of`."""
    estimated: bool = False
    """Whether a stamp is counted that the venue has not published yet."""
    credit: Decimal = ZERO
    """Paid since `as_of`, settle currency: what the file's margin or wallet does not hold yet."""
    counted: bool = False
    """Whether `credit` is complete; False: it is 0 because it is not known."""
    next_ms: int | None = None
    """The stamp after the last that is known."""
    why: dict[str, str] = field(default_factory=dict)

    def overdue_ms(self, now_ms: int) -> int:
        """How long a stamp is missing, 0 where none is."""
        return 0 if self.next_ms is None else max(0, now_ms - self.next_ms - OVERDUE_MS)


class Size(Struct, frozen=True):
    """The position as payments are worked out for it."""

    inverse: bool
    side: Side
    contracts: Decimal
    contract_size: Decimal
    quote_usd: Decimal


UNFUNDED = Funded()


def funded(market: Market, size: Size | None, as_of_ms: int | None, interval_hours: Decimal, facts_why: str) -> Funded:
    """A leg's settled funding as far as it is known. `size` is None while the contract facts are not."""
    known = market.settlements
    if known is None or (known.reason and not known.settlements):
        return _unknown("" if known is None else known.reason)
    stamps = rate_stamps(known.settlements, interval_hours)
    windows = {hours: window(stamps, hours) for hours in WINDOWS}
    why: dict[str, str] = {}
    pending = still_unconfirmed(market.passed, known)
    everything = (*known.settlements, *pending)
    if size is None:
        why["paid_usd"] = why["paid_30d_usd"] = facts_why
        return Funded(windows=windows, next_ms=_next_ms(everything, interval_hours), why=why)
    paid = _payments(market, size, everything, len(pending), interval_hours)
    last_ms = max([known.at_ms, *(each.at_ms for each in pending)])
    month = _after(paid, last_ms - PAID_DAYS * DAY_MS, everything, known.since_ms, why, "paid_30d_usd")
    since = None
    if as_of_ms is None:
        why["paid_usd"] = NO_AS_OF
    else:
        since = _after(paid, as_of_ms, everything, known.since_ms, why, "paid_usd")
    return Funded(
        since=since or (),
        month=month or (),
        windows=windows,
        paid_usd=None if since is None else exact_sum(each.usd for each in since),
        paid_30d_usd=None if month is None else exact_sum(each.usd for each in month),
        dollar_hours=dollar_hours(since or ()),
        estimated=any(not each.confirmed for each in since or ()),
        credit=exact_sum(each.amount for each in since or ()) or ZERO,
        counted=since is not None,
        next_ms=_next_ms(everything, interval_hours),
        why=why,
    )


def last_settled(market: Market, interval_hours: Decimal) -> RateStamp | None:
    """The newest stamp that was settled, and the hours it was for; None where none is known."""
    known = market.settlements
    if known is None or not known.settlements:
        return None
    return rate_stamps(known.settlements[-2:], interval_hours)[-1]


def _unknown(reason: str) -> Funded:
    """Nothing settled is known; the venue's own reason stands where it gave one."""
    why = {"paid_usd": reason, "paid_30d_usd": reason} if reason else {}
    return Funded(windows={hours: Window(why=reason) for hours in WINDOWS} if reason else {}, why=why)


def _payments(
    market: Market, size: Size, stamps: Sequence[Settlement], unconfirmed: int, interval_hours: Decimal
) -> list[Payment | None]:
    """What each stamp paid; None where the mark of then is not known."""
    hourly, daily = market.candles.get(("mark", 1)), market.candles.get(("trade", 24))
    found: list[Payment | None] = []
    for place, (stamp, hours) in enumerate(zip(stamps, stamp_hours(stamps, interval_hours), strict=True)):
        mark = stamp.mark or mark_at(stamp.at_ms, hourly, daily)
        found.append(
            payment(
                inverse=size.inverse,
                side=size.side,
                contracts=size.contracts,
                contract_size=size.contract_size,
                quote_usd=size.quote_usd,
                stamp=stamp,
                mark=mark,
                hours=hours,
                confirmed=place < len(stamps) - unconfirmed,
            )
        )
    return found


def _after(
    paid: Iterable[Payment | None],
    start_ms: int,
    stamps: Sequence[Settlement],
    complete_ms: int,
    why: dict[str, str],
    name: str,
) -> tuple[Payment, ...] | None:
    """The payments after a moment, or None with the reason: settlements do not reach back that far, or marks lack."""
    if complete_ms > start_ms + HOUR_MS:
        why[name] = f"settlements are known since {day_words(complete_ms)}, it needs them since {day_words(start_ms)}"
        return None
    found: list[Payment] = []
    for each, stamp in zip(paid, stamps, strict=True):
        if stamp.at_ms <= start_ms:
            continue
        if each is None:
            why[name] = NO_MARKS
            return None
        found.append(each)
    return tuple(found)


def _next_ms(stamps: Sequence[Settlement], interval_hours: Decimal) -> int | None:
    """When the stamp after the last is to be expected."""
    if not stamps:
        return None
    hours = stamp_hours(stamps[-2:], interval_hours)[-1]
    return stamps[-1].at_ms + int(hours) * HOUR_MS


def day_words(at_ms: int) -> str:
    """A moment as day and minute, UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
