"""Rows of the journal about alerts, as people and programs read them."""

from __future__ import annotations

from alerts.values import level_name
from hedge.book.leg_words import iso
from monitor.journal.reading import Line
from monitor.messages import AlertLog, LogRow


def alert_log(lines: tuple[Line, ...], now_ms: int) -> AlertLog:
    """Rows of the journal as people and programs read them."""
    return AlertLog(as_of=iso(now_ms), rows=tuple(_row(line) for line in lines))


def _row(line: Line) -> LogRow:
    return LogRow(
        at=iso(line.wall_ms),
        what=line.what,
        id=line.alert.id,
        rule=line.alert.rule,
        subject=line.alert.subject,
        level=level_name(line.level) if line.level else "",
        value=line.alert.value,
        who=line.who,
        host=line.host,
        note=line.note,
        text=line.text,
    )
