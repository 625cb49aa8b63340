"""What to do about an alert, or about a coin, a leg or an account that has none."""

from __future__ import annotations

from alerts.scene import Scene, scene
from alerts.values import BOOK, LEVEL_NAMES, Alert, level_name
from alerts.words import alert_row, in_order
from hedge.book.book import Book
from hedge.book.leg_words import iso
from hedge.book.take import take_snapshot
from hedge.portfolio.jsontext import printable
from hedge.portfolio.mistakes import nearest
from hedge.ticket.remedies import BY_RULE, remedies
from monitor.aside import Case
from monitor.messages import Advice, Advised, Answer, Refused, TicketList
from monitor.orders import tickets_for

MOST = 50
"""Alerts that are worked out for one question: every ticket takes copies of the book."""


def advise(book: Book, subject: str, case: Case) -> Answer:
    """What to do about a subject, or about every open alert; refused where the book does not have it."""
    wanted = without_level(subject.strip())
    view = _scene(book, case)
    standing = [alert for alert in in_order(case.alarm, view) if alert.level and alert.rule in BY_RULE]
    about = [alert for alert in standing if not wanted or _concerns(book, alert, wanted)]
    try:
        if about or not wanted:
            advice = tuple(_of_alert(book, alert, view, case) for alert in about[:MOST])
        else:
            rule, name = _quiet(book, wanted)
            advice = (Advice(name, rule, tickets=remedies(book, rule, name, case.now)),)
    except KeyError:
        return Refused(f"{printable(wanted)} is nothing in this book to order for. {_instead(book, wanted)}")
    pending = sum(alert.shown == "pending" and alert.rule in BY_RULE for alert in case.alarm.alerts.values())
    return Advised(
        TicketList(as_of=iso(case.now.wall_ms), portfolio=book.portfolio.name, advice=advice, pending=pending)
    )


def without_level(subject: str) -> str:
    """An alert as it is painted, `id@level`, without its level."""
    name, at, level = subject.rpartition("@")
    return name if at and level in LEVEL_NAMES else subject


def _scene(book: Book, case: Case) -> Scene:
    rows = take_snapshot(book, case.now, case.mode)
    return scene(
        case.now,
        rows.positions,
        rows.assets,
        rows.accounts,
        rows.feeds,
        rows.totals,
        levels=case.levels,
        policy=case.alarm.policy,
        money=rows.money,
    )


def _concerns(book: Book, alert: Alert, wanted: str) -> bool:
    """Whether an alert is the one named, or about the leg, coin, account or currency named."""
    names = {alert.id, f"{alert.rule}:{alert.subject}", alert.subject, alert.subject.partition("/")[0]}
    leg = book.layout.legs.get(alert.subject)
    if leg is not None:
        names |= {leg.account.id, book.layout.coin_of[leg.id].name, leg.asset}
    return wanted in names


def _of_alert(book: Book, alert: Alert, view: Scene, case: Case) -> Advice:
    row = alert_row(alert, view)
    tickets = tickets_for(book, alert, case.levels, case.now)
    message = f"{row.title}: {row.fact}{row.fact_rest}"
    return Advice(alert.subject, alert.rule, alert.id, level_name(alert.level), message, tickets)


def _quiet(book: Book, wanted: str) -> tuple[str, str]:
    """Rule and subject of something without an alert. Raises KeyError for what the book does not have."""
    layout = book.layout
    rule, colon, rest = wanted.partition(":")
    if colon and rule in BY_RULE:
        return rule, rest.partition("#")[0]
    if wanted in layout.legs:
        return "liquidation", wanted
    if wanted in layout.coins:
        return "hedge_drift", wanted
    if wanted in layout.accounts:
        return "liquidation_joint", wanted
    if wanted == BOOK:
        return "hedge_drift_total", BOOK
    raise KeyError(wanted)


def _instead(book: Book, wanted: str) -> str:
    """What may be asked about, the nearest of it where one is near."""
    known = [*book.layout.coins, *book.layout.legs, *book.layout.accounts, BOOK]
    near = nearest(wanted, known)
    return f"Did you mean {near}?" if near else f"It has {', '.join(list(book.layout.coins)[:6])} and {BOOK}."
