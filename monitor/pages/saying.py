"""The words of pages: sentences with the order that answers them, worked out beside the watch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from alerts.page_words import LONGEST, cause_of, page_sentence
from alerts.scene import Scene, scene
from alerts.values import WARNING, Alert, Annunciate, level_name
from feeds.clean import clean
from hedge.book.take import take_snapshot
from hedge.ticket.remedies import BY_RULE
from monitor.aside import Case
from monitor.journal.outbox import Page
from monitor.orders import work_out
from monitor.pages.channels import Message

WITH_ORDERS = 3
"""Of alerts that come together, so many are told with the order that answers them; the screen has the others'."""


class Told(Struct, frozen=True):
    """An annunciation in words."""

    asked: Annunciate
    text: str
    cause: str = ""
    """Of a flood, and of what may be grouped."""


def tell(case: Case, asked: Sequence[tuple[Annunciate, Alert]]) -> tuple[Told, ...]:
    """Each in a sentence. Takes some milliseconds, and more where orders are worked out."""
    seen = _scene(case, [alert for _, alert in asked])
    return tuple(_told(each, alert, seen) for each, alert in asked)


def bare(asked: Annunciate, alert: Alert) -> Told:
    """Where no sentence could be made: which alert it is, and what stands with it."""
    note = f": {alert.note}" if alert.note else ""
    return Told(asked, clean(f"{level_name(asked.level).capitalize()} {asked.id}{note}. Look at the screen.", LONGEST))


def _told(asked: Annunciate, alert: Alert, seen: Scene) -> Told:
    text = clean(page_sentence(alert, seen, asked.why), LONGEST)
    return Told(asked, text, cause_of(alert, seen) if asked.flood and asked.level < WARNING else "")


def _scene(case: Case, alerts: Sequence[Alert]) -> Scene:
    book = case.frozen.book()
    base = take_snapshot(book, case.now, case.mode)
    gravest = sorted((alert for alert in alerts if alert.level and alert.rule in BY_RULE), key=lambda each: -each.level)
    return replace(
        scene(
            case.now,
            base.positions,
            base.assets,
            base.accounts,
            base.feeds,
            base.totals,
            levels=case.levels,
            policy=case.alarm.policy,
            money=base.money,
        ),
        tickets=work_out(book, gravest[:WITH_ORDERS], case.levels, case.now),
    )


def message(path: str, page: Page, text: str) -> Message:
    """What is handed over. Its reference is the same however often it is sent, and on every channel."""
    asked, _, _ = page.page_id.rpartition(">")
    reference = hashlib.sha256(f"{path}\n{asked}".encode()).hexdigest()[:12]
    level = level_name(page.level)
    return Message(f"hedgetui {level.upper()} · ref {reference}", text, page.level)
