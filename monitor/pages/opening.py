"""The pager that the settings ask for."""

from __future__ import annotations

from collections.abc import Callable

from hedge.market import Clock
from monitor.journal import Journal
from monitor.pages.channels import channels
from monitor.pages.courier import Apprise
from monitor.pages.heartbeat import Heartbeat
from monitor.pages.pager import Pager
from monitor.pages.quiet import quiet_hours
from monitor.redaction import Redactor
from monitor.settings import Settings
from monitor.watch import Watch


def open_pager(
    settings: Settings,
    watch: Watch,
    journal: Journal,
    clock: Clock,
    path: str,
    redact: Redactor,
    watches: Callable[[], bool],
) -> Pager:
    """Pages by the addresses in the settings; without any it only says that there are none any more.

    `watches`: whether the book is truly watched now, for the heartbeat."""
    address = settings.heartbeat_url
    return Pager(
        watch,
        journal,
        clock,
        channels(settings),
        Apprise(redact),
        path=path,
        quiet=None if settings.quiet_hours is None else quiet_hours(settings.quiet_hours),
        heartbeat=None if address is None else Heartbeat(address, watches, clock, redact),
    )
