"""Quiet hours: when advisories wait until morning. Cautions and warnings know none."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from msgspec import Struct

FORM = "hours like 22:00-07:00, or with a zone: 22:00-07:00 Europe/Berlin"
_PATTERN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)(?: ([A-Za-z0-9_+/-]+))?")


class QuietHours(Struct, frozen=True):
    """From one time of day to another, past midnight where the second is the smaller. Minutes since midnight."""

    begins: int
    ends: int
    zone: str = ""
    """An IANA name; without one the machine's own time counts."""

    def until(self, wall_ms: int) -> int | None:
        """When the quiet hours end that hold at `wall_ms` (UTC ms); None outside of them."""
        moment = datetime.fromtimestamp(wall_ms / 1000, UTC).astimezone(_zone(self.zone))
        minute = moment.hour * 60 + moment.minute
        inside = self.begins <= minute < self.ends
        if self.ends <= self.begins:
            inside = minute >= self.begins or minute < self.ends
        if not inside:
            return None
        day = moment.date() + timedelta(days=1 if self.begins <= minute and self.ends <= self.begins else 0)
        naive = datetime.combine(day, datetime.min.time()) + timedelta(minutes=self.ends)
        zone = _zone(self.zone)
        end = naive.astimezone() if zone is None else naive.replace(tzinfo=zone)
        return round(end.timestamp() * 1000)


def quiet_hours(text: str) -> QuietHours:
    """Raises ValueError for a text that means no hours or names no zone that the machine knows."""
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise ValueError(f"write {FORM}")
    first, second, third, fourth, zone = found.groups(default="")
    begins, ends = int(first) * 60 + int(second), int(third) * 60 + int(fourth)
    if begins == ends:
        raise ValueError(f"they begin when they end; write {FORM}")
    _zone(zone)
    return QuietHours(begins, ends, zone)


def _zone(name: str) -> tzinfo | None:
    """None for the machine's own. Raises ValueError."""
    if not name:
        return None
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError(f"this machine knows no zone {name}; write {FORM}") from error
